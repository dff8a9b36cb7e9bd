//! How the toy VM stops its threads. The models run this very code with `loom`'s locks: `sync` is
//! whatever the including module names so.

use super::sync::{AtomicBool, Condvar, Mutex, Ordering};

struct State {
    /// Threads that run managed code.
    running: usize,
    stopper: bool,
}

pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
    /// What polls look at.
    stop: AtomicBool,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate {
            state: Mutex::new(State {
                running: 0,
                stopper: false,
            }),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
        }
    }
}

impl Gate {
    /// A thread goes to native code: it counts as stopped.
    pub fn leave(&self) {
        let mut state = self.state.lock().expect("gate");
        state.running -= 1;
        self.changed.notify_all();
    }

    /// It comes back, when the world is not stopped.
    pub fn enter(&self) {
        let mut state = self.state.lock().expect("gate");
        while state.stopper {
            state = self.changed.wait(state).expect("gate");
        }
        state.running += 1;
    }

    /// A safepoint.
    pub fn poll(&self) {
        if self.stop.load(Ordering::Acquire) {
            self.leave();
            self.enter();
        }
    }

    /// Stops all threads but the caller, who must be running.
    pub fn stop_world(&self) {
        self.leave();
        let mut state = self.state.lock().expect("gate");
        while state.stopper {
            state = self.changed.wait(state).expect("gate");
        }
        state.stopper = true;
        self.stop.store(true, Ordering::Release);
        while state.running != 0 {
            state = self.changed.wait(state).expect("gate");
        }
    }

    pub fn resume_world(&self) {
        let mut state = self.state.lock().expect("gate");
        state.stopper = false;
        state.running += 1;
        self.stop.store(false, Ordering::Release);
        self.changed.notify_all();
    }
}
