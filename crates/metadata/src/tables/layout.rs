//! The bytes of one table and where its columns are.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::Range;

use crate::Rid;
use crate::reader::{u16_at, u32_at};
use crate::tables::schema::MAX_COLUMNS;

/// Where a column is inside a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Column {
    pub(crate) offset: u8,
    /// Four bytes, otherwise two.
    pub(crate) wide: bool,
}

/// A row as raw cells, from [`Metadata::raw_rows`](crate::Metadata::raw_rows).
#[derive(Clone, Copy, Debug)]
pub struct RawRow<'m, 'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) columns: &'m [Column],
}

impl<'a> RawRow<'_, 'a> {
    /// The cell of a column; `None` when there is no such column.
    #[inline]
    #[must_use]
    pub fn cell(&self, column: usize) -> Option<u32> {
        self.columns.get(column).map(|column| column.of(self.bytes))
    }

    /// All cells, in the order of [`TableId::columns`](crate::TableId::columns).
    #[inline]
    pub fn cells(&self) -> impl ExactSizeIterator<Item = u32> + Clone {
        self.columns.iter().map(|column| column.of(self.bytes))
    }

    /// The row's bytes in the file.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl Column {
    /// This column's cell of a row.
    #[inline]
    fn of(self, row: &[u8]) -> u32 {
        // The layout guarantees that the column is inside the row, so the fallbacks are never taken.
        let at = usize::from(self.offset);
        if self.wide {
            u32_at(row, at).unwrap_or(0)
        } else {
            u16_at(row, at).map_or(0, u32::from)
        }
    }
}

/// One table: `rows * row_size` bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) rows: u32,
    pub(crate) row_size: u32,
    pub(crate) columns: [Column; MAX_COLUMNS],
    /// Rows by key, for a table that should be sorted and is not.
    pub(crate) order: Option<Box<[Rid]>>,
}

impl<'a> Table<'a> {
    /// The bytes of a row; rows count from 1.
    #[inline]
    pub(crate) fn row(&self, rid: Rid) -> Option<&'a [u8]> {
        let index = rid.checked_sub(1)?;
        if index >= self.rows {
            return None;
        }
        let start = index as usize * self.row_size as usize;
        self.bytes.get(start..start + self.row_size as usize)
    }

    /// A cell of a row that [`Table::row`] returned.
    #[inline]
    pub(crate) fn cell_of(&self, row: &[u8], column: usize) -> u32 {
        self.columns.get(column).map_or(0, |column| column.of(row))
    }

    /// A cell, when the row exists.
    #[inline]
    pub(crate) fn cell(&self, rid: Rid, column: usize) -> Option<u32> {
        self.row(rid).map(|row| self.cell_of(row, column))
    }

    /// The row at a position in key order.
    #[inline]
    pub(crate) fn rid_at(&self, position: u32) -> Rid {
        match &self.order {
            Some(order) => order.get(position as usize).copied().unwrap_or(0),
            None => position + 1,
        }
    }

    /// True when the column's values never descend.
    pub(crate) fn ascends(&self, column: usize) -> bool {
        let mut last = 0;
        self.bytes
            .chunks_exact(self.row_size.max(1) as usize)
            .all(|row| {
                let key = self.cell_of(row, column);
                let ascending = last <= key;
                last = key;
                ascending
            })
    }

    /// Makes look-ups by `column` work: remembers the order of rows unless they are sorted already.
    pub(crate) fn index_by(&mut self, column: usize) {
        if !self.ascends(column) {
            let mut order: Vec<Rid> = (1..=self.rows).collect();
            order.sort_by_key(|rid| self.cell(*rid, column));
            self.order = Some(order.into_boxed_slice());
        }
    }

    /// The positions (in key order) of the rows whose key is `key`.
    #[inline]
    pub(crate) fn equal_range(&self, column: usize, key: u32) -> Range<u32> {
        let start = self.partition_point(column, 0, |found| found < key);
        // Runs are short: step, do not search.
        let mut end = start;
        while end < self.rows && self.cell(self.rid_at(end), column) == Some(key) {
            end += 1;
        }
        start..end
    }

    /// The first position from `low` on whose key does not satisfy `before` (keys are in order).
    #[inline]
    pub(crate) fn partition_point(
        &self,
        column: usize,
        low: u32,
        before: impl Fn(u32) -> bool,
    ) -> u32 {
        let (mut low, mut high) = (low, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.cell(self.rid_at(middle), column).is_some_and(&before) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}
