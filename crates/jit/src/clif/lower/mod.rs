//! From hir to Cranelift IR.

mod arith;
mod calls;
mod convert;
mod heap;
mod memory;
mod objects;
mod raise;
mod roots;

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{
    self, BlockArg, BlockCall, Function, InstBuilder, JumpTableData, MemFlagsData, Signature,
    SourceLoc, StackSlotData, StackSlotKind, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_entity::SecondaryMap;
use cranelift_frontend::FunctionBuilderContext;
use rustc_hash::FxHashMap;

use crate::clif::abi::signature;
use crate::clif::emit::{Emit, Unwind};
use crate::clif::symbols::SymbolTable;
use crate::clif::traps;
use crate::compiler::Tier;
use crate::hir::{
    Block, ClauseKind, Cond, Edge, Func, FuncKind, Handler, Inst, Mem, MethodEh, Node, RegionId,
    Slot, Terminator, Ty, Value,
};
use crate::host::{CompilerHost, Helper, Symbol, ThrowKind, TypeHandle, WriteBarrier};
use crate::roots::RootPlan;

pub(crate) use roots::{Place, RootSlots};

/// What the things of a hir function are called in its Cranelift function.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pub(crate) values: SecondaryMap<Value, Option<ir::Value>>,
    pub(crate) blocks: SecondaryMap<Block, Option<ir::Block>>,
    pub(crate) slots: SecondaryMap<Slot, Option<ir::StackSlot>>,
}

/// Offsets below this fault when the base is null: the first page is never mapped.
const NULL_PAGE: u32 = 4096;

/// Cranelift signature of a function.
pub(crate) fn clif_signature(func: &Func) -> Signature {
    match func.kind {
        FuncKind::Body => func.sig.managed(),
        FuncKind::Filter { .. } => signature(
            CallConv::SystemV,
            &[Ty::I64, Ty::I64, Ty::I64],
            Some(Ty::I32),
        ),
    }
}

/// Builds the Cranelift function of a hir function; gives the memory of its frame that the
/// collector reads. `shared`: of code that several instances run.
///
/// Source locations are positions of nodes as [`RootPlan`] counts them, doubled and
/// plus one; odd ones after that belong to calls that come before the node's last use of its
/// operands (see [`Place`]).
#[expect(clippy::too_many_arguments, reason = "parts of two owners")]
pub(crate) fn lower<'a>(
    func: &Func,
    eh: &MethodEh,
    plan: &RootPlan,
    host: &'a dyn CompilerHost,
    shared: bool,
    tier: Tier,
    config: TargetFrontendConfig,
    clif: &'a mut Function,
    frontend: &'a mut FunctionBuilderContext,
    symbols: &'a mut SymbolTable,
) -> (RootSlots, Names) {
    let mut lower = Lower {
        e: Emit::new(clif, frontend, symbols, host.abi()),
        f: func,
        plan,
        place: Place::default(),
        area: None,
        eh,
        values: SecondaryMap::new(),
        blocks: SecondaryMap::with_default(ir::Block::from_u32(0)),
        slots: SecondaryMap::with_default(ir::StackSlot::from_u32(0)),
        pads: FxHashMap::default(),
        region: None,
        preserved_poll: host.preserved_poll(),
        barrier: host.barrier(),
        memory: SecondaryMap::new(),
        epoch: 0,
        host,
        facts: None,
    };
    lower.e.quick = tier == Tier::Quick;
    lower.run(shared.then_some(host));
    let roots = lower.root_slots();
    let names = lower.names();
    lower.e.b.seal_all_blocks();
    lower.e.b.finalize(config);
    (roots, names)
}

struct Lower<'a, 'f> {
    e: Emit<'a>,
    f: &'f Func,
    plan: &'f RootPlan,
    /// The node that is being lowered.
    place: Place,
    area: Option<ir::StackSlot>,
    eh: &'f MethodEh,
    values: SecondaryMap<Value, Option<ir::Value>>,
    blocks: SecondaryMap<Block, ir::Block>,
    slots: SecondaryMap<Slot, ir::StackSlot>,
    pads: FxHashMap<RegionId, ir::Block>,
    /// Region of the block that is being lowered.
    region: Option<RegionId>,
    preserved_poll: bool,
    barrier: Option<WriteBarrier>,
    memory: SecondaryMap<Value, heap::Memory>,
    /// Changes at each safepoint and block.
    epoch: u32,
    host: &'a dyn CompilerHost,
    facts: Option<raise::Facts>,
}

