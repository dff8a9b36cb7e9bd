//! The forward pass (III.1.7.5): the stack at each instruction, and how control goes between regions.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::Rule;
use super::effect::{self, Effect};
use super::marks::{Marks, targets};
use super::method::Method;
use super::prefix::Prefixes;
use super::regions::{Regions, Role};
use crate::Metadata;
use crate::body::MethodBody;
use crate::il::{Decoder, FlowControl, Instruction, Opcode};

/// What is known before an instruction. Fixed in size, so that no code can make it large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    depth: u32,
    /// Slots of the bottom 64 that hold a constructor's `this`.
    this_slots: u64,
    /// On every path so far, another constructor was called.
    chained: bool,
    /// A forward pass cannot know this state and must take the stack to be empty.
    assumed: bool,
}

const fn slot(depth: u32) -> u64 {
    if depth < 64 { 1 << depth } else { 0 }
}

impl State {
    const fn pop(&mut self, count: u32) -> Result<(), Rule> {
        let Some(depth) = self.depth.checked_sub(count) else {
            self.depth = 0;
            self.this_slots = 0;
            return Err(Rule::StackUnderflow);
        };
        self.depth = depth;
        self.this_slots &= slot(depth).wrapping_sub(1);
        Ok(())
    }

    const fn push(&mut self, is_this: bool) {
        if is_this {
            self.this_slots |= slot(self.depth);
        }
        self.depth = self.depth.saturating_add(1);
    }

    /// True when this value of the stack may be `this`; 0 is the top.
    const fn may_be_this(&self, below_top: u32) -> bool {
        match self.depth.checked_sub(below_top + 1) {
            // Too deep to know.
            Some(position) if position >= 64 => true,
            Some(position) => self.this_slots & slot(position) != 0,
            None => false,
        }
    }

    /// The meeting of two paths; depths must agree.
    const fn meet(&self, other: &Self) -> Self {
        Self {
            depth: self.depth,
            this_slots: self.this_slots & other.this_slots,
            chained: self.chained && other.chained,
            assumed: self.assumed && other.assumed,
        }
    }
}

pub(super) struct Flow<'v, 'a> {
    metadata: &'v Metadata<'a>,
    method: &'v Method,
    body: &'v MethodBody<'a>,
    marks: Marks,
    regions: &'v Regions,
    /// At targets of branches and starts of handlers.
    states: BTreeMap<u32, State>,
}

type Note<'n> = &'n mut dyn FnMut(u32, Rule);

impl<'v, 'a> Flow<'v, 'a> {
    pub(super) fn new(
        metadata: &'v Metadata<'a>,
        method: &'v Method,
        body: &'v MethodBody<'a>,
        marks: Marks,
        regions: &'v Regions,
    ) -> Self {
        Self {
            metadata,
            method,
            body,
            marks,
            regions,
            states: BTreeMap::new(),
        }
    }

    pub(super) fn run(&mut self, note: Note<'_>) {
        self.find_reachable();
        for region in self.regions.iter() {
            let depth = match region.role {
                Role::Try => continue,
                Role::Filter | Role::Catch => 1,
                Role::Finally => 0,
            };
            // What the protected block did before it threw is not followed.
            let state = State {
                depth,
                chained: true,
                ..State::default()
            };
            self.states.insert(region.start, state);
        }
        let code = self.body.code;
        let mut current = Some(State {
            chained: !self.method.must_chain,
            ..State::default()
        });
        let mut prefixes = Prefixes::default();
        let mut instructions = Decoder::new(code).map_while(Result::ok).peekable();
        while let Some(instruction) = instructions.next() {
            let at = instruction.offset;
            let is_tail = prefixes.step(&instruction, note);
            let effect = effect::of(self.metadata, self.method, &instruction);
            let effect = effect.unwrap_or_else(|rule| {
                note(at, rule);
                Effect::default()
            });
            if !self.marks.is_reached(at) {
                current = None;
                continue;
            }
            let mut state = self.state_before(at, current, note);
            let region = self.regions.innermost(at);
            self.check_place(&instruction, region, note);
            if is_tail {
                let next = instructions.peek().map(|next| next.opcode);
                self.check_tail(&instruction, region, &state, effect, next, note);
            }
            self.apply(&instruction, effect, &mut state, note);
            if state.depth > u32::from(self.body.max_stack) {
                note(at, Rule::StackOverflow);
            }
            if matches!(instruction.opcode, Opcode::Leave | Opcode::LeaveS) {
                (state.depth, state.this_slots) = (0, 0);
            }
            for target in targets(&instruction) {
                self.check_edge(&instruction, region, target, note);
                self.branch(at, target, state, note);
            }
            current = None;
            if falls_through(&instruction) {
                let next = instruction.end();
                if next as usize >= code.len() {
                    note(at, Rule::FallsOffEnd);
                } else {
                    self.check_fall(at, region, next, note);
                    current = Some(state);
                }
            }
        }
        prefixes.finish(note);
    }

