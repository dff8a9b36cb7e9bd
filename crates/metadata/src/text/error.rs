//! What can go wrong.

use core::fmt;

use alloc::boxed::Box;

use crate::{Token, il, sig};

/// Why an image has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A row, name, blob or body.
    #[error(transparent)]
    Image(#[from] crate::Error),
    /// A signature.
    #[error(transparent)]
    Signature(#[from] sig::Error),
    /// IL.
    #[error(transparent)]
    Il(#[from] il::Error),
    /// Types that enclose or name each other without end.
    #[error("types are nested too deep")]
    TooDeep,
    /// Code and data of metadata that is in no image, such as a Portable PDB's.
    #[error("there is no code in a Portable PDB")]
    NoImage,
    /// The sink failed.
    #[error("cannot write: {0}")]
    Write(#[from] fmt::Error),
    /// One of the above, with the row that it was found in.
    #[error("{token:?}: {source}")]
    At {
        /// The type, method or field.
        token: Token,
        /// What is wrong.
        source: Box<Error>,
    },
}

impl Error {
    /// Says where it was found, unless that is known more closely.
    pub(super) fn at(self, token: Token) -> Self {
        match self {
            Self::At { .. } | Self::Write(_) => self,
            _ => Self::At {
                token,
                source: Box::new(self),
            },
        }
    }
}
