//! Null checks: drops those that an earlier one in the same block makes useless, and those
//! that the next access makes by itself.

use rustc_hash::FxHashSet;

use crate::hir::{Access, Func, Inst, Node, Value};

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
            Inst::Unbox { object, .. } => {
                known.insert(*object);
                true
            }
            inst => {
                if let Some((access, addr, _)) = access_of(inst)
                    && *access == Access::MayBeNull
                    && !known.insert(addr)
                {
                    *access = Access::Safe;
                }
                true
            }
        });
    }
}

/// How, through which base and at which offset an instruction accesses memory.
fn access_of(inst: &mut Inst) -> Option<(&mut Access, Value, u32)> {
    match inst {
        Inst::Load {
            access,
            addr,
            offset,
            ..
        }
        | Inst::Store {
            access,
            addr,
            offset,
            ..
        }
        | Inst::StoreRef {
            access,
            addr,
            offset,
            ..
        }
        | Inst::Length {
            access,
            object: addr,
            offset,
            ..
        } => Some((access, *addr, *offset)),
        _ => None,
    }
}

/// Drops a check when the same reference is accessed before anything else happens.
fn merge_with_accesses(nodes: &mut Vec<Node>) {
    let mut useless = Vec::new();
    for i in 0..nodes.len() {
        let Inst::NullCheck(value) = nodes[i].inst else {
            continue;
        };
        for next in &mut nodes[i + 1..] {
            if let Some((access, addr, offset)) = access_of(&mut next.inst) {
                if addr == value && offset < NULL_PAGE {
                    *access = Access::MayBeNull;
                    useless.push(i);
                }
                break;
            }
            if !computes(&next.inst) {
                break;
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

/// Whether an instruction only computes with its operands: no memory, no exceptions.
fn computes(inst: &Inst) -> bool {
    inst.is_pure() && !matches!(inst, Inst::IsExact { .. } | Inst::IsInst { .. })
}
