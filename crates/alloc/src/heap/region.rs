//! The memory of a heap as granules of 8 bytes.
//!
//! Two things hold for the structure that a heap keeps in its memory:
//!
//! - *Sizes*: a block that starts in the region ends in it, by its header; a block that is marked as having a
//!   free predecessor has that one's size just before it.
//! - *Links*: the list heads and the links of free blocks name free blocks, or are [`NIL`].
//!
//! They can be broken only by who writes outside of an allocation, or frees what is not one, which the heap's
//! `unsafe` functions forbid. So the paths that must be fast rely on them (comparing each size and link with
//! the region's bounds made a free and an allocation a quarter slower). Everything else checks: walking,
//! sweeping, and [`Heap::check`](super::Heap::check), which may be used on a heap that someone has broken.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::header::{Header, HeaderLayout};

/// Bytes of a granule, the unit of size and alignment.
pub(super) const GRANULE: usize = 8;
/// "No block" in a link.
pub(super) const NIL: u32 = u32::MAX;

/// A granule where a block can start: before the end of its region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start(u32);

/// A granule where a block can end: after the first one, and at most the one that ends the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End(u32);

impl Start {
    #[inline]
    pub(super) fn granule(self) -> u32 {
        self.0
    }
}

impl End {
    #[inline]
    pub(super) fn granule(self) -> u32 {
        self.0
    }
}

/// Blocks are named by the granule that they start at. Granule `len` holds only the header that ends the
/// heap.
pub(super) struct Region<L> {
    /// Where granule 0 starts. A payload, `HEADER_BYTES` after it, is 8-byte aligned.
    origin: NonNull<u8>,
    /// Granules for blocks.
    len: u32,
    layout: PhantomData<L>,
}

impl<L: HeaderLayout> Region<L> {
    /// Smallest block: header, two links, and the size again at the end.
    pub(super) const MIN_BLOCK: u32 = (L::HEADER_BYTES + 12).div_ceil(GRANULE) as u32;

    /// A region in `bytes` bytes from `start`, or `None` when they hold no block. The rest beyond
    /// [`HeaderLayout::MAX_HEAP_BYTES`] is not used.
    ///
    /// # Safety
    /// The memory is valid for reads and writes and used by nobody else while the region is in use.
    pub(super) unsafe fn new(start: NonNull<u8>, bytes: usize) -> Option<Region<L>> {
        let bytes = bytes.min(L::MAX_HEAP_BYTES - GRANULE);
        let address = start.addr().get();
        let first_payload = address
            .checked_add(L::HEADER_BYTES)?
            .checked_next_multiple_of(GRANULE)?;
        let skipped = first_payload - L::HEADER_BYTES - address;
        let granules = bytes.checked_sub(skipped + L::HEADER_BYTES)? / GRANULE;
        if granules < Self::MIN_BLOCK as usize {
            return None;
        }
        Some(Region {
            // SAFETY: `skipped` is less than `bytes`.
            origin: unsafe { start.add(skipped) },
            len: u32::try_from(granules).ok()?,
            layout: PhantomData,
        })
    }

    /// Granules for blocks; also the name of the header that ends the heap.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The start of a block at this granule.
    ///
    /// # Panics
    /// When it is not in the region.
    #[inline]
    pub(super) fn start(&self, granule: u32) -> Start {
        assert!(granule < self.len, "a heap block is out of bounds");
        Start(granule)
    }

    /// The end of a block of `size` granules.
    ///
    /// # Panics
    /// When it is not in the region, or the block is empty.
    #[inline]
    pub(super) fn end(&self, start: Start, size: u32) -> End {
        let end = start.0.wrapping_add(size);
        assert!(
            end > start.0 && end <= self.len,
            "a heap block is out of bounds"
        );
        End(end)
    }

    /// As [`start`](Self::start), without looking.
    ///
    /// # Safety
    /// The granule is before the end of the region.
    #[inline]
    pub(super) unsafe fn start_unchecked(&self, granule: u32) -> Start {
        debug_assert!(granule < self.len, "a heap block is out of bounds");
        Start(granule)
    }

    /// As [`end`](Self::end), without looking.
    ///
    /// # Safety
    /// The block ends in the region and is not empty.
    #[inline]
    pub(super) unsafe fn end_unchecked(&self, start: Start, size: u32) -> End {
        debug_assert!(
            size > 0 && size <= self.len - start.0,
            "a heap block is out of bounds"
        );
        End(start.0.wrapping_add(size))
    }

    /// Where the block before this one ends.
    ///
    /// # Safety
    /// It is not the first block.
    #[inline]
    pub(super) unsafe fn end_before(&self, block: Start) -> End {
        debug_assert!(block.0 > 0, "the first heap block has none before it");
        End(block.0)
    }

    /// The first byte of a granule.
    ///
    /// # Safety
    /// `granule` is at most the one that ends the region.
    #[inline]
    unsafe fn at(&self, granule: u32) -> NonNull<u8> {
        debug_assert!(granule <= self.len);
        // SAFETY: in bounds, by the caller's promise.
        unsafe { self.origin.add(granule as usize * GRANULE) }
    }

