//! `System.GC` and `GCHandle` over the runtime's heap.

pub(crate) mod icalls;
