//! What compiled code asks of the runtime: see `ferrocil_jit::host::Helper`.
//!
//! All are called through thunks that note the caller's frame. The pointers are
//! those that compiled code holds: the current thread (r15), vtables, objects.

use crate::domain::VTablePtr;
use crate::error::{LoadError, LoadErrorKind};
use crate::icall::{Abi, Thrown};
use crate::object::{ArrayBounds, ArrayRef, Caller, ObjRef};
use crate::threads::Thread;
use crate::types::{ClassPtr, FieldPtr, MethodPtr};

fn done<T: Abi>(result: Result<T, Thrown>) -> T {
    result.unwrap_or_else(|_| T::zero())
}

macro_rules! current {
    ($thread:ident) => {
        // SAFETY: compiled code passes r15, the current thread.
        let $thread = unsafe { &*$thread };
    };
}

fn vtable(address: usize) -> VTablePtr {
    // SAFETY: compiled code passes the address of a vtable of its domain.
    unsafe { VTablePtr::from_address(address) }
}

pub(super) extern "C" fn alloc_object(thread: *const Thread, vt: usize) -> ObjRef {
    current!(thread);
    done(thread.alloc_instance(vtable(vt), Caller::CompiledCode))
}

pub(super) extern "C" fn alloc_vector(thread: *const Thread, vt: usize, length: i64) -> ObjRef {
    current!(thread);
    done(
        thread
            .alloc_vector(vtable(vt), length, Caller::CompiledCode)
            .map(ArrayRef::object),
    )
}

pub(super) extern "C" fn alloc_array(
    thread: *const Thread,
    vt: usize,
    args: *const i32,
    with_bounds: u64,
) -> ObjRef {
    current!(thread);
    let vt = vtable(vt);
    let rank = vt.class.rank as usize;
    let mut bounds = Vec::with_capacity(rank);
    for dim in 0..rank {
        // SAFETY: compiled code passes one length per dimension, or (lower bound, length) pairs.
        let (lower, length) = unsafe {
            if with_bounds != 0 {
                (args.add(2 * dim).read(), args.add(2 * dim + 1).read())
            } else {
                (0, args.add(dim).read())
            }
        };
        if length < 0 {
            return done(Err(thread.throw_named("System", "OverflowException", "")));
        }
        bounds.push(ArrayBounds {
            length: length as u32,
            lower,
        });
    }
    done(thread.alloc_array(vt, &bounds).map(ArrayRef::object))
}

fn instance_of(thread: &Thread, object: ObjRef, to: VTablePtr) -> Result<bool, Thrown> {
    let runtime = thread.runtime();
    runtime
        .is_instance(runtime.vtable_of(object), to)
        .map_err(|e| thread.throw_load_error(&e))
}

pub(super) extern "C" fn is_inst(thread: *const Thread, object: ObjRef, vt: usize) -> ObjRef {
    current!(thread);
    if object.is_null() {
        return ObjRef::NULL;
    }
    match instance_of(thread, object, vtable(vt)) {
        Ok(true) => object,
        Ok(false) | Err(_) => ObjRef::NULL,
    }
}

pub(super) extern "C" fn cast_class(thread: *const Thread, object: ObjRef, vt: usize) -> ObjRef {
    current!(thread);
    if object.is_null() {
        return ObjRef::NULL;
    }
    match instance_of(thread, object, vtable(vt)) {
        Ok(true) => object,
        Ok(false) => done(Err(thread.throw_invalid_cast())),
        Err(thrown) => done(Err(thrown)),
    }
}

fn check_store(thread: &Thread, array: ObjRef, object: ObjRef) -> Result<(), Thrown> {
    if object.is_null() {
        return Ok(());
    }
    let runtime = thread.runtime();
    let element = runtime
        .element_vtable(runtime.vtable_of(array))
        .map_err(|e| thread.throw_load_error(&e))?;
    if instance_of(thread, object, element)? {
        Ok(())
    } else {
        Err(thread.throw_named("System", "ArrayTypeMismatchException", ""))
    }
}

pub(super) extern "C" fn store_elem_ref(
    thread: *const Thread,
    array: ObjRef,
    index: i64,
    object: ObjRef,
) {
    current!(thread);
    if array.is_null() {
        return done(Err(thread.throw_named(
            "System",
            "NullReferenceException",
            "",
        )));
    }
    // SAFETY: stelem.ref is verified to have an array operand by its type, or memory is at risk
    // as with all unverifiable code.
    let vector = unsafe { ArrayRef::from_object(array) };
    if index < 0 || index as u64 >= vector.len() as u64 {
        return done(Err(thread.throw_named(
            "System",
            "IndexOutOfRangeException",
            "",
        )));
    }
    done(check_store(thread, array, object).map(|()| vector.store(thread, index as usize, object)))
}

