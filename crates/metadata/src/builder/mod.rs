//! Makes small images in memory (feature `builder`): for tests, fuzzing and examples.
//!
//! A layer of convenience over [`write`](crate::write).
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

mod sample;

pub use crate::write::{
    BodyWriter, WriteError, encode_field, encode_locals, encode_method, encode_method_spec,
    encode_property, encode_type,
};
pub use sample::{sample, sample_pdb};

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use crate::write::{ImageWriter, WriteOptions};
use crate::{
    AssemblyFlags, AssemblyRefRow, AssemblyRow, BlobIndex, FieldAttributes, FieldRow, Guid,
    GuidIndex, MethodAttributes, MethodDefRow, MethodImplAttributes, ModuleRow, StringIndex,
    TableId, Token, TypeAttributes, TypeDefRow, TypeRefRow,
};

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

/// An [`ImageWriter`] (to which it dereferences) with short ways to add what most images hold.
///
/// Rows are written in the order in which they were added, so that tests can write tables that are out of order.
#[derive(Clone, Debug)]
pub struct ImageBuilder {
    writer: ImageWriter,
}

impl Deref for ImageBuilder {
    type Target = ImageWriter;

    fn deref(&self) -> &ImageWriter {
        &self.writer
    }
}

impl DerefMut for ImageBuilder {
    fn deref_mut(&mut self) -> &mut ImageWriter {
        &mut self.writer
    }
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
            writer: ImageWriter::new(WriteOptions {
                keep_order: true,
                ..WriteOptions::default()
            }),
        }
    }

    /// Sets the shape.
    pub fn options(&mut self, options: BuildOptions) -> &mut Self {
        let all = self.writer.options_mut();
        all.uncompressed = options.uncompressed;
        all.wide_heaps = options.wide_heaps;
        all.pe32_plus = options.pe32_plus;
        all.extra_data = options.extra_data;
        self
    }

    /// Sets the entry point, which makes it a program.
    pub fn entry_point(&mut self, method: Token) -> &mut Self {
        self.writer.options_mut().is_library = method.is_nil();
        self.writer.entry_point(method);
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
        let resolution_scope = if last != 0 && self.cell(TableId::AssemblyRef, last, 6) == wanted.0
        {
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
    pub fn build_metadata(&self) -> Result<Vec<u8>, WriteError> {
        self.writer.write_metadata()
    }

    /// Writes the image.
    ///
    /// # Errors
    /// When a token does not fit its column or something is too large.
    pub fn build(&self) -> Result<Vec<u8>, WriteError> {
        self.writer.write()
    }
}
