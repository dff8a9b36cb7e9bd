//! Long runs in fragmented heaps: holes of all sizes, old garbage in them.

mod toy;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ferrocil_gc::{HeapOptions, ObjectRef, Reason};
use toy::{Mutator, Vm, get, read, vm};

struct Slot {
    object: ObjectRef,
    id: u64,
    /// Fields that are set, and the payloads of what they refer to.
    leaves: Vec<(usize, u64)>,
}

fn random(seed: &mut u64) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

fn check(slots: &[Option<Slot>]) {
    for slot in slots.iter().flatten() {
        assert_eq!(read(slot.object, 1), slot.id);
        for (field, payload) in &slot.leaves {
            assert_eq!(
                get(slot.object, *field).map(|leaf| read(leaf, 1)),
                Some(*payload)
            );
        }
    }
}

/// Replaces random objects of a table of `len`; `ambiguous` roots are interior
/// pointers.
fn churn(options: HeapOptions, len: usize, steps: u64, ambiguous: bool) {
    let vm = vm(HeapOptions {
        verify: true,
        ..options
    });
    churn_on(&vm, len, steps, ambiguous, || ());
    let mutator = Mutator::new(&vm);
    vm.collect(2);
    assert!(mutator.objects().is_empty());
}

fn churn_on(vm: &Vm, len: usize, steps: u64, ambiguous: bool, between: impl Fn()) {
    let mutator = Mutator::new(vm);
    mutator.roots().resize(len + 1, None);
    mutator.ambiguous().resize(len, 0);
    let mut slots: Vec<Option<Slot>> = (0..len).map(|_| None).collect();
    let mut seed = len as u64;
    for id in 0..steps {
        let index = random(&mut seed) % len;
        let refs = match random(&mut seed) % 20 {
            0 => 0,
            1..=3 => 14 + random(&mut seed) % 44,
            _ => 1 + random(&mut seed) % 8,
        };
        let object = mutator.node(refs, id).expect("room");
        mutator.roots()[len] = Some(object);
        let mut leaves = Vec::new();
        for n in 0..refs.min(2) {
            let payload = id << 8 | n as u64;
            let leaf = mutator.node(random(&mut seed) % 4, payload).expect("room");
            let field = 2 + n * (refs - 1);
            mutator.set(object, field, Some(leaf));
            leaves.push((field, payload));
        }
        // A young leaf for an old object.
        let other = random(&mut seed) % len;
        if let Some(slot) = &mut slots[other]
            && let Some((field, payload)) = slot.leaves.last_mut()
        {
            let leaf = mutator.node(1, id << 8 | 0xff).expect("room");
            mutator.set(slot.object, *field, Some(leaf));
            *payload = id << 8 | 0xff;
        }
        if ambiguous {
            let inside = random(&mut seed) % (16 + 8 * refs);
            mutator.ambiguous()[index] = object.addr() + inside;
        } else {
            mutator.roots()[index] = Some(object);
        }
        mutator.roots()[len] = None;
        slots[index] = Some(Slot { object, id, leaves });
        between();
        if id % 512 == 0 {
            check(&slots);
        }
    }
    check(&slots);
    vm.collect(2);
    check(&slots);
}

fn options(generational: bool) -> HeapOptions {
    let min_budget = 96 << 10;
    HeapOptions {
        generational,
        min_budget,
        max_young: 48 << 10,
        ..HeapOptions::new(1 << 20)
    }
}

#[test]
fn precise() {
    churn(options(false), 1000, 20_000, false);
}

#[test]
fn precise_and_generational() {
    churn(options(true), 1000, 20_000, false);
}

#[test]
fn ambiguous() {
    churn(options(false), 1000, 20_000, true);
}

#[test]
fn ambiguous_and_generational() {
    churn(options(true), 1000, 20_000, true);
}

#[test]
fn under_stress() {
    for generational in [false, true] {
        for ambiguous in [false, true] {
            churn(
                HeapOptions {
                    stress: Some(37),
                    ..options(generational)
                },
                300,
                3000,
                ambiguous,
            );
        }
    }
}

/// Old objects are marked in many small slices.
fn sliced() -> Vm {
    vm(HeapOptions {
        verify: true,
        growth_percent: 400,
        pause_target: Duration::ZERO,
        ..HeapOptions {
            max_bytes: 8 << 20,
            ..options(true)
        }
    })
}

/// How many full collections have come without being asked for, and how many
/// young ones.
fn unasked(vm: &Vm) -> (usize, usize) {
    let records = vm.binding().0.records.lock().expect("records");
    let unasked = records
        .iter()
        .filter(|record| record.reason == Reason::Budget);
    let full = unasked
        .clone()
        .filter(|record| record.generation == 2)
        .count();
    (full, unasked.count() - full)
}

#[test]
fn old_objects_are_marked_across_young_collections() {
    for ambiguous in [false, true] {
        let vm = sliced();
        churn_on(&vm, 3000, 15_000, ambiguous, || ());
        let (full, young) = unasked(&vm);
        assert!(full >= 1 && young > 5 * full, "{full} full, {young} young");
    }
}

#[test]
fn old_objects_are_marked_between_collections() {
    let vm = sliced();
    let steps = Cell::new(0);
    churn_on(&vm, 3000, 20_000, false, || {
        if vm.mark_step(10) {
            steps.set(steps.get() + 1);
        }
    });
    assert!(steps.get() > 300, "{}", steps.get());
    assert!(unasked(&vm).0 >= 1);
}

#[test]
fn old_objects_are_marked_by_another_thread_meanwhile() {
    let vm = sliced();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                if !vm.mark_step(20) {
                    std::thread::yield_now();
                }
            }
        });
        let mutators = [false, true].map(|ambiguous| {
            let vm = &vm;
            scope.spawn(move || churn_on(vm, 1500, 8_000, ambiguous, || ()))
        });
        for mutator in mutators {
            mutator.join().expect("a sound heap");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(unasked(&vm).0 >= 2);
}

/// Two mutators beside a thread that marks and sweeps. With `verify`, sweeps end before the next
/// collection; without, young collections run into them.
fn with_background(verify: bool, pause_target: Duration) -> Vm {
    let vm = vm(HeapOptions {
        verify,
        pause_target,
        growth_percent: 100,
        ..HeapOptions {
            max_bytes: 8 << 20,
            ..options(true)
        }
    });
    let steps = if verify { 12_000 } else { 40_000 };
    std::thread::scope(|scope| {
        let background = scope.spawn(|| vm.work_in_background());
        let mutators = [false, true].map(|ambiguous| {
            let vm = &vm;
            scope.spawn(move || churn_on(vm, 1500, steps, ambiguous, || ()))
        });
        for mutator in mutators {
            mutator.join().expect("a sound heap");
        }
        // How far the marking has come by now depends on who got the processors.
        for _ in 0..40 {
            if unasked(&vm).0 > 0 {
                break;
            }
            churn_on(&vm, 1500, steps, false, || ());
        }
        vm.stop_background();
        background.join().expect("the background thread ends");
    });
    vm
}

#[test]
fn a_background_thread_marks_and_sweeps() {
    for verify in [false, true] {
        for pause_target in [Duration::ZERO, Duration::from_micros(300)] {
            let vm = with_background(verify, pause_target);
            let (full, young) = unasked(&vm);
            assert!(full >= 1, "{full} full, {young} young");
            let mutator = Mutator::new(&vm);
            vm.verify().expect("a sound heap");
            vm.collect(2);
            assert!(mutator.objects().is_empty());
        }
    }
}
