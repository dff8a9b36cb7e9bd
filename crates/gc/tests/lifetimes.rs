//! Handles, finalizers, ephemerons, weak tables, ambiguous roots.

mod toy;

use ferrocil_gc::{HandleKind, HeapOptions, LineUse, ObjectRef, Plan as _};
use toy::{Kind, Mutator, Vm, get, read, vm, write};

fn small() -> (Vm, Mutator) {
    let vm = vm(HeapOptions {
        verify: true,
        ..HeapOptions::new(8 << 20)
    });
    let mutator = Mutator::new(&vm);
    (vm, mutator)
}

fn node(mutator: &Mutator, payload: u64) -> ObjectRef {
    mutator.node(2, payload).expect("room")
}

#[test]
fn normal_and_pinned_handles_keep_their_object() {
    let (vm, mutator) = small();
    for kind in [HandleKind::Normal, HandleKind::Pinned] {
        let object = node(&mutator, 7);
        mutator.set(object, 2, Some(node(&mutator, 8)));
        let id = vm.alloc_handle(kind, Some(object)).expect("room");
        vm.collect(2);
        assert_eq!(vm.handle_target(id), Some(Some(object)));
        assert_eq!(get(object, 2).map(|inner| read(inner, 1)), Some(8));
        assert!(vm.free_handle(id));
        assert_eq!(vm.handle_target(id), None);
        vm.collect(2);
        assert!(mutator.objects().is_empty());
    }
}

#[test]
fn weak_handles_let_go() {
    let (vm, mutator) = small();
    let object = node(&mutator, 1);
    let short = vm
        .alloc_handle(HandleKind::Weak, Some(object))
        .expect("room");
    let long = vm
        .alloc_handle(HandleKind::WeakTrackResurrection, Some(object))
        .expect("room");
    let root = mutator.root(object);
    vm.collect(2);
    assert_eq!(vm.handle_target(short), Some(Some(object)));
    mutator.roots()[root] = None;
    vm.collect(2);
    assert_eq!(vm.handle_target(short), Some(None));
    assert_eq!(vm.handle_target(long), Some(None));
    let other = node(&mutator, 2);
    assert!(vm.set_handle_target(short, Some(other)));
    assert_eq!(vm.handle_target(short), Some(Some(other)));
}

#[test]
fn a_finalizable_object_resurrects_what_it_refers_to() {
    let (vm, mutator) = small();
    let object = node(&mutator, 1);
    let inner = node(&mutator, 2);
    mutator.set(object, 2, Some(inner));
    vm.register_for_finalization(object).expect("room");
    let short = vm
        .alloc_handle(HandleKind::Weak, Some(inner))
        .expect("room");
    let long = vm
        .alloc_handle(HandleKind::WeakTrackResurrection, Some(inner))
        .expect("room");
    mutator.toy_table().push(Some(inner));
    vm.collect(2);
    assert_eq!(
        vm.handle_target(short),
        Some(None),
        "short weak references go before finalization"
    );
    assert_eq!(vm.handle_target(long), Some(Some(inner)));
    assert_eq!(mutator.toy_table()[0], Some(inner));
    assert_eq!(*vm.binding().0.finalizer_wakeups.lock().expect("count"), 1);
    vm.collect(2);
    assert_eq!(vm.pending_finalizers(), 1, "the queue is a root");
    let ready = vm.pop_finalizable().expect("one is ready");
    assert_eq!(ready, object);
    assert_eq!(get(ready, 2).map(|inner| read(inner, 1)), Some(2));
    assert_eq!(vm.pop_finalizable(), None);
    vm.collect(2);
    assert_eq!(vm.handle_target(long), Some(None));
    assert_eq!(mutator.toy_table()[0], None);
    assert!(mutator.objects().is_empty());
}

#[test]
fn finalizers_come_in_the_order_of_registration() {
    let (vm, mutator) = small();
    for payload in 0..50 {
        vm.register_for_finalization(node(&mutator, payload))
            .expect("room");
    }
    vm.collect(2);
    let order: Vec<u64> = std::iter::from_fn(|| vm.pop_finalizable())
        .map(|object| read(object, 1))
        .collect();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
}

