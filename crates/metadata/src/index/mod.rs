//! Indexes that a caller may build when the tables' own order does not answer its question.
//!
//! Each costs four to twelve bytes per row and is built in one pass and a sort.

mod nested;
mod semantics;
mod type_names;

pub use nested::NestedTypeIndex;
pub use semantics::SemanticsIndex;
pub use type_names::TypeNameIndex;
