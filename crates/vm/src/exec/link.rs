//! Putting compiled code into the arena: relocation and registration.

use ferrocil_codeman::CodeManager;
use ferrocil_jit::host::{CompilerHost, Symbol};
use ferrocil_jit::{CompiledMethod, EhClauseKind, RelocKind};

use super::codemap::{CodeInfo, CodeKind};
use super::host::Host;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::types::MethodPtr;

/// Writes code into a code manager, resolves its relocations, registers its tables.
/// Gives the address of its first function.
pub(crate) fn link(
    host: &Host<'_>,
    mut compiled: CompiledMethod,
    manager: &CodeManager,
    kind: CodeKind,
    method: Option<MethodPtr>,
) -> LoadResult<usize> {
    let mut block = manager.reserve(compiled.code.len(), (compiled.align as usize).max(16))?;
    let base = block.address();
    let mut code = std::mem::take(&mut compiled.code);
    for reloc in &compiled.relocs {
        let target = match reloc.symbol {
            Symbol::Funclet(index) => {
                let function = compiled.functions.get(index as usize);
                base + function.map_or(0, |f| f.start as usize)
            }
            // Compiled again: the method's calls of itself need no way round.
            Symbol::MethodEntry(m)
                if kind == CodeKind::Method
                    && method.is_some_and(|own| super::host::method_handle(own) == m)
                    && host.domain.entry(host.method(m)?)?.is_open() =>
            {
                base
            }
            symbol => address_of(host, symbol)?,
        };
        let value = (target as i64).wrapping_add(reloc.addend);
        let at = reloc.offset as usize;
        match reloc.kind {
            RelocKind::Rel4 => {
                let distance = value - (base + at) as i64;
                let distance = i32::try_from(distance).map_err(|_| {
                    LoadError::new(
                        LoadErrorKind::ExecutionEngine,
                        "",
                        format!("{:?} is out of reach of a rel32 relocation", reloc.symbol),
                    )
                })?;
                code[at..at + 4].copy_from_slice(&distance.to_le_bytes());
            }
            RelocKind::Abs8 => code[at..at + 8].copy_from_slice(&value.to_le_bytes()),
        }
    }
    block.write(&code)?;
    let range = block.commit(code.len())?;
    let mut catch_types = Vec::with_capacity(compiled.clauses.len());
    for clause in &compiled.clauses {
        catch_types.push(match clause.kind {
            EhClauseKind::Catch(ty) => Some(host.class(ty)?),
            _ => None,
        });
    }
    let start = range.address;
    host.runtime.codemap.add(CodeInfo {
        start,
        len: code.len(),
        kind,
        method,
        shared: method.is_some_and(|m| host.runtime.is_shared(m)),
        tables: compiled,
        catch_types: catch_types.into_boxed_slice(),
    });
    Ok(start)
}

/// The address that a symbol stands for, in the host's domain.
pub(super) fn address_of(host: &Host<'_>, symbol: Symbol) -> LoadResult<usize> {
    let runtime = host.runtime;
    let domain = host.domain;
    Ok(match symbol {
        Symbol::Helper(helper) => runtime.helpers.address(helper),
        Symbol::MethodEntry(m) => domain.entry(host.method(m)?)?.target(),
        Symbol::VTable(t) => domain.vtable(host.class(t)?)?.address(),
        Symbol::VTableBase => runtime.arena().base(),
        Symbol::StaticField(f) => domain.static_address(host.field(f)?)? as usize,
        Symbol::ClassInitFlag(t) => domain.vtable(host.class(t)?)?.init_flag(),
        Symbol::StringLiteral(s) => domain.literals.cell(s.0).ok_or_else(|| {
            LoadError::new(LoadErrorKind::ExecutionEngine, "", "unknown string literal")
        })?,
        Symbol::TypeToken(t) => host.class(t)?.address(),
        Symbol::MethodToken(m) | Symbol::InterfaceKey(m) => host.method(m)?.address(),
        Symbol::FieldToken(f) => host.field(f)?.address(),
        Symbol::VTableOffset(offset) => offset as usize,
        Symbol::Barrier(which) => {
            let barrier = host.barrier().ok_or_else(|| {
                LoadError::new(
                    LoadErrorKind::ExecutionEngine,
                    "",
                    "code with a write barrier for a heap without",
                )
            })?;
            barrier.constant(which)
        }
        Symbol::NativeThunk(id) => host.thunk_address(id)?,
        Symbol::Funclet(_) => {
            return Err(LoadError::new(
                LoadErrorKind::ExecutionEngine,
                "",
                "funclet outside its method",
            ));
        }
    })
}
