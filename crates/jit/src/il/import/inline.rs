//! Expansion of small methods in place of their calls.

use std::rc::Rc;

use ferrocil_metadata::il::{Decoder, Opcode, Operand};

use crate::clif::abi::{AbiSig, ArgClass};
use crate::code::{IlPosition, InlinedCall};
use crate::compiler::Tier;
use crate::hir::{Block, Inst, RegionId, Terminator, Ty, Value};
use crate::host::{Helper, IlBody, MethodHandle};
use crate::il::Stop;
use crate::il::body::Body;
use crate::il::liveness::Variables;

use super::locals::Frame;
use super::{Context, Flow, Importer, Step, local_classes, variable_types};

/// Largest method that is expanded, in bytes of IL: in good code, in loops of good code, and in
/// the quick tier. `List<T>.Enumerator.MoveNext` has 81.
const MAX_BYTES: usize = 48;
const MAX_BYTES_IN_LOOPS: usize = 96;
const MAX_BYTES_QUICK: usize = 12;
const _: () = assert!(MAX_BYTES_IN_LOOPS < IlPosition::MAX_INLINED as usize);
/// Deepest nesting of expansions, the compiled method included.
const MAX_DEPTH: usize = 6;
/// Most IL expanded into one method, in bytes.
const MAX_TOTAL: usize = 2000;

/// An expansion.
pub(super) struct Inline {
    /// Where `ret` goes, with the result.
    pub(super) exit: Block,
    /// Region of the call.
    pub(super) region: Option<RegionId>,
    /// Number of the expanded call, see [`crate::hir::Func::inlined`].
    pub(super) call: u32,
    /// Whether the call is in a loop.
    pub(super) in_loop: bool,
}

