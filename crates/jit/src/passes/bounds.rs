//! Drops bounds checks that branches and earlier checks imply.
//!
//! Facts are inequalities that hold in the blocks that a branch or check dominates. A goal
//! `index <= length + c` or `index >= c` is proven backwards over facts, sums with constants and
//! block parameters, as in Bodik, Gupta, Sarkar: "ABCD: Eliminating Array Bounds Checks on
//! Demand" (PLDI 2000). Inequalities are between numbers that do not wrap: a sum is followed only
//! where it is proven not to overflow.

use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

use crate::hir::{Binary, Block, Cond, Convert, Division, Func, Inst, Mem, Terminator, Ty, Value};
use crate::passes::cfg::{Cfg, Pred};

/// Most steps of one proof.
const MAX_STEPS: u32 = 120;
/// Most facts of one value that are tried.
const MAX_FACTS: usize = 64;
/// Deepest chain of steps.
const MAX_DEPTH: usize = 24;
const MIN: i64 = i32::MIN as i64;
const MAX: i64 = i32::MAX as i64;

/// Where something is known or asked: before node `at` of a block.
#[derive(Clone, Copy)]
struct Point {
    block: Block,
    at: usize,
}

/// The end of a block.
const END: usize = usize::MAX;

/// What an inequality compares with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Value(Value),
    Zero,
}

/// `value <= side + by`, or `value >= side + by`.
#[derive(Clone, Copy)]
struct Fact {
    from: Point,
    is_upper: bool,
    side: Side,
    by: i64,
}

/// How an `i32` is defined.
#[derive(Clone, Copy)]
enum Def {
    Unknown,
    /// Parameter of a block.
    Param(Block, usize),
    Constant(i64),
    /// A length: `0 ..= i32::MAX`.
    Length,
    /// Between constants.
    Range(i64, i64),
    /// `value + constant`, perhaps wrapping.
    Sum(Value, i64),
    /// Not negative when the operand is not, and then not greater.
    Part(Value),
}

/// A parameter whose bound is being proven, and the bound.
#[derive(Clone, Copy)]
struct Assumed {
    value: Value,
    goal: Goal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// `<= length + by`
    Below(Value, i64),
    /// `<= by`
    AtMost(i64),
    /// `>= by`
    AtLeast(i64),
}

struct Prover<'a> {
    func: &'a Func,
    cfg: &'a Cfg,
    defs: SecondaryMap<Value, Option<Def>>,
    /// Block of each definition.
    home: SecondaryMap<Value, Option<Block>>,
    facts: FxHashMap<Value, Vec<Fact>>,
    edges: FxHashMap<(Block, usize), (Block, Vec<Value>)>,
    assumed: Vec<Assumed>,
    steps: u32,
}

/// Drops the checks of a function that always succeed.
pub(super) fn run(func: &mut Func) {
    let has_checks = func.layout.iter().any(|b| {
        let nodes = &func.blocks[*b].nodes;
        nodes
            .iter()
            .any(|n| matches!(n.inst, Inst::BoundsCheck { .. }))
    });
    if !has_checks {
        return;
    }
    let cfg = Cfg::new(func);
    let mut edges = FxHashMap::default();
    for &block in &cfg.order {
        let mut number = 0;
        func.blocks[block].term.edges_mut(|edge| {
            edges.insert((block, number), (edge.block, edge.args.clone()));
            number += 1;
        });
    }
    let mut prover = Prover {
        func,
        cfg: &cfg,
        defs: SecondaryMap::new(),
        home: SecondaryMap::new(),
        facts: FxHashMap::default(),
        edges,
        assumed: Vec::new(),
        steps: 0,
    };
    prover.learn();
    let mut useless: Vec<(Block, usize)> = Vec::new();
    for &block in &cfg.order {
        for (at, node) in prover.func.blocks[block].nodes.iter().enumerate() {
            if let Inst::BoundsCheck { index, length } = node.inst
                && prover.in_bounds(index, length, Point { block, at })
            {
                useless.push((block, at));
            }
        }
    }
    for (block, at) in useless.into_iter().rev() {
        func.blocks[block].nodes.remove(at);
    }
}

