//! Values of custom attributes (ECMA-335 II.23.3).
//!
//! A value does not describe its fixed arguments: their types come from the constructor's signature, and for an
//! enumeration one must know its underlying type. [`TypeResolver`] answers that; [`param_types`] turns the
//! constructor's signature into [`ArgType`]s and [`parse`] reads the blob.

mod local;
mod params;
mod value;

pub use local::LocalResolver;
pub use params::param_types;
pub use value::parse;
#[cfg(feature = "text")]
pub(crate) use value::parse_with_start_of_named;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::constant::Scalar;
use crate::{ElementType, Token, sig};

/// The deepest nesting of arrays in boxed values; real ones have one level.
pub const MAX_DEPTH: u32 = 16;

/// Why a custom attribute could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The blob does not start with 1.
    #[error("a custom attribute value without its prolog")]
    BadProlog,
    /// The blob ends inside the value.
    #[error("the custom attribute value is cut short")]
    Truncated,
    /// A string is cut short or not UTF-8.
    #[error("bad string in a custom attribute value")]
    BadString,
    /// A named argument is neither a field nor a property.
    #[error("bad kind of named argument {0:#04x}")]
    BadNamedArg(u8),
    /// A type that no attribute argument has.
    #[error("a type that no custom attribute argument has")]
    BadArgType,
    /// The resolver does not know an enumeration.
    #[error("an enumeration of unknown underlying type")]
    UnknownEnum,
    /// Boxed arrays nest deeper than [`MAX_DEPTH`].
    #[error("a custom attribute value is nested too deep")]
    TooDeep,
    /// The constructor's signature is malformed.
    #[error(transparent)]
    Sig(#[from] sig::Error),
}

/// Which enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnumRef<'a> {
    /// As the constructor's signature names it.
    Token(Token),
    /// As the value names it: a type name, perhaps with an assembly.
    Name(&'a str),
}

/// The type of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgType<'a> {
    /// A number, truth value or character; `void` for the return type.
    Primitive(ElementType),
    /// `string`
    String,
    /// `System.Type`
    Type,
    /// `object`: the value says what it is.
    Object,
    /// An enumeration.
    Enum(EnumRef<'a>, ElementType),
    /// A vector.
    SzArray(Box<Self>),
}

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Scalar(Scalar),
    /// A string, or null.
    String(Option<&'a str>),
    /// A type by name, or null.
    Type(Option<&'a str>),
    /// A value of an enumeration.
    Enum(EnumRef<'a>, Scalar),
    /// An array (of elements of this type), or null.
    Array(ArgType<'a>, Option<Vec<Self>>),
}

/// A named argument.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArg<'a> {
    /// A field; otherwise a property.
    pub is_field: bool,
    /// Its name.
    pub name: &'a str,
    /// Its type, as the value says.
    pub ty: ArgType<'a>,
    /// What it is set to.
    pub value: Value<'a>,
}

/// The arguments of a custom attribute.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CustomAttribute<'a> {
    /// For the constructor.
    pub fixed: Vec<Value<'a>>,
    /// For fields and properties.
    pub named: Vec<NamedArg<'a>>,
}

/// What a class or value type of a constructor's signature is to a custom attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassKind {
    /// `System.Type`
    Type,
    /// `System.Object`, spelt as a class.
    Object,
    /// `System.String`, spelt as a class.
    String,
    /// An enumeration with this underlying type.
    Enum(ElementType),
}

/// Knows types by token and by name.
pub trait TypeResolver {
    /// What a type of the constructor's signature is; `None` when it cannot be an argument or is not known.
    fn class(&mut self, token: Token, is_value_type: bool) -> Option<ClassKind>;

    /// Underlying type of the enumeration with this name (`Namespace.Outer+Inner, Assembly, …`); `None` when it is not
    /// known.
    fn enum_by_name(&mut self, name: &str) -> Option<ElementType>;
}
