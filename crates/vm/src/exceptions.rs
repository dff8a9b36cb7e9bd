//! Making managed exceptions from Rust.

use std::sync::OnceLock;

use ferrocil_jit::StubKind;
use ferrocil_jit::host::{DeferredError, ThrowKind};

use crate::domain::{DomainRoot, VTablePtr};
use crate::error::{LoadError, LoadErrorKind};
use crate::exec::Host;
use crate::icall::Thrown;
use crate::object::{Caller, ObjRef};
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::ClassPtr;
use crate::wellknown::Wk;

/// Offsets of `System.Exception`'s fields.
#[derive(Clone, Copy, Debug)]
pub struct ExceptionOffsets {
    /// `_message`
    pub message: u32,
    /// `_innerException`
    pub inner: u32,
    /// `_stackTrace`
    pub stack_trace: u32,
    /// `_HResult`
    pub hresult: u32,
}

/// How an exception of corlib is made: its class, a constructor and the stub to call that by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExceptionMaker {
    vtable: VTablePtr,
    code: usize,
    stub: usize,
}

/// Found once per runtime.
#[derive(Debug, Default)]
pub(crate) struct ExceptionLayout(OnceLock<Option<ExceptionOffsets>>);

const NULL_REFERENCE: &str = "NullReferenceException";
const NULL_REFERENCE_MESSAGE: &str = "Object reference not set to an instance of an object";

/// The class, in `System`, of the exception of a [`ThrowKind`]; the stack overflow's is made in
/// advance.
pub(crate) fn kind_named(kind: u64) -> Option<&'static str> {
    let names = [
        (ThrowKind::NullReference, NULL_REFERENCE),
        (ThrowKind::IndexOutOfRange, "IndexOutOfRangeException"),
        (ThrowKind::Overflow, "OverflowException"),
        (ThrowKind::DivideByZero, "DivideByZeroException"),
        (ThrowKind::Arithmetic, "ArithmeticException"),
        (ThrowKind::ArrayTypeMismatch, "ArrayTypeMismatchException"),
        (ThrowKind::InvalidProgram, "InvalidProgramException"),
        (ThrowKind::InvalidCast, "InvalidCastException"),
        (ThrowKind::EntryPointNotFound, "EntryPointNotFoundException"),
        (ThrowKind::NotSupported, "NotSupportedException"),
    ];
    let found = names.iter().find(|n| n.0 as u64 == kind);
    found.map(|n| n.1)
}

impl Runtime {
    /// Offsets of `System.Exception`'s fields, unless corlib lacks them.
    #[must_use]
    pub fn exception_offsets(&self) -> Option<ExceptionOffsets> {
        *self.exception_layout.0.get_or_init(|| {
            let class = self.well_known_class(Wk::Exception).ok()?;
            let offset = |name| {
                let field = self.find_field(class, name).ok().flatten()?;
                self.field_offset(field).ok()
            };
            Some(ExceptionOffsets {
                message: offset("_message")?,
                inner: offset("_innerException")?,
                stack_trace: offset("_stackTrace")?,
                hresult: offset("_HResult")?,
            })
        })
    }

    /// The error kept under a number.
    #[must_use]
    pub fn deferred_error(&self, id: DeferredError) -> LoadError {
        self.deferred
            .lock()
            .get(id.0 as usize)
            .cloned()
            .unwrap_or_else(|| {
                LoadError::new(LoadErrorKind::ExecutionEngine, "", "an error was lost")
            })
    }

    /// Whether an object is a `long[]`.
    pub(crate) fn is_long_vector(&self, object: ObjRef) -> bool {
        let class = self.class_of(object);
        class.kind == crate::types::ClassKind::SzArray
            && class
                .element
                .is_some_and(|e| e.element_type == ferrocil_metadata::ElementType::I8)
    }
}

impl Thread {
    /// Makes an exception pending.
    pub fn throw_object(&self, exception: ObjRef) -> Thrown {
        self.set_pending(exception);
        Thrown(())
    }

    /// Makes a new exception of a corlib class pending. An empty message means the class's own.
    pub fn throw_named(&self, namespace: &str, name: &str, message: &str) -> Thrown {
        match self.new_exception(namespace, name, message) {
            Ok(exception) => self.throw_object(exception),
            Err(thrown) => thrown,
        }
    }

