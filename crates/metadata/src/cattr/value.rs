//! The blob itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{ArgType, CustomAttribute, EnumRef, Error, MAX_DEPTH, NamedArg, TypeResolver, Value};
use crate::constant::Scalar;
use crate::{ElementType, Reader};

const PROLOG: u16 = 1;
const NULL_ARRAY: u32 = u32::MAX;

/// Reads a custom attribute's value. `params` are the types of the constructor's parameters (see
/// [`param_types`](super::param_types)). An empty blob means no arguments.
///
/// # Errors
/// When the blob is malformed, does not fit the parameters, or names an enumeration that the resolver does not know.
pub fn parse<'a>(
    blob: &'a [u8],
    params: &[ArgType<'a>],
    resolver: &mut impl TypeResolver,
) -> Result<CustomAttribute<'a>, Error> {
    parse_with_start_of_named(blob, params, resolver).map(|(value, _)| value)
}

/// As [`parse`], and where the number of named arguments is.
pub(crate) fn parse_with_start_of_named<'a>(
    blob: &'a [u8],
    params: &[ArgType<'a>],
    resolver: &mut impl TypeResolver,
) -> Result<(CustomAttribute<'a>, usize), Error> {
    if blob.is_empty() && params.is_empty() {
        return Ok((CustomAttribute::default(), 0));
    }
    let mut values = Values {
        reader: Reader::new(blob),
        resolver,
    };
    if values.reader.u16() != Some(PROLOG) {
        return Err(Error::BadProlog);
    }
    let fixed = params
        .iter()
        .map(|ty| values.value(ty, 0))
        .collect::<Result<_, _>>()?;
    let named_at = values.reader.position();
    let count = values.reader.u16().ok_or(Error::Truncated)?;
    let named = (0..count)
        .map(|_| values.named())
        .collect::<Result<_, _>>()?;
    Ok((CustomAttribute { fixed, named }, named_at))
}

struct Values<'a, 'r, R> {
    reader: Reader<'a>,
    resolver: &'r mut R,
}

