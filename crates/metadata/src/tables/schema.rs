//! Which tables there are, their columns, and a typed row for each (ECMA-335 II.22, Portable PDB).

use crate::flags::{
    AssemblyFlags, EventAttributes, FieldAttributes, FileAttributes, GenericParamAttributes,
    LocalVariableAttributes, ManifestResourceAttributes, MethodAttributes, MethodImplAttributes,
    MethodSemanticsAttributes, PInvokeAttributes, ParamAttributes, PropertyAttributes,
    TypeAttributes,
};
use crate::metadata::Metadata;
use crate::tables::cell::Cell;
use crate::tables::coded::CodedKind;
use crate::{BlobIndex, ElementType, Error, GuidIndex, Rid, StringIndex, Token};

/// What a column holds; decides its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A 16-bit constant.
    U16,
    /// A 32-bit constant.
    U32,
    /// An index into `#Strings`.
    Str,
    /// An index into `#GUID`.
    Guid,
    /// An index into `#Blob`.
    Blob,
    /// A row of one table.
    Table(TableId),
    /// The first row of a run in a table; with pointer tables, in its pointer table.
    List(TableId),
    /// A row of one of several tables.
    Coded(CodedKind),
}

/// The most columns that a table has.
pub(crate) const MAX_COLUMNS: usize = 9;
/// One more than the largest table number.
pub(crate) const TABLE_SLOTS: usize = 0x38;

/// A typed table row.
pub trait Row: Sized {
    /// The table that it belongs to.
    const TABLE: TableId;
    /// The table's columns, in order.
    const COLUMNS: &'static [ColumnKind];

    /// Makes a row of raw cells (as many as there are columns).
    ///
    /// # Errors
    /// When a cell's value is not allowed in its column.
    fn from_cells(cell: impl FnMut(usize) -> u32) -> Result<Self, Error>;

    /// Gives the raw cells in column order; `None` when a token does not fit its column.
    fn to_cells(&self, cell: impl FnMut(u32)) -> Option<()>;
}

macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $number:literal $table:ident $accessor:ident $row:ident {
            $($(#[$column_doc:meta])* $column:ident: $ty:ty = $kind:expr,)*
        }
    )*) => {
        /// The metadata tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum TableId {
            $($(#[$doc])* $table = $number,)*
        }

        impl TableId {
            /// Every table, in the order of numbers.
            pub const ALL: &'static [Self] = &[$(Self::$table,)*];

            /// The table with this number.
            #[inline]
            #[must_use]
            pub const fn from_u8(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$table),)*
                    _ => None,
                }
            }

            /// The table's columns.
            #[inline]
            #[must_use]
            pub const fn columns(self) -> &'static [ColumnKind] {
                match self {
                    $(Self::$table => <$row as Row>::COLUMNS,)*
                }
            }

            /// The table's name, such as `TypeDef`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$table => stringify!($table),)*
                }
            }

            /// The names of the columns: those of the row type's fields.
            #[must_use]
            pub const fn column_names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$table => &[$(stringify!($column),)*],)*
                }
            }
        }

        $(
            #[doc = concat!("A row of the `", stringify!($table), "` table.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $row {
                $($(#[$column_doc])* pub $column: $ty,)*
            }

            impl Row for $row {
                const TABLE: TableId = TableId::$table;
                const COLUMNS: &'static [ColumnKind] = &[$($kind,)*];

                #[inline]
                fn from_cells(mut cell: impl FnMut(usize) -> u32) -> Result<Self, Error> {
                    let mut column = 0;
                    let mut next = || {
                        column += 1;
                        cell(column - 1)
                    };
                    Ok(Self { $($column: <$ty as Cell>::from_cell(next(), $kind)?,)* })
                }

                fn to_cells(&self, mut cell: impl FnMut(u32)) -> Option<()> {
                    $(cell(self.$column.to_cell($kind)?);)*
                    Some(())
                }
            }
        )*

        impl Metadata<'_> {
            /// Reads a row and forgets it.
            pub(crate) fn check_row(&self, table: TableId, rid: Rid) -> Result<(), Error> {
                match table {
                    $(TableId::$table => self.$accessor(rid).map(drop),)*
                }
            }

            $(
                #[doc = concat!("Reads a row of the `", stringify!($table), "` table; rows count from 1.")]
                ///
                /// # Errors
                /// When there is no such row, or a cell holds a value that its column does not allow.
                #[inline]
                pub fn $accessor(&self, rid: Rid) -> Result<$row, Error> {
                    self.row(rid)
                }
            )*
        }
    };
}

