//! What can go wrong when a type is built or used.

use crate::ids::{ImageId, ImageSetId, InstId, MethodId, TypeDef, TypeId};

/// Why a type, instance or method could not be made or found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The type id names nothing: its image set was unloaded, or it was never given out.
    #[error("{0:?} is vacant: its image set was unloaded, or the id was never given out")]
    VacantType(TypeId),
    /// The argument list id names nothing.
    #[error("{0:?} is vacant: its image set was unloaded, or the id was never given out")]
    VacantInst(InstId),
    /// The method id names nothing.
    #[error("{0:?} is vacant: its image set was unloaded, or the id was never given out")]
    VacantMethod(MethodId),
    /// The image id names nothing.
    #[error("{0:?} is vacant: the image was unloaded, or the id was never given out")]
    VacantImage(ImageId),
    /// The image set id names nothing.
    #[error("{0:?} is vacant: one of its images was unloaded, or the id was never given out")]
    VacantSet(ImageSetId),
    /// The type nests deeper than [`Limits::depth`](crate::Limits::depth).
    #[error("the type nests deeper than {limit} levels")]
    TooDeep {
        /// The limit that was passed.
        limit: u16,
    },
    /// Written out, the type has more parts than [`Limits::nodes`](crate::Limits::nodes).
    #[error("the type has more than {limit} parts")]
    TooLarge {
        /// The limit that was passed.
        limit: u32,
    },
    /// An argument list is longer than [`Limits::arguments`](crate::Limits::arguments).
    #[error("{count} type arguments or parameters are more than the limit of {limit}")]
    TooManyArguments {
        /// How many there are.
        count: usize,
        /// The limit that was passed.
        limit: u32,
    },
    /// A type variable asks for an argument that the context does not have.
    #[error("{kind} type variable {index} is out of range: the context has {count} arguments")]
    ArgumentOutOfRange {
        /// Whether the variable is a class's or a method's.
        kind: VariableKind,
        /// The index of the variable.
        index: u16,
        /// How many arguments the context has.
        count: usize,
    },
    /// A byref, `void` or typed reference where the CLI does not allow one.
    #[error("{ty:?} (a byref, void or typed reference) cannot be used as {role}")]
    InvalidElement {
        /// The offending type.
        ty: TypeId,
        /// What it was to be used as.
        role: ElementRole,
    },
    /// An array of rank 0.
    #[error("an array has at least one dimension")]
    ZeroRank,
    /// An element type that does not stand for a type on its own.
    #[error("element type {0:#04x} is not a primitive type")]
    NotPrimitive(u8),
    /// A signature has a type variable where none can be.
    #[error("{kind} type variable {index} stands outside of a generic {kind}")]
    NoVariables {
        /// Whether the variable is a class's or a method's.
        kind: VariableKind,
        /// The index of the variable.
        index: u16,
    },
    /// A type variable's number is above 65,535.
    #[error("type variable {0}: numbers go up to 65535")]
    VariableNumber(u32),
    /// A generic instance of something that is no definition.
    #[error("{0:?} is not a type definition, so it has no generic instances")]
    NotADefinition(TypeId),
    /// `bind_primitive` came after the row was used, or came twice, or names a row that the image does not declare.
    #[error("row {} of {:?} cannot stand for a primitive type any more, or never could", .0.rid, .0.image)]
    PrimitiveTooLate(TypeDef),
    /// `set_corlib` came after types had been built, or came twice.
    #[error("the class library's image must be named once, before any type is built")]
    CorlibTooLate,
    /// The class library's image can only go with the whole universe.
    #[error("the class library's image cannot be unloaded")]
    CorlibUnload,
    /// All ids of a kind are in use.
    #[error("no ids are left")]
    IdsExhausted,
}

/// Whose type parameter a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableKind {
    /// `!n`: of the generic type.
    Class,
    /// `!!n`: of the generic method.
    Method,
}

impl core::fmt::Display for VariableKind {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Class => "class",
            Self::Method => "method",
        })
    }
}

/// The use of a type that [`Error::InvalidElement`] complains of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementRole {
    /// An argument of a generic type or method.
    TypeArgument,
    /// The element of an array.
    ArrayElement,
    /// What a pointer points to.
    PointerTarget,
    /// What a byref refers to.
    ByRefTarget,
}

impl core::fmt::Display for ElementRole {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::TypeArgument => "a type argument",
            Self::ArrayElement => "an array element",
            Self::PointerTarget => "the target of a pointer",
            Self::ByRefTarget => "the target of a byref",
        })
    }
}