impl<'a, R: TypeResolver> Values<'a, '_, R> {
    fn byte(&mut self) -> Result<u8, Error> {
        self.reader.u8().ok_or(Error::Truncated)
    }

    fn string(&mut self) -> Result<Option<&'a str>, Error> {
        self.reader.ser_string().ok_or(Error::BadString)
    }

    fn named(&mut self) -> Result<NamedArg<'a>, Error> {
        let kind = self.byte()?;
        let is_field = match ElementType::from_u8(kind) {
            Some(ElementType::Field) => true,
            Some(ElementType::Property) => false,
            _ => return Err(Error::BadNamedArg(kind)),
        };
        let ty = self.arg_type(0)?;
        let name = self.string()?.ok_or(Error::BadString)?;
        let value = self.value(&ty, 0)?;
        Ok(NamedArg {
            is_field,
            name,
            ty,
            value,
        })
    }

    /// A `FieldOrPropType`.
    fn arg_type(&mut self, depth: u32) -> Result<ArgType<'a>, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        let element = ElementType::from_u8(self.byte()?).ok_or(Error::BadArgType)?;
        match element {
            ElementType::String => Ok(ArgType::String),
            ElementType::Type => Ok(ArgType::Type),
            ElementType::Boxed | ElementType::Object => Ok(ArgType::Object),
            ElementType::Enum => {
                let name = self.string()?.ok_or(Error::BadString)?;
                let underlying = self.resolver.enum_by_name(name).ok_or(Error::UnknownEnum)?;
                Ok(ArgType::Enum(EnumRef::Name(name), underlying))
            }
            ElementType::SzArray => Ok(ArgType::SzArray(Box::new(self.arg_type(depth + 1)?))),
            _ if element.fixed_size().is_some() => Ok(ArgType::Primitive(element)),
            _ => Err(Error::BadArgType),
        }
    }

    fn scalar(&mut self, ty: ElementType) -> Result<Scalar, Error> {
        if ty.fixed_size().is_none() {
            return Err(Error::BadArgType);
        }
        Scalar::read(&mut self.reader, ty).ok_or(Error::Truncated)
    }

    fn value(&mut self, ty: &ArgType<'a>, depth: u32) -> Result<Value<'a>, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooDeep);
        }
        match ty {
            ArgType::Primitive(element) => self.scalar(*element).map(Value::Scalar),
            ArgType::String => self.string().map(Value::String),
            ArgType::Type => self.string().map(Value::Type),
            ArgType::Enum(which, underlying) => self
                .scalar(*underlying)
                .map(|value| Value::Enum(*which, value)),
            ArgType::Object => {
                let ty = self.arg_type(depth)?;
                self.value(&ty, depth + 1)
            }
            ArgType::SzArray(element) => {
                let count = self.reader.u32().ok_or(Error::Truncated)?;
                if count == NULL_ARRAY {
                    return Ok(Value::Array((**element).clone(), None));
                }
                // Every element takes a byte at least.
                if count as usize > self.reader.remaining() {
                    return Err(Error::Truncated);
                }
                let mut items = Vec::new();
                for _ in 0..count {
                    items.push(self.value(element, depth + 1)?);
                }
                Ok(Value::Array((**element).clone(), Some(items)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::parse;
    use crate::cattr::{ArgType, ClassKind, EnumRef, Error, TypeResolver, Value, param_types};
    use crate::constant::Scalar;
    use crate::{ElementType, TableId, Token};

    struct Types;

    impl TypeResolver for Types {
        fn class(&mut self, token: Token, is_value_type: bool) -> Option<ClassKind> {
            match (token.rid(), is_value_type) {
                (1, false) => Some(ClassKind::Type),
                (2, true) => Some(ClassKind::Enum(ElementType::I2)),
                _ => None,
            }
        }

        fn enum_by_name(&mut self, name: &str) -> Option<ElementType> {
            (name == "E").then_some(ElementType::U1)
        }
    }

    #[test]
    fn every_kind_of_argument() {
        // .ctor(int32, string, Type, E, object, char[])
        let signature = [
            0x20, 6, 0x01, 0x08, 0x0E, 0x12, 0x05, 0x11, 0x09, 0x1C, 0x1D, 0x03,
        ];
        let params = param_types(&signature, &mut Types).unwrap();
        let mut blob = vec![1, 0];
        blob.extend([42, 0, 0, 0]);
        blob.extend([0xFF]);
        blob.extend([2, b'T', b'U']);
        blob.extend([0xFE, 0xFF]);
        blob.extend([0x55, 1, b'E', 7]);
        blob.extend([2, 0, 0, 0, b'x', 0, b'y', 0]);
        blob.extend([1, 0, 0x54, 0x1D, 0x51, 1, b'N', 1, 0, 0, 0, 0x0E, 1, b'v']);
        let parsed = parse(&blob, &params, &mut Types).unwrap();
        let token = Token::new(TableId::TypeRef, 2);
        assert_eq!(
            parsed.fixed,
            [
                Value::Scalar(Scalar::I4(42)),
                Value::String(None),
                Value::Type(Some("TU")),
                Value::Enum(EnumRef::Token(token), Scalar::I2(-2)),
                Value::Enum(EnumRef::Name("E"), Scalar::U1(7)),
                Value::Array(
                    ArgType::Primitive(ElementType::Char),
                    Some(vec![
                        Value::Scalar(Scalar::Char(u16::from(b'x'))),
                        Value::Scalar(Scalar::Char(u16::from(b'y')))
                    ])
                ),
            ]
        );
        let [named] = parsed.named.as_slice() else {
            panic!("one named argument")
        };
        assert_eq!((named.name, named.is_field), ("N", false));
        assert_eq!(
            named.value,
            Value::Array(ArgType::Object, Some(vec![Value::String(Some("v"))]))
        );
        for len in 0..blob.len() {
            assert!(parse(&blob[..len], &params, &mut Types).is_err());
        }
    }

    #[test]
    fn boxed_arrays_do_not_nest_without_end() {
        let mut blob = vec![1, 0];
        for _ in 0..10_000 {
            blob.extend([0x1D, 0x51, 1, 0, 0, 0]);
        }
        assert_eq!(
            parse(&blob, &[ArgType::Object], &mut Types),
            Err(Error::TooDeep)
        );
        let types: Vec<u8> = [1, 0].into_iter().chain([0x1D; 10_000]).collect();
        assert_eq!(
            parse(&types, &[ArgType::Object], &mut Types),
            Err(Error::TooDeep)
        );
    }

    #[test]
    fn a_huge_array_count_takes_no_memory() {
        let blob = [1, 0, 0x1D, 0x08, 0xFE, 0xFF, 0xFF, 0xFF, 0, 0];
        assert_eq!(
            parse(&blob, &[ArgType::Object], &mut Types),
            Err(Error::Truncated)
        );
    }
}
