//! Marshalling descriptors.

use alloc::format;
use alloc::string::String;

use super::{Error, names};
use crate::marshal::{MarshalSpec, NativeType};

/// A descriptor as text; `None` when the assembler has no words for it.
pub(super) fn text(blob: &[u8]) -> Result<Option<String>, Error> {
    Ok(match MarshalSpec::parse(blob)? {
        MarshalSpec::Simple(ty) => simple(ty).map(Into::into),
        MarshalSpec::FixedSysString { len } => Some(format!("fixed sysstring [{len}]")),
        MarshalSpec::FixedArray { len, element: None } => Some(format!("fixed array [{len}]")),
        MarshalSpec::FixedArray { .. } => None,
        MarshalSpec::Array {
            element,
            size_param,
            len,
        } => array(element, size_param, len),
        MarshalSpec::SafeArray { element: None } => Some("safearray".into()),
        MarshalSpec::SafeArray {
            element: Some(element),
        } => variant(element).map(|element| format!("safearray {element}")),
        MarshalSpec::Custom { class, cookie } => Some(format!(
            "custom ({}, {})",
            names::string(class),
            names::string(cookie)
        )),
    })
}

fn array(element: Option<NativeType>, size_param: Option<u32>, len: Option<u32>) -> Option<String> {
    let element = match element {
        None => "",
        Some(ty) => simple(ty)?,
    };
    Some(match (size_param, len) {
        (None, None) => format!("{element}[]"),
        (None, Some(len)) => format!("{element}[{len}]"),
        (Some(param), Some(len)) => format!("{element}[{len} + {param}]"),
        (Some(param), None) => format!("{element}[+ {param}]"),
    })
}

pub(super) const fn simple(ty: NativeType) -> Option<&'static str> {
    Some(match ty.0 {
        0x01 => "void",
        0x02 => "bool",
        0x03 => "int8",
        0x04 => "uint8",
        0x05 => "int16",
        0x06 => "uint16",
        0x07 => "int32",
        0x08 => "uint32",
        0x09 => "int64",
        0x0A => "uint64",
        0x0B => "float32",
        0x0C => "float64",
        0x0F => "currency",
        0x13 => "bstr",
        0x14 => "lpstr",
        0x15 => "lpwstr",
        0x16 => "lptstr",
        0x19 => "iunknown",
        0x1A => "idispatch",
        0x1B => "struct",
        0x1C => "interface",
        0x1F => "int",
        0x20 => "unsigned int",
        0x22 => "byvalstr",
        0x23 => "ansi bstr",
        0x24 => "tbstr",
        0x25 => "variant bool",
        0x26 => "method",
        0x28 => "as any",
        0x2B => "lpstruct",
        0x2D => "error",
        _ => return None,
    })
}

/// Element types of COM arrays; the assembler writes `unknown` for `idispatch`, so that one is missing.
pub(super) const fn variant(element: u32) -> Option<&'static str> {
    Some(match element {
        2 => "int16",
        3 => "int32",
        4 => "float32",
        5 => "float64",
        6 => "currency",
        7 => "date",
        8 => "bstr",
        10 => "error",
        11 => "bool",
        12 => "variant",
        13 => "iunknown",
        14 => "decimal",
        16 => "int8",
        17 => "unsigned int8",
        18 => "unsigned int16",
        19 => "unsigned int32",
        22 => "int",
        23 => "unsigned int",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn descriptors() {
        let of = |blob: &[u8]| text(blob).unwrap();
        assert_eq!(of(&[0x15]).as_deref(), Some("lpwstr"));
        assert_eq!(of(&[0x2A, 0x04, 1, 8, 1]).as_deref(), Some("uint8[8 + 1]"));
        assert_eq!(of(&[0x2A, 0x04, 0, 8, 0]).as_deref(), Some("uint8[8]"));
        assert_eq!(of(&[0x2A, 0x50]).as_deref(), Some("[]"));
        assert_eq!(of(&[0x17, 32]).as_deref(), Some("fixed sysstring [32]"));
        assert_eq!(of(&[0x1D, 8]).as_deref(), Some("safearray bstr"));
        assert_eq!(of(&[0x30]), None);
    }
}
