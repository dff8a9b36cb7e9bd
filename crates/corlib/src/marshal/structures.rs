//! Copies structures between managed and native memory.

use super::native_layout::{Conversion, NativeLayout};
use crate::memory::{allocate, duplicate_text, free};
use crate::prelude::{
    ArrayRef, Managed, ObjRef, StringRef, Thread, new_string, new_string_utf16, new_vector_of,
    out_of_memory, store_address, throw,
};

/// Copies a managed value to native memory. Texts are allocated; see [`destroy`].
///
/// # Safety
/// `managed` is a live value of the layout's type, and `native` has room for the layout's size.
pub(super) unsafe fn to_native(
    t: &Thread,
    layout: &NativeLayout,
    managed: *const u8,
    native: *mut u8,
) -> Managed<()> {
    for field in &layout.fields {
        // SAFETY: the layout's offsets are inside of both values (the caller's promise).
        let (from, to) = unsafe {
            (
                managed.add(field.managed as usize),
                native.add(field.native as usize),
            )
        };
        // SAFETY: as above; every access below has the field's size on its side.
        unsafe {
            match &field.conversion {
                Conversion::Copy(size) => std::ptr::copy(from, to, *size as usize),
                Conversion::Bool {
                    native: size,
                    variant,
                } => {
                    let value: i32 = match (from.read() != 0, *variant) {
                        (true, true) => -1,
                        (true, false) => 1,
                        (false, _) => 0,
                    };
                    std::ptr::copy_nonoverlapping(value.to_le_bytes().as_ptr(), to, *size as usize);
                }
                Conversion::AnsiChar => to.write(from.cast::<u16>().read_unaligned() as u8),
                Conversion::Text { wide } => {
                    let text = from.cast::<StringRef>().read_unaligned();
                    to.cast::<*mut u8>()
                        .write_unaligned(copy_text(t, text, *wide)?);
                }
                Conversion::FixedText { length, wide } => {
                    write_fixed(
                        from.cast::<StringRef>().read_unaligned(),
                        to,
                        *length as usize,
                        *wide,
                    );
                }
                Conversion::FixedArray { length, size, .. } => {
                    let array = from.cast::<ArrayRef>().read_unaligned();
                    let bytes = *length as usize * *size as usize;
                    to.write_bytes(0, bytes);
                    if !array.is_null() {
                        if array.len() < *length as usize {
                            return Err(throw(
                                t,
                                "System",
                                "ArgumentException",
                                "The array is shorter than its field in the structure.",
                            ));
                        }
                        std::ptr::copy(array.data_ptr::<u8>(), to, bytes);
                    }
                }
                Conversion::Nested(inner) => to_native(t, inner, from, to)?,
                Conversion::Com(size) => {
                    if !from.cast::<ObjRef>().read_unaligned().is_null() {
                        return Err(throw(
                            t,
                            "System",
                            "NotSupportedException",
                            "COM objects are not supported.",
                        ));
                    }
                    to.write_bytes(0, *size as usize);
                }
            }
        }
    }
    Ok(())
}

/// Copies native memory to a managed value.
///
/// # Safety
/// `native` has the layout's size, and `managed` is a live value of the layout's type.
pub(super) unsafe fn to_managed(
    t: &Thread,
    layout: &NativeLayout,
    native: *const u8,
    managed: *mut u8,
) -> Managed<()> {
    for field in &layout.fields {
        // SAFETY: the layout's offsets are inside of both values (the caller's promise).
        let (from, to) = unsafe {
            (
                native.add(field.native as usize),
                managed.add(field.managed as usize),
            )
        };
        // SAFETY: as above; every access below has the field's size on its side.
        unsafe {
            match &field.conversion {
                Conversion::Copy(size) => std::ptr::copy(from, to, *size as usize),
                Conversion::Bool { native: size, .. } => {
                    let bytes = std::slice::from_raw_parts(from, *size as usize);
                    to.write(u8::from(bytes.iter().any(|&byte| byte != 0)));
                }
                Conversion::AnsiChar => to.cast::<u16>().write_unaligned(u16::from(from.read())),
                Conversion::Text { wide } => {
                    let text = read_text(t, from.cast::<*const u8>().read_unaligned(), *wide)?;
                    store_address(t, to, text.object());
                }
                Conversion::FixedText { length, wide } => {
                    let text = read_fixed(t, from, *length as usize, *wide)?;
                    store_address(t, to, text.object());
                }
                Conversion::FixedArray {
                    length,
                    element,
                    size,
                } => {
                    let array = new_vector_of(t, *element, *length as usize)?;
                    std::ptr::copy(
                        from,
                        array.data_ptr::<u8>(),
                        *length as usize * *size as usize,
                    );
                    store_address(t, to, array.object());
                }
                Conversion::Nested(inner) => to_managed(t, inner, from, to)?,
                Conversion::Com(_) => store_address(t, to, ObjRef::NULL),
            }
        }
    }
    Ok(())
}

