//! `System.Threading.Monitor`.

use std::time::Duration;

use crate::prelude::{ByRef, IcallTable, Managed, ObjRef, Thread, icall, throw};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Threading.Monitor")
        .add("Enter(object)", icall(enter))
        .add("Exit", icall(exit))
        .add("Monitor_pulse", icall(pulse))
        .add("Monitor_pulse_all", icall(pulse_all))
        .add("Monitor_test_owner", icall(test_owner))
        .add("Monitor_test_synchronised", icall(test_synchronised))
        .add("Monitor_wait", icall(wait))
        .add("try_enter_with_atomic_var", icall(try_enter));
}

/// A time-out as managed code gives it: −1 means none.
fn timeout(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

fn enter(t: &Thread, object: ObjRef) -> Managed<()> {
    t.monitor_enter(object)
}

fn exit(t: &Thread, object: ObjRef) -> Managed<()> {
    t.monitor_exit(object)
}

fn try_enter(t: &Thread, object: ObjRef, milliseconds: i32, taken: ByRef<u8>) -> Managed<()> {
    if taken.get() != 0 {
        return Err(super::support::argument(
            t,
            "lockTaken is already true",
            "lockTaken",
        ));
    }
    let entered = t.monitor_try_enter(object, timeout(milliseconds))?;
    taken.set(u8::from(entered));
    Ok(())
}

fn pulse(t: &Thread, object: ObjRef) -> Managed<()> {
    t.monitor_pulse(object, false)
}

fn pulse_all(t: &Thread, object: ObjRef) -> Managed<()> {
    t.monitor_pulse(object, true)
}

fn test_owner(t: &Thread, object: ObjRef) -> Managed<bool> {
    Ok(!object.is_null() && t.monitor_is_entered(object, false))
}

fn test_synchronised(t: &Thread, object: ObjRef) -> Managed<bool> {
    Ok(!object.is_null() && t.monitor_is_entered(object, true))
}

fn wait(t: &Thread, object: ObjRef, milliseconds: i32) -> Managed<bool> {
    if object.is_null() {
        return Err(throw(t, "System", "ArgumentNullException", "obj"));
    }
    super::thread::waiting(t, || t.monitor_wait(object, timeout(milliseconds)))
}
