//! The hard limit, threads, stress, and what the verifier finds.

mod toy;

use std::panic::{AssertUnwindSafe, catch_unwind};

use ferrocil_gc::{HandleKind, Heap, HeapError, HeapOptions, Plan as _, VerifyError};
use toy::{Kind, Mutator, ToyBinding, get, read, vm, write};

#[test]
fn bad_options_are_refused() {
    let make = |options| Heap::new(options, ToyBinding(std::sync::Arc::default())).err();
    assert!(matches!(
        make(HeapOptions::new(1000)),
        Some(HeapError::BadLimit(1000))
    ));
    assert!(matches!(
        make(HeapOptions::new(usize::MAX)),
        Some(HeapError::BadLimit(_))
    ));
    let stress = HeapOptions {
        stress: Some(0),
        ..HeapOptions::new(1 << 20)
    };
    assert!(matches!(make(stress), Some(HeapError::BadStress)));
}

#[test]
fn out_of_memory_leaves_a_usable_heap() {
    const LIMIT: usize = 4 << 20;
    for size in [3usize, 30, 300, 900, 3000, 20_000] {
        let vm = vm(HeapOptions {
            verify: true,
            ..HeapOptions::new(LIMIT)
        });
        let mutator = Mutator::new(&vm);
        for round in 0..2 {
            mutator.roots().push(None);
            let mut bytes = 0;
            let error = loop {
                match mutator.array(Kind::Refs, size) {
                    Ok(array) => {
                        bytes += 16 + 8 * size;
                        mutator.set(array, 2, mutator.roots()[0]);
                        mutator.roots()[0] = Some(array);
                    }
                    Err(error) => break error,
                }
            };
            assert_eq!(error.limit, LIMIT);
            assert!(bytes < LIMIT);
            assert!(
                bytes > LIMIT / 10 * 8,
                "{bytes} of {LIMIT} bytes in arrays of {size}, round {round}"
            );
            assert!(vm.stats().committed_bytes <= LIMIT);
            vm.verify().expect("a sound heap");
            mutator.roots().clear();
        }
    }
}

#[test]
fn impossible_sizes_fail_without_a_collection() {
    let vm = vm(HeapOptions::new(4 << 20));
    let mutator = Mutator::new(&vm);
    for size in [usize::MAX, usize::MAX - 7, 1 << 40, 5 << 20] {
        assert_eq!(
            vm.alloc(mutator.tlab(), size)
                .expect_err("too large")
                .requested,
            size
        );
    }
    assert_eq!(vm.collection_count(0), 0);
}

#[test]
fn holes_between_survivors_take_larger_objects_in_the_end() {
    let vm = vm(HeapOptions {
        verify: true,
        ..HeapOptions::new(2 << 20)
    });
    let mutator = Mutator::new(&vm);
    // Fill the heap with small arrays, then keep every eighth one.
    while let Ok(array) = mutator.array(Kind::Bytes, 112) {
        mutator.root(array);
    }
    for (index, slot) in mutator.roots().iter_mut().enumerate() {
        if index % 8 != 0 {
            *slot = None;
        }
    }
    // No block is free, but each has holes of 896 bytes.
    let mut count = 0;
    while let Ok(array) = mutator.array(Kind::Bytes, 500) {
        mutator.root(array);
        count += 1;
    }
    assert!(count > 1000, "{count}");
    vm.verify().expect("a sound heap");
}

#[test]
fn tables_count_against_the_limit() {
    let vm = vm(HeapOptions::new(1 << 20));
    let mutator = Mutator::new(&vm);
    let object = mutator.node(0, 1).expect("room for one object");
    mutator.root(object);
    let mut handles = Vec::new();
    let error = loop {
        match vm.alloc_handle(HandleKind::Weak, None) {
            Ok(handle) => handles.push(handle),
            Err(error) => break error,
        }
    };
    assert_eq!(error.limit, 1 << 20);
    assert!(
        (10_000..100_000).contains(&handles.len()),
        "{}",
        handles.len()
    );
    assert!(vm.stats().committed_bytes <= 1 << 20);
    for handle in handles {
        assert!(vm.free_handle(handle));
    }
    assert!(vm.alloc_handle(HandleKind::Weak, Some(object)).is_ok());
}

