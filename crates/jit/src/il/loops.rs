//! Loops of IL, made better by copying blocks before import.
//!
//! *Inversion* copies the condition of a loop in front of it (`while` becomes a guarded
//! `do while`): one jump less in each round, and what the condition says is known in the whole
//! body. *Peeling* copies the first round of a small innermost loop: what it checked and loaded
//! need not be checked and loaded again by the others, if it does not change in the loop.
//!
//! Copies are blocks with the same instructions. Importing them twice is all that is needed:
//! SSA construction sees two definitions of each variable.

use crate::il::body::{Body, filter_range};

/// Largest condition that is copied, and largest loop whose first round is, in bytes of IL.
const MAX_CONDITION: u32 = 40;
const MAX_PEELED: u32 = 120;
/// Most blocks of a loop whose first round is copied.
const MAX_PEELED_BLOCKS: usize = 12;
/// Most conditions copied for one loop (`a && b && c`).
const MAX_INVERSIONS: usize = 3;
/// Most blocks of a method whose loops are looked at, and most bytes copied in one method.
const MAX_BLOCKS: usize = 400;
const MAX_COPIED: u32 = 2000;

/// A loop with one entry.
struct Loop {
    header: u32,
    /// Blocks, header included.
    blocks: Vec<u32>,
}

/// Inverts and peels the loops of a body.
pub(crate) fn restructure(body: &mut Body<'_>) {
    if body.blocks.len() > MAX_BLOCKS {
        return;
    }
    for found in loops(body) {
        for block in found.blocks {
            body.blocks[block as usize].in_loop = true;
        }
    }
    let mut copied = 0;
    let mut done: Vec<u32> = Vec::new();
    // Each turn finds the loops anew: copies change who the header is.
    while let Some(found) = loops(body).into_iter().find(|l| !done.contains(&l.header)) {
        done.push(found.header);
        if !copyable(body, &found) {
            continue;
        }
        let mut current = found;
        for _ in 0..MAX_INVERSIONS {
            let Some(next) = condition_exit(body, &current) else {
                break;
            };
            let size = bytes(body, &[current.header]);
            if size > MAX_CONDITION || copied + size > MAX_COPIED {
                break;
            }
            copied += size;
            copy(body, &current, &[current.header]);
            done.push(next);
            current.header = next;
        }
        let size = bytes(body, &current.blocks);
        let small = size <= MAX_PEELED && current.blocks.len() <= MAX_PEELED_BLOCKS;
        if small && copied + size <= MAX_COPIED && is_innermost(body, &current) {
            copied += size;
            copy(body, &current, &current.blocks);
        }
    }
}

/// The loops with one entry, by header.
fn loops(body: &Body<'_>) -> Vec<Loop> {
    let mut out: Vec<Loop> = Vec::new();
    for (i, block) in body.blocks.iter().enumerate() {
        let header = i as u32;
        let latches = block
            .preds
            .iter()
            .filter(|p| body.order[**p as usize] != u32::MAX)
            .filter(|p| body.order[**p as usize] >= body.order[i]);
        let mut work: Vec<u32> = latches.copied().collect();
        if work.is_empty() {
            continue;
        }
        let mut inside = vec![false; body.blocks.len()];
        inside[i] = true;
        let mut blocks = vec![header];
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut inside[block as usize], true) {
                continue;
            }
            blocks.push(block);
            work.extend(&body.blocks[block as usize].preds);
        }
        let entered_elsewhere = blocks.iter().any(|b| {
            let data = &body.blocks[*b as usize];
            *b != header && (is_root(body, *b) || data.preds.iter().any(|p| !inside[*p as usize]))
        });
        if !entered_elsewhere {
            blocks.sort_unstable();
            out.push(Loop { header, blocks });
        }
    }
    // Inner loops first.
    out.sort_by_key(|l| l.blocks.len());
    out
}

/// Whether control comes to a block from outside the graph: the entry, handlers.
fn is_root(body: &Body<'_>, block: u32) -> bool {
    let offset = body.blocks[block as usize].offset;
    block == 0
        || body
            .clauses
            .iter()
            .any(|c| c.handler_offset == offset || filter_range(c).is_some_and(|r| r.0 == offset))
}

/// Whether blocks may be copied: no protected block starts or ends in the loop, since a handler
/// sees the variables of one start only.
fn copyable(body: &Body<'_>, l: &Loop) -> bool {
    let clauses = &body.blocks[l.header as usize].clauses;
    l.blocks.iter().all(|b| {
        let data = &body.blocks[*b as usize];
        data.clauses == *clauses
            && !is_root(body, *b)
            && body.clauses.iter().all(|c| c.try_offset != data.offset)
    })
}

/// If the header of a loop decides whether to leave it: the other block it goes to.
fn condition_exit(body: &Body<'_>, l: &Loop) -> Option<u32> {
    let succs = &body.blocks[l.header as usize].succs;
    let (inside, outside): (Vec<u32>, Vec<u32>) = succs.iter().partition(|s| l.blocks.contains(*s));
    match (inside.as_slice(), outside.is_empty()) {
        ([next], false) if *next != l.header => Some(*next),
        _ => None,
    }
}

/// Whether no other loop is inside.
fn is_innermost(body: &Body<'_>, l: &Loop) -> bool {
    l.blocks.iter().all(|b| {
        let succs = &body.blocks[*b as usize].succs;
        succs.iter().all(|s| {
            *s == l.header
                || !l.blocks.contains(s)
                || body.order[*s as usize] > body.order[*b as usize]
        })
    })
}

fn bytes(body: &Body<'_>, blocks: &[u32]) -> u32 {
    let size = |b: &u32| {
        let data = &body.blocks[*b as usize];
        let insts = &body.insts[data.first..data.last];
        insts.iter().map(|i| i.size).sum::<u32>()
    };
    blocks.iter().map(size).sum()
}

/// Copies blocks of a loop, its header among them. Who enters the loop goes to the copies; the
/// copies go on to the loop's own header.
fn copy(body: &mut Body<'_>, l: &Loop, blocks: &[u32]) {
    let first = body.blocks.len() as u32;
    let copy_of = |block: u32| {
        let at = blocks.iter().position(|b| *b == block);
        at.map(|i| first + i as u32)
    };
    let Some(header) = copy_of(l.header) else {
        return;
    };
    for &block in blocks {
        let mut data = body.blocks[block as usize].clone();
        // What the block goes to, then that block's copy.
        data.succs = data
            .succs
            .iter()
            .map(|s| match copy_of(*s) {
                Some(copy) if *s != l.header => {
                    data.redirect.push((*s, copy));
                    copy
                }
                _ => *s,
            })
            .collect();
        body.blocks.push(data);
    }
    let entering: Vec<u32> = body.blocks[l.header as usize]
        .preds
        .iter()
        .copied()
        .filter(|p| !l.blocks.contains(p))
        .collect();
    for pred in entering {
        let data = &mut body.blocks[pred as usize];
        data.redirect.push((l.header, header));
        for succ in &mut data.succs {
            if *succ == l.header {
                *succ = header;
            }
        }
    }
    body.connect();
}