#[test]
fn suppressed_and_registered_again() {
    let (vm, mutator) = small();
    let suppressed = node(&mutator, 1);
    let again = node(&mutator, 2);
    let twice = node(&mutator, 3);
    for object in [suppressed, again, twice, twice] {
        vm.register_for_finalization(object).expect("room");
    }
    vm.suppress_finalization(suppressed);
    vm.suppress_finalization(again);
    vm.register_for_finalization(again).expect("room");
    vm.collect(2);
    let order: Vec<u64> = std::iter::from_fn(|| vm.pop_finalizable())
        .map(|object| read(object, 1))
        .collect();
    assert_eq!(order, [2, 3, 3]);
}

#[test]
fn a_finalizer_may_resurrect_and_register_again() {
    let (vm, mutator) = small();
    let object = node(&mutator, 1);
    vm.register_for_finalization(object).expect("room");
    vm.collect(2);
    let resurrected = vm.pop_finalizable().expect("ready");
    let root = mutator.root(resurrected);
    vm.register_for_finalization(resurrected).expect("room");
    vm.collect(2);
    assert_eq!(vm.pop_finalizable(), None, "it is reachable");
    mutator.roots()[root] = None;
    vm.collect(2);
    assert_eq!(vm.pop_finalizable(), Some(object));
}

#[test]
fn reachable_objects_are_finalized_at_unload() {
    let (vm, mutator) = small();
    for payload in 0..4 {
        let object = node(&mutator, payload);
        mutator.root(object);
        vm.register_for_finalization(object).expect("room");
    }
    assert_eq!(vm.finalize_where(|object| read(object, 1) % 2 == 1), 2);
    let order: Vec<u64> = std::iter::from_fn(|| vm.pop_finalizable())
        .map(|object| read(object, 1))
        .collect();
    assert_eq!(order, [1, 3]);
}

fn ephemeron(array: ObjectRef, index: usize) -> (Option<ObjectRef>, Option<ObjectRef>) {
    (get(array, 2 + 2 * index), get(array, 3 + 2 * index))
}

#[test]
fn ephemerons_live_with_their_keys() {
    let (vm, mutator) = small();
    let tombstone = node(&mutator, 99);
    vm.binding().0.tombstone.set(tombstone).expect("first");
    let array = mutator.array(Kind::Ephemerons, 4).expect("room");
    mutator.root(array);
    // keys[0] is alive; value 0 is key 1; value 1 is key 2; key 3 is its own value's only referent.
    let nodes: Vec<ObjectRef> = (0..4).map(|n| node(&mutator, n)).collect();
    let loose = node(&mutator, 10);
    mutator.set(loose, 2, Some(nodes[3]));
    // In an order that needs several rounds.
    for (index, (key, value)) in [
        (nodes[2], loose),
        (nodes[1], nodes[2]),
        (nodes[0], nodes[1]),
        (nodes[3], nodes[3]),
    ]
    .into_iter()
    .enumerate()
    {
        mutator.set(array, 2 + 2 * index, Some(key));
        mutator.set(array, 3 + 2 * index, Some(value));
    }
    let root = mutator.root(nodes[0]);
    vm.collect(2);
    assert_eq!(ephemeron(array, 0), (Some(nodes[2]), Some(loose)));
    assert_eq!(
        ephemeron(array, 3),
        (Some(nodes[3]), Some(nodes[3])),
        "key 3 hangs on the value of key 2"
    );
    mutator.roots()[root] = None;
    vm.collect(2);
    for index in 0..4 {
        assert_eq!(ephemeron(array, index), (Some(tombstone), None));
    }
    assert_eq!(mutator.objects().len(), 2);
}

#[test]
fn dependent_handles_are_ephemerons() {
    let (vm, mutator) = small();
    let key = node(&mutator, 1);
    let value = node(&mutator, 2);
    let second = node(&mutator, 3);
    mutator.set(value, 2, Some(key));
    let root = mutator.root(key);
    let id = vm
        .alloc_dependent_handle(Some(key), Some(value))
        .expect("room");
    // A chain through a second handle, made first in slot order by reuse.
    let chained = vm
        .alloc_dependent_handle(Some(value), Some(second))
        .expect("room");
    vm.collect(2);
    assert_eq!(vm.handle_dependent(id), Some(Some(value)));
    assert_eq!(vm.handle_dependent(chained), Some(Some(second)));
    mutator.roots()[root] = None;
    vm.collect(2);
    assert_eq!(vm.handle_target(id), Some(None));
    assert_eq!(vm.handle_dependent(id), Some(None));
    assert!(mutator.objects().is_empty());
}