#[test]
fn tables_give_their_memory_back() {
    let vm = vm(HeapOptions::new(1 << 20));
    let mutator = Mutator::new(&vm);
    let room = || {
        let before = mutator.roots().len();
        while let Ok(array) = mutator.array(Kind::Bytes, 1000) {
            mutator.root(array);
        }
        let count = mutator.roots().len() - before;
        mutator.roots().truncate(before);
        vm.collect(2);
        count
    };
    let first = room();
    assert!(first > 500, "{first}");

    let mut handles = Vec::new();
    while let Ok(handle) = vm.alloc_handle(HandleKind::Weak, None) {
        handles.push(handle);
    }
    for handle in handles {
        assert!(vm.free_handle(handle));
    }
    vm.collect(2);
    assert_eq!(room(), first, "after handles");

    while let Ok(object) = mutator.node(0, 1) {
        if vm.register_for_finalization(object).is_err() {
            break;
        }
        mutator.root(object);
    }
    mutator.roots().clear();
    vm.collect(2);
    while vm.pop_finalizable().is_some() {}
    vm.collect(2);
    assert!(room() > first - first / 8, "after finalizers");

    while vm.reserve_native(1000).is_ok() {
        mutator.root(
            mutator
                .node(0, 1)
                .unwrap_or_else(|_| mutator.roots()[0].expect("a node")),
        );
    }
    vm.release_native(1000 * mutator.roots().len());
    mutator.roots().clear();
    vm.collect(2);
    assert!(room() > first - first / 8, "after native memory");
}

#[test]
fn deep_lists_and_wide_arrays_are_marked_without_recursion() {
    for mark_stack_entries in [None, Some(16)] {
        let vm = vm(HeapOptions {
            mark_stack_entries,
            ..HeapOptions::new(64 << 20)
        });
        let mutator = Mutator::new(&vm);
        mutator.roots().push(None);
        for n in 0..300_000 {
            let node = mutator.node(1, n).expect("room");
            mutator.set(node, 2, mutator.roots()[0]);
            mutator.roots()[0] = Some(node);
        }
        let wide = mutator.array(Kind::Refs, 200_000).expect("room");
        mutator.root(wide);
        for n in 0..200_000 {
            let leaf = mutator.node(0, n as u64).expect("room");
            mutator.set(wide, 2 + n, Some(leaf));
        }
        let pairs = mutator.array(Kind::Values, 100_000).expect("room");
        mutator.root(pairs);
        for n in 0..200_000 {
            let leaf = mutator.node(0, n as u64).expect("room");
            mutator.set(pairs, 2 + n / 2 * 3 + n % 2 * 2, Some(leaf));
        }
        vm.collect(2);
        let record = vm.last_collection().expect("record");
        assert_eq!(record.marked_objects, 700_002);
        let tiny = mark_stack_entries.is_some();
        assert_eq!(
            record.mark_stack_overflowed, tiny,
            "arrays do not flood the stack"
        );
        let mut next = mutator.roots()[0];
        for n in (0..300_000).rev() {
            let node = next.expect("a node");
            assert_eq!(read(node, 1), n);
            next = get(node, 2);
        }
    }
}

/// Builds a list and checks it, with garbage in between.
fn work(mutator: &Mutator, seed: u64, nodes: u64) {
    mutator.roots().clear();
    mutator.roots().push(None);
    for n in 0..nodes {
        let node = mutator.node(2, seed + n).expect("room");
        mutator.set(node, 2, mutator.roots()[0]);
        mutator.roots()[0] = Some(node);
        if n % 4 == 0 {
            let array = mutator
                .array(Kind::Refs, (n as usize * 7) % 300)
                .expect("room");
            mutator.set(mutator.roots()[0].expect("node"), 3, Some(array));
        } else {
            mutator
                .array(Kind::Bytes, (n as usize * 37) % 12_000)
                .expect("room");
        }
    }
    let mut next = mutator.roots()[0];
    for n in (0..nodes).rev() {
        let node = next.expect("a node");
        assert_eq!(read(node, 1), seed + n);
        next = get(node, 2);
    }
    assert!(next.is_none());
}

