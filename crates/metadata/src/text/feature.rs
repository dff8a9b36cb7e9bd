//! Properties and events.

use super::context::Context;
use super::out::Out;
use super::{Error, attributes, constant, names};
use crate::{EventAttributes, MethodSemanticsAttributes, PropertyAttributes, Rid, TableId, Token};

pub(super) fn property(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    property: Rid,
) -> Result<(), Error> {
    let token = Token::new(TableId::Property, property);
    let row = context.property(property)?;
    let sig = context.property_sig(context.blob(row.signature)?)?;
    out.line(format_args!(
        ".property {}{}{}{} {}({}){}",
        word(
            row.flags.contains(PropertyAttributes::SPECIAL_NAME),
            "specialname "
        ),
        word(
            row.flags.contains(PropertyAttributes::RT_SPECIAL_NAME),
            "rtspecialname "
        ),
        word(sig.has_this, "instance "),
        sig.ty,
        names::dotted(context.string(row.name)?),
        sig.params.join(", "),
        constant::initializer(context, token)?
    ))?;
    accessors(context, out, token)
}

pub(super) fn event(context: &Context<'_, '_>, out: &mut Out<'_>, event: Rid) -> Result<(), Error> {
    let token = Token::new(TableId::Event, event);
    let row = context.event(event)?;
    let name = names::dotted(context.string(row.name)?);
    if !row.flags.is_empty() {
        // The assembler reads these words and forgets them.
        out.line(format_args!("// lost: the flags of event {name}"))?;
    }
    out.line(format_args!(
        ".event {}{}{} {name}",
        word(
            row.flags.contains(EventAttributes::SPECIAL_NAME),
            "specialname "
        ),
        word(
            row.flags.contains(EventAttributes::RT_SPECIAL_NAME),
            "rtspecialname "
        ),
        context.type_operand(row.event_type)?,
    ))?;
    accessors(context, out, token)
}

fn word(holds: bool, word: &'static str) -> &'static str {
    if holds { word } else { "" }
}

fn accessors(context: &Context<'_, '_>, out: &mut Out<'_>, token: Token) -> Result<(), Error> {
    out.open()?;
    attributes::write(context, out, token)?;
    for rid in context.method_semantics_of(token) {
        let row = context.method_semantics(rid)?;
        let method = context.method_operand(Token::new(TableId::MethodDef, row.method))?;
        let directive = match row.semantics {
            MethodSemanticsAttributes::GETTER => ".get",
            MethodSemanticsAttributes::SETTER => ".set",
            MethodSemanticsAttributes::ADD_ON => ".addon",
            MethodSemanticsAttributes::REMOVE_ON => ".removeon",
            MethodSemanticsAttributes::FIRE => ".fire",
            _ => ".other",
        };
        out.line(format_args!("{directive} {method}"))?;
    }
    out.close()?;
    Ok(())
}
