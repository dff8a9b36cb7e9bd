//! Lowering of hir to Cranelift IR.

pub mod abi;
pub(crate) mod emit;
pub(crate) mod helpers;
pub(crate) mod lower;
pub(crate) mod symbols;
pub(crate) mod traps;
