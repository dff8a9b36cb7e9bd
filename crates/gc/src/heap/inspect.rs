//! What the heap tells about itself.

use core::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Heap;
use super::collect::Stopped;
use crate::binding::VmBinding;
use crate::collect::sweep_some;
use crate::layout::{LARGE_OBJECT, PAGE};
use crate::object::ObjectRef;
use crate::region::PageOwner;
use crate::stats::{CollectionRecord, HeapStats};
use crate::verify::{VerifyError, VerifyReport, verify};

impl<B: VmBinding> Heap<B> {
    /// Collections of a generation (0, 1, 2) so far, as `GC.CollectionCount`.
    pub fn collection_count(&self, generation: u8) -> u64 {
        self.history
            .lock()
            .stats
            .collections
            .get(generation as usize)
            .copied()
            .unwrap_or(0)
    }

    /// The oldest generation.
    pub fn max_generation(&self) -> u8 {
        2
    }

    /// The generation of an object: 0 if no collection has seen it, else 2;
    /// large objects are always 2.
    pub fn generation(&self, object: ObjectRef) -> u8 {
        let addr = object.addr();
        if !self.core.contains(addr) {
            return self.max_generation();
        }
        let old = match self.core.owner((addr - self.core.base) / PAGE) {
            PageOwner::Run(first) if self.core.run_len(first) * PAGE >= LARGE_OBJECT => true,
            _ => self.core.plane().marks.get(self.core.granule(addr)),
        };
        if old { 2 } else { 0 }
    }

    /// Bytes in objects (buffers count as full).
    pub fn used_bytes(&self) -> usize {
        self.live.load(Relaxed) + self.allocated.load(Relaxed)
    }

    /// Tells that native memory hangs on objects: brings collections forward.
    pub fn add_memory_pressure(&self, bytes: usize) {
        self.pressure.fetch_add(bytes, Relaxed);
    }

    /// Takes back what `add_memory_pressure` told.
    pub fn remove_memory_pressure(&self, bytes: usize) {
        // Closures of `fetch_update` never fail here.
        let _ = self
            .pressure
            .fetch_update(Relaxed, Relaxed, |old| Some(old.saturating_sub(bytes)));
    }

    /// Totals.
    pub fn stats(&self) -> HeapStats {
        let committed_bytes = self.space.lock().used_bytes();
        let mut stats = self.history.lock().stats;
        stats.allocated_bytes += self.allocated.load(Relaxed) as u64;
        stats.used_bytes = self.used_bytes();
        stats.committed_bytes = committed_bytes;
        stats.max_bytes = self.core.max_bytes;
        stats
    }

    /// The record of the last collection.
    pub fn last_collection(&self) -> Option<CollectionRecord> {
        self.history.lock().last
    }

    /// Stops the world and checks the heap.
    pub fn verify(&self) -> Result<VerifyReport, VerifyError> {
        self.with_stopped_world(|heap, top| verify(&heap.core, &heap.binding, top))
    }

    /// Stops the world and calls `each` with every object, dead ones that have
    /// not been collected yet included. `each` must not allocate.
    pub fn for_each_object(&self, mut each: impl FnMut(ObjectRef)) {
        self.with_stopped_world(|heap, top| {
            heap.core.for_each_extent(top, |owner, index| match owner {
                PageOwner::Free => {}
                PageOwner::Block => heap.core.ensure_walked(&heap.binding, index),
                PageOwner::Run(first) => {
                    let addr = heap.core.page_addr(first);
                    if heap.core.header(addr) != 0
                        && let Some(object) = ObjectRef::from_addr(addr)
                    {
                        each(object);
                    }
                }
            });
            heap.core.for_each_extent(top, |owner, index| {
                if owner == PageOwner::Block {
                    heap.core.for_each_start(index, &mut each);
                }
            });
        });
    }

    pub(super) fn with_stopped_world<T>(&self, work: impl FnOnce(&Self, usize) -> T) -> T {
        self.binding.stop_mutators();
        let _stopped = Stopped(&self.binding);
        let top = {
            let mut space = self.space.lock();
            sweep_some(&self.core, &mut space, usize::MAX);
            space.top()
        };
        let result = work(self, top);
        // Buffers go on filling blocks that were walked.
        self.core.forget_walks(top);
        result
    }

    /// Time mutators have been stopped, in sum.
    pub fn total_pause(&self) -> Duration {
        self.history.lock().stats.total_pause
    }
}
