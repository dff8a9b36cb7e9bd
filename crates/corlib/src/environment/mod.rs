//! `System.Environment`: the process as managed code sees it.

pub(crate) mod icalls;
mod process_environment;

pub use process_environment::{
    PLATFORM_UNIX, config_path, home, machine_name, operating_system_version, processor_count,
    user_name, user_name_of,
};
pub use variables::Variables;

mod variables;
