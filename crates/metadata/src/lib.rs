#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod body;
#[cfg(feature = "builder")]
pub mod builder;
pub mod cattr;
pub mod check;
mod constant;
mod element_type;
mod error;
pub mod flags;
mod heaps;
mod identity;
pub mod il;
mod image;
mod index;
mod lookup;
pub mod marshal;
mod metadata;
pub mod pdb;
mod pe;
mod reader;
mod sha1;
pub mod sig;
mod tables;
#[cfg(feature = "text")]
pub mod text;
mod token;
pub mod verify;
#[cfg(feature = "write")]
pub mod write;

pub use body::{EhClause, EhKind, MethodBody};
pub use constant::{ConstantValue, Scalar};
pub use element_type::ElementType;
pub use error::Error;
pub use flags::{
    AssemblyFlags, CodeType, CorFlags, EventAttributes, FieldAttributes, FileAttributes,
    GenericParamAttributes, LocalVariableAttributes, ManifestResourceAttributes, MemberAccess,
    MethodAttributes, MethodImplAttributes, MethodSemanticsAttributes, PInvokeAttributes,
    PInvokeCallConv, ParamAttributes, PropertyAttributes, StringFormat, TypeAttributes, TypeLayout,
    TypeVisibility,
};
pub use heaps::{Guid, UserString};
pub use identity::{AssemblyIdentity, PublicKeyToken, Version};
pub use image::{Image, PInvoke, ResourceData};
pub use index::{NestedTypeIndex, SemanticsIndex, TypeNameIndex};
pub use metadata::Metadata;
pub use pe::{CliHeader, DebugEntry, Directory, PeHeader, VTableFixup};
pub use reader::Reader;
pub use tables::RawRow;
pub use tables::coded::CodedKind;
pub use tables::rids::Rids;
pub use tables::schema::{
    AssemblyOsRow, AssemblyProcessorRow, AssemblyRefOsRow, AssemblyRefProcessorRow, AssemblyRefRow,
    AssemblyRow, ClassLayoutRow, ColumnKind, ConstantRow, CustomAttributeRow,
    CustomDebugInformationRow, DeclSecurityRow, DocumentRow, EncLogRow, EncMapRow, EventMapRow,
    EventPtrRow, EventRow, ExportedTypeRow, FieldLayoutRow, FieldMarshalRow, FieldPtrRow, FieldRow,
    FieldRvaRow, FileRow, GenericParamConstraintRow, GenericParamRow, ImplMapRow, ImportScopeRow,
    InterfaceImplRow, LocalConstantRow, LocalScopeRow, LocalVariableRow, ManifestResourceRow,
    MemberRefRow, MethodDebugInformationRow, MethodDefRow, MethodImplRow, MethodPtrRow,
    MethodSemanticsRow, MethodSpecRow, ModuleRefRow, ModuleRow, NestedClassRow, ParamPtrRow,
    ParamRow, PropertyMapRow, PropertyPtrRow, PropertyRow, Row, StandAloneSigRow,
    StateMachineMethodRow, TableId, TypeDefRow, TypeRefRow, TypeSpecRow,
};
pub use token::{BlobIndex, GuidIndex, Rid, StringIndex, Token};
