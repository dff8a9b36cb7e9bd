//! Custom attributes.

use super::context::Context;
use super::out::Out;
use super::{Error, names};
use crate::Token;

/// The attributes of anything, one line each.
pub(super) fn write(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    parent: Token,
) -> Result<(), Error> {
    for rid in context.custom_attributes(parent) {
        let row = context.custom_attribute(rid)?;
        let constructor = context.method_operand(row.constructor)?;
        let value = names::bytes(context.blob(row.value)?);
        out.line(format_args!(".custom {constructor} = {value}"))?;
    }
    Ok(())
}

/// Attributes of something that the assembler has no place for.
pub(super) fn write_lost(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    parent: Token,
    what: &str,
) -> Result<(), Error> {
    for rid in context.custom_attributes(parent) {
        let row = context.custom_attribute(rid)?;
        let constructor = context.method_operand(row.constructor)?;
        out.line(format_args!("// lost: of {what}: .custom {constructor}"))?;
    }
    Ok(())
}
