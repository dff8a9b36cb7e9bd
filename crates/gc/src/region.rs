//! The reservation, its side tables, and the questions they answer.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::binding::VmBinding;
use crate::error::HeapError;
use crate::layout::{
    BLOCK, GRANULE, GRANULES_PER_BLOCK, GRANULES_PER_PAGE, LINE, LINES_PER_BLOCK, MAX_HEAP,
    MAX_SMALL, MIN_HEAP, MIN_OBJECT, PAGE, PAGES_PER_BLOCK, round_up,
};
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::os::Mapping;
use crate::side::{BitTable, SideEntry, Table};

/// Set in `handed` once the starts of a block are known.
const WALKED: u32 = 1 << 31;
/// Set in `run_pages` until a collection has seen the run.
const YOUNG_RUN: u32 = 1 << 31;
/// Values of a line's byte in the log: no old object with references here,
pub(crate) const NOT_OLD: u8 = 0;
/// old, and not stored to since the last collection,
pub(crate) const UNLOGGED: u8 = 1;
/// old, and stored to.
pub(crate) const LOGGED: u8 = 2;
/// `page_owner` of a page in a block of small objects; 0 is a free page, and
/// `n + FIRST_RUN` a page of the run that begins at page `n`.
const SMALL: u32 = 1;
const FIRST_RUN: u32 = 2;
const MAX_TABLES: usize = 19;

/// What a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PageOwner {
    Free,
    Block,
    /// A run that begins at this page.
    Run(usize),
}

/// The result of a marking.
pub(crate) struct MarkPlane {
    /// One bit per granule: the object that starts here is marked.
    pub(crate) marks: BitTable,
    /// One bit per line: used by a marked object.
    pub(crate) lines: BitTable,
}

impl MarkPlane {
    /// Clears what is marked in a block.
    pub(crate) fn clear_block(&self, block: usize) {
        self.marks.clear_words(Core::granule_words(block));
        self.lines.clear_words(Core::line_words(block));
    }
}

/// Memory and side metadata, without any policy.
pub(crate) struct Core {
    map: Mapping,
    /// Address of the first block.
    pub(crate) base: usize,
    /// Bytes of all blocks.
    pub(crate) bytes: usize,
    pub(crate) blocks: usize,
    pub(crate) max_bytes: usize,
    /// One bit per granule: an object starts here. Complete for survivors of
    /// the last collection; for newer objects see `ensure_walked`.
    pub(crate) starts: BitTable,
    /// One bit per line: in use since the last collection. The holes between
    /// are what allocation fills.
    pub(crate) lines: BitTable,
    /// The marks of the last collection, and those of the marking of old objects
    /// that goes on across collections. The second is empty unless generational,
    /// and clear unless that marking or a sweep goes on.
    planes: [MarkPlane; 2],
    /// Which of the two planes is that of the last collection.
    current: AtomicUsize,
    page_owner: Table<AtomicU32>,
    /// Pages of the run that begins at a page.
    run_pages: Table<AtomicU32>,
    /// Per block: bytes from its start below which all holes have been handed
    /// to mutators since the last collection, and `WALKED`.
    handed: Table<AtomicU32>,
    /// One bit per page: free. Guarded by the lock of `Space`.
    pub(crate) free: BitTable,
    /// One bit per page: touched since it came from the system. Same guard.
    pub(crate) dirty: BitTable,
    /// Blocks with holes, filled by the sweep. Same guard.
    pub(crate) recycled: Table<AtomicU32>,
    /// One bit per page: a block or run that begins here may have been allocated
    /// into since the last collection. Same guard.
    pub(crate) opened: BitTable,
    /// One bit per page: in a block or run that the last sweep has not reached
    /// yet. Its marks are right; `starts`, `lines` and `log` may show dead objects
    /// too. Same guard.
    pub(crate) unswept: BitTable,
    /// One bit per line: stored to since that marking may have scanned it.
    pub(crate) major_dirty: BitTable,
    /// One byte per line for the write barrier. Empty unless generational.
    log: Table<AtomicU8>,
    /// One byte per block: it has logged lines. Empty unless generational.
    logged_blocks: Table<AtomicU8>,
    /// Bytes of the heap that the log covers: all or none.
    pub(crate) log_bytes: usize,
    stack: NonNull<usize>,
    stack_len: usize,
    major_stack: NonNull<usize>,
}

