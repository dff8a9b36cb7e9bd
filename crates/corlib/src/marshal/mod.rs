//! `System.Runtime.InteropServices.Marshal`: native memory and texts.
//!
//! Structures with layout, delegates and COM are the VM's affair and not here.

pub(crate) mod icalls;
