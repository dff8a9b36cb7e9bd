//! What a heap can be told when it is made.

use core::time::Duration;

/// Options of a [`Heap`](crate::Heap).
#[derive(Clone, Debug)]
pub struct HeapOptions {
    /// The hard limit, in bytes, of objects, side metadata and the collector's
    /// own tables together.
    pub max_bytes: usize,
    /// Collect before every n-th allocation. What compiled code allocates by
    /// itself counts by bytes, 32 for one, and buffers hold a changing number of
    /// bytes below n times 32: with 1, every allocation comes to the heap.
    pub stress: Option<u32>,
    /// Check the whole heap before and after each collection; panics with a
    /// report when it is broken.
    pub verify: bool,
    /// Collect young objects apart. Only for a VM that runs the write barrier
    /// of [`Heap::barrier_descriptor`](crate::Heap::barrier_descriptor) before
    /// every store of a reference into the heap.
    pub generational: bool,
    /// Bytes by which the heap grows between two automatic full collections,
    /// at least.
    pub min_budget: usize,
    /// Bytes by which the heap grows between two automatic full collections, as
    /// a percentage of what survived the last one. The first 8 MiB of that
    /// count twice.
    pub growth_percent: u32,
    /// Bytes allocated between two young collections, at most. The heap steers
    /// it down to meet `pause_target`.
    pub max_young: usize,
    /// How long a young collection should stop the mutators.
    pub pause_target: Duration,
    /// Mark old objects in slices across young collections (and in
    /// [`Heap::mark_step`](crate::Heap::mark_step)), so that no pause is for a
    /// whole marking. Has an effect on generational heaps only.
    pub incremental: bool,
    /// Of a [`MarkSweep`](crate::MarkSweep) heap only: mark in steps, one after so many bytes of
    /// allocation, instead of in one pause. Only for a VM that runs the write barrier.
    pub step_bytes: Option<usize>,
    /// Entries of the mark stack; `None` chooses by `max_bytes`. Marking works
    /// with any size, slowly with a tiny one.
    pub mark_stack_entries: Option<usize>,
}

impl HeapOptions {
    /// The defaults for a heap of at most `max_bytes`.
    pub fn new(max_bytes: usize) -> HeapOptions {
        HeapOptions {
            max_bytes,
            stress: None,
            verify: false,
            generational: false,
            min_budget: 2 << 20,
            growth_percent: 100,
            max_young: 3 << 20,
            pause_target: Duration::from_micros(200),
            incremental: true,
            step_bytes: None,
            mark_stack_entries: None,
        }
    }
}

impl Default for HeapOptions {
    /// A heap of at most 1 GiB.
    fn default() -> HeapOptions {
        HeapOptions::new(1 << 30)
    }
}
