//! Stubs compiled per signature, and native thunks.

use ferrocil_jit::StubInput;
use ferrocil_jit::StubKind;
use ferrocil_jit::host::{CallSig, CompilerHost, Repr, This, TypeHandle};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::codemap::CodeKind;
use super::host::Host;
use super::link::link;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::icall::NativeFn;
use crate::stubs::emit;
use crate::types::MethodPtr;

/// What distinguishes stubs: kind, and the representation of each value.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
struct Key {
    kind: StubKind,
    this: u8,
    /// Representation, size, alignment, whether it has references.
    values: Vec<(Repr, u32, u32, bool)>,
}

/// Stubs made so far.
#[derive(Debug, Default)]
pub struct StubCache {
    stubs: Mutex<FxHashMap<Key, usize>>,
    thunks: Mutex<Thunks>,
}

#[derive(Debug, Default)]
struct Thunks {
    by_target: FxHashMap<(usize, u32), u32>,
    addresses: Vec<usize>,
}

impl Host<'_> {
    fn key(&self, kind: StubKind, sig: &CallSig) -> LoadResult<Key> {
        let value = |ty: TypeHandle| -> LoadResult<(Repr, u32, u32, bool)> {
            let layout = self
                .layout(ty)
                .map_err(|e| self.runtime.deferred_error(e.0))?;
            Ok((layout.repr, layout.size, layout.align, layout.has_refs))
        };
        let mut values = vec![value(sig.ret)?];
        for &p in &sig.params {
            values.push(value(p)?);
        }
        Ok(Key {
            kind,
            this: sig.this as u8,
            values,
        })
    }

    /// A stub that any method with such a signature can share.
    pub(crate) fn shared_stub(&self, kind: StubKind, sig: &CallSig) -> LoadResult<usize> {
        let key = self.key(kind, sig)?;
        if let Some(&found) = self.runtime.stubs.stubs.lock().get(&key) {
            return Ok(found);
        }
        let code_kind = if kind == StubKind::Invoke {
            CodeKind::Invoke
        } else {
            CodeKind::Stub
        };
        let address = self.make_stub(kind, sig, code_kind, None)?;
        Ok(*self
            .runtime
            .stubs
            .stubs
            .lock()
            .entry(key)
            .or_insert(address))
    }

    fn make_stub(
        &self,
        kind: StubKind,
        sig: &CallSig,
        code_kind: CodeKind,
        method: Option<MethodPtr>,
    ) -> LoadResult<usize> {
        let (plain, thunk) = match kind {
            StubKind::InternalCall { thunk } => (StubKind::InternalCall { thunk: 0 }, thunk),
            StubKind::NativeCall { thunk } => (StubKind::NativeCall { thunk: 0 }, thunk),
            other => (other, 0),
        };
        let cached = match self.runtime.code_cache() {
            Some(cache) => postcard::to_allocvec(&self.key(plain, sig)?)
                .ok()
                .map(|key| (cache, key)),
            None => None,
        };
        if let Some((cache, key)) = &cached
            && let Some(kept) = cache.stub(self, key.clone(), thunk)
        {
            return link(self, kept, self.runtime.global_code(), code_kind, method);
        }
        let input = StubInput {
            kind,
            sig: sig.clone(),
            name: "stub",
        };
        let compiled = self
            .runtime
            .compiler
            .compile_stub(self, &input)
            .map_err(|e| {
                LoadError::new(
                    LoadErrorKind::ExecutionEngine,
                    "stub",
                    format!("cannot compile a {kind:?} stub: {e}"),
                )
            })?;
        self.runtime.stats.stub_compiled(compiled.code.len());
        if let Some((cache, key)) = cached {
            cache.note_stub(self, key, &compiled);
        }
        link(
            self,
            compiled,
            self.runtime.global_code(),
            code_kind,
            method,
        )
    }

    /// Managed entry of a native function with the internal-call convention.
    pub(crate) fn native_entry(
        &self,
        method: MethodPtr,
        sig: &CallSig,
        target: NativeFn,
    ) -> LoadResult<usize> {
        let words = self.stack_words(sig)?;
        let thunk = self.thunk(target, words)?;
        self.make_stub(
            StubKind::InternalCall { thunk },
            sig,
            CodeKind::Native,
            Some(method),
        )
    }

    /// Arguments of an internal call with this signature that System V passes on the stack.
    fn stack_words(&self, sig: &CallSig) -> LoadResult<u32> {
        let layout = |ty| {
            self.layout(ty)
                .map_err(|e| self.runtime.deferred_error(e.0))
        };
        // The thread comes first.
        let mut words = 1 + u32::from(sig.this != This::None);
        words += u32::from(layout(sig.ret)?.repr == Repr::Struct);
        let mut floats = 0u32;
        for &param in &sig.params {
            match layout(param)?.repr {
                Repr::R4 | Repr::R8 => floats += 1,
                _ => words += 1,
            }
        }
        Ok(words.saturating_sub(6) + floats.saturating_sub(8))
    }

    /// Number of the thunk that goes to a native function.
    fn thunk(&self, target: NativeFn, stack_words: u32) -> LoadResult<u32> {
        let mut thunks = self.runtime.stubs.thunks.lock();
        if let Some(&id) = thunks.by_target.get(&(target.0, stack_words)) {
            return Ok(id);
        }
        let address = self
            .runtime
            .global_code()
            .install(&emit::native_thunk(target.0, stack_words), 16)?
            .address;
        let id = thunks.addresses.len() as u32;
        thunks.addresses.push(address);
        thunks.by_target.insert((target.0, stack_words), id);
        Ok(id)
    }

    pub(crate) fn thunk_address(&self, id: u32) -> LoadResult<usize> {
        let thunks = self.runtime.stubs.thunks.lock();
        thunks.addresses.get(id as usize).copied().ok_or_else(|| {
            LoadError::new(LoadErrorKind::ExecutionEngine, "", "unknown native thunk")
        })
    }
}
