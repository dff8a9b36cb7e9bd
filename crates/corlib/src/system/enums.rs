//! `System.Enum`.

use ferrocil_metadata::{ConstantValue, ElementType, TableId, Token};
use ferrocil_vm::{ClassKind, ClassPtr};

use super::support::{
    argument_null, is_signed, loaded, null_reference, read_scalar, reference_array, scalar_type,
    store_element, type_object,
};
use crate::prelude::{ByRef, IcallTable, Managed, ObjRef, Thread, icall, store_byref, throw};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Enum")
        .add("GetEnumValuesAndNames", icall(values_and_names))
        .add("InternalBoxEnum", icall(box_enum))
        .add("InternalCompareTo", icall(compare))
        .add("InternalGetUnderlyingType", icall(underlying_type))
        .add("InternalHasFlag", icall(has_flag))
        .add("get_hashcode", icall(hash_code))
        .add("get_value", icall(get_value));
}

/// An enum's class and its underlying element type.
fn enum_class(t: &Thread, ty: ObjRef) -> Managed<(ClassPtr, ElementType)> {
    let class = t.class_of_type_object(ty)?;
    match scalar_type(class) {
        Some(element) if class.kind == ClassKind::Enum => Ok((class, element)),
        _ => Err(super::support::argument(
            t,
            "Type provided must be an Enum.",
            "enumType",
        )),
    }
}

/// The number in a boxed enum, with its element type.
fn number(t: &Thread, object: ObjRef) -> Managed<(u64, ElementType)> {
    if object.is_null() {
        return Err(null_reference(t));
    }
    match scalar_type(t.runtime().class_of(object)) {
        // SAFETY: the object is a box of this element type.
        Some(element) => Ok((unsafe { read_scalar(element, object.payload()) }, element)),
        None => Err(throw(t, "System", "InvalidCastException", "")),
    }
}

/// Values and names in the order of declaration; whether the values ascend (unsigned).
fn values_and_names(
    t: &Thread,
    ty: ObjRef,
    values: ByRef<ObjRef>,
    names: ByRef<ObjRef>,
) -> Managed<bool> {
    let (class, _) = enum_class(t, ty)?;
    let runtime = t.runtime();
    let Some(image) = class.def.and_then(|def| runtime.image(def.image)) else {
        return Err(null_reference(t));
    };
    let metadata = image.image();
    let mut found = Vec::new();
    for field in loaded(t, runtime.fields(class))? {
        if !field.is_literal() {
            continue;
        }
        let constant = metadata
            .constant_of(Token::new(TableId::Field, field.rid))
            .and_then(|row| metadata.constant_value(row).ok());
        if let Some(ConstantValue::Scalar(value)) = constant {
            found.push((value.bits(), field.name));
        }
    }
    let sorted = found.is_sorted_by_key(|(value, _)| *value);
    let value_array = t.new_primitive_vector(ElementType::U8, found.len())?;
    let name_array = reference_array(t, "System", "String", found.len())?;
    for (index, (value, name)) in found.into_iter().enumerate() {
        value_array.set(index, value);
        let name = t.new_string(name)?;
        store_element(t, name_array, index, name.object());
    }
    store_byref(t, values, value_array.object());
    store_byref(t, names, name_array.object());
    Ok(sorted)
}

fn box_enum(t: &Thread, ty: ObjRef, value: i64) -> Managed<ObjRef> {
    let (class, _) = enum_class(t, ty)?;
    let boxed = t.new_object(class)?;
    let size = loaded(t, t.runtime().layout(class))?.size as usize;
    let bytes = value.to_le_bytes();
    // SAFETY: the box holds a number of `size` (at most 8) bytes.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), boxed.payload(), size.min(8)) };
    Ok(boxed)
}

/// -1, 0 or 1; 2 for enums of different types, 3 for a type that is no enum's.
fn compare(t: &Thread, this: ObjRef, that: ObjRef) -> Managed<i32> {
    if that.is_null() {
        return Ok(1);
    }
    let (a, element) = number(t, this)?;
    if t.runtime().class_of(this) != t.runtime().class_of(that) {
        return Ok(2);
    }
    let (b, _) = number(t, that)?;
    let order = match element {
        ElementType::R4 => f32::from_bits(a as u32).partial_cmp(&f32::from_bits(b as u32)),
        ElementType::R8 => f64::from_bits(a).partial_cmp(&f64::from_bits(b)),
        _ if is_signed(element) => Some((a as i64).cmp(&(b as i64))),
        _ => Some(a.cmp(&b)),
    };
    Ok(order.map_or(0, |order| order as i32))
}

fn underlying_type(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let (class, _) = enum_class(t, ty)?;
    match class.underlying() {
        Some(underlying) => type_object(t, underlying),
        None => Err(argument_null(t, "enumType")),
    }
}

fn has_flag(t: &Thread, this: ObjRef, flag: ObjRef) -> Managed<bool> {
    let (value, _) = number(t, this)?;
    let (flag, _) = number(t, flag)?;
    Ok(value & flag == flag)
}

fn hash_code(t: &Thread, this: ObjRef) -> Managed<i32> {
    let (value, element) = number(t, this)?;
    // As the underlying type's own GetHashCode.
    Ok(match element {
        ElementType::I1 => value as i8 as i32 ^ (value as i8 as i32) << 8,
        ElementType::I2 => i32::from(value as u16) | (value as i16 as i32) << 16,
        ElementType::I8 | ElementType::U8 | ElementType::I | ElementType::U => {
            value as i32 ^ (value >> 32) as i32
        }
        _ => value as i32,
    })
}

fn get_value(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    if this.is_null() {
        return Ok(ObjRef::NULL);
    }
    let class = t.runtime().class_of(this);
    let boxed = t.new_object(class.underlying().unwrap_or(class))?;
    let size = loaded(t, t.runtime().layout(class))?.size as usize;
    // SAFETY: both boxes hold a number of this size.
    unsafe { std::ptr::copy_nonoverlapping(this.payload(), boxed.payload(), size) };
    Ok(boxed)
}
