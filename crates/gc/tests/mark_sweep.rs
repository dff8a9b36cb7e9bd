//! The mark-sweep plan: its colours, steps, barrier and limits, and what it shares with the other.

mod toy;

use std::sync::Arc;

use ferrocil_alloc::heap::{Compact, Wide};
use ferrocil_gc::{
    BarrierDescriptor, HandleKind, HeapError, HeapOptions, MarkSweep, ObjectRef, Plan, Reason,
    VerifyError,
};
use toy::{Kind, Mutator, ToyBinding, get, plan, read, write};

type Plain = MarkSweep<ToyBinding, Compact>;

fn options(max_bytes: usize) -> HeapOptions {
    HeapOptions {
        verify: true,
        min_budget: 64 << 10,
        ..HeapOptions::new(max_bytes)
    }
}

/// Markings begin and go on when a test asks for it.
fn stepping() -> (Arc<Plain>, Mutator<Plain>) {
    let vm = plan(HeapOptions {
        step_bytes: Some(1 << 30),
        min_budget: 4 << 20,
        ..options(4 << 20)
    });
    let mutator = Mutator::new(&vm);
    (vm, mutator)
}

fn node(mutator: &Mutator<Plain>, payload: u64) -> ObjectRef {
    mutator.node(2, payload).expect("room")
}

/// A root with a list behind it that is too long for one step, and the head of the list. The
/// marking has begun.
fn begin(mutator: &Mutator<Plain>) -> (ObjectRef, ObjectRef) {
    let root = node(mutator, 0);
    mutator.root(root);
    let mut next = None;
    for n in 1..20_000 {
        let object = node(mutator, n);
        mutator.set(object, 2, next);
        mutator.set(root, 2, Some(object));
        next = Some(object);
    }
    mutator.vm.begin_marking();
    assert!(mutator.vm.mark_step(1), "a marking goes on");
    (root, next.expect("a list"))
}

