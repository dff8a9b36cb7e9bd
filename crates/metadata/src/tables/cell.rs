//! From raw cells to typed values and back.

use crate::flags::{
    AssemblyFlags, EventAttributes, FieldAttributes, FileAttributes, GenericParamAttributes,
    LocalVariableAttributes, ManifestResourceAttributes, MethodAttributes, MethodImplAttributes,
    MethodSemanticsAttributes, PInvokeAttributes, ParamAttributes, PropertyAttributes,
    TypeAttributes,
};
use crate::tables::schema::ColumnKind;
use crate::{BlobIndex, ElementType, Error, GuidIndex, StringIndex, Token};

/// A type that a column can have.
pub(crate) trait Cell: Sized {
    fn from_cell(raw: u32, kind: ColumnKind) -> Result<Self, Error>;
    fn to_cell(&self, kind: ColumnKind) -> Option<u32>;
}

impl Cell for u32 {
    #[inline]
    fn from_cell(raw: u32, _: ColumnKind) -> Result<Self, Error> {
        Ok(raw)
    }

    fn to_cell(&self, _: ColumnKind) -> Option<u32> {
        Some(*self)
    }
}

/// The low half; a column of this type is 16 bits wide.
#[inline]
const fn low_half(raw: u32) -> u16 {
    (raw & 0xFFFF) as u16
}

impl Cell for u16 {
    #[inline]
    fn from_cell(raw: u32, _: ColumnKind) -> Result<Self, Error> {
        Ok(low_half(raw))
    }

    fn to_cell(&self, _: ColumnKind) -> Option<u32> {
        Some(u32::from(*self))
    }
}

impl Cell for Token {
    #[inline]
    fn from_cell(raw: u32, kind: ColumnKind) -> Result<Self, Error> {
        match kind {
            ColumnKind::Coded(coded) => coded.decode(raw),
            _ => Ok(Self(raw)),
        }
    }

    fn to_cell(&self, kind: ColumnKind) -> Option<u32> {
        match kind {
            ColumnKind::Coded(coded) => coded.encode(*self),
            _ => Some(self.0),
        }
    }
}

impl Cell for ElementType {
    #[inline]
    fn from_cell(raw: u32, _: ColumnKind) -> Result<Self, Error> {
        // Constant: one byte of type, one of padding (II.22.9).
        Self::from_u8((raw & 0xFF) as u8).ok_or(Error::BadCell {
            column: "element type",
            value: raw,
        })
    }

    fn to_cell(&self, _: ColumnKind) -> Option<u32> {
        Some(u32::from(*self as u8))
    }
}

macro_rules! index_cells {
    ($($name:ident),*) => {$(
        impl Cell for $name {
            #[inline]
            fn from_cell(raw: u32, _: ColumnKind) -> Result<Self, Error> {
                Ok(Self(raw))
            }

            fn to_cell(&self, _: ColumnKind) -> Option<u32> {
                Some(self.0)
            }
        }
    )*};
}

macro_rules! flag_cells {
    ($narrow:expr; $($name:ident),*) => {$(
        impl Cell for $name {
            #[inline]
            fn from_cell(raw: u32, _: ColumnKind) -> Result<Self, Error> {
                Ok(Self::from_bits_retain($narrow(raw)))
            }

            fn to_cell(&self, _: ColumnKind) -> Option<u32> {
                Some(self.bits().into())
            }
        }
    )*};
}

index_cells!(StringIndex, BlobIndex, GuidIndex);
flag_cells!(core::convert::identity; TypeAttributes, AssemblyFlags, FileAttributes, ManifestResourceAttributes);
flag_cells!(low_half; MethodAttributes, MethodImplAttributes, FieldAttributes, ParamAttributes, EventAttributes,
    PropertyAttributes, MethodSemanticsAttributes, PInvokeAttributes, GenericParamAttributes, LocalVariableAttributes);
