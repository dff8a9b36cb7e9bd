//! A heap of fixed size: non-moving, coalescing, best fit.
//!
//! All memory is taken once and never grows nor shrinks. Allocations do not move. An allocation costs a
//! header of 4 bytes (8 in the [`Wide`] layout) and is rounded up to 8; its payload is 8-byte aligned.
//! Every allocation carries a type (how a collector should scan it) and two colour bits, white at birth.
//! The heap can be walked from end to end, and a sweep frees many allocations in one pass. A runtime's
//! own data can share the heap with managed objects: give it a type that the collector leaves alone, or
//! make it permanent.
//!
//! ```
//! use ferrocil_alloc::heap::{AllocType, Colour, Compact, Heap, Sweep};
//!
//! const CELL: AllocType = AllocType::new(1).unwrap();
//! let mut heap = Heap::<Compact>::with_capacity(1 << 20).unwrap();
//! let kept = heap.try_alloc(24, CELL).unwrap();
//! let lost = heap.try_alloc(24, CELL).unwrap();
//! // SAFETY: both are allocations of this heap; `lost` is not used after the sweep.
//! unsafe {
//!     heap.set_colour(kept, Colour::BLACK);
//!     heap.sweep(|_, _, allocation| match allocation.colour {
//!         Colour::WHITE => Sweep::Free,
//!         _ => Sweep::Keep(Colour::WHITE),
//!     });
//! }
//! assert_eq!(heap.stats().used_blocks, 1);
//! # let _ = lost;
//! ```

mod bins;
mod check;
mod header;
mod later;
mod region;
mod sweep;
mod walk;

pub use check::Corruption;
pub use header::{AllocType, Colour, Compact, HeaderLayout, Wide};
pub use sweep::{Sweep, SweepReport};
pub use walk::{Allocation, Block, BlockState, Blocks};

use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use bins::Bins;
use header::Header;
use later::InFlight;
use region::{End, GRANULE, Region, Start};

/// Why a heap cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeapError {
    /// The memory is too small for a single block, or larger than the layout allows
    /// ([`HeaderLayout::MAX_HEAP_BYTES`]).
    Size {
        /// Bytes given or asked for.
        bytes: usize,
    },
    /// The system has not that much memory.
    OutOfMemory {
        /// Bytes asked for.
        bytes: usize,
    },
}

impl core::fmt::Display for HeapError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            HeapError::Size { bytes } => write!(f, "a heap cannot have {bytes} bytes"),
            HeapError::OutOfMemory { bytes } => {
                write!(f, "the system has no {bytes} bytes for a heap")
            }
        }
    }
}

impl core::error::Error for HeapError {}

/// How full a heap is. Bytes count whole blocks, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// Bytes for blocks.
    pub capacity: usize,
    /// Bytes of allocations.
    pub used: usize,
    /// Number of allocations.
    pub used_blocks: usize,
    /// Bytes of free blocks.
    pub free: usize,
    /// Number of free blocks.
    pub free_blocks: usize,
    /// Bytes of the largest free block.
    pub largest_free: usize,
    /// Bytes of permanent allocations, which are part of `used`.
    pub permanent: usize,
}

/// The heap; see the [module](self).
///
/// `'m` is the lifetime of its memory. Allocations are raw pointers: they are good until they are freed
/// or the heap is dropped.
pub struct Heap<'m, L: HeaderLayout = Compact> {
    region: Region<L>,
    bins: Bins,
    used_granules: u32,
    used_blocks: usize,
    free_blocks: usize,
    permanent_granules: u32,
    /// Where the permanent allocations begin that were taken from the end of the heap. (Not moved for one
    /// that starts where the heap does: then nothing is free.)
    permanent_start: End,
    in_flight: InFlight,
    /// The memory, when the heap has taken it itself.
    owned: Option<(NonNull<u8>, Layout)>,
    memory: PhantomData<&'m mut [MaybeUninit<u8>]>,
}

