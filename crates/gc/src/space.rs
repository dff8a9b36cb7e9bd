//! Which pages are used for what: blocks, runs, and blocks with holes.

use core::ops::Range;
use core::sync::atomic::Ordering::Relaxed;

use crate::layout::{PAGE, PAGES_PER_BLOCK};
use crate::region::Core;

/// The page allocator. First fit by address keeps the heap dense.
pub(crate) struct Space {
    /// Pages in blocks and runs.
    used_pages: usize,
    /// Bytes of tables outside the reservation that count against the limit.
    aux_bytes: usize,
    /// No page below this one is free.
    first_free: usize,
    /// No block below this one is free.
    first_free_block: usize,
    /// Pages at and above this one have never been used.
    top: usize,
    /// The list of blocks with holes: a ring.
    recycled_first: usize,
    recycled_len: usize,
    /// So many blocks at the front of the list were returned half used.
    returned: usize,
    /// A block has been returned half used since the last collection.
    any_returned: bool,
    dirty_free: usize,
    /// Pages that a sweep has still to look at.
    unswept: Range<usize>,
    /// How many free pages are to stay warm once the sweep is done; `None` when
    /// that has been seen to.
    keep_warm: Option<usize>,
}

/// How many blocks are looked at to find one that suits.
const LOOK_AT: usize = 8;

/// A block given to a mutator.
pub(crate) struct BlockGrant {
    pub(crate) block: usize,
    /// All its pages are zero.
    pub(crate) clean: bool,
}

impl Space {
    pub(crate) fn new() -> Space {
        Space {
            used_pages: 0,
            aux_bytes: 0,
            first_free: 0,
            first_free_block: 0,
            top: 0,
            recycled_first: 0,
            recycled_len: 0,
            returned: 0,
            any_returned: false,
            dirty_free: 0,
            unswept: 0..0,
            keep_warm: None,
        }
    }

    /// Pages at and above this one are free and untouched.
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// Bytes of used pages and of tables.
    pub(crate) fn used_bytes(&self) -> usize {
        self.used_pages * PAGE + self.aux_bytes
    }

    /// Bytes of used pages, of free pages that are kept warm, and of tables.
    pub(crate) fn resident_bytes(&self) -> usize {
        self.used_bytes() + self.dirty_free * PAGE
    }

    fn fits(&self, core: &Core, pages: usize) -> bool {
        self.used_pages + pages + self.aux_bytes.div_ceil(PAGE) <= core.pages()
    }

    /// Counts `bytes` of tables against the limit; false when they do not fit.
    pub(crate) fn reserve_aux(&mut self, core: &Core, bytes: usize) -> bool {
        let total = core.pages() * PAGE;
        let fits = self
            .used_bytes()
            .checked_add(bytes)
            .is_some_and(|sum| sum <= total);
        if fits {
            self.aux_bytes += bytes;
            // Warm pages are memory too: the limit is for both together.
            let spare = total - self.used_bytes();
            if self.dirty_free * PAGE > spare {
                self.release(core, spare / PAGE);
            }
        }
        fits
    }

