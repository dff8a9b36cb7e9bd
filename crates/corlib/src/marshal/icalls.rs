//! Bindings of `Marshal`.

use std::ffi::CStr;

use super::native_layout::{NativeLayout, native_layout};
use super::structures;
use crate::memory::{allocate, duplicate_text, free, reallocate};
use crate::prelude::{
    ArrayRef, ClassPtr, IcallTable, Managed, ObjRef, StringRef, Thread, array_element_address,
    array_element_size, icall, new_string, new_string_utf16, out_of_memory, state, throw, utf16,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Runtime.InteropServices.Marshal")
        .add("AllocCoTaskMem", icall(alloc_i32))
        .add("AllocCoTaskMemSize", icall(alloc_size))
        .add("AllocHGlobal", icall(alloc_global))
        .add("BufferToBSTR", icall(buffer_to_bstr))
        .add("DestroyStructure", icall(destroy_structure))
        .add("FreeBSTR", icall(free_bstr))
        .add("FreeCoTaskMem", icall(free_block))
        .add("FreeHGlobal", icall(free_block))
        .add(
            "GetDelegateForFunctionPointerInternal",
            icall(delegate_for_pointer),
        )
        .add(
            "GetFunctionPointerForDelegateInternal",
            icall(pointer_for_delegate),
        )
        .add("GetLastWin32Error", icall(last_error))
        .add("IsComObject", icall(is_com_object))
        .add("OffsetOf", icall(offset_of))
        .add("PtrToStructure(intptr,object)", icall(fill_structure))
        .add("PtrToStructure(intptr,System.Type)", icall(new_structure))
        .add("SizeOf", icall(size_of_type))
        .add("StructureToPtr", icall(structure_to_pointer))
        .add("PtrToStringAnsi(intptr)", icall(ansi_to_string))
        .add("PtrToStringAnsi(intptr,int)", icall(ansi_to_string_length))
        .add("PtrToStringBSTR", icall(bstr_to_string))
        .add("PtrToStringUni(intptr)", icall(unicode_to_string))
        .add(
            "PtrToStringUni(intptr,int)",
            icall(unicode_to_string_length),
        )
        .add("ReAllocCoTaskMem", icall(realloc_i32))
        .add("ReAllocHGlobal", icall(realloc_global))
        .add("SetLastWin32Error", icall(set_last_error))
        .add("StringToHGlobalAnsi", icall(string_to_ansi))
        .add("StringToHGlobalUni", icall(string_to_unicode))
        .add("UnsafeAddrOfPinnedArrayElement", icall(element_address))
        .add("copy_from_unmanaged_fixed", icall(copy_from_unmanaged))
        .add("copy_to_unmanaged_fixed", icall(copy_to_unmanaged));
}

fn block(t: &Thread, size: usize) -> Managed<*mut u8> {
    allocate(size).ok_or_else(|| out_of_memory(t))
}

fn alloc_i32(t: &Thread, size: i32) -> Managed<*mut u8> {
    block(t, usize::try_from(size).map_err(|_| out_of_memory(t))?)
}

fn alloc_size(t: &Thread, size: usize) -> Managed<*mut u8> {
    block(t, size)
}

fn alloc_global(t: &Thread, size: isize) -> Managed<*mut u8> {
    block(t, usize::try_from(size).map_err(|_| out_of_memory(t))?)
}

fn realloc_global(t: &Thread, old: *mut u8, size: isize) -> Managed<*mut u8> {
    let size = usize::try_from(size).map_err(|_| out_of_memory(t))?;
    // SAFETY: managed code passes a block of AllocHGlobal and does not use it afterwards.
    unsafe { reallocate(old, size) }.ok_or_else(|| out_of_memory(t))
}

fn realloc_i32(t: &Thread, old: *mut u8, size: i32) -> Managed<*mut u8> {
    realloc_global(t, old, size as isize)
}

fn free_block(_t: &Thread, old: *mut u8) -> Managed<()> {
    // SAFETY: managed code passes a block of this class's allocations, once.
    unsafe { free(old) };
    Ok(())
}

/// A BSTR points behind its length in bytes and ends with NUL.
fn buffer_to_bstr(t: &Thread, text: *const u16, length: i32) -> Managed<*mut u8> {
    let units = utf16(text, length);
    let bytes = units.len() * 2;
    let start = block(t, bytes + 4 + 2)?;
    // SAFETY: the block has room for length, text and NUL; its address is a multiple of 8.
    unsafe {
        start.cast::<u32>().write(bytes as u32);
        let data = start.add(4).cast::<u16>();
        std::ptr::copy_nonoverlapping(units.as_ptr(), data, units.len());
        data.add(units.len()).write(0);
        Ok(data.cast())
    }
}

