//! Wait handles, `Interlocked`, `Volatile`, `Thread.VolatileRead` and `VolatileWrite`.

use std::sync::atomic::{AtomicI32, AtomicI64, AtomicIsize, AtomicU32, AtomicU64, Ordering, fence};

use super::{Creation, Handle, ThreadId, WaitError, WaitOutcome};
use crate::prelude::{
    ByRef, IcallTable, Managed, ObjRef, Thread, blocking, compare_exchange_reference,
    exchange_reference, icall, state, store_byref, throw, utf16,
};
use crate::system::{interruptible, waiting};
use crate::time::Deadline;

const WAIT_ABANDONED: i32 = 0x80;
const WAIT_TIMEOUT: i32 = 0x102;
const WAIT_FAILED: i32 = 0x7fff_ffff;

const ERROR_FILE_NOT_FOUND: i32 = 2;
const ERROR_INVALID_HANDLE: i32 = 6;
const ERROR_ALREADY_EXISTS: i32 = 183;

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Threading.NativeEventCalls")
        .add("CloseEvent_internal", icall(close))
        .add("CreateEvent_icall", icall(create_event))
        .add("OpenEvent_icall", icall(open_event))
        .add("ResetEvent_internal", icall(reset_event))
        .add("SetEvent_internal", icall(set_event));
    table
        .class("System.Threading.Mutex")
        .add("CreateMutex_icall", icall(create_mutex))
        .add("OpenMutex_icall", icall(open_mutex))
        .add("ReleaseMutex_internal", icall(release_mutex));
    table
        .class("System.Threading.Semaphore")
        .add("CreateSemaphore_icall", icall(create_semaphore))
        .add("OpenSemaphore_icall", icall(open_semaphore))
        .add("ReleaseSemaphore_internal", icall(release_semaphore));
    table
        .class("System.Threading.WaitHandle")
        .add("SignalAndWait_Internal", icall(signal_and_wait))
        .add("Wait_internal", icall(wait));
    register_interlocked(table);
    register_volatile(table);
}

fn current(t: &Thread) -> ThreadId {
    ThreadId(t.id())
}

fn name(pointer: *const u16, length: i32) -> Option<String> {
    let units = utf16(pointer, length);
    (!units.is_empty()).then(|| String::from_utf16_lossy(units))
}

fn created(result: Result<Creation, WaitError>, error: ByRef<i32>) -> isize {
    match result {
        Ok(creation) => {
            error.set(if creation.existed {
                ERROR_ALREADY_EXISTS
            } else {
                0
            });
            creation.handle.0
        }
        Err(_) => {
            error.set(ERROR_INVALID_HANDLE);
            0
        }
    }
}

fn opened(result: Result<Handle, WaitError>, error: ByRef<i32>) -> isize {
    match result {
        Ok(handle) => {
            error.set(0);
            handle.0
        }
        Err(WaitError::NotFound) => {
            error.set(ERROR_FILE_NOT_FOUND);
            0
        }
        Err(_) => {
            error.set(ERROR_INVALID_HANDLE);
            0
        }
    }
}

fn create_event(
    t: &Thread,
    manual_reset: bool,
    signaled: bool,
    text: *const u16,
    length: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    let name = name(text, length);
    Ok(created(
        state(t)
            .waits
            .create_event(manual_reset, signaled, name.as_deref()),
        error,
    ))
}

fn open_event(
    t: &Thread,
    text: *const u16,
    length: i32,
    _rights: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    Ok(opened(
        state(t)
            .waits
            .open_event(&name(text, length).unwrap_or_default()),
        error,
    ))
}

fn set_event(t: &Thread, handle: isize) -> Managed<bool> {
    Ok(state(t).waits.set_event(Handle(handle), true).is_ok())
}

fn reset_event(t: &Thread, handle: isize) -> Managed<bool> {
    Ok(state(t).waits.set_event(Handle(handle), false).is_ok())
}

fn close(t: &Thread, handle: isize) -> Managed<()> {
    // A handle that is closed already is no error for managed code: finalizers race with Close.
    let _ = state(t).waits.close(Handle(handle));
    Ok(())
}