// SAFETY: `stack` is memory of the reservation, used only by the thread that
// holds the collection lock; the rest is `Send + Sync` by itself.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

/// Bytes of side metadata for one block.
const SIDE_PER_BLOCK: usize = 2 * (GRANULES_PER_BLOCK / 8) + 2 * (LINES_PER_BLOCK / 8)
    // page_owner, run_pages
    + 2 * 4 * PAGES_PER_BLOCK
    // handed, recycled
    + 8
    // free, dirty, opened, unswept
    + 4;
/// Bytes of the tables for generations for one block: the log, the second marks.
const GENERATIONS_PER_BLOCK: usize =
    LINES_PER_BLOCK + 1 + GRANULES_PER_BLOCK / 8 + 2 * (LINES_PER_BLOCK / 8);

impl Core {
    pub(crate) fn new(options: &HeapOptions) -> Result<Core, HeapError> {
        let max = options.max_bytes;
        if !(MIN_HEAP..=MAX_HEAP).contains(&max) {
            return Err(HeapError::BadLimit(max));
        }
        let stack_len = options
            .mark_stack_entries
            .unwrap_or((max / 512 / 8).clamp(1024, 1 << 20))
            .clamp(16, max / 64 / 8);
        let (stacks, generations) = match options.generational {
            true => (2, GENERATIONS_PER_BLOCK),
            false => (1, 0),
        };
        // Each table starts on a page of its own.
        let fixed = stacks * stack_len * size_of::<usize>() + MAX_TABLES * PAGE;
        let side_per_block = SIDE_PER_BLOCK + generations;
        let blocks = (max - fixed) / (BLOCK + side_per_block);
        let bytes = blocks * BLOCK;
        let reserve = BLOCK + bytes + blocks * side_per_block + fixed;
        let map = Mapping::reserve(reserve).map_err(|source| HeapError::Reserve {
            bytes: reserve,
            source,
        })?;
        let start = map.base().as_ptr().addr();
        let first = round_up(start, BLOCK).ok_or(HeapError::BadLimit(max))? - start;
        let mut layout = TableLayout {
            map: &map,
            next: first + bytes,
            end: reserve,
        };
        let pages = blocks * PAGES_PER_BLOCK;
        let granules = blocks * GRANULES_PER_BLOCK;
        let lines = blocks * LINES_PER_BLOCK;
        let core = Core {
            base: start + first,
            bytes,
            blocks,
            max_bytes: max,
            starts: BitTable::new(layout.table(granules.div_ceil(64))),
            lines: BitTable::new(layout.table(lines.div_ceil(64))),
            planes: [1, stacks - 1].map(|used| MarkPlane {
                marks: BitTable::new(layout.table(used * granules.div_ceil(64))),
                lines: BitTable::new(layout.table(used * lines.div_ceil(64))),
            }),
            current: AtomicUsize::new(0),
            page_owner: layout.table(pages),
            run_pages: layout.table(pages),
            handed: layout.table(blocks),
            free: BitTable::new(layout.table(pages.div_ceil(64))),
            dirty: BitTable::new(layout.table(pages.div_ceil(64))),
            recycled: layout.table(blocks),
            opened: BitTable::new(layout.table(pages.div_ceil(64))),
            unswept: BitTable::new(layout.table(pages.div_ceil(64))),
            major_dirty: BitTable::new(layout.table((stacks - 1) * lines.div_ceil(64))),
            log: layout.table(if options.generational { lines } else { 0 }),
            logged_blocks: layout.table(if options.generational { blocks } else { 0 }),
            log_bytes: if options.generational { bytes } else { 0 },
            stack: layout.take(stack_len * size_of::<usize>()).cast(),
            stack_len,
            major_stack: layout
                .take((stacks - 1) * stack_len * size_of::<usize>())
                .cast(),
            map,
        };
        core.free.set_range(0..pages);
        Ok(core)
    }

    pub(crate) fn pages(&self) -> usize {
        self.blocks * PAGES_PER_BLOCK
    }

