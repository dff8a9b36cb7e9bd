//! The few functions of the C library that the class library calls by P/Invoke.

use std::ffi::CString;

use crate::prelude::{ArrayRef, ByRef, IcallTable, Managed, StringRef, Thread, icall};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Net.NetworkInformation.UnixNetworkInterfaceAPI")
        .add("freeifaddrs", icall(free_interfaces))
        .add("getifaddrs", icall(get_interfaces))
        .add("if_nametoindex", icall(interface_index));
    table
        .class("System.Net.NetworkInformation.CommonUnixIPGlobalProperties")
        .add("getdomainname", icall(domain_name))
        .add("gethostname", icall(host_name));
    table.class("System.Platform").add("uname", icall(uname));
    table
        .class("System.ParameterizedStrings")
        .add("snprintf(byte*,intptr,string,int)", icall(print_number))
        .add("snprintf(byte*,intptr,string,string)", icall(print_text));
}

/// The list's first node; managed code reads the nodes as C declares them.
fn get_interfaces(_t: &Thread, list: ByRef<usize>) -> Managed<i32> {
    let mut first = std::ptr::null_mut();
    // SAFETY: a place for the result.
    let code = unsafe { libc::getifaddrs(&raw mut first) };
    list.set(first as usize);
    Ok(code)
}

fn free_interfaces(_t: &Thread, list: isize) -> Managed<()> {
    // SAFETY: managed code passes what `get_interfaces` gave it, once.
    unsafe { libc::freeifaddrs(list as *mut libc::ifaddrs) };
    Ok(())
}

/// 0 when there is no such interface.
fn interface_index(_t: &Thread, name: StringRef) -> Managed<i32> {
    let Ok(name) = CString::new(name.to_string_lossy()) else {
        return Ok(0);
    };
    // SAFETY: a NUL-terminated name.
    Ok(unsafe { libc::if_nametoindex(name.as_ptr()) } as i32)
}

/// Copies a text and a NUL into a managed array; −1 when it does not fit.
fn copy_name(name: &[u8], target: ArrayRef, length: i32) -> i32 {
    let room = usize::try_from(length).unwrap_or(0).min(target.len());
    if name.len() >= room {
        return -1;
    }
    let target = target.as_mut_slice::<u8>();
    target[..name.len()].copy_from_slice(name);
    target[name.len()] = 0;
    0
}

fn host_name(_t: &Thread, target: ArrayRef, length: i32) -> Managed<i32> {
    Ok(copy_name(
        rustix::system::uname().nodename().to_bytes(),
        target,
        length,
    ))
}

fn domain_name(_t: &Thread, target: ArrayRef, length: i32) -> Managed<i32> {
    Ok(copy_name(
        rustix::system::uname().domainname().to_bytes(),
        target,
        length,
    ))
}

/// Fills a `utsname`, of which managed code reads the first text.
fn uname(_t: &Thread, buffer: *mut libc::utsname) -> Managed<i32> {
    if buffer.is_null() {
        return Ok(-1);
    }
    // SAFETY: managed code passes 8192 bytes, more than a utsname.
    Ok(unsafe { libc::uname(buffer) })
}

/// Whether a format has exactly one conversion, of one of these kinds, and no `*`.
fn is_single_conversion(format: &[u8], kinds: &[u8]) -> bool {
    let mut rest = format;
    let mut found = 0;
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(b"%") {
            rest = after;
            continue;
        }
        let skip = rest
            .iter()
            .position(|byte| !b"0123456789.+-# ".contains(byte));
        match skip {
            Some(skip) if kinds.contains(&rest[skip]) => rest = &rest[skip + 1..],
            _ => return false,
        }
        found += 1;
    }
    found == 1
}

fn print_number(
    t: &Thread,
    target: *mut u8,
    size: isize,
    format: StringRef,
    value: i32,
) -> Managed<i32> {
    let format = format.to_string_lossy();
    let (Ok(text), Ok(size)) = (CString::new(format.as_bytes()), usize::try_from(size)) else {
        return Ok(-1);
    };
    if !is_single_conversion(format.as_bytes(), b"dioxXcu") {
        return Err(unsupported(t, &format));
    }
    // SAFETY: the format takes one int (checked above), and the buffer has `size` bytes.
    Ok(unsafe { libc::snprintf(target.cast(), size, text.as_ptr(), value) })
}

fn print_text(
    t: &Thread,
    target: *mut u8,
    size: isize,
    format: StringRef,
    value: StringRef,
) -> Managed<i32> {
    let format = format.to_string_lossy();
    let (Ok(text), Ok(value), Ok(size)) = (
        CString::new(format.as_bytes()),
        CString::new(value.to_string_lossy()),
        usize::try_from(size),
    ) else {
        return Ok(-1);
    };
    if !is_single_conversion(format.as_bytes(), b"s") {
        return Err(unsupported(t, &format));
    }
    // SAFETY: the format takes one text (checked above), and the buffer has `size` bytes.
    Ok(unsafe { libc::snprintf(target.cast(), size, text.as_ptr(), value.as_ptr()) })
}

fn unsupported(t: &Thread, format: &str) -> crate::prelude::Thrown {
    let message = format!("The format '{format}' is not one that terminal descriptions use.");
    crate::prelude::throw(t, "System", "NotSupportedException", &message)
}

#[cfg(test)]
mod tests {
    use super::is_single_conversion;

    #[test]
    fn formats_are_checked_before_the_c_library_sees_them() {
        for good in ["%d", "%02x", "a%%b%+3.2d"] {
            assert!(is_single_conversion(good.as_bytes(), b"dx"), "{good}");
        }
        for bad in ["", "%s", "%d%d", "%*d", "%n", "%", "%5", "%ld"] {
            assert!(!is_single_conversion(bad.as_bytes(), b"dx"), "{bad}");
        }
    }
}
