//! Any sequence of operations: payloads stay whole and apart, and the heap's check holds.
#![no_main]

use std::collections::BTreeMap;
use std::ptr::NonNull;

use ferrocil_alloc::heap::{AllocType, Colour, Compact, HeaderLayout, Heap, Sweep, Wide};
use libfuzzer_sys::fuzz_target;

/// Live payloads: bytes asked for, what they are filled with, whether they are permanent.
type Live = BTreeMap<NonNull<u8>, (usize, u8, bool)>;

fn whole(payload: NonNull<u8>, bytes: usize, fill: u8) -> bool {
    // SAFETY: a live allocation of so many bytes, filled when it was made.
    let payload = unsafe { std::slice::from_raw_parts(payload.as_ptr(), bytes) };
    payload.iter().all(|&byte| byte == fill)
}

fn pick(live: &Live, index: u8) -> Option<(NonNull<u8>, (usize, u8, bool))> {
    let index = usize::from(index) % live.len().max(1);
    live.iter().nth(index).map(|(&payload, &known)| (payload, known))
}

fn run<L: HeaderLayout>(data: &[u8]) {
    let Ok(mut heap) = Heap::<L>::with_capacity(32 << 10) else {
        return;
    };
    let mut live = Live::new();
    for step in data.chunks_exact(3) {
        let (size, fill) = (usize::from(step[1]) << (step[2] & 7), step[2]);
        match step[0] % 8 {
            0..=3 => {
                let ty = AllocType::new(step[2] & 15).expect("16 types");
                let permanent = step[0] % 32 == 0;
                let made = if permanent {
                    heap.try_alloc_permanent(size, ty)
                } else {
                    heap.try_alloc(size, ty)
                };
                let Some(payload) = made else { continue };
                assert_eq!(payload.as_ptr().addr() % 8, 0);
                let end = payload.as_ptr().addr() + size;
                if let Some((next, _)) = live.range(payload..).next() {
                    assert!(end <= next.as_ptr().addr(), "overlaps the next one");
                }
                if let Some((before, known)) = live.range(..payload).next_back() {
                    assert!(before.as_ptr().addr() + known.0 <= payload.as_ptr().addr());
                }
                // SAFETY: a new allocation of so many bytes.
                unsafe { payload.write_bytes(fill, size) };
                live.insert(payload, (size, fill, permanent));
            }
            4 | 5 => {
                if let Some((payload, (bytes, fill, false))) = pick(&live, step[1]) {
                    assert!(whole(payload, bytes, fill));
                    live.remove(&payload);
                    // SAFETY: a live allocation, forgotten above.
                    unsafe {
                        if step[0] % 8 == 4 {
                            heap.free(payload);
                        } else {
                            heap.free_later(payload);
                        }
                    }
                }
            }
            6 => {
                heap.settle();
            }
            _ => {
                for (index, &payload) in live.keys().enumerate() {
                    if (usize::from(step[1]) >> (index % 8)) & 1 == 1 {
                        // SAFETY: a live allocation.
                        unsafe { heap.set_colour(payload, Colour::BLACK) };
                    }
                }
                let mut kept = Live::new();
                // SAFETY: what is freed is forgotten below.
                unsafe {
                    heap.sweep(|payload, _, allocation| {
                        if allocation.colour == Colour::BLACK {
                            if let Some(known) = live.get(&payload) {
                                kept.insert(payload, *known);
                            }
                            Sweep::Keep(Colour::WHITE)
                        } else {
                            Sweep::Free
                        }
                    });
                }
                // Permanent allocations are kept whatever their colour.
                kept.extend(live.iter().filter(|(_, known)| known.2).map(|(&p, &k)| (p, k)));
                live = kept;
            }
        }
        heap.check().expect("the heap is intact");
    }
    for (payload, (bytes, fill, _)) in live {
        assert!(whole(payload, bytes, fill));
    }
}

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0..=127, rest)) => run::<Compact>(rest),
        Some((_, rest)) => run::<Wide>(rest),
        None => {}
    }
});
