//! Execution: compiling on first call, linking, calling managed code from Rust.

mod calls;
mod codemap;
mod compile;
mod dispatch;
mod helpers;
mod host;
mod inspect;
mod intrinsics;
mod invoke;
mod link;
mod precompile;
mod runtime_helpers;
mod share;
mod stubs;
mod tiering;
mod wrappers;

pub use codemap::{CodeInfo, CodeKind, CodeMap};
pub use compile::prestub;
pub use dispatch::DispatchCache;
pub use helpers::Helpers;
pub(crate) use host::{Host, write_barrier};
pub use invoke::{InvokeTarget, Returned};
pub use precompile::Precompiled;
pub(crate) use share::{shared_offset, shared_type_of};
pub use stubs::StubCache;
pub(crate) use tiering::Tiering;
pub use tiering::{CALLS_BEFORE_TIER_UP, TierPolicy};
