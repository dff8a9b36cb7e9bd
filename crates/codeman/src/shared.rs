//! Pages that several small owners share: dynamic methods are mostly far smaller than a page.

use crate::arena::Span;
use crate::span::{End, FreePages, PageRun};

/// Size and alignment of a piece are multiples of this: a cache line.
pub(crate) const UNIT: usize = 64;
/// Bytes of pages taken at a time.
pub(crate) const CHUNK: usize = 64 << 10;
/// Larger requests take pages of their own.
pub(crate) const MAX_PIECE: usize = 16 << 10;

/// Runs of pages that pieces are cut from.
#[derive(Debug, Default)]
pub(crate) struct SharedChunks {
    chunks: Vec<SharedChunk>,
}

#[derive(Debug)]
struct SharedChunk {
    span: Span,
    /// Free units, counted from the start of the span.
    free: FreePages,
}

impl SharedChunk {
    fn units(&self) -> usize {
        self.span.len() / UNIT
    }
}

impl SharedChunks {
    pub(crate) fn add(&mut self, span: Span) {
        let count = span.len() / UNIT;
        self.chunks.push(SharedChunk {
            span,
            free: FreePages::new(PageRun { first: 0, count }),
        });
    }

    /// Takes a piece of `len` bytes (a multiple of [`UNIT`]); its distance from the arena's base.
    pub(crate) fn take(&mut self, len: usize) -> Option<usize> {
        self.chunks.iter_mut().find_map(|chunk| {
            let run = chunk.free.take(len / UNIT, End::Low)?;
            Some(chunk.span.offset() + run.first * UNIT)
        })
    }

    /// Gives a piece back. Returns pages that nobody shares any more, except that the last such run is
    /// kept: making and freeing one method again and again should not cost system calls.
    pub(crate) fn give(&mut self, offset: usize, len: usize) -> Option<Span> {
        let slot = self
            .chunks
            .iter()
            .position(|chunk| (chunk.span.offset()..chunk.span.end()).contains(&offset))
            .expect("a piece lies in a shared chunk");
        let chunk = &mut self.chunks[slot];
        chunk.free.give(PageRun {
            first: (offset - chunk.span.offset()) / UNIT,
            count: len / UNIT,
        });
        let is_empty = |chunk: &SharedChunk| chunk.free.free() == chunk.units();
        let empty = self.chunks.iter().filter(|chunk| is_empty(chunk)).count();
        (empty > 1 && is_empty(&self.chunks[slot])).then(|| self.chunks.swap_remove(slot).span)
    }
}
