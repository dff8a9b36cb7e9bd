//! A small virtual machine: objects of a few shapes, threads with a shadow
//! stack, cooperative stopping.
#![expect(dead_code, reason = "each test program uses a part of the toy VM")]

use std::cell::UnsafeCell;
use std::sync::{Arc, Mutex, OnceLock};

use ferrocil_gc::{
    CollectionRecord, Heap, HeapOptions, ObjectRef, ObjectShape, OutOfMemory, Plan, RefRun,
    RootVisitor, ShapeKind, Tlab, VmBinding, WeakVisitor,
};

mod gate;

/// The locks that the gate uses.
mod sync {
    pub use std::sync::atomic::{AtomicBool, Ordering};
    pub use std::sync::{Condvar, Mutex};
}

use gate::Gate;

/// The shapes of toy objects. The header's low byte says which; the word after
/// the header is a payload or a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Header, payload, n references (n in the header's second half).
    Node = 1,
    /// Header, payload, 4 references in two runs: at 16, 24 and at 40, 48.
    Runs = 2,
    /// Header, length, references.
    Refs = 3,
    /// Header, length, bytes.
    Bytes = 4,
    /// Header, length, elements of {reference, u64, reference}.
    Values = 5,
    /// Header, length, pairs.
    Ephemerons = 6,
    /// Header, length, words that may be references.
    Words = 7,
}

const RUNS: [RefRun; 2] = [
    RefRun {
        offset: 16,
        count: 2,
    },
    RefRun {
        offset: 40,
        count: 2,
    },
];

pub fn word(object: ObjectRef, index: usize) -> *mut u64 {
    object.as_ptr::<u64>().wrapping_add(index)
}

pub fn read(object: ObjectRef, index: usize) -> u64 {
    // SAFETY: tests index inside live objects.
    unsafe { word(object, index).read() }
}

pub fn write(object: ObjectRef, index: usize, value: u64) {
    // SAFETY: tests index inside live objects.
    unsafe { word(object, index).write(value) }
}

pub fn get(object: ObjectRef, index: usize) -> Option<ObjectRef> {
    ObjectRef::from_addr(read(object, index) as usize)
}

#[derive(Default)]
pub struct ThreadState {
    pub tlab: Tlab,
    roots: UnsafeCell<Vec<Option<ObjectRef>>>,
    ambiguous: UnsafeCell<Vec<usize>>,
}

// SAFETY: used by its own thread, or by a collector while that is stopped.
unsafe impl Send for ThreadState {}
// SAFETY: as above.
unsafe impl Sync for ThreadState {}

#[derive(Default)]
pub struct Toy {
    threads: Mutex<Vec<Arc<ThreadState>>>,
    gate: Gate,
    pub weak_table: Mutex<Vec<Option<ObjectRef>>>,
    pub tombstone: OnceLock<ObjectRef>,
    pub records: Mutex<Vec<CollectionRecord>>,
    pub finalizer_wakeups: Mutex<usize>,
}

/// The heap behind an `Arc`, as threads share it.
pub type Vm = Arc<Heap<ToyBinding>>;

pub struct ToyBinding(pub Arc<Toy>);

// SAFETY: shapes are read from headers, the gate stops threads, and every
// thread's roots and buffer are reported.
unsafe impl VmBinding for ToyBinding {
    unsafe fn shape(&self, object: ObjectRef) -> ObjectShape<'_> {
        let header = read(object, 0);
        let len = read(object, 1) as usize;
        let (size, kind) = match header as u8 {
            1 => {
                let n = (header >> 32) as usize;
                (
                    16 + 8 * n,
                    ShapeKind::Bitmap {
                        first: 16,
                        bits: (1 << n) - 1,
                    },
                )
            }
            2 => (56, ShapeKind::Runs(&RUNS)),
            3 => (16 + 8 * len, ShapeKind::RefArray { first: 16, len }),
            4 => (16 + len, ShapeKind::NoRefs),
            5 => (
                16 + 24 * len,
                ShapeKind::ValueArray {
                    first: 16,
                    len,
                    elem_size: 24,
                    offsets: &[0, 16],
                },
            ),
            6 => (16 + 16 * len, ShapeKind::Ephemerons { first: 16, len }),
            7 => (16 + 8 * len, ShapeKind::Ambiguous { first: 16 }),
            other => panic!("{object:?} has the kind {other}"),
        };
        ObjectShape { size, kind }
    }

    fn stop_mutators(&self) {
        self.0.gate.stop_world();
    }

    fn resume_mutators(&self) {
        self.0.gate.resume_world();
    }

    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab)) {
        for thread in self.0.threads.lock().expect("threads").iter() {
            visit(&thread.tlab);
        }
    }

    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
        if let Some(tombstone) = self.0.tombstone.get() {
            roots.value(*tombstone);
        }
        for thread in self.0.threads.lock().expect("threads").iter() {
            // SAFETY: the thread is stopped.
            unsafe {
                let slots = &mut *thread.roots.get();
                roots.slots(slots.as_mut_ptr(), slots.len());
                let words = &*thread.ambiguous.get();
                let range = words.as_ptr_range();
                roots.ambiguous_range(range.start.cast(), range.end.cast());
            }
        }
    }

    fn process_weak(&self, weak: &WeakVisitor<'_>) {
        for slot in self.0.weak_table.lock().expect("table").iter_mut() {
            weak.clear_if_dead(slot);
        }
    }

    fn ephemeron_tombstone(&self) -> Option<ObjectRef> {
        self.0.tombstone.get().copied()
    }

    fn finalizers_ready(&self, _count: usize) {
        *self.0.finalizer_wakeups.lock().expect("count") += 1;
    }

    fn collection_finished(&self, record: &CollectionRecord) {
        self.0.records.lock().expect("records").push(*record);
    }
}

