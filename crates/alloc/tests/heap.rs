//! The heap against a model that knows every allocation and every free run.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use ferrocil_alloc::heap::{
    AllocType, Block, BlockState, Colour, Compact, Corruption, HeaderLayout, Heap, HeapError,
    Sweep, Wide,
};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;

fn ty(number: u8) -> AllocType {
    AllocType::new(number).unwrap()
}

#[derive(Clone, Debug)]
enum Op {
    Alloc {
        bytes: usize,
        ty: u8,
    },
    Permanent {
        bytes: usize,
        ty: u8,
    },
    Free(Index),
    FreeLater(Index),
    Settle,
    Colour(Index, bool),
    /// Frees what is not black.
    Sweep,
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || prop_oneof![0usize..64, 0usize..600, Just(4096usize), 2000usize..5000];
    prop_oneof![
        8 => (bytes(), 0u8..16).prop_map(|(bytes, ty)| Op::Alloc { bytes, ty }),
        1 => (0usize..100, 0u8..16).prop_map(|(bytes, ty)| Op::Permanent { bytes, ty }),
        3 => any::<Index>().prop_map(Op::Free),
        2 => any::<Index>().prop_map(Op::FreeLater),
        1 => Just(Op::Settle),
        3 => (any::<Index>(), any::<bool>()).prop_map(|(index, black)| Op::Colour(index, black)),
        1 => Just(Op::Sweep),
    ]
}
use proptest::prelude::Just;

/// What the model knows about an allocation.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    bytes: usize,
    ty: u8,
    colour: Colour,
    permanent: bool,
    fill: u8,
}

struct Model<L: HeaderLayout> {
    heap: Heap<'static, L>,
    live: BTreeMap<NonNull<u8>, Known>,
    /// Given to `free_later`: freed by now, or still counted as used.
    leaving: BTreeSet<NonNull<u8>>,
    fill: u8,
}

impl<L: HeaderLayout> Model<L> {
    fn new(bytes: usize) -> Model<L> {
        Model {
            heap: Heap::with_capacity(bytes).unwrap(),
            live: BTreeMap::new(),
            leaving: BTreeSet::new(),
            fill: 0,
        }
    }

    fn free_blocks(&self) -> Vec<Block> {
        let blocks = self.heap.blocks();
        blocks
            .filter(|block| block.state == BlockState::Free)
            .collect()
    }

    fn apply(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match *op {
            Op::Alloc { bytes, ty } => self.alloc(bytes, ty, false)?,
            Op::Permanent { bytes, ty } => self.alloc(bytes, ty, true)?,
            Op::Free(index) => {
                if let Some((payload, known)) = self.pick(index)
                    && !known.permanent
                {
                    self.live.remove(&payload);
                    // SAFETY: a live allocation, forgotten by the model.
                    unsafe { self.heap.free(payload) };
                }
            }
            Op::FreeLater(index) => {
                if let Some((payload, known)) = self.pick(index)
                    && !known.permanent
                {
                    self.live.remove(&payload);
                    self.leaving.insert(payload);
                    // SAFETY: a live allocation, forgotten by the model.
                    unsafe { self.heap.free_later(payload) };
                }
            }
            Op::Settle => {
                self.heap.settle();
                self.leaving.clear();
            }
            Op::Colour(index, black) => {
                if let Some((payload, _)) = self.pick(index) {
                    let colour = if black { Colour::BLACK } else { Colour::GREY };
                    self.live.get_mut(&payload).unwrap().colour = colour;
                    // SAFETY: a live allocation.
                    unsafe { self.heap.set_colour(payload, colour) };
                }
            }
            Op::Sweep => self.sweep()?,
        }
        self.compare()
    }

    fn pick(&self, index: Index) -> Option<(NonNull<u8>, Known)> {
        if self.live.is_empty() {
            return None;
        }
        let (payload, known) = self.live.iter().nth(index.index(self.live.len()))?;
        Some((*payload, *known))
    }

