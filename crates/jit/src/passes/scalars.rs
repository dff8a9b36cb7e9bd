//! Scalar replacement: structs and scalars in frame slots whose address goes nowhere become
//! SSA values, one for each field.
//!
//! A slot or struct argument is taken apart when it is only loaded, stored, cleared and copied,
//! by whole fields, and when no handler sees it. Block parameters are placed at iterated
//! dominance frontiers where the field is live (Cytron et al., TOPLAS 1991).

use cranelift_entity::SecondaryMap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::clif::abi::ArgClass;
use crate::code::IlPosition;
use crate::hir::{
    Access, Binary, Block, Contents, Convert, Func, FuncKind, Inst, Mem, Node, Slot, Value,
};
use crate::passes::cfg::{Cfg, Visitor};

/// Most fields that are variables in one function.
const MAX_VARS: usize = 192;
/// Most blocks of a function that is looked at: frontiers may be quadratic.
const MAX_BLOCKS: usize = 2000;

/// Memory that may be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Base {
    Slot(Slot),
    /// The argument whose address is this parameter of the function.
    Argument(Value),
}

/// A field that becomes a variable.
#[derive(Clone, Copy)]
struct Var {
    offset: u32,
    mem: Mem,
}

/// A base and its variables.
struct Unit {
    base: Base,
    first: usize,
    count: usize,
    alive: bool,
}

/// An address in a unit.
#[derive(Clone, Copy)]
struct Place {
    unit: usize,
    offset: u32,
}

struct Units {
    units: Vec<Unit>,
    vars: Vec<Var>,
    places: FxHashMap<Value, Place>,
}

/// How an instruction treats units.
enum Effect {
    Nothing,
    Load(usize),
    Store(usize, Value),
    /// Clears variables.
    Clear(Vec<usize>),
    /// Copies variables to variables.
    Move(Vec<(usize, usize)>),
    /// Loads variables from memory: (variable, offset).
    Fill(Value, Vec<(usize, u32)>),
    /// Stores variables to memory; the flag: with barriers.
    Spill(Value, Vec<(usize, u32)>, bool),
}

/// Takes the slots of a function apart.
pub(super) fn run(func: &mut Func) {
    if func.layout.len() > MAX_BLOCKS {
        return;
    }
    let Some(mut units) = Units::find(func) else {
        return;
    };
    let cfg = Cfg::new(func);
    units.check(func, &cfg);
    let live = loop {
        if units.units.iter().all(|u| !u.alive) {
            return;
        }
        let live = liveness(&units, func, &cfg);
        // What handlers see stays in memory; then copies of it are no variables' any more.
        if !units.keep_seen_by_handlers(&live, &cfg) {
            break live;
        }
    };
    Rename::new(func, &cfg, &units, live).run();
}

impl Units {
    fn find(func: &Func) -> Option<Units> {
        let mut units = Units {
            units: Vec::new(),
            vars: Vec::new(),
            places: FxHashMap::default(),
        };
        for slot in func.slots.keys() {
            if func.shared == Some(slot) {
                continue;
            }
            match func.contents[slot] {
                Contents::Bytes | Contents::Mixed => {}
                Contents::Scalar(mem) => units.add(Base::Slot(slot), &[(0, mem)]),
                Contents::Struct(ty) => {
                    if let Some(Some(fields)) = func.fields.get(&ty) {
                        units.add(Base::Slot(slot), fields);
                    }
                }
            }
        }
        if func.kind == FuncKind::Body {
            let entry = &func.blocks[func.layout[0]].params;
            let hidden =
                usize::from(func.sig.this.is_some()) + usize::from(func.sig.sret().is_some());
            for (class, param) in func.sig.params.iter().zip(entry.iter().skip(hidden)) {
                if let ArgClass::Struct(ty, _) = class
                    && let Some(Some(fields)) = func.fields.get(ty)
                {
                    let place = Place {
                        unit: units.units.len(),
                        offset: 0,
                    };
                    let count = units.units.len();
                    units.add(Base::Argument(*param), fields);
                    if units.units.len() > count {
                        units.places.insert(*param, place);
                    }
                }
            }
        }
        (!units.units.is_empty()).then_some(units)
    }

    fn add(&mut self, base: Base, fields: &[(u32, Mem)]) {
        if self.vars.len() + fields.len() > MAX_VARS || fields.is_empty() {
            return;
        }
        self.units.push(Unit {
            base,
            first: self.vars.len(),
            count: fields.len(),
            alive: true,
        });
        let vars = fields.iter().map(|(offset, mem)| Var {
            offset: *offset,
            mem: *mem,
        });
        self.vars.extend(vars);
    }

