//! Operations on names: create, remove, move, copy, current directory.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, lstat, mkdir, rename, rmdir, stat, unlink};
use rustix::io::Errno;

use super::path::path_error;
use super::{FileTable, IoError};

/// Creates a directory with all permissions that the process' mask allows.
///
/// # Errors
/// `FILE_EXISTS`, `PATH_NOT_FOUND` …
pub fn create_directory(path: &Path) -> Result<(), IoError> {
    mkdir(path, Mode::from_raw_mode(0o777)).map_err(|errno| path_error(errno, path))
}

/// Removes an empty directory.
///
/// # Errors
/// `DIR_NOT_EMPTY`, `FILE_NOT_FOUND` …
pub fn remove_directory(path: &Path) -> Result<(), IoError> {
    rmdir(path).map_err(|errno| path_error(errno, path))
}

/// Removes a name.
///
/// # Errors
/// `FILE_NOT_FOUND`, `ACCESS_DENIED` …
pub fn delete_file(path: &Path) -> Result<(), IoError> {
    unlink(path).map_err(|errno| path_error(errno, path))
}

/// Renames a file or directory; files also between file systems.
///
/// # Errors
/// `ALREADY_EXISTS`, `SHARING_VIOLATION`, `NOT_SAME_DEVICE` (directories) …
pub fn move_file(files: &FileTable, from: &Path, to: &Path) -> Result<(), IoError> {
    let source = stat(from)
        .or_else(|errno| {
            if errno == Errno::NOENT {
                lstat(from)
            } else {
                Err(errno)
            }
        })
        .map_err(|errno| path_error(errno, from))?;
    if let Ok(target) = stat(to)
        && (target.st_dev, target.st_ino) != (source.st_dev, source.st_ino)
    {
        return Err(IoError::ALREADY_EXISTS);
    }
    if !files.allows_delete(source.st_dev, source.st_ino) {
        return Err(IoError::SHARING_VIOLATION);
    }
    match rename(from, to) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(IoError::ALREADY_EXISTS),
        Err(Errno::XDEV) if rustix::fs::FileType::from_raw_mode(source.st_mode).is_dir() => {
            Err(IoError::NOT_SAME_DEVICE)
        }
        Err(Errno::XDEV) => copy_file(from, to, false).and_then(|()| delete_file(from)),
        Err(Errno::NOENT) => Err(path_error(Errno::NOENT, to)),
        Err(errno) => Err(IoError::from_errno(errno)),
    }
}

/// Copies a file's data, permissions and times.
///
/// # Errors
/// `ALREADY_EXISTS` without `overwrite`, `SHARING_VIOLATION` onto itself …
pub fn copy_file(from: &Path, to: &Path, overwrite: bool) -> Result<(), IoError> {
    let source = stat(from).map_err(|errno| path_error(errno, from))?;
    if let Ok(target) = stat(to) {
        if (target.st_dev, target.st_ino) == (source.st_dev, source.st_ino) {
            return Err(IoError::SHARING_VIOLATION);
        }
        if !overwrite {
            return Err(IoError::ALREADY_EXISTS);
        }
    }
    let io = |error: std::io::Error, path: &Path| match error.raw_os_error() {
        Some(code) => path_error(Errno::from_raw_os_error(code), path),
        None => IoError::NOT_SUPPORTED,
    };
    let mut reader = std::fs::File::open(from).map_err(|error| io(error, from))?;
    let mut writer = std::fs::File::create(to).map_err(|error| io(error, to))?;
    std::io::copy(&mut reader, &mut writer).map_err(|error| io(error, to))?;
    rustix::fs::fchmod(&writer, Mode::from_raw_mode(source.st_mode & 0o7777))?;
    let times = rustix::fs::Timestamps {
        last_access: timespec(source.st_atime, source.st_atime_nsec),
        last_modification: timespec(source.st_mtime, source.st_mtime_nsec),
    };
    Ok(rustix::fs::futimens(&writer, &times)?)
}

fn timespec(seconds: i64, nanoseconds: impl TryInto<i64>) -> rustix::fs::Timespec {
    rustix::fs::Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds.try_into().unwrap_or(0),
    }
}

/// Replaces `destination` by `source`; the old file goes to `backup` if named.
///
/// # Errors
/// `FILE_NOT_FOUND` and what renaming reports.
pub fn replace_file(
    source: &Path,
    destination: &Path,
    backup: Option<&Path>,
) -> Result<(), IoError> {
    if let Some(backup) = backup {
        rename(destination, backup).map_err(|errno| path_error(errno, destination))?;
    } else {
        stat(destination).map_err(|errno| path_error(errno, destination))?;
    }
    match rename(source, destination) {
        Ok(()) => Ok(()),
        Err(errno) => {
            if let Some(backup) = backup {
                // Undo; the first error is the one to report.
                let _ = rename(backup, destination);
            }
            Err(path_error(errno, source))
        }
    }
}

/// The process' current directory.
///
/// # Errors
/// What the system reports, for example `FILE_NOT_FOUND` when it was removed.
pub fn current_directory() -> Result<PathBuf, IoError> {
    let path = rustix::process::getcwd(Vec::new())?;
    Ok(PathBuf::from(OsStr::from_bytes(path.as_bytes())))
}

/// Changes the process' current directory.
///
/// # Errors
/// `FILE_NOT_FOUND`, `ACCESS_DENIED` …
pub fn set_current_directory(path: &Path) -> Result<(), IoError> {
    Ok(rustix::process::chdir(path)?)
}

/// Directory for temporary files: `TMPDIR`, `TMP`, `TEMP` or `/tmp`, as it stands there.
#[must_use]
pub fn temp_path(variable: impl Fn(&str) -> Option<String>) -> String {
    ["TMPDIR", "TMP", "TEMP"]
        .into_iter()
        .find_map(variable)
        .unwrap_or_else(|| "/tmp".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_have_a_folder() {
        assert_eq!(temp_path(|_| None), "/tmp");
        assert_eq!(
            temp_path(|name| (name == "TMP").then(|| "/a/b/".to_owned())),
            "/a/b/"
        );
    }

    #[test]
    fn create_move_copy_remove() {
        let dir = tempfile::tempdir().unwrap();
        let files = FileTable::new();
        let sub = dir.path().join("sub");
        create_directory(&sub).unwrap();
        assert_eq!(create_directory(&sub), Err(IoError::FILE_EXISTS));
        assert_eq!(
            create_directory(&dir.path().join("a/b")),
            Err(IoError::PATH_NOT_FOUND)
        );
        let a = sub.join("a");
        let b = sub.join("b");
        std::fs::write(&a, b"data").unwrap();
        copy_file(&a, &b, false).unwrap();
        assert_eq!(copy_file(&a, &b, false), Err(IoError::ALREADY_EXISTS));
        assert_eq!(copy_file(&a, &a, true), Err(IoError::SHARING_VIOLATION));
        assert_eq!(move_file(&files, &a, &b), Err(IoError::ALREADY_EXISTS));
        assert_eq!(remove_directory(&sub), Err(IoError::DIR_NOT_EMPTY));
        delete_file(&b).unwrap();
        move_file(&files, &a, &b).unwrap();
        std::fs::write(&a, b"new").unwrap();
        let backup = sub.join("backup");
        replace_file(&a, &b, Some(&backup)).unwrap();
        assert_eq!(std::fs::read(&b).unwrap(), b"new");
        assert_eq!(std::fs::read(&backup).unwrap(), b"data");
        assert_eq!(delete_file(&a), Err(IoError::FILE_NOT_FOUND));
    }
}
