//! Is a heap's structure intact?

use super::Heap;
use super::bins::{Bins, bin_of};
use super::header::HeaderLayout;
use super::region::{NIL, Region};

/// What [`Heap::check`] found wrong. `at` is a block's distance in bytes from the heap's first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// A block has an impossible size: most often someone wrote past the end of the one before.
    Size {
        /// Which block.
        at: usize,
    },
    /// A block says that its predecessor is free when it is in use, or the other way round.
    PreviousFree {
        /// Which block.
        at: usize,
    },
    /// Two free blocks lie side by side.
    NotCoalesced {
        /// The second of them.
        at: usize,
    },
    /// The size at the end of a free block is not that of its header: someone wrote to freed memory.
    Footer {
        /// Which block.
        at: usize,
    },
    /// The links between free blocks are broken: someone wrote to freed memory.
    Links {
        /// Number of the list.
        bin: usize,
    },
    /// The number of blocks or bytes is not what the heap has counted.
    Count,
}

impl core::fmt::Display for Corruption {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Corruption::Size { at } => write!(f, "the block at {at:#x} has an impossible size"),
            Corruption::PreviousFree { at } => {
                write!(f, "the block at {at:#x} is wrong about the block before it")
            }
            Corruption::NotCoalesced { at } => {
                write!(f, "the free block at {at:#x} follows a free block")
            }
            Corruption::Footer { at } => {
                write!(f, "the free block at {at:#x} has two different sizes")
            }
            Corruption::Links { bin } => write!(f, "free list {bin} is broken"),
            Corruption::Count => f.write_str("the heap's counters are wrong"),
        }
    }
}

impl core::error::Error for Corruption {}

impl<L: HeaderLayout> Heap<'_, L> {
    /// Verifies every header, footer, link and counter. Takes time in proportion to the number of blocks,
    /// never loops and never leaves the heap, whatever was written over its structure.
    ///
    /// # Errors
    /// The first [`Corruption`] found.
    pub fn check(&self) -> Result<(), Corruption> {
        let free_blocks = self.check_blocks()?;
        self.check_bins(free_blocks)
    }

    /// Walks the blocks; the number of free ones.
    fn check_blocks(&self) -> Result<usize, Corruption> {
        let region = &self.region;
        let mut block = 0;
        let mut after_free = false;
        let (mut used, mut used_granules, mut free) = (0usize, 0u32, 0usize);
        while block < region.len() {
            let at = block as usize * super::region::GRANULE;
            let header = region.header_at(block);
            let size = header.size();
            if size < Region::<L>::MIN_BLOCK || size > region.len() - block {
                return Err(Corruption::Size { at });
            }
            if header.previous_free() != after_free {
                return Err(Corruption::PreviousFree { at });
            }
            if header.in_use() {
                used += 1;
                used_granules += size;
            } else {
                if after_free {
                    return Err(Corruption::NotCoalesced { at });
                }
                if region.footer(region.end(region.start(block), size)) != size {
                    return Err(Corruption::Footer { at });
                }
                free += 1;
            }
            after_free = !header.in_use();
            block += size;
        }
        if region.header_at(block).previous_free() != after_free {
            return Err(Corruption::PreviousFree {
                at: block as usize * super::region::GRANULE,
            });
        }
        if (used, used_granules, free) != (self.used_blocks, self.used_granules, self.free_blocks) {
            return Err(Corruption::Count);
        }
        Ok(free)
    }

    /// Follows the links; together the lists must have every free block.
    fn check_bins(&self, free_blocks: usize) -> Result<(), Corruption> {
        let region = &self.region;
        let mut seen = 0;
        for bin in 0..Bins::COUNT {
            let broken = Corruption::Links { bin };
            let mut previous = NIL;
            let mut block = self.bins.head(bin);
            if (block != NIL) != self.bins.marked(bin) {
                return Err(broken);
            }
            while block != NIL {
                seen += 1;
                // A loop would be longer than the number of free blocks.
                if seen > free_blocks || block >= region.len() {
                    return Err(broken);
                }
                let header = region.header_at(block);
                if header.in_use()
                    || bin_of(header.size()) != bin
                    || (previous != NIL && region.previous(region.start(block)) != previous)
                {
                    return Err(broken);
                }
                (previous, block) = (block, region.next(region.start(block)));
            }
        }
        if seen == free_blocks {
            Ok(())
        } else {
            Err(Corruption::Count)
        }
    }
}
