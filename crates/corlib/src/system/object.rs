//! `Object`, `String`, `ValueType`, `RuntimeHelpers`.

use ferrocil_metadata::ElementType;
use ferrocil_vm::{ClassPtr, Field, FieldPtr};

use super::support::{
    class_of_handle, field_of_handle, loaded, null_reference, object_at, read_scalar,
    reference_array, scalar_type, store_element, type_object,
};
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, store_byref, throw,
};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Object")
        .add("GetType", icall(get_type))
        .add("MemberwiseClone", icall(memberwise_clone))
        .add("InternalGetHashCode", icall(identity_hash));
    table
        .class("System.String")
        .add("FastAllocateString", icall(allocate_string))
        .add("InternalIntern", icall(intern))
        .add("InternalIsInterned", icall(is_interned));
    table
        .class("System.ValueType")
        .add("InternalEquals", icall(value_equals))
        .add("InternalGetHashCode", icall(value_hash));
    table
        .class("System.Runtime.CompilerServices.RuntimeHelpers")
        .add("GetObjectValue", icall(object_value))
        .add("InitializeArray", icall(initialize_array))
        .add("RunClassConstructor", icall(run_class_constructor))
        .add("RunModuleConstructor", icall(run_module_constructor))
        .add("SufficientExecutionStack", icall(sufficient_stack))
        .add("get_OffsetToStringData", icall(offset_to_string_data));
}

fn get_type(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    if this.is_null() {
        return Err(null_reference(t));
    }
    type_object(t, t.runtime().class_of(this))
}

fn memberwise_clone(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    if this.is_null() {
        return Err(null_reference(t));
    }
    t.clone_object(this)
}

fn identity_hash(t: &Thread, object: ObjRef) -> Managed<i32> {
    Ok(if object.is_null() {
        0
    } else {
        t.identity_hash(object)
    })
}

fn allocate_string(t: &Thread, length: i32) -> Managed<StringRef> {
    match usize::try_from(length) {
        Ok(length) => t.new_string_length(length),
        Err(_) => Err(throw(t, "System", "ArgumentOutOfRangeException", "length")),
    }
}

fn intern(t: &Thread, text: StringRef) -> Managed<StringRef> {
    if text.is_null() {
        return Ok(text);
    }
    t.domain().intern_object(t, text)
}

fn is_interned(t: &Thread, text: StringRef) -> Managed<StringRef> {
    Ok(t.domain().is_interned(text.chars()).unwrap_or_default())
}

/// Fields that count for equality: instance fields of a value type.
fn instance_fields(t: &Thread, class: ClassPtr) -> Managed<impl Iterator<Item = &'static Field>> {
    let fields = std::ptr::from_ref(loaded(t, t.runtime().fields(class))?);
    // SAFETY: fields live as long as their class, and the object at hand keeps that loaded.
    let fields: &'static [Field] = unsafe { &*fields };
    Ok(fields.iter().filter(|field| !field.is_static()))
}

fn offset_in_box(t: &Thread, field: &Field) -> Managed<u32> {
    // SAFETY: the field is a live one of its class.
    let pointer = unsafe { FieldPtr::from_address(std::ptr::from_ref(field) as usize) };
    let Some(pointer) = pointer else {
        return Err(null_reference(t));
    };
    Ok(loaded(t, t.runtime().field_offset(pointer))? + ferrocil_vm::HEADER_SIZE)
}

/// Compares the fields that are numbers and strings; gives back pairs of the others.
fn value_equals(t: &Thread, this: ObjRef, that: ObjRef, rest: ByRef<ObjRef>) -> Managed<bool> {
    store_byref(t, rest, ObjRef::NULL);
    if this.is_null() || that.is_null() {
        return Err(null_reference(t));
    }
    let class = t.runtime().class_of(this);
    if class != t.runtime().class_of(that) {
        return Ok(false);
    }
    let mut others = Vec::new();
    for field in instance_fields(t, class)? {
        let offset = offset_in_box(t, field)?;
        let ty = t.class_of_type(field.ty)?;
        let (a, b) = (this.at(offset), that.at(offset));
        // SAFETY: both boxes hold a value of the field's type there.
        let same = unsafe {
            match scalar_type(ty) {
                Some(ElementType::R4) => {
                    let (x, y) = (a.cast::<f32>(), b.cast::<f32>());
                    let (x, y) = (x.read_unaligned(), y.read_unaligned());
                    x == y || (x.is_nan() && y.is_nan())
                }
                Some(ElementType::R8) => {
                    let (x, y) = (a.cast::<f64>(), b.cast::<f64>());
                    let (x, y) = (x.read_unaligned(), y.read_unaligned());
                    x == y || (x.is_nan() && y.is_nan())
                }
                Some(element) if ty.underlying().is_none() => {
                    read_scalar(element, a) == read_scalar(element, b)
                }
                _ if ty.element_type == ElementType::String => {
                    let (a, b) = (
                        this.read::<StringRef>(offset),
                        that.read::<StringRef>(offset),
                    );
                    a == b || (!a.is_null() && !b.is_null() && a.chars() == b.chars())
                }
                _ => {
                    others.push((ty, offset));
                    true
                }
            }
        };
        if !same {
            return Ok(false);
        }
    }
    if others.is_empty() {
        return Ok(true);
    }
    let pairs = reference_array(t, "System", "Object", others.len() * 2)?;
    for (index, (ty, offset)) in others.into_iter().enumerate() {
        let a = object_at(t, ty, this.at(offset))?;
        store_element(t, pairs, 2 * index, a);
        let b = object_at(t, ty, that.at(offset))?;
        store_element(t, pairs, 2 * index + 1, b);
    }
    store_byref(t, rest, pairs.object());
    Ok(false)
}

