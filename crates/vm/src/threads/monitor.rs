//! Object locks and identity hashes, in the header's sync word.
//!
//! The low two bits say what the word holds: nothing or a thin lock (owner in the
//! upper 20 bits, recursion in the middle 10), an identity hash, or the number of
//! an inflated monitor, which holds both.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::Thread;
use super::monitors::Monitor;
use ferrocil_gc::Plan as _;

use crate::icall::Thrown;
use crate::object::ObjRef;

const TAG: u32 = 3;
const THIN: u32 = 0;
const HASH: u32 = 1;
const FAT: u32 = 2;
const RECURSION_ONE: u32 = 1 << 2;
const RECURSION_MASK: u32 = 0x3ff << 2;
const OWNER_SHIFT: u32 = 12;
const MAX_THIN_OWNER: u32 = (1 << 20) - 1;

/// The sync word of an object that this thread has locked once; 0 when its number has no room.
pub(super) fn thin_lock(thread: u32) -> u32 {
    if thread <= MAX_THIN_OWNER {
        thread << OWNER_SHIFT
    } else {
        0
    }
}

/// A thread that waits on a monitor; no longer when this is dropped.
struct WaitingOn<'t>(&'t Thread);

impl Drop for WaitingOn<'_> {
    fn drop(&mut self) {
        self.0.waiting_on().store(0, Ordering::SeqCst);
    }
}

impl crate::runtime::Runtime {
    /// Has a thread that waits for a lock or for its pulse, now or next, look at its interruptions
    /// (see [`InterruptionHooks`](crate::runtime::InterruptionHooks)). `false`: no such thread is attached.
    pub fn alert_thread(&self, id: u32) -> bool {
        let woken = self.threads().with_thread(id, |thread| {
            thread.set_alert(true);
            let monitor = thread.waiting_on().load(Ordering::SeqCst) as *const Monitor;
            // SAFETY: its object lives while a thread waits, and the list of threads is locked, which
            // keeps collections away.
            if let Some(monitor) = unsafe { monitor.as_ref() } {
                // The lock orders this after the waiter's look at the alert.
                let _state = monitor.state.lock();
                monitor.pulsed.notify_all();
                monitor.entered.notify_all();
            }
        });
        woken.is_some()
    }
}

impl Thread {
    /// The identity hash of an object (30 bits, not 0).
    #[must_use]
    pub fn identity_hash(&self, object: ObjRef) -> i32 {
        let word = object.header().sync_word();
        let monitors = self.runtime().monitors();
        loop {
            let old = word.load(Ordering::Acquire);
            match old & TAG {
                HASH => return (old >> 2) as i32,
                FAT => {
                    let mut state = monitors.get(old >> 2).state.lock();
                    if state.hash == 0 {
                        state.hash = monitors.next_hash();
                    }
                    return state.hash as i32;
                }
                _ if old == 0 => {
                    let hash = monitors.next_hash();
                    if word
                        .compare_exchange(0, hash << 2 | HASH, Ordering::AcqRel, Ordering::Acquire)
                        .is_ok()
                    {
                        return hash as i32;
                    }
                }
                _ => {
                    // A hash cannot fail: one monitor too many does not matter.
                    self.inflate_if(object, |bytes| {
                        let _ = self.runtime().heap().reserve_native(bytes);
                        true
                    });
                }
            }
        }
    }

    /// The inflated monitor of an object. Throws when it does not fit under the heap's limit.
    fn inflate(&self, object: ObjRef) -> Result<&Monitor, Thrown> {
        let room = |bytes| self.runtime().heap().reserve_native(bytes).is_ok();
        self.inflate_if(object, room)
            .ok_or_else(|| self.throw_out_of_memory())
    }

    /// The inflated monitor of an object; `None` if it needs a new one and there is no `room`.
    fn inflate_if(&self, object: ObjRef, room: impl Fn(usize) -> bool) -> Option<&Monitor> {
        let word = object.header().sync_word();
        let monitors = self.runtime().monitors();
        loop {
            let old = word.load(Ordering::Acquire);
            if old & TAG == FAT {
                return Some(monitors.get(old >> 2));
            }
            let index = monitors.take(object, &room)?;
            let monitor = monitors.get(index);
            {
                let mut state = monitor.state.lock();
                if old & TAG == HASH {
                    state.hash = old >> 2;
                } else if old != 0 {
                    state.owner = old >> OWNER_SHIFT;
                    state.count = ((old & RECURSION_MASK) >> 2) + 1;
                }
                if word
                    .compare_exchange(old, index << 2 | FAT, Ordering::AcqRel, Ordering::Acquire)
                    .is_ok()
                {
                    drop(state);
                    return Some(monitor);
                }
            }
            monitors.give_back(index);
        }
    }

