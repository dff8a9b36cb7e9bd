//! Decoded IL: instructions, basic blocks, exception clauses and the paths of `leave`.

use ferrocil_metadata::EhClause;
use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::{Decoder, Instruction, Opcode, Operand};

use crate::il::Stop;

/// Limit on exception clauses of one method, against absurd tables.
const MAX_CLAUSES: usize = 1024;

/// A position that is not the start of an instruction.
const NONE: u32 = u32::MAX;

/// A basic block of IL.
#[derive(Clone, Debug, Default)]
pub(crate) struct IlBlock {
    /// First instruction.
    pub(crate) first: usize,
    /// One past the last instruction.
    pub(crate) last: usize,
    /// IL offset.
    pub(crate) offset: u32,
    /// Blocks that may follow.
    pub(crate) succs: Vec<u32>,
    /// Number of edges to this block.
    pub(crate) preds: Vec<u32>,
    /// Clauses whose try range holds this block, innermost first.
    pub(crate) clauses: Vec<u32>,
    /// The block that follows in the IL.
    pub(crate) next: u32,
    /// Whether it is in a loop, or a copy of such a block. Known after `loops::restructure`.
    pub(crate) in_loop: bool,
    /// Blocks that control from here reaches in place of others (copies), to be applied in order.
    pub(crate) redirect: Vec<(u32, u32)>,
}

impl IlBlock {
    /// The block that control from here reaches when the IL names `target`.
    pub(crate) fn redirected(&self, mut target: u32) -> u32 {
        for (from, to) in &self.redirect {
            if target == *from {
                target = *to;
            }
        }
        target
    }
}

/// Where a finally handler goes on after `endfinally`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// To the target block of the `leave`.
    Target(u32),
    /// To the next finally handler, entered with this selector.
    Finally(u32, u32),
}

/// Decoded IL.
pub(crate) struct Body<'a> {
    pub(crate) code_len: u32,
    pub(crate) insts: Vec<Instruction<'a>>,
    pub(crate) blocks: Vec<IlBlock>,
    /// How many of the blocks are not copies; these come first.
    pub(crate) il_blocks: usize,
    pub(crate) clauses: &'a [EhClause],
    /// By clause: continuations of a finally handler; selector = index + 1, 0 resumes unwinding.
    pub(crate) continuations: Vec<Vec<Next>>,
    /// Block number by IL offset of its start.
    block_at: Vec<u32>,
    /// Reverse post-order number of each block.
    pub(crate) order: Vec<u32>,
}

/// Half-open IL ranges of a clause.
pub(crate) fn try_range(c: &EhClause) -> (u32, u32) {
    (c.try_offset, c.try_offset.saturating_add(c.try_len))
}

pub(crate) fn handler_range(c: &EhClause) -> (u32, u32) {
    (
        c.handler_offset,
        c.handler_offset.saturating_add(c.handler_len),
    )
}

pub(crate) fn filter_range(c: &EhClause) -> Option<(u32, u32)> {
    match c.kind {
        EhKind::Filter(start) => Some((start, c.handler_offset)),
        _ => None,
    }
}

pub(crate) fn within(range: (u32, u32), offset: u32) -> bool {
    range.0 <= offset && offset < range.1
}