fn create_mutex(
    t: &Thread,
    owned: bool,
    text: *const u16,
    length: i32,
    is_new: ByRef<u8>,
) -> Managed<isize> {
    let name = name(text, length);
    let waits = &state(t).waits;
    let Ok(creation) = waits.create_mutex(owned.then(|| current(t)), name.as_deref()) else {
        is_new.set(0);
        return Ok(0);
    };
    let mut fresh = !creation.existed;
    if creation.existed && owned {
        // Ownership of an existing mutex is had only if it is free.
        let free = waits.wait(current(t), &[creation.handle], false, Deadline::after(0));
        fresh = matches!(
            free,
            Ok(WaitOutcome::Signaled(_) | WaitOutcome::Abandoned(_))
        );
    }
    is_new.set(u8::from(fresh));
    Ok(creation.handle.0)
}

fn open_mutex(
    t: &Thread,
    text: *const u16,
    length: i32,
    _rights: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    Ok(opened(
        state(t)
            .waits
            .open_mutex(&name(text, length).unwrap_or_default()),
        error,
    ))
}

fn release_mutex(t: &Thread, handle: isize) -> Managed<bool> {
    Ok(state(t)
        .waits
        .release_mutex(Handle(handle), current(t))
        .is_ok())
}

fn create_semaphore(
    t: &Thread,
    count: i32,
    maximum: i32,
    text: *const u16,
    length: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    let name = name(text, length);
    Ok(created(
        state(t)
            .waits
            .create_semaphore(count, maximum, name.as_deref()),
        error,
    ))
}

fn open_semaphore(
    t: &Thread,
    text: *const u16,
    length: i32,
    _rights: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    Ok(opened(
        state(t)
            .waits
            .open_semaphore(&name(text, length).unwrap_or_default()),
        error,
    ))
}

fn release_semaphore(t: &Thread, handle: isize, posts: i32, before: ByRef<i32>) -> Managed<bool> {
    match state(t).waits.release_semaphore(Handle(handle), posts) {
        Ok(count) => {
            before.set(count);
            Ok(true)
        }
        Err(_) => {
            before.set(0);
            Ok(false)
        }
    }
}

fn wait_code(result: Result<WaitOutcome, WaitError>) -> i32 {
    match result {
        Ok(WaitOutcome::Signaled(index)) => index as i32,
        Ok(WaitOutcome::Abandoned(index)) => WAIT_ABANDONED + index as i32,
        Ok(WaitOutcome::Timeout) => WAIT_TIMEOUT,
        Ok(WaitOutcome::Interrupted) | Err(_) => WAIT_FAILED,
    }
}

fn wait(t: &Thread, handles: *const isize, count: i32, all: bool, timeout: i32) -> Managed<i32> {
    let Ok(count) = usize::try_from(count) else {
        return Ok(WAIT_FAILED);
    };
    let handle = |index| {
        // SAFETY: managed code passes the address of `count` handles on its stack.
        Handle(unsafe { handles.add(index).read() })
    };
    let handles: Vec<Handle> = (0..count).map(handle).collect();
    let state = state(t);
    let thread = current(t);
    let deadline = Deadline::after(timeout);
    let wait = || blocking(t, || state.waits.wait(thread, &handles, all, deadline));
    if timeout == 0 {
        return Ok(wait_code(wait()));
    }
    waiting(t, || interruptible(t, wait).map(wait_code))
}

fn signal_and_wait(t: &Thread, signal: isize, on: isize, timeout: i32) -> Managed<i32> {
    let state = state(t);
    let thread = current(t);
    let handle = Handle(signal);
    let waits = &state.waits;
    let signaled = match waits.set_event(handle, true) {
        Err(WaitError::InvalidHandle) => match waits.release_mutex(handle, thread) {
            Err(WaitError::InvalidHandle) => waits.release_semaphore(handle, 1).map(|_| ()),
            other => other,
        },
        other => other,
    };
    if signaled.is_err() {
        return Ok(WAIT_FAILED);
    }
    let deadline = Deadline::after(timeout);
    let wait = || blocking(t, || waits.wait(thread, &[Handle(on)], false, deadline));
    waiting(t, || interruptible(t, wait).map(wait_code))
}

