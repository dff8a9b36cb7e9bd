//! Exception tables: each call has the clauses whose try blocks hold its IL offset, and its
//! landing pad leads to their handlers.

use cranelift_codegen::ir::{self, InstructionData, Opcode};

use super::calls::{Call, Target, at_site};
use super::{Evidence, Fault, Witness};
use crate::clif::helpers::{HelperKind, signature_of};
use crate::clif::lower::Place;
use crate::clif::traps::throw_kind;
use crate::code::{CompiledMethod, EhClauseKind};
use crate::hir::{ClauseKind, FuncKind, Handler, Inst};
use crate::host::{Helper, Symbol, ThrowKind};

/// The clauses are those of the IL, in its order.
pub(super) fn check_clauses(
    witness: &Witness,
    method: &CompiledMethod,
    object: &mut impl FnMut(Fault),
) {
    if method.clauses.len() != witness.eh.clauses.len() {
        object(Fault::Inconsistent);
        return;
    }
    for (i, (out, clause)) in method.clauses.iter().zip(&witness.eh.clauses).enumerate() {
        let kind = match (out.kind, clause.kind) {
            (EhClauseKind::Catch(a), ClauseKind::Catch(b)) => a == b,
            (EhClauseKind::CatchAll, ClauseKind::CatchAll)
            | (EhClauseKind::Finally, ClauseKind::Finally)
            | (EhClauseKind::Fault, ClauseKind::Fault) => true,
            (EhClauseKind::Filter { funclet }, ClauseKind::Filter(_)) => {
                let found = witness.functions.get(funclet as usize);
                let own = FuncKind::Filter { clause: i as u32 };
                found.is_some_and(|f| f.hir.kind == own)
            }
            _ => false,
        };
        let ranges = (out.try_start, out.try_end) == clause.try_range
            && (out.handler_start, out.handler_end) == clause.handler_range;
        if !kind || !ranges {
            object(Fault::WrongClause { clause: i as u32 });
        }
    }
}

/// Clauses of the IL that protect code at an offset of it, innermost first.
fn protecting(witness: &Witness, kind: FuncKind, il: u32) -> Vec<u32> {
    let clauses = witness
        .eh
        .clauses
        .iter()
        .take(witness.il_clauses)
        .enumerate();
    let holds = |range: (u32, u32)| range.0 <= il && il < range.1;
    let inside = |range: (u32, u32)| match kind {
        FuncKind::Body => true,
        FuncKind::Filter { clause } => {
            let own = &witness.eh.clauses[clause as usize];
            let ClauseKind::Filter(start) = own.kind else {
                return false;
            };
            start <= range.0 && range.0 < own.handler_range.0
        }
    };
    clauses
        .filter(|(_, c)| holds(c.try_range) && inside(c.try_range))
        .map(|(i, _)| i as u32)
        .collect()
}

pub(super) fn check(
    witness: &Witness,
    evidence: &Evidence,
    method: &CompiledMethod,
    function: usize,
    calls: &[Call],
    object: &mut impl FnMut(u32, Fault),
) {
    let own = method.functions[function];
    let il_offsets = evidence.il_offsets();
    let il_of = |at: u32| {
        let place = evidence.machine.place_before(at)?;
        il_offsets.get(place.position as usize).copied()
    };
    let is_implicit = |clause: &u32| *clause as usize >= witness.il_clauses;
    for site in &method.call_sites {
        let ret = site.ret_offset;
        if ret <= own.start || ret > own.start + own.len {
            continue;
        }
        let at = ret - own.start;
        let raw = evidence.machine.sites.iter().find(|s| s.ret == at);
        if let Some(raw) = raw {
            let pad = raw.tag.map(|t| (t.0, t.1 + own.start));
            if pad != site.region.zip(site.landing_pad) || raw.context != site.context_offset {
                object(at, Fault::WrongLandingPad);
            }
        }
        let found = site
            .region
            .map_or(&[][..], |r| &method.regions[r as usize].clauses);
        let has_filter = |clause: &u32| {
            matches!(
                method.clauses[*clause as usize].kind,
                EhClauseKind::Filter { .. }
            )
        };
        if found.iter().any(has_filter) && site.context_offset.is_none() {
            object(at, Fault::WrongLandingPad);
        }
        let targets = at_site(evidence, method, calls, ret, own.start);
        let Some(target) = targets.first().map(|c| c.target) else {
            continue;
        };
        if !target.unwinds() {
            if site.region.is_some() {
                object(at, Fault::NeedlessRegion);
            }
            continue;
        }
        if method.invalid.is_some() {
            continue;
        }
        let Some(il) = il_of(at) else { continue };
        let expected = protecting(witness, evidence.hir.kind, il);
        let explicit: Vec<u32> = found.iter().filter(|c| !is_implicit(c)).copied().collect();
        // Implicit clauses come last: a filter's own, or that of a synchronized method.
        let last = found.iter().position(is_implicit).unwrap_or(found.len());
        let implicit = found.len() - last;
        let filter = matches!(evidence.hir.kind, FuncKind::Filter { .. });
        let good = if filter {
            implicit == 1
        } else {
            implicit <= usize::from(witness.synchronized)
        };
        if explicit != expected || !good || last + implicit != found.len() || explicit.len() != last
        {
            object(
                at,
                Fault::WrongClauses {
                    il,
                    expected,
                    found: found.to_vec(),
                },
            );
        }
    }
    check_pads(evidence, method, calls, object);
    check_pending(witness, evidence, calls, object);
    let traps = method.traps.iter();
    let own_traps: Vec<_> = traps
        .filter(|t| own.start <= t.0 && t.0 < own.start + own.len)
        .map(|t| (t.0 - own.start, t.1))
        .collect();
    let mut expected = evidence.machine.traps.clone();
    expected.sort_unstable_by_key(|t| t.0);
    if own_traps != expected {
        object(0, Fault::WrongTraps);
    }
    for (at, kind) in own_traps {
        let Some(il) = il_of(at + 1) else { continue };
        let filter = matches!(evidence.hir.kind, FuncKind::Filter { .. });
        let protected = filter || !protecting(witness, evidence.hir.kind, il).is_empty();
        let tested = || is_tested(evidence, at, kind);
        if protected && method.invalid.is_none() && !tested() {
            object(at, Fault::TrapInRegion { kind, il });
        }
    }
}

