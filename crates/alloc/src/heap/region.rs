//! The memory of a heap as granules of 8 bytes. Every access is checked against the region's bounds, so
//! that a header that was overwritten leads to a panic and never outside the heap.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::header::{Header, HeaderLayout};

/// Bytes of a granule, the unit of size and alignment.
pub(super) const GRANULE: usize = 8;
/// "No block" in a link.
pub(super) const NIL: u32 = u32::MAX;

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

    /// The first byte of a granule, which may be the one that ends the heap.
    #[inline]
    fn at(&self, granule: u32) -> NonNull<u8> {
        assert!(granule <= self.len, "a heap block is out of bounds");
        // SAFETY: in bounds by the line above.
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

    #[inline]
    pub(super) fn header(&self, block: u32) -> Header {
        // SAFETY: granule `len` still has room for a header.
        Header(unsafe { self.at(block).cast::<L::Word>().read() }.into())
    }

    #[inline]
    pub(super) fn set_header(&mut self, block: u32, header: Header) {
        // SAFETY: as in `header`.
        unsafe { self.at(block).cast::<L::Word>().write(L::word(header.0)) };
    }

    /// The word of a free block that is `index` (0 or 1) words after its header.
    #[inline]
    fn link(&self, block: u32, index: usize) -> NonNull<u32> {
        assert!(block < self.len, "a heap block is out of bounds");
        // SAFETY: a granule before the last has 8 bytes after its header (which may reach into the
        // header that ends the heap, but not over it).
        unsafe { self.at(block).add(L::HEADER_BYTES).cast::<u32>().add(index) }
    }

    /// The next free block of the same bin.
    #[inline]
    pub(super) fn next(&self, block: u32) -> u32 {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 0).read() }
    }

    #[inline]
    pub(super) fn set_next(&mut self, block: u32, to: u32) {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 0).write(to) };
    }

    /// The free block before this one in the same bin.
    #[inline]
    pub(super) fn previous(&self, block: u32) -> u32 {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.link(block, 1).read() }
    }

    /// Where the back link of a block is; `nobody` for `NIL`. Without a branch: see `Bins::pop`.
    #[inline]
    pub(super) fn previous_place(&mut self, block: u32, nobody: *mut u32) -> *mut u32 {
        assert!(
            block < self.len || block == NIL,
            "a heap block is out of bounds"
        );
        let offset = block as usize * GRANULE + L::HEADER_BYTES + 4;
        let place = self.origin.as_ptr().wrapping_add(offset).cast::<u32>();
        core::hint::select_unpredictable(block == NIL, nobody, place)
    }

    /// Where the free block that ends at granule `end` has its size a second time.
    #[inline]
    fn footer_place(&self, end: u32) -> NonNull<u32> {
        assert!(end > 0, "a heap block is out of bounds");
        // SAFETY: at least one granule lies before `end`.
        unsafe { self.at(end).sub(4).cast::<u32>() }
    }

    #[inline]
    pub(super) fn footer(&self, end: u32) -> u32 {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.footer_place(end).read() }
    }

    #[inline]
    pub(super) fn set_footer(&mut self, end: u32, size: u32) {
        // SAFETY: in bounds, aligned to 4.
        unsafe { self.footer_place(end).write(size) };
    }

    /// Where the user's bytes of a block start: 8-byte aligned.
    #[inline]
    pub(super) fn payload(&self, block: u32) -> NonNull<u8> {
        assert!(block < self.len, "a heap block is out of bounds");
        // SAFETY: the granule is in bounds and larger than a header.
        unsafe { self.at(block).add(L::HEADER_BYTES) }
    }

    /// The block with this payload, if there can be one: in bounds and aligned.
    #[inline]
    pub(super) fn block_of(&self, payload: NonNull<u8>) -> Option<u32> {
        let first = self.origin.addr().get() + L::HEADER_BYTES;
        let distance = payload.addr().get().wrapping_sub(first);
        (distance.is_multiple_of(GRANULE) && distance / GRANULE < self.len as usize)
            .then_some((distance / GRANULE) as u32)
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
