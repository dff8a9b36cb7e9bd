//! Work beside the mutators: marking old objects, sweeping, giving pages back.

use core::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{Heap, Marking};
use crate::binding::VmBinding;
use crate::collect::{Marker, Plane, sweep_some};

/// Objects marked, blocks swept, pages given back while a lock is held: each some
/// ten microseconds, which a pause or an allocation may have to wait.
const MARK_STEP: usize = 256;
const SWEEP_STEP: usize = 32;
const RELEASE_STEP: usize = 64;
/// How long the background thread waits for a pause to end before it looks again.
const PAUSE_NAP: Duration = Duration::from_micros(100);

/// The mailbox of the thread in [`Heap::work_in_background`].
#[derive(Default)]
pub(super) struct Background {
    mail: Mutex<Mail>,
    wake: Condvar,
    /// The binding has been asked for a thread.
    asked: AtomicBool,
    /// There is a thread.
    present: AtomicBool,
    /// Threads that are about to stop the world, or have it stopped.
    pausing: AtomicUsize,
}

#[derive(Default)]
struct Mail {
    work: bool,
    stop: bool,
}

/// A pause, as the background thread sees it: it takes no lock meanwhile.
pub(super) struct Pausing<'a>(&'a Background);

impl Drop for Pausing<'_> {
    fn drop(&mut self) {
        self.0.pausing.fetch_sub(1, Release);
    }
}

impl Background {
    pub(super) fn pause(&self) -> Pausing<'_> {
        self.pausing.fetch_add(1, Acquire);
        Pausing(self)
    }

    /// Whether a thread works in the background.
    pub(super) fn is_present(&self) -> bool {
        self.present.load(Acquire)
    }
}

/// What a step of the background thread met.
enum Step {
    /// There is more to do.
    More,
    /// There may be more to do after the pause.
    Pause,
    /// Nothing to do until the next collection.
    Idle,
}

impl<B: VmBinding> Heap<B> {
    /// Marks old objects, sweeps, and gives free pages back to the system while
    /// mutators run, until [`stop_background`](Heap::stop_background) is called.
    /// For one thread of the VM's, which is no mutator; see
    /// [`VmBinding::background_wanted`]. Without it, collections and allocations
    /// do all that themselves.
    ///
    /// [`VmBinding::shape`] is then called for old objects while mutators use
    /// them: it must read nothing that a mutator writes except atomically.
    pub fn work_in_background(&self) {
        self.background.present.store(true, Release);
        while self.wait_for_work() {
            loop {
                match self.background_step() {
                    Step::More => {}
                    Step::Pause => std::thread::sleep(PAUSE_NAP),
                    Step::Idle => break,
                }
                if self.background.mail.lock().stop {
                    break;
                }
            }
        }
        self.background.present.store(false, Release);
    }

    /// Has [`work_in_background`](Heap::work_in_background) return soon, now and
    /// whenever it is called again.
    pub fn stop_background(&self) {
        self.background.mail.lock().stop = true;
        self.background.wake.notify_all();
    }

    /// Waits for work. False: it is time to stop.
    fn wait_for_work(&self) -> bool {
        let mut mail = self.background.mail.lock();
        while !mail.work && !mail.stop {
            self.background.wake.wait(&mut mail);
        }
        mail.work = false;
        !mail.stop
    }

    fn background_step(&self) -> Step {
        if self.background.pausing.load(Acquire) != 0 {
            return Step::Pause;
        }
        {
            let mut space = self.space.lock();
            if space.is_sweeping() {
                sweep_some(&self.core, &mut space, SWEEP_STEP);
                return Step::More;
            }
            if space.release_some(&self.core, RELEASE_STEP) {
                return Step::More;
            }
        }
        if self.mark_step(MARK_STEP) {
            Step::More
        } else {
            Step::Idle
        }
    }

    /// After a collection: wakes the background thread if there is work for it,
    /// or asks for one.
    pub(super) fn wake_background(&self) {
        let background = &self.background;
        if !background.is_present() {
            if !background.asked.swap(true, Relaxed) {
                background.mail.lock().work = true;
                // It counts as present before it runs: the next pause leaves the work to it.
                if self.binding.background_wanted() {
                    background.present.store(true, Release);
                }
            }
            return;
        }
        background.mail.lock().work = true;
        background.wake.notify_one();
    }

    /// Marks some old objects, about `objects`, while mutators run; for a
    /// thread that is no running mutator. Returns whether there is more to do
    /// now.
    ///
    /// [`VmBinding::shape`] is then called for old objects, as in
    /// [`work_in_background`](Heap::work_in_background).
    pub fn mark_step(&self, objects: usize) -> bool {
        let mut marking = self.marking.lock();
        let Marking {
            major,
            major_active,
            ..
        } = &mut *marking;
        if !*major_active {
            return false;
        }
        let plane = Plane::Concurrent;
        let mut marker = Marker::new(&self.core, &self.binding, plane, 0, false, major);
        if marker.drain_some(objects) {
            marker.scan_dirty();
        }
        !marker.is_waiting()
    }
}
