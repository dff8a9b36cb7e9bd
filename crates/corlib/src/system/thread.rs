//! `System.Threading.Thread`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ferrocil_vm::{InterruptionHooks, Runtime};
use parking_lot::{Condvar, Mutex};
use rustc_hash::FxHashMap;

use super::support::{argument_null, null_reference, store_reference};
use crate::prelude::{
    IcallTable, Managed, ObjRef, StringRef, Thread, icall, new_string_utf16, state, throw, utf16,
};
use crate::threading::{ThreadId, WaitError, WaitOutcome};
use crate::time::Deadline;

const THREAD: &str = "System.Threading.Thread";
const INTERNAL: &str = "System.Threading.InternalThread";

/// Bits of `System.Threading.ThreadState`.
mod bits {
    pub const BACKGROUND: i32 = 4;
    pub const UNSTARTED: i32 = 8;
    pub const STOPPED: i32 = 16;
    pub const WAIT_SLEEP_JOIN: i32 = 32;
    pub const ABORT_REQUESTED: i32 = 128;
    pub const ABORTED: i32 = 256;
}

pub(super) fn register(table: &mut IcallTable) {
    table
        .class(THREAD)
        .add("Abort_internal", icall(abort))
        .add("ClrState", icall(clear_state))
        .add("ConstructInternalThread", icall(construct))
        .add("GetAbortExceptionState", icall(abort_reason))
        .add("GetCurrentThread", icall(current_thread))
        .add("GetDomainID", icall(domain_id))
        .add("GetName_internal", icall(get_name))
        .add("GetPriorityNative", icall(get_priority))
        .add("GetState", icall(get_state))
        .add("InterruptInternal", icall(interrupt))
        .add("JoinInternal", icall(join))
        .add("ResetAbortNative", icall(reset_abort))
        .add("ResumeInternal", icall(no_suspension))
        .add("SuspendInternal", icall(no_suspension))
        .add("SetName_icall", icall(set_name))
        .add("SetPriorityNative", icall(set_priority))
        .add("SetState", icall(set_state))
        .add("SleepInternal", icall(sleep))
        .add("SystemMaxStackStize", icall(max_stack_size))
        .add("Thread_internal", icall(start))
        .add("YieldInternal", icall(yield_now))
        .add("ByteArrayToCurrentDomain", icall(same_array))
        .add("ByteArrayToRootDomain", icall(same_array));
    table
        .class(INTERNAL)
        .add("Thread_free_internal", icall(free));
}

/// What native code keeps of a managed thread.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Whether the thread has ended.
    done: Mutex<Flags>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Flags {
    done: bool,
    /// Somebody has asked to interrupt it, and its next wait has not seen that.
    interrupted: bool,
    /// The same for an abort.
    aborting: bool,
    /// Number of the VM's thread while it runs.
    thread: Option<u32>,
}

/// Records of all threads of a runtime, by the number in `InternalThread.handle`.
#[derive(Debug, Default)]
pub(crate) struct ThreadTable {
    records: Mutex<FxHashMap<u64, Arc<Record>>>,
    next: AtomicU64,
    /// Foreground threads that have started and not ended, and a way to wait for their end.
    running: Mutex<Vec<(u32, usize)>>,
    ended: Condvar,
}

/// The state word of an `InternalThread`, which managed code never touches directly.
fn state_word<'a>(t: &Thread, internal: ObjRef) -> Managed<&'a AtomicI32> {
    if internal.is_null() {
        return Err(null_reference(t));
    }
    let place = internal.at(t.field_offset(INTERNAL, "state")?);
    // SAFETY: an `int` field of a live object, aligned; all accesses of it are atomic.
    Ok(unsafe { AtomicI32::from_ptr(place.cast()) })
}

/// The record of a thread, made if need be.
fn record(t: &Thread, internal: ObjRef) -> Managed<Arc<Record>> {
    if internal.is_null() {
        return Err(null_reference(t));
    }
    let table = t.runtime().ext::<ThreadTable>();
    let offset = t.field_offset(INTERNAL, "handle")?;
    let mut records = table.records.lock();
    let handle: u64 = internal.read(offset);
    if let Some(found) = records.get(&handle).filter(|_| handle != 0) {
        return Ok(found.clone());
    }
    let handle = table.next.fetch_add(1, Ordering::Relaxed) + 1;
    let made = Arc::new(Record::default());
    records.insert(handle, made.clone());
    internal.write(offset, handle);
    Ok(made)
}