    /// The place that an address names, if its unit is still taken apart.
    fn place(&self, addr: Value) -> Option<Place> {
        let place = self.places.get(&addr)?;
        self.units[place.unit].alive.then_some(*place)
    }

    fn escape(&mut self, value: Value) {
        if let Some(place) = self.places.get(&value) {
            self.units[place.unit].alive = false;
        }
    }

    /// The variable of a scalar access.
    fn scalar(&self, place: Place, offset: u32, mem: Mem) -> Option<usize> {
        let unit = &self.units[place.unit];
        let at = place.offset.checked_add(offset)?;
        let vars = unit.first..unit.first + unit.count;
        vars.into_iter().find(|v| {
            let var = self.vars[*v];
            let fits = var.mem == mem || (var.mem == Mem::ByRef && mem == Mem::I64);
            var.offset == at && fits
        })
    }

    /// The variables in a range, with offsets from its start; `None` when it cuts one.
    fn range(&self, place: Place, size: u32) -> Option<Vec<(usize, u32)>> {
        let unit = &self.units[place.unit];
        let end = place.offset.checked_add(size)?;
        let mut out = Vec::new();
        for v in unit.first..unit.first + unit.count {
            let var = self.vars[v];
            let var_end = var.offset + var.mem.size();
            if var_end <= place.offset || var.offset >= end {
                continue;
            }
            if var.offset < place.offset || var_end > end {
                return None;
            }
            out.push((v, var.offset - place.offset));
        }
        Some(out)
    }

    /// Finds the addresses, and drops the units that are used in other ways.
    fn check(&mut self, func: &mut Func, cfg: &Cfg) {
        self.find_places(func, cfg);
        for &block in &cfg.order {
            let mut nodes = std::mem::take(&mut func.blocks[block].nodes);
            for node in &mut nodes {
                self.check_node(func, node);
            }
            let data = &mut func.blocks[block];
            data.nodes = nodes;
            data.term.args_mut(|v| self.escape(*v));
            data.term
                .edges_mut(|e| e.args.iter().for_each(|v| self.escape(*v)));
        }
    }

    /// Finds the addresses in units. A use may come before its definition in the order of the
    /// blocks (handlers), so all are found before uses are looked at.
    fn find_places(&mut self, func: &Func, cfg: &Cfg) {
        let mut slots: SecondaryMap<Slot, Option<usize>> = SecondaryMap::new();
        for (i, unit) in self.units.iter().enumerate() {
            if let Base::Slot(slot) = unit.base {
                slots[slot] = Some(i);
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &cfg.order {
                for node in &func.blocks[block].nodes {
                    let Some(result) = node.result else { continue };
                    let place = match node.inst {
                        Inst::SlotAddr(slot, offset) => {
                            slots[slot].map(|unit| Place { unit, offset })
                        }
                        Inst::Binary(Binary::Add, a, b) => self.moved(func, a, b),
                        _ => None,
                    };
                    if let Some(place) = place
                        && self.places.insert(result, place).is_none()
                    {
                        changed = true;
                    }
                }
            }
        }
    }

    /// The place of a sum of an address and a constant.
    fn moved(&self, func: &Func, addr: Value, by: Value) -> Option<Place> {
        let place = self.places.get(&addr)?;
        let by = u32::try_from(func.values[by].constant?).ok()?;
        Some(Place {
            unit: place.unit,
            offset: place.offset.checked_add(by)?,
        })
    }

    fn check_node(&mut self, func: &Func, node: &mut Node) {
        match node.inst {
            Inst::Binary(Binary::Add, a, b) if self.moved(func, a, b).is_some() => {}
            Inst::NullCheck(_) => {}
            Inst::Load {
                mem, addr, offset, ..
            } => {
                if let Some(place) = self.place(addr)
                    && self.scalar(place, offset, mem).is_none()
                {
                    self.escape(addr);
                }
            }
            Inst::Store {
                mem,
                addr,
                offset,
                value,
                ..
            } => {
                if let Some(place) = self.place(addr)
                    && self.scalar(place, offset, mem).is_none()
                {
                    self.escape(addr);
                }
                self.escape(value);
            }
            Inst::StoreRef {
                addr,
                offset,
                value,
                ..
            } => {
                if let Some(place) = self.place(addr)
                    && self.scalar(place, offset, Mem::Ref).is_none()
                {
                    self.escape(addr);
                }
                self.escape(value);
            }
            Inst::Clear { dst, size } => {
                if let Some(place) = self.place(dst)
                    && self.range(place, size).is_none()
                {
                    self.escape(dst);
                }
            }
            Inst::CopyStruct { dst, src, size, .. } => {
                let side = |v| self.place(v).map(|p| self.range(p, size));
                match (side(dst), side(src)) {
                    (Some(Some(to)), Some(Some(from))) if !self.agree(&to, &from) => {
                        self.escape(dst);
                        self.escape(src);
                    }
                    (to, from) => {
                        if to == Some(None) {
                            self.escape(dst);
                        }
                        if from == Some(None) {
                            self.escape(src);
                        }
                    }
                }
            }
            _ => node.inst.args_mut(|v| self.escape(*v)),
        }
    }

    /// Whether two lists of fields are alike.
    fn agree(&self, a: &[(usize, u32)], b: &[(usize, u32)]) -> bool {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(x, y)| x.1 == y.1 && self.vars[x.0].mem == self.vars[y.0].mem)
    }

