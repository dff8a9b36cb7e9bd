//! Types of values on the evaluation stack and of storage.

use std::fmt;

use cranelift_codegen::ir::{Type, types};

use crate::host::Repr;

/// Type of an SSA value (ECMA-335 III.1.1: the verification types, with native
/// integers as `I64`, floats by size). Values of structs are not SSA values: they are
/// memory, named by an address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    /// 32-bit integer.
    I32,
    /// 64-bit or native integer, unmanaged pointer.
    I64,
    /// binary32.
    F32,
    /// binary64.
    F64,
    /// Object reference.
    Ref,
    /// Managed pointer, or the address of a frame slot.
    ByRef,
}

impl Ty {
    /// The Cranelift type.
    #[must_use]
    pub fn clif(self) -> Type {
        match self {
            Ty::I32 => types::I32,
            Ty::I64 | Ty::Ref | Ty::ByRef => types::I64,
            Ty::F32 => types::F32,
            Ty::F64 => types::F64,
        }
    }

    /// Whether this is held in a 64-bit integer register.
    #[must_use]
    pub fn is_word(self) -> bool {
        matches!(self, Ty::I64 | Ty::Ref | Ty::ByRef)
    }

    /// Whether this is a floating-point type.
    #[must_use]
    pub fn is_float(self) -> bool {
        matches!(self, Ty::F32 | Ty::F64)
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ty::I32 => "i32",
            Ty::I64 => "i64",
            Ty::F32 => "f32",
            Ty::F64 => "f64",
            Ty::Ref => "ref",
            Ty::ByRef => "byref",
        })
    }
}

/// Type of a scalar in storage: what a load widens and a store narrows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mem {
    /// Signed byte.
    I8,
    /// Unsigned byte, bool.
    U8,
    /// Signed 16 bits.
    I16,
    /// Unsigned 16 bits, char.
    U16,
    /// 32-bit integer.
    I32,
    /// 64-bit or native integer, pointer.
    I64,
    /// binary32.
    F32,
    /// binary64.
    F64,
    /// Object reference.
    Ref,
    /// Managed pointer.
    ByRef,
}

impl Mem {
    /// Storage of a representation; `None` for `Void` and `Struct`.
    #[must_use]
    pub fn of(repr: Repr) -> Option<Mem> {
        Some(match repr {
            Repr::Void | Repr::Struct => return None,
            Repr::I1 => Mem::I8,
            Repr::Bool | Repr::U1 => Mem::U8,
            Repr::I2 => Mem::I16,
            Repr::Char | Repr::U2 => Mem::U16,
            Repr::I4 | Repr::U4 => Mem::I32,
            Repr::I8 | Repr::U8 | Repr::I | Repr::U => Mem::I64,
            Repr::R4 => Mem::F32,
            Repr::R8 => Mem::F64,
            Repr::Ref => Mem::Ref,
            Repr::ByRef => Mem::ByRef,
        })
    }

    /// Type of the value on the evaluation stack.
    #[must_use]
    pub fn ty(self) -> Ty {
        match self {
            Mem::I8 | Mem::U8 | Mem::I16 | Mem::U16 | Mem::I32 => Ty::I32,
            Mem::I64 => Ty::I64,
            Mem::F32 => Ty::F32,
            Mem::F64 => Ty::F64,
            Mem::Ref => Ty::Ref,
            Mem::ByRef => Ty::ByRef,
        }
    }

    /// Bytes.
    #[must_use]
    pub fn size(self) -> u32 {
        match self {
            Mem::I8 | Mem::U8 => 1,
            Mem::I16 | Mem::U16 => 2,
            Mem::I32 | Mem::F32 => 4,
            Mem::I64 | Mem::F64 | Mem::Ref | Mem::ByRef => 8,
        }
    }

    /// Cranelift type of exactly these bytes.
    #[must_use]
    pub fn clif(self) -> Type {
        match self {
            Mem::I8 | Mem::U8 => types::I8,
            Mem::I16 | Mem::U16 => types::I16,
            Mem::I32 => types::I32,
            Mem::I64 | Mem::Ref | Mem::ByRef => types::I64,
            Mem::F32 => types::F32,
            Mem::F64 => types::F64,
        }
    }

    /// Whether it is narrower than the 32-bit integer it becomes on the stack.
    #[must_use]
    pub fn is_narrow(self) -> bool {
        matches!(self, Mem::I8 | Mem::U8 | Mem::I16 | Mem::U16)
    }

    /// Whether widening keeps the sign.
    #[must_use]
    pub fn is_signed(self) -> bool {
        matches!(self, Mem::I8 | Mem::I16 | Mem::I32 | Mem::I64)
    }
}

impl fmt::Display for Mem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mem::I8 => "i8",
            Mem::U8 => "u8",
            Mem::I16 => "i16",
            Mem::U16 => "u16",
            Mem::I32 => "i32",
            Mem::I64 => "i64",
            Mem::F32 => "f32",
            Mem::F64 => "f64",
            Mem::Ref => "ref",
            Mem::ByRef => "byref",
        })
    }
}