/// The `InternalThread` of a `Thread`.
fn internal_of(t: &Thread, thread: ObjRef) -> Managed<ObjRef> {
    if thread.is_null() {
        return Err(null_reference(t));
    }
    let internal: ObjRef = thread.read(t.field_offset(THREAD, "internal_thread")?);
    if internal.is_null() {
        construct(t, thread)?;
        return Ok(thread.read(t.field_offset(THREAD, "internal_thread")?));
    }
    Ok(internal)
}

fn construct(t: &Thread, thread: ObjRef) -> Managed<()> {
    if thread.is_null() {
        return Err(null_reference(t));
    }
    let class = super::support::corlib_class(t, "System.Threading", "InternalThread")?;
    let internal = t.new_object(class)?;
    state_word(t, internal)?.store(bits::UNSTARTED, Ordering::SeqCst);
    let id = t.runtime().threads().reserve_id();
    internal.write(t.field_offset(INTERNAL, "thread_id")?, i64::from(id));
    internal.write(t.field_offset(INTERNAL, "managed_id")?, id as i32);
    // ThreadPriority.Normal
    internal.write(t.field_offset(INTERNAL, "priority")?, 2i32);
    // ApartmentState.Unknown
    internal.write(t.field_offset(INTERNAL, "apartment_state")?, 2u8);
    let offset = t.field_offset(THREAD, "internal_thread")?;
    store_reference(t, thread, offset, internal);
    Ok(())
}

fn current_thread(t: &Thread) -> Managed<ObjRef> {
    let object = t.managed_object();
    if object.is_null() {
        t.make_thread_object()
    } else {
        Ok(object)
    }
}

fn domain_id(t: &Thread) -> Managed<i32> {
    // Numbers of domains begin with 0 for managed code.
    Ok(t.domain().id() as i32 - 1)
}

fn get_state(t: &Thread, internal: ObjRef) -> Managed<i32> {
    Ok(state_word(t, internal)?.load(Ordering::SeqCst))
}

fn set_state(t: &Thread, internal: ObjRef, bits: i32) -> Managed<()> {
    let old = state_word(t, internal)?.fetch_or(bits, Ordering::SeqCst);
    background_changed(t, old, old | bits);
    Ok(())
}

fn clear_state(t: &Thread, internal: ObjRef, bits: i32) -> Managed<()> {
    let old = state_word(t, internal)?.fetch_and(!bits, Ordering::SeqCst);
    background_changed(t, old, old & !bits);
    Ok(())
}

/// Whoever waits for foreground threads looks again.
fn background_changed(t: &Thread, old: i32, new: i32) {
    if (old ^ new) & bits::BACKGROUND != 0 {
        let table = t.runtime().ext::<ThreadTable>();
        let _running = table.running.lock();
        table.ended.notify_all();
    }
}

/// Forgets a thread's record: its object is finalized.
fn free(t: &Thread, internal: ObjRef) -> Managed<()> {
    if internal.is_null() {
        return Ok(());
    }
    let offset = t.field_offset(INTERNAL, "handle")?;
    let handle: u64 = internal.read(offset);
    internal.write(offset, 0u64);
    t.runtime()
        .ext::<ThreadTable>()
        .records
        .lock()
        .remove(&handle);
    free_name(t, internal)
}

fn free_name(t: &Thread, internal: ObjRef) -> Managed<()> {
    let chars = t.field_offset(INTERNAL, "name_chars")?;
    let old: *mut u8 = internal.read(chars);
    internal.write(chars, std::ptr::null_mut::<u8>());
    internal.write(t.field_offset(INTERNAL, "name_length")?, 0i32);
    // SAFETY: `name_chars` holds null or a block that `set_name` allocated.
    unsafe { crate::memory::free(old) };
    Ok(())
}

