//! The per-thread structure. Its first fields are known to compiled code.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::mem::offset_of;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};

use ferrocil_gc::Tlab;

use super::SideStack;
use crate::domain::Domain;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::stubs::fast::mixed;

/// Whether a thread may touch objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ThreadState {
    /// Runs managed code or runtime code that holds references.
    Managed = 0,
    /// Blocks or runs native code; counts as stopped.
    Native = 1,
}

/// An exception on its way to a handler, whose second pass is running finally handlers.
#[derive(Clone, Copy, Debug)]
pub struct ActiveUnwind {
    /// The exception.
    pub exception: ObjRef,
    /// Frame pointer of the frame that will catch.
    pub target_fp: usize,
    /// Index of the catching clause in that frame's method.
    pub target_clause: u32,
    /// Frame pointer of the frame whose handler runs now.
    pub current_fp: usize,
    /// Clause whose finally or fault handler runs now.
    pub current_clause: u32,
}

/// Where a thread's copies of thread statics are, by field: (field, address) pairs that the short
/// way of the helper probes. For the domain that the thread runs in.
#[repr(transparent)]
#[derive(Debug, Default)]
pub struct StaticsCache([Cell<[usize; 2]>; 1 << StaticsCache::BITS]);

impl StaticsCache {
    /// Logarithm of its size.
    pub const BITS: u32 = 5;

    fn note(&self, field: crate::types::FieldPtr, address: usize) {
        let key = field.address();
        self.0[mixed(key as u32, StaticsCache::BITS)].set([key, address]);
    }

    fn clear(&self) {
        for pair in &self.0 {
            pair.set([0, 0]);
        }
    }
}

/// A thread attached to a runtime. Only the thread itself uses most of it; the
/// atomics are for others.
#[repr(C)]
#[derive(Debug)]
pub struct Thread {
    // --- offsets known to compiled code and stubs ---
    pending: Cell<ObjRef>,
    poll: AtomicU32,
    _reserved: u32,
    tlab: UnsafeCell<Tlab>,
    anchor_fp: Cell<usize>,
    anchor_pc: Cell<usize>,
    /// Generic context on its way from an instance's thunk to shared code.
    context: Cell<usize>,
    /// Sync word of an object that this thread has locked once; 0 when its number has no room there.
    thin_lock: u32,
    _reserved2: u32,
    /// Table of the runtime's `DispatchCache`.
    dispatch: usize,
    statics_cache: StaticsCache,
    // --- private to the runtime ---
    runtime: *const Runtime,
    domain: Cell<*const Domain>,
    state: AtomicU8,
    /// Stack pointer at the last transition to native or at a safepoint.
    parked_sp: Cell<usize>,
    stack_base: usize,
    stack_limit: usize,
    id: u32,
    unwinds: RefCell<Vec<ActiveUnwind>>,
    side_stack: RefCell<SideStack>,
    /// The managed `System.Threading.Thread` object and its `InternalThread`.
    managed: Cell<ObjRef>,
    internal: Cell<ObjRef>,
    /// Storage of thread statics: address of each block, by block index of the domain.
    statics: RefCell<Vec<Box<[u64]>>>,
    /// Bytes of guard that a stack overflow has opened, to be closed again after unwinding.
    overflow_handling: Cell<bool>,
    /// Stack pages that are closed to notice an overflow: (start, end), zeros for none.
    guard: (usize, usize),
    /// Set by others to end this thread's wait on a lock.
    alert: AtomicBool,
    /// An `AbortState`.
    pub(super) abort: AtomicU8,
    /// Address of the monitor it waits on, 0 for none.
    waiting_on: AtomicUsize,
    /// Anchors that were current when Rust called into managed code, innermost last.
    entries: RefCell<Vec<(usize, usize)>>,
    /// Whether Rust code that holds no reference collects.
    bare: Cell<bool>,
}

/// Offsets of the fields that compiled code uses.
#[derive(Clone, Copy, Debug)]
pub struct ThreadLayout;

impl ThreadLayout {
    /// Pending exception.
    pub const PENDING: i32 = offset_of!(Thread, pending) as i32;
    /// Poll flag.
    pub const POLL: i32 = offset_of!(Thread, poll) as i32;
    /// Allocation buffer (cursor, then limit).
    pub const TLAB: i32 = offset_of!(Thread, tlab) as i32;
    /// Frame pointer of the last managed frame before native code.
    pub const ANCHOR_FP: i32 = offset_of!(Thread, anchor_fp) as i32;
    /// Return address into that frame.
    pub const ANCHOR_PC: i32 = offset_of!(Thread, anchor_pc) as i32;
    /// Generic context for shared code.
    pub const CONTEXT: i32 = offset_of!(Thread, context) as i32;
    /// Sync word of a lock of this thread.
    pub const THIN_LOCK: i32 = offset_of!(Thread, thin_lock) as i32;
    /// Address of the dispatch cache's table.
    pub const DISPATCH: i32 = offset_of!(Thread, dispatch) as i32;
    /// Addresses of thread statics.
    pub const STATICS_CACHE: i32 = offset_of!(Thread, statics_cache) as i32;
}

