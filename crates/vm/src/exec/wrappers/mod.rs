//! Methods that the runtime supplies (ECMA-335 II.15.5): their bodies are IL, made from
//! their signatures.

mod async_result;
mod call_native;
mod callback;
mod callback_entry;
mod forms;
mod il;
mod library;
mod pinvoke;

use ferrocil_jit::host::CallSig;

use super::host::Host;
use crate::dynamic::DynamicBody;
use crate::error::LoadResult;
use crate::types::{ArrayMethod, MethodPtr, Signature};
use il::{Il, op};

impl Host<'_> {
    /// Compiles `body` as the body of `method`.
    fn compile_wrapper(
        &self,
        method: MethodPtr,
        sig: CallSig,
        body: DynamicBody,
    ) -> LoadResult<usize> {
        let signature: Signature = self.runtime.signature(method)?.clone();
        let dynamic = self
            .runtime
            .define_dynamic_method(method.class, signature, body)?;
        Ok(self.compile_dynamic(dynamic, sig)?.0)
    }

    /// Code of `Get`, `Set`, `Address` or a constructor of an array class, for those who
    /// call it through a pointer: compiled code has these in place.
    pub(super) fn array_accessor(
        &self,
        method: MethodPtr,
        sig: CallSig,
        kind: ArrayMethod,
    ) -> LoadResult<usize> {
        let mut il = Il::new(self.runtime);
        if matches!(kind, ArrayMethod::New | ArrayMethod::NewWithBounds) {
            // A constructor's object exists already when it is called so: nothing to do.
            il.op(op::RET);
            return self.compile_wrapper(method, sig, il.finish(method.name));
        }
        let count = self.runtime.signature(method)?.params.len() + 1;
        for n in 0..count {
            il.arg(n);
        }
        il.call(method);
        il.op(op::RET);
        self.compile_wrapper(method, sig, il.finish(method.name))
    }
}
