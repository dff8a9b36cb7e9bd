//! What the collector asks of this virtual machine.

use std::sync::OnceLock;

use ferrocil_gc::{
    CollectionRecord, ObjectRef, ObjectShape, Plan as _, RootVisitor, ShapeKind, Tlab, VmBinding,
    WeakVisitor,
};
use parking_lot::Mutex;

use crate::domain::{DomainRoot, ShapeTag, VTable};
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::unwind::scan_stack;

/// The runtime behind a heap.
#[derive(Debug)]
pub struct GcBinding {
    arena_base: usize,
    runtime: OnceLock<RuntimeAddress>,
    /// Held while the world is stopped: one collection at a time.
    collecting: Mutex<()>,
    stopped: Mutex<Option<StoppedPtr>>,
}

#[derive(Debug)]
struct RuntimeAddress(*const Runtime);

// SAFETY: the runtime is Sync, and owns the heap that owns this.
unsafe impl Send for RuntimeAddress {}
// SAFETY: as above.
unsafe impl Sync for RuntimeAddress {}

/// The stopped world between `stop_mutators` and `resume_mutators`.
#[derive(Debug)]
struct StoppedPtr(crate::threads::StoppedWorld<'static>);

// SAFETY: it is made and dropped by the same thread, the one that collects.
unsafe impl Send for StoppedPtr {}

impl GcBinding {
    pub(crate) fn new(arena_base: usize) -> GcBinding {
        GcBinding {
            arena_base,
            runtime: OnceLock::new(),
            collecting: Mutex::new(()),
            stopped: Mutex::new(None),
        }
    }

    pub(crate) fn attach(&self, runtime: &Runtime) {
        let _ = self.runtime.set(RuntimeAddress(runtime));
    }

    fn runtime(&self) -> Option<&'static Runtime> {
        // SAFETY: the runtime owns the heap that owns this binding, so it outlives every callback.
        self.runtime.get().map(|r| unsafe { &*r.0 })
    }
}

/// The collector's reference to an object.
pub(crate) fn to_gc(object: ObjRef) -> Option<ObjectRef> {
    ObjectRef::from_addr(object.address())
}

/// Our reference to an object of the collector.
pub(crate) fn from_gc(object: Option<ObjectRef>) -> ObjRef {
    // SAFETY: the collector hands out live objects of this heap.
    object.map_or(ObjRef::NULL, |o| unsafe { ObjRef::from_address(o.addr()) })
}

