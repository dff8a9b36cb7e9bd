//! A pool for one thread at a time.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use super::block::{Block, BlockList, GRAIN, HEADER, MIN_BLOCK, first_offset, grown, is_large};
use super::values::typed_allocation;
use super::{AllocError, PoolStats, Zeroable};

/// A bump arena with one owner: allocation is an addition, and everything is freed when it is dropped.
///
/// Values in it are borrowed from it and are never dropped one by one. Blocks grow by half up to
/// 64 KiB; a large request gets a block of its own. Several threads share a
/// [`SharedMempool`](super::SharedMempool) instead.
///
/// ```
/// use ferrocil_alloc::mempool::Mempool;
///
/// let pool = Mempool::new(1024);
/// let name = pool.alloc_str("System.Object");
/// let slots = pool.alloc_slice_zeroed::<usize>(4);
/// slots[2] = name.len();
/// assert_eq!((name, slots), ("System.Object", &mut [0, 0, 13, 0][..]));
/// ```
pub struct Mempool {
    /// The next free byte of the current block, and its end, as addresses; equal when there is none.
    next: Cell<usize>,
    end: Cell<usize>,
    current: Cell<Option<NonNull<Block>>>,
    first_block: usize,
    blocks: BlockList,
}

// SAFETY: the pool owns its blocks. Values in it borrow the pool, so it cannot move to another thread
// while they are in use, and it never looks at them itself.
unsafe impl Send for Mempool {}

impl Mempool {
    /// A pool whose first block has `initial` bytes (at least 512). Takes no memory before it is used.
    pub const fn new(initial: usize) -> Mempool {
        Mempool {
            next: Cell::new(0),
            end: Cell::new(0),
            current: Cell::new(None),
            first_block: if initial < MIN_BLOCK {
                MIN_BLOCK
            } else {
                initial
            },
            blocks: BlockList::new(),
        }
    }

    /// As [`alloc_layout`](Self::alloc_layout), with an error when the system has no memory.
    ///
    /// # Errors
    /// [`AllocError`]; the pool is as before.
    #[inline]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        let size = layout.size().next_multiple_of(GRAIN);
        let next = self.next.get();
        // `next` is a multiple of GRAIN, so only larger alignments move it.
        let start = next.wrapping_add(layout.align() - 1) & !(layout.align() - 1);
        if start >= next
            && start <= self.end.get()
            && size <= self.end.get() - start
            && let Some(block) = self.current.get()
        {
            self.next.set(start + size);
            let base = block.cast::<u8>();
            // SAFETY: `start` is an address in this block.
            return Ok(unsafe { base.add(start - base.addr().get()) });
        }
        self.alloc_slow(layout)
    }

    #[cold]
    fn alloc_slow(&self, layout: Layout) -> Result<NonNull<u8>, AllocError> {
        if layout.size() == 0 {
            return Ok(layout.dangling_ptr());
        }
        let wanted = match self.current.get() {
            // SAFETY: blocks live as long as the pool.
            Some(block) => grown(unsafe { block.as_ref() }.size()),
            None => self.first_block,
        };
        let large = is_large(layout, wanted);
        let block = Block::create(layout, if large { 0 } else { wanted }).ok_or(AllocError)?;
        // SAFETY: a new block, pushed once.
        unsafe { self.blocks.push(block) };
        let offset = first_offset(layout.align());
        let used = offset + layout.size().next_multiple_of(GRAIN);
        // SAFETY: blocks live as long as the pool.
        let header = unsafe { block.as_ref() };
        header.used.store(used, Ordering::Relaxed);
        if !large {
            self.record_use();
            let address = block.addr().get();
            self.next.set(address + used);
            self.end.set(address + header.size());
            self.current.set(Some(block));
        }
        // SAFETY: the block was made with room for the layout at this offset.
        Ok(unsafe { block.cast::<u8>().add(offset) })
    }

    /// Writes the position in the current block to its header, for the statistics.
    fn record_use(&self) {
        if let Some(block) = self.current.get() {
            let used = self.next.get() - block.addr().get();
            // SAFETY: blocks live as long as the pool.
            unsafe { block.as_ref() }
                .used
                .store(used, Ordering::Relaxed);
        }
    }

    /// How much memory the pool has taken and handed out.
    pub fn stats(&self) -> PoolStats {
        self.record_use();
        PoolStats::of(&self.blocks, self.end.get() - self.next.get())
    }

    typed_allocation!();
}

const _: () = assert!(HEADER.is_multiple_of(GRAIN));

impl core::fmt::Debug for Mempool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Mempool").field(&self.stats()).finish()
    }
}