/// Whether a trap is that of a division whose operands are tested before, or known.
fn is_tested(evidence: &Evidence, at: u32, kind: ThrowKind) -> bool {
    let Some(place) = evidence.machine.place_before(at + 1) else {
        return false;
    };
    let mut nodes = evidence.hir.layout.iter().flat_map(|b| {
        let data = &evidence.hir.blocks[*b];
        data.nodes.iter().map(Some).chain([None])
    });
    let node = nodes.nth(place.position as usize).flatten();
    let Some(Inst::Division(_, _, divisor)) = node.map(|n| &n.inst) else {
        return false;
    };
    let known = evidence.hir.values[*divisor].constant;
    let harmless = match kind {
        ThrowKind::DivideByZero => known.is_some_and(|d| d != 0),
        ThrowKind::Overflow => known.is_some_and(|d| d != -1),
        _ => return false,
    };
    // The lowering of the node branches on them.
    let func = &evidence.clif;
    let insts = func
        .layout
        .blocks()
        .flat_map(|b| func.layout.block_insts(b));
    harmless
        || insts
            .filter(|i| func.dfg.insts[*i].opcode() == Opcode::Brif)
            .filter_map(|i| Place::of(func.srcloc(i)))
            .any(|p| p.position == place.position)
}

/// Position `i` of a region goes to the handler of its clause `i`.
fn check_pads(
    evidence: &Evidence,
    method: &CompiledMethod,
    calls: &[Call],
    object: &mut impl FnMut(u32, Fault),
) {
    let func = &evidence.clif;
    let mut done = Vec::new();
    for call in calls {
        let Some(table) = func.dfg.insts[call.inst].exception_table() else {
            continue;
        };
        for item in func.dfg.exception_tables[table].items() {
            let ir::ExceptionTableItem::Tag(tag, edge) = item else {
                continue;
            };
            let pad = edge.block(&func.dfg.value_lists);
            if done.contains(&(tag, pad)) {
                continue;
            }
            done.push((tag, pad));
            let Some(region) = method.regions.get(tag.as_u32() as usize) else {
                object(0, Fault::WrongLandingPad);
                continue;
            };
            let targets = pad_targets(func, pad);
            for (i, &clause) in region.clauses.iter().enumerate() {
                let handler = evidence
                    .hir
                    .handlers
                    .get(clause as usize)
                    .copied()
                    .flatten();
                let Some(Handler::Catch(block) | Handler::Finally(block)) = handler else {
                    continue;
                };
                if targets.get(i).copied() != evidence.names.blocks[block] {
                    object(0, Fault::WrongHandler { clause });
                }
            }
        }
    }
}

/// Where a landing pad goes, by the position that the unwinder gives.
fn pad_targets(func: &ir::Function, pad: ir::Block) -> Vec<ir::Block> {
    let Some(last) = func.layout.last_inst(pad) else {
        return Vec::new();
    };
    match &func.dfg.insts[last] {
        InstructionData::BranchTable { table, .. } => func.dfg.jump_tables[*table]
            .as_slice()
            .iter()
            .map(|call| call.block(&func.dfg.value_lists))
            .collect(),
        _ => Vec::new(),
    }
}

/// After a helper that may throw comes a look at the pending exception, and a branch or trap on it.
fn check_pending(
    witness: &Witness,
    evidence: &Evidence,
    calls: &[Call],
    object: &mut impl FnMut(u32, Fault),
) {
    let func = &evidence.clif;
    for call in calls {
        let Some(helper) = call.target.helper() else {
            continue;
        };
        if signature_of(helper).0 != HelperKind::Throwing {
            continue;
        }
        let mut loaded = None;
        let mut raises = false;
        let mut next = func.layout.next_inst(call.inst);
        while let Some(inst) = next {
            let data = &func.dfg.insts[inst];
            match data {
                InstructionData::Load { offset, arg, .. }
                    if i32::from(*offset) == witness.abi.thread_pending
                        && is_thread(func, *arg) =>
                {
                    loaded = func.dfg.inst_results(inst).first().copied();
                }
                InstructionData::Brif { arg, blocks, .. } if Some(*arg) == loaded => {
                    let cold = blocks[0].block(&func.dfg.value_lists);
                    raises = calls.iter().any(|c| {
                        c.block == cold
                            && c.target == Target::Symbol(Symbol::Helper(Helper::RaisePending))
                    });
                }
                InstructionData::CondTrap { arg, code, .. } if Some(*arg) == loaded => {
                    raises = data.opcode() == Opcode::Trapnz
                        && throw_kind(*code) == Some(ThrowKind::Pending);
                }
                _ if data.opcode().is_call() || data.opcode().can_store() => break,
                _ => {}
            }
            next = func.layout.next_inst(inst);
        }
        if !raises {
            object(
                0,
                Fault::PendingIgnored {
                    callee: Symbol::Helper(helper),
                },
            );
        }
    }
}

fn is_thread(func: &ir::Function, value: ir::Value) -> bool {
    let def = func.dfg.value_def(func.dfg.resolve_aliases(value)).inst();
    def.is_some_and(|inst| func.dfg.insts[inst].opcode() == Opcode::GetPinnedReg)
}