/// A managed location as an atomic.
macro_rules! atomic {
    ($location:expr, $atomic:ty) => {{
        let location = $location;
        if location.is_null() {
            None
        } else {
            // SAFETY: managed code passes the address of a live, naturally aligned location of this
            // size, and uses atomics of the same size on it.
            Some(unsafe { <$atomic>::from_ptr(location.cast()) })
        }
    }};
}

fn null_reference(t: &Thread) -> crate::prelude::Thrown {
    throw(
        t,
        "System",
        "NullReferenceException",
        "Object reference not set to an instance of an object",
    )
}

macro_rules! interlocked {
    ($exchange:ident, $compare:ident, $t:ty, $atomic:ty, $to:expr, $from:expr) => {
        fn $exchange(t: &Thread, location: *mut $t, value: $t) -> Managed<$t> {
            let cell = atomic!(location, $atomic).ok_or_else(|| null_reference(t))?;
            Ok($from(cell.swap($to(value), Ordering::SeqCst)))
        }
        fn $compare(t: &Thread, location: *mut $t, value: $t, comparand: $t) -> Managed<$t> {
            let cell = atomic!(location, $atomic).ok_or_else(|| null_reference(t))?;
            let result = cell.compare_exchange(
                $to(comparand),
                $to(value),
                Ordering::SeqCst,
                Ordering::SeqCst,
            );
            Ok($from(result.unwrap_or_else(|found| found)))
        }
    };
}

fn same<T>(value: T) -> T {
    value
}

interlocked!(
    exchange_i32,
    compare_exchange_i32,
    i32,
    AtomicI32,
    same,
    same
);
interlocked!(
    exchange_i64,
    compare_exchange_i64,
    i64,
    AtomicI64,
    same,
    same
);
interlocked!(
    exchange_isize,
    compare_exchange_isize,
    isize,
    AtomicIsize,
    same,
    same
);
interlocked!(
    exchange_f32,
    compare_exchange_f32,
    f32,
    AtomicU32,
    f32::to_bits,
    f32::from_bits
);
interlocked!(
    exchange_f64,
    compare_exchange_f64,
    f64,
    AtomicU64,
    f64::to_bits,
    f64::from_bits
);

fn compare_exchange_i32_success(
    t: &Thread,
    location: *mut i32,
    value: i32,
    comparand: i32,
    success: ByRef<u8>,
) -> Managed<i32> {
    let found = compare_exchange_i32(t, location, value, comparand)?;
    success.set(u8::from(found == comparand));
    Ok(found)
}

fn add_i32(t: &Thread, location: *mut i32, value: i32) -> Managed<i32> {
    let cell = atomic!(location, AtomicI32).ok_or_else(|| null_reference(t))?;
    Ok(cell.fetch_add(value, Ordering::SeqCst).wrapping_add(value))
}

fn add_i64(t: &Thread, location: *mut i64, value: i64) -> Managed<i64> {
    let cell = atomic!(location, AtomicI64).ok_or_else(|| null_reference(t))?;
    Ok(cell.fetch_add(value, Ordering::SeqCst).wrapping_add(value))
}

fn increment_i32(t: &Thread, location: *mut i32) -> Managed<i32> {
    add_i32(t, location, 1)
}

fn increment_i64(t: &Thread, location: *mut i64) -> Managed<i64> {
    add_i64(t, location, 1)
}

fn decrement_i32(t: &Thread, location: *mut i32) -> Managed<i32> {
    add_i32(t, location, -1)
}

fn decrement_i64(t: &Thread, location: *mut i64) -> Managed<i64> {
    add_i64(t, location, -1)
}

fn read_i64(t: &Thread, location: *mut i64) -> Managed<i64> {
    Ok(atomic!(location, AtomicI64)
        .ok_or_else(|| null_reference(t))?
        .load(Ordering::SeqCst))
}

