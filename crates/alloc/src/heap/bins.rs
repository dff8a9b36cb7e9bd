//! Free blocks, sorted into bins by size.
//!
//! Up to 255 granules each size has its own bin, so the first non-empty bin that is large enough holds
//! best fits. Larger sizes share a bin with sizes up to 1/32 larger; there the best block of the bin
//! is searched for.

use super::header::HeaderLayout;
use super::region::{NIL, Region, Start};

/// Sizes below this have bins of their own.
const EXACT: u32 = 256;
/// log2 of the bins for each power of two above.
const SUB_BITS: u32 = 5;
const BINS: usize = 1024;
/// Most blocks of one bin that are looked at for the best fit; bounds the time of an allocation.
const SEARCH: usize = 32;

pub(super) struct Bins {
    /// Bit i: word i of `nonempty` may be other than zero.
    summary: u32,
    /// Bit per bin: it has blocks.
    nonempty: [u64; BINS / 64],
    /// The first block of each bin, or `NIL`. (The back link of a first block means nothing.)
    heads: [u32; BINS],
    /// Is written in place of the back link of a block when there is no block.
    nobody: u32,
}

/// The bin of blocks of `size` granules.
#[inline]
pub(super) fn bin_of(size: u32) -> usize {
    if size < EXACT {
        size as usize
    } else {
        let log = size.ilog2();
        let sub = (size >> (log - SUB_BITS)) & ((1 << SUB_BITS) - 1);
        (EXACT + ((log - EXACT.ilog2()) << SUB_BITS) + sub) as usize
    }
}

impl Bins {
    pub(super) const COUNT: usize = BINS;

