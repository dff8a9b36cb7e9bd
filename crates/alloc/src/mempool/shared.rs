//! A pool for several threads.

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::block::{Block, BlockList, GRAIN, MIN_BLOCK, first_offset, grown, is_large};
use super::values::typed_allocation;
use super::{AllocError, PoolStats, Zeroable};

/// A [`Mempool`](super::Mempool) that several threads allocate from at once.
///
/// There is no lock: an allocation is a compare-and-swap on the position in the current block, and a
/// full block is replaced by whichever thread is first. Blocks live until the pool is dropped, so
/// nothing has to be reclaimed on the way.
pub struct SharedMempool {
    current: AtomicPtr<Block>,
    first_block: usize,
    blocks: BlockList,
}

impl SharedMempool {
    /// A pool whose first block has `initial` bytes (at least 512). Takes no memory before it is used.
    pub const fn new(initial: usize) -> SharedMempool {
        SharedMempool {
            current: AtomicPtr::new(ptr::null_mut()),
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
        if layout.size() == 0 {
            return Ok(layout.dangling_ptr());
        }
        // Acquire: the header was written by the thread that made the block.
        let mut current = self.current.load(Ordering::Acquire);
        loop {
            if let Some(block) = NonNull::new(current)
                && let Some(memory) = bump(block, layout)
            {
                return Ok(memory);
            }
            match self.add_block(current, layout)? {
                Ok(memory) => return Ok(memory),
                Err(newer) => current = newer,
            }
        }
    }

    /// Replaces the full block `current` by one from which `layout` is already taken, or finds that
    /// another thread has replaced it.
    #[cold]
    fn add_block(
        &self,
        current: *mut Block,
        layout: Layout,
    ) -> Result<Result<NonNull<u8>, *mut Block>, AllocError> {
        // SAFETY: blocks live as long as the pool.
        let wanted = match unsafe { current.as_ref() } {
            Some(block) => grown(block.size()),
            None => self.first_block,
        };
        let large = is_large(layout, wanted);
        let block = Block::create(layout, if large { 0 } else { wanted }).ok_or(AllocError)?;
        let offset = first_offset(layout.align());
        let used = offset + layout.size().next_multiple_of(GRAIN);
        // SAFETY: this thread made the block and nobody else knows it yet.
        unsafe { block.as_ref() }
            .used
            .store(used, Ordering::Relaxed);
        if !large {
            // Release: who loads the block sees its header.
            if let Err(newer) = self.current.compare_exchange(
                current,
                block.as_ptr(),
                Ordering::Release,
                Ordering::Acquire,
            ) {
                // SAFETY: the block was not published.
                unsafe { Block::destroy(block) };
                return Ok(Err(newer));
            }
        }
        // SAFETY: pushed once, by the thread that made it.
        unsafe { self.blocks.push(block) };
        // SAFETY: the block was made with room for the layout at this offset.
        Ok(Ok(unsafe { block.cast::<u8>().add(offset) }))
    }

    /// How much memory the pool has taken and handed out.
    pub fn stats(&self) -> PoolStats {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: blocks live as long as the pool.
        let room = unsafe { current.as_ref() }
            .map_or(0, |block| block.size() - block.used.load(Ordering::Relaxed));
        PoolStats::of(&self.blocks, room)
    }

    typed_allocation!();
}

/// Takes memory from a block, or `None` when it has no room.
#[inline]
fn bump(block: NonNull<Block>, layout: Layout) -> Option<NonNull<u8>> {
    // SAFETY: blocks live as long as the pool that the caller borrows.
    let header = unsafe { block.as_ref() };
    let base = block.addr().get();
    let mut used = header.used.load(Ordering::Relaxed);
    loop {
        // Alignments are powers of two: a mask, not a division.
        let mask = layout.align() - 1;
        let start = ((base + used).checked_add(mask)? & !mask) - base;
        let end = start.checked_add(layout.size().next_multiple_of(GRAIN))?;
        if end > header.size() {
            return None;
        }
        // Relaxed: the position orders nothing but itself.
        match header
            .used
            .compare_exchange_weak(used, end, Ordering::Relaxed, Ordering::Relaxed)
        {
            // SAFETY: `start..end` is in the block and was free until this exchange.
            Ok(_) => return Some(unsafe { block.cast::<u8>().add(start) }),
            Err(now) => used = now,
        }
    }
}

impl core::fmt::Debug for SharedMempool {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("SharedMempool").field(&self.stats()).finish()
    }
}