#[test]
fn several_threads_share_a_heap() {
    share(false);
}

#[test]
fn several_threads_share_a_generational_heap() {
    share(true);
}

fn share(generational: bool) {
    let vm = vm(HeapOptions {
        generational,
        max_young: 512 << 10,
        verify: true,
        min_budget: 512 << 10,
        ..HeapOptions::new(32 << 20)
    });
    std::thread::scope(|scope| {
        for thread in 0..4u64 {
            let vm = &vm;
            scope.spawn(move || {
                let mutator = Mutator::new(vm);
                for round in 0..3 {
                    work(&mutator, thread << 32 | round << 16, 600);
                }
            });
        }
    });
    assert!(vm.collection_count(0) > 5);
    let mutator = Mutator::new(&vm);
    vm.collect(2);
    assert!(mutator.objects().is_empty());
}

#[test]
fn several_threads_under_stress() {
    let vm = vm(HeapOptions {
        verify: true,
        stress: Some(5),
        ..HeapOptions::new(16 << 20)
    });
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            let vm = &vm;
            scope.spawn(move || work(&Mutator::new(vm), thread << 32, 150));
        }
    });
    assert!(vm.collection_count(0) > 50);
}

#[test]
fn threads_that_run_out_of_memory_together_go_on() {
    let vm = vm(HeapOptions {
        verify: true,
        ..HeapOptions::new(2 << 20)
    });
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let vm = &vm;
            scope.spawn(move || {
                let mutator = Mutator::new(vm);
                for _ in 0..10 {
                    while let Ok(array) = mutator.array(Kind::Bytes, 3000) {
                        mutator.root(array);
                    }
                    mutator.roots().clear();
                }
            });
        }
    });
    let mutator = Mutator::new(&vm);
    vm.collect(2);
    assert!(mutator.objects().is_empty());
    assert_eq!(vm.stats().committed_bytes, 0);
}

#[test]
fn thread_bytes_are_counted() {
    let vm = vm(HeapOptions::new(16 << 20));
    let mutator = Mutator::new(&vm);
    for _ in 0..1000 {
        mutator.node(2, 0).expect("room");
    }
    assert_eq!(mutator.tlab().allocated_bytes(), 32_000);
    vm.collect(2);
    mutator.array(Kind::Bytes, 4096).expect("room");
    assert_eq!(mutator.tlab().allocated_bytes(), 32_000 + 4112);
}

#[test]
fn the_verifier_finds_a_broken_reference() {
    let vm = vm(HeapOptions::new(4 << 20));
    let mutator = Mutator::new(&vm);
    let holder = mutator.node(2, 0).expect("room");
    let inner = mutator.node(2, 0).expect("room");
    mutator.root(holder);
    write(holder, 3, inner.addr() as u64 + 8);
    assert_eq!(
        vm.verify(),
        Err(VerifyError::Reference {
            object: holder,
            offset: 24,
            value: inner.addr() + 8
        })
    );
    write(holder, 3, 0x10);
    assert!(matches!(
        vm.verify(),
        Err(VerifyError::Reference { value: 0x10, .. })
    ));
    write(holder, 3, 0);
    assert_eq!(vm.verify().map(|report| report.objects), Ok(2));
}

#[test]
fn a_verified_heap_panics_when_it_is_broken_and_resumes_the_others() {
    let vm = vm(HeapOptions {
        verify: true,
        ..HeapOptions::new(4 << 20)
    });
    let mutator = Mutator::new(&vm);
    let holder = mutator.node(1, 0).expect("room");
    mutator.root(holder);
    write(holder, 2, holder.addr() as u64 + 16);
    let panic = catch_unwind(AssertUnwindSafe(|| vm.collect(2))).expect_err("a broken heap");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(
        message.contains("the heap is broken before collection 1"),
        "{message}"
    );
    write(holder, 2, 0);
    // The world runs again: another thread can come and go.
    let vm = &vm;
    std::thread::scope(|scope| scope.spawn(move || drop(Mutator::new(vm))).join())
        .expect("not stuck");
}

