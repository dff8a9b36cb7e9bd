//! Compiling again what is called often.
//!
//! A method without loops, or of corlib, first gets quick code, behind a stub that counts its calls. When the
//! count is used up, its calls go to the quick code directly and the method waits for the
//! runtime's compiler thread, which publishes optimised code: in the method's cell, in the
//! slots of vtables and in the pairs of interface method tables. The quick code stays: frames may
//! be in it.

use std::collections::VecDeque;
use std::thread::JoinHandle;
use std::time::Duration;

use ferrocil_jit::Tier;
use parking_lot::{Condvar, Mutex};

use super::host::Host;
use crate::codecache::CodeCache;
use crate::domain::EntryPtr;
use crate::runtime::Runtime;
use crate::threads::Thread;

/// Which code methods get.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TierPolicy {
    /// Quick code for methods without loops and those of corlib; optimised code for the others, and
    /// for those that are called often.
    #[default]
    Auto,
    /// Quick code only.
    Quick,
    /// Optimised code at the first call.
    Optimized,
}

/// Calls before a method is compiled again, unless the options say otherwise.
pub const CALLS_BEFORE_TIER_UP: u32 = 2000;

/// The same for methods with loops that started with quick code.
pub(super) const CALLS_OF_LOOPS: u32 = 30;

/// Methods compiled again before their code is put into vtables.
const BATCH: usize = 32;

/// How long the compiler thread has nothing to do before it writes new code to the code cache.
const SAVE_AFTER: Duration = Duration::from_secs(2);

/// What the compiler thread does next.
enum Next {
    Compile(EntryPtr),
    Publish,
    Save,
}

/// The compiler thread's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Tiering {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<EntryPtr>,
    stop: bool,
    thread: Option<JoinHandle<()>>,
}

impl Runtime {
    /// Has a method compiled again in the background.
    pub(crate) fn tier_up(&self, entry: EntryPtr) {
        let mut state = self.tiering.state.lock();
        if state.stop {
            return;
        }
        state.queue.push_back(entry);
        if state.thread.is_some() {
            self.tiering.wake.notify_one();
            return;
        }
        let address = std::ptr::from_ref(self) as usize;
        state.thread = std::thread::Builder::new()
            .name("Compiler".into())
            .stack_size(8 << 20)
            .spawn(move || {
                // SAFETY: `stop_tiering` joins this thread before the runtime is dropped.
                let runtime = unsafe { &*(address as *const Runtime) };
                runtime.compile_hot_methods();
            })
            .ok();
    }

    /// Ends the compiler thread. The compilation it is at runs to its end.
    pub fn stop_tiering(&self) {
        let handle = {
            let mut state = self.tiering.state.lock();
            state.stop = true;
            state.queue.clear();
            self.tiering.wake.notify_all();
            state.thread.take()
        };
        if let Some(handle) = handle {
            // It does not panic on purpose; a panic has been printed.
            let _ = handle.join();
        }
    }

    fn compile_hot_methods(&self) {
        let Some(thread) = self.attach(self.root_domain()) else {
            return;
        };
        let mut done: Vec<EntryPtr> = Vec::new();
        loop {
            let next = {
                let mut state = self.tiering.state.lock();
                loop {
                    if state.stop {
                        return;
                    }
                    if let Some(entry) = state.queue.pop_front() {
                        break Next::Compile(entry);
                    }
                    if !done.is_empty() {
                        break Next::Publish;
                    }
                    let unsaved = self.code_cache().is_some_and(CodeCache::has_new);
                    if !unsaved {
                        self.tiering.wake.wait(&mut state);
                    } else if self
                        .tiering
                        .wake
                        .wait_for(&mut state, SAVE_AFTER)
                        .timed_out()
                    {
                        break Next::Save;
                    }
                }
            };
            match next {
                Next::Compile(entry) => {
                    if self.compile_again(&thread, entry) {
                        done.push(entry);
                    }
                    if done.len() < BATCH {
                        continue;
                    }
                }
                Next::Publish => {}
                Next::Save => {
                    // A process that is killed has lost only what is newer. A cache that cannot be
                    // written costs the next start time, nothing else.
                    let _ = self.save_code_cache();
                    continue;
                }
            }
            for domain in self.domains().iter() {
                domain.publish_in_vtables(&done);
            }
            done.clear();
        }
    }

    /// Whether there is new code to be put into vtables.
    fn compile_again(&self, thread: &Thread, entry: EntryPtr) -> bool {
        if entry.tier() == Some(Tier::Quick) {
            let host = Host {
                runtime: self,
                domain: entry.domain(),
                thread,
                recorder: None,
            };
            // What cannot be compiled keeps its quick code.
            let Ok((code, tier)) = host.compile(entry.method, Some(Tier::Optimized)) else {
                return false;
            };
            entry.set_code(code, tier);
        }
        entry.finish(entry);
        true
    }
}
