//! One file of the cache: a header, an index sorted by hash, records.
//!
//! ```text
//! magic 8 | key 32 | records u32 | crc of the index u32 | file length u64 | index | records
//! index entry: hash u64 | offset u32 | length u32 | crc u32 | 0 u32
//! ```
//!
//! Numbers are little endian. A start maps the index and reads the records that it uses: these are
//! few and lie anywhere, so that mapping them would make most of a large file resident. Nothing in a
//! file is trusted: whatever does not fit makes the file or the record count as absent.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;

use memmap2::{Mmap, MmapOptions};

use super::Fingerprint;

const MAGIC: [u8; 8] = *b"FerroIL1";
const HEADER: usize = 56;
const ENTRY: usize = 24;
/// Most bytes of one file. Newer records displace older ones.
pub(super) const MAX_FILE: usize = 64 << 20;

/// A cache file whose index was found whole.
#[derive(Debug)]
pub(super) struct CacheFile {
    file: File,
    /// Header and index.
    map: Mmap,
    count: usize,
    len: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

impl CacheFile {
    /// Opens a file; `None` when it is not a cache file with this key, or is damaged.
    pub(super) fn open(file: File, key: &Fingerprint) -> Option<CacheFile> {
        let len = usize::try_from(file.metadata().ok()?.len()).ok()?;
        if !(HEADER..=2 * MAX_FILE).contains(&len) {
            return None;
        }
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        if header[..8] != MAGIC || header[8..40] != key.0 || u64_at(&header, 48)? != len as u64 {
            return None;
        }
        let count = u32_at(&header, 40)? as usize;
        let end = count.checked_mul(ENTRY)?.checked_add(HEADER)?;
        if end > len {
            return None;
        }
        // SAFETY: cache files are replaced, never written in place, and belong to the user alone or to
        // root (`folder`). One who truncates it while it is mapped can make us fault, as with images.
        let map = unsafe { MmapOptions::new().len(end).map(&file) }.ok()?;
        if crc32fast::hash(map.get(HEADER..end)?) != u32_at(&header, 44)? {
            return None;
        }
        Some(CacheFile {
            file,
            map,
            count,
            len,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    fn hash(&self, index: usize) -> Option<u64> {
        u64_at(&self.map, HEADER + index * ENTRY)
    }

    fn record(&self, index: usize) -> Option<Vec<u8>> {
        let at = HEADER + index * ENTRY;
        let offset = u32_at(&self.map, at + 8)? as usize;
        let len = u32_at(&self.map, at + 12)? as usize;
        if offset.checked_add(len)? > self.len {
            return None;
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset as u64).ok()?;
        (crc32fast::hash(&bytes) == u32_at(&self.map, at + 16)?).then_some(bytes)
    }

    /// Records under a hash, best first.
    pub(super) fn find(&self, hash: u64) -> impl Iterator<Item = Vec<u8>> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.hash(middle).is_some_and(|h| h < hash) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (low..self.count)
            .take_while(move |&i| self.hash(i) == Some(hash))
            .filter_map(|i| self.record(i))
    }

    /// Every whole record with its hash.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        (0..self.count).filter_map(|i| Some((self.hash(i)?, self.record(i)?)))
    }
}

/// Writes a file with these records, which are sorted by hash, best first.
pub(super) fn write(
    file: &mut File,
    key: &Fingerprint,
    records: &[(u64, &[u8])],
) -> std::io::Result<()> {
    let mut index = Vec::with_capacity(records.len() * ENTRY);
    let mut offset = HEADER + records.len() * ENTRY;
    for (hash, bytes) in records {
        index.extend_from_slice(&hash.to_le_bytes());
        index.extend_from_slice(&(offset as u32).to_le_bytes());
        index.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        index.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        index.extend_from_slice(&[0; 4]);
        offset += bytes.len();
    }
    let mut out = Vec::with_capacity(offset);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&key.0);
    out.extend_from_slice(&(records.len() as u32).to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
    out.extend_from_slice(&(offset as u64).to_le_bytes());
    out.extend_from_slice(&index);
    for (_, bytes) in records {
        out.extend_from_slice(bytes);
    }
    file.write_all(&out)
}

#[cfg(test)]
mod tests {
    use super::{CacheFile, Fingerprint, write};
    use std::fs::File;
    use std::io::{Read, Seek, Write};

    fn temporary(name: &str) -> File {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let file = File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&path)
            .expect("the temporary folder is writable");
        std::fs::remove_file(path).expect("just made");
        file
    }

    fn copy(file: &File) -> File {
        file.try_clone().expect("descriptors are left")
    }

    #[test]
    fn records_are_found_again() {
        let key = Fingerprint::of("key");
        let records: Vec<(u64, Vec<u8>)> = (0..100u64)
            .flat_map(|i| [(i * 3, vec![i as u8; i as usize]), (i * 3, vec![1])])
            .collect();
        let slices: Vec<(u64, &[u8])> = records.iter().map(|(h, b)| (*h, &**b)).collect();
        let mut file = temporary("ferrocil-records");
        write(&mut file, &key, &slices).expect("written");
        assert!(CacheFile::open(copy(&file), &Fingerprint::of("other")).is_none());
        let found = CacheFile::open(file, &key).expect("whole");
        for i in 0..100u64 {
            let all: Vec<Vec<u8>> = found.find(i * 3).collect();
            assert_eq!(all, [&vec![i as u8; i as usize][..], &[1]]);
            assert_eq!(found.find(i * 3 + 1).count(), 0);
        }
        assert_eq!(found.records().count(), 200);
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let key = Fingerprint::of("key");
        let records: [(u64, &[u8]); 3] = [(1, b"one"), (2, b"two"), (7, b"seven")];
        let mut file = temporary("ferrocil-damage");
        write(&mut file, &key, &records).expect("written");
        let mut whole = Vec::new();
        file.rewind().expect("a file");
        file.read_to_end(&mut whole).expect("readable");
        for i in 0..whole.len() {
            let mut damaged = temporary("ferrocil-damage");
            let mut bytes = whole.clone();
            bytes[i] ^= 0x10;
            damaged.write_all(&bytes).expect("written");
            damaged.rewind().expect("a file");
            let seen: Vec<(u64, Vec<u8>)> = match CacheFile::open(damaged, &key) {
                Some(found) => found.records().collect(),
                None => continue,
            };
            assert!(seen.len() < records.len(), "byte {i}");
            for (hash, bytes) in seen {
                assert!(records.contains(&(hash, &bytes[..])), "byte {i}");
            }
        }
        for len in 0..whole.len() {
            let mut short = temporary("ferrocil-damage");
            short.write_all(&whole[..len]).expect("written");
            assert!(CacheFile::open(short, &key).is_none());
        }
    }
}
