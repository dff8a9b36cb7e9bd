//! Live ranges, by walking back from the uses of each value (Boissinot et al., "Fast Liveness
//! Checking for SSA-Form Programs", CGO 2008, section 2: linear in the size of the result).

use cranelift_entity::SecondaryMap;

use super::candidates::Candidates;
use super::cfg::Cfg;
use crate::hir::{Func, Value};

/// The part of a function, in positions of nodes doubled, where a value is live.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) value: Value,
    pub(super) start: u32,
    pub(super) end: u32,
}

struct Use {
    value: Value,
    block: u32,
    position: u32,
}

/// Ranges of the candidates that live across a call; adds them to `ends` of the blocks that
/// they are live at the end of.
pub(super) fn find(
    func: &Func,
    cfg: &Cfg,
    starts: &[u32],
    candidates: &Candidates,
    ends: &mut [Vec<Value>],
) -> Vec<Range> {
    let total = starts[func.layout.len()] as usize;
    // Calls before each position; and whether a node at a position keeps its operands.
    let mut calls = Vec::with_capacity(total + 1);
    let mut keeps = Vec::with_capacity(total);
    // (block, position doubled) of each definition.
    let mut defs: SecondaryMap<Value, (u32, u32)> = SecondaryMap::with_default((u32::MAX, 0));
    let mut uses = Vec::new();
    let mut count = 0u32;
    for (i, &block) in func.layout.iter().enumerate() {
        let data = &func.blocks[block];
        let mut position = starts[i];
        for &param in &data.params {
            defs[param] = (i as u32, 2 * position);
        }
        let mut note = |value: Value, position: u32| {
            if candidates.contains(value) {
                uses.push(Use {
                    value,
                    block: i as u32,
                    position,
                });
            }
        };
        for node in &data.nodes {
            node.inst.args(|arg| note(arg, position));
            if let Some(result) = node.result {
                defs[result] = (i as u32, 2 * position + 1);
            }
            calls.push(count);
            let call = node.inst.may_collect();
            count += u32::from(call);
            keeps.push(call && node.inst.keeps_operands());
            position += 1;
        }
        data.term.args(|arg| note(arg, position));
        data.term
            .edges(|edge| edge.args.iter().for_each(|arg| note(*arg, position)));
        calls.push(count);
        count += u32::from(data.term.may_collect());
        keeps.push(data.term.may_collect());
    }
    calls.push(count);

    // Stable: the uses of one value stay in order.
    uses.sort_by_key(|u| u.value);
    let mut walk = Walk {
        cfg,
        starts,
        calls: &calls,
        live_in: vec![None; func.layout.len()],
        at_end: vec![None; func.layout.len()],
        work: Vec::new(),
        outs: Vec::new(),
        range: Range {
            value: Value::from_u32(0),
            start: 0,
            end: 0,
        },
        needed: false,
    };
    let mut ranges = Vec::new();
    for list in uses.chunk_by(|a, b| a.value == b.value) {
        let value = list[0].value;
        let (home, def) = defs[value];
        if home == u32::MAX {
            continue;
        }
        walk.begin(value, def);
        for used in list {
            let from = walk.enter(home, used.block, def);
            walk.range.end = walk.range.end.max(2 * used.position);
            walk.needed |= keeps[used.position as usize]
                || calls[used.position as usize] > calls[from as usize];
        }
        walk.run(home, def);
        if walk.needed {
            for &block in &walk.outs {
                ends[block as usize].push(value);
            }
            ranges.push(walk.range);
        }
    }
    ranges
}

struct Walk<'a> {
    cfg: &'a Cfg,
    starts: &'a [u32],
    calls: &'a [u32],
    live_in: Vec<Option<Value>>,
    at_end: Vec<Option<Value>>,
    work: Vec<u32>,
    /// Blocks at whose end the current value is live.
    outs: Vec<u32>,
    range: Range,
    needed: bool,
}

impl Walk<'_> {
    fn begin(&mut self, value: Value, def: u32) {
        self.range = Range {
            value,
            start: def,
            end: def,
        };
        self.outs.clear();
        self.needed = false;
    }

    /// Makes the value live from the start of a block unless it is defined there; gives the
    /// first position where a call would see it.
    fn enter(&mut self, home: u32, block: u32, def: u32) -> u32 {
        if block == home {
            // After the defining node, or from the block's first node for a parameter.
            return def.div_ceil(2);
        }
        let start = self.starts[block as usize];
        self.range.start = self.range.start.min(2 * start);
        if self.live_in[block as usize] != Some(self.range.value) {
            self.live_in[block as usize] = Some(self.range.value);
            self.work.push(block);
        }
        start
    }

    fn run(&mut self, home: u32, def: u32) {
        let cfg = self.cfg;
        while let Some(block) = self.work.pop() {
            for &pred in &cfg.preds[block as usize] {
                self.leave(home, pred, def);
            }
            for &thrower in &cfg.throwers[block as usize] {
                // Every call of the block has an edge to the handler.
                self.needed = true;
                self.leave(home, thrower, def);
            }
        }
    }

    /// Makes the value live at the end of a block.
    fn leave(&mut self, home: u32, block: u32, def: u32) {
        if self.at_end[block as usize] == Some(self.range.value) {
            return;
        }
        self.at_end[block as usize] = Some(self.range.value);
        self.outs.push(block);
        let end = self.starts[block as usize + 1];
        self.range.end = self.range.end.max(2 * end - 1);
        let from = self.enter(home, block, def);
        self.needed |= self.calls[end as usize] > self.calls[from as usize];
    }
}
