//! Waitable objects of a runtime, and waiting for one or all of several.
//!
//! All objects stand under one lock: taking several at once (`WaitHandle.WaitAll`)
//! must be atomic. Every waiting thread has its own condition variable, and an
//! object wakes only the threads that wait for it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex, MutexGuard};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::time::Deadline;

/// A wait handle's value in managed code: never 0, −1 or a file descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle(pub isize);

/// Number of a managed thread in its runtime.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadId(pub u32);

/// What a wait came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WaitOutcome {
    /// The object at this position was signaled (position 0 when waiting for all).
    Signaled(usize),
    /// The mutex at this position was owned by a thread that ended; it is owned now.
    Abandoned(usize),
    /// The time is over.
    Timeout,
    /// Another thread interrupted this one.
    Interrupted,
}

/// Why an operation on a handle failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WaitError {
    /// No such object, or of another kind.
    #[error("the handle does not name an object of this kind")]
    InvalidHandle,
    /// The calling thread does not own the mutex.
    #[error("the mutex is owned by another thread")]
    NotOwner,
    /// The semaphore would exceed its maximum.
    #[error("the semaphore is full")]
    TooManyPosts,
    /// No object has this name.
    #[error("no object has this name")]
    NotFound,
}

/// A new or (for names) existing object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Creation {
    /// Its handle.
    pub handle: Handle,
    /// Whether the name named an object already.
    pub existed: bool,
}

#[derive(Debug)]
enum Kind {
    Event {
        manual_reset: bool,
        signaled: bool,
    },
    Mutex {
        owner: Option<ThreadId>,
        depth: u32,
        abandoned: bool,
    },
    Semaphore {
        count: i32,
        maximum: i32,
    },
    /// A process or thread: signaled once, for ever.
    Completion {
        result: Option<i32>,
    },
}

#[derive(Debug)]
struct Object {
    kind: Kind,
    references: usize,
    name: Option<String>,
    waiters: VecDeque<Arc<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    thread: ThreadId,
    wake: Condvar,
}

#[derive(Default, Debug)]
struct State {
    objects: Slab<Object>,
    names: FxHashMap<String, usize>,
    /// Threads in a wait.
    waiting: FxHashMap<ThreadId, Arc<Waiter>>,
    /// Threads whose current or next wait is to be interrupted.
    interrupted: FxHashMap<ThreadId, ()>,
}

/// Waitable objects by handle.
#[derive(Default, Debug)]
pub struct WaitTable {
    state: Mutex<State>,
}

const FIRST_HANDLE: isize = 0x1000_0000;

fn handle_of(index: usize) -> Handle {
    Handle(FIRST_HANDLE + index as isize * 4)
}

fn index_of(handle: Handle) -> Option<usize> {
    let offset = handle.0.checked_sub(FIRST_HANDLE)?;
    (offset >= 0 && offset % 4 == 0).then_some(offset as usize / 4)
}

impl State {
    fn object(&mut self, handle: Handle) -> Result<&mut Object, WaitError> {
        index_of(handle)
            .and_then(|index| self.objects.get_mut(index))
            .ok_or(WaitError::InvalidHandle)
    }

    fn create(&mut self, name: Option<&str>, kind: Kind) -> Result<Creation, WaitError> {
        if let Some(name) = name
            && let Some(&index) = self.names.get(name)
        {
            let object = &mut self.objects[index];
            if std::mem::discriminant(&object.kind) != std::mem::discriminant(&kind) {
                return Err(WaitError::InvalidHandle);
            }
            object.references += 1;
            return Ok(Creation {
                handle: handle_of(index),
                existed: true,
            });
        }
        let index = self.objects.insert(Object {
            kind,
            references: 1,
            name: name.map(str::to_owned),
            waiters: VecDeque::new(),
        });
        if let Some(name) = name {
            self.names.insert(name.to_owned(), index);
        }
        Ok(Creation {
            handle: handle_of(index),
            existed: false,
        })
    }

    fn open(&mut self, name: &str, fits: impl Fn(&Kind) -> bool) -> Result<Handle, WaitError> {
        let &index = self.names.get(name).ok_or(WaitError::NotFound)?;
        let object = &mut self.objects[index];
        if !fits(&object.kind) {
            return Err(WaitError::InvalidHandle);
        }
        object.references += 1;
        Ok(handle_of(index))
    }

