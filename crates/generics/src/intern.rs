//! A hash table of ids that only grows: lookups take no lock.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use parking_lot::Mutex;

const FIRST_CAPACITY: usize = 8;

/// Hash → ids, by open addressing. A slot is `hash << 32 | id`; 0 is an empty slot.
///
/// There is no removal: a table dies with its image set. An array that was outgrown is kept until then,
/// because a reader may still probe it (all of them together are smaller than the current one).
pub(crate) struct InternTable {
    /// The first word of the newest array, or null. That word is the array's mask; its slots follow.
    current: AtomicPtr<AtomicU64>,
    /// Every array, made by `Box::into_raw`, with its number of slots.
    arrays: Mutex<Arrays>,
}

struct Arrays {
    made: Vec<(*mut AtomicU64, usize)>,
    len: usize,
}

// SAFETY: the pointers are to boxes that the table owns; they are not tied to a thread.
unsafe impl Send for Arrays {}

impl InternTable {
    pub(crate) const fn new() -> Self {
        let arrays = Arrays {
            made: Vec::new(),
            len: 0,
        };
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            arrays: Mutex::new(arrays),
        }
    }

    /// The id with this hash for which `same` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let array = self.current.load(Ordering::Acquire);
        // SAFETY: `current` is null or the start of an array, which lives as long as `self`.
        let mask = unsafe { array.as_ref() }?.load(Ordering::Relaxed) as usize;
        let mut at = hash as usize & mask;
        // A table is never more than half full, so the probe ends, and soon.
        loop {
            // SAFETY: an array has `mask + 1` slots after its first word.
            let slot = unsafe { &*array.add(1 + at) }.load(Ordering::Acquire);
            if slot == 0 {
                return None;
            }
            if (slot >> 32) as u32 == hash && same(slot as u32) {
                return Some(slot as u32);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds an id that is not in the table. Writers are serialised by the lock inside; that no equal
    /// entry exists is the caller's business (it holds the set's lock across `find` and `insert`).
    pub(crate) fn insert(&self, hash: u32, id: u32) {
        debug_assert_ne!(id, 0);
        let mut arrays = self.arrays.lock();
        let slot = u64::from(hash) << 32 | u64::from(id);
        let newest = arrays.made.last().map(|&(array, capacity)| {
            // SAFETY: from `Box::into_raw` of a slice of this length; shared from then on.
            unsafe { core::slice::from_raw_parts(array.add(1), capacity) }
        });
        let old = newest.unwrap_or(&[]);
        if (arrays.len + 1) * 2 <= old.len() {
            place(old, slot);
        } else {
            let capacity = (old.len() * 2).max(FIRST_CAPACITY);
            let grown: Box<[AtomicU64]> = (0..=capacity).map(|_| AtomicU64::new(0)).collect();
            grown[0].store(capacity as u64 - 1, Ordering::Relaxed);
            for slot in old
                .iter()
                .map(|slot| slot.load(Ordering::Relaxed))
                .filter(|&slot| slot != 0)
            {
                place(&grown[1..], slot);
            }
            place(&grown[1..], slot);
            let array = Box::into_raw(grown).cast::<AtomicU64>();
            arrays.made.push((array, capacity));
            // Release: a reader that sees the array sees its slots.
            self.current.store(array, Ordering::Release);
        }
        arrays.len += 1;
    }

    /// Bytes of the current and the outgrown arrays.
    pub(crate) fn bytes(&self) -> usize {
        let arrays = self.arrays.lock();
        let slots: usize = arrays.made.iter().map(|(_, capacity)| capacity + 1).sum();
        slots * size_of::<AtomicU64>()
            + arrays.made.capacity() * size_of::<(*mut AtomicU64, usize)>()
    }
}

impl Drop for InternTable {
    fn drop(&mut self) {
        for (array, capacity) in self.arrays.get_mut().made.drain(..) {
            // SAFETY: from `Box::into_raw` of a slice of this length; nobody else can use it now.
            drop(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(array, capacity + 1)) });
        }
    }
}

/// Stores a slot in the first empty place of its probe sequence.
fn place(slots: &[AtomicU64], slot: u64) {
    let mask = slots.len() - 1;
    let mut at = (slot >> 32) as usize & mask;
    while slots[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    // Release: a reader that sees the id sees the entry that it names.
    slots[at].store(slot, Ordering::Release);
}

/// A 32-bit hash of a few words: 64-bit multiply and fold per word.
#[derive(Clone, Copy)]
pub(crate) struct Hasher(u64);

impl Hasher {
    /// `seed` keeps images from choosing rows whose hashes collide; `kind` keeps kinds of keys apart.
    #[inline]
    pub(crate) const fn new(seed: u64, kind: u64) -> Self {
        Self(seed ^ kind.wrapping_mul(0x243F_6A88_85A3_08D3))
    }

    #[inline]
    pub(crate) fn word(self, word: u64) -> Self {
        let product = u128::from(self.0 ^ word) * 0x9E37_79B9_7F4A_7C15;
        Self((product as u64 ^ (product >> 64) as u64).wrapping_add(0x1319_8A2E_0370_7344))
    }

    #[inline]
    pub(crate) fn finish(self) -> u32 {
        (self.0 >> 32) as u32 ^ self.0 as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{Hasher, InternTable};

    #[test]
    fn finds_what_was_inserted_also_with_equal_hashes() {
        let table = InternTable::new();
        assert_eq!(table.find(1, |_| true), None);
        for id in 1..=1000u32 {
            table.insert(id % 7, id);
        }
        for id in 1..=1000u32 {
            assert_eq!(table.find(id % 7, |other| other == id), Some(id));
        }
        assert_eq!(table.find(3, |_| false), None);
        assert_eq!(table.find(8, |_| true), None);
        assert!(table.bytes() >= 1000 * 8);
    }

    #[test]
    fn hashes_of_small_numbers_spread() {
        let mut seen: Vec<u32> = (0..4096u64)
            .map(|n| Hasher::new(7, 1).word(n).finish() & 0xFFF)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 2300, "{} of 4096 places used", seen.len());
    }
}
