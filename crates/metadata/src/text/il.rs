//! Method bodies: locals, instructions, exception clauses.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::context::Context;
use super::out::Out;
use super::{Error, names};
use crate::body::{EhKind, MethodBody};
use crate::il::{Decoder, Instruction, Opcode, Operand, OperandKind};
use crate::{TableId, Token};

pub(super) fn write(context: &Context<'_, '_>, out: &mut Out<'_>, rva: u32) -> Result<(), Error> {
    let body = context.image()?.method_body(rva)?;
    out.line(format_args!(".maxstack {}", body.max_stack))?;
    locals(context, out, &body)?;
    for instruction in Decoder::new(body.code) {
        let instruction = instruction?;
        let operand = operand(context, &instruction)?;
        let (offset, name) = (instruction.offset, instruction.opcode.name());
        if operand.is_empty() {
            out.line(format_args!("IL_{offset:04x}:  {name}"))?;
        } else {
            out.line(format_args!("IL_{offset:04x}:  {name} {operand}"))?;
        }
    }
    clauses(context, out, &body)
}

fn locals(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    body: &MethodBody<'_>,
) -> Result<(), Error> {
    if body.local_sig.is_nil() {
        return Ok(());
    }
    let row = context.stand_alone_sig(body.local_sig.rid())?;
    let types = context.locals_sig(context.blob(row.signature)?)?;
    let list: Vec<String> = types
        .iter()
        .enumerate()
        .map(|(slot, ty)| format!("[{slot}] {ty}"))
        .collect();
    let init = if body.init_locals { "init " } else { "" };
    out.line(format_args!(".locals {init}({})", list.join(", ")))?;
    Ok(())
}

/// Clauses by labels, in their order, after the code: the assembler keeps exactly these.
fn clauses(
    context: &Context<'_, '_>,
    out: &mut Out<'_>,
    body: &MethodBody<'_>,
) -> Result<(), Error> {
    if body.clauses().next().is_none() {
        return Ok(());
    }
    out.line(format_args!("IL_{:04x}:", body.code.len()))?;
    for clause in body.clauses() {
        let kind = match clause.kind {
            EhKind::Catch(token) => format!("catch {}", caught(context, token)?),
            EhKind::Filter(offset) => format!("filter IL_{offset:04x}"),
            EhKind::Finally => "finally".into(),
            EhKind::Fault => "fault".into(),
        };
        out.line(format_args!(
            ".try IL_{:04x} to IL_{:04x} {kind} handler IL_{:04x} to IL_{:04x}",
            clause.try_offset,
            clause.try_offset + clause.try_len,
            clause.handler_offset,
            clause.handler_offset + clause.handler_len
        ))?;
    }
    Ok(())
}

/// The type that a clause catches: a class by its name, since the assembler refuses `object` here.
fn caught(context: &Context<'_, '_>, token: Token) -> Result<String, Error> {
    let text = context.type_operand(token)?;
    let name = match text.as_str() {
        "object" => "System.Object",
        "string" => "System.String",
        _ => return Ok(text),
    };
    Ok(if context.is_corlib() {
        name.into()
    } else {
        format!("[mscorlib]{name}")
    })
}

fn operand(
    context: &Context<'_, '_>,
    instruction: &Instruction<'_>,
) -> Result<Cow<'static, str>, Error> {
    let text = match instruction.operand {
        Operand::None => return Ok(Cow::Borrowed("")),
        Operand::I8(value) => value.to_string(),
        Operand::U8(value) => value.to_string(),
        Operand::I32(value) => value.to_string(),
        Operand::I64(value) => value.to_string(),
        Operand::F32(value) => {
            format!(
                "{} // {value}",
                names::bytes(&value.to_bits().to_le_bytes())
            )
        }
        Operand::F64(value) => {
            format!(
                "{} // {value}",
                names::bytes(&value.to_bits().to_le_bytes())
            )
        }
        Operand::Branch(target) => format!("IL_{target:04x}"),
        Operand::Switch(targets) => {
            let labels: Vec<String> = targets.map(|target| format!("IL_{target:04x}")).collect();
            format!("({})", labels.join(", "))
        }
        Operand::Var(number) => number.to_string(),
        Operand::Token(token) => token_operand(context, instruction.opcode, token)?,
    };
    Ok(Cow::Owned(text))
}

fn token_operand(context: &Context<'_, '_>, opcode: Opcode, token: Token) -> Result<String, Error> {
    match opcode.operand_kind() {
        OperandKind::Method => context.method_operand(token),
        OperandKind::Field => context.field_operand(token),
        OperandKind::Type => type_operand(context, token),
        OperandKind::String => {
            let literal = context.user_string(token)?;
            Ok(names::utf16(literal.utf16())
                .unwrap_or_else(|| format!("bytearray {}", names::bytes(literal.bytes()))))
        }
        OperandKind::Sig => {
            let row = context.stand_alone_sig(token.rid())?;
            let sig = context.method_sig(context.blob(row.signature)?)?;
            Ok(format!(
                "{}{}({})",
                super::types::call_conv(sig.flags),
                sig.ret,
                super::types::params(&sig)
            ))
        }
        _ => context.any_operand(token),
    }
}

fn type_operand(context: &Context<'_, '_>, token: Token) -> Result<String, Error> {
    match token.table() {
        Some(TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec) => {
            context.type_operand(token)
        }
        _ => Err(crate::Error::BadToken {
            token: token.0,
            expected: "a type",
        }
        .into()),
    }
}
