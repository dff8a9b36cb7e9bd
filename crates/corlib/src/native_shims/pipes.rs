//! `Interop.Sys` of System.Core and System: pipes, poll, opening, inotify.

use std::os::fd::IntoRawFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::icalls::{borrow, descriptor, finish, finish_value, last_errno, path};
use super::platform_to_pal;
use crate::prelude::{
    ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, icall, new_safe_file_handle,
    new_string,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("Interop/Sys")
        .add("GetDomainSocketSizes", icall(domain_socket_sizes))
        .add("GetHostName", icall(host_name))
        .add("GetPeerID", icall(peer_id))
        .add("GetPeerUserName", icall(peer_user_name))
        .add("INotifyAddWatch", icall(inotify_add))
        .add("INotifyInit", icall(inotify_init))
        .add("INotifyRemoveWatch_private", icall(inotify_remove))
        .add("Open", icall(open))
        .add("Pipe", icall(pipe))
        .add("Poll", icall(poll))
        .add(
            "Read(Microsoft.Win32.SafeHandles.SafePipeHandle,byte*,int)",
            icall(read),
        )
        .add(
            "Write(Microsoft.Win32.SafeHandles.SafePipeHandle,byte*,int)",
            icall(write),
        );
    table
        .class("Interop/Sys/Fcntl")
        .add("FcntlCanGetSetPipeSz", icall(can_set_pipe_size))
        .add("GetPipeSz", icall(pipe_size))
        .add("SetCloseOnExec", icall(close_on_exec))
        .add("SetPipeSz", icall(set_pipe_size));
}

/// `O_CLOEXEC` of `PipeFlags` and `OpenFlags`.
const PAL_CLOEXEC: i32 = 0x10;

fn pipe(t: &Thread, ends: *mut [i32; 2], flags: i32) -> Managed<i32> {
    let flags = if flags & PAL_CLOEXEC != 0 {
        rustix::pipe::PipeFlags::CLOEXEC
    } else {
        rustix::pipe::PipeFlags::empty()
    };
    let result = rustix::pipe::pipe_with(flags).map(|(reader, writer)| {
        // SAFETY: managed code passes the address of two ints; the descriptors are managed code's now.
        unsafe { ends.write_unaligned([reader.into_raw_fd(), writer.into_raw_fd()]) };
    });
    finish(t, result)
}

fn buffer<'a>(address: *mut u8, count: i32) -> Result<&'a mut [u8], Errno> {
    let count = usize::try_from(count).map_err(|_| Errno::INVAL)?;
    if address.is_null() {
        return Err(Errno::FAULT);
    }
    // SAFETY: managed code pins `count` bytes at this address during the call.
    Ok(unsafe { std::slice::from_raw_parts_mut(address, count) })
}

fn read(t: &Thread, handle: ObjRef, address: *mut u8, count: i32) -> Managed<i32> {
    let result = descriptor(t, handle).and_then(borrow).and_then(|fd| {
        let buffer = buffer(address, count)?;
        blocking(t, || {
            rustix::io::retry_on_intr(|| rustix::io::read(fd, &mut *buffer))
        })
    });
    finish_value(t, result.map(|count| count as i32), -1)
}

fn write(t: &Thread, handle: ObjRef, address: *mut u8, count: i32) -> Managed<i32> {
    let result = descriptor(t, handle).and_then(borrow).and_then(|fd| {
        let buffer = buffer(address, count)?;
        blocking(t, || {
            rustix::io::retry_on_intr(|| rustix::io::write(fd, buffer))
        })
    });
    finish_value(t, result.map(|count| count as i32), -1)
}

/// A `SafeFileHandle`, invalid (−1) after a failure.
fn open(t: &Thread, name: StringRef, flags: i32, mode: i32) -> Managed<ObjRef> {
    let mut system = match flags & 3 {
        1 => OFlags::WRONLY,
        2 => OFlags::RDWR,
        _ => OFlags::RDONLY,
    };
    for (bit, flag) in [
        (PAL_CLOEXEC, OFlags::CLOEXEC),
        (0x20, OFlags::CREATE),
        (0x40, OFlags::EXCL),
        (0x80, OFlags::TRUNC),
        (0x100, OFlags::SYNC),
    ] {
        system.set(flag, flags & bit != 0);
    }
    let mode = Mode::from_raw_mode(mode as u32 & 0o7777);
    let result = path(name).and_then(|path| blocking(t, || rustix::fs::open(path, system, mode)));
    let fd = finish_value(t, result.map(IntoRawFd::into_raw_fd), -1)?;
    new_safe_file_handle(t, fd as isize)
}

/// `Interop.Sys.PollEvent`.
#[repr(C)]
struct PollEvent {
    descriptor: i32,
    events: i16,
    triggered: i16,
}