fn finish(vm: &Plain) {
    let mut steps = 0;
    while vm.mark_step(500) {
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
}

#[test]
fn a_marking_in_steps_frees_what_died_and_keeps_what_was_made() {
    let (vm, mutator) = stepping();
    let (root, _) = begin(&mutator);
    let before = vm.stats().collections[2];
    // Cut off while white, made while marking, and dead before it ends.
    let dead = node(&mutator, 1 << 20);
    let kept = node(&mutator, 2 << 20);
    mutator.set(root, 3, Some(kept));
    let weak = vm.alloc_handle(HandleKind::Weak, Some(dead)).expect("room");
    finish(&vm);
    assert_eq!(vm.stats().collections[2], before + 1);
    let record = vm.last_collection().expect("one has ended");
    assert_eq!(
        (record.reason, record.marked_objects),
        (Reason::Budget, 20_001)
    );
    assert_eq!(vm.handle_target(weak), Some(None));
    assert_eq!(get(root, 3).map(|object| read(object, 1)), Some(2 << 20));
    assert!(!vm.mark_step(1), "nothing goes on");
}

#[test]
fn a_store_to_a_black_object_is_seen() {
    let (vm, mutator) = stepping();
    let (root, head) = begin(&mutator);
    // The root is black by now, the end of the list white. Hide it behind the root.
    assert!(vm.mark_step(10));
    let mut last = head;
    while let Some(next) = get(last, 2)
        && get(next, 2).is_some()
    {
        last = next;
    }
    let hidden = get(last, 2).expect("the list's last");
    mutator.set(root, 3, Some(hidden));
    mutator.set(last, 2, None);
    finish(&vm);
    assert_eq!(get(root, 3).map(|object| read(object, 1)), Some(1));
    assert_eq!(vm.verify().map(|report| report.objects), Ok(20_000));
}

#[test]
fn a_store_without_the_barrier_is_found() {
    let (vm, mutator) = stepping();
    let (root, head) = begin(&mutator);
    assert!(vm.mark_step(10));
    let mut last = head;
    while let Some(next) = get(last, 2) {
        last = next;
    }
    write(root, 3, last.addr() as u64);
    assert_eq!(
        vm.verify(),
        Err(VerifyError::BlackToWhite {
            object: root,
            offset: 24,
            value: last.addr()
        })
    );
    // Repaired, as far as this test is concerned.
    vm.write_barrier(root.addr() + 24);
    assert!(vm.verify().is_ok());
}

#[test]
fn a_store_to_the_scanned_part_of_a_long_array_is_seen() {
    let (vm, mutator) = stepping();
    let array = mutator.array(Kind::Refs, 60_000).expect("room");
    mutator.root(array);
    let filler = node(&mutator, 5);
    mutator.set(array, 2, Some(filler));
    vm.begin_marking();
    assert!(vm.mark_step(20), "an array of 118 pieces");
    // Grey: its first pieces have been scanned.
    mutator.set(array, 3, Some(node(&mutator, 6)));
    let mut steps = 0;
    while vm.mark_step(20) {
        steps += 1;
    }
    assert!(steps >= 3, "{steps}");
    assert_eq!(get(array, 3).map(|object| read(object, 1)), Some(6));
    assert_eq!(mutator.objects().len(), 3);
}

#[test]
fn allocation_pays_for_the_steps() {
    let vm = plan::<Plain>(HeapOptions {
        step_bytes: Some(8 << 10),
        ..options(4 << 20)
    });
    let mutator = Mutator::new(&vm);
    let root = mutator.root(node(&mutator, 0));
    for n in 0..200_000u64 {
        let object = node(&mutator, n);
        // Lists of a thousand.
        let next = mutator.roots()[root].filter(|_| n % 1000 != 0);
        mutator.set(object, 2, next);
        mutator.roots()[root] = Some(object);
    }
    let stats = vm.stats();
    assert!(stats.collections[2] > 20, "{stats:?}");
    assert_eq!(
        vm.last_collection().map(|record| record.reason),
        Some(Reason::Budget)
    );
}

#[test]
fn the_barrier_is_data_for_a_compiler() {
    let (vm, mutator) = stepping();
    let (root, _) = begin(&mutator);
    let BarrierDescriptor::UnloggedLine {
        table,
        heap_start,
        shift,
        unlogged,
        logged,
        block_table,
        block_shift,
        ..
    } = vm.barrier_descriptor()
    else {
        panic!("steps need a barrier");
    };
    let slot = root.addr() + 24 - heap_start;
    let at = |addr: usize| std::ptr::with_exposed_provenance_mut::<u8>(addr);
    let (line, block) = (
        at(table + (slot >> shift)),
        at(block_table + (slot >> block_shift)),
    );
    let kept = node(&mutator, 7);
    // SAFETY: the bytes that the descriptor names.
    unsafe {
        if line.read() == unlogged {
            line.write(logged);
            block.write(1);
        }
    }
    write(root, 3, kept.addr() as u64);
    finish(&vm);
    assert_eq!(get(root, 3).map(|object| read(object, 1)), Some(7));
    let without = plan::<Plain>(options(1 << 20));
    assert_eq!(without.barrier_descriptor(), BarrierDescriptor::None);
}

#[test]
fn weak_references_and_finalizers() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    let (object, inner) = (node(&mutator, 1), node(&mutator, 2));
    mutator.set(object, 2, Some(inner));
    vm.register_for_finalization(object).expect("room");
    let short = vm
        .alloc_handle(HandleKind::Weak, Some(inner))
        .expect("room");
    let long = vm
        .alloc_handle(HandleKind::WeakTrackResurrection, Some(inner))
        .expect("room");
    mutator.toy_table().push(Some(inner));
    vm.collect(0);
    assert_eq!(
        vm.handle_target(short),
        Some(None),
        "short ones go before finalization"
    );
    assert_eq!(vm.handle_target(long), Some(Some(inner)));
    assert_eq!(mutator.toy_table()[0], Some(inner));
    assert_eq!(vm.pop_finalizable(), Some(object));
    assert_eq!(get(object, 2).map(|inner| read(inner, 1)), Some(2));
    vm.collect(0);
    assert_eq!(
        (vm.handle_target(long), mutator.toy_table()[0]),
        (Some(None), None)
    );
    assert!(mutator.objects().is_empty());
}

