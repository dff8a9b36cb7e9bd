//! The default encoding, from the process' locale.

use std::ffi::CStr;

/// What `EncodingHelper.InternalCodePage` answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodePage {
    /// Mono's private number: 1 ASCII, 2 UTF-7, 3 UTF-8, 4 UTF-16, 5 big-endian
    /// UTF-16, 6 Latin-1, −1 unknown; UTF-8 also carries bit 28.
    pub number: i32,
    /// The character set's name when the number is unknown and was asked for by name.
    pub name: Option<String>,
}

const UTF8_FLAG: i32 = 0x1000_0000;

/// Name of the locale's character set (`UTF-8`, `ANSI_X3.4-1968` …). Reads `LC_ALL`,
/// `LC_CTYPE` and `LANG` without changing the process' locale.
#[must_use]
pub fn default_charset() -> String {
    // SAFETY: the arguments are a valid mask, a NUL-terminated name and "no base locale".
    let locale =
        unsafe { libc::newlocale(libc::LC_CTYPE_MASK, c"".as_ptr(), std::ptr::null_mut()) };
    if locale.is_null() {
        return "ANSI_X3.4-1968".to_owned();
    }
    // SAFETY: `locale` is valid until freed; the result is a NUL-terminated string that lives as
    // long as the locale, and is copied before that.
    let name = unsafe { CStr::from_ptr(libc::nl_langinfo_l(libc::CODESET, locale)) }
        .to_string_lossy()
        .into_owned();
    // SAFETY: made by `newlocale` above and not used again.
    unsafe { libc::freelocale(locale) };
    name
}

/// Number (or name) for a character set.
#[must_use]
pub fn internal_code_page(charset: &str, want_name: bool) -> CodePage {
    let folded: String = charset
        .chars()
        .map(|c| {
            if c == '-' {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    let mut number = match folded.as_str() {
        "ascii" | "us_ascii" | "us" | "ansi_x3.4_1968" | "ansi_x3.4_1986" | "cp367" | "csascii"
        | "ibm367" | "iso_ir_6" | "iso646_us" | "iso_646.irv:1991" => 1,
        "utf_7"
        | "csunicode11utf7"
        | "unicode_1_1_utf_7"
        | "unicode_2_0_utf_7"
        | "x_unicode_1_1_utf_7"
        | "x_unicode_2_0_utf_7" => 2,
        "utf_8"
        | "unicode_1_1_utf_8"
        | "unicode_2_0_utf_8"
        | "x_unicode_1_1_utf_8"
        | "x_unicode_2_0_utf_8" => 3,
        "utf_16" | "ucs_2" | "unicode" | "iso_10646_ucs2" => 4,
        "unicodefffe" | "utf_16be" => 5,
        "iso_8859_1" => 6,
        _ => -1,
    };
    if folded.contains("utf_8") {
        number |= UTF8_FLAG;
    }
    CodePage {
        number,
        name: (want_name && number == -1).then(|| charset.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_have_monos_numbers() {
        assert_eq!(internal_code_page("UTF-8", false).number, 0x1000_0003);
        assert_eq!(
            internal_code_page("ANSI_X3.4-1968", true),
            CodePage {
                number: 1,
                name: None
            }
        );
        assert_eq!(internal_code_page("ISO-8859-1", true).number, 6);
        assert_eq!(
            internal_code_page("KOI8-R", true),
            CodePage {
                number: -1,
                name: Some("KOI8-R".to_owned())
            }
        );
        assert_eq!(internal_code_page("KOI8-R", false).name, None);
    }

    #[test]
    fn the_process_has_a_charset() {
        assert!(!default_charset().is_empty());
    }
}
