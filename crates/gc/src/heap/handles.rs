//! Handles and finalization, as the VM sees them.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Heap;
use crate::binding::VmBinding;
use crate::error::OutOfMemory;
use crate::handles::{HandleId, HandleKind};
use crate::object::ObjectRef;
use crate::stats::Reason;

impl<B: VmBinding> Heap<B> {
    /// Makes a handle. `dependent` is for handles of that kind only.
    pub fn alloc_handle(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.alloc_handle_pair(kind, target, None)
    }

    /// Makes a dependent handle: while `target` lives, so does `dependent`.
    pub fn alloc_dependent_handle(
        &self,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.alloc_handle_pair(HandleKind::Dependent, target, dependent)
    }

    fn alloc_handle_pair(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.with_tables(|grow| self.handles.alloc(kind, target, dependent, grow))
    }

    /// Runs something that may need memory for tables; collects once if there
    /// is none.
    fn with_tables<T>(
        &self,
        mut attempt: impl FnMut(&dyn Fn(usize) -> bool) -> Option<T>,
    ) -> Result<T, OutOfMemory> {
        let requested = AtomicUsize::new(0);
        let grow = |bytes: usize| {
            requested.store(bytes, Relaxed);
            let mut space = self.space.lock();
            space.release_aux(self.returned.swap(0, Relaxed));
            space.reserve_aux(&self.core, bytes)
        };
        let epoch = self.epoch.load(Relaxed);
        if let Some(done) = attempt(&grow) {
            return Ok(done);
        }
        self.collect_since(epoch, 2, Reason::Limit, true);
        attempt(&grow).ok_or(OutOfMemory {
            requested: requested.load(Relaxed),
            limit: self.core.max_bytes,
        })
    }

    /// Counts `bytes` of memory that the VM keeps for objects outside the heap (inflated locks, say)
    /// against the limit, until [`Heap::release_native`]. Collects once if there is no room.
    ///
    /// # Errors
    /// When it does not fit under the limit.
    pub fn reserve_native(&self, bytes: usize) -> Result<(), OutOfMemory> {
        self.with_tables(|grow| grow(bytes).then_some(()))
    }

    /// Takes back what [`Heap::reserve_native`] counted. May be called while the world is stopped.
    pub fn release_native(&self, bytes: usize) {
        self.returned.fetch_add(bytes, Relaxed);
    }

    /// Frees a handle; false if there is none of that id.
    pub fn free_handle(&self, id: HandleId) -> bool {
        self.handles.free(id)
    }

    /// The object of a handle. `None` if there is no such handle, `Some(None)`
    /// if it has no object, or no longer.
    pub fn handle_target(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles.get(id)
    }

    /// Gives a handle another object; false if there is no such handle.
    pub fn set_handle_target(&self, id: HandleId, target: Option<ObjectRef>) -> bool {
        self.handles.set(id, target)
    }

    /// The second object of a dependent handle; as `handle_target`.
    pub fn handle_dependent(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles.dependent(id)
    }

    /// Replaces the second object of a dependent handle.
    pub fn set_handle_dependent(&self, id: HandleId, dependent: Option<ObjectRef>) -> bool {
        self.handles.set_dependent(id, dependent)
    }

    /// Calls `each` with all handles of a kind and their objects.
    pub fn for_each_handle(&self, kind: HandleKind, each: impl FnMut(HandleId, Option<ObjectRef>)) {
        self.handles.for_each(kind, each);
    }

    /// Has the object's finalizer run once it is unreachable. The caller keeps
    /// the object alive during the call. After `suppress_finalization`, undoes
    /// that; otherwise each call makes the finalizer run once more.
    pub fn register_for_finalization(&self, object: ObjectRef) -> Result<(), OutOfMemory> {
        self.with_tables(|grow| self.finalization.register(object, grow).then_some(()))
    }

    /// Takes back one registration. The object must have been registered;
    /// suppressing twice is as suppressing once.
    pub fn suppress_finalization(&self, object: ObjectRef) {
        self.finalization.suppress(object);
    }

    /// The next object whose finalizer is to run. It is alive until the caller
    /// drops its reference, which the VM must report as a root meanwhile.
    pub fn pop_finalizable(&self) -> Option<ObjectRef> {
        self.finalization.pop_ready()
    }

    /// How many objects wait for their finalizer.
    pub fn pending_finalizers(&self) -> usize {
        self.finalization.ready_len()
    }

    /// Makes registered objects ready although they may be reachable: a domain
    /// unloads, the process ends. Returns how many.
    pub fn finalize_where(&self, wanted: impl Fn(ObjectRef) -> bool) -> usize {
        let count =
            self.finalization
                .take_dead(false, wanted, |o| self.binding.finalizes_last(o), |_| {});
        if count != 0 {
            self.binding.finalizers_ready(self.finalization.ready_len());
        }
        count
    }
}