/// The error's platform-independent number; the event numbers are the system's.
fn poll(
    t: &Thread,
    events: *mut PollEvent,
    count: u32,
    timeout: i32,
    triggered: ByRef<u32>,
) -> Managed<i32> {
    if events.is_null() || triggered.is_null() {
        return Ok(platform_to_pal(libc::EFAULT));
    }
    // SAFETY: managed code passes `count` PollEvents, whose layout this struct has.
    let events = unsafe { std::slice::from_raw_parts_mut(events, count as usize) };
    let mut entries: Vec<libc::pollfd> = events
        .iter()
        .map(|event| libc::pollfd {
            fd: event.descriptor,
            events: event.events,
            revents: 0,
        })
        .collect();
    let ready = blocking(t, || {
        loop {
            let count = entries.len() as libc::nfds_t;
            // SAFETY: the entries' number is passed.
            let ready = unsafe { libc::poll(entries.as_mut_ptr(), count, timeout) };
            if ready >= 0 {
                return Ok(ready);
            }
            match last_errno() {
                Errno::INTR => {}
                errno => return Err(errno),
            }
        }
    });
    for (event, entry) in events.iter_mut().zip(&entries) {
        event.triggered = entry.revents;
    }
    match ready {
        Ok(ready) => {
            triggered.set(ready as u32);
            Ok(0)
        }
        Err(errno) => {
            triggered.set(0);
            Ok(platform_to_pal(errno.raw_os_error()))
        }
    }
}

/// Of `sockaddr_un`: offset and bytes of the path, bytes of all.
fn domain_socket_sizes(
    _t: &Thread,
    offset: ByRef<i32>,
    path: ByRef<i32>,
    address: ByRef<i32>,
) -> Managed<()> {
    offset.set(2);
    path.set(108);
    address.set(size_of::<libc::sockaddr_un>() as i32);
    Ok(())
}

fn host_name(t: &Thread, name: *mut u8, length: i32) -> Managed<i32> {
    let result = buffer(name, length).and_then(|target| {
        let uname = rustix::system::uname();
        let text = uname.nodename().to_bytes_with_nul();
        let place = target.get_mut(..text.len()).ok_or(Errno::NAMETOOLONG)?;
        place.copy_from_slice(text);
        Ok(())
    });
    finish(t, result)
}

fn peer(t: &Thread, handle: ObjRef) -> Result<libc::ucred, Errno> {
    let fd = descriptor(t, handle)?;
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: a place of the passed length; the system rejects descriptors that are no sockets.
    let code = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    if code == 0 {
        Ok(peer)
    } else {
        Err(last_errno())
    }
}

fn peer_id(t: &Thread, handle: ObjRef, user: ByRef<u32>) -> Managed<i32> {
    let result = peer(t, handle).map(|peer| user.set(peer.uid));
    finish(t, result)
}

fn peer_user_name(t: &Thread, handle: ObjRef) -> Managed<StringRef> {
    match finish_value(t, peer(t, handle).map(Some), None)? {
        Some(peer) => match crate::environment::user_name_of(peer.uid) {
            Some(name) => new_string(t, &name),
            None => Ok(StringRef::NULL),
        },
        None => Ok(StringRef::NULL),
    }
}

fn can_set_pipe_size(_t: &Thread) -> Managed<i32> {
    Ok(1)
}

fn pipe_size(t: &Thread, handle: ObjRef) -> Managed<i32> {
    let result = descriptor(t, handle)
        .and_then(borrow)
        .and_then(rustix::pipe::fcntl_getpipe_size);
    finish_value(t, result.map(|size| size as i32), -1)
}

fn set_pipe_size(t: &Thread, handle: ObjRef, size: i32) -> Managed<i32> {
    let result = descriptor(t, handle).and_then(borrow).and_then(|fd| {
        rustix::pipe::fcntl_setpipe_size(fd, usize::try_from(size).map_err(|_| Errno::INVAL)?)
    });
    finish_value(t, result.map(|size| size as i32), -1)
}

fn close_on_exec(t: &Thread, handle: ObjRef) -> Managed<i32> {
    let result = descriptor(t, handle)
        .and_then(borrow)
        .and_then(|fd| rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC));
    finish(t, result)
}

fn inotify_init(t: &Thread) -> Managed<ObjRef> {
    let made = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC);
    let fd = finish_value(t, made.map(IntoRawFd::into_raw_fd), -1)?;
    new_safe_file_handle(t, fd as isize)
}

fn inotify_add(t: &Thread, handle: ObjRef, name: StringRef, mask: u32) -> Managed<i32> {
    let result = descriptor(t, handle).and_then(borrow).and_then(|fd| {
        let flags = rustix::fs::inotify::WatchFlags::from_bits_retain(mask);
        rustix::fs::inotify::add_watch(fd, path(name)?, flags)
    });
    finish_value(t, result, -1)
}

fn inotify_remove(t: &Thread, handle: ObjRef, watch: i32) -> Managed<i32> {
    let result = descriptor(t, handle)
        .and_then(borrow)
        .and_then(|fd| rustix::fs::inotify::remove_watch(fd, watch));
    finish(t, result)
}