use ColumnKind::{Blob, Coded, Guid, List, Str, Table, U16, U32};

tables! {
    /// II.22.30: the module itself.
    0x00 Module module ModuleRow {
        /// Reserved; 0.
        generation: u16 = U16,
        /// The module's name.
        name: StringIndex = Str,
        /// Identity of this build of the module.
        mvid: GuidIndex = Guid,
        /// Edit and continue.
        enc_id: GuidIndex = Guid,
        /// Edit and continue.
        enc_base_id: GuidIndex = Guid,
    }
    /// II.22.38: types of other modules and assemblies.
    0x01 TypeRef type_ref TypeRefRow {
        /// Where the type lives.
        resolution_scope: Token = Coded(CodedKind::ResolutionScope),
        /// Its name.
        name: StringIndex = Str,
        /// Its namespace.
        namespace: StringIndex = Str,
    }
    /// II.22.37: types defined here; row 1 is `<Module>`.
    0x02 TypeDef type_def TypeDefRow {
        /// Visibility, layout and more.
        flags: TypeAttributes = U32,
        /// The name.
        name: StringIndex = Str,
        /// The namespace.
        namespace: StringIndex = Str,
        /// The base type, or nil.
        extends: Token = Coded(CodedKind::TypeDefOrRef),
        /// Start of its fields; see [`Metadata::type_fields`].
        field_list: u32 = List(TableId::Field),
        /// Start of its methods; see [`Metadata::type_methods`].
        method_list: u32 = List(TableId::MethodDef),
    }
    /// `#-` only: order of fields.
    0x03 FieldPtr field_ptr FieldPtrRow {
        /// The row meant.
        field: u32 = Table(TableId::Field),
    }
    /// II.22.15: fields.
    0x04 Field field FieldRow {
        /// Access and more.
        flags: FieldAttributes = U16,
        /// The name.
        name: StringIndex = Str,
        /// A field signature.
        signature: BlobIndex = Blob,
    }
    /// `#-` only: order of methods.
    0x05 MethodPtr method_ptr MethodPtrRow {
        /// The row meant.
        method: u32 = Table(TableId::MethodDef),
    }
    /// II.22.26: methods.
    0x06 MethodDef method_def MethodDefRow {
        /// Address of the body, or 0.
        rva: u32 = U32,
        /// How it is implemented.
        impl_flags: MethodImplAttributes = U16,
        /// Access and more.
        flags: MethodAttributes = U16,
        /// The name.
        name: StringIndex = Str,
        /// A method signature.
        signature: BlobIndex = Blob,
        /// Start of its parameters; see [`Metadata::method_params`].
        param_list: u32 = List(TableId::Param),
    }
    /// `#-` only: order of parameters.
    0x07 ParamPtr param_ptr ParamPtrRow {
        /// The row meant.
        param: u32 = Table(TableId::Param),
    }
    /// II.22.33: names and flags of parameters.
    0x08 Param param ParamRow {
        /// In, out, optional …
        flags: ParamAttributes = U16,
        /// 0 is the return value, 1 the first parameter.
        sequence: u16 = U16,
        /// The name.
        name: StringIndex = Str,
    }
    /// II.22.23: interfaces of types.
    0x09 InterfaceImpl interface_impl InterfaceImplRow {
        /// The implementing `TypeDef`.
        class: u32 = Table(TableId::TypeDef),
        /// The interface.
        interface: Token = Coded(CodedKind::TypeDefOrRef),
    }
    /// II.22.25: fields and methods of other types.
    0x0A MemberRef member_ref MemberRefRow {
        /// The type (or module, or vararg method) that has the member.
        class: Token = Coded(CodedKind::MemberRefParent),
        /// The name.
        name: StringIndex = Str,
        /// A field or method signature.
        signature: BlobIndex = Blob,
    }
    /// II.22.9: constants of fields, parameters and properties.
    0x0B Constant constant ConstantRow {
        /// The value's type; `Class` is the null reference.
        ty: ElementType = U16,
        /// Whose value.
        parent: Token = Coded(CodedKind::HasConstant),
        /// The value's bytes.
        value: BlobIndex = Blob,
    }
    /// II.22.10: custom attributes.
    0x0C CustomAttribute custom_attribute CustomAttributeRow {
        /// What has the attribute.
        parent: Token = Coded(CodedKind::HasCustomAttribute),
        /// The constructor.
        constructor: Token = Coded(CodedKind::CustomAttributeType),
        /// The arguments; see [`cattr`](crate::cattr).
        value: BlobIndex = Blob,
    }
    /// II.22.17: marshalling of fields and parameters.
    0x0D FieldMarshal field_marshal FieldMarshalRow {
        /// Whose.
        parent: Token = Coded(CodedKind::HasFieldMarshal),
        /// The native type.
        native_type: BlobIndex = Blob,
    }
    /// II.22.11: security attributes.
    0x0E DeclSecurity decl_security DeclSecurityRow {
        /// Kind of demand.
        action: u16 = U16,
        /// Whose.
        parent: Token = Coded(CodedKind::HasDeclSecurity),
        /// The permissions.
        permission_set: BlobIndex = Blob,
    }
    /// II.22.8: size and packing of types.
    0x0F ClassLayout class_layout ClassLayoutRow {
        /// Greatest alignment, or 0.
        packing_size: u16 = U16,
        /// Least size, or 0.
        class_size: u32 = U32,
        /// The `TypeDef`.
        parent: u32 = Table(TableId::TypeDef),
    }
    /// II.22.16: offsets of fields.
    0x10 FieldLayout field_layout FieldLayoutRow {
        /// Bytes from the start of the object's fields.
        offset: u32 = U32,
        /// The `Field`.
        field: u32 = Table(TableId::Field),
    }
    /// II.22.36: signatures of locals and of indirect calls.
    0x11 StandAloneSig stand_alone_sig StandAloneSigRow {
        /// A locals or method signature.
        signature: BlobIndex = Blob,
    }
    /// II.22.12: events of types.
    0x12 EventMap event_map EventMapRow {
        /// The `TypeDef`.
        parent: u32 = Table(TableId::TypeDef),
        /// Start of its events; see [`Metadata::type_events`].
        event_list: u32 = List(TableId::Event),
    }
    /// `#-` only: order of events.
    0x13 EventPtr event_ptr EventPtrRow {
        /// The row meant.
        event: u32 = Table(TableId::Event),
    }
    /// II.22.13: events.
    0x14 Event event EventRow {
        /// Special names.
        flags: EventAttributes = U16,
        /// The name.
        name: StringIndex = Str,
        /// The delegate type.
        event_type: Token = Coded(CodedKind::TypeDefOrRef),
    }
    /// II.22.35: properties of types.
    0x15 PropertyMap property_map PropertyMapRow {
        /// The `TypeDef`.
        parent: u32 = Table(TableId::TypeDef),
        /// Start of its properties; see [`Metadata::type_properties`].
        property_list: u32 = List(TableId::Property),
    }
    /// `#-` only: order of properties.
    0x16 PropertyPtr property_ptr PropertyPtrRow {
        /// The row meant.
        property: u32 = Table(TableId::Property),
    }
    /// II.22.34: properties.
    0x17 Property property PropertyRow {
        /// Special names, default value.
        flags: PropertyAttributes = U16,
        /// The name.
        name: StringIndex = Str,
        /// A property signature.
        signature: BlobIndex = Blob,
    }
    /// II.22.28: which methods are accessors of what.
    0x18 MethodSemantics method_semantics MethodSemanticsRow {
        /// Getter, setter, adder …
        semantics: MethodSemanticsAttributes = U16,
        /// The `MethodDef`.
        method: u32 = Table(TableId::MethodDef),
        /// The property or event.
        association: Token = Coded(CodedKind::HasSemantics),
    }
    /// II.22.27: explicit overrides.
    0x19 MethodImpl method_impl MethodImplRow {
        /// The `TypeDef` that overrides.
        class: u32 = Table(TableId::TypeDef),
        /// The method that takes the slot.
        body: Token = Coded(CodedKind::MethodDefOrRef),
        /// The method whose slot is taken.
        declaration: Token = Coded(CodedKind::MethodDefOrRef),
    }
    /// II.22.31: other modules, native libraries too.
    0x1A ModuleRef module_ref ModuleRefRow {
        /// The file name or library name.
        name: StringIndex = Str,
    }
    /// II.22.39: constructed types.
    0x1B TypeSpec type_spec TypeSpecRow {
        /// A type.
        signature: BlobIndex = Blob,
    }
    /// II.22.22: P/Invoke.
    0x1C ImplMap impl_map ImplMapRow {
        /// How to call.
        flags: PInvokeAttributes = U16,
        /// The method.
        member_forwarded: Token = Coded(CodedKind::MemberForwarded),
        /// The native function's name.
        import_name: StringIndex = Str,
        /// The `ModuleRef` of the library.
        import_scope: u32 = Table(TableId::ModuleRef),
    }
    /// II.22.18: initial data of fields.
    0x1D FieldRva field_rva FieldRvaRow {
        /// Address of the data.
        rva: u32 = U32,
        /// The `Field`.
        field: u32 = Table(TableId::Field),
    }
    /// Edit and continue: what changed.
    0x1E EncLog enc_log EncLogRow {
        /// The row's token.
        token: u32 = U32,
        /// What was done.
        func_code: u32 = U32,
    }
    /// Edit and continue: row numbers before and after.
    0x1F EncMap enc_map EncMapRow {
        /// The row's token.
        token: u32 = U32,
    }
    /// II.22.2: the assembly itself.
    0x20 Assembly assembly AssemblyRow {
        /// Hash algorithm of the files.
        hash_algorithm: u32 = U32,
        /// Version, first part.
        major: u16 = U16,
        /// Version, second part.
        minor: u16 = U16,
        /// Version, third part.
        build: u16 = U16,
        /// Version, fourth part.
        revision: u16 = U16,
        /// Key, retargeting.
        flags: AssemblyFlags = U32,
        /// The public key, or nothing.
        public_key: BlobIndex = Blob,
        /// The simple name.
        name: StringIndex = Str,
        /// The culture, or nothing.
        culture: StringIndex = Str,
    }
    /// II.22.4: obsolete.
    0x21 AssemblyProcessor assembly_processor AssemblyProcessorRow {
        /// Unused.
        processor: u32 = U32,
    }
    /// II.22.3: obsolete.
    0x22 AssemblyOs assembly_os AssemblyOsRow {
        /// Unused.
        platform: u32 = U32,
        /// Unused.
        major: u32 = U32,
        /// Unused.
        minor: u32 = U32,
    }
    /// II.22.5: other assemblies.
    0x23 AssemblyRef assembly_ref AssemblyRefRow {
        /// Version, first part.
        major: u16 = U16,
        /// Version, second part.
        minor: u16 = U16,
        /// Version, third part.
        build: u16 = U16,
        /// Version, fourth part.
        revision: u16 = U16,
        /// Key, retargeting.
        flags: AssemblyFlags = U32,
        /// Key or token, or nothing.
        public_key_or_token: BlobIndex = Blob,
        /// The simple name.
        name: StringIndex = Str,
        /// The culture, or nothing.
        culture: StringIndex = Str,
        /// Hash of the file, or nothing.
        hash_value: BlobIndex = Blob,
    }
    /// II.22.7: obsolete.
    0x24 AssemblyRefProcessor assembly_ref_processor AssemblyRefProcessorRow {
        /// Unused.
        processor: u32 = U32,
        /// The `AssemblyRef`.
        assembly_ref: u32 = Table(TableId::AssemblyRef),
    }
    /// II.22.6: obsolete.
    0x25 AssemblyRefOs assembly_ref_os AssemblyRefOsRow {
        /// Unused.
        platform: u32 = U32,
        /// Unused.
        major: u32 = U32,
        /// Unused.
        minor: u32 = U32,
        /// The `AssemblyRef`.
        assembly_ref: u32 = Table(TableId::AssemblyRef),
    }
    /// II.22.19: other files of this assembly.
    0x26 File file FileRow {
        /// With or without metadata.
        flags: FileAttributes = U32,
        /// The file name.
        name: StringIndex = Str,
        /// Hash of the file.
        hash_value: BlobIndex = Blob,
    }
    /// II.22.14: types of other modules of this assembly, and forwarders.
    0x27 ExportedType exported_type ExportedTypeRow {
        /// Visibility; forwarder.
        flags: TypeAttributes = U32,
        /// Hint: the `TypeDef` row in the other module.
        type_def_id: u32 = U32,
        /// The name.
        name: StringIndex = Str,
        /// The namespace.
        namespace: StringIndex = Str,
        /// The file, assembly or enclosing exported type.
        implementation: Token = Coded(CodedKind::Implementation),
    }
    /// II.22.24: resources.
    0x28 ManifestResource manifest_resource ManifestResourceRow {
        /// Offset of the data.
        offset: u32 = U32,
        /// Visibility.
        flags: ManifestResourceAttributes = U32,
        /// The name.
        name: StringIndex = Str,
        /// Where it is; nil: in this file.
        implementation: Token = Coded(CodedKind::Implementation),
    }
    /// II.22.32: nesting of types.
    0x29 NestedClass nested_class NestedClassRow {
        /// The inner `TypeDef`.
        nested_class: u32 = Table(TableId::TypeDef),
        /// The outer `TypeDef`.
        enclosing_class: u32 = Table(TableId::TypeDef),
    }
    /// II.22.20: generic parameters.
    0x2A GenericParam generic_param GenericParamRow {
        /// Position, from 0.
        number: u16 = U16,
        /// Variance and special constraints.
        flags: GenericParamAttributes = U16,
        /// The type or method.
        owner: Token = Coded(CodedKind::TypeOrMethodDef),
        /// The name.
        name: StringIndex = Str,
    }
    /// II.22.29: instances of generic methods.
    0x2B MethodSpec method_spec MethodSpecRow {
        /// The generic method.
        method: Token = Coded(CodedKind::MethodDefOrRef),
        /// The arguments.
        instantiation: BlobIndex = Blob,
    }
    /// II.22.21: constraints of generic parameters.
    0x2C GenericParamConstraint generic_param_constraint GenericParamConstraintRow {
        /// The `GenericParam`.
        owner: u32 = Table(TableId::GenericParam),
        /// The type.
        constraint: Token = Coded(CodedKind::TypeDefOrRef),
    }
    /// Portable PDB: source files.
    0x30 Document document DocumentRow {
        /// The name; a blob of parts.
        name: BlobIndex = Blob,
        /// Which hash.
        hash_algorithm: GuidIndex = Guid,
        /// The hash.
        hash: BlobIndex = Blob,
        /// Which language.
        language: GuidIndex = Guid,
    }
    /// Portable PDB: one row per method.
    0x31 MethodDebugInformation method_debug_information MethodDebugInformationRow {
        /// The `Document`, or 0 when the points say it.
        document: u32 = Table(TableId::Document),
        /// The points' blob, or nothing.
        sequence_points: BlobIndex = Blob,
    }
    /// Portable PDB: ranges of code where locals live.
    0x32 LocalScope local_scope LocalScopeRow {
        /// The `MethodDef`.
        method: u32 = Table(TableId::MethodDef),
        /// The `ImportScope`.
        import_scope: u32 = Table(TableId::ImportScope),
        /// Start of its variables.
        variable_list: u32 = List(TableId::LocalVariable),
        /// Start of its constants.
        constant_list: u32 = List(TableId::LocalConstant),
        /// First IL offset.
        start_offset: u32 = U32,
        /// Length in bytes of IL.
        length: u32 = U32,
    }
    /// Portable PDB: local variables.
    0x33 LocalVariable local_variable LocalVariableRow {
        /// Hidden or not.
        attributes: LocalVariableAttributes = U16,
        /// Index of the local.
        index: u16 = U16,
        /// The name.
        name: StringIndex = Str,
    }
    /// Portable PDB: local constants.
    0x34 LocalConstant local_constant LocalConstantRow {
        /// The name.
        name: StringIndex = Str,
        /// Type and value.
        signature: BlobIndex = Blob,
    }
    /// Portable PDB: imports of source scopes.
    0x35 ImportScope import_scope ImportScopeRow {
        /// The outer `ImportScope`, or 0.
        parent: u32 = Table(TableId::ImportScope),
        /// The imports.
        imports: BlobIndex = Blob,
    }
    /// Portable PDB: iterators and async methods.
    0x36 StateMachineMethod state_machine_method StateMachineMethodRow {
        /// The generated `MethodDef`.
        move_next_method: u32 = Table(TableId::MethodDef),
        /// The written `MethodDef`.
        kickoff_method: u32 = Table(TableId::MethodDef),
    }
    /// Portable PDB: anything else.
    0x37 CustomDebugInformation custom_debug_information CustomDebugInformationRow {
        /// Whose.
        parent: Token = Coded(CodedKind::HasCustomDebugInformation),
        /// What kind.
        kind: GuidIndex = Guid,
        /// The value.
        value: BlobIndex = Blob,
    }
}
