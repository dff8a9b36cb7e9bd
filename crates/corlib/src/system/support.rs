//! What the bindings of `system` and `reflection` share: arguments, stores, boxes.

use std::ptr::NonNull;

use ferrocil_generics::TypeId;
use ferrocil_metadata::ElementType;
use ferrocil_vm::{ClassKind, ClassPtr, FieldPtr, LoadResult, MethodPtr};

use crate::prelude::{ArrayRef, Managed, ObjRef, Thread, Thrown, is_scalar, throw};

/// A loader's answer; its error as a managed exception.
pub(crate) fn loaded<T>(t: &Thread, result: LoadResult<T>) -> Managed<T> {
    result.map_err(|error| t.throw_load_error(&error))
}

/// ArgumentException with a parameter's name.
pub(crate) fn argument(t: &Thread, message: &str, parameter: &str) -> Thrown {
    let made = (|| {
        let exception = t.new_exception("System", "ArgumentException", message)?;
        let name = t.new_string(parameter)?;
        let offset = t.field_offset("System.ArgumentException", "_paramName")?;
        store_reference(t, exception, offset, name.object());
        Ok(exception)
    })();
    match made {
        Ok(exception) => t.throw_object(exception),
        Err(thrown) => thrown,
    }
}

/// ArgumentNullException for a parameter.
pub(crate) fn argument_null(t: &Thread, parameter: &str) -> Thrown {
    throw(t, "System", "ArgumentNullException", parameter)
}

/// NullReferenceException.
pub(crate) fn null_reference(t: &Thread) -> Thrown {
    throw(t, "System", "NullReferenceException", "")
}

/// The class behind a `RuntimeTypeHandle.value`.
pub(crate) fn class_of_handle(t: &Thread, handle: usize) -> Managed<ClassPtr> {
    // SAFETY: managed code got the handle from this runtime, which keeps the class loaded.
    unsafe { ClassPtr::from_address(handle) }.ok_or_else(|| argument_null(t, "handle"))
}

/// The method behind a `RuntimeMethodHandle.value`.
pub(crate) fn method_of_handle(t: &Thread, handle: usize) -> Managed<MethodPtr> {
    // SAFETY: managed code got the handle from this runtime, which keeps the method loaded.
    unsafe { MethodPtr::from_address(handle) }.ok_or_else(|| argument_null(t, "handle"))
}

/// The field behind a `RuntimeFieldHandle.value`.
pub(crate) fn field_of_handle(t: &Thread, handle: usize) -> Managed<FieldPtr> {
    // SAFETY: managed code got the handle from this runtime, which keeps the field's class loaded.
    unsafe { FieldPtr::from_address(handle) }.ok_or_else(|| argument_null(t, "handle"))
}

/// The class that stands for a class in reflection: an instance of a generic type over
/// that type's own parameters is the definition itself.
pub(crate) fn canonical(t: &Thread, class: ClassPtr) -> Managed<ClassPtr> {
    let universe = t.runtime().universe();
    match class.def {
        Some(def) if class.open && class.args.is_some() && universe.is_own_inst(class.ty) => {
            loaded(t, t.runtime().class(universe.def(def)))
        }
        _ => Ok(class),
    }
}

/// The `System.RuntimeType` object of a class.
pub(crate) fn type_object(t: &Thread, class: ClassPtr) -> Managed<ObjRef> {
    t.type_object(canonical(t, class)?)
}

/// The `System.RuntimeType` object of a class, or null.
pub(crate) fn optional_type(t: &Thread, class: Option<ClassPtr>) -> Managed<ObjRef> {
    class.map_or(Ok(ObjRef::NULL), |class| type_object(t, class))
}

/// The `System.RuntimeType` object of a type.
pub(crate) fn type_object_of(t: &Thread, ty: TypeId) -> Managed<ObjRef> {
    type_object(t, t.class_of_type(ty)?)
}

/// A new `Type[]` (or `RuntimeType[]`) of these types.
pub(crate) fn type_array(
    t: &Thread,
    runtime_types: bool,
    types: impl ExactSizeIterator<Item = TypeId>,
) -> Managed<ArrayRef> {
    let name = if runtime_types { "RuntimeType" } else { "Type" };
    let array = reference_array(t, "System", name, types.len())?;
    for (index, ty) in types.enumerate() {
        store_element(t, array, index, type_object_of(t, ty)?);
    }
    Ok(array)
}

/// A class of corlib.
pub(crate) fn corlib_class(t: &Thread, namespace: &str, name: &str) -> Managed<ClassPtr> {
    loaded(t, t.runtime().corlib_class(namespace, name))
}

/// A new array of references to objects of a corlib class.
pub(crate) fn reference_array(
    t: &Thread,
    namespace: &str,
    name: &str,
    length: usize,
) -> Managed<ArrayRef> {
    t.new_vector(corlib_class(t, namespace, name)?, length)
}

pub(crate) use crate::prelude::store_element;

