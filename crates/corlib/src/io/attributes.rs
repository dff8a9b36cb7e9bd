//! `System.IO.FileAttributes` and times of files.

use std::path::Path;

use rustix::fs::{Access, Mode, Stat, access, chmod, lstat, stat};
use rustix::io::Errno;

use super::IoError;
use super::path::path_error;

/// `System.IO.FileAttributes`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileAttributes(pub u32);

impl FileAttributes {
    /// Nobody may write.
    pub const READ_ONLY: FileAttributes = FileAttributes(0x1);
    /// The name begins with a dot.
    pub const HIDDEN: FileAttributes = FileAttributes(0x2);
    /// A directory.
    pub const DIRECTORY: FileAttributes = FileAttributes(0x10);
    /// Nothing else applies.
    pub const NORMAL: FileAttributes = FileAttributes(0x80);
    /// A symbolic link.
    pub const REPARSE_POINT: FileAttributes = FileAttributes(0x400);
    /// Mono's private request to make a file executable.
    pub const MAKE_EXECUTABLE: FileAttributes = FileAttributes(0x8000_0000);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub fn contains(self, other: FileAttributes) -> bool {
        self.0 & other.0 == other.0
    }
}

/// `System.IO.MonoIOStat` (times: 100 ns since 1601, UTC).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileStat {
    /// Attributes.
    pub attributes: FileAttributes,
    /// Bytes, 0 for directories.
    pub length: i64,
    /// The earlier of modification and status change.
    pub creation_time: i64,
    /// Last access.
    pub last_access_time: i64,
    /// Last modification.
    pub last_write_time: i64,
}

const KIND: u32 = 0o170_000;
const SOCKET: u32 = 0o140_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// Attributes of the file a path leads to (of a dangling link: of the link).
///
/// # Errors
/// `FILE_NOT_FOUND`, `PATH_NOT_FOUND`, and what the system reports.
pub fn attributes_of(path: &Path) -> Result<FileAttributes, IoError> {
    let (target, link) = stats(path)?;
    Ok(attributes(path, &target, &link))
}

/// Attributes, length and times of the file a path leads to.
///
/// # Errors
/// As for [`attributes_of`].
pub fn stat_of(path: &Path) -> Result<FileStat, IoError> {
    let (target, link) = stats(path)?;
    let attributes = attributes(path, &target, &link);
    let length = if attributes.contains(FileAttributes::DIRECTORY) {
        0
    } else {
        target.st_size
    };
    let modified = filetime(link.st_mtime, link.st_mtime_nsec);
    let changed = filetime(link.st_ctime, link.st_ctime_nsec);
    Ok(FileStat {
        attributes,
        length,
        creation_time: modified.min(changed),
        last_access_time: filetime(link.st_atime, link.st_atime_nsec),
        last_write_time: modified,
    })
}

/// Sets what Unix knows of the attributes: write permission, and Mono's private
/// execute request.
///
/// # Errors
/// As for [`attributes_of`].
pub fn set_attributes(path: &Path, attributes: FileAttributes) -> Result<(), IoError> {
    let (target, _) = stats(path)?;
    let mode = target.st_mode & 0o7777;
    let new = if attributes.contains(FileAttributes::READ_ONLY) {
        mode & !0o222
    } else {
        mode | 0o200
    };
    // Mono ignores a refused chmod here: attributes are best effort.
    let _ = chmod(path, Mode::from_raw_mode(new));
    if attributes.contains(FileAttributes::MAKE_EXECUTABLE) {
        let _ = chmod(path, Mode::from_raw_mode(mode | ((mode & 0o444) >> 2)));
    }
    Ok(())
}

fn stats(path: &Path) -> Result<(Stat, Stat), IoError> {
    let target = stat(path).or_else(|errno| match errno {
        Errno::NOENT | Errno::LOOP => lstat(path),
        other => Err(other),
    });
    let target = target.map_err(|errno| path_error(errno, path))?;
    let link = lstat(path).map_err(|errno| path_error(errno, path))?;
    Ok((target, link))
}

/// Attributes from the results of `stat` and `lstat`.
pub(super) fn attributes(path: &Path, target: &Stat, link: &Stat) -> FileAttributes {
    let mut mode = target.st_mode;
    if mode & KIND == SOCKET {
        mode &= !SOCKET;
    }
    let mut bits = 0;
    if !writable(path, target) {
        bits |= FileAttributes::READ_ONLY.0;
    }
    if path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().first() == Some(&b'.'))
    {
        bits |= FileAttributes::HIDDEN.0;
    }
    if mode & KIND == DIRECTORY {
        bits |= FileAttributes::DIRECTORY.0;
    } else if bits == 0 {
        bits = FileAttributes::NORMAL.0;
    }
    if link.st_mode & KIND == LINK {
        bits |= FileAttributes::REPARSE_POINT.0;
    }
    FileAttributes(bits)
}

fn writable(path: &Path, stat: &Stat) -> bool {
    stat.st_mode & 0o002 != 0
        || (stat.st_uid == rustix::process::geteuid().as_raw() && stat.st_mode & 0o200 != 0)
        || (stat.st_gid == rustix::process::getegid().as_raw() && stat.st_mode & 0o020 != 0)
        || access(path, Access::WRITE_OK).is_ok()
}

fn filetime(seconds: i64, nanoseconds: impl TryInto<i64>) -> i64 {
    let micros = nanoseconds.try_into().unwrap_or(0) / 1000;
    seconds * 10_000_000 + micros * 10 + crate::time::UNIX_EPOCH_FILETIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_files_and_directories() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, b"abc").unwrap();
        assert_eq!(attributes_of(&file), Ok(FileAttributes::NORMAL));
        let hidden = dir.path().join(".h");
        std::fs::create_dir(&hidden).unwrap();
        assert_eq!(attributes_of(&hidden), Ok(FileAttributes(0x12)));
        let link = dir.path().join("l");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(
            attributes_of(&link)
                .unwrap()
                .contains(FileAttributes::REPARSE_POINT)
        );
        assert_eq!(
            attributes_of(&dir.path().join("x")),
            Err(IoError::FILE_NOT_FOUND)
        );
        assert_eq!(
            attributes_of(&dir.path().join("x/y")),
            Err(IoError::PATH_NOT_FOUND)
        );
        let stat = stat_of(&file).unwrap();
        assert_eq!(stat.length, 3);
        assert!(stat.creation_time <= stat.last_write_time);
    }

    #[test]
    fn read_only_takes_write_permission() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, b"").unwrap();
        set_attributes(&file, FileAttributes::READ_ONLY).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o222,
            0
        );
        set_attributes(&file, FileAttributes::NORMAL).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o200,
            0o200
        );
        set_attributes(&file, FileAttributes::MAKE_EXECUTABLE).unwrap();
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o100,
            0o100
        );
    }
}
