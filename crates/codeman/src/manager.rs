//! Code managers: owners of code that is freed together.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::arena::{LoaderArena, Use};
use crate::block::{CodeBlock, CodeRange, Place};
use crate::chunk::{Chunks, CodeStats};
use crate::error::{Error, Result};
use crate::os::{PAGE, Protection};
use crate::shared;

/// Whose code a manager owns. It decides how much is taken from the arena at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeManagerKind {
    /// Trampolines and helpers of a whole runtime: freed with the runtime.
    Global,
    /// Methods of one application domain: freed when it is unloaded.
    Domain,
    /// One dynamic method: takes only what it needs, and shares pages with others of its kind.
    Dynamic,
}

/// Choices of a code manager; the default suits x86-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeManagerOptions {
    /// Bytes taken from the arena at a time, rounded up to pages. A larger request gets a chunk of
    /// its own size. Not used by [`CodeManagerKind::Dynamic`].
    pub chunk_bytes: usize,
    /// Smallest alignment of a block: a power of two, at most 4096.
    pub alignment: usize,
    /// `Some(n)` keeps one n-th of each chunk for thunks (jumps that reach farther than a branch).
    /// x86-64 needs none inside a loader arena; machines with short branches take a quarter.
    pub thunk_divisor: Option<NonZeroUsize>,
}

impl Default for CodeManagerOptions {
    fn default() -> Self {
        CodeManagerOptions {
            chunk_bytes: CodeManager::CHUNK,
            alignment: 16,
            thunk_divisor: None,
        }
    }
}

/// Owns code in a loader arena and frees it as a whole when dropped.
///
/// [`reserve`](Self::reserve) gives a [`CodeBlock`], which is written through the arena's writable view
/// and then committed. All methods may be called from several threads.
///
/// Whoever calls code in a manager (which is `unsafe`) must see to it that no thread runs in it, or can
/// return to it, when the manager is dropped.
pub struct CodeManager {
    arena: Arc<LoaderArena>,
    kind: CodeManagerKind,
    options: CodeManagerOptions,
    chunks: Mutex<Chunks>,
}

impl CodeManager {
    /// Bytes taken from the arena at a time unless the options say otherwise.
    pub const CHUNK: usize = 64 << 10;
    /// Largest alignment of a block.
    pub const MAX_ALIGN: usize = PAGE;

    /// A manager without any memory yet.
    ///
    /// # Errors
    /// [`Error::Alignment`] when the alignment in the options is not a power of two up to
    /// [`Self::MAX_ALIGN`].
    pub fn new(
        arena: &Arc<LoaderArena>,
        kind: CodeManagerKind,
        options: CodeManagerOptions,
    ) -> Result<CodeManager> {
        check_align(options.alignment)?;
        Ok(CodeManager {
            arena: Arc::clone(arena),
            kind,
            options,
            chunks: Mutex::new(Chunks::default()),
        })
    }

    /// Whose code this is.
    pub fn kind(&self) -> CodeManagerKind {
        self.kind
    }

    /// The arena that the code is in.
    pub fn arena(&self) -> &Arc<LoaderArena> {
        &self.arena
    }

