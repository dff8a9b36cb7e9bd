//! Fast paths for a compiler, as data.

use crate::layout::{GRANULE, MAX_SMALL, MIN_OBJECT};
use crate::tlab::Tlab;

/// How compiled code allocates inline.
///
/// For a size known to be a multiple of `granule`, at least `min_size` and at
/// most `max_inline_size`:
/// `new = cursor + size; if new > limit { call the slow path }; cursor = new`,
/// then store the header (and the length) before any safepoint. The memory is
/// zeroed already.
///
/// Nothing else is needed: the object-start bitmap is *not* written at
/// allocation. The collector rebuilds it, on demand, for the blocks that an
/// ambiguous root points into, by walking the objects from the start of each
/// hole to the first zero header. That is why headers must be stored before a
/// safepoint and must not be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocDescriptor {
    /// Offset of the 64-bit cursor from the start of the [`Tlab`].
    pub cursor_offset: u32,
    /// Offset of the 64-bit limit from the start of the [`Tlab`].
    pub limit_offset: u32,
    /// Sizes are multiples of this.
    pub granule: u32,
    /// The smallest size.
    pub min_size: u32,
    /// The largest size; larger objects go to [`Heap::alloc`](crate::Heap::alloc).
    pub max_inline_size: u32,
}

impl AllocDescriptor {
    pub(crate) const fn new() -> AllocDescriptor {
        AllocDescriptor {
            cursor_offset: Tlab::CURSOR_OFFSET as u32,
            limit_offset: Tlab::LIMIT_OFFSET as u32,
            granule: GRANULE as u32,
            min_size: MIN_OBJECT as u32,
            max_inline_size: MAX_SMALL as u32,
        }
    }
}

/// What compiled code does before it stores a reference into the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BarrierDescriptor {
    /// Nothing: the plan stops the world for whole collections.
    None,
    /// The barrier of a generational heap, for a store of a reference to the
    /// word at `slot`, without a safepoint between barrier and store:
    ///
    /// `if byte[table + ((slot - heap_start) >> shift)] == unlogged { slow }`
    ///
    /// where the slow path is [`Heap::log_store`](crate::Heap::log_store) or,
    /// inline, two byte stores: `logged` to the same byte, and 1 to
    /// `byte[block_table + ((slot - heap_start) >> block_shift)]`. The test can
    /// be left out when a slot is known to be in an object allocated since the
    /// last safepoint. A slot that may be outside the heap (a managed pointer)
    /// needs `slot - heap_start < heap_len`, unsigned, first.
    UnloggedLine {
        /// Address of the first line's byte.
        table: usize,
        /// Address of the heap's first byte.
        heap_start: usize,
        /// Bytes of the heap.
        heap_len: usize,
        /// Logarithm of a line's bytes.
        shift: u8,
        /// The value that leads to the slow path.
        unlogged: u8,
        /// The value that the slow path stores.
        logged: u8,
        /// Address of the first block's byte.
        block_table: usize,
        /// Logarithm of a block's bytes.
        block_shift: u8,
    },
}
