//! Measures the heap on a few allocation patterns.
//!
//! `cargo run --release -p ferrocil-gc --example measure [pattern] [--gc-log] [--full]`; with
//! `--full` without generations.

use std::cell::{RefCell, UnsafeCell};
use std::hint::black_box;
use std::time::Instant;

use ferrocil_gc::{
    CollectionRecord, Heap, HeapOptions, ObjectRef, ObjectShape, RootVisitor, ShapeKind, Tlab,
    VmBinding,
};

/// One thread, so stopping the world is nothing.
struct Vm {
    thread: UnsafeCell<Thread>,
    log: bool,
    pauses: RefCell<Vec<f64>>,
}

#[derive(Default)]
struct Thread {
    tlab: Tlab,
    stack: Vec<Option<ObjectRef>>,
}

// SAFETY: this program has one thread.
unsafe impl Send for Vm {}
// SAFETY: as above.
unsafe impl Sync for Vm {}

/// The header: bytes in the high half, number of references in the low half,
/// which begin at 8. Bytes arrays have none; their size is in the header too.
fn header(size: usize, refs: usize) -> u64 {
    (size as u64) << 32 | (refs as u64) << 1 | 1
}

// SAFETY: headers tell sizes and references; the one stack is all roots.
unsafe impl VmBinding for Vm {
    #[inline]
    unsafe fn shape(&self, object: ObjectRef) -> ObjectShape<'_> {
        // SAFETY: an object begins with its header.
        let header = unsafe { object.as_ptr::<u64>().read() };
        let refs = (header as u32 >> 1) as usize;
        let kind = match refs {
            0 => ShapeKind::NoRefs,
            1..=60 => ShapeKind::Bitmap {
                first: 8,
                bits: (1 << refs) - 1,
            },
            _ => ShapeKind::RefArray {
                first: 8,
                len: refs,
            },
        };
        ObjectShape {
            size: (header >> 32) as usize,
            kind,
        }
    }
    fn stop_mutators(&self) {}
    fn resume_mutators(&self) {}
    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab)) {
        // SAFETY: this program has one thread.
        visit(unsafe { &(*self.thread.get()).tlab });
    }
    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>) {
        // SAFETY: this program has one thread.
        let stack = unsafe { &mut (*self.thread.get()).stack };
        // SAFETY: the stack holds objects and nulls.
        unsafe { roots.slots(stack.as_mut_ptr(), stack.len()) };
    }
    fn collection_finished(&self, record: &CollectionRecord) {
        self.pauses
            .borrow_mut()
            .push(record.pause.as_secs_f64() * 1e3);
        if self.log {
            eprintln!("{record}");
        }
    }
}

struct Program {
    heap: Heap<Vm>,
}

impl Program {
    fn new(options: HeapOptions, log: bool) -> Program {
        let vm = Vm {
            thread: UnsafeCell::default(),
            log,
            pauses: RefCell::default(),
        };
        Program {
            heap: Heap::new(options, vm).expect("a heap"),
        }
    }

    #[expect(clippy::mut_from_ref, reason = "one thread, and no reference is kept")]
    fn thread(&self) -> &mut Thread {
        // SAFETY: this program has one thread and keeps no such reference.
        unsafe { &mut *self.heap.binding().thread.get() }
    }

    #[inline]
    fn alloc(&self, size: usize, refs: usize) -> ObjectRef {
        let object = self.heap.alloc(&self.thread().tlab, size).expect("room");
        // SAFETY: a fresh object.
        unsafe { object.as_ptr::<u64>().write(header(size, refs)) };
        object
    }

    #[inline]
    fn push(&self, object: Option<ObjectRef>) -> usize {
        self.thread().stack.push(object);
        self.thread().stack.len() - 1
    }

    /// Stores a reference, with the write barrier.
    #[inline]
    fn set(&self, object: ObjectRef, field: usize, value: Option<ObjectRef>) {
        let slot = object.as_ptr::<Option<ObjectRef>>().wrapping_add(1 + field);
        self.heap.write_barrier(slot.addr());
        // SAFETY: the programs use fields that their objects have.
        unsafe { slot.write(value) };
    }

    fn tree(&self, depth: u32) -> ObjectRef {
        let node = self.alloc(24, 2);
        if depth > 0 {
            let at = self.push(Some(node));
            let left = self.tree(depth - 1);
            self.set(node, 0, Some(left));
            let right = self.tree(depth - 1);
            self.set(node, 1, Some(right));
            self.thread().stack.truncate(at);
        }
        node
    }
}