    /// Marks what control can come to; a handler when it can come into its protected block.
    fn find_reachable(&mut self) {
        let mut work: Vec<u32> = Vec::new();
        self.marks.reach(0);
        work.push(0);
        // Handlers by the start of what they protect: entering it is the only way in.
        let mut handlers: Vec<(u32, u32)> = self
            .body
            .clauses()
            .flat_map(|clause| {
                let filter = match clause.kind {
                    crate::EhKind::Filter(start) => Some(start),
                    _ => None,
                };
                [
                    Some((clause.try_offset, clause.handler_offset)),
                    filter.map(|start| (clause.try_offset, start)),
                ]
            })
            .flatten()
            .collect();
        handlers.sort_unstable();
        while let Some(start) = work.pop() {
            for instruction in Decoder::at(self.body.code, start).map_while(Result::ok) {
                let at = instruction.offset;
                let first = handlers.partition_point(|(block, _)| *block < at);
                let here = handlers.get(first..).unwrap_or(&[]);
                let here = here.iter().take_while(|(block, _)| *block == at);
                let handlers_here = here.map(|(_, handler)| *handler);
                for target in targets(&instruction).chain(handlers_here) {
                    if self.marks.reach(target) {
                        work.push(target);
                    }
                }
                if !falls_through(&instruction)
                    || instruction.end() as usize >= self.body.code.len()
                    || !self.marks.reach(instruction.end())
                {
                    break;
                }
            }
        }
    }

    /// The state with which an instruction runs.
    fn state_before(&mut self, at: u32, current: Option<State>, note: Note<'_>) -> State {
        let known = self.states.get(&at).copied();
        let state = match (current, known) {
            (Some(falling), Some(known)) => {
                if falling.depth != known.depth {
                    note(at, Rule::StackDepthAtMerge);
                }
                known.meet(&falling)
            }
            (Some(state), None) | (None, Some(state)) => state,
            (None, None) => State {
                assumed: true,
                chained: true,
                ..State::default()
            },
        };
        if self.marks.is_target(at) {
            self.states.insert(at, state);
        }
        let enters_block = self
            .regions
            .chain(self.regions.innermost(at))
            .any(|(_, region)| region.role == Role::Try && region.start == at);
        if enters_block && state.depth != 0 {
            note(at, Rule::TryEntryStack);
        }
        state
    }

    /// Hands a state to the target of a branch.
    fn branch(&mut self, from: u32, target: u32, state: State, note: Note<'_>) {
        match self.states.get(&target) {
            None => {
                self.states.insert(
                    target,
                    State {
                        assumed: false,
                        ..state
                    },
                );
            }
            Some(known) if known.depth == state.depth => {
                if target > from {
                    let met = known.meet(&state);
                    self.states.insert(target, met);
                }
            }
            Some(known) if known.assumed && target <= from => note(from, Rule::BackwardBranchStack),
            Some(_) => note(from, Rule::StackDepthAtMerge),
        }
    }

    fn apply(
        &self,
        instruction: &Instruction<'_>,
        effect: Effect,
        state: &mut State,
        note: Note<'_>,
    ) {
        let at = instruction.offset;
        let copies_this = instruction.opcode == Opcode::Dup && state.may_be_this(0);
        if effect
            .constructs
            .is_some_and(|below| state.may_be_this(below))
        {
            state.chained = true;
        }
        if let Err(rule) = state.pop(effect.pops) {
            note(at, rule);
        }
        let loads_this = self.method.must_chain && effect::loaded_argument(instruction) == Some(0);
        for _ in 0..effect.pushes {
            state.push(loads_this || copies_this);
        }
        match instruction.opcode {
            Opcode::Ret => {
                if state.depth != 0 {
                    note(at, Rule::ReturnStack);
                }
                if !state.chained {
                    note(at, Rule::ThisNotInitialized);
                }
            }
            Opcode::Endfilter if state.depth != 0 => note(at, Rule::EndfilterStack),
            Opcode::Localloc if state.depth != 1 => note(at, Rule::LocallocStack),
            Opcode::Jmp if state.depth != 0 => note(at, Rule::JmpStack),
            _ => {}
        }
    }

