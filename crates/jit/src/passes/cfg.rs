//! Predecessors and dominators.

use cranelift_entity::{EntitySet, SecondaryMap};

use crate::hir::{Block, Func, Handler};

/// An edge of the graph: where it comes from, and which of the terminator's edges it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pred {
    pub(super) block: Block,
    /// Position in the order of `Terminator::edges_mut`.
    pub(super) edge: usize,
}

/// The control-flow graph of a function. Handlers have no predecessors: each is the root of a
/// tree of its own.
pub(super) struct Cfg {
    preds: SecondaryMap<Block, Vec<Pred>>,
    /// Reached blocks; each after its dominators.
    pub(super) order: Vec<Block>,
    /// Whether a block is entered by exceptions.
    handlers: EntitySet<Block>,
    idom: SecondaryMap<Block, Option<Block>>,
    children: SecondaryMap<Block, Vec<Block>>,
    /// Interval of the dominator tree below a block.
    span: SecondaryMap<Block, (u32, u32)>,
    roots: Vec<Block>,
}

/// Keeps facts that hold in the part of the dominator forest below a block.
pub(super) trait Visitor {
    /// How many facts there are.
    fn mark(&self) -> usize;
    /// Looks at a block: what it finds holds below.
    fn enter(&mut self, block: Block);
    /// Forgets the facts since a mark.
    fn leave(&mut self, mark: usize);
}

impl Cfg {
    pub(super) fn new(func: &mut Func) -> Cfg {
        let mut handlers = EntitySet::new();
        let mut roots = vec![func.layout[0]];
        for handler in func.handlers.iter().flatten() {
            let (Handler::Catch(block) | Handler::Finally(block)) = handler;
            handlers.insert(*block);
            roots.push(*block);
        }
        let mut succs: SecondaryMap<Block, Vec<Block>> = SecondaryMap::new();
        for &block in &func.layout {
            let list = &mut succs[block];
            func.blocks[block].term.edges_mut(|e| list.push(e.block));
        }
        let order = reverse_post_order(&roots, &succs);
        let mut preds: SecondaryMap<Block, Vec<Pred>> = SecondaryMap::new();
        for &block in &order {
            for (edge, succ) in succs[block].iter().enumerate() {
                preds[*succ].push(Pred { block, edge });
            }
        }
        let mut cfg = Cfg {
            preds,
            order,
            handlers,
            idom: SecondaryMap::new(),
            children: SecondaryMap::new(),
            span: SecondaryMap::new(),
            roots: Vec::new(),
        };
        cfg.find_dominators();
        cfg
    }

    /// Edges that come to a block.
    pub(super) fn preds(&self, block: Block) -> &[Pred] {
        &self.preds[block]
    }

    /// The only edge that comes to a block, if control cannot get there otherwise.
    pub(super) fn only_pred(&self, block: Block) -> Option<Pred> {
        match self.preds[block].as_slice() {
            [pred] if !self.handlers.contains(block) => Some(*pred),
            _ => None,
        }
    }

    /// Whether exceptions come to a block.
    pub(super) fn is_handler(&self, block: Block) -> bool {
        self.handlers.contains(block)
    }

    /// Visits the dominator forest, parents first, without recursion.
    pub(super) fn visit(&self, visitor: &mut impl Visitor) {
        for &root in &self.roots {
            let mut work = vec![(root, 0, visitor.mark())];
            visitor.enter(root);
            while let Some((block, at, mark)) = work.last_mut() {
                match self.children[*block].get(*at) {
                    Some(&child) => {
                        *at += 1;
                        work.push((child, 0, visitor.mark()));
                        visitor.enter(child);
                    }
                    None => {
                        visitor.leave(*mark);
                        work.pop();
                    }
                }
            }
        }
    }

    /// Whether every path to `b` goes through `a`; true for equal blocks.
    pub(super) fn dominates(&self, a: Block, b: Block) -> bool {
        let ((start, end), (at, _)) = (self.span[a], self.span[b]);
        start <= at && at < end
    }

    /// Dominance frontiers: joins that a block reaches but does not dominate.
    pub(super) fn frontiers(&self) -> SecondaryMap<Block, Vec<Block>> {
        let mut out: SecondaryMap<Block, Vec<Block>> = SecondaryMap::new();
        for &block in &self.order {
            if self.preds[block].len() < 2 && self.idom[block].is_some() {
                continue;
            }
            for pred in &self.preds[block] {
                let mut at = Some(pred.block);
                while let Some(runner) = at
                    && at != self.idom[block]
                {
                    if !out[runner].contains(&block) {
                        out[runner].push(block);
                    }
                    at = self.idom[runner];
                }
            }
        }
        out
    }

    /// Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm".
    fn find_dominators(&mut self) {
        let mut number: SecondaryMap<Block, u32> = SecondaryMap::with_default(u32::MAX);
        for (i, &block) in self.order.iter().enumerate() {
            number[block] = i as u32;
        }
        // By position in the order; the forest hangs on a virtual root at `none`.
        let none = u32::MAX;
        let mut idom = vec![None; self.order.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for i in 0..self.order.len() {
                let block = self.order[i];
                let is_root = i == 0 || self.handlers.contains(block);
                let mut new = is_root.then_some(none);
                for pred in &self.preds[block] {
                    let p = number[pred.block];
                    if idom[p as usize].is_none() {
                        continue;
                    }
                    new = Some(match new {
                        None => p,
                        Some(other) => intersect(&idom, p, other),
                    });
                }
                if new != idom[i] {
                    idom[i] = new;
                    changed = true;
                }
            }
        }
        for (i, &block) in self.order.iter().enumerate() {
            match idom[i].filter(|d| *d != none) {
                Some(d) => {
                    let parent = self.order[d as usize];
                    self.idom[block] = Some(parent);
                    self.children[parent].push(block);
                }
                None => self.roots.push(block),
            }
        }
        let mut clock = 0;
        let mut work: Vec<(Block, usize)> = Vec::new();
        for &root in &self.roots {
            self.span[root].0 = clock;
            work.push((root, 0));
            while let Some((block, at)) = work.last_mut() {
                match self.children[*block].get(*at) {
                    Some(&child) => {
                        *at += 1;
                        clock += 1;
                        self.span[child].0 = clock;
                        work.push((child, 0));
                    }
                    None => {
                        self.span[*block].1 = clock + 1;
                        work.pop();
                    }
                }
            }
            clock += 1;
        }
    }
}

/// The nearest common dominator; `u32::MAX` is the virtual root.
fn intersect(idom: &[Option<u32>], mut a: u32, mut b: u32) -> u32 {
    while a != b {
        if a == u32::MAX || b == u32::MAX {
            return u32::MAX;
        }
        let later = if a > b { &mut a } else { &mut b };
        *later = idom[*later as usize].unwrap_or(u32::MAX);
    }
    a
}

fn reverse_post_order(roots: &[Block], succs: &SecondaryMap<Block, Vec<Block>>) -> Vec<Block> {
    let mut seen = EntitySet::new();
    let mut order = Vec::new();
    // The entry's tree comes first in the result, so it is searched last.
    for &root in roots.iter().rev() {
        let mut work: Vec<(Block, usize)> = Vec::new();
        if seen.insert(root) {
            work.push((root, 0));
        }
        while let Some((block, at)) = work.last_mut() {
            match succs[*block].get(*at) {
                Some(&succ) => {
                    *at += 1;
                    if seen.insert(succ) {
                        work.push((succ, 0));
                    }
                }
                None => {
                    order.push(*block);
                    work.pop();
                }
            }
        }
    }
    order.reverse();
    order
}