#[test]
fn ambiguous_words_keep_objects_by_interior_pointers() {
    let (vm, mutator) = small();
    let mut words = Vec::new();
    let mut kept = Vec::new();
    for n in 0..200u64 {
        let object = match n % 3 {
            0 => node(&mutator, n),
            1 => mutator.array(Kind::Bytes, 8000).expect("room"),
            _ => mutator.array(Kind::Bytes, 20_000).expect("room"),
        };
        if n % 2 == 0 {
            kept.push(object);
            words.push(object.addr() + [0, 5, 17, 31][n as usize % 4]);
        }
    }
    words.extend([0, 1, usize::MAX, kept[0].addr() - 4096 * 8, 0x1000]);
    *mutator.ambiguous() = words;
    vm.collect(2);
    kept.sort();
    assert_eq!(mutator.objects().len(), 100);
    vm.collect(2);
    let mut left = mutator.objects();
    left.sort();
    assert_eq!(left, kept, "also when the objects are old");
}

#[test]
fn one_past_the_end_keeps_an_object_if_no_other_begins_there() {
    let (vm, mutator) = small();
    let alone = mutator.array(Kind::Bytes, 100).expect("room");
    mutator.ambiguous().push(alone.addr() + 120);
    vm.collect(2);
    assert_eq!(mutator.objects(), [alone]);
}

#[test]
fn ambiguous_objects_are_scanned_word_by_word() {
    let (vm, mutator) = small();
    let words = mutator.array(Kind::Words, 3).expect("room");
    let inner = node(&mutator, 5);
    write(words, 3, inner.addr() as u64 + 9);
    write(words, 4, 12345);
    mutator.root(words);
    vm.collect(2);
    assert_eq!(mutator.objects().len(), 2);
    assert_eq!(read(inner, 1), 5);
}

#[test]
fn generations_are_reported() {
    let (vm, mutator) = small();
    let object = node(&mutator, 1);
    mutator.root(object);
    assert_eq!(vm.generation(object), 0);
    let large = mutator.array(Kind::Bytes, 85_000).expect("room");
    assert_eq!(vm.generation(large), 2);
    let middle = mutator.array(Kind::Bytes, 50_000).expect("room");
    assert_eq!(vm.generation(middle), 0);
    vm.collect(2);
    assert_eq!(vm.generation(object), vm.max_generation());
    assert_eq!(vm.collection_count(0), 1);
    assert_eq!(vm.collection_count(2), 1);
}

#[test]
fn records_say_what_happened() {
    let (vm, mutator) = small();
    let object = node(&mutator, 1);
    mutator.root(object);
    mutator.array(Kind::Bytes, 100_000).expect("room");
    vm.collect(2);
    let record = vm.last_collection().expect("a record");
    assert_eq!((record.marked_objects, record.marked_bytes), (1, 32));
    assert!(record.bytes_before >= 100_000);
    assert_eq!(vm.used_bytes(), 32);
    let line = record.to_string();
    assert!(line.starts_with("gc 1 gen2 requested: 0."), "{line}");
    assert_eq!(
        vm.binding().0.records.lock().expect("records").as_slice(),
        [record]
    );
}

#[test]
fn memory_pressure_brings_a_collection_forward() {
    let (vm, mutator) = small();
    vm.add_memory_pressure(64 << 20);
    for _ in 0..3000 {
        node(&mutator, 0);
    }
    assert_eq!(
        vm.collection_count(0),
        1,
        "once: pressure counts from the last collection"
    );
    vm.remove_memory_pressure(usize::MAX);
}

fn generational() -> (Vm, Mutator) {
    let vm = vm(HeapOptions {
        verify: true,
        generational: true,
        ..HeapOptions::new(8 << 20)
    });
    let mutator = Mutator::new(&vm);
    (vm, mutator)
}