    pub(super) const fn new() -> Bins {
        Bins {
            summary: 0,
            nonempty: [0; BINS / 64],
            heads: [NIL; BINS],
            nobody: NIL,
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Bins::new();
    }

    /// The first block of a bin, or `NIL`.
    pub(super) fn head(&self, bin: usize) -> u32 {
        self.heads[bin]
    }

    /// Do the bits for this bin say that it has blocks?
    pub(super) fn marked(&self, bin: usize) -> bool {
        let (word, bit) = (bin / 64, bin % 64);
        self.nonempty[word] & 1 << bit != 0 && self.summary & 1 << word != 0
    }

    /// Puts a free block first in the bin of its size.
    #[inline]
    pub(super) fn insert<L: HeaderLayout>(
        &mut self,
        region: &mut Region<L>,
        block: Start,
        size: u32,
    ) {
        let bin = bin_of(size);
        let head = self.heads[bin];
        region.set_next(block, head);
        self.set_previous(region, head, block.granule());
        self.heads[bin] = block.granule();
        self.nonempty[bin / 64] |= 1 << (bin % 64);
        self.summary |= 1 << (bin / 64);
    }

    /// Takes a free block out of the bin of its size.
    #[inline]
    pub(super) fn remove<L: HeaderLayout>(
        &mut self,
        region: &mut Region<L>,
        block: Start,
        size: u32,
    ) {
        let bin = bin_of(size);
        if self.heads[bin] == block.granule() {
            self.pop(region, bin, block);
        } else {
            let next = region.next(block);
            // SAFETY: (links) the block is not the first of its list, so there is one before it.
            let previous = unsafe { region.start_unchecked(region.previous(block)) };
            region.set_next(previous, next);
            self.set_previous(region, next, previous.granule());
        }
    }

    /// Takes the first block out of its bin. Touches nothing but that block's link: whether the bin is empty
    /// now is no branch, since the link is most often not in the cache and a branch would wait for it.
    #[inline]
    fn pop<L: HeaderLayout>(&mut self, region: &Region<L>, bin: usize, first: Start) {
        let next = region.next(first);
        self.heads[bin] = next;
        self.nonempty[bin / 64] &= !(u64::from(next == NIL) << (bin % 64));
    }

    /// Sets the back link of a block, or of nobody.
    #[inline]
    fn set_previous<L: HeaderLayout>(&mut self, region: &mut Region<L>, block: u32, to: u32) {
        // SAFETY: (links) the name comes from a list. The place is used at once.
        unsafe {
            region.previous_place(block, &mut self.nobody).write(to);
        }
    }

    /// The first non-empty bin from `bin` on.
    #[inline]
    fn first_from(&mut self, bin: usize) -> Option<usize> {
        if bin >= BINS {
            return None;
        }
        let index = bin / 64;
        let here = self.nonempty[index] & u64::MAX << (bin % 64);
        if here != 0 {
            return Some(index * 64 + here.trailing_zeros() as usize);
        }
        loop {
            let above = self.summary & (u32::MAX << index << 1);
            if above == 0 {
                return None;
            }
            let index = above.trailing_zeros() as usize;
            let word = self.nonempty[index];
            if word != 0 {
                return Some(index * 64 + word.trailing_zeros() as usize);
            }
            // Taking blocks out leaves the summary alone.
            self.summary &= !(1 << index);
        }
    }

    /// Takes out the free block that fits `size` granules best; the block and its size.
    #[inline]
    pub(super) fn take_best<L: HeaderLayout>(
        &mut self,
        region: &mut Region<L>,
        size: u32,
    ) -> Option<(Start, u32)> {
        let mut bin = bin_of(size);
        loop {
            bin = self.first_from(bin)?;
            if bin < EXACT as usize {
                // SAFETY: (links) the bin is not empty, so its head names a block.
                let block = unsafe { region.start_unchecked(self.heads[bin]) };
                self.pop(region, bin, block);
                return Some((block, bin as u32));
            }
            // Only the request's own bin can be without a fit, so this runs at most twice.
            if let Some((block, have)) = self.best_of(region, bin, size) {
                self.remove(region, block, have);
                return Some((block, have));
            }
            bin += 1;
        }
    }

    /// The smallest block of a bin that has `size` granules, of the first [`SEARCH`] that have.
    fn best_of<L: HeaderLayout>(
        &self,
        region: &Region<L>,
        bin: usize,
        size: u32,
    ) -> Option<(Start, u32)> {
        let mut best = None;
        let mut best_size = u32::MAX;
        let mut fits = 0;
        let mut next = self.heads[bin];
        while next != NIL && fits < SEARCH {
            // SAFETY: (links) the name comes from a list and is not NIL.
            let block = unsafe { region.start_unchecked(next) };
            let have = region.header(block).size();
            if have == size {
                return Some((block, have));
            }
            if have > size {
                fits += 1;
                if have < best_size {
                    (best, best_size) = (Some(block), have);
                }
            }
            next = region.next(block);
        }
        best.map(|block| (block, best_size))
    }

    /// Granules of the largest free block.
    pub(super) fn largest<L: HeaderLayout>(&self, region: &Region<L>) -> u32 {
        let Some(index) = self.nonempty.iter().rposition(|word| *word != 0) else {
            return 0;
        };
        let bin = index * 64 + self.nonempty[index].ilog2() as usize;
        let mut largest = 0;
        let mut next = self.heads[bin];
        while next != NIL {
            let block = region.start(next);
            largest = largest.max(region.header(block).size());
            next = region.next(block);
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::{BINS, bin_of};

    #[test]
    fn bins_grow_with_size_and_stay_in_range() {
        let mut last = 0;
        for size in (1..100_000).chain((17..32).flat_map(|log| {
            let power = 1u32 << log;
            [power - 1, power, power + 1]
        })) {
            let bin = bin_of(size);
            assert!(
                bin >= last || size < 100_000 && bin + 1 >= last,
                "size {size}"
            );
            last = bin;
        }
        assert_eq!(bin_of(255), 255);
        assert_eq!(bin_of(256), 256);
        assert_eq!(bin_of(u32::MAX), BINS - 1);
    }
}
