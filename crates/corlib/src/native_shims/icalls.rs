//! Bindings of `Interop.Sys`.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, RawFd};
use std::path::PathBuf;

use rustix::fs::{Mode, Timespec, Timestamps};
use rustix::io::Errno;

use super::{FileStatus, error_text, pal_to_platform, platform_to_pal};
use crate::io::path_from_utf16;
use crate::prelude::{
    ArrayRef, Field, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, icall, state,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("Interop/Sys")
        .add("ChMod", icall(chmod))
        .add("Close", icall(close))
        .add("CloseDir", icall(close_dir))
        .add("ConvertErrorPalToPlatform", icall(error_to_platform))
        .add("ConvertErrorPlatformToPal", icall(error_to_pal))
        .add("CopyFile", icall(copy_file))
        .add(
            "FLock(Microsoft.Win32.SafeHandles.SafeFileHandle,Interop/Sys/LockOperations)",
            icall(lock_handle),
        )
        .add(
            "FLock(intptr,Interop/Sys/LockOperations)",
            icall(lock_descriptor),
        )
        .add("FStat", icall(fstat))
        .add("GetEGid", icall(get_egid))
        .add("GetEUid", icall(get_euid))
        .add(
            "GetNonCryptographicallySecureRandomBytes",
            icall(random_bytes),
        )
        .add("GetReadDirRBufferSize", icall(read_dir_buffer_size))
        .add("LChflags", icall(lchflags))
        .add("LChflagsCanSetHiddenFlag", icall(lchflags_can_hide))
        .add("LStat(string,Interop/Sys/FileStatus&)", icall(lstat))
        .add("LStat(byte&,Interop/Sys/FileStatus&)", icall(lstat_bytes))
        .add("Link", icall(link))
        .add("MkDir", icall(mkdir))
        .add("OpenDir", icall(open_dir))
        .add("Read(intptr,byte*,int)", icall(read_descriptor))
        .add("ReadDirR", icall(read_dir))
        .add("ReadLink", icall(read_link))
        .add("Rename", icall(rename))
        .add("RmDir", icall(rmdir))
        .add("Stat(string,Interop/Sys/FileStatus&)", icall(stat))
        .add("Stat(byte&,Interop/Sys/FileStatus&)", icall(stat_bytes))
        .add("StrErrorR", icall(str_error))
        .add("Symlink", icall(symlink))
        .add("UTime", icall(utime))
        .add("UTimes", icall(utimes))
        .add("Unlink", icall(unlink));
    table.class("Interop").add("mono_pal_init", icall(pal_init));
}

fn pal_init(_t: &Thread) -> Managed<()> {
    Ok(())
}

/// 0 or −1 with the error left for `GetLastWin32Error`.
pub(super) fn finish(t: &Thread, result: Result<(), Errno>) -> Managed<i32> {
    finish_value(t, result.map(|()| 0), -1)
}

pub(super) fn finish_value<T>(t: &Thread, result: Result<T, Errno>, failure: T) -> Managed<T> {
    match result {
        Ok(value) => {
            state(t).set_last_error(t.id(), 0);
            Ok(value)
        }
        Err(errno) => {
            state(t).set_last_error(t.id(), errno.raw_os_error());
            Ok(failure)
        }
    }
}

pub(super) fn path(text: StringRef) -> Result<PathBuf, Errno> {
    if text.is_null() {
        return Err(Errno::FAULT);
    }
    path_from_utf16(text.chars()).map_err(|_| Errno::INVAL)
}

/// Path behind the address of a UTF-8 buffer's first byte.
fn path_of_bytes(bytes: *const libc::c_char) -> Result<PathBuf, Errno> {
    use std::os::unix::ffi::OsStrExt;
    if bytes.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: managed code passes a reference to the first byte of a NUL-terminated text.
    let text = unsafe { CStr::from_ptr(bytes) };
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(text.to_bytes())))
}

/// Descriptor in a `SafeHandle`.
pub(super) fn descriptor(t: &Thread, handle: ObjRef) -> Result<RawFd, Errno> {
    const HANDLE: Field = Field {
        class: "System.Runtime.InteropServices.SafeHandle",
        name: "handle",
    };
    if handle.is_null() {
        return Err(Errno::BADF);
    }
    RawFd::try_from(handle.read::<isize>(HANDLE.offset(t))).map_err(|_| Errno::BADF)
}

