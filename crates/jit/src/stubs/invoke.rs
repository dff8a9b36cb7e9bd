//! The way from Rust into managed code.

use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, types};

use crate::clif::abi::{AbiSig, ArgClass};
use crate::clif::emit::{Emit, Target, Unwind};
use crate::clif::lower::RootSlots;
use crate::hir::Mem;
use crate::host::Helper;

/// `unsigned`: a 32-bit result is zero-extended.
pub(super) fn emit(emit: &mut Emit<'_>, abi: &AbiSig, unsigned: bool, roots: &mut RootSlots) {
    let entry = emit
        .b
        .current_block()
        .unwrap_or_else(|| emit.b.create_block());
    let params = emit.b.block_params(entry).to_vec();
    let (code, slots, ret) = (params[1], params[2], params[3]);
    let flags = MemFlagsData::trusted();

    let mut args = Vec::with_capacity(abi.params.len() + 2);
    let mut at = 0;
    if let Some(this) = abi.this {
        args.push(emit.b.ins().load(this.clif(), flags, slots, at));
        at += 8;
    }
    // The callee stores its result without a write barrier, and `ret` may be in the heap.
    let place = abi.sret().filter(|layout| layout.has_refs).map(|layout| {
        let words = layout.size.div_ceil(8);
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * words, 4);
        let slot = emit.b.create_sized_stack_slot(data);
        roots.always.push((slot, words));
        (emit.b.ins().stack_addr(types::I64, slot, 0), layout.size)
    });
    if abi.sret().is_some() {
        args.push(place.map_or(ret, |(place, _)| place));
    }
    for param in &abi.params {
        let mem = match param {
            ArgClass::Scalar(mem) => *mem,
            ArgClass::Struct(..) => Mem::ByRef,
        };
        args.push(emit.load(mem, flags, slots, at));
        at += 8;
    }

    let pad = emit.b.create_block();
    let exception = emit.b.append_block_param(pad, types::I64);
    let _clause = emit.b.append_block_param(pad, types::I64);
    let unwind = Unwind {
        region: 0,
        pad,
        context: None,
    };
    let result = emit.call(Target::Address(code), abi.managed(), &args, Some(unwind));
    if let (Some(value), Some(mem)) = (result, abi.scalar_ret()) {
        let wide = match mem {
            Mem::I8 | Mem::U8 | Mem::I16 | Mem::U16 | Mem::I32 => {
                if mem.is_signed() && !(unsigned && mem == Mem::I32) {
                    emit.b.ins().sextend(types::I64, value)
                } else {
                    emit.b.ins().uextend(types::I64, value)
                }
            }
            _ => value,
        };
        emit.b.ins().store(flags, wide, ret, 0);
    }
    if let Some((place, size)) = place {
        let size = emit.word(i64::from(size));
        emit.helper(Helper::CopyWithBarrier, &[ret, place, size]);
    }
    let zero = emit.word(0);
    emit.b.ins().return_(&[zero]);

    emit.b.switch_to_block(pad);
    emit.b.ins().return_(&[exception]);
}
