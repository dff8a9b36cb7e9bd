//! Options of a runtime.

use std::path::PathBuf;
use std::sync::Arc;

use ferrocil_corlib::icalls;
use ferrocil_vm::{Inspection, RuntimeOptions, SearchPath, TierPolicy};

use crate::error::Error;
use crate::runtime::Runtime;

/// Chooses how a [`Runtime`] is made.
#[derive(Debug, Default)]
#[must_use]
pub struct RuntimeBuilder {
    heap_limit: Option<usize>,
    gc_stress: Option<u32>,
    gc_verify: bool,
    gc_log: bool,
    trace_compile: bool,
    check_code: bool,
    inspect: Option<Inspection>,
    tier: TierPolicy,
    tier_up_calls: Option<u32>,
    base: Option<PathBuf>,
    code_cache: Option<PathBuf>,
    precompiled: Option<PathBuf>,
    precompiling: bool,
    framework: Vec<PathBuf>,
}

impl RuntimeBuilder {
    /// Hard limit of the managed heap with its metadata, in bytes. Allocation beyond it throws
    /// `OutOfMemoryException` in the thread that asked; the runtime stays usable.
    pub fn heap_limit(mut self, bytes: usize) -> Self {
        self.heap_limit = Some(bytes);
        self
    }

    /// Collects before every `n`-th allocation, to find bugs.
    pub fn gc_stress(mut self, n: u32) -> Self {
        self.gc_stress = Some(n.max(1));
        self
    }

    /// Checks the heap around every collection.
    pub fn gc_verify(mut self, on: bool) -> Self {
        self.gc_verify = on;
        self
    }

    /// Writes one line per collection to standard error.
    pub fn gc_log(mut self, on: bool) -> Self {
        self.gc_log = on;
        self
    }

    /// Writes the name of each method that is compiled to standard error.
    pub fn trace_compile(mut self, on: bool) -> Self {
        self.trace_compile = on;
        self
    }

    /// Checks the tables of all compiled code against the compiler's intermediate form, and
    /// panics when they are wrong. Debug builds always do.
    pub fn check_code(mut self, on: bool) -> Self {
        self.check_code = on;
        self
    }

    /// Folder in which compiled code is kept for the next start. It is made when need be, for this
    /// user alone; runtimes and processes can share it. Without this call, code is not kept.
    ///
    /// What was compiled is written when the last handle of the runtime goes, and by
    /// [`Runtime::save_code_cache`].
    pub fn code_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.code_cache = Some(folder.into());
        self
    }

    /// Folder with code that was compiled ahead of time ([`Runtime::precompile`]): it is read, never
    /// written. Its files must belong to this user or to root. What is there need not be compiled;
    /// what is called often is compiled again all the same, knowing more.
    pub fn precompiled(mut self, folder: impl Into<PathBuf>) -> Self {
        self.precompiled = Some(folder.into());
        self
    }

    /// Makes a runtime that compiles for other processes: see [`Runtime::precompile`]. Its code takes
    /// nothing about the state of this process for granted.
    pub fn precompiling(mut self, on: bool) -> Self {
        self.precompiling = on;
        self
    }

    /// Prints every stage of the compilation of the methods named: IL, hir after each pass that
    /// changed it, Cranelift IR, machine code and tables.
    pub fn inspect(mut self, what: Inspection) -> Self {
        self.inspect = Some(what);
        self
    }

    /// Which code methods get; [`TierPolicy::Auto`] unless set.
    pub fn tier(mut self, policy: TierPolicy) -> Self {
        self.tier = policy;
        self
    }

    /// Calls of a method with quick code before it is compiled again.
    pub fn tier_up_calls(mut self, calls: u32) -> Self {
        self.tier_up_calls = Some(calls.max(1));
        self
    }

    /// Folder in which assemblies are looked for first.
    pub fn base_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base = Some(folder.into());
        self
    }

    /// Folder of the class library (`mscorlib.dll` of Mono 6.8), instead of Debian's. Can be
    /// given several times.
    pub fn framework_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.framework.push(folder.into());
        self
    }

    /// Makes the runtime, loads the class library and starts it.
    ///
    /// # Errors
    /// When memory cannot be reserved, or the class library is missing or of another version.
    pub fn build(self) -> Result<Runtime, Error> {
        let mut search = SearchPath::default();
        if !self.framework.is_empty() {
            search.framework = self.framework;
        }
        let mut options = RuntimeOptions {
            search,
            base: self.base,
            code_cache: self.code_cache,
            precompiled: self.precompiled,
            precompiling: self.precompiling,
            icalls: icalls(),
            ..RuntimeOptions::default()
        };
        if let Some(limit) = self.heap_limit {
            options.heap.max_bytes = limit;
        }
        options.heap.stress = self.gc_stress;
        options.heap.verify = self.gc_verify;
        options.gc_log = self.gc_log;
        options.trace_compile = self.trace_compile;
        options.check_code |= self.check_code;
        options.inspect = self.inspect;
        options.tier = self.tier;
        if let Some(calls) = self.tier_up_calls {
            options.tier_up_calls = calls;
        }
        let vm = ferrocil_vm::Runtime::new(options)?;
        Runtime::start(Arc::clone(&vm))
    }
}
