//! What all plans offer to a virtual machine.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::binding::VmBinding;
use crate::descriptor::BarrierDescriptor;
use crate::error::{HeapError, OutOfMemory};
use crate::finalize::Finalization;
use crate::handles::{HandleId, HandleKind, Handles};
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::stats::{CollectionRecord, HeapStats};
use crate::tlab::Tlab;
use crate::verify::{VerifyError, VerifyReport};

/// What handles and finalization need of a plan.
pub(crate) mod tables {
    use super::{Finalization, Handles};

    /// Implemented by the plans of this crate only.
    pub trait Tables {
        fn handles(&self) -> &Handles;
        fn finalization(&self) -> &Finalization;
        /// Counts bytes outside the plan's memory against the limit; false when they do not fit.
        fn reserve(&self, bytes: usize) -> bool;
        /// Takes back what `reserve` counted, at once or later.
        fn release(&self, bytes: usize);
        /// Collections so far.
        fn epoch(&self) -> u64;
        /// Collects for lack of memory, unless somebody else did since the caller saw `epoch`.
        fn collect_for_tables(&self, epoch: u64);
    }
}

/// A heap with a way to collect it. A VM that is generic over the plan can be run on each:
///
/// - [`Heap`](crate::Heap), mark-region, with generations if asked: fast allocation, short pauses;
/// - [`MarkSweep`](crate::MarkSweep) on the coalescing heap of `ferrocil-alloc`: dense, little
///   more memory than the objects, may be shared with data that is no object.
///
/// Both take the same [`VmBinding`]. A VM that uses one plan only imports the trait for the
/// handles and finalizers, and calls the plan's own methods for the rest.
pub trait Plan: tables::Tables + Sized + Send + Sync {
    /// The virtual machine.
    type Binding: VmBinding;

    /// Makes a heap.
    ///
    /// # Errors
    /// When the options make no sense for this plan, or the system has no address space.
    fn create(options: HeapOptions, binding: Self::Binding) -> Result<Self, HeapError>;

    /// The binding that the heap was made with.
    fn binding(&self) -> &Self::Binding;

    /// Allocates `size` bytes, zeroed, on a granule. The caller stores the header and what else
    /// the object's shape depends on before its next safepoint. May collect; then everything that
    /// the caller has not rooted is gone.
    ///
    /// # Errors
    /// When no collection could make room.
    fn alloc(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory>;

    /// Gives up a buffer: its thread ends or will not allocate for long.
    fn release_tlab(&self, tlab: &Tlab);

    /// Collects `generation` and all younger ones now (a plan without generations: everything).
    fn collect(&self, generation: u8);

    /// Marks about `objects` objects of a marking in progress; see the plan. Returns whether there
    /// is more to do now.
    fn mark_step(&self, objects: usize) -> bool;

    /// The write barrier, before or after a reference is stored to the word at `slot`, without a
    /// safepoint between the two. Does nothing if the plan, as it was configured, needs none.
    fn write_barrier(&self, slot: usize);

    /// The write barrier for references anywhere in `[start, start + len)`.
    fn write_barrier_range(&self, start: usize, len: usize);

    /// What compiled code does instead of calling `write_barrier`.
    fn barrier_descriptor(&self) -> BarrierDescriptor;

    /// How full the heap is, and what collections have cost.
    fn stats(&self) -> HeapStats;

    /// The record of the last collection.
    fn last_collection(&self) -> Option<CollectionRecord>;

    /// Stops the world and checks the heap.
    ///
    /// # Errors
    /// The first thing found wrong.
    fn verify(&self) -> Result<VerifyReport, VerifyError>;

    /// Stops the world and calls `each` with every object, dead ones that have not been collected
    /// yet included. `each` must not allocate.
    fn for_each_object(&self, each: impl FnMut(ObjectRef));

    /// Makes a handle. `dependent` is for handles of that kind only.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn alloc_handle(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        with_tables(self, |grow| self.handles().alloc(kind, target, None, grow))
    }