#[test]
fn a_young_collection_keeps_old_garbage_and_takes_young() {
    let (vm, mutator) = generational();
    let old = node(&mutator, 1);
    let root = mutator.root(old);
    vm.collect(0);
    assert_eq!(vm.generation(old), 2);
    mutator.roots()[root] = None;
    node(&mutator, 2);
    vm.collect(0);
    assert_eq!(mutator.objects(), [old]);
    assert_eq!(vm.used_bytes(), 32);
    assert_eq!(
        (
            vm.collection_count(0),
            vm.collection_count(1),
            vm.collection_count(2)
        ),
        (2, 0, 0)
    );
    vm.collect(1);
    vm.collect(2);
    assert!(mutator.objects().is_empty());
    assert_eq!(
        (
            vm.collection_count(0),
            vm.collection_count(1),
            vm.collection_count(2)
        ),
        (4, 2, 1)
    );
}

#[test]
fn young_objects_live_through_fields_of_old_ones_of_every_shape() {
    let (vm, mutator) = generational();
    let kinds = [Kind::Refs, Kind::Values, Kind::Words];
    let mut holders = vec![
        (node(&mutator, 0), vec![2, 3]),
        (mutator.runs(0).expect("room"), vec![2, 3, 5, 6]),
    ];
    for kind in kinds {
        for len in [1usize, 40, 900, 3000, 20_000] {
            let stride = if kind == Kind::Values { 3 } else { 1 };
            let fields = [0, len / 3, len / 2, len - 1]
                .map(|n| 2 + n * stride)
                .to_vec();
            holders.push((mutator.array(kind, len).expect("room"), fields));
        }
    }
    for (holder, _) in &holders {
        mutator.root(*holder);
    }
    for round in 0..3u64 {
        vm.collect(0);
        let mut payload = round * 1000;
        for (holder, fields) in &holders {
            for field in fields {
                payload += 1;
                let young = node(&mutator, payload);
                mutator.set(*holder, *field, Some(young));
            }
        }
        vm.collect(0);
        let record = vm.last_collection().expect("record");
        assert!(record.marked_objects > 0 && record.marked_objects <= payload - round * 1000);
        let mut last = std::collections::HashMap::new();
        let mut payload = round * 1000;
        for (holder, fields) in &holders {
            for field in fields {
                payload += 1;
                last.insert((*holder, *field), payload);
            }
        }
        for ((holder, field), payload) in last {
            assert_eq!(
                get(holder, field).map(|young| read(young, 1)),
                Some(payload)
            );
        }
    }
}

#[test]
fn a_range_barrier_covers_a_copy() {
    let (vm, mutator) = generational();
    let array = mutator.array(Kind::Refs, 5000).expect("room");
    mutator.root(array);
    vm.collect(0);
    for n in 100..200u64 {
        let young = node(&mutator, n);
        // The copy of one element, whose barrier came with that of all.
        vm.write_barrier_range(array.addr() + 16 + 8 * 100, 800);
        write(array, 2 + n as usize, young.addr() as u64);
    }
    vm.collect(0);
    for n in 100..200 {
        assert_eq!(
            get(array, 2 + n as usize).map(|young| read(young, 1)),
            Some(n)
        );
    }
    // Addresses outside the heap do no harm.
    vm.write_barrier(0);
    vm.write_barrier(usize::MAX);
    vm.write_barrier_range(array.addr(), usize::MAX);
}

#[test]
fn old_ephemerons_with_young_keys() {
    let (vm, mutator) = generational();
    let array = mutator.array(Kind::Ephemerons, 2).expect("room");
    mutator.root(array);
    vm.collect(0);
    let (kept, dropped) = (node(&mutator, 1), node(&mutator, 2));
    let root = mutator.root(kept);
    for (index, key) in [kept, dropped].into_iter().enumerate() {
        let value = node(&mutator, 10);
        mutator.set(value, 2, Some(key));
        mutator.set(array, 2 + 2 * index, Some(key));
        mutator.set(array, 3 + 2 * index, Some(value));
    }
    vm.collect(0);
    assert_eq!(ephemeron(array, 0).0, Some(kept));
    assert_eq!(ephemeron(array, 0).1.map(|value| read(value, 1)), Some(10));
    assert_eq!(ephemeron(array, 1), (None, None));
    mutator.roots()[root] = None;
    vm.collect(0);
    assert_eq!(
        ephemeron(array, 0).0,
        Some(kept),
        "old keys wait for a full collection"
    );
    vm.collect(2);
    assert_eq!(ephemeron(array, 0), (None, None));
}