    /// Takes back what [`Space::reserve_aux`] counted.
    pub(crate) fn release_aux(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.aux_bytes);
        self.aux_bytes = self.aux_bytes.saturating_sub(bytes);
    }

    /// A free block.
    pub(crate) fn take_block(&mut self, core: &Core) -> Option<BlockGrant> {
        if !self.fits(core, PAGES_PER_BLOCK) {
            return None;
        }
        let block = self.find_free_block(core)?;
        self.first_free_block = block + 1;
        let first = block * PAGES_PER_BLOCK;
        let clean = self.take_pages(core, first, PAGES_PER_BLOCK) == 0;
        core.set_block_owner(block);
        core.opened.set(first);
        Some(BlockGrant { block, clean })
    }

    fn find_free_block(&self, core: &Core) -> Option<usize> {
        const BLOCKS_PER_WORD: usize = 64 / PAGES_PER_BLOCK;
        let mut index = self.first_free_block / BLOCKS_PER_WORD;
        while index < core.free.len_words() {
            let word = core.free.word(index);
            if word != 0 {
                for (position, byte) in word.to_le_bytes().into_iter().enumerate() {
                    if byte == 0xff {
                        return Some(index * BLOCKS_PER_WORD + position);
                    }
                }
            }
            index += 1;
        }
        None
    }

    /// A run of `count` free pages. Tells its first page and whether any of
    /// them may be dirty.
    pub(crate) fn take_run(&mut self, core: &Core, count: usize) -> Option<(usize, bool)> {
        let pages = core.pages();
        if count > pages || !self.fits(core, count) {
            return None;
        }
        let lowest = core.free.first_set(self.first_free.min(pages)..pages)?;
        self.first_free = lowest;
        let mut start = lowest;
        loop {
            if pages - start < count {
                return None;
            }
            match core.free.first_clear(start..start + count) {
                None => break,
                Some(used) => start = core.free.first_set(used..pages)?,
            }
        }
        if start == lowest {
            self.first_free = start + count;
        }
        let dirty = self.take_pages(core, start, count);
        core.set_run_owner(start, count);
        core.opened.set(start);
        Some((start, dirty != 0))
    }

    /// Marks pages used and dirty; returns how many were dirty before.
    fn take_pages(&mut self, core: &Core, first: usize, count: usize) -> usize {
        let range = first..first + count;
        core.free.clear_range(range.clone());
        let dirty = core.dirty.count_range(range.clone());
        core.dirty.set_range(range);
        self.dirty_free -= dirty;
        self.used_pages += count;
        self.top = self.top.max(first + count);
        dirty
    }

    /// Takes pages back. Their objects are dead.
    pub(crate) fn give_back(&mut self, core: &Core, first: usize, count: usize) {
        core.clear_owner(first, count);
        core.free.set_range(first..first + count);
        self.used_pages -= count;
        self.dirty_free += count;
        self.first_free = self.first_free.min(first);
        self.first_free_block = self.first_free_block.min(first / PAGES_PER_BLOCK);
    }

    /// Where the `index`-th block of the list is. The list is a ring; each block
    /// is on it at most once.
    fn listed(&self, core: &Core, index: usize) -> usize {
        (self.recycled_first + index) % core.blocks
    }

    fn recycled(&self, core: &Core, index: usize) -> usize {
        core.recycled[self.listed(core, index)].load(Relaxed) as usize
    }

    /// Forgets the list of blocks with holes; a sweep refills it.
    pub(crate) fn clear_recycled(&mut self) {
        self.recycled_len = 0;
        self.returned = 0;
        self.any_returned = false;
    }

    /// Keeps the blocks of the list that nobody has used. A sweep decides about
    /// the others.
    pub(crate) fn keep_recycled(&mut self, core: &Core) {
        // What is on the list has not been taken from it, unless it came back.
        if !core::mem::take(&mut self.any_returned) {
            return;
        }
        let old = self.recycled_len;
        self.clear_recycled();
        for index in 0..old {
            let block = self.recycled(core, index);
            if !core.opened.get(block * PAGES_PER_BLOCK) {
                self.push_recycled(core, block);
            }
        }
    }

    // ----- the sweep after a flip ------------------------------------------

    /// Begins a sweep of all that is in use.
    pub(crate) fn begin_sweep(&mut self, core: &Core) {
        debug_assert!(!self.is_sweeping());
        core.unswept.copy_complement(0..self.top, &core.free);
        self.unswept = 0..self.top;
    }

    /// Whether a sweep goes on.
    pub(crate) fn is_sweeping(&self) -> bool {
        !self.unswept.is_empty()
    }

    /// The first page of the next block or run to be swept.
    pub(crate) fn next_unswept(&mut self, core: &Core) -> Option<usize> {
        let found = core.unswept.first_set(self.unswept.clone());
        self.unswept.start = found.unwrap_or(self.unswept.end);
        found
    }

    /// Has `release_some` give free pages back until at most `keep` stay warm.
    pub(crate) fn release_later(&mut self, keep: usize) {
        self.keep_warm = Some(keep);
    }

    /// Whether `release_some` has something to do.
    pub(crate) fn is_releasing(&self) -> bool {
        self.keep_warm.is_some()
    }

    /// Gives some of the pages back that `release_later` asked for. Returns
    /// whether there is more to do.
    pub(crate) fn release_some(&mut self, core: &Core, pages: usize) -> bool {
        let Some(keep) = self.keep_warm else {
            return false;
        };
        let before = self.dirty_free;
        self.release(core, keep.max(before.saturating_sub(pages)));
        if self.dirty_free <= keep || self.dirty_free == before {
            self.keep_warm = None;
        }
        self.keep_warm.is_some()
    }

    pub(crate) fn push_recycled(&mut self, core: &Core, block: usize) {
        debug_assert!(self.recycled_len < core.blocks);
        core.recycled[self.listed(core, self.recycled_len)].store(block as u32, Relaxed);
        self.recycled_len += 1;
    }

    /// Puts a block that is half used in front of the list.
    pub(crate) fn return_recycled(&mut self, core: &Core, block: usize) {
        debug_assert!(self.recycled_len < core.blocks);
        self.recycled_first = self.listed(core, core.blocks - 1);
        self.recycled_len += 1;
        self.returned += 1;
        self.any_returned = true;
        core.recycled[self.recycled_first].store(block as u32, Relaxed);
    }

    /// The next block with holes.
    pub(crate) fn take_recycled(&mut self, core: &Core) -> Option<usize> {
        self.take_recycled_within(core, 1, |_| true)
    }

    /// One of the blocks that were returned half used and satisfy `wanted`.
    pub(crate) fn take_returned_where(
        &mut self,
        core: &Core,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.take_recycled_within(core, self.returned.min(LOOK_AT), wanted)
    }

    /// One of the next blocks with holes, if it satisfies `wanted`.
    pub(crate) fn take_next_recycled_where(
        &mut self,
        core: &Core,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.take_recycled_within(core, LOOK_AT, wanted)
    }

    /// The next block with holes that satisfies `wanted`, taken out of order.
    pub(crate) fn take_recycled_where(
        &mut self,
        core: &Core,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.take_recycled_within(core, usize::MAX, wanted)
    }

    fn take_recycled_within(
        &mut self,
        core: &Core,
        first: usize,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let found =
            (0..first.min(self.recycled_len)).find(|index| wanted(self.recycled(core, *index)))?;
        let block = self.recycled(core, found);
        core.opened.set(block * PAGES_PER_BLOCK);
        let front = self.recycled(core, 0);
        core.recycled[self.listed(core, found)].store(front as u32, Relaxed);
        self.recycled_first = self.listed(core, 1);
        self.recycled_len -= 1;
        self.returned = self.returned.saturating_sub(1);
        Some(block)
    }

    /// Returns free dirty pages to the system, from the top down, until at most
    /// `keep` stay warm.
    pub(crate) fn release(&mut self, core: &Core, keep: usize) {
        let mut end = self.top;
        while self.dirty_free > keep && end > 0 {
            // The last range of pages that are free and dirty.
            let Some(last) = (0..end)
                .rev()
                .find(|page| core.free.get(*page) && core.dirty.get(*page))
            else {
                break;
            };
            let excess = self.dirty_free - keep;
            let mut first = last;
            while first > 0
                && last + 1 - first < excess
                && core.free.get(first - 1)
                && core.dirty.get(first - 1)
            {
                first -= 1;
            }
            let count = last + 1 - first;
            // SAFETY: free pages, and `&mut self` means that the lock is held.
            if !unsafe { core.discard_pages(first, count) } {
                break;
            }
            core.dirty.clear_range(first..last + 1);
            self.dirty_free -= count;
            end = first;
        }
    }
}
