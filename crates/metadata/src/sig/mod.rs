//! Signatures (ECMA-335 II.23.2), decoded into the caller's own type model.
//!
//! The caller implements [`TypeBuilder`]; the functions here read a blob and call it for every type from the inside
//! out. [`TreeBuilder`] is a ready-made model: a plain tree.
//!
//! Blobs are untrusted: nesting is limited to [`MAX_DEPTH`], and no memory is taken for a count before as many bytes
//! were read.

mod decode;
mod tree;

pub use decode::{
    read_field, read_locals, read_member, read_method, read_method_spec, read_property, read_type,
};
pub use tree::{TreeBuilder, TypeTree};

use alloc::vec::Vec;

use crate::{ElementType, Token};

/// The deepest nesting of types in a signature; real ones stay below 20.
pub const MAX_DEPTH: u32 = 256;
/// The most dimensions that an array has (as in every runtime).
pub const MAX_RANK: u32 = 32;

/// Why a signature could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The blob ends inside the signature.
    #[error("the signature is cut short")]
    Truncated,
    /// The first byte says that this is another kind of signature.
    #[error("a signature of another kind ({found:#04x}) where {expected} was expected")]
    WrongKind {
        /// What was asked for.
        expected: &'static str,
        /// The first byte.
        found: u8,
    },
    /// A byte that starts no type, or none at this place.
    #[error("element type {0:#04x} is not allowed here")]
    BadElementType(u8),
    /// A type token without a table or a row.
    #[error("bad type token {0:#x} in a signature")]
    BadToken(u32),
    /// Types nest deeper than [`MAX_DEPTH`].
    #[error("types are nested too deep")]
    TooDeep,
    /// An array of no dimension, more than [`MAX_RANK`], or with more sizes than dimensions.
    #[error("bad array shape")]
    BadArrayShape,
    /// A generic instance without arguments, or more of something than can be.
    #[error("bad count {0} in a signature")]
    BadCount(u32),
}

/// Makes types of a caller's model, from the inside out.
pub trait TypeBuilder {
    /// A type.
    type Type;
    /// What can go wrong; a malformed signature among it.
    type Error: From<Error>;

    /// A type without anything more: see [`ElementType::is_primitive`].
    ///
    /// # Errors
    /// The builder's own.
    fn primitive(&mut self, element: ElementType) -> Result<Self::Type, Self::Error>;
    /// A class or value type, or the definition of a generic instance. The token is a `TypeDef`, `TypeRef` or
    /// `TypeSpec`; the row may not exist.
    ///
    /// # Errors
    /// The builder's own.
    fn class(&mut self, token: Token, is_value_type: bool) -> Result<Self::Type, Self::Error>;
    /// A vector.
    ///
    /// # Errors
    /// The builder's own.
    fn sz_array(&mut self, element: Self::Type) -> Result<Self::Type, Self::Error>;
    /// An array with a shape.
    ///
    /// # Errors
    /// The builder's own.
    fn array(&mut self, element: Self::Type, shape: ArrayShape) -> Result<Self::Type, Self::Error>;
    /// An unmanaged pointer.
    ///
    /// # Errors
    /// The builder's own.
    fn pointer(&mut self, target: Self::Type) -> Result<Self::Type, Self::Error>;
    /// A managed pointer.
    ///
    /// # Errors
    /// The builder's own.
    fn by_ref(&mut self, target: Self::Type) -> Result<Self::Type, Self::Error>;
    /// A generic instance; there is at least one argument.
    ///
    /// # Errors
    /// The builder's own.
    fn generic_inst(
        &mut self,
        definition: Self::Type,
        args: Vec<Self::Type>,
    ) -> Result<Self::Type, Self::Error>;
    /// A generic parameter of the type.
    ///
    /// # Errors
    /// The builder's own.
    fn var(&mut self, number: u32) -> Result<Self::Type, Self::Error>;
    /// A generic parameter of the method.
    ///
    /// # Errors
    /// The builder's own.
    fn mvar(&mut self, number: u32) -> Result<Self::Type, Self::Error>;
    /// A function pointer.
    ///
    /// # Errors
    /// The builder's own.
    fn fn_ptr(&mut self, sig: MethodSig<Self::Type>) -> Result<Self::Type, Self::Error>;
    /// A type with a custom modifier.
    ///
    /// # Errors
    /// The builder's own.
    fn modified(
        &mut self,
        required: bool,
        modifier: Token,
        ty: Self::Type,
    ) -> Result<Self::Type, Self::Error>;
    /// The type of a local whose object must not move.
    ///
    /// # Errors
    /// The builder's own.
    fn pinned(&mut self, ty: Self::Type) -> Result<Self::Type, Self::Error>;
}

