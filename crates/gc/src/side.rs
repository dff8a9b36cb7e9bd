//! Side tables: arrays of atomics and bitmaps that live in the reservation.

use core::ops::{Deref, Range};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

/// A fixed array inside the heap's reservation.
pub(crate) struct Table<T> {
    start: NonNull<T>,
    len: usize,
}

/// Types for which zeroed memory is a value and shared access is safe.
///
/// # Safety
/// All-zero bytes are a valid `Self`, which needs no drop.
pub(crate) unsafe trait SideEntry: Sync {}
// SAFETY: zero is a valid atomic integer.
unsafe impl SideEntry for AtomicU8 {}
// SAFETY: zero is a valid atomic integer.
unsafe impl SideEntry for AtomicU32 {}
// SAFETY: zero is a valid atomic integer.
unsafe impl SideEntry for AtomicU64 {}

// SAFETY: a table gives only shared access to `Sync` entries.
unsafe impl<T: SideEntry> Send for Table<T> {}
// SAFETY: as above.
unsafe impl<T: SideEntry> Sync for Table<T> {}

impl<T: SideEntry> Table<T> {
    /// # Safety
    /// `start` is aligned for `T` and points at `len` entries of zeroed memory
    /// that is used through this table only and outlives it.
    pub(crate) unsafe fn new(start: NonNull<T>, len: usize) -> Table<T> {
        Table { start, len }
    }
}

impl<T: SideEntry> Deref for Table<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        // SAFETY: by the contract of `new`.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

/// A bitmap. Updates are not atomic read-modify-writes: the caller has either
/// the world stopped or the lock that guards the map.
pub(crate) struct BitTable(Table<AtomicU64>);

impl BitTable {
    pub(crate) fn new(words: Table<AtomicU64>) -> BitTable {
        BitTable(words)
    }

    #[inline]
    pub(crate) fn words(&self, range: Range<usize>) -> &[AtomicU64] {
        &self.0[range]
    }

