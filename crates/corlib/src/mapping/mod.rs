//! Memory-mapped files (`System.IO.MemoryMappedFiles`, in System.Core).

pub(crate) mod icalls;
mod table;

pub use table::{Access, MapError, MapTable, Mode, View};