/// Dimensions of an array (II.23.2.13). Sizes and lower bounds may be fewer than dimensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ArrayShape {
    /// Number of dimensions, 1 to [`MAX_RANK`].
    pub rank: u32,
    /// Lengths of the first dimensions.
    pub sizes: Vec<u32>,
    /// Lower bounds of the first dimensions.
    pub lower_bounds: Vec<i32>,
}

/// How a method is called (II.23.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallConv {
    /// Managed.
    Default,
    /// C.
    C,
    /// stdcall.
    StdCall,
    /// thiscall.
    ThisCall,
    /// fastcall.
    FastCall,
    /// Managed with variable arguments.
    VarArg,
    /// Unmanaged; modifiers of the return type say which.
    Unmanaged,
}

/// The first byte of a method or property signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SigFlags(pub u8);

impl SigFlags {
    /// There is a `this`.
    pub const HAS_THIS: u8 = 0x20;
    /// `this` is the first parameter of the list.
    pub const EXPLICIT_THIS: u8 = 0x40;
    /// The method has generic parameters.
    pub const GENERIC: u8 = 0x10;
    /// Mask of the calling convention.
    pub const KIND_MASK: u8 = 0xF;
    /// A field signature.
    pub const FIELD: u8 = 0x6;
    /// A locals signature.
    pub const LOCALS: u8 = 0x7;
    /// A property signature.
    pub const PROPERTY: u8 = 0x8;
    /// A method instance.
    pub const METHOD_SPEC: u8 = 0xA;

    /// There is a `this`.
    #[inline]
    #[must_use]
    pub const fn has_this(self) -> bool {
        self.0 & Self::HAS_THIS != 0
    }

    /// `this` is the first parameter of the list.
    #[inline]
    #[must_use]
    pub const fn explicit_this(self) -> bool {
        self.0 & Self::EXPLICIT_THIS != 0
    }

    /// The method has generic parameters.
    #[inline]
    #[must_use]
    pub const fn is_generic(self) -> bool {
        self.0 & Self::GENERIC != 0
    }

    /// How the method is called; `None` when this is not a method signature's byte.
    #[inline]
    #[must_use]
    pub const fn call_conv(self) -> Option<CallConv> {
        match self.0 & Self::KIND_MASK {
            0x0 => Some(CallConv::Default),
            0x1 => Some(CallConv::C),
            0x2 => Some(CallConv::StdCall),
            0x3 => Some(CallConv::ThisCall),
            0x4 => Some(CallConv::FastCall),
            0x5 => Some(CallConv::VarArg),
            0x9 => Some(CallConv::Unmanaged),
            _ => None,
        }
    }
}

/// A method signature (II.23.2.1–3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MethodSig<T> {
    /// `this`, generic, calling convention.
    pub flags: SigFlags,
    /// Number of generic parameters; 0 when not generic.
    pub generic_param_count: u32,
    /// The return type.
    pub ret: T,
    /// The parameters, without an implied `this`.
    pub params: Vec<T>,
    /// At a vararg call: how many parameters are fixed.
    pub sentinel: Option<usize>,
}

/// A property signature (II.23.2.5).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PropertySig<T> {
    /// The accessors have a `this`.
    pub has_this: bool,
    /// The property's type.
    pub ty: T,
    /// The indexer's parameters.
    pub params: Vec<T>,
}

/// The signature of a `MemberRef`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MemberSig<T> {
    /// It is a field of this type.
    Field(T),
    /// It is a method.
    Method(MethodSig<T>),
}

/// True when a `MemberRef`'s signature is a field's; no check beyond the first byte.
#[inline]
#[must_use]
pub fn is_field(blob: &[u8]) -> bool {
    blob.first()
        .is_some_and(|first| first & SigFlags::KIND_MASK == SigFlags::FIELD)
}
