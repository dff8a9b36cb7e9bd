//! Values of local constants.

use super::Pdb;
use super::imports::type_token;
use crate::constant::Scalar;
use crate::{ElementType, Error, Reader, Rid, Token, UserString};

/// The value of a local constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LocalConstantValue<'a> {
    /// A number, and the enumeration that it is of.
    Scalar(Scalar, Option<Token>),
    /// A string.
    String(UserString<'a>),
    /// The null reference, as a string or an object.
    Null,
    /// A value of another type (`Decimal`, `DateTime`), or null when there are no bytes.
    Other(Token, &'a [u8]),
}

const BAD: Error = Error::BadBlob("local constant");

impl<'a> Pdb<'a> {
    /// The value of a `LocalConstant` row; custom modifiers of its type are skipped.
    ///
    /// # Errors
    /// When the row or its blob is malformed.
    pub fn local_constant_value(&self, constant: Rid) -> Result<LocalConstantValue<'a>, Error> {
        let mut reader = Reader::new(self.blob(self.local_constant(constant)?.signature)?);
        loop {
            let element = reader.u8().and_then(ElementType::from_u8).ok_or(BAD)?;
            return match element {
                ElementType::CModReqd | ElementType::CModOpt => {
                    reader.compressed_u32().ok_or(BAD)?;
                    continue;
                }
                ElementType::String if reader.rest() == [0xFF] => Ok(LocalConstantValue::Null),
                ElementType::String => Ok(LocalConstantValue::String(UserString::from_utf16(
                    reader.rest(),
                ))),
                ElementType::Object => Ok(LocalConstantValue::Null),
                ElementType::Class | ElementType::ValueType => {
                    let coded = reader.compressed_u32().ok_or(BAD)?;
                    let ty = type_token(coded).ok_or(BAD)?;
                    Ok(LocalConstantValue::Other(ty, reader.rest()))
                }
                number => {
                    let value = Scalar::read(&mut reader, number).ok_or(BAD)?;
                    let enumeration = if reader.is_empty() {
                        None
                    } else {
                        let coded = reader.compressed_u32().ok_or(BAD)?;
                        Some(type_token(coded).ok_or(BAD)?)
                    };
                    Ok(LocalConstantValue::Scalar(value, enumeration))
                }
            };
        }
    }
}