fn get_name(t: &Thread, internal: ObjRef) -> Managed<StringRef> {
    if internal.is_null() {
        return Err(null_reference(t));
    }
    let chars: *const u16 = internal.read(t.field_offset(INTERNAL, "name_chars")?);
    if chars.is_null() {
        return Ok(StringRef::NULL);
    }
    let length: i32 = internal.read(t.field_offset(INTERNAL, "name_length")?);
    new_string_utf16(t, utf16(chars, length))
}

fn set_name(t: &Thread, internal: ObjRef, name: *const u16, length: i32) -> Managed<()> {
    if internal.is_null() {
        return Err(null_reference(t));
    }
    let chars = t.field_offset(INTERNAL, "name_chars")?;
    if !internal.read::<*mut u8>(chars).is_null() {
        return Err(throw(
            t,
            "System",
            "InvalidOperationException",
            "Thread.Name can only be set once.",
        ));
    }
    let units = utf16(name, length);
    if name.is_null() {
        return Ok(());
    }
    let bytes = std::mem::size_of_val(units);
    let Some(block) = crate::memory::allocate(bytes) else {
        return Err(crate::prelude::out_of_memory(t));
    };
    // SAFETY: the block has room for the characters.
    unsafe { std::ptr::copy_nonoverlapping(units.as_ptr().cast::<u8>(), block, bytes) };
    internal.write(t.field_offset(INTERNAL, "name_length")?, length);
    internal.write(chars, block);
    if internal == t.internal_object() {
        name_native_thread(&String::from_utf16_lossy(units));
    }
    Ok(())
}

/// Shows a thread's name to the operating system, at most 15 bytes.
fn name_native_thread(name: &str) {
    let mut end = name.len().min(15);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    if let Ok(text) = std::ffi::CString::new(&name[..end]) {
        // SAFETY: the calling thread and a short string. A failure only loses a name in tools.
        let _ = unsafe { libc::pthread_setname_np(libc::pthread_self(), text.as_ptr()) };
    }
}

fn get_priority(t: &Thread, thread: ObjRef) -> Managed<i32> {
    let internal = internal_of(t, thread)?;
    Ok(internal.read(t.field_offset(INTERNAL, "priority")?))
}

fn set_priority(t: &Thread, thread: ObjRef, priority: i32) -> Managed<()> {
    let internal = internal_of(t, thread)?;
    internal.write(t.field_offset(INTERNAL, "priority")?, priority);
    Ok(())
}

fn max_stack_size(_t: &Thread) -> Managed<i32> {
    Ok(0)
}

fn yield_now(t: &Thread) -> Managed<bool> {
    t.blocking(std::thread::yield_now);
    Ok(true)
}

fn same_array(_t: &Thread, array: ObjRef) -> Managed<ObjRef> {
    // One domain: the array is where it is wanted.
    Ok(array)
}

/// A time-out as managed code gives it: −1 means none.
fn deadline(milliseconds: i32) -> Option<Instant> {
    let time = Duration::from_millis(u64::try_from(milliseconds).ok()?);
    Instant::now().checked_add(time)
}

/// The current thread's record.
fn own_record(t: &Thread) -> Managed<(ObjRef, Arc<Record>)> {
    current_thread(t)?;
    let internal = t.internal_object();
    let record = record(t, internal)?;
    record.done.lock().thread = Some(t.id());
    Ok((internal, record))
}

/// Waits until something else than an interruption ends that, or an interruption throws.
///
/// # Errors
/// The exception of an abort or interruption.
pub(crate) fn interruptible(
    t: &Thread,
    mut wait: impl FnMut() -> Result<WaitOutcome, WaitError>,
) -> Managed<Result<WaitOutcome, WaitError>> {
    loop {
        match wait() {
            Ok(WaitOutcome::Interrupted) => check_interrupt(t)?,
            outcome => return Ok(outcome),
        }
    }
}

/// How this library takes part in interruptions of waits for locks, and in aborts.
const HOOKS: InterruptionHooks = InterruptionHooks {
    abort: abort_at_poll,
    begin_wait: |t| mark_waiting(t, true),
    end_wait: |t| mark_waiting(t, false),
    alerted: check_interrupt,
};

