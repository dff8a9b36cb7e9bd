//! Calling managed code from Rust.

use ferrocil_jit::StubKind;
use ferrocil_jit::host::{CallSig, CompilerHost, Repr};

use super::host::Host;
use crate::icall::Thrown;
use crate::object::ObjRef;
use crate::stubs::asm;
use crate::threads::Thread;
use crate::types::MethodPtr;

/// What to call: code and the signature it has.
#[derive(Clone, Debug)]
pub struct InvokeTarget {
    /// Address of managed code.
    pub code: usize,
    /// Its signature.
    pub sig: CallSig,
}

/// What a call returned: the bits of a scalar (extended by its type), a reference, or the
/// reference of a box that holds a value type with fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Returned {
    /// The bits.
    pub bits: u64,
}

impl Returned {
    /// The result as an object reference.
    #[must_use]
    pub fn object(&self) -> ObjRef {
        // SAFETY: the caller knows that the method returns a reference.
        unsafe { ObjRef::from_address(self.bits as usize) }
    }
}

impl Thread {
    /// Calls a method exactly (no dispatch). `this` is an object address, or the address of a
    /// value type's payload; `args` are 8-byte slots: scalar bits, references, or addresses of
    /// value-type data that the callee may change.
    ///
    /// # Errors
    /// What the method threw, or why it cannot be called.
    pub fn invoke(
        &self,
        method: MethodPtr,
        this: Option<u64>,
        args: &[u64],
    ) -> Result<Returned, Thrown> {
        self.managed(|| {
            let domain = self.domain();
            let entry = domain
                .entry(method)
                .map_err(|e| self.throw_load_error(&e))?;
            let host = Host {
                runtime: self.runtime(),
                domain,
                thread: self,
                recorder: None,
            };
            let sig = host
                .call_sig(method)
                .map_err(|e| self.throw_load_error(&e))?;
            if sig.params.len() != args.len() {
                // Only a variable argument list is not among what callers count.
                return Err(self.throw_named(
                    "System",
                    "NotSupportedException",
                    "A method with a variable argument list can only be called directly.",
                ));
            }
            self.invoke_code(
                &InvokeTarget {
                    code: entry.precode(),
                    sig,
                },
                this,
                args,
            )
        })
    }

    /// Calls managed code with a signature. See [`Thread::invoke`].
    ///
    /// # Errors
    /// What the code threw, or why no stub can be made for the signature.
    pub fn invoke_code(
        &self,
        target: &InvokeTarget,
        this: Option<u64>,
        args: &[u64],
    ) -> Result<Returned, Thrown> {
        let host = Host {
            runtime: self.runtime(),
            domain: self.domain(),
            thread: self,
            recorder: None,
        };
        let fail = |e: ferrocil_jit::host::ResolveError| {
            self.throw_load_error(&self.runtime().deferred_error(e.0))
        };
        let ret = host.layout(target.sig.ret).map_err(fail)?;
        let stub = host
            .shared_stub(StubKind::Invoke, &target.sig)
            .map_err(|e| self.throw_load_error(&e))?;
        // Arguments stay on this stack, where the collector sees them.
        const INLINE: usize = 16;
        let mut slots = [0u64; INLINE];
        let mut many = Vec::new();
        let count = args.len() + usize::from(this.is_some());
        let pointer = if count <= INLINE {
            let start = usize::from(this.is_some());
            if let Some(this) = this {
                slots[0] = this;
            }
            slots[start..start + args.len()].copy_from_slice(args);
            slots.as_ptr()
        } else {
            many.extend(this);
            many.extend_from_slice(args);
            many.as_ptr()
        };
        let mut returned = Returned::default();
        let place = if ret.repr == Repr::Struct {
            let class = host
                .class(target.sig.ret)
                .map_err(|e| self.throw_load_error(&e))?;
            let boxed = self.new_object(class)?;
            returned.bits = boxed.address() as u64;
            boxed.payload()
        } else {
            (&raw mut returned.bits).cast::<u8>()
        };
        // SAFETY: the stub was compiled for this signature; `pointer` has a slot per argument and
        // `place` room for the result.
        let result = unsafe { self.enter(stub, target.code, pointer, place) };
        drop(many);
        result.map(|()| returned)
    }

    /// Calls managed code through an invoke stub.
    ///
    /// # Safety
    /// The stub was compiled for the code's signature; `args` has a slot per argument, which the
    /// collector sees, and `place` room for the result. The thread is managed.
    pub(crate) unsafe fn enter(
        &self,
        stub: usize,
        code: usize,
        args: *const u64,
        place: *mut u8,
    ) -> Result<(), Thrown> {
        self.push_entry();
        // SAFETY: see above.
        let exception = unsafe { asm::enter_managed(self, code, args, place, stub) };
        self.pop_entry();
        if exception.is_null() {
            Ok(())
        } else {
            Err(self.throw_object(exception))
        }
    }
}