    fn alloc(&mut self, bytes: usize, number: u8, permanent: bool) -> Result<(), TestCaseError> {
        let mut free = self.free_blocks();
        if !free.iter().any(|block| block.bytes >= bytes) {
            // Before it fails, an allocation settles what is leaving.
            self.heap.settle();
            free = self.free_blocks();
        }
        let fitting = free.iter().filter(|block| block.bytes >= bytes);
        let best = fitting.clone().map(|block| block.bytes).min();
        let got = if permanent {
            self.heap.try_alloc_permanent(bytes, ty(number))
        } else {
            self.heap.try_alloc(bytes, ty(number))
        };
        let Some(payload) = got else {
            prop_assert_eq!(best, None, "{} bytes were refused", bytes);
            return Ok(());
        };
        let from = free
            .iter()
            .find(|block| {
                let start = block.payload.addr().get();
                (start..start + block.bytes).contains(&payload.addr().get())
            })
            .expect("an allocation comes from a free block");
        if !permanent {
            prop_assert_eq!(Some(from.bytes), best, "not the best fit");
            prop_assert_eq!(from.payload, payload, "not at the start of its block");
        }
        prop_assert!(payload.addr().get().is_multiple_of(8));
        self.fill = self.fill.wrapping_add(1);
        // SAFETY: a new allocation of at least so many bytes.
        unsafe {
            prop_assert!(self.heap.usable_size(payload) >= bytes);
            payload.write_bytes(self.fill, self.heap.usable_size(payload));
        }
        // Its block may have been one that left in between.
        self.leaving.remove(&payload);
        let known = Known {
            bytes,
            ty: number,
            colour: Colour::WHITE,
            permanent,
            fill: self.fill,
        };
        prop_assert!(self.live.insert(payload, known).is_none());
        Ok(())
    }

    fn sweep(&mut self) -> Result<(), TestCaseError> {
        let mut asked = Vec::new();
        // SAFETY: the model forgets what is freed.
        let report = unsafe {
            self.heap.sweep(|payload, _, allocation| {
                asked.push(payload);
                match allocation.colour {
                    Colour::BLACK => Sweep::Keep(Colour::WHITE),
                    _ => Sweep::Free,
                }
            })
        };
        prop_assert!(asked.iter().eq(self.live.keys()));
        self.leaving.clear();
        let before = self.live.len();
        self.live.retain(|_, known| {
            let keep = known.colour == Colour::BLACK || known.permanent;
            known.colour = Colour::WHITE;
            keep
        });
        prop_assert_eq!(report.kept, self.live.len());
        prop_assert_eq!(report.freed, before - self.live.len());
        Ok(())
    }

    /// The walk shows exactly the allocations of the model, with their contents, and all is intact.
    fn compare(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.heap.check(), Ok(()));
        let mut live = self.live.iter();
        let (mut used, mut count, mut leaving) = (0, 0, 0);
        for block in self.heap.blocks() {
            let BlockState::Used(allocation) = block.state else {
                continue;
            };
            count += 1;
            used += block.bytes + L::HEADER_BYTES;
            if self.leaving.contains(&block.payload) {
                leaving += 1;
                continue;
            }
            let (payload, known) = live.next().expect("no more than the model has");
            prop_assert_eq!(block.payload, *payload);
            prop_assert_eq!(allocation.ty.number(), known.ty);
            prop_assert_eq!(allocation.colour, known.colour);
            prop_assert_eq!(allocation.permanent, known.permanent);
            // SAFETY: the model filled all bytes of the allocation.
            let bytes = unsafe { std::slice::from_raw_parts(payload.as_ptr(), block.bytes) };
            prop_assert!(bytes.len() >= known.bytes && bytes.iter().all(|b| *b == known.fill));
        }
        prop_assert!(leaving <= 2);
        prop_assert!(live.next().is_none());
        let stats = self.heap.stats();
        let free = self.free_blocks();
        prop_assert_eq!((stats.used, stats.used_blocks), (used, count));
        prop_assert_eq!(stats.free_blocks, free.len());
        prop_assert_eq!(stats.capacity, stats.used + stats.free);
        let largest = free.iter().map(|block| block.bytes + L::HEADER_BYTES).max();
        prop_assert_eq!(stats.largest_free, largest.unwrap_or(0));
        Ok(())
    }
}

