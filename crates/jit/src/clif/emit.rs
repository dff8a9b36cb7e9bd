//! Small pieces of Cranelift IR that stubs and method bodies share.

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, ExceptionTag, FuncRef,
    Function, InstBuilder, MemFlagsData, SigRef, Signature, StackSlotData, StackSlotKind, Type,
    Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use crate::clif::abi;
use crate::clif::helpers::{HelperKind, signature_of};
use crate::clif::lower::RootSlots;
use crate::clif::symbols::{Imports, SymbolTable, context_slot};
use crate::clif::traps;
use crate::hir::{Mem, Ty};
use crate::host::{AbiConfig, CompilerHost, Helper, Symbol, ThrowKind};

/// Largest struct copied or cleared inline, in bytes.
const INLINE_BYTES: u32 = 128;

/// Who is called.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// A symbol, by a near call.
    Symbol(Symbol),
    /// A code address.
    Address(Value),
}

/// Where exceptions of a call go: tag, landing pad, filter context.
#[derive(Clone, Copy)]
pub(crate) struct Unwind {
    pub(crate) region: u32,
    pub(crate) pad: Block,
    pub(crate) context: Option<Value>,
}

/// A function under construction.
pub(crate) struct Emit<'a> {
    pub(crate) b: FunctionBuilder<'a>,
    pub(crate) symbols: &'a mut SymbolTable,
    pub(crate) abi: AbiConfig,
    imports: Imports,
    sigs: Vec<(Signature, SigRef)>,
    /// In shared code: who knows which symbols are generic, and the generic context.
    generic: Option<(&'a dyn CompilerHost, Value)>,
    /// Whether the code is to be short rather than fast: what is compiled quickly runs seldom.
    pub(crate) quick: bool,
}

