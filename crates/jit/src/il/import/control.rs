//! Branches, returns and exception handling.

use ferrocil_metadata::EhKind;
use ferrocil_metadata::il::{Instruction, Opcode, Operand};

use crate::clif::abi::ArgClass;
use crate::hir::{Call, Callee, Cond, Edge, FuncKind, Inst, Mem, Terminator, Ty, Value};
use crate::host::{CallKind, Dispatch, Helper};
use crate::il::Stop;
use crate::il::body::{Next, filter_range, within};

use super::{Flow, Importer, Step};

impl Importer<'_, '_> {
    pub(super) fn control(&mut self, inst: &Instruction<'_>) -> Step<Flow> {
        use Opcode as O;
        match (inst.opcode, inst.operand) {
            (O::Br | O::BrS, Operand::Branch(target)) => {
                let block = self.target(target)?;
                self.goto(block)?;
            }
            (O::Brfalse | O::BrfalseS | O::Brtrue | O::BrtrueS, Operand::Branch(target)) => {
                let value = self.pop_scalar()?;
                if self.b.ty(value).is_float() {
                    return Err(Stop::Invalid("a branch on a float"));
                }
                let when_true = matches!(inst.opcode, O::Brtrue | O::BrtrueS);
                // Only here: what else a constant skips must be valid all the same.
                if let Some(known) = self.b.constant(value)
                    && self.unboxed == Some(value)
                {
                    let taken = (known != 0) == when_true;
                    let block = self.target(if taken { target } else { self.next_at })?;
                    return self.goto(block).map(|()| Flow::End);
                }
                self.branch(target, |then, other| {
                    if when_true {
                        Terminator::Branch(value, then, other)
                    } else {
                        Terminator::Branch(value, other, then)
                    }
                })?;
            }
            (_, Operand::Branch(target)) if !matches!(inst.opcode, O::Leave | O::LeaveS) => {
                let cond = match inst.opcode {
                    O::Beq | O::BeqS => Cond::Eq,
                    O::Bge | O::BgeS => Cond::Ge,
                    O::Bgt | O::BgtS => Cond::Gt,
                    O::Ble | O::BleS => Cond::Le,
                    O::Blt | O::BltS => Cond::Lt,
                    O::BneUn | O::BneUnS => Cond::Ne,
                    O::BgeUn | O::BgeUnS => Cond::GeUn,
                    O::BgtUn | O::BgtUnS => Cond::GtUn,
                    O::BleUn | O::BleUnS => Cond::LeUn,
                    O::BltUn | O::BltUnS => Cond::LtUn,
                    _ => return Err(Stop::Invalid("an unknown branch")),
                };
                let b = self.pop_scalar()?;
                let a = self.pop_scalar()?;
                let (a, b, _) = self.balance(a, b)?;
                self.branch(target, |then, other| {
                    Terminator::BranchCompare(cond, a, b, then, other)
                })?;
            }
            (O::Switch, Operand::Switch(targets)) => {
                let value = self.pop_as(Mem::I32)?;
                let targets: Vec<u32> = targets.collect();
                let mut edges = Vec::with_capacity(targets.len());
                for target in targets {
                    let block = self.target(target)?;
                    edges.push(self.edge(block)?);
                }
                let next = self.target(self.next_at)?;
                let next = self.edge(next)?;
                self.b.end(Terminator::Switch(value, edges, next));
            }
            (O::Ret, _) => self.ret()?,
            (O::Throw, _) => {
                let exception = self.pop_ref()?;
                self.b
                    .end(Terminator::Raise(Helper::Throw, vec![exception]));
            }
            (O::Rethrow, _) => {
                let clause = self
                    .c
                    .body
                    .catching_handler(self.at)
                    .ok_or(Stop::Invalid("rethrow outside a catch"))?;
                let var = self.exceptions[clause as usize]
                    .ok_or(Stop::Invalid("rethrow outside a catch"))?;
                let exception = self.b.get_var(var);
                self.b
                    .end(Terminator::Raise(Helper::Rethrow, vec![exception]));
            }
            (O::Leave | O::LeaveS, Operand::Branch(target)) => self.leave(target)?,
            (O::Endfinally, _) => self.end_finally()?,
            (O::Endfilter, _) => {
                let FuncKind::Filter { .. } = self.kind else {
                    return Err(Stop::Invalid("endfilter outside a filter"));
                };
                let answer = self.pop_as(Mem::I32)?;
                let zero = self.b.i32(0);
                let yes = self.b.emit(Inst::Compare(Cond::Ne, answer, zero), Ty::I32);
                self.b.end(Terminator::Return(Some(yes)));
            }
            (O::Jmp, _) => self.jmp(inst)?,
            _ => return Err(Stop::Invalid("an instruction that is not known")),
        }
        Ok(Flow::End)
    }