/// Stores a reference at an offset of an object.
pub(crate) fn store_reference(t: &Thread, object: ObjRef, offset: u32, value: ObjRef) {
    object.store(t, offset, value);
}

/// Stores a reference at an address (a field of a structure that managed code passed).
pub(crate) fn store_at(t: &Thread, address: *mut u8, value: ObjRef) {
    // SAFETY: callers pass the place of a reference in a structure of managed code.
    unsafe { t.store_reference(address, value) };
}

/// The element type of a class whose values are single numbers (an enum's is that of its
/// underlying type); `None` for structures and references.
pub(crate) fn scalar_type(class: ClassPtr) -> Option<ElementType> {
    if !class.is_value_type() {
        return None;
    }
    let base = class.underlying().unwrap_or(class);
    is_scalar(base.element_type).then_some(base.element_type)
}

/// Reads a number: signed ones sign-extended, others zero-extended, floating ones as bits.
///
/// # Safety
/// A value of this element type stands at `place`.
pub(crate) unsafe fn read_scalar(element: ElementType, place: *const u8) -> u64 {
    // SAFETY: the caller vouches for the place and its type.
    unsafe {
        match element {
            ElementType::Boolean | ElementType::U1 => u64::from(place.read()),
            ElementType::I1 => place.cast::<i8>().read() as i64 as u64,
            ElementType::I2 => place.cast::<i16>().read_unaligned() as i64 as u64,
            ElementType::U2 | ElementType::Char => u64::from(place.cast::<u16>().read_unaligned()),
            ElementType::I4 => place.cast::<i32>().read_unaligned() as i64 as u64,
            ElementType::U4 | ElementType::R4 => u64::from(place.cast::<u32>().read_unaligned()),
            _ => place.cast::<u64>().read_unaligned(),
        }
    }
}

/// Bytes of a value of a class where it stands in an array or a field.
pub(crate) fn value_size(t: &Thread, class: ClassPtr) -> Managed<usize> {
    if class.is_value_type() {
        Ok(loaded(t, t.runtime().layout(class))?.size as usize)
    } else {
        Ok(size_of::<usize>())
    }
}

/// The value of a class at an address as an object: a reference itself, a value boxed, a
/// pointer as a `System.Reflection.Pointer`.
pub(crate) fn object_at(t: &Thread, class: ClassPtr, place: *mut u8) -> Managed<ObjRef> {
    match class.kind {
        ClassKind::Pointer | ClassKind::FnPtr => {
            let pointer = t.new_object(corlib_class(t, "System.Reflection", "Pointer")?)?;
            // SAFETY: the place holds a pointer.
            let value = unsafe { place.cast::<usize>().read_unaligned() };
            pointer.write(t.field_offset("System.Reflection.Pointer", "_ptr")?, value);
            let ty = t.field_offset("System.Reflection.Pointer", "_ptrType")?;
            let object = type_object(t, class)?;
            store_reference(t, pointer, ty, object);
            Ok(pointer)
        }
        _ => match NonNull::new(place) {
            Some(place) => t.box_value(class, place),
            None => Err(null_reference(t)),
        },
    }
}

/// The pointer in a boxed `IntPtr` or a `System.Reflection.Pointer`; 0 for null.
pub(crate) fn pointer_in(t: &Thread, object: ObjRef) -> Managed<usize> {
    if object.is_null() {
        return Ok(0);
    }
    let class = t.runtime().class_of(object);
    if class.is_named("System.Reflection", "Pointer") {
        return Ok(object.read(t.field_offset("System.Reflection.Pointer", "_ptr")?));
    }
    match scalar_type(class) {
        // SAFETY: the object is a box of this element type.
        Some(element) => Ok(unsafe { read_scalar(element, object.payload()) } as usize),
        None => Err(argument(t, "A pointer was expected.", "value")),
    }
}

/// Stores an object's value where a value of `class` stands: references as they are, values
/// unboxed (null clears them), `Nullable<T>` from a boxed `T` or null. The object fits.
pub(crate) fn store_value(
    t: &Thread,
    class: ClassPtr,
    place: *mut u8,
    object: ObjRef,
) -> Managed<()> {
    match class.kind {
        ClassKind::Pointer | ClassKind::FnPtr => {
            let value = pointer_in(t, object)?;
            // SAFETY: a pointer stands at the place.
            unsafe { place.cast::<usize>().write_unaligned(value) };
            return Ok(());
        }
        _ if !class.is_value_type() => {
            store_at(t, place, object);
            return Ok(());
        }
        _ => {}
    }
    let runtime = t.runtime();
    let layout = loaded(t, runtime.layout(class))?;
    let size = layout.size as usize;
    if object.is_null() {
        // SAFETY: a value of the class stands at the place.
        unsafe { place.write_bytes(0, size) };
        return Ok(());
    }
    if let Some(value) = runtime.nullable_value(class) {
        let (flag, offset) = loaded(t, runtime.nullable_offsets(class))?;
        let bytes = value_size(t, value)?;
        if !layout.refs.is_empty() {
            t.before_store(place, size);
        }
        // SAFETY: a Nullable stands at the place; the object is a box of its value's class.
        unsafe {
            place.add(flag as usize).write(1);
            std::ptr::copy_nonoverlapping(object.payload(), place.add(offset as usize), bytes);
        }
        return Ok(());
    }
    if !layout.refs.is_empty() {
        t.before_store(place, size);
    }
    // SAFETY: the object is a box of a value of this size.
    unsafe { std::ptr::copy_nonoverlapping(object.payload(), place, size) };
    Ok(())
}

