//! Machine code and tables as text.

use std::fmt::Write;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use crate::code::{CompiledMethod, EhClauseKind, Reloc};

/// Bits of an address.
const BITS: u32 = 64;

impl CompiledMethod {
    /// Disassembles the code, with relocations named and call sites and traps as comments, and
    /// lists the exception tables. Offsets are hexadecimal.
    #[must_use]
    pub fn listing(&self) -> String {
        let mut out = String::new();
        for (i, function) in self.functions.iter().enumerate() {
            let _ = writeln!(out, "function {i}:");
            let (start, end) = (function.start as usize, function.start + function.len);
            let code = self.code.get(start..end as usize).unwrap_or_default();
            self.function(code, function.start, &mut out);
        }
        self.tables(&mut out);
        out
    }

    fn function(&self, code: &[u8], start: u32, out: &mut String) {
        let mut decoder = Decoder::with_ip(BITS, code, u64::from(start), DecoderOptions::NONE);
        let mut formatter = IntelFormatter::new();
        let mut text = String::new();
        let mut il = None;
        while decoder.can_decode() {
            let inst = decoder.decode();
            let (at, end) = (inst.ip() as u32, inst.next_ip() as u32);
            if self.il_offset(at) != il {
                il = self.il_offset(at);
                let _ = writeln!(out, "  ; IL_{:04x}", il.unwrap_or_default());
            }
            text.clear();
            formatter.format(&inst, &mut text);
            let _ = write!(out, "  {at:5x}  {text}");
            for reloc in self.relocs_in(at, end) {
                let _ = write!(out, "  ; {:?}", reloc.symbol);
            }
            if let Some(kind) = self.trap_at(at) {
                let _ = write!(out, "  ; throws {kind:?}");
            }
            if let Some(site) = self.call_site(end)
                && let (Some(region), Some(pad)) = (site.region, site.landing_pad)
            {
                let _ = write!(out, "  ; region {region}, lands at {pad:x}");
            }
            out.push('\n');
        }
    }

    fn relocs_in(&self, start: u32, end: u32) -> impl Iterator<Item = &Reloc> {
        self.relocs
            .iter()
            .filter(move |r| (start..end).contains(&r.offset))
    }

    fn tables(&self, out: &mut String) {
        for (i, region) in self.regions.iter().enumerate() {
            let _ = writeln!(out, "region {i}: clauses {:?}", region.clauses);
        }
        for (i, clause) in self.clauses.iter().enumerate() {
            let kind = match clause.kind {
                EhClauseKind::Catch(ty) => format!("catch {ty:?}"),
                EhClauseKind::Filter { funclet } => format!("filter in function {funclet}"),
                other => format!("{other:?}").to_lowercase(),
            };
            let _ = writeln!(
                out,
                "clause {i}: {kind}, try IL_{:04x}..IL_{:04x}, handler IL_{:04x}..IL_{:04x}",
                clause.try_start, clause.try_end, clause.handler_start, clause.handler_end
            );
        }
        let _ = writeln!(
            out,
            "{} bytes of code, {} of IL, {} hir instructions, {} bytes of slots",
            self.code.len(),
            self.stats.il_bytes,
            self.stats.hir_insts,
            self.stats.slot_bytes
        );
    }
}
