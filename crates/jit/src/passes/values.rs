//! Value numbering over the dominator tree.
//!
//! Equal computations, loads of what never changes, and checks that an earlier one makes useless
//! are found in the scope of their dominators; constants are folded, and branches on them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::hir::{
    Access, Binary, Block, Cond, Convert, Func, Handler, Inst, MethodEh, Slot, Terminator, Ty,
    Unary, Value,
};
use crate::host::Symbol;
use crate::passes::cfg::{Cfg, Visitor};

/// A computation that has the same result whenever it is done with the same operands.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Constant(Ty, i64),
    Unary(Unary, Value),
    Binary(Binary, Value, Value),
    Compare(Cond, Value, Value),
    Convert(Ty, Convert, Value),
    ZeroExtend(Value),
    Select(Ty, Value, Value, Value),
    Bitcast(Ty, Value),
    Slot(Slot, u32),
    Symbol(Ty, Symbol),
    Length(Value, u32),
    Exact(Value, u32),
}

/// What is undone when the walk leaves a block.
enum Undo {
    Key(Key),
    NonNull(Value),
    Bounds(Value, Value),
    Initialised(crate::host::TypeHandle),
}

struct Walk<'a> {
    func: &'a mut Func,
    cfg: &'a Cfg,
    /// Replacements.
    alias: FxHashMap<Value, Value>,
    known: FxHashMap<Key, Value>,
    non_null: FxHashSet<Value>,
    checked: FxHashSet<(Value, Value)>,
    initialised: FxHashSet<crate::host::TypeHandle>,
    /// Comparisons by result, for branches on them.
    compares: FxHashMap<Value, (Cond, Value, Value)>,
    undo: Vec<Undo>,
}

/// Numbers the values of a function.
pub(super) fn run(func: &mut Func, eh: &MethodEh) {
    let cfg = Cfg::new(func);
    let mut walk = Walk {
        func,
        cfg: &cfg,
        alias: FxHashMap::default(),
        known: FxHashMap::default(),
        non_null: FxHashSet::default(),
        checked: FxHashSet::default(),
        initialised: FxHashSet::default(),
        compares: FxHashMap::default(),
        undo: Vec::new(),
    };
    cfg.visit(&mut walk);
    walk.rename();
    drop_unreached(func, eh);
}

impl Visitor for Walk<'_> {
    fn mark(&self) -> usize {
        self.undo.len()
    }

    fn enter(&mut self, block: Block) {
        self.block(block);
    }

    fn leave(&mut self, mark: usize) {
        for undo in self.undo.drain(mark..) {
            match undo {
                Undo::Key(key) => {
                    self.known.remove(&key);
                }
                Undo::NonNull(value) => {
                    self.non_null.remove(&value);
                }
                Undo::Bounds(index, length) => {
                    self.checked.remove(&(index, length));
                }
                Undo::Initialised(ty) => {
                    self.initialised.remove(&ty);
                }
            }
        }
    }
}

