//! A tri-colour mark-sweep collector in 64 KiB, for lists and strings.
//!
//! The heap offers types and colour bits; this program gives them meaning: a pair has two references, a
//! text has none, white is garbage, grey waits to be scanned, black is alive. The program's symbols share
//! the heap as permanent allocations.
//!
//! `cargo run --release -p ferrocil-alloc --example mark_sweep`

use std::ptr::NonNull;

use ferrocil_alloc::heap::{
    AllocType, BlockState, Colour, Compact, Heap, HeapError, Sweep, SweepReport,
};

const PAIR: AllocType = AllocType::new(0).unwrap();
const TEXT: AllocType = AllocType::new(1).unwrap();

/// A reference to an object, or nil.
type Value = Option<NonNull<u8>>;

#[repr(C)]
#[derive(Clone, Copy)]
struct Pair {
    first: Value,
    rest: Value,
}

struct Machine {
    heap: Heap<'static, Compact>,
    /// What the program can reach.
    roots: Vec<Value>,
    collections: usize,
}

impl Machine {
    fn new(bytes: usize) -> Result<Machine, HeapError> {
        Ok(Machine {
            heap: Heap::with_capacity(bytes)?,
            roots: Vec::new(),
            collections: 0,
        })
    }

    /// Allocates, after a collection if it must. `None`: everything is alive.
    fn alloc(&mut self, bytes: usize, ty: AllocType) -> Value {
        if let Some(payload) = self.heap.try_alloc(bytes, ty) {
            return Some(payload);
        }
        self.collect();
        self.heap.try_alloc(bytes, ty)
    }

    fn text(&mut self, text: &str) -> Value {
        let payload = self.alloc(text.len(), TEXT)?;
        // SAFETY: a new object of so many bytes.
        unsafe { payload.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len()) };
        Some(payload)
    }

    /// Both parts must be reachable from the roots, since this may collect.
    fn pair(&mut self, first: Value, rest: Value) -> Value {
        let payload = self.alloc(size_of::<Pair>(), PAIR)?;
        // SAFETY: a new object of this size, 8-byte aligned.
        unsafe { payload.cast::<Pair>().write(Pair { first, rest }) };
        Some(payload)
    }

    /// A name that is never collected.
    fn symbol(&mut self, text: &str) -> Value {
        let payload = self.heap.try_alloc_permanent(text.len(), TEXT)?;
        // SAFETY: a new object of so many bytes.
        unsafe { payload.copy_from_nonoverlapping(NonNull::from(text).cast(), text.len()) };
        Some(payload)
    }

    fn collect(&mut self) -> SweepReport {
        self.collections += 1;
        let mut grey: Vec<NonNull<u8>> = Vec::new();
        for root in self.roots.clone() {
            self.shade(root, &mut grey);
        }
        while let Some(object) = grey.pop() {
            // SAFETY: grey objects were reached from the roots, so they are live objects of this heap.
            unsafe {
                if self.heap.allocation(object).ty == PAIR {
                    let Pair { first, rest } = object.cast::<Pair>().read();
                    self.shade(first, &mut grey);
                    self.shade(rest, &mut grey);
                }
                self.heap.set_colour(object, Colour::BLACK);
            }
        }
        // SAFETY: a white object was not reached from the roots, so the program cannot use it.
        unsafe {
            self.heap.sweep(|_, _, object| match object.colour {
                Colour::WHITE => Sweep::Free,
                _ => Sweep::Keep(Colour::WHITE),
            })
        }
    }

    fn shade(&mut self, value: Value, grey: &mut Vec<NonNull<u8>>) {
        if let Some(object) = value {
            // SAFETY: a reference of the program names a live object of this heap.
            unsafe {
                if self.heap.colour(object) == Colour::WHITE {
                    self.heap.set_colour(object, Colour::GREY);
                    grey.push(object);
                }
            }
        }
    }

    fn len(&self, mut list: Value) -> usize {
        let mut len = 0;
        while let Some(pair) = list {
            len += 1;
            // SAFETY: the list is reachable, and made of pairs.
            list = unsafe { pair.cast::<Pair>().read() }.rest;
        }
        len
    }
}

fn main() -> Result<(), HeapError> {
    let mut machine = Machine::new(64 << 10)?;
    let name = machine.symbol("numbers");
    machine.roots.push(None);

    // 1,000 lists of 100 numbers as text, each the only one alive: 4 MB of garbage in 64 KiB.
    for round in 0..1000 {
        machine.roots[0] = None;
        for number in 0..100 {
            machine.roots.push(None);
            let text = machine.text(&format!("{round}.{number}"));
            *machine.roots.last_mut().expect("pushed above") = text;
            let list = machine.pair(text, machine.roots[0]);
            machine.roots.pop();
            machine.roots[0] = list;
        }
        assert_eq!(machine.len(machine.roots[0]), 100);
    }
    println!(
        "{} collections, {:?}",
        machine.collections,
        machine.heap.stats()
    );
    assert!(machine.collections > 50);
    assert_eq!(machine.heap.check(), Ok(()));

    // Fill it: the last allocation fails, and afterwards everything still works.
    let mut pairs = 0;
    while let Some(pair) = machine.pair(name, machine.roots[0]) {
        machine.roots[0] = Some(pair);
        pairs += 1;
    }
    println!("full with {pairs} more pairs: {:?}", machine.heap.stats());
    assert_eq!(machine.len(machine.roots[0]), 100 + pairs);
    machine.roots[0] = None;
    let report = machine.collect();
    println!("dropped: {report:?}");
    let left: Vec<_> = machine
        .heap
        .blocks()
        .filter(|block| matches!(block.state, BlockState::Used(_)))
        .collect();
    println!("what is left: {left:?}");
    assert_eq!(left.len(), 1);
    Ok(())
}
