//! Freeing many allocations in one walk.

use core::ptr::NonNull;

use super::Heap;
use super::header::{Colour, Header, HeaderLayout};
use super::region::Region;
use super::walk::Allocation;

/// What a sweep does with an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// It stays, with this colour.
    Keep(Colour),
    /// It is freed. (A permanent allocation stays, white.)
    Free,
}

/// What a sweep did. Bytes count whole blocks, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Allocations that stayed.
    pub kept: usize,
    /// Allocations that were freed.
    pub freed: usize,
    /// Bytes that were freed.
    pub freed_bytes: usize,
}

/// A sweep in progress. Dropped early (the user's function panicked), it keeps what it has not seen.
struct Sweeper<'s, 'm, L: HeaderLayout> {
    heap: &'s mut Heap<'m, L>,
    /// The block to look at next.
    at: u32,
    /// Where the run of free blocks that ends at `at` starts; `at` when there is none.
    run: u32,
    report: SweepReport,
}

impl<L: HeaderLayout> Heap<'_, L> {
    /// Asks `judge` about every allocation, in the order of addresses, and frees in one pass those it
    /// gives up. Much cheaper than freeing them one by one: the lists of free blocks are made anew, and
    /// nothing is searched or unlinked.
    ///
    /// `judge` gets the payload's address, its size in bytes, and what the heap knows about it.
    ///
    /// # Safety
    /// Nobody uses an allocation that is freed here afterwards.
    pub unsafe fn sweep(
        &mut self,
        mut judge: impl FnMut(NonNull<u8>, usize, Allocation) -> Sweep,
    ) -> SweepReport {
        self.settle();
        self.bins.clear();
        self.free_blocks = 0;
        let mut sweeper = Sweeper {
            heap: self,
            at: 0,
            run: 0,
            report: SweepReport::default(),
        };
        while let Some(header) = sweeper.current() {
            if !header.in_use() {
                sweeper.at += header.size();
                continue;
            }
            let region = &sweeper.heap.region;
            let payload = region.payload(region.start(sweeper.at));
            let bytes = Region::<L>::payload_bytes(header.size());
            match judge(payload, bytes, Allocation::of(header)) {
                Sweep::Keep(colour) => sweeper.keep(header, colour),
                Sweep::Free if header.permanent() => sweeper.keep(header, Colour::WHITE),
                Sweep::Free => sweeper.free(header),
            }
        }
        assert!(
            sweeper.at == sweeper.heap.region.len(),
            "a heap header was overwritten"
        );
        sweeper.report
    }
}

impl<L: HeaderLayout> Sweeper<'_, '_, L> {
    /// The header to look at next; `None` at the end, or where a header was overwritten.
    fn current(&self) -> Option<Header> {
        let region = &self.heap.region;
        let header = region.header_at(self.at);
        (self.at < region.len() && header.size() > 0).then_some(header)
    }

    #[inline]
    fn keep(&mut self, header: Header, colour: Colour) {
        let after_free = self.end_run();
        let kept = header.with_colour(colour).with_previous_free(after_free);
        if kept != header {
            self.heap.region.set_header_at(self.at, kept);
        }
        self.report.kept += 1;
        self.at += header.size();
        self.run = self.at;
    }

    #[inline]
    fn free(&mut self, header: Header) {
        self.report.freed += 1;
        self.report.freed_bytes += header.size() as usize * super::region::GRANULE;
        self.at += header.size();
    }

    /// Makes one free block of the run before `at`. Says whether there was one.
    #[inline]
    fn end_run(&mut self) -> bool {
        let size = self.at - self.run;
        if size > 0 {
            let start = self.heap.region.start(self.run);
            let end = self.heap.region.end(start, size);
            self.heap.put_free(start, end);
        }
        size > 0
    }
}

impl<L: HeaderLayout> Drop for Sweeper<'_, '_, L> {
    fn drop(&mut self) {
        while let Some(header) = self.current() {
            if header.in_use() {
                self.keep(header, header.colour());
            } else {
                self.at += header.size();
            }
        }
        let after_free = self.end_run();
        let header = self.heap.region.header_at(self.at);
        self.heap
            .region
            .set_header_at(self.at, header.with_previous_free(after_free));
        self.heap.used_blocks -= self.report.freed;
        self.heap.used_granules -= (self.report.freed_bytes / super::region::GRANULE) as u32;
    }
}
