//! The typed SSA form between IL and Cranelift.

mod types;

pub use types::{Mem, Ty};
