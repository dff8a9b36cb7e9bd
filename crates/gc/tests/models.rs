//! Models of what threads do at the same time, for every order in which they can do it (`loom`).
//!
//! The gate is the toy VM's real one, compiled with `loom`'s locks. The other two are models, of
//! the size of the case: the heap's memory is a mapping, where `loom`'s atomics cannot live. Each
//! names the code that it stands for, and each has a twin that leaves a step out and must fail.

use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};
use loom::thread;

#[path = "toy/gate.rs"]
mod gate;

/// The locks that the gate uses.
mod sync {
    pub use loom::sync::atomic::{AtomicBool, Ordering};
    pub use loom::sync::{Condvar, Mutex};
}

use gate::Gate;
use sync::Mutex;

/// Runs a model with at most `preemptions` switches away from a thread that could go on.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

// ----- stores, log, concurrent marking, pause ------------------------------------------------

const UNLOGGED: u8 = 1;
const LOGGED: u8 = 2;
/// What fields hold: null, or the white object.
const NULL: usize = 0;
const WHITE: usize = 1;

/// Two old objects on lines of their own, each with a field, and a third one that only the second
/// refers to. The first is black, the second grey, the third white.
struct Old {
    fields: [AtomicUsize; 2],
    log: [AtomicU8; 2],
    marked: AtomicBool,
}

impl Old {
    /// Compiled code: the store, and the barrier in either order (`Heap::write_barrier`).
    fn store(&self, object: usize, value: usize, barrier: bool, barrier_first: bool) {
        let log = || {
            if barrier && self.log[object].load(Relaxed) == UNLOGGED {
                self.log[object].store(LOGGED, Relaxed);
            }
        };
        if barrier_first {
            log();
        }
        self.fields[object].store(value, Relaxed);
        if !barrier_first {
            log();
        }
    }

    /// `Marker::scan` of one field.
    fn scan(&self, object: usize) {
        if self.fields[object].load(Relaxed) == WHITE {
            self.marked.store(true, Relaxed);
        }
    }
}

/// While another thread marks (`Heap::mark_step`), a mutator moves the only reference to the white
/// object from the grey object to the black one. Then the world stops, and the pause scans logged
/// lines (`Core::for_each_logged`, `Marker::scan_line`).
fn move_a_reference(barrier: bool, barrier_first: bool) {
    let old = Arc::new(Old {
        fields: [AtomicUsize::new(NULL), AtomicUsize::new(WHITE)],
        log: [AtomicU8::new(UNLOGGED), AtomicU8::new(UNLOGGED)],
        marked: AtomicBool::new(false),
    });
    let marker = {
        let old = Arc::clone(&old);
        thread::spawn(move || old.scan(1))
    };
    let mutator = {
        let old = Arc::clone(&old);
        thread::spawn(move || {
            let moved = old.fields[1].load(Relaxed);
            old.store(0, moved, barrier, barrier_first);
            old.store(1, NULL, barrier, barrier_first);
        })
    };
    // The pause: both are at a safepoint (the gate's model shows what that means).
    marker.join().expect("marker");
    mutator.join().expect("mutator");
    for object in 0..2 {
        if old.log[object].load(Relaxed) == LOGGED {
            old.log[object].store(UNLOGGED, Relaxed);
            old.scan(object);
        }
    }
    assert!(old.marked.load(Relaxed), "a live object is white");
}

#[test]
fn a_moved_reference_is_found_in_the_pause() {
    explore(4, || move_a_reference(true, false));
    explore(4, || move_a_reference(true, true));
}

#[test]
#[should_panic(expected = "a live object is white")]
fn without_the_barrier_it_is_lost() {
    explore(4, || move_a_reference(false, false));
}

// ----- stopping and resuming -----------------------------------------------------------------

/// A mutator works on the heap, polls, is in native code for a while, and works again. Another
/// thread stops the world and looks at the heap meanwhile. `loom`'s cell panics if both are at it.
fn stop_a_mutator(comes_back_through_the_gate: bool) {
    let gate = Arc::new(Gate::default());
    let heap = Arc::new(UnsafeCell::new(0));
    gate.enter();
    let mutator = {
        let (gate, heap) = (Arc::clone(&gate), Arc::clone(&heap));
        thread::spawn(move || {
            let work = || heap.with_mut(|_| ());
            gate.enter();
            work();
            gate.poll();
            work();
            gate.leave();
            // Native code.
            if comes_back_through_the_gate {
                gate.enter();
                work();
                gate.leave();
            } else {
                work();
            }
        })
    };
    gate.stop_world();
    heap.with_mut(|_| ());
    gate.resume_world();
    gate.leave();
    mutator.join().expect("mutator");
}

#[test]
fn a_stopped_mutator_stays_off_the_heap() {
    explore(3, || stop_a_mutator(true));
}

#[test]
#[should_panic]
fn one_that_comes_back_without_asking_does_not() {
    explore(3, || stop_a_mutator(false));
}

/// Two threads want to collect at the same time: one waits for the other, stopped, and then has
/// its turn.
#[test]
fn two_collectors_take_turns() {
    explore(2, || {
        let gate = Arc::new(Gate::default());
        let heap = Arc::new(UnsafeCell::new(0));
        let collect = |gate: &Gate, heap: &UnsafeCell<i32>| {
            gate.enter();
            gate.stop_world();
            heap.with_mut(|_| ());
            gate.resume_world();
            gate.leave();
        };
        let other = {
            let (gate, heap) = (Arc::clone(&gate), Arc::clone(&heap));
            thread::spawn(move || collect(&gate, &heap))
        };
        collect(&gate, &heap);
        other.join().expect("collector");
    });
}

// ----- handing over a half used block --------------------------------------------------------

/// A block of four objects, the bytes handed out (`Core::handed`), and the list of blocks with
/// holes under the lock of `Space`.
struct Blocks {
    objects: [UnsafeCell<u32>; 4],
    handed: AtomicUsize,
    listed: Mutex<bool>,
}

impl Blocks {
    fn bump(&self, cursor: &mut usize) -> bool {
        let Some(object) = self.objects.get(*cursor) else {
            return false;
        };
        object.with_mut(|_| ());
        *cursor += 1;
        true
    }
}

/// A thread ends and gives its half used block back (`Heap::release_tlab`); another takes it from
/// the list (`Space::take_recycled`, `Heap::open_block`) and goes on behind the last object.
fn hand_over(in_order: bool) {
    let blocks = Arc::new(Blocks {
        objects: [0; 4].map(UnsafeCell::new),
        handed: AtomicUsize::new(0),
        listed: Mutex::new(false),
    });
    let first = {
        let blocks = Arc::clone(&blocks);
        thread::spawn(move || {
            let mut cursor = 0;
            assert!(blocks.bump(&mut cursor) && blocks.bump(&mut cursor));
            if in_order {
                blocks.handed.store(cursor, Relaxed);
            }
            *blocks.listed.lock().expect("space") = true;
            blocks.handed.store(cursor, Relaxed);
        })
    };
    let taken = std::mem::take(&mut *blocks.listed.lock().expect("space"));
    if taken {
        let mut cursor = blocks.handed.load(Relaxed);
        let mut count = 0;
        while blocks.bump(&mut cursor) {
            count += 1;
        }
        assert_eq!(count, 2, "each object is handed out once");
    }
    first.join().expect("thread");
}

#[test]
fn a_half_used_block_goes_on_behind_its_last_object() {
    explore(4, || hand_over(true));
}

#[test]
#[should_panic]
fn listed_too_early_it_is_handed_out_twice() {
    explore(4, || hand_over(false));
}
