//! Builds hir: emits instructions and turns variables into SSA values.
//!
//! Variables become block parameters as in Braun et al., "Simple and Efficient Construction
//! of Static Single Assignment Form" (CC 2013), without recursion: parameters are filled
//! when all blocks are built, then useless ones are dropped.

use cranelift_entity::{EntityRef, PrimaryMap, SecondaryMap, entity_impl};
use rustc_hash::FxHashMap;

use crate::code::IlPosition;
use crate::hir::{Block, Edge, Func, Inst, Node, RegionId, Slot, SlotData, Terminator, Ty, Value};

/// A variable: a scalar local, argument or compiler temporary whose address is not taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Var(u32);
entity_impl!(Var, "var");

#[derive(Clone, Copy)]
struct VarData {
    ty: Ty,
    /// Value at the entry if the variable never changes; also valid in handlers.
    fixed: Option<Value>,
}

struct Phi {
    block: Block,
    var: Var,
    value: Value,
    ops: Vec<Value>,
    live: bool,
}

/// Passes of the search for parameters that always get one value.
const PHI_PASSES: usize = 8;

/// Builds one function.
pub struct Builder {
    /// The function so far.
    pub func: Func,
    current: Block,
    il: IlPosition,
    vars: PrimaryMap<Var, VarData>,
    defs: FxHashMap<(Block, Var), Value>,
    preds: SecondaryMap<Block, Vec<Block>>,
    /// Blocks whose predecessors are all known.
    sealed: SecondaryMap<Block, bool>,
    phis: Vec<Phi>,
    alias: FxHashMap<Value, Value>,
    /// Handler entries: the first block of their try range, where variables that
    /// the range does not assign have the same value.
    sources: FxHashMap<Block, Block>,
}

impl Builder {
    /// Starts a function with its entry block.
    #[must_use]
    pub fn new(mut func: Func) -> Builder {
        let entry = func.block(None);
        func.layout.push(entry);
        let mut sealed = SecondaryMap::new();
        sealed[entry] = true;
        Builder {
            func,
            current: entry,
            il: IlPosition::default(),
            vars: PrimaryMap::new(),
            defs: FxHashMap::default(),
            preds: SecondaryMap::new(),
            sealed,
            phis: Vec::new(),
            alias: FxHashMap::default(),
            sources: FxHashMap::default(),
        }
    }

    /// Says that a handler's entry sees the variables as the first block of its try range does.
    pub fn set_source(&mut self, handler: Block, try_start: Block) {
        self.sources.insert(handler, try_start);
    }

    /// The block that is being filled.
    #[must_use]
    pub fn current(&self) -> Block {
        self.current
    }

    /// Sets the IL of what follows.
    pub fn set_il(&mut self, il: IlPosition) {
        self.il = il;
    }

    /// The IL of what follows.
    #[must_use]
    pub fn il(&self) -> IlPosition {
        self.il
    }

    /// A new block.
    pub fn block(&mut self, region: Option<RegionId>) -> Block {
        self.func.block(region)
    }

    /// A new block in the region of the current one, whose predecessors are known when it is entered.
    pub fn follow(&mut self) -> Block {
        let region = self.func.blocks[self.current].region;
        self.func.block(region)
    }

    /// Adds a parameter.
    pub fn param(&mut self, block: Block, ty: Ty) -> Value {
        let value = self.func.value(ty);
        self.func.blocks[block].params.push(value);
        value
    }

    /// Goes on in a block. `sealed`: all jumps to it exist.
    pub fn switch_to(&mut self, block: Block, sealed: bool) {
        self.current = block;
        self.func.layout.push(block);
        self.sealed[block] = sealed;
    }

    /// Goes on in a block that had ended: its end is written again.
    pub fn reopen(&mut self, block: Block) {
        self.current = block;
        self.func.blocks[block].term = Terminator::Unreachable;
    }

    /// Whether anything jumps to a block.
    #[must_use]
    pub fn has_preds(&self, block: Block) -> bool {
        !self.preds[block].is_empty()
    }

    /// Region of the current block.
    #[must_use]
    pub fn region(&self) -> Option<RegionId> {
        self.func.blocks[self.current].region
    }

    /// Type of a value.
    #[must_use]
    pub fn ty(&self, value: Value) -> Ty {
        self.func.values[value].ty
    }

