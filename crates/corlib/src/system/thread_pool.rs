//! The native side of `System.Threading.ThreadPool`: workers that run the managed queue.
//!
//! Managed code keeps the queue and asks for workers; a worker calls
//! `_ThreadPoolWaitCallback.PerformWaitCallback` once per request. Up to the minimum, workers
//! start at once; above it, one more starts whenever requests have waited for a while
//! without any being taken.

use std::sync::Arc;
use std::time::Duration;

use ferrocil_vm::{Domain, MethodPtr, Runtime};
use parking_lot::{Condvar, Mutex};

use super::support::loaded;
use super::thread::{end_pool_thread, prepare_pool_thread, unhandled};
use crate::prelude::{ByRef, IcallTable, Managed, Thread, icall, throw};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Threading.ThreadPool")
        .add("GetAvailableThreadsNative", icall(available))
        .add("GetMaxThreadsNative", icall(maximum))
        .add("GetMinThreadsNative", icall(minimum))
        .add("InitializeVMTp", icall(initialize))
        .add("NotifyWorkItemComplete", icall(item_complete))
        .add("NotifyWorkItemProgressNative", icall(nothing))
        .add("NotifyWorkItemQueued", icall(nothing))
        .add("PostQueuedCompletionStatus", icall(post_completion))
        .add("ReportThreadStatus", icall(report_status))
        .add("RequestWorkerThread", icall(request))
        .add("SetMaxThreadsNative", icall(set_maximum))
        .add("SetMinThreadsNative", icall(set_minimum));
}

/// How long a worker without work lives.
const IDLE: Duration = Duration::from_secs(10);
/// How long requests may wait before another worker starts.
const STARVATION: Duration = Duration::from_millis(100);
/// Most workers per processor, as Mono has it.
const WORKERS_PER_PROCESSOR: i32 = 100;

/// The pool of a runtime.
#[derive(Debug, Default)]
struct Pool {
    state: Mutex<State>,
    wake: Condvar,
    /// A worker has ended.
    gone: Condvar,
}

#[derive(Debug)]
struct State {
    requests: usize,
    workers: i32,
    idle: i32,
    /// Requests taken so far.
    taken: u64,
    monitored: bool,
    /// The runtime ends: workers go as soon as they are idle.
    stopping: bool,
    min: (i32, i32),
    max: (i32, i32),
}

impl Default for State {
    fn default() -> Self {
        let processors =
            std::thread::available_parallelism().map_or(1, |n| i32::try_from(n.get()).unwrap_or(1));
        let max = processors.saturating_mul(WORKERS_PER_PROCESSOR);
        State {
            requests: 0,
            workers: 0,
            idle: 0,
            taken: 0,
            monitored: false,
            stopping: false,
            min: (processors, processors),
            max: (max, max),
        }
    }
}

/// Where a worker belongs.
#[derive(Clone, Copy)]
struct Home {
    runtime: usize,
    domain: usize,
}

fn initialize(_t: &Thread, tracking: ByRef<u8>) -> Managed<()> {
    tracking.set(0);
    Ok(())
}

fn nothing(_t: &Thread) -> Managed<()> {
    Ok(())
}

fn report_status(_t: &Thread, _working: u8) -> Managed<()> {
    Ok(())
}

/// Whether the worker may go on with the queue: the number of workers never shrinks under them.
fn item_complete(_t: &Thread) -> Managed<bool> {
    Ok(true)
}

fn post_completion(t: &Thread, _overlapped: usize) -> Managed<bool> {
    Err(throw(
        t,
        "System",
        "NotSupportedException",
        "Overlapped completion ports are not supported.",
    ))
}

fn minimum(t: &Thread, workers: ByRef<i32>, completion: ByRef<i32>) -> Managed<()> {
    let (a, b) = t.runtime().ext::<Pool>().state.lock().min;
    workers.set(a);
    completion.set(b);
    Ok(())
}

fn maximum(t: &Thread, workers: ByRef<i32>, completion: ByRef<i32>) -> Managed<()> {
    let (a, b) = t.runtime().ext::<Pool>().state.lock().max;
    workers.set(a);
    completion.set(b);
    Ok(())
}

fn available(t: &Thread, workers: ByRef<i32>, completion: ByRef<i32>) -> Managed<()> {
    let pool = t.runtime().ext::<Pool>();
    let state = pool.state.lock();
    workers.set((state.max.0 - (state.workers - state.idle)).max(0));
    completion.set(state.max.1);
    Ok(())
}

fn set_minimum(t: &Thread, workers: i32, completion: i32) -> Managed<bool> {
    let pool = t.runtime().ext::<Pool>();
    let mut state = pool.state.lock();
    let fits = workers > 0 && workers <= state.max.0 && completion > 0 && completion <= state.max.1;
    if fits {
        state.min = (workers, completion);
    }
    Ok(fits)
}

