//! `System.Runtime.InteropServices.Marshal`: native memory, texts and structures.
//!
//! Delegates as function pointers and COM are not here.

pub(crate) mod icalls;
mod native_layout;
mod structures;