impl<'a> Lower<'a, '_> {
    /// `shared`: the host, when several instances run the code.
    fn run(&mut self, mut shared: Option<&'a dyn CompilerHost>) {
        // Slots without bytes were taken apart.
        for (slot, data) in self.f.slots.iter().filter(|s| s.1.size > 0) {
            let align = data.align.trailing_zeros().min(4) as u8;
            self.slots[slot] = self.e.b.create_sized_stack_slot(StackSlotData::new(
                StackSlotKind::ExplicitSlot,
                data.size,
                align,
            ));
        }
        for &block in &self.f.layout {
            let data = &self.f.blocks[block];
            let clif = self.e.b.create_block();
            self.blocks[block] = clif;
            if data.cold {
                self.e.b.set_cold_block(clif);
            }
            for &param in &data.params {
                let value = self
                    .e
                    .b
                    .append_block_param(clif, self.f.values[param].ty.clif());
                self.values[param] = Some(value);
            }
        }
        if self.plan.words != 0 {
            self.area = Some(self.e.b.create_sized_stack_slot(StackSlotData::new(
                StackSlotKind::ExplicitSlot,
                self.plan.words * 8,
                3,
            )));
        }
        for (index, &block) in self.f.layout.iter().enumerate() {
            let data = &self.f.blocks[block];
            self.region = data.region;
            self.epoch += 1;
            self.e.b.switch_to_block(self.blocks[block]);
            let start = self.plan.start(index);
            self.at(start, false);
            if let Some(host) = shared.take() {
                self.e.enter_shared(host);
            }
            if index == 0 {
                self.clear_roots();
            }
            for &param in &data.params {
                self.keep(param);
            }
            for (i, node) in data.nodes.iter().enumerate() {
                self.at(start + i as u32, false);
                self.node(node);
            }
            self.at(start + data.nodes.len() as u32, false);
            self.terminator(&data.term);
        }
        self.landing_pads();
        self.e.leave_shared();
    }

    fn names(&mut self) -> Names {
        let mut names = Names {
            values: std::mem::take(&mut self.values),
            ..Names::default()
        };
        for &block in &self.f.layout {
            names.blocks[block] = Some(self.blocks[block]);
        }
        for (slot, _) in self.f.slots.iter().filter(|s| s.1.size > 0) {
            names.slots[slot] = Some(self.slots[slot]);
        }
        names
    }

    /// The Cranelift value.
    fn val(&self, value: Value) -> ir::Value {
        match self.values[value] {
            Some(value) => value,
            None => panic!(
                "hir value {value} is used before its definition; please report this with the method's hir"
            ),
        }
    }

    fn ty(&self, value: Value) -> Ty {
        self.f.values[value].ty
    }

    fn constant(&self, value: Value) -> Option<i64> {
        self.f.values[value].constant
    }

    /// Where exceptions of the current block go.
    fn unwind(&mut self) -> Option<Unwind> {
        let region = self.region?;
        let pad = match self.pads.get(&region) {
            Some(pad) => *pad,
            None => {
                let pad = self.e.b.create_block();
                self.e.b.append_block_param(pad, types::I64);
                self.e.b.append_block_param(pad, types::I64);
                self.pads.insert(region, pad);
                pad
            }
        };
        let filters = self.eh.regions[region]
            .iter()
            .any(|c| matches!(self.eh.clauses[*c as usize].kind, ClauseKind::Filter(_)));
        let context = filters.then(|| match (self.f.shared, self.f.kind) {
            (Some(slot), FuncKind::Body) => {
                self.e.b.ins().stack_addr(types::I64, self.slots[slot], 0)
            }
            (_, FuncKind::Filter { .. }) => self.val(self.f.blocks[self.f.layout[0]].params[1]),
            (None, FuncKind::Body) => self.e.word(0),
        });
        Some(Unwind {
            region: region.as_u32(),
            pad,
            context,
        })
    }

    /// Calls a helper that may throw.
    fn throwing(&mut self, helper: Helper, args: &[ir::Value]) -> Option<ir::Value> {
        let result = self.e.helper(helper, args);
        let unwind = self.unwind();
        self.e.raise_if_pending(unwind);
        result
    }

    /// Flags of the first access through `base`, after what checks it needs.
    fn null_checked(&mut self, base: ir::Value, offset: u32) -> MemFlagsData {
        if self.region.is_none() && offset < NULL_PAGE {
            return MemFlagsData::new().with_trap_code(Some(traps::NULL));
        }
        self.throw_unless(base, ThrowKind::NullReference);
        MemFlagsData::new().with_notrap()
    }

    fn node(&mut self, node: &Node) {
        let result = self.inst(&node.inst);
        self.note_memory(node);
        if let Some(value) = node.result {
            self.values[value] = result;
            debug_assert!(result.is_some(), "{} gives no result", node.inst);
            self.keep(value);
        }
    }

    fn inst(&mut self, inst: &Inst) -> Option<ir::Value> {
        Some(match inst {
            Inst::I32(c) => self.e.int(*c),
            Inst::I64(c) => self.e.word(*c),
            Inst::F32(bits) => self
                .e
                .b
                .ins()
                .f32const(ir::immediates::Ieee32::with_bits(*bits)),
            Inst::F64(bits) => self
                .e
                .b
                .ins()
                .f64const(ir::immediates::Ieee64::with_bits(*bits)),
            Inst::Unary(op, a) => self.unary(*op, *a),
            Inst::Binary(op, a, b) => self.binary(*op, *a, *b),
            Inst::Checked(op, a, b) => self.checked(*op, *a, *b),
            Inst::Division(op, a, b) => self.division(*op, *a, *b),
            Inst::Compare(cond, a, b) => {
                let flag = self.compare(*cond, *a, *b);
                self.e.b.ins().uextend(types::I32, flag)
            }
            Inst::Convert(to, a) => self.convert(*to, *a),
            Inst::ConvertChecked {
                to,
                to_unsigned,
                from_unsigned,
                arg,
            } => self.convert_checked(*to, *to_unsigned, *from_unsigned, *arg),
            Inst::ZeroExtend(a) => {
                let value = self.val(*a);
                self.e.b.ins().uextend(types::I64, value)
            }
            Inst::Select(c, a, b) => {
                let (c, a, b) = (self.val(*c), self.val(*a), self.val(*b));
                self.e.b.ins().select(c, a, b)
            }
            Inst::Bitcast(a) => {
                let value = self.val(*a);
                let ty = match self.ty(*a) {
                    Ty::F32 => types::I32,
                    Ty::F64 => types::I64,
                    Ty::I32 => types::F32,
                    _ => types::F64,
                };
                self.e.b.ins().bitcast(ty, MemFlagsData::new(), value)
            }
            Inst::CheckFinite(a) => self.check_finite(*a),
            Inst::NullCheck(a) => {
                let value = self.val(*a);
                self.throw_unless(value, ThrowKind::NullReference);
                return None;
            }
            Inst::BoundsCheck { index, length } => {
                let (index, length) = (self.val(*index), self.val(*length));
                let good = self.e.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
                self.throw_unless(good, ThrowKind::IndexOutOfRange);
                return None;
            }
            Inst::Load {
                mem,
                access,
                addr,
                offset,
            } => self.load(*mem, *access, *addr, *offset),
            Inst::Length {
                access,
                object,
                offset,
                ..
            } => self.load(Mem::I32, *access, *object, *offset),
            Inst::Store {
                mem,
                access,
                addr,
                offset,
                value,
            } => {
                self.store(*mem, *access, *addr, *offset, *value);
                return None;
            }
            Inst::StoreRef {
                access,
                addr,
                offset,
                value,
            } => {
                self.store_ref(*access, *addr, *offset, *value);
                return None;
            }
            Inst::CopyStruct {
                dst,
                src,
                size,
                barrier,
            } => {
                if *barrier {
                    self.copy_with_barrier(*dst, *src, *size);
                    return None;
                }
                let (dst, src) = (self.val(*dst), self.val(*src));
                self.e.copy(dst, 0, src, 0, *size);
                return None;
            }
            Inst::Clear { dst, size } => {
                let dst = self.val(*dst);
                self.e.clear(dst, 0, *size);
                return None;
            }
            Inst::SlotAddr(slot, offset) => {
                let offset = i32::try_from(*offset).unwrap_or(0);
                self.e
                    .b
                    .ins()
                    .stack_addr(types::I64, self.slots[*slot], offset)
            }
            Inst::SymbolAddr(symbol) => self.e.symbol(*symbol),
            Inst::Call(call) => return self.call(call),
            Inst::Helper(helper, args) => return self.helper(*helper, args),
            Inst::StoreElement {
                array,
                index,
                value,
                exact,
            } => {
                self.store_element(*array, *index, *value, *exact);
                return None;
            }
            Inst::NewObject {
                class,
                size,
                vtable_offset,
            } => self.new_object(*class, *size, *vtable_offset),
            Inst::NewVector {
                array,
                elem_size,
                max_bytes,
                vtable_offset,
                length,
            } => self.new_vector(*array, *elem_size, *max_bytes, *vtable_offset, *length),
            Inst::ClassInit(ty) => {
                self.class_init(*ty);
                return None;
            }
            Inst::Poll => {
                self.poll();
                return None;
            }
            Inst::KeepAlive(_) => return None,
            Inst::IsExact {
                object,
                vtable_offset,
            } => {
                let object = self.val(*object);
                let flag = self.header_is(object, *vtable_offset, MemFlagsData::trusted());
                self.e.b.ins().uextend(types::I32, flag)
            }
            Inst::IsInst {
                object,
                ty,
                strategy,
                vtable_offset,
            } => self.is_inst(*object, *ty, *strategy, *vtable_offset),
            Inst::CastClass {
                object,
                ty,
                strategy,
                vtable_offset,
            } => self.cast_class(*object, *ty, *strategy, *vtable_offset),
            Inst::Unbox {
                object,
                ty,
                vtable_offset,
            } => self.unbox(*object, *ty, *vtable_offset),
            Inst::CodeAddress { callee, object } => self.code_address(*callee, *object),
            Inst::AtomicLoad(mem, addr) => self.atomic_load(*mem, *addr),
            Inst::AtomicStore(mem, addr, value) => {
                self.atomic_store(*mem, *addr, *value);
                return None;
            }
            Inst::AtomicRmw(op, mem, addr, value) => self.atomic_rmw(*op, *mem, *addr, *value),
            Inst::AtomicCas(mem, addr, expected, new) => {
                self.atomic_cas(*mem, *addr, *expected, *new)
            }
            Inst::Fence => {
                self.e.b.ins().fence();
                return None;
            }
        })
    }

    fn compare(&mut self, cond: Cond, a: Value, b: Value) -> ir::Value {
        let float = self.ty(a).is_float();
        let (a, b) = (self.val(a), self.val(b));
        if float {
            self.e.b.ins().fcmp(float_cc(cond), a, b)
        } else {
            self.e.b.ins().icmp(int_cc(cond), a, b)
        }
    }

    fn edge_args(&self, edge: &Edge) -> Vec<BlockArg> {
        edge.args
            .iter()
            .map(|v| BlockArg::Value(self.val(*v)))
            .collect()
    }

    fn terminator(&mut self, term: &Terminator) {
        match term {
            Terminator::Unreachable => {
                self.e.b.ins().trap(traps::UNREACHABLE);
            }
            Terminator::Jump(edge) => {
                let args = self.edge_args(edge);
                self.e.b.ins().jump(self.blocks[edge.block], &args);
            }
            Terminator::Branch(value, then, other) => {
                let flag = self.val(*value);
                self.branch(flag, then, other);
            }
            Terminator::BranchCompare(cond, a, b, then, other) => {
                let flag = self.compare(*cond, *a, *b);
                self.branch(flag, then, other);
            }
            Terminator::Switch(value, edges, default) => {
                let mut calls = Vec::with_capacity(edges.len());
                for edge in edges {
                    calls.push(self.block_call(edge));
                }
                let default = self.block_call(default);
                let table = self
                    .e
                    .b
                    .create_jump_table(JumpTableData::new(default, &calls));
                let value = self.val(*value);
                self.e.b.ins().br_table(value, table);
            }
            Terminator::Return(value) => {
                let values: Vec<_> = value.iter().map(|v| self.val(*v)).collect();
                self.e.b.ins().return_(&values);
            }
            Terminator::Raise(helper, args) => self.raise(*helper, args),
            Terminator::TailCall(call) => self.tail_call(call),
        }
    }

    fn branch(&mut self, flag: ir::Value, then: &Edge, other: &Edge) {
        let then_args = self.edge_args(then);
        let other_args = self.edge_args(other);
        self.e.b.ins().brif(
            flag,
            self.blocks[then.block],
            &then_args,
            self.blocks[other.block],
            &other_args,
        );
    }

    fn block_call(&mut self, edge: &Edge) -> BlockCall {
        let args = self.edge_args(edge);
        BlockCall::new(
            self.blocks[edge.block],
            args,
            &mut self.e.b.func.dfg.value_lists,
        )
    }

    /// The landing pads dispatch on the position of the clause in the region.
    fn landing_pads(&mut self) {
        let mut pads: Vec<_> = self.pads.iter().map(|(r, b)| (*r, *b)).collect();
        pads.sort_unstable_by_key(|p| p.0);
        for (region, pad) in pads {
            self.e.b.set_srcloc(SourceLoc::default());
            let params = self.e.b.block_params(pad).to_vec();
            let dead = self.e.cold_block();
            let mut calls = Vec::new();
            for clause in &self.eh.regions[region] {
                if let ClauseKind::Catch(ty) = self.eh.clauses[*clause as usize].kind {
                    self.e.keep_for(Symbol::TypeToken(ty));
                }
                let pool = &mut self.e.b.func.dfg.value_lists;
                calls.push(match self.f.handlers[*clause as usize] {
                    Some(Handler::Catch(block)) => {
                        BlockCall::new(self.blocks[block], [BlockArg::Value(params[0])], pool)
                    }
                    Some(Handler::Finally(block)) => BlockCall::new(self.blocks[block], [], pool),
                    None => BlockCall::new(dead, [], pool),
                });
            }
            self.e.b.switch_to_block(pad);
            let index = self.e.b.ins().ireduce(types::I32, params[1]);
            let pool = &mut self.e.b.func.dfg.value_lists;
            let default = BlockCall::new(dead, [], pool);
            let table = self
                .e
                .b
                .create_jump_table(JumpTableData::new(default, &calls));
            self.e.b.ins().br_table(index, table);
            self.e.b.switch_to_block(dead);
            self.e.b.ins().trap(traps::UNREACHABLE);
        }
    }

    fn poll(&mut self) {
        let thread = self.e.thread();
        let flag = self.e.b.ins().load(
            types::I32,
            MemFlagsData::trusted(),
            thread,
            self.e.abi.thread_poll,
        );
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        self.e.b.ins().brif(flag, cold, &[], next, &[]);
        self.e.b.switch_to_block(cold);
        if self.preserved_poll {
            let place = self.place;
            self.at(place.position, true);
            self.e.preserving(Helper::PollPreserved, &[]);
            self.at(place.position, false);
            let unwind = self.unwind();
            self.e.raise_if_pending(unwind);
        } else {
            self.throwing(Helper::Poll, &[]);
        }
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(next);
    }

    fn class_init(&mut self, ty: TypeHandle) {
        let flag = self.e.symbol(Symbol::ClassInitFlag(ty));
        let done = self
            .e
            .b
            .ins()
            .load(types::I8, MemFlagsData::trusted(), flag, 0);
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        self.e.b.ins().brif(done, next, &[], cold, &[]);
        self.e.b.switch_to_block(cold);
        let vtable = self.e.symbol(Symbol::VTable(ty));
        self.throwing(Helper::ClassInit, &[vtable]);
        self.e.b.ins().jump(next, &[]);
        self.e.b.switch_to_block(next);
    }
}

