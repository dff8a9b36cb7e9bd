//! Memory pools and a fixed-size coalescing heap.
//!
//! - [`mempool`]: memory with the lifetime of its owner, freed as a whole.
//! - [`heap`]: a heap of fixed size under a collector, or under hand-written `free`.
//!
//! `no_std` (with `alloc`), no dependencies.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod heap;
pub mod mempool;

/// The README's example is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
