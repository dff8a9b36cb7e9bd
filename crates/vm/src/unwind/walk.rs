//! Walking managed frames.

use ferrocil_generics::MethodId;

use super::StackEntry;
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
    runtime: &'r Runtime,
}

impl<'r> Frame<'r> {
    /// The frame with this frame pointer and return address.
    pub(crate) fn at(runtime: &'r Runtime, fp: usize, pc: usize) -> Option<Frame<'r>> {
        Some(Frame {
            fp,
            pc,
            code: runtime.codemap.find(pc.checked_sub(1)?)?,
            runtime,
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

    /// The runtime.
    pub(crate) fn runtime(&self) -> &'r Runtime {
        self.runtime
    }

    /// Byte offset of the return address in the code.
    pub(crate) fn offset(&self) -> u32 {
        (self.pc - self.code.start) as u32
    }

    /// The method. Of shared code the exact instance, or the generic definition when nothing in
    /// the frame or at its call says which instance it is.
    #[must_use]
    pub fn method(&self) -> Option<MethodPtr> {
        let method = self.code.method?;
        if !self.code.shared {
            return Some(method);
        }
        let Some(offset) = self.code.tables.context_offset else {
            let known = self.called_method(method);
            let definition = || self.runtime.definition_of(method, method.class.def?).ok();
            return known.or_else(definition);
        };
        // SAFETY: shared code keeps its generic context at this place of its frame, and the
        // context's first word is the exact method.
        unsafe {
            let context = self.fp.wrapping_add_signed(offset as isize) as *const usize;
            MethodPtr::from_address(*(*context as *const usize))
        }
    }

    /// The instance of a shared form that the caller called, if it did so directly.
    fn called_method(&self, shared: MethodPtr) -> Option<MethodPtr> {
        // SAFETY: as in `caller`.
        let pc = unsafe { (self.fp as *const usize).add(1).read() };
        let caller = self.runtime.codemap.find(pc.checked_sub(1)?)?;
        if pc < caller.start + 5 {
            return None;
        }
        // call rel32
        // SAFETY: the five bytes before the return address are code of the caller.
        let (opcode, distance) = unsafe {
            (
                *((pc - 5) as *const u8),
                ((pc - 4) as *const i32).read_unaligned(),
            )
        };
        let target = pc.wrapping_add_signed(distance as isize);
        let find = || {
            let mut domains = self.runtime.domains().iter();
            domains.find_map(|domain| domain.entry_at(target))
        };
        let called = (opcode == 0xe8).then(find)??.method;
        let form = self.runtime.shared_form(called).ok()??;
        (self.runtime.shared_method(&form).ok()? == shared).then_some(called)
    }

    /// Its stack pointer at calls.
    pub(crate) fn sp(&self) -> Option<usize> {
        let roots = self.code.tables.frame_at(self.offset().checked_sub(1)?)?;
        self.fp.checked_sub(roots.frame_size as usize)
    }

    /// IL offset of the call in the frame's own method.
    #[must_use]
    pub fn il_offset(&self) -> Option<u32> {
        self.code.tables.il_offset(self.offset().saturating_sub(1))
    }

    /// The methods that run in the frame, innermost first: those that were expanded in place, then
    /// the frame's own, which is `method`.
    pub fn entries(self, method: MethodPtr) -> impl Iterator<Item = StackEntry> + 'r {
        entries(self.runtime, self.code, self.offset(), method)
    }
}

/// What a trace shows of a frame of `method` that is at an offset (of a return address) in code.
pub(super) fn entries<'r>(
    runtime: &'r Runtime,
    code: &'r CodeInfo,
    offset: u32,
    method: MethodPtr,
) -> impl Iterator<Item = StackEntry> + 'r {
    let at = offset.saturating_sub(1);
    let native = code.kind == CodeKind::Native;
    let expanded = code.tables.inlined_at(at).filter_map(move |(handle, il)| {
        let found = MethodId::from_raw(handle.0).and_then(|id| runtime.method_if_loaded(id))?;
        // Shared code expands shared forms: which instance runs, nobody noted.
        let definition = |def| runtime.definition_of(found, def).ok();
        let shared = runtime.is_shared(found);
        let method = shared
            .then(|| found.class.def.and_then(definition))
            .flatten();
        Some(StackEntry {
            method: method.unwrap_or(found),
            il_offset: Some(il),
            native_offset: offset,
            native,
        })
    });
    let own = StackEntry {
        method,
        il_offset: code.tables.il_offset(at),
        native_offset: offset,
        native,
    };
    expanded.chain([own])
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
