//! Sockets of a runtime.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::address::family_to_system;
use super::{OptionKind, SocketAddress, SocketError, option};

/// What `Poll` waits for, as `System.Net.Sockets.SelectMode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelectMode {
    /// Data or a connection.
    Read,
    /// Room to write, or connected.
    Write,
    /// A failed connection or urgent data.
    Error,
}

impl SelectMode {
    /// Events of poll(2).
    #[must_use]
    pub fn events(self) -> i16 {
        match self {
            SelectMode::Read => libc::POLLIN,
            SelectMode::Write => libc::POLLOUT,
            SelectMode::Error => libc::POLLPRI,
        }
    }
}

/// Open sockets by descriptor number. A socket is closed when its last running
/// operation ends; closing shuts it down first, so that blocked threads return.
#[derive(Default, Debug)]
pub struct SocketTable {
    sockets: Mutex<FxHashMap<RawFd, Arc<OwnedFd>>>,
}

type Result<T> = std::result::Result<T, SocketError>;

/// Runs a call of the C library until it is not interrupted.
fn retry(mut call: impl FnMut() -> isize) -> Result<usize> {
    loop {
        let result = call();
        if let Ok(value) = usize::try_from(result) {
            return Ok(value);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return Err(SocketError::last());
        }
    }
}

impl SocketTable {
    /// Makes a socket; the numbers are those of the managed enums.
    ///
    /// # Errors
    /// `NO_FAMILY`, and what the system reports.
    pub fn open(&self, family: i32, kind: i32, protocol: i32) -> Result<isize> {
        let family = family_to_system(family).ok_or(SocketError::NO_FAMILY)?;
        // Stream 1, Dgram 2, Raw 3, Rdm 4, Seqpacket 5: the numbers of Linux.
        if !(1..=5).contains(&kind) {
            return Err(SocketError(10044));
        }
        // Unspecified is -1 in managed code.
        let protocol = protocol.max(0);
        // SAFETY: three numbers; a fresh descriptor or −1 comes back.
        let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol) };
        let handle = self.adopt(fd)?;
        if family == libc::AF_INET && kind == libc::SOCK_DGRAM || kind == libc::SOCK_STREAM {
            // Mono lets servers come back to their port at once.
            let _ = self.set_raw(handle, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1i32);
        }
        Ok(handle)
    }

    fn adopt(&self, fd: RawFd) -> Result<isize> {
        if fd < 0 {
            return Err(SocketError::last());
        }
        // SAFETY: the descriptor is fresh from the system, and nobody else has it.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        self.sockets.lock().insert(fd, Arc::new(owned));
        Ok(fd as isize)
    }

    /// The socket of a handle.
    ///
    /// # Errors
    /// `NOT_SOCKET`.
    pub fn get(&self, handle: isize) -> Result<Arc<OwnedFd>> {
        let number = RawFd::try_from(handle).map_err(|_| SocketError::NOT_SOCKET)?;
        self.sockets
            .lock()
            .get(&number)
            .cloned()
            .ok_or(SocketError::NOT_SOCKET)
    }

    /// Closes a socket.
    ///
    /// # Errors
    /// `NOT_SOCKET`.
    pub fn close(&self, handle: isize) -> Result<()> {
        let number = RawFd::try_from(handle).map_err(|_| SocketError::NOT_SOCKET)?;
        let socket = self
            .sockets
            .lock()
            .remove(&number)
            .ok_or(SocketError::NOT_SOCKET)?;
        if Arc::strong_count(&socket) > 1 {
            // SAFETY: the descriptor is open while `socket` lives.
            unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_RDWR) };
        }
        Ok(())
    }

    /// Shuts down receiving (0), sending (1) or both (2).
    ///
    /// # Errors
    /// What the system reports.
    pub fn shutdown(&self, handle: isize, how: i32) -> Result<()> {
        let socket = self.get(handle)?;
        // SAFETY: the descriptor is open while `socket` lives.
        retry(|| unsafe { libc::shutdown(socket.as_raw_fd(), how) } as isize).map(drop)
    }

    /// Binds to an address.
    ///
    /// # Errors
    /// `WSAEADDRINUSE` and the like.
    pub fn bind(&self, handle: isize, address: &SocketAddress) -> Result<()> {
        let socket = self.get(handle)?;
        let (pointer, length) = address.as_ptr();
        // SAFETY: the descriptor is open, and pointer and length are one address.
        retry(|| unsafe { libc::bind(socket.as_raw_fd(), pointer, length) } as isize).map(drop)
    }

    /// Waits for connections.
    ///
    /// # Errors
    /// What the system reports.
    pub fn listen(&self, handle: isize, backlog: i32) -> Result<()> {
        let socket = self.get(handle)?;
        // SAFETY: the descriptor is open while `socket` lives.
        retry(|| unsafe { libc::listen(socket.as_raw_fd(), backlog) } as isize).map(drop)
    }

    /// Takes the next connection (blocks as the socket does).
    ///
    /// # Errors
    /// What the system reports.
    pub fn accept(&self, handle: isize) -> Result<isize> {
        let socket = self.get(handle)?;
        let fd = retry(|| {
            // SAFETY: the descriptor is open; the peer's address is not asked for.
            let fd = unsafe {
                libc::accept4(
                    socket.as_raw_fd(),
                    std::ptr::null_mut(),
                    std::ptr::null_mut(),
                    libc::SOCK_CLOEXEC,
                )
            };
            fd as isize
        })?;
        self.adopt(fd as RawFd)
    }

    /// Connects to an address (blocks as the socket does).
    ///
    /// # Errors
    /// `WSAECONNREFUSED`, `WSAEINPROGRESS` for non-blocking sockets …
    pub fn connect(&self, handle: isize, address: &SocketAddress) -> Result<()> {
        let socket = self.get(handle)?;
        let (pointer, length) = address.as_ptr();
        // SAFETY: the descriptor is open, and pointer and length are one address.
        let code = unsafe { libc::connect(socket.as_raw_fd(), pointer, length) };
        if code == 0 {
            return Ok(());
        }
        let error = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
        if error != libc::EINTR {
            return Err(SocketError::from_errno(error));
        }
        // An interrupted connection goes on; wait for its end and ask what came of it.
        poll(socket.as_raw_fd(), libc::POLLOUT, -1)?;
        match self.pending_error(&socket)? {
            0 => Ok(()),
            errno => Err(SocketError::from_errno(errno)),
        }
    }

    /// Breaks a connection so that the socket can connect again.
    ///
    /// # Errors
    /// What the system reports.
    pub fn disconnect(&self, handle: isize) -> Result<()> {
        let socket = self.get(handle)?;
        // SAFETY: plain numbers; all zeros are AF_UNSPEC, which dissolves a connection (connect(2)).
        let nobody: libc::sockaddr = unsafe { std::mem::zeroed() };
        let length = size_of::<libc::sockaddr>() as libc::socklen_t;
        // SAFETY: the descriptor is open, and pointer and length are one address.
        retry(|| unsafe { libc::connect(socket.as_raw_fd(), &raw const nobody, length) } as isize)
            .map(drop)
    }

    /// Receives bytes, 0 at the end.
    ///
    /// # Errors
    /// What the system reports.
    pub fn receive(&self, handle: isize, buffer: &mut [u8], flags: i32) -> Result<usize> {
        let socket = self.get(handle)?;
        let flags = system_flags(flags);
        // SAFETY: the descriptor is open, and the buffer's length is passed.
        retry(|| unsafe {
            libc::recv(
                socket.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                flags,
            )
        })
    }

    /// Receives a datagram and its sender.
    ///
    /// # Errors
    /// What the system reports.
    pub fn receive_from(
        &self,
        handle: isize,
        buffer: &mut [u8],
        flags: i32,
    ) -> Result<(usize, SocketAddress)> {
        let socket = self.get(handle)?;
        let flags = system_flags(flags);
        let mut sender = SocketAddress::empty();
        let received = retry(|| {
            let (pointer, length) = sender.as_mut_ptr();
            // SAFETY: the descriptor is open; the buffer and the address have the lengths passed.
            unsafe {
                libc::recvfrom(
                    socket.as_raw_fd(),
                    buffer.as_mut_ptr().cast(),
                    buffer.len(),
                    flags,
                    pointer,
                    length,
                )
            }
        })?;
        Ok((received, sender))
    }

    /// Sends part or all of some bytes.
    ///
    /// # Errors
    /// What the system reports; a closed connection is `WSAESHUTDOWN`, never a signal.
    pub fn send(&self, handle: isize, buffer: &[u8], flags: i32) -> Result<usize> {
        let socket = self.get(handle)?;
        let flags = system_flags(flags) | libc::MSG_NOSIGNAL;
        // SAFETY: the descriptor is open, and the buffer's length is passed.
        retry(|| unsafe {
            libc::send(
                socket.as_raw_fd(),
                buffer.as_ptr().cast(),
                buffer.len(),
                flags,
            )
        })
    }

    /// Sends a datagram to an address.
    ///
    /// # Errors
    /// What the system reports.
    pub fn send_to(
        &self,
        handle: isize,
        buffer: &[u8],
        flags: i32,
        to: &SocketAddress,
    ) -> Result<usize> {
        let socket = self.get(handle)?;
        let flags = system_flags(flags) | libc::MSG_NOSIGNAL;
        let (pointer, length) = to.as_ptr();
        // SAFETY: the descriptor is open; the buffer and the address have the lengths passed.
        retry(|| unsafe {
            libc::sendto(
                socket.as_raw_fd(),
                buffer.as_ptr().cast(),
                buffer.len(),
                flags,
                pointer,
                length,
            )
        })
    }

    /// Bytes that can be read at once.
    ///
    /// # Errors
    /// What the system reports.
    pub fn available(&self, handle: isize) -> Result<i32> {
        let bytes = rustix::io::ioctl_fionread(&*self.get(handle)?);
        bytes
            .map(|bytes| bytes as i32)
            .map_err(|errno| SocketError::from_errno(errno.raw_os_error()))
    }

    /// Switches between blocking and non-blocking.
    ///
    /// # Errors
    /// What the system reports.
    pub fn set_blocking(&self, handle: isize, blocking: bool) -> Result<()> {
        let socket = self.get(handle)?;
        rustix::io::ioctl_fionbio(&*socket, !blocking)
            .map_err(|errno| SocketError::from_errno(errno.raw_os_error()))
    }

    /// Waits for an event, in microseconds (negative: no limit).
    ///
    /// # Errors
    /// What the system reports.
    pub fn poll(&self, handle: isize, mode: SelectMode, microseconds: i32) -> Result<bool> {
        let socket = self.get(handle)?;
        let timeout = if microseconds < 0 {
            -1
        } else {
            microseconds / 1000 + i32::from(microseconds % 1000 != 0)
        };
        let found = poll(socket.as_raw_fd(), mode.events(), timeout)?;
        Ok(match mode {
            SelectMode::Error => found & (libc::POLLPRI | libc::POLLERR) != 0,
            SelectMode::Read | SelectMode::Write => found != 0,
        })
    }

    /// This end's address.
    ///
    /// # Errors
    /// What the system reports.
    pub fn local_address(&self, handle: isize) -> Result<SocketAddress> {
        let socket = self.get(handle)?;
        let mut address = SocketAddress::empty();
        let (pointer, length) = address.as_mut_ptr();
        // SAFETY: the descriptor is open, and the address has the length passed.
        retry(|| unsafe { libc::getsockname(socket.as_raw_fd(), pointer, length) } as isize)?;
        Ok(address)
    }

    /// The other end's address.
    ///
    /// # Errors
    /// `WSAENOTCONN`.
    pub fn remote_address(&self, handle: isize) -> Result<SocketAddress> {
        let socket = self.get(handle)?;
        let mut address = SocketAddress::empty();
        let (pointer, length) = address.as_mut_ptr();
        // SAFETY: the descriptor is open, and the address has the length passed.
        retry(|| unsafe { libc::getpeername(socket.as_raw_fd(), pointer, length) } as isize)?;
        Ok(address)
    }

    fn pending_error(&self, socket: &OwnedFd) -> Result<i32> {
        let mut errno = 0i32;
        get_option(socket, libc::SOL_SOCKET, libc::SO_ERROR, &mut errno)?;
        Ok(errno)
    }

    /// A number option by managed numbers; lingering gives (whether, seconds).
    ///
    /// # Errors
    /// `NO_OPTION`, and what the system reports.
    pub fn option(&self, handle: isize, level: i32, name: i32) -> Result<(i32, i32)> {
        let socket = self.get(handle)?;
        let (level, name, kind) = option(level, name)?;
        match kind {
            OptionKind::Timeout => {
                let mut time = libc::timeval {
                    tv_sec: 0,
                    tv_usec: 0,
                };
                get_option(&socket, level, name, &mut time)?;
                Ok(((time.tv_sec * 1000 + time.tv_usec / 1000) as i32, 0))
            }
            OptionKind::Linger | OptionKind::DontLinger => {
                let mut linger = libc::linger {
                    l_onoff: 0,
                    l_linger: 0,
                };
                get_option(&socket, level, name, &mut linger)?;
                if kind == OptionKind::Linger {
                    Ok((linger.l_onoff, linger.l_linger))
                } else {
                    Ok((i32::from(linger.l_onoff == 0), 0))
                }
            }
            OptionKind::Error => {
                let errno = self.pending_error(&socket)?;
                Ok((
                    if errno == 0 {
                        0
                    } else {
                        SocketError::from_errno(errno).0
                    },
                    0,
                ))
            }
            OptionKind::Ignored => Ok((1, 0)),
            _ => {
                let mut value = 0i32;
                get_option(&socket, level, name, &mut value)?;
                if (level, name) == (libc::SOL_SOCKET, libc::SO_RCVBUF)
                    || (level, name) == (libc::SOL_SOCKET, libc::SO_SNDBUF)
                {
                    // Linux reports twice what was asked for (socket(7)).
                    value /= 2;
                }
                Ok((value, 0))
            }
        }
    }

    /// Sets a number option by managed numbers; for lingering also the seconds.
    ///
    /// # Errors
    /// `NO_OPTION`, and what the system reports.
    pub fn set_option(
        &self,
        handle: isize,
        level: i32,
        name: i32,
        value: i32,
        seconds: i32,
    ) -> Result<()> {
        let (level, name, kind) = option(level, name)?;
        match kind {
            OptionKind::Timeout => {
                let time = libc::timeval {
                    tv_sec: i64::from(value / 1000),
                    tv_usec: i64::from(value % 1000) * 1000,
                };
                self.set_raw(handle, level, name, &time)
            }
            OptionKind::Linger => self.set_raw(
                handle,
                level,
                name,
                &libc::linger {
                    l_onoff: value,
                    l_linger: seconds,
                },
            ),
            OptionKind::DontLinger => self.set_raw(
                handle,
                level,
                name,
                &libc::linger {
                    l_onoff: 0,
                    l_linger: 0,
                },
            ),
            OptionKind::Ignored => self.get(handle).map(drop),
            OptionKind::Group4 | OptionKind::Group6 => Err(SocketError::INVALID),
            OptionKind::Number | OptionKind::Error | OptionKind::Type => {
                self.set_raw(handle, level, name, &value)
            }
        }
    }

    /// Sets an option from bytes, or joins and leaves a group (IPv4: group and interface;
    /// IPv6: group and interface number).
    ///
    /// # Errors
    /// What the system reports.
    pub fn set_option_bytes(
        &self,
        handle: isize,
        level: i32,
        name: i32,
        bytes: &[u8],
    ) -> Result<()> {
        let socket = self.get(handle)?;
        let (level, name, _) = option(level, name)?;
        let length = libc::socklen_t::try_from(bytes.len()).map_err(|_| SocketError::FAULT)?;
        // SAFETY: the descriptor is open, and the bytes' length is passed.
        retry(|| unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                level,
                name,
                bytes.as_ptr().cast(),
                length,
            ) as isize
        })
        .map(drop)
    }

    fn set_raw<T>(&self, handle: isize, level: i32, name: i32, value: &T) -> Result<()> {
        let socket = self.get(handle)?;
        // SAFETY: the descriptor is open, and the value's size is passed.
        retry(|| unsafe {
            let length = size_of::<T>() as libc::socklen_t;
            libc::setsockopt(
                socket.as_raw_fd(),
                level,
                name,
                std::ptr::from_ref(value).cast(),
                length,
            ) as isize
        })
        .map(drop)
    }
}

