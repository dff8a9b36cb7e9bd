//! Failures of the heap that a caller can act on.

use thiserror::Error;

/// No memory for a request, after every collection that could have helped.
///
/// The heap stays usable: smaller requests, or the same one after references
/// have been dropped, may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("out of memory: {requested} bytes do not fit under the heap limit of {limit} bytes")]
pub struct OutOfMemory {
    /// Bytes asked for.
    pub requested: usize,
    /// The configured maximum, in bytes.
    pub limit: usize,
}

/// Why a heap could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HeapError {
    /// The maximum is too small to hold a heap, or too large to describe.
    #[error("a heap limit of {0} bytes is outside {min}..={max}", min = crate::layout::MIN_HEAP, max = crate::layout::MAX_HEAP)]
    BadLimit(usize),
    /// The memory is more than the headers of the plan's heap can describe.
    #[error("a coalescing heap with this layout has at most {max} bytes, not {bytes}")]
    Layout {
        /// Bytes of objects that the limit leaves room for.
        bytes: usize,
        /// What the layout allows.
        max: usize,
    },
    /// `stress: Some(0)`.
    #[error("a stress interval of 0 allocations has no meaning")]
    BadStress,
    /// The operating system refused the address-space reservation.
    #[error("cannot reserve {bytes} bytes of address space")]
    Reserve {
        /// Bytes asked for.
        bytes: usize,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
