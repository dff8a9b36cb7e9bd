//! Writes small images in memory (feature `builder`): for tests, fuzzing and tools.
//!
//! ```
//! use ferrocil_metadata::builder::ImageBuilder;
//! use ferrocil_metadata::{Image, Token};
//!
//! let mut builder = ImageBuilder::new("hello");
//! let object = builder.type_ref("mscorlib", "System", "Object");
//! builder.class("Demo", "Program", object);
//! let main = builder.static_method("Main", &[0x00, 0, 0x01], &[0x2A]);
//! builder.entry_point(main);
//! let bytes = builder.build()?;
//!
//! let image = Image::parse(&bytes)?;
//! assert_eq!(image.entry_point(), Some(main));
//! assert_eq!(image.find_type("Demo", "Program"), Some(2));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body;
mod heap;
mod pe;
mod sample;
mod sig;
mod tables;

pub use body::BodyWriter;
pub use sample::{sample, sample_pdb};
pub use sig::{
    encode_field, encode_locals, encode_method, encode_method_spec, encode_property, encode_type,
};

use alloc::vec::Vec;

use crate::builder::heap::{BlobHeap, GuidHeap, StringHeap, UserStringHeap};
use crate::builder::tables::TableWriter;
use crate::tables::schema::Row;
use crate::{
    AssemblyFlags, AssemblyRefRow, AssemblyRow, BlobIndex, FieldAttributes, FieldRow, Guid,
    GuidIndex, ManifestResourceAttributes, ManifestResourceRow, MethodAttributes, MethodDefRow,
    MethodImplAttributes, ModuleRow, Rid, StringIndex, TableId, Token, TypeAttributes, TypeDefRow,
    TypeRefRow,
};

/// Why an image could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A token does not fit its column.
    #[error("a row of {0:?} holds a token that its column cannot hold")]
    BadToken(TableId),
    /// Something is larger than the format allows.
    #[error("the image is too large")]
    TooLarge,
}

/// Choices that change the shape of an image, not its content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Write the tables to `#-`.
    pub uncompressed: bool,
    /// Four-byte indexes into all heaps.
    pub wide_heaps: bool,
    /// PE32+ instead of PE32.
    pub pe32_plus: bool,
    /// Four bytes of extra data after the row counts.
    pub extra_data: bool,
}

/// Collects rows, heap items and method bodies and writes an image.
///
/// Rows are written in the order in which they were added. The typed rows take tokens; everything that
/// [`Metadata`](crate::Metadata) reads can be written with [`ImageBuilder::add`].
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    strings: StringHeap,
    blobs: BlobHeap,
    guids: GuidHeap,
    user_strings: UserStringHeap,
    tables: TableWriter,
    /// What follows the CLI header: bodies and field data.
    text: Vec<u8>,
    resources: Vec<u8>,
    entry_point: Token,
    options: BuildOptions,
    pdb_stream: Option<Vec<u8>>,
}

