//! What can be wrong with an image.

use crate::{CodedKind, TableId};

/// Why an image, a table row, a heap item or a method body could not be read.
///
/// Signatures, IL and custom-attribute values have error types of their own:
/// [`sig::Error`](crate::sig::Error), [`il::Error`](crate::il::Error), [`cattr::Error`](crate::cattr::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not a portable executable (ECMA-335 II.25.2).
    #[error("not a portable executable: {0}")]
    NotPe(&'static str),
    /// A portable executable without a CLI header: native code only.
    #[error("a portable executable without a CLI header (native code only)")]
    NotCli,
    /// A structure reaches past the bytes that are there.
    #[error("truncated: {0}")]
    Truncated(&'static str),
    /// The metadata root or its stream headers are wrong (II.24.2.1).
    #[error("bad metadata root: {0}")]
    BadRoot(&'static str),
    /// The table stream's header is wrong (II.24.2.6).
    #[error("bad table stream: {0}")]
    BadTables(&'static str),
    /// There is no such row.
    #[error("row {rid} of table {table:?} does not exist ({rows} rows)")]
    NoSuchRow {
        /// The table that was asked.
        table: TableId,
        /// The row that was asked for (1-based).
        rid: u32,
        /// The number of rows there are.
        rows: u32,
    },
    /// A coded index carries a tag without a table, or a row number beyond 24 bits (II.24.2.6).
    #[error("bad {kind:?} coded index {value:#x}")]
    BadCodedIndex {
        /// Which coded index.
        kind: CodedKind,
        /// Its raw value.
        value: u32,
    },
    /// A cell holds a value that its column does not allow.
    #[error("bad {column} value {value:#x}")]
    BadCell {
        /// What the column means.
        column: &'static str,
        /// The raw value.
        value: u32,
    },
    /// A token of another kind was expected.
    #[error("bad token {token:#010x}: {expected} expected")]
    BadToken {
        /// The token.
        token: u32,
        /// What it should have named.
        expected: &'static str,
    },
    /// An index points outside its heap, or at an item that reaches past the heap's end.
    #[error("bad index {index:#x} into the {heap} heap")]
    BadHeapIndex {
        /// The heap's stream name.
        heap: &'static str,
        /// The offset (or, for `#GUID`, the 1-based number).
        index: u32,
    },
    /// A name is not UTF-8.
    #[error("the string at {index:#x} is not UTF-8")]
    BadUtf8 {
        /// Offset in the `#Strings` heap.
        index: u32,
    },
    /// A range of virtual addresses has no bytes in the file.
    #[error("no file bytes for RVA {rva:#x}, {len} bytes")]
    BadRva {
        /// Start, relative to the image base.
        rva: u32,
        /// Wanted bytes.
        len: u32,
    },
    /// A method body is malformed (II.25.4).
    #[error("bad method body: {0}")]
    BadBody(&'static str),
    /// A blob with a fixed inner format is malformed.
    #[error("bad {0} blob")]
    BadBlob(&'static str),
    /// The file is not a Portable PDB.
    #[error("not a portable PDB: {0}")]
    NotPdb(&'static str),
}
