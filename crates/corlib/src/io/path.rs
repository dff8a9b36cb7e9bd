//! Paths cross from UTF-16 to the file system's bytes (UTF-8).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::IoError;

/// Converts a managed path. It ends at the first NUL, as a C string does.
///
/// # Errors
/// `INVALID_NAME` when the text is not well-formed UTF-16.
pub fn path_from_utf16(units: &[u16]) -> Result<PathBuf, IoError> {
    let end = units
        .iter()
        .position(|&unit| unit == 0)
        .unwrap_or(units.len());
    let text = String::from_utf16(&units[..end]).map_err(|_| IoError::INVALID_NAME)?;
    Ok(PathBuf::from(OsString::from(text)))
}

/// Directory part as Mono computes it: `.` when there is none.
pub(super) fn directory_part(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_encoded_bytes();
    match bytes.iter().rposition(|&b| b == b'/') {
        None => PathBuf::from("."),
        Some(0) => PathBuf::from("/"),
        Some(_) => path
            .parent()
            .map_or_else(|| PathBuf::from("/"), Path::to_path_buf),
    }
}

/// Distinguishes a missing file from a missing directory.
pub(super) fn path_error(errno: Errno, path: &Path) -> IoError {
    directory_error(errno, &directory_part(path))
}

/// Like [`path_error`] with the directory at hand.
pub(super) fn directory_error(errno: Errno, directory: &Path) -> IoError {
    if errno != Errno::NOENT {
        return IoError::from_errno(errno);
    }
    match access(directory, Access::EXISTS) {
        Ok(()) => IoError::FILE_NOT_FOUND,
        Err(_) => IoError::PATH_NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_ends_a_path() {
        let units: Vec<u16> = "/tmp/a\0b".encode_utf16().collect();
        assert_eq!(path_from_utf16(&units), Ok(PathBuf::from("/tmp/a")));
    }

    #[test]
    fn lone_surrogates_are_no_name() {
        assert_eq!(path_from_utf16(&[0xd800]), Err(IoError::INVALID_NAME));
    }

    #[test]
    fn missing_directory_differs_from_missing_file() {
        assert_eq!(
            path_error(Errno::NOENT, Path::new("/no-such-directory/x")),
            IoError::PATH_NOT_FOUND
        );
        assert_eq!(
            path_error(Errno::NOENT, Path::new("/no-such-file")),
            IoError::FILE_NOT_FOUND
        );
        assert_eq!(
            path_error(Errno::NOENT, Path::new("no-such-file")),
            IoError::FILE_NOT_FOUND
        );
    }
}