#[test]
fn ephemerons_and_dependent_handles() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    let array = mutator.array(Kind::Ephemerons, 2).expect("room");
    mutator.root(array);
    let (key, value, second) = (node(&mutator, 1), node(&mutator, 2), node(&mutator, 3));
    // The value keeps its own key, which must not count.
    mutator.set(value, 2, Some(key));
    mutator.set(array, 2, Some(key));
    mutator.set(array, 3, Some(value));
    let dependent = vm
        .alloc_dependent_handle(Some(value), Some(second))
        .expect("room");
    let root = mutator.root(key);
    vm.collect(2);
    assert_eq!(mutator.objects().len(), 4);
    assert_eq!(vm.handle_dependent(dependent), Some(Some(second)));
    mutator.roots()[root] = None;
    vm.collect(2);
    assert_eq!((get(array, 2), get(array, 3)), (None, None));
    assert_eq!(vm.handle_dependent(dependent), Some(None));
    assert_eq!(mutator.objects(), [array]);
}

#[test]
fn ambiguous_words_keep_objects_by_interior_pointers() {
    let vm = plan::<Plain>(HeapOptions {
        min_budget: 1 << 20,
        ..options(2 << 20)
    });
    let mutator = Mutator::new(&vm);
    let long = mutator.array(Kind::Bytes, 200_000).expect("room");
    let small: Vec<ObjectRef> = (0..100).map(|n| node(&mutator, n)).collect();
    mutator.ambiguous().extend([
        long.addr() + 150_000,
        small[10].addr() + 31,
        small[20].addr() + 32,
    ]);
    mutator
        .ambiguous()
        .extend([8, usize::MAX, long.addr() ^ 1 << 40]);
    let words = mutator.array(Kind::Words, 2).expect("room");
    write(words, 2, small[30].addr() as u64 + 9);
    mutator.root(words);
    vm.collect(2);
    let left = mutator.objects();
    assert_eq!(left.len(), 5, "{left:?}");
    for kept in [long, small[10], small[20], small[30], words] {
        assert!(left.contains(&kept));
    }
}

#[test]
fn a_program_survives_a_full_heap() {
    for step_bytes in [None, Some(4096)] {
        let vm = plan::<Plain>(HeapOptions {
            step_bytes,
            ..options(1 << 20)
        });
        let mutator = Mutator::new(&vm);
        for _ in 0..5 {
            let root = mutator.root(node(&mutator, 0));
            let mut made = 0;
            let error = loop {
                match mutator.node(2, made) {
                    Ok(object) => {
                        mutator.set(object, 2, mutator.roots()[root]);
                        mutator.roots()[root] = Some(object);
                        made += 1;
                    }
                    Err(error) => break error,
                }
            };
            assert_eq!((error.requested, error.limit), (32, 1 << 20));
            // 40 bytes each: little of the limit is not objects.
            assert!(made * 40 > (1 << 20) / 10 * 9, "{made}");
            assert!(mutator.array(Kind::Bytes, 2 << 20).is_err());
            mutator.roots()[root] = None;
        }
        vm.collect(2);
        assert!(mutator.objects().is_empty());
    }
}

#[test]
fn tables_count_against_the_limit_and_come_back() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    vm.reserve_native(500 << 10).expect("room");
    assert!(vm.reserve_native(600 << 10).is_err());
    assert!(mutator.array(Kind::Bytes, 500 << 10).is_err());
    vm.release_native(500 << 10);
    assert!(mutator.array(Kind::Bytes, 500 << 10).is_ok());
    // Handles until nothing fits.
    let mut handles = Vec::new();
    while let Ok(handle) = vm.alloc_handle(HandleKind::Weak, None) {
        handles.push(handle);
    }
    assert!(handles.len() > 10_000, "{}", handles.len());
    assert!(handles.iter().all(|handle| vm.free_handle(*handle)));
    vm.collect(2);
    assert!(mutator.array(Kind::Bytes, 800 << 10).is_ok());
}