fn get_option<T>(socket: &OwnedFd, level: i32, name: i32, value: &mut T) -> Result<()> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the value's size is passed.
    retry(|| unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            std::ptr::from_mut(value).cast(),
            &raw mut length,
        ) as isize
    })
    .map(drop)
}

/// OutOfBand 1, Peek 2, DontRoute 4 are the system's numbers; others are Windows' own.
fn system_flags(flags: i32) -> i32 {
    flags & (libc::MSG_OOB | libc::MSG_PEEK | libc::MSG_DONTROUTE)
}

fn poll(fd: RawFd, events: i16, milliseconds: i32) -> Result<i16> {
    let mut entry = libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    // SAFETY: one entry, at this address.
    retry(|| unsafe { libc::poll(&raw mut entry, 1, milliseconds) } as isize)?;
    Ok(entry.revents)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(port: u16) -> SocketAddress {
        let [high, low] = port.to_be_bytes();
        SocketAddress::from_managed(&[2, 0, high, low, 127, 0, 0, 1]).unwrap()
    }

    fn port(address: SocketAddress) -> u16 {
        let bytes = address.to_managed().unwrap();
        u16::from_be_bytes([bytes[2], bytes[3]])
    }

    #[test]
    fn a_connection_carries_bytes() {
        let table = SocketTable::default();
        let server = table.open(2, 1, 6).unwrap();
        table.bind(server, &loopback(0)).unwrap();
        table.listen(server, 5).unwrap();
        let address = table.local_address(server).unwrap();
        let client = table.open(2, 1, 6).unwrap();
        table.connect(client, &loopback(port(address))).unwrap();
        let peer = table.accept(server).unwrap();
        assert_eq!(table.send(client, b"hello", 0), Ok(5));
        assert_eq!(table.poll(peer, SelectMode::Read, 1_000_000), Ok(true));
        assert_eq!(table.available(peer), Ok(5));
        let mut buffer = [0; 16];
        assert_eq!(table.receive(peer, &mut buffer, 2), Ok(5));
        assert_eq!(table.receive(peer, &mut buffer, 0), Ok(5));
        assert_eq!(
            port(table.remote_address(peer).unwrap()),
            port(table.local_address(client).unwrap())
        );
        table.set_option(client, 6, 1, 1, 0).unwrap();
        assert_eq!(table.option(client, 6, 1), Ok((1, 0)));
        table.set_option(client, 0xffff, 0x1006, 1500, 0).unwrap();
        assert_eq!(table.option(client, 0xffff, 0x1006), Ok((1500, 0)));
        table.set_option(client, 0xffff, 0x80, 1, 3).unwrap();
        assert_eq!(table.option(client, 0xffff, 0x80), Ok((1, 3)));
        table.close(client).unwrap();
        assert_eq!(table.receive(peer, &mut buffer, 0).unwrap_or(0), 0);
        assert_eq!(table.send(client, b"x", 0), Err(SocketError::NOT_SOCKET));
    }

    #[test]
    fn closing_wakes_a_blocked_accept() {
        let table = Arc::new(SocketTable::default());
        let server = table.open(2, 1, 6).unwrap();
        table.bind(server, &loopback(0)).unwrap();
        table.listen(server, 5).unwrap();
        let other = Arc::clone(&table);
        let thread = std::thread::spawn(move || other.accept(server));
        while Arc::strong_count(&table.get(server).unwrap()) < 3 {
            std::thread::yield_now();
        }
        table.close(server).unwrap();
        assert!(thread.join().unwrap().is_err());
    }

    #[test]
    fn datagrams_and_errors() {
        let table = SocketTable::default();
        let a = table.open(2, 2, 17).unwrap();
        let b = table.open(2, 2, 17).unwrap();
        table.bind(a, &loopback(0)).unwrap();
        table.bind(b, &loopback(0)).unwrap();
        let to = loopback(port(table.local_address(b).unwrap()));
        assert_eq!(table.send_to(a, b"abc", 0, &to), Ok(3));
        let mut buffer = [0; 8];
        let (count, from) = table.receive_from(b, &mut buffer, 0).unwrap();
        assert_eq!(
            (count, port(from)),
            (3, port(table.local_address(a).unwrap()))
        );
        table.set_blocking(b, false).unwrap();
        assert_eq!(table.receive(b, &mut buffer, 0), Err(SocketError(10035)));
        assert_eq!(table.open(99, 1, 6), Err(SocketError::NO_FAMILY));
        let client = table.open(2, 1, 6).unwrap();
        assert_eq!(table.connect(client, &loopback(1)), Err(SocketError(10061)));
    }
}