    /// Instructions that may stand only in some places.
    fn check_place(&self, instruction: &Instruction<'_>, region: Option<usize>, note: Note<'_>) {
        let at = instruction.offset;
        let innermost = region.and_then(|index| self.regions.get(index));
        let role = innermost.map(|region| region.role);
        let handler = || {
            self.regions
                .chain(region)
                .map(|(_, region)| region.role)
                .find(|role| *role != Role::Try)
        };
        let broken = match instruction.opcode {
            Opcode::Ret => role.is_some().then_some(Rule::ReturnInRegion),
            Opcode::Jmp => role.is_some().then_some(Rule::JmpPlacement),
            Opcode::Endfinally => {
                (role != Some(Role::Finally)).then_some(Rule::EndfinallyPlacement)
            }
            Opcode::Endfilter => {
                let is_last = innermost.is_some_and(|region| {
                    region.role == Role::Filter && region.end == instruction.end()
                });
                (!is_last).then_some(Rule::EndfilterPlacement)
            }
            Opcode::Rethrow => (handler() != Some(Role::Catch)).then_some(Rule::RethrowPlacement),
            Opcode::Localloc => handler().is_some().then_some(Rule::LocallocPlacement),
            Opcode::Arglist => (!self.method.shape.is_vararg).then_some(Rule::ArglistPlacement),
            _ => None,
        };
        if let Some(rule) = broken {
            note(at, rule);
        }
    }

    fn check_tail(
        &self,
        instruction: &Instruction<'_>,
        region: Option<usize>,
        state: &State,
        effect: Effect,
        next: Option<Opcode>,
        note: Note<'_>,
    ) {
        let at = instruction.offset;
        if next != Some(Opcode::Ret) {
            note(at, Rule::TailNotReturn);
        }
        if region.is_some() {
            note(at, Rule::TailInRegion);
        }
        if state.depth > effect.pops {
            note(at, Rule::TailStack);
        }
    }

    /// A branch from one region to another.
    fn check_edge(
        &self,
        instruction: &Instruction<'_>,
        from: Option<usize>,
        target: u32,
        note: Note<'_>,
    ) {
        let at = instruction.offset;
        let to = self.regions.innermost(target);
        let is_leave = matches!(instruction.opcode, Opcode::Leave | Opcode::LeaveS);
        let meet = self.regions.meet(from, to);
        for (_, left) in self.between(from, meet) {
            if !is_leave {
                note(at, Rule::LeavesRegion);
                return;
            }
            if matches!(left.role, Role::Filter | Role::Finally) {
                note(at, Rule::LeavePlacement);
                return;
            }
        }
        for (_, entered) in self.between(to, meet) {
            if entered.role != Role::Try {
                note(at, Rule::EntersHandler);
                return;
            }
            // A catch handler may resume inside the block that it protects.
            let resumes = is_leave
                && self
                    .between(from, meet)
                    .any(|(handler, _)| self.regions.protects(handler, entered));
            if entered.start != target && !resumes {
                note(at, Rule::EntersTry);
                return;
            }
        }
    }

    /// The regions from one up to, but without, another around it.
    fn between(
        &self,
        inner: Option<usize>,
        outer: Option<usize>,
    ) -> impl Iterator<Item = (usize, &super::regions::Region)> {
        self.regions
            .chain(inner)
            .take_while(move |(index, _)| Some(*index) != outer)
    }

    /// Control goes on to the next instruction.
    fn check_fall(&self, at: u32, from: Option<usize>, next: u32, note: Note<'_>) {
        let to = self.regions.innermost(next);
        let meet = self.regions.meet(from, to);
        if from != meet {
            note(at, Rule::FallsOutOfRegion);
        } else if self
            .between(to, meet)
            .any(|(_, region)| region.role != Role::Try)
        {
            note(at, Rule::EntersHandler);
        }
    }
}

fn falls_through(instruction: &Instruction<'_>) -> bool {
    match instruction.opcode.flow() {
        FlowControl::Branch | FlowControl::Return | FlowControl::Throw => false,
        FlowControl::Call => instruction.opcode != Opcode::Jmp,
        FlowControl::Next | FlowControl::Break | FlowControl::CondBranch | FlowControl::Prefix => {
            true
        }
    }
}