// SAFETY: `stop_mutators` returns once all other threads are native; `scan_roots` reports statics,
// literals, domain and thread roots, and every word of every thread's stack; `shape` reads the vtable
// that allocation stored in the header.
unsafe impl VmBinding for GcBinding {
    unsafe fn shape(&self, object: ObjectRef) -> ObjectShape<'_> {
        let header = object.addr() as *const u32;
        // SAFETY: the header is the first word of every object; its low half is the vtable's offset.
        let vtable = unsafe { &*((self.arena_base + header.read() as usize) as *const VTable) };
        let length = || {
            // SAFETY: arrays and strings have their length at +8.
            (unsafe { header.add(2).read() }) as usize
        };
        let base = vtable.base_size as usize;
        let first = vtable.base_size;
        match vtable.shape {
            ShapeTag::NoRefs if vtable.elem_size == 0 => ObjectShape {
                size: base,
                kind: ShapeKind::NoRefs,
            },
            ShapeTag::NoRefs => ObjectShape {
                size: base + length() * vtable.elem_size as usize,
                kind: ShapeKind::NoRefs,
            },
            ShapeTag::String => ObjectShape {
                size: base + (length() + 1) * 2,
                kind: ShapeKind::NoRefs,
            },
            ShapeTag::Bitmap => ObjectShape {
                size: base,
                kind: ShapeKind::Bitmap {
                    first: 8,
                    bits: vtable.shape_bits(),
                },
            },
            ShapeTag::Runs => ObjectShape {
                size: base,
                kind: ShapeKind::Runs(vtable.shape_runs()),
            },
            ShapeTag::RefArray => {
                let len = length();
                ObjectShape {
                    size: base + len * 8,
                    kind: ShapeKind::RefArray { first, len },
                }
            }
            ShapeTag::ValueArray => {
                let (len, elem_size) = (length(), vtable.elem_size);
                let offsets = vtable.shape_offsets();
                ObjectShape {
                    size: base + len * elem_size as usize,
                    kind: ShapeKind::ValueArray {
                        first,
                        len,
                        elem_size,
                        offsets,
                    },
                }
            }
            ShapeTag::Ephemerons => {
                let len = length();
                ObjectShape {
                    size: base + len * 16,
                    kind: ShapeKind::Ephemerons { first, len },
                }
            }
        }
    }

    fn stop_mutators(&self) {
        let Some(runtime) = self.runtime() else {
            return;
        };
        match runtime.current_thread() {
            Some(thread) => {
                // Waiting for another collection counts as being stopped.
                thread.blocking(|| std::mem::forget(self.collecting.lock()));
                let world = runtime.threads().stop_world(thread);
                *self.stopped.lock() = Some(StoppedPtr(world));
            }
            None => {
                std::mem::forget(self.collecting.lock());
                let world = runtime.threads().stop_world(std::ptr::null());
                *self.stopped.lock() = Some(StoppedPtr(world));
            }
        }
    }

    fn resume_mutators(&self) {
        drop(self.stopped.lock().take());
        // SAFETY: `stop_mutators` of this thread locked it and forgot the guard.
        unsafe { self.collecting.force_unlock() };
    }

    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab)) {
        if let Some(StoppedPtr(world)) = &*self.stopped.lock() {
            for thread in world.threads() {
                // SAFETY: the thread is stopped, or is the one that collects.
                visit(unsafe { &*thread.tlab() });
            }
        }
    }

    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
        let Some(runtime) = self.runtime() else {
            return;
        };
        for domain in runtime.domains().iter() {
            let mut slots = Vec::new();
            let mut values = Vec::new();
            domain.scan(
                roots.is_young(),
                &mut |slot| slots.push(slot),
                &mut |object| values.extend(to_gc(object)),
            );
            for slot in slots {
                // SAFETY: static storage has a reference at each reported offset.
                unsafe { roots.slot(slot as *mut Option<ObjectRef>) };
            }
            for value in values {
                roots.value(value);
            }
        }
        for object in runtime.extra_roots() {
            if let Some(object) = to_gc(object) {
                roots.value(object);
            }
        }
        let me: *const Thread = runtime
            .current_thread()
            .map_or(std::ptr::null(), std::ptr::from_ref);
        if let Some(StoppedPtr(world)) = &*self.stopped.lock() {
            for thread in world.threads() {
                scan_thread(thread, std::ptr::eq(thread, me), roots);
            }
        }
    }

    fn process_weak(&self, weak: &WeakVisitor<'_>) {
        if let Some(runtime) = self.runtime() {
            let is_live = |address| ObjectRef::from_addr(address).is_some_and(|o| weak.is_live(o));
            // SAFETY: the collector calls this with the world stopped. A thread that uses a monitor
            // has its object as an argument, which keeps it.
            let given = unsafe { runtime.monitors().sweep(&is_live) };
            runtime.heap().release_native(given);
        }
    }

    fn ephemeron_tombstone(&self) -> Option<ObjectRef> {
        to_gc(
            self.runtime()?
                .root_domain_if_made()?
                .root(DomainRoot::Tombstone),
        )
    }

    fn finalizes_last(&self, object: ObjectRef) -> bool {
        self.runtime()
            .is_some_and(|runtime| runtime.vtable_of(from_gc(Some(object))).critical_finalizer)
    }

    fn finalizers_ready(&self, count: usize) {
        if let Some(runtime) = self.runtime() {
            runtime.wake_finalizer(count);
        }
    }

    fn background_wanted(&self) -> bool {
        self.runtime()
            .is_some_and(Runtime::start_background_collector)
    }

    fn collection_finished(&self, record: &CollectionRecord) {
        let Some(runtime) = self.runtime() else {
            return;
        };
        if runtime.options().gc_log {
            eprintln!("{record}");
        }
        if let Some(hook) = runtime.collection_hook.get() {
            hook(record);
        }
    }
}

/// Stack, side stack and private roots of a thread.
fn scan_thread(thread: &Thread, current: bool, roots: &mut RootVisitor<'_, GcBinding>) {
    for object in thread.private_roots() {
        if let Some(object) = to_gc(object) {
            roots.value(object);
        }
    }
    for range in thread.ambiguous_ranges() {
        // SAFETY: memory of the thread's side stack and statics, readable and quiet while it is stopped.
        unsafe { roots.ambiguous_range(range.start as *const u8, range.end as *const u8) };
    }
    let (parked, _) = thread.scan_range();
    let mut scan = |sp: usize| {
        scan_stack(thread, sp, |start, count| {
            // SAFETY: the thread's stack between its stack pointer and its base is mapped and quiet.
            unsafe { roots.ambiguous_range(start as *const u8, (start + count * 8) as *const u8) };
        });
    };
    if current {
        crate::stubs::asm::with_spilled_registers(&mut scan);
    } else {
        scan(parked);
    }
}
