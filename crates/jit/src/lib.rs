//! The IL compiler: IL to typed SSA to Cranelift to relocatable code.
//!
//! A [`Compiler`] turns a [`MethodInput`] into a [`CompiledMethod`], asking a
//! [`CompilerHost`](host::CompilerHost) about types, methods and fields. Stubs between managed and
//! native code come from [`Compiler::compile_stub`]. The crate's README says who should use it;
//! `docs/compiler.md` explains the stages, the calling convention and exceptions.

mod check;
pub mod clif;
pub mod code;
mod compiler;
mod error;
pub mod hir;
pub mod host;
mod il;
mod method;
mod passes;
mod roots;
mod stubs;

pub use check::{Fault, Violation, Witness};
pub use code::{
    CallSiteOut, CompiledMethod, Dumps, EhClauseKind, EhClauseOut, FrameRoots, Function, HandleMap,
    IlPosition, InlinedCall, LiveWords, Region, Reloc, RelocKind, Stats,
};
pub use compiler::{Compiler, CompilerOptions, Tier};
pub use error::CompileError;
pub use host::MethodInput;
pub use il::il_listing;
pub use stubs::{StubInput, StubKind};

/// The README's example is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
