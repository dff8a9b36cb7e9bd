//! Entries of delegates: what the code address for `Invoke` in a delegate points at.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    BlockArg, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value, types,
};

use crate::clif::abi::{AbiSig, ArgClass};
use crate::clif::emit::{Emit, Target};
use crate::clif::lower::RootSlots;
use crate::clif::traps;
use crate::error::CompileError;
use crate::hir::{Mem, Ty};
use crate::host::Helper;

/// How the delegate's arguments become the method's.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    OpenStatic,
    ClosedStatic {
        target_off: u32,
    },
    ClosedInstance {
        target_off: u32,
    },
    OpenInstance,
    /// The field holds the method's token in place of its code.
    OpenVirtual,
}

/// Offsets come from the host's layouts of objects, far below 2 GiB.
fn field(offset: u32) -> i32 {
    offset.min(i32::MAX as u32) as i32
}

/// Flags of an access through the delegate reference.
fn object() -> MemFlagsData {
    MemFlagsData::new()
        .with_aligned()
        .with_trap_code(Some(traps::NULL))
}

/// Rearranges the arguments and jumps to the method. Struct arguments stay where the
/// delegate's caller made them.
pub(super) fn forward(
    emit: &mut Emit<'_>,
    abi: &AbiSig,
    shape: Shape,
    code_off: u32,
) -> Result<(), CompileError> {
    let entry = emit
        .b
        .current_block()
        .unwrap_or_else(|| emit.b.create_block());
    let params = emit.b.block_params(entry).to_vec();
    let delegate = params[0];
    let sret = abi.sret().map(|_| params[1]);
    let declared = &params[1 + usize::from(sret.is_some())..];

    let mut code = emit
        .b
        .ins()
        .load(types::I64, object(), delegate, field(code_off));
    let mut callee = abi.clone();
    let mut args: Vec<Value> = Vec::with_capacity(params.len());
    match shape {
        Shape::OpenStatic => {
            callee.this = None;
            args.extend(sret);
            args.extend(declared);
        }
        Shape::ClosedStatic { target_off } => {
            callee.this = None;
            callee.params.insert(0, ArgClass::Scalar(Mem::Ref));
            args.extend(sret);
            args.push(
                emit.b
                    .ins()
                    .load(types::I64, object(), delegate, field(target_off)),
            );
            args.extend(declared);
        }
        Shape::ClosedInstance { target_off } => {
            args.push(
                emit.b
                    .ins()
                    .load(types::I64, object(), delegate, field(target_off)),
            );
            args.extend(sret);
            args.extend(declared);
        }
        Shape::OpenInstance | Shape::OpenVirtual => {
            let (Some(first), Some((this, rest))) = (abi.params.first(), declared.split_first())
            else {
                return Err(CompileError::UnsupportedStub(
                    "an open instance delegate without parameters",
                ));
            };
            callee.this = Some(match first.ty() {
                Ty::Ref => Ty::Ref,
                _ => Ty::ByRef,
            });
            callee.params.remove(0);
            if matches!(shape, Shape::OpenVirtual) {
                let found = emit.helper(Helper::ResolveVirtual, &[*this, code]);
                emit.raise_if_pending(None);
                code = found.unwrap_or(code);
            }
            args.push(*this);
            args.extend(sret);
            args.extend(rest);
        }
    }
    let sig = emit.sig(callee.managed());
    emit.b.ins().return_call_indirect(sig, code, &args);
    Ok(())
}

/// Calls every delegate of the invocation list with its own copies of struct arguments.
pub(super) fn multicast(
    emit: &mut Emit<'_>,
    abi: &AbiSig,
    delegates_off: u32,
    invoke_off: u32,
    roots: &mut RootSlots,
) {
    let entry = emit
        .b
        .current_block()
        .unwrap_or_else(|| emit.b.create_block());
    let params = emit.b.block_params(entry).to_vec();
    let has_sret = abi.sret().is_some();
    let result_ty = abi.scalar_ret().map(Mem::ty);

    let list = emit
        .b
        .ins()
        .load(types::I64, object(), params[0], field(delegates_off));
    let length = emit
        .b
        .ins()
        .load(types::I32, object(), list, emit.abi.array_length as i32);
    let length = emit.b.ins().uextend(types::I64, length);
    let slots: Vec<_> = abi
        .params
        .iter()
        .map(|param| match param {
            ArgClass::Struct(_, layout) => {
                let align = layout.align.trailing_zeros().min(4) as u8;
                let size = layout.size.max(1);
                Some((
                    emit.b.create_sized_stack_slot(StackSlotData::new(
                        StackSlotKind::ExplicitSlot,
                        size,
                        align,
                    )),
                    layout.size,
                ))
            }
            ArgClass::Scalar(_) => None,
        })
        .collect();

    let mut named = vec![list];
    for (value, ty) in params.iter().zip(abi.param_types()).skip(1) {
        if matches!(ty, Ty::Ref | Ty::ByRef) {
            named.push(*value);
        }
    }
    emit.keep_always(&named, roots);
    for (slot, size) in slots.iter().flatten().filter(|(_, size)| *size >= 8) {
        let address = emit.b.ins().stack_addr(types::I64, *slot, 0);
        emit.clear(address, 0, *size);
        roots.always.push((*slot, *size / 8));
    }

    let head = emit.b.create_block();
    let index = emit.b.append_block_param(head, types::I64);
    let last = result_ty.map(|ty| emit.b.append_block_param(head, ty.clif()));
    let body = emit.b.create_block();
    let done = emit.b.create_block();

    let zero = emit.word(0);
    let mut start = vec![BlockArg::Value(zero)];
    if let Some(ty) = result_ty {
        start.push(BlockArg::Value(match ty {
            Ty::F32 => emit.b.ins().f32const(0.0),
            Ty::F64 => emit.b.ins().f64const(0.0),
            ty => emit.b.ins().iconst(ty.clif(), 0),
        }));
    }
    emit.b.ins().jump(head, &start);

    emit.b.switch_to_block(head);
    let more = emit.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
    emit.b.ins().brif(more, body, &[], done, &[]);

    emit.b.switch_to_block(body);
    let eight = emit.word(8);
    let scaled = emit.b.ins().imul(index, eight);
    let place = emit.b.ins().iadd(list, scaled);
    let delegate = emit.b.ins().load(
        types::I64,
        MemFlagsData::trusted(),
        place,
        emit.abi.vector_data as i32,
    );
    let code = emit
        .b
        .ins()
        .load(types::I64, object(), delegate, field(invoke_off));
    let mut args = vec![delegate];
    if has_sret {
        args.push(params[1]);
    }
    for (value, slot) in params[1 + usize::from(has_sret)..].iter().zip(&slots) {
        args.push(match slot {
            Some((slot, size)) => {
                let copy = emit.b.ins().stack_addr(types::I64, *slot, 0);
                emit.copy(copy, 0, *value, 0, *size);
                copy
            }
            None => *value,
        });
    }
    let result = emit.call(Target::Address(code), abi.managed(), &args, None);
    let one = emit.word(1);
    let next = emit.b.ins().iadd(index, one);
    let mut again = vec![BlockArg::Value(next)];
    again.extend(result.map(BlockArg::Value));
    emit.b.ins().jump(head, &again);

    emit.b.switch_to_block(done);
    let results: Vec<Value> = last.into_iter().collect();
    emit.b.ins().return_(&results);
}