fn set_maximum(t: &Thread, workers: i32, completion: i32) -> Managed<bool> {
    let pool = t.runtime().ext::<Pool>();
    let mut state = pool.state.lock();
    let processors = State::default().min.0;
    let least = (state.min.0.max(processors), state.min.1.max(processors));
    let fits = workers >= least.0 && completion >= least.1;
    if fits {
        state.max = (workers, completion);
    }
    Ok(fits)
}

fn request(t: &Thread) -> Managed<bool> {
    let pool = t.runtime().ext::<Pool>();
    let home = Home {
        runtime: std::ptr::from_ref(t.runtime()) as usize,
        domain: std::ptr::from_ref(t.domain()) as usize,
    };
    let mut state = pool.state.lock();
    if state.stopping {
        return Ok(false);
    }
    state.requests += 1;
    if state.idle >= i32::try_from(state.requests).unwrap_or(i32::MAX) {
        pool.wake.notify_one();
    } else if state.workers < state.min.0 {
        pool.start_worker(&mut state, home);
    } else {
        pool.wake.notify_one();
        pool.start_monitor(&mut state, home);
    }
    Ok(true)
}

impl Pool {
    fn start_worker(self: &Arc<Self>, state: &mut State, home: Home) {
        let pool = Arc::clone(self);
        let spawned = std::thread::Builder::new()
            .stack_size(super::thread::STACK)
            .spawn(move || work(&pool, home));
        if spawned.is_ok() {
            state.workers += 1;
        }
    }

    /// Starts the thread that adds workers when all are busy for long.
    fn start_monitor(self: &Arc<Self>, state: &mut State, home: Home) {
        if state.monitored {
            return;
        }
        let pool = Arc::clone(self);
        let spawned = std::thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || {
                let mut before = None;
                loop {
                    std::thread::sleep(STARVATION);
                    let mut state = pool.state.lock();
                    if state.requests == 0 || state.workers == 0 || state.stopping {
                        state.monitored = false;
                        return;
                    }
                    let starving = before == Some(state.taken) && state.idle == 0;
                    if starving && state.workers < state.max.0 {
                        pool.start_worker(&mut state, home);
                    }
                    before = Some(state.taken);
                }
            });
        state.monitored = spawned.is_ok();
    }

    fn worker_gone(&self) {
        self.state.lock().workers -= 1;
        self.gone.notify_all();
    }

    /// Waits for a request; `false`: none came for a long time.
    fn next(&self) -> bool {
        let mut state = self.state.lock();
        while state.requests == 0 || state.stopping {
            if state.stopping {
                return false;
            }
            state.idle += 1;
            let timed_out = self.wake.wait_for(&mut state, IDLE).timed_out();
            state.idle -= 1;
            if timed_out && state.requests == 0 {
                return false;
            }
        }
        state.requests -= 1;
        state.taken += 1;
        true
    }
}

/// The body of a worker.
fn work(pool: &Arc<Pool>, home: Home) {
    // SAFETY: a runtime outlives its pool's threads: its process or host ends them first.
    let runtime: &Runtime = unsafe { &*(home.runtime as *const Runtime) };
    // SAFETY: the runtime keeps its domains.
    let domain: &Domain = unsafe { &*(home.domain as *const Domain) };
    let Some(thread) = runtime.attach(domain) else {
        pool.worker_gone();
        return;
    };
    let t: &Thread = &thread;
    let callback = t.managed(|| {
        prepare_pool_thread(t)?;
        callback(t)
    });
    match callback {
        Ok(callback) => {
            while pool.next() {
                t.managed(|| {
                    if t.invoke(callback, None, &[]).is_err() {
                        let exception = t.take_pending();
                        unhandled(t, exception);
                    }
                });
            }
        }
        Err(_) => {
            t.managed(|| unhandled(t, t.take_pending()));
        }
    }
    end_pool_thread(t);
    drop(thread);
    pool.worker_gone();
}

/// Ends the workers that have nothing to do, and waits for them a moment.
pub fn stop_thread_pool(runtime: &Runtime) {
    const PATIENCE: Duration = Duration::from_millis(100);
    let pool = runtime.ext::<Pool>();
    let mut state = pool.state.lock();
    state.stopping = true;
    pool.wake.notify_all();
    while state.workers > 0 {
        if pool.gone.wait_for(&mut state, PATIENCE).timed_out() {
            return;
        }
    }
}

/// `_ThreadPoolWaitCallback.PerformWaitCallback`
fn callback(t: &Thread) -> Managed<MethodPtr> {
    let class = super::support::corlib_class(t, "System.Threading", "_ThreadPoolWaitCallback")?;
    match loaded(
        t,
        t.runtime()
            .find_method(class, "PerformWaitCallback", Some(0)),
    )? {
        Some(method) => Ok(method),
        None => Err(throw(
            t,
            "System",
            "MissingMethodException",
            "PerformWaitCallback",
        )),
    }
}