    /// What an instruction does to variables.
    fn effect(&self, inst: &Inst) -> Effect {
        match *inst {
            Inst::Load {
                mem, addr, offset, ..
            } => match self.place(addr).and_then(|p| self.scalar(p, offset, mem)) {
                Some(var) => Effect::Load(var),
                None => Effect::Nothing,
            },
            Inst::Store {
                mem,
                addr,
                offset,
                value,
                ..
            } => match self.place(addr).and_then(|p| self.scalar(p, offset, mem)) {
                Some(var) => Effect::Store(var, value),
                None => Effect::Nothing,
            },
            Inst::StoreRef {
                addr,
                offset,
                value,
                ..
            } => match self
                .place(addr)
                .and_then(|p| self.scalar(p, offset, Mem::Ref))
            {
                Some(var) => Effect::Store(var, value),
                None => Effect::Nothing,
            },
            Inst::Clear { dst, size } => match self.place(dst).and_then(|p| self.range(p, size)) {
                Some(vars) => Effect::Clear(vars.into_iter().map(|v| v.0).collect()),
                None => Effect::Nothing,
            },
            Inst::CopyStruct {
                dst,
                src,
                size,
                barrier,
            } => {
                let to = self.place(dst).and_then(|p| self.range(p, size));
                let from = self.place(src).and_then(|p| self.range(p, size));
                match (to, from) {
                    (Some(to), Some(from)) => {
                        Effect::Move(to.iter().zip(&from).map(|(t, f)| (t.0, f.0)).collect())
                    }
                    (Some(to), None) => Effect::Fill(src, to),
                    (None, Some(from)) => Effect::Spill(dst, from, barrier),
                    (None, None) => Effect::Nothing,
                }
            }
            _ => Effect::Nothing,
        }
    }

    /// Drops units of which a handler sees a variable; whether there are any.
    fn keep_seen_by_handlers(&mut self, live: &Live, cfg: &Cfg) -> bool {
        let mut any = false;
        for &block in &cfg.order {
            if !cfg.is_handler(block) {
                continue;
            }
            for unit in &mut self.units {
                let seen = (unit.first..unit.first + unit.count).any(|v| live.at(block, v));
                if unit.alive && seen {
                    unit.alive = false;
                    any = true;
                }
            }
        }
        any
    }
}

/// Variables that are live at the start of each block, and assigned in it.
struct Live {
    live: SecondaryMap<Block, Bits>,
    defs: SecondaryMap<Block, Bits>,
}

type Bits = [u64; MAX_VARS.div_ceil(64)];

fn set(bits: &mut Bits, var: usize) {
    bits[var / 64] |= 1 << (var % 64);
}

fn get(bits: &Bits, var: usize) -> bool {
    bits[var / 64] & (1 << (var % 64)) != 0
}

impl Live {
    fn at(&self, block: Block, var: usize) -> bool {
        get(&self.live[block], var)
    }
}

