//! What this crate keeps per runtime.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;

use crate::compression::icalls::Streams;
use crate::console::Terminal;
use crate::environment::Variables;
use crate::fields::FieldOffsets;
use crate::globalization::{Catalog, NumberFormats};
use crate::io::{FileTable, FindTable};
use crate::mapping::MapTable;
use crate::native_shims::DirectoryStreams;
use crate::net::{Selector, SocketTable};
use crate::process::ProcessTable;
use crate::text::NormalizationTables;
use crate::threading::WaitTable;

/// What happens when a program calls `Environment.Exit`.
pub type ExitHook = Box<dyn Fn(i32) + Send + Sync>;

/// Per-runtime state of the class library's native side.
pub struct CorlibState {
    // First, because its thread must end before the rest goes.
    pub(crate) selector: Selector,
    /// Sockets.
    pub sockets: SocketTable,
    /// Open files.
    pub files: FileTable,
    /// Running directory enumerations of `MonoIO`.
    pub finds: FindTable,
    /// Open directory streams of `System.Native`.
    pub directories: DirectoryStreams,
    /// Wait handles.
    pub waits: Arc<WaitTable>,
    /// Processes started or opened.
    pub processes: ProcessTable,
    /// Memory-mapped files.
    pub maps: MapTable,
    /// Deflate streams.
    pub(crate) streams: Streams,
    /// Environment variables.
    pub variables: Variables,
    /// Terminal settings.
    pub terminal: Terminal,
    /// `Environment.ExitCode`.
    pub exit_code: AtomicI32,
    /// `Environment.HasShutdownStarted`.
    pub shutting_down: AtomicBool,
    /// Cell that managed code reads the terminal's size from.
    pub terminal_size: AtomicI32,
    command_line: RwLock<Vec<String>>,
    exit_hook: OnceLock<ExitHook>,
    catalog: OnceLock<Catalog>,
    numbers: OnceLock<NumberFormats>,
    normalization: OnceLock<NormalizationTables>,
    /// Offsets of managed fields.
    pub(crate) fields: FieldOffsets,
    /// `Marshal.GetLastWin32Error` by thread number.
    last_errors: Mutex<FxHashMap<u32, i32>>,
}

impl Default for CorlibState {
    fn default() -> Self {
        let waits = Arc::new(WaitTable::default());
        CorlibState {
            selector: Selector::default(),
            sockets: SocketTable::default(),
            files: FileTable::new(),
            finds: FindTable::default(),
            directories: DirectoryStreams::default(),
            processes: ProcessTable::new(Arc::clone(&waits)),
            waits,
            maps: MapTable::default(),
            streams: Streams::default(),
            variables: Variables::of_process(),
            terminal: Terminal::default(),
            exit_code: AtomicI32::new(0),
            shutting_down: AtomicBool::new(false),
            terminal_size: AtomicI32::new(-1),
            command_line: RwLock::default(),
            exit_hook: OnceLock::new(),
            catalog: OnceLock::new(),
            numbers: OnceLock::new(),
            normalization: OnceLock::new(),
            fields: FieldOffsets::default(),
            last_errors: Mutex::default(),
        }
    }
}

impl std::fmt::Debug for CorlibState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CorlibState")
            .field("exit_code", &self.exit_code)
            .finish_non_exhaustive()
    }
}

impl CorlibState {
    /// Sets what `Environment.GetCommandLineArgs` answers: program, then arguments.
    pub fn set_command_line(&self, arguments: Vec<String>) {
        *self.command_line.write() = arguments;
    }

    /// Program and arguments.
    #[must_use]
    pub fn command_line(&self) -> Vec<String> {
        self.command_line.read().clone()
    }

    /// Sets what `Environment.Exit` does; without a hook it ends the process.
    /// The first hook stays.
    pub fn set_exit_hook(&self, hook: ExitHook) {
        // A second hook loses: the embedder that made the runtime decides.
        let _ = self.exit_hook.set(hook);
    }

    /// Ends the program as the hook (or the process) does.
    pub fn exit(&self, code: i32) {
        self.exit_code.store(code, Ordering::SeqCst);
        self.shutting_down.store(true, Ordering::SeqCst);
        match self.exit_hook.get() {
            Some(hook) => hook(code),
            None => std::process::exit(code),
        }
    }

    /// Cultures and regions, read on first use.
    pub fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(Catalog::parse)
    }

    /// Number formats of the catalog.
    pub fn number_formats(&self) -> &NumberFormats {
        self.numbers
            .get_or_init(|| NumberFormats::new(self.catalog()))
    }

    /// Normalization tables, built on first use.
    pub fn normalization(&self) -> &NormalizationTables {
        self.normalization.get_or_init(NormalizationTables::build)
    }

    /// The error that a thread's last P/Invoke with `SetLastError` left.
    #[must_use]
    pub fn last_error(&self, thread: u32) -> i32 {
        self.last_errors.lock().get(&thread).copied().unwrap_or(0)
    }

    /// Sets a thread's last P/Invoke error.
    pub fn set_last_error(&self, thread: u32, error: i32) {
        self.last_errors.lock().insert(thread, error);
    }

    /// Forgets what belonged to a thread that has ended, and abandons its mutexes.
    pub fn thread_ended(&self, thread: u32) {
        self.last_errors.lock().remove(&thread);
        self.waits.thread_ended(crate::threading::ThreadId(thread));
    }
}
