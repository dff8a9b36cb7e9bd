//! Bytes, strings, numbers, constants and attribute values.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt::{self, Write as _};

use super::Listing;
use crate::cattr::{self, ClassKind, LocalResolver, TypeResolver, Value};
use crate::text::Error;
use crate::{ElementType, Reader, Rid, Scalar, TableId, Token};

/// `01 FF`
pub(super) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

/// Sixteen bytes on a line of their own, each with its offset.
pub(super) fn hex_lines(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, bytes) in bytes.chunks(16).enumerate() {
        let _ = write!(text, "\n0x{:08X}: {} ", line * 16, hex(bytes));
    }
    text
}

/// UTF-16 as a string in quotes when all of it is printable ASCII or a common escape; otherwise the bytes.
pub(super) fn string_or_bytes(utf16: &[u8]) -> String {
    let mut text = String::from("\"");
    for unit in utf16.as_chunks::<2>().0 {
        match *unit {
            [b'\n', 0] => text += "\\n",
            [b'\r', 0] => text += "\\r",
            [b'\t', 0] => text += "\\t",
            [quoted @ (b'"' | b'\\'), 0] => {
                text.push('\\');
                text.push(char::from(quoted));
            }
            [plain @ 0x20..=0x7E, 0] => text.push(char::from(plain)),
            _ => return byte_array(utf16),
        }
    }
    text.push('"');
    text
}

fn byte_array(bytes: &[u8]) -> String {
    let mut text = String::from("bytearray (\n\t");
    let last = bytes.len().div_ceil(16).saturating_sub(1);
    for (line, bytes) in bytes.chunks(16).enumerate() {
        bytes.iter().for_each(|byte| {
            let _ = write!(text, "{byte:02x} ");
        });
        match (line == last, bytes.len()) {
            (true, 16) => text += ")// ",
            (true, len) => {
                text += ")  ";
                text.extend(core::iter::repeat_n("   ", 15 - len));
                text += " // ";
            }
            (false, _) => text += " // ",
        }
        text.extend(bytes.iter().map(|byte| match byte {
            0x20..=0x7E => char::from(*byte),
            _ => '.',
        }));
        text += "\n\t";
    }
    text
}

/// A number with so many digits, as C's `%g` writes it.
pub(super) fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if (-4..limit).contains(&exponent) {
        let decimals = usize::try_from(limit - 1 - exponent).unwrap_or(0);
        return trimmed(&format!("{value:.decimals$}")).into();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs())
}

/// Without zeros after the last digit of a fraction.
fn trimmed(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// A float for assembler text: never without a point or an exponent, which would make it an integer.
fn float(value: f64) -> String {
    let text = general(value, 17);
    if text.contains(['.', 'e']) {
        text
    } else {
        text + "."
    }
}

/// Tries a width for the enumerations of other assemblies, which this file does not say.
struct Guess<'r, 'i, 'a> {
    local: &'r mut LocalResolver<'i, 'a>,
    underlying: ElementType,
}

impl TypeResolver for Guess<'_, '_, '_> {
    fn class(&mut self, token: Token, is_value_type: bool) -> Option<ClassKind> {
        let found = self.local.class(token, is_value_type);
        found.or_else(|| is_value_type.then_some(ClassKind::Enum(self.underlying)))
    }

    fn enum_by_name(&mut self, name: &str) -> Option<ElementType> {
        let found = self.local.enum_by_name(name);
        Some(found.unwrap_or(self.underlying))
    }
}

impl<'a> Listing<'_, '_, 'a> {
    pub(super) fn constant(&self, rid: Rid, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        let row = self.context.constant(rid)?;
        let parent = match row.parent.table() {
            Some(TableId::Field) => "Field",
            Some(TableId::Param) => "Param",
            _ => "Property",
        };
        let blob = self.context.blob(row.value)?;
        let value = match row.ty {
            ElementType::String => string_or_bytes(blob),
            ElementType::Class => "nullref".into(),
            ty => {
                let cut = crate::Error::Truncated("constant");
                constant(Scalar::read(&mut Reader::new(blob), ty).ok_or(cut)?)
            }
        };
        let of = row.parent.rid();
        Ok(writeln!(sink, "{rid}: Parent= {parent}: {of} {value}")?)
    }

    pub(super) fn custom_attribute(
        &self,
        rid: Rid,
        sink: &mut dyn fmt::Write,
    ) -> Result<(), Error> {
        let row = self.context.custom_attribute(rid)?;
        let (table, of) = (attribute_parent(row.parent), row.parent.rid());
        let constructor = self.method_text(row.constructor)?;
        let value = self.attribute_value(row.constructor, self.context.blob(row.value)?)?;
        Ok(writeln!(
            sink,
            "{rid}: {table}: {of}: {constructor} [{value}]"
        )?)
    }

