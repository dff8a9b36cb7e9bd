//! Collects Cranelift's output of one or more functions into a [`CompiledMethod`].

use cranelift_codegen::CompiledCode;
use cranelift_codegen::FinalizedRelocTarget;
use cranelift_codegen::binemit::Reloc as ClifReloc;
use cranelift_codegen::ir::{ExternalName, Function as ClifFunction};
use cranelift_codegen::{ExceptionContextLoc, FinalizedMachExceptionHandler};

use crate::clif::symbols::{SymbolTable, context_slot};
use crate::clif::traps;
use crate::code::{CallSiteOut, CompiledMethod, Function, Reloc, RelocKind};
use crate::error::CompileError;

/// Source location bits: IL offset + 1 (0 is Cranelift's "none" neighbour; `!0` is none).
const PAD: u8 = 0xcc;

/// Builds a [`CompiledMethod`] function by function.
pub(crate) struct Assembler {
    out: CompiledMethod,
}

impl Assembler {
    pub(crate) fn new() -> Assembler {
        Assembler {
            out: CompiledMethod {
                align: 16,
                ..CompiledMethod::default()
            },
        }
    }

    /// Appends one function.
    pub(crate) fn add(
        &mut self,
        func: &ClifFunction,
        code: &CompiledCode,
        symbols: &SymbolTable,
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
        self.call_sites(code, start)?;
        for loc in code.buffer.get_srclocs_sorted() {
            if !loc.loc.is_default() {
                let entry = (start + loc.start, loc.loc.bits());
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
                frame_size: site.frame_offset.unwrap_or(0),
                context_offset: None,
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