impl Thread {
    /// A thread structure for the calling OS thread. `stack` is (lowest usable, highest) address.
    pub(crate) fn new(
        runtime: *const Runtime,
        dispatch: usize,
        domain: *const Domain,
        id: u32,
        stack: (usize, usize),
        guard: (usize, usize),
    ) -> Box<Thread> {
        Box::new(Thread {
            pending: Cell::new(ObjRef::NULL),
            poll: AtomicU32::new(0),
            _reserved: 0,
            tlab: UnsafeCell::new(Tlab::default()),
            anchor_fp: Cell::new(0),
            anchor_pc: Cell::new(0),
            context: Cell::new(0),
            thin_lock: super::monitor::thin_lock(id),
            _reserved2: 0,
            dispatch,
            statics_cache: StaticsCache::default(),
            runtime,
            domain: Cell::new(domain),
            state: AtomicU8::new(ThreadState::Native as u8),
            parked_sp: Cell::new(0),
            stack_base: stack.1,
            stack_limit: stack.0,
            id,
            unwinds: RefCell::new(Vec::new()),
            side_stack: RefCell::new(SideStack::default()),
            managed: Cell::new(ObjRef::NULL),
            internal: Cell::new(ObjRef::NULL),
            statics: RefCell::new(Vec::new()),
            overflow_handling: Cell::new(false),
            guard,
            alert: AtomicBool::new(false),
            abort: AtomicU8::new(0),
            waiting_on: AtomicUsize::new(0),
            entries: RefCell::new(Vec::new()),
            bare: Cell::new(false),
        })
    }

