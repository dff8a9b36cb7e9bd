//! What is in the frame at each call, by forward data flow over the Cranelift function.

use cranelift_codegen::ir::{self, InstructionData, Opcode, StackSlot, instructions::CallInfo};
use cranelift_entity::SecondaryMap;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Evidence, Witness};
use crate::host::{Helper, Symbol};

/// What a word of the root area holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Word {
    /// Nothing, on some path.
    Unset,
    /// This value.
    Holds(ir::Value),
    /// One value or another.
    Stored,
}

/// The frame at a point.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct State {
    pub(super) words: Vec<Word>,
    /// By slot: words that are written on every path.
    pub(super) written: FxHashMap<StackSlot, Vec<bool>>,
}

/// The frame at each call.
pub(super) struct Flow {
    pub(super) at_call: FxHashMap<ir::Inst, State>,
}

/// Blocks that control can reach.
pub(super) fn reachable(func: &ir::Function) -> SecondaryMap<ir::Block, bool> {
    let mut reached = SecondaryMap::new();
    let mut work: Vec<ir::Block> = func.layout.entry_block().into_iter().collect();
    while let Some(block) = work.pop() {
        if std::mem::replace(&mut reached[block], true) {
            continue;
        }
        work.extend(successors(func, block));
    }
    reached
}

fn successors(func: &ir::Function, block: ir::Block) -> Vec<ir::Block> {
    let Some(last) = func.layout.last_inst(block) else {
        return Vec::new();
    };
    func.dfg.insts[last]
        .branch_destination(&func.dfg.jump_tables, &func.dfg.exception_tables)
        .iter()
        .map(|call| call.block(&func.dfg.value_lists))
        .collect()
}

/// The frame slot and offset that a value is the address of.
pub(super) fn slot_address(func: &ir::Function, value: ir::Value) -> Option<(StackSlot, i64)> {
    let value = func.dfg.resolve_aliases(value);
    let inst = func.dfg.value_def(value).inst()?;
    match &func.dfg.insts[inst] {
        InstructionData::StackAddr {
            stack_slot, offset, ..
        } => Some((*stack_slot, i64::from(*offset))),
        InstructionData::Binary {
            opcode: Opcode::Iadd,
            args,
        } => {
            let (slot, base) = slot_address(func, args[0])?;
            Some((slot, base + constant(func, args[1])?))
        }
        _ => None,
    }
}

/// The number that a value is.
pub(super) fn constant(func: &ir::Function, value: ir::Value) -> Option<i64> {
    let value = func.dfg.resolve_aliases(value);
    let inst = func.dfg.value_def(value).inst()?;
    match &func.dfg.insts[inst] {
        InstructionData::UnaryImm { imm, .. } => Some(imm.bits()),
        _ => None,
    }
}

/// Removes the stores into a slot.
pub(super) fn remove_stores(func: &mut ir::Function, slot: StackSlot) {
    let blocks: Vec<_> = func.layout.blocks().collect();
    for block in blocks {
        let insts: Vec<_> = func.layout.block_insts(block).collect();
        for inst in insts {
            if let InstructionData::Store { args, .. } = func.dfg.insts[inst]
                && slot_address(func, args[1]).is_some_and(|s| s.0 == slot)
            {
                func.layout.remove_inst(inst);
            }
        }
    }
}

impl Flow {
    pub(super) fn new(witness: &Witness, evidence: &Evidence) -> Flow {
        let func = &evidence.clif;
        let mut pass = Pass {
            witness,
            evidence,
            stored: FxHashSet::default(),
            at_call: FxHashMap::default(),
        };
        let area = evidence.machine.area.map(|a| a.0);
        for block in func.layout.blocks() {
            for inst in func.layout.block_insts(block) {
                if let Some((slot, _, value)) = pass.store(inst)
                    && Some(slot) == area
                {
                    pass.stored.insert(func.dfg.resolve_aliases(value));
                }
            }
        }
        let start = State {
            words: vec![Word::Unset; evidence.machine.area.map_or(0, |a| a.1 as usize)],
            written: func
                .sized_stack_slots
                .iter()
                .map(|(slot, data)| (slot, vec![false; data.size as usize / 8]))
                .collect(),
        };
        let mut at_start: SecondaryMap<ir::Block, Option<State>> = SecondaryMap::new();
        let mut work = Vec::new();
        if let Some(entry) = func.layout.entry_block() {
            at_start[entry] = Some(start);
            work.push(entry);
        }
        while let Some(block) = work.pop() {
            let Some(mut state) = at_start[block].clone() else {
                continue;
            };
            pass.block(block, &mut state);
            for next in successors(func, block) {
                let changed = match &mut at_start[next] {
                    Some(old) => meet(old, &state),
                    none => {
                        *none = Some(state.clone());
                        true
                    }
                };
                if changed && !work.contains(&next) {
                    work.push(next);
                }
            }
        }
        Flow {
            at_call: pass.at_call,
        }
    }
}

