//! The calling convention of managed code, in one place.
//!
//! - Managed code uses Cranelift's `tail` convention with r15 = thread.
//! - Parameter order: `this`, the hidden struct-return pointer, the declared parameters.
//! - Scalars go in their own registers. Integers narrower than 32 bits travel as 32 bits:
//!   **whoever passes a value extends it** (the caller its arguments, the callee its
//!   result) and whoever receives it trusts all 32 bits. Rust functions leave the upper
//!   bits undefined, so native stubs extend what they receive from them.
//! - Structs are passed as the address of a copy that the callee owns and may change. They
//!   are returned through the hidden pointer, which names memory that may be uninitialised
//!   and does not alias an argument; the callee returns nothing else.

use cranelift_codegen::ir::{AbiParam, Signature};
use cranelift_codegen::isa::CallConv;

use crate::hir::{Mem, Ty};
use crate::host::{CallSig, CompilerHost, HostResult, Repr, This, TypeHandle, TypeLayout};

/// How one value is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgClass {
    /// In a register or stack word.
    Scalar(Mem),
    /// By the address of a copy.
    Struct(TypeHandle, TypeLayout),
}

impl ArgClass {
    /// Class of a value of a type; `None` for `void`.
    pub(crate) fn of(host: &dyn CompilerHost, ty: TypeHandle) -> HostResult<Option<ArgClass>> {
        let layout = host.layout(ty)?;
        Ok(match Mem::of(layout.repr) {
            Some(mem) => Some(ArgClass::Scalar(mem)),
            None if layout.repr == Repr::Struct => Some(ArgClass::Struct(ty, layout)),
            None => None,
        })
    }

    /// Type of the machine-level parameter.
    #[must_use]
    pub fn ty(self) -> Ty {
        match self {
            ArgClass::Scalar(mem) => mem.ty(),
            ArgClass::Struct(..) => Ty::ByRef,
        }
    }
}

/// A signature with every value classified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AbiSig {
    /// `Ref` or `ByRef` when there is a `this`.
    pub this: Option<Ty>,
    /// Declared parameters.
    pub params: Vec<ArgClass>,
    /// Result; a struct goes through the hidden pointer.
    pub ret: Option<ArgClass>,
    /// Types of the declared parameters as the method declares them.
    pub declared: Vec<TypeHandle>,
    /// Declared type of the result.
    pub declared_ret: TypeHandle,
}

impl AbiSig {
    /// Classifies a signature.
    pub(crate) fn new(host: &dyn CompilerHost, sig: &CallSig) -> HostResult<AbiSig> {
        let this = match sig.this {
            This::None => None,
            This::Ref => Some(Ty::Ref),
            This::ByRef => Some(Ty::ByRef),
        };
        let mut params = Vec::with_capacity(sig.params.len());
        for &ty in &sig.params {
            // A parameter of type void cannot be written in a signature; treat it as a word
            // would hide the error, so it is an empty struct of no bytes.
            let layout = host.layout(ty)?;
            params.push(match Mem::of(layout.repr) {
                Some(mem) => ArgClass::Scalar(mem),
                None => ArgClass::Struct(ty, layout),
            });
        }
        Ok(AbiSig {
            this,
            params,
            ret: ArgClass::of(host, sig.ret)?,
            declared: sig.params.clone(),
            declared_ret: sig.ret,
        })
    }

    /// Layout behind the hidden return pointer, if there is one.
    #[must_use]
    pub fn sret(&self) -> Option<TypeLayout> {
        match self.ret {
            Some(ArgClass::Struct(_, layout)) => Some(layout),
            _ => None,
        }
    }

    /// Storage type of a scalar result.
    #[must_use]
    pub fn scalar_ret(&self) -> Option<Mem> {
        match self.ret {
            Some(ArgClass::Scalar(mem)) => Some(mem),
            _ => None,
        }
    }

    /// Machine-level parameter types in order.
    #[must_use]
    pub fn param_types(&self) -> Vec<Ty> {
        let mut out = Vec::with_capacity(self.params.len() + 2);
        out.extend(self.this);
        if self.sret().is_some() {
            out.push(Ty::ByRef);
        }
        out.extend(self.params.iter().map(|p| p.ty()));
        out
    }

    /// Whether any parameter is a struct in the caller's frame.
    #[must_use]
    pub fn has_struct_params(&self) -> bool {
        self.params
            .iter()
            .any(|p| matches!(p, ArgClass::Struct(..)))
    }

    /// The managed Cranelift signature.
    #[must_use]
    pub fn managed(&self) -> Signature {
        signature(
            CallConv::Tail,
            &self.param_types(),
            self.scalar_ret().map(Mem::ty),
        )
    }
}

/// A Cranelift signature.
pub(crate) fn signature(conv: CallConv, params: &[Ty], ret: Option<Ty>) -> Signature {
    let mut sig = Signature::new(conv);
    sig.params
        .extend(params.iter().map(|ty| AbiParam::new(ty.clif())));
    sig.returns.extend(ret.map(|ty| AbiParam::new(ty.clif())));
    sig
}