impl Walk<'_> {
    fn resolve(&self, mut value: Value) -> Value {
        while let Some(next) = self.alias.get(&value) {
            value = *next;
        }
        value
    }

    fn constant(&self, value: Value) -> Option<i64> {
        self.func.values[value].constant
    }

    fn block(&mut self, block: Block) {
        self.arrive(block);
        let nodes = std::mem::take(&mut self.func.blocks[block].nodes);
        let mut kept = Vec::with_capacity(nodes.len());
        for mut node in nodes {
            node.inst.args_mut(|v| *v = self.resolve(*v));
            if let Some(result) = node.result {
                self.simplify(&mut node.inst, result);
                if let Some(same) = self.identity(&node.inst)
                    && self.func.values[same].ty == self.func.values[result].ty
                {
                    self.alias.insert(result, same);
                    continue;
                }
            }
            if self.keep(&mut node.inst, node.result) {
                kept.push(node);
            }
        }
        self.func.blocks[block].nodes = kept;
        self.terminator(block);
    }

    /// What the branch to a block says.
    fn arrive(&mut self, block: Block) {
        let Some(pred) = self.cfg.only_pred(block) else {
            return;
        };
        let data = &self.func.blocks[pred.block];
        let subject = match &data.term {
            Terminator::Branch(value, ..) if pred.edge == 0 => Some(*value),
            Terminator::BranchCompare(Cond::Ne, a, b, ..) if pred.edge == 0 => {
                self.versus_null(*a, *b)
            }
            Terminator::BranchCompare(Cond::GtUn, a, b, ..) if pred.edge == 0 => {
                self.versus_null(*a, *b)
            }
            Terminator::BranchCompare(Cond::Eq, a, b, ..) if pred.edge == 1 => {
                self.versus_null(*a, *b)
            }
            _ => None,
        };
        if let Some(value) = subject {
            let value = self.resolve(value);
            if matches!(self.func.values[value].ty, Ty::Ref | Ty::ByRef) {
                self.not_null(value);
            }
        }
    }

    fn versus_null(&self, a: Value, b: Value) -> Option<Value> {
        (self.constant(self.resolve(b)) == Some(0)).then_some(a)
    }

    fn not_null(&mut self, value: Value) -> bool {
        let new = self.non_null.insert(value);
        if new {
            self.undo.push(Undo::NonNull(value));
        }
        new
    }

    /// Folds constants.
    fn simplify(&mut self, inst: &mut Inst, result: Value) {
        let ty = self.func.values[result].ty;
        let folded = match inst {
            Inst::Binary(op, a, b) => match (self.constant(*a), self.constant(*b)) {
                (Some(a), Some(b)) => fold(*op, ty, a, b),
                _ => None,
            },
            Inst::ZeroExtend(a) => self.constant(*a).map(|c| i64::from(c as u32)),
            Inst::Convert(Convert::Int(mem), a) => {
                let from = self.func.values[*a].ty;
                match self.constant(*a) {
                    Some(c) if !from.is_float() => Some(narrow(*mem, c)),
                    _ => None,
                }
            }
            Inst::Convert(Convert::UInt64, a) => match (self.constant(*a), self.func.values[*a].ty)
            {
                (Some(c), Ty::I32) => Some(i64::from(c as u32)),
                (c, _) => c,
            },
            Inst::Compare(cond, a, b) if !self.func.values[*a].ty.is_float() => {
                let same = a == b;
                match (self.constant(*a), self.constant(*b)) {
                    (Some(x), Some(y)) => {
                        let wide = self.func.values[*a].ty.is_word();
                        Some(i64::from(holds(*cond, x, y, wide)))
                    }
                    _ if same => Some(i64::from(holds(*cond, 0, 0, true))),
                    _ => self.null_compare(*cond, *a, *b).map(i64::from),
                }
            }
            _ => None,
        };
        let Some(value) = folded else { return };
        let (inst_new, value) = match ty {
            Ty::I32 => (Inst::I32(value as i32), i64::from(value as i32)),
            Ty::I64 => (Inst::I64(value), value),
            _ => return,
        };
        *inst = inst_new;
        self.func.values[result].constant = Some(value);
    }

    /// A comparison of a value that is not null with null.
    fn null_compare(&self, cond: Cond, a: Value, b: Value) -> Option<bool> {
        if self.constant(b) != Some(0) || !self.non_null.contains(&a) {
            return None;
        }
        match cond {
            Cond::Eq => Some(false),
            Cond::Ne | Cond::GtUn => Some(true),
            _ => None,
        }
    }

    /// The operand that an instruction gives unchanged.
    fn identity(&self, inst: &Inst) -> Option<Value> {
        match inst {
            Inst::Binary(Binary::Add | Binary::Sub | Binary::Or | Binary::Xor, a, b)
            | Inst::Binary(Binary::Shl | Binary::Shr | Binary::ShrUn, a, b)
                if self.constant(*b) == Some(0) =>
            {
                Some(*a)
            }
            Inst::Binary(Binary::Mul, a, b) if self.constant(*b) == Some(1) => Some(*a),
            Inst::Select(c, a, b) => match self.constant(*c) {
                Some(0) => Some(*b),
                Some(_) => Some(*a),
                None => None,
            },
            _ => None,
        }
    }

    /// Whether an instruction is needed here.
    fn keep(&mut self, inst: &mut Inst, result: Option<Value>) -> bool {
        match inst {
            Inst::NullCheck(value) => return self.not_null(*value),
            Inst::BoundsCheck { index, length } => {
                let pair = (*index, *length);
                if let (Some(i), Some(n)) = (self.constant(pair.0), self.constant(pair.1))
                    && (i as u64) < n as u64
                    && i >= 0
                {
                    return false;
                }
                let new = self.checked.insert(pair);
                if new {
                    self.undo.push(Undo::Bounds(pair.0, pair.1));
                }
                return new;
            }
            Inst::ClassInit(ty) => {
                let new = self.initialised.insert(*ty);
                if new {
                    self.undo.push(Undo::Initialised(*ty));
                }
                return new;
            }
            Inst::Load { access, addr, .. }
            | Inst::Store { access, addr, .. }
            | Inst::StoreRef { access, addr, .. }
            | Inst::Length {
                access,
                object: addr,
                ..
            } => {
                let checked = *access == Access::MayBeNull && !self.not_null(*addr);
                if checked {
                    *access = Access::Safe;
                }
            }
            Inst::Unbox { object, .. } => {
                self.not_null(*object);
            }
            Inst::Compare(cond, a, b) => {
                if let Some(result) = result {
                    self.compares.insert(result, (*cond, *a, *b));
                }
            }
            _ => {}
        }
        let (Some(result), Some(key)) = (result, self.key(inst, result)) else {
            return true;
        };
        if let Some(same) = self.known.get(&key) {
            self.alias.insert(result, *same);
            return false;
        }
        if matches!(
            inst,
            Inst::SlotAddr(..)
                | Inst::SymbolAddr(_)
                | Inst::NewObject { .. }
                | Inst::NewVector { .. }
        ) {
            self.not_null(result);
        }
        self.known.insert(key.clone(), result);
        self.undo.push(Undo::Key(key));
        true
    }

    fn key(&self, inst: &Inst, result: Option<Value>) -> Option<Key> {
        let ty = result.map(|r| self.func.values[r].ty)?;
        Some(match inst {
            Inst::I32(c) => Key::Constant(ty, i64::from(*c)),
            Inst::I64(c) => Key::Constant(ty, *c),
            Inst::F32(bits) => Key::Constant(ty, i64::from(*bits)),
            Inst::F64(bits) => Key::Constant(ty, *bits as i64),
            Inst::Unary(op, a) => Key::Unary(*op, *a),
            // Sums of references and offsets are not shared: a reference is a better root.
            Inst::Binary(op, a, b) if !matches!(ty, Ty::Ref | Ty::ByRef) => {
                Key::Binary(*op, *a, *b)
            }
            Inst::Compare(cond, a, b) => Key::Compare(*cond, *a, *b),
            Inst::Convert(to, a) => Key::Convert(ty, *to, *a),
            Inst::ZeroExtend(a) => Key::ZeroExtend(*a),
            Inst::Select(c, a, b) => Key::Select(ty, *c, *a, *b),
            Inst::Bitcast(a) => Key::Bitcast(ty, *a),
            Inst::SlotAddr(slot, offset) => Key::Slot(*slot, *offset),
            Inst::SymbolAddr(symbol) => Key::Symbol(ty, *symbol),
            Inst::Length { object, offset, .. } => Key::Length(*object, *offset),
            Inst::IsExact {
                object,
                vtable_offset,
            } => Key::Exact(*object, *vtable_offset),
            _ => return None,
        })
    }

    fn terminator(&mut self, block: Block) {
        let mut term = std::mem::take(&mut self.func.blocks[block].term);
        term.args_mut(|v| *v = self.resolve(*v));
        // A branch on a comparison compares by itself.
        if let Terminator::Branch(value, a, b) = &term
            && let Some((cond, x, y)) = self.compares.get(value)
        {
            term = Terminator::BranchCompare(*cond, *x, *y, a.clone(), b.clone());
        }
        let taken = match &term {
            Terminator::Branch(value, ..) => match self.constant(*value) {
                Some(c) => Some(c != 0),
                None => self.non_null.contains(value).then_some(true),
            },
            Terminator::BranchCompare(cond, x, y, ..) => {
                let ty = self.func.values[*x].ty;
                match (self.constant(*x), self.constant(*y)) {
                    _ if ty.is_float() => None,
                    (Some(a), Some(b)) => Some(holds(*cond, a, b, ty.is_word())),
                    _ if x == y => Some(holds(*cond, 0, 0, true)),
                    _ => self.null_compare(*cond, *x, *y),
                }
            }
            _ => None,
        };
        term = match (taken, term) {
            (
                Some(true),
                Terminator::Branch(_, edge, _) | Terminator::BranchCompare(_, _, _, edge, _),
            ) => Terminator::Jump(edge),
            (
                Some(false),
                Terminator::Branch(_, _, edge) | Terminator::BranchCompare(_, _, _, _, edge),
            ) => Terminator::Jump(edge),
            (_, term) => term,
        };
        self.func.blocks[block].term = term;
    }

    /// Renames the operands of edges, and of all else that was seen before its replacement.
    fn rename(&mut self) {
        if self.alias.is_empty() {
            return;
        }
        let alias = std::mem::take(&mut self.alias);
        let resolve = |value: &mut Value| {
            while let Some(next) = alias.get(value) {
                *value = *next;
            }
        };
        for &block in &self.func.layout {
            let data = &mut self.func.blocks[block];
            for node in &mut data.nodes {
                node.inst.args_mut(resolve);
            }
            data.term.args_mut(resolve);
            data.term
                .edges_mut(|edge| edge.args.iter_mut().for_each(resolve));
        }
    }
}

