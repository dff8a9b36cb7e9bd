//! Portable PDB: source files, sequence points, local scopes, imports, constants, custom debug information
//! (specification: `dotnet/runtime`, `docs/design/specs/PortablePdb-Metadata.md`).

mod constants;
mod custom;
mod imports;
mod points;

pub use constants::LocalConstantValue;
pub use custom::{CustomDebugInfo, HoistedScopes};
pub use imports::{Import, Imports};
pub use points::{SequencePoint, SequencePoints, SourceSpan};

use alloc::string::String;
use core::ops::Deref;

use crate::metadata::Metadata;
use crate::{BlobIndex, DebugEntry, Error, Guid, Reader, Rid, Token};

/// A Portable PDB over borrowed bytes; tables and heaps are those of [`Metadata`], to which it dereferences.
#[derive(Clone, Debug)]
pub struct Pdb<'a> {
    metadata: Metadata<'a>,
    id: [u8; 20],
    entry_point: Token,
}

impl<'a> Deref for Pdb<'a> {
    type Target = Metadata<'a>;

    #[inline]
    fn deref(&self) -> &Metadata<'a> {
        &self.metadata
    }
}

impl<'a> Pdb<'a> {
    /// Opens a Portable PDB: a metadata root with a `#Pdb` stream.
    ///
    /// # Errors
    /// When the metadata's headers are malformed or there is no `#Pdb` stream.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let metadata = Metadata::parse(bytes)?;
        let stream = metadata.pdb_stream.ok_or(Error::NotPdb("no #Pdb stream"))?;
        let truncated = Error::Truncated("#Pdb stream");
        let id = *stream.first_chunk().ok_or(truncated)?;
        let entry_point = crate::reader::u32_at(stream, 20)
            .map(Token)
            .ok_or(truncated)?;
        Ok(Self {
            metadata,
            id,
            entry_point,
        })
    }

    /// Identity: a GUID and four bytes more, the same as in the image's CodeView entry and its time stamp.
    #[must_use]
    pub const fn id(&self) -> &[u8; 20] {
        &self.id
    }

    /// The module's entry point, as the compiler saw it.
    #[must_use]
    pub const fn entry_point(&self) -> Option<Token> {
        if self.entry_point.is_nil() {
            None
        } else {
            Some(self.entry_point)
        }
    }

    /// True when this PDB was made with the image that has this debug entry.
    #[must_use]
    pub fn belongs_to(&self, entry: &DebugEntry<'_>) -> bool {
        let Some(code_view) = entry.code_view() else {
            return false;
        };
        let (guid, stamp) = self.id.split_at(16);
        guid == code_view.guid.0 && stamp == entry.time_stamp.to_le_bytes()
    }

    /// The name of a source file.
    ///
    /// # Errors
    /// When the row or its name is malformed.
    pub fn document_name(&self, document: Rid) -> Result<String, Error> {
        let bad = Error::BadBlob("document name");
        let blob = self.blob(self.document(document)?.name)?;
        let mut reader = Reader::new(blob);
        let separator = char::from(reader.u8().ok_or(bad)?);
        let mut name = String::new();
        let mut first = true;
        while !reader.is_empty() {
            if !first && separator != '\0' {
                name.push(separator);
            }
            first = false;
            let part = self.blob(BlobIndex(reader.compressed_u32().ok_or(bad)?))?;
            // Parts may be shared: a small blob can name a long text. No path is longer than this.
            if name.len() + part.len() > MAX_NAME {
                return Err(bad);
            }
            name.push_str(core::str::from_utf8(part).map_err(|_| bad)?);
        }
        Ok(name)
    }

    /// The sequence points of a method (none when it has no debug information).
    ///
    /// # Errors
    /// When the row or the points' header is malformed; the iterator reports what follows.
    pub fn sequence_points(&self, method_def: Rid) -> Result<SequencePoints<'a>, Error> {
        if method_def > self.row_count(crate::TableId::MethodDebugInformation) {
            return Ok(SequencePoints::default());
        }
        let row = self.method_debug_information(method_def)?;
        SequencePoints::parse(self.blob(row.sequence_points)?, row.document)
    }

    /// The last visible sequence point at or before an IL offset: what a stack trace shows.
    ///
    /// # Errors
    /// When the method's points are malformed.
    pub fn source_at(
        &self,
        method_def: Rid,
        il_offset: u32,
    ) -> Result<Option<SequencePoint>, Error> {
        let mut best = None;
        for point in self.sequence_points(method_def)? {
            let point = point?;
            if point.il_offset > il_offset {
                break;
            }
            if point.span.is_some() {
                best = Some(point);
            }
        }
        Ok(best)
    }
}

const MAX_NAME: usize = 1 << 16;

/// What a CodeView debug entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeView<'a> {
    /// First part of the PDB's identity.
    pub guid: Guid,
    /// Always 1 for portable ones.
    pub age: u32,
    /// Where the compiler wrote the PDB.
    pub path: &'a str,
}

impl<'a> DebugEntry<'a> {
    const CODE_VIEW: u32 = 2;
    const EMBEDDED_PDB: u32 = 17;

    /// The entry as a CodeView one.
    #[must_use]
    pub fn code_view(&self) -> Option<CodeView<'a>> {
        let mut reader = Reader::new(self.data);
        if self.kind != Self::CODE_VIEW || reader.bytes(4)? != b"RSDS" {
            return None;
        }
        let guid = Guid(*reader.bytes(16)?.first_chunk()?);
        let age = reader.u32()?;
        let path = reader.rest().split(|byte| *byte == 0).next()?;
        Some(CodeView {
            guid,
            age,
            path: core::str::from_utf8(path).ok()?,
        })
    }

    /// The entry as an embedded Portable PDB: its size, and its bytes compressed with deflate.
    #[must_use]
    pub fn embedded_pdb(&self) -> Option<(u32, &'a [u8])> {
        let mut reader = Reader::new(self.data);
        if self.kind != Self::EMBEDDED_PDB || reader.bytes(4)? != b"MPDB" {
            return None;
        }
        Some((reader.u32()?, reader.rest()))
    }
}
