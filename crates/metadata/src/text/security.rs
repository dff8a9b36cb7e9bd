//! Declarative security.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::context::Context;
use super::out::Out;
use super::{Error, names, types};
use crate::{ElementType, Reader, Scalar, TableId, Token};

/// The security attributes of an assembly, type or method.
pub(super) fn write(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    parent: Token,
) -> Result<(), Error> {
    for rid in context.decl_securities(parent) {
        let row = context.decl_security(rid)?;
        let blob = context.blob(row.permission_set)?;
        let set = if blob.first() == Some(&b'.') {
            permissions(context, blob)
        } else {
            // The old form: XML in UTF-16.
            Some(names::bytes(blob))
        };
        match (action(row.action), set) {
            (Some(action), Some(set)) => {
                out.line(format_args!(".permissionset {action} = {set}"))?;
            }
            _ => out.line(format_args!(
                "// lost: .permissionset {} = {}",
                row.action,
                names::bytes(blob).replace('\n', " ")
            ))?,
        }
    }
    Ok(())
}

const fn action(action: u16) -> Option<&'static str> {
    Some(match action {
        1 => "request",
        2 => "demand",
        3 => "assert",
        4 => "deny",
        5 => "permitonly",
        6 => "linkcheck",
        7 => "inheritcheck",
        8 => "reqmin",
        9 => "reqopt",
        10 => "reqrefuse",
        11 => "prejitgrant",
        12 => "prejitdeny",
        13 => "noncasdemand",
        14 => "noncaslinkdemand",
        15 => "noncasinheritance",
        _ => return None,
    })
}

/// A set of attributes in braces; `None` when the assembler cannot express it.
fn permissions(context: &Context<'_, '_>, blob: &[u8]) -> Option<String> {
    let mut reader = Reader::new(blob);
    reader.u8()?;
    let count = reader.compressed_u32()?;
    let mut set = Vec::new();
    for _ in 0..count {
        set.push(permission(context, &mut reader)?);
    }
    (count != 0).then(|| format!("{{ {} }}", set.join(", ")))
}

fn permission(context: &Context<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let class = class_name(context, reader.ser_string()??)?;
    let len = reader.compressed_u32()?;
    // The assembler writes one byte of length, and no set without members.
    if len > 0x7F {
        return None;
    }
    let mut members = Reader::new(reader.bytes(len as usize)?);
    let count = members.compressed_u32()?;
    let mut text = String::new();
    for _ in 0..count {
        text += &member(context, &mut members)?;
        text.push(' ');
    }
    (count != 0).then(|| format!("{class} = {{ {text}}}"))
}

fn member(context: &Context<'_, '_>, reader: &mut Reader<'_>) -> Option<String> {
    let kind = match reader.u8()? {
        0x53 => "field",
        0x54 => "property",
        _ => return None,
    };
    let element = ElementType::from_u8(reader.u8()?)?;
    if element == ElementType::Enum {
        let class = reader.ser_string()??;
        // The assembler breaks off at an enumeration of the assembly that it writes.
        let assembly = class.split(',').nth(1).map(str::trim);
        if assembly.is_none_or(|assembly| context.is_own_name(assembly)) {
            return None;
        }
        let class = class_name(context, class)?;
        let name = quoted(reader.ser_string()??);
        let value = reader.u32()?.cast_signed();
        return Some(format!("{kind} enum {class} {name} = int32({value})"));
    }
    let name = quoted(reader.ser_string()??);
    let value = match element {
        ElementType::String => format!("string({})", quoted(reader.ser_string()??)),
        ElementType::Boolean => format!("bool({})", reader.u8()? != 0),
        ElementType::I4 => format!("int32({})", Scalar::read(reader, element)?.bits() as i32),
        _ => return None,
    };
    Some(format!(
        "{kind} {} {name} = {value}",
        types::primitive(element)
    ))
}

/// Always in single quotes, which the grammar demands here.
fn quoted(text: &str) -> String {
    let name = names::identifier(text);
    if name.starts_with('\'') {
        name
    } else {
        format!("'{name}'")
    }
}

/// `Type, Assembly, …` as the assembler writes it; `None` when nothing else refers to that assembly, since the assembler
/// would add a reference.
fn class_name(context: &Context<'_, '_>, name: &str) -> Option<String> {
    let mut parts = name.splitn(3, ',').map(str::trim);
    let class = names::dotted(&parts.next()?.replace('+', "/"));
    let Some(assembly) = parts.next() else {
        return Some(class);
    };
    let referenced = context.rids(TableId::AssemblyRef).any(|rid| {
        let row = context.assembly_ref(rid);
        row.and_then(|row| context.string(row.name)) == Ok(assembly)
    });
    (referenced || context.is_own_name(assembly))
        .then(|| format!("[{}]{class}", names::dotted(assembly)))
}
