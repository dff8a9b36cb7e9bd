//! Wait handles: events, mutexes, semaphores, and things that end (processes, threads).

pub(crate) mod icalls;
mod wait_table;

pub use wait_table::{Creation, Handle, ThreadId, WaitError, WaitOutcome, WaitTable};
