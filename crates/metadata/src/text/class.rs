//! Types.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::context::Context;
use super::out::Out;
use super::{Error, attributes, feature, field, flags, method, security};
use crate::{Rid, TableId, Token, TypeAttributes};

/// Types nest at most this deep.
const MAX_NESTING: u32 = 64;

/// Writes a type with everything in it.
pub(super) fn write(context: &Context<'_, '_>, out: &mut Out<'_>, ty: Rid) -> Result<(), Error> {
    write_at(context, out, ty, 0).map_err(|error| error.at(Token::new(TableId::TypeDef, ty)))
}

fn write_at(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    ty: Rid,
    depth: u32,
) -> Result<(), Error> {
    if depth > MAX_NESTING {
        return Err(Error::TooDeep);
    }
    let token = Token::new(TableId::TypeDef, ty);
    head(context, out, ty)?;
    out.open()?;
    // Attributes belong to what was named last: the type's own come before its members.
    attributes::write(context, out, token)?;
    security::write(context, out, token)?;
    generic_param_attributes(context, out, token)?;
    if let Some(rid) = context.class_layout_of(ty) {
        let layout = context.class_layout(rid)?;
        // One without the other would give it a default.
        out.line(format_args!(".pack {}", layout.packing_size))?;
        out.line(format_args!(".size {}", layout.class_size))?;
    }
    members(context, out, ty)?;
    for event in context.type_events(ty) {
        let token = Token::new(TableId::Event, event);
        feature::event(context, out, event).map_err(|error| error.at(token))?;
    }
    for property in context.type_properties(ty) {
        let token = Token::new(TableId::Property, property);
        feature::property(context, out, property).map_err(|error| error.at(token))?;
    }
    for nested in context.nested.nested_types(ty) {
        write_at(context, out, nested, depth + 1)
            .map_err(|error| error.at(Token::new(TableId::TypeDef, nested)))?;
    }
    out.close()?;
    Ok(())
}

/// Fields and methods.
pub(super) fn members(context: &Context<'_, '_>, out: &mut Out<'_>, ty: Rid) -> Result<(), Error> {
    for rid in context.type_fields(ty) {
        let token = Token::new(TableId::Field, rid);
        field::write(context, out, rid).map_err(|error| error.at(token))?;
    }
    for rid in context.type_methods(ty) {
        let token = Token::new(TableId::MethodDef, rid);
        method::write(context, out, rid).map_err(|error| error.at(token))?;
    }
    Ok(())
}

fn head(context: &Context<'_, '_>, out: &mut Out<'_>, ty: Rid) -> Result<(), Error> {
    let token = Token::new(TableId::TypeDef, ty);
    let row = context.type_def(ty)?;
    if row.flags.contains(TypeAttributes::WINDOWS_RUNTIME) {
        out.line(format_args!("// lost: windowsruntime"))?;
    }
    out.line(format_args!(
        ".class {}{}{}",
        flags::of_type(row.flags),
        context.full_name(row.namespace, row.name)?,
        generic_params(context, token)?
    ))?;
    if !row.extends.is_nil() {
        let base = match context.outside_prefix(ty) {
            Some(prefix) if row.extends.is(TableId::TypeSpec) => {
                context.outside_type_spec(row.extends.rid(), &prefix)?
            }
            _ => base_type(context, row.extends)?,
        };
        out.line(format_args!("       extends {base}"))?;
    }
    let mut interfaces = Vec::new();
    for rid in context.interface_impls(ty) {
        let row = context.interface_impl(rid)?;
        interfaces.push(base_type(context, row.interface)?);
    }
    if !interfaces.is_empty() {
        let list = interfaces.join(", ");
        out.line(format_args!("       implements {list}"))?;
    }
    for rid in context.interface_impls(ty) {
        let token = Token::new(TableId::InterfaceImpl, rid);
        attributes::write_lost(context, out, token, "an interface")?;
    }
    Ok(())
}

/// A class or interface where no value type can stand.
fn base_type(context: &Context<'_, '_>, token: Token) -> Result<String, Error> {
    if token.is(TableId::TypeSpec) {
        context.type_spec_text(token.rid())
    } else {
        context.type_name(token)
    }
}

/// `<T, (constraints) U>` of a type or method; empty when it is not generic.
pub(super) fn generic_params(context: &Context<'_, '_>, owner: Token) -> Result<String, Error> {
    let mut list = Vec::new();
    for rid in context.generic_params(owner) {
        let row = context.generic_param(rid)?;
        let mut constraints = Vec::new();
        for rid in context.generic_param_constraints(rid) {
            let row = context.generic_param_constraint(rid)?;
            constraints.push(context.type_operand(row.constraint)?);
        }
        let constraints = if constraints.is_empty() {
            String::new()
        } else {
            format!("({}) ", constraints.join(", "))
        };
        let name = super::names::identifier(context.string(row.name)?);
        list.push(format!(
            "{}{constraints}{name}",
            flags::of_generic_param(row.flags)
        ));
    }
    Ok(if list.is_empty() {
        String::new()
    } else {
        format!("<{}>", list.join(", "))
    })
}

/// Attributes of generic parameters.
pub(super) fn generic_param_attributes(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    owner: Token,
) -> Result<(), Error> {
    for (position, rid) in context.generic_params(owner).enumerate() {
        let token = Token::new(TableId::GenericParam, rid);
        if !context.custom_attributes(token).is_empty() {
            out.line(format_args!(".param type [{}]", position + 1))?;
            attributes::write(context, out, token)?;
        }
        for rid in context.generic_param_constraints(rid) {
            let token = Token::new(TableId::GenericParamConstraint, rid);
            attributes::write_lost(context, out, token, "a constraint")?;
        }
    }
    Ok(())
}