    /// The block at a branch target; a filter stays inside its own code.
    fn target(&self, offset: u32) -> Step<u32> {
        if let (FuncKind::Filter { clause }, None) = (self.kind, &self.inline) {
            let range = filter_range(&self.c.body.clauses[clause as usize]).unwrap_or((0, 0));
            if !within(range, offset) {
                return Err(Stop::Invalid("a branch out of a filter"));
            }
        }
        self.c
            .body
            .block_at(offset)
            .ok_or(Stop::Invalid("a branch to nowhere"))
    }

    fn branch(&mut self, target: u32, term: impl FnOnce(Edge, Edge) -> Terminator) -> Step<()> {
        let block = self.target(target)?;
        let then = self.edge(block)?;
        let next = self.target(self.next_at)?;
        let other = self.edge(next)?;
        self.b.end(term(then, other));
        Ok(())
    }

    fn ret(&mut self) -> Step<()> {
        if self.kind != FuncKind::Body && self.inline.is_none() {
            return Err(Stop::Invalid("ret inside a filter"));
        }
        if self
            .c
            .body
            .clauses
            .iter()
            .any(|c| within((c.try_offset, c.try_offset + c.try_len), self.at))
        {
            return Err(Stop::Invalid("ret inside a protected block"));
        }
        let value = match self.c.sig.ret {
            None => None,
            Some(ArgClass::Scalar(mem)) => {
                let value = self.pop_scalar()?;
                Some(self.narrow(value, mem)?)
            }
            Some(ArgClass::Struct(ty, layout)) => {
                let item = self.pop_struct(ty, &layout)?;
                let src = self.struct_addr(&item);
                let dst = self.sret.ok_or(Stop::Invalid("no place for the result"))?;
                self.b.effect(Inst::CopyStruct {
                    dst,
                    src,
                    size: layout.size,
                    barrier: false,
                });
                None
            }
        };
        if let Some(inline) = &self.inline {
            let exit = inline.exit;
            self.b.jump(exit, value.into_iter().collect());
            return Ok(());
        }
        if let Some(mark) = self.localloc_mark {
            self.helper_effect(Helper::LocallocRelease, &[mark]);
        }
        if let Some(lock) = self.lock {
            // Outside the protected region: the lock is released once.
            let exit = self.b.block(None);
            self.b.jump(exit, Vec::new());
            self.b.switch_to(exit, true);
            self.helper_effect(Helper::MonitorExit, &[lock]);
        }
        self.b.end(Terminator::Return(value));
        Ok(())
    }

    fn leave(&mut self, target: u32) -> Step<()> {
        self.stack.clear();
        if self.kind != FuncKind::Body {
            let block = self.target(target)?;
            return self.goto(block);
        }
        if self.c.body.catching_handler(self.at) != self.c.body.catching_handler(target) {
            // A thread that is being aborted throws again here.
            self.b.effect(Inst::Poll);
        }
        match self
            .c
            .body
            .leave(self.at, target)
            .ok_or(Stop::Invalid("leave to nowhere"))?
        {
            Next::Target(block) => self.goto(block),
            Next::Finally(clause, selector) => self.enter_finally(clause, selector),
        }
    }

