//! The table stream: `#~` and `#-` (ECMA-335 II.24.2.6).
//!
//! Column offsets are computed once per table; after that a cell is one bounds check and one load.

mod cell;
pub(crate) mod coded;
mod layout;
pub(crate) mod rids;
pub(crate) mod schema;
mod stream;

pub use layout::RawRow;
pub(crate) use layout::Table;
#[cfg(feature = "write")]
pub(crate) use stream::Widths;
pub(crate) use stream::{Tables, external_rows};
