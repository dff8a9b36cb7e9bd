//! Code that several instances run: its compilation, and what makes an instance of it.
//!
//! The code takes what differs between instances from its *generic context*: a table of addresses
//! whose word 0 is the exact method. An instance is such a table and a thunk that leaves the
//! table's address in the thread and goes to the code.

use ferrocil_jit::Tier;
use ferrocil_jit::host::{FieldHandle, Symbol, TypeHandle};
use ferrocil_metadata::EhKind;

use super::host::{Host, method_handle, type_handle};
use super::link::address_of;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::stubs::emit;
use crate::types::{ClassPtr, MethodPtr};

/// Set in the numbers that stand for the vtable offsets of classes of shared code: real offsets
/// are smaller than the loader arena.
const SHARED_OFFSET: u32 = 1 << 31;

/// What `CompilerHost::vtable_offset` answers for a class of shared code: a number that stands for
/// the offset in each instance. 0, "none", if the type's id has no room.
pub(crate) fn shared_offset(class: ClassPtr) -> u32 {
    let raw = class.ty.raw();
    if raw < SHARED_OFFSET {
        SHARED_OFFSET | raw
    } else {
        0
    }
}

/// The class that a number of [`shared_offset`] stands for.
pub(crate) fn shared_type_of(offset: u32) -> Option<TypeHandle> {
    (offset & SHARED_OFFSET != 0).then_some(TypeHandle(offset & !SHARED_OFFSET))
}

