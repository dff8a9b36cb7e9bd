//! The header word: vtable offset and sync word.

use std::sync::atomic::{AtomicU32, Ordering};

/// Bytes before the first field.
pub const HEADER_SIZE: u32 = 8;

/// One 8-byte word in front of every object.
#[repr(C, align(8))]
#[derive(Debug)]
pub struct Header {
    vtable: AtomicU32,
    sync: AtomicU32,
}

impl Header {
    /// Offset of the vtable from the loader arena's base.
    #[must_use]
    pub fn vtable_offset(&self) -> u32 {
        self.vtable.load(Ordering::Relaxed)
    }

    /// Sets the vtable offset of a fresh object.
    pub fn set_vtable_offset(&self, offset: u32) {
        self.vtable.store(offset, Ordering::Relaxed);
    }

    /// The sync word (lock state and identity hash, see `threads::monitor`).
    #[must_use]
    pub fn sync_word(&self) -> &AtomicU32 {
        &self.sync
    }
}
