//! `RNGCryptoServiceProvider`, `SecurityManager`, `Evidence`, `WindowsIdentity`.

use super::fill_random;
use crate::prelude::{IcallTable, Managed, ObjRef, StringRef, Thread, icall, new_string};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Security.Cryptography.RNGCryptoServiceProvider")
        .add("RngClose", icall(rng_close))
        .add("RngGetBytes", icall(rng_get_bytes))
        .add("RngInitialize", icall(rng_initialize))
        .add("RngOpen", icall(rng_open));
    table
        .class("System.Security.SecurityManager")
        .add("get_SecurityEnabled", icall(security_enabled))
        .add("set_SecurityEnabled", icall(set_security_enabled));
    table
        .class("System.Security.Policy.Evidence")
        .add("IsAuthenticodePresent", icall(no_authenticode));
    table
        .class("System.Security.Principal.WindowsIdentity")
        .add("GetCurrentToken", icall(current_token))
        .add("GetTokenName", icall(token_name));
}

/// False: there is no shared source to guard; every provider has its own handle.
fn rng_open(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

/// The system's generator needs no seed; any handle but 0 will do.
fn rng_initialize(_t: &Thread, _seed: *const u8, _length: isize) -> Managed<isize> {
    Ok(1)
}

/// Fills the buffer and gives the handle back, 0 when the system fails.
fn rng_get_bytes(_t: &Thread, handle: isize, data: *mut u8, length: isize) -> Managed<isize> {
    let Ok(length) = usize::try_from(length) else {
        return Ok(0);
    };
    if length == 0 || data.is_null() {
        return Ok(handle);
    }
    // SAFETY: managed code passes a pinned array of this length.
    let buffer = unsafe { std::slice::from_raw_parts_mut(data, length) };
    Ok(if fill_random(buffer).is_ok() {
        handle
    } else {
        0
    })
}

fn rng_close(_t: &Thread, _handle: isize) -> Managed<()> {
    Ok(())
}

fn security_enabled(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

fn set_security_enabled(_t: &Thread, _enabled: bool) -> Managed<()> {
    // Code access security is not enforced, by Mono or here.
    Ok(())
}

fn no_authenticode(_t: &Thread, _assembly: ObjRef) -> Managed<bool> {
    Ok(false)
}

fn current_token(_t: &Thread) -> Managed<isize> {
    Ok(rustix::process::geteuid().as_raw() as isize)
}

fn token_name(t: &Thread, _token: isize) -> Managed<StringRef> {
    new_string(t, &crate::environment::user_name())
}
