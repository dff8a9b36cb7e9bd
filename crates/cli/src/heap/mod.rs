//! `ferrocil heap`: pictures of a program's heap, in one HTML file.

mod map;
mod page;
mod timeline;

use std::fs;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ferrocil::{CollectionRecord, HeapReport, Runtime};

use crate::options::HeapView;

/// Pictures kept in the page; the oldest go first.
const MOST_PICTURES: usize = 16;
/// Collections kept for the timeline; later ones are counted only.
const MOST_COLLECTIONS: usize = 100_000;

/// A collection and when it ended, since the start.
#[derive(Clone, Copy, Debug)]
struct Timed {
    at: Duration,
    record: CollectionRecord,
}

/// The heap at one moment.
#[derive(Debug)]
struct Picture {
    at: Duration,
    why: String,
    report: HeapReport,
}

/// The wish for a picture, and its reason.
type Wish = String;

/// Watches a runtime's collections and draws.
#[derive(Clone)]
pub struct Watch {
    shared: Arc<Shared>,
}

struct Shared {
    runtime: Runtime,
    view: HeapView,
    program: String,
    started: Instant,
    collections: Arc<Mutex<Vec<Timed>>>,
    pictures: Mutex<Vec<Picture>>,
}

/// Keeps SIGUSR1 from ending the process: a thread of [`Watch`] waits for it.
/// To be called before there is another thread.
pub fn block_signal() {
    // SAFETY: a signal set is plain integers; the calls change this thread's mask only.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGUSR1);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Waits until the process gets SIGUSR1.
fn wait_for_signal() -> bool {
    // SAFETY: as in `block_signal`; the signal is blocked, as sigwait wants it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGUSR1);
        let mut signal = 0;
        libc::sigwait(&raw const set, &raw mut signal) == 0
    }
}

/// The last picture, when the program ends.
pub fn finish(watch: Option<&Watch>) {
    if let Some(watch) = watch {
        watch.draw("at the end".to_owned());
        eprintln!(
            "ferrocil: the heap is drawn in {}",
            watch.shared.view.output.display()
        );
    }
}

impl Watch {
    /// Begins to watch.
    pub fn start(runtime: &Runtime, view: HeapView, program: String) -> Watch {
        let (wishes, granted) = mpsc::channel::<Wish>();
        let started = Instant::now();
        let collections = Arc::new(Mutex::new(Vec::new()));
        let watch = Watch {
            shared: Arc::new(Shared {
                runtime: runtime.clone(),
                view,
                program,
                started,
                collections: Arc::clone(&collections),
                pictures: Mutex::default(),
            }),
        };
        let every = watch.shared.view.every;
        let wish = wishes.clone();
        runtime.on_collection(move |record| {
            let at = started.elapsed();
            let mut all = lock(&collections);
            if all.len() < MOST_COLLECTIONS {
                all.push(Timed {
                    at,
                    record: *record,
                });
            }
            if every.is_some_and(|n| record.number % n == 0) {
                // When nobody draws any more, the program is ending.
                let _ = wish.send(format!("after collection {}", record.number));
            }
        });
        let drawing = watch.clone();
        let drawer = move || {
            for why in granted {
                drawing.draw(why);
            }
        };
        if spawn("heap pictures", drawer) && spawn("SIGUSR1", move || signals(&wishes)) {
            return watch;
        }
        eprintln!("ferrocil: no thread for pictures: there is one at the end only");
        watch
    }

    /// Takes a picture and writes the page. Holds no lock while the world is stopped.
    fn draw(&self, why: String) {
        let shared = &self.shared;
        if shared.view.collect {
            shared.runtime.collect();
        }
        let report = shared.runtime.heap_report();
        let at = shared.started.elapsed();
        let collections = lock(&shared.collections).clone();
        let mut pictures = lock(&shared.pictures);
        if pictures.len() == MOST_PICTURES {
            pictures.remove(0);
        }
        pictures.push(Picture { at, why, report });
        let page = page::html(&shared.program, &pictures, &collections);
        if let Err(error) = write_whole(&shared.view.output, &page) {
            eprintln!(
                "ferrocil: cannot write {}: {error}",
                shared.view.output.display()
            );
        }
    }
}

/// Replaces the file at once: somebody may be looking at it.
fn write_whole(file: &std::path::Path, text: &str) -> io::Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, text)?;
    fs::rename(&part, file)
}

fn signals(wishes: &Sender<Wish>) {
    while wait_for_signal() {
        if wishes.send("on SIGUSR1".to_owned()).is_err() {
            return;
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .is_ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
