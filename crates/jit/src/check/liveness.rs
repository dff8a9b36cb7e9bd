//! Liveness of references in hir: backward data flow over bit sets, exception edges included.

use cranelift_entity::SecondaryMap;

use crate::clif::abi::ArgClass;
use crate::hir::{Block, Func, FuncKind, Handler, Inst, MethodEh, Node, Ty, Value};

/// A set of references, by number.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Set(Vec<u64>);

impl Set {
    fn new(count: usize) -> Set {
        Set(vec![0; count.div_ceil(64)])
    }

    fn insert(&mut self, index: u32) {
        self.0[index as usize / 64] |= 1 << (index % 64);
    }

    fn remove(&mut self, index: u32) {
        self.0[index as usize / 64] &= !(1 << (index % 64));
    }

    pub(super) fn join(&mut self, other: &Set) -> bool {
        let mut grown = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            grown |= *b & !*a != 0;
            *a |= *b;
        }
        grown
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.0.len() as u32 * 64).filter(|i| self.0[*i as usize / 64] >> (i % 64) & 1 != 0)
    }
}

/// The references of a function and where they are live.
pub(super) struct Liveness {
    /// Values that may name places in the heap.
    refs: Vec<Value>,
    number: SecondaryMap<Value, Option<u32>>,
    outside: SecondaryMap<Value, bool>,
    live_in: SecondaryMap<Block, Set>,
    handlers: SecondaryMap<Block, Set>,
}

impl Liveness {
    pub(super) fn new(func: &Func, eh: &MethodEh) -> Liveness {
        let outside = outside_heap(func);
        let mut refs = Vec::new();
        let mut number = SecondaryMap::new();
        let mut add = |value: Value| {
            let data = &func.values[value];
            let reference = matches!(data.ty, Ty::Ref | Ty::ByRef) && data.constant.is_none();
            if reference && !outside[value] {
                number[value] = Some(refs.len() as u32);
                refs.push(value);
            }
        };
        for &block in &func.layout {
            let data = &func.blocks[block];
            data.params.iter().for_each(|p| add(*p));
            data.nodes
                .iter()
                .filter_map(|n| n.result)
                .for_each(&mut add);
        }
        let empty = Set::new(refs.len());
        let mut live = Liveness {
            refs,
            number,
            outside,
            live_in: SecondaryMap::with_default(empty.clone()),
            handlers: SecondaryMap::with_default(empty),
        };
        let mut changed = true;
        while changed {
            changed = false;
            for &block in func.layout.iter().rev() {
                let mut handlers = live.handlers[block].clone();
                let clauses = func.blocks[block]
                    .region
                    .map_or(&[][..], |r| &eh.regions[r]);
                for &clause in clauses {
                    if let Some(Handler::Catch(entry) | Handler::Finally(entry)) =
                        func.handlers[clause as usize]
                    {
                        handlers.join(&live.entry_of(func, entry));
                    }
                }
                let mut set = live.at_end(func, block);
                let data = &func.blocks[block];
                data.term.args(|arg| live.add(&mut set, arg));
                for node in data.nodes.iter().rev() {
                    live.step(&mut set, node);
                }
                set.join(&handlers);
                changed |= live.handlers[block].join(&handlers);
                changed |= live.live_in[block].join(&set);
            }
        }
        live
    }

    /// Whether a value is known not to name a place in the heap.
    pub(super) fn is_outside(&self, value: Value) -> bool {
        self.outside[value]
    }

    fn add(&self, set: &mut Set, value: Value) {
        if let Some(number) = self.number[value] {
            set.insert(number);
        }
    }

    fn entry_of(&self, func: &Func, block: Block) -> Set {
        let mut set = self.live_in[block].clone();
        for param in &func.blocks[block].params {
            if let Some(number) = self.number[*param] {
                set.remove(number);
            }
        }
        set
    }

    /// Live before the jump at the end of a block, but for the terminator's own operands.
    fn at_end(&self, func: &Func, block: Block) -> Set {
        let mut set = Set::new(self.refs.len());
        func.blocks[block].term.edges(|edge| {
            set.join(&self.entry_of(func, edge.block));
            edge.args.iter().for_each(|arg| self.add(&mut set, *arg));
        });
        set
    }