    /// The runtime this thread is attached to.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        // SAFETY: a runtime outlives its attached threads.
        unsafe { &*self.runtime }
    }

    /// The application domain this thread runs in.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        // SAFETY: a domain is kept by the runtime while a thread runs in it.
        unsafe { &*self.domain.get() }
    }

    /// Runs `f` in another domain of the same runtime.
    pub fn in_domain<R>(&self, domain: &Domain, f: impl FnOnce() -> R) -> R {
        let before = self.domain.replace(domain);
        // What the cache holds are this domain's copies.
        self.statics_cache.clear();
        let result = f();
        self.statics_cache.clear();
        self.domain.set(before);
        result
    }

    /// Number of this thread in its runtime, from 1.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The pending exception, null when there is none.
    #[must_use]
    pub fn pending(&self) -> ObjRef {
        self.pending.get()
    }

    /// Replaces the pending exception.
    pub(crate) fn set_pending(&self, exception: ObjRef) {
        self.pending.set(exception);
    }

    /// Takes the pending exception.
    pub fn take_pending(&self) -> ObjRef {
        self.pending.replace(ObjRef::NULL)
    }

    /// Asks the thread to enter the runtime at its next poll.
    pub(crate) fn request_poll(&self) {
        self.poll.store(1, Ordering::SeqCst);
    }

    /// Takes the request back, unless the thread is being aborted.
    pub(crate) fn clear_poll(&self) {
        self.poll.store(0, Ordering::SeqCst);
        if self.keeps_polling() {
            self.request_poll();
        }
    }

    /// The allocation buffer; only for the thread itself or while it is stopped.
    pub(crate) fn tlab(&self) -> *mut Tlab {
        self.tlab.get()
    }

    /// Last managed frame: (frame pointer, return address into it); zeros when none.
    #[must_use]
    pub(crate) fn anchor(&self) -> (usize, usize) {
        (self.anchor_fp.get(), self.anchor_pc.get())
    }

    /// Sets the anchor; gives back the one before.
    pub(crate) fn swap_anchor(&self, anchor: (usize, usize)) -> (usize, usize) {
        (
            self.anchor_fp.replace(anchor.0),
            self.anchor_pc.replace(anchor.1),
        )
    }

    /// State as others see it.
    #[must_use]
    pub(crate) fn state(&self) -> ThreadState {
        if self.state.load(Ordering::SeqCst) == ThreadState::Native as u8 {
            ThreadState::Native
        } else {
            ThreadState::Managed
        }
    }

    pub(crate) fn set_state(&self, state: ThreadState) {
        self.state.store(state as u8, Ordering::SeqCst);
    }

    /// Range of the stack that may hold references while the thread is stopped.
    pub(crate) fn scan_range(&self) -> (usize, usize) {
        (self.parked_sp.get(), self.stack_base)
    }

    pub(crate) fn set_parked_sp(&self, sp: usize) -> usize {
        self.parked_sp.replace(sp)
    }

    /// Whether somebody wants this thread to stop waiting.
    #[must_use]
    pub fn is_alerted(&self) -> bool {
        self.alert.load(Ordering::SeqCst)
    }

    /// Sets or takes back the wish that this thread stop waiting.
    pub fn set_alert(&self, alert: bool) {
        self.alert.store(alert, Ordering::SeqCst);
    }

    pub(crate) fn waiting_on(&self) -> &AtomicUsize {
        &self.waiting_on
    }

    /// Bytes of stack that are left below the caller.
    #[must_use]
    pub fn stack_left(&self) -> usize {
        let here = 0u8;
        (&raw const here as usize).saturating_sub(self.stack_limit)
    }

    /// Exceptions whose finally handlers are running, innermost last.
    pub(crate) fn unwinds(&self) -> &RefCell<Vec<ActiveUnwind>> {
        &self.unwinds
    }

    /// Memory of `localloc`.
    pub(crate) fn side_stack(&self) -> &RefCell<SideStack> {
        &self.side_stack
    }

    /// The managed thread object, null before it is made.
    #[must_use]
    pub fn managed_object(&self) -> ObjRef {
        self.managed.get()
    }

    /// Sets the managed thread and internal thread objects.
    pub fn set_managed_objects(&self, thread: ObjRef, internal: ObjRef) {
        self.managed.set(thread);
        self.internal.set(internal);
    }

    /// The managed `InternalThread` object.
    #[must_use]
    pub fn internal_object(&self) -> ObjRef {
        self.internal.get()
    }

    /// Whether a stack overflow is being turned into an exception.
    pub(crate) fn overflow_handling(&self) -> &Cell<bool> {
        &self.overflow_handling
    }

    /// Closed stack pages.
    pub(crate) fn guard(&self) -> (usize, usize) {
        self.guard
    }

    /// Runs `f`, which may collect and calls no managed code, on behalf of managed code: between
    /// the two no Rust frame holds a reference, so what old ones are found there mean nothing.
    pub fn without_references<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.bare.replace(true);
        let result = f();
        self.bare.set(before);
        result
    }

    /// Whether the Rust frames below the last managed frame hold no reference.
    pub(crate) fn is_without_references(&self) -> bool {
        self.bare.get()
    }

    /// Rust is about to call managed code: keeps the anchor of the frames above.
    pub(crate) fn push_entry(&self) {
        self.entries.borrow_mut().push(self.swap_anchor((0, 0)));
    }

    /// Managed code has returned to Rust.
    pub(crate) fn pop_entry(&self) {
        let anchor = self.entries.borrow_mut().pop().unwrap_or((0, 0));
        self.swap_anchor(anchor);
    }

    /// Anchors of the calls from managed code to Rust that are under way, innermost last.
    pub(crate) fn entry_anchors(&self) -> Vec<(usize, usize)> {
        self.entries.borrow().clone()
    }

    /// References that the collector must treat as roots.
    pub(crate) fn private_roots(&self) -> Vec<ObjRef> {
        let mut roots = vec![self.pending.get(), self.managed.get(), self.internal.get()];
        roots.extend(self.unwinds.borrow().iter().map(|u| u.exception));
        roots
    }

    /// Memory of this thread that may hold references.
    pub(crate) fn ambiguous_ranges(&self) -> Vec<std::ops::Range<usize>> {
        let mut ranges: Vec<_> = self.side_stack.borrow().ranges().collect();
        for block in self.statics.borrow().iter() {
            let start = block.as_ptr() as usize;
            ranges.push(start..start + block.len() * 8);
        }
        ranges
    }

    /// Address of a thread-static field's copy of this thread.
    ///
    /// # Errors
    /// When the field's class cannot be laid out.
    pub fn static_address(
        &self,
        field: crate::types::FieldPtr,
    ) -> crate::error::LoadResult<*mut u8> {
        let runtime = self.runtime();
        let layout = runtime.layout(field.class)?;
        let offset = runtime.field_offset(field)? as usize;
        let block = self.domain().thread_static_block(field.class) as usize;
        let mut statics = self.statics.borrow_mut();
        if statics.len() <= block {
            statics.resize_with(block + 1, Box::default);
        }
        if statics[block].is_empty() {
            statics[block] = vec![0u64; layout.thread_statics.size.div_ceil(8).max(1) as usize]
                .into_boxed_slice();
        }
        let address = statics[block]
            .as_mut_ptr()
            .cast::<u8>()
            .wrapping_add(offset);
        self.statics_cache.note(field, address as usize);
        Ok(address)
    }
}
