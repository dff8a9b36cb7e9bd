//! Handles, finalizers, ephemerons, weak tables, ambiguous roots.

mod toy;

use ferrocil_gc::{HandleKind, HeapOptions, ObjectRef};
use toy::{Kind, Mutator, Vm, get, read, set, vm, write};

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
        set(object, 2, Some(node(&mutator, 8)));
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
    set(object, 2, Some(inner));
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
    set(loose, 2, Some(nodes[3]));
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
        set(array, 2 + 2 * index, Some(key));
        set(array, 3 + 2 * index, Some(value));
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
    set(value, 2, Some(key));
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
