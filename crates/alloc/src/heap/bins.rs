//! Free blocks, sorted into bins by size.
//!
//! Up to 255 granules each size has its own bin, so the first non-empty bin that is large enough holds
//! best fits. Larger sizes share a bin with sizes up to 1/32 larger; there the best block of the bin
//! is searched for.

use super::header::HeaderLayout;
use super::region::{NIL, Region};

/// Sizes below this have bins of their own.
const EXACT: u32 = 256;
/// log2 of the bins for each power of two above.
const SUB_BITS: u32 = 5;
const BINS: usize = 1024;
/// Most blocks of one bin that are looked at for the best fit; bounds the time of an allocation.
const SEARCH: usize = 32;

pub(super) struct Bins {
    /// Bit i: word i of `nonempty` is not zero.
    summary: u32,
    /// Bit per bin: it has blocks.
    nonempty: [u64; BINS / 64],
    heads: [u32; BINS],
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
        let word = self.nonempty[bin / 64];
        debug_assert_eq!(word != 0, self.summary & 1 << (bin / 64) != 0);
        word & 1 << (bin % 64) != 0
    }

    #[inline]
    pub(super) fn insert<L: HeaderLayout>(
        &mut self,
        region: &mut Region<L>,
        block: u32,
        size: u32,
    ) {
        let bin = bin_of(size);
        let head = self.heads[bin];
        region.set_next(block, head);
        region.set_previous(block, NIL);
        if head == NIL {
            self.nonempty[bin / 64] |= 1 << (bin % 64);
            self.summary |= 1 << (bin / 64);
        } else {
            region.set_previous(head, block);
        }
        self.heads[bin] = block;
    }

    #[inline]
    pub(super) fn remove<L: HeaderLayout>(
        &mut self,
        region: &mut Region<L>,
        block: u32,
        size: u32,
    ) {
        let next = region.next(block);
        let previous = region.previous(block);
        if next != NIL {
            region.set_previous(next, previous);
        }
        if previous != NIL {
            region.set_next(previous, next);
            return;
        }
        let bin = bin_of(size);
        self.heads[bin] = next;
        if next == NIL {
            let word = &mut self.nonempty[bin / 64];
            *word &= !(1 << (bin % 64));
            if *word == 0 {
                self.summary &= !(1 << (bin / 64));
            }
        }
    }

    /// The first non-empty bin from `bin` on.
    #[inline]
    fn first_from(&self, bin: usize) -> Option<usize> {
        if bin >= BINS {
            return None;
        }
        let index = bin / 64;
        let here = self.nonempty[index] & u64::MAX << (bin % 64);
        if here != 0 {
            return Some(index * 64 + here.trailing_zeros() as usize);
        }
        let above = self.summary & (u32::MAX << index << 1);
        if above == 0 {
            return None;
        }
        let index = above.trailing_zeros() as usize;
        Some(index * 64 + self.nonempty[index].trailing_zeros() as usize)
    }

    /// The free block that fits `size` granules best, with its size. It stays in its bin.
    #[inline]
    pub(super) fn find<L: HeaderLayout>(
        &self,
        region: &Region<L>,
        size: u32,
    ) -> Option<(u32, u32)> {
        let mut bin = bin_of(size);
        loop {
            bin = self.first_from(bin)?;
            if bin < EXACT as usize {
                return Some((self.heads[bin], bin as u32));
            }
            // Only the request's own bin can be without a fit, so this runs at most twice.
            if let Some(found) = self.best_of(region, bin, size) {
                return Some(found);
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
    ) -> Option<(u32, u32)> {
        let mut best = None;
        let mut best_size = u32::MAX;
        let mut block = self.heads[bin];
        let mut fits = 0;
        while block != NIL {
            let have = region.header(block).size();
            if have >= size {
                if have < best_size {
                    (best, best_size) = (Some(block), have);
                    if have == size {
                        break;
                    }
                }
                fits += 1;
                if fits == SEARCH {
                    break;
                }
            }
            block = region.next(block);
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
        let mut block = self.heads[bin];
        while block != NIL {
            largest = largest.max(region.header(block).size());
            block = region.next(block);
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
