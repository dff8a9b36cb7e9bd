//! Writes images and Portable PDBs (feature `write`).
//!
//! [`ImageWriter`] takes typed rows, heap items, method bodies, field data and resources and writes a PE file: tables
//! with the right column widths and in the order that II.22 demands, heaps that hold each item once. It can start
//! [from an image](ImageWriter::from_image) to change one.
//!
//! ```
//! use ferrocil_metadata::{Image, StringIndex, TypeDefRow};
//! use ferrocil_metadata::write::ImageWriter;
//! # use ferrocil_metadata::builder::ImageBuilder;
//! # let original = ImageBuilder::new("original").build()?;
//!
//! let image = Image::parse(&original)?;
//! let mut writer = ImageWriter::from_image(&image)?;
//! let mut module = image.module(1)?;
//! module.name = writer.string("renamed.dll");
//! writer.set(1, &module);
//! let bytes = writer.write()?;
//! assert_eq!(Image::parse(&bytes)?.module_name(), Ok("renamed.dll"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod copy;
mod heap;
mod pe;
mod sig;
mod tables;

pub use body::BodyWriter;
pub use copy::CopyError;
pub use sig::{
    encode_field, encode_locals, encode_method, encode_method_spec, encode_property, encode_type,
};

use alloc::string::String;
use alloc::vec::Vec;

use crate::sha1::sha1;
use crate::tables::schema::Row;
use crate::write::heap::{BlobHeap, GuidHeap, StringHeap, UserStringHeap};
use crate::write::tables::{HeapSizes, TableWriter};
use crate::{
    BlobIndex, CorFlags, Guid, GuidIndex, ManifestResourceAttributes, ManifestResourceRow, Rid,
    StringIndex, TableId, Token,
};

/// Why an image could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A token does not fit its column.
    #[error("a row of {0:?} holds a token that its column cannot hold")]
    BadToken(TableId),
    /// Something is larger than the format allows.
    #[error("the image is too large")]
    TooLarge,
    /// The version string is longer than 252 bytes or holds a zero.
    #[error("the runtime version string cannot be written")]
    BadVersion,
}

/// What is in the headers, and choices about the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Runtime version of the metadata root.
    pub version: String,
    /// Runtime version of the CLI header: major, minor.
    pub runtime_version: (u16, u16),
    /// Flags of the CLI header.
    pub cor_flags: CorFlags,
    /// A library, not a program.
    pub is_library: bool,
    /// 3 for console programs and libraries, 2 for graphical programs.
    pub subsystem: u16,
    /// The machine number; by default x86 (which means any) for PE32, and x86-64 for PE32+.
    pub machine: Option<u16>,
    /// PE32+ instead of PE32.
    pub pe32_plus: bool,
    /// Seconds since 1970; not used when `deterministic`.
    pub time_stamp: u32,
    /// The native jump into `mscoree.dll` that old Windows loaders need. Only in PE32 images.
    pub import_stub: bool,
    /// Bytes to reserve for a strong-name signature (the length of the key's modulus), or 0.
    pub strong_name_size: u32,
    /// The module's identity and the time stamp come from a hash of everything written: the same content gives the
    /// same bytes.
    pub deterministic: bool,
    /// Write the tables to `#-`.
    pub uncompressed: bool,
    /// Leave the rows of tables with a key in the order in which they were added.
    pub keep_order: bool,
    /// Four-byte indexes into all heaps, even small ones.
    pub wide_heaps: bool,
    /// Four bytes of extra data after the row counts, as some obfuscators write.
    pub extra_data: bool,
}

/// An entry of the debug directory, to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebugData {
    /// 2 CodeView, 16 reproducible, 17 embedded Portable PDB, 19 PDB checksum.
    pub kind: u32,
    /// Part of the identity of the PDB.
    pub time_stamp: u32,
    /// Version: major, minor.
    pub version: (u16, u16),
    /// The entry's data.
    pub data: Vec<u8>,
}

