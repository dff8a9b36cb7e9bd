//! Drops null checks that an earlier one in the same block makes useless, and merges a null
//! check with the access right after it.

use rustc_hash::FxHashSet;

use crate::hir::{Access, Func, Inst, Value};

pub(super) fn run(func: &mut Func) {
    let mut known: FxHashSet<Value> = FxHashSet::default();
    for &block in &func.layout {
        known.clear();
        let data = &mut func.blocks[block];
        data.nodes.retain_mut(|node| match &mut node.inst {
            Inst::NullCheck(value) => known.insert(*value),
            Inst::Load { access, addr, .. }
            | Inst::Store { access, addr, .. }
            | Inst::StoreRef { access, addr, .. }
                if *access == Access::MayBeNull =>
            {
                if !known.insert(*addr) {
                    *access = Access::Safe;
                }
                true
            }
            Inst::Unbox { object, .. } => {
                known.insert(*object);
                true
            }
            _ => true,
        });
    }
}