/// Mixes the fields that are `int` and strings; gives back the others.
fn value_hash(t: &Thread, this: ObjRef, rest: ByRef<ObjRef>) -> Managed<i32> {
    store_byref(t, rest, ObjRef::NULL);
    if this.is_null() {
        return Err(null_reference(t));
    }
    let class = t.runtime().class_of(this);
    let mut hash = 0x2d2f_11f9_i32;
    let mut others = Vec::new();
    for field in instance_fields(t, class)? {
        let offset = offset_in_box(t, field)?;
        let ty = t.class_of_type(field.ty)?;
        match ty.element_type {
            ElementType::I4 => hash ^= this.read::<i32>(offset),
            ElementType::String => {
                let text = this.read::<StringRef>(offset);
                hash ^= text.chars().iter().fold(0i32, |h, &c| {
                    h.wrapping_shl(5).wrapping_sub(h).wrapping_add(i32::from(c))
                });
            }
            _ => others.push((ty, offset)),
        }
    }
    if !others.is_empty() {
        let objects = reference_array(t, "System", "Object", others.len())?;
        for (index, (ty, offset)) in others.into_iter().enumerate() {
            let object = object_at(t, ty, this.at(offset))?;
            store_element(t, objects, index, object);
        }
        store_byref(t, rest, objects.object());
    }
    Ok(hash)
}

fn object_value(t: &Thread, object: ObjRef) -> Managed<ObjRef> {
    if object.is_null() || !t.runtime().class_of(object).is_value_type() {
        return Ok(object);
    }
    t.clone_object(object)
}

fn initialize_array(t: &Thread, array: ArrayRef, field: usize) -> Managed<()> {
    if array.is_null() {
        return Err(throw(t, "System", "ArgumentNullException", "array"));
    }
    let field = field_of_handle(t, field)?;
    let fits = (|| {
        let bytes = crate::prelude::array_bytes(t, array)?;
        let ty = t.runtime().class(field.ty).ok()?;
        let size = t.runtime().layout(ty).ok()?.size as usize;
        (field.has_rva() && bytes.length <= size).then_some(bytes)
    })();
    let Some(bytes) = fits else {
        return Err(super::support::argument(
            t,
            "Field is not large enough to fill array",
            "fldHandle",
        ));
    };
    let data = loaded(t, t.domain().static_address(field))?;
    // SAFETY: the field's data has at least as many bytes as the array, checked above.
    unsafe { std::ptr::copy_nonoverlapping(data, bytes.data, bytes.length) };
    Ok(())
}

fn run_class_constructor(t: &Thread, handle: usize) -> Managed<()> {
    let class = class_of_handle(t, handle)?;
    initialize(t, class)
}

/// Runs a class's initialiser if it has not run.
pub(crate) fn initialize(t: &Thread, class: ClassPtr) -> Managed<()> {
    if class.open {
        return Ok(());
    }
    let vtable = t.vtable(class)?;
    t.domain().initialize_class(t, vtable)
}

fn run_module_constructor(t: &Thread, module: usize) -> Managed<()> {
    let image = crate::reflection::assembly::image_of_handle(t, module)?;
    let def = ferrocil_generics::TypeDef {
        image: image.id,
        rid: 1,
    };
    let class = t.class_of_type(t.runtime().type_of_def(def))?;
    initialize(t, class)
}

/// Whether some deep recursion still fits: 64 KiB, as Mono asks.
fn sufficient_stack(t: &Thread) -> Managed<bool> {
    Ok(t.stack_left() > 64 << 10)
}

fn offset_to_string_data(_t: &Thread) -> Managed<i32> {
    Ok(StringRef::CHARS_OFFSET as i32)
}
