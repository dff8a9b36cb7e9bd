//! Delegates: how their objects are filled and what their `Invoke` goes through.
//!
//! `Invoke` calls the code in `invoke_impl` with the delegate as `this`; which stub
//! that is depends on the form of the delegate.

use ferrocil_jit::StubKind;
use ferrocil_jit::host::{CallSig, This};

use crate::domain::{EntryPtr, VTablePtr};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::exec::Host;
use crate::icall::Thrown;
use crate::object::{Caller, ObjRef};
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{ClassPtr, MethodPtr};
use crate::wellknown::Wk;

/// Offset of `Delegate.method_ptr`: code of the target method.
pub const METHOD_PTR: u32 = 8;
/// Offset of `Delegate.invoke_impl`: code that `Invoke` calls.
pub const INVOKE_IMPL: u32 = 16;
/// Offset of `Delegate.m_target`.
pub const TARGET: u32 = 24;
/// Offset of `Delegate.method`: the method's handle.
pub const METHOD: u32 = 32;

impl Runtime {
    /// Checks that corlib's Delegate has its fields where stubs look for them.
    pub(crate) fn check_delegate_layout(&self) -> LoadResult<()> {
        let class = self.well_known_class(Wk::Delegate)?;
        for (name, offset) in [
            ("method_ptr", METHOD_PTR),
            ("invoke_impl", INVOKE_IMPL),
            ("m_target", TARGET),
            ("method", METHOD),
        ] {
            let found = match self.find_field(class, name)? {
                Some(field) => Some(self.field_offset(field)?),
                None => None,
            };
            if found != Some(offset) {
                return Err(LoadError::new(
                    LoadErrorKind::NotSupported,
                    "System.Delegate",
                    format!(
                        "this corlib is not supported: Delegate.{name} is at {found:?}, not at {offset}"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The `Invoke` method of a delegate class.
    ///
    /// # Errors
    /// When the class has none.
    pub fn delegate_invoke(&self, class: ClassPtr) -> LoadResult<MethodPtr> {
        self.find_method(class, "Invoke", None)?.ok_or_else(|| {
            LoadError::type_load(
                self.type_name(class.ty),
                format!(
                    "delegate '{}' has no Invoke method",
                    self.type_name(class.ty)
                ),
            )
        })
    }
}

impl Host<'_> {
    /// Code of a delegate's own `Invoke`, when it is called like any method.
    pub(crate) fn delegate_method(&self, method: MethodPtr) -> LoadResult<Option<usize>> {
        let delegate = self.runtime.well_known_class(Wk::MulticastDelegate)?;
        if method.name != "Invoke" || !method.class.derives_from(delegate) {
            return Ok(None);
        }
        // mov rax, [rdi + invoke_impl]; jmp rax
        let mut code = vec![0x48, 0x8b, 0x87];
        code.extend(INVOKE_IMPL.to_le_bytes());
        code.extend([0xff, 0xe0]);
        Ok(Some(self.domain.code.install(&code, 16)?.address))
    }

    /// What `Invoke` of a delegate on this method calls.
    fn invoke_impl(
        &self,
        class: ClassPtr,
        method: MethodPtr,
        has_target: bool,
    ) -> LoadResult<usize> {
        let invoke = self.runtime.delegate_invoke(class)?;
        let sig: CallSig = self.call_sig(invoke)?;
        let declared = self.runtime.signature(method)?.params.len();
        let given = sig.params.len();
        if method.is_static() {
            if declared == given && !has_target {
                self.shared_stub(
                    StubKind::DelegateOpenStatic {
                        method_ptr_off: METHOD_PTR,
                    },
                    &sig,
                )
            } else if declared == given + 1 {
                let kind = StubKind::DelegateClosedStatic {
                    method_ptr_off: METHOD_PTR,
                    target_off: TARGET,
                };
                self.shared_stub(kind, &sig)
            } else if declared == given {
                // A target that a static method has no use for is ignored.
                self.shared_stub(
                    StubKind::DelegateOpenStatic {
                        method_ptr_off: METHOD_PTR,
                    },
                    &sig,
                )
            } else {
                Err(self.mismatch(class, method))
            }
        } else if declared == given {
            Ok(self.runtime.helpers.delegate_closed())
        } else if declared + 1 == given && !has_target {
            let looked_up =
                method.class.is_interface() || (method.is_virtual() && method.args.is_some());
            let kind = if looked_up {
                StubKind::DelegateOpenVirtual { method_off: METHOD }
            } else {
                StubKind::DelegateOpenInstance {
                    method_ptr_off: METHOD_PTR,
                }
            };
            self.shared_stub(kind, &sig)
        } else {
            Err(self.mismatch(class, method))
        }
    }

    fn mismatch(&self, class: ClassPtr, method: MethodPtr) -> LoadError {
        LoadError::new(
            LoadErrorKind::InvalidProgram,
            self.runtime.type_name(class.ty),
            format!(
                "method {} does not fit delegate '{}'",
                self.runtime.method_name(method),
                self.runtime.type_name(class.ty)
            ),
        )
    }
}

impl Thread {
    /// A delegate of this class on a target and the code that `ldftn` or `ldvirtftn` gave.
    pub(crate) fn new_delegate(
        &self,
        vtable: VTablePtr,
        target: ObjRef,
        code: usize,
    ) -> Result<ObjRef, Thrown> {
        let Some(entry) = vtable.domain().entry_at(code) else {
            return Err(self.throw_named(
                "System",
                "NotSupportedException",
                "A delegate needs a managed method.",
            ));
        };
        self.fill_delegate(vtable, target, entry)
    }

    /// A delegate of this class on a target and a method.
    ///
    /// # Errors
    /// When the method does not fit the delegate.
    pub fn new_delegate_on(
        &self,
        class: ClassPtr,
        target: ObjRef,
        method: MethodPtr,
    ) -> Result<ObjRef, Thrown> {
        let vtable = self.vtable(class)?;
        let entry = self
            .domain()
            .entry(method)
            .map_err(|e| self.throw_load_error(&e))?;
        let delegate = self.fill_delegate(vtable, target, entry)?;
        let dispatches = target.is_null() && method.is_virtual() && !method.is_static();
        if dispatches && !method.class.is_interface() && !method.class.is_value_type() {
            let thunk = self
                .virtual_thunk(method)
                .map_err(|e| self.throw_load_error(&e))?;
            if let Some(thunk) = thunk {
                delegate.write(METHOD_PTR, thunk);
            }
        }
        Ok(delegate)
    }

    /// Code that calls a virtual method of a class as its first argument has it.
    fn virtual_thunk(&self, method: MethodPtr) -> LoadResult<Option<usize>> {
        let runtime = self.runtime();
        let Some(slot) = runtime.slot_of(method)? else {
            return Ok(None);
        };
        let domain = self.domain();
        // mov eax, [rdi]; mov r11, arena; add rax, r11; jmp [rax + slot]. A null `this` goes to the
        // method itself, which finds out: test rdi, rdi; jz to the end: mov rax, entry; jmp rax.
        let mut code = vec![0x48, 0x85, 0xff, 0x74, 21];
        code.extend([0x8b, 0x07, 0x49, 0xbb]);
        code.extend((runtime.arena().base() as u64).to_le_bytes());
        code.extend([0x4c, 0x01, 0xd8, 0xff, 0xa0]);
        code.extend(VTablePtr::slot_offset(slot).to_le_bytes());
        code.extend([0x48, 0xb8]);
        code.extend((domain.entry(method)?.precode() as u64).to_le_bytes());
        code.extend([0xff, 0xe0]);
        let address = domain.code.install(&code, 16)?.address;
        runtime.codemap.add_stub(address, code.len());
        Ok(Some(address))
    }

    fn fill_delegate(
        &self,
        vtable: VTablePtr,
        target: ObjRef,
        entry: EntryPtr,
    ) -> Result<ObjRef, Thrown> {
        let method = entry.method;
        let domain = vtable.domain();
        let host = Host {
            runtime: self.runtime(),
            domain,
            thread: self,
            recorder: None,
        };
        if target.is_null() && !method.is_static() && {
            let invoke = self
                .runtime()
                .delegate_invoke(vtable.class)
                .map_err(|e| self.throw_load_error(&e))?;
            let count = |m| {
                self.runtime()
                    .signature(m)
                    .map(|s| s.params.len())
                    .map_err(|e| self.throw_load_error(&e))
            };
            count(invoke)? == count(method)?
        } {
            return Err(self.throw_named(
                "System",
                "ArgumentException",
                "Delegate to an instance method cannot have null 'this'.",
            ));
        }
        let code = if method.class.is_value_type() && !method.is_static() && !target.is_null() {
            entry.unboxing(domain)
        } else {
            Ok(entry.precode())
        };
        let code = code.map_err(|e| self.throw_load_error(&e))?;
        let invoke_impl = host
            .invoke_impl(vtable.class, method, !target.is_null())
            .map_err(|e| self.throw_load_error(&e))?;
        let delegate = self.alloc_instance(vtable, Caller::Rust)?;
        delegate.write(METHOD_PTR, code);
        delegate.write(INVOKE_IMPL, invoke_impl);
        delegate.store(self, TARGET, target);
        delegate.write(METHOD, method.address());
        Ok(delegate)
    }

    /// An empty multicast delegate of the same class: its `Invoke` goes through the
    /// `delegates` array that managed code fills.
    ///
    /// # Errors
    /// OutOfMemory, or when no stub can be made for the signature.
    pub fn new_multicast_like(&self, class: ClassPtr) -> Result<ObjRef, Thrown> {
        let runtime = self.runtime();
        let vtable = self.vtable(class)?;
        let host = Host {
            runtime,
            domain: vtable.domain(),
            thread: self,
            recorder: None,
        };
        let stub = (|| {
            let invoke = runtime.delegate_invoke(class)?;
            let sig = host.call_sig(invoke)?;
            debug_assert_eq!(sig.this, This::Ref);
            let field = runtime.find_field(class, "delegates")?.ok_or_else(|| {
                LoadError::type_load(
                    "System.MulticastDelegate",
                    "corlib's MulticastDelegate has no field 'delegates'",
                )
            })?;
            let delegates_off = runtime.field_offset(field)?;
            host.shared_stub(
                StubKind::DelegateMulticast {
                    delegates_off,
                    invoke_off: INVOKE_IMPL,
                },
                &sig,
            )
        })()
        .map_err(|e: LoadError| self.throw_load_error(&e))?;
        let delegate = self.alloc_instance(vtable, Caller::Rust)?;
        delegate.write(INVOKE_IMPL, stub);
        Ok(delegate)
    }
}
