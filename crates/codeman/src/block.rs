//! A reserved piece of code space, and what remains of it when it is committed.

use std::ptr::NonNull;

use crate::error::{Error, Result};
use crate::manager::CodeManager;

/// Code that can run: an address range in the executable view.
///
/// Good until the manager that it came from is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeRange {
    /// Address of the first byte.
    pub address: usize,
    /// Length in bytes.
    pub len: usize,
}

impl CodeRange {
    /// Address after the last byte.
    pub fn end(&self) -> usize {
        self.address + self.len
    }

    /// Is `address` in the range?
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.address) < self.len
    }

    /// The first byte as a pointer, to be turned into a function pointer by who knows its type.
    pub fn as_ptr(&self) -> *const u8 {
        std::ptr::with_exposed_provenance(self.address)
    }
}

/// Where in a manager a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Index of the chunk.
    pub(crate) chunk: usize,
    /// Distance from the arena's base.
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

/// Code space that its owner may write to. [`commit`](Self::commit) makes it stay; dropping it gives
/// all of it back.
#[derive(Debug)]
pub struct CodeBlock<'m> {
    manager: &'m CodeManager,
    place: Place,
    bytes: NonNull<u8>,
    written: usize,
}

// SAFETY: a block is the only way to its bytes until it is committed, like a `&mut [u8]`.
unsafe impl Send for CodeBlock<'_> {}
// SAFETY: a shared block only allows reads of its own bytes, which need `&mut` to be written.
unsafe impl Sync for CodeBlock<'_> {}

impl<'m> CodeBlock<'m> {
    /// `bytes` is where `place` is written; the manager gives it to no one else.
    pub(crate) fn new(manager: &'m CodeManager, place: Place, bytes: NonNull<u8>) -> CodeBlock<'m> {
        CodeBlock {
            manager,
            place,
            bytes,
            written: 0,
        }
    }

    /// Where the first byte will run. Position-dependent code is relocated against this address.
    pub fn address(&self) -> usize {
        self.manager.arena().base() + self.place.offset
    }

    /// Bytes reserved.
    #[expect(clippy::len_without_is_empty, reason = "a block is never empty")]
    pub fn len(&self) -> usize {
        self.place.len
    }

    /// Bytes written by [`write`](Self::write) so far.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The block's bytes, in the writable view.
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: the manager reserved `len` bytes for this block alone, and they stay mapped while
        // it (and so its arena) is borrowed. Memory-file pages are always initialised.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.place.len) }
    }

    /// The block's bytes for writing, in the writable view.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`, and `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.place.len) }
    }

    /// Appends bytes after those of the previous call.
    ///
    /// # Errors
    /// [`Error::BlockOverflow`] when they do not fit; then nothing is written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let start = self.written;
        let end = start + bytes.len();
        let len = self.place.len;
        self.as_mut_slice()
            .get_mut(start..end)
            .ok_or(Error::BlockOverflow { wanted: end, len })?
            .copy_from_slice(bytes);
        self.written = end;
        Ok(())
    }

    /// Keeps the first `used` bytes as code until the manager is dropped and gives the rest back.
    ///
    /// # Errors
    /// [`Error::BlockOverflow`] when `used` is more than the block has; then all of it is given back.
    pub fn commit(self, used: usize) -> Result<CodeRange> {
        let len = self.place.len;
        if used > len {
            return Err(Error::BlockOverflow { wanted: used, len });
        }
        let range = CodeRange {
            address: self.address(),
            len: used,
        };
        // The exclusive right to the bytes ends here: `Drop` must not run.
        let block = std::mem::ManuallyDrop::new(self);
        block.manager.settle(block.place, used);
        Ok(range)
    }

    pub(crate) fn belongs_to(&self, manager: &CodeManager) -> bool {
        std::ptr::eq(self.manager, manager)
    }
}

impl Drop for CodeBlock<'_> {
    fn drop(&mut self) {
        self.manager.settle(self.place, 0);
    }
}