impl Prover<'_> {
    /// Collects definitions and facts.
    fn learn(&mut self) {
        let func = self.func;
        for &block in &self.cfg.order {
            let data = &func.blocks[block];
            for (i, param) in data.params.iter().enumerate() {
                self.defs[*param] = Some(Def::Param(block, i));
                self.home[*param] = Some(block);
            }
            for (at, node) in data.nodes.iter().enumerate() {
                if let Some(result) = node.result {
                    self.home[result] = Some(block);
                    if func.values[result].ty == Ty::I32 {
                        self.defs[result] = Some(self.define(&node.inst));
                    }
                }
                if let Inst::BoundsCheck { index, length } = node.inst
                    && func.values[index].ty == Ty::I32
                {
                    let from = Point { block, at: at + 1 };
                    self.at_least(index, Side::Zero, 0, from);
                    if self.is_length(length) {
                        self.at_most(index, Side::Value(length), -1, from);
                        self.at_least(length, Side::Value(index), 1, from);
                    }
                }
            }
        }
        for &block in &self.cfg.order {
            if let Some(pred) = self.cfg.only_pred(block) {
                let from = Point { block, at: 0 };
                for (value, is_upper, side, by) in self.branch_facts(pred) {
                    self.note(
                        value,
                        Fact {
                            from,
                            is_upper,
                            side,
                            by,
                        },
                    );
                }
            }
        }
    }

    fn define(&self, inst: &Inst) -> Def {
        let constant = |v: Value| self.func.values[v].constant;
        match *inst {
            Inst::I32(c) => Def::Constant(i64::from(c)),
            Inst::Length {
                is_length: true, ..
            } => Def::Length,
            Inst::Compare(..) => Def::Range(0, 1),
            Inst::Load { mem: Mem::U8, .. } | Inst::Convert(Convert::Int(Mem::U8), _) => {
                Def::Range(0, i64::from(u8::MAX))
            }
            Inst::Load { mem: Mem::U16, .. } | Inst::Convert(Convert::Int(Mem::U16), _) => {
                Def::Range(0, i64::from(u16::MAX))
            }
            Inst::Binary(Binary::Add, a, b) => match (constant(a), constant(b)) {
                (_, Some(c)) => Def::Sum(a, c),
                (Some(c), _) => Def::Sum(b, c),
                _ => Def::Unknown,
            },
            Inst::Binary(Binary::Sub, a, b) => match constant(b) {
                Some(c) if c != MIN => Def::Sum(a, -c),
                _ => Def::Unknown,
            },
            Inst::Binary(Binary::And, a, b) => match constant(b).or(constant(a)) {
                Some(c) if c >= 0 => Def::Range(0, c),
                _ => Def::Unknown,
            },
            Inst::Binary(Binary::ShrUn, a, b) => match constant(b).map(|c| c & 31) {
                Some(0) | None => Def::Part(a),
                Some(c) => Def::Range(0, i64::from(u32::MAX) >> c),
            },
            Inst::Binary(Binary::Shr, a, _) => Def::Part(a),
            Inst::Division(Division::Div | Division::DivUn, a, b) => match constant(b) {
                Some(c) if c > 0 => Def::Part(a),
                _ => Def::Unknown,
            },
            Inst::Division(Division::RemUn, _, b) => match constant(b) {
                Some(c) if c > 0 => Def::Range(0, c - 1),
                _ => Def::Unknown,
            },
            _ => Def::Unknown,
        }
    }

    fn def(&self, value: Value) -> Def {
        if let Some(c) = self.func.values[value].constant {
            return Def::Constant(c);
        }
        self.defs[value].unwrap_or(Def::Unknown)
    }

    fn is_length(&self, value: Value) -> bool {
        match self.def(value) {
            Def::Length => true,
            Def::Constant(c) => c >= 0,
            _ => false,
        }
    }

    fn note(&mut self, value: Value, fact: Fact) {
        self.facts.entry(value).or_default().push(fact);
    }

    fn at_most(&mut self, value: Value, side: Side, by: i64, from: Point) {
        self.note(
            value,
            Fact {
                from,
                is_upper: true,
                side,
                by,
            },
        );
    }

    fn at_least(&mut self, value: Value, side: Side, by: i64, from: Point) {
        self.note(
            value,
            Fact {
                from,
                is_upper: false,
                side,
                by,
            },
        );
    }

    /// What holds when control takes an edge: (value, is an upper bound, side, by).
    fn branch_facts(&self, pred: Pred) -> Vec<(Value, bool, Side, i64)> {
        let mut out = Vec::new();
        let Terminator::BranchCompare(cond, a, b, ..) = &self.func.blocks[pred.block].term else {
            return out;
        };
        let (a, b) = (*a, *b);
        if self.func.values[a].ty != Ty::I32 || self.func.values[b].ty != Ty::I32 {
            return out;
        }
        let cond = if pred.edge == 0 {
            *cond
        } else {
            negated(*cond)
        };
        let (va, vb) = (Side::Value(a), Side::Value(b));
        match cond {
            Cond::Lt => out.extend([(a, true, vb, -1), (b, false, va, 1)]),
            Cond::Le => out.extend([(a, true, vb, 0), (b, false, va, 0)]),
            Cond::Gt => out.extend([(a, false, vb, 1), (b, true, va, -1)]),
            Cond::Ge => out.extend([(a, false, vb, 0), (b, true, va, 0)]),
            Cond::Eq => out.extend([
                (a, true, vb, 0),
                (a, false, vb, 0),
                (b, true, va, 0),
                (b, false, va, 0),
            ]),
            // Unsigned below something that is not negative.
            Cond::LtUn if self.is_length(b) => {
                out.extend([
                    (a, true, vb, -1),
                    (a, false, Side::Zero, 0),
                    (b, false, va, 1),
                ]);
            }
            Cond::LeUn if self.is_length(b) => {
                out.extend([
                    (a, true, vb, 0),
                    (a, false, Side::Zero, 0),
                    (b, false, va, 0),
                ]);
            }
            Cond::GtUn if self.is_length(a) => {
                out.extend([
                    (b, true, va, -1),
                    (b, false, Side::Zero, 0),
                    (a, false, vb, 1),
                ]);
            }
            Cond::GeUn if self.is_length(a) => {
                out.extend([
                    (b, true, va, 0),
                    (b, false, Side::Zero, 0),
                    (a, false, vb, 0),
                ]);
            }
            // A length that is not zero.
            Cond::Ne if self.is_length(a) && self.func.values[b].constant == Some(0) => {
                out.push((a, false, Side::Zero, 1));
            }
            _ => {}
        }
        out
    }

    fn in_bounds(&mut self, index: Value, length: Value, at: Point) -> bool {
        if self.func.values[index].ty != Ty::I32 || !self.is_length(length) {
            return false;
        }
        self.prove(index, Goal::Below(length, -1), at) && self.prove(index, Goal::AtLeast(0), at)
    }

    fn prove(&mut self, value: Value, goal: Goal, at: Point) -> bool {
        self.steps = 0;
        self.assumed.clear();
        self.holds(value, goal, at, 0)
    }

    /// Whether a goal holds for a value at a place.
    fn holds(&mut self, value: Value, goal: Goal, at: Point, depth: usize) -> bool {
        self.steps += 1;
        if self.steps > MAX_STEPS || depth > MAX_DEPTH {
            return false;
        }
        if self.at_once(value, goal) {
            return true;
        }
        self.by_length(value, goal, at, depth)
            || self.by_facts(value, goal, at, depth)
            || self.by_definition(value, goal, at, depth)
    }

    /// What needs no search.
    fn at_once(&self, value: Value, goal: Goal) -> bool {
        let (low, high) = match self.def(value) {
            Def::Constant(c) => (c, c),
            Def::Length => (0, MAX),
            Def::Range(low, high) => (low, high),
            _ => (MIN, MAX),
        };
        match goal {
            Goal::Below(length, by) => {
                (value == length && by >= 0)
                    || match self.def(length) {
                        Def::Constant(n) => high <= n + by,
                        _ => high <= by,
                    }
            }
            Goal::AtMost(most) => high <= most,
            Goal::AtLeast(least) => low >= least,
        }
    }

    /// `constant <= length + by` when the length is known to be large enough.
    fn by_length(&mut self, value: Value, goal: Goal, at: Point, depth: usize) -> bool {
        let (Goal::Below(length, by), Def::Constant(c) | Def::Range(_, c)) =
            (goal, self.def(value))
        else {
            return false;
        };
        self.holds(length, Goal::AtLeast(c - by), at, depth + 1)
    }

    fn by_facts(&mut self, value: Value, goal: Goal, at: Point, depth: usize) -> bool {
        let count = self.facts.get(&value).map_or(0, Vec::len);
        // The latest are the nearest.
        for i in (0..count).rev().take(MAX_FACTS) {
            let fact = self.facts[&value][i];
            let known = if fact.from.block == at.block {
                fact.from.at <= at.at
            } else {
                self.cfg.dominates(fact.from.block, at.block)
            };
            if known && self.follows(fact.is_upper, fact.side, fact.by, goal, at, depth) {
                return true;
            }
        }
        false
    }

    /// Whether a goal follows from an inequality and another proof.
    fn follows(
        &mut self,
        is_upper: bool,
        side: Side,
        by: i64,
        goal: Goal,
        at: Point,
        depth: usize,
    ) -> bool {
        match (goal, is_upper, side) {
            (Goal::Below(length, c), true, Side::Value(v)) => {
                self.holds(v, Goal::Below(length, c - by), at, depth + 1)
            }
            (Goal::AtMost(c), true, Side::Value(v)) => {
                // Any value is at most the largest.
                MAX + by <= c || self.holds(v, Goal::AtMost(c - by), at, depth + 1)
            }
            (Goal::AtLeast(c), false, Side::Value(v)) => {
                MIN + by >= c || self.holds(v, Goal::AtLeast(c - by), at, depth + 1)
            }
            (Goal::Below(_, c), true, Side::Zero) => by <= c,
            (Goal::AtMost(c), true, Side::Zero) => by <= c,
            (Goal::AtLeast(c), false, Side::Zero) => by >= c,
            _ => false,
        }
    }

    fn by_definition(&mut self, value: Value, goal: Goal, at: Point, depth: usize) -> bool {
        match (self.def(value), goal) {
            (Def::Sum(x, by), Goal::Below(length, c)) => {
                // No overflow upwards: x + by <= length + c <= MAX for c <= 0.
                let exact = if by >= 0 {
                    c <= 0
                } else {
                    self.holds(x, Goal::AtLeast(MIN - by), at, depth + 1)
                };
                exact && self.holds(x, Goal::Below(length, c - by), at, depth + 1)
            }
            (Def::Sum(x, by), Goal::AtMost(c)) => {
                let exact = by >= 0 || self.holds(x, Goal::AtLeast(MIN - by), at, depth + 1);
                exact && c <= MAX && self.holds(x, Goal::AtMost(c - by), at, depth + 1)
            }
            (Def::Sum(x, by), Goal::AtLeast(c)) => {
                // Downwards c <= x + by with c >= MIN cannot have wrapped.
                let exact = by <= 0 || self.holds(x, Goal::AtMost(MAX - by), at, depth + 1);
                exact && c >= MIN && self.holds(x, Goal::AtLeast(c - by), at, depth + 1)
            }
            (Def::Part(x), Goal::AtLeast(c)) => {
                c <= 0 && self.holds(x, Goal::AtLeast(0), at, depth + 1)
            }
            (Def::Part(x), _) => {
                self.holds(x, Goal::AtLeast(0), at, depth + 1) && self.holds(x, goal, at, depth + 1)
            }
            (Def::Param(block, number), _) => self.by_edges(value, block, number, goal, depth),
            _ => false,
        }
    }

    /// A parameter: the goal holds for what each edge brings, by induction over the rounds.
    fn by_edges(
        &mut self,
        value: Value,
        block: Block,
        number: usize,
        goal: Goal,
        depth: usize,
    ) -> bool {
        if self.cfg.is_handler(block) || self.cfg.preds(block).is_empty() {
            return false;
        }
        for assumed in &self.assumed {
            if assumed.value == value && implies(assumed.goal, goal) {
                return true;
            }
        }
        // The length must be the same in all rounds.
        if let Goal::Below(length, _) = goal
            && self.func.values[length].constant.is_none()
        {
            let outside = self.home[length]
                .is_some_and(|home| home != block && self.cfg.dominates(home, block));
            if !outside {
                return false;
            }
        }
        if self.assumed.iter().any(|a| a.value == value) && self.assumed.len() > 4 {
            return false;
        }
        let mark = self.assumed.len();
        self.assumed.push(Assumed { value, goal });
        let preds = self.cfg.preds(block).to_vec();
        let all = preds
            .into_iter()
            .all(|pred| self.edge(pred, number, goal, depth));
        self.assumed.truncate(mark);
        all
    }

    fn edge(&mut self, pred: Pred, number: usize, goal: Goal, depth: usize) -> bool {
        let Some(arg) = self
            .edges
            .get(&(pred.block, pred.edge))
            .and_then(|(_, args)| args.get(number).copied())
        else {
            return false;
        };
        let at = Point {
            block: pred.block,
            at: END,
        };
        for (value, is_upper, side, by) in self.branch_facts(pred) {
            if value == arg && self.follows(is_upper, side, by, goal, at, depth) {
                return true;
            }
        }
        self.holds(arg, goal, at, depth + 1)
    }
}

/// Whether the first goal, for a value, implies the second.
fn implies(a: Goal, b: Goal) -> bool {
    match (a, b) {
        (Goal::Below(x, c), Goal::Below(y, d)) => x == y && c <= d,
        (Goal::AtMost(c), Goal::AtMost(d)) => c <= d,
        (Goal::AtLeast(c), Goal::AtLeast(d)) => c >= d,
        _ => false,
    }
}

/// The condition that holds when one on integers does not.
fn negated(cond: Cond) -> Cond {
    match cond {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Lt => Cond::Ge,
        Cond::Le => Cond::Gt,
        Cond::Gt => Cond::Le,
        Cond::Ge => Cond::Lt,
        Cond::LtUn => Cond::GeUn,
        Cond::LeUn => Cond::GtUn,
        Cond::GtUn => Cond::LeUn,
        Cond::GeUn => Cond::LtUn,
    }
}
