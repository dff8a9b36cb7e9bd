//! Root maps: what is live is claimed, what is claimed was stored, what is scanned was written.

use cranelift_codegen::ir::{InstructionData, StackSlot};
use rustc_hash::FxHashMap;

use super::calls::{Call, at_site};
use super::flow::{Flow, State, Word, slot_address};
use super::liveness::{Liveness, Wanted};
use super::{Evidence, Fault};
use crate::code::{CallSiteOut, CompiledMethod, FrameRoots, LiveWords};
use crate::hir::{Block, Inst, Mem, Slot, Value};
use crate::host::Helper;

/// What is known of a function.
pub(super) struct Facts<'a> {
    pub(super) calls: &'a [Call],
    pub(super) live: &'a Liveness,
    pub(super) flow: &'a Flow,
}

pub(super) fn check(
    evidence: &Evidence,
    method: &CompiledMethod,
    function: usize,
    facts: &Facts<'_>,
    object: &mut impl FnMut(u32, Fault),
) {
    let own = method.functions[function];
    let frame = &method.frames[function];
    check_frame(evidence, frame, object);
    let positions = positions(evidence);
    for site in &method.call_sites {
        let ret = site.ret_offset;
        if ret <= own.start || ret > own.start + own.len {
            continue;
        }
        let calls = at_site(evidence, method, facts.calls, ret, own.start);
        let at = ret - own.start;
        // Of several calls of one node with one callee any may be the one of the site.
        for call in calls {
            let mut object = |fault| object(at, fault);
            let preserved = call.target.helper() == Some(Helper::PollPreserved);
            if site.live == LiveWords::Anything {
                if !preserved {
                    object(Fault::NotPreserved);
                }
                continue;
            }
            let Some(state) = facts.flow.at_call.get(&call.inst) else {
                continue;
            };
            check_site(
                evidence,
                method,
                (frame, site),
                (call, state),
                facts,
                &positions,
                &mut object,
            );
        }
    }
}

/// Block and index in it of each position.
fn positions(evidence: &Evidence) -> Vec<(Block, usize)> {
    let mut out = Vec::new();
    for &block in &evidence.hir.layout {
        out.extend((0..=evidence.hir.blocks[block].nodes.len()).map(|i| (block, i)));
    }
    out
}

fn check_site(
    evidence: &Evidence,
    method: &CompiledMethod,
    (frame, site): (&FrameRoots, &CallSiteOut),
    (call, state): (&Call, &State),
    facts: &Facts<'_>,
    positions: &[(Block, usize)],
    object: &mut impl FnMut(Fault),
) {
    let claimed: Vec<u32> = method.live_words(frame, site).collect();
    // Nobody reads the map of any other call.
    if !call.target.may_collect() {
        return;
    }
    for &word in &claimed {
        if state
            .words
            .get(word as usize)
            .is_none_or(|w| *w == Word::Unset)
        {
            object(Fault::NotStored { word });
        }
    }
    for &(offset, words) in &frame.always {
        let slots = evidence.clif.sized_stack_slots.keys();
        let slot = slots
            .filter(|s| Some(*s) != evidence.machine.area.map(|a| a.0))
            .find(|s| evidence.machine.slots[*s] == offset);
        let written = slot.and_then(|s| state.written.get(&s));
        if written.is_none_or(|w| w.iter().take(words as usize).any(|w| !w)) {
            object(Fault::SlotNotWritten { offset });
        }
    }
    let Some(place) = call.place else { return };
    let Some(&(block, index)) = positions.get(place.position as usize) else {
        return;
    };
    let wanted = Wanted {
        rest: call.target.returns(),
        operands: call.target.returns() && call.target.helper().is_some(),
        thrown: true,
    };
    for value in facts.live.at(&evidence.hir, block, index, wanted) {
        let Some(clif) = evidence.names.values[value] else {
            continue;
        };
        let clif = evidence.clif.dfg.resolve_aliases(clif);
        let held = |word: &u32| state.words.get(*word as usize) == Some(&Word::Holds(clif));
        if !claimed.iter().any(held) {
            object(Fault::Unmapped { value });
        }
    }
}

/// The frame table names the memory that the frame has, and all that holds references.
fn check_frame(evidence: &Evidence, frame: &FrameRoots, object: &mut impl FnMut(u32, Fault)) {
    let machine = &evidence.machine;
    let area = machine
        .area
        .map_or((0, 0), |(slot, words)| (machine.slots[slot], words));
    if frame.area != area || frame.frame_size != machine.frame_size {
        object(0, Fault::FrameMoved);
    }
    for slot in slots_with_references(evidence) {
        let Some(clif) = evidence.names.slots[slot] else {
            continue;
        };
        let place = (machine.slots[clif], evidence.hir.slots[slot].size / 8);
        if !frame.always.contains(&place) {
            object(0, Fault::SlotNotScanned { slot });
        }
    }
}

/// Some scanned slot gets `this` in the entry block and nothing else, ever. That it is written before
/// each call is checked with the other scanned slots.
pub(super) fn check_this(
    evidence: &Evidence,
    frame: &FrameRoots,
    object: &mut impl FnMut(u32, Fault),
) {
    let func = &evidence.clif;
    let Some(entry) = func.layout.entry_block() else {
        return;
    };
    let params = &evidence.hir.blocks[evidence.hir.layout[0]].params;
    let this = params.first().and_then(|p| evidence.names.values[*p]);
    let mut keeps: FxHashMap<StackSlot, bool> = FxHashMap::default();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let kept = match &func.dfg.insts[inst] {
                InstructionData::StackAddr { .. } => continue,
                InstructionData::Store { args, offset, .. } => slot_address(func, args[1])
                    .filter(|to| {
                        to.1 + i64::from(*offset) == 0
                            && block == entry
                            && Some(func.dfg.resolve_aliases(args[0])) == this
                    })
                    .map(|to| to.0),
                _ => None,
            };
            for &arg in func.dfg.inst_args(inst) {
                if let Some((slot, _)) = slot_address(func, arg) {
                    let first = !keeps.contains_key(&slot);
                    keeps.insert(slot, first && kept == Some(slot));
                }
            }
        }
    }
    let scanned = |slot: StackSlot| {
        let at = evidence.machine.slots[slot];
        frame.always.iter().any(|place| place.0 == at)
    };
    if !keeps.iter().any(|(slot, only)| *only && scanned(*slot)) {
        object(0, Fault::ThisNotKept);
    }
}

/// Slots that a reference is stored in or loaded from.
fn slots_with_references(evidence: &Evidence) -> Vec<Slot> {
    let func = &evidence.clif;
    let mut out: Vec<Slot> = Vec::new();
    let mut note = |addr: Value| {
        let found = evidence.names.values[addr].and_then(|value| slot_address(func, value));
        if let Some((clif, _)) = found {
            let slots = evidence.hir.slots.keys();
            out.extend(slots.filter(|s| evidence.names.slots[*s] == Some(clif)));
        }
    };
    for &block in &evidence.hir.layout {
        for node in &evidence.hir.blocks[block].nodes {
            match &node.inst {
                Inst::Store {
                    mem: Mem::Ref,
                    addr,
                    value,
                    ..
                }
                | Inst::StoreRef { addr, value, .. }
                    if evidence.hir.values[*value].constant.is_none() =>
                {
                    note(*addr);
                }
                Inst::Load {
                    mem: Mem::Ref,
                    addr,
                    ..
                } => note(*addr),
                _ => {}
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}
