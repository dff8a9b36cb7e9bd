//! `Buffer`, `RuntimeImports`, `SafeStringMarshal`, `RuntimeGPtrArrayHandle`.

use super::{allocate, duplicate_text, free};
use crate::prelude::{
    ArrayRef, IcallTable, Managed, StringRef, Thread, array_bytes, icall, out_of_memory,
    record_bulk_store,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Buffer")
        .add("InternalBlockCopy", icall(block_copy))
        .add("InternalMemcpy", icall(memcpy))
        .add("_ByteLength", icall(byte_length));
    table
        .class("System.Runtime.RuntimeImports")
        .add("Memmove", icall(memmove))
        .add("Memmove_wbarrier", icall(memmove_references))
        .add("ZeroMemory", icall(zero_memory));
    table
        .class("Mono.SafeStringMarshal")
        .add("StringToUtf8", icall(string_to_utf8))
        .add("GFree", icall(g_free));
    table
        .class("Mono.RuntimeGPtrArrayHandle")
        .add("GPtrArrayFree", icall(free_pointer_array));
}

/// Copies bytes between arrays of primitive elements; false when a range is outside.
fn block_copy(
    t: &Thread,
    source: ArrayRef,
    source_offset: i32,
    target: ArrayRef,
    target_offset: i32,
    count: i32,
) -> Managed<bool> {
    let (Some(from), Some(to)) = (array_bytes(t, source), array_bytes(t, target)) else {
        return Ok(false);
    };
    let range = |offset: i32, length: usize| {
        let offset = usize::try_from(offset).ok()?;
        let end = offset.checked_add(usize::try_from(count).ok()?)?;
        (end <= length).then_some(offset)
    };
    let (Some(source_offset), Some(target_offset)) = (
        range(source_offset, from.length),
        range(target_offset, to.length),
    ) else {
        return Ok(false);
    };
    // SAFETY: both ranges were checked against the arrays' byte lengths; they may overlap.
    unsafe {
        std::ptr::copy(
            from.data.add(source_offset),
            to.data.add(target_offset),
            count as usize,
        );
    }
    Ok(true)
}

/// Length in bytes, −1 for arrays whose elements are no primitive type.
fn byte_length(t: &Thread, array: ArrayRef) -> Managed<i32> {
    Ok(array_bytes(t, array).map_or(-1, |bytes| i32::try_from(bytes.length).unwrap_or(i32::MAX)))
}

fn memcpy(_t: &Thread, target: *mut u8, source: *const u8, count: i32) -> Managed<()> {
    if let Ok(count) = usize::try_from(count) {
        // SAFETY: managed code vouches for both ranges (it is unsafe code of the class library).
        unsafe { std::ptr::copy(source, target, count) };
    }
    Ok(())
}

fn memmove(_t: &Thread, target: *mut u8, source: *const u8, count: u32) -> Managed<()> {
    // SAFETY: managed code vouches for both ranges (it is unsafe code of the class library).
    unsafe { std::ptr::copy(source, target, count as usize) };
    Ok(())
}

/// Moves `count` values that contain references; the last argument is their type.
fn memmove_references(
    t: &Thread,
    target: *mut u8,
    source: *const u8,
    count: u32,
    ty: isize,
) -> Managed<()> {
    record_bulk_store(t, target, source, count as usize, ty)
}

fn zero_memory(_t: &Thread, target: *mut u8, count: u32) -> Managed<()> {
    // SAFETY: managed code vouches for the range (it is unsafe code of the class library).
    unsafe { target.write_bytes(0, count as usize) };
    Ok(())
}

fn string_to_utf8(t: &Thread, text: StringRef) -> Managed<*mut u8> {
    if text.is_null() {
        return Ok(std::ptr::null_mut());
    }
    duplicate_text(text.to_string_lossy().as_bytes()).ok_or_else(|| out_of_memory(t))
}

fn g_free(_t: &Thread, block: *mut u8) -> Managed<()> {
    // SAFETY: managed code passes what `string_to_utf8` gave it, once.
    unsafe { free(block) };
    Ok(())
}

/// `Mono.RuntimeStructs.GPtrArray`: pointers and their number.
#[repr(C)]
#[derive(Debug)]
pub struct PointerArray {
    data: *mut usize,
    length: i32,
}

impl PointerArray {
    /// A copy of `values` on the C heap, in the form that `RuntimeGPtrArrayHandle` reads
    /// and `GPtrArrayFree` takes back. Null when memory is out.
    #[must_use]
    pub fn allocate(values: &[usize]) -> *mut PointerArray {
        let Some(block) = allocate(size_of::<PointerArray>()) else {
            return std::ptr::null_mut();
        };
        let Some(data) = allocate(size_of_val(values)) else {
            // SAFETY: allocated just now.
            unsafe { free(block) };
            return std::ptr::null_mut();
        };
        let array = block.cast::<PointerArray>();
        let data = data.cast::<usize>();
        // SAFETY: both blocks have room; malloc aligns for any type.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), data, values.len());
            array.write(PointerArray {
                data,
                length: values.len() as i32,
            });
        }
        array
    }
}

fn free_pointer_array(_t: &Thread, array: *mut PointerArray) -> Managed<()> {
    if !array.is_null() {
        // SAFETY: managed code passes what an enumeration call made with `PointerArray::allocate`, once.
        unsafe {
            free((*array).data.cast());
            free(array.cast());
        }
    }
    Ok(())
}
