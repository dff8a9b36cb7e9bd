//! A random mutator on every plan with every option, the heap verified before and after each
//! collection.

mod toy;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ferrocil_alloc::heap::{Compact, Wide};
use ferrocil_gc::{HandleId, HandleKind, Heap, HeapOptions, MarkSweep, ObjectRef, Plan};
use toy::{Kind, Mutator, ToyBinding, get, plan, read};

const ROOTS: usize = 24;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        // Knuth's constants for 64 bits; the high bits are good.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

struct Known {
    place: ObjectRef,
    /// An array has no room for its id.
    array: bool,
    fields: Vec<Option<u64>>,
}

/// What one thread knows about its objects.
struct World<'v, P: Plan<Binding = ToyBinding>> {
    mutator: Mutator<P>,
    random: Random,
    next: u64,
    known: HashMap<u64, Known>,
    roots: [Option<u64>; ROOTS],
    /// Roots are reported as pointers into the objects.
    ambiguous: bool,
    weak: Vec<(HandleId, u64)>,
    /// Objects of all threads whose finalizer has not been seen yet.
    registered: &'v Mutex<HashSet<u64>>,
}

impl<P: Plan<Binding = ToyBinding>> World<'_, P> {
    fn set_root(&mut self, root: usize, id: Option<u64>) {
        self.roots[root] = id;
        let place = id.map(|id| self.known[&id].place);
        if self.ambiguous {
            let inside = self.random.below(16);
            self.mutator.ambiguous()[root] = place.map_or(0, |place| place.addr() + inside);
        } else {
            self.mutator.roots()[root] = place;
        }
    }

    fn make(&mut self) {
        let (id, root) = (self.next, self.random.below(ROOTS));
        self.next += 1;
        let array = self.random.below(16) == 0;
        let count = if array {
            self.random.below(900)
        } else {
            self.random.below(8)
        };
        let made = if array {
            self.mutator.array(Kind::Refs, count)
        } else {
            self.mutator.node(count, id)
        };
        let place = made.expect("room");
        let fields = vec![None; count];
        self.known.insert(
            id,
            Known {
                place,
                array,
                fields,
            },
        );
        self.set_root(root, Some(id));
        if !array && self.random.below(20) == 0 {
            self.registered.lock().expect("set").insert(id);
            let vm = Arc::clone(&self.mutator.vm);
            vm.register_for_finalization(place).expect("room");
        }
        if self.random.below(20) == 0 {
            let weak = self.mutator.vm.alloc_handle(HandleKind::Weak, Some(place));
            self.weak.push((weak.expect("room"), id));
        }
    }

    /// Stores a root in a field of another, or null.
    fn link(&mut self) {
        let (to, from) = (self.random.below(ROOTS), self.random.below(ROOTS));
        let from = self.roots[from].filter(|_| self.random.below(8) != 0);
        let value = from.map(|id| self.known[&id].place);
        let Some(known) = self.roots[to].and_then(|id| self.known.get_mut(&id)) else {
            return;
        };
        if !known.fields.is_empty() {
            let field = self.random.below(known.fields.len());
            known.fields[field] = from;
            self.mutator.set(known.place, 2 + field, value);
        }
    }

    /// Moves what a field refers to into a root, and takes it out of the field: the only way to
    /// lead there may now be through objects that a marking has not seen.
    fn unlink(&mut self) {
        let (from, root) = (self.random.below(ROOTS), self.random.below(ROOTS));
        let Some(known) = self.roots[from].and_then(|id| self.known.get_mut(&id)) else {
            return;
        };
        let set = known.fields.iter().position(Option::is_some);
        if let Some(field) = set {
            let id = known.fields[field].take();
            let place = known.place;
            self.set_root(root, id);
            self.mutator.set(place, 2 + field, None);
        }
    }

    fn finalize(&self) {
        while let Some(object) = self.mutator.vm.pop_finalizable() {
            let known = self
                .registered
                .lock()
                .expect("set")
                .remove(&read(object, 1));
            assert!(known, "{object:?} was finalized twice, or never registered");
        }
    }

    /// Compares everything below the roots with the model, and forgets the rest.
    fn check(&mut self) {
        let mut live = HashSet::new();
        let mut work: Vec<u64> = self.roots.iter().flatten().copied().collect();
        while let Some(id) = work.pop() {
            if live.insert(id) {
                let known = &self.known[&id];
                let second = if known.array {
                    known.fields.len() as u64
                } else {
                    id
                };
                assert_eq!(read(known.place, 1), second);
                for (field, target) in known.fields.iter().enumerate() {
                    let place = target.map(|id| self.known[&id].place);
                    assert_eq!(get(known.place, 2 + field), place);
                }
                work.extend(known.fields.iter().flatten());
            }
        }
        for (weak, id) in self.weak.drain(..) {
            let target = self.mutator.vm.handle_target(weak).expect("a handle");
            if live.contains(&id) {
                assert_eq!(target, Some(self.known[&id].place));
            }
            assert!(self.mutator.vm.free_handle(weak));
        }
        self.known.retain(|id, _| live.contains(id));
    }

    fn run(&mut self, steps: usize) {
        self.mutator.roots().resize(ROOTS, None);
        self.mutator.ambiguous().resize(ROOTS, 0);
        for step in 0..steps {
            match self.random.below(16) {
                0..5 => self.make(),
                5..12 => self.link(),
                12..14 => self.unlink(),
                14 => {
                    let root = self.random.below(ROOTS);
                    self.set_root(root, None);
                }
                _ => self.finalize(),
            }
            self.mutator.safepoint();
            if step % 64 == 0 {
                self.mutator.vm.mark_step(8);
            }
            if step % 700 == 0 {
                self.mutator.vm.collect((step % 3) as u8);
            }
            if step % 256 == 0 {
                self.check();
            }
        }
        self.check();
    }
}

