//! What an instruction does to the stack's depth, and whether its token, local or argument exists.

use super::Rule;
use super::method::{Method, Shape};
use crate::il::{Instruction, Opcode, Operand, OperandKind};
use crate::sig;
use crate::{FieldAttributes, Metadata, TableId, Token};

/// Values popped and pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) pops: u32,
    pub(super) pushes: u32,
    /// `call` of an instance constructor: its `this` is this far below the top.
    pub(super) constructs: Option<u32>,
}

const fn effect(pops: u32, pushes: u32) -> Effect {
    Effect {
        pops,
        pushes,
        constructs: None,
    }
}

/// The number of an argument or local that an opcode holds in itself.
pub(super) const fn short_number(opcode: Opcode) -> Option<u32> {
    match opcode {
        Opcode::Ldarg0 | Opcode::Ldloc0 | Opcode::Stloc0 => Some(0),
        Opcode::Ldarg1 | Opcode::Ldloc1 | Opcode::Stloc1 => Some(1),
        Opcode::Ldarg2 | Opcode::Ldloc2 | Opcode::Stloc2 => Some(2),
        Opcode::Ldarg3 | Opcode::Ldloc3 | Opcode::Stloc3 => Some(3),
        _ => None,
    }
}

const fn is_argument(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::Ldarg0
            | Opcode::Ldarg1
            | Opcode::Ldarg2
            | Opcode::Ldarg3
            | Opcode::LdargS
            | Opcode::LdargaS
            | Opcode::StargS
            | Opcode::Ldarg
            | Opcode::Ldarga
            | Opcode::Starg
    )
}

/// The argument that an instruction loads (not its address).
pub(super) fn loaded_argument(instruction: &Instruction<'_>) -> Option<u32> {
    match (instruction.opcode, instruction.operand) {
        (Opcode::LdargS | Opcode::Ldarg, Operand::Var(number)) => Some(u32::from(number)),
        (Opcode::Ldarg0 | Opcode::Ldarg1 | Opcode::Ldarg2 | Opcode::Ldarg3, _) => {
            short_number(instruction.opcode)
        }
        _ => None,
    }
}

/// Checks the operand and gives the effect.
pub(super) fn of(
    metadata: &Metadata<'_>,
    method: &Method,
    instruction: &Instruction<'_>,
) -> Result<Effect, Rule> {
    let opcode = instruction.opcode;
    let number = match instruction.operand {
        Operand::Var(number) => Some(u32::from(number)),
        _ => short_number(opcode),
    };
    let (count, rule) = if is_argument(opcode) {
        (method.shape.args(), Rule::ArgumentIndex)
    } else {
        (method.locals, Rule::LocalIndex)
    };
    if number.is_some_and(|number| number >= count) {
        return Err(rule);
    }
    let fixed = || {
        effect(
            u32::from(opcode.pops().unwrap_or(0)),
            u32::from(opcode.pushes().unwrap_or(0)),
        )
    };
    let Operand::Token(token) = instruction.operand else {
        if opcode == Opcode::Ret {
            return Ok(effect(u32::from(method.shape.returns), 0));
        }
        return Ok(fixed());
    };
    match opcode.operand_kind() {
        OperandKind::String => {
            if !token.is_user_string() {
                return Err(Rule::TokenKind);
            }
            metadata
                .user_string(token)
                .map_err(|_| Rule::DanglingToken)?;
            Ok(fixed())
        }
        OperandKind::Type => {
            is_one_of(
                metadata,
                token,
                &[TableId::TypeDef, TableId::TypeRef, TableId::TypeSpec],
            )?;
            Ok(fixed())
        }
        OperandKind::Field => {
            field(metadata, token, opcode)?;
            Ok(fixed())
        }
        OperandKind::Method => call(metadata, method, token, opcode),
        OperandKind::Sig => {
            is_one_of(metadata, token, &[TableId::StandAloneSig])?;
            let shape = metadata
                .stand_alone_sig(token.rid())
                .and_then(|row| metadata.blob(row.signature))
                .map_err(|_| Rule::BadSignature)
                .and_then(|blob| Shape::read(blob).map_err(|_| Rule::BadSignature))?;
            Ok(effect(shape.args() + 1, u32::from(shape.returns)))
        }
        _ => {
            is_one_of(
                metadata,
                token,
                &[
                    TableId::TypeDef,
                    TableId::TypeRef,
                    TableId::TypeSpec,
                    TableId::MethodDef,
                    TableId::Field,
                    TableId::MemberRef,
                    TableId::MethodSpec,
                ],
            )?;
            Ok(fixed())
        }
    }
}

