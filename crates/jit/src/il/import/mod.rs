//! Imports IL into hir by symbolic execution of the evaluation stack.

mod arith;
mod arrays;
mod calls;
mod control;
mod fields;
mod inline;
mod intrinsics;
mod locals;
mod memory;
mod newobj;
mod objects;
mod stack;
mod varargs;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use ferrocil_metadata::il::{Instruction, Opcode, Operand};
use ferrocil_metadata::{EhKind, Token};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::clif::abi::{AbiSig, ArgClass};
use crate::code::IlPosition;
use crate::compiler::Tier;
use crate::hir::{
    Block, Builder, Clause, ClauseKind, Func, FuncKind, Handler, MethodEh, RegionId, Slot,
    Terminator, Ty, Value, Var,
};
use crate::host::{
    CompilerHost, DeferredError, Helper, LocalType, MethodHandle, MethodInput, Symbol, SyncObject,
    ThrowKind, TypeHandle,
};
use crate::il::Stop;
use crate::il::body::{Body, filter_range, handler_range, try_range, within};
use crate::il::liveness::Variables;
use crate::il::loops::restructure;

use locals::{Frame, Places};
use stack::{EntryItem, Item};

/// Largest frame of locals and temporaries, in bytes.
const MAX_FRAME: u32 = 8 << 20;

/// The functions of an imported method.
pub(crate) struct Imported {
    /// Body first, then filters.
    pub(crate) funcs: Vec<Func>,
    pub(crate) eh: MethodEh,
    /// Set when the body only throws this.
    pub(crate) invalid: Option<DeferredError>,
}

/// Prefixes of the next instruction.
#[derive(Clone, Copy, Default)]
struct Prefixes {
    constrained: Option<TypeHandle>,
    volatile: bool,
    tail: bool,
    readonly: bool,
}

/// What happens after an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// The next instruction.
    Next,
    /// The block has ended.
    End,
    /// It was a prefix.
    Prefix,
}

type Step<T> = Result<T, Stop>;

/// Imports a method. Invalid IL gives a body that throws.
pub(crate) fn import(
    host: &dyn CompilerHost,
    input: &MethodInput<'_>,
    tier: Tier,
) -> Result<Imported, DeferredError> {
    let sig = AbiSig::new(host, &input.sig).map_err(|e| e.0)?;
    match import_valid(host, input, &sig, tier) {
        Ok(imported) => Ok(imported),
        Err((il, stop)) => {
            let error = match stop {
                Stop::Throw(error) => error,
                Stop::Invalid(why) => host.invalid_program(input.method, il, why).0,
                Stop::NotSupported => host.invalid_program(input.method, il, "not supported").0,
            };
            Ok(throwing(sig, error))
        }
    }
}

/// A body that throws a deferred error.
fn throwing(sig: AbiSig, error: DeferredError) -> Imported {
    let types = sig.param_types();
    let mut b = Builder::new(Func::new(FuncKind::Body, sig, 0));
    for ty in types {
        b.param(b.current(), ty);
    }
    let id = b.i64(i64::from(error.0));
    b.end(Terminator::Raise(Helper::ThrowDeferred, vec![id]));
    Imported {
        funcs: vec![b.finish()],
        eh: MethodEh::default(),
        invalid: Some(error),
    }
}

