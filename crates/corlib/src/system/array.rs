//! `System.Array`.

use ferrocil_vm::{ArrayBounds, ClassKind, ClassPtr};

use super::support::{
    argument, argument_null, is_instance, loaded, null_reference, object_at, read_scalar,
    scalar_type, store_value, value_size, widened, widens,
};
use crate::prelude::{
    ArrayRef, IcallTable, Managed, ObjRef, Thread, array_element_address, array_element_size,
    icall, throw,
};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Array")
        .add("ClearInternal", icall(clear))
        .add("CreateInstanceImpl", icall(create_instance))
        .add("FastCopy", icall(fast_copy))
        .add("GetGenericValueImpl", icall(get_generic_value))
        .add("GetLength", icall(get_length))
        .add("GetLowerBound", icall(get_lower_bound))
        .add("GetRank", icall(get_rank))
        .add("GetValue", icall(get_value))
        .add("GetValueImpl", icall(get_value_at))
        .add("SetGenericValueImpl", icall(set_generic_value))
        .add("SetValue", icall(set_value))
        .add("SetValueImpl", icall(set_value_at));
}

/// The class of an array that is not null.
fn array_class(t: &Thread, array: ArrayRef) -> Managed<(ClassPtr, ClassPtr)> {
    if array.is_null() {
        return Err(null_reference(t));
    }
    let class = t.runtime().class_of(array.object());
    match class.element {
        Some(element) => Ok((class, element)),
        None => Err(null_reference(t)),
    }
}

fn out_of_range(t: &Thread) -> crate::prelude::Thrown {
    throw(t, "System", "IndexOutOfRangeException", "")
}

/// Bounds of a dimension of an array.
fn bounds(t: &Thread, array: ArrayRef, dimension: i32) -> Managed<ArrayBounds> {
    let (class, _) = array_class(t, array)?;
    match u32::try_from(dimension) {
        Ok(dimension) if dimension < class.rank => Ok(if class.kind == ClassKind::SzArray {
            ArrayBounds {
                length: array.len() as u32,
                lower: 0,
            }
        } else {
            array.bounds(class.rank, dimension)
        }),
        _ => Err(out_of_range(t)),
    }
}

fn get_rank(t: &Thread, array: ArrayRef) -> Managed<i32> {
    Ok(array_class(t, array)?.0.rank as i32)
}

fn get_length(t: &Thread, array: ArrayRef, dimension: i32) -> Managed<i32> {
    Ok(bounds(t, array, dimension)?.length as i32)
}

fn get_lower_bound(t: &Thread, array: ArrayRef, dimension: i32) -> Managed<i32> {
    Ok(bounds(t, array, dimension)?.lower)
}

/// The array class with this element and these dimensions.
pub(crate) fn array_class_of(
    t: &Thread,
    element: ClassPtr,
    rank: usize,
    vector: bool,
) -> Managed<ClassPtr> {
    let universe = t.runtime().universe();
    let ty = if vector {
        universe.sz_array(element.ty)
    } else {
        match u8::try_from(rank) {
            Ok(rank @ 1..=32) => universe.array(element.ty, rank),
            _ => {
                return Err(throw(
                    t,
                    "System",
                    "TypeLoadException",
                    "An array has at most 32 dimensions.",
                ));
            }
        }
    };
    let ty = loaded(t, ty.map_err(Into::into))?;
    t.class_of_type(ty)
}

fn create_instance(
    t: &Thread,
    element: ObjRef,
    lengths: ArrayRef,
    lower: ArrayRef,
) -> Managed<ObjRef> {
    let element = t.class_of_type_object(element)?;
    if element.open {
        return Err(throw(t, "System", "NotSupportedException", ""));
    }
    let counts = lengths.as_slice::<i32>();
    let lows = lower.as_slice::<i32>();
    let mut list = Vec::with_capacity(counts.len());
    for (dimension, &length) in counts.iter().enumerate() {
        let Ok(length) = u32::try_from(length) else {
            return Err(throw(t, "System", "ArgumentOutOfRangeException", "lengths"));
        };
        list.push(ArrayBounds {
            length,
            lower: lows.get(dimension).copied().unwrap_or(0),
        });
    }
    let vector = matches!(list.as_slice(), [only] if only.lower == 0);
    let class = array_class_of(t, element, list.len(), vector)?;
    Ok(t.new_array(class, &list)?.object())
}

/// Copies between vectors whose elements need no check; `false` when managed code must do it.
fn fast_copy(
    t: &Thread,
    source: ArrayRef,
    source_index: i32,
    target: ArrayRef,
    target_index: i32,
    length: i32,
) -> Managed<bool> {
    let (from, from_element) = array_class(t, source)?;
    let (to, to_element) = array_class(t, target)?;
    if from.kind != ClassKind::SzArray || to.kind != ClassKind::SzArray {
        return Ok(false);
    }
    let range = |index: i32, array: ArrayRef| {
        let start = usize::try_from(index).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        (end <= array.len()).then_some(start)
    };
    let (Some(from_start), Some(to_start)) =
        (range(source_index, source), range(target_index, target))
    else {
        return Ok(false);
    };
    if from_element != to_element {
        let fits = from_element.is_reference()
            && to_element.is_reference()
            && loaded(
                t,
                ferrocil_vm::is_assignable(t.runtime(), from_element, to_element),
            )?;
        if !fits {
            return Ok(false);
        }
    }
    let bytes = length as usize * array_element_size(t, source);
    let place = array_element_address(t, target, to_start);
    barrier(t, to_element, place, bytes)?;
    // SAFETY: both ranges were checked against their array; they may overlap.
    unsafe { std::ptr::copy(array_element_address(t, source, from_start), place, bytes) };
    Ok(true)
}

