//! Private arena, until `ferrocil_alloc` has its shared mempool.

use core::alloc::Layout;
use core::ptr::NonNull;

use parking_lot::Mutex;

/// A bump arena that several threads may use. Memory is freed with the pool.
pub struct SharedMempool {
    inner: Mutex<Inner>,
}

struct Inner {
    blocks: Vec<(NonNull<u8>, Layout)>,
    at: usize,
    next_size: usize,
    bytes: usize,
}

// SAFETY: the blocks are owned memory, not tied to a thread; the mutex guards the bookkeeping.
unsafe impl Send for Inner {}

impl SharedMempool {
    /// A pool whose first block has `initial` bytes (taken at the first allocation).
    pub fn new(initial: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                blocks: Vec::new(),
                at: 0,
                next_size: initial.max(512),
                bytes: 0,
            }),
        }
    }

    /// Zeroed memory that lives as long as the pool.
    pub fn alloc_layout_zeroed(&self, layout: Layout) -> NonNull<u8> {
        let mut inner = self.inner.lock();
        if let Some(&(block, size)) = inner.blocks.last() {
            let start = (block.as_ptr() as usize + inner.at).next_multiple_of(layout.align())
                - block.as_ptr() as usize;
            if start + layout.size() <= size.size() {
                inner.at = start + layout.size();
                // SAFETY: `start` is within the block.
                return unsafe { block.add(start) };
            }
        }
        let size = inner.next_size.max(layout.size());
        inner.next_size = (inner.next_size * 3 / 2).min(8192);
        let block = Layout::from_size_align(size, layout.align().max(16)).unwrap_or(layout);
        // SAFETY: the size is at least 512.
        let memory = unsafe { std::alloc::alloc_zeroed(block) };
        let Some(memory) = NonNull::new(memory) else {
            std::alloc::handle_alloc_error(block)
        };
        inner.blocks.push((memory, block));
        inner.bytes += size;
        inner.at = layout.size();
        memory
    }

    /// Bytes taken from the system.
    pub fn bytes(&self) -> usize {
        self.inner.lock().bytes
    }
}

impl Drop for SharedMempool {
    fn drop(&mut self) {
        for (block, layout) in self.inner.get_mut().blocks.drain(..) {
            // SAFETY: allocated with this layout, freed once.
            unsafe { std::alloc::dealloc(block.as_ptr(), layout) };
        }
    }
}
