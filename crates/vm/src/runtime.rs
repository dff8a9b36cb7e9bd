//! A runtime: everything hangs off it.

use std::any::{Any, TypeId as AnyTypeId};
use std::cell::{RefCell, RefMut};
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use ferrocil_codeman::{CodeManager, CodeManagerKind, CodeManagerOptions, LoaderArena};
use ferrocil_gc::{Heap, HeapOptions};
use ferrocil_generics::{ImageId, ImageInfo, MethodId, TypeId, Universe};
use ferrocil_jit::{Compiler, CompilerOptions};
use ferrocil_metadata::TableId;
use parking_lot::{Mutex, ReentrantMutex, ReentrantMutexGuard, RwLock};
use rustc_hash::FxHashMap;

use crate::binding::GcBinding;
use crate::codecache::CodeCache;
use crate::domain::{CastCache, Domain};
use crate::error::{LoadError, LoadResult};
use crate::exec::{
    CALLS_BEFORE_TIER_UP, CodeMap, DispatchCache, Helpers, StubCache, TierPolicy, Tiering,
    write_barrier,
};
use crate::icall::IcallTable;
use crate::loader::{LoadedImage, SearchPath};
use crate::stats::Stats;
use crate::threads::{Thread, ThreadRegistry};
use crate::types::{Class, ClassPtr, FieldPtr, Method, MethodPtr};
use crate::util::AppendVec;
use crate::wellknown::{Primitives, WellKnown};

/// What a runtime is made with.
#[derive(Debug)]
pub struct RuntimeOptions {
    /// Heap: hard limit, stress, verification.
    pub heap: HeapOptions,
    /// Where assemblies are looked for.
    pub search: SearchPath,
    /// Folder of the program, searched before the class library.
    pub base: Option<PathBuf>,
    /// Address space for code and vtables, in bytes.
    pub arena: usize,
    /// Write one line per collection to standard error.
    pub gc_log: bool,
    /// Write each method's name to standard error when it is compiled.
    pub trace_compile: bool,
    /// Check the tables of compiled code against its hir; on in debug builds. A fault panics.
    pub check_code: bool,
    /// Folder of the code cache; none: code is not kept.
    pub code_cache: Option<PathBuf>,
    /// Folder of code that was compiled ahead of time; none: there is none.
    pub precompiled: Option<PathBuf>,
    /// Compile for other processes: take nothing about the state of this one for granted.
    pub precompiling: bool,
    /// Print every stage of the compilation of methods whose name contains this.
    pub inspect: Option<Inspection>,
    /// Which code methods get.
    pub tier: TierPolicy,
    /// Calls of a method with quick code before it is compiled again.
    pub tier_up_calls: u32,
    /// Internal calls.
    pub icalls: IcallTable,
}

/// Which compilations are printed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inspection {
    /// Part of the full name.
    pub method: String,
    /// Compile with this tier, whatever the runtime would choose.
    pub tier: Option<ferrocil_jit::Tier>,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        RuntimeOptions {
            heap: HeapOptions {
                generational: true,
                ..HeapOptions::default()
            },
            search: SearchPath::default(),
            base: None,
            arena: 256 << 20,
            gc_log: false,
            trace_compile: false,
            check_code: cfg!(debug_assertions),
            code_cache: None,
            precompiled: None,
            precompiling: false,
            inspect: None,
            tier: TierPolicy::Auto,
            tier_up_calls: CALLS_BEFORE_TIER_UP,
            icalls: IcallTable::default(),
        }
    }
}

/// State that the loader lock protects.
#[derive(Debug, Default)]
struct LoaderState {
    building: RefCell<Vec<TypeId>>,
    laying_out: RefCell<Vec<TypeId>>,
}

/// Called for an exception that left a managed thread, after the domain's event.
/// The flag says whether the event had a handler.
pub type UnhandledHook = Box<dyn Fn(&Thread, crate::object::ObjRef, bool) + Send + Sync>;

/// What the class library does about threads that are interrupted or aborted, each in that thread.
#[derive(Clone, Copy, Debug)]
pub struct InterruptionHooks {
    /// Makes the exception of an abort, at a poll.
    pub abort: fn(&Thread) -> crate::icall::Thrown,
    /// The thread begins to wait for a lock.
    pub begin_wait: fn(&Thread),
    /// It has ended that.
    pub end_wait: fn(&Thread),
    /// A wait ended by an alert: throws if it is to end, or else it goes on.
    pub alerted: fn(&Thread) -> Result<(), crate::icall::Thrown>,
}