/// Frees the texts that [`to_native`] allocated.
///
/// # Safety
/// `native` holds a structure that [`to_native`] wrote with this layout, and its texts were not freed.
pub(super) unsafe fn destroy(layout: &NativeLayout, native: *mut u8) {
    for field in &layout.fields {
        // SAFETY: the layout's offsets are inside of the structure (the caller's promise).
        unsafe {
            let at = native.add(field.native as usize);
            match &field.conversion {
                Conversion::Text { .. } => {
                    free(at.cast::<*mut u8>().read_unaligned());
                    at.cast::<*mut u8>().write_unaligned(std::ptr::null_mut());
                }
                Conversion::Nested(inner) => destroy(inner, at),
                _ => {}
            }
        }
    }
}

fn copy_text(t: &Thread, text: StringRef, wide: bool) -> Managed<*mut u8> {
    if text.is_null() {
        return Ok(std::ptr::null_mut());
    }
    let block = if wide {
        let units = text.chars();
        allocate((units.len() + 1) * 2).inspect(|&block| {
            // SAFETY: the block has room for the units and a NUL, and is aligned.
            unsafe {
                std::ptr::copy_nonoverlapping(units.as_ptr(), block.cast(), units.len());
                block.cast::<u16>().add(units.len()).write(0);
            }
        })
    } else {
        duplicate_text(text.to_string_lossy().as_bytes())
    };
    block.ok_or_else(|| out_of_memory(t))
}

/// # Safety
/// `text` is null or a NUL-terminated text.
unsafe fn read_text(t: &Thread, text: *const u8, wide: bool) -> Managed<StringRef> {
    if text.is_null() {
        return Ok(StringRef::NULL);
    }
    if wide {
        return new_string_utf16(t, crate::prelude::utf16_z(text.cast()));
    }
    // SAFETY: the caller's promise.
    let text = unsafe { std::ffi::CStr::from_ptr(text.cast()) };
    new_string(t, &text.to_string_lossy())
}

/// Writes at most `length` − 1 characters and fills the rest with NULs.
///
/// # Safety
/// `to` has room for `length` characters.
unsafe fn write_fixed(text: StringRef, to: *mut u8, length: usize, wide: bool) {
    let room = length.saturating_sub(1);
    // SAFETY: `length` characters of the unit's size fit (the caller's promise).
    unsafe {
        if wide {
            to.write_bytes(0, length * 2);
            let count = text.chars().len().min(room);
            std::ptr::copy_nonoverlapping(text.chars().as_ptr().cast::<u8>(), to, count * 2);
        } else {
            to.write_bytes(0, length);
            let bytes = text.to_string_lossy().into_bytes();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len().min(room));
        }
    }
}

/// # Safety
/// `from` has `length` characters.
unsafe fn read_fixed(t: &Thread, from: *const u8, length: usize, wide: bool) -> Managed<StringRef> {
    if wide {
        let unit = |at| {
            // SAFETY: the caller's promise; the bytes may be unaligned, so they are copied.
            unsafe { from.cast::<u16>().add(at).read_unaligned() }
        };
        let units: Vec<u16> = (0..length).map(unit).collect();
        let end = units.iter().position(|&unit| unit == 0).unwrap_or(length);
        return new_string_utf16(t, &units[..end]);
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(from, length) };
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(length);
    new_string(t, &String::from_utf8_lossy(&bytes[..end]))
}

/// First byte of an object's fields.
pub(super) fn payload(object: ObjRef) -> *mut u8 {
    object.payload()
}
