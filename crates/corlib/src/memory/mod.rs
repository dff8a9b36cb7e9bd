//! Raw memory: `Buffer`, `RuntimeImports`, and native memory for `Marshal` and its kin.

pub(crate) mod icalls;
mod native;

pub use icalls::PointerArray;
pub use native::{allocate, duplicate_text, free, reallocate};