    /// Asks the cache for a block's header. Any granule will do; nothing is read.
    #[inline]
    pub(super) fn prefetch(&self, block: u32) {
        let place = self.origin.as_ptr().wrapping_add(block as usize * GRANULE);
        #[cfg(target_arch = "x86_64")]
        {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch never faults, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = place;
    }

    /// The header of a granule, which may be the one that ends the region.
    #[inline]
    pub(super) fn header_at(&self, granule: u32) -> Header {
        assert!(granule <= self.len, "a heap block is out of bounds");
        self.header_after(End(granule))
    }

    #[inline]
    pub(super) fn header(&self, block: Start) -> Header {
        self.header_after(End(block.0))
    }

    /// The header of the block that follows one, or the header that ends the region.
    #[inline]
    pub(super) fn header_after(&self, end: End) -> Header {
        // SAFETY: in bounds, like every `Start` and `End`. The last granule has room for a header.
        Header(unsafe { self.at(end.0).cast::<L::Word>().read() }.into())
    }

    /// As [`header_at`](Self::header_at), for writing.
    #[inline]
    pub(super) fn set_header_at(&mut self, granule: u32, header: Header) {
        assert!(granule <= self.len, "a heap block is out of bounds");
        self.set_header_after(End(granule), header);
    }

    #[inline]
    pub(super) fn set_header(&mut self, block: Start, header: Header) {
        self.set_header_after(End(block.0), header);
    }

    #[inline]
    pub(super) fn set_header_after(&mut self, end: End, header: Header) {
        // SAFETY: as in `header_after`.
        unsafe { self.at(end.0).cast::<L::Word>().write(L::word(header.0)) };
    }

    /// The word of a free block that is `index` (0 or 1) words after its header.
    #[inline]
    fn link(&self, block: Start, index: usize) -> NonNull<u32> {
        debug_assert!(index < 2);
        // SAFETY: a granule before the last has 8 bytes after its header (which may reach into the
        // header that ends the heap, but not over it).
        unsafe {
            self.at(block.0)
                .add(L::HEADER_BYTES)
                .cast::<u32>()
                .add(index)
        }
    }

    /// The next free block of the same bin. Not compared with anything yet.
    #[inline]
    pub(super) fn next(&self, block: Start) -> u32 {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 0).read() }
    }

    #[inline]
    pub(super) fn set_next(&mut self, block: Start, to: u32) {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 0).write(to) };
    }

    /// The free block before this one in the same bin. Not compared with anything yet.
    #[inline]
    pub(super) fn previous(&self, block: Start) -> u32 {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 1).read() }
    }

    /// Where the back link of a free block is; `nobody` for [`NIL`].
    ///
    /// # Safety
    /// The name is that of a free block or `NIL`. The place must only be used while both it and `nobody` are.
    #[inline]
    pub(super) unsafe fn previous_place(&mut self, block: u32, nobody: *mut u32) -> *mut u32 {
        debug_assert!(
            block < self.len || block == NIL,
            "a heap block is out of bounds"
        );
        let offset = block as usize * GRANULE + L::HEADER_BYTES + 4;
        let place = self.origin.as_ptr().wrapping_add(offset).cast::<u32>();
        // Not a branch: it would wait for memory, see `Bins::pop`.
        core::hint::select_unpredictable(block == NIL, nobody, place)
    }

    /// The size that the free block has at its end which ends here.
    #[inline]
    pub(super) fn footer(&self, end: End) -> u32 {
        // SAFETY: at least one granule lies before an `End`; aligned to 4.
        unsafe { self.at(end.0).sub(4).cast::<u32>().read() }
    }

    #[inline]
    pub(super) fn set_footer(&mut self, end: End, size: u32) {
        // SAFETY: as in `footer`.
        unsafe { self.at(end.0).sub(4).cast::<u32>().write(size) };
    }

    /// Where the user's bytes of a block start: 8-byte aligned.
    #[inline]
    pub(super) fn payload(&self, block: Start) -> NonNull<u8> {
        // SAFETY: a granule before the last is in bounds, and so is the place after its header.
        unsafe { self.at(block.0).add(L::HEADER_BYTES) }
    }

    /// The block with this payload, if there can be one: in bounds and aligned.
    #[inline]
    pub(super) fn block_of(&self, payload: NonNull<u8>) -> Option<Start> {
        let first = self.origin.addr().get() + L::HEADER_BYTES;
        let distance = payload.addr().get().wrapping_sub(first);
        (distance.is_multiple_of(GRANULE) && distance / GRANULE < self.len as usize)
            .then_some(Start((distance / GRANULE) as u32))
    }

    /// Bytes that the user of a block of this size has.
    #[inline]
    pub(super) fn payload_bytes(size: u32) -> usize {
        size as usize * GRANULE - L::HEADER_BYTES
    }

    /// Granules that a payload of this size needs, or `None` when no heap is that large.
    #[inline]
    pub(super) fn granules_for(bytes: usize) -> Option<u32> {
        if bytes > L::MAX_HEAP_BYTES - 2 * GRANULE {
            return None;
        }
        let granules = (bytes + L::HEADER_BYTES).div_ceil(GRANULE) as u32;
        Some(granules.max(Self::MIN_BLOCK))
    }
}
