//! Initial data of fields.

use super::Error;
use super::context::Context;
use crate::sig::{self, TreeBuilder, TypeTree};
use crate::{ElementType, FieldAttributes, Rid, TableId, TypeLayout};

/// Value types contain each other at most this deep.
const MAX_DEPTH: u32 = 16;
/// The most fields that are looked at for one size: types that contain each other many times cost no more.
const MAX_FIELDS: u32 = 4096;
/// Fields are aligned to this at most, unless the type says less.
const MAX_ALIGNMENT: u32 = 8;

/// Size and alignment in bytes.
#[derive(Clone, Copy)]
struct Layout {
    size: u32,
    alignment: u32,
}

impl Layout {
    const fn scalar(size: u32) -> Self {
        Self {
            size,
            alignment: size,
        }
    }
}

/// Bytes of a field's data: the size of its type, when the image says it.
pub(super) fn size_of_field(context: &Context<'_, '_>, field: Rid) -> Result<Option<u32>, Error> {
    let mut sizes = Sizes {
        context,
        fields: MAX_FIELDS,
    };
    Ok(sizes.of_field(field, 0)?.map(|layout| layout.size))
}

struct Sizes<'c, 'i, 'a> {
    context: &'c Context<'i, 'a>,
    /// Fields that may still be looked at.
    fields: u32,
}

impl Sizes<'_, '_, '_> {
    fn of_field(&mut self, field: Rid, depth: u32) -> Result<Option<Layout>, Error> {
        let blob = self.context.blob(self.context.field(field)?.signature)?;
        self.of(&sig::read_field(blob, &mut TreeBuilder)?, depth)
    }

    fn of(&mut self, ty: &TypeTree, depth: u32) -> Result<Option<Layout>, Error> {
        match ty {
            TypeTree::Primitive(ElementType::I | ElementType::U)
            | TypeTree::Pointer(_)
            | TypeTree::FnPtr(_) => Ok(Some(Layout::scalar(8))),
            TypeTree::Primitive(element) => Ok(element.fixed_size().map(Layout::scalar)),
            TypeTree::Modified { ty, .. } => self.of(ty, depth),
            TypeTree::Class {
                token,
                is_value_type: true,
            } if token.is(TableId::TypeDef) && depth < MAX_DEPTH => {
                self.of_type(token.rid(), depth + 1)
            }
            _ => Ok(None),
        }
    }

    /// A value type (II.10.1.2): its fields one after the other, or where they say.
    fn of_type(&mut self, ty: Rid, depth: u32) -> Result<Option<Layout>, Error> {
        let context = self.context;
        let (mut said, mut pack) = (0, MAX_ALIGNMENT);
        if let Some(layout) = context.class_layout_of(ty) {
            let row = context.class_layout(layout)?;
            said = row.class_size;
            if row.packing_size != 0 {
                pack = row.packing_size.into();
            }
        }
        let explicit = context.type_def(ty)?.flags.layout() == TypeLayout::Explicit;
        let (mut end, mut alignment) = (0_u32, 1);
        for field in context.type_fields(ty) {
            if context
                .field(field)?
                .flags
                .contains(FieldAttributes::STATIC)
            {
                continue;
            }
            let Some(left) = self.fields.checked_sub(1) else {
                return Ok(None);
            };
            self.fields = left;
            let Some(of_field) = self.of_field(field, depth)? else {
                // What the type says is enough where a field is not known.
                let known = (said != 0).then_some(Layout {
                    size: said,
                    alignment,
                });
                return Ok(known);
            };
            let aligned = of_field.alignment.min(pack);
            alignment = alignment.max(aligned);
            let start = match context.field_layout_of(field) {
                Some(layout) if explicit => Some(context.field_layout(layout)?.offset),
                _ => end.checked_next_multiple_of(aligned),
            };
            let Some(after) = start.and_then(|start| start.checked_add(of_field.size)) else {
                return Ok(None);
            };
            end = end.max(after);
        }
        let Some(size) = end.max(1).checked_next_multiple_of(alignment) else {
            return Ok(None);
        };
        Ok(Some(Layout {
            size: size.max(said),
            alignment,
        }))
    }
}
