//! Tables and heaps in the lines of Mono's `monodis`, so that its users find what they know and the two can be compared.
//!
//! Only this file is read: where `monodis` loads referenced assemblies to name what it found there (a forwarded type, an
//! inherited method), the names here are those of the row. `monodis` writes `(null)` for `<Module>` and for generic
//! parameters that it knows by number only; they are named here.

mod heaps;
mod members;
mod rows;
mod security;
mod spelling;
mod values;

use core::cell::{OnceCell, RefCell};
use core::fmt;

use super::Error;
use super::context::Context;
use crate::cattr::LocalResolver;
use crate::{Rid, TableId, Token};
pub use heaps::Heap;

/// A metadata and what is written of it.
struct Listing<'c, 'i, 'a> {
    context: &'c Context<'i, 'a>,
    /// Made when the first custom attribute is met.
    resolver: OnceCell<RefCell<LocalResolver<'i, 'a>>>,
}

/// Writes a table as `monodis` does; false when `monodis` has no such table.
pub(super) fn write(
    context: &Context<'_, '_>,
    table: TableId,
    sink: &mut dyn fmt::Write,
) -> Result<bool, Error> {
    let Some(title) = title(table) else {
        return Ok(false);
    };
    let listing = Listing {
        context,
        resolver: OnceCell::new(),
    };
    match title {
        Title::Plain(title) => writeln!(sink, "{title}")?,
        Title::Counted(title) => writeln!(sink, "{title} (1..{})", context.row_count(table))?,
    }
    let mut owner = None;
    for rid in context.rids(table) {
        let header = match table {
            TableId::Field => context.owner_of_field(rid),
            TableId::MethodDef => context.owner_of_method(rid),
            _ => None,
        };
        if header != owner {
            owner = header;
            if let Some(ty) = header {
                let row = context.type_def(ty)?;
                let (namespace, name) = (context.string(row.namespace)?, context.string(row.name)?);
                writeln!(sink, "########## {namespace}.{name}")?;
            }
        }
        listing
            .row(table, rid, sink)
            .map_err(|error| error.at(Token::new(table, rid)))?;
    }
    if ends_with_gap(table) {
        sink.write_str("\n")?;
    }
    Ok(true)
}

