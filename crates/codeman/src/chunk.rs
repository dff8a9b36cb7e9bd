//! Where code goes inside a manager's chunks: bump allocation, holes left by commits, thunk shares.

use crate::arena::Span;
use crate::block::Place;
use crate::os::align_up;

/// Free pieces below this size are not worth remembering: no compiled method is that small.
const MIN_HOLE: usize = 32;
/// Most chunks that are tried before a new one is opened, so that a reservation takes constant time.
const MAX_OPEN: usize = 4;
/// Most holes that are remembered; the smallest one is forgotten.
const MAX_HOLES: usize = 64;

/// A run of pages for code. Offsets are distances from the arena's base.
#[derive(Debug)]
struct Chunk {
    span: Span,
    /// First byte that is free for code, and the end of the room for code.
    next: usize,
    code_end: usize,
    /// First byte that is free for thunks; the room for thunks ends with the chunk.
    next_thunk: usize,
}

impl Chunk {
    fn room(&self) -> usize {
        self.code_end - self.next
    }
}

/// All chunks of one manager.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    all: Vec<Chunk>,
    /// Indices of chunks that are still tried, newest last.
    open: Vec<usize>,
    /// Pieces given back by commits, in front of the bump pointers.
    holes: Vec<Place>,
    /// No hole is larger.
    largest_hole: usize,
    used: usize,
    thunks: usize,
    reserved: usize,
    /// Bytes of blocks that are reserved and not yet committed.
    pending: usize,
    /// Pages that others filled; they only wait to be freed.
    adopted: Vec<Span>,
}

/// Bytes of a code manager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeStats {
    /// Chunks taken from the arena.
    pub chunks: usize,
    /// Bytes of those chunks.
    pub reserved: usize,
    /// Bytes committed as code (thunks not counted).
    pub used: usize,
    /// Bytes committed as thunks.
    pub thunks: usize,
    /// Bytes of blocks that are reserved and not yet committed.
    pub pending: usize,
    /// Bytes that a later reservation can still get, with the unused thunk share.
    pub free: usize,
    /// Bytes lost to alignment, small remains and the ends of full chunks.
    pub wasted: usize,
}

impl Chunks {
    /// Adds a chunk whose last `thunk_bytes` are for thunks.
    pub(crate) fn add(&mut self, span: Span, thunk_bytes: usize) {
        let code_end = span.end() - thunk_bytes;
        self.reserved += span.len();
        self.open.push(self.all.len());
        self.all.push(Chunk {
            next: span.offset(),
            code_end,
            next_thunk: code_end,
            span,
        });
        if self.open.len() > MAX_OPEN {
            // Retire the fullest of the older ones; its end may still take something small.
            let (slot, &index) = self.open[..MAX_OPEN]
                .iter()
                .enumerate()
                .min_by_key(|(_, index)| self.all[**index].room())
                .expect("there are more than MAX_OPEN chunks");
            self.open.remove(slot);
            let chunk = &mut self.all[index];
            let rest = Place {
                chunk: index,
                offset: chunk.next,
                len: chunk.room(),
            };
            chunk.next = chunk.code_end;
            self.keep_hole(rest);
        }
    }

    #[cfg(feature = "cranelift")]
    pub(crate) fn adopt(&mut self, span: Span) {
        self.adopted.push(span);
    }

    /// Finds `size` bytes at a multiple of `align`, or `None` when a new chunk is wanted.
    pub(crate) fn reserve(&mut self, size: usize, align: usize) -> Option<Place> {
        let place = self
            .reserve_in_hole(size, align)
            .or_else(|| self.reserve_in_chunk(size, align))?;
        self.pending += size;
        Some(place)
    }

