//! Null checks: drops those that an earlier one in the same block makes useless, and those
//! that the next access makes by itself.

use rustc_hash::FxHashSet;

use crate::hir::{Access, Func, Inst, Value};

/// Accesses below this offset fault on null.
const NULL_PAGE: u32 = 4096;

pub(super) fn run(func: &mut Func) {
    let mut known: FxHashSet<Value> = FxHashSet::default();
    for &block in &func.layout {
        known.clear();
        let data = &mut func.blocks[block];
        merge_with_accesses(&mut data.nodes);
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

/// Drops a check when the same reference is accessed before anything else happens.
fn merge_with_accesses(nodes: &mut Vec<crate::hir::Node>) {
    let mut useless = Vec::new();
    for (i, node) in nodes.iter().enumerate() {
        let Inst::NullCheck(value) = node.inst else {
            continue;
        };
        for next in &nodes[i + 1..] {
            match &next.inst {
                Inst::Load {
                    access: Access::MayBeNull,
                    addr,
                    offset,
                    ..
                }
                | Inst::Store {
                    access: Access::MayBeNull,
                    addr,
                    offset,
                    ..
                }
                | Inst::StoreRef {
                    access: Access::MayBeNull,
                    addr,
                    offset,
                    ..
                } if *addr == value && *offset < NULL_PAGE => {
                    useless.push(i);
                    break;
                }
                inst if inst.is_pure() => {}
                _ => break,
            }
        }
    }
    if !useless.is_empty() {
        let mut at = 0;
        nodes.retain(|_| {
            at += 1;
            useless.binary_search(&(at - 1)).is_err()
        });
    }
}