    fn attribute_value(&self, constructor: Token, blob: &'a [u8]) -> Result<String, Error> {
        let signature = self.method_signature(constructor)?;
        let resolver = self
            .resolver
            .get_or_init(|| RefCell::new(LocalResolver::new(self.context.metadata())));
        let mut resolver = resolver.borrow_mut();
        let widths = [
            ElementType::I4,
            ElementType::U1,
            ElementType::I2,
            ElementType::I8,
        ];
        let parsed = widths.into_iter().find_map(|underlying| {
            let mut guess = Guess {
                local: &mut resolver,
                underlying,
            };
            let params = cattr::param_types(signature, &mut guess).ok()?;
            cattr::parse_with_start_of_named(blob, &params, &mut guess).ok()
        });
        let Some((parsed, named_at)) = parsed else {
            // Better all of it than a part that may be wrong.
            return Ok(format!("( {} )", hex(blob)));
        };
        let values: Vec<String> = parsed.fixed.iter().map(value).collect();
        let mut text = values.join(", ");
        if !parsed.named.is_empty() {
            let named = hex(blob.get(named_at..).unwrap_or(&[]));
            let _ = write!(text, " {} named args: ( {named})", parsed.named.len());
        }
        Ok(text)
    }
}

fn attribute_parent(parent: Token) -> &'static str {
    match parent.table() {
        Some(TableId::Field) => "FieldDef",
        Some(TableId::DeclSecurity) => "DeclSecurity?",
        Some(TableId::StandAloneSig) => "StandAloneSignature",
        Some(TableId::ManifestResource) => "Manifest",
        Some(table) => table.name(),
        None => "Unknown",
    }
}

fn value(value: &Value<'_>) -> String {
    match value {
        Value::Scalar(scalar) | Value::Enum(_, scalar) => number(*scalar),
        Value::String(None) | Value::Type(None) | Value::Array(_, None) => "null".into(),
        Value::String(Some(text)) | Value::Type(Some(text)) => format!("\"{text}\""),
        // monodis has no words for arrays.
        Value::Array(_, Some(items)) => {
            let items: Vec<String> = items.iter().map(self::value).collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

fn number(scalar: Scalar) -> String {
    match scalar {
        Scalar::Boolean(value) => value.to_string(),
        Scalar::Char(unit) => {
            let unit = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
            format!("'{unit}'")
        }
        Scalar::I1(value) => value.to_string(),
        Scalar::U1(value) => value.to_string(),
        Scalar::I2(value) => value.to_string(),
        Scalar::U2(value) => value.to_string(),
        Scalar::I4(value) => value.to_string(),
        // All of monodis' numbers are signed from 32 bits on.
        Scalar::U4(value) => value.cast_signed().to_string(),
        Scalar::I8(value) => value.to_string(),
        Scalar::U8(value) => value.cast_signed().to_string(),
        Scalar::R4(value) if value.is_finite() => general(f64::from(value), 6),
        Scalar::R4(value) => format!("({})", hex(&value.to_le_bytes()).to_lowercase()),
        Scalar::R8(value) if value.is_finite() => general(value, 6),
        Scalar::R8(value) => format!("({})", hex(&value.to_le_bytes()).to_lowercase()),
    }
}

fn constant(scalar: Scalar) -> String {
    // Numbers without a sign are written as those with one.
    match scalar {
        Scalar::Boolean(value) => format!("bool({value})"),
        Scalar::Char(unit) => format!("char({unit:#06x})"),
        Scalar::I1(value) => format!("int8({value:#04x})"),
        Scalar::U1(value) => format!("int8({value:#04x})"),
        Scalar::I2(value) => format!("int16({:#010x})", value.cast_unsigned()),
        Scalar::U2(value) => format!("int16({value:#010x})"),
        Scalar::I4(value) => format!("int32({value:#010x})"),
        Scalar::U4(value) => format!("int32({value:#010x})"),
        Scalar::I8(value) => format!("int64({value:#018x})"),
        Scalar::U8(value) => format!("int64({value:#018x})"),
        Scalar::R4(value) if value.is_finite() => format!("float32({})", float(f64::from(value))),
        Scalar::R4(value) => format!("float32({:#010x})", value.to_bits()),
        Scalar::R8(value) if value.is_finite() => format!("float64({})", float(value)),
        Scalar::R8(value) => format!("float64({:#018x})", value.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::{float, general, string_or_bytes};
    use alloc::vec::Vec;

    #[test]
    fn floats_are_those_of_c() {
        assert_eq!(float(-657_435.0), "-657435.");
        assert_eq!(float(f64::MAX), "1.7976931348623157e+308");
        assert_eq!(float(5e-324), "4.9406564584124654e-324");
        assert_eq!(float(0.1), "0.10000000000000001");
        assert_eq!(float(1e-5), "1.0000000000000001e-05");
        assert_eq!(float(1e17), "1e+17");
        assert_eq!(general(0.000_123_456_789, 6), "0.000123457");
        assert_eq!(general(1_234_567.0, 6), "1.23457e+06");
        assert_eq!(general(100.0, 6), "100");
        assert_eq!(general(0.0, 6), "0");
    }

    #[test]
    fn strings_that_are_not_ascii_are_bytes() {
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        assert_eq!(string_or_bytes(&utf16("a\"\n")), "\"a\\\"\\n\"");
        let bytes = string_or_bytes(&utf16("ä"));
        assert!(bytes.starts_with("bytearray (\n\te4 00 )  "), "{bytes}");
        assert!(bytes.ends_with(" // ..\n\t"), "{bytes}");
    }
}