proptest! {
    #[test]
    fn compact_agrees_with_the_model(ops in prop::collection::vec(op(), 1..300)) {
        let mut model = Model::<Compact>::new(20_000);
        for op in &ops {
            model.apply(op)?;
        }
    }

    #[test]
    fn wide_agrees_with_the_model(ops in prop::collection::vec(op(), 1..300)) {
        let mut model = Model::<Wide>::new(20_000);
        for op in &ops {
            model.apply(op)?;
        }
    }

    /// Wherever the memory starts and however small it is.
    #[test]
    fn any_memory_will_do(start in 0usize..32, len in 0usize..200) {
        let mut memory = [MaybeUninit::<u8>::uninit(); 256];
        let bytes = memory.as_ptr_range();
        match Heap::<Compact>::new(&mut memory[start..start + len]) {
            Ok(mut heap) => {
                prop_assert_eq!(heap.check(), Ok(()));
                let mut count = 0;
                while let Some(payload) = heap.try_alloc(1, ty(0)) {
                    prop_assert!(payload.addr().get().is_multiple_of(8));
                    prop_assert!(bytes.contains(&payload.as_ptr().cast_const().cast()));
                    count += 1;
                }
                prop_assert!(count > 0 && heap.check().is_ok());
                prop_assert!(len - heap.stats().capacity < 4 + 4 + 8 + 4);
            }
            Err(error) => {
                prop_assert_eq!(error, HeapError::Size { bytes: len });
                prop_assert!(len < 16 + 4 + 8);
            }
        }
    }
}

#[test]
fn overhead_is_four_bytes_and_eight() {
    let mut compact = Heap::<Compact>::with_capacity(4096).unwrap();
    compact.try_alloc(20, ty(0)).unwrap();
    assert_eq!(compact.stats().used, 24);
    let mut wide = Heap::<Wide>::with_capacity(4096).unwrap();
    wide.try_alloc(24, ty(0)).unwrap();
    assert_eq!(wide.stats().used, 32);
}

#[test]
fn sizes_are_checked() {
    for bytes in [0, (64 << 20) + 1, usize::MAX] {
        let error = Heap::<Compact>::with_capacity(bytes).unwrap_err();
        assert_eq!(error, HeapError::Size { bytes });
    }
    assert!(
        Heap::<Compact>::with_capacity(64 << 20)
            .unwrap()
            .check()
            .is_ok()
    );
    let mut heap = Heap::<Wide>::with_capacity(1 << 16).unwrap();
    for bytes in [
        1 << 16,
        32 << 30,
        (32 << 30) - 9,
        usize::MAX - 7,
        usize::MAX,
    ] {
        assert_eq!(heap.try_alloc(bytes, ty(0)), None);
        assert_eq!(heap.try_alloc_permanent(bytes, ty(0)), None);
    }
    assert_eq!(heap.stats().free_blocks, 1);
}

#[test]
fn the_whole_heap_can_be_one_allocation() {
    let mut heap = Heap::<Compact>::with_capacity(64 << 20).unwrap();
    let bytes = heap.stats().largest_free - 4;
    let payload = heap.try_alloc_zeroed(bytes, ty(3)).unwrap();
    assert_eq!((heap.stats().free, heap.stats().free_blocks), (0, 0));
    assert_eq!(heap.try_alloc(0, ty(0)), None);
    // SAFETY: the only allocation.
    unsafe { heap.free(payload) };
    assert_eq!(heap.check(), Ok(()));
    assert_eq!(heap.stats().largest_free, heap.stats().capacity);
}

#[test]
fn permanent_allocations_gather_at_the_end() {
    let mut heap = Heap::<Compact>::with_capacity(1 << 16).unwrap();
    let mut last = NonNull::<u8>::dangling();
    for round in 0..20 {
        heap.try_alloc(100, ty(0)).unwrap();
        let permanent = heap.try_alloc_permanent(100, ty(1)).unwrap();
        assert!(round == 0 || permanent.addr().get() + 104 == last.addr().get());
        last = permanent;
    }
    assert_eq!(heap.stats().free_blocks, 1);
    assert_eq!(heap.stats().permanent, 20 * 104);
    let freed = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: an allocation of this heap; that it is permanent is what is tested.
        unsafe { heap.free(last) };
    }));
    assert!(freed.is_err());
    assert_eq!(heap.check(), Ok(()));
}

