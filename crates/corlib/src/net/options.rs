//! `SocketOptionLevel` and `SocketOptionName` in the system's numbers.

use super::SocketError;

/// How an option's value looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OptionKind {
    /// A number.
    Number,
    /// `linger`: whether, and seconds.
    Linger,
    /// A number that is the opposite of lingering.
    DontLinger,
    /// `timeval`; milliseconds in managed code.
    Timeout,
    /// The pending error, a Unix number.
    Error,
    /// The socket's type.
    Type,
    /// A multicast group of IPv4.
    Group4,
    /// A multicast group of IPv6.
    Group6,
    /// Accepted and without effect here.
    Ignored,
}

/// The system's level and number of an option, and its kind.
///
/// # Errors
/// `NO_OPTION` for what this system does not have.
pub fn option(level: i32, name: i32) -> Result<(i32, i32, OptionKind), SocketError> {
    use OptionKind as Kind;
    const SOCKET: i32 = 0xffff;
    let number = |level, name| Ok((level, name, Kind::Number));
    match (level, name) {
        (SOCKET, 0x1) => number(libc::SOL_SOCKET, libc::SO_DEBUG),
        (SOCKET, 0x2) => number(libc::SOL_SOCKET, libc::SO_ACCEPTCONN),
        (SOCKET, 0x4) => number(libc::SOL_SOCKET, libc::SO_REUSEADDR),
        (SOCKET, 0x8) => number(libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        (SOCKET, 0x10) => number(libc::SOL_SOCKET, libc::SO_DONTROUTE),
        (SOCKET, 0x20) => number(libc::SOL_SOCKET, libc::SO_BROADCAST),
        (SOCKET, 0x80) => Ok((libc::SOL_SOCKET, libc::SO_LINGER, Kind::Linger)),
        (SOCKET, -129) => Ok((libc::SOL_SOCKET, libc::SO_LINGER, Kind::DontLinger)),
        (SOCKET, 0x100) => number(libc::SOL_SOCKET, libc::SO_OOBINLINE),
        (SOCKET, 0x1001) => number(libc::SOL_SOCKET, libc::SO_SNDBUF),
        (SOCKET, 0x1002) => number(libc::SOL_SOCKET, libc::SO_RCVBUF),
        (SOCKET, 0x1003) => number(libc::SOL_SOCKET, libc::SO_SNDLOWAT),
        (SOCKET, 0x1004) => number(libc::SOL_SOCKET, libc::SO_RCVLOWAT),
        (SOCKET, 0x1005) => Ok((libc::SOL_SOCKET, libc::SO_SNDTIMEO, Kind::Timeout)),
        (SOCKET, 0x1006) => Ok((libc::SOL_SOCKET, libc::SO_RCVTIMEO, Kind::Timeout)),
        (SOCKET, 0x1007) => Ok((libc::SOL_SOCKET, libc::SO_ERROR, Kind::Error)),
        (SOCKET, 0x1008) => Ok((libc::SOL_SOCKET, libc::SO_TYPE, Kind::Type)),
        // ExclusiveAddressUse: the default of Unix.
        (SOCKET, -5) => Ok((libc::SOL_SOCKET, 0, Kind::Ignored)),
        (0, 2) => number(libc::IPPROTO_IP, libc::IP_HDRINCL),
        (0, 3) => number(libc::IPPROTO_IP, libc::IP_TOS),
        (0, 4) => number(libc::IPPROTO_IP, libc::IP_TTL),
        (0, 9) => number(libc::IPPROTO_IP, libc::IP_MULTICAST_IF),
        (0, 10) => number(libc::IPPROTO_IP, libc::IP_MULTICAST_TTL),
        (0, 11) => number(libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP),
        (0, 12) => Ok((libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, Kind::Group4)),
        (0, 13) => Ok((libc::IPPROTO_IP, libc::IP_DROP_MEMBERSHIP, Kind::Group4)),
        (0, 14) => number(libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
        (0, 19) => number(libc::IPPROTO_IP, libc::IP_PKTINFO),
        (41, 4 | 21) => number(libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS),
        (41, 9) => number(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_IF),
        (41, 10) => number(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_HOPS),
        (41, 11) => number(libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_LOOP),
        (41, 12) => Ok((libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, Kind::Group6)),
        (41, 13) => Ok((libc::IPPROTO_IPV6, libc::IPV6_DROP_MEMBERSHIP, Kind::Group6)),
        (41, 19) => number(libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        (41, 27) => number(libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
        (6, 1) => number(libc::IPPROTO_TCP, libc::TCP_NODELAY),
        _ => Err(SocketError::NO_OPTION),
    }
}
