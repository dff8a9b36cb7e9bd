//! Code managers over a dual-mapped loader arena.
//!
//! A just-in-time compiler needs memory that is written once and then executed, freed in groups, and
//! near enough to its data for 32-bit distances. This crate gives it:
//!
//! - [`LoaderArena`]: one reservation of address space, mapped twice. Code is executable in one view
//!   and written through the other; no page is writable and executable in the same view.
//! - [`CodeManager`]: owns code that is freed together (a runtime's helpers, a domain's methods, one
//!   dynamic method). Dropping it returns memory and addresses.
//! - [`DataHeap`]: zeroed memory in the same reservation, for vtables and stub cells.
//!
//! ```
//! use ferrocil_codeman::{CodeManager, CodeManagerKind, LoaderArena};
//!
//! let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE)?;
//! let manager = CodeManager::new(&arena, CodeManagerKind::Dynamic, Default::default())?;
//! // mov eax, edi; add eax, esi; ret
//! let code = manager.install(&[0x89, 0xf8, 0x01, 0xf0, 0xc3], 16)?;
//! // SAFETY: the bytes are a function of this type, and `manager` outlives the call.
//! let add: extern "C" fn(i32, i32) -> i32 = unsafe { std::mem::transmute(code.as_ptr()) };
//! assert_eq!(add(2, 3), 5);
//! # Ok::<(), ferrocil_codeman::Error>(())
//! ```
//!
//! Made for x86-64 Linux. The feature `cranelift` adds `JitMemory`, with which a `cranelift_jit`
//! `JITModule` allocates from a code manager.

mod arena;
mod block;
mod chunk;
mod data;
mod error;
#[cfg(feature = "cranelift")]
mod jit_memory;
mod manager;
mod os;
mod shared;
mod span;

pub use arena::{ArenaStats, LoaderArena};
pub use block::{CodeBlock, CodeRange};
pub use chunk::CodeStats;
pub use data::{DataHeap, DataHeapStats, HeapKind};
pub use error::{Error, Result};
#[cfg(feature = "cranelift")]
pub use jit_memory::JitMemory;
pub use manager::{CodeManager, CodeManagerKind, CodeManagerOptions};

/// The README's example is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
