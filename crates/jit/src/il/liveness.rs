//! Which variables a method must keep in memory because handlers see them change.
//!
//! A variable that is assigned inside a try block and live at the entry of one of its
//! handlers has a different value at each call; it lives in the frame. All others are SSA.

use ferrocil_metadata::il::{Opcode, Operand};

use crate::host::LocalType;
use crate::il::body::{Body, filter_range, try_range, within};

/// Access to a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Use {
    /// Reads.
    Get,
    /// Assigns.
    Set,
    /// Takes the address.
    Address,
}

/// The variable that an instruction names: (is an argument, number, how).
pub(crate) fn variable(opcode: Opcode, operand: Operand<'_>) -> Option<(bool, u16, Use)> {
    use Opcode as O;
    Some(match (opcode, operand) {
        (O::Ldarg0, _) => (true, 0, Use::Get),
        (O::Ldarg1, _) => (true, 1, Use::Get),
        (O::Ldarg2, _) => (true, 2, Use::Get),
        (O::Ldarg3, _) => (true, 3, Use::Get),
        (O::LdargS | O::Ldarg, Operand::Var(n)) => (true, n, Use::Get),
        (O::StargS | O::Starg, Operand::Var(n)) => (true, n, Use::Set),
        (O::LdargaS | O::Ldarga, Operand::Var(n)) => (true, n, Use::Address),
        (O::Ldloc0, _) => (false, 0, Use::Get),
        (O::Ldloc1, _) => (false, 1, Use::Get),
        (O::Ldloc2, _) => (false, 2, Use::Get),
        (O::Ldloc3, _) => (false, 3, Use::Get),
        (O::LdlocS | O::Ldloc, Operand::Var(n)) => (false, n, Use::Get),
        (O::Stloc0, _) => (false, 0, Use::Set),
        (O::Stloc1, _) => (false, 1, Use::Set),
        (O::Stloc2, _) => (false, 2, Use::Set),
        (O::Stloc3, _) => (false, 3, Use::Set),
        (O::StlocS | O::Stloc, Operand::Var(n)) => (false, n, Use::Set),
        (O::LdlocaS | O::Ldloca, Operand::Var(n)) => (false, n, Use::Address),
        _ => return None,
    })
}

/// What is known of each variable (arguments first, then locals).
#[derive(Debug)]
pub(crate) struct Variables {
    /// Its address is taken.
    pub(crate) addressed: Vec<bool>,
    /// It is assigned after the entry.
    pub(crate) assigned: Vec<bool>,
    /// Handlers see it change.
    pub(crate) in_handlers: Vec<bool>,
    /// A filter uses it.
    pub(crate) in_filters: Vec<bool>,
    /// It is a pinned local.
    pub(crate) pinned: Vec<bool>,
}

impl Variables {
    pub(crate) fn find(body: &Body<'_>, args: usize, locals: usize) -> Variables {
        let count = args + locals;
        let mut vars = Variables {
            addressed: vec![false; count],
            assigned: vec![false; count],
            in_handlers: vec![false; count],
            in_filters: vec![false; count],
            pinned: vec![false; count],
        };
        let index = |arg: bool, n: u16| {
            let n = usize::from(n);
            if arg {
                (n < args).then_some(n)
            } else {
                (n < locals).then_some(args + n)
            }
        };
        let filters: Vec<_> = body.clauses.iter().filter_map(filter_range).collect();
        for inst in &body.insts {
            let Some((arg, n, how)) = variable(inst.opcode, inst.operand) else {
                continue;
            };
            let Some(i) = index(arg, n) else { continue };
            match how {
                Use::Get => {}
                Use::Set => vars.assigned[i] = true,
                Use::Address => vars.addressed[i] = true,
            }
            if filters.iter().any(|f| within(*f, inst.offset)) {
                vars.in_filters[i] = true;
            }
        }
        if !body.clauses.is_empty() && count > 0 {
            vars.find_in_handlers(body, count, &index);
        }
        vars
    }

    /// Keeps pinned locals in memory, where the collector sees them at every call.
    pub(crate) fn pin(&mut self, args: usize, locals: &[LocalType]) {
        for (pinned, local) in self.pinned[args..].iter_mut().zip(locals) {
            *pinned = local.pinned;
        }
    }

    fn find_in_handlers(
        &mut self,
        body: &Body<'_>,
        count: usize,
        index: &dyn Fn(bool, u16) -> Option<usize>,
    ) {
        let words = count.div_ceil(64);
        let blocks = body.blocks.len();
        // Bit sets by block: read before assigned, assigned, live at the start.
        let mut uses = vec![0u64; words * blocks];
        let mut defs = vec![0u64; words * blocks];
        for (b, block) in body.blocks.iter().enumerate() {
            for inst in &body.insts[block.first..block.last] {
                let Some((arg, n, how)) = variable(inst.opcode, inst.operand) else {
                    continue;
                };
                let Some(i) = index(arg, n) else { continue };
                let (word, bit) = (b * words + i / 64, 1u64 << (i % 64));
                match how {
                    Use::Set => defs[word] |= bit,
                    Use::Get | Use::Address if defs[word] & bit == 0 => uses[word] |= bit,
                    Use::Get | Use::Address => {}
                }
            }
        }
        let handlers: Vec<Vec<u32>> = body
            .clauses
            .iter()
            .map(|c| {
                let mut starts: Vec<u32> = body.block_at(c.handler_offset).into_iter().collect();
                starts.extend(filter_range(c).and_then(|r| body.block_at(r.0)));
                starts
            })
            .collect();
        let mut live = uses.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for b in (0..blocks).rev() {
                let block = &body.blocks[b];
                for w in 0..words {
                    let mut out = 0;
                    for &succ in &block.succs {
                        out |= live[succ as usize * words + w];
                    }
                    let mut new = uses[b * words + w] | (out & !defs[b * words + w]);
                    for &clause in &block.clauses {
                        for &handler in &handlers[clause as usize] {
                            new |= live[handler as usize * words + w];
                        }
                    }
                    if new & !live[b * words + w] != 0 {
                        live[b * words + w] |= new;
                        changed = true;
                    }
                }
            }
        }
        for (c, clause) in body.clauses.iter().enumerate() {
            let range = try_range(clause);
            for (b, block) in body.blocks.iter().enumerate() {
                if !within(range, block.offset) {
                    continue;
                }
                for i in 0..count {
                    let (w, bit) = (i / 64, 1u64 << (i % 64));
                    let assigned = defs[b * words + w] & bit != 0;
                    if assigned
                        && handlers[c]
                            .iter()
                            .any(|h| live[*h as usize * words + w] & bit != 0)
                    {
                        self.in_handlers[i] = true;
                    }
                }
            }
        }
    }
}
