//! The heap: allocation, collection, and what hangs off them.

mod alloc;
mod background;
mod barrier;
mod collect;
mod inspect;
mod picture;
mod plan;

pub(crate) use self::collect::{Stopped, clear_stack};
pub use self::picture::{HeapPicture, LineUse, PicturedObject};

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};

use parking_lot::Mutex;

use self::background::Background;
use crate::binding::VmBinding;
use crate::collect::{MarkState, Marked};
use crate::descriptor::{AllocDescriptor, BarrierDescriptor};
use crate::error::HeapError;
use crate::finalize::Finalization;
use crate::handles::Handles;
use crate::layout::{BLOCK, LINE};
use crate::options::HeapOptions;
use crate::region::{Core, LOGGED, UNLOGGED};
use crate::space::Space;
use crate::stats::{CollectionRecord, HeapStats};

/// The budget until the first young collection: nothing is known yet.
const FIRST_YOUNG: usize = 2 << 20;

/// A budget that leaves a small heap room for more than one cycle.
fn floor(core: &Core, bytes: usize) -> usize {
    bytes.min(core.bytes / 2).max(BLOCK)
}

#[derive(Default)]
struct History {
    stats: HeapStats,
    /// What survived the last collection.
    live: Marked,
    last: Option<CollectionRecord>,
}

/// The states of the two markings.
struct Marking {
    current: MarkState,
    /// Of old objects, across collections.
    major: MarkState,
    major_active: bool,
}

/// A garbage-collected heap with a hard limit.
///
/// See the crate's documentation for an example.
pub struct Heap<B: VmBinding> {
    core: Core,
    binding: B,
    options: HeapOptions,
    space: Mutex<Space>,
    handles: Handles,
    finalization: Finalization,
    history: Mutex<History>,
    marking: Mutex<Marking>,
    background: Background,
    /// Bytes handed to mutators since the last collection.
    allocated: AtomicUsize,
    /// Bytes that survived the last collection.
    live: AtomicUsize,
    /// A generational heap collects fully when `live` has reached this.
    full_at: AtomicUsize,
    /// What the heap may grow between two full collections.
    growth: AtomicUsize,
    /// `allocated` and `pressure` may reach this before a collection is due.
    budget: AtomicUsize,
    /// Native memory that hangs on objects, as told by the program, and what it
    /// was at the last collection.
    pressure: AtomicUsize,
    pressure_base: AtomicUsize,
    /// Bytes given back by [`Heap::release_native`] that still count against the limit.
    returned: AtomicUsize,
    /// Collections so far.
    epoch: AtomicU64,
    /// Allocations since the last collection by stress mode.
    /// `epoch` after the last collection for lack of memory.
    limit_epoch: AtomicU64,
    stress_count: AtomicU32,
    stress_random: AtomicU32,
    collecting: AtomicBool,
}

impl<B: VmBinding> Heap<B> {
    /// Reserves a heap. Memory is used as it fills.
    pub fn new(options: HeapOptions, binding: B) -> Result<Heap<B>, HeapError> {
        if options.stress == Some(0) {
            return Err(HeapError::BadStress);
        }
        let core = Core::new(&options)?;
        let marking = Marking {
            current: MarkState::new(core.mark_stack()),
            major: MarkState::new(core.major_stack()),
            major_active: false,
        };
        let full_at = floor(&core, options.min_budget);
        let budget = match options.generational {
            true => floor(&core, options.max_young.min(FIRST_YOUNG)),
            false => full_at,
        };
        Ok(Heap {
            core,
            binding,
            space: Mutex::new(Space::new()),
            handles: Handles::new(),
            finalization: Finalization::default(),
            history: Mutex::new(History::default()),
            allocated: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            full_at: AtomicUsize::new(full_at),
            growth: AtomicUsize::new(full_at),
            marking: Mutex::new(marking),
            background: Background::default(),
            budget: AtomicUsize::new(budget),
            pressure: AtomicUsize::new(0),
            pressure_base: AtomicUsize::new(0),
            returned: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
            limit_epoch: AtomicU64::new(0),
            stress_count: AtomicU32::new(0),
            stress_random: AtomicU32::new(0),
            collecting: AtomicBool::new(false),
            options,
        })
    }

    /// The binding that the heap was made with.
    pub fn binding(&self) -> &B {
        &self.binding
    }

    /// The options that the heap was made with.
    pub fn options(&self) -> &HeapOptions {
        &self.options
    }

    /// How compiled code allocates inline.
    pub fn alloc_descriptor(&self) -> AllocDescriptor {
        AllocDescriptor::new()
    }

    /// What compiled code does before it stores a reference.
    pub fn barrier_descriptor(&self) -> BarrierDescriptor {
        let core = &self.core;
        if !core.is_generational() {
            return BarrierDescriptor::None;
        }
        BarrierDescriptor::UnloggedLine {
            table: core.log_addr(),
            heap_start: core.base,
            heap_len: core.bytes,
            shift: LINE.ilog2() as u8,
            unlogged: UNLOGGED,
            logged: LOGGED,
            block_table: core.logged_blocks_addr(),
            block_shift: BLOCK.ilog2() as u8,
        }
    }

    /// Whether an address is in the heap's reservation.
    pub fn contains(&self, addr: usize) -> bool {
        self.core.contains(addr)
    }
}