    /// The marks of the last collection: what is marked is old.
    #[inline]
    pub(crate) fn plane(&self) -> &MarkPlane {
        &self.planes[self.current.load(Relaxed)]
    }

    /// The marks of the marking across collections.
    #[inline]
    pub(crate) fn major_plane(&self) -> &MarkPlane {
        &self.planes[1 - self.current.load(Relaxed)]
    }

    /// Makes the marking across collections the last collection. The world is
    /// stopped.
    pub(crate) fn swap_planes(&self) {
        self.current.store(1 - self.current.load(Relaxed), Relaxed);
    }

    /// Has the system provide the pages of the major plane for a block, before a
    /// marking meets thousands of them for the first time in one pause. The
    /// caller has the marking to itself.
    pub(crate) fn touch_major(&self, block: usize) {
        let plane = self.major_plane();
        let marks = &plane.marks.words(Core::granule_words(block))[..1];
        let lines = &plane.lines.words(Core::line_words(block))[..1];
        let dirty = &self.major_dirty.words(Core::line_words(block))[..1];
        for word in marks.iter().chain(lines).chain(dirty) {
            word.store(word.load(Relaxed), Relaxed);
        }
    }

    /// The bits that tell which objects there are in a block.
    fn known_starts(&self, block: usize) -> &BitTable {
        if self.unswept.get(block * PAGES_PER_BLOCK) {
            &self.plane().marks
        } else {
            &self.starts
        }
    }

    pub(crate) fn block_addr(&self, block: usize) -> usize {
        self.base + block * BLOCK
    }

    pub(crate) fn page_addr(&self, page: usize) -> usize {
        self.base + page * PAGE
    }

