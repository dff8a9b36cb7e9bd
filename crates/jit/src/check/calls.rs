//! The calls of a function, in its Cranelift IR and in its machine code.

use cranelift_codegen::ir::{self, instructions::CallInfo};
use iced_x86::{Code, Decoder, DecoderOptions};
use rustc_hash::FxHashSet;

use super::{Evidence, Fault, Witness};
use crate::clif::helpers::{HelperKind, signature_of};
use crate::clif::lower::Place;
use crate::code::{CompiledMethod, RelocKind};
use crate::host::{Helper, Symbol};

/// Who is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Target {
    Symbol(Symbol),
    /// By address: managed code.
    Managed,
}

impl Target {
    pub(super) fn may_collect(self) -> bool {
        match self {
            Target::Symbol(Symbol::Helper(helper)) => helper.may_collect(),
            Target::Symbol(_) | Target::Managed => true,
        }
    }

    /// Whether the unwinder may look at the frame for handlers during the call.
    pub(super) fn unwinds(self) -> bool {
        match self {
            Target::Symbol(Symbol::Helper(helper)) => signature_of(helper).0 == HelperKind::Raising,
            Target::Symbol(_) | Target::Managed => true,
        }
    }

    /// Whether the code after the node may run next.
    pub(super) fn returns(self) -> bool {
        self.helper().is_none_or(|helper| {
            // These return, but to a handler.
            let caught = matches!(helper, Helper::CatchKind | Helper::CatchThrown);
            !caught && signature_of(helper).0 != HelperKind::Raising
        })
    }

    pub(super) fn helper(self) -> Option<Helper> {
        match self {
            Target::Symbol(Symbol::Helper(helper)) => Some(helper),
            _ => None,
        }
    }
}

/// A call in Cranelift IR that can be reached.
pub(super) struct Call {
    pub(super) inst: ir::Inst,
    pub(super) block: ir::Block,
    pub(super) place: Option<Place>,
    pub(super) target: Target,
}

/// The calls of a function that return to it or unwind through it.
pub(super) fn find(witness: &Witness, evidence: &Evidence) -> Vec<Call> {
    let func = &evidence.clif;
    let reached = super::flow::reachable(func);
    let mut out = Vec::new();
    for block in func.layout.blocks().filter(|b| reached[*b]) {
        for inst in func.layout.block_insts(block) {
            let data = &func.dfg.insts[inst];
            if data.opcode().is_return() {
                continue;
            }
            let target = match data.analyze_call(&func.dfg.value_lists, &func.dfg.exception_tables)
            {
                CallInfo::NotACall => continue,
                CallInfo::Direct(callee, _) | CallInfo::DirectWithSig(callee, ..) => {
                    let name = &func.dfg.ext_funcs[callee].name;
                    match evidence.symbol_of(&witness.symbols, name) {
                        Some(symbol) => Target::Symbol(symbol),
                        None => Target::Managed,
                    }
                }
                CallInfo::Indirect(..) => Target::Managed,
            };
            out.push(Call {
                inst,
                block,
                place: Place::of(func.srcloc(inst)),
                target,
            });
        }
    }
    out
}

/// What machine code does before a return address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Calls this, or what an address names.
    Call(Option<Symbol>),
    /// Jumps: a tail call, which returns elsewhere.
    Jump,
    /// Neither.
    Nothing,
}

/// What machine code does before a return address (offset in the method).
fn ends(method: &CompiledMethod, ret: u32) -> Ends {
    let at = |back: u32| {
        let place = ret.checked_sub(back)?;
        method.code.get(place as usize).copied()
    };
    let reloc = method.relocs.iter().find(|r| r.offset + 4 == ret);
    if let Some(reloc) = reloc.filter(|r| r.kind == RelocKind::Rel4) {
        match at(5) {
            Some(0xe8) => return Ends::Call(Some(reloc.symbol)),
            Some(0xe9) => return Ends::Jump,
            _ => {}
        }
    }
    // FF /2 and FF /4 with any addressing form.
    let indirect = (2..=8).find_map(|len| {
        let code = method
            .code
            .get(ret.checked_sub(len)? as usize..ret as usize)?;
        let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
        let inst = decoder.decode();
        match inst.code() {
            _ if inst.len() != len as usize => None,
            Code::Call_rm64 => Some(Ends::Call(None)),
            Code::Jmp_rm64 => Some(Ends::Jump),
            _ => None,
        }
    });
    indirect.unwrap_or(Ends::Nothing)
}

/// Every call of the machine code has its entry, and its node makes such a call.
pub(super) fn check(
    evidence: &Evidence,
    method: &CompiledMethod,
    function: usize,
    calls: &[Call],
    object: &mut impl FnMut(u32, Fault),
) {
    let own = method.functions[function];
    let mut possible: FxHashSet<(Option<Symbol>, u32, bool)> = FxHashSet::default();
    for call in calls {
        let symbol = match call.target {
            Target::Symbol(symbol) => Some(symbol),
            Target::Managed => None,
        };
        if let Some(place) = call.place {
            possible.insert((symbol, place.position, place.early));
        }
    }
    for site in &evidence.machine.sites {
        if method.call_site(own.start + site.ret).is_none() {
            object(site.ret, Fault::MissingCallSite);
        }
    }
    let inside = |offset: u32| offset > own.start && offset <= own.start + own.len;
    for site in method.call_sites.iter().filter(|s| inside(s.ret_offset)) {
        let at = site.ret_offset - own.start;
        let symbol = match ends(method, site.ret_offset) {
            Ends::Call(symbol) => symbol,
            Ends::Jump => continue,
            Ends::Nothing => {
                object(at, Fault::NoCall);
                continue;
            }
        };
        if !evidence.machine.sites.iter().any(|s| s.ret == at) {
            object(at, Fault::NoCall);
        }
        match evidence.machine.place_before(at) {
            Some(place) if possible.contains(&(symbol, place.position, place.early)) => {}
            Some(place) => object(
                at,
                Fault::StrangeCall {
                    callee: symbol,
                    node: place.position,
                },
            ),
            None if calls.iter().any(|c| c.place.is_none()) => {}
            None => object(at, Fault::NoNode),
        }
    }
}

/// The targets that the call of a call site may have: calls of its node with its symbol.
pub(super) fn at_site<'c>(
    evidence: &Evidence,
    method: &CompiledMethod,
    calls: &'c [Call],
    ret: u32,
    start: u32,
) -> Vec<&'c Call> {
    let Ends::Call(symbol) = ends(method, ret) else {
        return Vec::new();
    };
    let place = evidence.machine.place_before(ret - start);
    let fits = |call: &&Call| {
        let called = match call.target {
            Target::Symbol(symbol) => Some(symbol),
            Target::Managed => None,
        };
        called == symbol && call.place == place
    };
    calls.iter().filter(fits).collect()
}
