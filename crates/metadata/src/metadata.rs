//! A metadata root: streams, heaps and tables (ECMA-335 II.24).

use crate::heaps::{Guid, Heaps, Strings, UserString};
use crate::reader::{Reader, slice_at};
use crate::tables::schema::{Row, TableId};
use crate::tables::{RawRow, Table, Tables, external_rows};
use crate::{BlobIndex, Error, GuidIndex, Rid, StringIndex, Token};

/// The metadata of one module (or of a Portable PDB), borrowed from the bytes of a file.
///
/// [`Image`](crate::Image) dereferences to it. Reading never changes anything, so it can be shared by threads.
#[derive(Clone, Debug)]
pub struct Metadata<'a> {
    version: &'a str,
    pub(crate) heaps: Heaps<'a>,
    pub(crate) tables: Tables<'a>,
    uncompressed: bool,
    pub(crate) pdb_stream: Option<&'a [u8]>,
}

const SIGNATURE: u32 = 0x424A_5342;
/// No producer writes more than a handful; more is an attack or garbage.
const MAX_STREAMS: u16 = 64;
const MAX_STREAM_NAME: usize = 32;

struct StreamHeader<'a> {
    name: &'a [u8],
    bytes: &'a [u8],
}

fn stream_header<'a>(root: &'a [u8], reader: &mut Reader<'a>) -> Result<StreamHeader<'a>, Error> {
    let truncated = Error::Truncated("stream headers");
    let offset = reader.u32().ok_or(truncated)?;
    let size = reader.u32().ok_or(truncated)?;
    let name_len = reader
        .rest()
        .iter()
        .take(MAX_STREAM_NAME)
        .position(|byte| *byte == 0);
    let name_len = name_len.ok_or(Error::BadRoot("a stream name without an end"))?;
    let name = reader.bytes(name_len).ok_or(truncated)?;
    let padding = (name_len + 1).next_multiple_of(4) - name_len;
    reader.bytes(padding).ok_or(truncated)?;
    let bytes = slice_at(root, offset, size).ok_or(Error::Truncated("a stream"))?;
    Ok(StreamHeader { name, bytes })
}

impl<'a> Metadata<'a> {
    /// Reads a metadata root: the bytes that the CLI header's metadata directory names, or a whole Portable PDB.
    ///
    /// Checks the headers and that every table's rows are there, nothing more; costs no memory per row, except for
    /// a table that should be sorted and is not.
    ///
    /// # Errors
    /// When a header is malformed or the streams are cut short.
    pub fn parse(root: &'a [u8]) -> Result<Self, Error> {
        let truncated = Error::Truncated("metadata root");
        let mut reader = Reader::new(root);
        if reader.u32().ok_or(truncated)? != SIGNATURE {
            return Err(Error::BadRoot("no BSJB signature"));
        }
        reader.u64().ok_or(truncated)?;
        let version_len = reader.u32().ok_or(truncated)?;
        if version_len > 256 {
            return Err(Error::BadRoot("version string too long"));
        }
        let padded_version = reader.bytes(version_len as usize).ok_or(truncated)?;
        let version = padded_version
            .split(|byte| *byte == 0)
            .next()
            .unwrap_or(&[]);
        let version = core::str::from_utf8(version)
            .map_err(|_| Error::BadRoot("version string is not UTF-8"))?;
        reader.u16().ok_or(truncated)?;
        let streams = reader.u16().ok_or(truncated)?;
        if streams > MAX_STREAMS {
            return Err(Error::BadRoot("too many streams"));
        }

        let mut heaps = Heaps::default();
        let mut tables = None;
        let mut uncompressed = false;
        let mut minimal_delta = false;
        let mut pdb_stream = None;
        for _ in 0..streams {
            let StreamHeader { name, bytes } = stream_header(root, &mut reader)?;
            match name {
                b"#Strings" => heaps.strings = Strings::new(bytes),
                b"#Blob" => heaps.blob = bytes,
                b"#GUID" => heaps.guid = bytes,
                b"#US" => heaps.user_strings = bytes,
                b"#~" => tables = Some(bytes),
                b"#-" => {
                    tables = Some(bytes);
                    uncompressed = true;
                }
                b"#JTD" => minimal_delta = true,
                b"#Pdb" => pdb_stream = Some(bytes),
                // Others are allowed and mean nothing to us.
                _ => {}
            }
        }
        let external = pdb_stream.map(external_rows).transpose()?;
        let tables = match tables {
            Some(stream) => Tables::parse(stream, external.as_ref(), minimal_delta)?,
            None => Tables::empty(),
        };
        Ok(Self {
            version,
            heaps,
            tables,
            uncompressed,
            pdb_stream,
        })
    }

