//! `System.IOSelector`: one thread per runtime waits for sockets and hands the jobs
//! that wait for them to the managed thread pool.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use ferrocil_gc::HandleId;
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};

/// A job that waits for a socket. It owns the handle that keeps the managed job alive.
#[derive(Debug)]
pub struct Job {
    /// The socket, kept open while it is waited for.
    pub socket: Arc<OwnedFd>,
    /// Whether it waits for room to write (or for data).
    pub write: bool,
    /// Handle of the managed `IOSelectorJob`.
    pub object: HandleId,
}

#[derive(Debug)]
struct Shared {
    jobs: Mutex<Vec<Job>>,
    stop: std::sync::atomic::AtomicBool,
    wake: OwnedFd,
}

/// Called on the selector's thread with the jobs that are ready.
pub type Dispatch = Box<dyn FnMut(Vec<Job>) + Send>;

/// The selector of a runtime. Its thread starts with the first job and ends with the selector.
#[derive(Default, Debug)]
pub struct Selector {
    running: OnceLock<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Selector {
    /// Adds a job; `dispatch` is made once, for the thread. False when the thread cannot start.
    pub fn add(&self, job: Job, dispatch: impl FnOnce() -> Dispatch) -> bool {
        let running = self.running.get_or_init(|| start(dispatch()));
        let Some(running) = running else { return false };
        running.shared.jobs.lock().push(job);
        running.shared.wake();
        true
    }

    /// Takes the jobs that wait for a socket, which is about to close.
    pub fn remove(&self, descriptor: RawFd) -> Vec<Job> {
        let Some(Some(running)) = self.running.get() else {
            return Vec::new();
        };
        let mut jobs = running.shared.jobs.lock();
        let removed = jobs
            .extract_if(.., |job| job.socket.as_raw_fd() == descriptor)
            .collect();
        drop(jobs);
        running.shared.wake();
        removed
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        if let Some(Some(running)) = self.running.get() {
            running
                .shared
                .stop
                .store(true, std::sync::atomic::Ordering::SeqCst);
            running.shared.wake();
            if let Some(thread) = running.thread.lock().take()
                && thread.thread().id() != std::thread::current().id()
            {
                // A panic there was reported by its own thread.
                let _ = thread.join();
            }
        }
    }
}

impl Shared {
    fn wake(&self) {
        // A full counter has woken the thread already.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    fn run(&self, mut dispatch: Dispatch) {
        while !self.stop.load(std::sync::atomic::Ordering::SeqCst) {
            let waiting: Vec<(Arc<OwnedFd>, bool)> = self
                .jobs
                .lock()
                .iter()
                .map(|job| (Arc::clone(&job.socket), job.write))
                .collect();
            let mut entries = vec![PollFd::new(&self.wake, PollFlags::IN)];
            entries.extend(waiting.iter().map(|(socket, write)| {
                PollFd::new(
                    &**socket,
                    if *write {
                        PollFlags::OUT
                    } else {
                        PollFlags::IN
                    },
                )
            }));
            if poll(&mut entries, None).is_err() {
                continue;
            }
            if !entries[0].revents().is_empty() {
                let mut counter = [0; 8];
                // Non-blocking: only takes the wake-up back.
                let _ = rustix::io::read(&self.wake, &mut counter);
            }
            let ready: Vec<(RawFd, bool)> = entries[1..]
                .iter()
                .zip(&waiting)
                .filter(|(entry, _)| !entry.revents().is_empty())
                .map(|(_, (socket, write))| (socket.as_raw_fd(), *write))
                .collect();
            drop(entries);
            drop(waiting);
            if !ready.is_empty() {
                let jobs = self
                    .jobs
                    .lock()
                    .extract_if(.., |job| {
                        ready.contains(&(job.socket.as_raw_fd(), job.write))
                    })
                    .collect();
                dispatch(jobs);
            }
        }
    }
}

fn start(dispatch: Dispatch) -> Option<Running> {
    let wake = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()?;
    let shared = Arc::new(Shared {
        jobs: Mutex::default(),
        stop: false.into(),
        wake,
    });
    let mine = Arc::clone(&shared);
    let thread = std::thread::Builder::new()
        .name("I/O selector".into())
        .spawn(move || mine.run(dispatch))
        .ok()?;
    Some(Running {
        shared,
        thread: Mutex::new(Some(thread)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(bits: u32) -> HandleId {
        HandleId::from_bits(bits).unwrap()
    }

    #[test]
    fn ready_sockets_dispatch_their_jobs() {
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let (reader, writer) = (Arc::new(reader), Arc::new(writer));
        let (sender, receiver) = std::sync::mpsc::channel();
        let selector = Selector::default();
        let dispatch = || -> Dispatch {
            Box::new(move |jobs| {
                for job in jobs {
                    sender.send(job.object.to_bits()).unwrap();
                }
            })
        };
        let read = Job {
            socket: Arc::clone(&reader),
            write: false,
            object: handle(11),
        };
        assert!(selector.add(read, dispatch));
        let unused = || -> Dispatch { Box::new(|_| ()) };
        assert!(selector.add(
            Job {
                socket: Arc::clone(&writer),
                write: true,
                object: handle(19)
            },
            unused
        ));
        assert_eq!(receiver.recv().unwrap(), 19);
        rustix::io::write(&*writer, b"x").unwrap();
        assert_eq!(receiver.recv().unwrap(), 11);
        let (quiet, _keep) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let number = quiet.as_raw_fd();
        assert!(selector.add(
            Job {
                socket: Arc::new(quiet),
                write: false,
                object: handle(27)
            },
            unused
        ));
        assert_eq!(selector.remove(number).len(), 1);
        assert!(selector.remove(number).is_empty());
    }
}