    /// Position of an object that can be taken now, in the caller's order.
    fn ready(&self, indexes: &[usize], all: bool, thread: ThreadId) -> Option<usize> {
        let is_ready = |&index: &usize| self.objects[index].kind.is_ready(thread);
        if all {
            indexes.iter().all(is_ready).then_some(0)
        } else {
            indexes.iter().position(is_ready)
        }
    }

    /// Takes what [`State::ready`] found.
    fn take(
        &mut self,
        indexes: &[usize],
        all: bool,
        position: usize,
        thread: ThreadId,
    ) -> WaitOutcome {
        if !all {
            let abandoned = self.objects[indexes[position]].kind.take(thread);
            return if abandoned {
                WaitOutcome::Abandoned(position)
            } else {
                WaitOutcome::Signaled(position)
            };
        }
        let mut outcome = WaitOutcome::Signaled(0);
        for (position, &index) in indexes.iter().enumerate() {
            if self.objects[index].kind.take(thread) && outcome == WaitOutcome::Signaled(0) {
                outcome = WaitOutcome::Abandoned(position);
            }
        }
        outcome
    }

    fn release_reference(&mut self, index: usize) {
        let object = &mut self.objects[index];
        object.references -= 1;
        if object.references == 0 {
            let object = self.objects.remove(index);
            if let Some(name) = object.name {
                self.names.remove(&name);
            }
        }
    }
}

impl Object {
    fn wake_all(&self) {
        for waiter in &self.waiters {
            waiter.wake.notify_one();
        }
    }
}

impl Kind {
    fn is_ready(&self, thread: ThreadId) -> bool {
        match *self {
            Kind::Event { signaled, .. } => signaled,
            Kind::Mutex { owner, .. } => owner.is_none_or(|owner| owner == thread),
            Kind::Semaphore { count, .. } => count > 0,
            Kind::Completion { result } => result.is_some(),
        }
    }

    /// Consumes the signal; true when it was an abandoned mutex.
    fn take(&mut self, thread: ThreadId) -> bool {
        match self {
            Kind::Event {
                manual_reset,
                signaled,
            } => {
                *signaled = *manual_reset;
                false
            }
            Kind::Mutex {
                owner,
                depth,
                abandoned,
            } => {
                *owner = Some(thread);
                *depth += 1;
                std::mem::take(abandoned)
            }
            Kind::Semaphore { count, .. } => {
                *count -= 1;
                false
            }
            Kind::Completion { .. } => false,
        }
    }
}

impl WaitTable {
    /// Makes an event, or opens the one of this name.
    ///
    /// # Errors
    /// `InvalidHandle` when the name belongs to another kind of object.
    pub fn create_event(
        &self,
        manual_reset: bool,
        signaled: bool,
        name: Option<&str>,
    ) -> Result<Creation, WaitError> {
        self.state.lock().create(
            name,
            Kind::Event {
                manual_reset,
                signaled,
            },
        )
    }

    /// Makes a mutex (owned by `owner`), or opens the one of this name.
    ///
    /// # Errors
    /// `InvalidHandle` when the name belongs to another kind of object.
    pub fn create_mutex(
        &self,
        owner: Option<ThreadId>,
        name: Option<&str>,
    ) -> Result<Creation, WaitError> {
        let depth = u32::from(owner.is_some());
        self.state.lock().create(
            name,
            Kind::Mutex {
                owner,
                depth,
                abandoned: false,
            },
        )
    }

    /// Makes a semaphore, or opens the one of this name.
    ///
    /// # Errors
    /// `InvalidHandle` when the name belongs to another kind of object.
    pub fn create_semaphore(
        &self,
        count: i32,
        maximum: i32,
        name: Option<&str>,
    ) -> Result<Creation, WaitError> {
        self.state
            .lock()
            .create(name, Kind::Semaphore { count, maximum })
    }

    /// Makes an object that [`WaitTable::complete`] signals for ever.
    #[must_use]
    pub fn create_completion(&self) -> Handle {
        let index = self.state.lock().objects.insert(Object {
            kind: Kind::Completion { result: None },
            references: 1,
            name: None,
            waiters: VecDeque::new(),
        });
        handle_of(index)
    }

    /// Opens the event of this name.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidHandle` for another kind of object.
    pub fn open_event(&self, name: &str) -> Result<Handle, WaitError> {
        self.state
            .lock()
            .open(name, |kind| matches!(kind, Kind::Event { .. }))
    }

    /// Opens the mutex of this name.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidHandle` for another kind of object.
    pub fn open_mutex(&self, name: &str) -> Result<Handle, WaitError> {
        self.state
            .lock()
            .open(name, |kind| matches!(kind, Kind::Mutex { .. }))
    }

