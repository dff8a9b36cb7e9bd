//! Constants, bit by bit.

use alloc::format;
use alloc::string::{String, ToString};

use super::context::Context;
use super::{Error, names};
use crate::{ConstantValue, Scalar, Token};

/// ` = value` of a field, parameter or property; empty when it has none.
pub(super) fn initializer(context: &Context<'_, '_>, parent: Token) -> Result<String, Error> {
    let Some(rid) = context.constant_of(parent) else {
        return Ok(String::new());
    };
    let value = match context.constant_value(rid)? {
        ConstantValue::Scalar(scalar) => scalar_text(scalar),
        ConstantValue::Null => "nullref".into(),
        ConstantValue::String(value) => names::utf16(value.utf16())
            .unwrap_or_else(|| format!("bytearray {}", names::bytes(value.bytes()))),
    };
    Ok(format!(" = {value}"))
}

fn scalar_text(scalar: Scalar) -> String {
    let (keyword, value) = match scalar {
        Scalar::Boolean(value) => ("bool", value.to_string()),
        Scalar::Char(value) => ("char", format!("0x{value:04X}")),
        Scalar::I1(value) => ("int8", value.to_string()),
        Scalar::U1(value) => ("uint8", value.to_string()),
        Scalar::I2(value) => ("int16", value.to_string()),
        Scalar::U2(value) => ("uint16", value.to_string()),
        Scalar::I4(value) => ("int32", value.to_string()),
        Scalar::U4(value) => ("uint32", value.to_string()),
        Scalar::I8(value) => ("int64", value.to_string()),
        Scalar::U8(value) => ("uint64", value.to_string()),
        // An integer between the parentheses of a float is its bits.
        Scalar::R4(value) => ("float32", format!("0x{:08X}", value.to_bits())),
        Scalar::R8(value) => ("float64", format!("0x{:016X}", value.to_bits())),
    };
    format!("{keyword}({value})")
}

#[cfg(test)]
mod tests {
    use super::scalar_text;
    use crate::Scalar;

    #[test]
    fn floats_are_exact() {
        assert_eq!(
            scalar_text(Scalar::R8(f64::from_bits(0x7FF8_0000_0000_0001))),
            "float64(0x7FF8000000000001)"
        );
        assert_eq!(scalar_text(Scalar::R4(1.0)), "float32(0x3F800000)");
        assert_eq!(
            scalar_text(Scalar::I8(i64::MIN)),
            "int64(-9223372036854775808)"
        );
        assert_eq!(scalar_text(Scalar::Char(10)), "char(0x000A)");
        assert_eq!(scalar_text(Scalar::Boolean(true)), "bool(true)");
    }
}