#[inline]
fn get(object: ObjectRef, field: usize) -> Option<ObjectRef> {
    // SAFETY: as above.
    unsafe { object.as_ptr::<Option<ObjectRef>>().add(1 + field).read() }
}

fn count(node: ObjectRef) -> usize {
    1 + get(node, 0).map_or(0, count) + get(node, 1).map_or(0, count)
}

fn binary_trees(program: &Program) {
    const DEPTH: u32 = 18;
    black_box(count(program.tree(DEPTH + 1)));
    let long = program.tree(DEPTH);
    program.push(Some(long));
    for depth in (4..=DEPTH).step_by(4) {
        let mut total = 0;
        for _ in 0..1 << (DEPTH - depth + 4) {
            total += count(program.tree(depth));
        }
        black_box(total);
    }
    black_box(count(long));
}

fn allocation(program: &Program) {
    for _ in 0..100_000_000 {
        black_box(program.alloc(32, 0));
    }
}

fn fifo(program: &Program) {
    // A queue of 100,000 nodes through which 30 million pass.
    let (head, tail) = (program.push(None), program.push(None));
    let stack = &mut program.thread().stack;
    for n in 0..30_000_000 {
        let node = program.alloc(32, 1);
        match stack[tail] {
            Some(last) => program.set(last, 0, Some(node)),
            None => stack[head] = Some(node),
        }
        stack[tail] = Some(node);
        if n >= 100_000 {
            stack[head] = stack[head].and_then(|first| get(first, 0));
        }
    }
}

fn random(seed: &mut u32) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    *seed as usize
}

fn cache(program: &Program) {
    // A table of a million entries of 64 bytes (about 70 MB live), of which
    // random ones are replaced.
    const LEN: usize = 1_000_000;
    let table = program.alloc(8 + 8 * LEN, LEN);
    program.push(Some(table));
    let mut seed = 12345;
    for n in 0..12_000_000usize {
        let entry = program.alloc(40, 2);
        let at = program.push(Some(entry));
        let value = program.alloc(24, 0);
        program.set(entry, 0, Some(value));
        program.thread().stack.truncate(at);
        let index = if n < LEN { n } else { random(&mut seed) % LEN };
        program.set(table, index, Some(entry));
    }
}

fn large(program: &Program) {
    // 64 large arrays live, 20,000 allocated, 100 KB to 1 MB.
    let base = program.push(None);
    program.thread().stack.resize(base + 64, None);
    let mut seed = 777;
    for n in 0..20_000 {
        let size = 100_000 + random(&mut seed) % 900_000;
        program.thread().stack[base + n % 64] = Some(program.alloc(size & !7, 0));
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let log = args.iter().any(|arg| arg == "--gc-log");
    let full = args.iter().any(|arg| arg == "--full");
    let wanted = args.iter().find(|arg| !arg.starts_with("--"));
    type Pattern = fn(&Program);
    let patterns: [(&str, Pattern); 5] = [
        ("binary-trees", binary_trees),
        ("allocation", allocation),
        ("fifo", fifo),
        ("cache", cache),
        ("large", large),
    ];
    for (name, pattern) in patterns {
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let program = Program::new(
            HeapOptions {
                generational: !full,
                ..HeapOptions::new(1 << 30)
            },
            log,
        );
        let begin = Instant::now();
        pattern(&program);
        let time = begin.elapsed();
        let stats = program.heap.stats();
        let mut pauses = program.heap.binding().pauses.borrow().clone();
        pauses.sort_by(f64::total_cmp);
        let at = |part: f64| {
            pauses
                .get(((pauses.len() as f64 - 1.0) * part) as usize)
                .copied()
                .unwrap_or(0.0)
        };
        println!(
            "{name:14} {:7.0} ms, {:6.0} MB allocated, {:4} + {:3} collections, paused {:6.1} ms, \
             median {:.2} p99 {:.2} longest {:.2} ms",
            time.as_secs_f64() * 1e3,
            stats.allocated_bytes as f64 / 1e6,
            stats.collections[0] - stats.collections[2],
            stats.collections[2],
            stats.total_pause.as_secs_f64() * 1e3,
            at(0.5),
            at(0.99),
            at(1.0),
        );
    }
}
