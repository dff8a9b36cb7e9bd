//! Mark-sweep on the coalescing heap of `ferrocil-alloc`.
//!
//! All memory is taken once. An object costs a header of 4 bytes (`Compact`) or 8 (`Wide`) beside
//! its own, is placed where it fits best, and never moves. The collector keeps its three colours in
//! the two bits that each header has for it: white, not reached; grey, reached, on the worklist;
//! black, reached and scanned. Sweeping walks the heap once, joins what is free and whitens the
//! rest.
//!
//! Marking can go in steps (`HeapOptions::step_bytes`), in short pauses among the allocations. Then
//! a black object may be given a reference to a white one meanwhile; the write barrier notes the
//! line of the slot, and the next time the worklist is empty, what black objects have on such lines
//! is visited again, and so are the roots. When that finds nothing white, the marking is complete
//! (incremental update; Steele, "Multiprocessing compactifying garbage collection", CACM 1975, with
//! the slots of a line in place of the whole object). New objects are white: what dies before the
//! marking ends is freed by it.

mod alloc;
mod arena;
mod collect;
mod mark;
mod plan;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};

use ferrocil_alloc::heap::{Compact, HeaderLayout};
use parking_lot::Mutex;

use self::arena::{Arena, Ground, lay_out};
use self::mark::State;
use crate::binding::VmBinding;
use crate::descriptor::BarrierDescriptor;
use crate::error::HeapError;
use crate::finalize::Finalization;
use crate::handles::Handles;
use crate::layout::{BLOCK, LINE};
use crate::options::HeapOptions;
use crate::stats::{CollectionRecord, HeapStats};

/// What is used under the lock.
struct Inner<L: HeaderLayout> {
    arena: Arena<L>,
    marking: State,
    /// A marking goes on in steps.
    active: bool,
    /// Bytes allocated since the last collection, and when the next step is due by that.
    allocated: usize,
    due: usize,
    stats: HeapStats,
    last: Option<CollectionRecord>,
}

/// A mark-sweep heap: the plan for one piece of memory that must be enough.
///
/// `L` is the layout of the allocations' headers: [`Compact`] for heaps of up to 64 MiB, `Wide` for
/// larger ones. [`Plan`](crate::Plan) has what it shares with other plans: handles, finalizers,
/// roots.
///
/// Options with a meaning here: `max_bytes`, `stress`, `verify`, `min_budget`, `growth_percent`,
/// `step_bytes`, `mark_stack_entries`. There are no generations, and [`Tlab`](crate::Tlab)s stay
/// empty, so that inline allocation always comes to the slow path.
///
/// ```
/// use std::sync::Mutex;
/// use ferrocil_gc::{
///     HeapOptions, MarkSweep, ObjectRef, ObjectShape, Plan as _, RootVisitor, ShapeKind, Tlab, VmBinding,
/// };
///
/// #[derive(Default)]
/// struct Vm(Mutex<Vec<ObjectRef>>);
///
/// // SAFETY: every object is two words, a header and a reference; every root is in the list; there
/// // is no other thread to stop.
/// unsafe impl VmBinding for Vm {
///     unsafe fn shape(&self, _cell: ObjectRef) -> ObjectShape<'_> {
///         ObjectShape { size: 16, kind: ShapeKind::RefArray { first: 8, len: 1 } }
///     }
///     fn stop_mutators(&self) {}
///     fn resume_mutators(&self) {}
///     fn visit_tlabs(&self, _visit: &mut dyn FnMut(&Tlab)) {}
///     fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
///         self.0.lock().unwrap().iter().for_each(|root| roots.value(*root));
///     }
/// }
///
/// let heap = <MarkSweep<Vm>>::new(HeapOptions::new(1 << 20), Vm::default())?;
/// let tlab = Tlab::new();
/// // A million cells; one is kept, with data of the VM's own beside it in the same memory.
/// let data = heap.alloc_raw(1000)?;
/// for number in 0..1_000_000 {
///     let cell = heap.alloc(&tlab, 16)?;
///     // SAFETY: a fresh object. Its header must not be zero.
///     unsafe { cell.as_ptr::<u64>().write(1) };
///     if number == 500_000 {
///         heap.binding().0.lock().unwrap().push(cell);
///     }
/// }
/// heap.collect(2);
/// let record = heap.last_collection().unwrap();
/// assert_eq!((record.marked_objects, record.marked_bytes), (1, 16));
/// // SAFETY: it was allocated above, and is not used any more.
/// unsafe { heap.free_raw(data) };
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MarkSweep<B: VmBinding, L: HeaderLayout = Compact> {
    // Dropped before `ground`, which has its memory.
    inner: Mutex<Inner<L>>,
    binding: B,
    options: HeapOptions,
    handles: Handles,
    finalization: Finalization,
    /// Bytes that may be allocated before a collection is due, or a marking in steps begins.
    budget: AtomicUsize,
    /// Bytes given back by `release_native` that still count.
    returned: AtomicUsize,
    epoch: AtomicU64,
    stress_count: AtomicU32,
    collecting: AtomicBool,
    ground: Ground,
}

impl<B: VmBinding, L: HeaderLayout> MarkSweep<B, L> {
    /// Takes the memory for a heap: `max_bytes`, with all tables.
    ///
    /// # Errors
    /// When the limit does not fit the layout, or the system has no address space.
    pub fn new(options: HeapOptions, binding: B) -> Result<MarkSweep<B, L>, HeapError> {
        if options.stress == Some(0) {
            return Err(HeapError::BadStress);
        }
        let (ground, arena, stack) = lay_out::<L>(&options)?;
        let budget = options.min_budget.min(ground.bytes / 2);
        let inner = Inner {
            arena,
            marking: State::new(stack),
            active: false,
            allocated: 0,
            due: 0,
            stats: HeapStats {
                max_bytes: ground.max_bytes,
                ..HeapStats::default()
            },
            last: None,
        };
        Ok(MarkSweep {
            inner: Mutex::new(inner),
            binding,
            options,
            handles: Handles::new(),
            finalization: Finalization::default(),
            budget: AtomicUsize::new(budget),
            returned: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
            stress_count: AtomicU32::new(0),
            collecting: AtomicBool::new(false),
            ground,
        })
    }

    /// The options that the heap was made with.
    pub fn options(&self) -> &HeapOptions {
        &self.options
    }

    /// Whether an address is in the heap's memory.
    pub fn contains(&self, addr: usize) -> bool {
        self.ground.contains(addr)
    }

    fn barrier(&self) -> BarrierDescriptor {
        if self.options.step_bytes.is_none() {
            return BarrierDescriptor::None;
        }
        BarrierDescriptor::UnloggedLine {
            table: self.ground.log_addr(),
            heap_start: self.ground.base,
            heap_len: self.ground.bytes,
            shift: LINE.ilog2() as u8,
            unlogged: arena::UNLOGGED,
            logged: arena::LOGGED,
            block_table: self.ground.logged_blocks_addr(),
            block_shift: BLOCK.ilog2() as u8,
        }
    }
}
