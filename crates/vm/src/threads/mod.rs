//! Managed threads: the structure that r15 points at, the registry, safepoints.

mod abort;
mod attach;
mod localloc;
mod monitor;
mod monitors;
mod registry;
mod stack;
mod thread;

pub use attach::Attached;
pub use localloc::SideStack;
pub use monitors::Monitors;
pub use registry::{StoppedWorld, ThreadRegistry};
pub use thread::{ActiveUnwind, StaticsCache, Thread, ThreadLayout, ThreadState};