impl<'a> Body<'a> {
    pub(crate) fn new(code: &'a [u8], clauses: &'a [EhClause]) -> Result<Body<'a>, (u32, Stop)> {
        let fail = |offset, why| Err((offset, Stop::Invalid(why)));
        if code.is_empty() {
            return fail(0, "a body without instructions");
        }
        if code.len() > i32::MAX as usize {
            return fail(0, "a body larger than 2 GiB");
        }
        if clauses.len() > MAX_CLAUSES {
            return fail(0, "too many exception clauses");
        }
        let code_len = code.len() as u32;
        let mut insts = Vec::with_capacity(code.len() / 2);
        let mut inst_at = vec![NONE; code.len() + 1];
        for inst in Decoder::new(code) {
            match inst {
                Ok(inst) => {
                    inst_at[inst.offset as usize] = insts.len() as u32;
                    insts.push(inst);
                }
                Err(_) => {
                    return fail(
                        insts.last().map_or(0, Instruction::end),
                        "an instruction that cannot be decoded",
                    );
                }
            }
        }
        inst_at[code.len()] = insts.len() as u32;
        let mut body = Body {
            code_len,
            insts,
            blocks: Vec::new(),
            il_blocks: 0,
            clauses,
            continuations: vec![Vec::new(); clauses.len()],
            block_at: vec![NONE; code.len() + 1],
            order: Vec::new(),
        };
        body.find_blocks(&inst_at)
            .map_err(|(o, why)| (o, Stop::Invalid(why)))?;
        body.check_clauses()
            .map_err(|why| (0, Stop::Invalid(why)))?;
        body.find_leaves()
            .map_err(|(o, why)| (o, Stop::Invalid(why)))?;
        body.find_edges();
        body.check_entries()
            .map_err(|(o, why)| (o, Stop::Invalid(why)))?;
        body.number();
        Ok(body)
    }

    /// The block that starts at an offset.
    pub(crate) fn block_at(&self, offset: u32) -> Option<u32> {
        self.block_at
            .get(offset as usize)
            .copied()
            .filter(|b| *b != NONE)
    }

    fn find_blocks(&mut self, inst_at: &[u32]) -> Result<(), (u32, &'static str)> {
        let mut leaders = vec![false; inst_at.len()];
        let mut mark =
            |offset: u32, from: u32, why: &'static str| match inst_at.get(offset as usize) {
                Some(at) if *at != NONE => {
                    leaders[offset as usize] = true;
                    Ok(())
                }
                _ => Err((from, why)),
            };
        mark(0, 0, "no start")?;
        for inst in &self.insts {
            let why = "a branch into the middle of an instruction";
            match inst.operand {
                Operand::Branch(target) => mark(target, inst.offset, why)?,
                Operand::Switch(targets) => {
                    for target in targets {
                        mark(target, inst.offset, why)?;
                    }
                }
                _ => {}
            }
            if ends_block(inst.opcode) {
                mark(inst.end(), inst.offset, why)?;
            }
        }
        let why = "an exception clause that does not start and end at instructions";
        for clause in self.clauses {
            let (a, b) = try_range(clause);
            let (c, d) = handler_range(clause);
            for offset in [a, b, c, d] {
                mark(offset, offset.min(self.code_len), why)?;
            }
            if let Some((start, _)) = filter_range(clause) {
                mark(start, start.min(self.code_len), why)?;
            }
        }
        for (i, inst) in self.insts.iter().enumerate() {
            if leaders[inst.offset as usize] {
                if let Some(last) = self.blocks.last_mut() {
                    last.last = i;
                }
                self.block_at[inst.offset as usize] = self.blocks.len() as u32;
                let next = self.blocks.len() as u32 + 1;
                self.blocks.push(IlBlock {
                    next,
                    first: i,
                    last: i,
                    offset: inst.offset,
                    ..IlBlock::default()
                });
            }
        }
        if let Some(last) = self.blocks.last_mut() {
            last.last = self.insts.len();
        }
        self.il_blocks = self.blocks.len();
        for block in &mut self.blocks {
            for (i, clause) in self.clauses.iter().enumerate() {
                if within(try_range(clause), block.offset) {
                    block.clauses.push(i as u32);
                }
            }
        }
        Ok(())
    }

    fn check_clauses(&self) -> Result<(), &'static str> {
        for (i, a) in self.clauses.iter().enumerate() {
            let (start, end) = try_range(a);
            if start >= end || handler_range(a).0 >= handler_range(a).1 {
                return Err("an empty exception clause");
            }
            if within((start, end), a.handler_offset) || within(handler_range(a), start) {
                return Err("a handler that overlaps its try block");
            }
            if let Some((filter, handler)) = filter_range(a)
                && (filter >= handler
                    || within((start, end), filter)
                    || within((filter, handler), start))
            {
                return Err("a filter that does not precede its handler");
            }
            for (j, b) in self.clauses.iter().enumerate() {
                // A handler inside another try block belongs to a try block inside it too,
                // or begins with that try block.
                let outer = try_range(b);
                let inside = within(outer, a.handler_offset) && a.handler_offset != outer.0;
                if i != j && inside && !(outer.0 <= start && end <= outer.1) {
                    return Err("exception clauses that are not nested");
                }
            }
        }
        Ok(())
    }

    /// The finally handlers that a `leave` from one offset to another runs, innermost first.
    pub(crate) fn left_finallys(&self, from: u32, to: u32) -> Vec<u32> {
        let mut out = Vec::new();
        for (i, clause) in self.clauses.iter().enumerate() {
            let range = try_range(clause);
            if clause.kind == EhKind::Finally && within(range, from) && !within(range, to) {
                out.push(i as u32);
            }
        }
        out
    }

    /// Selector of a continuation of a finally handler.
    pub(crate) fn selector(&self, clause: u32, next: Next) -> Option<u32> {
        let list = self.continuations.get(clause as usize)?;
        list.iter().position(|n| *n == next).map(|i| i as u32 + 1)
    }

    fn find_leaves(&mut self) -> Result<(), (u32, &'static str)> {
        if self.clauses.is_empty() {
            return Ok(());
        }
        let mut budget = 1_000_000usize;
        for i in 0..self.insts.len() {
            let inst = self.insts[i];
            let (Opcode::Leave | Opcode::LeaveS, Operand::Branch(target)) =
                (inst.opcode, inst.operand)
            else {
                continue;
            };
            let Some(block) = self.block_at(target) else {
                continue;
            };
            let mut next = Next::Target(block);
            let chain = self.left_finallys(inst.offset, target);
            for &clause in chain.iter().rev() {
                let list = &mut self.continuations[clause as usize];
                budget = budget.saturating_sub(list.len() + self.clauses.len());
                let at = list.iter().position(|n| *n == next).unwrap_or_else(|| {
                    list.push(next);
                    list.len() - 1
                });
                next = Next::Finally(clause, at as u32 + 1);
            }
            if budget == 0 {
                return Err((inst.offset, "too many paths through finally blocks"));
            }
        }
        Ok(())
    }

    /// First step of a `leave`: a finally handler and its selector, or the target block.
    pub(crate) fn leave(&self, from: u32, target: u32) -> Option<Next> {
        let mut next = Next::Target(self.block_at(target)?);
        for &clause in self.left_finallys(from, target).iter().rev() {
            next = Next::Finally(clause, self.selector(clause, next)?);
        }
        Some(next)
    }

    /// The finally or fault clause whose handler an `endfinally` ends.
    pub(crate) fn ended_handler(&self, offset: u32) -> Option<u32> {
        self.innermost(offset, |c| {
            matches!(c.kind, EhKind::Finally | EhKind::Fault)
        })
    }

    /// The catch clause whose handler a `rethrow` is in.
    pub(crate) fn catching_handler(&self, offset: u32) -> Option<u32> {
        self.innermost(offset, |c| {
            matches!(c.kind, EhKind::Catch(_) | EhKind::Filter(_))
        })
    }

    fn innermost(&self, offset: u32, wanted: impl Fn(&EhClause) -> bool) -> Option<u32> {
        let inside = self
            .clauses
            .iter()
            .enumerate()
            .filter(|(_, c)| wanted(c) && within(handler_range(c), offset));
        inside
            .min_by_key(|(_, c)| c.handler_len)
            .map(|(i, _)| i as u32)
    }

    fn block_of_next(&self, next: Next) -> Option<u32> {
        match next {
            Next::Target(block) => Some(block),
            Next::Finally(clause, _) => self.block_at(self.clauses[clause as usize].handler_offset),
        }
    }

    fn find_edges(&mut self) {
        for i in 0..self.blocks.len() {
            self.blocks[i].succs = self.successors(i);
        }
        self.find_preds();
    }

    fn find_preds(&mut self) {
        for block in &mut self.blocks {
            block.preds.clear();
        }
        for i in 0..self.blocks.len() {
            for at in 0..self.blocks[i].succs.len() {
                let succ = self.blocks[i].succs[at] as usize;
                self.blocks[succ].preds.push(i as u32);
            }
        }
    }

    /// Finds predecessors and numbers anew after successors have changed.
    pub(crate) fn connect(&mut self) {
        self.find_preds();
        self.number();
    }

    fn successors(&self, block: usize) -> Vec<u32> {
        let data = &self.blocks[block];
        let Some(inst) = data.last.checked_sub(1).and_then(|i| self.insts.get(i)) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        let mut falls_through = true;
        match (inst.opcode, inst.operand) {
            (Opcode::Leave | Opcode::LeaveS, Operand::Branch(target)) => {
                out.extend(
                    self.leave(inst.offset, target)
                        .and_then(|n| self.block_of_next(n)),
                );
                falls_through = false;
            }
            (Opcode::Br | Opcode::BrS, Operand::Branch(target)) => {
                out.extend(self.block_at(target));
                falls_through = false;
            }
            (_, Operand::Branch(target)) => out.extend(self.block_at(target)),
            (_, Operand::Switch(targets)) => out.extend(targets.filter_map(|t| self.block_at(t))),
            (Opcode::Endfinally, _) => {
                if let Some(clause) = self.ended_handler(inst.offset) {
                    let list = &self.continuations[clause as usize];
                    out.extend(list.iter().filter_map(|n| self.block_of_next(*n)));
                }
                falls_through = false;
            }
            (
                Opcode::Ret | Opcode::Throw | Opcode::Rethrow | Opcode::Endfilter | Opcode::Jmp,
                _,
            ) => {
                falls_through = false;
            }
            _ => {}
        }
        if falls_through && block + 1 < self.blocks.len() {
            out.push(block as u32 + 1);
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Control enters a try block at its start only (ECMA-335 III.1.7.5 via II.12.4.2.8).
    fn check_entries(&self) -> Result<(), (u32, &'static str)> {
        if self.clauses.is_empty() {
            return Ok(());
        }
        for block in &self.blocks {
            for &succ in &block.succs {
                let target = &self.blocks[succ as usize];
                for clause in &target.clauses {
                    let range = try_range(&self.clauses[*clause as usize]);
                    if !within(range, block.offset) && target.offset != range.0 {
                        return Err((block.offset, "a branch into a protected block"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Numbers the blocks in reverse post-order: the entry first, handlers after.
    fn number(&mut self) {
        let n = self.blocks.len();
        let mut seen = vec![false; n];
        let mut post: Vec<u32> = Vec::with_capacity(n);
        let mut roots: Vec<u32> = Vec::new();
        for clause in self.clauses {
            roots.extend(filter_range(clause).and_then(|r| self.block_at(r.0)));
            roots.extend(self.block_at(clause.handler_offset));
        }
        roots.push(0);
        // The entry is searched first, so that its blocks are not numbered among a handler's.
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for root in roots.into_iter().rev() {
            let mut work: Vec<(u32, usize)> = Vec::new();
            if !seen[root as usize] {
                seen[root as usize] = true;
                work.push((root, 0));
            }
            while let Some((block, at)) = work.last_mut() {
                let succs = &self.blocks[*block as usize].succs;
                match succs.get(*at) {
                    Some(&succ) => {
                        *at += 1;
                        if !seen[succ as usize] {
                            seen[succ as usize] = true;
                            work.push((succ, 0));
                        }
                    }
                    None => {
                        post.push(*block);
                        work.pop();
                    }
                }
            }
            groups.push(std::mem::take(&mut post));
        }
        self.order = vec![u32::MAX; n];
        let mut number = 0;
        for group in groups {
            for block in group.into_iter().rev() {
                self.order[block as usize] = number;
                number += 1;
            }
        }
    }
}

/// Whether an instruction ends its block.
fn ends_block(opcode: Opcode) -> bool {
    use Opcode as O;
    matches!(
        opcode,
        O::Jmp
            | O::Ret
            | O::BrS
            | O::BrfalseS
            | O::BrtrueS
            | O::BeqS
            | O::BgeS
            | O::BgtS
            | O::BleS
            | O::BltS
            | O::BneUnS
            | O::BgeUnS
            | O::BgtUnS
            | O::BleUnS
            | O::BltUnS
            | O::Br
            | O::Brfalse
            | O::Brtrue
            | O::Beq
            | O::Bge
            | O::Bgt
            | O::Ble
            | O::Blt
            | O::BneUn
            | O::BgeUn
            | O::BgtUn
            | O::BleUn
            | O::BltUn
            | O::Switch
            | O::Throw
            | O::Endfinally
            | O::Leave
            | O::LeaveS
            | O::Endfilter
            | O::Rethrow
    )
}
