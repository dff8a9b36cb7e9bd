//! Runtimes and domains.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ferrocil_corlib::CorlibState;
use ferrocil_vm::{
    AssemblyStats, CodeCacheStats, CollectionRecord, HeapReport, Precompiled, RunError,
    Runtime as Vm, TierStats,
};

use crate::assembly::Assembly;
use crate::builder::RuntimeBuilder;
use crate::error::{Error, ManagedException};
use crate::session::{Session, describe};

/// A .NET runtime. Clones are handles of the same runtime; it ends when the last handle
/// (also of a domain, assembly or method) is dropped.
#[derive(Clone)]
pub struct Runtime {
    pub(crate) inner: Arc<Inner>,
}

/// The runtime and what must happen when it ends.
pub(crate) struct Inner {
    pub(crate) vm: Arc<Vm>,
}

impl Inner {
    fn stop(&self) {
        ferrocil_corlib::system::stop_thread_pool(&self.vm);
        self.vm.stop_tiering();
        self.vm.stop_finalizer();
        // A cache that cannot be written costs the next start time, nothing else.
        let _ = self.vm.save_code_cache();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.stop();
        if self.vm.threads().count() > 0 {
            // Background threads that cannot be stopped still use the runtime: it stays.
            std::mem::forget(Arc::clone(&self.vm));
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.vm.fmt(f)
    }
}

/// What the managed heap holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeapUse {
    /// Bytes in use.
    pub used: usize,
    /// The hard limit in bytes.
    pub limit: usize,
    /// Collections so far.
    pub collections: u64,
}

/// What a runtime has done: see `ferrocil --stats`.
#[derive(Clone, Debug)]
pub struct StatsReport {
    /// Compiled methods and bytes per assembly.
    pub assemblies: Vec<(String, AssemblyStats)>,
    /// Classes made.
    pub classes: u64,
    /// Stubs compiled.
    pub stubs: u64,
    /// Time spent compiling.
    pub compile_time: std::time::Duration,
    /// Methods compiled by tier: quick, optimised.
    pub tiers: [TierStats; 2],
    /// Exceptions thrown.
    pub exceptions: u64,
    /// Bodies compiled for several instances of generic code, and instances that run them.
    pub shared: (u64, u64),
    /// Image sets, and bytes in their pools.
    pub image_sets: (usize, usize),
    /// The heap.
    pub heap: HeapUse,
    /// The code cache, when there is one.
    pub code_cache: Option<CodeCacheStats>,
}

