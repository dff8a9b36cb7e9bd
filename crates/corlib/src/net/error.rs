//! Winsock error numbers, as `System.Net.Sockets.SocketError` has them.

/// A Winsock error.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("socket error {0}")]
pub struct SocketError(pub i32);

impl SocketError {
    /// `WSAEFAULT`.
    pub const FAULT: SocketError = SocketError(10014);
    /// `WSAEINVAL`.
    pub const INVALID: SocketError = SocketError(10022);
    /// `WSAENOTSOCK`.
    pub const NOT_SOCKET: SocketError = SocketError(10038);
    /// `WSAENOPROTOOPT`.
    pub const NO_OPTION: SocketError = SocketError(10042);
    /// `WSAEAFNOSUPPORT`.
    pub const NO_FAMILY: SocketError = SocketError(10047);

    /// The number Mono reports for a Unix error.
    #[must_use]
    pub fn from_errno(errno: i32) -> SocketError {
        SocketError(match errno {
            libc::EINTR => 10004,
            libc::EACCES | libc::EPERM => 10013,
            libc::EFAULT => 10014,
            libc::EINVAL | libc::EDOM => 10022,
            libc::EMFILE | libc::ENFILE => 10024,
            libc::EAGAIN => 10035,
            libc::EINPROGRESS => 10036,
            libc::EALREADY => 10037,
            libc::ENOTSOCK | libc::EBADF | libc::ENOTTY => 10038,
            libc::EDESTADDRREQ => 10039,
            libc::EMSGSIZE => 10040,
            libc::EPROTOTYPE => 10041,
            libc::ENOPROTOOPT => 10042,
            libc::EPROTONOSUPPORT => 10043,
            libc::ESOCKTNOSUPPORT => 10044,
            libc::EOPNOTSUPP => 10045,
            libc::EAFNOSUPPORT => 10047,
            libc::EADDRINUSE => 10048,
            libc::EADDRNOTAVAIL => 10049,
            libc::ECONNABORTED | libc::ENETDOWN | libc::ENODEV | libc::ENOSR => 10050,
            libc::ENETUNREACH | libc::ENONET => 10051,
            libc::ECONNRESET => 10054,
            libc::ENOBUFS | libc::ENOMEM => 10055,
            libc::EISCONN => 10056,
            libc::ENOTCONN => 10057,
            libc::EPIPE => 10058,
            libc::ETIMEDOUT => 10060,
            libc::ECONNREFUSED | libc::ENOENT => 10061,
            libc::ELOOP => 10062,
            libc::ENAMETOOLONG => 10063,
            libc::EHOSTDOWN => 10064,
            libc::EHOSTUNREACH => 10065,
            libc::EIO => 6,
            libc::ENOTDIR => 87,
            // `WSASYSCALLFAILURE`: Mono names no other number either.
            _ => 10107,
        })
    }

    /// What the last call of the C library in this thread failed with.
    #[must_use]
    pub fn last() -> SocketError {
        SocketError::from_errno(
            std::io::Error::last_os_error()
                .raw_os_error()
                .unwrap_or(libc::EIO),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_errors_have_winsock_numbers() {
        assert_eq!(
            SocketError::from_errno(libc::ECONNREFUSED),
            SocketError(10061)
        );
        assert_eq!(
            SocketError::from_errno(libc::EWOULDBLOCK),
            SocketError(10035)
        );
        assert_eq!(SocketError::from_errno(libc::ERANGE), SocketError(10107));
    }
}
