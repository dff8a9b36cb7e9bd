//! The open files of a runtime.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use rustix::fs::{Mode, OFlags, fstat, fsync, ftruncate, open, seek};
use rustix::io::{Errno, read, retry_on_intr, write};

use super::path::path_error;
use super::share::{FileId, ShareTable};
use super::{Access, IoError, Share};

/// What a handle names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A regular file, directory or block device.
    Disk,
    /// A terminal or other character device.
    Console,
    /// A pipe.
    Pipe,
}

/// `System.IO.SeekOrigin`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeekOrigin {
    /// From the start.
    Begin,
    /// From the current position.
    Current,
    /// From the end.
    End,
}

/// Arguments of [`FileTable::open`], with the values of the managed enums.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// `FileMode`: CreateNew 1, Create 2, Open 3, OpenOrCreate 4, Truncate 5, Append 6.
    pub mode: i32,
    /// `FileAccess`.
    pub access: Access,
    /// `FileShare`.
    pub share: Share,
    /// `FileOptions`.
    pub options: i32,
}

const OPTION_ENCRYPTED: i32 = 0x4000;
const OPTION_DELETE_ON_CLOSE: i32 = 0x0400_0000;
const OPTION_SEQUENTIAL: i32 = 0x0800_0000;
const OPTION_RANDOM: i32 = 0x1000_0000;
const OPTION_TEMPORARY: i32 = 1;

/// A descriptor that is closed with its file, or one of the process (0, 1, 2).
#[derive(Debug)]
enum Descriptor {
    Owned(OwnedFd),
    Standard(BorrowedFd<'static>),
}

#[derive(Debug)]
struct OpenFile {
    descriptor: Descriptor,
    kind: FileKind,
    access: Access,
    path: Option<PathBuf>,
    delete_on_close: bool,
    shared: Option<(FileId, Arc<ShareTable>)>,
}

impl OpenFile {
    fn fd(&self) -> BorrowedFd<'_> {
        match &self.descriptor {
            Descriptor::Owned(fd) => fd.as_fd(),
            Descriptor::Standard(fd) => *fd,
        }
    }

    fn readable(&self) -> Result<(), IoError> {
        if self.access.reads() {
            Ok(())
        } else {
            Err(IoError::ACCESS_DENIED)
        }
    }

    fn writable(&self) -> Result<(), IoError> {
        if self.access.writes() {
            Ok(())
        } else {
            Err(IoError::ACCESS_DENIED)
        }
    }

    fn accessible(&self) -> Result<(), IoError> {
        if self.access.0 & 3 != 0 {
            Ok(())
        } else {
            Err(IoError::ACCESS_DENIED)
        }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        if self.delete_on_close
            && let Some(path) = &self.path
        {
            // The file may be gone already; nobody can be told.
            let _ = rustix::fs::unlink(path);
        }
        if let Some((id, shares)) = &self.shared {
            shares.release(*id);
        }
    }
}

/// Open files by handle (the descriptor's number).
#[derive(Default, Debug)]
pub struct FileTable {
    files: Mutex<FxHashMap<RawFd, Arc<OpenFile>>>,
    shares: Arc<ShareTable>,
}

impl FileTable {
    /// A table without open files.
    #[must_use]
    pub fn new() -> FileTable {
        FileTable::default()
    }

