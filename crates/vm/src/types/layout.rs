//! Field layout of classes and value types.
//!
//! Value types and sequential classes are laid out in declaration order, explicit
//! ones as told; other classes are reordered: fields are packed by size, references
//! first. Offsets of class fields count from the object's header, those of value
//! types from the payload.

use ferrocil_metadata::{TableId, Token, TypeAttributes};

use super::{ClassKind, ClassPtr, Field, MethodPtr};
use crate::error::{LoadError, LoadResult};
use crate::object::HEADER_SIZE;
use crate::runtime::Runtime;
use crate::wellknown::Wk;

/// Largest instance, a bound that keeps all offset arithmetic in 32 bits.
const MAX_SIZE: u64 = 1 << 28;

/// Size and places of one kind of static storage.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Statics {
    /// Bytes.
    pub size: u32,
    /// Byte offsets of references.
    pub refs: Box<[u32]>,
}

/// Layout of a type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Classes: bytes of an object with its header, multiple of 8. Value types: bytes of a value.
    pub size: u32,
    /// Alignment of a value in a field.
    pub align: u32,
    /// Offsets of references: in the object (classes) or in the value (value types).
    pub refs: Box<[u32]>,
    /// Offset of every declared field (static ones in their storage), in declaration order.
    pub offsets: Box<[u32]>,
    /// Static fields of the domain.
    pub statics: Statics,
    /// Static fields of each thread.
    pub thread_statics: Statics,
    /// End of the last instance field before rounding (where a derived class may start).
    pub end: u32,
    /// Whether it holds managed pointers (`ByReference<T>`, `Span<T>`, `TypedReference`).
    pub by_ref_like: bool,
}

/// Size and references of a value in a field.
struct Slot {
    size: u32,
    align: u32,
    refs: Vec<u32>,
    by_ref_like: bool,
}

impl Runtime {
    /// Whether a type may live on the stack only: it is marked `IsByRefLike`.
    ///
    /// # Errors
    /// When the type's image was unloaded.
    pub(crate) fn is_by_ref_like(&self, class: ClassPtr) -> LoadResult<bool> {
        match class.def {
            Some(def) if class.is_value_type() => Ok(self.has_attribute(
                self.image_of(def)?,
                Token::new(TableId::TypeDef, def.rid),
                "System.Runtime.CompilerServices",
                "IsByRefLikeAttribute",
            )),
            _ => Ok(false),
        }
    }

    /// Whether a type keeps managed pointers in native integers.
    fn hides_pointers(&self, class: ClassPtr) -> bool {
        let is = |which| {
            self.well_known_class(which)
                .is_ok_and(|c| c.def == class.def)
        };
        class.is_value_type() && (is(Wk::ByReference) || is(Wk::TypedReference))
    }

    /// Fails for type arguments that no parameter can stand for.
    pub(crate) fn check_bound_arguments(&self, method: MethodPtr) -> LoadResult<()> {
        for (list, of_method) in [(method.args, true), (method.class.args, false)] {
            let Some(list) = list else {
                continue;
            };
            for &arg in self.universe().args(list) {
                if self.is_by_ref_like(self.class(arg)?)? {
                    let name = self.method_name(method);
                    let message = format!(
                        "IsByRefLike type '{}' cannot be a type argument of {name}",
                        self.type_name(arg)
                    );
                    return Err(if of_method {
                        LoadError::bad_image(name, message)
                    } else {
                        LoadError::type_load(name, message)
                    });
                }
            }
        }
        Ok(())
    }