pub fn vm(options: HeapOptions) -> Vm {
    plan(options)
}

/// A toy VM on any plan.
pub fn plan<P: Plan<Binding = ToyBinding>>(options: HeapOptions) -> Arc<P> {
    Arc::new(P::create(options, ToyBinding(Arc::default())).expect("a heap"))
}

/// A thread of the toy VM; the OS thread that made it owns it.
pub struct Mutator<P: Plan<Binding = ToyBinding> = Heap<ToyBinding>> {
    pub vm: Arc<P>,
    toy: Arc<Toy>,
    state: Arc<ThreadState>,
}

impl<P: Plan<Binding = ToyBinding>> Mutator<P> {
    pub fn new(vm: &Arc<P>) -> Mutator<P> {
        let toy = Arc::clone(&vm.binding().0);
        let state = Arc::new(ThreadState::default());
        toy.gate.enter();
        toy.threads
            .lock()
            .expect("threads")
            .push(Arc::clone(&state));
        Mutator {
            vm: Arc::clone(vm),
            toy,
            state,
        }
    }

    /// Stores a reference, with the write barrier.
    pub fn set(&self, object: ObjectRef, index: usize, value: Option<ObjectRef>) {
        self.vm.write_barrier(word(object, index).addr());
        write(object, index, value.map_or(0, |value| value.addr() as u64));
    }

    pub fn safepoint(&self) {
        self.toy.gate.poll();
    }

    #[expect(clippy::mut_from_ref, reason = "the shadow stack of this thread")]
    pub fn roots(&self) -> &mut Vec<Option<ObjectRef>> {
        // SAFETY: this thread's own, not kept across a safepoint by the tests.
        unsafe { &mut *self.state.roots.get() }
    }

    #[expect(clippy::mut_from_ref, reason = "the shadow stack of this thread")]
    pub fn ambiguous(&self) -> &mut Vec<usize> {
        // SAFETY: as for `roots`.
        unsafe { &mut *self.state.ambiguous.get() }
    }

    pub fn tlab(&self) -> &Tlab {
        &self.state.tlab
    }

    fn raw(&self, size: usize, header: u64, second: u64) -> Result<ObjectRef, OutOfMemory> {
        self.safepoint();
        let object = self.vm.alloc(&self.state.tlab, size)?;
        // SAFETY: fresh memory of at least that size.
        let bytes = unsafe { std::slice::from_raw_parts(object.as_ptr::<u8>(), size) };
        assert!(bytes.iter().all(|byte| *byte == 0), "memory is not zeroed");
        write(object, 0, header);
        write(object, 1, second);
        Ok(object)
    }

    pub fn node(&self, refs: usize, payload: u64) -> Result<ObjectRef, OutOfMemory> {
        self.raw(
            16 + 8 * refs,
            Kind::Node as u64 | (refs as u64) << 32,
            payload,
        )
    }

    pub fn runs(&self, payload: u64) -> Result<ObjectRef, OutOfMemory> {
        self.raw(56, Kind::Runs as u64, payload)
    }

    pub fn array(&self, kind: Kind, len: usize) -> Result<ObjectRef, OutOfMemory> {
        let element = match kind {
            Kind::Refs | Kind::Words => 8,
            Kind::Bytes => 1,
            Kind::Values => 24,
            Kind::Ephemerons => 16,
            Kind::Node | Kind::Runs => panic!("no array"),
        };
        self.raw(16 + element * len, kind as u64, len as u64)
    }

    pub fn root(&self, object: ObjectRef) -> usize {
        self.roots().push(Some(object));
        self.roots().len() - 1
    }

    pub fn toy_table(&self) -> std::sync::MutexGuard<'_, Vec<Option<ObjectRef>>> {
        self.toy.weak_table.lock().expect("table")
    }

    pub fn objects(&self) -> Vec<ObjectRef> {
        let mut all = Vec::new();
        self.vm.for_each_object(|object| all.push(object));
        all
    }
}

impl<P: Plan<Binding = ToyBinding>> Drop for Mutator<P> {
    fn drop(&mut self) {
        self.vm.release_tlab(&self.state.tlab);
        self.toy
            .threads
            .lock()
            .expect("threads")
            .retain(|thread| !Arc::ptr_eq(thread, &self.state));
        self.toy.gate.leave();
    }
}
