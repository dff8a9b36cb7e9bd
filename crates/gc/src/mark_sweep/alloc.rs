//! Allocation, and the ladder when it fails.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::Relaxed;

use ferrocil_alloc::heap::{AllocType, HeaderLayout};

use super::MarkSweep;
use super::arena::{LEAF, OBJECT, RAW};
use crate::binding::VmBinding;
use crate::error::OutOfMemory;
use crate::layout::MIN_OBJECT;
use crate::object::ObjectRef;
use crate::plan::Plan as _;
use crate::stats::Reason;
use crate::tlab::Tlab;

impl<B: VmBinding, L: HeaderLayout> MarkSweep<B, L> {
    /// As [`Plan::alloc`](crate::Plan::alloc), for an object that never has references: its shape
    /// is not asked for when it is marked.
    ///
    /// # Errors
    /// When no collection could make room.
    pub fn alloc_leaf(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        self.object(tlab, size, LEAF, false)
    }

    /// An object that is never freed, and a root: what it refers to lives as long. Permanent
    /// objects are stacked at the heap's end, where they cut nothing in two.
    ///
    /// # Errors
    /// When no collection could make room.
    pub fn alloc_permanent(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        let object = self.object(tlab, size, OBJECT, true)?;
        // When there is no room for the root, the object is there for nothing, but does no harm: it
        // has no references.
        self.add_root(object)?;
        Ok(object)
    }

    /// Memory for the VM itself, zeroed and 8-byte aligned, in the same arena: the collector leaves
    /// it alone.
    ///
    /// # Errors
    /// When no collection could make room.
    pub fn alloc_raw(&self, bytes: usize) -> Result<NonNull<u8>, OutOfMemory> {
        self.memory(bytes, RAW, false)
    }

    /// Frees what [`alloc_raw`](Self::alloc_raw) gave.
    ///
    /// # Safety
    /// It has not been freed, and nobody uses it any more.
    pub unsafe fn free_raw(&self, payload: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { self.inner.lock().arena.free_raw(payload) };
    }

    pub(super) fn object(
        &self,
        tlab: &Tlab,
        size: usize,
        ty: AllocType,
        permanent: bool,
    ) -> Result<ObjectRef, OutOfMemory> {
        let size = size.max(MIN_OBJECT);
        let payload = self.memory(size, ty, permanent)?;
        tlab.handed.set(tlab.handed.get() + size as u64);
        Ok(ObjectRef::from_ptr(payload))
    }

    fn memory(
        &self,
        bytes: usize,
        ty: AllocType,
        permanent: bool,
    ) -> Result<NonNull<u8>, OutOfMemory> {
        let out_of_memory = OutOfMemory {
            requested: bytes,
            limit: self.ground.max_bytes,
        };
        if bytes > self.ground.bytes {
            return Err(out_of_memory);
        }
        if let Some(interval) = self.options.stress
            && self.stress_count.fetch_add(1, Relaxed) + 1 >= interval
        {
            self.stress_count.store(0, Relaxed);
            self.stress();
        }
        // Most collections for lack of memory: one that finishes the marking in progress, which
        // spares what died since it began, and one of everything.
        let mut ladder = 2;
        let mut on_time = true;
        loop {
            let epoch = self.epoch.load(Relaxed);
            let mut inner = self.inner.lock();
            let budget = self.budget.load(Relaxed);
            let late = inner.allocated >= budget && inner.allocated >= inner.due;
            if !(on_time && late) {
                if let Some(payload) = inner.arena.alloc(bytes, ty, permanent) {
                    inner.allocated += bytes;
                    return Ok(payload);
                }
                let was_active = inner.active;
                drop(inner);
                if ladder == 0 {
                    return Err(out_of_memory);
                }
                self.collect_since(epoch, Reason::Limit);
                ladder = if was_active { ladder - 1 } else { 0 };
                continue;
            }
            drop(inner);
            on_time = false;
            if self.options.step_bytes.is_some() {
                self.step(epoch, None);
            } else {
                self.collect_since(epoch, Reason::Budget);
            }
        }
    }
}
