//! The folder of the cache: made for the user alone, written by several processes.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Most bytes in the folder; the files written longest ago go first.
const MAX_FOLDER: u64 = 512 << 20;
/// How long to wait for other writers: one of them may have been stopped.
const PATIENCE: Duration = Duration::from_secs(1);
/// Ending of cache files.
pub(super) const EXTENSION: &str = "ilcode";
/// Ending of empty files that say that the cache file of this name is complete.
pub(super) const COMPLETE: &str = "complete";

fn user() -> u32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::geteuid() }
}

fn denied(path: &Path, what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        format!("'{}' {what}", path.display()),
    )
}

fn check_private(path: &Path, meta: &std::fs::Metadata) -> io::Result<()> {
    if meta.uid() != user() {
        return Err(denied(path, "belongs to another user"));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(denied(path, "can be written by other users"));
    }
    Ok(())
}

/// Opens a file that only this user can have written.
pub(super) fn open_private(path: &Path) -> io::Result<File> {
    let (file, meta) = open(path)?;
    check_private(path, &meta)?;
    Ok(file)
}

/// Opens a file that only this user or the system's administrator can have written.
pub(super) fn open_installed(path: &Path) -> io::Result<File> {
    let (file, meta) = open(path)?;
    if meta.uid() != 0 || meta.mode() & 0o022 != 0 {
        check_private(path, &meta)?;
    }
    Ok(file)
}

fn open(path: &Path) -> io::Result<(File, std::fs::Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(denied(path, "is not a file"));
    }
    Ok((file, meta))
}

/// The folder, locked against other writers for as long as this lives.
pub(super) struct Locked {
    folder: PathBuf,
    _lock: File,
}

impl Locked {
    /// Makes the folder if need be and waits a moment for other writers.
    pub(super) fn take(folder: &Path) -> io::Result<Locked> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        check_private(folder, &std::fs::metadata(folder)?)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(folder.join("lock"))?;
        let deadline = Instant::now() + PATIENCE;
        // SAFETY: the descriptor is open.
        while unsafe { libc::flock(lock.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::WouldBlock || Instant::now() > deadline {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Locked {
            folder: folder.to_path_buf(),
            _lock: lock,
        })
    }

    /// Puts a file in place as a whole: readers see the old one or the new one.
    pub(super) fn replace(
        &self,
        path: &Path,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let temporary = self.folder.join(format!("new-{}", std::process::id()));
        let result = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(&temporary)
            .and_then(|mut file| write(&mut file))
            .and_then(|()| std::fs::rename(&temporary, path));
        if result.is_err() {
            // What is left of it is of no use; that it cannot be removed changes nothing.
            let _ = std::fs::remove_file(&temporary);
        }
        result
    }

    /// Removes old files until the folder is within its limit.
    pub(super) fn shrink(&self) -> io::Result<()> {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = std::fs::read_dir(&self.folder)?
            .filter_map(Result::ok)
            .filter(|e| e.path().extension().is_some_and(|x| x == EXTENSION))
            .filter_map(|e| {
                let meta = e.metadata().ok()?;
                Some((meta.modified().ok()?, meta.len(), e.path()))
            })
            .collect();
        let mut total: u64 = files.iter().map(|f| f.1).sum();
        files.sort();
        for (_, len, path) in files {
            if total <= MAX_FOLDER {
                break;
            }
            std::fs::remove_file(path)?;
            total -= len;
        }
        Ok(())
    }
}
