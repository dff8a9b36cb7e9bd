//! The sizes that shape the heap.

/// Bytes of a granule: objects start on granules and sizes are multiples of it.
pub const GRANULE: usize = 8;
/// Bytes of the smallest object.
pub const MIN_OBJECT: usize = 16;
/// Bytes of a line, the unit in which block space is reused.
pub const LINE: usize = 128;
/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Bytes of a block.
pub const BLOCK: usize = 32 * 1024;
/// Bytes of the largest object that lives in a block.
pub const MAX_SMALL: usize = 8 * 1024;
/// Objects of this many bytes and more belong to the large object space.
pub const LARGE_OBJECT: usize = 85_000;

pub(crate) const LINES_PER_BLOCK: usize = BLOCK / LINE;
pub(crate) const GRANULES_PER_BLOCK: usize = BLOCK / GRANULE;
pub(crate) const PAGES_PER_BLOCK: usize = BLOCK / PAGE;
pub(crate) const GRANULES_PER_PAGE: usize = PAGE / GRANULE;

/// The smallest limit that a heap accepts.
pub const MIN_HEAP: usize = 512 * 1024;
/// The largest limit that a heap accepts: page numbers have 31 bits.
pub const MAX_HEAP: usize = 4 << 40;

/// Rounds `value` up to a multiple of `to`, a power of two; `None` on overflow.
#[inline]
pub(crate) const fn round_up(value: usize, to: usize) -> Option<usize> {
    match value.checked_add(to - 1) {
        Some(sum) => Some(sum & !(to - 1)),
        None => None,
    }
}
