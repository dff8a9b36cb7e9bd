//! Sequences of row numbers.

use core::ops::Range;

use crate::Rid;
use crate::reader::{u16_at, u32_at};

/// Row numbers that belong together: a type's methods, a token's custom attributes …
///
/// Nearly always a plain range ([`Rids::as_range`]). It is not one in `#-` images with pointer tables, and for
/// tables that an image should have sorted and did not.
#[derive(Clone, Debug)]
pub struct Rids<'i> {
    /// Positions still to give.
    positions: Range<u32>,
    source: Source<'i>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'i> {
    /// Position 0 is row 1.
    Rows,
    /// Rows by position.
    Order(&'i [Rid]),
    /// A pointer table with its rows of two or four bytes.
    Pointers { bytes: &'i [u8], wide: bool },
}

impl<'i> Rids<'i> {
    /// No rows.
    pub(crate) const EMPTY: Self = Self {
        positions: 0..0,
        source: Source::Rows,
    };

    pub(crate) const fn rows(positions: Range<u32>) -> Self {
        Self {
            positions,
            source: Source::Rows,
        }
    }

    pub(crate) const fn ordered(positions: Range<u32>, order: Option<&'i [Rid]>) -> Self {
        let source = match order {
            Some(order) => Source::Order(order),
            None => Source::Rows,
        };
        Self { positions, source }
    }

    pub(crate) const fn pointers(positions: Range<u32>, bytes: &'i [u8], wide: bool) -> Self {
        Self {
            positions,
            source: Source::Pointers { bytes, wide },
        }
    }

    #[inline]
    fn at(&self, position: u32) -> Rid {
        match self.source {
            Source::Rows => position + 1,
            Source::Order(order) => order.get(position as usize).copied().unwrap_or(0),
            Source::Pointers { bytes, wide: true } => {
                u32_at(bytes, position as usize * 4).unwrap_or(0)
            }
            Source::Pointers { bytes, wide: false } => {
                u16_at(bytes, position as usize * 2).map_or(0, u32::from)
            }
        }
    }

    /// The rows as a range, when they are one.
    #[inline]
    #[must_use]
    pub const fn as_range(&self) -> Option<Range<Rid>> {
        match self.source {
            Source::Rows => Some(self.positions.start + 1..self.positions.end + 1),
            _ => None,
        }
    }

    /// The row at an index, counting those not yet taken from 0.
    #[inline]
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Rid> {
        let position = self.positions.start.checked_add(index)?;
        (position < self.positions.end).then(|| self.at(position))
    }

    /// True when there are none (left).
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.positions.start >= self.positions.end
    }
}

impl Iterator for Rids<'_> {
    type Item = Rid;

    #[inline]
    fn next(&mut self) -> Option<Rid> {
        self.positions.next().map(|position| self.at(position))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.positions.size_hint()
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Rid> {
        self.positions.nth(n).map(|position| self.at(position))
    }
}

impl DoubleEndedIterator for Rids<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Rid> {
        self.positions.next_back().map(|position| self.at(position))
    }
}

impl ExactSizeIterator for Rids<'_> {}
impl core::iter::FusedIterator for Rids<'_> {}