// SAFETY: the heap has its memory for itself, and hands out raw pointers only.
unsafe impl<L: HeaderLayout> Send for Heap<'_, L> {}
// SAFETY: a shared heap can only be read, and its structure only changes through `&mut`.
unsafe impl<L: HeaderLayout> Sync for Heap<'_, L> {}

impl<'m, L: HeaderLayout> Heap<'m, L> {
    /// A heap in the memory given.
    ///
    /// # Errors
    /// [`HeapError::Size`].
    pub fn new(memory: &'m mut [MaybeUninit<u8>]) -> Result<Heap<'m, L>, HeapError> {
        let bytes = memory.len();
        // SAFETY: the memory is borrowed for as long as the heap lives.
        unsafe { Heap::from_raw(NonNull::from(memory).cast(), bytes) }
    }

    /// A heap in `bytes` bytes of memory from `start`.
    ///
    /// # Errors
    /// [`HeapError::Size`].
    ///
    /// # Safety
    /// The memory is valid for reads and writes for `'m`, and nobody else uses it as long as the heap
    /// lives.
    pub unsafe fn from_raw(start: NonNull<u8>, bytes: usize) -> Result<Heap<'m, L>, HeapError> {
        if bytes > L::MAX_HEAP_BYTES {
            return Err(HeapError::Size { bytes });
        }
        // SAFETY: the caller's promise.
        let region = unsafe { Region::new(start, bytes) }.ok_or(HeapError::Size { bytes })?;
        let len = region.len();
        let (first, end) = (region.start(0), region.end(region.start(0), len));
        let mut heap = Heap {
            region,
            bins: Bins::new(),
            used_granules: 0,
            used_blocks: 0,
            free_blocks: 0,
            permanent_granules: 0,
            permanent_start: end,
            in_flight: InFlight::default(),
            owned: None,
            memory: PhantomData,
        };
        heap.region
            .set_header_after(end, Header::end().with_previous_free(true));
        heap.put_free(first, end);
        Ok(heap)
    }

