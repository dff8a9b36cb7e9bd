//! From IL to hir.

mod body;
mod import;
mod listing;
mod liveness;
mod loops;

pub(crate) use import::{Imported, import};
pub use listing::il_listing;

use crate::host::{DeferredError, ResolveError};

/// Why an instruction could not be imported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The method is invalid: it throws InvalidProgramException when called.
    Invalid(&'static str),
    /// The instruction throws this when it is reached.
    Throw(DeferredError),
    /// The instruction throws NotSupportedException when it is reached.
    NotSupported,
}

impl From<ResolveError> for Stop {
    fn from(error: ResolveError) -> Stop {
        Stop::Throw(error.0)
    }
}