#[test]
fn freed_memory_goes_back() {
    let vm = vm(HeapOptions {
        min_budget: 1 << 20,
        ..HeapOptions::new(256 << 20)
    });
    let mutator = Mutator::new(&vm);
    for _ in 0..100 {
        let array = mutator.array(Kind::Bytes, 1 << 20).expect("room");
        mutator.root(array);
    }
    vm.collect(2);
    let full = vm.last_collection().expect("record").resident_bytes;
    mutator.roots().clear();
    vm.collect(2);
    let record = vm.last_collection().expect("record");
    assert!(full > 100 << 20);
    assert_eq!(record.used_bytes, 0);
    assert!(record.resident_bytes < 4 << 20, "{}", record.resident_bytes);
    let array = mutator.array(Kind::Bytes, 50 << 20).expect("room");
    assert_eq!(read(array, 1), 50 << 20);
}

#[test]
fn the_verifier_finds_a_missing_barrier() {
    let vm = vm(HeapOptions {
        generational: true,
        ..HeapOptions::new(4 << 20)
    });
    let mutator = Mutator::new(&vm);
    let old = mutator.node(2, 0).expect("room");
    mutator.root(old);
    vm.collect(0);
    let young = mutator.node(2, 0).expect("room");
    write(old, 3, young.addr() as u64);
    assert_eq!(
        vm.verify(),
        Err(VerifyError::MissingBarrier {
            object: old,
            offset: 24,
            value: young.addr()
        })
    );
    mutator.set(old, 3, Some(young));
    vm.verify().expect("the barrier has told");
    vm.collect(0);
    assert_eq!(vm.generation(young), 2);
}

#[test]
fn short_threads_share_blocks() {
    for generational in [false, true] {
        let vm = vm(HeapOptions {
            generational,
            verify: true,
            ..HeapOptions::new(64 << 20)
        });
        let keeper = Mutator::new(&vm);
        for n in 0..3000u64 {
            let mutator = Mutator::new(&vm);
            let small = mutator.node(1, n).expect("room");
            let leaf = mutator.node(30, n + 1).expect("room");
            mutator.set(small, 2, Some(leaf));
            drop(mutator);
            keeper.root(small);
            if n % 700 == 699 {
                // Later ones go on in the holes of what survives.
                for slot in keeper.roots().iter_mut().step_by(3) {
                    *slot = None;
                }
                vm.collect(0);
            }
        }
        let live = keeper.roots().iter().flatten().count();
        assert!(
            vm.stats().committed_bytes < 2 << 20,
            "{}",
            vm.stats().committed_bytes
        );
        for object in keeper.roots().iter().flatten() {
            assert_eq!(
                get(*object, 2).map(|leaf| read(leaf, 1)),
                Some(read(*object, 1) + 1)
            );
        }
        vm.collect(2);
        assert_eq!(keeper.objects().len(), 2 * live);
    }
}

#[test]
fn native_memory_counts_against_the_limit() {
    let vm = vm(HeapOptions::new(4 << 20));
    let mutator = Mutator::new(&vm);
    vm.reserve_native(3 << 20).expect("room");
    let error = vm.reserve_native(2 << 20).expect_err("no room");
    assert_eq!((error.requested, error.limit), (2 << 20, 4 << 20));
    while let Ok(array) = mutator.array(Kind::Bytes, 1000) {
        mutator.root(array);
    }
    assert!(vm.stats().committed_bytes <= 4 << 20);
    assert!(mutator.roots().len() < 1100, "the heap got less");
}

#[test]
fn holes_of_a_full_heap_are_used_up_before_the_next_collection() {
    let vm = vm(HeapOptions {
        verify: true,
        ..HeapOptions::new(2 << 20)
    });
    let mutator = Mutator::new(&vm);
    while let Ok(array) = mutator.array(Kind::Bytes, 112) {
        mutator.root(array);
    }
    // Every eighth array stays: no block is free, but each has holes of 896 bytes.
    for (index, slot) in mutator.roots().iter_mut().enumerate() {
        if index % 8 != 0 {
            *slot = None;
        }
    }
    let before = vm.collection_count(2);
    for _ in 0..1000 {
        let array = mutator.array(Kind::Bytes, 500).expect("room");
        mutator.root(array);
    }
    let collections = vm.collection_count(2) - before;
    assert!(collections <= 50, "{collections}");
}
