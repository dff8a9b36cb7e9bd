//! The table stream.

use alloc::vec;
use alloc::vec::Vec;

use super::{WriteError, WriteOptions};
use crate::tables::schema::{ColumnKind, Row, TABLE_SLOTS};
use crate::tables::{Widths, external_rows};
use crate::{Rid, TableId, Token};

/// Tables that readers search by key, in such an order that a table is sorted before those that name its rows: key
/// columns, the first twice where there is one.
const SORTED: [(TableId, [usize; 2]); 19] = [
    (TableId::InterfaceImpl, [0, 0]),
    (TableId::GenericParam, [2, 0]),
    (TableId::GenericParamConstraint, [0, 0]),
    (TableId::DeclSecurity, [1, 1]),
    (TableId::Constant, [1, 1]),
    (TableId::CustomAttribute, [0, 0]),
    (TableId::FieldMarshal, [0, 0]),
    (TableId::ClassLayout, [2, 2]),
    (TableId::FieldLayout, [1, 1]),
    (TableId::EventMap, [0, 0]),
    (TableId::PropertyMap, [0, 0]),
    (TableId::MethodSemantics, [2, 2]),
    (TableId::MethodImpl, [0, 0]),
    (TableId::ImplMap, [1, 1]),
    (TableId::FieldRva, [1, 1]),
    (TableId::NestedClass, [0, 0]),
    (TableId::LocalScope, [0, 4]),
    (TableId::StateMachineMethod, [0, 0]),
    (TableId::CustomDebugInformation, [0, 0]),
];

/// Bytes of the heaps that columns point into.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeapSizes {
    pub(super) strings: usize,
    pub(super) guids: usize,
    pub(super) blobs: usize,
}

impl HeapSizes {
    /// II.24.2.6: which heaps need four-byte indexes.
    const fn flags(self) -> u8 {
        const NARROW: usize = 1 << 16;
        (self.strings >= NARROW) as u8
            | ((self.guids >= NARROW) as u8) << 1
            | ((self.blobs >= NARROW) as u8) << 2
    }
}

#[derive(Clone, Debug)]
pub(super) struct TableWriter {
    /// Raw cells, row after row.
    cells: [Vec<u32>; TABLE_SLOTS],
    failed: Option<WriteError>,
}

impl Default for TableWriter {
    fn default() -> Self {
        Self {
            cells: core::array::from_fn(|_| Vec::new()),
            failed: None,
        }
    }
}

impl TableWriter {
    pub(super) fn add<R: Row>(&mut self, row: &R) -> Token {
        let cells = &mut self.cells[R::TABLE as usize];
        let before = cells.len();
        if row.to_cells(|cell| cells.push(cell)).is_none() {
            cells.resize(before + R::COLUMNS.len(), 0);
            self.failed = Some(WriteError::BadToken(R::TABLE));
        }
        Token::new(R::TABLE, self.row_count(R::TABLE))
    }

    /// Adds a row of as many raw cells as the table has columns.
    pub(super) fn add_raw(&mut self, table: TableId, row: impl Iterator<Item = u32>) {
        let cells = &mut self.cells[table as usize];
        let end = cells.len() + table.columns().len();
        cells.extend(row.take(table.columns().len()));
        cells.resize(end, 0);
    }

    /// Replaces a row that was added before.
    pub(super) fn set<R: Row>(&mut self, rid: Rid, row: &R) -> bool {
        let columns = R::COLUMNS.len();
        let mut cells = Vec::with_capacity(columns);
        if row.to_cells(|cell| cells.push(cell)).is_none() {
            self.failed = Some(WriteError::BadToken(R::TABLE));
            return false;
        }
        let start = (rid as usize).wrapping_sub(1).saturating_mul(columns);
        let slot = self.cells[R::TABLE as usize]
            .get_mut(start..)
            .and_then(|rows| rows.get_mut(..columns));
        let Some(slot) = slot else { return false };
        slot.copy_from_slice(&cells);
        true
    }

