//! The views that a universe gives of its entries.

use crate::ids::{InstId, MethodDef, TypeDef, TypeId};
use ferrocil_metadata::ElementType;

/// What an interned type is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type<'u> {
    /// A type that signatures name by element type alone: `Void`, `Boolean`, `Char`, `I1` … `R8`, `I`, `U`,
    /// `String`, `Object`, `TypedByRef`. The universe does not know their TypeDef rows; the VM does.
    Primitive(ElementType),
    /// A class or value type that is not generic, or an open generic definition itself.
    Def(TypeDef),
    /// A generic instance, also over variables.
    Inst {
        /// The generic definition.
        def: TypeDef,
        /// Its arguments.
        args: InstId,
    },
    /// A vector: one dimension, lower bound 0.
    SzArray(TypeId),
    /// A general array. Sizes and lower bounds in signatures do not make different types.
    Array {
        /// The element type.
        elem: TypeId,
        /// The number of dimensions, from 1.
        rank: u8,
    },
    /// An unmanaged pointer.
    Pointer(TypeId),
    /// A managed pointer.
    ByRef(TypeId),
    /// A pointer to a method of this signature.
    FnPtr(&'u FnSig<'u>),
    /// Type parameter `!index` of a generic type.
    Var {
        /// The generic type definition.
        owner: TypeDef,
        /// From 0.
        index: u16,
    },
    /// Type parameter `!!index` of a generic method.
    MVar {
        /// The generic method definition.
        owner: MethodDef,
        /// From 0.
        index: u16,
    },
}

/// The signature of a function pointer (ECMA-335 II.23.2.1–3), without custom modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FnSig<'a> {
    /// The first byte of the signature: calling convention, HASTHIS, EXPLICITTHIS.
    pub convention: u8,
    /// The return type.
    pub ret: TypeId,
    /// The parameter types, without `this`.
    pub params: &'a [TypeId],
    /// For `vararg`: how many parameters come before the sentinel, when there is one.
    pub sentinel: Option<u32>,
}

/// What a method id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MethodInst {
    /// The type that declares the method: a definition, an instance, or an array type.
    pub declaring: TypeId,
    /// The method's row.
    pub def: MethodDef,
    /// The method's own arguments; `None` for a method that is not generic and for a generic method
    /// definition itself.
    pub args: Option<InstId>,
}

/// The arguments that variables stand for. `None` leaves the variables of that kind as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context {
    /// For `!n`.
    pub class_args: Option<InstId>,
    /// For `!!n`.
    pub method_args: Option<InstId>,
}

impl Context {
    /// The context that changes nothing.
    pub const EMPTY: Self = Self {
        class_args: None,
        method_args: None,
    };

    /// A context for class variables only.
    pub const fn class(args: InstId) -> Self {
        Self {
            class_args: Some(args),
            method_args: None,
        }
    }

    /// A context for method variables only.
    pub const fn method(args: InstId) -> Self {
        Self {
            class_args: None,
            method_args: Some(args),
        }
    }
}

/// Bounds that keep every walk over a type short, whatever an image contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep a type may nest (`List<List<int>>` nests 3 levels). At most 1,024.
    pub depth: u16,
    /// How many parts a type may have when written out (`Dictionary<int, List<int>>` has 4).
    pub nodes: u32,
    /// How many arguments a list, or parameters a signature, may have.
    pub arguments: u32,
}

impl Limits {
    /// The deepest nesting that [`Limits::depth`] may allow: walks recurse once per level.
    pub const MAX_DEPTH: u16 = 1024;
}

impl Default for Limits {
    /// 256 levels, 65,536 parts, 65,535 arguments.
    fn default() -> Self {
        Self {
            depth: 256,
            nodes: 1 << 16,
            arguments: u16::MAX as u32,
        }
    }
}
