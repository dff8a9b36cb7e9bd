//! Asynchronous exceptions: a thread that is aborted throws at a poll.
//!
//! Nothing is thrown while a finally or fault handler or a class initialiser is on the stack.
//! Once thrown, the exception cannot be got rid of by catching it: it is thrown again where a
//! handler is left (the compiler puts a poll there), until `Thread.ResetAbort`.

use std::sync::atomic::Ordering;

use ferrocil_jit::EhClauseKind;

use super::Thread;
use crate::icall::Thrown;
use crate::runtime::{InterruptionHooks, Runtime};
use crate::unwind::{Frame, frames};

/// How far the abort of a thread has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum AbortState {
    /// Nobody wants it.
    None,
    /// The next poll where it is allowed throws.
    Wanted,
    /// Thrown and not reset.
    Thrown,
}

/// `leave` and `leave.s`.
const LEAVES: [u8; 2] = [0xdd, 0xde];

impl Thread {
    fn abort_state(&self) -> AbortState {
        match self.abort.load(Ordering::SeqCst) {
            0 => AbortState::None,
            1 => AbortState::Wanted,
            _ => AbortState::Thrown,
        }
    }

    /// Has this thread throw at a safe point, unless an abort is on its way already.
    pub fn request_abort(&self) {
        let (none, wanted) = (AbortState::None as u8, AbortState::Wanted as u8);
        let set = self
            .abort
            .compare_exchange(none, wanted, Ordering::SeqCst, Ordering::SeqCst);
        if set.is_ok() {
            self.request_poll();
        }
    }

    /// Notes that this thread throws its abort now.
    pub fn note_abort_thrown(&self) {
        self.abort.store(AbortState::Thrown as u8, Ordering::SeqCst);
        self.request_poll();
    }

    /// Ends an abort: of the current thread only.
    pub fn end_abort(&self) {
        self.abort.store(AbortState::None as u8, Ordering::SeqCst);
        self.clear_poll();
        if self.runtime().threads().is_stopping() {
            self.request_poll();
        }
    }

    /// Whether polls must go on to enter the runtime.
    pub(super) fn keeps_polling(&self) -> bool {
        self.abort_state() != AbortState::None
    }

    /// What a poll does for an abort.
    ///
    /// # Errors
    /// The abort's exception.
    pub(crate) fn abort_at_poll(&self) -> Result<(), Thrown> {
        let now = match self.abort_state() {
            AbortState::None => return Ok(()),
            AbortState::Wanted => self.may_abort(),
            AbortState::Thrown => frames(self).first().is_some_and(leaves_handler),
        };
        match self.runtime().interruption.get() {
            Some(hooks) if now => Err((hooks.abort)(self)),
            _ => Ok(()),
        }
    }

    /// Whether an abort may be thrown in this thread now: no frame is in a finally or fault handler
    /// or a class initialiser.
    #[must_use]
    pub fn may_abort(&self) -> bool {
        !frames(self).iter().any(protects)
    }

    /// What a wait does when it is alerted.
    ///
    /// # Errors
    /// The exception that ends the wait.
    pub(super) fn end_alert(&self) -> Result<(), Thrown> {
        self.set_alert(false);
        match self.runtime().interruption.get() {
            Some(hooks) => (hooks.alerted)(self),
            None => Ok(()),
        }
    }
}

impl Runtime {
    /// Says what interruptions do; the first one to say so counts.
    pub fn set_interruption_hooks(&self, hooks: InterruptionHooks) {
        let _ = self.interruption.set(hooks);
    }

    /// Aborts the attached thread with this number, if there is one.
    pub fn abort_thread(&self, id: u32) {
        self.threads().with_thread(id, Thread::request_abort);
    }
}

/// Whether a frame is in the handler of a clause of some kind.
fn in_handler(frame: &Frame<'_>, wanted: impl Fn(EhClauseKind) -> bool) -> bool {
    let Some(il) = frame.il_offset() else {
        return false;
    };
    let clauses = &frame.code.tables.clauses;
    clauses
        .iter()
        .any(|c| (c.handler_start..c.handler_end).contains(&il) && wanted(c.kind))
}

/// Whether a frame must come to its end.
fn protects(frame: &Frame<'_>) -> bool {
    let cleanup = |kind| matches!(kind, EhClauseKind::Finally | EhClauseKind::Fault);
    in_handler(frame, cleanup) || frame.method().is_some_and(|m| m.name == ".cctor")
}

/// Whether a frame is about to leave a handler that caught something.
fn leaves_handler(frame: &Frame<'_>) -> bool {
    let catches = |kind| matches!(kind, EhClauseKind::Catch(_) | EhClauseKind::Filter { .. });
    let opcode = || {
        let method = frame.method()?;
        let image = frame.runtime().image(method.def.image)?.image();
        let row = image.method_def(method.def.rid).ok()?;
        let body = image.method_body(row.rva).ok()?;
        body.code.get(frame.il_offset()? as usize).copied()
    };
    in_handler(frame, catches) && opcode().is_some_and(|o| LEAVES.contains(&o))
}