    /// The runtime version that the producer asked for, such as `v4.0.30319`.
    #[must_use]
    pub const fn version(&self) -> &'a str {
        self.version
    }

    /// True when the tables are in a `#-` stream, where pointer tables may reorder rows.
    #[must_use]
    pub const fn is_uncompressed(&self) -> bool {
        self.uncompressed
    }

    /// Major and minor version of the table stream.
    #[must_use]
    pub const fn table_version(&self) -> (u8, u8) {
        self.tables.version
    }

    /// True when the header calls the table sorted. Look-ups do not rely on it.
    #[must_use]
    pub const fn claims_sorted(&self, table: TableId) -> bool {
        self.tables.sorted >> (table as u8) & 1 != 0
    }

    #[inline]
    pub(crate) fn table(&self, table: TableId) -> &Table<'a> {
        self.tables.get(table)
    }

    /// Number of rows in a table.
    #[inline]
    #[must_use]
    pub fn row_count(&self, table: TableId) -> u32 {
        self.table(table).rows
    }

    /// All row numbers of a table: `1..=row_count`.
    #[inline]
    #[must_use]
    pub fn rids(&self, table: TableId) -> core::ops::RangeInclusive<Rid> {
        1..=self.row_count(table)
    }

    /// True when the token names a row that exists.
    #[inline]
    #[must_use]
    pub fn contains(&self, token: Token) -> bool {
        token
            .table()
            .is_some_and(|table| !token.is_nil() && token.rid() <= self.row_count(table))
    }

    /// Reads a row of any table; [`Metadata::type_def`] and its like are shorter to write.
    ///
    /// # Errors
    /// When there is no such row, or a cell holds a value that its column does not allow.
    #[inline]
    pub fn row<R: Row>(&self, rid: Rid) -> Result<R, Error> {
        let table = self.table(R::TABLE);
        let Some(row) = table.row(rid) else {
            return Err(Error::NoSuchRow {
                table: R::TABLE,
                rid,
                rows: table.rows,
            });
        };
        R::from_cells(|column| table.cell_of(row, column))
    }

    /// All rows of a table as raw cells: the quickest way to see a whole table.
    #[inline]
    pub fn raw_rows(&self, table: TableId) -> impl ExactSizeIterator<Item = RawRow<'_, 'a>> {
        let columns = table.columns().len();
        let table = self.table(table);
        let columns = table.columns.get(..columns).unwrap_or(&[]);
        // A table without rows may have no row size.
        table
            .bytes
            .chunks_exact((table.row_size as usize).max(1))
            .map(move |bytes| RawRow { bytes, columns })
    }

    /// A raw cell, by column number.
    #[inline]
    #[must_use]
    pub fn raw_cell(&self, table: TableId, rid: Rid, column: usize) -> Option<u32> {
        table.columns().get(column)?;
        self.table(table).cell(rid, column)
    }

    /// A name.
    ///
    /// # Errors
    /// When the index is outside the heap, or the bytes are not UTF-8.
    #[inline]
    pub fn string(&self, index: StringIndex) -> Result<&'a str, Error> {
        self.heaps.strings.get(index)
    }

    /// A name as bytes, for images whose names are not UTF-8.
    ///
    /// # Errors
    /// When the index is outside the heap.
    #[inline]
    pub fn string_bytes(&self, index: StringIndex) -> Result<&'a [u8], Error> {
        self.heaps.strings.get_bytes(index)
    }

    /// A blob.
    ///
    /// # Errors
    /// When the index is outside the heap or the blob reaches past its end.
    #[inline]
    pub fn blob(&self, index: BlobIndex) -> Result<&'a [u8], Error> {
        self.heaps.blob(index)
    }

    /// A GUID; `None` for the nil index.
    ///
    /// # Errors
    /// When the index is outside the heap.
    pub fn guid(&self, index: GuidIndex) -> Result<Option<Guid>, Error> {
        self.heaps.guid(index)
    }

    /// A string literal, by the operand of `ldstr`.
    ///
    /// # Errors
    /// When the token is not a string's, or the literal reaches past the heap's end.
    pub fn user_string(&self, token: Token) -> Result<UserString<'a>, Error> {
        if !token.is_user_string() {
            return Err(Error::BadToken {
                token: token.0,
                expected: "a string literal",
            });
        }
        self.heaps.user_string(token.rid())
    }

    /// The bytes of the four heaps: `#Strings`, `#Blob`, `#GUID`, `#US`.
    #[must_use]
    pub const fn heap_bytes(&self) -> [&'a [u8]; 4] {
        [
            self.heaps.strings.bytes(),
            self.heaps.blob,
            self.heaps.guid,
            self.heaps.user_strings,
        ]
    }

    /// Identity of this build of the module: its MVID.
    ///
    /// # Errors
    /// When there is no module row or its GUID is not there.
    pub fn mvid(&self) -> Result<Guid, Error> {
        self.guid(self.module(1)?.mvid)
            .map(Option::unwrap_or_default)
    }

    /// The module's name.
    ///
    /// # Errors
    /// When there is no module row or its name is malformed.
    pub fn module_name(&self) -> Result<&'a str, Error> {
        self.string(self.module(1)?.name)
    }
}
