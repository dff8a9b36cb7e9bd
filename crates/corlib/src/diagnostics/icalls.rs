//! `Debugger`, `NativeMethods`, `DefaultTraceListener`.

use crate::prelude::{IcallTable, Managed, StringRef, Thread, icall};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Diagnostics.Debugger")
        .add("IsAttached_internal", icall(debugger_attached))
        .add("IsLogging", icall(debugger_logging))
        .add("Log", icall(debugger_log));
    table
        .class("System.Diagnostics.DefaultTraceListener")
        .add("WriteWindowsDebugString", icall(windows_debug_string));
    table
        .class("Microsoft.Win32.NativeMethods")
        .add("GetCurrentProcessId", icall(current_process_id));
}

fn debugger_attached(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

fn debugger_logging(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

/// Nobody listens: as in Mono without a debugger.
fn debugger_log(
    _t: &Thread,
    _level: i32,
    _category: StringRef,
    _message: StringRef,
) -> Managed<()> {
    Ok(())
}

/// There is no debug output channel on Unix.
fn windows_debug_string(_t: &Thread, _text: *const u16) -> Managed<()> {
    Ok(())
}

fn current_process_id(_t: &Thread) -> Managed<i32> {
    Ok(rustix::process::getpid().as_raw_nonzero().get())
}
