//! A program wrote past its allocations: the check ends, stays inside the heap and says so.
#![no_main]

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use ferrocil_alloc::heap::{AllocType, Compact, HeaderLayout, Heap, Wide};
use libfuzzer_sys::fuzz_target;

const BYTES: usize = 8 << 10;

fn run<L: HeaderLayout>(data: &[u8]) {
    let mut memory = vec![MaybeUninit::<u64>::new(0); BYTES / 8];
    let start = NonNull::new(memory.as_mut_ptr().cast::<u8>()).expect("not null");
    // SAFETY: zeroed memory that outlives the heap and that nobody else uses, but for the writes below.
    let Ok(mut heap) = (unsafe { Heap::<L>::from_raw(start, BYTES) }) else {
        return;
    };
    let ty = AllocType::new(3).expect("16 types");
    let mut live = Vec::new();
    for (index, step) in data.chunks_exact(4).enumerate() {
        let size = usize::from(step[1]);
        match step[0] % 4 {
            0 | 1 if index < 200 => live.extend(heap.try_alloc(size, ty)),
            2 if index < 200 && !live.is_empty() => {
                let payload = live.swap_remove(size % live.len());
                // SAFETY: a live allocation, forgotten here; nothing was overwritten so far.
                unsafe { heap.free(payload) };
            }
            _ => {
                // From here on nothing but the check.
                for write in data[index * 4..].chunks_exact(4) {
                    let at = usize::from(u16::from_le_bytes([write[0], write[1]])) % (BYTES - 1);
                    // SAFETY: inside the memory.
                    unsafe { start.add(at).cast::<[u8; 2]>().write([write[2], write[3]]) };
                    if heap.check().is_ok() {
                        assert!(heap.blocks().count() <= BYTES / 8);
                    }
                }
                return;
            }
        }
    }
    heap.check().expect("the heap is intact");
}

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0..=127, rest)) => run::<Compact>(rest),
        Some((_, rest)) => run::<Wide>(rest),
        None => {}
    }
});
