//! The blocks that a pool consists of: a header, then the bytes that are handed out.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Every allocation starts at a multiple of this, and every size is rounded up to it.
pub(super) const GRAIN: usize = 8;
/// Smallest block, header included.
pub(super) const MIN_BLOCK: usize = 512;
/// Blocks stop growing here.
const MAX_BLOCK: usize = 64 << 10;

/// Start of a block. The bytes that are handed out follow it.
#[repr(C, align(16))]
pub(super) struct Block {
    /// The block that was made before this one; null for the first.
    previous: AtomicPtr<Block>,
    /// Bytes of the block, header included.
    size: usize,
    /// Alignment that the block was allocated with.
    align: usize,
    /// Bytes in use, header included: where the next allocation starts.
    pub(super) used: AtomicUsize,
}

pub(super) const HEADER: usize = size_of::<Block>();

impl Block {
    /// Allocates a block with room for `layout` after the header, of at least `wanted` bytes in all.
    /// `None` when the system has no memory or the size overflows.
    pub(super) fn create(layout: Layout, wanted: usize) -> Option<NonNull<Block>> {
        let align = layout.align().max(align_of::<Block>());
        let size = first_offset(layout.align())
            .checked_add(layout.size())?
            .max(wanted)
            .checked_next_multiple_of(GRAIN)?;
        let memory = Layout::from_size_align(size, align).ok()?;
        // SAFETY: the size is at least that of the header, so not zero.
        let block = NonNull::new(unsafe { alloc(memory) })?.cast::<Block>();
        let header = Block {
            previous: AtomicPtr::new(ptr::null_mut()),
            size,
            align,
            used: AtomicUsize::new(HEADER),
        };
        // SAFETY: the memory was just allocated, is aligned for `Block` and large enough.
        unsafe { block.write(header) };
        Some(block)
    }

    /// Frees one block.
    ///
    /// # Safety
    /// `block` came from [`create`](Self::create), and nobody uses its memory any more.
    pub(super) unsafe fn destroy(block: NonNull<Block>) {
        // SAFETY: the caller owns the block.
        let (size, align) = unsafe { (block.as_ref().size, block.as_ref().align) };
        let memory = Layout::from_size_align(size, align).expect("the layout it was made with");
        // SAFETY: allocated by `create` with this layout.
        unsafe { dealloc(block.as_ptr().cast(), memory) };
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// Distance from a block's start to the first place with this alignment, for a block that has at
/// least this alignment itself.
pub(super) fn first_offset(align: usize) -> usize {
    HEADER.next_multiple_of(align.max(GRAIN))
}

/// Size of the block that follows one of `previous` bytes: half as much again, up to a limit.
pub(super) fn grown(previous: usize) -> usize {
    let next = previous.saturating_add(previous / 2).min(MAX_BLOCK);
    next.max(previous.min(MAX_BLOCK)).next_multiple_of(GRAIN)
}

/// A request that would fill most of a block gets a block of its own, so that the room left in the
/// current block is not lost.
pub(super) fn is_large(layout: Layout, next_block: usize) -> bool {
    layout.size().saturating_add(layout.align()) > next_block / 4
}

/// All blocks of a pool, newest first. Blocks are added from any thread and removed only at drop.
pub(super) struct BlockList {
    newest: AtomicPtr<Block>,
}

impl BlockList {
    pub(super) const fn new() -> BlockList {
        BlockList {
            newest: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Takes ownership of a block.
    ///
    /// # Safety
    /// `block` came from [`Block::create`] and is in no list.
    pub(super) unsafe fn push(&self, block: NonNull<Block>) {
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // SAFETY: the block is alive until this list is dropped.
            unsafe { block.as_ref() }
                .previous
                .store(newest, Ordering::Relaxed);
            // Release: who sees the block in the list sees its header.
            match self.newest.compare_exchange_weak(
                newest,
                block.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Block> {
        let mut next = self.newest.load(Ordering::Acquire);
        core::iter::from_fn(move || {
            // SAFETY: blocks in the list are alive as long as the list is borrowed.
            let block = unsafe { next.as_ref() }?;
            next = block.previous.load(Ordering::Relaxed);
            Some(block)
        })
    }
}

impl Drop for BlockList {
    fn drop(&mut self) {
        let mut next = *self.newest.get_mut();
        while let Some(block) = NonNull::new(next) {
            // SAFETY: the list owns its blocks; what was handed out borrowed the pool, which is gone.
            unsafe {
                next = *block.as_ref().previous.as_ptr();
                Block::destroy(block);
            }
        }
    }
}
