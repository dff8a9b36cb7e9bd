//! A hash table of ids that only grows: lookups take no lock.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

const FIRST_CAPACITY: usize = 8;

/// Hash → ids, by open addressing. A slot is `hash << 32 | id`; 0 is an empty slot.
///
/// There is no removal: a table dies with its image set. A table that was outgrown is kept until then,
/// because a reader may still probe it (all of them together are smaller than the current one).
pub(crate) struct InternTable {
    current: AtomicPtr<Box<[AtomicU64]>>,
    len: AtomicU32,
    #[expect(
        clippy::vec_box,
        reason = "`current` points at the inner boxes, which must not move"
    )]
    arrays: Mutex<Vec<Box<Box<[AtomicU64]>>>>,
}

impl InternTable {
    pub(crate) const fn new() -> Self {
        Self {
            current: AtomicPtr::new(ptr::null_mut()),
            len: AtomicU32::new(0),
            arrays: Mutex::new(Vec::new()),
        }
    }

    #[inline]
    fn slots(&self) -> Option<&[AtomicU64]> {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: `current` is null or points at a box kept alive in `arrays` until `self` is dropped.
        unsafe { current.as_ref() }.map(|slots| &**slots)
    }

    /// The id with this hash for which `same` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut same: impl FnMut(u32) -> bool) -> Option<u32> {
        let slots = self.slots()?;
        let mask = slots.len() - 1;
        let mut at = hash as usize & mask;
        // A table is never more than three quarters full, so the probe ends.
        loop {
            let slot = slots[at].load(Ordering::Acquire);
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
        let len = self.len.load(Ordering::Relaxed) as usize;
        let capacity = arrays.last().map_or(0, |slots| slots.len());
        if (len + 1) * 4 > capacity * 3 {
            let wanted = (capacity * 2).max(FIRST_CAPACITY);
            let grown: Box<[AtomicU64]> = (0..wanted).map(|_| AtomicU64::new(0)).collect();
            if let Some(old) = arrays.last() {
                for slot in old
                    .iter()
                    .map(|slot| slot.load(Ordering::Relaxed))
                    .filter(|&slot| slot != 0)
                {
                    place(&grown, slot);
                }
            }
            arrays.push(Box::new(grown));
        }
        if let Some(slots) = arrays.last() {
            place(slots, u64::from(hash) << 32 | u64::from(id));
            self.len.store(len as u32 + 1, Ordering::Relaxed);
            let slots: *const Box<[AtomicU64]> = &**slots;
            // Release: a reader that sees the array sees the copied slots.
            self.current.store(slots.cast_mut(), Ordering::Release);
        }
    }

    /// Bytes of the current and the outgrown arrays.
    pub(crate) fn bytes(&self) -> usize {
        self.arrays
            .lock()
            .iter()
            .map(|slots| slots.len() * size_of::<AtomicU64>() + size_of::<Box<[AtomicU64]>>())
            .sum()
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
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed ^ 0x243F_6A88_85A3_08D3)
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
            .map(|n| Hasher::new(1).word(n).finish() & 0xFFF)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert!(seen.len() > 2300, "{} of 4096 places used", seen.len());
    }
}
