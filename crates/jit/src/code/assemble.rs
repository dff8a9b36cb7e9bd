//! Collects Cranelift's output of one or more functions into a [`CompiledMethod`].

use cranelift_codegen::CompiledCode;
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::binemit::Reloc as ClifReloc;
use cranelift_codegen::ir::{ExternalName, Function as ClifFunction};
use cranelift_codegen::{ExceptionContextLoc, FinalizedMachExceptionHandler};

use rustc_hash::FxHashMap;

use crate::clif::lower::{Place, RootSlots};
use crate::clif::symbols::{SymbolTable, context_slot};
use crate::clif::traps;
use crate::code::{
    CallSiteOut, CompiledMethod, FrameRoots, Function, IlPosition, InlinedCall, LiveWords, Reloc,
    RelocKind,
};
use crate::error::CompileError;
use crate::hir::{Func, Inst};
use crate::roots::{RootPlan, Want};

/// Between functions.
const PAD: u8 = 0xcc;

/// Builds a [`CompiledMethod`] function by function.
pub(crate) struct Assembler {
    out: CompiledMethod,
    /// Index of each set of live words so far.
    sets: FxHashMap<Box<[u64]>, u32>,
}

/// What the tables of a function are made of.
pub(crate) enum Source<'a> {
    /// A stub: references are in these slots at every call.
    Stub(&'a RootSlots),
    /// A function from hir.
    Hir(&'a Func, &'a RootPlan, &'a RootSlots),
}

impl Assembler {
    pub(crate) fn new() -> Assembler {
        Assembler {
            out: CompiledMethod {
                align: 16,
                ..CompiledMethod::default()
            },
            sets: FxHashMap::default(),
        }
    }

    /// Appends one function.
    pub(crate) fn add(
        &mut self,
        func: &ClifFunction,
        code: &CompiledCode,
        symbols: &SymbolTable,
        source: &Source<'_>,
    ) -> Result<(), CompileError> {
        let align = code.buffer.alignment.max(16);
        self.out.align = self.out.align.max(align);
        while !self.out.code.len().is_multiple_of(align as usize) {
            self.out.code.push(PAD);
        }
        let too_large = || CompileError::Codegen("code larger than 2 GiB".into());
        let start = i32::try_from(self.out.code.len()).map_err(|_| too_large())? as u32;
        let data = code.buffer.data();
        let len = i32::try_from(data.len()).map_err(|_| too_large())? as u32;
        start.checked_add(len).ok_or_else(too_large)?;
        self.out.code.extend_from_slice(data);
        self.out.functions.push(Function { start, len });
        self.out.context_offset = self.out.context_offset.or(context_offset(code));
        self.relocs(func, code, symbols, start)?;
        for trap in code.buffer.traps() {
            if let Some(kind) = traps::throw_kind(trap.code) {
                self.out.traps.push((start + trap.offset, kind));
            }
        }
        self.frame(code, source)?;
        let first = self.out.call_sites.len();
        self.call_sites(code, start)?;
        let Source::Hir(func, plan, _) = source else {
            return Ok(());
        };
        let before = self.out.inlined.len() as u32;
        let calls = func.inlined.iter();
        self.out.inlined.extend(calls.map(|c| InlinedCall {
            call: c.call.after(before),
            ..*c
        }));
        let il = il_positions(func);
        self.live_words(code, func, plan, first, start);
        for loc in code.buffer.get_srclocs_sorted() {
            if let Some(place) = Place::of(loc.loc) {
                let entry = (start + loc.start, il[place.position as usize].after(before));
                match self.out.il_map.last_mut() {
                    Some(last) if last.0 == entry.0 => *last = entry,
                    Some(last) if last.1 == entry.1 => {}
                    _ => self.out.il_map.push(entry),
                }
            }
        }
        Ok(())
    }

    fn relocs(
        &mut self,
        func: &ClifFunction,
        code: &CompiledCode,
        symbols: &SymbolTable,
        start: u32,
    ) -> Result<(), CompileError> {
        for reloc in code.buffer.relocs() {
            let kind = match reloc.kind {
                ClifReloc::X86PCRel4 | ClifReloc::X86CallPCRel4 => RelocKind::Rel4,
                ClifReloc::Abs8 => RelocKind::Abs8,
                other => {
                    return Err(CompileError::Codegen(format!(
                        "unexpected relocation {other:?}"
                    )));
                }
            };
            let symbol = match &reloc.target {
                FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                    let name = &func.params.user_named_funcs()[*name];
                    symbols.get(name.index)
                }
                other => {
                    return Err(CompileError::Codegen(format!(
                        "unexpected relocation target {other:?}"
                    )));
                }
            };
            self.out.relocs.push(Reloc {
                offset: start + reloc.offset,
                kind,
                symbol,
                addend: reloc.addend,
            });
        }
        Ok(())
    }

    fn call_sites(&mut self, code: &CompiledCode, start: u32) -> Result<(), CompileError> {
        for site in code.buffer.call_sites() {
            let mut out = CallSiteOut {
                ret_offset: start + site.ret_addr,
                region: None,
                landing_pad: None,
                context_offset: None,
                live: LiveWords::None,
            };
            for handler in site.exception_handlers {
                match handler {
                    FinalizedMachExceptionHandler::Tag(tag, pad) => {
                        out.region = Some(tag.as_u32());
                        out.landing_pad = Some(start + pad);
                    }
                    FinalizedMachExceptionHandler::Context(ExceptionContextLoc::SPOffset(
                        offset,
                    )) => {
                        out.context_offset = Some(*offset);
                    }
                    other => {
                        return Err(CompileError::Codegen(format!(
                            "unexpected exception handler {other:?}"
                        )));
                    }
                }
            }
            self.out.call_sites.push(out);
        }
        Ok(())
    }

    /// The frame of a function.
    fn frame(&mut self, code: &CompiledCode, source: &Source<'_>) -> Result<(), CompileError> {
        let (Source::Stub(slots) | Source::Hir(_, _, slots)) = source;
        let layout = code
            .buffer
            .frame_layout()
            .ok_or_else(|| CompileError::Codegen("no frame layout".into()))?;
        let place = |slot| layout.stackslots[slot].offset;
        self.out.frames.push(FrameRoots {
            frame_size: layout.frame_to_fp_offset,
            outgoing: layout
                .stackslots
                .values()
                .map(|s| s.offset)
                .min()
                .unwrap_or(0),
            area: slots
                .area
                .map_or((0, 0), |(slot, words)| (place(slot), words)),
            always: slots
                .always
                .iter()
                .map(|(slot, words)| (place(*slot), *words))
                .collect(),
        });
        Ok(())
    }

    /// Fills in what is live at the call sites from `first` on.
    fn live_words(
        &mut self,
        code: &CompiledCode,
        func: &Func,
        plan: &RootPlan,
        first: usize,
        start: u32,
    ) {
        let locations = code.buffer.get_srclocs_sorted();
        let polls = poll_positions(func);
        let mut wants = Vec::new();
        for (id, site) in self.out.call_sites.iter_mut().enumerate().skip(first) {
            let last = site.ret_offset - start - 1;
            let at = locations.partition_point(|l| l.start <= last);
            let location = at.checked_sub(1).map(|i| &locations[i]);
            let Some(place) = location
                .filter(|l| last < l.end)
                .and_then(|l| Place::of(l.loc))
            else {
                continue;
            };
            if place.early && polls.binary_search(&place.position).is_ok() {
                site.live = LiveWords::Anything;
                continue;
            }
            wants.push(Want {
                position: place.position,
                early: place.early,
                id: id as u32,
            });
        }
        if plan.words == 0 {
            return;
        }
        wants.sort_unstable();
        let (out, sets) = (&mut self.out, &mut self.sets);
        plan.live_at(func, &wants, |id, words| {
            if words.iter().all(|w| *w == 0) {
                return;
            }
            let next = out.live_sets.len() as u32;
            let index = match sets.get(words) {
                Some(found) => *found,
                None => {
                    out.live_sets.extend_from_slice(words);
                    sets.insert(words.into(), next);
                    next
                }
            };
            out.call_sites[id as usize].live = LiveWords::Set(index);
        });
    }

    /// Sorts the tables and gives the result.
    pub(crate) fn finish(mut self, symbols: SymbolTable) -> CompiledMethod {
        self.out.lookups = symbols.into_lookups();
        self.out.traps.sort_unstable_by_key(|t| t.0);
        self.out.call_sites.sort_unstable_by_key(|c| c.ret_offset);
        self.out.il_map.sort_unstable_by_key(|e| e.0);
        self.out
    }
}

/// Where a function keeps its generic context: offset from FP.
fn context_offset(code: &CompiledCode) -> Option<i32> {
    let layout = code.buffer.frame_layout()?;
    let slot = layout
        .stackslots
        .values()
        .find(|slot| slot.key == Some(context_slot()))?;
    let below = layout.frame_to_fp_offset.checked_sub(slot.offset)?;
    i32::try_from(below).ok().map(|below| -below)
}

/// IL of each node by position.
fn il_positions(func: &Func) -> Vec<IlPosition> {
    let mut out = Vec::with_capacity(func.inst_count());
    for &block in &func.layout {
        let data = &func.blocks[block];
        out.extend(data.nodes.iter().map(|n| n.il));
        out.push(data.term_il);
    }
    out
}

/// Positions of the polls, in order.
fn poll_positions(func: &Func) -> Vec<u32> {
    let mut at = 0;
    let mut out = Vec::new();
    for &block in &func.layout {
        for node in &func.blocks[block].nodes {
            if matches!(node.inst, Inst::Poll) {
                out.push(at);
            }
            at += 1;
        }
        at += 1;
    }
    out
}
