//! What the bindings need of the VM, under names of our own: a change of the VM's
//! API is a change of this file.

use std::sync::atomic::{AtomicPtr, Ordering};

use ferrocil_gc::{HandleId, Plan as _};
use ferrocil_metadata::ElementType;
pub(crate) use ferrocil_vm::ClassPtr;
pub(crate) use ferrocil_vm::{
    ArrayRef, ByRef, IcallTable, ObjRef, StringRef, Thread, Thrown, icall,
};
use ferrocil_vm::{DomainRoot, HEADER_SIZE};

use crate::io::IoError;
use crate::state::CorlibState;

/// Result of an internal call.
pub(crate) type Managed<T> = Result<T, Thrown>;

/// This crate's state in the thread's runtime.
pub(crate) fn state(t: &Thread) -> std::sync::Arc<CorlibState> {
    t.runtime().ext::<CorlibState>()
}

/// A new managed string.
pub(crate) fn new_string(t: &Thread, text: &str) -> Managed<StringRef> {
    t.new_string(text)
}

/// A new managed string, or null.
pub(crate) fn optional_string(t: &Thread, text: Option<&str>) -> Managed<StringRef> {
    text.map_or(Ok(StringRef::NULL), |text| t.new_string(text))
}

/// A new managed string of UTF-16 units.
pub(crate) fn new_string_utf16(t: &Thread, units: &[u16]) -> Managed<StringRef> {
    t.new_string_utf16(units)
}

/// A new array of references to objects of a corlib class.
pub(crate) fn new_reference_array(
    t: &Thread,
    namespace: &str,
    name: &str,
    length: usize,
) -> Managed<ArrayRef> {
    t.new_vector(corlib_class(t, namespace, name)?, length)
}

/// A new `byte[]`.
pub(crate) fn new_byte_array(t: &Thread, length: usize) -> Managed<ArrayRef> {
    t.new_primitive_vector(ElementType::U1, length)
}

/// A new vector of a primitive type.
pub(crate) fn new_vector_of(t: &Thread, element: ElementType, length: usize) -> Managed<ArrayRef> {
    t.new_primitive_vector(element, length)
}

/// Stores a reference at an address in an object.
///
/// # Safety
/// `location` is a reference field of a live object.
pub(crate) unsafe fn store_address(t: &Thread, location: *mut u8, value: ObjRef) {
    store_byref(t, ByRef::new(location.cast()), value);
}

/// A new `int[]` with these elements.
pub(crate) fn new_int_array(t: &Thread, values: &[i32]) -> Managed<ArrayRef> {
    let array = t.new_primitive_vector(ElementType::I4, values.len())?;
    array.as_mut_slice::<i32>().copy_from_slice(values);
    Ok(array)
}

/// Offset of a field of an object of any class.
pub(crate) fn object_field_offset(t: &Thread, object: ObjRef, name: &str) -> Managed<u32> {
    let runtime = t.runtime();
    let class = runtime.class_of(object);
    let field = runtime
        .find_field(class, name)
        .map_err(|error| t.throw_load_error(&error))?;
    let Some(field) = field else {
        return Err(t.throw_named(
            "System",
            "MissingFieldException",
            &format!("{}.{name}", class.name),
        ));
    };
    runtime
        .field_offset(field)
        .map_err(|error| t.throw_load_error(&error))
}

/// Text of a string field of an object of any class; empty for null.
pub(crate) fn read_string_field(t: &Thread, object: ObjRef, name: &str) -> Managed<String> {
    Ok(object
        .read::<StringRef>(object_field_offset(t, object, name)?)
        .to_string_lossy())
}

/// Stores a reference at an offset of an object.
pub(crate) fn store_offset(t: &Thread, object: ObjRef, offset: u32, value: ObjRef) {
    object.store(t, offset, value);
}

/// A zeroed object of a class of a loaded assembly; no constructor runs.
pub(crate) fn new_object_in(
    t: &Thread,
    assembly: &str,
    namespace: &str,
    name: &str,
) -> Managed<ObjRef> {
    let runtime = t.runtime();
    let found = runtime
        .find_loaded(assembly)
        .and_then(|image| image.find_type(namespace, name));
    let Some(found) = found else {
        return Err(t.throw_named(
            "System",
            "TypeLoadException",
            &format!("{namespace}.{name}"),
        ));
    };
    let class = runtime
        .class(runtime.type_of_def(found))
        .map_err(|error| t.throw_load_error(&error))?;
    t.new_object(class)
}

