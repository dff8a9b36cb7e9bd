//! Data heaps: bump allocation next to the code, freed as a whole.

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::arena::{LoaderArena, Span, Use};
use crate::error::{Error, Result};
use crate::os::{PAGE, Protection, align_up};

/// What a data heap holds. Things that are used together should lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeapKind {
    /// Read all the time by compiled code: vtables, method tables.
    HighFrequency,
    /// Read while loading and compiling: descriptions of methods and fields.
    LowFrequency,
    /// The data half of stubs: the cells through which stubs jump.
    Stub,
}

/// Bytes of a data heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataHeapStats {
    /// Chunks taken from the arena.
    pub chunks: usize,
    /// Bytes of those chunks.
    pub reserved: usize,
    /// Bytes handed out.
    pub used: usize,
    /// Bytes lost to alignment and to the ends of full chunks.
    pub wasted: usize,
}

/// Memory in the loader arena that lives as long as the heap: zeroed, never moved, freed at drop.
///
/// All methods may be called from several threads.
pub struct DataHeap {
    arena: Arc<LoaderArena>,
    kind: HeapKind,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    chunks: Vec<Span>,
    /// Next free byte and end of the open chunk, as offsets in the arena. Equal when there is none.
    next: usize,
    end: usize,
    stats: DataHeapStats,
}

impl DataHeap {
    /// Smallest alignment of an allocation.
    pub const MIN_ALIGN: usize = 8;
    /// Largest alignment of an allocation.
    pub const MAX_ALIGN: usize = PAGE;
    // A domain that loads little should take little of the arena: the first chunk is smaller.
    const FIRST_CHUNK: usize = 16 << 10;
    const CHUNK: usize = 64 << 10;

    /// A heap without any memory yet.
    pub fn new(arena: &Arc<LoaderArena>, kind: HeapKind) -> DataHeap {
        DataHeap {
            arena: Arc::clone(arena),
            kind,
            state: Mutex::new(State::default()),
        }
    }

    /// What the heap is for.
    pub fn kind(&self) -> HeapKind {
        self.kind
    }

    /// The arena that the memory is in.
    pub fn arena(&self) -> &Arc<LoaderArena> {
        &self.arena
    }

    /// Allocates zeroed memory, aligned to at least [`Self::MIN_ALIGN`]. It is good until the heap is
    /// dropped. A layout of size 0 gets an address of its own.
    ///
    /// # Errors
    /// [`Error::Alignment`] over [`Self::MAX_ALIGN`], [`Error::Exhausted`] when the arena is full,
    /// [`Error::Protect`] when the system refuses memory.
    pub fn alloc(&self, layout: Layout) -> Result<NonNull<u8>> {
        let align = layout.align().max(Self::MIN_ALIGN);
        if align > Self::MAX_ALIGN {
            return Err(Error::Alignment {
                align,
                max: Self::MAX_ALIGN,
            });
        }
        // Sizes are multiples of 8, so that the next allocation starts aligned.
        let size = layout.size().max(1).next_multiple_of(Self::MIN_ALIGN);
        let mut state = self.lock();
        let start = align_up(state.next, align);
        if start <= state.end && size <= state.end - start {
            state.stats.wasted += start - state.next;
            state.stats.used += size;
            state.next = start + size;
            return Ok(self.arena.primary(start));
        }
        self.alloc_slow(&mut state, size)
    }

    /// Opens a chunk for `size` bytes. A chunk starts at a page, which every alignment accepts.
    #[cold]
    fn alloc_slow(&self, state: &mut State, size: usize) -> Result<NonNull<u8>> {
        let chunk = if state.chunks.is_empty() {
            Self::FIRST_CHUNK
        } else {
            Self::CHUNK
        };
        let span = self
            .arena
            .acquire(chunk.max(size), Use::Data, Protection::ReadWrite)?;
        let start = span.offset();
        let (next, end) = (start + size, span.end());
        state.stats.chunks += 1;
        state.stats.reserved += span.len();
        state.stats.used += size;
        state.chunks.push(span);
        // Keep whichever chunk has more room left.
        if end - next > state.end - state.next {
            state.stats.wasted += state.end - state.next;
            state.next = next;
            state.end = end;
        } else {
            state.stats.wasted += end - next;
        }
        Ok(self.arena.primary(start))
    }

    /// How much memory the heap has and uses.
    pub fn stats(&self) -> DataHeapStats {
        self.lock().stats
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DataHeap {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        for span in state.chunks.drain(..) {
            self.arena.release(span);
        }
    }
}

impl std::fmt::Debug for DataHeap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataHeap")
            .field("kind", &self.kind)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{DataHeap, HeapKind};
    use crate::arena::LoaderArena;
    use crate::error::Error;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use std::alloc::Layout;

    #[test]
    fn nothing_is_taken_before_the_first_allocation() {
        let arena = LoaderArena::new(1 << 20).unwrap();
        let free = arena.stats().free;
        let heap = DataHeap::new(&arena, HeapKind::Stub);
        assert_eq!(arena.stats().free, free);
        heap.alloc(Layout::new::<u64>()).unwrap();
        assert!(arena.stats().free < free);
        drop(heap);
        assert_eq!(arena.stats().free, free);
        assert_eq!(arena.stats().free_runs, 1);
    }

    #[test]
    fn an_alignment_over_a_page_is_refused() {
        let arena = LoaderArena::new(1 << 20).unwrap();
        let heap = DataHeap::new(&arena, HeapKind::HighFrequency);
        let layout = Layout::from_size_align(8, 8192).unwrap();
        assert!(matches!(
            heap.alloc(layout),
            Err(Error::Alignment { align: 8192, .. })
        ));
    }

    #[test]
    fn a_full_arena_leaves_the_heap_usable() {
        let arena = LoaderArena::new(128 << 10).unwrap();
        let heap = DataHeap::new(&arena, HeapKind::LowFrequency);
        heap.alloc(Layout::new::<u64>()).unwrap();
        let huge = Layout::from_size_align(1 << 20, 8).unwrap();
        assert!(matches!(heap.alloc(huge), Err(Error::Exhausted { .. })));
        heap.alloc(Layout::new::<u64>()).unwrap();
    }

    proptest! {
        #[test]
        fn allocations_are_aligned_zeroed_and_apart(requests in prop::collection::vec((0usize..20_000, 0u32..13), 1..60)) {
            let arena = LoaderArena::new(8 << 20).unwrap();
            let heap = DataHeap::new(&arena, HeapKind::HighFrequency);
            let mut taken: Vec<(usize, usize)> = Vec::new();
            for (size, align) in requests {
                let layout = Layout::from_size_align(size, 1 << align).unwrap();
                let pointer = heap.alloc(layout).unwrap();
                let start = pointer.as_ptr().addr();
                prop_assert!(start.is_multiple_of(layout.align().max(8)));
                prop_assert!(arena.contains(start) && arena.contains(start + size));
                // SAFETY: the heap gave `size` bytes that nobody else has.
                let bytes = unsafe { std::slice::from_raw_parts_mut(pointer.as_ptr(), size) };
                prop_assert!(bytes.iter().all(|byte| *byte == 0));
                bytes.fill(0xff);
                taken.push((start, start + size.max(1)));
            }
            taken.sort_unstable();
            prop_assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0));
            let stats = heap.stats();
            prop_assert!(stats.used + stats.wasted <= stats.reserved);
            prop_assert_eq!(arena.stats().data, stats.reserved);
        }
    }
}
