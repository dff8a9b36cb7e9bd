//! Thread-local allocation buffers.

use core::cell::Cell;
use core::mem::offset_of;

pub(crate) const NO_BLOCK: u32 = u32::MAX;

/// A piece of a block that one thread allocates from.
///
/// `[cursor, limit)` is zeroed and free; `[limit, end)` belongs to the thread
/// too but is not zeroed yet.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) cursor: Cell<usize>,
    pub(crate) limit: Cell<usize>,
    pub(crate) end: Cell<usize>,
    /// The block of the window, or `NO_BLOCK`.
    pub(crate) block: Cell<u32>,
    /// The line of the block from which to look for the next hole.
    pub(crate) next_line: Cell<u32>,
    /// The block's pages come fresh, hence zeroed, from the system.
    pub(crate) clean: Cell<bool>,
}

impl Window {
    const fn new() -> Window {
        Window {
            cursor: Cell::new(0),
            limit: Cell::new(0),
            end: Cell::new(0),
            block: Cell::new(NO_BLOCK),
            next_line: Cell::new(0),
            clean: Cell::new(false),
        }
    }

    pub(crate) fn reset(&self) {
        self.cursor.set(0);
        self.limit.set(0);
        self.end.set(0);
        self.block.set(NO_BLOCK);
        self.next_line.set(0);
        self.clean.set(false);
    }

    #[inline]
    pub(crate) fn bump(&self, size: usize) -> Option<usize> {
        let start = self.cursor.get();
        if size <= self.limit.get() - start {
            self.cursor.set(start + size);
            Some(start)
        } else {
            None
        }
    }
}

/// A mutator's allocation buffer. It lives in the VM's thread structure;
/// compiled code may bump it (see [`AllocDescriptor`](crate::AllocDescriptor)).
///
/// Only its thread uses it, and the collecting thread while that one is
/// stopped. The fields are `Cell`s so that both can hold a `&Tlab`.
#[repr(C)]
#[derive(Debug)]
pub struct Tlab {
    pub(crate) main: Window,
    /// For objects of more than a line that do not fit the current hole.
    pub(crate) overflow: Window,
    pub(crate) handed: Cell<u64>,
}

impl Tlab {
    /// Where, from the start of a `Tlab`, the cursor is: the address of the
    /// next object (a 64-bit word).
    pub const CURSOR_OFFSET: usize = offset_of!(Tlab, main) + offset_of!(Window, cursor);
    /// Where the limit is: the end of the zeroed space (a 64-bit word).
    pub const LIMIT_OFFSET: usize = offset_of!(Tlab, main) + offset_of!(Window, limit);

    /// An empty buffer; the first allocation fills it.
    pub const fn new() -> Tlab {
        Tlab {
            main: Window::new(),
            overflow: Window::new(),
            handed: Cell::new(0),
        }
    }

    /// Bytes that this buffer's thread has allocated in all its life.
    pub fn allocated_bytes(&self) -> u64 {
        let unused = (self.main.limit.get() - self.main.cursor.get())
            + (self.overflow.limit.get() - self.overflow.cursor.get());
        self.handed.get() - unused as u64
    }

    pub(crate) fn reset(&self) {
        self.main.reset();
        self.overflow.reset();
    }
}

impl Default for Tlab {
    fn default() -> Tlab {
        Tlab::new()
    }
}