fn free_bstr(_t: &Thread, text: *mut u8) -> Managed<()> {
    if !text.is_null() {
        // SAFETY: managed code passes a BSTR of `buffer_to_bstr`, whose block starts 4 bytes before.
        unsafe { free(text.sub(4)) };
    }
    Ok(())
}

fn bstr_to_string(t: &Thread, text: *const u16) -> Managed<StringRef> {
    if text.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    // SAFETY: a BSTR has its length in bytes in the 4 bytes before it.
    let bytes = unsafe { text.cast::<u8>().sub(4).cast::<u32>().read_unaligned() };
    new_string_utf16(t, utf16(text, (bytes / 2) as i32))
}

fn last_error(t: &Thread) -> Managed<i32> {
    Ok(state(t).last_error(t.id()))
}

fn set_last_error(t: &Thread, error: i32) -> Managed<()> {
    state(t).set_last_error(t.id(), error);
    Ok(())
}

fn is_com_object(_t: &Thread, _object: ObjRef) -> Managed<bool> {
    Ok(false)
}

fn argument_null(t: &Thread, name: &str) -> crate::prelude::Thrown {
    throw(
        t,
        "System",
        "ArgumentNullException",
        &format!("Value cannot be null.\nParameter name: {name}"),
    )
}

fn ansi_to_string(t: &Thread, text: *const libc::c_char) -> Managed<StringRef> {
    if text.is_null() {
        return Ok(StringRef::NULL);
    }
    // SAFETY: managed code vouches for a NUL-terminated text.
    new_string(t, &unsafe { CStr::from_ptr(text) }.to_string_lossy())
}

fn ansi_to_string_length(t: &Thread, text: *const u8, length: i32) -> Managed<StringRef> {
    if text.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    let length = usize::try_from(length).map_err(|_| {
        throw(
            t,
            "System",
            "ArgumentException",
            "The length must not be negative.",
        )
    })?;
    // SAFETY: managed code vouches for `length` bytes.
    let bytes = unsafe { std::slice::from_raw_parts(text, length) };
    new_string(t, &String::from_utf8_lossy(bytes))
}

fn unicode_to_string(t: &Thread, text: *const u16) -> Managed<StringRef> {
    if text.is_null() {
        return Ok(StringRef::NULL);
    }
    new_string_utf16(t, crate::prelude::utf16_z(text))
}

fn unicode_to_string_length(t: &Thread, text: *const u16, length: i32) -> Managed<StringRef> {
    if text.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    new_string_utf16(t, utf16(text, length))
}

fn string_to_ansi(t: &Thread, text: *const u16, length: i32) -> Managed<*mut u8> {
    if text.is_null() {
        return Ok(std::ptr::null_mut());
    }
    let bytes = String::from_utf16_lossy(utf16(text, length));
    duplicate_text(bytes.as_bytes()).ok_or_else(|| out_of_memory(t))
}

fn string_to_unicode(t: &Thread, text: *const u16, length: i32) -> Managed<*mut u8> {
    if text.is_null() {
        return Ok(std::ptr::null_mut());
    }
    let units = utf16(text, length);
    let start = block(t, (units.len() + 1) * 2)?;
    // SAFETY: the block has room for the units and a NUL, and is aligned.
    unsafe {
        std::ptr::copy_nonoverlapping(units.as_ptr(), start.cast(), units.len());
        start.cast::<u16>().add(units.len()).write(0);
    }
    Ok(start)
}

fn element_address(t: &Thread, array: ArrayRef, index: i32) -> Managed<*mut u8> {
    match usize::try_from(index) {
        Ok(index) if !array.is_null() => Ok(array_element_address(t, array, index)),
        _ => Ok(std::ptr::null_mut()),
    }
}

/// Checks `start` and `length` against an array; gives the elements' address and bytes.
fn elements(t: &Thread, array: ArrayRef, start: i32, length: i32) -> Managed<(*mut u8, usize)> {
    if array.is_null() {
        return Err(argument_null(t, "array"));
    }
    let argument = |name: &str, message: &str| {
        throw(
            t,
            "System",
            "ArgumentException",
            &format!("{message}\nParameter name: {name}"),
        )
    };
    let Ok(first) = usize::try_from(start) else {
        return Err(argument("startIndex", "Must be >= 0"));
    };
    let Ok(count) = usize::try_from(length) else {
        return Err(argument("length", "Must be >= 0"));
    };
    if first.checked_add(count).is_none_or(|end| end > array.len()) {
        return Err(argument("length", "start_index + length > array length"));
    }
    Ok((
        array_element_address(t, array, first),
        count * array_element_size(t, array),
    ))
}