    /// A new exception of a [`ThrowKind`].
    ///
    /// # Errors
    /// What making it threw.
    pub(crate) fn exception_of_kind(&self, kind: u64) -> Result<ObjRef, Thrown> {
        match kind_named(kind) {
            Some(NULL_REFERENCE) => {
                self.new_exception("System", NULL_REFERENCE, NULL_REFERENCE_MESSAGE)
            }
            Some(name) => self.new_exception("System", name, ""),
            None => Ok(self.domain().root(DomainRoot::StackOverflow)),
        }
    }

    /// NullReferenceException as Mono's runtime words it (its constructor's text has a full stop).
    pub fn throw_null_reference(&self) -> Thrown {
        self.throw_named("System", NULL_REFERENCE, NULL_REFERENCE_MESSAGE)
    }

    /// A new exception of a corlib class, made by its constructor `()` or `(string)`.
    ///
    /// # Errors
    /// What making it threw.
    pub fn new_exception(
        &self,
        namespace: &str,
        name: &str,
        message: &str,
    ) -> Result<ObjRef, Thrown> {
        self.managed(|| {
            if namespace == "System"
                && let Some(maker) = self.exception_maker(name, !message.is_empty())
            {
                let exception = self.alloc_instance(maker.vtable, Caller::Rust)?;
                let mut slots = [exception.address() as u64, 0];
                if !message.is_empty() {
                    slots[1] = self.new_string(message)?.object().address() as u64;
                }
                let mut nothing = 0u64;
                let place = (&raw mut nothing).cast::<u8>();
                // SAFETY: the stub is that of the constructor's signature: `this` and perhaps a
                // string; the slots are on this stack.
                unsafe { self.enter(maker.stub, maker.code, slots.as_ptr(), place)? };
                return Ok(exception);
            }
            let class = self
                .runtime()
                .corlib_class(namespace, name)
                .map_err(|e| self.corlib_is_broken(&e))?;
            let exception = self.new_object(class)?;
            let text = if message.is_empty() {
                None
            } else {
                Some(self.new_string(message)?)
            };
            let args: Vec<u64> = text.iter().map(|t| t.object().address() as u64).collect();
            self.construct(class, exception, &args)?;
            Ok(exception)
        })
    }

    /// How an exception class of `System` with a constructor `()` or `(string)` is instantiated;
    /// `None` if it cannot be done the short way.
    fn exception_maker(&self, name: &str, message: bool) -> Option<ExceptionMaker> {
        let domain = self.domain();
        let at = usize::from(message);
        let known = domain.exception_makers.read().get(name).and_then(|m| m[at]);
        if known.is_some() {
            return known;
        }
        let runtime = self.runtime();
        let class = runtime.corlib_class("System", name).ok()?;
        let vtable = domain.vtable(class).ok()?;
        let string = runtime
            .universe()
            .primitive(ferrocil_metadata::ElementType::String);
        let wanted: &[_] = if message { &[string] } else { &[] };
        let ctor = runtime.methods(class).ok()?.iter().copied().find(|&m| {
            m.name == ".ctor" && runtime.signature(m).is_ok_and(|s| *s.params == *wanted)
        })?;
        let host = Host {
            runtime,
            domain,
            thread: self,
            recorder: None,
        };
        let sig = host.call_sig(ctor).ok()?;
        let made = ExceptionMaker {
            vtable,
            code: domain.entry(ctor).ok()?.precode(),
            stub: host.shared_stub(StubKind::Invoke, &sig).ok()?,
        };
        let mut makers = domain.exception_makers.write();
        makers.entry(name.into()).or_default()[at] = Some(made);
        Some(made)
    }

    /// Runs the constructor of `class` that takes these many arguments (strings first) on an object.
    fn construct(&self, class: ClassPtr, object: ObjRef, args: &[u64]) -> Result<(), Thrown> {
        let runtime = self.runtime();
        let string = runtime
            .universe()
            .primitive(ferrocil_metadata::ElementType::String);
        let methods = runtime
            .methods(class)
            .map_err(|e| self.corlib_is_broken(&e))?;
        for &m in methods {
            if m.name != ".ctor" {
                continue;
            }
            let params = &runtime
                .signature(m)
                .map_err(|e| self.corlib_is_broken(&e))?
                .params;
            if params.len() == args.len() && params.first().is_none_or(|&p| p == string) {
                self.invoke(m, Some(object.address() as u64), args)?;
                return Ok(());
            }
        }
        Ok(())
    }

    /// An error about corlib itself: no exception class can be trusted then.
    fn corlib_is_broken(&self, error: &LoadError) -> Thrown {
        eprintln!("ferrocil: the class library lacks something the runtime needs: {error}");
        self.throw_out_of_memory()
    }