/// An object of a nested class, made by its constructor that takes a native handle.
pub(crate) fn new_nested_with_handle(
    t: &Thread,
    assembly: &str,
    (namespace, outer): (&str, &str),
    name: &str,
    handle: isize,
) -> Managed<ObjRef> {
    let runtime = t.runtime();
    let missing = || {
        t.throw_named(
            "System",
            "TypeLoadException",
            &format!("{namespace}.{outer}/{name}"),
        )
    };
    let image = runtime.find_loaded(assembly).ok_or_else(missing)?;
    let outer = image.find_type(namespace, outer).ok_or_else(missing)?;
    let nested = image.find_nested(outer.rid, name).ok_or_else(missing)?;
    let class = runtime
        .class(runtime.type_of_def(nested))
        .map_err(|error| t.throw_load_error(&error))?;
    let ctor = runtime
        .find_method(class, ".ctor", Some(1))
        .map_err(|error| t.throw_load_error(&error))?;
    let object = t.new_object(class)?;
    t.invoke(
        ctor.ok_or_else(missing)?,
        Some(object.address() as u64),
        &[handle as u64],
    )?;
    Ok(object)
}

/// A `SafeFileHandle` that owns a descriptor (or −1).
pub(crate) fn new_safe_file_handle(t: &Thread, descriptor: isize) -> Managed<ObjRef> {
    let class = corlib_class(t, "Microsoft.Win32.SafeHandles", "SafeFileHandle")?;
    let ctor = t
        .runtime()
        .find_method(class, ".ctor", Some(2))
        .map_err(|error| t.throw_load_error(&error))?;
    let Some(ctor) = ctor else {
        return Err(t.throw_named("System", "MissingMethodException", "SafeFileHandle..ctor"));
    };
    let object = t.new_object(class)?;
    t.invoke(ctor, Some(object.address() as u64), &[descriptor as u64, 1])?;
    Ok(object)
}

/// Calls a delegate; gives the bits of its result.
pub(crate) fn invoke_delegate(t: &Thread, delegate: ObjRef, arguments: &[u64]) -> Managed<u64> {
    let runtime = t.runtime();
    let invoke = runtime
        .delegate_invoke(runtime.class_of(delegate))
        .map_err(|error| t.throw_load_error(&error))?;
    t.invoke(invoke, Some(delegate.address() as u64), arguments)
        .map(|returned| returned.bits)
}

/// The object of a GC handle, null when it is gone.
pub(crate) fn handle_target(t: &Thread, handle: HandleId) -> ObjRef {
    let object = t.runtime().heap().handle_target(handle).flatten();
    // SAFETY: the heap hands out references to live objects of this runtime.
    object.map_or(ObjRef::NULL, |object| unsafe {
        ObjRef::from_address(object.addr())
    })
}

/// A boxed `int`.
pub(crate) fn box_int(t: &Thread, value: i32) -> Managed<ObjRef> {
    let object = t.new_object(corlib_class(t, "System", "Int32")?)?;
    object.write(HEADER_SIZE, value);
    Ok(object)
}

/// The number in a boxed `int` (or `bool`, or enum of that size).
pub(crate) fn unbox_int(object: ObjRef) -> i32 {
    object.read(HEADER_SIZE)
}

/// Hands a work item to the managed thread pool.
pub(crate) fn queue_work_item(t: &Thread, item: ObjRef) -> Managed<()> {
    let class = corlib_class(t, "System.Threading", "ThreadPool")?;
    let method = t
        .runtime()
        .find_method(class, "UnsafeQueueCustomWorkItem", Some(2))
        .map_err(|error| t.throw_load_error(&error))?;
    let Some(method) = method else {
        return Err(t.throw_named(
            "System",
            "MissingMethodException",
            "ThreadPool.UnsafeQueueCustomWorkItem",
        ));
    };
    t.invoke(method, None, &[item.address() as u64, 0])
        .map(|_| ())
}

