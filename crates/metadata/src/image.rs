//! A CLI image: a PE file with metadata inside.

use core::ops::Deref;

use crate::body::MethodBody;
use crate::flags::CorFlags;
use crate::metadata::Metadata;
use crate::pe::{CliHeader, DebugEntry, Pe, PeHeader, VTableFixup};
use crate::reader::u32_at;
use crate::tables::schema::TableId;
use crate::{Error, Rid, Token};

/// A CLI image over borrowed bytes.
///
/// Tables, heaps and look-ups are those of [`Metadata`], to which an image dereferences.
#[derive(Clone, Debug)]
pub struct Image<'a> {
    file: &'a [u8],
    pe: Pe<'a>,
    metadata: Metadata<'a>,
}

impl<'a> Deref for Image<'a> {
    type Target = Metadata<'a>;

    #[inline]
    fn deref(&self) -> &Metadata<'a> {
        &self.metadata
    }
}

/// Where a manifest resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceData<'a> {
    /// In this file.
    Embedded(&'a [u8]),
    /// In another file of this assembly: a `File` token.
    File(Token),
    /// In another assembly: an `AssemblyRef` token.
    Assembly(Token),
}

/// How a method is called through P/Invoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PInvoke<'a> {
    /// The native library.
    pub library: &'a str,
    /// The native function.
    pub entry_point: &'a str,
    /// How to call it.
    pub flags: crate::PInvokeAttributes,
}

impl<'a> Image<'a> {
    /// Opens an image. Costs well under a millisecond for any size: no row is read except to see that tables are in
    /// order.
    ///
    /// # Errors
    /// When the bytes are not a PE file, have no CLI header, or their metadata's headers are malformed.
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
        let pe = Pe::parse(file)?;
        let directory = pe.cli.metadata;
        let metadata = Metadata::parse(pe.rva_bytes(directory.rva, directory.size)?)?;
        Ok(Self { file, pe, metadata })
    }

    /// The whole file.
    #[must_use]
    pub const fn file(&self) -> &'a [u8] {
        self.file
    }

    /// How many bytes the file's sections promise that it does not have: above 0 for a file that
    /// was cut short. What is there can still be read.
    #[must_use]
    pub fn missing_bytes(&self) -> u64 {
        self.pe.missing_bytes()
    }

    /// The metadata.
    #[must_use]
    pub const fn metadata(&self) -> &Metadata<'a> {
        &self.metadata
    }

    /// Facts of the PE header.
    #[must_use]
    pub const fn pe_header(&self) -> &PeHeader {
        &self.pe.header
    }

    /// The CLI header.
    #[must_use]
    pub const fn cli_header(&self) -> &CliHeader {
        &self.pe.cli
    }

    /// Code flags of the CLI header.
    #[must_use]
    pub const fn flags(&self) -> CorFlags {
        self.pe.cli.flags
    }

    /// The managed entry point: a `MethodDef`, or a `File` when it is in another module.
    #[must_use]
    pub const fn entry_point(&self) -> Option<Token> {
        self.pe.cli.entry_point()
    }

    /// `len` bytes at an address.
    ///
    /// # Errors
    /// When the file has no such bytes.
    #[inline]
    pub fn rva_bytes(&self, rva: u32, len: u32) -> Result<&'a [u8], Error> {
        self.pe.rva_bytes(rva, len)
    }

    /// All bytes from an address to the end of its section.
    ///
    /// # Errors
    /// When no section holds the address.
    #[inline]
    pub fn rva_tail(&self, rva: u32) -> Result<&'a [u8], Error> {
        self.pe.rva_tail(rva)
    }

    /// The method body at an address (`MethodDefRow::rva`, which must not be 0).
    ///
    /// # Errors
    /// When the address is outside the file or the body is malformed.
    #[inline]
    pub fn method_body(&self, rva: u32) -> Result<MethodBody<'a>, Error> {
        if rva == 0 {
            return Err(Error::BadRva { rva, len: 1 });
        }
        MethodBody::parse(self.pe.rva_tail(rva)?)
    }

    /// The strong-name signature's bytes, when the image has room for one.
    #[must_use]
    pub fn strong_name_signature(&self) -> Option<&'a [u8]> {
        let directory = self.pe.cli.strong_name_signature;
        (directory.rva != 0)
            .then(|| self.rva_bytes(directory.rva, directory.size).ok())
            .flatten()
    }

    /// The entries of the debug directory.
    pub fn debug_entries(&self) -> impl Iterator<Item = Result<DebugEntry<'a>, Error>> + use<'a> {
        self.pe.debug_entries()
    }

    /// The vtable fixups of an image that exports methods to native code.
    pub fn vtable_fixups(&self) -> impl Iterator<Item = Result<VTableFixup<'a>, Error>> + use<'a> {
        self.pe.vtable_fixups()
    }

    /// The manifest resources: row and name.
    pub fn resources(&self) -> impl Iterator<Item = (Rid, Result<&'a str, Error>)> + '_ {
        self.rids(TableId::ManifestResource).map(|rid| {
            (
                rid,
                self.manifest_resource(rid)
                    .and_then(|row| self.string(row.name)),
            )
        })
    }

    /// The data of a manifest resource, or where it is.
    ///
    /// # Errors
    /// When the row or its offset is malformed.
    pub fn resource_data(&self, manifest_resource: Rid) -> Result<ResourceData<'a>, Error> {
        let row = self.manifest_resource(manifest_resource)?;
        if row.implementation.is(TableId::File) && !row.implementation.is_nil() {
            return Ok(ResourceData::File(row.implementation));
        }
        if row.implementation.is(TableId::AssemblyRef) {
            return Ok(ResourceData::Assembly(row.implementation));
        }
        if !row.implementation.is_nil() {
            return Err(Error::BadToken {
                token: row.implementation.0,
                expected: "a file or an assembly",
            });
        }
        let directory = self.pe.cli.resources;
        let all = self.rva_bytes(directory.rva, directory.size)?;
        let truncated = Error::Truncated("manifest resource");
        let sized = all.get(row.offset as usize..).ok_or(truncated)?;
        let len = u32_at(sized, 0).ok_or(truncated)?;
        let data = sized
            .get(4..)
            .and_then(|data| data.get(..len as usize))
            .ok_or(truncated)?;
        Ok(ResourceData::Embedded(data))
    }

    /// The data of a manifest resource of this file, by name.
    #[must_use]
    pub fn embedded_resource(&self, name: &str) -> Option<&'a [u8]> {
        let (rid, _) = self.resources().find(|(_, found)| *found == Ok(name))?;
        match self.resource_data(rid) {
            Ok(ResourceData::Embedded(data)) => Some(data),
            _ => None,
        }
    }

    /// How a `pinvokeimpl` method is called; `None` when it is not one.
    ///
    /// # Errors
    /// When the row, a name or the module reference is malformed.
    pub fn pinvoke(&self, method_def: Rid) -> Result<Option<PInvoke<'a>>, Error> {
        let Some(rid) = self.impl_map_of(method_def) else {
            return Ok(None);
        };
        let row = self.impl_map(rid)?;
        let module = self.module_ref(row.import_scope)?;
        Ok(Some(PInvoke {
            library: self.string(module.name)?,
            entry_point: self.string(row.import_name)?,
            flags: row.flags,
        }))
    }
}