/// Drops blocks that nothing reaches any more, and handlers of clauses that protect nothing any
/// more: what they use may have gone with the blocks that they protected.
fn drop_unreached(func: &mut Func, eh: &MethodEh) {
    let mut reached: FxHashSet<Block> = FxHashSet::default();
    let mut entered = vec![false; func.handlers.len()];
    let mut work = vec![func.layout[0]];
    while let Some(block) = work.pop() {
        if !reached.insert(block) {
            continue;
        }
        let data = &func.blocks[block];
        data.term.edges(|edge| work.push(edge.block));
        for &clause in data.region.map_or(&[][..], |region| &eh.regions[region]) {
            entered[clause as usize] = true;
            if let Some(Handler::Catch(entry) | Handler::Finally(entry)) =
                func.handlers[clause as usize]
            {
                work.push(entry);
            }
        }
    }
    func.layout.retain(|block| reached.contains(block));
    for (handler, entered) in func.handlers.iter_mut().zip(entered) {
        if !entered {
            *handler = None;
        }
    }
}

fn narrow(mem: crate::hir::Mem, value: i64) -> i64 {
    use crate::hir::Mem;
    match mem {
        Mem::I8 => i64::from(value as i8),
        Mem::U8 => i64::from(value as u8),
        Mem::I16 => i64::from(value as i16),
        Mem::U16 => i64::from(value as u16),
        Mem::I32 => i64::from(value as i32),
        _ => value,
    }
}

