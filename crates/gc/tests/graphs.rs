//! Random object graphs against a model.

mod toy;

use std::collections::{HashMap, HashSet};

use ferrocil_alloc::heap::{Compact, Wide};
use ferrocil_gc::{Heap, HeapOptions, MarkSweep, ObjectRef, Plan};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use toy::{Kind, Mutator, ToyBinding, get, plan, read};

const ROOTS: usize = 12;

#[derive(Clone, Debug)]
enum Step {
    /// Makes an object of a shape and size in a root.
    Make {
        root: usize,
        shape: u8,
        size: usize,
    },
    /// Stores root `from` in a field of root `to`.
    Link {
        to: usize,
        field: usize,
        from: usize,
    },
    /// Follows a field.
    Load {
        root: usize,
        from: usize,
        field: usize,
    },
    Drop {
        root: usize,
    },
    Collect,
    CollectYoung,
}

fn step() -> impl Strategy<Value = Step> {
    let root = 0..ROOTS;
    prop_oneof![
        8 => (root.clone(), 0..5u8, prop_oneof![6 => 0..8usize, 2 => 0..100usize, 1 => 0..4000usize, 1 => 0..20_000usize])
            .prop_map(|(root, shape, size)| Step::Make { root, shape, size }),
        8 => (root.clone(), any::<usize>(), root.clone()).prop_map(|(to, field, from)| Step::Link { to, field, from }),
        3 => (root.clone(), root.clone(), any::<usize>()).prop_map(|(root, from, field)| Step::Load { root, from, field }),
        2 => root.prop_map(|root| Step::Drop { root }),
        1 => Just(Step::Collect),
        3 => Just(Step::CollectYoung),
    ]
}

/// The model's idea of an object: its fields, as word indexes, and ids.
struct Model {
    fields: Vec<(usize, Option<u64>)>,
}

#[derive(Default)]
struct World {
    objects: HashMap<u64, Model>,
    roots: [Option<u64>; ROOTS],
    /// Where each object is (objects do not move).
    places: HashMap<u64, ObjectRef>,
    next: u64,
}

impl World {
    fn reachable(&self) -> HashSet<u64> {
        let mut seen = HashSet::new();
        let mut work: Vec<u64> = self.roots.iter().flatten().copied().collect();
        while let Some(id) = work.pop() {
            if seen.insert(id) {
                work.extend(self.objects[&id].fields.iter().filter_map(|field| field.1));
            }
        }
        seen
    }

    /// Compares the heap below the roots with the model.
    fn check<P: Plan<Binding = ToyBinding>>(&self, mutator: &Mutator<P>, exact: bool) {
        let live = self.reachable();
        for (slot, id) in mutator.roots().iter().zip(self.roots) {
            assert_eq!(*slot, id.map(|id| self.places[&id]));
        }
        for id in &live {
            let object = self.places[id];
            for (index, target) in &self.objects[id].fields {
                assert_eq!(get(object, *index), target.map(|id| self.places[&id]));
            }
        }
        let report = mutator.vm.verify().expect("a sound heap");
        assert!(report.objects >= live.len());
        if exact {
            let objects: HashSet<_> = mutator.objects().into_iter().collect();
            let expected: HashSet<_> = live.iter().map(|id| self.places[id]).collect();
            assert_eq!(objects, expected, "exactly the reachable objects are left");
        }
    }
}

fn run(steps: &[Step], options: HeapOptions) {
    run_on::<Heap<ToyBinding>>(steps, options);
}

