//! The write barrier.

use super::Heap;
use crate::binding::VmBinding;
use crate::layout::LINE;
use crate::region::UNLOGGED;

impl<B: VmBinding> Heap<B> {
    /// The write barrier, before a reference is stored to the word at `slot`,
    /// which may be outside the heap. No safepoint may come between the two.
    /// Does nothing if the heap is not generational.
    #[inline]
    pub fn write_barrier(&self, slot: usize) {
        let offset = slot.wrapping_sub(self.core.base);
        if offset < self.core.log_bytes {
            // SAFETY: in the heap, and the log covers it.
            if unsafe { self.core.log_byte(offset / LINE) } == UNLOGGED {
                self.log_store(slot);
            }
        }
    }

    /// The write barrier for references anywhere in `[start, start + len)`: a
    /// copy of array elements or of a structure.
    #[inline]
    pub fn write_barrier_range(&self, start: usize, len: usize) {
        let offset = start.wrapping_sub(self.core.base);
        if offset < self.core.log_bytes && len != 0 {
            let last = offset.saturating_add(len - 1).min(self.core.log_bytes - 1);
            for line in offset / LINE..=last / LINE {
                // SAFETY: in the heap, and the log covers it.
                if unsafe { self.core.log_byte(line) } == UNLOGGED {
                    self.core.log_line(line);
                }
            }
        }
    }

    /// The slow path of the write barrier. `slot` is in the heap.
    #[cold]
    pub fn log_store(&self, slot: usize) {
        let line = slot.wrapping_sub(self.core.base) / LINE;
        if line < self.core.log_bytes / LINE {
            self.core.log_line(line);
        }
    }
}
