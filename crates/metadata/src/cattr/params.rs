//! Types of a constructor's parameters.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{ArgType, ClassKind, EnumRef, Error, TypeResolver};
use crate::sig::{self, ArrayShape, MethodSig, TypeBuilder};
use crate::{ElementType, Token};

/// Reads a constructor's signature and gives the types of its parameters.
///
/// # Errors
/// When the signature is malformed, or has a type that no custom attribute argument has.
pub fn param_types(
    signature: &[u8],
    resolver: &mut impl TypeResolver,
) -> Result<Vec<ArgType<'static>>, Error> {
    sig::read_method(signature, &mut Params { resolver }).map(|sig| sig.params)
}

struct Params<'r, R> {
    resolver: &'r mut R,
}

impl<R: TypeResolver> TypeBuilder for Params<'_, R> {
    type Type = ArgType<'static>;
    type Error = Error;

    fn primitive(&mut self, element: ElementType) -> Result<Self::Type, Error> {
        match element {
            ElementType::String => Ok(ArgType::String),
            ElementType::Object => Ok(ArgType::Object),
            ElementType::I | ElementType::U | ElementType::TypedByRef => Err(Error::BadArgType),
            _ => Ok(ArgType::Primitive(element)),
        }
    }

    fn class(&mut self, token: Token, is_value_type: bool) -> Result<Self::Type, Error> {
        match self.resolver.class(token, is_value_type) {
            Some(ClassKind::Type) => Ok(ArgType::Type),
            Some(ClassKind::Object) => Ok(ArgType::Object),
            Some(ClassKind::String) => Ok(ArgType::String),
            Some(ClassKind::Enum(underlying)) => {
                Ok(ArgType::Enum(EnumRef::Token(token), underlying))
            }
            None if is_value_type => Err(Error::UnknownEnum),
            None => Err(Error::BadArgType),
        }
    }

    fn sz_array(&mut self, element: Self::Type) -> Result<Self::Type, Error> {
        Ok(ArgType::SzArray(Box::new(element)))
    }

    fn array(&mut self, _: Self::Type, _: ArrayShape) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn pointer(&mut self, _: Self::Type) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn by_ref(&mut self, _: Self::Type) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn generic_inst(&mut self, _: Self::Type, _: Vec<Self::Type>) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn var(&mut self, _: u32) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn mvar(&mut self, _: u32) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn fn_ptr(&mut self, _: MethodSig<Self::Type>) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }

    fn modified(&mut self, _: bool, _: Token, ty: Self::Type) -> Result<Self::Type, Error> {
        Ok(ty)
    }

    fn pinned(&mut self, _: Self::Type) -> Result<Self::Type, Error> {
        Err(Error::BadArgType)
    }
}
