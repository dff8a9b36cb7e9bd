//! Exceptions that compiled code raises. One that a catch clause of the same method is known to
//! take, with no handler in between, becomes a branch.

use cranelift_codegen::ir::{self, InstBuilder};
use cranelift_entity::SecondaryMap;
use rustc_hash::FxHashMap;

use super::Lower;
use crate::clif::emit::Unwind;
use crate::clif::traps;
use crate::hir::{ClauseKind, Func, Handler, Inst, MethodEh, Value};
use crate::host::{Helper, ThrowKind, TypeHandle};

impl Lower<'_, '_> {
    /// Throws `kind` if `bad` is not zero.
    pub(super) fn throw_if(&mut self, bad: ir::Value, kind: ThrowKind) {
        match self.unwind() {
            None => {
                self.e.b.ins().trapnz(bad, traps::trap_code(kind));
            }
            Some(unwind) => {
                let cold = self.e.cold_block();
                let next = self.e.b.create_block();
                self.e.b.ins().brif(bad, cold, &[], next, &[]);
                self.throw_in(cold, kind, Some(unwind));
                self.e.b.switch_to_block(next);
            }
        }
    }

    /// Throws `kind` if `good` is zero.
    pub(super) fn throw_unless(&mut self, good: ir::Value, kind: ThrowKind) {
        let unwind = self.unwind();
        // Programs catch these two, and a trap that the kernel hands on costs microseconds (an
        // undefined instruction under a hypervisor twice that).
        let often =
            !self.e.quick && matches!(kind, ThrowKind::IndexOutOfRange | ThrowKind::DivideByZero);
        if unwind.is_none() && !often {
            self.e.b.ins().trapz(good, traps::trap_code(kind));
            return;
        }
        let cold = self.e.cold_block();
        let next = self.e.b.create_block();
        self.e.b.ins().brif(good, next, &[], cold, &[]);
        self.throw_in(cold, kind, unwind);
        self.e.b.switch_to_block(next);
    }

    fn throw_in(&mut self, cold: ir::Block, kind: ThrowKind, unwind: Option<Unwind>) {
        self.e.b.switch_to_block(cold);
        if self.catch_kind(kind) {
            return;
        }
        let kind = self.e.word(kind as u64 as i64);
        self.e.raise(Helper::ThrowKind, &[kind], unwind);
    }

    /// Ends a block by a helper that never returns.
    pub(super) fn raise(&mut self, helper: Helper, args: &[Value]) {
        let caught = match (helper, args) {
            (Helper::Throw, &[exception]) => self.catch_thrown(exception),
            (Helper::ThrowKind, &[kind]) => {
                let kind = self.constant(kind).and_then(|k| u8::try_from(k).ok());
                kind.and_then(traps::kind_of)
                    .is_some_and(|kind| self.catch_kind(kind))
            }
            _ => false,
        };
        if !caught {
            let args: Vec<_> = args.iter().map(|v| self.val(*v)).collect();
            let unwind = self.unwind();
            self.e.raise(helper, &args, unwind);
        }
    }

    fn catch_kind(&mut self, kind: ThrowKind) -> bool {
        let class = self.region.and_then(|_| self.host.thrown_class(kind));
        let Some((clause, handler)) = class.and_then(|class| self.catching(class)) else {
            return false;
        };
        let Some(Handler::Catch(entry)) = self.f.handlers[clause as usize] else {
            return false;
        };
        let takes = self.f.blocks[entry].params.first();
        if takes.is_some_and(|exception| self.facts().may_forget(*exception)) {
            // Nobody looks at the exception: there is none.
            let none = self.e.word(0);
            self.e.b.ins().jump(handler, &[none.into()]);
            return true;
        }
        let kind = self.e.word(kind as u64 as i64);
        self.enter_handler(Helper::CatchKind, kind, clause, handler);
        true
    }

    fn catch_thrown(&mut self, exception: Value) -> bool {
        let class = self.region.and_then(|_| self.created(exception));
        let Some((clause, handler)) = class.and_then(|class| self.catching(class)) else {
            return false;
        };
        let exception = self.val(exception);
        self.enter_handler(Helper::CatchThrown, exception, clause, handler);
        true
    }

    fn enter_handler(&mut self, helper: Helper, what: ir::Value, clause: u32, handler: ir::Block) {
        let clause = self.e.word(i64::from(clause));
        let exception = match self.throwing(helper, &[what, clause]) {
            Some(exception) => exception,
            None => what,
        };
        self.e.b.ins().jump(handler, &[exception.into()]);
    }

    /// The clause of the current region that takes an instance of exactly this class, and its
    /// handler, if nothing runs before.
    fn catching(&self, class: TypeHandle) -> Option<(u32, ir::Block)> {
        for &clause in &self.eh.regions[self.region?] {
            let ClauseKind::Catch(ty) = self.eh.clauses[clause as usize].kind else {
                return None;
            };
            if !self.host.catches(class, ty)? {
                continue;
            }
            return match self.f.handlers[clause as usize] {
                Some(Handler::Catch(block)) => Some((clause, self.blocks[block])),
                _ => None,
            };
        }
        None
    }

    /// The class of which a value is a new instance.
    fn created(&mut self, value: Value) -> Option<TypeHandle> {
        self.facts().created.get(&value).copied()
    }

    fn facts(&mut self) -> &Facts {
        let (func, eh) = (self.f, self.eh);
        self.facts.get_or_insert_with(|| Facts::new(func, eh))
    }
}

/// What the lowering of `throw` wants to know of a function; found when first asked for.
pub(super) struct Facts {
    /// Exact classes of new objects.
    created: FxHashMap<Value, TypeHandle>,
    used: SecondaryMap<Value, bool>,
    /// Whether the runtime must hear when control goes to a handler: it keeps something for the
    /// frame, `localloc` memory or a finally handler that an exception entered.
    noted: bool,
}

impl Facts {
    fn new(func: &Func, eh: &MethodEh) -> Facts {
        let mut facts = Facts {
            created: FxHashMap::default(),
            used: SecondaryMap::new(),
            noted: eh
                .clauses
                .iter()
                .any(|c| matches!(c.kind, ClauseKind::Finally | ClauseKind::Fault)),
        };
        for &block in &func.layout {
            let data = &func.blocks[block];
            for node in &data.nodes {
                node.inst.args(|arg| facts.used[arg] = true);
                match node.inst {
                    Inst::NewObject { class, .. } => {
                        facts.created.extend(node.result.map(|r| (r, class)));
                    }
                    Inst::Helper(Helper::Localloc, _) => facts.noted = true,
                    _ => {}
                }
            }
            data.term.args(|arg| facts.used[arg] = true);
            let used = &mut facts.used;
            data.term
                .edges(|edge| edge.args.iter().for_each(|arg| used[*arg] = true));
        }
        facts
    }

    /// Whether nothing in the function or the runtime cares about the exception of a handler.
    fn may_forget(&self, exception: Value) -> bool {
        !self.used[exception] && !self.noted
    }
}
