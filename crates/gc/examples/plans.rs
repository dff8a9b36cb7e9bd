//! Measures both plans: `cargo run --release -p ferrocil-gc --example plans [ROUNDS]`.
//!
//! Objects of 32 bytes (header, number, two references) in heaps of 48 MiB. Each number is the
//! median of the rounds with the least and the most. Allocation and the full collection are the
//! thread's CPU time. Marking, sweep and pauses are by the clock on the wall: on a busy machine only
//! their least says something.

use std::cell::RefCell;
use std::time::Duration;

use ferrocil_alloc::heap::{Compact, Wide};
use ferrocil_gc::{
    Heap, HeapOptions, MarkSweep, ObjectRef, ObjectShape, Plan, RootVisitor, ShapeKind, Tlab,
    VmBinding,
};

/// Objects that live while collections are measured: a random binary tree.
const LIVE: usize = 300_000;
/// Short-lived objects of a round.
const GARBAGE: usize = 3_000_000;

#[derive(Default)]
struct Vm {
    tlab: Tlab,
    roots: RefCell<Vec<ObjectRef>>,
}

// SAFETY: the program has one thread.
unsafe impl Send for Vm {}
// SAFETY: as above.
unsafe impl Sync for Vm {}

// SAFETY: all objects have the one shape, all roots are in the list, and there is no other thread.
unsafe impl VmBinding for Vm {
    unsafe fn shape(&self, _object: ObjectRef) -> ObjectShape<'_> {
        ObjectShape {
            size: 32,
            kind: ShapeKind::Bitmap { first: 16, bits: 3 },
        }
    }
    fn stop_mutators(&self) {}
    fn resume_mutators(&self) {}
    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab)) {
        visit(&self.tlab);
    }
    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
        for root in self.roots.borrow().iter() {
            roots.value(*root);
        }
    }
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

fn random(seed: &mut u64) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

fn object<P: Plan<Binding = Vm>>(heap: &P) -> ObjectRef {
    let object = heap.alloc(&heap.binding().tlab, 32).expect("room");
    // SAFETY: a fresh object; the header is not zero.
    unsafe { object.as_ptr::<u64>().write(1) };
    object
}

fn store<P: Plan<Binding = Vm>>(heap: &P, to: ObjectRef, field: usize, value: ObjectRef) {
    let slot = to.as_ptr::<usize>().wrapping_add(2 + field);
    heap.write_barrier(slot.addr());
    // SAFETY: a field of the object.
    unsafe { slot.write(value.addr()) };
}

/// Hangs `LIVE` objects below the first root, in an order that memory does not have.
fn grow<P: Plan<Binding = Vm>>(heap: &P, seed: &mut u64) {
    let root = object(heap);
    heap.binding().roots.borrow_mut().push(root);
    // Free fields.
    let mut ends = vec![(root, 0), (root, 1)];
    for _ in 0..LIVE {
        let (parent, field) = ends.swap_remove(random(seed) % ends.len());
        let child = object(heap);
        store(heap, parent, field, child);
        ends.extend([(child, 0), (child, 1)]);
        if ends.len() > 64 {
            // Some leaves stay leaves, or the list would outgrow the caches.
            ends.truncate(32);
        }
    }
}

#[derive(Default)]
struct Samples(Vec<f64>);

impl Samples {
    fn show(&mut self) -> String {
        self.0.sort_by(f64::total_cmp);
        let (first, last) = (self.0.first(), self.0.last());
        match (first, self.0.get(self.0.len() / 2), last) {
            (Some(first), Some(median), Some(last)) => {
                format!("{median:.1} [{first:.1}..{last:.1}]")
            }
            _ => "-".to_owned(),
        }
    }
}

fn measure<P: Plan<Binding = Vm>>(name: &str, rounds: usize, options: &HeapOptions) {
    let [mut alloc, mut mark, mut sweep, mut full, mut longest] =
        [const { Samples(Vec::new()) }; 5];
    for round in 0..rounds {
        let heap = P::create(options.clone(), Vm::default()).expect("a heap");
        let mut seed = round as u64;
        let begin = cpu_time();
        for _ in 0..GARBAGE {
            object(&heap);
        }
        alloc
            .0
            .push((cpu_time() - begin).as_nanos() as f64 / GARBAGE as f64);
        grow(&heap, &mut seed);
        heap.collect(2);
        let live = heap.last_collection().expect("one").marked_objects as f64;
        // As many dead ones among them.
        for _ in 0..LIVE {
            object(&heap);
        }
        heap.collect(2);
        let record = heap.last_collection().expect("one");
        mark.0.push(record.mark.as_nanos() as f64 / live);
        sweep
            .0
            .push(record.sweep.as_nanos() as f64 / (live + LIVE as f64));
        full.0.push(record.cpu.as_secs_f64() * 1e3);
        // Young garbage beside what lives, with stores to old objects.
        let mut most = Duration::ZERO;
        let root = heap.binding().roots.borrow()[0];
        let mut before = heap.stats().total_pause;
        for n in 0..GARBAGE {
            let object = object(&heap);
            if n % 100 == 0 {
                let pushed = heap.binding().roots.borrow().len();
                if pushed < 1000 {
                    heap.binding().roots.borrow_mut().push(object);
                } else {
                    let owner = heap.binding().roots.borrow()[1 + random(&mut seed) % 999];
                    store(&heap, owner, 0, object);
                }
            }
            if n % 64 == 0 {
                let now = heap.stats().total_pause;
                most = most.max(now - before);
                before = now;
            }
        }
        std::hint::black_box(root);
        longest.0.push(most.as_secs_f64() * 1e3);
    }
    println!(
        "| {name} | {} | {} | {} | {} | {} |",
        alloc.show(),
        mark.show(),
        sweep.show(),
        full.show(),
        longest.show()
    );
}

fn main() {
    let rounds = std::env::args()
        .nth(1)
        .and_then(|arg| arg.parse().ok())
        .unwrap_or(9);
    let options = HeapOptions::new(48 << 20);
    let generational = HeapOptions {
        generational: true,
        ..options.clone()
    };
    let steps = HeapOptions {
        step_bytes: Some(64 << 10),
        ..options.clone()
    };
    println!(
        "| plan | allocation, ns | marking, ns an object | sweep, ns an object | full collection, ms | longest pause, ms |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    measure::<Heap<Vm>>("mark-region", rounds, &options);
    measure::<Heap<Vm>>("mark-region, generations", rounds, &generational);
    measure::<MarkSweep<Vm, Compact>>("mark-sweep, compact", rounds, &options);
    measure::<MarkSweep<Vm, Compact>>("mark-sweep, compact, steps of 64 KiB", rounds, &steps);
    measure::<MarkSweep<Vm, Wide>>("mark-sweep, wide", rounds, &options);
}