/// Borrows a descriptor that managed code keeps open during the call.
pub(super) fn borrow<'a>(descriptor: RawFd) -> Result<BorrowedFd<'a>, Errno> {
    if descriptor < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: not −1; the system rejects numbers that are not open, and the borrow ends with the call.
    Ok(unsafe { BorrowedFd::borrow_raw(descriptor) })
}

fn put_status(
    output: *mut FileStatus,
    result: Result<rustix::fs::Stat, Errno>,
) -> Result<(), Errno> {
    let status = result.map(|found| FileStatus::from(&found));
    // SAFETY: managed code passes the address of a FileStatus, whose layout this is.
    unsafe { output.write_unaligned(*status.as_ref().unwrap_or(&FileStatus::default())) };
    status.map(|_| ())
}

fn stat(t: &Thread, name: StringRef, output: *mut FileStatus) -> Managed<i32> {
    finish(t, put_status(output, path(name).and_then(rustix::fs::stat)))
}

fn lstat(t: &Thread, name: StringRef, output: *mut FileStatus) -> Managed<i32> {
    finish(
        t,
        put_status(output, path(name).and_then(rustix::fs::lstat)),
    )
}

fn stat_bytes(t: &Thread, name: *const libc::c_char, output: *mut FileStatus) -> Managed<i32> {
    finish(
        t,
        put_status(output, path_of_bytes(name).and_then(rustix::fs::stat)),
    )
}

fn lstat_bytes(t: &Thread, name: *const libc::c_char, output: *mut FileStatus) -> Managed<i32> {
    finish(
        t,
        put_status(output, path_of_bytes(name).and_then(rustix::fs::lstat)),
    )
}

fn fstat(t: &Thread, handle: ObjRef, output: *mut FileStatus) -> Managed<i32> {
    let result = descriptor(t, handle)
        .and_then(borrow)
        .and_then(rustix::fs::fstat);
    finish(t, put_status(output, result))
}

fn chmod(t: &Thread, name: StringRef, mode: i32) -> Managed<i32> {
    finish(
        t,
        path(name).and_then(|path| rustix::fs::chmod(path, Mode::from_raw_mode(mode as u32))),
    )
}

fn mkdir(t: &Thread, name: StringRef, mode: i32) -> Managed<i32> {
    finish(
        t,
        path(name).and_then(|path| rustix::fs::mkdir(path, Mode::from_raw_mode(mode as u32))),
    )
}

fn rmdir(t: &Thread, name: StringRef) -> Managed<i32> {
    finish(t, path(name).and_then(rustix::fs::rmdir))
}

fn unlink(t: &Thread, name: StringRef) -> Managed<i32> {
    finish(t, path(name).and_then(rustix::fs::unlink))
}

fn link(t: &Thread, from: StringRef, to: StringRef) -> Managed<i32> {
    finish(
        t,
        path(from).and_then(|from| rustix::fs::link(from, path(to)?)),
    )
}

fn symlink(t: &Thread, target: StringRef, name: StringRef) -> Managed<i32> {
    finish(
        t,
        path(target).and_then(|target| rustix::fs::symlink(target, path(name)?)),
    )
}

fn rename(t: &Thread, from: StringRef, to: StringRef) -> Managed<i32> {
    finish(
        t,
        path(from).and_then(|from| rustix::fs::rename(from, path(to)?)),
    )
}

/// Fills the buffer with the link's target, without NUL; gives its length or −1.
fn read_link(t: &Thread, name: StringRef, buffer: ArrayRef, size: i32) -> Managed<i32> {
    let result = path(name).and_then(|path| rustix::fs::readlink(path, Vec::new()));
    let result = result.map(|target| {
        let room = usize::try_from(size).unwrap_or(0).min(buffer.len());
        let copied = target.as_bytes().len().min(room);
        buffer.as_mut_slice::<u8>()[..copied].copy_from_slice(&target.as_bytes()[..copied]);
        copied as i32
    });
    finish_value(t, result, -1)
}

fn open_dir(t: &Thread, name: StringRef) -> Managed<isize> {
    let state = state(t);
    finish_value(
        t,
        path(name).and_then(|path| state.directories.open(&path)),
        0,
    )
}

fn close_dir(t: &Thread, stream: isize) -> Managed<i32> {
    let result = state(t).directories.close(stream);
    finish(t, result)
}

