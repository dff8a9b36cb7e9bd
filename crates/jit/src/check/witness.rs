//! What a compilation keeps for the checker.

use cranelift_codegen::ir::{self, ExternalName};
use cranelift_codegen::{
    CompiledCode, ExceptionContextLoc, FinalizedMachExceptionHandler, FinalizedRelocTarget,
};
use cranelift_entity::SecondaryMap;

use super::{Fault, Violation, barriers, calls, flow, liveness, regions, relocs, roots};
use crate::clif::lower::{Names, Place};
use crate::clif::traps;
use crate::code::CompiledMethod;
use crate::hir::{Func, FuncKind, MethodEh};
use crate::host::{AbiConfig, Symbol, ThrowKind};

/// What the tables of a compiled method must follow from.
pub struct Witness {
    pub(crate) functions: Vec<Evidence>,
    pub(crate) eh: MethodEh,
    /// Clauses that the IL has; the rest are implicit.
    pub(crate) il_clauses: usize,
    pub(crate) synchronized: bool,
    /// Whether `this` lives as long as the method runs.
    pub(crate) keeps_this: bool,
    pub(crate) symbols: Vec<Symbol>,
    /// By symbol: whether it is another in each instance that runs the code.
    pub(crate) generic: Vec<bool>,
    /// Whether the heap has a write barrier.
    pub(crate) barrier: bool,
    pub(crate) abi: AbiConfig,
}

/// One function.
pub(crate) struct Evidence {
    pub(crate) hir: Func,
    /// Before Cranelift changed it.
    pub(crate) clif: ir::Function,
    pub(crate) names: Names,
    pub(crate) machine: Machine,
}

/// What Cranelift says of the machine code. Offsets are from the start of the function.
pub(crate) struct Machine {
    pub(super) sites: Vec<RawSite>,
    /// (offset, index of the symbol's Cranelift name)
    pub(super) relocs: Vec<(u32, Option<u32>)>,
    pub(super) traps: Vec<(u32, ThrowKind)>,
    /// (start, end, node)
    pub(super) locations: Vec<(u32, u32, Option<Place>)>,
    /// Offset from SP.
    pub(super) slots: SecondaryMap<ir::StackSlot, u32>,
    pub(super) frame_size: u32,
    /// The root area, and its words.
    pub(super) area: Option<(ir::StackSlot, u32)>,
}

/// A call in machine code.
pub(super) struct RawSite {
    pub(super) ret: u32,
    pub(super) tag: Option<(u32, u32)>,
    pub(super) context: Option<u32>,
}

impl Machine {
    pub(crate) fn new(code: &CompiledCode, area: Option<(ir::StackSlot, u32)>) -> Machine {
        let buffer = &code.buffer;
        let mut slots = SecondaryMap::new();
        let mut frame_size = 0;
        if let Some(layout) = buffer.frame_layout() {
            frame_size = layout.frame_to_fp_offset;
            for (slot, data) in layout.stackslots.iter() {
                slots[slot] = data.offset;
            }
        }
        let sites = buffer.call_sites().map(|site| {
            let mut raw = RawSite {
                ret: site.ret_addr,
                tag: None,
                context: None,
            };
            for handler in site.exception_handlers {
                match handler {
                    FinalizedMachExceptionHandler::Tag(tag, pad) => {
                        raw.tag = Some((tag.as_u32(), *pad));
                    }
                    FinalizedMachExceptionHandler::Context(ExceptionContextLoc::SPOffset(at)) => {
                        raw.context = Some(*at);
                    }
                    _ => {}
                }
            }
            raw
        });
        let relocs = buffer.relocs().iter().map(|reloc| {
            let name = match &reloc.target {
                FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => Some(name.as_u32()),
                _ => None,
            };
            (reloc.offset, name)
        });
        let traps = buffer.traps().iter();
        let locations = buffer.get_srclocs_sorted().iter();
        Machine {
            sites: sites.collect(),
            relocs: relocs.collect(),
            traps: traps
                .filter_map(|t| Some((t.offset, traps::throw_kind(t.code)?)))
                .collect(),
            locations: locations
                .map(|l| (l.start, l.end, Place::of(l.loc)))
                .collect(),
            slots,
            frame_size,
            area,
        }
    }

    /// The node that the instruction before an offset belongs to.
    pub(super) fn place_before(&self, offset: u32) -> Option<Place> {
        let last = offset.checked_sub(1)?;
        let found = self.locations.iter().find(|l| l.0 <= last && last < l.1)?;
        found.2
    }
}

impl Evidence {
    /// The symbol of an imported function.
    pub(super) fn symbol_of(&self, symbols: &[Symbol], name: &ExternalName) -> Option<Symbol> {
        let ExternalName::User(name) = name else {
            return None;
        };
        let name = self.clif.params.user_named_funcs().get(*name)?;
        symbols.get(name.index as usize).copied()
    }

    /// IL offset of each node by position.
    pub(super) fn il_offsets(&self) -> Vec<u32> {
        let mut out = Vec::new();
        for &block in &self.hir.layout {
            let data = &self.hir.blocks[block];
            let positions = data.nodes.iter().map(|n| n.il).chain([data.term_il]);
            out.extend(positions.map(|il| il.outermost(&self.hir.inlined)));
        }
        out
    }
}

/// For tests of the checker: another heap or other code than there was.
impl Witness {
    /// As if the heap had asked for write barriers.
    #[doc(hidden)]
    pub fn demand_barriers(&mut self) {
        self.barrier = true;
    }

    /// As if `this` had to live as long as the method runs.
    #[doc(hidden)]
    pub fn demand_this(&mut self) {
        self.keeps_this = true;
    }

    /// As if nothing were ever stored in the root areas.
    #[doc(hidden)]
    pub fn forget_root_stores(&mut self) {
        for function in &mut self.functions {
            if let Some((slot, _)) = function.machine.area {
                flow::remove_stores(&mut function.clif, slot);
            }
        }
    }
}

impl Witness {
    /// Checks the tables of the compiled method that the witness is of.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(&self, method: &CompiledMethod) -> Result<(), Vec<Violation>> {
        let mut found = Vec::new();
        if !method.is_consistent() || method.functions.len() != self.functions.len() {
            found.push(Violation {
                function: 0,
                at: 0,
                fault: Fault::Inconsistent,
            });
            return Err(found);
        }
        relocs::check_symbols(self, method, &mut |at, fault| {
            found.push(Violation {
                function: 0,
                at,
                fault,
            });
        });
        regions::check_clauses(self, method, &mut |fault| {
            found.push(Violation {
                function: 0,
                at: 0,
                fault,
            });
        });
        for (function, evidence) in self.functions.iter().enumerate() {
            let mut object = |at: u32, fault: Fault| {
                found.push(Violation {
                    function,
                    at: method.functions[function].start + at,
                    fault,
                });
            };
            let calls = calls::find(self, evidence);
            let live = liveness::Liveness::new(&evidence.hir, &self.eh);
            let flow = flow::Flow::new(self, evidence);
            calls::check(evidence, method, function, &calls, &mut object);
            if self.keeps_this && evidence.hir.kind == FuncKind::Body {
                roots::check_this(evidence, &method.frames[function], &mut object);
            }
            roots::check(
                evidence,
                method,
                function,
                &roots::Facts {
                    calls: &calls,
                    live: &live,
                    flow: &flow,
                },
                &mut object,
            );
            regions::check(self, evidence, method, function, &calls, &mut object);
            relocs::check(self, evidence, method, function, &mut object);
            barriers::check(self, evidence, &live, &mut object);
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}