fn import_valid<'a>(
    host: &'a dyn CompilerHost,
    input: &MethodInput<'a>,
    sig: &AbiSig,
    tier: Tier,
) -> Result<Imported, (u32, Stop)> {
    let at_entry = |stop: Stop| (0, stop);
    let mut body = Body::new(input.body.code, input.body.clauses)?;
    if tier == Tier::Optimized {
        restructure(&mut body);
    }
    let (local_types, locals) =
        local_classes(host, input.method, input.body.local_sig).map_err(at_entry)?;
    let mut eh = MethodEh::default();
    for clause in body.clauses {
        let kind = match clause.kind {
            EhKind::Catch(token) => ClauseKind::Catch(
                host.resolve_type(input.method, token)
                    .map_err(|e| at_entry(e.into()))?,
            ),
            EhKind::Filter(start) => ClauseKind::Filter(start),
            EhKind::Finally => ClauseKind::Finally,
            EhKind::Fault => ClauseKind::Fault,
        };
        eh.clauses.push(Clause {
            kind,
            try_range: try_range(clause),
            handler_range: handler_range(clause),
        });
    }
    let whole = (0, body.code_len);
    let sync_clause = input.synchronized.map(|_| {
        eh.clauses.push(Clause {
            kind: ClauseKind::Fault,
            try_range: whole,
            handler_range: (whole.1, whole.1),
        });
        (eh.clauses.len() - 1) as u32
    });
    let filters: Vec<u32> = (0..body.clauses.len())
        .filter(|i| filter_range(&body.clauses[*i]).is_some())
        .map(|i| i as u32)
        .collect();
    let filter_catch = (!filters.is_empty()).then(|| {
        eh.clauses.push(Clause {
            kind: ClauseKind::CatchAll,
            try_range: (0, 0),
            handler_range: (0, 0),
        });
        (eh.clauses.len() - 1) as u32
    });
    let args = usize::from(sig.this.is_some()) + sig.params.len();
    let mut variables = Variables::find(&body, args, locals.len());
    variables.pin(args, &local_types);
    let frame = Frame::new(sig, &locals, &variables, !filters.is_empty()).map_err(at_entry)?;

    let context = Rc::new(Context {
        host,
        tier,
        method: input.method,
        init_locals: input.body.init_locals,
        synchronized: input.synchronized,
        body,
        sig: sig.clone(),
        locals,
        types: variable_types(sig, &local_types),
        frame,
        sync_clause,
        filter_catch,
    });
    let mut funcs = Vec::with_capacity(1 + filters.len());
    funcs.push(Importer::new(&context, &mut eh, FuncKind::Body).run()?);
    for clause in filters {
        funcs.push(Importer::new(&context, &mut eh, FuncKind::Filter { clause }).run()?);
    }
    Ok(Imported {
        funcs,
        eh,
        invalid: None,
    })
}

/// A method whose IL is imported: the compiled one, or one that is expanded in place.
struct Context<'a> {
    host: &'a dyn CompilerHost,
    tier: Tier,
    method: MethodHandle,
    init_locals: bool,
    synchronized: Option<SyncObject>,
    body: Body<'a>,
    sig: AbiSig,
    locals: Vec<ArgClass>,
    /// Types of the arguments (not of `this`) and locals.
    types: Vec<Option<TypeHandle>>,
    frame: Frame,
    /// The implicit clause of a synchronized method.
    sync_clause: Option<u32>,
    /// The implicit clause of filters, which swallows their exceptions.
    filter_catch: Option<u32>,
}

/// Types of the arguments, `this` first (unknown), and of the locals.
fn variable_types(sig: &AbiSig, locals: &[LocalType]) -> Vec<Option<TypeHandle>> {
    let this = sig.this.map(|_| None);
    let locals = locals.iter().map(|l| l.ty);
    this.into_iter()
        .chain(sig.declared.iter().copied().chain(locals).map(Some))
        .collect()
}

/// Types and classes of the locals of a method.
fn local_classes(
    host: &dyn CompilerHost,
    method: MethodHandle,
    local_sig: Token,
) -> Step<(Vec<LocalType>, Vec<ArgClass>)> {
    if local_sig.is_nil() {
        return Ok((Vec::new(), Vec::new()));
    }
    let types = host.local_types(method, local_sig)?;
    let mut locals = Vec::with_capacity(types.len());
    for local in &types {
        locals.push(ArgClass::of(host, local.ty)?.ok_or(Stop::Invalid("a local of type void"))?);
    }
    Ok((types, locals))
}

struct Importer<'a, 'c> {
    c: Rc<Context<'a>>,
    host: &'a dyn CompilerHost,
    eh: &'c mut MethodEh,
    kind: FuncKind,
    b: Builder,
    places: Places,
    /// hir block of each IL block.
    blocks: Vec<Option<Block>>,
    /// Shape of the stack at the start of each IL block.
    entries: Vec<Option<Vec<EntryItem>>>,
    imported: Vec<bool>,
    /// What a value type's null test gave: a branch on it goes one way.
    unboxed: Option<Value>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
    regions: FxHashMap<Vec<u32>, RegionId>,
    handlers_done: Vec<bool>,
    /// By clause: the selector of a finally, the exception of a catch.
    selectors: Vec<Option<Var>>,
    exceptions: Vec<Option<Var>>,
    stack: Vec<Item>,
    prefixes: Prefixes,
    /// Order of the current IL block; -1 in the prologue.
    current_order: i64,
    /// The current IL block; none in the prologue and while handlers are set up.
    il_block: Option<usize>,
    /// Whether the branch that is being built polls.
    polled: bool,
    /// IL offset of the current instruction and of the next one.
    at: u32,
    next_at: u32,
    /// Values that are known not to be null.
    non_null: FxHashSet<Value>,
    /// Those of them that were checked in the current block.
    local_non_null: Vec<Value>,
    /// Classes of objects that were made here.
    exact: FxHashMap<Value, TypeHandle>,
    /// Static types of references to vectors; `None` for those seen under several types.
    types: FxHashMap<Value, Option<TypeHandle>>,
    /// What a value is the zero extension of.
    extended: FxHashMap<Value, Value>,
    free_slots: FxHashMap<(u32, u32), Vec<Slot>>,
    pending_free: Vec<Slot>,
    slot_bytes: u32,
    sret: Option<Value>,
    localloc_mark: Option<Value>,
    lock: Option<Value>,
    /// Set while a callee is expanded in place.
    inline: Option<inline::Inline>,
    /// Methods that are being expanded, outermost first, and IL bytes expanded so far.
    expanding: Vec<MethodHandle>,
    expanded: usize,
}