#[test]
fn the_heap_is_shared_with_data_of_the_vm() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    let data = vm.alloc_raw(10_000).expect("room");
    // SAFETY: memory of so many bytes.
    unsafe { data.write_bytes(0xaa, 10_000) };
    for n in 0..50_000 {
        node(&mutator, n);
    }
    // SAFETY: as above.
    let bytes = unsafe { std::slice::from_raw_parts(data.as_ptr(), 10_000) };
    assert!(bytes.iter().all(|byte| *byte == 0xaa));
    mutator.ambiguous().push(data.as_ptr().addr() + 5);
    vm.collect(2);
    assert!(mutator.objects().is_empty());
    // SAFETY: allocated above, not used any more.
    unsafe { vm.free_raw(data) };
    assert!(
        mutator.array(Kind::Bytes, 900 << 10).is_ok(),
        "it is free again"
    );
}

#[test]
fn permanent_and_transient_roots() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    let permanent = vm.alloc_permanent(mutator.tlab(), 32).expect("room");
    write(permanent, 0, Kind::Node as u64 | 2 << 32);
    let (kept, guarded, rooted) = (node(&mutator, 1), node(&mutator, 2), node(&mutator, 3));
    mutator.set(permanent, 2, Some(kept));
    vm.add_root(rooted).expect("room");
    {
        let _guard = vm.protect(guarded).expect("room");
        vm.collect(2);
        assert_eq!(mutator.objects().len(), 4);
    }
    vm.collect(2);
    let left = mutator.objects();
    assert_eq!(left.len(), 3);
    assert!(left.contains(&permanent) && left.contains(&kept) && left.contains(&rooted));
}

#[test]
fn leaves_are_not_scanned() {
    let vm = plan::<Plain>(options(1 << 20));
    let mutator = Mutator::new(&vm);
    let leaf = vm.alloc_leaf(mutator.tlab(), 24).expect("room");
    // A header that `shape` does not know: it would panic in a debug build's verifier, too.
    write(leaf, 0, Kind::Bytes as u64);
    write(leaf, 1, 8);
    mutator.root(leaf);
    vm.collect(2);
    assert_eq!(mutator.objects(), [leaf]);
}

#[test]
fn a_tiny_mark_stack_is_enough() {
    let vm = plan::<Plain>(HeapOptions {
        mark_stack_entries: Some(16),
        ..options(4 << 20)
    });
    let mutator = Mutator::new(&vm);
    let array = mutator.array(Kind::Refs, 3000).expect("room");
    mutator.root(array);
    for n in 0..3000 {
        let object = node(&mutator, n as u64);
        mutator.set(object, 2, get(array, 2 + n / 2));
        mutator.set(array, 2 + n, Some(object));
    }
    vm.collect(2);
    let record = vm.last_collection().expect("one");
    assert_eq!(
        (record.marked_objects, record.mark_stack_overflowed),
        (3001, true)
    );
}

#[test]
fn limits_and_layouts() {
    let error = |options: HeapOptions| {
        MarkSweep::<ToyBinding, Compact>::create(options, ToyBinding(Arc::default())).err()
    };
    assert!(matches!(
        error(HeapOptions::new(1000)),
        Some(HeapError::BadLimit(1000))
    ));
    assert!(matches!(
        error(HeapOptions::new(100 << 20)),
        Some(HeapError::Layout { .. })
    ));
    let stress = HeapOptions {
        stress: Some(0),
        ..options(1 << 20)
    };
    assert!(matches!(error(stress), Some(HeapError::BadStress)));
    let wide = plan::<MarkSweep<ToyBinding, Wide>>(HeapOptions::new(256 << 20));
    let mutator = Mutator::new(&wide);
    let large = mutator.array(Kind::Bytes, 200 << 20).expect("room");
    mutator.root(large);
    wide.collect(2);
    assert_eq!(mutator.objects(), [large]);
}
