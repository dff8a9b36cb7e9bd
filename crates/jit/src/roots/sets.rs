//! The words that are live at given calls.

use super::RootPlan;
use crate::hir::{Func, Inst, Value};

/// A question: the words that are live at a call that a node makes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Want {
    /// Position of the node.
    pub(crate) position: u32,
    /// Whether the node needs its operands after the call.
    pub(crate) early: bool,
    /// Who asks: passed back with the answer.
    pub(crate) id: u32,
}

impl RootPlan {
    /// Answers questions, which are sorted, with sets of [`RootPlan::words`] bits.
    pub(crate) fn live_at(&self, func: &Func, wants: &[Want], mut answer: impl FnMut(u32, &[u64])) {
        let mut live = vec![0u64; self.words.div_ceil(64) as usize];
        let mut with_args = live.clone();
        let mut rest = wants;
        for (index, &block) in func.layout.iter().enumerate().rev() {
            let start = self.starts[index];
            let first = rest.partition_point(|w| w.position < start);
            let (before, here) = rest.split_at(first);
            rest = before;
            if here.is_empty() {
                continue;
            }
            live.fill(0);
            for &value in &self.ends[index] {
                self.set(&mut live, value, true);
            }
            let data = &func.blocks[block];
            let mut here = here;
            let end = start + data.nodes.len() as u32;
            let mut operands = Vec::new();
            data.term.args(|arg| operands.push(arg));
            data.term.edges(|edge| operands.extend(&edge.args));
            let mut keeps = true;
            let mut position = end;
            loop {
                while let Some((want, fewer)) = here.split_last()
                    && want.position == position
                {
                    here = fewer;
                    with_args.copy_from_slice(&live);
                    if want.early || keeps {
                        for &value in &operands {
                            self.set(&mut with_args, value, true);
                        }
                    }
                    answer(want.id, &with_args);
                }
                for &value in &operands {
                    self.set(&mut live, value, true);
                }
                if position == start || here.is_empty() {
                    break;
                }
                position -= 1;
                let node = &data.nodes[(position - start) as usize];
                if let Some(result) = node.result {
                    self.set(&mut live, result, false);
                }
                operands.clear();
                node.inst.args(|arg| operands.push(arg));
                keeps = !matches!(node.inst, Inst::Call(_));
            }
        }
    }

    fn set(&self, bits: &mut [u64], value: Value, on: bool) {
        if let Some(word) = self.word(value) {
            let bit = 1u64 << (word % 64);
            let place = &mut bits[word as usize / 64];
            *place = if on { *place | bit } else { *place & !bit };
        }
    }
}