fn run<P: Plan<Binding = ToyBinding> + 'static>(name: &str, options: HeapOptions, threads: u64) {
    let vm = plan::<P>(options);
    let registered = Mutex::new(HashSet::new());
    let steps = 12_000 / threads as usize;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (vm, registered) = (&vm, &registered);
            scope.spawn(move || {
                let mut world = World {
                    mutator: Mutator::new(vm),
                    random: Random(thread + name.len() as u64),
                    next: thread << 32,
                    known: HashMap::new(),
                    roots: [None; ROOTS],
                    ambiguous: thread % 2 == 1,
                    weak: Vec::new(),
                    registered,
                };
                world.run(steps);
            });
        }
    });
    // Nothing is left, and each finalizer is seen once.
    let mutator = Mutator::new(&vm);
    let mut pending = usize::MAX;
    while pending != 0 {
        // What waits for its finalizer keeps what it refers to, so once is not enough.
        vm.collect(2);
        pending = vm.pending_finalizers();
        while let Some(object) = vm.pop_finalizable() {
            let known = registered.lock().expect("set").remove(&read(object, 1));
            assert!(known, "{name}: finalized twice, or never registered");
        }
    }
    assert!(registered.lock().expect("set").is_empty(), "{name}");
    vm.collect(2);
    assert!(mutator.objects().is_empty(), "{name}");
    assert!(vm.stats().collections[0] > 5, "{name}: {:?}", vm.stats());
}

#[test]
fn every_combination_of_plan_and_options() {
    let base = HeapOptions {
        verify: true,
        min_budget: 64 << 10,
        max_young: 32 << 10,
        growth_percent: 50,
        pause_target: Duration::ZERO,
        ..HeapOptions::new(2 << 20)
    };
    let mut combinations = 0;
    for threads in [1, 3] {
        for stress in [None, Some(11)] {
            for mark_stack_entries in [None, Some(64)] {
                let mut run = |name: &str, run: fn(&str, HeapOptions, u64), more: HeapOptions| {
                    combinations += 1;
                    let options = HeapOptions {
                        stress,
                        mark_stack_entries,
                        ..more
                    };
                    let name = format!(
                        "{name}, {threads} threads, stress {stress:?}, mark stack {mark_stack_entries:?}"
                    );
                    run(&name, options, threads);
                };
                for (generational, incremental) in [(false, false), (true, false), (true, true)] {
                    let more = HeapOptions {
                        generational,
                        incremental,
                        ..base.clone()
                    };
                    let name = format!("mark-region, {generational} {incremental}");
                    run(&name, self::run::<Heap<ToyBinding>>, more);
                }
                for step_bytes in [None, Some(4096)] {
                    let more = HeapOptions {
                        step_bytes,
                        ..base.clone()
                    };
                    let name = format!("mark-sweep, steps {step_bytes:?}");
                    run(
                        &name,
                        self::run::<MarkSweep<ToyBinding, Compact>>,
                        more.clone(),
                    );
                    run(&name, self::run::<MarkSweep<ToyBinding, Wide>>, more);
                }
            }
        }
    }
    assert_eq!(combinations, 56);
}