/// Notes in the thread's state whether it waits.
fn mark_waiting(t: &Thread, waits: bool) {
    let internal = t.internal_object();
    if !internal.is_null()
        && let Ok(state) = state_word(t, internal)
    {
        if waits {
            state.fetch_or(bits::WAIT_SLEEP_JOIN, Ordering::SeqCst);
        } else {
            state.fetch_and(!bits::WAIT_SLEEP_JOIN, Ordering::SeqCst);
        }
    }
}

/// Takes a wish to interrupt this thread; an abort is thrown at once.
fn take_interruption(t: &Thread) -> Managed<bool> {
    let (internal, record) = own_record(t)?;
    state(t).waits.clear_interrupt(ThreadId(t.id()));
    t.set_alert(false);
    let (interrupted, aborting) = {
        let mut flags = record.done.lock();
        (std::mem::take(&mut flags.interrupted), flags.aborting)
    };
    // In a handler that must end, the abort waits for a poll behind it.
    if aborting && t.may_abort() {
        record.done.lock().aborting = false;
        return Err(thrown_abort(t, internal));
    }
    Ok(interrupted)
}

/// ThreadAbortException, kept in the thread's object: one object until the abort is reset.
fn thrown_abort(t: &Thread, internal: ObjRef) -> crate::prelude::Thrown {
    let made = (|| {
        let offset = t.field_offset(INTERNAL, "abort_exc")?;
        let thrown: ObjRef = internal.read(offset);
        if !thrown.is_null() {
            return Ok(thrown);
        }
        let exception = t.new_exception("System.Threading", "ThreadAbortException", "")?;
        store_reference(t, internal, offset, exception);
        t.note_abort_thrown();
        Ok(exception)
    })();
    match made {
        Ok(exception) => t.throw_object(exception),
        Err(thrown) => thrown,
    }
}

/// Throws if somebody has interrupted or aborted this thread.
fn check_interrupt(t: &Thread) -> Managed<()> {
    if take_interruption(t)? {
        return Err(throw(
            t,
            "System.Threading",
            "ThreadInterruptedException",
            "Thread was interrupted from a waiting state.",
        ));
    }
    Ok(())
}

/// Runs something that waits: the thread is in `WaitSleepJoin` meanwhile, and an interruption
/// that came before is thrown.
pub(crate) fn waiting<T>(t: &Thread, wait: impl FnOnce() -> Managed<T>) -> Managed<T> {
    let (internal, _) = own_record(t)?;
    check_interrupt(t)?;
    let state = state_word(t, internal)?;
    state.fetch_or(bits::WAIT_SLEEP_JOIN, Ordering::SeqCst);
    let result = wait();
    state.fetch_and(!bits::WAIT_SLEEP_JOIN, Ordering::SeqCst);
    result
}

fn sleep(t: &Thread, milliseconds: i32) -> Managed<()> {
    if milliseconds == 0 {
        t.blocking(std::thread::yield_now);
        return Ok(());
    }
    let table = state(t);
    let me = ThreadId(t.id());
    waiting(t, || {
        let end = Deadline::after(milliseconds);
        interruptible(t, || t.blocking(|| Ok(table.waits.sleep(me, end)))).map(|_| ())
    })
}

fn join(t: &Thread, thread: ObjRef, milliseconds: i32) -> Managed<bool> {
    let internal = internal_of(t, thread)?;
    let target = record(t, internal)?;
    if state_word(t, internal)?.load(Ordering::SeqCst) & bits::UNSTARTED != 0 {
        return Err(throw(
            t,
            "System.Threading",
            "ThreadStateException",
            "Thread has not been started.",
        ));
    }
    let end = deadline(milliseconds);
    let wait = || {
        t.blocking(|| {
            // Short waits, so that an interruption is seen: joins are rare and long.
            const SLICE: Duration = Duration::from_millis(20);
            let mut flags = target.done.lock();
            while !flags.done {
                let slice = Instant::now() + SLICE;
                let until = end.map_or(slice, |end| end.min(slice));
                let timed_out = target.changed.wait_until(&mut flags, until).timed_out();
                if flags.done {
                    break;
                }
                if timed_out && end.is_some_and(|end| Instant::now() >= end) {
                    return Some(false);
                }
                if t.is_alerted() {
                    return None;
                }
            }
            Some(true)
        })
    };
    waiting(t, || {
        loop {
            match wait() {
                Some(ended) => return Ok(ended),
                None => check_interrupt(t)?,
            }
        }
    })
}

