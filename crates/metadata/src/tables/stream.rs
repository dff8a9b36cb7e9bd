//! The header of the table stream.

use alloc::boxed::Box;

use crate::reader::Reader;
use crate::tables::layout::{Column, Table};
use crate::tables::schema::{ColumnKind, TABLE_SLOTS, TableId};
use crate::{Error, Token};

/// Row counts of tables that live in another file (a Portable PDB refers to the tables of its module).
pub(crate) type ExternalRows = [u32; TABLE_SLOTS];

/// All tables of one image.
#[derive(Clone, Debug)]
pub(crate) struct Tables<'a> {
    tables: Box<[Table<'a>; TABLE_SLOTS]>,
    /// Which tables the header calls sorted.
    pub(crate) sorted: u64,
    /// Table schema version.
    pub(crate) version: (u8, u8),
}

const WIDE_STRINGS: u8 = 0x01;
const WIDE_GUIDS: u8 = 0x02;
const WIDE_BLOBS: u8 = 0x04;
const EXTRA_DATA: u8 = 0x40;

/// Tables with a key column, by which they are searched.
const KEYS: [(TableId, usize); 24] = [
    (TableId::InterfaceImpl, 0),
    (TableId::Constant, 1),
    (TableId::CustomAttribute, 0),
    (TableId::FieldMarshal, 0),
    (TableId::DeclSecurity, 1),
    (TableId::ClassLayout, 2),
    (TableId::FieldLayout, 1),
    (TableId::EventMap, 0),
    (TableId::PropertyMap, 0),
    (TableId::MethodSemantics, 2),
    (TableId::MethodImpl, 0),
    (TableId::ImplMap, 1),
    (TableId::FieldRva, 1),
    (TableId::NestedClass, 0),
    (TableId::GenericParam, 2),
    (TableId::GenericParamConstraint, 0),
    (TableId::LocalScope, 0),
    (TableId::StateMachineMethod, 0),
    (TableId::CustomDebugInformation, 0),
    // Pointer tables: from the row meant back to the position.
    (TableId::FieldPtr, 0),
    (TableId::MethodPtr, 0),
    (TableId::ParamPtr, 0),
    (TableId::EventPtr, 0),
    (TableId::PropertyPtr, 0),
];

/// The pointer table of a table that a list column runs over.
pub(crate) const fn pointer_table(table: TableId) -> Option<TableId> {
    match table {
        TableId::Field => Some(TableId::FieldPtr),
        TableId::MethodDef => Some(TableId::MethodPtr),
        TableId::Param => Some(TableId::ParamPtr),
        TableId::Event => Some(TableId::EventPtr),
        TableId::Property => Some(TableId::PropertyPtr),
        _ => None,
    }
}

/// Widths of everything a column can hold.
pub(crate) struct Widths<'r> {
    pub(crate) heap_sizes: u8,
    pub(crate) rows: &'r ExternalRows,
    /// Edit-and-continue deltas (`#JTD`) use four bytes for every index.
    pub(crate) all_wide: bool,
}

impl Widths<'_> {
    fn rows(&self, table: TableId) -> u32 {
        self.rows.get(table as usize).copied().unwrap_or(0)
    }

    pub(crate) fn is_wide(&self, kind: ColumnKind) -> bool {
        let by_rows = |rows: u32, bits: u32| self.all_wide || rows >= 1 << (16 - bits);
        let by_heap = |flag: u8| self.all_wide || self.heap_sizes & flag != 0;
        match kind {
            ColumnKind::U16 => false,
            ColumnKind::U32 => true,
            ColumnKind::Str => by_heap(WIDE_STRINGS),
            ColumnKind::Guid => by_heap(WIDE_GUIDS),
            ColumnKind::Blob => by_heap(WIDE_BLOBS),
            ColumnKind::Table(table) => by_rows(self.rows(table), 0),
            ColumnKind::List(table) => {
                let pointers = pointer_table(table).map_or(0, |pointers| self.rows(pointers));
                by_rows(self.rows(table).max(pointers), 0)
            }
            ColumnKind::Coded(kind) => {
                let most = kind
                    .tables()
                    .iter()
                    .flatten()
                    .map(|table| self.rows(*table))
                    .max();
                by_rows(most.unwrap_or(0), kind.tag_bits())
            }
        }
    }
}