    /// Opens or creates a file and returns its handle.
    ///
    /// # Errors
    /// The Win32 code that Mono reports for the same failure.
    pub fn open(&self, path: &Path, options: OpenOptions) -> Result<isize, IoError> {
        if options.options & OPTION_ENCRYPTED != 0 {
            return Err(IoError::ENCRYPTION_FAILED);
        }
        let mut flags = OFlags::CLOEXEC;
        flags |= match options.access.0 & 3 {
            2 => OFlags::WRONLY,
            3 => OFlags::RDWR,
            _ => OFlags::RDONLY,
        };
        flags |= match options.mode {
            1 => OFlags::CREATE | OFlags::EXCL,
            2 => OFlags::CREATE | OFlags::TRUNC,
            4 | 6 => OFlags::CREATE,
            5 => OFlags::TRUNC,
            _ => OFlags::empty(),
        };
        let mode = Mode::from_raw_mode(if options.options & OPTION_TEMPORARY != 0 {
            0o600
        } else {
            0o666
        });
        let fd = retry_on_intr(|| open(path, flags, mode))
            .or_else(|errno| {
                // Directories cannot be opened for writing, but handles to them can have their times set.
                if errno == Errno::ISDIR {
                    retry_on_intr(|| open(path, flags - (OFlags::RDWR | OFlags::WRONLY), mode))
                } else {
                    Err(errno)
                }
            })
            .map_err(|errno| path_error(errno, path))?;
        let stat = fstat(&fd)?;
        let kind = kind_of(stat.st_mode);
        let id = FileId {
            device: stat.st_dev,
            inode: stat.st_ino,
        };
        if !self.shares.acquire(id, options.share, options.access) {
            return Err(IoError::SHARING_VIOLATION);
        }
        for (option, advice) in [
            (OPTION_SEQUENTIAL, rustix::fs::Advice::Sequential),
            (OPTION_RANDOM, rustix::fs::Advice::Random),
        ] {
            if options.options & option != 0 {
                // Advice only: a file system may refuse it.
                let _ = rustix::fs::fadvise(&fd, 0, None, advice);
            }
        }
        Ok(self.insert(OpenFile {
            descriptor: Descriptor::Owned(fd),
            kind,
            access: options.access,
            path: (kind != FileKind::Pipe).then(|| path.to_path_buf()),
            delete_on_close: options.options & OPTION_DELETE_ON_CLOSE != 0
                && kind == FileKind::Disk,
            shared: Some((id, Arc::clone(&self.shares))),
        }))
    }

    /// Adds a descriptor made elsewhere (pipe, socket, file of native code).
    pub fn adopt(&self, fd: OwnedFd, access: Access) -> isize {
        let kind = fstat(&fd).map_or(FileKind::Disk, |stat| kind_of(stat.st_mode));
        self.insert(OpenFile {
            descriptor: Descriptor::Owned(fd),
            kind,
            access,
            path: None,
            delete_on_close: false,
            shared: None,
        })
    }

    /// Handle of standard input (0), output (1) or error (2).
    ///
    /// # Errors
    /// `INVALID_HANDLE` when the process has no such descriptor.
    pub fn standard(&self, fd: StandardStream) -> Result<isize, IoError> {
        let number = fd as RawFd;
        let mut files = self.files.lock();
        if files.contains_key(&number) {
            return Ok(number as isize);
        }
        let borrowed = match fd {
            StandardStream::Input => rustix::stdio::stdin(),
            StandardStream::Output => rustix::stdio::stdout(),
            StandardStream::Error => rustix::stdio::stderr(),
        };
        let flags = rustix::fs::fcntl_getfl(borrowed)?;
        let mut access = if flags.contains(OFlags::RDWR) {
            Access::READ_WRITE
        } else if flags.contains(OFlags::WRONLY) {
            Access::WRITE
        } else {
            Access::READ
        };
        if fd == StandardStream::Input {
            access.0 &= !Access::WRITE.0;
        }
        files.insert(
            number,
            Arc::new(OpenFile {
                descriptor: Descriptor::Standard(borrowed),
                kind: FileKind::Console,
                access,
                path: None,
                delete_on_close: false,
                shared: None,
            }),
        );
        Ok(number as isize)
    }

    /// Makes a pipe: (reading handle, writing handle).
    ///
    /// # Errors
    /// `TOO_MANY_OPEN_FILES` and the like.
    pub fn pipe(&self) -> Result<(isize, isize), IoError> {
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        Ok((
            self.adopt(reader, Access::READ),
            self.adopt(writer, Access::WRITE),
        ))
    }