#[test]
fn young_finalizable_and_weakly_held_objects() {
    let (vm, mutator) = generational();
    let old = node(&mutator, 1);
    vm.register_for_finalization(old).expect("room");
    let root = mutator.root(old);
    let weak_old = vm.alloc_handle(HandleKind::Weak, Some(old)).expect("room");
    vm.collect(0);
    mutator.roots()[root] = None;
    let young = node(&mutator, 2);
    vm.register_for_finalization(young).expect("room");
    let weak_young = vm
        .alloc_handle(HandleKind::Weak, Some(young))
        .expect("room");
    vm.collect(0);
    assert_eq!(vm.handle_target(weak_old), Some(Some(old)));
    assert_eq!(vm.handle_target(weak_young), Some(None));
    assert_eq!(vm.pop_finalizable(), Some(young));
    assert_eq!(vm.pop_finalizable(), None);
    vm.collect(2);
    assert_eq!(vm.pop_finalizable(), Some(old));
    assert_eq!(vm.handle_target(weak_old), Some(None));
}

#[test]
fn full_collections_come_by_themselves() {
    let vm = vm(HeapOptions {
        verify: true,
        generational: true,
        max_young: 128 << 10,
        min_budget: 1 << 20,
        ..HeapOptions::new(16 << 20)
    });
    let mutator = Mutator::new(&vm);
    let first = mutator.root(node(&mutator, 0));
    // Each node survives for a while: old garbage grows.
    for n in 0..200_000 {
        let object = node(&mutator, n);
        mutator.roots()[first] = Some(object);
        if n % 16 == 0 {
            mutator.root(object);
        }
        if mutator.roots().len() > 2000 {
            mutator.roots().truncate(1);
        }
    }
    assert!(vm.collection_count(0) > vm.collection_count(2));
    assert!(vm.stats().committed_bytes < 8 << 20);
}

#[test]
fn young_objects_are_finalized_after_old_ones_were_taken() {
    let (vm, mutator) = generational();
    for payload in 0..10 {
        let old = node(&mutator, payload);
        mutator.root(old);
        vm.register_for_finalization(old).expect("room");
    }
    vm.collect(0);
    assert_eq!(vm.finalize_where(|object| read(object, 1) < 8), 8);
    for payload in 10..14 {
        vm.register_for_finalization(node(&mutator, payload))
            .expect("room");
    }
    vm.collect(0);
    let order: Vec<u64> = std::iter::from_fn(|| vm.pop_finalizable())
        .map(|object| read(object, 1))
        .collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]);
}

#[test]
fn a_picture_shows_what_each_line_is_used_for() {
    let (vm, mutator) = small();
    let old = node(&mutator, 1);
    mutator.root(old);
    let middle = mutator.array(Kind::Bytes, 50_000).expect("room");
    mutator.root(middle);
    vm.collect(2);
    let young = node(&mutator, 2);
    let large = mutator.array(Kind::Bytes, 200_000).expect("room");
    let mut seen = Vec::new();
    let picture = vm.picture(|object| seen.push((object.object, object.old)));
    seen.sort_by_key(|(object, _)| object.addr());
    let mut expected = vec![(old, true), (middle, true), (young, false), (large, true)];
    expected.sort_by_key(|(object, _)| object.addr());
    assert_eq!(seen, expected);
    assert_eq!((picture.objects, picture.old_objects), (4, 3));
    assert_eq!(picture.runs, 2);
    assert_eq!(picture.count(LineUse::Old), 1);
    assert_eq!(picture.count(LineUse::Young), 1);
    let pages = |bytes: usize| bytes.div_ceil(4096) * 32;
    assert_eq!(picture.count(LineUse::OldRun), pages(50_000));
    assert_eq!(picture.count(LineUse::Large), pages(200_000));
    assert_eq!(picture.count(LineUse::Hole), picture.blocks * 256 - 2);
    let holes: usize = picture.holes().iter().sum();
    assert!((1..=3).contains(&holes), "{:?}", picture.holes());
    // Taking it changes nothing.
    assert_eq!(vm.picture(|_| ()), picture);
}
