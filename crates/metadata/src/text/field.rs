//! Fields.

use alloc::format;
use alloc::string::String;

use super::context::Context;
use super::out::Out;
use super::{Error, attributes, constant, data, flags, marshal, names};
use crate::{FieldAttributes, Rid, TableId, Token};

pub(super) fn write(context: &Context<'_, '_>, out: &mut Out<'_>, field: Rid) -> Result<(), Error> {
    let token = Token::new(TableId::Field, field);
    let row = context.field(field)?;
    let name = context.string(row.name)?;
    let ty = context.field_sig(context.blob(row.signature)?)?;
    let offset = match context.field_layout_of(field) {
        None => String::new(),
        Some(layout) => format!("[{}] ", context.field_layout(layout)?.offset),
    };
    let mut marshalling = String::new();
    if let Some(rid) = context.field_marshal_of(token) {
        match marshal::text(context.blob(context.field_marshal(rid)?.native_type)?)? {
            Some(text) => marshalling = format!("marshal({text}) "),
            None => out.line(format_args!("// lost: marshalling of {name}"))?,
        }
    }
    if row.flags.contains(FieldAttributes::PINVOKE_IMPL) {
        out.line(format_args!("// lost: pinvokeimpl of {name}"))?;
    }
    let at = initial_data(context, out, field)?;
    out.line(format_args!(
        ".field {offset}{}{marshalling}{ty} {}{at}{}",
        flags::of_field(row.flags),
        names::identifier(name),
        constant::initializer(context, token)?
    ))?;
    attributes::write(context, out, token)
}

/// Writes a field's initial data and gives the reference to it.
fn initial_data(context: &Context<'_, '_>, out: &mut Out<'_>, field: Rid) -> Result<String, Error> {
    let Some(rid) = context.field_rva_of(field) else {
        return Ok(String::new());
    };
    let rva = context.field_rva(rid)?.rva;
    let Some(size) = data::size_of_field(context, field)? else {
        out.line(format_args!(
            "// lost: initial data of unknown size at {rva:#x}"
        ))?;
        return Ok(String::new());
    };
    let label = format!("D_{field}");
    let bytes = names::bytes(context.image()?.rva_bytes(rva, size)?);
    out.line(format_args!(".data {label} = bytearray {bytes}"))?;
    Ok(format!(" at {label}"))
}
