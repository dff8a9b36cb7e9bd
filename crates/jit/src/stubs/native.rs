//! The way from managed code to Rust and C functions.

use cranelift_codegen::ir::{AbiParam, InstBuilder, Signature, types};
use cranelift_codegen::isa::CallConv;

use crate::clif::abi::AbiSig;
use crate::clif::emit::Emit;
use crate::clif::lower::RootSlots;
use crate::hir::Ty;
use crate::host::Symbol;

/// The arguments of an internal call live while it runs, so that Rust may use what it has of them
/// in any form.
pub(super) fn emit(
    emit: &mut Emit<'_>,
    abi: &AbiSig,
    thunk: u32,
    managed: bool,
    roots: &mut RootSlots,
) {
    let entry = emit
        .b
        .current_block()
        .unwrap_or_else(|| emit.b.create_block());
    let params = emit.b.block_params(entry).to_vec();
    let named: Vec<_> = params
        .iter()
        .zip(abi.param_types())
        .filter(|(_, ty)| matches!(ty, Ty::Ref | Ty::ByRef))
        .map(|(value, _)| *value)
        .collect();
    emit.keep_always(&named, roots);

    let mut sig = Signature::new(CallConv::SystemV);
    let mut args = Vec::with_capacity(params.len() + 1);
    if managed {
        sig.params.push(AbiParam::new(types::I64));
        args.push(emit.thread());
    }
    let mut rest = params.as_slice();
    let this = if abi.this.is_some() {
        rest.split_off_first().copied()
    } else {
        None
    };
    if abi.sret().is_some() {
        // C returns structs through a first argument; managed code has it after `this`.
        sig.params.push(AbiParam::new(types::I64));
        args.extend(rest.split_off_first());
    }
    if let Some(this) = this {
        sig.params.push(AbiParam::new(types::I64));
        args.push(this);
    }
    for (value, param) in rest.iter().zip(&abi.params) {
        sig.params.push(AbiParam::new(param.ty().clif()));
        args.push(*value);
    }
    let ret = abi.scalar_ret();
    // The native function defines only the bits of its own type.
    sig.returns.extend(ret.map(|mem| AbiParam::new(mem.clif())));

    let sig = emit.sig(sig);
    let func = emit.callee(Symbol::NativeThunk(thunk), sig);
    let call = emit.b.ins().call(func, &args);
    let result = emit.b.inst_results(call).first().copied();
    if managed {
        emit.raise_if_pending(None);
    }
    match (result, ret) {
        (Some(value), Some(mem)) => {
            let value = emit.narrow(mem, value);
            emit.b.ins().return_(&[value]);
        }
        _ => {
            emit.b.ins().return_(&[]);
        }
    }
}