fn copy_from_unmanaged(
    t: &Thread,
    source: *const u8,
    start: i32,
    target: ArrayRef,
    length: i32,
    _pinned: *mut u8,
) -> Managed<()> {
    if source.is_null() {
        return Err(argument_null(t, "source"));
    }
    let (address, bytes) = elements(t, target, start, length)?;
    // SAFETY: the array's range was checked; managed code vouches for the native one.
    unsafe { std::ptr::copy(source, address, bytes) };
    Ok(())
}

fn copy_to_unmanaged(
    t: &Thread,
    source: ArrayRef,
    start: i32,
    target: *mut u8,
    length: i32,
    _pinned: *mut u8,
) -> Managed<()> {
    if target.is_null() {
        return Err(argument_null(t, "destination"));
    }
    let (address, bytes) = elements(t, source, start, length)?;
    // SAFETY: the array's range was checked; managed code vouches for the native one.
    unsafe { std::ptr::copy(address, target, bytes) };
    Ok(())
}

/// The native form of the class of a `System.Type`, or ArgumentException.
fn layout_of(t: &Thread, ty: ObjRef) -> Managed<(ClassPtr, NativeLayout)> {
    if ty.is_null() {
        return Err(argument_null(t, "t"));
    }
    let class = t.class_of_type_object(ty)?;
    layout_of_class(t, class).map(|layout| (class, layout))
}

fn layout_of_class(t: &Thread, class: ClassPtr) -> Managed<NativeLayout> {
    native_layout(t.runtime(), class).map_err(|_| {
        let name = t.runtime().type_name(class.ty);
        let message = format!(
            "Type {name} cannot be marshaled as an unmanaged structure; no meaningful size or offset can be computed."
        );
        throw(t, "System", "ArgumentException", &message)
    })
}

fn size_of_type(t: &Thread, ty: ObjRef) -> Managed<i32> {
    let (_, layout) = layout_of(t, ty)?;
    Ok(i32::try_from(layout.size).unwrap_or(i32::MAX))
}

fn offset_of(t: &Thread, ty: ObjRef, name: StringRef) -> Managed<isize> {
    let (_, layout) = layout_of(t, ty)?;
    let name = name.to_string_lossy();
    let field = layout.fields.iter().find(|field| field.name == name);
    field.map(|field| field.native as isize).ok_or_else(|| {
        throw(
            t,
            "System",
            "ArgumentException",
            "Field passed in is not a marshaled member of the type",
        )
    })
}

/// Managed code has checked that neither is null.
fn delegate_for_pointer(t: &Thread, pointer: usize, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    t.delegate_for_pointer(class, pointer)
}

fn pointer_for_delegate(t: &Thread, delegate: ObjRef) -> Managed<usize> {
    t.function_pointer(delegate)
}

fn new_structure(t: &Thread, source: *const u8, ty: ObjRef) -> Managed<ObjRef> {
    if source.is_null() {
        return Ok(ObjRef::NULL);
    }
    let (class, layout) = layout_of(t, ty)?;
    let object = t.new_object(class)?;
    // SAFETY: managed code vouches for a structure of this type at `source`; the object is fresh.
    unsafe { structures::to_managed(t, &layout, source, structures::payload(object))? };
    Ok(object)
}

fn fill_structure(t: &Thread, source: *const u8, object: ObjRef) -> Managed<()> {
    if source.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    if object.is_null() {
        return Err(argument_null(t, "structure"));
    }
    let class = t.runtime().class_of(object);
    if class.is_value_type() {
        let message = "Destination is a boxed value type.\nParameter name: dst";
        return Err(throw(t, "System", "ArgumentException", message));
    }
    let layout = layout_of_class(t, class)?;
    // SAFETY: managed code vouches for a structure of the object's type at `source`.
    unsafe { structures::to_managed(t, &layout, source, structures::payload(object)) }
}

fn structure_to_pointer(
    t: &Thread,
    object: ObjRef,
    target: *mut u8,
    delete_old: bool,
) -> Managed<()> {
    if object.is_null() {
        return Err(argument_null(t, "structure"));
    }
    if target.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    let layout = layout_of_class(t, t.runtime().class_of(object))?;
    // SAFETY: managed code vouches for room for this structure at `target`, and (to delete) for a
    // structure there that this class wrote.
    unsafe {
        if delete_old {
            structures::destroy(&layout, target);
        }
        structures::to_native(t, &layout, structures::payload(object), target)
    }
}

fn destroy_structure(t: &Thread, target: *mut u8, ty: ObjRef) -> Managed<()> {
    if target.is_null() {
        return Err(argument_null(t, "ptr"));
    }
    let (_, layout) = layout_of(t, ty)?;
    // SAFETY: managed code vouches for a structure at `target` that this class wrote.
    unsafe { structures::destroy(&layout, target) };
    Ok(())
}