    fn reserve_in_hole(&mut self, size: usize, align: usize) -> Option<Place> {
        if size > self.largest_hole {
            return None;
        }
        let found = self.holes.iter().enumerate().find_map(|(slot, hole)| {
            let start = align_up(hole.offset, align);
            (start + size <= hole.offset + hole.len).then_some((slot, start))
        });
        let Some((slot, start)) = found else {
            // None is large enough, except for alignment; do not look for this size again.
            self.largest_hole = self.holes.iter().map(|hole| hole.len).max().unwrap_or(0);
            return None;
        };
        let hole = self.holes.swap_remove(slot);
        self.keep_hole(Place {
            len: start - hole.offset,
            ..hole
        });
        self.keep_hole(Place {
            offset: start + size,
            len: hole.offset + hole.len - (start + size),
            ..hole
        });
        Some(Place {
            offset: start,
            len: size,
            ..hole
        })
    }

    fn reserve_in_chunk(&mut self, size: usize, align: usize) -> Option<Place> {
        for &index in self.open.iter().rev() {
            let chunk = &mut self.all[index];
            let start = align_up(chunk.next, align);
            if start <= chunk.code_end && size <= chunk.code_end - start {
                let gap = Place {
                    chunk: index,
                    offset: chunk.next,
                    len: start - chunk.next,
                };
                chunk.next = start + size;
                self.keep_hole(gap);
                return Some(Place {
                    chunk: index,
                    offset: start,
                    len: size,
                });
            }
        }
        None
    }

    /// Finds `size` bytes in the thunk share of the chunk that has `near` (a distance from the base).
    /// `Err(true)` when the share is used up, `Err(false)` when there is no such chunk.
    pub(crate) fn reserve_thunk(
        &mut self,
        near: usize,
        size: usize,
        align: usize,
    ) -> Result<Place, bool> {
        let index = self.chunk_of(near).ok_or(false)?;
        let chunk = &mut self.all[index];
        let start = align_up(chunk.next_thunk, align);
        let end = chunk.span.end();
        if start > end || size > end - start {
            return Err(true);
        }
        chunk.next_thunk = start + size;
        self.pending += size;
        Ok(Place {
            chunk: index,
            offset: start,
            len: size,
        })
    }

    /// Keeps the first `used` bytes of a place and takes the rest back.
    pub(crate) fn settle(&mut self, place: Place, used: usize) {
        self.pending -= place.len;
        let chunk = &mut self.all[place.chunk];
        let end = place.offset + place.len;
        let cut = place.offset + used;
        if place.offset >= chunk.code_end {
            self.thunks += used;
            if chunk.next_thunk == end {
                chunk.next_thunk = cut;
            }
            return;
        }
        self.used += used;
        if chunk.next == end {
            chunk.next = cut;
        } else {
            self.keep_hole(Place {
                offset: cut,
                len: end - cut,
                ..place
            });
        }
    }

    fn keep_hole(&mut self, hole: Place) {
        if hole.len < MIN_HOLE {
            return;
        }
        self.largest_hole = self.largest_hole.max(hole.len);
        self.holes.push(hole);
        if self.holes.len() > MAX_HOLES {
            let (slot, _) = self
                .holes
                .iter()
                .enumerate()
                .min_by_key(|(_, hole)| hole.len)
                .expect("there are holes");
            self.holes.swap_remove(slot);
        }
    }

    /// Is this distance from the base in one of the chunks?
    pub(crate) fn chunk_of(&self, offset: usize) -> Option<usize> {
        self.all
            .iter()
            .position(|chunk| (chunk.span.offset()..chunk.span.end()).contains(&offset))
    }

    pub(crate) fn stats(&self) -> CodeStats {
        let free = self.holes.iter().map(|hole| hole.len).sum::<usize>()
            + self
                .all
                .iter()
                .map(|chunk| chunk.room() + chunk.span.end() - chunk.next_thunk)
                .sum::<usize>();
        CodeStats {
            chunks: self.all.len(),
            reserved: self.reserved,
            used: self.used,
            thunks: self.thunks,
            pending: self.pending,
            free,
            wasted: self.reserved - self.used - self.thunks - self.pending - free,
        }
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Span> + '_ {
        let chunks = self.all.drain(..).map(|chunk| chunk.span);
        chunks.chain(self.adopted.drain(..))
    }
}