impl<'a> Importer<'a, '_> {
    /// The body of a method that is worth expanding.
    pub(super) fn expandable(&self, method: MethodHandle) -> Option<IlBody<'a>> {
        if self.expanding.len() >= MAX_DEPTH || self.expanding.contains(&method) {
            return None;
        }
        let body = self.host.inline_body(method)?;
        let len = body.code.len();
        let most = match self.c.tier {
            Tier::Quick => MAX_BYTES_QUICK,
            Tier::Optimized if self.is_in_loop() => MAX_BYTES_IN_LOOPS,
            Tier::Optimized => MAX_BYTES,
        };
        let calls = self.b.func.inlined.len() < IlPosition::MAX_CALLS as usize;
        let fits =
            calls && len <= most && self.expanded + len <= MAX_TOTAL && body.clauses.is_empty();
        (fits && is_simple(body.code)).then_some(body)
    }

    /// Whether the current instruction is in a loop of the method or of one that it expands.
    fn is_in_loop(&self) -> bool {
        let block = self.il_block.map(|b| &self.c.body.blocks[b]);
        block.is_some_and(|b| b.in_loop) || self.inline.as_ref().is_some_and(|i| i.in_loop)
    }

    /// Expands a call. The arguments are as they would be passed.
    pub(super) fn expand(
        &mut self,
        method: MethodHandle,
        body: IlBody<'a>,
        sig: AbiSig,
        this: Option<Value>,
        args: Vec<Value>,
    ) -> Step<Flow> {
        let context = match self.inline_context(method, body, &sig) {
            Ok(context) => Rc::new(context),
            Err(_) => {
                // The callee says what is wrong with it when it is called.
                self.emit_call(crate::hir::Callee::Direct(method), sig, this, args)?;
                return Ok(Flow::Next);
            }
        };
        self.expanded += body.code.len();
        let declared_ret = sig.declared_ret;
        let region = self.b.region();
        let exit = self.b.block(region);
        let result = match sig.ret {
            Some(ArgClass::Scalar(mem)) => Some(self.b.param(exit, mem.ty())),
            _ => None,
        };
        let result_struct = match sig.ret {
            Some(ArgClass::Struct(ty, layout)) => {
                let slot = self.temp(&layout)?;
                let addr = self.slot_addr(slot, 0);
                Some((slot, addr, ty, layout))
            }
            _ => None,
        };
        let il = self.b.il();
        let call = self.b.func.inlined.len() as u32;
        self.b.func.inlined.push(InlinedCall { method, call: il });
        let in_loop = self.is_in_loop();
        let kept = this.filter(|_| sig.this == Some(Ty::Ref) && self.host.keeps_this(method));
        let blocks = context.body.blocks.len();

        // The state of the caller's import, put back at the end.
        let caller = std::mem::replace(&mut self.c, context);
        let places = std::mem::take(&mut self.places);
        let hir_blocks = std::mem::replace(&mut self.blocks, vec![None; blocks]);
        let entries = std::mem::replace(&mut self.entries, vec![None; blocks]);
        let imported = std::mem::replace(&mut self.imported, vec![false; blocks]);
        let queue = std::mem::take(&mut self.queue);
        let stack = std::mem::take(&mut self.stack);
        let prefixes = std::mem::take(&mut self.prefixes);
        let pending_free = std::mem::take(&mut self.pending_free);
        let position = (
            self.at,
            self.next_at,
            self.current_order,
            self.il_block.take(),
            self.sret,
        );
        let inline = self.inline.replace(Inline {
            exit,
            region,
            call,
            in_loop,
        });
        self.current_order = -1;
        self.sret = result_struct.map(|r| r.1);
        self.expanding.push(method);

        let before = self.b.current();
        let done = self.expand_body(this.into_iter().chain(args).collect());

        if done.is_err() {
            self.abandon_blocks();
            // Nothing of an invalid method runs: control never enters what was expanded of it.
            self.b.reopen(before);
        }
        self.expanding.pop();
        self.inline = inline;
        (
            self.at,
            self.next_at,
            self.current_order,
            self.il_block,
            self.sret,
        ) = position;
        self.pending_free = pending_free;
        self.prefixes = prefixes;
        self.stack = stack;
        self.queue = queue;
        self.imported = imported;
        self.entries = entries;
        self.blocks = hir_blocks;
        self.places = places;
        let callee = std::mem::replace(&mut self.c, caller);
        self.b.set_il(il);

        if let Err(stop) = done {
            // The callee is invalid: calling it would throw this.
            let why = match stop {
                Stop::Invalid(why) => why,
                Stop::NotSupported => "not supported",
                Stop::Throw(_) => "a type that cannot be loaded",
            };
            let error = self.host.invalid_program(callee.method, 0, why).0;
            let id = self.b.i64(i64::from(error.0));
            self.b
                .end(Terminator::Raise(Helper::ThrowDeferred, vec![id]));
        }
        if !self.b.has_preds(exit) {
            return Ok(Flow::End);
        }
        self.b.switch_to(exit, true);
        if let Some(this) = kept {
            self.b.effect(Inst::KeepAlive(this));
        }
        if let Some((slot, addr, ty, layout)) = result_struct {
            self.push_temp(slot, addr, ty, layout);
        }
        if let Some(result) = result {
            self.note_type(result, declared_ret);
            self.push(result);
        }
        Ok(Flow::Next)
    }

    /// Ends the current block and those that were not imported after an error.
    fn abandon_blocks(&mut self) {
        self.b.end(Terminator::Unreachable);
        for i in 0..self.blocks.len() {
            if let (Some(block), false) = (self.blocks[i], self.imported[i]) {
                self.b.switch_to(block, true);
                self.b.end(Terminator::Unreachable);
            }
        }
    }

    fn inline_context(
        &self,
        method: MethodHandle,
        il: IlBody<'a>,
        sig: &AbiSig,
    ) -> Step<Context<'a>> {
        let body = Body::new(il.code, il.clauses).map_err(|(_, stop)| stop)?;
        let (local_types, locals) = local_classes(self.host, method, il.local_sig)?;
        let args = usize::from(sig.this.is_some()) + sig.params.len();
        let mut variables = Variables::find(&body, args, locals.len());
        variables.pin(args, &local_types);
        let frame = Frame::new(sig, &locals, &variables, false)?;
        Ok(Context {
            host: self.host,
            tier: self.c.tier,
            method,
            init_locals: il.init_locals,
            synchronized: None,
            body,
            sig: sig.clone(),
            locals,
            types: variable_types(sig, &local_types),
            frame,
            sync_clause: None,
            filter_catch: None,
        })
    }

    fn expand_body(&mut self, args: Vec<Value>) -> Step<()> {
        self.make_places(args)?;
        self.goto(0)?;
        self.blocks()
    }
}

/// Whether IL is straight enough to be expanded: no loops, handlers, throws or dynamic memory.
fn is_simple(code: &[u8]) -> bool {
    use Opcode as O;
    Decoder::new(code).all(|inst| {
        let Ok(inst) = inst else { return false };
        let back = matches!(inst.operand, Operand::Branch(target) if target <= inst.offset);
        !back
            && !matches!(
                inst.opcode,
                O::Throw
                    | O::Rethrow
                    | O::Localloc
                    | O::Jmp
                    | O::Leave
                    | O::LeaveS
                    | O::Endfinally
                    | O::Endfilter
                    | O::Arglist
                    | O::Switch
                    | O::Calli
            )
    })
}

#[cfg(test)]
mod tests {
    use super::is_simple;

    #[test]
    fn loops_and_throws_are_not_simple() {
        assert!(is_simple(&[0x02, 0x2A]));
        assert!(!is_simple(&[0x02, 0x7A]));
        assert!(!is_simple(&[0x2B, 0xFE]));
        assert!(!is_simple(&[0xFF]));
    }
}