    /// Makes the managed exception for a loader error pending.
    pub fn throw_load_error(&self, error: &LoadError) -> Thrown {
        let (namespace, name) = match error.kind {
            LoadErrorKind::TypeLoad => ("System", "TypeLoadException"),
            LoadErrorKind::MissingMethod | LoadErrorKind::MissingInternalCall => {
                ("System", "MissingMethodException")
            }
            LoadErrorKind::MissingField => ("System", "MissingFieldException"),
            LoadErrorKind::BadImage => ("System", "BadImageFormatException"),
            LoadErrorKind::InvalidProgram => ("System", "InvalidProgramException"),
            LoadErrorKind::FileNotFound => ("System.IO", "FileNotFoundException"),
            LoadErrorKind::ExecutionEngine => ("System", "ExecutionEngineException"),
            LoadErrorKind::NotSupported => ("System", "NotSupportedException"),
            LoadErrorKind::EntryPointNotFound => ("System", "EntryPointNotFoundException"),
            LoadErrorKind::DllNotFound => ("System", "DllNotFoundException"),
            LoadErrorKind::OutOfMemory => return self.throw_out_of_memory(),
            LoadErrorKind::MemberAccess => ("System", "MemberAccessException"),
            LoadErrorKind::MethodAccess => ("System", "MethodAccessException"),
            LoadErrorKind::FieldAccess => ("System", "FieldAccessException"),
            LoadErrorKind::AmbiguousImplementation => {
                ("System.Runtime", "AmbiguousImplementationException")
            }
            LoadErrorKind::InvalidOperation => ("System", "InvalidOperationException"),
            LoadErrorKind::Verification => ("System.Security", "VerificationException"),
        };
        let thrown = self.throw_named(namespace, name, &error.message);
        if error.kind == LoadErrorKind::FileNotFound {
            self.runtime().note_missing_assembly(self.pending(), error);
        }
        thrown
    }

    /// The object in a RuntimeWrappedException; `None` for other exceptions.
    pub(crate) fn wrapped_object(&self, exception: ObjRef) -> Option<ObjRef> {
        let class = self.runtime().class_of(exception);
        if !class.is_named("System.Runtime.CompilerServices", "RuntimeWrappedException") {
            return None;
        }
        let offset = self.runtime().find_field(class, "_wrappedException");
        let field = offset.ok().flatten()?;
        let offset = self.runtime().field_offset(field).ok()?;
        Some(exception.read(offset))
    }

    /// What is raised when this object is thrown: itself, or what wraps an object that is no
    /// exception. Handlers of assemblies that do not ask for the wrapper see the object.
    pub(crate) fn as_exception(&self, object: ObjRef) -> ObjRef {
        let runtime = self.runtime();
        let is_exception = runtime
            .corlib_class("System", "Exception")
            .is_ok_and(|exception| runtime.class_of(object).derives_from(exception));
        if is_exception {
            return object;
        }
        let make = || -> Result<ObjRef, Thrown> {
            let class = runtime
                .corlib_class("System.Runtime.CompilerServices", "RuntimeWrappedException")
                .map_err(|e| self.corlib_is_broken(&e))?;
            let wrapper = self.new_object(class)?;
            let ctor = runtime
                .find_method(class, ".ctor", Some(1))
                .map_err(|e| self.corlib_is_broken(&e))?;
            if let Some(ctor) = ctor {
                let this = Some(wrapper.address() as u64);
                self.invoke(ctor, this, &[object.address() as u64])?;
            }
            Ok(wrapper)
        };
        make().unwrap_or_else(|_| self.take_pending())
    }

    /// InvalidCastException as Mono words it: without the types.
    pub fn throw_invalid_cast(&self) -> Thrown {
        self.throw_named("System", "InvalidCastException", "")
    }

    /// TypeInitializationException around what an initialiser threw.
    pub(crate) fn wrap_type_initialization(&self, class: ClassPtr, inner: ObjRef) -> ObjRef {
        let make = || -> Result<ObjRef, Thrown> {
            let wrapper = self
                .runtime()
                .corlib_class("System", "TypeInitializationException")
                .map_err(|e| self.corlib_is_broken(&e))?;
            let object = self.new_object(wrapper)?;
            let name = self.new_string(&self.runtime().type_name(class.ty))?;
            self.construct(
                wrapper,
                object,
                &[name.object().address() as u64, inner.address() as u64],
            )?;
            Ok(object)
        };
        make().unwrap_or_else(|_| self.take_pending())
    }
}
