//! `OpenDir`, `ReadDirR`, `CloseDir`.

use std::ffi::CString;
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::{Dir, FileType, Mode, OFlags, open};
use rustix::io::Errno;
use slab::Slab;

/// Open directory streams of a runtime, by handle (never 0).
#[derive(Default, Debug)]
pub struct DirectoryStreams {
    streams: Mutex<Slab<Dir>>,
}

/// One entry of a directory, `.` and `..` included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StreamEntry {
    /// File name.
    pub name: CString,
    /// `d_type` of readdir(3).
    pub kind: i32,
}

impl DirectoryStreams {
    /// Opens a directory.
    ///
    /// # Errors
    /// `ENOENT`, `ENOTDIR`, `EACCES` …
    pub fn open(&self, path: &Path) -> Result<isize, Errno> {
        let fd = open(
            path,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let index = self.streams.lock().insert(Dir::new(fd)?);
        Ok(index as isize + 1)
    }

    /// The next entry, `None` at the end.
    ///
    /// # Errors
    /// `EBADF` for a handle that is not open, and what the system reports.
    pub fn read(&self, handle: isize) -> Result<Option<StreamEntry>, Errno> {
        let mut streams = self.streams.lock();
        let stream = streams.get_mut(index(handle)?).ok_or(Errno::BADF)?;
        let Some(entry) = stream.read() else {
            return Ok(None);
        };
        let entry = entry?;
        Ok(Some(StreamEntry {
            name: entry.file_name().to_owned(),
            kind: kind_number(entry.file_type()),
        }))
    }

    /// Closes a stream.
    ///
    /// # Errors
    /// `EBADF`.
    pub fn close(&self, handle: isize) -> Result<(), Errno> {
        let index = index(handle)?;
        self.streams
            .lock()
            .try_remove(index)
            .map(drop)
            .ok_or(Errno::BADF)
    }
}

fn index(handle: isize) -> Result<usize, Errno> {
    usize::try_from(handle)
        .ok()
        .and_then(|handle| handle.checked_sub(1))
        .ok_or(Errno::BADF)
}

fn kind_number(kind: FileType) -> i32 {
    i32::from(match kind {
        FileType::Fifo => libc::DT_FIFO,
        FileType::CharacterDevice => libc::DT_CHR,
        FileType::Directory => libc::DT_DIR,
        FileType::BlockDevice => libc::DT_BLK,
        FileType::RegularFile => libc::DT_REG,
        FileType::Symlink => libc::DT_LNK,
        FileType::Socket => libc::DT_SOCK,
        FileType::Unknown => libc::DT_UNKNOWN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_list_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("f"), b"").unwrap();
        let streams = DirectoryStreams::default();
        let handle = streams.open(dir.path()).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = streams.read(handle).unwrap() {
            entries.push((entry.name.into_string().unwrap(), entry.kind));
        }
        entries.sort();
        assert_eq!(
            entries,
            [
                (".".to_owned(), 4),
                ("..".to_owned(), 4),
                ("f".to_owned(), i32::from(libc::DT_REG))
            ]
        );
        streams.close(handle).unwrap();
        assert_eq!(streams.read(handle), Err(Errno::BADF));
        assert_eq!(streams.close(0), Err(Errno::BADF));
        assert_eq!(streams.open(&dir.path().join("f")), Err(Errno::NOTDIR));
    }
}