    /// Whether the address is in the heap. False for null.
    #[inline]
    pub(crate) fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }

    #[inline]
    pub(crate) fn granule(&self, addr: usize) -> usize {
        (addr - self.base) / GRANULE
    }

    #[inline]
    pub(crate) fn granule_addr(&self, granule: usize) -> usize {
        self.base + granule * GRANULE
    }

    /// The mark stack's memory and its number of entries. Only the holder of
    /// the collection lock may use it.
    pub(crate) fn mark_stack(&self) -> (NonNull<usize>, usize) {
        (self.stack, self.stack_len)
    }

    /// As `mark_stack`, for the marking that goes on across collections.
    pub(crate) fn major_stack(&self) -> (NonNull<usize>, usize) {
        (
            self.major_stack,
            if self.is_generational() {
                self.stack_len
            } else {
                0
            },
        )
    }

    /// Gives the physical pages of a mark stack back.
    ///
    /// # Safety
    /// `stack` is what `mark_stack` or `major_stack` told, the caller may use
    /// it, and it is empty.
    pub(crate) unsafe fn discard_mark_stack(&self, stack: NonNull<usize>) {
        let offset = stack.as_ptr().addr() - self.map.base().as_ptr().addr();
        // SAFETY: the caller vouches that nobody uses the stack.
        unsafe {
            self.map
                .discard(offset, self.stack_len * size_of::<usize>())
        };
    }

    /// Gives pages back to the system; they read as zero afterwards.
    ///
    /// # Safety
    /// The pages are free and the caller holds the lock of `Space`.
    pub(crate) unsafe fn discard_pages(&self, first: usize, count: usize) -> bool {
        let offset = self.page_addr(first) - self.map.base().as_ptr().addr();
        // SAFETY: free pages are used by nobody.
        unsafe { self.map.discard(offset, count * PAGE) }
    }

    pub(crate) fn owner(&self, page: usize) -> PageOwner {
        match self.page_owner[page].load(Relaxed) {
            0 => PageOwner::Free,
            SMALL => PageOwner::Block,
            run => PageOwner::Run((run - FIRST_RUN) as usize),
        }
    }

    pub(crate) fn set_block_owner(&self, block: usize) {
        let first = block * PAGES_PER_BLOCK;
        for entry in &self.page_owner[first..first + PAGES_PER_BLOCK] {
            entry.store(SMALL, Relaxed);
        }
        self.handed[block].store(0, Relaxed);
    }

    pub(crate) fn set_run_owner(&self, first: usize, count: usize) {
        for entry in &self.page_owner[first..first + count] {
            entry.store(first as u32 + FIRST_RUN, Relaxed);
        }
        self.run_pages[first].store(count as u32 | YOUNG_RUN, Relaxed);
    }

    pub(crate) fn clear_owner(&self, first: usize, count: usize) {
        for entry in &self.page_owner[first..first + count] {
            entry.store(0, Relaxed);
        }
    }

    pub(crate) fn run_len(&self, first: usize) -> usize {
        (self.run_pages[first].load(Relaxed) & !YOUNG_RUN) as usize
    }

    /// Makes a run old; tells whether it was young.
    pub(crate) fn age_run(&self, first: usize) -> bool {
        let pages = self.run_pages[first].load(Relaxed);
        self.run_pages[first].store(pages & !YOUNG_RUN, Relaxed);
        pages & YOUNG_RUN != 0
    }

    pub(crate) fn is_young_run(&self, first: usize) -> bool {
        self.run_pages[first].load(Relaxed) & YOUNG_RUN != 0
    }

    /// Whether the sweep has only not come yet to free this run.
    fn is_dead_run(&self, first: usize) -> bool {
        self.unswept.get(first) && !self.plane().marks.get(first * GRANULES_PER_PAGE)
    }

    // ----- the write barrier's log -----------------------------------------

    pub(crate) fn is_generational(&self) -> bool {
        self.log_bytes != 0
    }

    /// Address of the log's first byte.
    pub(crate) fn log_addr(&self) -> usize {
        self.log.as_ptr().addr()
    }

    /// Address of the first byte of the blocks' table.
    pub(crate) fn logged_blocks_addr(&self) -> usize {
        self.logged_blocks.as_ptr().addr()
    }

    /// The byte of a line of the whole heap.
    ///
    /// # Safety
    /// The heap is generational and the line inside it.
    #[inline(always)]
    pub(crate) unsafe fn log_byte(&self, line: usize) -> u8 {
        debug_assert!(line < self.log.len());
        // SAFETY: in range by the caller's promise.
        unsafe { self.log.get_unchecked(line) }.load(Relaxed)
    }

    /// The slow path of the barrier: an old line is about to be stored to.
    pub(crate) fn log_line(&self, line: usize) {
        self.log[line].store(LOGGED, Relaxed);
        self.logged_blocks[line / LINES_PER_BLOCK].store(1, Relaxed);
    }

    /// Whether a store to the line has been logged.
    pub(crate) fn is_logged(&self, line: usize) -> bool {
        self.log[line].load(Relaxed) == LOGGED
    }

    /// Calls `each` with every logged line below page `top`, which becomes
    /// unlogged if `reset`. Lines of one block are prefetched together.
    pub(crate) fn for_each_logged(&self, top: usize, reset: bool, mut each: impl FnMut(usize)) {
        let mut lines = [0u32; LINES_PER_BLOCK];
        let blocks = top.div_ceil(PAGES_PER_BLOCK).min(self.logged_blocks.len());
        for (block, flag) in self.logged_blocks[..blocks].iter().enumerate() {
            if flag.load(Relaxed) == 0 {
                continue;
            }
            if reset {
                flag.store(0, Relaxed);
            }
            let first = block * LINES_PER_BLOCK;
            let mut count = 0;
            for (line, byte) in (first..).zip(&self.log[first..first + LINES_PER_BLOCK]) {
                if byte.load(Relaxed) == LOGGED {
                    if reset {
                        byte.store(UNLOGGED, Relaxed);
                    }
                    prefetch(self.base + line * LINE);
                    prefetch(self.base + line * LINE + LINE / 2);
                    lines[count] = line as u32;
                    count += 1;
                }
            }
            for line in &lines[..count] {
                each(*line as usize);
            }
        }
    }

    /// Makes the lines of a block that are in use old, and the others not.
    pub(crate) fn set_block_log(&self, block: usize) {
        if !self.is_generational() {
            return;
        }
        let first = block * LINES_PER_BLOCK;
        for (word, bytes) in self
            .lines
            .words(Core::line_words(block))
            .iter()
            .zip(self.log[first..first + LINES_PER_BLOCK].chunks_exact(64))
        {
            let mut word = word.load(Relaxed);
            for byte in bytes {
                byte.store((word & 1) as u8 * UNLOGGED, Relaxed);
                word >>= 1;
            }
        }
    }

    /// Takes the lines of a block that are not in use out of the log. Mutators
    /// may log the others meanwhile.
    pub(crate) fn trim_block_log(&self, block: usize) {
        let first = block * LINES_PER_BLOCK;
        let words = self.lines.words(Core::line_words(block)).iter();
        for (index, word) in words.enumerate() {
            let mut unused = !word.load(Relaxed);
            while unused != 0 {
                let line = first + 64 * index + unused.trailing_zeros() as usize;
                self.log[line].store(NOT_OLD, Relaxed);
                unused &= unused - 1;
            }
        }
    }

    /// Sets the log of whole pages.
    pub(crate) fn set_page_log(&self, first: usize, count: usize, value: u8) {
        if self.is_generational() {
            for byte in &self.log[first * (PAGE / LINE)..(first + count) * (PAGE / LINE)] {
                byte.store(value, Relaxed);
            }
        }
    }

    /// The words of `starts` and `marks` that belong to a block.
    pub(crate) fn granule_words(block: usize) -> core::ops::Range<usize> {
        let words = GRANULES_PER_BLOCK / 64;
        block * words..(block + 1) * words
    }

    /// The words of `lines` and `marked_lines` that belong to a block.
    pub(crate) fn line_words(block: usize) -> core::ops::Range<usize> {
        let words = LINES_PER_BLOCK / 64;
        block * words..(block + 1) * words
    }

    /// Records that all holes of `block` below `end` (an address) are handed
    /// out. Only the block's thread calls this.
    #[inline]
    pub(crate) fn set_handed(&self, block: usize, end: usize) {
        self.handed[block].store((end - self.block_addr(block)) as u32, Relaxed);
    }

    /// Bytes below which all holes of a block have been handed out.
    pub(crate) fn handed_bytes(&self, block: usize) -> usize {
        (self.handed[block].load(Relaxed) & !WALKED) as usize
    }

    pub(crate) fn reset_handed(&self, block: usize) {
        self.handed[block].store(0, Relaxed);
    }

    /// Whether an address of the heap is in a line of a block that has been in use
    /// since the last collection: the objects there are old. Says nothing about
    /// runs.
    #[inline(always)]
    pub(crate) fn in_old_line(&self, addr: usize) -> bool {
        self.lines.get((addr - self.base) / LINE)
    }

    /// The next hole of a block at or after `from`, as lines of that block.
    #[inline]
    pub(crate) fn next_hole(&self, block: usize, from: usize) -> Option<(usize, usize)> {
        let first = block * LINES_PER_BLOCK;
        let end = first + LINES_PER_BLOCK;
        let start = self.lines.first_clear(first + from..end)?;
        let stop = self.lines.first_set(start..end).unwrap_or(end);
        Some((start - first, stop - first))
    }

    /// Whether more than half of a block is holes, and one of them is for `size`
    /// bytes and more. Nobody has it open.
    pub(crate) fn is_roomy(&self, block: usize, size: usize) -> bool {
        let first = block * LINES_PER_BLOCK;
        let used = self.lines.count_range(first..first + LINES_PER_BLOCK);
        let mut line = self.handed_bytes(block).div_ceil(LINE);
        while used < LINES_PER_BLOCK / 2
            && line < LINES_PER_BLOCK
            && let Some((first, last)) = self.next_hole(block, line)
        {
            if (last - first) * LINE >= size {
                return true;
            }
            line = last;
        }
        false
    }

    /// Asks for the mark, in `bits`, of what may be an object.
    #[inline(always)]
    pub(crate) fn prefetch_mark(&self, bits: &BitTable, addr: usize) {
        if self.contains(addr) {
            prefetch(bits.addr_of(self.granule(addr)));
        }
    }

    /// Whether the object is marked in `bits`, or not of this heap; null too.
    #[inline]
    pub(crate) fn is_live(&self, bits: &BitTable, addr: usize) -> bool {
        !self.contains(addr) || bits.get(self.granule(addr))
    }

    /// A header word.
    #[inline]
    pub(crate) fn header(&self, addr: usize) -> u64 {
        debug_assert!(self.contains(addr) && addr.is_multiple_of(GRANULE));
        let word: *const AtomicU64 = core::ptr::with_exposed_provenance(addr);
        // SAFETY: an aligned word inside the reservation, which stays mapped
        // while `self` lives.
        unsafe { &*word }.load(Relaxed)
    }

    /// An object's size as the heap counts it.
    ///
    /// # Safety
    /// `object` is an object of this heap whose header has been stored.
    #[inline]
    pub(crate) unsafe fn size_of<B: VmBinding>(&self, binding: &B, object: ObjectRef) -> usize {
        // SAFETY: the caller's promise.
        let size = unsafe { binding.shape(object) }.size;
        allocation_size(size).unwrap_or(usize::MAX)
    }

    /// Completes the start bits of a block with the objects allocated since the
    /// last collection. The world must be stopped.
    pub(crate) fn ensure_walked<B: VmBinding>(&self, binding: &B, block: usize) {
        let handed = self.handed[block].load(Relaxed);
        if handed == 0 || handed & WALKED != 0 {
            return;
        }
        self.handed[block].store(handed | WALKED, Relaxed);
        let start = self.block_addr(block);
        let handed = start + handed as usize;
        let mut line = 0;
        while let Some((first, last)) = self.next_hole(block, line) {
            let mut at = start + first * LINE;
            let end = (start + last * LINE).min(handed);
            while at < end && self.header(at) != 0 {
                let Some(object) = ObjectRef::from_addr(at) else {
                    break;
                };
                // SAFETY: a non-zero header where an object was bumped.
                let size = unsafe { self.size_of(binding, object) };
                assert!(
                    size <= MAX_SMALL && size <= end - at,
                    "heap is not parsable: object {object:?} in block {block} claims {size} bytes, {} are left",
                    end - at
                );
                self.starts.set(self.granule(at));
                at += size;
            }
            if end == handed || last == LINES_PER_BLOCK {
                break;
            }
            line = last;
        }
    }

    /// Calls `each` with every start bit of a block.
    pub(crate) fn for_each_start(&self, block: usize, mut each: impl FnMut(ObjectRef)) {
        let first = block * GRANULES_PER_BLOCK;
        let mut next = self.starts.first_set(first..first + GRANULES_PER_BLOCK);
        while let Some(granule) = next {
            if let Some(object) = ObjectRef::from_addr(self.granule_addr(granule)) {
                each(object);
            }
            next = self
                .starts
                .first_set(granule + 1..first + GRANULES_PER_BLOCK);
        }
    }

    /// Has blocks walked again when next needed: mutators will add objects.
    pub(crate) fn forget_walks(&self, top: usize) {
        for entry in &self.handed[..top.div_ceil(PAGES_PER_BLOCK)] {
            entry.store(entry.load(Relaxed) & !WALKED, Relaxed);
        }
    }

    /// The object that an ambiguous word names: one that contains `addr`, or
    /// ends exactly there if none begins there. The world must be stopped.
    pub(crate) fn find<B: VmBinding>(&self, binding: &B, addr: usize) -> Option<ObjectRef> {
        if self.contains(addr)
            && let Some(object) = self.find_containing(binding, addr)
        {
            return Some(object);
        }
        let before = addr.wrapping_sub(1);
        if addr.is_multiple_of(GRANULE) && self.contains(before) {
            self.find_containing(binding, before)
        } else {
            None
        }
    }

    fn find_containing<B: VmBinding>(&self, binding: &B, addr: usize) -> Option<ObjectRef> {
        let page = (addr - self.base) / PAGE;
        let start = match self.owner(page) {
            PageOwner::Free => return None,
            PageOwner::Run(first) if self.is_dead_run(first) => return None,
            PageOwner::Run(first) => self.page_addr(first),
            PageOwner::Block => {
                let block = page / PAGES_PER_BLOCK;
                self.ensure_walked(binding, block);
                let granule = self.granule(addr);
                let floor = (granule + 1)
                    .saturating_sub(MAX_SMALL / GRANULE)
                    .max(block * GRANULES_PER_BLOCK);
                self.granule_addr(self.known_starts(block).last_set(floor..granule + 1)?)
            }
        };
        if self.header(start) == 0 {
            return None;
        }
        let object = ObjectRef::from_addr(start)?;
        // SAFETY: a start bit or the head of a run, with a header.
        let size = unsafe { self.size_of(binding, object) };
        (addr - start < size).then_some(object)
    }

    /// Whether an object starts at `addr`. The world must be stopped.
    pub(crate) fn is_object_start<B: VmBinding>(&self, binding: &B, addr: usize) -> bool {
        if !self.contains(addr) || !addr.is_multiple_of(GRANULE) {
            return false;
        }
        let page = (addr - self.base) / PAGE;
        match self.owner(page) {
            PageOwner::Free => false,
            PageOwner::Run(first) => {
                self.page_addr(first) == addr && self.header(addr) != 0 && !self.is_dead_run(first)
            }
            PageOwner::Block => {
                let block = page / PAGES_PER_BLOCK;
                self.ensure_walked(binding, block);
                self.known_starts(block).get(self.granule(addr))
            }
        }
    }

    /// Calls `each` with every block and every run (its first page) in use
    /// below page `top`, in address order.
    pub(crate) fn for_each_extent(&self, top: usize, mut each: impl FnMut(PageOwner, usize)) {
        let mut page = 0;
        while page < top {
            match self.owner(page) {
                PageOwner::Free => page += 1,
                PageOwner::Block => {
                    each(PageOwner::Block, page / PAGES_PER_BLOCK);
                    page += PAGES_PER_BLOCK;
                }
                PageOwner::Run(first) => {
                    debug_assert_eq!(first, page);
                    let len = self.run_len(first);
                    each(PageOwner::Run(first), first);
                    page = first + len;
                }
            }
        }
    }

    /// Calls `each` with every object whose bit in `bits` is set (runs: their
    /// head's bit). For `starts`, walk the blocks first.
    pub(crate) fn for_each_bit(
        &self,
        bits: &BitTable,
        top: usize,
        mut each: impl FnMut(ObjectRef),
    ) {
        self.for_each_extent(top, |owner, index| match owner {
            PageOwner::Free => {}
            PageOwner::Block => {
                let words = Core::granule_words(index);
                for (position, word) in (words.start..).zip(bits.words(words)) {
                    let mut word = word.load(Relaxed);
                    while word != 0 {
                        let granule = position * 64 + word.trailing_zeros() as usize;
                        word &= word - 1;
                        if let Some(object) = ObjectRef::from_addr(self.granule_addr(granule)) {
                            each(object);
                        }
                    }
                }
            }
            PageOwner::Run(first) => {
                if bits.get(first * GRANULES_PER_PAGE)
                    && let Some(object) = ObjectRef::from_addr(self.page_addr(first))
                {
                    each(object);
                }
            }
        });
    }
}

