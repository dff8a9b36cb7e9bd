//! The terminal behind `System.Console`.

mod terminal;

pub use terminal::{CONTROL_CHARACTERS, Terminal, TerminalSize, is_terminal, keys_available};
