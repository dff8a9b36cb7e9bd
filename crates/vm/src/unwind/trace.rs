//! Stack traces in exceptions.
//!
//! `Exception._stackTrace` holds a `long[]` with two words for each frame that the exception
//! went through, innermost first: the return address and the (exact) method.

use ferrocil_metadata::ElementType;

use super::Frame;
use super::walk::entries;
use crate::domain::VTablePtr;
use crate::icall::Thrown;
use crate::object::{ArrayRef, Caller, ObjRef};
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::MethodPtr;

/// Most frames recorded in an exception: a stack overflow passes hundreds of thousands, and
/// nobody reads them.
const MAX_FRAMES: usize = 4096;

/// One line of a trace.
#[derive(Clone, Copy, Debug)]
pub struct StackEntry {
    /// The method.
    pub method: MethodPtr,
    /// IL offset, when known.
    pub il_offset: Option<u32>,
    /// Offset in machine code.
    pub native_offset: u32,
    /// Whether it is the managed entry of an internal call.
    pub native: bool,
}

impl Runtime {
    /// What a recorded frame shows.
    fn stack_entries(
        &self,
        (pc, method): Recorded,
    ) -> Option<impl Iterator<Item = StackEntry> + '_> {
        let code = self.codemap.find(pc.checked_sub(1)?)?;
        // SAFETY: `record` stored the address of a method, which lives as long as its code.
        let method = unsafe { MethodPtr::from_address(method) }?;
        Some(entries(self, code, (pc - code.start) as u32, method))
    }

    /// The frames recorded in an exception.
    #[must_use]
    pub fn exception_trace(&self, exception: ObjRef) -> Vec<StackEntry> {
        recorded(self, exception)
            .iter()
            .filter_map(|&frame| self.stack_entries(frame))
            .flatten()
            .collect()
    }
}

/// Return address and method.
type Recorded = (usize, usize);

fn recorded(runtime: &Runtime, exception: ObjRef) -> Vec<Recorded> {
    let Some(offset) = runtime.exception_offsets().map(|o| o.stack_trace) else {
        return Vec::new();
    };
    let array: ObjRef = exception.read(offset);
    if array.is_null() || !runtime.is_long_vector(array) {
        return Vec::new();
    }
    // SAFETY: checked to be a vector of 8-byte integers.
    let array = unsafe { ArrayRef::from_object(array) };
    let words = array.as_slice::<usize>();
    words.chunks_exact(2).map(|w| (w[0], w[1])).collect()
}

/// Records frames in an exception: after those already there, or instead of them.
pub(super) fn record(thread: &Thread, exception: ObjRef, frames: &[Frame<'_>], append: bool) {
    let runtime = thread.runtime();
    let Some(offset) = runtime.exception_offsets().map(|o| o.stack_trace) else {
        return;
    };
    let before = if append {
        recorded(runtime, exception)
    } else {
        Vec::new()
    };
    let mut frames = frames;
    if let (Some(&(last, _)), Some(first)) = (
        before.last(),
        frames.iter().position(|f| f.method().is_some()),
    ) {
        // A rethrow begins in the frame where the recorded trace ends.
        if runtime
            .codemap
            .find(last - 1)
            .is_some_and(|c| std::ptr::eq(c, frames[first].code))
        {
            frames = &frames[first + 1..];
        }
    }
    let new = frames
        .iter()
        .filter_map(|f| Some((f.pc, f.method()?.address())))
        .take(MAX_FRAMES.saturating_sub(before.len()));
    let entries: Vec<Recorded> = before.iter().copied().chain(new).collect();
    let vtable = match thread.domain().trace_vtable.get() {
        Some(&known) => Ok(known),
        None => trace_vtable(thread),
    };
    match vtable
        .and_then(|vtable| thread.alloc_vector(vtable, 2 * entries.len() as i64, Caller::Rust))
    {
        Ok(array) => {
            for (i, &(pc, method)) in entries.iter().enumerate() {
                array.set(2 * i, pc);
                array.set(2 * i + 1, method);
            }
            exception.store(thread, offset, array);
        }
        Err(_) => {
            // No memory for a trace: the exception goes on without, also without that of an earlier
            // throw (the reserved OutOfMemoryException is thrown again and again).
            thread.take_pending();
            if !append {
                exception.store(thread, offset, ObjRef::NULL);
            }
        }
    }
}

/// The vtable of `long[]`, found once per domain.
fn trace_vtable(thread: &Thread) -> Result<VTablePtr, Thrown> {
    let array = thread.new_primitive_vector(ElementType::I8, 0)?;
    let vtable = thread.runtime().vtable_of(array.object());
    Ok(*thread.domain().trace_vtable.get_or_init(|| vtable))
}