/// Reports objects that something outside the runtime keeps alive.
pub type RootSource = Box<dyn Fn(&mut dyn FnMut(crate::object::ObjRef)) + Send + Sync>;

/// A .NET runtime. Several can live in one process; dropping one gives back its
/// memory, code and mappings.
pub struct Runtime {
    options: RuntimeOptions,
    pub(crate) compiler: Compiler,
    code_cache: Option<CodeCache>,
    pub(crate) codemap: CodeMap,
    pub(crate) stats: Stats,
    pub(crate) stubs: StubCache,
    pub(crate) casts: CastCache,
    pub(crate) dispatch: DispatchCache,
    pub(crate) tiering: Tiering,
    pub(crate) exception_layout: crate::exceptions::ExceptionLayout,
    pub(crate) exts: RwLock<FxHashMap<AnyTypeId, Arc<dyn Any + Send + Sync>>>,
    pub(crate) unhandled: OnceLock<UnhandledHook>,
    pub(crate) collection_hook: OnceLock<crate::heap_report::CollectionHook>,
    pub(crate) interruption: OnceLock<InterruptionHooks>,
    monitors: crate::threads::Monitors,
    entry_image: OnceLock<ImageId>,
    /// The newest exception about a missing assembly, by address, and its error.
    missing_assembly: Mutex<Option<(usize, LoadError)>>,
    root_sources: RwLock<Vec<RootSource>>,
    threads: ThreadRegistry,
    loader: ReentrantMutex<LoaderState>,
    well_known: WellKnown,
    primitives: OnceLock<Primitives>,
    corlib: OnceLock<ImageId>,
    class_list: Mutex<Vec<ClassPtr>>,
    method_list: Mutex<Vec<MethodPtr>>,
    fields: RwLock<Vec<Option<FieldPtr>>>,
    field_count: AtomicU32,
    thread_static_count: AtomicU32,
    class_count: AtomicU32,
    pub(crate) deferred: Mutex<Vec<LoadError>>,
    pub(crate) helpers: Helpers,
    domains: AppendVec<Domain>,
    root: AtomicPtr<Domain>,
    heap: Heap<GcBinding>,
    background_collector: Mutex<Option<JoinHandle<()>>>,
    global_code: CodeManager,
    arena: Arc<LoaderArena>,
    // Images after all that points into them.
    universe: Universe,
    images: AppendVec<LoadedImage>,
}