    /// Makes a dependent handle: while `target` lives, so does `dependent`.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn alloc_dependent_handle(
        &self,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        with_tables(self, |grow| {
            self.handles()
                .alloc(HandleKind::Dependent, target, dependent, grow)
        })
    }

    /// Keeps an object until the guard is dropped: a *transient root*, for native code that builds
    /// something up.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn protect(&self, object: ObjectRef) -> Result<TransientRoot<'_, Self>, OutOfMemory> {
        let id = self.alloc_handle(HandleKind::Normal, Some(object))?;
        Ok(TransientRoot { plan: self, id })
    }

    /// Keeps an object for as long as the heap lives: a *permanent root*.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn add_root(&self, object: ObjectRef) -> Result<(), OutOfMemory> {
        self.alloc_handle(HandleKind::Normal, Some(object))
            .map(|_| ())
    }

    /// Counts `bytes` of memory that the VM keeps for objects outside the heap (inflated locks,
    /// say) against the limit, until [`release_native`](Plan::release_native). Collects once if
    /// there is no room.
    ///
    /// # Errors
    /// When it does not fit under the limit.
    fn reserve_native(&self, bytes: usize) -> Result<(), OutOfMemory> {
        with_tables(self, |grow| grow(bytes).then_some(()))
    }

    /// Takes back what [`reserve_native`](Plan::reserve_native) counted. May be called while the
    /// world is stopped.
    fn release_native(&self, bytes: usize) {
        self.release(bytes);
    }

    /// Frees a handle; false if there is none of that id.
    fn free_handle(&self, id: HandleId) -> bool {
        self.handles().free(id)
    }

    /// The object of a handle. `None` if there is no such handle, `Some(None)`
    /// if it has no object, or no longer.
    fn handle_target(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles().get(id)
    }

    /// Gives a handle another object; false if there is no such handle.
    fn set_handle_target(&self, id: HandleId, target: Option<ObjectRef>) -> bool {
        self.handles().set(id, target)
    }

    /// The second object of a dependent handle; as `handle_target`.
    fn handle_dependent(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles().dependent(id)
    }

    /// Replaces the second object of a dependent handle.
    fn set_handle_dependent(&self, id: HandleId, dependent: Option<ObjectRef>) -> bool {
        self.handles().set_dependent(id, dependent)
    }

    /// Calls `each` with all handles of a kind and their objects.
    fn for_each_handle(&self, kind: HandleKind, each: impl FnMut(HandleId, Option<ObjectRef>)) {
        self.handles().for_each(kind, each);
    }

    /// Has the object's finalizer run once it is unreachable. The caller keeps
    /// the object alive during the call. After `suppress_finalization`, undoes
    /// that; otherwise each call makes the finalizer run once more.
    ///
    /// # Errors
    /// When there is no memory for it.
    fn register_for_finalization(&self, object: ObjectRef) -> Result<(), OutOfMemory> {
        with_tables(self, |grow| {
            self.finalization().register(object, grow).then_some(())
        })
    }

    /// Takes back one registration. The object must have been registered;
    /// suppressing twice is as suppressing once.
    fn suppress_finalization(&self, object: ObjectRef) {
        self.finalization().suppress(object);
    }

    /// The next object whose finalizer is to run. It is alive until the caller
    /// drops its reference, which the VM must report as a root meanwhile.
    fn pop_finalizable(&self) -> Option<ObjectRef> {
        self.finalization().pop_ready()
    }

    /// How many objects wait for their finalizer.
    fn pending_finalizers(&self) -> usize {
        self.finalization().ready_len()
    }

    /// Makes registered objects ready although they may be reachable: a domain
    /// unloads, the process ends. Returns how many.
    fn finalize_where(&self, wanted: impl Fn(ObjectRef) -> bool) -> usize {
        let binding = self.binding();
        let count = self
            .finalization()
            .take_dead(false, wanted, |object| binding.finalizes_last(object));
        if count != 0 {
            binding.finalizers_ready(self.finalization().ready_len());
        }
        count
    }
}

/// Keeps an object until it is dropped; from [`Plan::protect`].
pub struct TransientRoot<'p, P: Plan> {
    plan: &'p P,
    id: HandleId,
}

impl<P: Plan> Drop for TransientRoot<'_, P> {
    fn drop(&mut self) {
        self.plan.handles().free(self.id);
    }
}

/// Runs something that may need memory for tables; collects once if there
/// is none.
fn with_tables<P: Plan, T>(
    plan: &P,
    mut attempt: impl FnMut(&dyn Fn(usize) -> bool) -> Option<T>,
) -> Result<T, OutOfMemory> {
    let requested = AtomicUsize::new(0);
    let grow = |bytes: usize| {
        requested.store(bytes, Relaxed);
        plan.reserve(bytes)
    };
    let epoch = plan.epoch();
    if let Some(done) = attempt(&grow) {
        return Ok(done);
    }
    plan.collect_for_tables(epoch);
    attempt(&grow).ok_or_else(|| OutOfMemory {
        requested: requested.load(Relaxed),
        limit: plan.stats().max_bytes,
    })
}