    /// Integer constant behind a value.
    #[must_use]
    pub fn constant(&self, value: Value) -> Option<i64> {
        self.func.values[value].constant
    }

    /// Adds an instruction with a result.
    pub fn emit(&mut self, inst: Inst, ty: Ty) -> Value {
        let value = self.func.value(ty);
        self.func.values[value].constant = match inst {
            Inst::I32(c) => Some(i64::from(c)),
            Inst::I64(c) => Some(c),
            _ => None,
        };
        self.push(inst, Some(value));
        value
    }

    /// Adds an instruction without a result.
    pub fn effect(&mut self, inst: Inst) {
        self.push(inst, None);
    }

    fn push(&mut self, inst: Inst, result: Option<Value>) {
        let il = self.il;
        self.func.blocks[self.current]
            .nodes
            .push(Node { inst, result, il });
    }

    /// Constant.
    pub fn i32(&mut self, value: i32) -> Value {
        self.emit(Inst::I32(value), Ty::I32)
    }

    /// Constant.
    pub fn i64(&mut self, value: i64) -> Value {
        self.emit(Inst::I64(value), Ty::I64)
    }

    /// Zero of a type.
    pub fn zero(&mut self, ty: Ty) -> Value {
        let inst = match ty {
            Ty::I32 => Inst::I32(0),
            Ty::I64 | Ty::Ref | Ty::ByRef => Inst::I64(0),
            Ty::F32 => Inst::F32(0),
            Ty::F64 => Inst::F64(0),
        };
        self.emit(inst, ty)
    }

    /// New frame memory.
    pub fn slot(&mut self, size: u32, align: u32) -> Slot {
        self.func.slots.push(SlotData {
            size: size.max(1),
            align: align.clamp(1, 16),
            roots: false,
            written: false,
        })
    }

    /// Ends the current block.
    pub fn end(&mut self, mut term: Terminator) {
        let from = self.current;
        let preds = &mut self.preds;
        term.edges_mut(|edge| {
            if !preds[edge.block].contains(&from) {
                preds[edge.block].push(from);
            }
        });
        let block = &mut self.func.blocks[from];
        block.term = term;
        block.term_il = self.il;
    }

    /// Ends the current block by a jump.
    pub fn jump(&mut self, block: Block, args: Vec<Value>) {
        self.end(Terminator::Jump(Edge { block, args }));
    }

    /// A new variable.
    pub fn var(&mut self, ty: Ty) -> Var {
        self.vars.push(VarData { ty, fixed: None })
    }

    /// A variable that keeps this value, defined in the entry block.
    pub fn fixed_var(&mut self, value: Value) -> Var {
        let ty = self.ty(value);
        self.vars.push(VarData {
            ty,
            fixed: Some(value),
        })
    }

    /// Assigns a variable.
    pub fn set_var(&mut self, var: Var, value: Value) {
        self.defs.insert((self.current, var), value);
    }

    /// Reads a variable.
    pub fn get_var(&mut self, var: Var) -> Value {
        self.read(self.current, var)
    }

    /// Type of a variable.
    #[must_use]
    pub fn var_ty(&self, var: Var) -> Ty {
        self.vars[var].ty
    }

    /// The definition that reaches the end of `block` without joins, if there is one.
    fn peek(&self, mut block: Block, var: Var) -> Result<Value, Block> {
        // A chain of single predecessors cannot be longer than the blocks there are.
        for _ in 0..=self.func.blocks.len() {
            if let Some(value) = self.defs.get(&(block, var)) {
                return Ok(*value);
            }
            match self.preds[block].as_slice() {
                [pred] if self.sealed[block] => block = *pred,
                [] => match self.sources.get(&block) {
                    Some(source) => block = *source,
                    None => return Err(block),
                },
                _ => return Err(block),
            }
        }
        Err(block)
    }

    fn read(&mut self, block: Block, var: Var) -> Value {
        if let Some(value) = self.vars[var].fixed {
            return value;
        }
        let stop = match self.peek(block, var) {
            Ok(value) => {
                self.defs.insert((block, var), value);
                return value;
            }
            Err(stop) => stop,
        };
        let value = self.read_join(stop, var);
        self.defs.insert((stop, var), value);
        self.defs.insert((block, var), value);
        value
    }