    /// Reserves `size` bytes at a multiple of `align` (and of the alignment in the options).
    ///
    /// # Errors
    /// [`Error::ZeroSize`], [`Error::Alignment`], [`Error::Exhausted`] when the arena is full,
    /// [`Error::Protect`] when the system refuses memory.
    pub fn reserve(&self, size: usize, align: usize) -> Result<CodeBlock<'_>> {
        if size == 0 {
            return Err(Error::ZeroSize);
        }
        check_align(align)?;
        let align = align.max(self.options.alignment);
        let mut chunks = self.lock();
        let place = match chunks.reserve(size, align) {
            Some(place) => place,
            None => {
                self.add_chunk(&mut chunks, size, align)?;
                chunks
                    .reserve(size, align)
                    .expect("a new chunk has room for the request it was made for")
            }
        };
        drop(chunks);
        Ok(self.block(place))
    }

    /// Reserves `size` bytes for a thunk in the same chunk as the code at address `near`.
    ///
    /// # Errors
    /// [`Error::ZeroSize`], [`Error::Alignment`], [`Error::ForeignAddress`] when no chunk of this
    /// manager contains `near`, [`Error::ThunksFull`] when its share is used up.
    pub fn reserve_thunk(&self, near: usize, size: usize, align: usize) -> Result<CodeBlock<'_>> {
        if size == 0 {
            return Err(Error::ZeroSize);
        }
        check_align(align)?;
        let foreign = Error::ForeignAddress { address: near };
        let Some(offset) = self.arena.try_offset_of(near) else {
            return Err(foreign);
        };
        let place = self
            .lock()
            .reserve_thunk(offset as usize, size, align)
            .map_err(|full| match full {
                true => Error::ThunksFull { bytes: size, near },
                false => foreign,
            })?;
        Ok(self.block(place))
    }

    /// Keeps the first `used` bytes of a block as code until this manager is dropped; the rest is
    /// given back.
    ///
    /// # Errors
    /// [`Error::BlockOverflow`] when `used` is more than the block has, [`Error::ForeignBlock`] when
    /// another manager reserved it; in both cases all of it is given back to its manager.
    pub fn commit(&self, block: CodeBlock<'_>, used: usize) -> Result<CodeRange> {
        if !block.belongs_to(self) {
            return Err(Error::ForeignBlock {
                address: block.address(),
            });
        }
        block.commit(used)
    }

    /// Reserves, writes and commits code that does not depend on its address.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    pub fn install(&self, code: &[u8], align: usize) -> Result<CodeRange> {
        let mut block = self.reserve(code.len(), align)?;
        block.as_mut_slice().copy_from_slice(code);
        block.commit(code.len())
    }

    /// Is `address` in one of this manager's chunks?
    pub fn contains(&self, address: usize) -> bool {
        self.arena
            .try_offset_of(address)
            .is_some_and(|offset| self.lock().chunk_of(offset as usize).is_some())
    }

    /// How much memory the manager has and uses.
    pub fn stats(&self) -> CodeStats {
        self.lock().stats()
    }

    /// Takes over pages that are to be freed with this manager.
    #[cfg(feature = "cranelift")]
    pub(crate) fn adopt(&self, span: crate::arena::Span) {
        self.lock().adopt(span);
    }

    fn block(&self, place: Place) -> CodeBlock<'_> {
        CodeBlock::new(self, place, self.arena.writable(place.offset))
    }

    pub(crate) fn settle(&self, place: Place, used: usize) {
        self.lock().settle(place, used);
    }

    fn add_chunk(&self, chunks: &mut Chunks, size: usize, align: usize) -> Result<()> {
        let wanted = match self.kind {
            CodeManagerKind::Dynamic => size,
            CodeManagerKind::Global | CodeManagerKind::Domain => size.max(self.options.chunk_bytes),
        };
        // With a thunk share of 1/n code gets (n-1)/n of a chunk, which must hold the request.
        let wanted = match self.options.thunk_divisor {
            Some(n) => wanted.max(size.saturating_mul(n.get()) / (n.get() - 1).max(1)),
            None => wanted,
        };
        if wanted > self.arena.reserved() {
            return Err(Error::Exhausted {
                bytes: wanted,
                free: self.arena.stats().free,
            });
        }
        // Pages start at a multiple of any alignment; a piece of shared pages does not.
        let span = match self.kind {
            CodeManagerKind::Dynamic if align <= shared::UNIT => {
                self.arena.acquire_shared(wanted)?
            }
            _ => self
                .arena
                .acquire(wanted, Use::Code, Protection::ReadExecute)?,
        };
        let thunk_bytes = match self.options.thunk_divisor {
            Some(n) => (span.len() / n).min(span.len() - size),
            None => 0,
        };
        chunks.add(span, thunk_bytes);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Chunks> {
        self.chunks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CodeManager {
    fn drop(&mut self) {
        let chunks = self
            .chunks
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for span in chunks.drain() {
            self.arena.release(span);
        }
    }
}

impl std::fmt::Debug for CodeManager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeManager")
            .field("kind", &self.kind)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

fn check_align(align: usize) -> Result<()> {
    if align.is_power_of_two() && align <= PAGE {
        Ok(())
    } else {
        Err(Error::Alignment { align, max: PAGE })
    }
}
