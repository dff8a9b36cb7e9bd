//! The list of attached threads, and how the world is stopped.
//!
//! A thread is either *managed* (may hold and change references) or *native*
//! (blocks or runs foreign code; counts as stopped). A collection sets the stop
//! flag and every poll word, then waits until all other threads are native. A
//! thread that wants to become managed again waits while the flag is set.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{Thread, ThreadState};
use crate::stubs::asm;

/// A registered thread; the pointer is valid while it is in the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Entry(*const Thread);

// SAFETY: entries are only dereferenced for the atomic fields, or while the thread is stopped.
unsafe impl Send for Entry {}

/// All threads attached to a runtime.
#[derive(Debug, Default)]
pub struct ThreadRegistry {
    threads: Mutex<Vec<Entry>>,
    stopping: AtomicBool,
    resume_lock: Mutex<()>,
    resumed: Condvar,
    next_id: AtomicU32,
}

/// The world is stopped while this lives.
#[derive(Debug)]
pub struct StoppedWorld<'r> {
    registry: &'r ThreadRegistry,
    threads: MutexGuard<'r, Vec<Entry>>,
}

impl StoppedWorld<'_> {
    /// The attached threads.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        // SAFETY: threads stay registered while the list is locked.
        self.threads.iter().map(|e| unsafe { &*e.0 })
    }
}

impl Drop for StoppedWorld<'_> {
    fn drop(&mut self) {
        for thread in self.threads() {
            thread.clear_poll();
        }
        let _guard = self.registry.resume_lock.lock();
        self.registry.stopping.store(false, Ordering::SeqCst);
        self.registry.resumed.notify_all();
    }
}

impl ThreadRegistry {
    /// A fresh thread number, from 1, for a thread that attaches later.
    pub fn reserve_id(&self) -> u32 {
        self.next_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Adds a thread (in native state).
    pub(crate) fn attach(&self, thread: &Thread) {
        self.threads.lock().push(Entry(thread));
    }

    /// Removes a thread.
    pub(crate) fn detach(&self, thread: &Thread) {
        let me: *const Thread = thread;
        self.threads.lock().retain(|e| e.0 != me);
    }

    /// Number of attached threads.
    #[must_use]
    pub fn count(&self) -> usize {
        self.threads.lock().len()
    }

    /// Runs `f` for the attached thread with this number; only atomics of it may be touched.
    pub(crate) fn with_thread<R>(&self, id: u32, f: impl FnOnce(&Thread) -> R) -> Option<R> {
        let list = self.threads.lock();
        // SAFETY: threads stay registered while the list is locked.
        let found = list.iter().map(|e| unsafe { &*e.0 }).find(|t| t.id() == id);
        found.map(f)
    }

    /// Stops all threads but `me`. The caller is the only one to stop the world (the
    /// collector's lock sees to that) and must not block on managed threads meanwhile.
    pub(crate) fn stop_world(&self, me: *const Thread) -> StoppedWorld<'_> {
        let threads = self.threads.lock();
        self.stopping.store(true, Ordering::SeqCst);
        let world = StoppedWorld {
            registry: self,
            threads,
        };
        for thread in world.threads() {
            if !std::ptr::eq(thread, me) {
                thread.request_poll();
            }
        }
        for thread in world.threads() {
            let mut spins = 0u32;
            while !std::ptr::eq(thread, me) && thread.state() == ThreadState::Managed {
                spins += 1;
                if spins < 64 {
                    std::hint::spin_loop();
                } else {
                    std::thread::yield_now();
                }
            }
        }
        world
    }

    /// Native to managed: waits while the world is stopped.
    pub(crate) fn become_managed(&self, thread: &Thread) {
        loop {
            thread.set_state(ThreadState::Managed);
            if !self.stopping.load(Ordering::SeqCst) {
                return;
            }
            thread.set_state(ThreadState::Native);
            let mut guard = self.resume_lock.lock();
            while self.stopping.load(Ordering::SeqCst) {
                self.resumed.wait(&mut guard);
            }
        }
    }

    /// Whether a collection waits for threads.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

impl Thread {
    /// Runs `f` as native code: the thread counts as stopped meanwhile, so `f` must not
    /// use object references (its caller may hold them: the stack above is scanned).
    pub fn blocking<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.state() == ThreadState::Native {
            return f();
        }
        let mut result = None;
        let mut f = Some(f);
        asm::with_spilled_registers(|sp| {
            let old = self.set_parked_sp(sp);
            self.set_state(ThreadState::Native);
            let f = f.take().expect("the callback runs once");
            result = Some(f());
            self.runtime().threads().become_managed(self);
            self.set_parked_sp(old);
        });
        result.expect("the callback ran")
    }

    /// Runs `f` as managed code: `f` may use object references.
    pub fn managed<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.state() == ThreadState::Managed {
            return f();
        }
        self.runtime().threads().become_managed(self);
        let result = f();
        self.set_state(ThreadState::Native);
        result
    }

    /// Stops here if a collection waits for this thread.
    pub fn safepoint(&self) {
        if self.runtime().threads().is_stopping() && self.state() == ThreadState::Managed {
            self.blocking(|| ());
        }
    }
}