impl<'a> Tables<'a> {
    /// Without any rows.
    pub(crate) fn empty() -> Self {
        Self {
            tables: Box::new(core::array::from_fn(|_| Table::default())),
            sorted: 0,
            version: (2, 0),
        }
    }

    /// Reads the header, computes every table's layout and checks that the rows are there.
    pub(crate) fn parse(
        stream: &'a [u8],
        external: Option<&ExternalRows>,
        all_wide: bool,
    ) -> Result<Self, Error> {
        let truncated = Error::Truncated("table stream header");
        let mut reader = Reader::new(stream);
        reader.u32().ok_or(truncated)?;
        let version = (reader.u8().ok_or(truncated)?, reader.u8().ok_or(truncated)?);
        let heap_sizes = reader.u8().ok_or(truncated)?;
        reader.u8().ok_or(truncated)?;
        let valid = reader.u64().ok_or(truncated)?;
        let sorted = reader.u64().ok_or(truncated)?;

        let mut own: ExternalRows = [0; TABLE_SLOTS];
        for number in 0..64_u8 {
            if valid >> number & 1 == 0 {
                continue;
            }
            let rows = reader.u32().ok_or(truncated)?;
            let known = TableId::from_u8(number).and_then(|table| own.get_mut(table as usize));
            let Some(slot) = known else {
                return Err(Error::BadTables("a table with an unknown number"));
            };
            if rows > Token::MAX_RID {
                return Err(Error::BadTables("more rows than a token can name"));
            }
            *slot = rows;
        }
        if heap_sizes & EXTRA_DATA != 0 {
            reader.u32().ok_or(truncated)?;
        }

        let mut rows = own;
        if let Some(external) = external {
            for (own, other) in rows.iter_mut().zip(external) {
                *own = (*own).max(*other);
            }
        }
        let widths = Widths {
            heap_sizes,
            rows: &rows,
            all_wide,
        };
        let mut result = Self {
            sorted,
            version,
            ..Self::empty()
        };
        for table in TableId::ALL {
            let rows = own.get(*table as usize).copied().unwrap_or(0);
            let slot = result.get_mut(*table);
            slot.rows = rows;
            let mut size = 0_u8;
            for (column, kind) in slot.columns.iter_mut().zip(table.columns()) {
                *column = Column {
                    offset: size,
                    wide: widths.is_wide(*kind),
                };
                size += if column.wide { 4 } else { 2 };
            }
            slot.row_size = u32::from(size);
            let bytes = usize::try_from(u64::from(rows) * u64::from(size)).ok();
            slot.bytes = bytes
                .and_then(|len| reader.bytes(len))
                .ok_or(Error::Truncated("table rows"))?;
        }
        for (table, column) in KEYS {
            result.get_mut(table).index_by(column);
        }
        for table in TableId::ALL {
            for (column, kind) in table.columns().iter().enumerate() {
                // Runs must not overlap: reading all of them would take rows times rows.
                if matches!(kind, ColumnKind::List(_)) && !result.get(*table).ascends(column) {
                    return Err(Error::BadTables(
                        "the runs of a list column are not in order",
                    ));
                }
            }
        }
        Ok(result)
    }

    #[inline]
    pub(crate) fn get(&self, table: TableId) -> &Table<'a> {
        // A table's number is below TABLE_SLOTS by construction; the compiler drops the check.
        &self.tables[table as usize]
    }

    fn get_mut(&mut self, table: TableId) -> &mut Table<'a> {
        &mut self.tables[table as usize]
    }
}

/// Row counts that a `#Pdb` stream states for its module's tables.
pub(crate) fn external_rows(stream: &[u8]) -> Result<ExternalRows, Error> {
    let truncated = Error::Truncated("#Pdb stream");
    let mut reader = Reader::new(stream);
    reader.bytes(24).ok_or(truncated)?;
    let referenced = reader.u64().ok_or(truncated)?;
    let mut rows: ExternalRows = [0; TABLE_SLOTS];
    for number in 0..64_usize {
        if referenced >> number & 1 != 0 {
            let count = reader.u32().ok_or(truncated)?;
            let slot = rows
                .get_mut(number)
                .ok_or(Error::NotPdb("a referenced table with an unknown number"))?;
            *slot = count;
        }
    }
    Ok(rows)
}
