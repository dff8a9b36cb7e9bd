//! Exceptions: two passes over frame-pointer frames.
//!
//! Pass one looks for the frame that catches, calling filters and collecting the
//! trace while all frames still stand. Pass two goes the same way again and enters
//! each finally or fault handler on the way; such a handler ends in a call that
//! continues here. Every walk ends at an invoke stub, which catches everything for
//! the Rust code that called it: no Rust frame is ever skipped.

pub mod entry;
mod raise;
mod roots;
mod trace;
mod walk;

pub(crate) use roots::scan_stack;
pub use trace::StackEntry;
pub use walk::{Frame, frames};

/// Where compiled code continues: the stubs load these.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Resume {
    /// Instruction address.
    pub pc: usize,
    /// Stack pointer.
    pub sp: usize,
    /// Frame pointer.
    pub fp: usize,
    /// The exception.
    pub payload0: usize,
    /// Position of the clause in the region of the call site.
    pub payload1: usize,
    /// Whether the stack guard is to be closed once control has left it.
    pub close_guard: usize,
}