    /// Closes a handle; the descriptor goes when the last running operation on it ends.
    ///
    /// # Errors
    /// `INVALID_HANDLE` when it is not open.
    pub fn close(&self, handle: isize) -> Result<(), IoError> {
        let removed = self.files.lock().remove(&raw(handle)?);
        removed.map(drop).ok_or(IoError::INVALID_HANDLE)
    }

    /// What a handle names.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn kind(&self, handle: isize) -> Result<FileKind, IoError> {
        Ok(self.get(handle)?.kind)
    }

    /// Duplicate of a handle's descriptor, for a child process or another owner.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `TOO_MANY_OPEN_FILES`.
    pub fn duplicate_descriptor(&self, handle: isize) -> Result<OwnedFd, IoError> {
        Ok(rustix::io::fcntl_dupfd_cloexec(self.get(handle)?.fd(), 3)?)
    }

    /// Second handle of the same open file.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `TOO_MANY_OPEN_FILES`.
    pub fn duplicate(&self, handle: isize) -> Result<isize, IoError> {
        let access = self.get(handle)?.access;
        Ok(self.adopt(self.duplicate_descriptor(handle)?, access))
    }

    /// Reads into a buffer; 0 at the end.
    ///
    /// # Errors
    /// `ACCESS_DENIED` for write-only handles, and what the system reports.
    pub fn read(&self, handle: isize, buffer: &mut [u8]) -> Result<usize, IoError> {
        let file = self.get(handle)?;
        file.readable()?;
        Ok(retry_on_intr(|| read(file.fd(), &mut *buffer))?)
    }

    /// Writes part or all of a buffer.
    ///
    /// # Errors
    /// `ACCESS_DENIED` for read-only handles, and what the system reports.
    pub fn write(&self, handle: isize, buffer: &[u8]) -> Result<usize, IoError> {
        let file = self.get(handle)?;
        file.writable()?;
        Ok(retry_on_intr(|| write(file.fd(), buffer))?)
    }

    /// Moves the position and returns it, in bytes from the start.
    ///
    /// # Errors
    /// `SEEK` for positions before the start and for pipes.
    pub fn seek(&self, handle: isize, offset: i64, origin: SeekOrigin) -> Result<i64, IoError> {
        let file = self.disk(handle)?;
        file.accessible()?;
        let from = match origin {
            SeekOrigin::Begin => {
                rustix::fs::SeekFrom::Start(u64::try_from(offset).map_err(|_| IoError::SEEK)?)
            }
            SeekOrigin::Current => rustix::fs::SeekFrom::Current(offset),
            SeekOrigin::End => rustix::fs::SeekFrom::End(offset),
        };
        Ok(i64::try_from(seek(file.fd(), from)?).unwrap_or(i64::MAX))
    }

    /// Length in bytes.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for pipes and consoles.
    pub fn length(&self, handle: isize) -> Result<i64, IoError> {
        let file = self.disk(handle)?;
        file.accessible()?;
        Ok(fstat(file.fd())?.st_size)
    }

    /// Truncates or extends a file; the position stays.
    ///
    /// # Errors
    /// `ACCESS_DENIED`, `INVALID_HANDLE`, and what the system reports.
    pub fn set_length(&self, handle: isize, length: i64) -> Result<(), IoError> {
        let file = self.disk(handle)?;
        file.writable()?;
        let length = u64::try_from(length).map_err(|_| IoError::SEEK)?;
        Ok(retry_on_intr(|| ftruncate(file.fd(), length))?)
    }

    /// Writes a file's data through to its device.
    ///
    /// # Errors
    /// `INVALID_HANDLE` for pipes and consoles, `ACCESS_DENIED` for read-only handles.
    pub fn flush(&self, handle: isize) -> Result<(), IoError> {
        let file = self.disk(handle)?;
        file.writable()?;
        Ok(fsync(file.fd())?)
    }

    /// Locks (or unlocks) a region against other processes.
    ///
    /// # Errors
    /// `LOCK_VIOLATION` when another process holds it; `INVALID_PARAMETER` for negative ranges.
    pub fn lock_region(
        &self,
        handle: isize,
        offset: i64,
        length: i64,
        lock: bool,
    ) -> Result<(), IoError> {
        let file = self.disk(handle)?;
        file.accessible()?;
        if offset < 0 || length < 0 {
            return Err(IoError::INVALID_PARAMETER);
        }
        let region = libc::flock {
            l_type: (if lock { libc::F_WRLCK } else { libc::F_UNLCK }) as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: offset,
            l_len: length,
            l_pid: 0,
        };
        loop {
            // SAFETY: the descriptor is open while `file` lives, and F_SETLK reads one `flock`.
            let result =
                unsafe { libc::fcntl(file.fd().as_raw_fd(), libc::F_SETLK, &raw const region) };
            if result != -1 {
                return Ok(());
            }
            match std::io::Error::last_os_error().raw_os_error() {
                Some(libc::EINTR) => {}
                // File systems without locks: Mono lets it pass.
                Some(libc::ENOLCK | libc::EOPNOTSUPP) => return Ok(()),
                _ => return Err(IoError::LOCK_VIOLATION),
            }
        }
    }

    /// Sets the access and write times; ticks are 100 ns since 1601, `None` keeps one.
    ///
    /// # Errors
    /// `ACCESS_DENIED`, `INVALID_HANDLE`, `INVALID_PARAMETER`.
    pub fn set_times(
        &self,
        handle: isize,
        access: Option<i64>,
        write: Option<i64>,
    ) -> Result<(), IoError> {
        use rustix::fs::{Timespec, Timestamps, UTIME_OMIT, futimens};
        let file = self.disk(handle)?;
        file.writable()?;
        let convert = |ticks: Option<i64>| match ticks {
            None => Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            Some(ticks) => {
                let unix = (ticks - crate::time::UNIX_EPOCH_FILETIME).max(0);
                Timespec {
                    tv_sec: unix / 10_000_000,
                    tv_nsec: (unix % 10_000_000) / 10 * 1000,
                }
            }
        };
        let times = Timestamps {
            last_access: convert(access),
            last_modification: convert(write),
        };
        futimens(file.fd(), &times).map_err(|_| IoError::INVALID_PARAMETER)
    }

    /// Whether a file may be deleted or renamed, as its open handles see it.
    #[must_use]
    pub fn allows_delete(&self, device: u64, inode: u64) -> bool {
        self.shares.allows_delete(FileId { device, inode })
    }

    fn insert(&self, file: OpenFile) -> isize {
        let number = file.fd().as_raw_fd();
        self.files.lock().insert(number, Arc::new(file));
        number as isize
    }

    fn get(&self, handle: isize) -> Result<Arc<OpenFile>, IoError> {
        self.files
            .lock()
            .get(&raw(handle)?)
            .cloned()
            .ok_or(IoError::INVALID_HANDLE)
    }

    fn disk(&self, handle: isize) -> Result<Arc<OpenFile>, IoError> {
        let file = self.get(handle)?;
        if file.kind == FileKind::Disk {
            Ok(file)
        } else {
            Err(IoError::INVALID_HANDLE)
        }
    }
}

