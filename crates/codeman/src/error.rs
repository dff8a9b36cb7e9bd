//! What can go wrong in a loader arena.

use std::io;

/// Result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation on a loader arena failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The asked size of the reservation is zero or over [`crate::LoaderArena::MAX_RESERVE`].
    #[error("a loader arena of {bytes} bytes was asked for; it must be 1..={max} bytes")]
    ReserveSize {
        /// Bytes asked for.
        bytes: usize,
        /// The largest size.
        max: usize,
    },
    /// The system refused the reservation.
    #[error("the system refused a loader arena of {bytes} bytes")]
    Reserve {
        /// Bytes asked for.
        bytes: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The reservation has no run of free pages that is long enough.
    #[error("the loader arena is full: no {bytes} contiguous bytes are free (free in all: {free})")]
    Exhausted {
        /// Bytes asked for, rounded to pages.
        bytes: usize,
        /// Free bytes of the whole arena.
        free: usize,
    },
    /// The system refused to change the protection of pages.
    #[error("the system refused to make {bytes} bytes of the loader arena {wanted}")]
    Protect {
        /// Length of the range.
        bytes: usize,
        /// The protection that was asked for.
        wanted: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// An alignment that is not a power of two, or over a page.
    #[error("alignment {align} is not a power of two between 1 and {max}")]
    Alignment {
        /// The alignment asked for.
        align: usize,
        /// The largest alignment.
        max: usize,
    },
    /// A request of zero bytes where that has no meaning.
    #[error("zero bytes of code were asked for")]
    ZeroSize,
    /// More bytes were written to, or committed from, a block than it has.
    #[error("{wanted} bytes do not fit a code block of {len} bytes")]
    BlockOverflow {
        /// Bytes that were to be in use.
        wanted: usize,
        /// Bytes of the block.
        len: usize,
    },
    /// A block was handed to a manager that did not reserve it.
    #[error("the code block at {address:#x} belongs to another code manager")]
    ForeignBlock {
        /// Where the block's code would run.
        address: usize,
    },
    /// An address that is not in code (or the thunk area) of this manager.
    #[error("address {address:#x} is in no chunk of this code manager")]
    ForeignAddress {
        /// The address.
        address: usize,
    },
    /// The thunk share of the chunk is used up (or the manager was made without one).
    #[error("no room for a thunk of {bytes} bytes in the chunk of {near:#x}")]
    ThunksFull {
        /// Bytes asked for.
        bytes: usize,
        /// The code that the thunk was to be near to.
        near: usize,
    },
}
