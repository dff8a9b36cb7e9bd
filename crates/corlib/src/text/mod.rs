//! Text encodings and normalization tables.

mod code_page;
mod normalization;

pub use code_page::{CodePage, default_charset, internal_code_page};
pub use normalization::{CodePointRanges, NormalizationTables};