impl<'a> Emit<'a> {
    pub(crate) fn new(
        func: &'a mut Function,
        frontend: &'a mut FunctionBuilderContext,
        symbols: &'a mut SymbolTable,
        abi: AbiConfig,
    ) -> Emit<'a> {
        Emit {
            b: FunctionBuilder::new(func, frontend),
            symbols,
            abi,
            imports: Imports::default(),
            sigs: Vec::new(),
            generic: None,
            quick: false,
        }
    }

    /// The thread.
    pub(crate) fn thread(&mut self) -> Value {
        self.b.ins().get_pinned_reg(types::I64)
    }

    /// 64-bit constant.
    pub(crate) fn word(&mut self, value: i64) -> Value {
        self.b.ins().iconst(types::I64, value)
    }

    /// 32-bit constant.
    pub(crate) fn int(&mut self, value: i32) -> Value {
        self.b.ins().iconst(types::I32, i64::from(value as u32))
    }

    /// Adds a constant to an address.
    pub(crate) fn offset(&mut self, base: Value, offset: i64) -> Value {
        if offset == 0 {
            return base;
        }
        let offset = self.word(offset);
        self.b.ins().iadd(base, offset)
    }

    /// At the entry of shared code: takes the generic context from the thread.
    pub(crate) fn enter_shared(&mut self, host: &'a dyn CompilerHost) {
        let thread = self.thread();
        let flags = MemFlagsData::trusted();
        let context = self
            .b
            .ins()
            .load(types::I64, flags, thread, self.abi.thread_context);
        self.generic = Some((host, context));
    }

    /// At the end of shared code: keeps the context in the frame, where the unwinder finds it, or
    /// forgets it if nothing was taken from it.
    pub(crate) fn leave_shared(&mut self) {
        let Some((_, context)) = self.generic else {
            return;
        };
        let func = &mut *self.b.func;
        let Some(load) = func.dfg.value_def(context).inst() else {
            return;
        };
        if !self.symbols.has_lookups() {
            func.layout.remove_inst(load);
            return;
        }
        let slot = func.create_sized_stack_slot(StackSlotData::new_with_key(
            StackSlotKind::ExplicitSlot,
            8,
            3,
            context_slot(),
        ));
        FuncCursor::new(func)
            .after_inst(load)
            .ins()
            .stack_store(types::I64, context, slot, 0);
    }

    /// What a symbol stands for in the instance that runs, if that is not known here.
    fn look_up(&mut self, symbol: Symbol) -> Option<Value> {
        let (host, context) = self.generic?;
        if !host.is_generic(symbol) {
            return None;
        }
        let offset = self.symbols.lookup(symbol);
        // Contexts never change.
        let flags = MemFlagsData::trusted().with_readonly().with_can_move();
        Some(self.b.ins().load(types::I64, flags, context, offset))
    }

    /// Keeps the generic context if a symbol depends on it, for those who look from outside: the
    /// unwinder asks which type a clause of this instance catches.
    pub(crate) fn keep_for(&mut self, symbol: Symbol) {
        if self
            .generic
            .is_some_and(|(host, _)| host.is_generic(symbol))
        {
            self.symbols.lookup(symbol);
        }
    }

    /// The address of a symbol.
    pub(crate) fn symbol(&mut self, symbol: Symbol) -> Value {
        if let Some(value) = self.look_up(symbol) {
            return value;
        }
        let global = self.imports.global(self.b.func, self.symbols, symbol);
        self.b.ins().symbol_value(types::I64, global)
    }

    /// Imports a signature once.
    pub(crate) fn sig(&mut self, sig: Signature) -> SigRef {
        if let Some((_, found)) = self.sigs.iter().find(|(s, _)| *s == sig) {
            return *found;
        }
        let found = self.b.import_signature(sig.clone());
        self.sigs.push((sig, found));
        found
    }

    /// Imports a callee.
    pub(crate) fn callee(&mut self, symbol: Symbol, sig: SigRef) -> FuncRef {
        self.imports.func(self.b.func, self.symbols, symbol, sig)
    }

    /// Loads storage and widens it to the stack type.
    pub(crate) fn load(
        &mut self,
        mem: Mem,
        flags: MemFlagsData,
        addr: Value,
        offset: i32,
    ) -> Value {
        match mem {
            Mem::I8 => self.b.ins().sload8(types::I32, flags, addr, offset),
            Mem::U8 => self.b.ins().uload8(types::I32, flags, addr, offset),
            Mem::I16 => self.b.ins().sload16(types::I32, flags, addr, offset),
            Mem::U16 => self.b.ins().uload16(types::I32, flags, addr, offset),
            _ => self.b.ins().load(mem.clif(), flags, addr, offset),
        }
    }

    /// Narrows a stack value to storage and stores it.
    pub(crate) fn store(
        &mut self,
        mem: Mem,
        flags: MemFlagsData,
        value: Value,
        addr: Value,
        offset: i32,
    ) {
        match mem {
            Mem::I8 | Mem::U8 => self.b.ins().istore8(flags, value, addr, offset),
            Mem::I16 | Mem::U16 => self.b.ins().istore16(flags, value, addr, offset),
            _ => self.b.ins().store(flags, value, addr, offset),
        };
    }

    /// Truncates a 32-bit value to storage and widens it again.
    pub(crate) fn narrow(&mut self, mem: Mem, value: Value) -> Value {
        let ty = match mem {
            Mem::I8 | Mem::U8 => types::I8,
            Mem::I16 | Mem::U16 => types::I16,
            _ => return value,
        };
        let low = if self.b.func.dfg.value_type(value) == ty {
            value
        } else {
            self.b.ins().ireduce(ty, value)
        };
        if mem.is_signed() {
            self.b.ins().sextend(types::I32, low)
        } else {
            self.b.ins().uextend(types::I32, low)
        }
    }

    /// Copies `size` bytes between non-null, non-overlapping (or equal) addresses.
    pub(crate) fn copy(
        &mut self,
        dst: Value,
        dst_offset: i32,
        src: Value,
        src_offset: i32,
        size: u32,
    ) {
        if size > INLINE_BYTES {
            let dst = self.offset(dst, i64::from(dst_offset));
            let src = self.offset(src, i64::from(src_offset));
            let size = self.word(i64::from(size));
            self.helper(Helper::MemCopy, &[dst, src, size]);
            return;
        }
        let flags = MemFlagsData::new().with_notrap();
        // All loads of a chunk come before its stores, so that equal addresses are safe.
        let mut at = 0;
        while at < size {
            let (ty, bytes) = chunk(size - at);
            let value = self.b.ins().load(ty, flags, src, src_offset + at as i32);
            self.b
                .ins()
                .store(flags, value, dst, dst_offset + at as i32);
            at += bytes;
        }
    }

    /// Clears `size` bytes at a non-null address.
    pub(crate) fn clear(&mut self, dst: Value, offset: i32, size: u32) {
        let zero = self.word(0);
        if size > INLINE_BYTES {
            let dst = self.offset(dst, i64::from(offset));
            let size = self.word(i64::from(size));
            self.helper(Helper::MemFill, &[dst, zero, size]);
            return;
        }
        let flags = MemFlagsData::new().with_notrap();
        let mut vector = None;
        let mut at = 0;
        while at < size {
            let (ty, bytes) = chunk(size - at);
            let value = if ty == types::I64X2 {
                *vector.get_or_insert_with(|| self.b.ins().splat(types::I64X2, zero))
            } else if ty == types::I64 {
                zero
            } else {
                self.b.ins().iconst(ty, 0)
            };
            self.b.ins().store(flags, value, dst, offset + at as i32);
            at += bytes;
        }
    }

    /// Calls a helper that returns; gives its result. The caller tests `pending`.
    pub(crate) fn helper(&mut self, helper: Helper, args: &[Value]) -> Option<Value> {
        let (kind, params, ret) = signature_of(helper);
        debug_assert_ne!(kind, HelperKind::Raising);
        debug_assert_eq!(params.len(), args.len(), "{helper:?}");
        let mut types = Vec::with_capacity(params.len() + 1);
        let mut values = Vec::with_capacity(params.len() + 1);
        if kind != HelperKind::Pure {
            types.push(Ty::I64);
            values.push(self.thread());
        }
        types.extend_from_slice(params);
        values.extend_from_slice(args);
        let sig = self.sig(abi::signature(CallConv::SystemV, &types, ret));
        let func = self.callee(Symbol::Helper(helper), sig);
        let call = self.b.ins().call(func, &values);
        self.b.inst_results(call).first().copied()
    }

    /// Calls a helper that keeps all registers.
    pub(crate) fn preserving(&mut self, helper: Helper, args: &[Value]) {
        let (_, params, _) = signature_of(helper);
        let sig = self.sig(abi::signature(CallConv::PreserveAll, params, None));
        let func = self.callee(Symbol::Helper(helper), sig);
        self.b.ins().call(func, args);
    }

    /// Stores what may name objects in frame memory that the collector reads at every call.
    pub(crate) fn keep_always(&mut self, values: &[Value], roots: &mut RootSlots) {
        if values.is_empty() {
            return;
        }
        let words = values.len() as u32;
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            words * 8,
            3,
        ));
        for (i, &value) in values.iter().enumerate() {
            self.b
                .ins()
                .stack_store(types::I64, value, slot, i as i32 * 8);
        }
        roots.always.push((slot, words));
    }

    /// Whether an exception is pending: the reference, or zero.
    pub(crate) fn pending(&mut self) -> Value {
        let thread = self.thread();
        let flags = MemFlagsData::trusted();
        self.b
            .ins()
            .load(types::I64, flags, thread, self.abi.thread_pending)
    }

    /// Ends the block by a helper that never returns.
    pub(crate) fn raise(&mut self, helper: Helper, args: &[Value], unwind: Option<Unwind>) {
        let (kind, params, _) = signature_of(helper);
        debug_assert_eq!(kind, HelperKind::Raising);
        debug_assert_eq!(params.len(), args.len(), "{helper:?}");
        let mut types = vec![Ty::I64];
        types.extend_from_slice(params);
        let mut values = vec![self.thread()];
        values.extend_from_slice(args);
        self.call(
            Target::Symbol(Symbol::Helper(helper)),
            abi::signature(CallConv::Tail, &types, None),
            &values,
            unwind,
        );
        self.b.ins().trap(traps::UNREACHABLE);
    }

    /// A target with generic symbols looked up.
    pub(crate) fn resolved(&mut self, target: Target) -> Target {
        match target {
            Target::Symbol(symbol) => self.look_up(symbol).map_or(target, Target::Address),
            Target::Address(_) => target,
        }
    }

    /// Calls managed code; continues in a new block when exceptions are caught.
    pub(crate) fn call(
        &mut self,
        target: Target,
        sig: Signature,
        args: &[Value],
        unwind: Option<Unwind>,
    ) -> Option<Value> {
        let target = self.resolved(target);
        let ret: Option<Type> = sig.returns.first().map(|r| r.value_type);
        let sig = self.sig(sig);
        let Some(unwind) = unwind else {
            let call = match target {
                Target::Symbol(symbol) => {
                    let func = self.callee(symbol, sig);
                    self.b.ins().call(func, args)
                }
                Target::Address(code) => self.b.ins().call_indirect(sig, code, args),
            };
            return self.b.inst_results(call).first().copied();
        };
        let next = self.b.create_block();
        let result = ret.map(|ty| self.b.append_block_param(next, ty));
        let pool = &mut self.b.func.dfg.value_lists;
        let normal = BlockCall::new(next, ret.iter().map(|_| BlockArg::TryCallRet(0)), pool);
        let pad = BlockCall::new(
            unwind.pad,
            [BlockArg::TryCallExn(0), BlockArg::TryCallExn(1)],
            pool,
        );
        let mut items = Vec::with_capacity(2);
        items.extend(unwind.context.map(ExceptionTableItem::Context));
        items.push(ExceptionTableItem::Tag(
            ExceptionTag::from_u32(unwind.region),
            pad,
        ));
        let table = self
            .b
            .func
            .dfg
            .exception_tables
            .push(ExceptionTableData::new(sig, normal, items));
        match target {
            Target::Symbol(symbol) => {
                let func = self.callee(symbol, sig);
                self.b.ins().try_call(func, args, table);
            }
            Target::Address(code) => {
                self.b.ins().try_call_indirect(code, args, table);
            }
        }
        self.b.switch_to_block(next);
        result
    }

    /// After a helper that may throw: goes to a cold block that raises when an exception is pending.
    pub(crate) fn raise_if_pending(&mut self, unwind: Option<Unwind>) {
        let pending = self.pending();
        if self.quick && unwind.is_none() {
            let code = traps::trap_code(ThrowKind::Pending);
            self.b.ins().trapnz(pending, code);
            return;
        }
        let cold = self.cold_block();
        let next = self.b.create_block();
        self.b.ins().brif(pending, cold, &[], next, &[]);
        self.b.switch_to_block(cold);
        self.raise(Helper::RaisePending, &[], unwind);
        self.b.switch_to_block(next);
    }

    /// A block placed out of the way.
    pub(crate) fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// The vtable of a non-null object. The load of the header faults on null with `flags`.
    pub(crate) fn vtable(&mut self, object: Value, flags: MemFlagsData) -> Value {
        let offset = self.b.ins().uload32(flags, object, 0);
        let base = self.symbol(Symbol::VTableBase);
        self.b.ins().iadd(base, offset)
    }

    /// Compares with a constant.
    pub(crate) fn cmp_imm(&mut self, cc: IntCC, value: Value, imm: i64) -> Value {
        let ty = self.b.func.dfg.value_type(value);
        let imm = if ty == types::I32 {
            i64::from(imm as u32)
        } else {
            imm
        };
        let imm = self.b.ins().iconst(ty, imm);
        self.b.ins().icmp(cc, value, imm)
    }
}

/// Widest access for what is left of a copy.
fn chunk(left: u32) -> (Type, u32) {
    match left {
        16.. => (types::I64X2, 16),
        8.. => (types::I64, 8),
        4.. => (types::I32, 4),
        2.. => (types::I16, 2),
        _ => (types::I8, 1),
    }
}
