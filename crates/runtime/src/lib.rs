//! Embed .NET in Rust: runtimes, domains, typed methods, managed exceptions as errors.
//!
//! ```no_run
//! let runtime = ferrocil::Runtime::builder().heap_limit(64 << 20).build()?;
//! let domain = runtime.default_domain();
//! let plugin = domain.load_file("plugin.dll")?;
//! let add = plugin.method::<(i32, i32), i32>("Calc", "Add")?;
//! assert_eq!(add.call((2, 3))?, 5);
//! # Ok::<(), ferrocil::Error>(())
//! ```
//!
//! Everything hangs off a [`Runtime`]: several live side by side in one process,
//! each with its own heap and hard limit; dropping the last handle of one gives its
//! memory, threads, code and mappings back.

mod assembly;
mod builder;
mod error;
mod method;
mod runtime;
mod session;
mod value;

pub use assembly::Assembly;
pub use builder::RuntimeBuilder;
pub use error::{Error, ManagedException};
pub use ferrocil_vm::{
    CollectionRecord, HeapPicture, HeapReport, Inspection, LineUse, Precompiled, Tier, TierPolicy,
    TierStats, TypeUse,
};
pub use method::Method;
pub use runtime::{Domain, HeapUse, Runtime, StatsReport};
pub use value::{Args, FromManaged, ToManaged};