fn exchange_object(
    t: &Thread,
    location: ByRef<ObjRef>,
    value: ByRef<ObjRef>,
    result: ByRef<ObjRef>,
) -> Managed<()> {
    if location.is_null() {
        return Err(null_reference(t));
    }
    let before = exchange_reference(t, location, value.get());
    store_byref(t, result, before);
    Ok(())
}

fn compare_exchange_object(
    t: &Thread,
    location: ByRef<ObjRef>,
    value: ByRef<ObjRef>,
    comparand: ByRef<ObjRef>,
    result: ByRef<ObjRef>,
) -> Managed<()> {
    if location.is_null() {
        return Err(null_reference(t));
    }
    let before = compare_exchange_reference(t, location, comparand.get(), value.get());
    store_byref(t, result, before);
    Ok(())
}

fn barrier(_t: &Thread) -> Managed<()> {
    fence(Ordering::SeqCst);
    Ok(())
}

fn register_interlocked(table: &mut IcallTable) {
    table
        .class("System.Threading.Interlocked")
        .add("Add(int&,int)", icall(add_i32))
        .add("Add(long&,long)", icall(add_i64))
        .add(
            "CompareExchange(double&,double,double)",
            icall(compare_exchange_f64),
        )
        .add("CompareExchange(int&,int,int)", icall(compare_exchange_i32))
        .add(
            "CompareExchange(int&,int,int,bool&)",
            icall(compare_exchange_i32_success),
        )
        .add(
            "CompareExchange(long&,long,long)",
            icall(compare_exchange_i64),
        )
        .add(
            "CompareExchange(intptr&,intptr,intptr)",
            icall(compare_exchange_isize),
        )
        .add(
            "CompareExchange(object&,object&,object&,object&)",
            icall(compare_exchange_object),
        )
        .add(
            "CompareExchange(single&,single,single)",
            icall(compare_exchange_f32),
        )
        .add("Decrement(int&)", icall(decrement_i32))
        .add("Decrement(long&)", icall(decrement_i64))
        .add("Exchange(double&,double)", icall(exchange_f64))
        .add("Exchange(int&,int)", icall(exchange_i32))
        .add("Exchange(long&,long)", icall(exchange_i64))
        .add("Exchange(intptr&,intptr)", icall(exchange_isize))
        .add("Exchange(object&,object&,object&)", icall(exchange_object))
        .add("Exchange(single&,single)", icall(exchange_f32))
        .add("Increment(int&)", icall(increment_i32))
        .add("Increment(long&)", icall(increment_i64))
        .add("MemoryBarrierProcessWide", icall(barrier))
        .add("Read(long&)", icall(read_i64));
}

macro_rules! volatile {
    ($read:ident, $write:ident, $t:ty, $bits:ty, $atomic:ty, $to:expr, $from:expr) => {
        fn $read(t: &Thread, location: *mut $t) -> Managed<$t> {
            Ok($from(
                atomic!(location, $atomic)
                    .ok_or_else(|| null_reference(t))?
                    .load(Ordering::Acquire),
            ))
        }
        fn $write(t: &Thread, location: *mut $t, value: $t) -> Managed<()> {
            atomic!(location, $atomic)
                .ok_or_else(|| null_reference(t))?
                .store($to(value), Ordering::Release);
            Ok(())
        }
    };
}

volatile!(
    read_volatile_i8,
    write_volatile_i8,
    i8,
    i8,
    std::sync::atomic::AtomicI8,
    same,
    same
);
volatile!(
    read_volatile_u8,
    write_volatile_u8,
    u8,
    u8,
    std::sync::atomic::AtomicU8,
    same,
    same
);
volatile!(
    read_volatile_i16,
    write_volatile_i16,
    i16,
    i16,
    std::sync::atomic::AtomicI16,
    same,
    same
);
volatile!(
    read_volatile_u16,
    write_volatile_u16,
    u16,
    u16,
    std::sync::atomic::AtomicU16,
    same,
    same
);
volatile!(
    read_volatile_i32,
    write_volatile_i32,
    i32,
    i32,
    AtomicI32,
    same,
    same
);
volatile!(
    read_volatile_u32,
    write_volatile_u32,
    u32,
    u32,
    AtomicU32,
    same,
    same
);
volatile!(
    read_volatile_i64,
    write_volatile_i64,
    i64,
    i64,
    AtomicI64,
    same,
    same
);
volatile!(
    read_volatile_u64,
    write_volatile_u64,
    u64,
    u64,
    AtomicU64,
    same,
    same
);
volatile!(
    read_volatile_f32,
    write_volatile_f32,
    f32,
    u32,
    AtomicU32,
    f32::to_bits,
    f32::from_bits
);
volatile!(
    read_volatile_f64,
    write_volatile_f64,
    f64,
    u64,
    AtomicU64,
    f64::to_bits,
    f64::from_bits
);