/// Longest file name, and its NUL.
const READ_DIR_BUFFER: i32 = 256;

fn read_dir_buffer_size(_t: &Thread) -> Managed<i32> {
    Ok(READ_DIR_BUFFER)
}

/// `Interop.Sys.DirectoryEntry`.
#[repr(C)]
struct DirectoryEntry {
    name: *const u8,
    /// −1: the name ends with NUL.
    name_length: i32,
    kind: i32,
}

/// 0, −1 at the end, or the error.
fn read_dir(
    t: &Thread,
    stream: isize,
    buffer: *mut u8,
    size: i32,
    output: *mut DirectoryEntry,
) -> Managed<i32> {
    let empty = DirectoryEntry {
        name: std::ptr::null(),
        name_length: 0,
        kind: 0,
    };
    let (entry, code) = match state(t).directories.read(stream) {
        Ok(Some(entry)) => {
            let name = entry.name.as_bytes_with_nul();
            if usize::try_from(size).is_ok_and(|size| name.len() <= size) {
                // SAFETY: the buffer has `size` bytes, and the name is not longer.
                unsafe { std::ptr::copy_nonoverlapping(name.as_ptr(), buffer, name.len()) };
                (
                    DirectoryEntry {
                        name: buffer,
                        name_length: -1,
                        kind: entry.kind,
                    },
                    0,
                )
            } else {
                (empty, libc::ERANGE)
            }
        }
        Ok(None) => (empty, -1),
        Err(errno) => (empty, errno.raw_os_error()),
    };
    // SAFETY: managed code passes the address of a DirectoryEntry, whose layout this is.
    unsafe { output.write_unaligned(entry) };
    Ok(code)
}

fn timestamps(access: Timespec, modification: Timespec) -> Timestamps {
    Timestamps {
        last_access: access,
        last_modification: modification,
    }
}

fn set_times(name: StringRef, times: &Timestamps) -> Result<(), Errno> {
    rustix::fs::utimensat(
        rustix::fs::CWD,
        path(name)?,
        times,
        rustix::fs::AtFlags::empty(),
    )
}

/// `UTimBuf`: access and modification in seconds.
fn utime(t: &Thread, name: StringRef, times: *const [i64; 2]) -> Managed<i32> {
    // SAFETY: managed code passes the address of a UTimBuf: two 64-bit numbers.
    let [access, modification] = unsafe { times.read_unaligned() };
    let second = |seconds| Timespec {
        tv_sec: seconds,
        tv_nsec: 0,
    };
    finish(
        t,
        set_times(name, &timestamps(second(access), second(modification))),
    )
}

/// `TimeValPair`: access and modification in seconds and microseconds.
fn utimes(t: &Thread, name: StringRef, times: *const [i64; 4]) -> Managed<i32> {
    // SAFETY: managed code passes the address of a TimeValPair: four 64-bit numbers.
    let [access, access_us, modification, modification_us] = unsafe { times.read_unaligned() };
    let time = |seconds, micros: i64| Timespec {
        tv_sec: seconds,
        tv_nsec: micros * 1000,
    };
    finish(
        t,
        set_times(
            name,
            &timestamps(time(access, access_us), time(modification, modification_us)),
        ),
    )
}

fn get_euid(_t: &Thread) -> Managed<u32> {
    Ok(rustix::process::geteuid().as_raw())
}

fn get_egid(_t: &Thread) -> Managed<u32> {
    Ok(rustix::process::getegid().as_raw())
}

fn lchflags(t: &Thread, _name: StringRef, _flags: u32) -> Managed<i32> {
    finish(t, Err(Errno::NOTSUP))
}

fn lchflags_can_hide(_t: &Thread) -> Managed<i32> {
    Ok(0)
}

fn random_bytes(_t: &Thread, buffer: *mut u8, length: i32) -> Managed<()> {
    if let Ok(length) = usize::try_from(length)
        && !buffer.is_null()
    {
        // SAFETY: managed code passes the address of `length` bytes.
        let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
        // "Non-cryptographic" bytes may stay as they are if the system has none.
        let _ = crate::security::fill_random(buffer);
    }
    Ok(())
}

fn error_to_pal(_t: &Thread, errno: i32) -> Managed<i32> {
    Ok(platform_to_pal(errno))
}

fn error_to_platform(_t: &Thread, error: i32) -> Managed<i32> {
    Ok(pal_to_platform(error))
}