// SAFETY: the raw pointers inside (domains, classes) are to Sync data owned by the runtime.
unsafe impl Send for Runtime {}
// SAFETY: as above; shared state is behind locks and atomics.
unsafe impl Sync for Runtime {}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("images", &self.images.len())
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// Makes a runtime and loads corlib. No managed code has run yet: see [`Runtime::start`].
    ///
    /// # Errors
    /// When memory cannot be reserved or corlib is not found.
    pub fn new(options: RuntimeOptions) -> LoadResult<Arc<Runtime>> {
        let arena = LoaderArena::new(options.arena)?;
        let global_code = CodeManager::new(
            &arena,
            CodeManagerKind::Global,
            CodeManagerOptions::default(),
        )?;
        let binding = GcBinding::new(arena.base());
        let heap = Heap::new(options.heap.clone(), binding).map_err(|e| {
            LoadError::new(
                crate::error::LoadErrorKind::OutOfMemory,
                "",
                format!("cannot reserve the heap: {e}"),
            )
        })?;
        let helpers = Helpers::install(&global_code, write_barrier(&heap))?;
        let compiler = Compiler::new(CompilerOptions {
            check: options.check_code,
            ..CompilerOptions::default()
        })
        .map_err(|e| {
            LoadError::new(crate::error::LoadErrorKind::NotSupported, "", e.to_string())
        })?;
        let code_cache = CodeCache::new(
            options.code_cache.as_deref(),
            options.precompiled.as_deref(),
            &compiler,
            &options.heap,
        );
        let runtime = Arc::new(Runtime {
            compiler,
            code_cache,
            codemap: CodeMap::new(arena.base(), options.arena),
            stats: Stats::default(),
            stubs: StubCache::default(),
            casts: CastCache::default(),
            dispatch: DispatchCache::default(),
            tiering: Tiering::default(),
            exception_layout: crate::exceptions::ExceptionLayout::default(),
            exts: RwLock::default(),
            unhandled: OnceLock::new(),
            collection_hook: OnceLock::new(),
            interruption: OnceLock::new(),
            monitors: crate::threads::Monitors::default(),
            entry_image: OnceLock::new(),
            missing_assembly: Mutex::new(None),
            root_sources: RwLock::default(),
            threads: ThreadRegistry::default(),
            loader: ReentrantMutex::new(LoaderState::default()),
            well_known: WellKnown::default(),
            primitives: OnceLock::new(),
            corlib: OnceLock::new(),
            class_list: Mutex::default(),
            method_list: Mutex::default(),
            fields: RwLock::default(),
            field_count: AtomicU32::new(0),
            thread_static_count: AtomicU32::new(0),
            class_count: AtomicU32::new(0),
            deferred: Mutex::default(),
            helpers,
            domains: AppendVec::default(),
            root: AtomicPtr::new(std::ptr::null_mut()),
            heap,
            background_collector: Mutex::default(),
            global_code,
            arena,
            universe: Universe::new(),
            images: AppendVec::default(),
            options,
        });
        runtime.heap.binding().attach(&runtime);
        runtime.load_corlib()?;
        crate::signals::register(&runtime)?;
        let root = runtime.add_domain("default")?;
        runtime
            .root
            .store(std::ptr::from_ref(root).cast_mut(), Ordering::Release);
        Ok(runtime)
    }

    fn load_corlib(&self) -> LoadResult<()> {
        let file = self
            .options
            .search
            .framework
            .iter()
            .map(|f| f.join("mscorlib.dll"))
            .find(|f| f.is_file())
            .ok_or_else(|| {
                LoadError::assembly_not_found("mscorlib", &self.options.search.framework)
            })?;
        let image = self.load_image(&file)?;
        self.universe.set_corlib(image.id)?;
        let _ = self.corlib.set(image.id);
        let _ = self.primitives.set(Primitives::find(image));
        Ok(())
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// When the loader arena is full.
    pub fn add_domain(&self, name: &str) -> LoadResult<&Domain> {
        self.domains
            .try_push_with(|id| Domain::new(self, id as u32 + 1, name))
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &RuntimeOptions {
        &self.options
    }

    /// The default domain.
    #[must_use]
    pub fn root_domain(&self) -> &Domain {
        // SAFETY: set at the end of `new` to a domain that is never removed.
        unsafe { &*self.root.load(Ordering::Acquire) }
    }

    /// All domains.
    #[must_use]
    pub fn domains(&self) -> &AppendVec<Domain> {
        &self.domains
    }

    pub(crate) fn note_missing_assembly(
        &self,
        exception: crate::object::ObjRef,
        error: &LoadError,
    ) {
        *self.missing_assembly.lock() = Some((exception.address(), error.clone()));
    }

    /// The loader's error behind an exception about a missing assembly.
    #[must_use]
    pub fn missing_assembly(&self, exception: crate::object::ObjRef) -> Option<LoadError> {
        let newest = self.missing_assembly.lock();
        newest
            .as_ref()
            .filter(|(address, _)| *address == exception.address())
            .map(|(_, e)| e.clone())
    }

    /// Notes the program that this runtime runs: `Assembly.GetEntryAssembly`.
    pub fn set_entry_image(&self, image: &LoadedImage) {
        let _ = self.entry_image.set(image.id);
    }

    /// The program that this runtime runs, if any.
    #[must_use]
    pub fn entry_image(&self) -> Option<&LoadedImage> {
        self.image(*self.entry_image.get()?)
    }

    /// Inflated object locks.
    pub(crate) fn monitors(&self) -> &crate::threads::Monitors {
        &self.monitors
    }

    /// Objects that crates above keep alive (see [`Runtime::add_root_source`]).
    pub(crate) fn extra_roots(&self) -> Vec<crate::object::ObjRef> {
        let mut roots = Vec::new();
        for source in self.root_sources.read().iter() {
            source(&mut |object| roots.push(object));
        }
        roots
    }

    /// Adds a function that reports objects to be kept alive. It is called while the world is
    /// stopped: it must not take a lock that a stopped thread can hold.
    pub fn add_root_source(&self, source: RootSource) {
        self.root_sources.write().push(source);
    }

    /// Attached threads.
    #[must_use]
    pub fn threads(&self) -> &ThreadRegistry {
        &self.threads
    }

    /// The managed heap.
    #[must_use]
    pub fn heap(&self) -> &Heap<GcBinding> {
        &self.heap
    }

    /// The loader arena.
    #[must_use]
    pub fn arena(&self) -> &Arc<LoaderArena> {
        &self.arena
    }

    /// The code manager of trampolines and helpers.
    #[must_use]
    pub(crate) fn global_code(&self) -> &CodeManager {
        &self.global_code
    }

    /// The type universe.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The code cache, when there is one.
    #[must_use]
    pub fn code_cache(&self) -> Option<&CodeCache> {
        self.code_cache.as_ref()
    }

    /// Writes code that was compiled since the last call to the code cache, if there is one.
    /// Gives the number of methods and stubs written.
    ///
    /// # Errors
    /// When the folder cannot be made, is not the user's own, or has no room.
    pub fn save_code_cache(&self) -> std::io::Result<usize> {
        match &self.code_cache {
            Some(cache) => cache.save(self),
            None => Ok(0),
        }
    }

    /// Loaded images.
    #[must_use]
    pub fn images(&self) -> &AppendVec<LoadedImage> {
        &self.images
    }

    /// Where assemblies are looked for.
    #[must_use]
    pub fn search_path(&self) -> &SearchPath {
        &self.options.search
    }

    /// Folder of the program.
    #[must_use]
    pub fn base_folder(&self) -> Option<&PathBuf> {
        self.options.base.as_ref()
    }

    /// Registered internal calls.
    #[must_use]
    pub fn icalls(&self) -> &IcallTable {
        &self.options.icalls
    }

    /// What was compiled and loaded so far.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// State that another crate keeps in this runtime, made on first use.
    pub fn ext<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        let key = AnyTypeId::of::<T>();
        if let Some(found) = self.exts.read().get(&key) {
            return found.clone().downcast().expect("stored under its own type");
        }
        let mut map = self.exts.write();
        let entry = map.entry(key).or_insert_with(|| Arc::new(T::default()));
        entry.clone().downcast().expect("stored under its own type")
    }

    pub(crate) fn next_image_id(&self) -> ImageId {
        // The id is only right under the loader lock, which callers hold; `add_image` checks.
        ImageId::from_raw(self.images.len() as u32 + 1).expect("never 0")
    }

    pub(crate) fn add_image(&self, mut image: LoadedImage) -> &LoadedImage {
        let info = ImageInfo {
            type_defs: image.image().row_count(TableId::TypeDef),
            method_defs: image.image().row_count(TableId::MethodDef),
            ..ImageInfo::default()
        };
        if let Ok(id) = self.universe.add_image(info) {
            image.id = id;
        }
        self.stats.image_loaded(&image.name.name);
        self.images.push_with(|_| image)
    }

    /// Corlib.
    ///
    /// # Panics
    /// Before it is loaded, which `new` does first.
    #[must_use]
    pub fn corlib(&self) -> &LoadedImage {
        let id = *self
            .corlib
            .get()
            .expect("corlib is loaded when a runtime is made");
        self.image(id).expect("corlib is never unloaded")
    }

    /// Corlib's image, once it is loaded.
    pub(crate) fn corlib_id(&self) -> Option<ImageId> {
        self.corlib.get().copied()
    }

    /// Whether an image is corlib.
    #[must_use]
    pub fn is_corlib(&self, image: ImageId) -> bool {
        self.corlib.get() == Some(&image)
    }

    pub(crate) fn primitives(&self) -> &Primitives {
        static NONE: Primitives = Primitives::none();
        self.primitives.get().unwrap_or(&NONE)
    }

    pub(crate) fn well_known(&self) -> &WellKnown {
        &self.well_known
    }

    /// Takes the loader lock (recursive).
    pub(crate) fn loader_lock(&self) -> LoaderLock<'_> {
        LoaderLock {
            _guard: self.loader.lock(),
        }
    }

    pub(crate) fn building(&self) -> RefMut<'_, Vec<TypeId>> {
        self.loader_state().building.borrow_mut()
    }

    pub(crate) fn laying_out(&self) -> RefMut<'_, Vec<TypeId>> {
        self.loader_state().laying_out.borrow_mut()
    }

    fn loader_state(&self) -> &LoaderState {
        // SAFETY: callers hold the loader lock, which is recursive; the state is only borrowed for
        // the length of one expression.
        unsafe { &*self.loader.data_ptr() }
    }

    pub(crate) fn class_if_loaded(&self, ty: TypeId) -> Option<ClassPtr> {
        let address = self.universe.type_slot(ty).load(Ordering::Acquire);
        // SAFETY: the slot holds 0 or a class that the loader registered for this type.
        unsafe { ClassPtr::from_address(address) }
    }

    pub(crate) fn register_class(&self, ty: TypeId, class: ClassPtr) {
        self.class_list.lock().push(class);
        self.universe
            .type_slot(ty)
            .store(class.address(), Ordering::Release);
        self.stats.class_loaded();
    }

    pub(crate) fn method_if_loaded(&self, id: MethodId) -> Option<MethodPtr> {
        let address = self.universe.method_slot(id).load(Ordering::Acquire);
        // SAFETY: the slot holds 0 or a method that the loader registered for this id.
        unsafe { MethodPtr::from_address(address) }
    }

    pub(crate) fn register_method(&self, id: MethodId, method: MethodPtr) {
        self.method_list.lock().push(method);
        self.universe
            .method_slot(id)
            .store(method.address(), Ordering::Release);
    }

    pub(crate) fn next_class_index(&self) -> u32 {
        self.class_count.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn next_thread_static_block(&self) -> u32 {
        self.thread_static_count.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn next_field_index(&self) -> u32 {
        self.field_count.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn register_field(&self, field: FieldPtr) {
        let mut fields = self.fields.write();
        let index = field.index as usize;
        if fields.len() <= index {
            fields.resize(index + 1, None);
        }
        fields[index] = Some(field);
    }

    pub(crate) fn field_by_index(&self, index: u32) -> Option<FieldPtr> {
        self.fields.read().get(index as usize).copied().flatten()
    }

    /// Moves a value into the pool of the image set that a type belongs to.
    pub(crate) fn allocate_in_set<T>(&self, ty: TypeId, value: T) -> NonNull<T> {
        let set = self.universe.image_set(self.universe.images_of(ty));
        let place = set
            .pool()
            .alloc_layout(std::alloc::Layout::new::<T>())
            .cast::<T>();
        // SAFETY: fresh memory of the right layout.
        unsafe { place.write(value) };
        place
    }

    /// Sets what happens to exceptions that nobody catches.
    pub fn set_unhandled_hook(&self, hook: UnhandledHook) {
        let _ = self.unhandled.set(hook);
    }

    /// Folder of the class library that corlib came from.
    #[must_use]
    pub fn framework_folder(&self) -> &Path {
        self.corlib().path.parent().unwrap_or(Path::new("/"))
    }
}

/// The loader lock is held while this lives.
pub(crate) struct LoaderLock<'r> {
    _guard: ReentrantMutexGuard<'r, LoaderState>,
}

impl Runtime {
    /// Starts the thread that marks and sweeps while managed code runs. It is not attached: it
    /// neither runs managed code nor holds references. Without it (no thread to be had), pauses do
    /// its work: tells whether there is one.
    pub(crate) fn start_background_collector(&self) -> bool {
        let address = std::ptr::from_ref(self) as usize;
        let started = std::thread::Builder::new()
            .name("GC".into())
            .stack_size(256 << 10)
            .spawn(move || {
                // SAFETY: `stop_background_collector` joins this thread before the runtime goes.
                let runtime = unsafe { &*(address as *const Runtime) };
                runtime.heap.work_in_background();
            });
        let started = started.ok();
        let present = started.is_some();
        *self.background_collector.lock() = started;
        present
    }

    fn stop_background_collector(&self) {
        self.heap.stop_background();
        let handle = self.background_collector.lock().take();
        if let Some(handle) = handle {
            let _ = handle.join();
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.stop_tiering();
        self.stop_finalizer();
        self.stop_background_collector();
        crate::signals::unregister(self);
        // Pools free memory without running destructors: run those of classes and methods, whose
        // lists are on the Rust heap.
        for class in self.class_list.get_mut().drain(..) {
            let pointer = class.address() as *mut Class;
            // SAFETY: each class is in the list once; nothing uses it any more.
            unsafe { std::ptr::drop_in_place(pointer) };
        }
        for method in self.method_list.get_mut().drain(..) {
            let pointer = method.address() as *mut Method;
            // SAFETY: each method is in the list once; nothing uses it any more.
            unsafe { std::ptr::drop_in_place(pointer) };
        }
    }
}