fn run_on<P: Plan<Binding = ToyBinding>>(steps: &[Step], options: HeapOptions) {
    let vm = plan::<P>(options);
    let mutator = Mutator::new(&vm);
    let mut world = World::default();
    mutator.roots().resize(ROOTS, None);
    for step in steps {
        match *step {
            Step::Make { root, shape, size } => {
                let id = world.next;
                world.next += 1;
                let (object, fields): (_, Vec<usize>) = match shape {
                    0 => (mutator.node(size % 40, id), (2..2 + size % 40).collect()),
                    1 => (mutator.runs(id), vec![2, 3, 5, 6]),
                    2 => (mutator.array(Kind::Refs, size), (2..2 + size).collect()),
                    3 => (mutator.array(Kind::Bytes, size * 5), vec![]),
                    _ => (
                        mutator.array(Kind::Values, size / 3),
                        (0..size / 3).flat_map(|n| [2 + 3 * n, 4 + 3 * n]).collect(),
                    ),
                };
                let Ok(object) = object else {
                    world.check(&mutator, true);
                    continue;
                };
                if shape < 2 {
                    assert_eq!(read(object, 1), id);
                }
                world.objects.insert(
                    id,
                    Model {
                        fields: fields.into_iter().map(|index| (index, None)).collect(),
                    },
                );
                world.places.insert(id, object);
                world.roots[root] = Some(id);
                mutator.roots()[root] = Some(object);
            }
            Step::Link { to, field, from } => {
                if let (Some(to), from) = (world.roots[to], world.roots[from]) {
                    let place = world.places[&to];
                    let value = from.map(|id| world.places[&id]);
                    if let Some(model) = world.objects.get_mut(&to)
                        && !model.fields.is_empty()
                    {
                        let count = model.fields.len();
                        let entry = &mut model.fields[field % count];
                        entry.1 = from;
                        mutator.set(place, entry.0, value);
                    }
                }
            }
            Step::Load { root, from, field } => {
                if let Some(id) = world.roots[from] {
                    let fields = &world.objects[&id].fields;
                    if !fields.is_empty() {
                        let (index, target) = fields[field % fields.len()];
                        world.roots[root] = target;
                        mutator.roots()[root] = get(world.places[&id], index);
                    }
                }
            }
            Step::Drop { root } => {
                world.roots[root] = None;
                mutator.roots()[root] = None;
            }
            Step::Collect => {
                vm.collect(2);
                world.check(&mutator, true);
            }
            Step::CollectYoung => {
                vm.collect(0);
                world.check(&mutator, false);
            }
        }
    }
    vm.collect(2);
    world.check(&mutator, true);
}

fn options(max: usize) -> HeapOptions {
    HeapOptions {
        verify: true,
        min_budget: 64 << 10,
        ..HeapOptions::new(max)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_heap_holds_what_the_model_holds(steps in vec(step(), 1..300)) {
        run(&steps, options(4 << 20));
    }

    #[test]
    fn also_when_memory_is_short(steps in vec(step(), 1..200)) {
        run(&steps, options(768 << 10));
    }

    #[test]
    fn also_when_every_third_allocation_collects(steps in vec(step(), 1..150)) {
        run(&steps, HeapOptions { stress: Some(3), ..options(4 << 20) });
    }

    #[test]
    fn also_with_a_tiny_mark_stack(steps in vec(step(), 1..150)) {
        run(&steps, HeapOptions { mark_stack_entries: Some(16), ..options(4 << 20) });
    }

    #[test]
    fn also_with_generations(steps in vec(step(), 1..300)) {
        run(&steps, HeapOptions { generational: true, ..options(4 << 20) });
    }

    #[test]
    fn also_with_generations_and_little_of_everything(steps in vec(step(), 1..200)) {
        let options = options(768 << 10);
        run(&steps, HeapOptions { generational: true, max_young: 40 << 10, mark_stack_entries: Some(16), ..options });
    }

    #[test]
    fn also_on_a_coalescing_heap(steps in vec(step(), 1..300)) {
        run_on::<MarkSweep<ToyBinding, Compact>>(&steps, options(4 << 20));
    }

    #[test]
    fn also_on_a_small_one_in_steps(steps in vec(step(), 1..200)) {
        let options = HeapOptions { step_bytes: Some(2048), min_budget: 4096, ..options(768 << 10) };
        run_on::<MarkSweep<ToyBinding, Wide>>(&steps, options);
    }
}
