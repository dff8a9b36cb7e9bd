//! Numbers and constants (ECMA-335 II.22.9).

use crate::{ElementType, Error, Metadata, Reader, Rid, UserString};

/// A number, a character or a truth value, as bits of its own width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// `bool`
    Boolean(bool),
    /// `char`, a UTF-16 unit
    Char(u16),
    /// `int8`
    I1(i8),
    /// `unsigned int8`
    U1(u8),
    /// `int16`
    I2(i16),
    /// `unsigned int16`
    U2(u16),
    /// `int32`
    I4(i32),
    /// `unsigned int32`
    U4(u32),
    /// `int64`
    I8(i64),
    /// `unsigned int64`
    U8(u64),
    /// `float32`
    R4(f32),
    /// `float64`
    R8(f64),
}

impl Scalar {
    /// Takes a number of this type; `None` when the bytes are not there or the type is not a number's.
    pub fn read(reader: &mut Reader<'_>, ty: ElementType) -> Option<Self> {
        Some(match ty {
            ElementType::Boolean => Self::Boolean(reader.u8()? != 0),
            ElementType::Char => Self::Char(reader.u16()?),
            ElementType::I1 => Self::I1(reader.u8()?.cast_signed()),
            ElementType::U1 => Self::U1(reader.u8()?),
            ElementType::I2 => Self::I2(reader.u16()?.cast_signed()),
            ElementType::U2 => Self::U2(reader.u16()?),
            ElementType::I4 => Self::I4(reader.u32()?.cast_signed()),
            ElementType::U4 => Self::U4(reader.u32()?),
            ElementType::I8 => Self::I8(reader.u64()?.cast_signed()),
            ElementType::U8 => Self::U8(reader.u64()?),
            ElementType::R4 => Self::R4(f32::from_bits(reader.u32()?)),
            ElementType::R8 => Self::R8(f64::from_bits(reader.u64()?)),
            _ => return None,
        })
    }

    /// Its type.
    #[must_use]
    pub const fn element_type(self) -> ElementType {
        match self {
            Self::Boolean(_) => ElementType::Boolean,
            Self::Char(_) => ElementType::Char,
            Self::I1(_) => ElementType::I1,
            Self::U1(_) => ElementType::U1,
            Self::I2(_) => ElementType::I2,
            Self::U2(_) => ElementType::U2,
            Self::I4(_) => ElementType::I4,
            Self::U4(_) => ElementType::U4,
            Self::I8(_) => ElementType::I8,
            Self::U8(_) => ElementType::U8,
            Self::R4(_) => ElementType::R4,
            Self::R8(_) => ElementType::R8,
        }
    }

    /// Its bits in the low bytes: signed integers sign-extended, others zero-extended.
    #[must_use]
    pub const fn bits(self) -> u64 {
        match self {
            Self::Boolean(value) => value as u64,
            Self::Char(value) | Self::U2(value) => value as u64,
            Self::I1(value) => (value as i64).cast_unsigned(),
            Self::U1(value) => value as u64,
            Self::I2(value) => (value as i64).cast_unsigned(),
            Self::I4(value) => (value as i64).cast_unsigned(),
            Self::U4(value) => value as u64,
            Self::I8(value) => value.cast_unsigned(),
            Self::U8(value) => value,
            Self::R4(value) => value.to_bits() as u64,
            Self::R8(value) => value.to_bits(),
        }
    }
}

/// The value of a `Constant` row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstantValue<'a> {
    /// A number.
    Scalar(Scalar),
    /// A string.
    String(UserString<'a>),
    /// The null reference.
    Null,
}

impl<'a> Metadata<'a> {
    /// Reads the value of a `Constant` row; [`Metadata::constant_of`] finds the row.
    ///
    /// # Errors
    /// When the row, its type or its bytes are malformed.
    pub fn constant_value(&self, constant: Rid) -> Result<ConstantValue<'a>, Error> {
        let row = self.constant(constant)?;
        let blob = self.blob(row.value)?;
        match row.ty {
            ElementType::Class => Ok(ConstantValue::Null),
            // A null string has been written as one 0xFF byte by some compilers.
            ElementType::String if blob == [0xFF] => Ok(ConstantValue::Null),
            ElementType::String => Ok(ConstantValue::String(UserString::from_utf16(blob))),
            ty => {
                let value = Scalar::read(&mut Reader::new(blob), ty);
                value
                    .map(ConstantValue::Scalar)
                    .ok_or(Error::BadBlob("constant"))
            }
        }
    }
}
