//! `DateTime`, `Stopwatch`, `Timer` clocks.

use crate::prelude::{IcallTable, Managed, Thread, icall};
use crate::time::{monotonic_ticks, system_filetime};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.DateTime")
        .add("GetSystemTimeAsFileTime", icall(system_time));
    table
        .class("System.Diagnostics.Stopwatch")
        .add("GetTimestamp", icall(monotonic));
    table
        .class("System.Threading.Timer")
        .add("GetTimeMonotonic", icall(monotonic));
}

fn system_time(_t: &Thread) -> Managed<i64> {
    Ok(system_filetime())
}

fn monotonic(_t: &Thread) -> Managed<i64> {
    Ok(monotonic_ticks())
}
