//! Relocations: each is Cranelift's own, names what it was made for, and fits its instruction.

use super::{Evidence, Fault, Witness};
use crate::clif::symbols::SymbolTable;
use crate::code::{CompiledMethod, Reloc, RelocKind};
use crate::host::Symbol;

/// No generic symbol in shared code, and no two relocations in one place.
pub(super) fn check_symbols(
    witness: &Witness,
    method: &CompiledMethod,
    object: &mut impl FnMut(u32, Fault),
) {
    for reloc in &method.relocs {
        let index = witness.symbols.iter().position(|s| *s == reloc.symbol);
        if index.is_some_and(|i| witness.generic[i]) {
            let symbol = reloc.symbol;
            object(reloc.offset, Fault::GenericSymbol { symbol });
        }
    }
    let mut places: Vec<_> = method.relocs.iter().map(|r| (r.offset, r)).collect();
    places.sort_unstable_by_key(|p| p.0);
    for pair in places.windows(2) {
        if pair[1].0 < pair[0].0 + size(pair[0].1) {
            let symbol = pair[1].1.symbol;
            object(pair[1].0, Fault::WrongReloc { symbol });
        }
    }
}

fn size(reloc: &Reloc) -> u32 {
    match reloc.kind {
        RelocKind::Rel4 => 4,
        RelocKind::Abs8 => 8,
    }
}

pub(super) fn check(
    witness: &Witness,
    evidence: &Evidence,
    method: &CompiledMethod,
    function: usize,
    object: &mut impl FnMut(u32, Fault),
) {
    let own = method.functions[function];
    let names = evidence.clif.params.user_named_funcs();
    let relocs = method.relocs.iter();
    let mut here: Vec<&Reloc> = relocs
        .filter(|r| own.start <= r.offset && r.offset < own.start + own.len)
        .collect();
    for &(at, name) in &evidence.machine.relocs {
        let wanted = name
            .and_then(|n| names.get(cranelift_codegen::ir::UserExternalNameRef::from_u32(n)))
            .and_then(|n| witness.symbols.get(n.index as usize).copied());
        let found = here.iter().position(|r| r.offset == own.start + at);
        match (wanted, found.map(|i| here.swap_remove(i))) {
            (Some(symbol), Some(reloc)) if reloc.symbol == symbol => {
                if !fits(method, reloc) {
                    object(at, Fault::WrongReloc { symbol });
                }
            }
            (wanted, found) => {
                let symbol = found.map(|r| r.symbol).or(wanted);
                let symbol = symbol.unwrap_or(Symbol::VTableBase);
                object(at, Fault::WrongReloc { symbol });
            }
        }
    }
    for reloc in here {
        let symbol = reloc.symbol;
        object(reloc.offset - own.start, Fault::WrongReloc { symbol });
    }
}

/// Whether the bytes before a relocation are of an instruction that takes it, and whether the
/// symbol may be so near or far.
fn fits(method: &CompiledMethod, reloc: &Reloc) -> bool {
    let before = |back: u32| {
        let place = reloc.offset.checked_sub(back)?;
        method.code.get(place as usize).copied()
    };
    let called = matches!(
        reloc.symbol,
        Symbol::Helper(_) | Symbol::MethodEntry(_) | Symbol::NativeThunk(_) | Symbol::Funclet(_)
    );
    match reloc.kind {
        RelocKind::Rel4 => {
            let near = SymbolTable::is_near(reloc.symbol) && reloc.addend == -4;
            let lea =
                before(1).is_some_and(|modrm| modrm & 0xc7 == 0x05) && before(2) == Some(0x8d);
            let branch = matches!(before(1), Some(0xe8 | 0xe9)) && called;
            near && (lea || branch)
        }
        // movabs: REX.W, B8 + register.
        RelocKind::Abs8 => {
            let mov = before(2).is_some_and(|rex| rex & 0xfe == 0x48)
                && before(1).is_some_and(|op| op & 0xf8 == 0xb8);
            mov && reloc.addend == 0
        }
    }
}
