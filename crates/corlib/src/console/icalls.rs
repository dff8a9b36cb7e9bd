//! `System.ConsoleDriver`.

use std::sync::atomic::Ordering;

use super::{CONTROL_CHARACTERS, Terminal, is_terminal, keys_available};
use crate::prelude::{
    ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, icall, new_byte_array, state,
    store_byref,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.ConsoleDriver")
        .add("InternalKeyAvailable", icall(key_available))
        .add("Isatty", icall(isatty))
        .add("SetBreak", icall(set_break))
        .add("SetEcho", icall(set_echo))
        .add("TtySetup", icall(tty_setup));
}

fn isatty(_t: &Thread, handle: isize) -> Managed<bool> {
    Ok(is_terminal(handle))
}

fn key_available(t: &Thread, timeout: i32) -> Managed<i32> {
    Ok(blocking(t, || keys_available(timeout)))
}

fn set_echo(t: &Thread, echo: bool) -> Managed<bool> {
    Ok(state(t).terminal.set_echo(echo))
}

fn set_break(t: &Thread, signal: bool) -> Managed<bool> {
    Ok(state(t).terminal.set_break(signal))
}

fn tty_setup(
    t: &Thread,
    _keypad: StringRef,
    _teardown: StringRef,
    controls: ByRef<ObjRef>,
    size: ByRef<usize>,
) -> Managed<bool> {
    let state = state(t);
    let current = Terminal::size(|name| state.variables.get(name));
    state.terminal_size.store(current.0, Ordering::Relaxed);
    // Managed code reads the size through this address for as long as the runtime lives.
    size.set(state.terminal_size.as_ptr() as usize);
    let array = new_byte_array(t, CONTROL_CHARACTERS)?;
    store_byref(t, controls, array.object());
    match state.terminal.set_up() {
        Some(characters) => {
            array.as_mut_slice::<u8>().copy_from_slice(&characters);
            Ok(true)
        }
        None => Ok(false),
    }
}
