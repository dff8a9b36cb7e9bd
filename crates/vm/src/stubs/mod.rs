//! Machine code that no compiler gives us: transitions, raising, precodes.

pub mod asm;
pub mod emit;
pub mod fast;
