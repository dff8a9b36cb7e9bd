//! Memory pools and a fixed-size coalescing heap.
//!
//! - [`mempool`]: memory with the lifetime of its owner, freed as a whole.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod mempool;