/// Whether an object (not null) can stand where `class` is expected.
pub(crate) fn is_instance(t: &Thread, object: ObjRef, class: ClassPtr) -> Managed<bool> {
    let runtime = t.runtime();
    loaded(
        t,
        ferrocil_vm::is_assignable(runtime, runtime.class_of(object), class),
    )
}

/// Whether an element type widens to another without loss (ECMA-335 I.12.1, as `Array.SetValue`
/// and reflection allow it).
pub(crate) fn widens(from: ElementType, to: ElementType) -> bool {
    use ElementType::{Boolean, Char, I, I1, I2, I4, I8, R4, R8, U, U1, U2, U4, U8};
    from == to
        || match from {
            U1 => matches!(to, Char | I2 | U2 | I4 | U4 | I8 | U8 | R4 | R8),
            I1 => matches!(to, I2 | I4 | I8 | R4 | R8),
            U2 => matches!(to, Char | I4 | U4 | I8 | U8 | R4 | R8),
            Char => matches!(to, U2 | I4 | U4 | I8 | U8 | R4 | R8),
            I2 => matches!(to, I4 | I8 | R4 | R8),
            U4 => matches!(to, I8 | U8 | R4 | R8),
            I4 => matches!(to, I8 | R4 | R8),
            I8 | U8 => matches!(to, R4 | R8),
            R4 => to == R8,
            Boolean | R8 | I | U => false,
            _ => false,
        }
}

/// A number of one element type as another it widens to.
pub(crate) fn widened(bits: u64, from: ElementType, to: ElementType) -> u64 {
    let floating = |value: f64| match to {
        ElementType::R4 => u64::from((value as f32).to_bits()),
        _ => value.to_bits(),
    };
    match (from, to) {
        (ElementType::R4, ElementType::R8) => f64::from(f32::from_bits(bits as u32)).to_bits(),
        (ElementType::R4 | ElementType::R8, _) => bits,
        (ElementType::U8, ElementType::R4) => u64::from((bits as f32).to_bits()),
        (ElementType::U8, ElementType::R8) => (bits as f64).to_bits(),
        (_, ElementType::R4 | ElementType::R8) if is_signed(from) => floating(bits as i64 as f64),
        (_, ElementType::R4 | ElementType::R8) => floating(bits as f64),
        _ => bits,
    }
}

/// Whether an element type is a signed integer.
pub(crate) fn is_signed(element: ElementType) -> bool {
    matches!(
        element,
        ElementType::I1 | ElementType::I2 | ElementType::I4 | ElementType::I8 | ElementType::I
    )
}

/// Text of a UTF-8 string that managed code passed; `None` for null.
pub(crate) fn utf8<'a>(pointer: *const u8) -> Option<std::borrow::Cow<'a, str>> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: managed code passes a NUL-terminated string that it frees after the call.
    Some(unsafe { std::ffi::CStr::from_ptr(pointer.cast()) }.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_widen_as_the_standard_says() {
        assert!(widens(ElementType::U1, ElementType::Char));
        assert!(!widens(ElementType::I4, ElementType::U8));
        assert!(!widens(ElementType::Boolean, ElementType::I4));
        assert_eq!(
            widened(-3i64 as u64, ElementType::I4, ElementType::R8),
            (-3.0f64).to_bits()
        );
        assert_eq!(
            widened(u64::MAX, ElementType::U8, ElementType::R8),
            (u64::MAX as f64).to_bits()
        );
        assert_eq!(
            widened(
                u64::from(1.5f32.to_bits()),
                ElementType::R4,
                ElementType::R8
            ),
            1.5f64.to_bits()
        );
        assert_eq!(
            widened(7, ElementType::U1, ElementType::R4),
            u64::from(7f32.to_bits())
        );
    }

    #[test]
    fn numbers_are_read_with_their_sign() {
        let bytes = (-2i64).to_le_bytes();
        // SAFETY: eight bytes are there.
        unsafe {
            assert_eq!(read_scalar(ElementType::I1, bytes.as_ptr()), -2i64 as u64);
            assert_eq!(read_scalar(ElementType::U2, bytes.as_ptr()), 0xfffe);
            assert_eq!(read_scalar(ElementType::U4, bytes.as_ptr()), 0xffff_fffe);
        }
    }
}
