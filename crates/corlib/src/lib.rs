//! Internal calls and well-known types of Mono's class library.
//!
//! Each folder holds one part of the class library's native side: first a service
//! in plain Rust, testable alone, then `icalls.rs` with its bindings to managed code.
//! [`register`] puts all of them into a table for a runtime; what they keep per
//! runtime is [`CorlibState`].

pub mod compression;
pub mod console;
pub mod diagnostics;
pub mod environment;
mod fields;
pub mod gc;
pub mod globalization;
pub mod io;
pub mod mapping;
pub mod marshal;
pub mod math;
pub mod memory;
pub mod native_shims;
pub mod net;
pub mod number;
mod prelude;
pub mod process;
pub mod reflection;
pub mod security;
mod state;
pub mod system;
pub mod text;
pub mod threading;
pub mod time;

pub use state::{CorlibState, ExitHook};

use ferrocil_vm::IcallTable;

/// Adds all internal calls of this crate to a table.
pub fn register(table: &mut IcallTable) {
    compression::icalls::register(table);
    console::icalls::register(table);
    diagnostics::icalls::register(table);
    environment::icalls::register(table);
    gc::icalls::register(table);
    globalization::icalls::register(table);
    io::icalls::register(table);
    mapping::icalls::register(table);
    marshal::icalls::register(table);
    math::icalls::register(table);
    memory::icalls::register(table);
    native_shims::c_library::register(table);
    native_shims::icalls::register(table);
    native_shims::pipes::register(table);
    net::icalls::register(table);
    number::icalls::register(table);
    process::icalls::register(table);
    reflection::register(table);
    security::icalls::register(table);
    system::register(table);
    text::icalls::register(table);
    threading::icalls::register(table);
    time::icalls::register(table);
}

/// A table with all internal calls of this crate.
#[must_use]
pub fn icalls() -> IcallTable {
    let mut table = IcallTable::default();
    register(&mut table);
    table
}