impl<'a, 'c> Importer<'a, 'c> {
    fn new(c: &Rc<Context<'a>>, eh: &'c mut MethodEh, kind: FuncKind) -> Self {
        let clauses = eh.clauses.len();
        let blocks = c.body.blocks.len();
        let regions = eh
            .regions
            .iter()
            .map(|(id, list)| (list.clone(), id))
            .collect();
        Importer {
            c: Rc::clone(c),
            host: c.host,
            kind,
            b: Builder::new(Func::new(kind, c.sig.clone(), clauses)),
            eh,
            places: Places::default(),
            blocks: vec![None; blocks],
            entries: vec![None; blocks],
            imported: vec![false; blocks],
            unboxed: None,
            queue: BinaryHeap::new(),
            regions,
            handlers_done: vec![false; clauses],
            selectors: vec![None; clauses],
            exceptions: vec![None; clauses],
            stack: Vec::new(),
            prefixes: Prefixes::default(),
            current_order: -1,
            il_block: None,
            polled: false,
            at: 0,
            next_at: 0,
            non_null: FxHashSet::default(),
            exact: FxHashMap::default(),
            local_non_null: Vec::new(),
            types: FxHashMap::default(),
            extended: FxHashMap::default(),
            free_slots: FxHashMap::default(),
            pending_free: Vec::new(),
            slot_bytes: 0,
            sret: None,
            localloc_mark: None,
            lock: None,
            inline: None,
            expanding: vec![c.method],
            expanded: 0,
        }
    }

    /// Imports one function.
    fn run(mut self) -> Result<Func, (u32, Stop)> {
        self.prologue().map_err(|stop| (0, stop))?;
        self.blocks().map_err(|stop| (self.at, stop))?;
        Ok(self.b.finish())
    }

    /// Imports the blocks that are reached.
    fn blocks(&mut self) -> Step<()> {
        while let Some(Reverse((_, block))) = self.queue.pop() {
            if !std::mem::replace(&mut self.imported[block as usize], true) {
                self.block(block as usize)?;
            }
        }
        Ok(())
    }

    fn prologue(&mut self) -> Step<()> {
        let entry = self.b.current();
        let start = match self.kind {
            FuncKind::Body => {
                for ty in self.c.sig.param_types() {
                    self.b.param(entry, ty);
                }
                self.body_places()?;
                self.keep_this()?;
                if self
                    .c
                    .body
                    .insts
                    .iter()
                    .any(|i| i.opcode == Opcode::Localloc)
                {
                    self.localloc_mark = Some(self.b.emit(
                        crate::hir::Inst::Helper(Helper::LocallocMark, Box::new([])),
                        Ty::I64,
                    ));
                }
                self.acquire_lock()?;
                0
            }
            FuncKind::Filter { clause } => {
                for ty in [Ty::I64, Ty::ByRef, Ty::Ref] {
                    self.b.param(entry, ty);
                }
                let exception = self.b.func.blocks[entry].params[2];
                self.filter_places()?;
                self.stack.push(Item::Scalar(exception));
                let range = filter_range(&self.c.body.clauses[clause as usize]);
                range
                    .and_then(|r| self.c.body.block_at(r.0))
                    .ok_or(Stop::Invalid("a filter without code"))?
            }
        };
        self.goto(start)
    }

