//! Starting a runtime, running programs, stopping.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use ferrocil_gc::Plan as _;
use ferrocil_metadata::{TableId, Token};
use parking_lot::{Condvar, Mutex};

use crate::binding::from_gc;
use crate::domain::{Domain, DomainRoot};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::icall::Thrown;
use crate::loader::LoadedImage;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::wellknown::Wk;

/// Version of corlib that this runtime knows (`Environment.mono_corlib_version`).
pub const CORLIB_VERSION: &str = "ABB721D6-116A-4555-B4FD-9248146D2051";

/// The finalizer thread's mailbox.
#[derive(Debug, Default)]
pub(crate) struct Finalizer {
    lock: Mutex<FinalizerState>,
    wake: Condvar,
    idle: Condvar,
    started: AtomicBool,
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct FinalizerState {
    work: bool,
    busy: bool,
    stop: bool,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Runtime {
    /// Makes the objects that managed code expects and starts the finalizer thread. The calling
    /// thread is attached.
    ///
    /// # Errors
    /// When corlib is not the one this runtime knows.
    pub fn start(self: &Arc<Self>, thread: &Thread) -> LoadResult<()> {
        self.check_corlib()?;
        self.check_delegate_layout()?;
        self.start_domain(thread)?;
        self.start_finalizer();
        Ok(())
    }

    /// Makes the objects that managed code expects in the thread's domain.
    ///
    /// # Errors
    /// When the class library throws.
    pub fn start_domain(&self, thread: &Thread) -> LoadResult<()> {
        thread.managed(|| {
            self.make_objects(thread).map_err(|Thrown(())| {
                let exception = thread.take_pending();
                let text = thread.describe_exception(exception);
                LoadError::new(
                    LoadErrorKind::ExecutionEngine,
                    "",
                    format!("the class library failed to start: {text}"),
                )
            })
        })
    }

    fn check_corlib(&self) -> LoadResult<()> {
        let class = self.corlib_class("System", "Environment")?;
        let field = self.find_field(class, "mono_corlib_version")?;
        let found = field
            .and_then(|f| self.constant_string(f.rid))
            .unwrap_or_default();
        if found == CORLIB_VERSION {
            return Ok(());
        }
        Err(LoadError::new(
            LoadErrorKind::NotSupported,
            "mscorlib",
            format!(
                "'{}' has corlib version '{found}', this runtime needs '{CORLIB_VERSION}' (Mono 6.8); install Debian's \
                 libmono-corlib4.5-cil 6.8 or name another folder",
                self.corlib().path.display()
            ),
        ))
    }

    fn constant_string(&self, field: u32) -> Option<String> {
        let image = self.corlib().image();
        let row = image
            .constant(image.constant_of(Token::new(TableId::Field, field))?)
            .ok()?;
        let bytes = image.blob(row.value).ok()?;
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect();
        Some(String::from_utf16_lossy(&units))
    }

    fn make_objects(&self, thread: &Thread) -> Result<(), Thrown> {
        let domain = thread.domain();
        let class = |namespace: &str, name: &str| {
            self.corlib_class(namespace, name)
                .map_err(|e| thread.throw_load_error(&e))
        };
        // Reserved exceptions first, without their constructors: nothing can be thrown before.
        domain.set_root(
            DomainRoot::OutOfMemory,
            thread.new_object(class("System", "OutOfMemoryException")?)?,
        );
        domain.set_root(
            DomainRoot::StackOverflow,
            thread.new_object(class("System", "StackOverflowException")?)?,
        );
        domain.set_root(
            DomainRoot::Tombstone,
            thread.new_object(class("System", "Object")?)?,
        );
        self.set_empty_string(thread)?;
        thread.make_thread_object()?;
        let app_domain = thread.new_object(class("System", "AppDomain")?)?;
        app_domain.write(
            thread.field_offset("System.AppDomain", "_mono_app_domain")?,
            std::ptr::from_ref(domain) as usize,
        );
        domain.set_root(DomainRoot::AppDomain, app_domain);
        let context = thread.new_object(class("System.Runtime.Remoting.Contexts", "Context")?)?;
        context.write(
            thread.field_offset("System.Runtime.Remoting.Contexts.Context", "domain_id")?,
            domain.id() as i32,
        );
        domain.set_root(DomainRoot::Context, context);
        // Their messages and HResults come from their constructors.
        for (root, name) in [
            (DomainRoot::OutOfMemory, "OutOfMemoryException"),
            (DomainRoot::StackOverflow, "StackOverflowException"),
        ] {
            domain.set_root(root, thread.new_exception("System", name, "")?);
        }
        Ok(())
    }

    fn set_empty_string(&self, thread: &Thread) -> Result<(), Thrown> {
        let string = self
            .well_known_class(Wk::String)
            .map_err(|e| thread.throw_load_error(&e))?;
        let empty = thread.domain().intern(thread, &[])?;
        let field = self
            .find_field(string, "Empty")
            .map_err(|e| thread.throw_load_error(&e))?;
        if let Some(field) = field {
            let place = thread
                .domain()
                .static_address(field)
                .map_err(|e| thread.throw_load_error(&e))?;
            // SAFETY: the static field holds a reference.
            unsafe { thread.store_reference(place, empty.object()) };
        }
        Ok(())
    }

    fn start_finalizer(self: &Arc<Self>) {
        let finalizer = self.ext::<Finalizer>();
        if finalizer.started.swap(true, Ordering::AcqRel) {
            return;
        }
        // The thread must not keep the runtime alive: it is joined before the runtime goes.
        let runtime = Arc::downgrade(self);
        let address = Arc::as_ptr(self) as usize;
        let mailbox = finalizer.clone();
        let handle = std::thread::Builder::new()
            .name("Finalizer".into())
            .stack_size(4 << 20)
            .spawn(move || {
                let _ = runtime;
                // SAFETY: `stop_finalizer` joins this thread before the runtime is dropped.
                let runtime = unsafe { &*(address as *const Runtime) };
                runtime.finalizer_main(&mailbox);
            });
        if let Ok(handle) = handle {
            finalizer.lock.lock().thread = Some(handle);
        }
    }

    fn finalizer_main(&self, mailbox: &Finalizer) {
        let Some(thread) = self.attach(self.root_domain()) else {
            return;
        };
        loop {
            {
                let mut state = mailbox.lock.lock();
                while !state.work && !state.stop {
                    state.busy = false;
                    mailbox.idle.notify_all();
                    mailbox.wake.wait(&mut state);
                }
                if state.stop {
                    state.busy = false;
                    mailbox.idle.notify_all();
                    return;
                }
                state.work = false;
                state.busy = true;
            }
            thread.managed(|| {
                while let Some(object) = self.heap().pop_finalizable() {
                    thread.finalize(from_gc(Some(object)));
                }
            });
        }
    }

    /// Called by the collector when objects wait for their finalizers.
    pub(crate) fn wake_finalizer(&self, count: usize) {
        if count > 0 {
            let finalizer = self.ext::<Finalizer>();
            finalizer.lock.lock().work = true;
            finalizer.wake.notify_all();
        }
    }

    /// Waits until all objects that were ready have been finalized.
    pub fn wait_for_pending_finalizers(&self, thread: &Thread) {
        let finalizer = self.ext::<Finalizer>();
        if !finalizer.started.load(Ordering::Acquire) {
            return;
        }
        finalizer.waiting.fetch_add(1, Ordering::Relaxed);
        thread.blocking(|| {
            let mut state = finalizer.lock.lock();
            if state.stop
                || state
                    .thread
                    .as_ref()
                    .is_some_and(|t| t.thread().id() == std::thread::current().id())
            {
                return;
            }
            state.work = true;
            finalizer.wake.notify_all();
            while (state.work || state.busy) && !state.stop {
                finalizer.idle.wait(&mut state);
            }
        });
    }

    /// Ends the finalizer thread. Its current finalizer runs to its end.
    pub fn stop_finalizer(&self) {
        let finalizer = self.ext::<Finalizer>();
        let handle = {
            let mut state = finalizer.lock.lock();
            state.stop = true;
            finalizer.wake.notify_all();
            state.thread.take()
        };
        if let Some(handle) = handle
            && handle.thread().id() != std::thread::current().id()
        {
            let _ = handle.join();
        }
    }

    /// Runs a program's `Main` with arguments; gives its exit code unless it returns nothing.
    /// A managed exception that leaves it is pending in the thread.
    ///
    /// # Errors
    /// [`RunError::Load`] when there is no entry point, [`RunError::Thrown`] for an exception.
    pub fn run_main(
        &self,
        thread: &Thread,
        image: &LoadedImage,
        args: &[String],
    ) -> Result<Option<i32>, RunError> {
        let missing = || {
            RunError::Load(LoadError::new(
                LoadErrorKind::EntryPointNotFound,
                image.path.display().to_string(),
                format!(
                    "'{}' has no entry point (it is a library, or was compiled without a Main method); name a program",
                    image.path.display()
                ),
            ))
        };
        let token = image.image().entry_point().ok_or_else(missing)?;
        let main = self
            .resolve_method_token(image, token, ferrocil_generics::Context::EMPTY)
            .map_err(RunError::Load)?;
        let sig = self.signature(main).map_err(RunError::Load)?;
        if !main.is_static() || sig.params.len() > 1 {
            return Err(missing());
        }
        thread.managed(|| {
            // The module's own initialiser comes first (ECMA-335 II.9.4).
            let module = self
                .class(self.type_of_def(ferrocil_generics::TypeDef {
                    image: image.id,
                    rid: 1,
                }))
                .and_then(|class| thread.domain().vtable(class))
                .map_err(RunError::Load)?;
            thread
                .domain()
                .initialize_class(thread, module)
                .map_err(|_| RunError::Thrown)?;
            let takes_args = sig.params.len() == 1;
            let mut slots = Vec::new();
            let list;
            if takes_args {
                let string = self.well_known_class(Wk::String).map_err(RunError::Load)?;
                list = thread
                    .new_vector(string, args.len())
                    .map_err(|_| RunError::Thrown)?;
                for (i, arg) in args.iter().enumerate() {
                    let text = thread.new_string(arg).map_err(|_| RunError::Thrown)?;
                    list.store(thread, i, text);
                }
                slots.push(list.object().address() as u64);
            }
            let returned = thread
                .invoke(main, None, &slots)
                .map_err(|_| RunError::Thrown)?;
            let int = self
                .universe()
                .primitive(ferrocil_metadata::ElementType::I4);
            let uint = self
                .universe()
                .primitive(ferrocil_metadata::ElementType::U4);
            Ok((sig.ret == int || sig.ret == uint).then_some(returned.bits as i32))
        })
    }

    /// Tells the domain, then the host, about an exception that nobody caught in a thread.
    pub fn report_unhandled(&self, thread: &Thread, exception: ObjRef) {
        let told = thread.managed(|| {
            self.raise_unhandled(thread, exception).unwrap_or_else(|_| {
                thread.take_pending();
                true
            })
        });
        if let Some(hook) = self.unhandled.get() {
            hook(thread, exception, told);
        }
    }

    /// Raises the event; `false` when nobody listens.
    fn raise_unhandled(&self, thread: &Thread, exception: ObjRef) -> Result<bool, Thrown> {
        let handler: ObjRef = self.app_domain_field(thread, "UnhandledException")?;
        if handler.is_null() {
            return Ok(false);
        }
        let class = self
            .corlib_class("System", "UnhandledExceptionEventArgs")
            .map_err(|e| thread.throw_load_error(&e))?;
        let args = thread.new_object(class)?;
        let ctor = self
            .find_method(class, ".ctor", Some(2))
            .map_err(|e| thread.throw_load_error(&e))?;
        if let Some(ctor) = ctor {
            thread.invoke(
                ctor,
                Some(args.address() as u64),
                &[exception.address() as u64, 1],
            )?;
        }
        thread.call_event(handler, thread.domain().root(DomainRoot::AppDomain), args)?;
        Ok(true)
    }

    /// Raises `AppDomain.ProcessExit`.
    pub fn raise_process_exit(&self, thread: &Thread) {
        thread.managed(|| {
            let raise = || -> Result<(), Thrown> {
                let handler = self.app_domain_field(thread, "ProcessExit")?;
                if handler.is_null() {
                    return Ok(());
                }
                thread.call_event(
                    handler,
                    thread.domain().root(DomainRoot::AppDomain),
                    ObjRef::NULL,
                )
            };
            if raise().is_err() {
                thread.take_pending();
            }
        });
    }

    fn app_domain_field(&self, thread: &Thread, name: &'static str) -> Result<ObjRef, Thrown> {
        let domain = thread.domain().root(DomainRoot::AppDomain);
        if domain.is_null() {
            return Ok(ObjRef::NULL);
        }
        Ok(domain.read(thread.field_offset("System.AppDomain", name)?))
    }

    /// The default domain, once it is made.
    pub(crate) fn root_domain_if_made(&self) -> Option<&Domain> {
        self.domains().get(0)
    }
}

/// Why a program did not end normally.
#[derive(Debug)]
pub enum RunError {
    /// It could not be started.
    Load(LoadError),
    /// An exception left `Main`; it is pending in the thread.
    Thrown,
}

impl Thread {
    /// Runs an object's finalizer; what it throws is dropped.
    fn finalize(&self, object: ObjRef) {
        let runtime = self.runtime();
        let class = runtime.class_of(object);
        if let Ok(Some(finalizer)) = runtime.finalizer(class)
            && self
                .invoke(finalizer, Some(object.address() as u64), &[])
                .is_err()
        {
            let exception = self.take_pending();
            runtime.report_unhandled(self, exception);
        }
    }

    /// Calls an event handler delegate with (sender, args).
    fn call_event(&self, handler: ObjRef, sender: ObjRef, args: ObjRef) -> Result<(), Thrown> {
        let runtime = self.runtime();
        let invoke = runtime
            .delegate_invoke(runtime.class_of(handler))
            .map_err(|e| self.throw_load_error(&e))?;
        self.invoke(
            invoke,
            Some(handler.address() as u64),
            &[sender.address() as u64, args.address() as u64],
        )?;
        Ok(())
    }

    /// Makes the managed thread objects of this thread, if it has none.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn make_thread_object(&self) -> Result<ObjRef, Thrown> {
        if !self.managed_object().is_null() {
            return Ok(self.managed_object());
        }
        let runtime = self.runtime();
        let class = |wk| {
            runtime
                .well_known_class(wk)
                .map_err(|e| self.throw_load_error(&e))
        };
        let internal = self.new_object(class(Wk::InternalThread)?)?;
        let object = self.new_object(class(Wk::Thread)?)?;
        internal.write(
            self.field_offset("System.Threading.InternalThread", "thread_id")?,
            i64::from(self.id()),
        );
        internal.write(
            self.field_offset("System.Threading.InternalThread", "managed_id")?,
            self.id() as i32,
        );
        // ThreadPriority.Normal, ApartmentState.MTA
        internal.write(
            self.field_offset("System.Threading.InternalThread", "priority")?,
            2i32,
        );
        internal.write(
            self.field_offset("System.Threading.InternalThread", "apartment_state")?,
            1u8,
        );
        object.store(
            self,
            self.field_offset("System.Threading.Thread", "internal_thread")?,
            internal,
        );
        self.adopt_thread_object(object, internal)?;
        Ok(object)
    }

    /// Makes managed thread objects those of this thread: `Thread.CurrentThread` gives them.
    ///
    /// # Errors
    /// When corlib lacks the field for it.
    pub fn adopt_thread_object(&self, object: ObjRef, internal: ObjRef) -> Result<(), Thrown> {
        self.set_managed_objects(object, internal);
        let runtime = self.runtime();
        let thread = runtime
            .well_known_class(Wk::Thread)
            .map_err(|e| self.throw_load_error(&e))?;
        let field = runtime
            .find_field(thread, "current_thread")
            .map_err(|e| self.throw_load_error(&e))?;
        if let Some(field) = field {
            let place = self
                .static_address(field)
                .map_err(|e| self.throw_load_error(&e))?;
            // SAFETY: the thread static holds a reference.
            unsafe { self.store_reference(place, object) };
        }
        Ok(())
    }

    /// What an exception's `ToString` says; its class's name when that fails.
    #[must_use]
    pub fn describe_exception(&self, exception: ObjRef) -> String {
        if exception.is_null() {
            return "no exception".into();
        }
        let runtime = self.runtime();
        let name = runtime.type_name(runtime.class_of(exception).ty);
        self.managed(|| {
            // The reserved exception gets another trace when its own text finds no memory.
            let reserved = exception == self.domain().root(DomainRoot::OutOfMemory);
            let before = reserved.then(|| self.describe_plainly(exception, &name, 0));
            let text = (|| {
                let object = runtime.well_known_class(Wk::Object).ok()?;
                let to_string = runtime.find_method(object, "ToString", Some(0)).ok()??;
                let found = runtime
                    .find_implementation(runtime.class_of(exception), to_string)
                    .ok()?;
                match self.invoke(found, Some(exception.address() as u64), &[]) {
                    Ok(r) => {
                        // SAFETY: ToString returns a string.
                        let text = unsafe { crate::object::StringRef::from_object(r.object()) };
                        Some(text.to_string_lossy())
                    }
                    Err(_) => {
                        self.take_pending();
                        None
                    }
                }
            })();
            text.filter(|t| !t.is_empty())
                .or(before)
                .unwrap_or_else(|| self.describe_plainly(exception, &name, 0))
        })
    }

    /// Class, message, frames and inner exceptions, without running managed code.
    fn describe_plainly(&self, exception: ObjRef, name: &str, depth: u32) -> String {
        let runtime = self.runtime();
        let Some(offsets) = runtime.exception_offsets() else {
            return name.to_string();
        };
        let message = exception
            .read::<crate::object::StringRef>(offsets.message)
            .to_string_lossy();
        let mut text = if message.is_empty() {
            name.to_string()
        } else {
            format!("{name}: {message}")
        };
        let inner: ObjRef = exception.read(offsets.inner);
        if !inner.is_null() && depth < 8 {
            let inner_name = runtime.type_name(runtime.class_of(inner).ty);
            text.push_str(" ---> ");
            text.push_str(&self.describe_plainly(inner, &inner_name, depth + 1));
        }
        for entry in runtime.exception_trace(exception) {
            text.push_str(&format!(
                "\n  at {} [0x{:05x}]",
                runtime.method_name(entry.method),
                entry.il_offset.unwrap_or(0)
            ));
        }
        text
    }
}