    fn read_join(&mut self, block: Block, var: Var) -> Value {
        let ty = self.vars[var].ty;
        if self.sealed[block] {
            if self.preds[block].is_empty() {
                // The entry or a handler: not assigned on any path. Locals start as zero.
                let value = self.func.value(ty);
                let inst = match ty {
                    Ty::I32 => Inst::I32(0),
                    Ty::I64 | Ty::Ref | Ty::ByRef => Inst::I64(0),
                    Ty::F32 => Inst::F32(0),
                    Ty::F64 => Inst::F64(0),
                };
                let node = Node {
                    inst,
                    result: Some(value),
                    il: self.il,
                };
                self.func.blocks[block].nodes.insert(0, node);
                return value;
            }
            let mut known = self.preds[block].iter().map(|p| self.peek(*p, var));
            if let Some(Ok(first)) = known.next()
                && known.all(|v| v == Ok(first))
            {
                return first;
            }
        }
        let value = self.func.value(ty);
        self.phis.push(Phi {
            block,
            var,
            value,
            ops: Vec::new(),
            live: false,
        });
        value
    }

    fn resolve(alias: &FxHashMap<Value, Value>, mut value: Value) -> Value {
        while let Some(next) = alias.get(&value) {
            value = *next;
        }
        value
    }

    /// Fills block parameters and gives the function.
    #[must_use]
    pub fn finish(mut self) -> Func {
        for block in self.func.blocks.keys().collect::<Vec<_>>() {
            self.sealed[block] = true;
        }
        // Reading operands may add parameters at the end of the list.
        let mut at = 0;
        while at < self.phis.len() {
            let (block, var) = (self.phis[at].block, self.phis[at].var);
            for i in 0..self.preds[block].len() {
                let pred = self.preds[block][i];
                let op = self.read(pred, var);
                self.phis[at].ops.push(op);
            }
            at += 1;
        }
        self.drop_trivial();
        self.rewrite();
        self.append_params();
        self.func
    }

    fn drop_trivial(&mut self) {
        for _ in 0..PHI_PASSES {
            let mut changed = false;
            for phi in &mut self.phis {
                if self.alias.contains_key(&phi.value) {
                    continue;
                }
                let mut same = None;
                let mut trivial = true;
                for op in &mut phi.ops {
                    *op = Self::resolve(&self.alias, *op);
                    if *op == phi.value {
                        continue;
                    }
                    if same.is_some_and(|s| s != *op) {
                        trivial = false;
                        break;
                    }
                    same = Some(*op);
                }
                if let (true, Some(same)) = (trivial, same) {
                    self.alias.insert(phi.value, same);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// Replaces dropped parameters and finds the live ones.
    fn rewrite(&mut self) {
        let index: FxHashMap<Value, usize> = self
            .phis
            .iter()
            .enumerate()
            .map(|(i, p)| (p.value, i))
            .collect();
        let mut work = Vec::new();
        let alias = &self.alias;
        let phis = &mut self.phis;
        let mut mark = |value: &mut Value| {
            *value = Self::resolve(alias, *value);
            if let Some(&i) = index.get(value)
                && !phis[i].live
            {
                phis[i].live = true;
                work.push(i);
            }
        };
        for block in &self.func.layout {
            let block = &mut self.func.blocks[*block];
            for node in &mut block.nodes {
                node.inst.args_mut(&mut mark);
            }
            block.term.args_mut(&mut mark);
            block
                .term
                .edges_mut(|edge| edge.args.iter_mut().for_each(&mut mark));
        }
        while let Some(i) = work.pop() {
            for k in 0..self.phis[i].ops.len() {
                let op = Self::resolve(&self.alias, self.phis[i].ops[k]);
                self.phis[i].ops[k] = op;
                if let Some(&j) = index.get(&op)
                    && !self.phis[j].live
                {
                    self.phis[j].live = true;
                    work.push(j);
                }
            }
        }
    }

    fn append_params(&mut self) {
        for phi in &self.phis {
            if !phi.live || self.alias.contains_key(&phi.value) {
                continue;
            }
            self.func.blocks[phi.block].params.push(phi.value);
            for (pred, op) in self.preds[phi.block].iter().zip(&phi.ops) {
                let (target, op) = (phi.block, *op);
                self.func.blocks[*pred].term.edges_mut(|edge| {
                    if edge.block == target {
                        edge.args.push(op);
                    }
                });
            }
        }
    }

    /// Number of blocks so far.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.func.blocks.next_key().index()
    }
}
