//! Other processes: starting, watching, asking about them.

mod command_line;
pub(crate) mod icalls;
mod info;
mod table;

pub use command_line::{find_program, split_arguments};
pub use info::{ProcessData, ProcessTimes, process_data, process_ids, process_name, process_times};
pub use table::{ProcessTable, StandardHandles, Start, Started};