    fn acquire_lock(&mut self) -> Step<()> {
        let Some(sync) = self.c.synchronized else {
            return Ok(());
        };
        let object = match sync {
            SyncObject::This => self.arg_value(0)?,
            SyncObject::Type(ty) => {
                let token = self.symbol(Symbol::TypeToken(ty));
                self.helper(Helper::TypeFromToken, &[token], Ty::Ref)
            }
        };
        self.helper_effect(Helper::MonitorEnter, &[object]);
        self.lock = Some(object);
        Ok(())
    }

    /// An offset in the method that is being imported.
    fn il_position(&self, offset: u32) -> IlPosition {
        match &self.inline {
            Some(inline) => IlPosition::inlined(inline.call, offset),
            None => IlPosition::own(offset),
        }
    }

    /// Region of code protected by these IL clauses and the implicit ones.
    fn region_of(&mut self, clauses: &[u32]) -> Option<RegionId> {
        let mut list: Vec<u32> = match self.kind {
            FuncKind::Body => clauses.to_vec(),
            FuncKind::Filter { clause } => {
                // Only try blocks inside the filter itself.
                let range = filter_range(&self.c.body.clauses[clause as usize]).unwrap_or((0, 0));
                let inside = |c: &&u32| within(range, self.c.body.clauses[**c as usize].try_offset);
                clauses.iter().filter(inside).copied().collect()
            }
        };
        match self.kind {
            FuncKind::Body => list.extend(self.c.sync_clause),
            FuncKind::Filter { .. } => list.extend(self.c.filter_catch),
        }
        if list.is_empty() {
            return None;
        }
        if let Some(id) = self.regions.get(&list) {
            return Some(*id);
        }
        let id = self.eh.regions.push(list.clone());
        self.regions.insert(list, id);
        Some(id)
    }

    fn region_of_block(&mut self, block: usize) -> Option<RegionId> {
        if let Some(inline) = &self.inline {
            return inline.region;
        }
        let context = Rc::clone(&self.c);
        let body = &context.body;
        self.region_of(&body.blocks[block].clauses)
    }

    /// Builds the entries of handlers that the next block's exceptions can reach.
    fn handler_entries(&mut self, region: RegionId) -> Step<()> {
        self.il_block = None;
        let list = self.eh.regions[region].clone();
        for clause in list {
            if std::mem::replace(&mut self.handlers_done[clause as usize], true) {
                continue;
            }
            if self.c.sync_clause == Some(clause) {
                self.sync_handler(clause);
            } else if self.c.filter_catch == Some(clause) {
                self.filter_failed(clause);
            } else {
                self.il_handler(clause)?;
            }
        }
        Ok(())
    }

    fn sync_handler(&mut self, clause: u32) {
        let root = self.b.block(None);
        self.b.switch_to(root, true);
        if let Some(lock) = self.lock {
            self.helper_effect(Helper::MonitorExit, &[lock]);
        }
        self.b
            .end(Terminator::Raise(Helper::ResumeUnwind, Vec::new()));
        self.b.func.handlers[clause as usize] = Some(Handler::Finally(root));
    }

    fn filter_failed(&mut self, clause: u32) {
        let root = self.b.block(None);
        self.b.switch_to(root, true);
        self.b.param(root, Ty::Ref);
        let no = self.b.i32(0);
        self.b.end(Terminator::Return(Some(no)));
        self.b.func.handlers[clause as usize] = Some(Handler::Catch(root));
    }

    fn il_handler(&mut self, clause: u32) -> Step<()> {
        let data = self.c.body.clauses[clause as usize];
        let start = self
            .c
            .body
            .block_at(data.handler_offset)
            .ok_or(Stop::Invalid("a handler without code"))?;
        let region = self.region_of_block(start as usize);
        let root = self.b.block(region);
        self.b.switch_to(root, true);
        self.b.set_il(self.il_position(data.handler_offset));
        let try_start = self.c.body.block_at(data.try_offset);
        if let Some(try_block) = try_start.and_then(|t| self.blocks[t as usize]) {
            self.b.set_source(root, try_block);
        }
        let saved = std::mem::take(&mut self.stack);
        match data.kind {
            EhKind::Catch(_) | EhKind::Filter(_) => {
                let exception = self.b.param(root, Ty::Ref);
                self.non_null.insert(exception);
                let var = self.b.var(Ty::Ref);
                self.b.set_var(var, exception);
                self.exceptions[clause as usize] = Some(var);
                self.stack.push(Item::Scalar(exception));
                self.b.func.handlers[clause as usize] = Some(Handler::Catch(root));
            }
            EhKind::Finally | EhKind::Fault => {
                let var = self.selector_var(clause);
                let zero = self.b.i32(0);
                self.b.set_var(var, zero);
                self.b.func.handlers[clause as usize] = Some(Handler::Finally(root));
            }
        }
        self.goto(start)?;
        self.stack = saved;
        Ok(())
    }