    /// Puts the rows of every table with a key in the key's order (II.22), and mends what named rows that moved.
    pub(super) fn sort(&mut self) {
        for (table, keys) in SORTED {
            let columns = table.columns().len();
            let rows = self.cells[table as usize].as_slice();
            let key = |row: &[u32]| keys.map(|column| row.get(column).copied().unwrap_or(0));
            if rows.chunks_exact(columns).is_sorted_by_key(key) {
                continue;
            }
            let mut order: Vec<(usize, &[u32])> = rows.chunks_exact(columns).enumerate().collect();
            order.sort_by_key(|(_, row)| key(row));
            let mut moved = vec![0; order.len()];
            for (new, (old, _)) in order.iter().enumerate() {
                if let Some(slot) = moved.get_mut(*old) {
                    *slot = new as Rid + 1;
                }
            }
            let sorted = order
                .into_iter()
                .flat_map(|(_, row)| row)
                .copied()
                .collect();
            self.cells[table as usize] = sorted;
            self.rename(table, &moved);
        }
    }

    /// Rows of `table` moved: row `old` is now `moved[old - 1]`.
    fn rename(&mut self, table: TableId, moved: &[Rid]) {
        let new = |rid: Rid| {
            (rid as usize)
                .checked_sub(1)
                .and_then(|old| moved.get(old).copied())
        };
        for holder in TableId::ALL {
            let kinds = holder.columns();
            for (index, cell) in self.cells[*holder as usize].iter_mut().enumerate() {
                let renamed = match kinds[index % kinds.len()] {
                    ColumnKind::Table(target) if target == table => new(*cell),
                    ColumnKind::Coded(kind) => kind
                        .decode(*cell)
                        .ok()
                        .filter(|token| token.is(table))
                        .and_then(|token| kind.encode(Token::new(table, new(token.rid())?))),
                    _ => None,
                };
                if let Some(renamed) = renamed {
                    *cell = renamed;
                }
            }
        }
    }

    pub(super) fn row_count(&self, table: TableId) -> Rid {
        (self.cells[table as usize].len() / table.columns().len()) as u32
    }

    pub(super) fn cell(&self, table: TableId, rid: Rid, column: usize) -> u32 {
        let at = (rid as usize - 1) * table.columns().len() + column;
        self.cells[table as usize].get(at).copied().unwrap_or(0)
    }

    pub(super) fn write(
        &self,
        options: &WriteOptions,
        heaps: HeapSizes,
        pdb_stream: Option<&[u8]>,
    ) -> Result<Vec<u8>, WriteError> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let mut rows = [0; TABLE_SLOTS];
        for table in TableId::ALL {
            rows[*table as usize] = self.row_count(*table);
        }
        let own = rows;
        if let Some(external) = pdb_stream.and_then(|stream| external_rows(stream).ok()) {
            for (own, other) in rows.iter_mut().zip(external) {
                *own = (*own).max(other);
            }
        }
        if rows.iter().any(|rows| *rows > Token::MAX_RID) {
            return Err(WriteError::TooLarge);
        }
        let mut heap_sizes = heaps.flags();
        if options.wide_heaps {
            heap_sizes = 7;
        }
        let widths = Widths {
            heap_sizes,
            rows: &rows,
            all_wide: false,
        };
        if options.extra_data {
            heap_sizes |= 0x40;
        }
        let present = |table: &&TableId| own[**table as usize] != 0;
        let valid = TableId::ALL
            .iter()
            .filter(present)
            .fold(0_u64, |mask, table| mask | 1 << (*table as u8));

        let mut out = Vec::new();
        out.extend_from_slice(&[0, 0, 0, 0, 2, 0, heap_sizes, 1]);
        out.extend_from_slice(&valid.to_le_bytes());
        out.extend_from_slice(&0x1600_3301_FA00_u64.to_le_bytes());
        for table in TableId::ALL.iter().filter(present) {
            out.extend_from_slice(&own[*table as usize].to_le_bytes());
        }
        if options.extra_data {
            out.extend_from_slice(&[0xEE; 4]);
        }
        for table in TableId::ALL {
            let columns = table.columns();
            for (index, cell) in self.cells[*table as usize].iter().enumerate() {
                if widths.is_wide(columns[index % columns.len()]) {
                    out.extend_from_slice(&cell.to_le_bytes());
                } else {
                    let narrow = u16::try_from(*cell).map_err(|_| WriteError::TooLarge)?;
                    out.extend_from_slice(&narrow.to_le_bytes());
                }
            }
        }
        Ok(out)
    }
}
