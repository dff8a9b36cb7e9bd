//! Predecessors, also along exception edges.

use cranelift_entity::SecondaryMap;

use crate::hir::{Block, Func, Handler, MethodEh};

/// Position of each block's first node in the order of the layout, a terminator counting as
/// a node; the last entry is the total.
pub(super) fn starts(func: &Func) -> Vec<u32> {
    let mut at = 0;
    let mut starts = Vec::with_capacity(func.layout.len() + 1);
    for &block in &func.layout {
        starts.push(at);
        at += func.blocks[block].nodes.len() as u32 + 1;
    }
    starts.push(at);
    starts
}

/// The control-flow graph backwards, by places in the layout.
pub(super) struct Cfg {
    /// Predecessors along ordinary edges.
    pub(super) preds: Vec<Vec<u32>>,
    /// Blocks whose exceptions may enter this block.
    pub(super) throwers: Vec<Vec<u32>>,
}

impl Cfg {
    pub(super) fn new(func: &Func, eh: &MethodEh) -> Cfg {
        let count = func.layout.len();
        // Place of each block in the layout; outside it, nowhere.
        let mut place: SecondaryMap<Block, u32> = SecondaryMap::with_default(u32::MAX);
        for (i, &block) in func.layout.iter().enumerate() {
            place[block] = i as u32;
        }
        let mut preds = vec![Vec::new(); count];
        let mut throwers = vec![Vec::new(); count];
        for (i, &block) in func.layout.iter().enumerate() {
            let data = &func.blocks[block];
            data.term.edges(|edge| {
                let target = place[edge.block] as usize;
                if let Some(list) = preds.get_mut(target)
                    && list.last() != Some(&(i as u32))
                {
                    list.push(i as u32);
                }
            });
            let clauses = data.region.map_or(&[][..], |r| &eh.regions[r]);
            for &clause in clauses {
                let Some(Handler::Catch(entry) | Handler::Finally(entry)) =
                    func.handlers[clause as usize]
                else {
                    continue;
                };
                if let Some(list) = throwers.get_mut(place[entry] as usize)
                    && list.last() != Some(&(i as u32))
                {
                    list.push(i as u32);
                }
            }
        }
        Cfg { preds, throwers }
    }
}