    /// Notes the monitor that this thread is about to wait on, so that an alert can wake it.
    fn wait_on(&self, monitor: &Monitor) -> WaitingOn<'_> {
        self.waiting_on()
            .store(std::ptr::from_ref(monitor) as usize, Ordering::SeqCst);
        WaitingOn(self)
    }

    /// Enters an object's lock; waits at most `timeout` if given. `false`: the time is over.
    ///
    /// # Errors
    /// ArgumentNullException for null; what an interruption throws while the thread waits.
    pub fn monitor_try_enter(
        &self,
        object: ObjRef,
        timeout: Option<Duration>,
    ) -> Result<bool, Thrown> {
        if object.is_null() {
            return Err(self.throw_named("System", "ArgumentNullException", "obj"));
        }
        let word = object.header().sync_word();
        let me = self.id();
        if me <= MAX_THIN_OWNER {
            let old = word.load(Ordering::Acquire);
            if old == 0 {
                let mine = me << OWNER_SHIFT;
                if word
                    .compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire)
                    .is_ok()
                {
                    return Ok(true);
                }
            } else if old & TAG == THIN
                && old >> OWNER_SHIFT == me
                && old & RECURSION_MASK != RECURSION_MASK
            {
                // Only the owner changes a thin lock, except for inflation by others.
                if word
                    .compare_exchange(
                        old,
                        old + RECURSION_ONE,
                        Ordering::AcqRel,
                        Ordering::Acquire,
                    )
                    .is_ok()
                {
                    return Ok(true);
                }
            }
        }
        let monitor = self.inflate(object)?;
        let mut state = monitor.state.lock();
        if state.owner == me {
            state.count += 1;
            return Ok(true);
        }
        if state.owner == 0 {
            state.owner = me;
            state.count = 1;
            return Ok(true);
        }
        if timeout == Some(Duration::ZERO) {
            return Ok(false);
        }
        drop(state);
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        let hooks = self.runtime().interruption.get();
        if let Some(hooks) = hooks {
            (hooks.begin_wait)(self);
        }
        let entered = self.wait_to_enter(monitor, deadline);
        if let Some(hooks) = hooks {
            (hooks.end_wait)(self);
        }
        entered
    }

    fn wait_to_enter(&self, monitor: &Monitor, deadline: Option<Instant>) -> Result<bool, Thrown> {
        loop {
            let waiting = self.wait_on(monitor);
            let entered = self.blocking(|| {
                let _waiting = waiting;
                let mut state = monitor.state.lock();
                while state.owner != 0 {
                    if self.is_alerted() {
                        return None;
                    }
                    match deadline {
                        Some(end) => {
                            if monitor.entered.wait_until(&mut state, end).timed_out()
                                && state.owner != 0
                            {
                                return Some(false);
                            }
                        }
                        None => monitor.entered.wait(&mut state),
                    }
                }
                state.owner = self.id();
                state.count = 1;
                Some(true)
            });
            match entered {
                Some(entered) => return Ok(entered),
                None => self.end_alert()?,
            }
        }
    }

    /// Enters an object's lock.
    ///
    /// # Errors
    /// ArgumentNullException for null.
    pub fn monitor_enter(&self, object: ObjRef) -> Result<(), Thrown> {
        self.monitor_try_enter(object, None).map(|_| ())
    }

    /// Leaves an object's lock.
    ///
    /// # Errors
    /// SynchronizationLockException when this thread does not hold it.
    pub fn monitor_exit(&self, object: ObjRef) -> Result<(), Thrown> {
        if object.is_null() {
            return Err(self.throw_named("System", "ArgumentNullException", "obj"));
        }
        let word = object.header().sync_word();
        let me = self.id();
        loop {
            let old = word.load(Ordering::Acquire);
            match old & TAG {
                THIN if old != 0 && old >> OWNER_SHIFT == me => {
                    let new = if old & RECURSION_MASK == 0 {
                        0
                    } else {
                        old - RECURSION_ONE
                    };
                    if word
                        .compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire)
                        .is_ok()
                    {
                        return Ok(());
                    }
                }
                FAT => {
                    let monitor = self.runtime().monitors().get(old >> 2);
                    let mut state = monitor.state.lock();
                    if state.owner != me {
                        break;
                    }
                    state.count -= 1;
                    if state.count == 0 {
                        state.owner = 0;
                        monitor.entered.notify_one();
                    }
                    return Ok(());
                }
                _ => break,
            }
        }
        Err(self.not_locked())
    }

    /// Throws what `Monitor.Enter(object, ref bool)` throws when the flag is set already.
    pub(crate) fn throw_lock_taken(&self) -> Result<(), Thrown> {
        let runtime = self.runtime();
        let thrower = runtime
            .corlib_class("System.Threading", "Monitor")
            .and_then(|monitor| runtime.find_method(monitor, "ThrowLockTakenException", Some(0)))
            .map_err(|e| self.throw_load_error(&e))?;
        match thrower {
            Some(method) => self.invoke(method, None, &[]).map(|_| ()),
            None => Err(self.throw_named("System", "ArgumentException", "lockTaken")),
        }
    }

    fn not_locked(&self) -> Thrown {
        self.throw_named(
            "System.Threading",
            "SynchronizationLockException",
            "Object synchronization method was called from an unsynchronized block of code.",
        )
    }

    /// Whether this thread (or, if `anyone`, some thread) holds an object's lock.
    #[must_use]
    pub fn monitor_is_entered(&self, object: ObjRef, anyone: bool) -> bool {
        let old = object.header().sync_word().load(Ordering::Acquire);
        let owner = match old & TAG {
            THIN => old >> OWNER_SHIFT,
            FAT => self.runtime().monitors().get(old >> 2).state.lock().owner,
            _ => 0,
        };
        if anyone {
            owner != 0
        } else {
            owner == self.id()
        }
    }

    /// Leaves the lock, waits for a pulse or the end of the time, enters it again. `false`:
    /// the time was over.
    ///
    /// # Errors
    /// SynchronizationLockException when this thread does not hold the lock; what an interruption
    /// throws, with the lock held.
    pub fn monitor_wait(&self, object: ObjRef, timeout: Option<Duration>) -> Result<bool, Thrown> {
        if !self.monitor_is_entered(object, false) {
            return Err(self.not_locked());
        }
        let monitor = self.inflate(object)?;
        let me = self.id();
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        let ticket = {
            let mut state = monitor.state.lock();
            let ticket = state.next_ticket;
            state.next_ticket += 1;
            state.waiting.push(ticket);
            ticket
        };
        loop {
            let waiting = self.wait_on(monitor);
            let signalled = self.blocking(|| {
                let _waiting = waiting;
                let mut state = monitor.state.lock();
                let count = std::mem::take(&mut state.count);
                state.owner = 0;
                monitor.entered.notify_one();
                let mut over = false;
                while state.waiting.contains(&ticket) && !over && !self.is_alerted() {
                    match deadline {
                        Some(end) => over = monitor.pulsed.wait_until(&mut state, end).timed_out(),
                        None => monitor.pulsed.wait(&mut state),
                    }
                }
                while state.owner != 0 {
                    monitor.entered.wait(&mut state);
                }
                state.owner = me;
                state.count = count;
                // A pulse that came while the thread waited for the lock counts.
                if !state.waiting.contains(&ticket) {
                    return Some(true);
                }
                over.then_some(false)
            });
            // With the lock held, no pulse comes in between.
            let ended = match signalled {
                Some(true) => return Ok(true),
                Some(false) => Ok(Some(false)),
                None => self.end_alert().map(|()| None),
            };
            if let Some(result) = ended.transpose() {
                monitor.state.lock().waiting.retain(|&t| t != ticket);
                return result;
            }
        }
    }

    /// Wakes one waiting thread, or all.
    ///
    /// # Errors
    /// SynchronizationLockException when this thread does not hold the lock.
    pub fn monitor_pulse(&self, object: ObjRef, all: bool) -> Result<(), Thrown> {
        if !self.monitor_is_entered(object, false) {
            return Err(self.not_locked());
        }
        let monitor = self.inflate(object)?;
        let mut state = monitor.state.lock();
        if all {
            state.waiting.clear();
        } else if !state.waiting.is_empty() {
            state.waiting.remove(0);
        }
        monitor.pulsed.notify_all();
        Ok(())
    }
}
