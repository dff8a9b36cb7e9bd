//! Unix errors and their platform-independent numbers (`Interop.Error`).

use std::ffi::CStr;

/// (errno of this system, `Interop.Error`).
const ERRORS: &[(i32, i32)] = &[
    (libc::E2BIG, 0x10001),
    (libc::EACCES, 0x10002),
    (libc::EADDRINUSE, 0x10003),
    (libc::EADDRNOTAVAIL, 0x10004),
    (libc::EAFNOSUPPORT, 0x10005),
    (libc::EAGAIN, 0x10006),
    (libc::EALREADY, 0x10007),
    (libc::EBADF, 0x10008),
    (libc::EBADMSG, 0x10009),
    (libc::EBUSY, 0x1000a),
    (libc::ECANCELED, 0x1000b),
    (libc::ECHILD, 0x1000c),
    (libc::ECONNABORTED, 0x1000d),
    (libc::ECONNREFUSED, 0x1000e),
    (libc::ECONNRESET, 0x1000f),
    (libc::EDEADLK, 0x10010),
    (libc::EDESTADDRREQ, 0x10011),
    (libc::EDOM, 0x10012),
    (libc::EDQUOT, 0x10013),
    (libc::EEXIST, 0x10014),
    (libc::EFAULT, 0x10015),
    (libc::EFBIG, 0x10016),
    (libc::EHOSTUNREACH, 0x10017),
    (libc::EIDRM, 0x10018),
    (libc::EILSEQ, 0x10019),
    (libc::EINPROGRESS, 0x1001a),
    (libc::EINTR, 0x1001b),
    (libc::EINVAL, 0x1001c),
    (libc::EIO, 0x1001d),
    (libc::EISCONN, 0x1001e),
    (libc::EISDIR, 0x1001f),
    (libc::ELOOP, 0x10020),
    (libc::EMFILE, 0x10021),
    (libc::EMLINK, 0x10022),
    (libc::EMSGSIZE, 0x10023),
    (libc::EMULTIHOP, 0x10024),
    (libc::ENAMETOOLONG, 0x10025),
    (libc::ENETDOWN, 0x10026),
    (libc::ENETRESET, 0x10027),
    (libc::ENETUNREACH, 0x10028),
    (libc::ENFILE, 0x10029),
    (libc::ENOBUFS, 0x1002a),
    (libc::ENODEV, 0x1002c),
    (libc::ENOENT, 0x1002d),
    (libc::ENOEXEC, 0x1002e),
    (libc::ENOLCK, 0x1002f),
    (libc::ENOLINK, 0x10030),
    (libc::ENOMEM, 0x10031),
    (libc::ENOMSG, 0x10032),
    (libc::ENOPROTOOPT, 0x10033),
    (libc::ENOSPC, 0x10034),
    (libc::ENOSYS, 0x10037),
    (libc::ENOTCONN, 0x10038),
    (libc::ENOTDIR, 0x10039),
    (libc::ENOTEMPTY, 0x1003a),
    (libc::ENOTSOCK, 0x1003c),
    (libc::ENOTSUP, 0x1003d),
    (libc::ENOTTY, 0x1003e),
    (libc::ENXIO, 0x1003f),
    (libc::EOVERFLOW, 0x10040),
    (libc::EPERM, 0x10042),
    (libc::EPIPE, 0x10043),
    (libc::EPROTO, 0x10044),
    (libc::EPROTONOSUPPORT, 0x10045),
    (libc::EPROTOTYPE, 0x10046),
    (libc::ERANGE, 0x10047),
    (libc::EROFS, 0x10048),
    (libc::ESPIPE, 0x10049),
    (libc::ESRCH, 0x1004a),
    (libc::ESTALE, 0x1004b),
    (libc::ETIMEDOUT, 0x1004d),
    (libc::ETXTBSY, 0x1004e),
    (libc::EXDEV, 0x1004f),
    (libc::ESOCKTNOSUPPORT, 0x1005e),
    (libc::EPFNOSUPPORT, 0x10060),
    (libc::ESHUTDOWN, 0x1006c),
    (libc::EHOSTDOWN, 0x10070),
    (libc::ENODATA, 0x10071),
];

/// `Interop.Error.ENONSTANDARD`: an error without a number of its own.
const NON_STANDARD: i32 = 0x1FFFF;

/// `SystemNative_ConvertErrorPlatformToPal`.
#[must_use]
pub fn platform_to_pal(errno: i32) -> i32 {
    match errno {
        0 => 0,
        _ => ERRORS
            .iter()
            .find(|entry| entry.0 == errno)
            .map_or(NON_STANDARD, |entry| entry.1),
    }
}

/// `SystemNative_ConvertErrorPalToPlatform`; −1 for unknown numbers.
#[must_use]
pub fn pal_to_platform(pal: i32) -> i32 {
    match pal {
        0 => 0,
        _ => ERRORS
            .iter()
            .find(|entry| entry.1 == pal)
            .map_or(-1, |entry| entry.0),
    }
}

/// The system's text for an error.
#[must_use]
pub fn error_text(errno: i32) -> String {
    let mut buffer = [0 as libc::c_char; 256];
    // SAFETY: the buffer's size is passed; the POSIX form writes a NUL-terminated text into it.
    let code = unsafe { libc::strerror_r(errno, buffer.as_mut_ptr(), buffer.len()) };
    if code != 0 && buffer[0] == 0 {
        return format!("Unknown error {errno}");
    }
    // SAFETY: the text in the buffer is NUL-terminated.
    unsafe { CStr::from_ptr(buffer.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_both_ways() {
        assert_eq!(platform_to_pal(libc::ENOENT), 0x1002d);
        assert_eq!(pal_to_platform(0x1002d), libc::ENOENT);
        assert_eq!(platform_to_pal(0), 0);
        assert_eq!(platform_to_pal(9999), NON_STANDARD);
        assert_eq!(pal_to_platform(77), -1);
        for &(errno, pal) in ERRORS {
            assert_eq!(pal_to_platform(platform_to_pal(errno)), errno, "{pal:#x}");
        }
    }

    #[test]
    fn texts_are_the_system_s() {
        assert_eq!(error_text(libc::ENOENT), "No such file or directory");
        assert!(error_text(9999).contains("9999"));
    }
}