impl ImageBuilder {
    /// An image of a library with a module, an assembly of this name (version 1.2.3.4) and `<Module>`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut builder = Self::empty();
        let (name, mvid) = (builder.string(name), builder.guid(Guid([7; 16])));
        let nil = GuidIndex::NIL;
        builder.add(&ModuleRow {
            generation: 0,
            name,
            mvid,
            enc_id: nil,
            enc_base_id: nil,
        });
        builder.add(&AssemblyRow {
            hash_algorithm: 0x8004,
            major: 1,
            minor: 2,
            build: 3,
            revision: 4,
            flags: AssemblyFlags::empty(),
            public_key: BlobIndex::NIL,
            name,
            culture: StringIndex::NIL,
        });
        builder.class("", "<Module>", Token::NIL);
        builder
    }

    /// Without any row.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            strings: StringHeap::default(),
            blobs: BlobHeap::default(),
            guids: GuidHeap::default(),
            user_strings: UserStringHeap::default(),
            tables: TableWriter::default(),
            text: Vec::new(),
            resources: Vec::new(),
            entry_point: Token::NIL,
            options: BuildOptions::default(),
            pdb_stream: None,
        }
    }

    /// Sets the shape.
    pub fn options(&mut self, options: BuildOptions) -> &mut Self {
        self.options = options;
        self
    }

    /// Adds a name.
    pub fn string(&mut self, text: &str) -> StringIndex {
        self.strings.add(text)
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
        self.user_strings.add(text)
    }

    /// Adds a row; a token that does not fit is reported by [`ImageBuilder::build`].
    pub fn add<R: Row>(&mut self, row: &R) -> Token {
        self.tables.add(row)
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

    /// Adds a method body and gives its address.
    pub fn body(&mut self, body: &BodyWriter<'_>) -> u32 {
        if !body.is_tiny() {
            self.align_text();
        }
        let rva = self.text_rva();
        body.write(&mut self.text);
        rva
    }

    /// Adds initial data of a field and gives its address.
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

    /// Adds an embedded resource.
    pub fn resource(&mut self, name: &str, data: &[u8]) -> Token {
        let offset = self.resources.len() as u32;
        self.resources
            .extend_from_slice(&(data.len() as u32).to_le_bytes());
        self.resources.extend_from_slice(data);
        self.resources
            .resize(self.resources.len().next_multiple_of(8), 0);
        let (flags, name) = (ManifestResourceAttributes::PUBLIC, self.string(name));
        self.add(&ManifestResourceRow {
            offset,
            flags,
            name,
            implementation: Token::NIL,
        })
    }

    /// Sets the entry point.
    pub fn entry_point(&mut self, method: Token) -> &mut Self {
        self.entry_point = method;
        self
    }

    /// Adds a reference to an assembly, version 4.0.0.0; a new row each time.
    pub fn assembly_ref(&mut self, name: &str) -> Token {
        let name = self.string(name);
        let public_key_or_token = self.blob(&[0xB7, 0x7A, 0x5C, 0x56, 0x19, 0x34, 0xE0, 0x89]);
        self.add(&AssemblyRefRow {
            major: 4,
            minor: 0,
            build: 0,
            revision: 0,
            flags: AssemblyFlags::empty(),
            public_key_or_token,
            name,
            culture: StringIndex::NIL,
            hash_value: BlobIndex::NIL,
        })
    }

    /// Adds a reference to a type, and to its assembly when that is not the last one referred to.
    pub fn type_ref(&mut self, assembly: &str, namespace: &str, name: &str) -> Token {
        let last = self.row_count(TableId::AssemblyRef);
        let wanted = self.string(assembly);
        let resolution_scope =
            if last != 0 && self.tables.cell(TableId::AssemblyRef, last, 6) == wanted.0 {
                Token::new(TableId::AssemblyRef, last)
            } else {
                self.assembly_ref(assembly)
            };
        let (namespace, name) = (self.string(namespace), self.string(name));
        self.add(&TypeRefRow {
            resolution_scope,
            name,
            namespace,
        })
    }

    /// Adds a public class; fields and methods added from here on belong to it.
    pub fn class(&mut self, namespace: &str, name: &str, extends: Token) -> Token {
        let (namespace, name) = (self.string(namespace), self.string(name));
        let flags = if self.row_count(TableId::TypeDef) == 0 {
            TypeAttributes::empty()
        } else {
            TypeAttributes::from_bits_retain(1) | TypeAttributes::BEFORE_FIELD_INIT
        };
        let (field_list, method_list) = (
            self.next_rid(TableId::Field),
            self.next_rid(TableId::MethodDef),
        );
        self.add(&TypeDefRow {
            flags,
            name,
            namespace,
            extends,
            field_list,
            method_list,
        })
    }

    /// Adds a public field to the last class; the signature is raw bytes.
    pub fn field(&mut self, name: &str, flags: FieldAttributes, signature: &[u8]) -> Token {
        let (name, signature) = (self.string(name), self.blob(signature));
        self.add(&FieldRow {
            flags: FieldAttributes::from_bits_retain(6) | flags,
            name,
            signature,
        })
    }

    /// Adds a public method to the last class; the signature is raw bytes; `rva` 0 means no body.
    pub fn method(
        &mut self,
        name: &str,
        flags: MethodAttributes,
        signature: &[u8],
        rva: u32,
    ) -> Token {
        let (name, signature) = (self.string(name), self.blob(signature));
        let flags = MethodAttributes::from_bits_retain(6) | MethodAttributes::HIDE_BY_SIG | flags;
        let (impl_flags, param_list) =
            (MethodImplAttributes::empty(), self.next_rid(TableId::Param));
        self.add(&MethodDefRow {
            rva,
            impl_flags,
            flags,
            name,
            signature,
            param_list,
        })
    }

    /// Adds a public static method with code but no locals to the last class.
    pub fn static_method(&mut self, name: &str, signature: &[u8], code: &[u8]) -> Token {
        let rva = self.body(&BodyWriter::new(code));
        self.method(name, MethodAttributes::STATIC, signature, rva)
    }

    /// Writes the metadata root alone.
    ///
    /// # Errors
    /// When a token does not fit its column or a heap is too large.
    pub fn build_metadata(&self) -> Result<Vec<u8>, BuildError> {
        let tables = self
            .tables
            .write(&self.options, self.pdb_stream.as_deref())?;
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
        streams.push((b"#GUID", self.guids.bytes()));
        streams.push((b"#Blob", self.blobs.bytes()));
        heap::write_root(&streams)
    }

    /// Writes the image.
    ///
    /// # Errors
    /// When a token does not fit its column or something is too large.
    pub fn build(&self) -> Result<Vec<u8>, BuildError> {
        let metadata = self.build_metadata()?;
        pe::write(&pe::Parts {
            text: &self.text,
            resources: &self.resources,
            metadata: &metadata,
            entry_point: self.entry_point,
            pe32_plus: self.options.pe32_plus,
        })
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
}
