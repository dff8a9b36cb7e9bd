//! Methods.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::context::Context;
use super::out::Out;
use super::types::call_conv;
use super::{Error, attributes, class, constant, flags, il, marshal, names, security};
use crate::sig::SigFlags;
use crate::{MethodAttributes, MethodImplAttributes, ParamRow, Rid, TableId, Token};

/// A parameter's row, where there is one.
type Params = Vec<(Rid, ParamRow)>;

pub(super) fn write(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    method: Rid,
) -> Result<(), Error> {
    let token = Token::new(TableId::MethodDef, method);
    let row = context.method_def(method)?;
    let name = context.string(row.name)?;
    let sig = context.method_sig(context.blob(row.signature)?)?;
    let mut params = Params::new();
    for rid in context.method_params(method) {
        params.push((rid, context.param(rid)?));
    }
    let param = |sequence: usize| {
        params
            .iter()
            .find(|(_, row)| usize::from(row.sequence) == sequence)
    };

    let lost = MethodImplAttributes::from_bits_retain(
        row.impl_flags.bits() & MethodImplAttributes::AGGRESSIVE_OPTIMIZATION.bits(),
    );
    if !lost.is_empty() {
        out.line(format_args!("// lost: aggressiveoptimization of {name}"))?;
    }
    // Whether there is a `this` follows from `static`; only the rest of the convention is written.
    let is_static = row.flags.contains(MethodAttributes::STATIC);
    let kind = SigFlags(sig.flags.0 & !SigFlags::HAS_THIS);
    let this = if is_static { "" } else { "instance " };
    let mut list = Vec::with_capacity(sig.params.len());
    for (position, ty) in sig.params.iter().enumerate() {
        list.push(one_param(context, out, ty, param(position + 1))?);
    }
    let returned = match param(0) {
        None => String::new(),
        Some((rid, _)) => marshalling(context, out, *rid, "the return value")?,
    };
    let head = format!(
        ".method {}{}{this}{}{}{returned} {}{}({}) {}",
        flags::of_method(row.flags),
        pinvoke(context, out, method, row.flags)?,
        call_conv(kind),
        sig.ret,
        names::method(name),
        class::generic_params(context, token)?,
        list.join(", "),
        flags::of_impl(row.impl_flags),
    );
    out.line(format_args!("{}", head.trim_end()))?;
    out.open()?;
    if context.image()?.entry_point() == Some(token) {
        out.line(format_args!(".entrypoint"))?;
    }
    attributes::write(context, out, token)?;
    security::write(context, out, token)?;
    class::generic_param_attributes(context, out, token)?;
    for (rid, row) in &params {
        param_extras(context, out, *rid, row)?;
    }
    overrides(context, out, method)?;
    if row.rva != 0 && row.impl_flags.bits() & MethodImplAttributes::CODE_TYPE_MASK.bits() == 0 {
        il::write(context, out, row.rva)?;
    }
    out.close()?;
    Ok(())
}

fn one_param(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    ty: &str,
    row: Option<&(Rid, ParamRow)>,
) -> Result<String, Error> {
    let Some((rid, row)) = row else {
        return Ok(ty.into());
    };
    let name = context.string(row.name)?;
    let marshalling = marshalling(context, out, *rid, name)?;
    let name = if name.is_empty() {
        String::new()
    } else {
        format!(" {}", names::identifier(name))
    };
    Ok(format!(
        "{}{ty}{marshalling}{name}",
        flags::of_param(row.flags)
    ))
}

/// ` marshal(…)` of a parameter.
fn marshalling(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    param: Rid,
    name: &str,
) -> Result<String, Error> {
    let Some(rid) = context.field_marshal_of(Token::new(TableId::Param, param)) else {
        return Ok(String::new());
    };
    if let Some(text) = marshal::text(context.blob(context.field_marshal(rid)?.native_type)?)? {
        return Ok(format!(" marshal({text})"));
    }
    out.line(format_args!("// lost: marshalling of {name}"))?;
    Ok(String::new())
}

/// Constant and attributes of a parameter.
fn param_extras(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    rid: Rid,
    row: &ParamRow,
) -> Result<(), Error> {
    let token = Token::new(TableId::Param, rid);
    let constant = constant::initializer(context, token)?;
    if constant.is_empty() && context.custom_attributes(token).is_empty() {
        return Ok(());
    }
    out.line(format_args!(".param [{}]{constant}", row.sequence))?;
    attributes::write(context, out, token)
}

fn pinvoke(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    method: Rid,
    flags: MethodAttributes,
) -> Result<String, Error> {
    match context.image()?.pinvoke(method)? {
        Some(call) => Ok(format!(
            "pinvokeimpl({} as {} {}) ",
            names::string(call.library),
            names::string(call.entry_point),
            flags::of_pinvoke(call.flags).trim_end()
        )),
        None => {
            if flags.contains(MethodAttributes::PINVOKE_IMPL) {
                out.line(format_args!("// lost: pinvokeimpl without a library"))?;
            }
            Ok(String::new())
        }
    }
}

/// The methods that this one overrides by name.
fn overrides(context: &Context<'_, '_>, out: &mut Out<'_>, method: Rid) -> Result<(), Error> {
    let Some(owner) = context.owner_of_method(method) else {
        return Ok(());
    };
    let token = Token::new(TableId::MethodDef, method);
    for rid in context.method_impls(owner) {
        let row = context.method_impl(rid)?;
        if row.body == token {
            let declaration = context.open_method(row.declaration)?;
            out.line(format_args!(".override method {declaration}"))?;
        }
    }
    Ok(())
}
