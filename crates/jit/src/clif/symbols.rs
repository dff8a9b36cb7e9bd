//! Symbols of a compilation and their Cranelift names.

use std::collections::HashMap;

use cranelift_codegen::ir::GlobalValue;
use cranelift_codegen::ir::{
    ExtFuncData, ExternalName, FuncRef, Function, GlobalValueData, SigRef, StackSlotKey,
    UserExternalName,
};

use crate::host::Symbol;

/// Key of the frame slot that keeps the generic context of shared code.
pub(crate) fn context_slot() -> StackSlotKey {
    StackSlotKey::new(1)
}

/// Interns [`Symbol`]s; the index is the Cranelift user name.
#[derive(Default)]
pub(crate) struct SymbolTable {
    list: Vec<Symbol>,
    index: HashMap<Symbol, u32>,
    lookups: Vec<Symbol>,
    lookup_index: HashMap<Symbol, u32>,
}

impl SymbolTable {
    /// Index of a symbol.
    pub(crate) fn intern(&mut self, symbol: Symbol) -> u32 {
        *self.index.entry(symbol).or_insert_with(|| {
            self.list.push(symbol);
            // Bounded by the instructions of one method.
            (self.list.len() - 1) as u32
        })
    }

    /// Byte offset in the generic context of what a symbol stands for.
    pub(crate) fn lookup(&mut self, symbol: Symbol) -> i32 {
        let index = *self.lookup_index.entry(symbol).or_insert_with(|| {
            self.lookups.push(symbol);
            // Bounded by the instructions of one method.
            (self.lookups.len() - 1) as u32
        });
        8 * (index as i32 + 1)
    }

    /// Whether the method takes anything from its generic context.
    pub(crate) fn has_lookups(&self) -> bool {
        !self.lookups.is_empty()
    }

    /// What the method takes from its generic context.
    pub(crate) fn into_lookups(self) -> Vec<Symbol> {
        self.lookups
    }

    /// Symbol of an index that [`SymbolTable::intern`] gave.
    pub(crate) fn get(&self, index: u32) -> Symbol {
        self.list[index as usize]
    }

    /// Every symbol, by index.
    pub(crate) fn names(&self) -> &[Symbol] {
        &self.list
    }

    /// Whether a symbol is within ±2 GiB of the code.
    pub(crate) fn is_near(symbol: Symbol) -> bool {
        matches!(
            symbol,
            Symbol::Helper(_)
                | Symbol::MethodEntry(_)
                | Symbol::VTable(_)
                | Symbol::VTableBase
                | Symbol::NativeThunk(_)
                | Symbol::Funclet(_)
        )
    }
}

/// Per-function cache of imported functions and addresses.
#[derive(Default)]
pub(crate) struct Imports {
    funcs: HashMap<(Symbol, SigRef), FuncRef>,
    globals: HashMap<Symbol, GlobalValue>,
}

impl Imports {
    /// A callee in the function.
    pub(crate) fn func(
        &mut self,
        func: &mut Function,
        symbols: &mut SymbolTable,
        symbol: Symbol,
        signature: SigRef,
    ) -> FuncRef {
        *self.funcs.entry((symbol, signature)).or_insert_with(|| {
            let name = func
                .declare_imported_user_function(UserExternalName::new(0, symbols.intern(symbol)));
            func.import_function(ExtFuncData {
                name: ExternalName::user(name),
                signature,
                colocated: SymbolTable::is_near(symbol),
                patchable: false,
            })
        })
    }

    /// An address in the function.
    pub(crate) fn global(
        &mut self,
        func: &mut Function,
        symbols: &mut SymbolTable,
        symbol: Symbol,
    ) -> GlobalValue {
        *self.globals.entry(symbol).or_insert_with(|| {
            let name = func
                .declare_imported_user_function(UserExternalName::new(0, symbols.intern(symbol)));
            func.create_global_value(GlobalValueData::Symbol {
                name: ExternalName::user(name),
                offset: 0.into(),
                colocated: SymbolTable::is_near(symbol),
                tls: false,
            })
        })
    }
}
