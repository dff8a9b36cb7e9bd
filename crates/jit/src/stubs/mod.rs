//! Stubs between managed code and the runtime, and the entries of delegates.

mod barrier;
mod delegate;
mod invoke;
mod native;

use cranelift_codegen::ir::{InstBuilder, Signature};
use cranelift_codegen::isa::CallConv;

use crate::clif::abi::{AbiSig, signature};
use crate::clif::emit::Emit;
use crate::clif::lower::{Names, RootSlots};
use crate::clif::symbols::SymbolTable;
use crate::code::{Assembler, CompiledMethod, Dumps, EhClauseKind, EhClauseOut, Region};
use crate::compiler::{Compiler, Tier};
use crate::error::CompileError;
use crate::hir::Ty;
use crate::host::{CallSig, CompilerHost, Helper, Repr, This};

/// What a stub does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StubKind {
    /// `extern "C" fn(thread: *mut Thread, code: usize, args: *const u64, ret: *mut u8) -> usize`.
    ///
    /// Loads each argument from an 8-byte slot (`this` first; scalars in the low bytes,
    /// structs as the address of their data, which the callee may change), calls `code`
    /// with the managed convention and stores the result at `ret` (scalars as 8 bytes,
    /// extended by their type; structs in place). Returns 0, or the exception reference.
    /// r15 must be the thread already. All exceptions are caught here (region 0, clause 0:
    /// [`EhClauseKind::CatchAll`]).
    Invoke,
    /// Managed entry of an internal call: calls `Symbol::NativeThunk(thunk)` by the C
    /// convention with (thread, \[struct return pointer\], \[this\], parameters…), structs by
    /// address; extends narrow results; raises a pending exception.
    InternalCall {
        /// Number of the thunk.
        thunk: u32,
    },
    /// The same without the thread argument and without the test for an exception.
    NativeCall {
        /// Number of the thunk.
        thunk: u32,
    },
    /// Code of [`Helper::PollPreserved`](crate::host::Helper::PollPreserved): saves every register
    /// and calls [`Helper::Poll`](crate::host::Helper::Poll). The signature is not used.
    PreservedPoll,
    /// `Invoke` of a delegate on a static method: calls the code without `this`.
    DelegateOpenStatic {
        /// Offset of the code address in the delegate.
        method_ptr_off: u32,
    },
    /// `Invoke` of a delegate on a static method closed over its first argument.
    DelegateClosedStatic {
        /// Offset of the code address in the delegate.
        method_ptr_off: u32,
        /// Offset of the target reference in the delegate.
        target_off: u32,
    },
    /// `Invoke` of a delegate on an instance method and its target.
    DelegateClosedInstance {
        /// Offset of the code address in the delegate.
        method_ptr_off: u32,
        /// Offset of the target reference in the delegate.
        target_off: u32,
    },
    /// `Invoke` of a delegate on an instance method: the first declared parameter is `this`.
    DelegateOpenInstance {
        /// Offset of the code address in the delegate.
        method_ptr_off: u32,
    },
    /// `Invoke` of a delegate on an interface method or a generic virtual one without target: the
    /// code is looked up for each first argument ([`Helper::ResolveVirtual`]).
    DelegateOpenVirtual {
        /// Offset of the method's token in the delegate.
        method_off: u32,
    },
    /// `Invoke` of a delegate with an invocation list: calls each delegate, gives the last result.
    DelegateMulticast {
        /// Offset of the vector of delegates in the delegate.
        delegates_off: u32,
        /// Offset of the `Invoke` entry's address in each delegate.
        invoke_off: u32,
    },
}

/// A stub to compile.
#[derive(Clone, Debug)]
pub struct StubInput<'a> {
    /// What it does.
    pub kind: StubKind,
    /// `Invoke`: the callee's signature. Native calls: the method's signature. Delegates:
    /// the signature of the delegate's `Invoke`, with `this`.
    pub sig: CallSig,
    /// Name for dumps.
    pub name: &'a str,
}

