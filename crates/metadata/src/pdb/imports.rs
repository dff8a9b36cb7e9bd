//! What a source scope imports: `using` directives and aliases.

use super::Pdb;
use crate::{BlobIndex, Error, Reader, Rid, TableId, Token};

/// One import of a scope. Names are texts of the blob heap; an alias comes first where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Import<'a> {
    /// The members of a namespace.
    Namespace(&'a str),
    /// The members of a namespace that an assembly (`AssemblyRef`) defines.
    AssemblyNamespace(Rid, &'a str),
    /// The members of a type: `TypeDef`, `TypeRef` or `TypeSpec`.
    Type(Token),
    /// An XML namespace with its prefix.
    XmlNamespace(&'a str, &'a str),
    /// An alias of an assembly that an outer scope defines.
    AssemblyReferenceAlias(&'a str),
    /// An alias for an assembly (`AssemblyRef`).
    AssemblyAlias(&'a str, Rid),
    /// An alias for a namespace.
    NamespaceAlias(&'a str, &'a str),
    /// An alias for a namespace that an assembly (`AssemblyRef`) defines.
    AssemblyNamespaceAlias(&'a str, Rid, &'a str),
    /// An alias for a type.
    TypeAlias(&'a str, Token),
}

/// Iterator over the imports of a scope; stops after the first error.
#[derive(Clone, Debug)]
pub struct Imports<'p, 'a> {
    pdb: &'p Pdb<'a>,
    reader: Reader<'a>,
}

const BAD: Error = Error::BadBlob("imports");

impl<'a> Pdb<'a> {
    /// What an `ImportScope` row imports, without the scopes around it (its `parent`).
    ///
    /// # Errors
    /// When the row or its blob does not exist; the iterator reports what follows.
    pub fn imports(&self, import_scope: Rid) -> Result<Imports<'_, 'a>, Error> {
        let blob = self.blob(self.import_scope(import_scope)?.imports)?;
        Ok(Imports {
            pdb: self,
            reader: Reader::new(blob),
        })
    }
}

impl<'a> Imports<'_, 'a> {
    fn number(&mut self) -> Result<u32, Error> {
        self.reader.compressed_u32().ok_or(BAD)
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        let blob = BlobIndex(self.number()?);
        core::str::from_utf8(self.pdb.blob(blob)?).map_err(|_| BAD)
    }

    fn ty(&mut self) -> Result<Token, Error> {
        type_token(self.number()?).ok_or(BAD)
    }

    fn import(&mut self) -> Result<Import<'a>, Error> {
        // Cells of a tuple are read in the order in which they are written.
        Ok(match self.number()? {
            1 => Import::Namespace(self.text()?),
            2 => Import::AssemblyNamespace(self.number()?, self.text()?),
            3 => Import::Type(self.ty()?),
            4 => Import::XmlNamespace(self.text()?, self.text()?),
            5 => Import::AssemblyReferenceAlias(self.text()?),
            6 => Import::AssemblyAlias(self.text()?, self.number()?),
            7 => Import::NamespaceAlias(self.text()?, self.text()?),
            8 => Import::AssemblyNamespaceAlias(self.text()?, self.number()?, self.text()?),
            9 => Import::TypeAlias(self.text()?, self.ty()?),
            _ => return Err(BAD),
        })
    }
}

impl<'a> Iterator for Imports<'_, 'a> {
    type Item = Result<Import<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let import = self.import();
        if import.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(import)
    }
}

/// `TypeDefOrRefOrSpecEncoded` (II.23.2.8).
pub(super) fn type_token(coded: u32) -> Option<Token> {
    let table = match coded & 3 {
        0 => TableId::TypeDef,
        1 => TableId::TypeRef,
        2 => TableId::TypeSpec,
        _ => return None,
    };
    (coded >> 2 <= Token::MAX_RID).then(|| Token::new(table, coded >> 2))
}
