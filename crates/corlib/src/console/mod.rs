//! The terminal behind `System.Console`.

pub(crate) mod icalls;
mod terminal;

pub use terminal::{CONTROL_CHARACTERS, Terminal, TerminalSize, is_terminal, keys_available};
