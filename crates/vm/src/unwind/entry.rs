//! Entry points of the raising stubs: (thread, a, b, caller's fp, return address, out).

use ferrocil_jit::host::ThrowKind;

use super::Resume;
use super::raise::{Origin, catch_here, raise, resume};
use crate::domain::DomainRoot;
use crate::object::ObjRef;
use crate::threads::Thread;

struct Raising<'t> {
    thread: &'t Thread,
    origin: Origin,
    out: &'t mut Resume,
}

impl<'t> Raising<'t> {
    /// # Safety
    /// As the stubs call: r15, a managed frame, and room for the answer.
    unsafe fn new(
        thread: *const Thread,
        fp: usize,
        pc: usize,
        trap: bool,
        out: *mut Resume,
    ) -> Raising<'t> {
        // SAFETY: see above.
        let (thread, out) = unsafe { (&*thread, &mut *out) };
        let origin = Origin {
            fp,
            pc: if trap { pc + 1 } else { pc },
            trap,
        };
        thread.swap_anchor((fp, origin.pc));
        Raising {
            thread,
            origin,
            out,
        }
    }

    fn go(self, exception: ObjRef, append: bool) {
        raise(self.thread, exception, self.origin, append, self.out);
    }

    /// Raises what is pending.
    fn pending(self) {
        let mut exception = self.thread.take_pending();
        if exception.is_null() {
            exception = self.thread.domain().root(DomainRoot::OutOfMemory);
        }
        self.go(exception, true);
    }

    fn kind(self, kind: u64) {
        let exception = match self.thread.exception_of_kind(kind) {
            Ok(exception) => exception,
            Err(_) => self.thread.take_pending(),
        };
        self.go(exception, false);
    }
}

macro_rules! raising {
    ($thread:ident, $fp:ident, $pc:ident, $trap:expr, $out:ident) => {
        // SAFETY: called by the raising stubs only.
        unsafe { Raising::new($thread, $fp, $pc, $trap, $out) }
    };
}

/// `throw`.
pub extern "C" fn throw(
    thread: *const Thread,
    exception: ObjRef,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    let raising = raising!(thread, fp, pc, false, out);
    if exception.is_null() {
        raising.kind(ThrowKind::NullReference as u64);
    } else {
        let exception = raising.thread.as_exception(exception);
        raising.go(exception, false);
    }
}

/// `rethrow`.
pub extern "C" fn rethrow(
    thread: *const Thread,
    exception: ObjRef,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    let raising = raising!(thread, fp, pc, false, out);
    let exception = raising.thread.as_exception(exception);
    raising.go(exception, true);
}

/// The pending exception, left by a helper or an internal call.
pub extern "C" fn raise_pending(
    thread: *const Thread,
    _: usize,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    raising!(thread, fp, pc, false, out).pending();
}

/// End of an exceptional finally or fault handler.
pub extern "C" fn resume_unwind(
    thread: *const Thread,
    _: usize,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    let raising = raising!(thread, fp, pc, false, out);
    resume(raising.thread, fp, pc, raising.out);
}

/// An exception that compiled code found.
pub extern "C" fn throw_kind(
    thread: *const Thread,
    kind: u64,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    raising!(thread, fp, pc, false, out).kind(kind);
}

/// A resolution error that control has reached.
pub extern "C" fn throw_deferred(
    thread: *const Thread,
    id: u64,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    let raising = raising!(thread, fp, pc, false, out);
    let error = raising
        .thread
        .runtime()
        .deferred_error(ferrocil_jit::host::DeferredError(id as u32));
    let _ = raising.thread.throw_load_error(&error);
    raising.pending();
}

/// A failed cast of (object, vtable).
pub extern "C" fn throw_invalid_cast(
    thread: *const Thread,
    _: ObjRef,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    raising!(thread, fp, pc, false, out).kind(ThrowKind::InvalidCast as u64);
}

/// A hardware trap: called by the stub that the signal handler continues at.
pub extern "C" fn trap(
    thread: *const Thread,
    kind: u64,
    _: usize,
    fp: usize,
    pc: usize,
    out: *mut Resume,
) {
    let raising = raising!(thread, fp, pc, true, out);
    if kind == ThrowKind::Pending as u64 {
        raising.pending();
    } else {
        raising.kind(kind);
    }
}

/// An exception of a kind that a clause of the calling frame takes: gives it with its trace, or
/// null with what making it threw pending.
pub extern "C" fn catch_kind(thread: *const Thread, kind: u64, clause: u64) -> ObjRef {
    // SAFETY: compiled code passes r15, the current thread.
    let thread = unsafe { &*thread };
    let (fp, pc) = thread.anchor();
    match thread.exception_of_kind(kind) {
        Ok(exception) => {
            catch_here(thread, exception, fp, pc, clause as u32);
            exception
        }
        Err(_) => ObjRef::NULL,
    }
}

/// A new exception that a clause of the calling frame takes: gives it with its trace.
pub extern "C" fn catch_thrown(thread: *const Thread, exception: ObjRef, clause: u64) -> ObjRef {
    // SAFETY: as in `catch_kind`.
    let thread = unsafe { &*thread };
    let (fp, pc) = thread.anchor();
    catch_here(thread, exception, fp, pc, clause as u32);
    exception
}

/// Called on the stack of the frame that goes on, far above the guard pages.
pub extern "C" fn close_stack_guard(thread: *const Thread) {
    // SAFETY: the stub passes r15, the current thread.
    unsafe { &*thread }.close_stack_guard();
}