/// A new `string[]`.
pub(crate) fn string_array<S: AsRef<str>>(
    t: &Thread,
    texts: impl IntoIterator<Item = S>,
) -> Managed<ArrayRef> {
    let texts: Vec<S> = texts.into_iter().collect();
    let array = new_reference_array(t, "System", "String", texts.len())?;
    for (index, text) in texts.iter().enumerate() {
        store_element(t, array, index, t.new_string(text.as_ref())?.object());
    }
    Ok(array)
}

/// A zeroed object of a corlib class; no constructor runs.
pub(crate) fn new_object(t: &Thread, namespace: &str, name: &str) -> Managed<ObjRef> {
    t.new_object(corlib_class(t, namespace, name)?)
}

fn corlib_class(t: &Thread, namespace: &str, name: &str) -> Managed<ClassPtr> {
    t.runtime()
        .corlib_class(namespace, name)
        .map_err(|error| t.throw_load_error(&error))
}

/// Stores a reference into an element of a reference array.
pub(crate) fn store_element(t: &Thread, array: ArrayRef, index: usize, value: ObjRef) {
    array.store(t, index, value);
}

/// Stores a reference into a field.
pub(crate) fn store_field(t: &Thread, object: ObjRef, field: &Field, value: ObjRef) {
    object.store(t, field.offset(t), value);
}

/// Stores a reference through a managed pointer.
pub(crate) fn store_byref(t: &Thread, location: ByRef<ObjRef>, value: ObjRef) {
    location.store(t, value);
}

/// Swaps a reference atomically.
pub(crate) fn exchange_reference(t: &Thread, location: ByRef<ObjRef>, value: ObjRef) -> ObjRef {
    t.before_store(location.as_ptr().cast(), size_of::<ObjRef>());
    let before = reference_cell(location).swap(value.address() as *mut u8, Ordering::SeqCst);
    // SAFETY: managed locations hold null or live objects.
    unsafe { ObjRef::from_address(before as usize) }
}

/// Replaces a reference atomically if it is the expected one; gives the one before.
pub(crate) fn compare_exchange_reference(
    t: &Thread,
    location: ByRef<ObjRef>,
    expected: ObjRef,
    value: ObjRef,
) -> ObjRef {
    t.before_store(location.as_ptr().cast(), size_of::<ObjRef>());
    let result = reference_cell(location).compare_exchange(
        expected.address() as *mut u8,
        value.address() as *mut u8,
        Ordering::SeqCst,
        Ordering::SeqCst,
    );
    let before = result.unwrap_or_else(|found| found);
    // SAFETY: managed locations hold null or live objects.
    unsafe { ObjRef::from_address(before as usize) }
}

fn reference_cell<'a>(location: ByRef<ObjRef>) -> &'a AtomicPtr<u8> {
    // SAFETY: managed code passes the address of a live, aligned reference; other threads use
    // atomics on it too.
    unsafe { AtomicPtr::from_ptr(location.as_ptr().cast()) }
}

/// Copies `count` values that hold references; `ty` is their `RuntimeTypeHandle`.
pub(crate) fn record_bulk_store(
    t: &Thread,
    target: *mut u8,
    source: *const u8,
    count: usize,
    ty: isize,
) -> Managed<()> {
    // SAFETY: managed code passes the handle of a loaded type.
    let Some(class) = (unsafe { ClassPtr::from_address(ty as usize) }) else {
        return Ok(());
    };
    let size = t
        .runtime()
        .element_size(class)
        .map_err(|error| t.throw_load_error(&error))?;
    let bytes = count * size as usize;
    t.before_store(target, bytes);
    // SAFETY: managed code vouches for both ranges (it is unsafe code of the class library).
    unsafe { std::ptr::copy(source, target, bytes) };
    Ok(())
}

/// Elements of an array of any rank, as bytes.
pub(crate) struct ArrayBytes {
    /// Element 0.
    pub data: *mut u8,
    /// Bytes of all elements.
    pub length: usize,
}

/// The bytes of an array of primitive (or enum) elements; `None` for others and null.
pub(crate) fn array_bytes(t: &Thread, array: ArrayRef) -> Option<ArrayBytes> {
    if array.is_null() {
        return None;
    }
    let vtable = t.runtime().vtable_of(array.object());
    let element = vtable.class.element?;
    let element = element.underlying().unwrap_or(element);
    if !is_scalar(element.element_type) {
        return None;
    }
    Some(ArrayBytes {
        data: array.object().at(vtable.base_size),
        length: array.len() * vtable.elem_size as usize,
    })
}

