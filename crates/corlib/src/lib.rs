//! Internal calls and well-known types of Mono's class library.
//!
//! Each folder holds one part of the class library's native side: first a service
//! in plain Rust, testable alone, then `icalls.rs` with its bindings to managed code.

pub mod console;
pub mod environment;
pub mod globalization;
pub mod io;
pub mod number;
pub mod text;
pub mod threading;
pub mod time;