pub(super) extern "C" fn check_array_store(thread: *const Thread, array: ObjRef, object: ObjRef) {
    current!(thread);
    done(check_store(thread, array, object));
}

pub(super) extern "C" fn check_elem_address(thread: *const Thread, array: ObjRef, vt: usize) {
    current!(thread);
    if array.is_null() {
        return done(Err(thread.throw_named(
            "System",
            "NullReferenceException",
            "",
        )));
    }
    if thread.runtime().class_of(array) != vtable(vt).class {
        done(Err(thread.throw_named(
            "System",
            "ArrayTypeMismatchException",
            "",
        )))
    }
}

/// Code address for a virtual call of `method` on `object`.
fn resolve(thread: &Thread, object: ObjRef, method: MethodPtr) -> Result<usize, Thrown> {
    let runtime = thread.runtime();
    if object.is_null() {
        return Err(thread.throw_null_reference());
    }
    let vt = runtime.vtable_of(object);
    let offset = runtime.vtable_offset(vt);
    if let Some(code) = runtime.dispatch.find(offset, method) {
        return Ok(code);
    }
    let found = runtime.find_implementation(vt.class, method).map_err(|e| {
        if method.class.is_interface()
            && !runtime.implements(&vt.class, method.class).unwrap_or(false)
        {
            let text = e.message.to_string();
            return thread.throw_named("System", "EntryPointNotFoundException", &text);
        }
        thread.throw_load_error(&e)
    })?;
    if found.is_abstract() {
        let e = LoadError::new(
            LoadErrorKind::MemberAccess,
            runtime.method_name(found),
            format!("{} is abstract", runtime.method_name(found)),
        );
        return Err(thread.throw_load_error(&e));
    }
    let code = vt
        .domain()
        .slot_code(vt.class, found)
        .map_err(|e| thread.throw_load_error(&e))?;
    runtime.dispatch.note(offset, method, code);
    Ok(code)
}

pub(super) extern "C" fn resolve_interface(
    thread: *const Thread,
    object: ObjRef,
    key: usize,
) -> usize {
    current!(thread);
    // SAFETY: compiled code passes the method behind its interface key.
    let Some(method) = (unsafe { MethodPtr::from_address(key) }) else {
        return 0;
    };
    done(resolve(thread, object, method).inspect(|&code| {
        let vt = thread.runtime().vtable_of(object);
        vt.fill_imt(crate::domain::imt_slot(method), key, code);
    }))
}

pub(super) extern "C" fn resolve_virtual(
    thread: *const Thread,
    object: ObjRef,
    token: usize,
) -> usize {
    current!(thread);
    // SAFETY: compiled code passes a method token.
    let Some(method) = (unsafe { MethodPtr::from_address(token) }) else {
        return 0;
    };
    done(resolve(thread, object, method))
}

pub(super) extern "C" fn class_init(thread: *const Thread, vt: usize) {
    current!(thread);
    let vt = vtable(vt);
    done(vt.domain().initialize_class(thread, vt));
}

pub(super) extern "C" fn thread_static_address(thread: *const Thread, field: usize) -> *mut u8 {
    current!(thread);
    // SAFETY: compiled code passes a field token.
    let Some(field) = (unsafe { FieldPtr::from_address(field) }) else {
        return std::ptr::null_mut();
    };
    done(
        thread
            .static_address(field)
            .map_err(|e| thread.throw_load_error(&e)),
    )
}

pub(super) extern "C" fn new_delegate(
    thread: *const Thread,
    vt: usize,
    target: ObjRef,
    code: usize,
) -> ObjRef {
    current!(thread);
    done(thread.new_delegate(vtable(vt), target, code))
}

pub(super) extern "C" fn make_literal(thread: *const Thread, cell: usize) -> ObjRef {
    current!(thread);
    // SAFETY: compiled code passes the address of a literal's cell.
    done(unsafe { thread.domain().make_literal(thread, cell) })
}

pub(super) extern "C" fn monitor_enter(thread: *const Thread, object: ObjRef) {
    current!(thread);
    done(thread.monitor_enter(object));
}

