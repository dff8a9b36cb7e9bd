//! Win32 error codes that `System.IO.MonoIOError` names, and their Unix origins.

use rustix::io::Errno;

/// A Win32 error code. `MonoIO.GetException` turns it into a managed exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Win32 error {0}")]
pub struct IoError(pub i32);

impl IoError {
    /// No error.
    pub const SUCCESS: IoError = IoError(0);
    /// The file does not exist.
    pub const FILE_NOT_FOUND: IoError = IoError(2);
    /// The directory does not exist.
    pub const PATH_NOT_FOUND: IoError = IoError(3);
    /// No descriptors left.
    pub const TOO_MANY_OPEN_FILES: IoError = IoError(4);
    /// Permission or access mode forbids it.
    pub const ACCESS_DENIED: IoError = IoError(5);
    /// Not an open handle of the right kind.
    pub const INVALID_HANDLE: IoError = IoError(6);
    /// Not an executable (Win32 `ERROR_BAD_FORMAT`).
    pub const BAD_FORMAT: IoError = IoError(11);
    /// Source and destination are on different file systems.
    pub const NOT_SAME_DEVICE: IoError = IoError(17);
    /// An enumeration has ended.
    pub const NO_MORE_FILES: IoError = IoError(18);
    /// The offset cannot be reached (Win32 `ERROR_SEEK`).
    pub const SEEK: IoError = IoError(25);
    /// The reader of a pipe is gone.
    pub const WRITE_FAULT: IoError = IoError(29);
    /// Another handle's sharing mode forbids it.
    pub const SHARING_VIOLATION: IoError = IoError(32);
    /// A region is locked by somebody else.
    pub const LOCK_VIOLATION: IoError = IoError(33);
    /// No space left.
    pub const HANDLE_DISK_FULL: IoError = IoError(39);
    /// The system cannot do this.
    pub const NOT_SUPPORTED: IoError = IoError(50);
    /// The device is not there.
    pub const DEV_NOT_EXIST: IoError = IoError(55);
    /// The file exists already.
    pub const FILE_EXISTS: IoError = IoError(80);
    /// The path names a directory.
    pub const CANNOT_MAKE: IoError = IoError(82);
    /// An argument is out of range.
    pub const INVALID_PARAMETER: IoError = IoError(87);
    /// The caller's buffer is too small.
    pub const INSUFFICIENT_BUFFER: IoError = IoError(122);
    /// The name cannot be a path.
    pub const INVALID_NAME: IoError = IoError(123);
    /// The directory has entries.
    pub const DIR_NOT_EMPTY: IoError = IoError(145);
    /// The destination exists.
    pub const ALREADY_EXISTS: IoError = IoError(183);
    /// The name is too long.
    pub const FILENAME_EXCED_RANGE: IoError = IoError(206);
    /// The operation goes on in the background.
    pub const IO_PENDING: IoError = IoError(997);
    /// Too many symbolic links (Win32 `ERROR_CANT_RESOLVE_FILENAME`).
    pub const CANT_RESOLVE_FILENAME: IoError = IoError(1921);
    /// Encrypted files do not exist here.
    pub const ENCRYPTION_FAILED: IoError = IoError(6000);

    /// The code Mono reports for a Unix error.
    #[must_use]
    pub fn from_errno(errno: Errno) -> IoError {
        match errno {
            Errno::ACCESS | Errno::PERM | Errno::ROFS => IoError::ACCESS_DENIED,
            Errno::AGAIN => IoError::SHARING_VIOLATION,
            Errno::BUSY => IoError::LOCK_VIOLATION,
            Errno::EXIST => IoError::FILE_EXISTS,
            Errno::INVAL | Errno::SPIPE => IoError::SEEK,
            Errno::ISDIR => IoError::CANNOT_MAKE,
            Errno::NFILE | Errno::MFILE => IoError::TOO_MANY_OPEN_FILES,
            Errno::NOENT | Errno::NOTDIR => IoError::FILE_NOT_FOUND,
            Errno::NOSPC => IoError::HANDLE_DISK_FULL,
            Errno::NOTEMPTY => IoError::DIR_NOT_EMPTY,
            Errno::NOEXEC => IoError::BAD_FORMAT,
            Errno::NAMETOOLONG => IoError::FILENAME_EXCED_RANGE,
            Errno::INPROGRESS | Errno::INTR => IoError::IO_PENDING,
            Errno::BADF | Errno::IO => IoError::INVALID_HANDLE,
            Errno::PIPE => IoError::WRITE_FAULT,
            Errno::LOOP => IoError::CANT_RESOLVE_FILENAME,
            Errno::NODEV | Errno::NXIO | Errno::NOTCONN | Errno::HOSTDOWN => IoError::DEV_NOT_EXIST,
            _ => IoError::NOT_SUPPORTED,
        }
    }
}

impl From<Errno> for IoError {
    fn from(errno: Errno) -> Self {
        IoError::from_errno(errno)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_errors_have_the_codes_of_mono() {
        assert_eq!(IoError::from_errno(Errno::NOENT), IoError(2));
        assert_eq!(IoError::from_errno(Errno::EXIST), IoError(80));
        assert_eq!(IoError::from_errno(Errno::PIPE), IoError(29));
        assert_eq!(IoError::from_errno(Errno::PROTO), IoError::NOT_SUPPORTED);
    }
}