    fn selector_var(&mut self, clause: u32) -> Var {
        match self.selectors[clause as usize] {
            Some(var) => var,
            None => {
                let var = self.b.var(Ty::I32);
                self.selectors[clause as usize] = Some(var);
                var
            }
        }
    }

    fn block(&mut self, index: usize) -> Step<()> {
        let context = Rc::clone(&self.c);
        let body = &context.body;
        let data = &body.blocks[index];
        self.at = data.offset;
        let Some(block) = self.blocks[index] else {
            return Ok(());
        };
        if let Some(region) = self.b.func.blocks[block].region {
            self.b.set_il(self.il_position(data.offset));
            self.handler_entries(region)?;
        }
        let sealed = data
            .preds
            .iter()
            .all(|p| self.imported[*p as usize] && *p as usize != index);
        self.current_order = i64::from(body.order[index]);
        self.il_block = Some(index);
        self.b.switch_to(block, sealed);
        self.enter(index, block);
        self.prefixes = Prefixes::default();
        self.pending_free.clear();
        let mut i = data.first;
        while i < data.last {
            let inst = body.insts[i];
            i += 1;
            self.at = inst.offset;
            self.next_at = inst.end();
            self.b.set_il(self.il_position(inst.offset));
            self.release_slots();
            self.polled = false;
            if inst.opcode == Opcode::Box {
                // What is wrong with the operand is found again by the instruction itself.
                let taken = self.box_for_nothing(&inst, &body.insts[i..data.last]);
                if let Ok(Some(taken)) = taken {
                    i += taken;
                    continue;
                }
            }
            let flow = match self.step(&inst) {
                Ok(flow) => flow,
                Err(Stop::Throw(error)) => {
                    let id = self.b.i64(i64::from(error.0));
                    self.b
                        .end(Terminator::Raise(Helper::ThrowDeferred, vec![id]));
                    Flow::End
                }
                Err(Stop::NotSupported) => {
                    self.raise(ThrowKind::NotSupported);
                    Flow::End
                }
                Err(stop) => return Err(stop),
            };
            match flow {
                Flow::Next => self.prefixes = Prefixes::default(),
                Flow::Prefix => {}
                Flow::End => {
                    self.prefixes = Prefixes::default();
                    return Ok(());
                }
            }
            if self.stack.len() > usize::from(u16::MAX) {
                return Err(Stop::Invalid("the evaluation stack is too deep"));
            }
        }
        if data.next as usize >= body.il_blocks {
            return Err(Stop::Invalid("control falls off the end of the method"));
        }
        self.goto(data.next)
    }

    /// Ends the block by throwing.
    fn raise(&mut self, kind: ThrowKind) {
        let kind = self.b.i64(kind as u64 as i64);
        self.b.end(Terminator::Raise(Helper::ThrowKind, vec![kind]));
    }