fn meet(old: &mut State, new: &State) -> bool {
    let mut changed = false;
    for (a, b) in old.words.iter_mut().zip(&new.words) {
        let both = match (*a, *b) {
            (Word::Unset, _) | (_, Word::Unset) => Word::Unset,
            (a, b) if a == b => a,
            _ => Word::Stored,
        };
        changed |= both != *a;
        *a = both;
    }
    for (slot, words) in &mut old.written {
        let other = new.written.get(slot);
        for (i, word) in words.iter_mut().enumerate() {
            let both = *word && other.is_some_and(|o| o[i]);
            changed |= both != *word;
            *word = both;
        }
    }
    changed
}

struct Pass<'a> {
    witness: &'a Witness,
    evidence: &'a Evidence,
    /// Values that are stored in the root area.
    stored: FxHashSet<ir::Value>,
    at_call: FxHashMap<ir::Inst, State>,
}

impl Pass<'_> {
    /// The slot, offset and value of a store in the frame.
    fn store(&self, inst: ir::Inst) -> Option<(StackSlot, i64, ir::Value)> {
        let func = &self.evidence.clif;
        match &func.dfg.insts[inst] {
            InstructionData::Store { args, offset, .. } => {
                let (slot, base) = slot_address(func, args[1])?;
                Some((slot, base + i64::from(*offset), args[0]))
            }
            _ => None,
        }
    }

    fn define(&self, state: &mut State, value: ir::Value) {
        if self.stored.contains(&value) {
            for word in &mut state.words {
                if *word == Word::Holds(value) {
                    *word = Word::Stored;
                }
            }
        }
    }

    fn block(&mut self, block: ir::Block, state: &mut State) {
        let func = &self.evidence.clif;
        let area = self.evidence.machine.area.map(|a| a.0);
        for &param in func.dfg.block_params(block) {
            self.define(state, param);
        }
        for inst in func.layout.block_insts(block) {
            if let Some((slot, offset, value)) = self.store(inst) {
                let value = func.dfg.resolve_aliases(value);
                let bytes = match func.dfg.insts[inst].opcode() {
                    Opcode::Istore8 => 1,
                    Opcode::Istore16 => 2,
                    Opcode::Istore32 => 4,
                    _ => func.dfg.value_type(value).bytes(),
                };
                if Some(slot) == area {
                    if let Some(word) = state.words.get_mut(offset as usize / 8) {
                        *word = Word::Holds(value);
                    }
                } else {
                    write(state, slot, offset, i64::from(bytes));
                }
            }
            let data = &func.dfg.insts[inst];
            if let Some((callee, args)) = direct(func, inst) {
                self.at_call.insert(inst, state.clone());
                let name = &func.dfg.ext_funcs[callee].name;
                let symbol = self.evidence.symbol_of(&self.witness.symbols, name);
                let fills = matches!(
                    symbol,
                    Some(Symbol::Helper(Helper::MemCopy | Helper::MemFill))
                );
                if fills
                    && let Some((slot, offset)) = slot_address(func, args[0])
                    && let Some(size) = constant(func, args[2])
                {
                    write(state, slot, offset, size);
                }
            } else if data.opcode().is_call() {
                self.at_call.insert(inst, state.clone());
            }
            for &result in func.dfg.inst_results(inst) {
                self.define(state, result);
            }
        }
    }
}

fn write(state: &mut State, slot: StackSlot, offset: i64, bytes: i64) {
    let Some(words) = state.written.get_mut(&slot) else {
        return;
    };
    // A part of a word that is written counts for the whole: parts come together.
    for at in (offset / 8)..((offset + bytes + 7) / 8) {
        if let Some(word) = words.get_mut(at as usize) {
            *word = true;
        }
    }
}

/// Callee and arguments of a direct call.
pub(super) fn direct(func: &ir::Function, inst: ir::Inst) -> Option<(ir::FuncRef, &[ir::Value])> {
    let data = &func.dfg.insts[inst];
    if !data.opcode().is_call() || data.opcode().is_return() {
        return None;
    }
    match data.analyze_call(&func.dfg.value_lists, &func.dfg.exception_tables) {
        CallInfo::Direct(callee, args) | CallInfo::DirectWithSig(callee, _, args) => {
            Some((callee, args))
        }
        CallInfo::Indirect(..) | CallInfo::NotACall => None,
    }
}