pub(super) extern "C" fn monitor_enter_taken(
    thread: *const Thread,
    object: ObjRef,
    taken: *mut u8,
) {
    current!(thread);
    // SAFETY: compiled code passes the address of a bool that it has tested for null.
    if unsafe { taken.read() } != 0 {
        return done(thread.throw_lock_taken());
    }
    done(thread.monitor_enter(object).map(|()| {
        // SAFETY: as above; what holds the bool is kept by the caller.
        unsafe { taken.write(1) }
    }));
}

pub(super) extern "C" fn monitor_exit(thread: *const Thread, object: ObjRef) {
    current!(thread);
    done(thread.monitor_exit(object));
}

pub(super) extern "C" fn poll(thread: *const Thread) {
    current!(thread);
    thread.safepoint();
    done(thread.abort_at_poll());
}

pub(super) extern "C" fn localloc(thread: *const Thread, size: u64) -> *mut u8 {
    current!(thread);
    let memory = {
        let mut side = thread.side_stack().borrow_mut();
        side.note_owner(thread.anchor().0);
        side.allocate(size)
    };
    match memory {
        Some(memory) => memory,
        None => done(Err(thread.throw_named(
            "System",
            "StackOverflowException",
            "",
        ))),
    }
}

pub(super) extern "C" fn localloc_mark(thread: *const Thread) -> u64 {
    current!(thread);
    thread.side_stack().borrow().mark()
}

pub(super) extern "C" fn localloc_release(thread: *const Thread, mark: u64) {
    current!(thread);
    thread.side_stack().borrow_mut().release(mark);
}

pub(super) extern "C" fn float_rem(a: f64, b: f64) -> f64 {
    a % b
}

/// Out of range and NaN as x64 code of Mono gives them: the value is split at 2^63.
pub(super) extern "C" fn float_to_u64(value: f64) -> u64 {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    let to_i64 = |v: f64| {
        if v.is_nan() || !(-TWO_63..TWO_63).contains(&v) {
            i64::MIN
        } else {
            v as i64
        }
    };
    if value < TWO_63 {
        to_i64(value) as u64
    } else {
        (to_i64(value - TWO_63) as u64) ^ (1 << 63)
    }
}

pub(super) extern "C" fn copy_with_barrier(
    thread: *const Thread,
    dst: *mut u8,
    src: *const u8,
    bytes: u64,
) {
    current!(thread);
    thread.before_store(dst, bytes as usize);
    // SAFETY: compiled code passes locations of one value type; they may be the same.
    unsafe { std::ptr::copy(src, dst, bytes as usize) }
}

pub(super) extern "C" fn mem_copy(dst: *mut u8, src: *const u8, bytes: u64) {
    // SAFETY: compiled code passes readable and writable memory (cpblk is unverifiable).
    unsafe { std::ptr::copy(src, dst, bytes as usize) }
}

pub(super) extern "C" fn mem_fill(dst: *mut u8, byte: u64, bytes: u64) {
    // SAFETY: compiled code passes writable memory (initblk is unverifiable).
    unsafe { std::ptr::write_bytes(dst, byte as u8, bytes as usize) }
}

pub(super) extern "C" fn type_from_token(thread: *const Thread, token: usize) -> ObjRef {
    current!(thread);
    // SAFETY: a RuntimeTypeHandle holds 0 or a class.
    match unsafe { ClassPtr::from_address(token) } {
        Some(class) => done(thread.type_object(class)),
        None => ObjRef::NULL,
    }
}

pub(super) extern "C" fn unbox(thread: *const Thread, vt: usize, object: ObjRef) -> *mut u8 {
    current!(thread);
    if object.is_null() {
        return done(Err(thread.throw_named(
            "System",
            "NullReferenceException",
            "",
        )));
    }
    let (found, wanted) = (thread.runtime().class_of(object), vtable(vt).class);
    let base = |c: ClassPtr| c.underlying().unwrap_or(c);
    // An enum and its underlying type unbox as each other (III.4.32).
    if found == wanted || (found.is_value_type() && base(found) == base(wanted)) {
        object.payload()
    } else {
        done(Err(thread.throw_invalid_cast()))
    }
}

pub(super) extern "C" fn check_typed_reference(thread: *const Thread, token: usize, vt: usize) {
    current!(thread);
    if token != vtable(vt).class.address() {
        done(Err(thread.throw_named(
            "System",
            "InvalidCastException",
            "",
        )))
    }
}
