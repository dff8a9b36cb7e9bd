//! The heap as a plan: handles, finalization, and its own methods under common names.

use core::sync::atomic::Ordering::Relaxed;

use super::Heap;
use crate::binding::VmBinding;
use crate::descriptor::BarrierDescriptor;
use crate::error::{HeapError, OutOfMemory};
use crate::finalize::Finalization;
use crate::handles::Handles;
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::plan::Plan;
use crate::plan::tables::Tables;
use crate::stats::{CollectionRecord, HeapStats, Reason};
use crate::tlab::Tlab;
use crate::verify::{VerifyError, VerifyReport};

impl<B: VmBinding> Tables for Heap<B> {
    fn handles(&self) -> &Handles {
        &self.handles
    }

    fn finalization(&self) -> &Finalization {
        &self.finalization
    }

    fn reserve(&self, bytes: usize) -> bool {
        let mut space = self.space.lock();
        space.release_aux(self.returned.swap(0, Relaxed));
        space.reserve_aux(&self.core, bytes)
    }

    fn release(&self, bytes: usize) {
        self.returned.fetch_add(bytes, Relaxed);
    }

    fn epoch(&self) -> u64 {
        self.epoch.load(Relaxed)
    }

    fn collect_for_tables(&self, epoch: u64) {
        self.collect_since(epoch, 2, Reason::Limit, true);
    }
}

impl<B: VmBinding> Plan for Heap<B> {
    type Binding = B;

    fn create(options: HeapOptions, binding: B) -> Result<Heap<B>, HeapError> {
        Heap::new(options, binding)
    }

    fn binding(&self) -> &B {
        self.binding()
    }

    #[inline]
    fn alloc(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        self.alloc(tlab, size)
    }

    fn release_tlab(&self, tlab: &Tlab) {
        self.release_tlab(tlab);
    }

    fn collect(&self, generation: u8) {
        self.collect(generation);
    }

    fn mark_step(&self, objects: usize) -> bool {
        self.mark_step(objects)
    }

    #[inline]
    fn write_barrier(&self, slot: usize) {
        self.write_barrier(slot);
    }

    #[inline]
    fn write_barrier_range(&self, start: usize, len: usize) {
        self.write_barrier_range(start, len);
    }

    fn barrier_descriptor(&self) -> BarrierDescriptor {
        self.barrier_descriptor()
    }

    fn stats(&self) -> HeapStats {
        self.stats()
    }

    fn last_collection(&self) -> Option<CollectionRecord> {
        self.last_collection()
    }

    fn verify(&self) -> Result<VerifyReport, VerifyError> {
        self.verify()
    }

    fn for_each_object(&self, each: impl FnMut(ObjectRef)) {
        self.for_each_object(each);
    }
}
