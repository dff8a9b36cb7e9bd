//! Walking managed frames.

use crate::exec::{CodeInfo, CodeKind};
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::MethodPtr;

/// A managed frame.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'r> {
    /// Its frame pointer.
    pub fp: usize,
    /// Return address into it, or the address of a faulting instruction.
    pub pc: usize,
    /// Its code.
    pub code: &'r CodeInfo,
}

impl<'r> Frame<'r> {
    /// The frame with this frame pointer and return address.
    pub(crate) fn at(runtime: &'r Runtime, fp: usize, pc: usize) -> Option<Frame<'r>> {
        Some(Frame {
            fp,
            pc,
            code: runtime.codemap.find(pc.checked_sub(1)?)?,
        })
    }

    /// The frame that called this one. Not for invoke stubs, whose caller is Rust.
    pub(crate) fn caller(&self, runtime: &'r Runtime) -> Option<Frame<'r>> {
        // SAFETY: managed frames keep the frame-pointer chain: the caller's frame pointer at [fp],
        // the return address at [fp + 8].
        let (fp, pc) = unsafe {
            (
                (self.fp as *const usize).read(),
                (self.fp as *const usize).add(1).read(),
            )
        };
        Frame::at(runtime, fp, pc)
    }

    /// Byte offset of the return address in the code.
    pub(crate) fn offset(&self) -> u32 {
        (self.pc - self.code.start) as u32
    }

    /// The method: the exact instance when the code is shared.
    #[must_use]
    pub fn method(&self) -> Option<MethodPtr> {
        let method = self.code.method?;
        let Some(offset) = self.code.tables.context_offset else {
            return Some(method);
        };
        // SAFETY: shared code keeps its generic context at this place of its frame, and the
        // context's first word is the exact method.
        unsafe {
            let context = self.fp.wrapping_add_signed(offset as isize) as *const usize;
            MethodPtr::from_address(*(*context as *const usize))
        }
    }

    /// IL offset of the call.
    #[must_use]
    pub fn il_offset(&self) -> Option<u32> {
        self.code.tables.il_offset(self.offset().saturating_sub(1))
    }
}

/// The managed frames of the current thread, innermost first, across calls into Rust.
#[must_use]
pub fn frames(thread: &Thread) -> Vec<Frame<'_>> {
    let runtime = thread.runtime();
    let mut found = Vec::new();
    let mut anchors = thread.entry_anchors();
    let mut anchor = thread.anchor();
    loop {
        let mut frame = Frame::at(runtime, anchor.0, anchor.1);
        while let Some(f) = frame {
            if f.code.kind == CodeKind::Invoke {
                break;
            }
            found.push(f);
            frame = f.caller(runtime);
        }
        match anchors.pop() {
            Some(outer) if outer != (0, 0) => anchor = outer,
            _ => return found,
        }
    }
}
