//! Errors of the embedding API.

use std::fmt;

use ferrocil_vm::LoadError;

/// A managed exception that left the code a host called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManagedException {
    /// Full name of its class, for example `System.InvalidOperationException`.
    pub type_name: String,
    /// Its `Message`.
    pub message: String,
    /// One line per frame, innermost first: `Namespace.Class:Method (types)`.
    pub frames: Vec<String>,
    /// What its `ToString` says.
    pub text: String,
}

impl fmt::Display for ManagedException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.type_name, self.message)
    }
}

/// Why a call of the embedding API failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An image, type or method could not be loaded or found.
    #[error("{0}")]
    Load(LoadError),
    /// Managed code threw.
    #[error("{0}")]
    Exception(Box<ManagedException>),
    /// The Rust types given for a method are not those of its signature.
    #[error("method {method} takes ({expected}), the host asked for ({asked})")]
    Signature {
        /// The method.
        method: String,
        /// Its types.
        expected: String,
        /// The types of the host's request.
        asked: String,
    },
}

impl From<LoadError> for Error {
    fn from(e: LoadError) -> Error {
        Error::Load(e)
    }
}
