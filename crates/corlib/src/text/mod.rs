//! Text encodings and normalization tables.

mod code_page;
pub(crate) mod icalls;
mod normalization;

pub use code_page::{CodePage, default_charset, internal_code_page};
pub use normalization::{CodePointRanges, NormalizationTables};
