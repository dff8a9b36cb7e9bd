//! Whether tables fit their code: for compiled methods that were kept outside the process.

use crate::code::{
    CallSiteOut, CompiledMethod, EhClauseKind, FrameRoots, Function, IlPosition, LiveWords,
    RelocKind,
};
use crate::host::Symbol;

impl CompiledMethod {
    /// Whether every offset is inside the code, every index inside its table, and sorted tables
    /// are sorted.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let CompiledMethod {
            code,
            align,
            functions,
            frames,
            live_sets,
            relocs,
            lookups: _,
            context_offset: _,
            regions,
            clauses,
            call_sites,
            traps,
            il_map,
            inlined,
            invalid: _,
            stats: _,
            dumps: _,
        } = self;
        let Ok(len) = u32::try_from(code.len()) else {
            return false;
        };
        let inside = |function: &Function| {
            let Function { start, len: size } = *function;
            start.checked_add(size).is_some_and(|end| end <= len)
        };
        let relocated = |reloc: &crate::code::Reloc| {
            let size = match reloc.kind {
                RelocKind::Rel4 => 4,
                RelocKind::Abs8 => 8,
            };
            let known = match reloc.symbol {
                Symbol::Funclet(index) => (index as usize) < functions.len(),
                _ => true,
            };
            known && reloc.offset.checked_add(size).is_some_and(|end| end <= len)
        };
        let site = |site: &CallSiteOut| {
            let CallSiteOut {
                ret_offset,
                region,
                landing_pad,
                context_offset: _,
                live,
            } = *site;
            let area = ret_offset
                .checked_sub(1)
                .and_then(|last| self.frame_at(last))
                .map_or(0, |f| f.area.1.div_ceil(64));
            let live = match live {
                LiveWords::Set(first) => {
                    let end = u64::from(first) + u64::from(area);
                    area != 0 && end <= live_sets.len() as u64
                }
                LiveWords::None | LiveWords::Anything => true,
            };
            live && ret_offset <= len
                && region.is_none_or(|r| (r as usize) < regions.len())
                && landing_pad.is_none_or(|pad| pad < len)
                && region.is_some() == landing_pad.is_some()
        };
        let frame = |frame: &FrameRoots| {
            let within = |&(start, words): &(u32, u32)| {
                let end = u64::from(start) + u64::from(words) * 8;
                end <= u64::from(frame.frame_size) && start.is_multiple_of(8)
            };
            within(&frame.area)
                && frame.always.iter().all(within)
                && frame.outgoing <= frame.frame_size
        };
        let expanded =
            |at: IlPosition, calls: usize| at.call().is_none_or(|c| (c as usize) < calls);
        align.is_power_of_two()
            && frames.len() == functions.len()
            && frames.iter().all(frame)
            && *align <= 4096
            && functions.first().is_some_and(|f| f.start == 0)
            && functions.iter().all(inside)
            && relocs.iter().all(relocated)
            && regions
                .iter()
                .flat_map(|r| &r.clauses)
                .all(|&c| (c as usize) < clauses.len())
            && clauses.iter().all(|clause| match clause.kind {
                EhClauseKind::Filter { funclet } => (funclet as usize) < functions.len(),
                EhClauseKind::Catch(_)
                | EhClauseKind::CatchAll
                | EhClauseKind::Finally
                | EhClauseKind::Fault => true,
            })
            && call_sites.iter().all(site)
            && call_sites.is_sorted_by_key(|c| c.ret_offset)
            && traps.iter().all(|t| t.0 < len)
            && traps.is_sorted_by_key(|t| t.0)
            && il_map.is_sorted_by_key(|e| e.0)
            && il_map.iter().all(|e| expanded(e.1, inlined.len()))
            && inlined.iter().enumerate().all(|(i, c)| expanded(c.call, i))
    }
}

#[cfg(test)]
mod tests {
    use super::{CompiledMethod, FrameRoots, Function, IlPosition};
    use crate::code::InlinedCall;
    use crate::host::MethodHandle;

    fn method() -> CompiledMethod {
        CompiledMethod {
            code: vec![0xc3; 8],
            align: 16,
            functions: vec![Function { start: 0, len: 8 }],
            frames: vec![FrameRoots::default()],
            ..CompiledMethod::default()
        }
    }

    #[test]
    fn offsets_outside_are_found() {
        assert!(method().is_consistent());
        let mut long = method();
        long.functions[0].len = 9;
        assert!(!long.is_consistent());
        let mut outside = method();
        outside.frames[0].area = (0, 1);
        assert!(!outside.is_consistent());
        let mut unsorted = method();
        unsorted.il_map = vec![(4, IlPosition::own(0)), (0, IlPosition::own(1))];
        assert!(!unsorted.is_consistent());
        let mut unknown = method();
        unknown.il_map = vec![(0, IlPosition::inlined(0, 1))];
        assert!(!unknown.is_consistent());
        let mut around = unknown.clone();
        around.inlined = vec![InlinedCall {
            method: MethodHandle(1),
            call: IlPosition::inlined(0, 1),
        }];
        assert!(!around.is_consistent());
        around.inlined[0].call = IlPosition::own(7);
        assert!(around.is_consistent());
        assert_eq!(around.il_offset(3), Some(7));
        assert_eq!(
            around.inlined_at(3).collect::<Vec<_>>(),
            [(MethodHandle(1), 1)]
        );
        let mut crooked = method();
        crooked.align = 3;
        assert!(!crooked.is_consistent());
    }
}