/// Whether values of an element type are single numbers.
pub(crate) fn is_scalar(element: ElementType) -> bool {
    matches!(
        element,
        ElementType::Boolean
            | ElementType::Char
            | ElementType::I1
            | ElementType::U1
            | ElementType::I2
            | ElementType::U2
            | ElementType::I4
            | ElementType::U4
            | ElementType::I8
            | ElementType::U8
            | ElementType::R4
            | ElementType::R8
            | ElementType::I
            | ElementType::U
    )
}

/// Bytes of an element of an array that is not null.
pub(crate) fn array_element_size(t: &Thread, array: ArrayRef) -> usize {
    t.runtime().vtable_of(array.object()).elem_size as usize
}

/// Address of an element of an array that is not null (the index may be one behind the last).
pub(crate) fn array_element_address(t: &Thread, array: ArrayRef, index: usize) -> *mut u8 {
    let vtable = t.runtime().vtable_of(array.object());
    array
        .object()
        .at(vtable.base_size)
        .wrapping_add(index * vtable.elem_size as usize)
}

/// Where the data of a pinned object begins: characters, elements or fields.
pub(crate) fn pinned_address(t: &Thread, object: ObjRef) -> isize {
    let vtable = t.runtime().vtable_of(object);
    let offset = if vtable.elem_size != 0 {
        vtable.base_size
    } else {
        HEADER_SIZE
    };
    object.at(offset) as isize
}

/// Whether an object's class has a finalizer.
pub(crate) fn has_finalizer(t: &Thread, object: ObjRef) -> bool {
    t.runtime().vtable_of(object).has_finalizer
}

/// The key of dead ephemerons.
pub(crate) fn tombstone(t: &Thread) -> ObjRef {
    t.domain().root(DomainRoot::Tombstone)
}

/// Waits until the finalizers of all objects found dead so far have run.
pub(crate) fn wait_for_finalizers(t: &Thread) {
    t.runtime().wait_for_pending_finalizers(t);
}

/// The reserved exception for exhausted memory.
pub(crate) fn out_of_memory(t: &Thread) -> Thrown {
    t.throw_out_of_memory()
}

/// A field of a corlib class, by name.
pub(crate) struct Field {
    /// `Namespace.Class`.
    pub class: &'static str,
    /// Field name.
    pub name: &'static str,
}

impl Field {
    /// Offset from the object's header. A class library without this field is not the one these
    /// bindings were written for: that is a broken installation, found at the first use.
    pub fn offset(&self, t: &Thread) -> u32 {
        state(t).fields.offset(t.runtime(), self.class, self.name)
    }
}

/// Throws an exception of a class by name.
pub(crate) fn throw(t: &Thread, namespace: &str, name: &str, message: &str) -> Thrown {
    t.throw_named(namespace, name, message)
}

/// Runs code that may block; it must not touch managed objects other than through
/// raw memory that stays where it is.
pub(crate) fn blocking<R>(t: &Thread, run: impl FnOnce() -> R) -> R {
    t.blocking(run)
}

/// Text behind a NUL-terminated UTF-16 pointer; empty for null.
pub(crate) fn utf16_z<'a>(pointer: *const u16) -> &'a [u16] {
    if pointer.is_null() {
        return &[];
    }
    let mut length = 0;
    // SAFETY: managed code pins a string, which ends with NUL, and passes its first unit.
    while unsafe { *pointer.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: `length` units were read just now.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}

/// Text of `length` UTF-16 units; empty for null.
pub(crate) fn utf16<'a>(pointer: *const u16, length: i32) -> &'a [u16] {
    match usize::try_from(length) {
        Ok(length) if !pointer.is_null() => {
            // SAFETY: managed code pins a string of this length and passes its first unit.
            unsafe { std::slice::from_raw_parts(pointer, length) }
        }
        _ => &[],
    }
}

/// Puts an error's code where managed code looks for it and gives the result for failures.
pub(crate) fn report<T>(result: Result<T, IoError>, error: ByRef<i32>, failure: T) -> T {
    match result {
        Ok(value) => {
            error.set(IoError::SUCCESS.0);
            value
        }
        Err(IoError(code)) => {
            error.set(code);
            failure
        }
    }
}
