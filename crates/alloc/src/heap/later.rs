//! Freeing with hidden latency.
//!
//! Most of the time of freeing an allocation that was not used lately is waiting for two headers: its own,
//! and that of the block after it, whose place only the first one tells. [`Heap::free_later`] asks the cache
//! for the first, at the next call for the second, and frees at the call after that.

use core::ptr::NonNull;

use super::Heap;
use super::header::HeaderLayout;
use super::region::Start;

/// Frees in flight, the newest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct InFlight {
    /// Its header is on the way to the cache.
    first: Option<Start>,
    /// The header after it is.
    second: Option<Start>,
}

impl<L: HeaderLayout> Heap<'_, L> {
    /// Frees an allocation at one of the next calls. For programs that free in random order: it hides most
    /// of the time that [`free`](Self::free) waits for memory.
    ///
    /// At most two allocations are waiting to be freed. Until they are, they count as used. They are freed by
    /// [`settle`](Self::settle), by a sweep, and before an allocation would fail.
    ///
    /// # Safety
    /// As for [`free`](Self::free).
    ///
    /// # Panics
    /// As [`free`](Self::free), but perhaps at a later call.
    #[inline]
    pub unsafe fn free_later(&mut self, payload: NonNull<u8>) {
        let block = self.block_of(payload);
        self.region.prefetch(block.granule());
        let InFlight { first, second } = self.in_flight;
        if let Some(block) = first {
            let header = self.region.header(block);
            self.region
                .prefetch(block.granule().saturating_add(header.size()));
        }
        self.in_flight = InFlight {
            first: Some(block),
            second: first,
        };
        if let Some(block) = second {
            self.free_block(block);
        }
    }

    /// Frees now what [`free_later`](Self::free_later) has put off. Says whether there was something.
    pub fn settle(&mut self) -> bool {
        let InFlight { first, second } = core::mem::take(&mut self.in_flight);
        for block in [second, first].into_iter().flatten() {
            self.free_block(block);
        }
        first.is_some()
    }
}
