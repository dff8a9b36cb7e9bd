//! Host names and addresses, through the system's resolver.

use std::ffi::{CStr, CString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a look-up found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostEntry {
    /// Canonical name.
    pub name: String,
    /// Addresses, each once.
    pub addresses: Vec<IpAddr>,
}

/// This machine's name.
#[must_use]
pub fn host_name() -> String {
    crate::environment::machine_name()
}

/// Addresses of a name.
#[must_use]
pub fn lookup_name(name: &str) -> Option<HostEntry> {
    let text = CString::new(name).ok()?;
    // SAFETY: plain data of numbers and pointers; all zeros are valid hints.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    hints.ai_flags = libc::AI_CANONNAME;
    let mut list = std::ptr::null_mut();
    // SAFETY: a NUL-terminated name, no service, valid hints, and a place for the result.
    let code = unsafe {
        libc::getaddrinfo(
            text.as_ptr(),
            std::ptr::null(),
            &raw const hints,
            &raw mut list,
        )
    };
    if code != 0 {
        return None;
    }
    let mut entry = HostEntry {
        name: name.to_owned(),
        addresses: Vec::new(),
    };
    let mut node = list;
    while !node.is_null() {
        // SAFETY: nodes of the list are valid until it is freed.
        let info = unsafe { &*node };
        if !info.ai_canonname.is_null() {
            // SAFETY: the resolver's names end with NUL.
            entry.name = unsafe { CStr::from_ptr(info.ai_canonname) }
                .to_string_lossy()
                .into_owned();
        }
        if let Some(address) = address_of(info)
            && !entry.addresses.contains(&address)
        {
            entry.addresses.push(address);
        }
        node = info.ai_next;
    }
    // SAFETY: the list came from getaddrinfo and is freed once.
    unsafe { libc::freeaddrinfo(list) };
    Some(entry)
}

fn address_of(info: &libc::addrinfo) -> Option<IpAddr> {
    match info.ai_family {
        libc::AF_INET => {
            // SAFETY: an AF_INET node has a sockaddr_in.
            let address = unsafe { info.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            Some(IpAddr::V4(Ipv4Addr::from(u32::from_be(
                address.sin_addr.s_addr,
            ))))
        }
        libc::AF_INET6 => {
            // SAFETY: an AF_INET6 node has a sockaddr_in6.
            let address = unsafe { info.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            Some(IpAddr::V6(Ipv6Addr::from(address.sin6_addr.s6_addr)))
        }
        _ => None,
    }
}

/// Name of an address, and the addresses of that name.
#[must_use]
pub fn lookup_address(address: IpAddr) -> Option<HostEntry> {
    let mut bytes = match address {
        IpAddr::V4(v4) => [&[2, 0, 0, 0][..], &v4.octets()].concat(),
        IpAddr::V6(v6) => [&[23, 0, 0, 0, 0, 0, 0, 0][..], &v6.octets(), &[0; 4]].concat(),
    };
    bytes.resize(bytes.len().max(8), 0);
    let system = super::SocketAddress::from_managed(&bytes).ok()?;
    let (pointer, length) = system.as_ptr();
    let mut buffer = [0 as libc::c_char; 1025];
    // SAFETY: the address and the buffer are live and have the lengths passed.
    let code = unsafe {
        libc::getnameinfo(
            pointer,
            length,
            buffer.as_mut_ptr(),
            buffer.len() as libc::socklen_t,
            std::ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    if code != 0 {
        return None;
    }
    // SAFETY: the resolver wrote a NUL-terminated name.
    let name = unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned();
    Some(lookup_name(&name).unwrap_or(HostEntry {
        name,
        addresses: vec![address],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_need_no_server() {
        let entry = lookup_name("127.0.0.1").unwrap();
        assert_eq!(entry.addresses, [IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        assert!(lookup_name("no\0name").is_none());
        assert!(!host_name().is_empty());
    }
}
