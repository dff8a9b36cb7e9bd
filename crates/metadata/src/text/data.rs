//! Initial data of fields.

use super::Error;
use super::context::Context;
use crate::sig::{self, TreeBuilder, TypeTree};
use crate::{ElementType, Rid, TableId};

/// Value types contain each other at most this deep.
const MAX_DEPTH: u32 = 16;

/// Bytes of a field's data: the size of its type, when the image says it.
pub(super) fn size_of_field(context: &Context<'_, '_>, field: Rid) -> Result<Option<u32>, Error> {
    size_of_field_at(context, field, 0)
}

fn size_of_field_at(
    context: &Context<'_, '_>,
    field: Rid,
    depth: u32,
) -> Result<Option<u32>, Error> {
    let blob = context.blob(context.field(field)?.signature)?;
    size_of(context, &sig::read_field(blob, &mut TreeBuilder)?, depth)
}

fn size_of(context: &Context<'_, '_>, ty: &TypeTree, depth: u32) -> Result<Option<u32>, Error> {
    match ty {
        TypeTree::Primitive(ElementType::I | ElementType::U) | TypeTree::Pointer(_) => Ok(Some(8)),
        TypeTree::Primitive(element) => Ok(element.fixed_size()),
        TypeTree::Modified { ty, .. } => size_of(context, ty, depth),
        TypeTree::Class {
            token,
            is_value_type: true,
        } if token.is(TableId::TypeDef) && depth < MAX_DEPTH => {
            size_of_type(context, token.rid(), depth)
        }
        _ => Ok(None),
    }
}

fn size_of_type(context: &Context<'_, '_>, ty: Rid, depth: u32) -> Result<Option<u32>, Error> {
    if let Some(layout) = context.class_layout_of(ty) {
        let size = context.class_layout(layout)?.class_size;
        if size != 0 {
            return Ok(Some(size));
        }
    }
    // Without a size that is said: the one instance field of an enumeration or wrapper.
    let mut instance = None;
    for field in context.type_fields(ty) {
        if context
            .field(field)?
            .flags
            .contains(crate::FieldAttributes::STATIC)
        {
            continue;
        }
        if instance.replace(field).is_some() {
            return Ok(None);
        }
    }
    match instance {
        Some(field) => size_of_field_at(context, field, depth + 1),
        None => Ok(None),
    }
}