fn str_error(_t: &Thread, errno: i32, buffer: *mut u8, size: i32) -> Managed<*mut u8> {
    let text = error_text(errno);
    let Some(room) = usize::try_from(size)
        .ok()
        .and_then(|size| size.checked_sub(1))
    else {
        return Ok(std::ptr::null_mut());
    };
    let copied = text.len().min(room);
    // SAFETY: the buffer has `size` bytes, and `copied` + 1 is at most that.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), buffer, copied);
        buffer.add(copied).write(0);
    }
    Ok(buffer)
}

/// Copies data, permissions and times between two open files.
fn copy_file(t: &Thread, source: ObjRef, destination: ObjRef) -> Managed<i32> {
    let fds = descriptor(t, source)
        .and_then(|from| Ok((borrow(from)?, borrow(descriptor(t, destination)?)?)));
    let result = fds.and_then(|(from, to)| blocking(t, || copy_descriptors(from, to)));
    finish(t, result)
}

fn copy_descriptors(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    let stat = rustix::fs::fstat(from)?;
    rustix::fs::fchmod(to, Mode::from_raw_mode(stat.st_mode & 0o777))?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(from, &mut *buffer))?;
        if read == 0 {
            break;
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let written = rustix::io::retry_on_intr(|| rustix::io::write(to, rest))?;
            rest = &rest[written..];
        }
    }
    let time = |seconds, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds as i64,
    };
    let times = timestamps(
        time(stat.st_atime, stat.st_atime_nsec),
        time(stat.st_mtime, stat.st_mtime_nsec),
    );
    rustix::fs::futimens(to, &times)
}

fn lock_handle(t: &Thread, handle: ObjRef, operation: i32) -> Managed<i32> {
    let result = descriptor(t, handle).and_then(|fd| flock(t, fd, operation));
    finish(t, result)
}

fn lock_descriptor(t: &Thread, handle: isize, operation: i32) -> Managed<i32> {
    let result = RawFd::try_from(handle)
        .map_err(|_| Errno::BADF)
        .and_then(|fd| flock(t, fd, operation));
    finish(t, result)
}

/// `LockOperations`: shared 1, exclusive 2, without blocking 4, unlock 8.
fn flock(t: &Thread, fd: RawFd, operation: i32) -> Result<(), Errno> {
    use rustix::fs::FlockOperation as Operation;
    let operation = match operation {
        1 => Operation::LockShared,
        2 => Operation::LockExclusive,
        5 => Operation::NonBlockingLockShared,
        6 => Operation::NonBlockingLockExclusive,
        8 | 12 => Operation::Unlock,
        _ => return Err(Errno::INVAL),
    };
    let fd = borrow(fd)?;
    blocking(t, || {
        rustix::io::retry_on_intr(|| rustix::fs::flock(fd, operation))
    })
}

fn read_descriptor(t: &Thread, handle: isize, buffer: *mut u8, count: i32) -> Managed<i32> {
    let result = RawFd::try_from(handle)
        .map_err(|_| Errno::BADF)
        .and_then(borrow)
        .and_then(|fd| {
            let Ok(count) = usize::try_from(count) else {
                return Err(Errno::INVAL);
            };
            // SAFETY: managed code pins `count` bytes at this address during the call.
            let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, count) };
            blocking(t, || {
                rustix::io::retry_on_intr(|| rustix::io::read(fd, &mut *buffer))
            })
        });
    finish_value(t, result.map(|read| read as i32), -1)
}

/// Closes a descriptor; one of the runtime's own files is closed through its table.
fn close(t: &Thread, handle: isize) -> Managed<i32> {
    if state(t).files.close(handle).is_ok() {
        return finish(t, Ok(()));
    }
    let Ok(fd) = RawFd::try_from(handle) else {
        return finish(t, Err(Errno::BADF));
    };
    // SAFETY: managed code owns the descriptor (it made it with another call of this class) and
    // gives it up here; a number that is not open is an error of the system's.
    let code = unsafe { libc::close(fd) };
    let result = if code == 0 { Ok(()) } else { Err(last_errno()) };
    finish(t, result)
}

pub(super) fn last_errno() -> Errno {
    Errno::from_raw_os_error(
        std::io::Error::last_os_error()
            .raw_os_error()
            .unwrap_or(libc::EIO),
    )
}
