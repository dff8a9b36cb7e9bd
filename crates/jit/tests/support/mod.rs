//! A mini VM for tests: enough of a host to compile IL and run it, with an unwinder.
#![expect(dead_code, unused_imports, reason = "each test file uses a part")]

pub mod asm;
mod host;
mod machine;
mod unwind;

pub use asm::Il;
pub use host::{
    Field, Host, Method, Sig, T, Type, field_token, method_token, sig_token, string_token,
    type_token,
};
pub use machine::{Machine, Outcome, class_of};