#[test]
fn what_is_freed_later_is_there_when_it_is_needed() {
    let mut heap = Heap::<Compact>::with_capacity(4096).unwrap();
    let bytes = heap.stats().largest_free - 4;
    let mut payload = heap.try_alloc(bytes, ty(0)).unwrap();
    for _ in 0..5 {
        // SAFETY: the only allocation, replaced here.
        unsafe { heap.free_later(payload) };
        assert_eq!(heap.stats().used_blocks, 1);
        payload = heap.try_alloc(bytes, ty(0)).unwrap();
    }
    // SAFETY: as above.
    unsafe { heap.free_later(payload) };
    payload = heap.try_alloc_permanent(100, ty(0)).unwrap();
    assert_eq!(heap.stats().used_blocks, 1);
    assert!(!heap.settle());
    // SAFETY: refused, because the allocation is permanent.
    unsafe { heap.free_later(payload) };
    assert!(catch_unwind(AssertUnwindSafe(|| heap.settle())).is_err());
    assert_eq!(heap.check(), Ok(()));
}

#[test]
fn a_double_free_is_noticed() {
    let mut heap = Heap::<Compact>::with_capacity(4096).unwrap();
    let payload = heap.try_alloc(100, ty(0)).unwrap();
    heap.try_alloc(100, ty(0)).unwrap();
    // SAFETY: the first is right; the second, wrong one meets a free block and is refused.
    let second = unsafe {
        heap.free(payload);
        catch_unwind(AssertUnwindSafe(|| heap.free(payload)))
    };
    assert!(second.is_err());
    assert_eq!(heap.check(), Ok(()));
}

#[test]
fn a_panic_during_a_sweep_loses_nothing() {
    let mut heap = Heap::<Compact>::with_capacity(1 << 16).unwrap();
    let all: Vec<_> = (0..100)
        .map(|_| heap.try_alloc(50, ty(0)).unwrap())
        .collect();
    let mut seen = 0;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: what is freed is not used again.
        unsafe {
            heap.sweep(|_, _, _| {
                seen += 1;
                assert!(seen <= 51, "the judge has had enough");
                Sweep::Free
            })
        }
    }));
    assert!(outcome.is_err());
    assert_eq!(heap.check(), Ok(()));
    assert_eq!(heap.stats().used_blocks, 49);
    // SAFETY: the last ones were not reached by the sweep.
    unsafe { all[51..].iter().for_each(|payload| heap.free(*payload)) };
    assert_eq!(heap.stats().free_blocks, 1);
}

/// Overwrites `bytes` bytes at `offset` from the payload and says what the check finds.
fn damage(offset: isize, bytes: usize, freed: bool) -> Corruption {
    let mut heap = Heap::<Compact>::with_capacity(4096).unwrap();
    let _before = heap.try_alloc(52, ty(0)).unwrap();
    let middle = heap.try_alloc(52, ty(0)).unwrap();
    let _after = heap.try_alloc(52, ty(0)).unwrap();
    if freed {
        // SAFETY: allocated above. It is written to below all the same: that is the test.
        unsafe { heap.free(middle) };
    }
    assert_eq!(heap.check(), Ok(()));
    // SAFETY: inside the heap's memory.
    unsafe { middle.offset(offset).write_bytes(0x5b, bytes) };
    heap.check().unwrap_err()
}

#[test]
fn damage_is_found_and_named() {
    assert_eq!(damage(52, 4, false), Corruption::Size { at: 112 });
    assert_eq!(damage(-4, 4, false), Corruption::Size { at: 56 });
    assert_eq!(damage(48, 4, true), Corruption::Footer { at: 56 });
    assert!(matches!(damage(0, 4, true), Corruption::Links { .. }));
}

#[test]
fn damage_to_a_back_link_is_found() {
    let mut heap = Heap::<Compact>::with_capacity(4096).unwrap();
    let blocks: Vec<_> = (0..4).map(|_| heap.try_alloc(52, ty(0)).unwrap()).collect();
    // SAFETY: allocated above. The first block, which is second in its list now, is written to all
    // the same.
    unsafe {
        heap.free(blocks[0]);
        heap.free(blocks[2]);
        assert_eq!(heap.check(), Ok(()));
        blocks[0].add(4).write_bytes(0x5b, 4);
    }
    assert!(matches!(heap.check(), Err(Corruption::Links { .. })));
}

#[test]
fn a_heap_can_move_to_another_thread() {
    let mut heap = Heap::<Compact>::with_capacity(1 << 16).unwrap();
    heap.try_alloc(10, ty(0)).unwrap();
    let heap = std::thread::spawn(move || {
        heap.try_alloc(10, ty(0)).unwrap();
        heap
    })
    .join()
    .unwrap();
    assert_eq!(heap.stats().used_blocks, 2);
}