fn interrupt(t: &Thread, thread: ObjRef) -> Managed<()> {
    let internal = internal_of(t, thread)?;
    let target = record(t, internal)?;
    let number = {
        let mut flags = target.done.lock();
        flags.interrupted = true;
        flags.thread
    };
    wake(t, number);
    Ok(())
}

/// Ends the waits of a thread, if it runs.
fn wake(t: &Thread, number: Option<u32>) {
    t.runtime().set_interruption_hooks(HOOKS);
    if let Some(number) = number {
        t.runtime().alert_thread(number);
        state(t).waits.interrupt(ThreadId(number));
    }
}

/// The exception of an abort that another thread has asked for, at a poll of this one.
fn abort_at_poll(t: &Thread) -> crate::prelude::Thrown {
    match own_record(t) {
        Ok((internal, record)) => {
            record.done.lock().aborting = false;
            thrown_abort(t, internal)
        }
        Err(thrown) => thrown,
    }
}

/// Asks a thread to end: its waits and loops end with ThreadAbortException. The calling thread
/// gets the exception at once.
fn abort(t: &Thread, internal: ObjRef, reason: ObjRef) -> Managed<()> {
    let target = record(t, internal)?;
    let word = state_word(t, internal)?;
    let old = word.fetch_or(bits::ABORT_REQUESTED, Ordering::SeqCst);
    if old & (bits::ABORT_REQUESTED | bits::STOPPED) != 0 {
        return Ok(());
    }
    if old & bits::UNSTARTED != 0 {
        word.fetch_or(bits::ABORTED, Ordering::SeqCst);
        word.fetch_and(!bits::ABORT_REQUESTED, Ordering::SeqCst);
        return Ok(());
    }
    if !reason.is_null() {
        let key = (internal.address(), 0, crate::reflection::keys::ABORT_REASON);
        t.domain().reflection.lock().insert(key, reason);
    }
    current_thread(t)?;
    if internal == t.internal_object() {
        return Err(thrown_abort(t, internal));
    }
    let number = {
        let mut flags = target.done.lock();
        flags.aborting = true;
        flags.thread
    };
    if let Some(number) = number {
        t.runtime().abort_thread(number);
    }
    wake(t, number);
    Ok(())
}

fn forget_abort_reason(t: &Thread, internal: ObjRef) -> ObjRef {
    let key = (internal.address(), 0, crate::reflection::keys::ABORT_REASON);
    t.domain()
        .reflection
        .lock()
        .remove(&key)
        .unwrap_or_default()
}

fn abort_reason(t: &Thread, thread: ObjRef) -> Managed<ObjRef> {
    let internal = internal_of(t, thread)?;
    let key = (internal.address(), 0, crate::reflection::keys::ABORT_REASON);
    Ok(t.domain()
        .reflection
        .lock()
        .get(&key)
        .copied()
        .unwrap_or_default())
}

fn reset_abort(t: &Thread, thread: ObjRef) -> Managed<()> {
    let internal = internal_of(t, thread)?;
    state_word(t, internal)?.fetch_and(!bits::ABORT_REQUESTED, Ordering::SeqCst);
    record(t, internal)?.done.lock().aborting = false;
    forget_abort_reason(t, internal);
    t.end_abort();
    let offset = t.field_offset(INTERNAL, "abort_exc")?;
    store_reference(t, internal, offset, ObjRef::NULL);
    Ok(())
}

fn no_suspension(t: &Thread, _thread: ObjRef) -> Managed<()> {
    Err(throw(
        t,
        "System",
        "PlatformNotSupportedException",
        "Threads cannot be suspended.",
    ))
}

