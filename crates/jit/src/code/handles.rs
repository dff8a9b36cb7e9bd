//! The handles in a compiled method, so that it can leave its process and enter another one.
//!
//! This is the one place that lists them: a new field of [`CompiledMethod`] or a new variant of
//! [`Symbol`] does not compile before it is dealt with here.

use crate::code::{CompiledMethod, EhClauseKind, EhClauseOut, InlinedCall, Reloc};
use crate::host::{DeferredError, FieldHandle, MethodHandle, StringHandle, Symbol, TypeHandle};

/// Replaces handles and process-specific numbers by others.
pub trait HandleMap {
    /// Why a handle cannot be replaced.
    type Error;

    /// A type.
    ///
    /// # Errors
    /// When it has no counterpart; likewise below.
    fn ty(&mut self, ty: TypeHandle) -> Result<TypeHandle, Self::Error>;
    /// A method.
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn method(&mut self, method: MethodHandle) -> Result<MethodHandle, Self::Error>;
    /// A field.
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn field(&mut self, field: FieldHandle) -> Result<FieldHandle, Self::Error>;
    /// A string literal.
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn string(&mut self, string: StringHandle) -> Result<StringHandle, Self::Error>;
    /// The number of [`Symbol::VTableOffset`].
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn vtable_offset(&mut self, offset: u32) -> Result<u32, Self::Error>;
    /// The number of [`Symbol::NativeThunk`].
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn native_thunk(&mut self, thunk: u32) -> Result<u32, Self::Error>;
    /// An error that the host keeps.
    ///
    /// # Errors
    /// As [`HandleMap::ty`].
    fn deferred(&mut self, error: DeferredError) -> Result<DeferredError, Self::Error>;
}

impl CompiledMethod {
    /// Replaces every handle.
    ///
    /// # Errors
    /// The first error of `map`; the method is then half changed and of no use.
    pub fn map_handles<M: HandleMap>(&mut self, map: &mut M) -> Result<(), M::Error> {
        let CompiledMethod {
            code: _,
            align: _,
            functions: _,
            frames: _,
            live_sets: _,
            relocs,
            regions: _,
            clauses,
            call_sites: _,
            traps: _,
            il_map: _,
            inlined,
            lookups,
            context_offset: _,
            invalid,
            stats: _,
            dumps: _,
        } = self;
        for reloc in relocs {
            let Reloc {
                offset: _,
                kind: _,
                symbol,
                addend: _,
            } = reloc;
            *symbol = symbol.map_handles(map)?;
        }
        for symbol in lookups {
            *symbol = symbol.map_handles(map)?;
        }
        for clause in clauses {
            let EhClauseOut {
                kind,
                try_start: _,
                try_end: _,
                handler_start: _,
                handler_end: _,
            } = clause;
            match kind {
                EhClauseKind::Catch(ty) => *ty = map.ty(*ty)?,
                EhClauseKind::CatchAll
                | EhClauseKind::Filter { funclet: _ }
                | EhClauseKind::Finally
                | EhClauseKind::Fault => {}
            }
        }
        for call in inlined {
            let InlinedCall { method, call: _ } = call;
            *method = map.method(*method)?;
        }
        if let Some(error) = invalid {
            *error = map.deferred(*error)?;
        }
        Ok(())
    }
}

impl Symbol {
    /// The symbol with its handle replaced.
    ///
    /// # Errors
    /// That of `map`.
    pub fn map_handles<M: HandleMap>(self, map: &mut M) -> Result<Symbol, M::Error> {
        Ok(match self {
            Symbol::Helper(_) | Symbol::VTableBase | Symbol::Barrier(_) | Symbol::Funclet(_) => {
                self
            }
            Symbol::MethodEntry(m) => Symbol::MethodEntry(map.method(m)?),
            Symbol::VTable(t) => Symbol::VTable(map.ty(t)?),
            Symbol::StaticField(f) => Symbol::StaticField(map.field(f)?),
            Symbol::ClassInitFlag(t) => Symbol::ClassInitFlag(map.ty(t)?),
            Symbol::StringLiteral(s) => Symbol::StringLiteral(map.string(s)?),
            Symbol::TypeToken(t) => Symbol::TypeToken(map.ty(t)?),
            Symbol::MethodToken(m) => Symbol::MethodToken(map.method(m)?),
            Symbol::FieldToken(f) => Symbol::FieldToken(map.field(f)?),
            Symbol::InterfaceKey(m) => Symbol::InterfaceKey(map.method(m)?),
            Symbol::VTableOffset(offset) => Symbol::VTableOffset(map.vtable_offset(offset)?),
            Symbol::NativeThunk(thunk) => Symbol::NativeThunk(map.native_thunk(thunk)?),
        })
    }
}