/// An operation on constants of a type.
fn fold(op: Binary, ty: Ty, a: i64, b: i64) -> Option<i64> {
    Some(match (ty, op) {
        (Ty::I32 | Ty::I64, Binary::Add) => a.wrapping_add(b),
        (Ty::I32 | Ty::I64, Binary::Sub) => a.wrapping_sub(b),
        (Ty::I32 | Ty::I64, Binary::Mul) => a.wrapping_mul(b),
        (Ty::I32 | Ty::I64, Binary::And) => a & b,
        (Ty::I32 | Ty::I64, Binary::Or) => a | b,
        (Ty::I32 | Ty::I64, Binary::Xor) => a ^ b,
        (Ty::I32, Binary::Shl) => i64::from((a as i32).wrapping_shl(b as u32)),
        (Ty::I32, Binary::Shr) => i64::from((a as i32).wrapping_shr(b as u32)),
        (Ty::I32, Binary::ShrUn) => i64::from((a as u32).wrapping_shr(b as u32)),
        (Ty::I64, Binary::Shl) => a.wrapping_shl(b as u32),
        (Ty::I64, Binary::Shr) => a.wrapping_shr(b as u32),
        (Ty::I64, Binary::ShrUn) => (a as u64).wrapping_shr(b as u32) as i64,
        _ => return None,
    })
}

/// Whether a comparison of integers holds. `wide`: all 64 bits count.
fn holds(cond: Cond, a: i64, b: i64, wide: bool) -> bool {
    let (ua, ub) = if wide {
        (a as u64, b as u64)
    } else {
        (u64::from(a as u32), u64::from(b as u32))
    };
    let (a, b) = if wide {
        (a, b)
    } else {
        (i64::from(a as i32), i64::from(b as i32))
    };
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Lt => a < b,
        Cond::Le => a <= b,
        Cond::Gt => a > b,
        Cond::Ge => a >= b,
        Cond::LtUn => ua < ub,
        Cond::LeUn => ua <= ub,
        Cond::GtUn => ua > ub,
        Cond::GeUn => ua >= ub,
    }
}
