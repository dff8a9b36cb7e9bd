//! Names and strings as `ilasm` reads them.

use alloc::string::String;
use core::fmt::Write as _;

use super::keywords::is_reserved;

/// A name where one identifier is expected: quoted unless it is a plain word.
pub(super) fn identifier(name: &str) -> String {
    if is_word(name) && !is_reserved(name) {
        name.into()
    } else {
        quoted(name)
    }
}

/// A name where dots may be part of it: a type with its namespace, an assembly, a method.
pub(super) fn dotted(name: &str) -> String {
    let plain = if name.contains('.') {
        name.split('.').all(is_part) && name.split('.').next().is_some_and(is_word)
    } else {
        is_word(name)
    };
    if plain && !is_reserved(name) {
        name.into()
    } else {
        quoted(name)
    }
}

/// The name of a method, where constructors have tokens of their own.
pub(super) fn method(name: &str) -> String {
    match name {
        ".ctor" | ".cctor" => name.into(),
        _ => dotted(name),
    }
}

/// A word that starts with a letter.
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') && is_part(text)
}

fn is_part(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|part| part.is_ascii_alphanumeric() || part == '_' || part == '`')
}

fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('\'');
    name.chars().for_each(|part| escaped(&mut text, part, '\''));
    text.push('\'');
    text
}

/// A string in double quotes.
pub(super) fn string(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    value.chars().for_each(|part| escaped(&mut text, part, '"'));
    text.push('"');
    text
}

/// UTF-16 as a string in double quotes; `None` when it is not well-formed.
pub(super) fn utf16(units: impl Iterator<Item = u16>) -> Option<String> {
    let mut text = String::from("\"");
    for part in char::decode_utf16(units) {
        escaped(&mut text, part.ok()?, '"');
    }
    text.push('"');
    Some(text)
}

fn escaped(text: &mut String, part: char, quote: char) {
    match part {
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        _ if part == quote => {
            text.push('\\');
            text.push(part);
        }
        // Three octal digits are the only numeric escape.
        _ if part.is_control() => {
            let _ = write!(text, "\\{:03o}", u32::from(part));
        }
        _ => text.push(part),
    }
}

/// Bytes in parentheses: `( 01 00 FF )`.
pub(super) fn bytes(bytes: &[u8]) -> String {
    const PER_LINE: usize = 32;
    let mut text = String::with_capacity(bytes.len() * 3 + 4);
    text.push('(');
    for (position, byte) in bytes.iter().enumerate() {
        let separator = if position != 0 && position % PER_LINE == 0 {
            '\n'
        } else {
            ' '
        };
        text.push(separator);
        let _ = write!(text, "{byte:02X}");
    }
    text.push_str(" )");
    text
}

#[cfg(test)]
mod tests {
    use super::{bytes, dotted, identifier, method, string, utf16};

    #[test]
    fn names_are_quoted_when_needed() {
        assert_eq!(identifier("Main"), "Main");
        assert_eq!(identifier("value"), "'value'");
        assert_eq!(identifier("add"), "'add'");
        assert_eq!(identifier("<>f__am$cache0"), "'<>f__am$cache0'");
        assert_eq!(identifier("a.b"), "'a.b'");
        assert_eq!(identifier("it's"), "'it\\'s'");
        assert_eq!(identifier(""), "''");
        assert_eq!(
            dotted("System.Collections.Generic.List`1"),
            "System.Collections.Generic.List`1"
        );
        assert_eq!(dotted("add.ovf"), "'add.ovf'");
        assert_eq!(dotted("A..B"), "'A..B'");
        assert_eq!(dotted("3D.Model"), "'3D.Model'");
        assert_eq!(dotted("A.3D"), "A.3D");
        assert_eq!(method(".ctor"), ".ctor");
        assert_eq!(method("Größe"), "'Größe'");
    }

    #[test]
    fn strings_have_octal_escapes() {
        assert_eq!(string("a\"b\\\n\u{7f}\0"), "\"a\\\"b\\\\\\n\\177\\000\"");
        assert_eq!(utf16("π😀".encode_utf16()).as_deref(), Some("\"π😀\""));
        assert_eq!(utf16([0xD800].into_iter()), None);
        assert_eq!(bytes(&[1, 0, 255]), "( 01 00 FF )");
        assert_eq!(bytes(&[]), "( )");
    }
}
