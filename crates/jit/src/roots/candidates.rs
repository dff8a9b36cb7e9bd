//! Which values may name objects.

use cranelift_entity::{EntityRef, SecondaryMap};

use crate::clif::abi::ArgClass;
use crate::hir::{Func, FuncKind, Inst, Ty, Value};

/// The values that may name objects in the heap.
pub(super) struct Candidates {
    list: Vec<Value>,
    is: SecondaryMap<Value, bool>,
}

impl Candidates {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn contains(&self, value: Value) -> bool {
        self.is[value]
    }
}

/// References and managed pointers, and native integers that were made of them (objects do not
/// move, so code that keeps a pointer may rely on it). Not: constants, addresses of the frame
/// and of symbols.
pub(super) fn find(func: &Func) -> Candidates {
    let mut frame: SecondaryMap<Value, bool> = SecondaryMap::new();
    let mut is: SecondaryMap<Value, bool> = SecondaryMap::new();
    let mut list = Vec::new();
    for value in frame_params(func) {
        frame[value] = true;
    }
    let mut changed = true;
    let mut first = true;
    while changed {
        changed = false;
        for &block in &func.layout {
            let data = &func.blocks[block];
            if first {
                for &param in &data.params {
                    if names_object(func.values[param].ty) && !frame[param] {
                        is[param] = true;
                    }
                }
            }
            for node in &data.nodes {
                let Some(result) = node.result else { continue };
                if is[result] || frame[result] || func.values[result].constant.is_some() {
                    continue;
                }
                let found = match (&node.inst, func.values[result].ty) {
                    (Inst::I64(_), _) => continue,
                    (Inst::SlotAddr(..) | Inst::SymbolAddr(_), _) => {
                        frame[result] = true;
                        continue;
                    }
                    (Inst::Binary(_, a, b), Ty::ByRef) if frame[*a] || frame[*b] => {
                        frame[result] = true;
                        continue;
                    }
                    (_, Ty::Ref | Ty::ByRef) => true,
                    (
                        Inst::Binary(..) | Inst::Select(..) | Inst::Convert(..) | Inst::Bitcast(_),
                        Ty::I64,
                    ) => {
                        let mut any = false;
                        node.inst.args(|arg| any |= is[arg]);
                        any
                    }
                    _ => false,
                };
                if found {
                    is[result] = true;
                    changed |= func.values[result].ty == Ty::I64;
                }
            }
            data.term.edges(|edge| {
                for (arg, param) in edge.args.iter().zip(&func.blocks[edge.block].params) {
                    if is[*arg] && !is[*param] && func.values[*param].ty == Ty::I64 {
                        is[*param] = true;
                        changed = true;
                    }
                }
            });
        }
        first = false;
    }
    for index in 0..func.values.len() {
        let value = Value::new(index);
        if is[value] {
            list.push(value);
        }
    }
    Candidates { list, is }
}

fn names_object(ty: Ty) -> bool {
    matches!(ty, Ty::Ref | Ty::ByRef)
}

/// Parameters that are addresses of the caller's frame: struct arguments, the place of a struct
/// result, the context of a filter.
fn frame_params(func: &Func) -> Vec<Value> {
    let Some(&entry) = func.layout.first() else {
        return Vec::new();
    };
    let params = &func.blocks[entry].params;
    match func.kind {
        FuncKind::Filter { .. } => params.get(1).copied().into_iter().collect(),
        FuncKind::Body => {
            let mut rest = params.iter().skip(usize::from(func.sig.this.is_some()));
            let mut out = Vec::new();
            if func.sig.sret().is_some() {
                out.extend(rest.next());
            }
            for (param, class) in rest.zip(&func.sig.params) {
                if matches!(class, ArgClass::Struct(..)) {
                    out.push(*param);
                }
            }
            out
        }
    }
}
