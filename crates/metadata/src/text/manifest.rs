//! The file as a whole: references, the assembly, resources, forwarders, then types.

use alloc::collections::BTreeSet;

use super::context::Context;
use super::members::MODULE_TYPE;
use super::out::Out;
use super::{Error, attributes, class, flags, names, security};
use crate::{
    AssemblyFlags, FileAttributes, FileRow, ManifestResourceAttributes, PublicKeyToken,
    ResourceData, TableId, Token, TypeAttributes,
};

pub(super) fn write(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    if context.own_name.is_some() {
        classes_first(context, out)?;
    }
    references(context, out)?;
    match &context.own_name {
        None => {
            assembly(context, out)?;
            classes_first(context, out)?;
        }
        // Until the assembly is declared, its name is that of another one.
        Some(name) => {
            out.line(format_args!("// Only for bases that name themselves."))?;
            out.line(format_args!(".assembly extern {name}"))?;
            reference_to_self(context, out)?;
        }
    }
    module(context, out)?;
    files(context, out)?;
    resources(context, out)?;
    exported_types(context, out)?;
    class::members(context, out, MODULE_TYPE)?;
    for ty in context.rids(TableId::TypeDef) {
        if ty != MODULE_TYPE && context.enclosing_type(ty).is_none() {
            out.gap()?;
            class::write(context, out, ty)?;
        }
    }
    if context.own_name.is_some() {
        out.gap()?;
        assembly(context, out)?;
    }
    Ok(())
}

/// Mentions classes around referenced value types: the assembler takes the outer type for a value type when it first
/// meets it in the name of an inner one. Attributes without an owner are read and forgotten.
fn classes_first(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    let mut outers = BTreeSet::new();
    for rid in context.rids(TableId::TypeRef) {
        let scope = context.type_ref(rid)?.resolution_scope;
        if context.is_value_type(rid)
            && scope.is(TableId::TypeRef)
            && !scope.is_nil()
            && !context.is_value_type(scope.rid())
        {
            outers.insert(scope);
        }
    }
    for outer in outers {
        let name = context.type_name(outer)?;
        if !name.starts_with("[.module ") {
            out.line(format_args!(
                ".custom instance void {name}::.ctor() = ( ) // a class"
            ))?;
        }
    }
    Ok(())
}

fn reference_to_self(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    let row = context.assembly(1)?;
    out.open()?;
    out.line(format_args!(
        ".ver {}:{}:{}:{}",
        row.major, row.minor, row.build, row.revision
    ))?;
    if let Some(token) = PublicKeyToken::of_key(context.blob(row.public_key)?) {
        let token = names::bytes(&token.0);
        out.line(format_args!(".publickeytoken = {token}"))?;
    }
    out.close()?;
    Ok(())
}

fn references(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    for rid in context.rids(TableId::AssemblyRef) {
        let row = context.assembly_ref(rid)?;
        let retargetable = if row.flags.contains(AssemblyFlags::RETARGETABLE) {
            "retargetable "
        } else {
            ""
        };
        let name = names::dotted(context.string(row.name)?);
        out.line(format_args!(".assembly extern {retargetable}{name}"))?;
        out.open()?;
        out.line(format_args!(
            ".ver {}:{}:{}:{}",
            row.major, row.minor, row.build, row.revision
        ))?;
        let key = context.blob(row.public_key_or_token)?;
        let directive = if row.flags.contains(AssemblyFlags::PUBLIC_KEY) {
            ".publickey"
        } else {
            ".publickeytoken"
        };
        if !key.is_empty() {
            out.line(format_args!("{directive} = {}", names::bytes(key)))?;
        }
        let culture = context.string(row.culture)?;
        if !culture.is_empty() {
            out.line(format_args!(".locale {}", names::string(culture)))?;
        }
        let hash = context.blob(row.hash_value)?;
        if !hash.is_empty() {
            out.line(format_args!(".hash = {}", names::bytes(hash)))?;
        }
        attributes::write(context, out, Token::new(TableId::AssemblyRef, rid))?;
        out.close()?;
    }
    for rid in context.rids(TableId::ModuleRef) {
        let name = names::dotted(context.string(context.module_ref(rid)?.name)?);
        out.line(format_args!(".module extern {name}"))?;
    }
    Ok(())
}

