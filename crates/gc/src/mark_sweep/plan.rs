//! What a mark-sweep heap has in common with others.

use core::sync::atomic::Ordering::Relaxed;

use ferrocil_alloc::heap::HeaderLayout;

use super::MarkSweep;
use super::arena::OBJECT;
use super::collect::header;
use crate::binding::VmBinding;
use crate::descriptor::BarrierDescriptor;
use crate::error::{HeapError, OutOfMemory};
use crate::finalize::Finalization;
use crate::handles::Handles;
use crate::heap::Stopped;
use crate::layout::LINE;
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::plan::Plan;
use crate::plan::tables::Tables;
use crate::stats::{CollectionRecord, HeapStats, Reason};
use crate::tlab::Tlab;
use crate::verify::{VerifyError, VerifyReport};

impl<B: VmBinding, L: HeaderLayout> Tables for MarkSweep<B, L> {
    fn handles(&self) -> &Handles {
        &self.handles
    }

    fn finalization(&self) -> &Finalization {
        &self.finalization
    }

    fn reserve(&self, bytes: usize) -> bool {
        let mut inner = self.inner.lock();
        inner.arena.release(self.returned.swap(0, Relaxed));
        inner.arena.reserve(bytes, &self.ground)
    }

    fn release(&self, bytes: usize) {
        self.returned.fetch_add(bytes, Relaxed);
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    fn collect_for_tables(&self, epoch: u64) {
        self.collect_since(epoch, Reason::Limit);
    }
}

impl<B: VmBinding, L: HeaderLayout> Plan for MarkSweep<B, L> {
    type Binding = B;

    fn create(options: HeapOptions, binding: B) -> Result<MarkSweep<B, L>, HeapError> {
        MarkSweep::new(options, binding)
    }

    fn binding(&self) -> &B {
        &self.binding
    }

    fn alloc(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        self.object(tlab, size, OBJECT, false)
    }

    fn release_tlab(&self, _tlab: &Tlab) {}

    fn collect(&self, _generation: u8) {
        self.collect_since(self.epoch.load(Relaxed), Reason::Requested);
    }

    /// A step of a marking in steps that has begun, in a pause of its own.
    fn mark_step(&self, objects: usize) -> bool {
        self.inner.lock().active && self.step_if_active(objects)
    }

    #[inline]
    fn write_barrier(&self, slot: usize) {
        let offset = slot.wrapping_sub(self.ground.base);
        if offset < self.ground.log_bytes() {
            self.ground.log_line(offset / LINE);
        }
    }

    fn write_barrier_range(&self, start: usize, len: usize) {
        let offset = start.wrapping_sub(self.ground.base);
        let covered = self.ground.log_bytes();
        if offset < covered && len != 0 {
            let last = offset.saturating_add(len - 1).min(covered - 1);
            for line in offset / LINE..=last / LINE {
                self.ground.log_line(line);
            }
        }
    }

    fn barrier_descriptor(&self) -> BarrierDescriptor {
        self.barrier()
    }

    fn stats(&self) -> HeapStats {
        let inner = self.inner.lock();
        let mut stats = inner.stats;
        stats.allocated_bytes += inner.allocated as u64;
        stats.used_bytes = inner.arena.heap().stats().used;
        stats.committed_bytes = self.ground.max_bytes;
        stats
    }

    fn last_collection(&self) -> Option<CollectionRecord> {
        self.inner.lock().last
    }

    fn verify(&self) -> Result<VerifyReport, VerifyError> {
        self.binding.stop_mutators();
        let _stopped = Stopped(&self.binding);
        self.check(&self.inner.lock())
    }

    fn for_each_object(&self, mut each: impl FnMut(ObjectRef)) {
        self.binding.stop_mutators();
        let _stopped = Stopped(&self.binding);
        self.inner.lock().arena.for_each_object(|object| {
            if header(object) != 0 {
                each(object);
            }
        });
    }
}