fn read_volatile_object(t: &Thread, location: ByRef<ObjRef>) -> Managed<ObjRef> {
    if location.is_null() {
        return Err(null_reference(t));
    }
    let value = location.get();
    fence(Ordering::Acquire);
    Ok(value)
}

fn write_volatile_object(t: &Thread, location: ByRef<ObjRef>, value: ObjRef) -> Managed<()> {
    if location.is_null() {
        return Err(null_reference(t));
    }
    fence(Ordering::Release);
    store_byref(t, location, value);
    Ok(())
}

fn register_volatile(table: &mut IcallTable) {
    table
        .class("System.Threading.Volatile")
        .add("Read(double&)", icall(read_volatile_f64))
        .add("Read(long&)", icall(read_volatile_i64))
        .add("Read(ulong&)", icall(read_volatile_u64))
        .add("Write(double&,double)", icall(write_volatile_f64))
        .add("Write(long&,long)", icall(write_volatile_i64))
        .add("Write(ulong&,ulong)", icall(write_volatile_u64));
    table
        .class("System.Threading.Thread")
        .add("MemoryBarrier", icall(barrier))
        .add("SpinWait_nop", icall(spin))
        .add("VolatileRead(byte&)", icall(read_volatile_u8))
        .add("VolatileRead(double&)", icall(read_volatile_f64))
        .add("VolatileRead(int16&)", icall(read_volatile_i16))
        .add("VolatileRead(int&)", icall(read_volatile_i32))
        .add("VolatileRead(long&)", icall(read_volatile_i64))
        .add("VolatileRead(intptr&)", icall(read_volatile_i64))
        .add("VolatileRead(object&)", icall(read_volatile_object))
        .add("VolatileRead(sbyte&)", icall(read_volatile_i8))
        .add("VolatileRead(single&)", icall(read_volatile_f32))
        .add("VolatileRead(uint16&)", icall(read_volatile_u16))
        .add("VolatileRead(uint&)", icall(read_volatile_u32))
        .add("VolatileRead(ulong&)", icall(read_volatile_u64))
        .add("VolatileRead(uintptr&)", icall(read_volatile_u64))
        .add("VolatileWrite(byte&,byte)", icall(write_volatile_u8))
        .add("VolatileWrite(double&,double)", icall(write_volatile_f64))
        .add("VolatileWrite(int16&,int16)", icall(write_volatile_i16))
        .add("VolatileWrite(int&,int)", icall(write_volatile_i32))
        .add("VolatileWrite(long&,long)", icall(write_volatile_i64))
        .add("VolatileWrite(intptr&,intptr)", icall(write_volatile_i64))
        .add(
            "VolatileWrite(object&,object)",
            icall(write_volatile_object),
        )
        .add("VolatileWrite(sbyte&,sbyte)", icall(write_volatile_i8))
        .add("VolatileWrite(single&,single)", icall(write_volatile_f32))
        .add("VolatileWrite(uint16&,uint16)", icall(write_volatile_u16))
        .add("VolatileWrite(uint&,uint)", icall(write_volatile_u32))
        .add("VolatileWrite(ulong&,ulong)", icall(write_volatile_u64))
        .add("VolatileWrite(uintptr&,uintptr)", icall(write_volatile_u64));
}

fn spin(_t: &Thread) -> Managed<()> {
    std::hint::spin_loop();
    Ok(())
}
