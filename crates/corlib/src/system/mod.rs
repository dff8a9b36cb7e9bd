//! Basic types of the class library: `Object`, `String`, `Array`, `Enum`, `Delegate`,
//! `AppDomain`, threads, locks, stack traces.

mod app_domain;
mod arg_iterator;
mod array;
mod delegates;
mod enums;
mod monitor;
mod object;
mod remoting;
mod stack_trace;
pub(crate) mod support;
mod thread;
mod thread_pool;

pub(crate) use array::{array_class_of, get_value as array_get, set_value as array_set};
pub(crate) use object::initialize;
pub(crate) use stack_trace::{entry_image, user_image};
pub use thread::wait_for_foreground_threads;
pub(crate) use thread::{interruptible, waiting};
pub use thread_pool::stop_thread_pool;

use crate::prelude::IcallTable;

/// Adds the internal calls of this folder.
pub fn register(table: &mut IcallTable) {
    app_domain::register(table);
    arg_iterator::register(table);
    array::register(table);
    delegates::register(table);
    enums::register(table);
    monitor::register(table);
    object::register(table);
    remoting::register(table);
    stack_trace::register(table);
    thread::register(table);
    thread_pool::register(table);
}
