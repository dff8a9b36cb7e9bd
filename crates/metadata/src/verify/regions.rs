//! Protected blocks, filters and handlers as a tree (I.12.4.2.7).

use alloc::vec::Vec;

use super::Rule;
use super::marks::Marks;
use crate::body::{EhClause, EhKind, MethodBody};

/// The deepest nesting that is followed; real code stays below 20.
const MAX_DEPTH: u32 = 256;

/// What a region is to its clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Try,
    Filter,
    /// Of a catch or filter clause.
    Catch,
    /// Of a finally or fault clause.
    Finally,
}

/// A range of instructions with rules of its own for entry and exit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) role: Role,
    /// The innermost region around it.
    pub(super) parent: Option<usize>,
    depth: u32,
    /// For other roles than `Try`: the range of the block that the clause protects.
    protects: (u32, u32),
    /// The clause's position; the least one for a block with several clauses.
    clause: usize,
    /// The greatest position.
    last_clause: usize,
}

impl Region {
    const fn contains(&self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }
}

/// The regions of a method, outer before inner, in the order of the code.
pub(super) struct Regions(Vec<Region>);

impl Regions {
    /// Checks boundaries, nesting and order; `None` when the regions make no tree.
    pub(super) fn new(
        body: &MethodBody<'_>,
        marks: &Marks,
        note: &mut dyn FnMut(u32, Rule),
    ) -> Option<Self> {
        let mut regions = Vec::new();
        let mut sound = true;
        for (position, clause) in body.clauses().enumerate() {
            for region in regions_of(&clause, position).into_iter().flatten() {
                let ends_well =
                    region.end as usize == body.code.len() || marks.is_start(region.end);
                if region.start >= region.end {
                    note(region.start, Rule::ClauseEmpty);
                    sound = false;
                } else if !marks.is_start(region.start) || !ends_well {
                    note(region.start, Rule::ClauseBoundary);
                    sound = false;
                }
                regions.push(region);
            }
        }
        if !sound {
            return None;
        }
        regions.sort_by_key(|region| {
            (
                region.start,
                core::cmp::Reverse(region.end),
                region.role,
                region.clause,
            )
        });
        // Clauses that protect the same block share it.
        regions.dedup_by(|next, kept| {
            let same = next.role == Role::Try
                && kept.role == Role::Try
                && (next.start, next.end) == (kept.start, kept.end);
            if same {
                kept.last_clause = kept.last_clause.max(next.last_clause);
            }
            same
        });
        let mut regions = Self(regions);
        regions.nest(note)?;
        regions.check_order(note);
        Some(regions)
    }

    /// Finds each region's parent.
    fn nest(&mut self, note: &mut dyn FnMut(u32, Rule)) -> Option<()> {
        let mut open: Vec<usize> = Vec::new();
        for index in 0..self.0.len() {
            let region = *self.get(index)?;
            while let Some(outer) = open.last().and_then(|outer| self.get(*outer)) {
                if outer.end > region.start {
                    break;
                }
                open.pop();
            }
            let parent = open.last().copied();
            if let Some(outer) = parent.and_then(|outer| self.get(outer)) {
                let same = (outer.start, outer.end) == (region.start, region.end);
                if region.end > outer.end || same {
                    note(region.start, Rule::ClauseOverlap);
                    return None;
                }
                // A handler inside the block that it protects.
                if region.role != Role::Try
                    && region.protects.0 <= region.start
                    && region.start < region.protects.1
                {
                    note(region.start, Rule::ClauseOverlap);
                    return None;
                }
            }
            let depth = open.len() as u32;
            if depth >= MAX_DEPTH {
                note(region.start, Rule::ClauseTooDeep);
                return None;
            }
            let slot = self.0.get_mut(index)?;
            (slot.parent, slot.depth) = (parent, depth);
            open.push(index);
        }
        // A block inside its own handler.
        for region in &self.0 {
            let (start, end) = region.protects;
            if region.role != Role::Try
                && region.start <= start
                && start < region.end
                && end > start
            {
                note(region.start, Rule::ClauseOverlap);
                return None;
            }
        }
        Some(())
    }

    /// A block's clauses come before those of the blocks around it.
    fn check_order(&self, note: &mut dyn FnMut(u32, Rule)) {
        for region in self.0.iter().filter(|region| region.role == Role::Try) {
            let around = self
                .chain(region.parent)
                .find(|(_, outer)| outer.role == Role::Try);
            if around.is_some_and(|(_, outer)| outer.clause < region.last_clause) {
                note(region.start, Rule::ClauseOrder);
            }
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&Region> {
        self.0.get(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Region> {
        self.0.iter()
    }

    /// A region and those around it, from the inside out.
    pub(super) fn chain(&self, region: Option<usize>) -> impl Iterator<Item = (usize, &Region)> {
        let mut next = region;
        core::iter::from_fn(move || {
            let index = next?;
            let region = self.get(index)?;
            next = region.parent;
            Some((index, region))
        })
    }

    /// The innermost region around an instruction.
    pub(super) fn innermost(&self, offset: u32) -> Option<usize> {
        let after = self.0.partition_point(|region| region.start <= offset);
        self.chain(after.checked_sub(1))
            .find(|(_, region)| region.contains(offset))
            .map(|(index, _)| index)
    }

    /// The innermost region around both, and the outermost regions below it on the way to each.
    pub(super) fn meet(&self, from: Option<usize>, to: Option<usize>) -> Option<usize> {
        let depth = |region: Option<usize>| {
            region
                .and_then(|index| self.get(index))
                .map_or(0, |region| region.depth + 1)
        };
        let up = |region: Option<usize>| region.and_then(|index| self.get(index)?.parent);
        let (mut from, mut to) = (from, to);
        while from != to {
            if depth(from) >= depth(to) {
                from = up(from);
            } else {
                to = up(to);
            }
        }
        from
    }

    /// True when `handler` is a catch handler of exactly this protected block.
    pub(super) fn protects(&self, handler: usize, block: &Region) -> bool {
        self.get(handler).is_some_and(|handler| {
            handler.role == Role::Catch && handler.protects == (block.start, block.end)
        })
    }
}

/// The two or three regions of a clause. Sums fit: clauses lie inside the code.
fn regions_of(clause: &EhClause, position: usize) -> [Option<Region>; 3] {
    let protects = (clause.try_offset, clause.try_offset + clause.try_len);
    let region = |start, end, role| Region {
        start,
        end,
        role,
        parent: None,
        depth: 0,
        protects,
        clause: position,
        last_clause: position,
    };
    let handler_end = clause.handler_offset + clause.handler_len;
    let (role, filter) = match clause.kind {
        EhKind::Catch(_) => (Role::Catch, None),
        EhKind::Filter(start) => (
            Role::Catch,
            Some(region(start, clause.handler_offset, Role::Filter)),
        ),
        EhKind::Finally | EhKind::Fault => (Role::Finally, None),
    };
    [
        Some(region(protects.0, protects.1, Role::Try)),
        filter,
        Some(region(clause.handler_offset, handler_end, role)),
    ]
}