/// Tells the collector that elements are about to be overwritten.
fn barrier(t: &Thread, element: ClassPtr, place: *mut u8, bytes: usize) -> Managed<()> {
    let has_references = if element.is_value_type() {
        !loaded(t, t.runtime().layout(element))?.refs.is_empty()
    } else {
        element.is_reference()
    };
    if has_references {
        t.before_store(place, bytes);
    }
    Ok(())
}

fn clear(t: &Thread, array: ArrayRef, index: i32, length: i32) -> Managed<()> {
    let range = (|| {
        let start = usize::try_from(index).ok()?;
        let length = usize::try_from(length).ok()?;
        (start.checked_add(length)? <= array.len()).then_some((start, length))
    })();
    let Some((start, length)) = range else {
        return Err(out_of_range(t));
    };
    let place = array_element_address(t, array, start);
    let bytes = length * array_element_size(t, array);
    // SAFETY: the range was checked against the array's length.
    unsafe { place.write_bytes(0, bytes) };
    Ok(())
}

/// Address of an element by its position among all elements.
fn element_at(t: &Thread, array: ArrayRef, position: i32) -> Managed<*mut u8> {
    match usize::try_from(position) {
        Ok(position) if position < array.len() => Ok(array_element_address(t, array, position)),
        _ => Err(out_of_range(t)),
    }
}

/// Position of an element by its indices.
fn position_of(t: &Thread, array: ArrayRef, indices: ArrayRef) -> Managed<i32> {
    let (class, _) = array_class(t, array)?;
    if indices.is_null() {
        return Err(argument_null(t, "indices"));
    }
    let indices = indices.as_slice::<i32>();
    if indices.len() != class.rank as usize {
        return Err(argument(
            t,
            "Array was not a one-dimensional array.",
            "indices",
        ));
    }
    let mut position = 0i64;
    for (dimension, &index) in indices.iter().enumerate() {
        let bounds = bounds(t, array, dimension as i32)?;
        let offset = i64::from(index) - i64::from(bounds.lower);
        if offset < 0 || offset >= i64::from(bounds.length) {
            return Err(out_of_range(t));
        }
        position = position * i64::from(bounds.length) + offset;
    }
    Ok(position as i32)
}

fn get_value_at(t: &Thread, array: ArrayRef, position: i32) -> Managed<ObjRef> {
    let (_, element) = array_class(t, array)?;
    if element.kind == ClassKind::Pointer {
        return Err(throw(
            t,
            "System",
            "NotSupportedException",
            "Type is not supported.",
        ));
    }
    object_at(t, element, element_at(t, array, position)?)
}

pub(crate) fn get_value(t: &Thread, array: ArrayRef, indices: ArrayRef) -> Managed<ObjRef> {
    get_value_at(t, array, position_of(t, array, indices)?)
}

pub(crate) fn set_value(
    t: &Thread,
    array: ArrayRef,
    value: ObjRef,
    indices: ArrayRef,
) -> Managed<()> {
    set_value_at(t, array, value, position_of(t, array, indices)?)
}

fn set_value_at(t: &Thread, array: ArrayRef, value: ObjRef, position: i32) -> Managed<()> {
    let (_, element) = array_class(t, array)?;
    let place = element_at(t, array, position)?;
    if value.is_null() || is_instance(t, value, element)? {
        return store_value(t, element, place, value);
    }
    let class = t.runtime().class_of(value);
    let (Some(from), Some(to)) = (scalar_type(class), scalar_type(element)) else {
        return Err(throw(t, "System", "InvalidCastException", ""));
    };
    if !widens(from, to) {
        return Err(throw(
            t,
            "System",
            "ArgumentException",
            "not a widening conversion",
        ));
    }
    // SAFETY: the value is a box of `from`; the element has the size of `to`.
    unsafe {
        let bits = widened(read_scalar(from, value.payload()), from, to).to_le_bytes();
        std::ptr::copy_nonoverlapping(bits.as_ptr(), place, value_size(t, element)?);
    }
    Ok(())
}

fn get_generic_value(t: &Thread, array: ArrayRef, position: i32, value: *mut u8) -> Managed<()> {
    let (_, element) = array_class(t, array)?;
    let place = element_at(t, array, position)?;
    let bytes = value_size(t, element)?;
    barrier(t, element, value, bytes)?;
    // SAFETY: managed code passes a location of the element's type.
    unsafe { std::ptr::copy_nonoverlapping(place, value, bytes) };
    Ok(())
}

fn set_generic_value(t: &Thread, array: ArrayRef, position: i32, value: *mut u8) -> Managed<()> {
    let (_, element) = array_class(t, array)?;
    let place = element_at(t, array, position)?;
    let bytes = value_size(t, element)?;
    barrier(t, element, place, bytes)?;
    // SAFETY: managed code passes a location of the element's type.
    unsafe { std::ptr::copy_nonoverlapping(value, place, bytes) };
    Ok(())
}
