//! Sockets and name look-up for System.dll's `System.Net`.

mod address;
mod error;
pub(crate) mod icalls;
mod names;
mod options;
mod selector;
mod socket_table;

pub use address::SocketAddress;
pub use error::SocketError;
pub use names::{HostEntry, host_name, lookup_address, lookup_name};
pub use options::{OptionKind, option};
pub use selector::Selector;
pub use socket_table::{SelectMode, SocketTable};
