//! Signatures from trees.

use alloc::vec;
use alloc::vec::Vec;

use super::heap::{compressed_i32, compressed_u32};
use crate::sig::{MethodSig, PropertySig, SigFlags, TypeTree};
use crate::{ElementType, TableId, Token};

/// Encodes a method signature.
#[must_use]
pub fn encode_method(sig: &MethodSig<TypeTree>) -> Vec<u8> {
    let mut out = Vec::new();
    method(&mut out, sig);
    out
}

/// Encodes a field signature.
#[must_use]
pub fn encode_field(field: &TypeTree) -> Vec<u8> {
    let mut out = vec![SigFlags::FIELD];
    ty(&mut out, field);
    out
}

/// Encodes a property signature.
#[must_use]
pub fn encode_property(sig: &PropertySig<TypeTree>) -> Vec<u8> {
    let mut out = vec![SigFlags::PROPERTY | if sig.has_this { SigFlags::HAS_THIS } else { 0 }];
    compressed_u32(&mut out, sig.params.len() as u32);
    ty(&mut out, &sig.ty);
    types(&mut out, &sig.params);
    out
}

/// Encodes a locals signature.
#[must_use]
pub fn encode_locals(locals: &[TypeTree]) -> Vec<u8> {
    counted(SigFlags::LOCALS, locals)
}

/// Encodes a generic method instance.
#[must_use]
pub fn encode_method_spec(args: &[TypeTree]) -> Vec<u8> {
    counted(SigFlags::METHOD_SPEC, args)
}

/// Encodes a type.
#[must_use]
pub fn encode_type(tree: &TypeTree) -> Vec<u8> {
    let mut out = Vec::new();
    ty(&mut out, tree);
    out
}

fn counted(kind: u8, list: &[TypeTree]) -> Vec<u8> {
    let mut out = vec![kind];
    compressed_u32(&mut out, list.len() as u32);
    types(&mut out, list);
    out
}

fn types(out: &mut Vec<u8>, list: &[TypeTree]) {
    for tree in list {
        ty(out, tree);
    }
}

fn method(out: &mut Vec<u8>, sig: &MethodSig<TypeTree>) {
    out.push(sig.flags.0);
    if sig.flags.is_generic() {
        compressed_u32(out, sig.generic_param_count);
    }
    compressed_u32(out, sig.params.len() as u32);
    ty(out, &sig.ret);
    for (index, param) in sig.params.iter().enumerate() {
        if sig.sentinel == Some(index) {
            out.push(ElementType::Sentinel as u8);
        }
        ty(out, param);
    }
    if sig.sentinel == Some(sig.params.len()) {
        out.push(ElementType::Sentinel as u8);
    }
}

fn token(out: &mut Vec<u8>, token: Token) {
    let tag = match token.table() {
        Some(TableId::TypeRef) => 1,
        Some(TableId::TypeSpec) => 2,
        _ => 0,
    };
    compressed_u32(out, token.rid() << 2 | tag);
}

fn ty(out: &mut Vec<u8>, tree: &TypeTree) {
    let mut element = |element: ElementType| out.push(element as u8);
    match tree {
        TypeTree::Primitive(primitive) => element(*primitive),
        TypeTree::Class {
            token: class,
            is_value_type,
        } => {
            element(if *is_value_type {
                ElementType::ValueType
            } else {
                ElementType::Class
            });
            token(out, *class);
        }
        TypeTree::SzArray(inner) => {
            element(ElementType::SzArray);
            ty(out, inner);
        }
        TypeTree::Array(inner, shape) => {
            element(ElementType::Array);
            ty(out, inner);
            compressed_u32(out, shape.rank);
            compressed_u32(out, shape.sizes.len() as u32);
            shape
                .sizes
                .iter()
                .for_each(|size| compressed_u32(out, *size));
            compressed_u32(out, shape.lower_bounds.len() as u32);
            shape
                .lower_bounds
                .iter()
                .for_each(|bound| compressed_i32(out, *bound));
        }
        TypeTree::Pointer(inner) => {
            element(ElementType::Ptr);
            ty(out, inner);
        }
        TypeTree::ByRef(inner) => {
            element(ElementType::ByRef);
            ty(out, inner);
        }
        TypeTree::GenericInst(definition, args) => {
            element(ElementType::GenericInst);
            ty(out, definition);
            compressed_u32(out, args.len() as u32);
            types(out, args);
        }
        TypeTree::Var(number) => {
            element(ElementType::Var);
            compressed_u32(out, *number);
        }
        TypeTree::MVar(number) => {
            element(ElementType::MVar);
            compressed_u32(out, *number);
        }
        TypeTree::FnPtr(sig) => {
            element(ElementType::FnPtr);
            method(out, sig);
        }
        TypeTree::Modified {
            required,
            modifier,
            ty: inner,
        } => {
            element(if *required {
                ElementType::CModReqd
            } else {
                ElementType::CModOpt
            });
            token(out, *modifier);
            ty(out, inner);
        }
        TypeTree::Pinned(inner) => {
            element(ElementType::Pinned);
            ty(out, inner);
        }
    }
}