/// What an object of `size` bytes takes; `None` on overflow.
#[inline]
pub(crate) const fn allocation_size(size: usize) -> Option<usize> {
    if size <= MIN_OBJECT {
        Some(MIN_OBJECT)
    } else {
        round_up(size, GRANULE)
    }
}

/// Asks for the cache line at an address.
#[inline(always)]
pub(crate) fn prefetch(addr: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let pointer: *const i8 = core::ptr::with_exposed_provenance(addr);
        // SAFETY: a prefetch has no effect but on caches, at any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(pointer) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = addr;
}

/// Cuts the end of the reservation into tables.
struct TableLayout<'a> {
    map: &'a Mapping,
    next: usize,
    end: usize,
}

impl TableLayout<'_> {
    fn take(&mut self, bytes: usize) -> NonNull<u8> {
        let start = self.map.base().as_ptr().addr() + self.next;
        let aligned = self.next + (start.next_multiple_of(PAGE) - start);
        assert!(
            bytes <= self.end - aligned,
            "the heap's tables outgrow their reservation"
        );
        self.next = aligned + bytes;
        // SAFETY: `aligned + bytes` is within the mapping (asserted).
        unsafe { self.map.base().add(aligned) }
    }

    fn table<T: SideEntry>(&mut self, len: usize) -> Table<T> {
        let start = self.take(len * size_of::<T>()).cast::<T>();
        // SAFETY: page-aligned, zeroed, disjoint from all other pieces; the
        // mapping lives in the same `Core` as the table.
        unsafe { Table::new(start, len) }
    }
}
