//! Which code an address belongs to.

use std::collections::BTreeMap;
use std::fmt;

use ferrocil_jit::CompiledMethod;
use parking_lot::RwLock;

use crate::types::{ClassPtr, MethodPtr};

/// What a piece of code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeKind {
    /// Body of a method.
    Method,
    /// Entry of an internal call or P/Invoke: not shown in traces.
    Native,
    /// Boundary between Rust and managed code: every exception stops here.
    Invoke,
    /// Delegate entries and the like.
    Stub,
}

/// Compiled code and its tables.
pub struct CodeInfo {
    /// Address of the first byte.
    pub start: usize,
    /// Bytes.
    pub len: usize,
    /// Kind.
    pub kind: CodeKind,
    /// The method, for bodies and native entries.
    pub method: Option<MethodPtr>,
    /// Call sites, regions, clauses, traps, IL map (the code bytes are gone).
    pub tables: CompiledMethod,
    /// Classes that catch clauses name, by clause.
    pub catch_types: Box<[Option<ClassPtr>]>,
}

impl fmt::Debug for CodeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {:?} at {:#x}+{:#x}",
            self.kind, self.method, self.start, self.len
        )
    }
}

/// All compiled code of a runtime by address.
#[derive(Debug, Default)]
pub struct CodeMap {
    map: RwLock<BTreeMap<usize, Box<CodeInfo>>>,
}

impl CodeMap {
    /// Adds code.
    pub(crate) fn add(&self, info: CodeInfo) {
        self.map.write().insert(info.start, Box::new(info));
    }

    /// Adds a stub without tables.
    pub(crate) fn add_stub(&self, start: usize, len: usize) {
        self.add(CodeInfo {
            start,
            len,
            kind: CodeKind::Stub,
            method: None,
            tables: CompiledMethod::default(),
            catch_types: Box::default(),
        });
    }

    /// The code that contains an address.
    #[must_use]
    pub fn find(&self, pc: usize) -> Option<&CodeInfo> {
        let map = self.map.read();
        let (_, info) = map.range(..=pc).next_back()?;
        if pc >= info.start + info.len {
            return None;
        }
        let pointer: *const CodeInfo = &raw const **info;
        // SAFETY: code is only removed with the runtime (or its domain, when nothing of it runs).
        Some(unsafe { &*pointer })
    }
}