impl Runtime {
    /// Starts choosing options.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::default()
    }

    pub(crate) fn start(vm: Arc<Vm>) -> Result<Runtime, Error> {
        let runtime = Runtime {
            inner: Arc::new(Inner { vm }),
        };
        let vm = &runtime.inner.vm;
        {
            let session = Session::new(vm, vm.root_domain());
            vm.start(session.thread())?;
        }
        Ok(runtime)
    }

    /// The domain that exists from the start.
    #[must_use]
    pub fn default_domain(&self) -> Domain {
        Domain {
            runtime: self.clone(),
            index: 0,
        }
    }

    /// Makes another application domain: its own statics, strings and code.
    ///
    /// # Errors
    /// When memory for it cannot be had.
    pub fn create_domain(&self, name: &str) -> Result<Domain, Error> {
        let vm = &self.inner.vm;
        let made = vm.add_domain(name)?;
        let session = Session::new(vm, made);
        session
            .thread()
            .in_domain(made, || vm.start_domain(session.thread()))?;
        Ok(Domain {
            runtime: self.clone(),
            index: made.id() as usize - 1,
        })
    }

    /// Runs a program: `Main` of an executable, with arguments, then its exit handlers. Gives its
    /// exit code.
    ///
    /// # Errors
    /// When it cannot be loaded, or an exception leaves `Main` (after the domain's
    /// `UnhandledException` event).
    pub fn run_file(&self, path: impl AsRef<Path>, args: &[String]) -> Result<i32, Error> {
        let vm = &self.inner.vm;
        let session = Session::main(vm, vm.root_domain());
        let thread = session.thread();
        let image = vm.load_image(path.as_ref())?;
        vm.set_entry_image(image);
        let state = vm.ext::<CorlibState>();
        let shown = image.path.display().to_string();
        state.set_command_line(std::iter::once(shown).chain(args.iter().cloned()).collect());
        let outcome = thread.managed(|| match vm.run_main(thread, image, args) {
            Ok(code) => Ok(code),
            Err(RunError::Load(e)) => Err(Error::Load(e)),
            Err(RunError::Thrown) => {
                let exception = thread.take_pending();
                if let Some(missing) = vm.missing_assembly(exception) {
                    return Err(Error::Load(missing));
                }
                let described = describe(vm, thread, exception);
                vm.report_unhandled(thread, exception);
                Err(Error::Exception(Box::new(described)))
            }
        });
        let code = outcome?.unwrap_or_else(|| state.exit_code.load(Ordering::SeqCst));
        ferrocil_corlib::system::wait_for_foreground_threads(thread);
        vm.raise_process_exit(thread);
        Ok(code)
    }

    /// Sets what `Environment.Exit` does, after the exit handlers have run. Without it, the
    /// process ends with the program's code.
    pub fn on_exit(&self, hook: impl Fn(i32) + Send + Sync + 'static) {
        let vm = Arc::downgrade(&self.inner.vm);
        self.inner
            .vm
            .ext::<CorlibState>()
            .set_exit_hook(Box::new(move |code| {
                if let Some(vm) = vm.upgrade()
                    && let Some(thread) = vm.current_thread()
                {
                    vm.raise_process_exit(thread);
                }
                hook(code);
            }));
    }

    /// Sets what happens when an exception leaves a managed thread, also the one that runs
    /// `Main`. The flag says whether the program's own `UnhandledException` event was told.
    pub fn on_unhandled(&self, hook: impl Fn(ManagedException, bool) + Send + Sync + 'static) {
        let vm = Arc::downgrade(&self.inner.vm);
        self.inner
            .vm
            .set_unhandled_hook(Box::new(move |thread, exception, told| {
                if let Some(vm) = vm.upgrade() {
                    hook(describe(&vm, thread, exception), told);
                }
            }));
    }

    /// Compiles an assembly ahead of time, without running it, into the folder of
    /// [`RuntimeBuilder::code_cache`], from where other runtimes take it that were given the folder as
    /// [`RuntimeBuilder::precompiled`]. For runtimes made with [`RuntimeBuilder::precompiling`].
    ///
    /// Methods that the compiler refuses are counted: they are compiled, or throw, where they are
    /// called. `None`: this build has compiled the assembly before.
    ///
    /// # Errors
    /// When the file is not a CLI image or its references cannot be found; when the code cannot be
    /// written.
    pub fn precompile(&self, path: impl AsRef<Path>) -> Result<Option<Precompiled>, Error> {
        let vm = &self.inner.vm;
        let session = Session::new(vm, vm.root_domain());
        let image = vm.load_image(path.as_ref())?;
        vm.precompile(session.thread(), image).map_err(Error::Load)
    }

    /// Writes code that was compiled since the last call to the folder of
    /// [`RuntimeBuilder::code_cache`], if one was given. Gives the number of methods and stubs.
    ///
    /// # Errors
    /// When the folder cannot be made, is not the user's own, or has no room.
    pub fn save_code_cache(&self) -> std::io::Result<usize> {
        self.inner.vm.save_code_cache()
    }

    /// Stops the runtime's own threads and writes the code cache, as dropping the last handle
    /// does, but gives no memory back: for a process that is about to end. Managed code must not
    /// be called any more.
    pub fn stop(&self) {
        self.inner.stop();
    }

    /// Runs a full collection.
    pub fn collect(&self) {
        let vm = &self.inner.vm;
        let session = Session::new(vm, vm.root_domain());
        session.thread().managed(|| vm.heap().collect(2));
    }

    /// What the managed heap holds now.
    #[must_use]
    pub fn heap_use(&self) -> HeapUse {
        let heap = self.inner.vm.heap();
        HeapUse {
            used: heap.used_bytes(),
            limit: heap.options().max_bytes,
            collections: heap.collection_count(0),
        }
    }

    /// What lives in the managed heap now, by place and by type. Stops managed threads for some
    /// nanoseconds an object. Objects that are dead but not collected yet are counted too: call
    /// [`Runtime::collect`] first to see only what is reachable.
    #[must_use]
    pub fn heap_report(&self) -> HeapReport {
        self.inner.vm.heap_report()
    }

    /// Sets what is called after each collection, in the thread that collected. It must be quick
    /// and not call the runtime: send what it has to tell to another thread. The first call counts.
    pub fn on_collection(&self, hook: impl Fn(&CollectionRecord) + Send + Sync + 'static) {
        self.inner.vm.set_collection_hook(Box::new(hook));
    }

    /// What was compiled and loaded so far.
    #[must_use]
    pub fn stats(&self) -> StatsReport {
        let vm = &self.inner.vm;
        let stats = vm.stats();
        let universe = vm.universe();
        let sets: Vec<usize> = universe
            .image_sets()
            .map(|s| s.pool().stats().used)
            .collect();
        StatsReport {
            assemblies: stats.assemblies().into_iter().collect(),
            classes: stats.classes(),
            stubs: stats.stubs().0,
            compile_time: stats.compile_time(),
            tiers: stats.tiers(),
            exceptions: stats.exceptions(),
            shared: stats.shared(),
            image_sets: (sets.len(), sets.iter().sum()),
            heap: self.heap_use(),
            code_cache: vm.code_cache().map(|cache| cache.stats()),
        }
    }

    /// The engine below, for what this API does not cover.
    #[must_use]
    pub fn vm(&self) -> &Arc<Vm> {
        &self.inner.vm
    }
}

/// An application domain.
#[derive(Clone, Debug)]
pub struct Domain {
    pub(crate) runtime: Runtime,
    pub(crate) index: usize,
}

impl Domain {
    pub(crate) fn vm_domain(&self) -> &ferrocil_vm::Domain {
        let vm = &self.runtime.inner.vm;
        vm.domains()
            .get(self.index)
            .unwrap_or_else(|| vm.root_domain())
    }

    /// Loads an assembly file into the domain.
    ///
    /// # Errors
    /// When it cannot be read or is not a CLI image.
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Assembly, Error> {
        let image = self.runtime.inner.vm.load_image(path.as_ref())?;
        Ok(Assembly {
            domain: self.clone(),
            image: image.id,
        })
    }

    /// Loads an assembly from bytes; `name` stands for the path in messages.
    ///
    /// # Errors
    /// When the bytes are not a CLI image.
    pub fn load_bytes(&self, bytes: &[u8], name: &str) -> Result<Assembly, Error> {
        let image = self.runtime.inner.vm.load_image_bytes(bytes, name)?;
        Ok(Assembly {
            domain: self.clone(),
            image: image.id,
        })
    }

    /// Friendly name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.vm_domain().name()
    }
}
