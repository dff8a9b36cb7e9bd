//! Joins a block with its only successor when that has no other predecessor.

use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

use crate::hir::{Block, Func, Handler, Terminator, Value};

pub(super) fn run(func: &mut Func) {
    let mut preds: SecondaryMap<Block, u32> = SecondaryMap::new();
    for &block in &func.layout {
        func.blocks[block]
            .term
            .edges_mut(|edge| preds[edge.block] += 1);
    }
    for handler in func.handlers.iter().flatten() {
        let (Handler::Catch(block) | Handler::Finally(block)) = handler;
        preds[*block] += 2;
    }
    let mut alias: FxHashMap<Value, Value> = FxHashMap::default();
    let mut gone: SecondaryMap<Block, bool> = SecondaryMap::new();
    let entry = func.layout[0];
    for i in 0..func.layout.len() {
        let block = func.layout[i];
        if gone[block] {
            continue;
        }
        while let Terminator::Jump(edge) = &func.blocks[block].term {
            let next = edge.block;
            let same_region = func.blocks[next].region == func.blocks[block].region;
            // A block without instructions raises nothing, so it may move into any region.
            let harmless = func.blocks[block].nodes.is_empty() && block != entry;
            if preds[next] != 1 || next == block || next == entry || !(same_region || harmless) {
                break;
            }
            let args = edge.args.clone();
            let data = std::mem::take(&mut func.blocks[next].nodes);
            let term = std::mem::take(&mut func.blocks[next].term);
            let params = std::mem::take(&mut func.blocks[next].params);
            let (il, region) = (func.blocks[next].term_il, func.blocks[next].region);
            alias.extend(params.into_iter().zip(args));
            let into = &mut func.blocks[block];
            into.nodes.extend(data);
            into.term = term;
            into.term_il = il;
            into.region = region;
            gone[next] = true;
        }
    }
    if alias.is_empty() && !func.layout.iter().any(|b| gone[*b]) {
        return;
    }
    func.layout.retain(|block| !gone[*block]);
    let resolve = |value: &mut Value| {
        while let Some(next) = alias.get(value) {
            *value = *next;
        }
    };
    for &block in &func.layout {
        let data = &mut func.blocks[block];
        for node in &mut data.nodes {
            node.inst.args_mut(resolve);
        }
        data.term.args_mut(resolve);
        data.term
            .edges_mut(|edge| edge.args.iter_mut().for_each(resolve));
    }
}