impl Compiler {
    /// Compiles a stub.
    ///
    /// # Errors
    /// [`CompileError::Signature`] when a type of the signature cannot be loaded,
    /// [`CompileError::UnsupportedStub`] when the signature does not fit the kind.
    pub fn compile_stub(
        &self,
        host: &dyn CompilerHost,
        input: &StubInput<'_>,
    ) -> Result<CompiledMethod, CompileError> {
        let abi = AbiSig::new(host, &input.sig).map_err(|e| CompileError::Signature(e.0))?;
        let ret = host
            .layout(input.sig.ret)
            .map_err(|e| CompileError::Signature(e.0))?;
        let ret_unsigned = ret.repr == Repr::U4;
        let is_delegate = !matches!(
            input.kind,
            StubKind::Invoke
                | StubKind::InternalCall { .. }
                | StubKind::NativeCall { .. }
                | StubKind::PreservedPoll
        );
        if is_delegate && input.sig.this != This::Ref {
            return Err(CompileError::UnsupportedStub(
                "a delegate stub without `this`",
            ));
        }
        let mut symbols = SymbolTable::default();
        let mut assembler = Assembler::new();
        let mut dumps = self.options.dumps.then(Dumps::default);
        let config = host.abi();
        self.function(
            Tier::Quick,
            stub_signature(input.kind, &abi),
            &mut symbols,
            &mut assembler,
            dumps.as_mut(),
            None,
            |func, frontend, symbols| {
                let mut emit = Emit::new(func, frontend, symbols, config);
                let entry = emit.b.create_block();
                emit.b.append_block_params_for_function_params(entry);
                emit.b.switch_to_block(entry);
                let mut roots = RootSlots::default();
                match input.kind {
                    StubKind::Invoke => invoke::emit(&mut emit, &abi, ret_unsigned, &mut roots),
                    StubKind::PreservedPoll => {
                        emit.helper(Helper::Poll, &[]);
                        emit.b.ins().return_(&[]);
                    }
                    StubKind::InternalCall { thunk } => {
                        native::emit(&mut emit, &abi, thunk, true, &mut roots)
                    }
                    StubKind::NativeCall { thunk } => {
                        native::emit(&mut emit, &abi, thunk, false, &mut roots)
                    }
                    StubKind::DelegateMulticast {
                        delegates_off,
                        invoke_off,
                    } => {
                        delegate::multicast(&mut emit, &abi, delegates_off, invoke_off, &mut roots);
                    }
                    StubKind::DelegateOpenStatic { method_ptr_off } => {
                        delegate::forward(
                            &mut emit,
                            &abi,
                            delegate::Shape::OpenStatic,
                            method_ptr_off,
                        )?;
                    }
                    StubKind::DelegateClosedStatic {
                        method_ptr_off,
                        target_off,
                    } => {
                        delegate::forward(
                            &mut emit,
                            &abi,
                            delegate::Shape::ClosedStatic { target_off },
                            method_ptr_off,
                        )?;
                    }
                    StubKind::DelegateClosedInstance {
                        method_ptr_off,
                        target_off,
                    } => {
                        delegate::forward(
                            &mut emit,
                            &abi,
                            delegate::Shape::ClosedInstance { target_off },
                            method_ptr_off,
                        )?;
                    }
                    StubKind::DelegateOpenInstance { method_ptr_off } => {
                        delegate::forward(
                            &mut emit,
                            &abi,
                            delegate::Shape::OpenInstance,
                            method_ptr_off,
                        )?;
                    }
                    StubKind::DelegateOpenVirtual { method_off } => {
                        delegate::forward(
                            &mut emit,
                            &abi,
                            delegate::Shape::OpenVirtual,
                            method_off,
                        )?;
                    }
                }
                emit.b.seal_all_blocks();
                emit.b.finalize(self.isa(Tier::Quick).frontend_config());
                Ok((roots, Names::default()))
            },
        )?;
        let mut out = assembler.finish(symbols);
        if input.kind == StubKind::Invoke {
            out.clauses.push(EhClauseOut {
                kind: EhClauseKind::CatchAll,
                try_start: 0,
                try_end: 0,
                handler_start: 0,
                handler_end: 0,
            });
            out.regions.push(Region { clauses: vec![0] });
        }
        out.dumps = dumps;
        Ok(out)
    }
}

fn stub_signature(kind: StubKind, abi: &AbiSig) -> Signature {
    match kind {
        StubKind::PreservedPoll => Signature::new(CallConv::PreserveAll),
        StubKind::Invoke => signature(
            CallConv::SystemV,
            &[Ty::I64, Ty::I64, Ty::I64, Ty::I64],
            Some(Ty::I64),
        ),
        _ => abi.managed(),
    }
}