fn liveness(units: &Units, func: &Func, cfg: &Cfg) -> Live {
    let mut uses: SecondaryMap<Block, Bits> = SecondaryMap::new();
    let mut defs: SecondaryMap<Block, Bits> = SecondaryMap::new();
    for &block in &cfg.order {
        let (mut used, mut set_here) = (Bits::default(), Bits::default());
        for node in &func.blocks[block].nodes {
            let (reads, writes): (Vec<usize>, Vec<usize>) = match units.effect(&node.inst) {
                Effect::Nothing => continue,
                Effect::Load(var) => (vec![var], vec![]),
                Effect::Store(var, _) => (vec![], vec![var]),
                Effect::Clear(vars) => (vec![], vars),
                Effect::Move(pairs) => pairs.into_iter().map(|(to, from)| (from, to)).unzip(),
                Effect::Fill(_, vars) => (vec![], vars.into_iter().map(|v| v.0).collect()),
                Effect::Spill(_, vars, _) => (vars.into_iter().map(|v| v.0).collect(), vec![]),
            };
            for var in reads {
                if !get(&set_here, var) {
                    set(&mut used, var);
                }
            }
            for var in writes {
                set(&mut set_here, var);
            }
        }
        uses[block] = used;
        defs[block] = set_here;
    }
    let mut live = uses.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in cfg.order.iter().rev() {
            for pred in cfg.preds(block) {
                for word in 0..live[block].len() {
                    let new = live[block][word] & !defs[pred.block][word];
                    if new & !live[pred.block][word] != 0 {
                        live[pred.block][word] |= new;
                        changed = true;
                    }
                }
            }
        }
    }
    Live { live, defs }
}

struct Rename<'a> {
    func: &'a mut Func,
    cfg: &'a Cfg,
    units: &'a Units,
    /// Variables that are parameters of each block, in the order of the parameters.
    phis: SecondaryMap<Block, Vec<usize>>,
    live: Live,
    current: Vec<Option<Value>>,
    undo: Vec<(usize, Option<Value>)>,
    alias: FxHashMap<Value, Value>,
    nodes: Vec<Node>,
    il: IlPosition,
}

impl Visitor for Rename<'_> {
    fn mark(&self) -> usize {
        self.undo.len()
    }

    fn enter(&mut self, block: Block) {
        self.block(block);
    }

    fn leave(&mut self, mark: usize) {
        for (var, old) in self.undo.drain(mark..).rev() {
            self.current[var] = old;
        }
    }
}