    fn step(&self, set: &mut Set, node: &Node) {
        if let Some(number) = node.result.and_then(|r| self.number[r]) {
            set.remove(number);
        }
        node.inst.args(|arg| self.add(set, arg));
    }

    /// References that a call of the node at an index of a block must leave alone: `rest` those
    /// that are live after the node, `operands` its operands, `thrown` those that handlers use.
    pub(super) fn at(&self, func: &Func, block: Block, index: usize, wanted: Wanted) -> Vec<Value> {
        let data = &func.blocks[block];
        let mut set = Set::new(self.refs.len());
        if wanted.thrown {
            set.join(&self.handlers[block]);
        }
        if wanted.rest || wanted.operands {
            let mut after = self.at_end(func, block);
            if index < data.nodes.len() {
                data.term.args(|arg| self.add(&mut after, arg));
                for node in data.nodes[index + 1..].iter().rev() {
                    self.step(&mut after, node);
                }
                let node = &data.nodes[index];
                if let Some(number) = node.result.and_then(|r| self.number[r]) {
                    after.remove(number);
                }
                if wanted.operands {
                    node.inst.args(|arg| self.add(&mut set, arg));
                }
            } else if wanted.operands {
                data.term.args(|arg| self.add(&mut set, arg));
            }
            if wanted.rest {
                set.join(&after);
            }
        }
        set.iter()
            .map(|number| self.refs[number as usize])
            .collect()
    }
}

/// Which references a call must leave alone.
#[derive(Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) rest: bool,
    pub(super) operands: bool,
    pub(super) thrown: bool,
}

/// Values that never name a place in the heap, as a greatest fixpoint: addresses of the frame, of
/// the caller's frame and of symbols, constants, and what is computed or chosen from such.
fn outside_heap(func: &Func) -> SecondaryMap<Value, bool> {
    let mut outside = SecondaryMap::with_default(true);
    let frame = frame_params(func);
    if let Some(&entry) = func.layout.first() {
        for &param in &func.blocks[entry].params {
            outside[param] = frame.contains(&param);
        }
    }
    for handler in func.handlers.iter().flatten() {
        if let Handler::Catch(entry) = handler {
            for &param in &func.blocks[*entry].params {
                outside[param] = false;
            }
        }
    }
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &func.layout {
            let data = &func.blocks[block];
            for node in &data.nodes {
                let Some(result) = node.result else { continue };
                let good = func.values[result].constant.is_some()
                    || match &node.inst {
                        Inst::SlotAddr(..) | Inst::SymbolAddr(_) | Inst::I64(_) => true,
                        Inst::Binary(_, a, b) => outside[*a] && outside[*b],
                        Inst::Select(_, a, b) => outside[*a] && outside[*b],
                        Inst::I32(_) | Inst::ZeroExtend(_) | Inst::Length { .. } => true,
                        Inst::Convert(_, a) | Inst::Bitcast(a) => outside[*a],
                        // An integer that was never an address.
                        _ => func.values[result].ty == Ty::I32,
                    };
                if outside[result] && !good {
                    outside[result] = false;
                    changed = true;
                }
            }
            data.term.edges(|edge| {
                for (arg, param) in edge.args.iter().zip(&func.blocks[edge.block].params) {
                    if !outside[*arg] && outside[*param] {
                        outside[*param] = false;
                        changed = true;
                    }
                }
            });
        }
    }
    outside
}

/// Parameters that are addresses in the caller's frame.
fn frame_params(func: &Func) -> Vec<Value> {
    let Some(&entry) = func.layout.first() else {
        return Vec::new();
    };
    let params = &func.blocks[entry].params;
    if matches!(func.kind, FuncKind::Filter { .. }) {
        return params.iter().take(2).copied().collect();
    }
    let this = usize::from(func.sig.this.is_some());
    let result = usize::from(func.sig.sret().is_some());
    let mut out: Vec<Value> = params.iter().skip(this).take(result).copied().collect();
    let declared = params.iter().skip(this + result);
    let structs = declared.zip(&func.sig.params);
    out.extend(
        structs
            .filter(|(_, class)| matches!(class, ArgClass::Struct(..)))
            .map(|(param, _)| *param),
    );
    out
}