    /// Opens the semaphore of this name.
    ///
    /// # Errors
    /// `NotFound`, or `InvalidHandle` for another kind of object.
    pub fn open_semaphore(&self, name: &str) -> Result<Handle, WaitError> {
        self.state
            .lock()
            .open(name, |kind| matches!(kind, Kind::Semaphore { .. }))
    }

    /// Signals (or resets) an event.
    ///
    /// # Errors
    /// `InvalidHandle`.
    pub fn set_event(&self, handle: Handle, signal: bool) -> Result<(), WaitError> {
        let mut state = self.state.lock();
        let object = state.object(handle)?;
        let Kind::Event { signaled, .. } = &mut object.kind else {
            return Err(WaitError::InvalidHandle);
        };
        *signaled = signal;
        if signal {
            object.wake_all();
        }
        Ok(())
    }

    /// Gives a mutex back once.
    ///
    /// # Errors
    /// `NotOwner`, `InvalidHandle`.
    pub fn release_mutex(&self, handle: Handle, thread: ThreadId) -> Result<(), WaitError> {
        let mut state = self.state.lock();
        let object = state.object(handle)?;
        let Kind::Mutex { owner, depth, .. } = &mut object.kind else {
            return Err(WaitError::InvalidHandle);
        };
        if *owner != Some(thread) {
            return Err(WaitError::NotOwner);
        }
        *depth -= 1;
        if *depth == 0 {
            *owner = None;
            object.wake_all();
        }
        Ok(())
    }

    /// Adds to a semaphore and gives its count before.
    ///
    /// # Errors
    /// `TooManyPosts`, `InvalidHandle`.
    pub fn release_semaphore(&self, handle: Handle, posts: i32) -> Result<i32, WaitError> {
        let mut state = self.state.lock();
        let object = state.object(handle)?;
        let Kind::Semaphore { count, maximum } = &mut object.kind else {
            return Err(WaitError::InvalidHandle);
        };
        let before = *count;
        match before.checked_add(posts) {
            Some(after) if posts > 0 && after <= *maximum => *count = after,
            _ => return Err(WaitError::TooManyPosts),
        }
        object.wake_all();
        Ok(before)
    }

    /// Signals a completion with its result (an exit code, say).
    ///
    /// # Errors
    /// `InvalidHandle`.
    pub fn complete(&self, handle: Handle, value: i32) -> Result<(), WaitError> {
        let mut state = self.state.lock();
        let object = state.object(handle)?;
        let Kind::Completion { result } = &mut object.kind else {
            return Err(WaitError::InvalidHandle);
        };
        result.get_or_insert(value);
        object.wake_all();
        Ok(())
    }

    /// A completion's result, `None` while it runs.
    ///
    /// # Errors
    /// `InvalidHandle`.
    pub fn completion(&self, handle: Handle) -> Result<Option<i32>, WaitError> {
        match self.state.lock().object(handle)?.kind {
            Kind::Completion { result } => Ok(result),
            _ => Err(WaitError::InvalidHandle),
        }
    }

    /// Adds a reference; the handle is then to be closed once more.
    ///
    /// # Errors
    /// `InvalidHandle`.
    pub fn duplicate(&self, handle: Handle) -> Result<Handle, WaitError> {
        self.state.lock().object(handle)?.references += 1;
        Ok(handle)
    }

    /// Closes a handle. The object goes with its last handle and wait.
    ///
    /// # Errors
    /// `InvalidHandle`.
    pub fn close(&self, handle: Handle) -> Result<(), WaitError> {
        let mut state = self.state.lock();
        state.object(handle)?;
        let index = index_of(handle).ok_or(WaitError::InvalidHandle)?;
        state.release_reference(index);
        Ok(())
    }

    /// Waits for one or all of the objects. Blocks the calling OS thread.
    ///
    /// # Errors
    /// `InvalidHandle` when one of them does not exist.
    pub fn wait(
        &self,
        thread: ThreadId,
        handles: &[Handle],
        all: bool,
        deadline: Deadline,
    ) -> Result<WaitOutcome, WaitError> {
        let mut state = self.state.lock();
        let mut indexes = Vec::with_capacity(handles.len());
        for &handle in handles {
            state.object(handle)?;
            indexes.extend(index_of(handle));
        }
        if state.interrupted.remove(&thread).is_some() {
            return Ok(WaitOutcome::Interrupted);
        }
        if let Some(position) = state.ready(&indexes, all, thread) {
            return Ok(state.take(&indexes, all, position, thread));
        }
        let waiter = Arc::new(Waiter {
            thread,
            wake: Condvar::new(),
        });
        for &index in &indexes {
            state.objects[index].references += 1;
            state.objects[index].waiters.push_back(Arc::clone(&waiter));
        }
        state.waiting.insert(thread, Arc::clone(&waiter));
        let outcome = Self::block(&mut state, &waiter, &indexes, all, deadline);
        state.waiting.remove(&thread);
        for &index in &indexes {
            state.objects[index]
                .waiters
                .retain(|other| !Arc::ptr_eq(other, &waiter));
            state.release_reference(index);
        }
        Ok(outcome)
    }

