//! Write barriers: each store of a reference to memory that may be in the heap tells the
//! collector, when the heap asks for it.

use cranelift_codegen::ir::{self, InstructionData};
use rustc_hash::FxHashSet;

use super::liveness::Liveness;
use super::{Evidence, Fault, Witness, flow};
use crate::clif::lower::Place;
use crate::hir::{Binary, Inst, Mem, Value};
use crate::host::{BarrierConstant, Helper, Symbol};

pub(super) fn check(
    witness: &Witness,
    evidence: &Evidence,
    live: &Liveness,
    object: &mut impl FnMut(u32, Fault),
) {
    if !witness.barrier {
        return;
    }
    let hir = &evidence.hir;
    let null = |value: Value| hir.values[value].constant == Some(0);
    let mut node = 0;
    for &block in &hir.layout {
        // Objects made in this block since the last safepoint: young, and nobody has looked.
        let mut fresh: FxHashSet<Value> = FxHashSet::default();
        for item in &hir.blocks[block].nodes {
            let covered = |addr: Value| {
                live.is_outside(addr)
                    || fresh.contains(&addr)
                    || has_barrier(witness, evidence, node, addr)
            };
            let good = match &item.inst {
                // Only null, or where no barrier is needed.
                Inst::Store {
                    mem: Mem::Ref,
                    addr,
                    value,
                    ..
                } => null(*value) || live.is_outside(*addr) || fresh.contains(addr),
                Inst::StoreRef { addr, value, .. } => null(*value) || covered(*addr),
                Inst::AtomicStore(Mem::Ref, addr, _)
                | Inst::AtomicRmw(_, Mem::Ref, addr, _)
                | Inst::AtomicCas(Mem::Ref, addr, ..) => covered(*addr),
                Inst::StoreElement { array, value, .. } => {
                    let by_helper = || {
                        calls(witness, evidence, node, Helper::StoreElemRef)
                            && !stores(evidence, node)
                    };
                    null(*value) || covered(*array) || by_helper()
                }
                Inst::CopyStruct {
                    barrier: true, dst, ..
                } => covered(*dst) || calls(witness, evidence, node, Helper::CopyWithBarrier),
                _ => true,
            };
            if !good {
                object(0, Fault::NoBarrier { node });
            }
            if item.inst.may_collect() || matches!(item.inst, Inst::Poll) {
                fresh.clear();
            }
            match &item.inst {
                Inst::NewObject { .. } | Inst::NewVector { .. } => fresh.extend(item.result),
                Inst::Binary(Binary::Add, base, by) if hir.values[*by].constant.is_some() => {
                    let inside = fresh.contains(base);
                    fresh.extend(item.result.filter(|_| inside));
                }
                _ => {}
            }
            node += 1;
        }
        node += 1;
    }
}

/// The instructions of a node.
fn of_node(evidence: &Evidence, node: u32) -> impl Iterator<Item = ir::Inst> + '_ {
    let func = &evidence.clif;
    func.layout
        .blocks()
        .flat_map(|block| func.layout.block_insts(block))
        .filter(move |inst| Place::of(func.srcloc(*inst)).is_some_and(|p| p.position == node))
}

fn calls(witness: &Witness, evidence: &Evidence, node: u32, helper: Helper) -> bool {
    of_node(evidence, node).any(|inst| {
        flow::direct(&evidence.clif, inst).is_some_and(|(callee, _)| {
            let name = &evidence.clif.dfg.ext_funcs[callee].name;
            evidence.symbol_of(&witness.symbols, name) == Some(Symbol::Helper(helper))
        })
    })
}

/// Whether a node stores anything by itself.
fn stores(evidence: &Evidence, node: u32) -> bool {
    let is_store = |inst| matches!(evidence.clif.dfg.insts[inst], InstructionData::Store { .. });
    of_node(evidence, node).any(is_store)
}

/// Whether a node looks at the barrier's table at a place that follows from the stored-to address, or
/// has the helper do so.
fn has_barrier(witness: &Witness, evidence: &Evidence, node: u32, base: Value) -> bool {
    let func = &evidence.clif;
    let Some(base) = evidence.names.values[base] else {
        return false;
    };
    let base = func.dfg.resolve_aliases(base);
    of_node(evidence, node).any(|inst| {
        if let Some((callee, args)) = flow::direct(func, inst) {
            let name = &func.dfg.ext_funcs[callee].name;
            return evidence.symbol_of(&witness.symbols, name) == Some(BARRIER)
                && args
                    .first()
                    .is_some_and(|arg| leaves(func, *arg).contains(&base));
        }
        let InstructionData::Load { arg, .. } = &func.dfg.insts[inst] else {
            return false;
        };
        let leaves = leaves(func, *arg);
        let table = |value: &ir::Value| symbol(witness, evidence, *value) == Some(TABLE);
        leaves.contains(&base) && leaves.iter().any(table)
    })
}

const BARRIER: Symbol = Symbol::Helper(Helper::WriteBarrier);
const TABLE: Symbol = Symbol::Barrier(BarrierConstant::Table);

/// The symbol that a value is the address of.
fn symbol(witness: &Witness, evidence: &Evidence, value: ir::Value) -> Option<Symbol> {
    let func = &evidence.clif;
    let inst = func.dfg.value_def(value).inst()?;
    let InstructionData::UnaryGlobalValue { global_value, .. } = &func.dfg.insts[inst] else {
        return None;
    };
    match &func.global_values[*global_value] {
        ir::GlobalValueData::Symbol { name, .. } => evidence.symbol_of(&witness.symbols, name),
        _ => None,
    }
}

/// What a value is computed from, through integer arithmetic, itself included.
fn leaves(func: &ir::Function, value: ir::Value) -> FxHashSet<ir::Value> {
    let mut seen = FxHashSet::default();
    let mut work = vec![value];
    while let Some(value) = work.pop() {
        let value = func.dfg.resolve_aliases(value);
        if !seen.insert(value) {
            continue;
        }
        if let Some(inst) = func.dfg.value_def(value).inst()
            && let InstructionData::Binary { args, .. } = &func.dfg.insts[inst]
        {
            work.extend(args);
        }
    }
    seen
}