fn assembly(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    let Ok(row) = context.assembly(1) else {
        return Ok(());
    };
    let retargetable = if row.flags.contains(AssemblyFlags::RETARGETABLE) {
        "retargetable "
    } else {
        ""
    };
    let name = names::dotted(context.string(row.name)?);
    out.line(format_args!(".assembly {retargetable}{name}"))?;
    out.open()?;
    let token = Token::new(TableId::Assembly, 1);
    attributes::write(context, out, token)?;
    security::write(context, out, token)?;
    let key = context.blob(row.public_key)?;
    if !key.is_empty() {
        out.line(format_args!(".publickey = {}", names::bytes(key)))?;
    }
    if row.hash_algorithm != 0 {
        out.line(format_args!(".hash algorithm {:#010x}", row.hash_algorithm))?;
    }
    out.line(format_args!(
        ".ver {}:{}:{}:{}",
        row.major, row.minor, row.build, row.revision
    ))?;
    let culture = context.string(row.culture)?;
    if !culture.is_empty() {
        out.line(format_args!(".locale {}", names::string(culture)))?;
    }
    out.close()?;
    Ok(())
}

fn module(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    let name = context.module_name()?;
    out.line(format_args!(".module {}", names::dotted(name)))?;
    attributes::write(context, out, Token::new(TableId::Module, 1))?;
    out.line(format_args!("// MVID: {{{}}}", context.mvid()?))?;
    out.line(format_args!(
        ".subsystem {}",
        context.image()?.pe_header().subsystem
    ))?;
    out.line(format_args!(
        ".corflags {:#010x}",
        context.image()?.flags().bits()
    ))?;
    let fixups = context.image()?.cli_header().vtable_fixups;
    if fixups.size != 0 {
        out.line(format_args!(
            "// lost: vtable fixups at {:#x}, {} bytes",
            fixups.rva, fixups.size
        ))?;
    }
    Ok(())
}

fn files(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    for rid in context.rids(TableId::File) {
        let row: FileRow = context.row(rid)?;
        let kind = if row.flags.contains(FileAttributes::CONTAINS_NO_METADATA) {
            "nometadata "
        } else {
            ""
        };
        let name = names::dotted(context.string(row.name)?);
        let hash = names::bytes(context.blob(row.hash_value)?);
        // The assembler keeps the last one only.
        let lost = if rid < context.row_count(TableId::File) {
            "// lost: "
        } else {
            ""
        };
        let entry = if context.image()?.entry_point() == Some(Token::new(TableId::File, rid)) {
            " .entrypoint"
        } else {
            ""
        };
        out.line(format_args!(
            "{lost}.file {kind}{name} .hash = {hash}{entry}"
        ))?;
    }
    Ok(())
}

fn resources(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    for rid in context.rids(TableId::ManifestResource) {
        let row = context.manifest_resource(rid)?;
        let visibility = match row.flags & ManifestResourceAttributes::VISIBILITY_MASK {
            ManifestResourceAttributes::PUBLIC => "public ",
            ManifestResourceAttributes::PRIVATE => "private ",
            _ => "",
        };
        let name = names::dotted(context.string(row.name)?);
        // The assembler reads a file with the resource's name, and knows no other place.
        let lost = match context.image()?.resource_data(rid)? {
            ResourceData::Embedded(_) => "",
            ResourceData::File(_) | ResourceData::Assembly(_) => "// lost: in another file: ",
        };
        out.line(format_args!("{lost}.mresource {visibility}{name} {{}}"))?;
        let token = Token::new(TableId::ManifestResource, rid);
        attributes::write_lost(context, out, token, "a resource")?;
    }
    Ok(())
}

fn exported_types(context: &Context<'_, '_>, out: &mut Out<'_>) -> Result<(), Error> {
    for rid in context.rids(TableId::ExportedType) {
        let row = context.exported_type(rid)?;
        let name = context.full_name(row.namespace, row.name)?;
        let forwarder = if row.flags.contains(TypeAttributes::FORWARDER) {
            "forwarder "
        } else {
            ""
        };
        let visibility = flags::visibility(row.flags);
        if row.implementation.is(TableId::AssemblyRef) {
            let assembly = context.assembly_ref(row.implementation.rid())?;
            let assembly = names::dotted(context.string(assembly.name)?);
            out.line(format_args!(
                ".class extern {visibility} {forwarder}{name} {{ .assembly extern {assembly} }}"
            ))?;
        } else {
            // Types of other files and nested types: read and forgotten by the assembler.
            out.line(format_args!(
                "// lost: .class extern {visibility} {forwarder}{name}"
            ))?;
        }
    }
    Ok(())
}