/// Collects rows, heap items and method bodies and writes an image.
#[derive(Clone, Debug, Default)]
pub struct ImageWriter {
    strings: StringHeap,
    blobs: BlobHeap,
    guids: GuidHeap,
    user_strings: UserStringHeap,
    tables: TableWriter,
    /// What follows the CLI header: bodies and field data.
    text: Vec<u8>,
    resources: Vec<u8>,
    debug: Vec<DebugData>,
    entry_point: Token,
    options: WriteOptions,
    pdb_stream: Option<Vec<u8>>,
}

impl ImageWriter {
    /// Without any row.
    #[must_use]
    pub fn new(options: WriteOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Headers and form.
    pub const fn options_mut(&mut self) -> &mut WriteOptions {
        &mut self.options
    }

    /// Adds a name; one that holds a zero ends there.
    pub fn string(&mut self, text: &str) -> StringIndex {
        self.strings.add(text.as_bytes())
    }

    /// Adds a blob.
    pub fn blob(&mut self, bytes: &[u8]) -> BlobIndex {
        self.blobs.add(bytes)
    }

    /// Adds a GUID.
    pub fn guid(&mut self, guid: Guid) -> GuidIndex {
        self.guids.add(guid)
    }

    /// Adds a string literal and gives the token that `ldstr` takes.
    pub fn user_string(&mut self, text: &str) -> Token {
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.user_strings.add(&units)
    }

    /// Adds a string literal of UTF-16 units, which need not be well-formed.
    pub fn user_string_utf16(&mut self, units: &[u16]) -> Token {
        let units: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        self.user_strings.add(&units)
    }

    /// Adds a row and gives its token. A token that does not fit is reported by [`ImageWriter::write`]. Rows of tables
    /// with a key are sorted then, so their tokens can change; rows that name them are mended.
    pub fn add<R: Row>(&mut self, row: &R) -> Token {
        self.tables.add(row)
    }

    /// Replaces a row; `false` when there is no such row.
    pub fn set<R: Row>(&mut self, rid: Rid, row: &R) -> bool {
        self.tables.set(rid, row)
    }

    /// Number of rows so far.
    #[must_use]
    pub fn row_count(&self, table: TableId) -> Rid {
        self.tables.row_count(table)
    }

    /// The row number that the next row of a table gets.
    #[must_use]
    pub fn next_rid(&self, table: TableId) -> Rid {
        self.row_count(table) + 1
    }

    /// A raw cell of a row that was added.
    #[cfg(feature = "builder")]
    pub(crate) fn cell(&self, table: TableId, rid: Rid, column: usize) -> u32 {
        self.tables.cell(table, rid, column)
    }

    /// Adds a method body and gives its address.
    pub fn body(&mut self, body: &BodyWriter<'_>) -> u32 {
        if !body.is_tiny() {
            self.align_text();
        }
        let rva = self.text_rva();
        body.write(&mut self.text);
        rva
    }

    /// Adds initial data of a field and gives its address, a multiple of 8.
    pub fn data(&mut self, bytes: &[u8]) -> u32 {
        self.align_text();
        let rva = self.text_rva();
        self.text.extend_from_slice(bytes);
        rva
    }

    fn align_text(&mut self) {
        self.text.resize(self.text.len().next_multiple_of(8), 0);
    }

    fn text_rva(&self) -> u32 {
        pe::TEXT_RVA + pe::CLI_HEADER + self.text.len() as u32
    }

    /// Adds an embedded resource with a row of its own.
    pub fn resource(
        &mut self,
        name: &str,
        flags: ManifestResourceAttributes,
        data: &[u8],
    ) -> Token {
        let offset = self.resources.len() as u32;
        self.resources
            .extend_from_slice(&(data.len() as u32).to_le_bytes());
        self.resources.extend_from_slice(data);
        self.resources
            .resize(self.resources.len().next_multiple_of(8), 0);
        let name = self.string(name);
        self.add(&ManifestResourceRow {
            offset,
            flags,
            name,
            implementation: Token::NIL,
        })
    }

    /// Adds an entry of the debug directory.
    pub fn debug_entry(&mut self, entry: DebugData) -> &mut Self {
        self.debug.push(entry);
        self
    }

    /// Sets the entry point.
    pub const fn entry_point(&mut self, method: Token) -> &mut Self {
        self.entry_point = method;
        self
    }

    /// Makes this a Portable PDB's metadata: the identity, and the row counts of the module's tables.
    pub fn pdb(
        &mut self,
        id: [u8; 20],
        entry_point: Token,
        module_rows: &[(TableId, u32)],
    ) -> &mut Self {
        let mut stream = id.to_vec();
        stream.extend_from_slice(&entry_point.0.to_le_bytes());
        let mut sorted = module_rows.to_vec();
        sorted.sort();
        let mask = sorted
            .iter()
            .fold(0_u64, |mask, (table, _)| mask | 1 << (*table as u8));
        stream.extend_from_slice(&mask.to_le_bytes());
        for (_, rows) in sorted {
            stream.extend_from_slice(&rows.to_le_bytes());
        }
        self.pdb_stream = Some(stream);
        self
    }

    /// Writes the metadata root alone: a Portable PDB, or what an image would hold.
    ///
    /// # Errors
    /// When a token does not fit its column, or something is too large.
    pub fn write_metadata(&self) -> Result<Vec<u8>, WriteError> {
        if self.options.keep_order {
            return self.metadata(&self.tables, &self.guids);
        }
        let mut tables = self.tables.clone();
        tables.sort();
        self.metadata(&tables, &self.guids)
    }

    /// Writes the image.
    ///
    /// # Errors
    /// When a token does not fit its column, or something is too large.
    pub fn write(&self) -> Result<Vec<u8>, WriteError> {
        if !self.options.deterministic {
            return self.image(&self.write_metadata()?, self.options.time_stamp);
        }
        let mut tables = self.tables.clone();
        if !self.options.keep_order {
            tables.sort();
        }
        let mvid = GuidIndex(tables.cell(TableId::Module, 1, 2));
        let mut guids = self.guids.clone();
        guids.set(mvid, Guid::default());
        let hash = sha1(&self.image(&self.metadata(&tables, &guids)?, 0)?);
        let (mut id, mut stamp) = ([0; 16], [0; 4]);
        for (slot, byte) in id.iter_mut().chain(&mut stamp).zip(hash) {
            *slot = byte;
        }
        // A GUID made of a hash: version 4 and the usual variant, as compilers do it.
        id[7] = id[7] & 0x0F | 0x40;
        id[8] = id[8] & 0x3F | 0x80;
        guids.set(mvid, Guid(id));
        let stamp = u32::from_le_bytes(stamp) | 0x8000_0000;
        self.image(&self.metadata(&tables, &guids)?, stamp)
    }

    fn metadata(&self, tables: &TableWriter, guids: &GuidHeap) -> Result<Vec<u8>, WriteError> {
        let heaps = HeapSizes {
            strings: self.strings.bytes().len(),
            guids: guids.bytes().len(),
            blobs: self.blobs.bytes().len(),
        };
        let tables = tables.write(&self.options, heaps, self.pdb_stream.as_deref())?;
        let name: &[u8] = if self.options.uncompressed {
            b"#-"
        } else {
            b"#~"
        };
        let mut streams: Vec<(&[u8], &[u8])> = Vec::new();
        if let Some(pdb) = &self.pdb_stream {
            streams.push((b"#Pdb", pdb));
        }
        streams.push((name, &tables));
        streams.push((b"#Strings", self.strings.bytes()));
        streams.push((b"#US", self.user_strings.bytes()));
        streams.push((b"#GUID", guids.bytes()));
        streams.push((b"#Blob", self.blobs.bytes()));
        heap::write_root(&self.options.version, &streams)
    }

    fn image(&self, metadata: &[u8], time_stamp: u32) -> Result<Vec<u8>, WriteError> {
        pe::write(&pe::Parts {
            text: &self.text,
            resources: &self.resources,
            metadata,
            debug: &self.debug,
            entry_point: self.entry_point,
            time_stamp,
            options: &self.options,
        })
    }
}