    fn block(
        state: &mut MutexGuard<'_, State>,
        waiter: &Waiter,
        indexes: &[usize],
        all: bool,
        deadline: Deadline,
    ) -> WaitOutcome {
        loop {
            let timed_out = match deadline.instant() {
                Some(instant) => waiter.wake.wait_until(state, instant).timed_out(),
                None => {
                    waiter.wake.wait(state);
                    false
                }
            };
            if let Some(position) = state.ready(indexes, all, waiter.thread) {
                return state.take(indexes, all, position, waiter.thread);
            }
            if state.interrupted.remove(&waiter.thread).is_some() {
                return WaitOutcome::Interrupted;
            }
            if timed_out {
                return WaitOutcome::Timeout;
            }
        }
    }

    /// Sleeps; only an interruption ends it early.
    #[must_use]
    pub fn sleep(&self, thread: ThreadId, deadline: Deadline) -> WaitOutcome {
        // Waiting for nothing is always an error-free wait; `all` of no objects would be ready at once.
        self.wait(thread, &[], false, deadline)
            .unwrap_or(WaitOutcome::Timeout)
    }

    /// Interrupts the thread's current wait, or its next one.
    pub fn interrupt(&self, thread: ThreadId) {
        let mut state = self.state.lock();
        state.interrupted.insert(thread, ());
        if let Some(waiter) = state.waiting.get(&thread) {
            waiter.wake.notify_one();
        }
    }

    /// Takes an interruption that nobody has seen yet.
    pub fn clear_interrupt(&self, thread: ThreadId) -> bool {
        self.state.lock().interrupted.remove(&thread).is_some()
    }