    /// A heap of `bytes` bytes that it takes from the global allocator and returns when it is dropped.
    ///
    /// # Errors
    /// [`HeapError`].
    pub fn with_capacity(bytes: usize) -> Result<Heap<'m, L>, HeapError> {
        if bytes == 0 || bytes > L::MAX_HEAP_BYTES {
            return Err(HeapError::Size { bytes });
        }
        let layout =
            Layout::from_size_align(bytes, GRANULE).map_err(|_| HeapError::Size { bytes })?;
        // SAFETY: not of size 0.
        let start = NonNull::new(unsafe { alloc::alloc::alloc(layout) })
            .ok_or(HeapError::OutOfMemory { bytes })?;
        // SAFETY: new memory, which lives until the heap is dropped.
        match unsafe { Heap::from_raw(start, bytes) } {
            Ok(mut heap) => {
                heap.owned = Some((start, layout));
                Ok(heap)
            }
            Err(error) => {
                // SAFETY: allocated above with this layout.
                unsafe { alloc::alloc::dealloc(start.as_ptr(), layout) };
                Err(error)
            }
        }
    }

    /// Allocates `bytes` bytes of uninitialised memory, 8-byte aligned, coloured white. `None` when no free
    /// block is large enough; nothing has changed then.
    #[inline]
    pub fn try_alloc(&mut self, bytes: usize, ty: AllocType) -> Option<NonNull<u8>> {
        self.alloc_best_fit(bytes, ty, false)
    }

    /// As [`try_alloc`](Self::try_alloc), with all bytes zero (those too that rounding added).
    pub fn try_alloc_zeroed(&mut self, bytes: usize, ty: AllocType) -> Option<NonNull<u8>> {
        let payload = self.try_alloc(bytes, ty)?;
        // SAFETY: a new allocation of this heap, with so many bytes.
        unsafe { payload.write_bytes(0, self.usable_size(payload)) };
        Some(payload)
    }

    /// Allocates memory that is never freed. Such allocations are stacked from the end of the heap
    /// downwards, where they do not cut up the free space of the others.
    pub fn try_alloc_permanent(&mut self, bytes: usize, ty: AllocType) -> Option<NonNull<u8>> {
        let size = Region::<L>::granules_for(bytes)?;
        let end = self.permanent_start;
        let below = self.region.header_after(end);
        let room = if below.previous_free() {
            self.region.footer(end)
        } else {
            0
        };
        if room < size {
            // Something that is not permanent lies just below.
            return self.alloc_best_fit(bytes, ty, true);
        }
        let free = self.region.start(end.granule() - room);
        self.take_free(free, room);
        let rest = room - size;
        let (block, size) = if rest >= Region::<L>::MIN_BLOCK {
            let cut = self.region.end(free, rest);
            self.put_free(free, cut);
            (self.region.start(cut.granule()), size)
        } else {
            (free, room)
        };
        let header = Header::used(size, ty, true).with_previous_free(block != free);
        self.region.set_header(block, header);
        self.region
            .set_header_after(end, below.with_previous_free(false));
        self.permanent_start = if block.granule() > 0 {
            self.region.end(self.region.start(0), block.granule())
        } else {
            end
        };
        self.count_used(size, true);
        Some(self.region.payload(block))
    }

    #[inline]
    fn alloc_best_fit(
        &mut self,
        bytes: usize,
        ty: AllocType,
        permanent: bool,
    ) -> Option<NonNull<u8>> {
        let size = Region::<L>::granules_for(bytes)?;
        let found = match self.bins.take_best(&mut self.region, size) {
            None if self.settle() => self.bins.take_best(&mut self.region, size),
            found => found,
        };
        let (block, have) = found?;
        self.free_blocks -= 1;
        // SAFETY: (sizes) a free block of this size starts here.
        let end = unsafe { self.region.end_unchecked(block, have) };
        let size = if have - size >= Region::<L>::MIN_BLOCK {
            // The block after it still has a free predecessor.
            // SAFETY: `size` is less than `have`.
            let rest = unsafe { self.region.start_unchecked(block.granule() + size) };
            self.put_free(rest, end);
            size
        } else {
            let next = self.region.header_after(end);
            self.region
                .set_header_after(end, next.with_previous_free(false));
            have
        };
        self.region
            .set_header(block, Header::used(size, ty, permanent));
        self.count_used(size, permanent);
        Some(self.region.payload(block))
    }

    #[inline]
    fn count_used(&mut self, size: u32, permanent: bool) {
        self.used_blocks += 1;
        self.used_granules += size;
        if permanent {
            self.permanent_granules += size;
        }
    }

    /// Frees an allocation and joins it with its free neighbours.
    ///
    /// # Safety
    /// `payload` came from this heap, has not been freed, and is not used any more.
    ///
    /// # Panics
    /// When it can tell that this is not so: the address is not that of a block in use, or the block is
    /// permanent.
    #[inline]
    pub unsafe fn free(&mut self, payload: NonNull<u8>) {
        self.free_block(self.block_of(payload));
    }

    #[inline]
    fn free_block(&mut self, block: Start) {
        let header = self.region.header(block);
        if !header.can_be_freed() {
            refuse_free(header);
        }
        let size = header.size();
        let mut start = block;
        // SAFETY: (sizes) the caller of `free` promises that this is an allocation, so its header is right.
        let mut end = unsafe { self.region.end_unchecked(block, size) };
        self.used_blocks -= 1;
        self.used_granules -= size;
        let after = self.region.header_after(end);
        if after.in_use() {
            self.region
                .set_header_after(end, after.with_previous_free(true));
        } else {
            // SAFETY: the header that ends the region is in use, so this one is before it.
            let next = unsafe { self.region.start_unchecked(end.granule()) };
            self.take_free(next, after.size());
            // SAFETY: (sizes) a free block starts there.
            end = unsafe { self.region.end_unchecked(next, after.size()) };
        }
        if header.previous_free() {
            // SAFETY: a block with a free predecessor is not the first one.
            let before = self.region.footer(unsafe { self.region.end_before(block) });
            // SAFETY: (sizes) that block starts in the region, too.
            start = unsafe { self.region.start_unchecked(block.granule() - before) };
            self.take_free(start, before);
        }
        self.put_free(start, end);
    }

    /// What the heap keeps about an allocation.
    ///
    /// # Safety
    /// `payload` came from this heap and has not been freed.
    #[inline]
    pub unsafe fn allocation(&self, payload: NonNull<u8>) -> Allocation {
        Allocation::of(self.used_block(payload).1)
    }

    /// The colour of an allocation.
    ///
    /// # Safety
    /// `payload` came from this heap and has not been freed.
    #[inline]
    pub unsafe fn colour(&self, payload: NonNull<u8>) -> Colour {
        self.used_block(payload).1.colour()
    }

    /// Gives an allocation a colour.
    ///
    /// # Safety
    /// `payload` came from this heap and has not been freed.
    #[inline]
    pub unsafe fn set_colour(&mut self, payload: NonNull<u8>, colour: Colour) {
        let (block, header) = self.used_block(payload);
        self.region.set_header(block, header.with_colour(colour));
    }

    /// Bytes of an allocation that may be used: at least those asked for.
    ///
    /// # Safety
    /// `payload` came from this heap and has not been freed.
    #[inline]
    pub unsafe fn usable_size(&self, payload: NonNull<u8>) -> usize {
        Region::<L>::payload_bytes(self.used_block(payload).1.size())
    }

    /// Can this address be an allocation's? In bounds and aligned; says nothing about headers.
    pub fn contains(&self, payload: NonNull<u8>) -> bool {
        self.region.block_of(payload).is_some()
    }

    /// How full the heap is.
    pub fn stats(&self) -> HeapStats {
        let bytes = |granules: u32| granules as usize * GRANULE;
        HeapStats {
            capacity: bytes(self.region.len()),
            used: bytes(self.used_granules),
            used_blocks: self.used_blocks,
            free: bytes(self.region.len() - self.used_granules),
            free_blocks: self.free_blocks,
            largest_free: bytes(self.bins.largest(&self.region)),
            permanent: bytes(self.permanent_granules),
        }
    }

    #[inline]
    fn used_block(&self, payload: NonNull<u8>) -> (Start, Header) {
        let block = self.block_of(payload);
        (block, self.used_header(block))
    }

    #[inline]
    fn block_of(&self, payload: NonNull<u8>) -> Start {
        self.region
            .block_of(payload)
            .expect("the address is not that of an allocation of this heap")
    }

    #[inline]
    fn used_header(&self, block: Start) -> Header {
        let header = self.region.header(block);
        assert!(header.in_use(), "the allocation was freed before");
        header
    }

    /// Makes a free block of unlisted granules. The block after it must know that already.
    #[inline]
    fn put_free(&mut self, block: Start, end: End) {
        let size = end.granule() - block.granule();
        self.region.set_header(block, Header::free(size));
        self.region.set_footer(end, size);
        self.bins.insert(&mut self.region, block, size);
        self.free_blocks += 1;
    }

    /// Takes a free block from its list.
    #[inline]
    fn take_free(&mut self, block: Start, size: u32) {
        self.bins.remove(&mut self.region, block, size);
        self.free_blocks -= 1;
    }
}

#[cold]
fn refuse_free(header: Header) -> ! {
    if header.in_use() {
        panic!("a permanent allocation cannot be freed")
    }
    panic!("the allocation was freed before")
}

impl<L: HeaderLayout> Drop for Heap<'_, L> {
    fn drop(&mut self) {
        if let Some((start, layout)) = self.owned {
            // SAFETY: allocated by `with_capacity` with this layout, and dropped once.
            unsafe { alloc::alloc::dealloc(start.as_ptr(), layout) };
        }
    }
}

impl<L: HeaderLayout> core::fmt::Debug for Heap<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Heap").field(&self.stats()).finish()
    }
}