/// What a new thread needs; references are kept alive by the starter until it has attached.
struct Start {
    runtime: usize,
    domain: usize,
    thread: usize,
    internal: usize,
    delegate: usize,
    argument: usize,
    id: u32,
    record: Arc<Record>,
    attached: Arc<(Mutex<bool>, Condvar)>,
}

/// Default stack of a managed thread, and the least one.
pub(super) const STACK: usize = 8 << 20;
const LEAST_STACK: usize = 256 << 10;

fn start(t: &Thread, thread: ObjRef, delegate: ObjRef) -> Managed<bool> {
    let internal = internal_of(t, thread)?;
    if delegate.is_null() {
        return Err(argument_null(t, "start"));
    }
    let word = state_word(t, internal)?;
    if word.load(Ordering::SeqCst) & bits::UNSTARTED == 0 {
        return Err(throw(
            t,
            "System.Threading",
            "ThreadStateException",
            "Thread has already been started.",
        ));
    }
    let record = record(t, internal)?;
    if word.load(Ordering::SeqCst) & bits::ABORT_REQUESTED != 0 {
        return Ok(true);
    }
    let argument: ObjRef = thread.read(t.field_offset(THREAD, "m_ThreadStartArg")?);
    let asked: i32 = internal.read(t.field_offset(INTERNAL, "stack_size")?);
    let stack = match usize::try_from(asked) {
        Ok(size) if size > 0 => size.max(LEAST_STACK),
        _ => STACK,
    };
    let attached = Arc::new((Mutex::new(false), Condvar::new()));
    let start = Start {
        runtime: std::ptr::from_ref(t.runtime()) as usize,
        domain: std::ptr::from_ref(t.domain()) as usize,
        thread: thread.address(),
        internal: internal.address(),
        delegate: delegate.address(),
        argument: argument.address(),
        id: internal.read::<i32>(t.field_offset(INTERNAL, "managed_id")?) as u32,
        record: record.clone(),
        attached: attached.clone(),
    };
    t.runtime().set_interruption_hooks(HOOKS);
    word.fetch_and(!bits::UNSTARTED, Ordering::SeqCst);
    let spawned = std::thread::Builder::new()
        .stack_size(stack)
        .spawn(move || run(start));
    if spawned.is_err() {
        word.fetch_or(bits::UNSTARTED, Ordering::SeqCst);
        return Err(throw(
            t,
            "System",
            "OutOfMemoryException",
            "Thread creation failed.",
        ));
    }
    // Until the new thread holds its objects, this stack does.
    t.blocking(|| {
        let mut done = attached.0.lock();
        while !*done {
            attached.1.wait(&mut done);
        }
    });
    // The references must be on this stack up to here.
    std::hint::black_box((thread, internal, delegate, argument));
    Ok(true)
}

/// The body of a managed thread.
fn run(start: Start) {
    // SAFETY: a runtime waits for its threads before it goes (see `wait_for_foreground_threads`).
    let runtime: &Runtime = unsafe { &*(start.runtime as *const Runtime) };
    // SAFETY: the runtime keeps its domains.
    let domain: &ferrocil_vm::Domain = unsafe { &*(start.domain as *const ferrocil_vm::Domain) };
    let Some(thread) = runtime.attach_as(domain, start.id) else {
        signal(&start.attached);
        return;
    };
    let t: &Thread = &thread;
    t.managed(|| {
        let object_at = |address| {
            // SAFETY: the starter's stack keeps the objects alive until `signal`; then this one does.
            unsafe { ObjRef::from_address(address) }
        };
        let [object, internal, delegate, argument] =
            [start.thread, start.internal, start.delegate, start.argument].map(object_at);
        {
            let mut flags = start.record.done.lock();
            flags.thread = Some(t.id());
            if flags.interrupted || flags.aborting {
                t.set_alert(true);
                state(t).waits.interrupt(ThreadId(t.id()));
            }
        }
        let adopted = t.adopt_thread_object(object, internal);
        let table = runtime.ext::<ThreadTable>();
        table.running.lock().push((t.id(), internal.address()));
        signal(&start.attached);
        if let Ok(Some(name)) =
            get_name(t, internal).map(|n| (!n.is_null()).then(|| n.to_string_lossy()))
        {
            name_native_thread(&name);
        }
        if adopted.is_ok() {
            call(t, delegate, argument);
        }
        if let Ok(word) = state_word(t, internal) {
            word.fetch_or(bits::STOPPED, Ordering::SeqCst);
            word.fetch_and(!bits::BACKGROUND, Ordering::SeqCst);
        }
        forget_abort_reason(t, internal);
        std::hint::black_box((object, delegate, argument));
    });
    state(t).thread_ended(t.id());
    let number = t.id();
    {
        let mut flags = start.record.done.lock();
        flags.done = true;
        start.record.changed.notify_all();
    }
    let table = runtime.ext::<ThreadTable>();
    drop(thread);
    table.running.lock().retain(|(id, _)| *id != number);
    table.ended.notify_all();
}