fn is_one_of(metadata: &Metadata<'_>, token: Token, tables: &[TableId]) -> Result<(), Rule> {
    match token.table() {
        Some(table) if tables.contains(&table) => {}
        _ => return Err(Rule::TokenKind),
    }
    if metadata.contains(token) {
        Ok(())
    } else {
        Err(Rule::DanglingToken)
    }
}

fn field(metadata: &Metadata<'_>, token: Token, opcode: Opcode) -> Result<(), Rule> {
    is_one_of(metadata, token, &[TableId::Field, TableId::MemberRef])?;
    if token.is(TableId::MemberRef) {
        let signature = metadata
            .member_ref(token.rid())
            .and_then(|row| metadata.blob(row.signature))
            .map_err(|_| Rule::BadSignature)?;
        return if sig::is_field(signature) {
            Ok(())
        } else {
            Err(Rule::TokenKind)
        };
    }
    let row = metadata
        .field(token.rid())
        .map_err(|_| Rule::DanglingToken)?;
    let needs_static = matches!(opcode, Opcode::Ldsfld | Opcode::Ldsflda | Opcode::Stsfld);
    if needs_static && !row.flags.contains(FieldAttributes::STATIC) {
        return Err(Rule::StaticFieldIsInstance);
    }
    Ok(())
}

fn call(
    metadata: &Metadata<'_>,
    method: &Method,
    token: Token,
    opcode: Opcode,
) -> Result<Effect, Rule> {
    let is_method = [TableId::MethodDef, TableId::MemberRef, TableId::MethodSpec];
    is_one_of(metadata, token, &is_method)?;
    let named = if token.is(TableId::MethodSpec) {
        let row = metadata
            .method_spec(token.rid())
            .map_err(|_| Rule::BadSignature)?;
        is_one_of(metadata, row.method, &is_method[..2])?;
        row.method
    } else {
        token
    };
    let (name, signature) = if named.is(TableId::MethodDef) {
        metadata
            .method_def(named.rid())
            .map(|row| (row.name, row.signature))
    } else {
        metadata
            .member_ref(named.rid())
            .map(|row| (row.name, row.signature))
    }
    .map_err(|_| Rule::BadSignature)?;
    let signature = metadata.blob(signature).map_err(|_| Rule::BadSignature)?;
    if sig::is_field(signature) {
        return Err(Rule::TokenKind);
    }
    let shape = Shape::read(signature).map_err(|_| Rule::BadSignature)?;
    let is_constructor = shape.has_this && metadata.string_bytes(name) == Ok(b".ctor");
    match opcode {
        Opcode::Newobj if !is_constructor => Err(Rule::NewobjNotConstructor),
        Opcode::Newobj => Ok(effect(shape.params, 1)),
        Opcode::Callvirt | Opcode::Ldvirtftn if !shape.has_this => Err(Rule::VirtualStatic),
        Opcode::Ldvirtftn => Ok(effect(1, 1)),
        Opcode::Ldftn => Ok(effect(0, 1)),
        Opcode::Jmp
            if shape.args() != method.shape.args() || shape.returns != method.shape.returns =>
        {
            Err(Rule::JmpSignature)
        }
        Opcode::Jmp => Ok(Effect::default()),
        _ => Ok(Effect {
            constructs: (is_constructor && opcode == Opcode::Call).then_some(shape.params),
            ..effect(shape.args(), u32::from(shape.returns))
        }),
    }
}
