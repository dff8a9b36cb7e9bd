//! The table stream.

use alloc::vec::Vec;

use super::{BuildError, BuildOptions};
use crate::tables::schema::{Row, TABLE_SLOTS};
use crate::tables::{Widths, external_rows};
use crate::{Rid, TableId, Token};

#[derive(Clone, Debug)]
pub(super) struct TableWriter {
    /// Raw cells, row after row.
    cells: [Vec<u32>; TABLE_SLOTS],
    failed: Option<BuildError>,
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
            self.failed = Some(BuildError::BadToken(R::TABLE));
        }
        Token::new(R::TABLE, self.row_count(R::TABLE))
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
        options: &BuildOptions,
        pdb_stream: Option<&[u8]>,
    ) -> Result<Vec<u8>, BuildError> {
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
        let mut heap_sizes = if options.wide_heaps { 7 } else { 0 };
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
                    let narrow = u16::try_from(*cell).map_err(|_| BuildError::TooLarge)?;
                    out.extend_from_slice(&narrow.to_le_bytes());
                }
            }
        }
        Ok(out)
    }
}