    /// The layout of a type.
    ///
    /// # Errors
    /// TypeLoad for types that contain themselves, overlap references, or are too large.
    pub fn layout(&self, class: ClassPtr) -> LoadResult<&'static Layout> {
        let class = class.get();
        let show = |r: &'static LoadResult<Layout>| r.as_ref().map_err(Clone::clone);
        if let Some(done) = class.layout.get() {
            return show(done);
        }
        let _lock = self.loader_lock();
        if let Some(done) = class.layout.get() {
            return show(done);
        }
        let pointer = self.class(class.ty)?;
        if self.laying_out().contains(&class.ty) || self.laying_out().len() > 256 {
            let name = self.type_name(class.ty);
            return Err(LoadError::type_load(
                name.clone(),
                format!("value type '{name}' contains itself"),
            ));
        }
        self.laying_out().push(class.ty);
        let built = self.build_layout(pointer);
        self.laying_out().pop();
        let _ = class.layout.set(built);
        show(class.layout.get().expect("set above"))
    }

    /// Size, alignment and references of a field of this type.
    fn field_slot(&self, class: ClassPtr) -> LoadResult<Slot> {
        Ok(match class.kind {
            ClassKind::Class | ClassKind::Interface | ClassKind::SzArray | ClassKind::Array => {
                Slot {
                    size: 8,
                    align: 8,
                    refs: vec![0],
                    by_ref_like: false,
                }
            }
            ClassKind::Pointer | ClassKind::FnPtr => Slot {
                size: 8,
                align: 8,
                refs: vec![],
                by_ref_like: false,
            },
            ClassKind::ByRef => Slot {
                size: 8,
                align: 8,
                refs: vec![],
                by_ref_like: true,
            },
            ClassKind::ValueType | ClassKind::Enum => {
                let layout = self.layout(class)?;
                Slot {
                    size: layout.size,
                    align: layout.align,
                    refs: layout.refs.to_vec(),
                    by_ref_like: layout.by_ref_like,
                }
            }
            ClassKind::GenericParam => {
                return Err(LoadError::type_load(
                    self.type_name(class.ty),
                    "an open generic type has no layout",
                ));
            }
        })
    }

    fn build_layout(&self, class: ClassPtr) -> LoadResult<Layout> {
        if let Some(size) = primitive_size(class.element_type) {
            // Primitives hold one field of their own type.
            let fields = self.fields(class)?;
            let mut layout = Layout {
                size,
                align: size.max(1),
                refs: Box::default(),
                offsets: vec![0; fields.len()].into(),
                statics: Statics::default(),
                thread_statics: Statics::default(),
                end: size,
                by_ref_like: false,
            };
            self.place_statics(class, fields, &mut layout)?;
            return Ok(layout);
        }
        let value_type = class.is_value_type();
        if class.def.is_none() {
            // Arrays and pointers: what is fixed about them.
            return Ok(Layout {
                size: if class.is_array() { 16 } else { 8 },
                align: 8,
                refs: Box::default(),
                offsets: Box::default(),
                statics: Statics::default(),
                thread_statics: Statics::default(),
                end: 16,
                by_ref_like: class.kind == ClassKind::ByRef,
            });
        }
        let fields = self.fields(class)?;
        let name = || self.type_name(class.ty);
        let (mut start, mut refs) = match class.parent {
            Some(parent) if !value_type && class.kind == ClassKind::Class => {
                let base = self.layout(parent)?;
                (base.end.max(HEADER_SIZE), base.refs.to_vec())
            }
            _ if value_type => (0, Vec::new()),
            _ => (HEADER_SIZE, Vec::new()),
        };
        let image = self
            .image(class.image)
            .ok_or_else(|| LoadError::type_load(name(), "image not loaded"))?;
        let def = class.def.expect("checked above");
        let declared = image
            .image()
            .class_layout_of(def.rid)
            .map(|rid| image.image().class_layout(rid))
            .transpose()?;
        let pack = match declared.map_or(0, |d| d.packing_size) {
            0 => 8,
            p if p.is_power_of_two() && p <= 128 => u32::from(p),
            p => {
                return Err(LoadError::type_load(
                    name(),
                    format!("packing size {p} of '{}' is not a power of two", name()),
                ));
            }
        };
        let explicit = class.flags.contains(TypeAttributes::EXPLICIT_LAYOUT);
        let mut offsets = vec![0u32; fields.len()];
        let mut align = 1u32;
        let mut end = u64::from(start);
        let mut by_ref_like = self.hides_pointers(class);
        let mut slots = Vec::new();
        for (i, field) in fields.iter().enumerate().filter(|(_, f)| !f.is_static()) {
            let class = self.class(field.ty)?;
            self.check_constraints(class)?;
            let slot = self.field_slot(class)?;
            by_ref_like |= slot.by_ref_like;
            slots.push((i, slot));
        }
        if explicit {
            for (i, slot) in &slots {
                let rid = fields[*i].rid;
                let at = image.image().field_layout_of(rid).ok_or_else(|| {
                    LoadError::type_load(
                        name(),
                        format!("field '{}' of '{}' has no offset", fields[*i].name, name()),
                    )
                })?;
                let offset = u64::from(image.image().field_layout(at)?.offset) + u64::from(start);
                if offset + u64::from(slot.size) > MAX_SIZE {
                    return Err(LoadError::type_load(
                        name(),
                        format!("type '{}' is too large", name()),
                    ));
                }
                if !slot.refs.is_empty() && offset % 8 != 0 {
                    return Err(LoadError::type_load(
                        name(),
                        format!(
                            "field '{}' of '{}' holds a reference at an unaligned offset",
                            fields[*i].name,
                            name()
                        ),
                    ));
                }
                align = align.max(slot.align.min(pack));
                offsets[*i] = offset as u32;
                end = end.max(offset + u64::from(slot.size));
            }
            self.check_overlap(class, fields, &slots, &offsets)?;
        } else {
            if !value_type && !class.flags.contains(TypeAttributes::SEQUENTIAL_LAYOUT) {
                // Classes: large alignments first, so that nothing is wasted between fields.
                slots.sort_by_key(|(_, s)| (std::cmp::Reverse(s.align), s.refs.is_empty()));
                if slots.iter().any(|(_, s)| s.align == 8) && start % 8 != 0 {
                    // Fill the hole behind the base with small fields.
                    let mut at = start;
                    let mut rest = Vec::new();
                    for (i, s) in std::mem::take(&mut slots) {
                        let here = at.next_multiple_of(s.align);
                        if s.align < 8 && here + s.size <= start.next_multiple_of(8) {
                            offsets[i] = here;
                            at = here + s.size;
                        } else {
                            rest.push((i, s));
                        }
                    }
                    slots = rest;
                    start = start.next_multiple_of(8);
                    end = u64::from(start);
                }
            }
            let mut at = u64::from(start);
            for (i, slot) in &slots {
                let a = if value_type {
                    slot.align.min(pack)
                } else {
                    slot.align
                };
                // References stay aligned whatever the packing says.
                let a = if slot.refs.is_empty() { a } else { 8 };
                at = at.next_multiple_of(u64::from(a));
                offsets[*i] = at as u32;
                at += u64::from(slot.size);
                align = align.max(a);
                if at > MAX_SIZE {
                    return Err(LoadError::type_load(
                        name(),
                        format!("type '{}' is too large", name()),
                    ));
                }
            }
            end = end.max(at);
        }
        for (i, slot) in &slots {
            refs.extend(slot.refs.iter().map(|r| r + offsets[*i]));
        }
        refs.sort_unstable();
        refs.dedup();
        if let Some(row) = declared {
            let size = u64::from(row.class_size)
                + if value_type {
                    0
                } else {
                    u64::from(HEADER_SIZE)
                };
            if size > MAX_SIZE {
                return Err(LoadError::type_load(
                    name(),
                    format!("type '{}' is too large", name()),
                ));
            }
            if value_type {
                end = end.max(size);
            }
        }
        let size = if value_type {
            (end.max(1)).next_multiple_of(u64::from(align))
        } else {
            end.max(16).next_multiple_of(8)
        };
        let mut layout = Layout {
            size: size as u32,
            align,
            refs: refs.into_boxed_slice(),
            offsets: offsets.into_boxed_slice(),
            statics: Statics::default(),
            thread_statics: Statics::default(),
            end: end as u32,
            by_ref_like,
        };
        self.place_statics(class, fields, &mut layout)?;
        Ok(layout)
    }

    /// References may overlap only other references, at the same place.
    fn check_overlap(
        &self,
        class: ClassPtr,
        fields: &[Field],
        slots: &[(usize, Slot)],
        offsets: &[u32],
    ) -> LoadResult<()> {
        let mut refs: Vec<u32> = slots
            .iter()
            .flat_map(|(i, s)| s.refs.iter().map(|r| r + offsets[*i]))
            .collect();
        refs.sort_unstable();
        refs.dedup();
        for (i, slot) in slots {
            let (from, to) = (offsets[*i], offsets[*i] + slot.size);
            let first = refs.partition_point(|&r| r + 8 <= from);
            for &r in refs[first..].iter().take_while(|&&r| r < to) {
                if !slot.refs.contains(&r.wrapping_sub(from)) {
                    let name = self.type_name(class.ty);
                    return Err(LoadError::type_load(
                        name.clone(),
                        format!(
                            "Could not load type '{name}' because it contains an object field at offset {r} that is \
                             incorrectly aligned or overlapped by a non-object field ('{}').",
                            fields[*i].name
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn place_statics(
        &self,
        class: ClassPtr,
        fields: &[Field],
        layout: &mut Layout,
    ) -> LoadResult<()> {
        if class.open {
            return Ok(());
        }
        for thread in [false, true] {
            let (mut at, mut refs) = (0u64, Vec::new());
            for (i, field) in fields.iter().enumerate() {
                if !field.is_static()
                    || field.is_literal()
                    || field.has_rva()
                    || field.thread_static != thread
                {
                    continue;
                }
                // A static of its own value type needs this layout's size, which is known by now.
                let slot = if field.ty == class.ty {
                    let (size, align) = match class.kind {
                        ClassKind::ValueType | ClassKind::Enum => (layout.size, layout.align),
                        _ => (8, 8),
                    };
                    let own = if class.is_value_type() {
                        layout.refs.to_vec()
                    } else {
                        vec![0]
                    };
                    Slot {
                        size,
                        align,
                        refs: own,
                        by_ref_like: false,
                    }
                } else {
                    let ty = self.class(field.ty)?;
                    if ty.is_value_type() && self.laying_out().contains(&ty.ty) {
                        return Err(LoadError::type_load(
                            self.type_name(class.ty),
                            format!(
                                "static field '{}' has a type that is being laid out",
                                field.name
                            ),
                        ));
                    }
                    self.field_slot(ty)?
                };
                at = at.next_multiple_of(u64::from(slot.align));
                layout.offsets[i] = at as u32;
                refs.extend(slot.refs.iter().map(|r| r + at as u32));
                at += u64::from(slot.size);
                if at > MAX_SIZE {
                    return Err(LoadError::type_load(
                        self.type_name(class.ty),
                        "static fields are too large",
                    ));
                }
            }
            let statics = Statics {
                size: at.next_multiple_of(8) as u32,
                refs: refs.into_boxed_slice(),
            };
            if thread {
                layout.thread_statics = statics;
            } else {
                layout.statics = statics;
            }
        }
        Ok(())
    }

    /// Bytes of one element of an array with this element class.
    ///
    /// # Errors
    /// As [`Runtime::layout`].
    pub fn element_size(&self, element: ClassPtr) -> LoadResult<u32> {
        if element.is_value_type() {
            Ok(self.layout(element)?.size)
        } else {
            Ok(8)
        }
    }

    /// Offset of a field: in the object, the value, or the static storage.
    ///
    /// # Errors
    /// As [`Runtime::layout`].
    pub fn field_offset(&self, field: super::FieldPtr) -> LoadResult<u32> {
        let fields = self.fields(field.class)?;
        let layout = self.layout(field.class)?;
        let position = fields.iter().position(|f| f.index == field.index);
        position
            .and_then(|p| layout.offsets.get(p).copied())
            .ok_or_else(|| LoadError::type_load("", format!("field {field:?} is not in its class")))
    }
}

/// Bytes of a value of a primitive type.
fn primitive_size(element: ferrocil_metadata::ElementType) -> Option<u32> {
    use ferrocil_metadata::ElementType::{
        Boolean, Char, I, I1, I2, I4, I8, R4, R8, U, U1, U2, U4, U8, Void,
    };
    Some(match element {
        Void => 0,
        Boolean | I1 | U1 => 1,
        Char | I2 | U2 => 2,
        I4 | U4 | R4 => 4,
        I8 | U8 | R8 | I | U => 8,
        _ => return None,
    })
}
