//! `MonoIO.FindFirstFile` and its kin: directory entries that match a pattern.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rustix::fs::{lstat, stat};
use rustix::io::Errno;
use slab::Slab;

use super::attributes::attributes;
use super::path::{directory_error, directory_part};
use super::{FileAttributes, IoError};

/// A matching entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FindEntry {
    /// File name without directory.
    pub name: String,
    /// Its attributes.
    pub attributes: FileAttributes,
}

#[derive(Debug)]
struct Find {
    directory: PathBuf,
    names: std::vec::IntoIter<OsString>,
}

impl Find {
    fn next(&mut self) -> Option<FindEntry> {
        loop {
            let name = self.names.next()?;
            let path = self.directory.join(&name);
            let target = match stat(&path) {
                Err(Errno::NOENT) => lstat(&path),
                other => other,
            };
            // Entries that vanished meanwhile and names that are not UTF-8 are skipped.
            let (Ok(target), Ok(link), Ok(name)) = (target, lstat(&path), name.into_string())
            else {
                continue;
            };
            return Some(FindEntry {
                attributes: attributes(&path, &target, &link),
                name,
            });
        }
    }
}

/// Running enumerations of a runtime.
#[derive(Default, Debug)]
pub struct FindTable {
    finds: Mutex<Slab<Find>>,
}

/// Handles start here, so that no enumeration looks like a file descriptor.
const FIRST_HANDLE: isize = 0x4000_0000;

impl FindTable {
    /// Starts an enumeration of `directory/pattern` and gives its first entry.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND` when nothing matches, `PATH_NOT_FOUND`, `NO_MORE_FILES`.
    pub fn first(&self, pattern: &Path) -> Result<(isize, FindEntry), IoError> {
        let directory = directory_part(pattern);
        let bytes = pattern.as_os_str().as_bytes();
        let mask = &bytes[bytes
            .iter()
            .rposition(|&b| b == b'/')
            .map_or(0, |at| at + 1)..];
        let listing = std::fs::read_dir(&directory).map_err(|error| {
            directory_error(
                error
                    .raw_os_error()
                    .map_or(Errno::IO, Errno::from_raw_os_error),
                &directory,
            )
        })?;
        let mut names: Vec<OsString> = vec![".".into(), "..".into()];
        names.extend(listing.filter_map(|entry| Some(entry.ok()?.file_name())));
        names.retain(|name| matches(mask, name));
        names.sort();
        if names.is_empty() {
            return Err(IoError::FILE_NOT_FOUND);
        }
        let mut find = Find {
            directory,
            names: names.into_iter(),
        };
        let entry = find.next().ok_or(IoError::NO_MORE_FILES)?;
        let index = self.finds.lock().insert(find);
        Ok((FIRST_HANDLE + index as isize, entry))
    }

    /// The next entry.
    ///
    /// # Errors
    /// `NO_MORE_FILES` at the end, `INVALID_HANDLE`.
    pub fn next(&self, handle: isize) -> Result<FindEntry, IoError> {
        let mut finds = self.finds.lock();
        let find = finds
            .get_mut(index(handle)?)
            .ok_or(IoError::INVALID_HANDLE)?;
        find.next().ok_or(IoError::NO_MORE_FILES)
    }

    /// Ends an enumeration.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn close(&self, handle: isize) -> Result<(), IoError> {
        self.finds
            .lock()
            .try_remove(index(handle)?)
            .map(drop)
            .ok_or(IoError::INVALID_HANDLE)
    }
}

fn index(handle: isize) -> Result<usize, IoError> {
    handle
        .checked_sub(FIRST_HANDLE)
        .and_then(|at| usize::try_from(at).ok())
        .ok_or(IoError::INVALID_HANDLE)
}

/// `*` stands for any run of bytes, `?` for one; linear in the name for each star.
fn matches(pattern: &[u8], name: &OsStr) -> bool {
    let name = name.as_bytes();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*", "a.txt", true),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt2", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaybzb", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), OsStr::new(name)),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn enumeration_visits_matching_entries() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.x", "a.x", "c.y"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        let table = FindTable::default();
        let (handle, first) = table.first(&dir.path().join("*.x")).unwrap();
        assert_eq!(first.name, "a.x");
        assert_eq!(table.next(handle).unwrap().name, "b.x");
        assert_eq!(table.next(handle), Err(IoError::NO_MORE_FILES));
        table.close(handle).unwrap();
        assert_eq!(table.close(handle), Err(IoError::INVALID_HANDLE));
        assert_eq!(
            table.first(&dir.path().join("*.z")).unwrap_err(),
            IoError::FILE_NOT_FOUND
        );
        assert_eq!(
            table.first(&dir.path().join("no/*")).unwrap_err(),
            IoError::PATH_NOT_FOUND
        );
    }
}