    /// Abandons the mutexes of a thread that has ended.
    pub fn thread_ended(&self, thread: ThreadId) {
        let mut state = self.state.lock();
        state.interrupted.remove(&thread);
        for (_, object) in &mut state.objects {
            if let Kind::Mutex {
                owner,
                depth,
                abandoned,
            } = &mut object.kind
                && *owner == Some(thread)
            {
                (*owner, *depth, *abandoned) = (None, 0, true);
                object.wake_all();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ThreadId = ThreadId(1);
    const B: ThreadId = ThreadId(2);

    fn now() -> Deadline {
        Deadline::after(0)
    }

    #[test]
    fn auto_reset_events_release_one_wait() {
        let table = WaitTable::default();
        let event = table.create_event(false, true, None).unwrap().handle;
        assert_eq!(
            table.wait(A, &[event], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(
            table.wait(A, &[event], false, now()),
            Ok(WaitOutcome::Timeout)
        );
        table.set_event(event, true).unwrap();
        table.set_event(event, false).unwrap();
        assert_eq!(
            table.wait(A, &[event], false, now()),
            Ok(WaitOutcome::Timeout)
        );
        table.close(event).unwrap();
        assert_eq!(table.close(event), Err(WaitError::InvalidHandle));
    }

    #[test]
    fn wait_any_and_wait_all() {
        let table = WaitTable::default();
        let a = table.create_event(true, false, None).unwrap().handle;
        let b = table.create_event(false, true, None).unwrap().handle;
        assert_eq!(
            table.wait(A, &[a, b], true, now()),
            Ok(WaitOutcome::Timeout)
        );
        // The failed wait for both took nothing.
        assert_eq!(
            table.wait(A, &[a, b], false, now()),
            Ok(WaitOutcome::Signaled(1))
        );
        table.set_event(a, true).unwrap();
        table.set_event(b, true).unwrap();
        assert_eq!(
            table.wait(A, &[a, b], true, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(table.wait(A, &[b], false, now()), Ok(WaitOutcome::Timeout));
    }

    #[test]
    fn mutexes_are_recursive_and_can_be_abandoned() {
        let table = WaitTable::default();
        let mutex = table.create_mutex(Some(A), None).unwrap().handle;
        assert_eq!(
            table.wait(A, &[mutex], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(
            table.wait(B, &[mutex], false, now()),
            Ok(WaitOutcome::Timeout)
        );
        assert_eq!(table.release_mutex(mutex, B), Err(WaitError::NotOwner));
        table.release_mutex(mutex, A).unwrap();
        assert_eq!(
            table.wait(B, &[mutex], false, now()),
            Ok(WaitOutcome::Timeout)
        );
        table.thread_ended(A);
        assert_eq!(
            table.wait(B, &[mutex], false, now()),
            Ok(WaitOutcome::Abandoned(0))
        );
        assert_eq!(
            table.wait(B, &[mutex], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
    }

    #[test]
    fn semaphores_count_to_their_maximum() {
        let table = WaitTable::default();
        let semaphore = table.create_semaphore(1, 2, None).unwrap().handle;
        assert_eq!(table.release_semaphore(semaphore, 1), Ok(1));
        assert_eq!(
            table.release_semaphore(semaphore, 1),
            Err(WaitError::TooManyPosts)
        );
        assert_eq!(
            table.wait(A, &[semaphore], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(
            table.wait(A, &[semaphore], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(
            table.wait(A, &[semaphore], false, now()),
            Ok(WaitOutcome::Timeout)
        );
    }

    #[test]
    fn names_are_shared_and_typed() {
        let table = WaitTable::default();
        let first = table.create_mutex(None, Some("n")).unwrap();
        let second = table.create_mutex(None, Some("n")).unwrap();
        assert_eq!((first.existed, second.existed), (false, true));
        assert_eq!(first.handle, second.handle);
        assert_eq!(
            table.create_event(true, true, Some("n")),
            Err(WaitError::InvalidHandle)
        );
        assert_eq!(table.open_event("n"), Err(WaitError::InvalidHandle));
        table.close(first.handle).unwrap();
        assert!(table.open_mutex("n").is_ok());
        table.close(first.handle).unwrap();
        table.close(first.handle).unwrap();
        assert_eq!(table.open_mutex("n"), Err(WaitError::NotFound));
    }

    #[test]
    fn a_signal_wakes_a_blocked_thread() {
        let table = Arc::new(WaitTable::default());
        let event = table.create_event(false, false, None).unwrap().handle;
        let other = Arc::clone(&table);
        let thread =
            std::thread::spawn(move || other.wait(B, &[event], false, Deadline::after(-1)));
        while table.state.lock().waiting.is_empty() {
            std::thread::yield_now();
        }
        table.set_event(event, true).unwrap();
        assert_eq!(thread.join().unwrap(), Ok(WaitOutcome::Signaled(0)));
    }

    #[test]
    fn interruption_ends_a_wait() {
        let table = Arc::new(WaitTable::default());
        let other = Arc::clone(&table);
        let thread = std::thread::spawn(move || other.sleep(B, Deadline::after(-1)));
        while table.state.lock().waiting.is_empty() {
            std::thread::yield_now();
        }
        table.interrupt(B);
        assert_eq!(thread.join().unwrap(), WaitOutcome::Interrupted);
        table.interrupt(A);
        assert_eq!(table.sleep(A, now()), WaitOutcome::Interrupted);
        assert!(!table.clear_interrupt(A));
        assert_eq!(table.sleep(A, now()), WaitOutcome::Timeout);
    }

    #[test]
    fn two_threads_take_turns_with_one_event() {
        let table = Arc::new(WaitTable::default());
        let ping = table.create_event(false, false, None).unwrap().handle;
        let pong = table.create_event(false, false, None).unwrap().handle;
        let other = Arc::clone(&table);
        let thread = std::thread::spawn(move || {
            for _ in 0..1000 {
                other.wait(B, &[ping], false, Deadline::after(-1)).unwrap();
                other.set_event(pong, true).unwrap();
            }
        });
        for _ in 0..1000 {
            table.set_event(ping, true).unwrap();
            table.wait(A, &[pong], false, Deadline::after(-1)).unwrap();
        }
        thread.join().unwrap();
    }

    #[test]
    fn completions_stay_signaled() {
        let table = WaitTable::default();
        let process = table.create_completion();
        assert_eq!(table.completion(process), Ok(None));
        table.complete(process, 3).unwrap();
        table.complete(process, 4).unwrap();
        assert_eq!(table.completion(process), Ok(Some(3)));
        assert_eq!(
            table.wait(A, &[process], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
        assert_eq!(
            table.wait(A, &[process], false, now()),
            Ok(WaitOutcome::Signaled(0))
        );
    }
}
