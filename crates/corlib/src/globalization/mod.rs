//! Cultures, regions and ordinal comparison.

mod catalog;
mod compare;
pub(crate) mod icalls;
mod locale;
mod number_format;

pub use catalog::{Catalog, Culture, CultureIndex, Region, TextInfoData};
pub use compare::{compare, index_of};
pub use locale::current_locale_name;
pub use number_format::{NumberFormatEntry, NumberFormats};
