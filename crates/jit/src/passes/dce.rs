//! Drops pure instructions whose results are not used.

use cranelift_entity::EntitySet;

use crate::hir::{Func, Value};

pub(super) fn run(func: &mut Func) {
    let mut used: EntitySet<Value> = EntitySet::new();
    for &block in &func.layout {
        let data = &mut func.blocks[block];
        data.term.args_mut(|v| {
            used.insert(*v);
        });
        data.term.edges_mut(|e| {
            for v in &e.args {
                used.insert(*v);
            }
        });
        for node in &mut data.nodes {
            if !node.inst.is_pure() {
                node.inst.args_mut(|v| {
                    used.insert(*v);
                });
            }
        }
    }
    // Uses of pure instructions: layout order has definitions first, so go backwards.
    for &block in func.layout.iter().rev() {
        for node in func.blocks[block].nodes.iter_mut().rev() {
            if node.inst.is_pure() && node.result.is_some_and(|r| used.contains(r)) {
                node.inst.args_mut(|v| {
                    used.insert(*v);
                });
            }
        }
    }
    for &block in &func.layout {
        func.blocks[block]
            .nodes
            .retain(|node| !node.inst.is_pure() || node.result.is_some_and(|r| used.contains(r)));
    }
}