fn int_cc(cond: Cond) -> IntCC {
    match cond {
        Cond::Eq => IntCC::Equal,
        Cond::Ne => IntCC::NotEqual,
        Cond::Lt => IntCC::SignedLessThan,
        Cond::Le => IntCC::SignedLessThanOrEqual,
        Cond::Gt => IntCC::SignedGreaterThan,
        Cond::Ge => IntCC::SignedGreaterThanOrEqual,
        Cond::LtUn => IntCC::UnsignedLessThan,
        Cond::LeUn => IntCC::UnsignedLessThanOrEqual,
        Cond::GtUn => IntCC::UnsignedGreaterThan,
        Cond::GeUn => IntCC::UnsignedGreaterThanOrEqual,
    }
}

fn float_cc(cond: Cond) -> FloatCC {
    match cond {
        Cond::Eq => FloatCC::Equal,
        Cond::Ne => FloatCC::NotEqual,
        Cond::Lt => FloatCC::LessThan,
        Cond::Le => FloatCC::LessThanOrEqual,
        Cond::Gt => FloatCC::GreaterThan,
        Cond::Ge => FloatCC::GreaterThanOrEqual,
        Cond::LtUn => FloatCC::UnorderedOrLessThan,
        Cond::LeUn => FloatCC::UnorderedOrLessThanOrEqual,
        Cond::GtUn => FloatCC::UnorderedOrGreaterThan,
        Cond::GeUn => FloatCC::UnorderedOrGreaterThanOrEqual,
    }
}