impl Host<'_> {
    /// Whether a symbol means something else in each instance of shared code.
    pub(super) fn is_generic_symbol(&self, symbol: Symbol) -> LoadResult<bool> {
        Ok(match symbol {
            Symbol::VTable(t) | Symbol::ClassInitFlag(t) | Symbol::TypeToken(t) => {
                self.class(t)?.shared
            }
            Symbol::MethodEntry(m) | Symbol::MethodToken(m) | Symbol::InterfaceKey(m) => {
                self.runtime.is_shared(self.method(m)?)
            }
            Symbol::StaticField(f) | Symbol::FieldToken(f) => self.field(f)?.class.shared,
            Symbol::VTableOffset(offset) => shared_type_of(offset).is_some(),
            Symbol::Helper(_)
            | Symbol::VTableBase
            | Symbol::Barrier(_)
            | Symbol::StringLiteral(_)
            | Symbol::NativeThunk(_)
            | Symbol::Funclet(_) => false,
        })
    }

    /// Code for a method that runs shared code, compiled in this tier if one is given: the address
    /// of its thunk, and the code's tier. `None` when the method is to be compiled for itself.
    pub(super) fn instance_code(
        &self,
        method: MethodPtr,
        tier: Option<Tier>,
    ) -> LoadResult<Option<(usize, Tier)>> {
        let Some(form) = self.runtime.shared_form(method)? else {
            return Ok(None);
        };
        let Some((code, tier)) = self.shared_code(self.runtime.shared_method(&form)?, tier)? else {
            return Ok(None);
        };
        let tables = match self.runtime.codemap.find(code) {
            Some(info) => &info.tables,
            None => return Ok(None),
        };
        let mut context = vec![method.address()];
        for &symbol in &tables.lookups {
            // What cannot be loaded throws when control reaches it: in code of its own.
            let Ok(address) = self
                .exact_symbol(symbol, &form.replaced)
                .and_then(|symbol| address_of(self, symbol))
            else {
                return Ok(None);
            };
            context.push(address);
        }
        self.runtime.stats.shared_instance();
        let mut block = self.domain.code.reserve(emit::INSTANCE_THUNK_SIZE, 16)?;
        let at = block.address();
        if tables.context_offset.is_none() {
            // The code needs no context, but an address of its own tells the instance from others.
            let thunk = emit::near_jump(at, code);
            block.write(&thunk)?;
            return Ok(Some((block.commit(thunk.len())?.address, tier)));
        }
        let context = self.domain.copy_hot(&context)? as usize;
        let thunk = emit::instance_thunk(at, context, code);
        block.write(&thunk)?;
        Ok(Some((block.commit(thunk.len())?.address, tier)))
    }

    /// Code of a shared form, compiled on first use; `None` when it cannot be shared.
    fn shared_code(
        &self,
        shared: MethodPtr,
        tier: Option<Tier>,
    ) -> LoadResult<Option<(usize, Tier)>> {
        let key = (shared, tier);
        {
            let known = self.domain.shared.read();
            // Another instance may have been called often.
            if let Some(&Some(best)) = known.get(&(shared, Some(Tier::Optimized))) {
                return Ok(Some(best));
            }
            if let Some(&known) = known.get(&key) {
                return Ok(known);
            }
        }
        let code = if self.is_sharable(shared)? {
            // Whatever cannot be resolved is left to the instances: it may depend on the exact types,
            // and errors are to name them. (Errors that other threads keep meanwhile do no harm.)
            let errors = self.runtime.deferred.lock().len();
            self.compile(shared, tier)
                .ok()
                .filter(|_| self.runtime.deferred.lock().len() == errors)
        } else {
            None
        };
        Ok(*self.domain.shared.write().entry(key).or_insert_with(|| {
            if code.is_some() {
                self.runtime.stats.shared_body();
            }
            code
        }))
    }

    /// Whether the compiler can make shared code of a body: filters do not get the context.
    fn is_sharable(&self, method: MethodPtr) -> LoadResult<bool> {
        let image = self
            .runtime
            .image(method.def.image)
            .ok_or_else(|| LoadError::type_load("", "image not loaded"))?;
        let row = image.image().method_def(method.def.rid)?;
        if row.rva == 0 || method.is_abstract() {
            return Ok(false);
        }
        let Ok(body) = image.image().method_body(row.rva) else {
            return Ok(false);
        };
        Ok(!body
            .clauses()
            .any(|clause| matches!(clause.kind, EhKind::Filter(_))))
    }

    /// What a generic symbol is in an instance.
    fn exact_symbol(
        &self,
        symbol: Symbol,
        replaced: &[ferrocil_generics::TypeId],
    ) -> LoadResult<Symbol> {
        let runtime = self.runtime;
        let class = |t: TypeHandle| -> LoadResult<TypeHandle> {
            Ok(type_handle(
                runtime.exact_class(self.class(t)?, replaced)?.ty,
            ))
        };
        let method = |m| -> LoadResult<_> {
            Ok(method_handle(
                runtime.exact_method(self.method(m)?, replaced)?,
            ))
        };
        let field = |f| -> LoadResult<_> {
            let exact = runtime.exact_field(self.field(f)?, replaced)?;
            Ok(FieldHandle(exact.index))
        };
        Ok(match symbol {
            Symbol::VTable(t) => Symbol::VTable(class(t)?),
            Symbol::ClassInitFlag(t) => Symbol::ClassInitFlag(class(t)?),
            Symbol::TypeToken(t) => Symbol::TypeToken(class(t)?),
            Symbol::MethodEntry(m) => Symbol::MethodEntry(method(m)?),
            Symbol::MethodToken(m) => Symbol::MethodToken(method(m)?),
            Symbol::InterfaceKey(m) => Symbol::InterfaceKey(method(m)?),
            Symbol::StaticField(f) => Symbol::StaticField(field(f)?),
            Symbol::FieldToken(f) => Symbol::FieldToken(field(f)?),
            Symbol::VTableOffset(offset) => match shared_type_of(offset) {
                Some(ty) => {
                    let exact = runtime.exact_class(self.class(ty)?, replaced)?;
                    Symbol::VTableOffset(runtime.vtable_offset(self.domain.vtable(exact)?))
                }
                None => symbol,
            },
            Symbol::Helper(_)
            | Symbol::VTableBase
            | Symbol::Barrier(_)
            | Symbol::StringLiteral(_)
            | Symbol::NativeThunk(_)
            | Symbol::Funclet(_) => {
                return Err(LoadError::new(
                    LoadErrorKind::ExecutionEngine,
                    "",
                    format!("{symbol:?} is the same in all instances"),
                ));
            }
        })
    }
}