    /// Jumps to a finally handler that goes on as the selector says.
    fn enter_finally(&mut self, clause: u32, selector: u32) -> Step<()> {
        let var = self.selector_var(clause);
        let value = self.b.i32(selector as i32);
        self.b.set_var(var, value);
        let start = self.c.body.clauses[clause as usize].handler_offset;
        let block = self.target(start)?;
        self.goto(block)
    }

    fn end_finally(&mut self) -> Step<()> {
        self.stack.clear();
        let clause = self
            .c
            .body
            .ended_handler(self.at)
            .ok_or(Stop::Invalid("endfinally outside a handler"))?;
        let next: Vec<Next> = match self.c.body.clauses[clause as usize].kind {
            EhKind::Finally => self.c.body.continuations[clause as usize].clone(),
            _ => Vec::new(),
        };
        if next.is_empty() {
            self.b
                .end(Terminator::Raise(Helper::ResumeUnwind, Vec::new()));
            return Ok(());
        }
        let var = self.selector_var(clause);
        let selector = self.b.get_var(var);
        let resume = self.b.follow();
        let mut edges = Vec::with_capacity(next.len());
        for _ in &next {
            edges.push(Edge {
                block: self.b.follow(),
                args: Vec::new(),
            });
        }
        let blocks: Vec<_> = edges.iter().map(|e| e.block).collect();
        // 0 resumes; it is also the default, so shift the table by one.
        let one = self.b.i32(1);
        let index = self.b.emit(
            Inst::Binary(crate::hir::Binary::Sub, selector, one),
            Ty::I32,
        );
        self.b.end(Terminator::Switch(
            index,
            edges,
            Edge {
                block: resume,
                args: Vec::new(),
            },
        ));
        for (next, block) in next.into_iter().zip(blocks) {
            self.b.switch_to(block, true);
            match next {
                Next::Target(block) => self.goto(block)?,
                Next::Finally(clause, selector) => self.enter_finally(clause, selector)?,
            }
        }
        self.b.switch_to(resume, true);
        self.b.func.blocks[resume].cold = true;
        self.b
            .end(Terminator::Raise(Helper::ResumeUnwind, Vec::new()));
        Ok(())
    }

    /// Whether this frame may be replaced by a callee's.
    pub(super) fn may_tail_call(&self) -> bool {
        self.kind == FuncKind::Body
            && self.inline.is_none()
            && self.b.region().is_none()
            && self.localloc_mark.is_none()
            && self.lock.is_none()
    }

    fn jmp(&mut self, inst: &Instruction<'_>) -> Step<()> {
        let token = self.token(inst)?;
        let site = self
            .host
            .resolve_call(self.c.method, token, CallKind::Call, None)?;
        if !self.stack.is_empty() || !self.may_tail_call() {
            return Err(Stop::Invalid(
                "jmp inside a protected block or with values on the stack",
            ));
        }
        let Dispatch::Direct(method) = site.dispatch else {
            return Err(Stop::NotSupported);
        };
        let sig = crate::clif::abi::AbiSig::new(self.host, &site.sig)?;
        if sig.param_types() != self.c.sig.param_types()
            || sig.scalar_ret() != self.c.sig.scalar_ret()
        {
            return Err(Stop::Invalid("jmp to a method of another signature"));
        }
        let mut args: Vec<Value> = Vec::new();
        for n in 0..self.arg_count() {
            if n == usize::from(self.c.sig.this.is_some()) {
                args.extend(self.sret);
            }
            args.push(self.arg_value(n as u16)?);
        }
        if self.arg_count() == usize::from(self.c.sig.this.is_some()) {
            args.extend(self.sret);
        }
        self.b.end(Terminator::TailCall(Box::new(Call {
            callee: Callee::Direct(method),
            sig,
            args,
        })));
        Ok(())
    }
}