fn signal(attached: &(Mutex<bool>, Condvar)) {
    *attached.0.lock() = true;
    attached.1.notify_all();
}

/// Calls a thread's start delegate with its argument (which `ThreadStart` has not).
fn call(t: &Thread, delegate: ObjRef, argument: ObjRef) {
    let runtime = t.runtime();
    let result = super::support::loaded(t, runtime.delegate_invoke(runtime.class_of(delegate)))
        .and_then(|invoke| {
            let count = super::support::loaded(t, runtime.signature(invoke))?
                .params
                .len();
            let args = [argument.address() as u64];
            t.invoke(
                invoke,
                Some(delegate.address() as u64),
                &args[..count.min(1)],
            )
        });
    if result.is_err() {
        let exception = t.take_pending();
        unhandled(t, exception);
    }
}

/// What happens to an exception that leaves a thread: as in Mono, an aborted thread just ends,
/// anything else ends the program.
pub(super) fn unhandled(t: &Thread, exception: ObjRef) {
    let class = t.runtime().class_of(exception);
    if class.is_named("System.Threading", "ThreadAbortException")
        || class.is_named("System", "AppDomainUnloadedException")
    {
        t.end_abort();
        return;
    }
    t.runtime().report_unhandled(t, exception);
}

/// Waits until all foreground threads that managed code has started have ended. For the
/// thread that ran `Main`.
pub fn wait_for_foreground_threads(t: &Thread) {
    let table = t.runtime().ext::<ThreadTable>();
    let Ok(offset) = t.field_offset(INTERNAL, "state") else {
        return;
    };
    t.blocking(|| {
        let mut running = table.running.lock();
        loop {
            let foreground = running.iter().any(|&(_, internal)| {
                // SAFETY: a thread that is in the list keeps its `InternalThread` alive, and objects
                // do not move; the field is only used atomically.
                let word = unsafe { AtomicI32::from_ptr((internal + offset as usize) as *mut i32) };
                word.load(Ordering::SeqCst) & (bits::BACKGROUND | bits::STOPPED) == 0
            });
            if !foreground {
                return;
            }
            // A slice bounds the time in which a change of `IsBackground` could be missed.
            let _ = table
                .ended
                .wait_for(&mut running, Duration::from_millis(100));
        }
    });
}

/// Makes the calling thread, which has just attached, a thread of the pool.
pub(super) fn prepare_pool_thread(t: &Thread) -> Managed<()> {
    const NAME: &str = "Thread Pool Worker";
    t.make_thread_object()?;
    let internal = t.internal_object();
    internal.write(t.field_offset(INTERNAL, "threadpool_thread")?, 1u8);
    // ApartmentState.MTA
    internal.write(t.field_offset(INTERNAL, "apartment_state")?, 1u8);
    state_word(t, internal)?.fetch_or(bits::BACKGROUND, Ordering::SeqCst);
    let name: Vec<u16> = NAME.encode_utf16().collect();
    set_name(t, internal, name.as_ptr(), name.len() as i32)
}

/// The calling thread of the pool is about to detach.
pub(super) fn end_pool_thread(t: &Thread) {
    t.managed(|| {
        if let Ok(word) = state_word(t, t.internal_object()) {
            word.fetch_or(bits::STOPPED, Ordering::SeqCst);
        }
    });
    state(t).thread_ended(t.id());
}