enum Title {
    Plain(&'static str),
    /// With the numbers of the first and last row.
    Counted(&'static str),
}

const fn ends_with_gap(table: TableId) -> bool {
    matches!(
        table,
        TableId::TypeRef
            | TableId::TypeDef
            | TableId::TypeSpec
            | TableId::AssemblyRef
            | TableId::Param
            | TableId::Field
    )
}

const fn title(table: TableId) -> Option<Title> {
    use Title::{Counted, Plain};
    Some(match table {
        TableId::Assembly => Plain("Assembly Table"),
        TableId::AssemblyRef => Plain("AssemblyRef Table"),
        TableId::ClassLayout => Counted("ClassLayout Table"),
        TableId::Constant => Counted("Constant Table"),
        TableId::CustomAttribute => Counted("Custom Attributes Table"),
        TableId::DeclSecurity => Counted("DeclSecurity Table"),
        TableId::Event => Counted("Event Table"),
        TableId::EventPtr => Counted("Event Ptr"),
        TableId::ExportedType => Counted("ExportedType Table"),
        TableId::Field => Counted("Field Table"),
        TableId::FieldMarshal => Counted("FieldMarshal Table"),
        TableId::FieldPtr => Counted("Field Ptr"),
        TableId::FieldRva => Counted("FieldRVA Table"),
        TableId::File => Counted("File Table"),
        TableId::GenericParam => Counted("GenericParameters"),
        TableId::GenericParamConstraint => Counted("Generic Param Constraint"),
        TableId::ImplMap => Counted("ImplMap Table"),
        TableId::InterfaceImpl => Counted("Interface Implementation Table"),
        TableId::ManifestResource => Counted("Manifestresource Table"),
        TableId::MemberRef => Counted("MemberRef Table"),
        TableId::MethodDef => Counted("Method Table"),
        TableId::MethodImpl => Counted("MethodImpl Table"),
        TableId::MethodPtr => Counted("Method Ptr"),
        TableId::MethodSemantics => Counted("Method Semantics Table"),
        TableId::MethodSpec => Counted("MethodSpec"),
        TableId::Module => Counted("Module Table"),
        TableId::ModuleRef => Counted("ModuleRef Table"),
        TableId::NestedClass => Counted("NestedClass Table"),
        TableId::Param => Plain("Param Table"),
        TableId::ParamPtr => Counted("Param Ptr"),
        TableId::Property => Counted("Property Table"),
        TableId::PropertyMap => Counted("Property Map Table"),
        TableId::PropertyPtr => Counted("Property Ptr"),
        TableId::StandAloneSig => Counted("Stand alone signature"),
        TableId::TypeDef => Plain("Typedef Table"),
        TableId::TypeRef => Plain("Typeref Table"),
        TableId::TypeSpec => Plain("Typespec Table"),
        _ => return None,
    })
}

impl Listing<'_, '_, '_> {
    /// Writes the lines of a row of a table that has a title.
    fn row(&self, table: TableId, rid: Rid, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        match table {
            TableId::Assembly => self.assembly(rid, sink),
            TableId::AssemblyRef => self.assembly_ref(rid, sink),
            TableId::ClassLayout => self.class_layout(rid, sink),
            TableId::Constant => self.constant(rid, sink),
            TableId::CustomAttribute => self.custom_attribute(rid, sink),
            TableId::DeclSecurity => self.decl_security(rid, sink),
            TableId::Event => self.event(rid, sink),
            TableId::EventPtr => self.event_ptr(rid, sink),
            TableId::ExportedType => self.exported_type(rid, sink),
            TableId::Field => self.field(rid, sink),
            TableId::FieldMarshal => self.field_marshal(rid, sink),
            TableId::FieldPtr => self.field_ptr(rid, sink),
            TableId::FieldRva => self.field_rva(rid, sink),
            TableId::File => self.file(rid, sink),
            TableId::GenericParam => self.generic_param(rid, sink),
            TableId::GenericParamConstraint => self.generic_param_constraint(rid, sink),
            TableId::ImplMap => self.impl_map(rid, sink),
            TableId::InterfaceImpl => self.interface_impl(rid, sink),
            TableId::ManifestResource => self.manifest_resource(rid, sink),
            TableId::MemberRef => self.member_ref(rid, sink),
            TableId::MethodDef => self.method_def(rid, sink),
            TableId::MethodImpl => self.method_impl(rid, sink),
            TableId::MethodPtr => self.method_ptr(rid, sink),
            TableId::MethodSemantics => self.method_semantics(rid, sink),
            TableId::MethodSpec => self.method_spec(rid, sink),
            TableId::Module => self.module(rid, sink),
            TableId::ModuleRef => self.module_ref(rid, sink),
            TableId::NestedClass => self.nested_class(rid, sink),
            TableId::Param => self.param(rid, sink),
            TableId::ParamPtr => self.param_ptr(rid, sink),
            TableId::Property => self.property(rid, sink),
            TableId::PropertyMap => self.property_map(rid, sink),
            TableId::PropertyPtr => self.property_ptr(rid, sink),
            TableId::StandAloneSig => self.stand_alone_sig(rid, sink),
            TableId::TypeDef => self.type_def(rid, sink),
            TableId::TypeRef => self.type_ref(rid, sink),
            TableId::TypeSpec => self.type_spec(rid, sink),
            _ => Ok(()),
        }
    }

    /// A cell as it lies in the table: coded indexes too.
    fn raw(&self, table: TableId, rid: Rid, column: usize) -> u32 {
        self.context.raw_cell(table, rid, column).unwrap_or(0)
    }
}
