//! Functions of `System.Native`, the shim library that corefx code calls by P/Invoke.
//!
//! They are Rust functions, resolved by name; no shared library is loaded. Failures
//! leave the Unix error for `Marshal.GetLastWin32Error`.

pub(crate) mod c_library;
mod directory_streams;
mod errors;
pub(crate) mod icalls;
pub(crate) mod pipes;
mod status;

pub use directory_streams::{DirectoryStreams, StreamEntry};
pub use errors::{error_text, pal_to_platform, platform_to_pal};
pub use status::FileStatus;
