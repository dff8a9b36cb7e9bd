//! Attaching OS threads to a runtime.

use std::cell::RefCell;

use super::Thread;
use super::stack::{self, SignalStack};
use crate::domain::Domain;
use crate::runtime::Runtime;
use crate::signals;

thread_local! {
    /// Attachments of this OS thread: it may be attached to several runtimes.
    static ATTACHED: RefCell<Vec<(*const Runtime, *const Thread)>> = const { RefCell::new(Vec::new()) };
}

/// An attachment of the calling thread; detaches when dropped, on the same thread.
#[derive(Debug)]
pub struct Attached<'r> {
    runtime: &'r Runtime,
    thread: Box<Thread>,
    signal_stack: Option<SignalStack>,
}

impl std::ops::Deref for Attached<'_> {
    type Target = Thread;
    fn deref(&self) -> &Thread {
        &self.thread
    }
}

impl Runtime {
    /// The calling thread's attachment to this runtime.
    #[must_use]
    pub fn current_thread(&self) -> Option<&Thread> {
        ATTACHED
            .try_with(|list| {
                let me: *const Runtime = self;
                list.borrow()
                    .iter()
                    .find(|(r, _)| *r == me)
                    .map(|(_, t)| *t)
            })
            .ok()
            .flatten()
            // SAFETY: attachments are removed from the list before the thread structure is freed.
            .map(|t| unsafe { &*t })
    }

    /// Attaches the calling thread to a domain; `None` when it is attached already.
    pub fn attach<'r>(&'r self, domain: &Domain) -> Option<Attached<'r>> {
        if self.current_thread().is_some() {
            return None;
        }
        self.attach_as(domain, self.threads().reserve_id())
    }

    /// As [`Runtime::attach`], with a number from [`ThreadRegistry::reserve_id`](super::ThreadRegistry::reserve_id).
    pub fn attach_as<'r>(&'r self, domain: &Domain, id: u32) -> Option<Attached<'r>> {
        if self.current_thread().is_some() {
            return None;
        }
        let (bounds, guard) = stack::bounds();
        let first = ATTACHED.with(|list| list.borrow().is_empty());
        // Another runtime has closed this thread's guard pages already.
        let guard = if first { guard } else { (0, 0) };
        let thread = Thread::new(self, self.dispatch.table(), domain, id, bounds, guard);
        let signal_stack = first.then(SignalStack::install);
        thread.arm_stack_guard();
        if first {
            signals::set_guarded(&raw const *thread);
        }
        ATTACHED.with(|list| list.borrow_mut().push((self, &raw const *thread)));
        self.threads().attach(&thread);
        Some(Attached {
            runtime: self,
            thread,
            signal_stack,
        })
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        let me: *const Thread = &raw const *self.thread;
        // A collection may look at the buffer until the thread is off the list.
        self.thread.managed(|| {
            // SAFETY: the buffer is this thread's own.
            let tlab = unsafe { &*self.thread.tlab() };
            self.runtime.heap().release_tlab(tlab);
        });
        self.runtime.threads().detach(&self.thread);
        ATTACHED.with(|list| list.borrow_mut().retain(|(_, t)| *t != me));
        self.thread.disarm_stack_guard();
        if let Some(stack) = self.signal_stack.take() {
            signals::set_guarded(std::ptr::null());
            stack.restore();
        }
    }
}