    #[inline]
    pub(crate) fn len_words(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(crate) fn word(&self, index: usize) -> u64 {
        self.0[index].load(Relaxed)
    }

    #[inline]
    pub(crate) fn get(&self, bit: usize) -> bool {
        self.0[bit / 64].load(Relaxed) & (1 << (bit % 64)) != 0
    }

    /// Address of the word that holds a bit.
    #[inline]
    pub(crate) fn addr_of(&self, bit: usize) -> usize {
        self.0.as_ptr().addr() + bit / 64 * 8
    }

    #[inline]
    pub(crate) fn set(&self, bit: usize) {
        let word = &self.0[bit / 64];
        word.store(word.load(Relaxed) | (1 << (bit % 64)), Relaxed);
    }

    #[inline]
    pub(crate) fn clear(&self, bit: usize) {
        let word = &self.0[bit / 64];
        word.store(word.load(Relaxed) & !(1 << (bit % 64)), Relaxed);
    }

    /// Sets a bit and returns what it was.
    ///
    /// # Safety
    /// `bit` is inside the map.
    #[inline(always)]
    pub(crate) unsafe fn test_and_set_unchecked(&self, bit: usize) -> bool {
        debug_assert!(bit / 64 < self.0.len());
        // SAFETY: in range by the caller's promise.
        let word = unsafe { self.0.get_unchecked(bit / 64) };
        let old = word.load(Relaxed);
        let mask = 1u64 << (bit % 64);
        if old & mask != 0 {
            return true;
        }
        word.store(old | mask, Relaxed);
        false
    }

    /// Sets all bits of `range`.
    #[inline]
    pub(crate) fn set_range(&self, range: Range<usize>) {
        self.for_words(range, |word, mask| {
            word.store(word.load(Relaxed) | mask, Relaxed)
        });
    }

    /// Clears all bits of `range`.
    #[inline]
    pub(crate) fn clear_range(&self, range: Range<usize>) {
        self.for_words(range, |word, mask| {
            word.store(word.load(Relaxed) & !mask, Relaxed)
        });
    }

    /// How many bits of `range` are set.
    pub(crate) fn count_range(&self, range: Range<usize>) -> usize {
        let mut count = 0;
        self.for_words(range, |word, mask| {
            count += (word.load(Relaxed) & mask).count_ones() as usize
        });
        count
    }

    #[inline]
    fn for_words(&self, range: Range<usize>, mut each: impl FnMut(&AtomicU64, u64)) {
        if range.is_empty() {
            return;
        }
        let (first, last) = (range.start / 64, (range.end - 1) / 64);
        let head = !0u64 << (range.start % 64);
        let tail = !0u64 >> (63 - (range.end - 1) % 64);
        if first == last {
            each(&self.0[first], head & tail);
            return;
        }
        each(&self.0[first], head);
        for word in &self.0[first + 1..last] {
            each(word, !0);
        }
        each(&self.0[last], tail);
    }

    /// The first set bit in `range`.
    #[inline]
    pub(crate) fn first_set(&self, range: Range<usize>) -> Option<usize> {
        self.scan(range, |word| word)
    }

    /// The first clear bit in `range`.
    #[inline]
    pub(crate) fn first_clear(&self, range: Range<usize>) -> Option<usize> {
        self.scan(range, |word| !word)
    }

    #[inline]
    fn scan(&self, range: Range<usize>, view: impl Fn(u64) -> u64) -> Option<usize> {
        if range.is_empty() {
            return None;
        }
        let mut index = range.start / 64;
        let mut word = view(self.word(index)) & (!0u64 << (range.start % 64));
        loop {
            if word != 0 {
                let bit = index * 64 + word.trailing_zeros() as usize;
                return (bit < range.end).then_some(bit);
            }
            index += 1;
            if index * 64 >= range.end {
                return None;
            }
            word = view(self.word(index));
        }
    }

    /// The last set bit in `range`.
    #[inline]
    pub(crate) fn last_set(&self, range: Range<usize>) -> Option<usize> {
        if range.is_empty() {
            return None;
        }
        let mut index = (range.end - 1) / 64;
        let mut word = self.word(index) & (!0u64 >> (63 - (range.end - 1) % 64));
        loop {
            if word != 0 {
                let bit = index * 64 + 63 - word.leading_zeros() as usize;
                return (bit >= range.start).then_some(bit);
            }
            if index * 64 <= range.start {
                return None;
            }
            index -= 1;
            word = self.word(index);
        }
    }

    /// Copies the words of `range` from `other`.
    pub(crate) fn copy_words(&self, range: Range<usize>, other: &BitTable) {
        for (to, from) in self.0[range.clone()].iter().zip(&other.0[range]) {
            to.store(from.load(Relaxed), Relaxed);
        }
    }

    /// Sets the bits of `range` that are clear in `other`, and clears the others.
    pub(crate) fn copy_complement(&self, range: Range<usize>, other: &BitTable) {
        let first = range.start / 64;
        let mut index = first;
        self.for_words(range, |word, mask| {
            let old = word.load(Relaxed);
            word.store(old & !mask | !other.word(index) & mask, Relaxed);
            index += 1;
        });
    }

    /// Clears the words of `range`.
    pub(crate) fn clear_words(&self, range: Range<usize>) {
        for word in &self.0[range] {
            word.store(0, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BitTable, Table};
    use core::ptr::NonNull;
    use core::sync::atomic::AtomicU64;

    #[test]
    fn ranges_and_scans_agree_with_a_plain_vector() {
        let words: &'static mut [AtomicU64] =
            Box::leak((0..4).map(|_| AtomicU64::new(0)).collect());
        // SAFETY: leaked, so it outlives the table, and used by nobody else.
        let map = BitTable::new(unsafe { Table::new(NonNull::from(&mut words[0]), 4) });
        let mut model = [false; 256];
        let mut seed = 12345u32;
        for _ in 0..500 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let from = (seed >> 8) as usize % 256;
            let to = from + (seed >> 20) as usize % (257 - from);
            if seed & 64 == 0 {
                map.set_range(from..to);
                model[from..to].fill(true);
            } else {
                map.clear_range(from..to);
                model[from..to].fill(false);
            }
            let words: &'static mut [AtomicU64] =
                Box::leak((0..4).map(|_| AtomicU64::new(0)).collect());
            // SAFETY: as above.
            let complement = BitTable::new(unsafe { Table::new(NonNull::from(&mut words[0]), 4) });
            complement.copy_complement(from..to, &map);
            assert!((0..256).all(|i| complement.get(i) == ((from..to).contains(&i) && !model[i])));
            let (from, to) = (from / 2, 256 - from / 3);
            assert_eq!(
                map.count_range(from..to),
                model[from..to].iter().filter(|b| **b).count()
            );
            assert_eq!(map.first_set(from..to), (from..to).find(|i| model[*i]));
            assert_eq!(map.first_clear(from..to), (from..to).find(|i| !model[*i]));
            assert_eq!(map.last_set(from..to), (from..to).rev().find(|i| model[*i]));
        }
    }
}
