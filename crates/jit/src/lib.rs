//! The IL compiler: IL to typed SSA to Cranelift to relocatable code.

pub mod clif;
pub mod code;
mod compiler;
mod error;
pub mod hir;
pub mod host;
mod il;
mod method;
mod passes;
mod stubs;

pub use code::{
    CallSiteOut, CompiledMethod, Dumps, EhClauseKind, EhClauseOut, Function, Region, Reloc,
    RelocKind, Stats,
};
pub use compiler::{Compiler, CompilerOptions, Tier};
pub use error::CompileError;
pub use host::MethodInput;
pub use stubs::{StubInput, StubKind};