/// A standard stream of the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandardStream {
    /// Descriptor 0.
    Input = 0,
    /// Descriptor 1.
    Output = 1,
    /// Descriptor 2.
    Error = 2,
}

fn raw(handle: isize) -> Result<RawFd, IoError> {
    RawFd::try_from(handle).map_err(|_| IoError::INVALID_HANDLE)
}

fn kind_of(mode: rustix::fs::RawMode) -> FileKind {
    match rustix::fs::FileType::from_raw_mode(mode) {
        rustix::fs::FileType::Fifo => FileKind::Pipe,
        rustix::fs::FileType::CharacterDevice => FileKind::Console,
        _ => FileKind::Disk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mode: i32, access: Access, share: Share) -> OpenOptions {
        OpenOptions {
            mode,
            access,
            share,
            options: 0,
        }
    }

    #[test]
    fn write_seek_read_truncate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let table = FileTable::new();
        let file = table
            .open(&path, options(1, Access::READ_WRITE, Share::NONE))
            .unwrap();
        assert_eq!(table.kind(file), Ok(FileKind::Disk));
        assert_eq!(table.write(file, b"hello world"), Ok(11));
        assert_eq!(table.seek(file, 6, SeekOrigin::Begin), Ok(6));
        let mut buffer = [0; 16];
        assert_eq!(table.read(file, &mut buffer), Ok(5));
        assert_eq!(&buffer[..5], b"world");
        table.set_length(file, 3).unwrap();
        assert_eq!(table.length(file), Ok(3));
        assert_eq!(table.seek(file, -1, SeekOrigin::Begin), Err(IoError::SEEK));
        table.flush(file).unwrap();
        table.close(file).unwrap();
        assert_eq!(table.close(file), Err(IoError::INVALID_HANDLE));
    }

    #[test]
    fn modes_access_and_sharing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let table = FileTable::new();
        assert_eq!(
            table.open(&path, options(3, Access::READ, Share::READ)),
            Err(IoError::FILE_NOT_FOUND)
        );
        let writer = table
            .open(&path, options(2, Access::WRITE, Share::READ))
            .unwrap();
        assert_eq!(
            table.open(&path, options(1, Access::WRITE, Share::READ)),
            Err(IoError::FILE_EXISTS)
        );
        assert_eq!(table.read(writer, &mut [0; 1]), Err(IoError::ACCESS_DENIED));
        assert_eq!(
            table.open(&path, options(3, Access::READ, Share::NONE)),
            Err(IoError::SHARING_VIOLATION)
        );
        table.close(writer).unwrap();
        let reader = table
            .open(&path, options(3, Access::READ, Share::NONE))
            .unwrap();
        assert_eq!(table.write(reader, b"x"), Err(IoError::ACCESS_DENIED));
        table.close(reader).unwrap();
    }

    #[test]
    fn pipes_carry_bytes_and_cannot_seek() {
        let table = FileTable::new();
        let (reader, writer) = table.pipe().unwrap();
        assert_eq!(table.kind(reader), Ok(FileKind::Pipe));
        assert_eq!(table.write(writer, b"ab"), Ok(2));
        assert_eq!(
            table.seek(reader, 0, SeekOrigin::Begin),
            Err(IoError::INVALID_HANDLE)
        );
        let mut buffer = [0; 4];
        assert_eq!(table.read(reader, &mut buffer), Ok(2));
        table.close(writer).unwrap();
        assert_eq!(table.read(reader, &mut buffer), Ok(0));
    }

    #[test]
    fn delete_on_close_removes_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let table = FileTable::new();
        let open = OpenOptions {
            options: OPTION_DELETE_ON_CLOSE,
            ..options(2, Access::WRITE, Share::NONE)
        };
        let file = table.open(&path, open).unwrap();
        assert!(path.exists());
        table.close(file).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn standard_streams_survive_the_table() {
        let table = FileTable::new();
        let error = table.standard(StandardStream::Error).unwrap();
        assert_eq!(error, 2);
        assert_eq!(table.kind(error), Ok(FileKind::Console));
        drop(table);
        assert!(rustix::fs::fcntl_getfl(rustix::stdio::stderr()).is_ok());
    }

    #[test]
    fn unknown_handles_are_errors() {
        let table = FileTable::new();
        assert_eq!(table.kind(-1), Err(IoError::INVALID_HANDLE));
        assert_eq!(
            table.read(isize::MAX, &mut []),
            Err(IoError::INVALID_HANDLE)
        );
    }
}