impl<'a> Rename<'a> {
    fn new(func: &'a mut Func, cfg: &'a Cfg, units: &'a Units, live: Live) -> Rename<'a> {
        let count = units.vars.len();
        Rename {
            func,
            cfg,
            units,
            phis: SecondaryMap::new(),
            live,
            current: vec![None; count],
            undo: Vec::new(),
            alias: FxHashMap::default(),
            nodes: Vec::new(),
            il: IlPosition::default(),
        }
    }

    fn run(mut self) {
        self.place_params();
        let cfg = self.cfg;
        cfg.visit(&mut self);
        self.finish();
    }

    /// Block parameters at the iterated dominance frontiers of the assignments.
    fn place_params(&mut self) {
        let frontiers = self.cfg.frontiers();
        let entry = self.func.layout[0];
        for (unit, alive) in self.units.units.iter().map(|u| (u, u.alive)) {
            if !alive {
                continue;
            }
            for var in unit.first..unit.first + unit.count {
                let mut work: Vec<Block> = self
                    .cfg
                    .order
                    .iter()
                    .copied()
                    .filter(|b| get(&self.live.defs[*b], var))
                    .collect();
                // Arguments are assigned at the entry, and so is the zero of a slot.
                work.push(entry);
                let mut placed: FxHashSet<Block> = FxHashSet::default();
                while let Some(block) = work.pop() {
                    for &join in &frontiers[block] {
                        if self.live.at(join, var) && placed.insert(join) {
                            let ty = self.units.vars[var].mem.ty();
                            let param = self.func.value(ty);
                            self.func.blocks[join].params.push(param);
                            self.phis[join].push(var);
                            work.push(join);
                        }
                    }
                }
            }
        }
    }

    fn assign(&mut self, var: usize, value: Value) {
        self.undo.push((var, self.current[var]));
        self.current[var] = Some(value);
    }

    fn emit(&mut self, inst: Inst, mem: Mem) -> Value {
        let value = self.func.value(mem.ty());
        self.func.values[value].constant = match inst {
            Inst::I32(c) => Some(i64::from(c)),
            Inst::I64(c) => Some(c),
            _ => None,
        };
        self.nodes.push(Node {
            inst,
            result: Some(value),
            il: self.il,
        });
        value
    }

    fn zero(&mut self, mem: Mem) -> Value {
        let inst = match mem {
            Mem::F32 => Inst::F32(0),
            Mem::F64 => Inst::F64(0),
            Mem::I64 | Mem::Ref | Mem::ByRef => Inst::I64(0),
            _ => Inst::I32(0),
        };
        self.emit(inst, mem)
    }

    fn read(&mut self, var: usize) -> Value {
        match self.current[var] {
            Some(value) => value,
            None => {
                let zero = self.zero(self.units.vars[var].mem);
                self.assign(var, zero);
                zero
            }
        }
    }

    fn resolve(&self, mut value: Value) -> Value {
        while let Some(next) = self.alias.get(&value) {
            value = *next;
        }
        value
    }

    /// What a load of a field gives after this value was stored in it.
    fn stored(&mut self, var: usize, value: Value) -> Value {
        let mem = self.units.vars[var].mem;
        if mem.is_narrow() {
            self.emit(Inst::Convert(Convert::Int(mem), value), mem)
        } else {
            value
        }
    }

    fn block(&mut self, block: Block) {
        let phis = self.phis[block].clone();
        let first = self.func.blocks[block].params.len() - phis.len();
        for (i, var) in phis.into_iter().enumerate() {
            let param = self.func.blocks[block].params[first + i];
            self.assign(var, param);
        }
        let nodes = std::mem::take(&mut self.func.blocks[block].nodes);
        self.nodes = Vec::with_capacity(nodes.len());
        if block == self.func.layout[0] {
            self.load_arguments();
        }
        for mut node in nodes {
            self.il = node.il;
            node.inst.args_mut(|v| *v = self.resolve(*v));
            self.node(node);
        }
        self.il = self.func.blocks[block].term_il;
        self.edges(block);
        self.func.blocks[block].nodes = std::mem::take(&mut self.nodes);
    }

    fn load_arguments(&mut self) {
        let units = self.units;
        for unit in units.units.iter().filter(|u| u.alive) {
            let Base::Argument(addr) = unit.base else {
                continue;
            };
            for var in unit.first..unit.first + unit.count {
                let Var { offset, mem } = units.vars[var];
                let value = self.emit(
                    Inst::Load {
                        mem,
                        access: Access::Safe,
                        addr,
                        offset,
                    },
                    mem,
                );
                self.assign(var, value);
            }
        }
    }

    fn node(&mut self, node: Node) {
        let units = self.units;
        match units.effect(&node.inst) {
            Effect::Nothing => {
                let gone = matches!(node.inst, Inst::NullCheck(v) if units.place(v).is_some());
                if !gone {
                    self.nodes.push(node);
                }
            }
            Effect::Load(var) => {
                let value = self.read(var);
                if let Some(result) = node.result {
                    self.alias.insert(result, value);
                }
            }
            Effect::Store(var, value) => {
                let value = self.stored(var, value);
                self.assign(var, value);
            }
            Effect::Clear(vars) => {
                for var in vars {
                    let zero = self.zero(units.vars[var].mem);
                    self.assign(var, zero);
                }
            }
            Effect::Move(pairs) => {
                let values: Vec<(usize, Value)> = pairs
                    .into_iter()
                    .map(|(to, from)| (to, self.read(from)))
                    .collect();
                for (to, value) in values {
                    self.assign(to, value);
                }
            }
            Effect::Fill(addr, vars) => {
                for (var, offset) in vars {
                    let mem = units.vars[var].mem;
                    let load = Inst::Load {
                        mem,
                        access: Access::Safe,
                        addr,
                        offset,
                    };
                    let value = self.emit(load, mem);
                    self.assign(var, value);
                }
            }
            Effect::Spill(addr, vars, barrier) => {
                for (var, offset) in vars {
                    let value = self.read(var);
                    let mem = units.vars[var].mem;
                    let access = Access::Safe;
                    let inst = if barrier {
                        Inst::store_to_heap(mem, access, addr, offset, value)
                    } else {
                        Inst::Store {
                            mem,
                            access,
                            addr,
                            offset,
                            value,
                        }
                    };
                    self.nodes.push(Node {
                        inst,
                        result: None,
                        il: self.il,
                    });
                }
            }
        }
    }

    /// Gives the parameters of the blocks that follow.
    fn edges(&mut self, block: Block) {
        let mut term = std::mem::take(&mut self.func.blocks[block].term);
        term.edges_mut(|edge| {
            for i in 0..self.phis[edge.block].len() {
                let var = self.phis[edge.block][i];
                let value = self.read(var);
                edge.args.push(value);
            }
        });
        self.func.blocks[block].term = term;
    }

    fn finish(self) {
        for unit in self.units.units.iter().filter(|u| u.alive) {
            if let Base::Slot(slot) = unit.base {
                self.func.slots[slot].size = 0;
            }
        }
        let alias = &self.alias;
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