    fn step(&mut self, inst: &Instruction<'a>) -> Step<Flow> {
        use Opcode as O;
        if let Some((is_arg, n, how)) = crate::il::liveness::variable(inst.opcode, inst.operand) {
            self.variable(is_arg, n, how)?;
            return Ok(Flow::Next);
        }
        match inst.opcode {
            O::Nop | O::Break => {}
            O::Volatile => {
                self.prefixes.volatile = true;
                return Ok(Flow::Prefix);
            }
            O::Tail => {
                self.prefixes.tail = true;
                return Ok(Flow::Prefix);
            }
            O::Readonly => {
                self.prefixes.readonly = true;
                return Ok(Flow::Prefix);
            }
            // Unaligned accesses are fine on this machine; the checks that `no.` waives stay.
            O::Unaligned | O::No => return Ok(Flow::Prefix),
            O::Constrained => {
                self.prefixes.constrained = Some(self.type_operand(inst)?);
                return Ok(Flow::Prefix);
            }
            O::Dup => self.dup()?,
            O::Pop => {
                let item = self.pop()?;
                self.release(&item);
            }
            O::Ldnull | O::Ldstr | O::Ldtoken | O::Sizeof => self.constant_object(inst)?,
            O::LdcI4M1
            | O::LdcI40
            | O::LdcI41
            | O::LdcI42
            | O::LdcI43
            | O::LdcI44
            | O::LdcI45
            | O::LdcI46
            | O::LdcI47
            | O::LdcI48
            | O::LdcI4S
            | O::LdcI4
            | O::LdcI8
            | O::LdcR4
            | O::LdcR8 => self.constant(inst)?,
            O::Add
            | O::Sub
            | O::Mul
            | O::Div
            | O::DivUn
            | O::Rem
            | O::RemUn
            | O::And
            | O::Or
            | O::Xor
            | O::Shl
            | O::Shr
            | O::ShrUn
            | O::Neg
            | O::Not
            | O::AddOvf
            | O::AddOvfUn
            | O::MulOvf
            | O::MulOvfUn
            | O::SubOvf
            | O::SubOvfUn
            | O::Ceq
            | O::Cgt
            | O::CgtUn
            | O::Clt
            | O::CltUn
            | O::Ckfinite => self.arithmetic(inst.opcode)?,
            O::ConvI1
            | O::ConvI2
            | O::ConvI4
            | O::ConvI8
            | O::ConvR4
            | O::ConvR8
            | O::ConvU4
            | O::ConvU8
            | O::ConvRUn
            | O::ConvU2
            | O::ConvU1
            | O::ConvI
            | O::ConvU
            | O::ConvOvfI1Un
            | O::ConvOvfI2Un
            | O::ConvOvfI4Un
            | O::ConvOvfI8Un
            | O::ConvOvfU1Un
            | O::ConvOvfU2Un
            | O::ConvOvfU4Un
            | O::ConvOvfU8Un
            | O::ConvOvfIUn
            | O::ConvOvfUUn
            | O::ConvOvfI1
            | O::ConvOvfU1
            | O::ConvOvfI2
            | O::ConvOvfU2
            | O::ConvOvfI4
            | O::ConvOvfU4
            | O::ConvOvfI8
            | O::ConvOvfU8
            | O::ConvOvfI
            | O::ConvOvfU => self.conversion(inst.opcode)?,
            O::LdindI1
            | O::LdindU1
            | O::LdindI2
            | O::LdindU2
            | O::LdindI4
            | O::LdindU4
            | O::LdindI8
            | O::LdindI
            | O::LdindR4
            | O::LdindR8
            | O::LdindRef
            | O::StindRef
            | O::StindI1
            | O::StindI2
            | O::StindI4
            | O::StindI8
            | O::StindI
            | O::StindR4
            | O::StindR8
            | O::Cpobj
            | O::Ldobj
            | O::Stobj
            | O::Initobj
            | O::Cpblk
            | O::Initblk
            | O::Localloc => self.memory(inst)?,
            O::Ldfld | O::Ldflda | O::Stfld | O::Ldsfld | O::Ldsflda | O::Stsfld => {
                self.field(inst)?
            }
            O::Newarr
            | O::Ldlen
            | O::Ldelema
            | O::LdelemI1
            | O::LdelemU1
            | O::LdelemI2
            | O::LdelemU2
            | O::LdelemI4
            | O::LdelemU4
            | O::LdelemI8
            | O::LdelemI
            | O::LdelemR4
            | O::LdelemR8
            | O::LdelemRef
            | O::StelemI
            | O::StelemI1
            | O::StelemI2
            | O::StelemI4
            | O::StelemI8
            | O::StelemR4
            | O::StelemR8
            | O::StelemRef
            | O::Ldelem
            | O::Stelem => self.array(inst)?,
            O::Castclass
            | O::Isinst
            | O::Unbox
            | O::UnboxAny
            | O::Box
            | O::Mkrefany
            | O::Refanyval
            | O::Refanytype => self.object(inst)?,
            O::Call | O::Callvirt => return self.call(inst),
            O::Calli => return self.calli(inst),
            O::Newobj => return self.new_object(inst),
            O::Ldftn | O::Ldvirtftn => self.load_function(inst)?,
            O::Arglist => self.arglist()?,
            _ => return self.control(inst),
        }
        Ok(Flow::Next)
    }

    fn token(&self, inst: &Instruction<'_>) -> Step<ferrocil_metadata::Token> {
        match inst.operand {
            Operand::Token(token) => Ok(token),
            _ => Err(Stop::Invalid("an instruction without its token")),
        }
    }

    fn type_operand(&self, inst: &Instruction<'_>) -> Step<TypeHandle> {
        let token = self.token(inst)?;
        Ok(self.host.resolve_type(self.c.method, token)?)
    }
}
