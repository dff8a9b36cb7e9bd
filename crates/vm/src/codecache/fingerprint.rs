//! What makes code of one process fit another: the build, the machine, the options.

use std::ffi::c_void;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;

use rustc_hash::FxHasher;

/// A key of cached code; equal keys mean that code can be exchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) [u8; 32]);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Hashes the same bytes to the same value in every process of a build.
pub(super) fn stable_hash(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Fingerprint {
    /// Four words from one value.
    pub(super) fn of(value: impl Hash) -> Fingerprint {
        let mut bytes = [0; 32];
        for (i, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            chunk.copy_from_slice(&stable_hash((i, &value)).to_le_bytes());
        }
        Fingerprint(bytes)
    }
}

/// What identifies the machine code of this build, or nothing when that is not known: then there
/// is no cache.
///
/// The linker's build id, else the executable's file by device, inode, size and time.
pub(super) fn build_id() -> Option<Vec<u8>> {
    let mut search = Search {
        wanted: build_id as *const () as usize,
        found: None,
    };
    // SAFETY: the callback gets the pointer that goes with it, and the call ends before `search` does.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut search).cast()) };
    search.found.or_else(|| {
        let meta = std::fs::metadata("/proc/self/exe").ok()?;
        let parts = [
            meta.dev(),
            meta.ino(),
            meta.size(),
            meta.mtime() as u64,
            meta.mtime_nsec() as u64,
        ];
        Some(parts.iter().flat_map(|p| p.to_le_bytes()).collect())
    })
}

struct Search {
    wanted: usize,
    found: Option<Vec<u8>>,
}

/// `NT_GNU_BUILD_ID`
const BUILD_ID_NOTE: u32 = 3;

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    _size: libc::size_t,
    search: *mut c_void,
) -> libc::c_int {
    // SAFETY: the system gives a valid record; `search` is `build_id`'s.
    let (info, search) = unsafe { (&*info, &mut *search.cast::<Search>()) };
    if info.dlpi_phdr.is_null() {
        return 0;
    }
    // SAFETY: the record says how many headers there are; they stay mapped with the object.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum as usize) };
    let address = |offset: u64| (info.dlpi_addr as usize).wrapping_add(offset as usize);
    let ours = headers.iter().any(|h| {
        let start = address(h.p_vaddr);
        h.p_type == libc::PT_LOAD && (start..start + h.p_memsz as usize).contains(&search.wanted)
    });
    if !ours {
        return 0;
    }
    for header in headers.iter().filter(|h| h.p_type == libc::PT_NOTE) {
        let start = address(header.p_vaddr) as *const u8;
        // SAFETY: notes of a loaded object are mapped, `p_memsz` bytes long.
        let mut notes = unsafe { std::slice::from_raw_parts(start, header.p_memsz as usize) };
        while notes.len() >= 12 {
            let word =
                |i: usize| u32::from_ne_bytes([notes[i], notes[i + 1], notes[i + 2], notes[i + 3]]);
            let (name, text, kind) = (word(0) as usize, word(4) as usize, word(8));
            let at = 12 + name.next_multiple_of(4);
            let Some(id) = notes.get(at..at + text) else {
                break;
            };
            if kind == BUILD_ID_NOTE && notes.get(12..16) == Some(b"GNU\0") {
                search.found = Some(id.to_vec());
                return 1;
            }
            notes = notes.get(at + text.next_multiple_of(4)..).unwrap_or(&[]);
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, build_id};

    #[test]
    fn a_build_is_known() {
        let id = build_id().expect("an executable has a file");
        assert!(id.len() >= 8);
        assert_eq!(Some(id), build_id());
    }

    #[test]
    fn words_differ() {
        let Fingerprint(bytes) = Fingerprint::of("x");
        assert_ne!(bytes[..8], bytes[8..16]);
        assert_ne!(Fingerprint::of("x"), Fingerprint::of("y"));
    }
}
