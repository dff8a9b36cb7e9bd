//! The two passes.

use ferrocil_jit::{CallSiteOut, EhClauseKind};

use super::{Frame, Resume, trace};
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::stubs::asm;
use crate::threads::{ActiveUnwind, Thread};
use crate::types::{ClassKind, ClassPtr, is_assignable};

/// Where an exception starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Frame that raises.
    pub fp: usize,
    /// Return address of the raising call; for a trap the faulting address plus one.
    pub pc: usize,
    /// Whether a hardware trap raised: that place is in no region.
    pub trap: bool,
}

fn site<'r>(frame: &Frame<'r>) -> Option<&'r CallSiteOut> {
    frame.code.tables.call_site(frame.offset())
}

/// Clause indices that protect a frame's call site, in search order.
fn clauses<'r>(frame: &Frame<'r>) -> &'r [u32] {
    site(frame)
        .and_then(|s| frame.code.tables.regions.get(s.region? as usize))
        .map_or(&[], |r| &r.clauses)
}

fn lost(frame: Option<&Frame<'_>>) -> ! {
    // Managed frames always end at an invoke stub; anything else is a bug of this runtime.
    eprintln!(
        "ferrocil: the stack cannot be unwound past {frame:?}. This is a bug: please report it with the program."
    );
    std::process::abort()
}

/// Raises an exception: finds its handler, then goes there or to the first finally handler
/// on the way.
pub(super) fn raise(
    thread: &Thread,
    exception: ObjRef,
    origin: Origin,
    append: bool,
    out: &mut Resume,
) {
    let runtime = thread.runtime();
    runtime.stats.exception_thrown();
    thread.take_pending();
    let Some(start) = Frame::at(runtime, origin.fp, origin.pc) else {
        lost(None)
    };
    let mut passed = Vec::with_capacity(16);
    let mut frame = start;
    let wrapped = thread.wrapped_object(exception);
    let (target_fp, target_clause, seen) = loop {
        passed.push(frame);
        let seen = match wrapped {
            Some(object) if !wants_wrapper(thread, &frame) => object,
            _ => exception,
        };
        let protecting = if origin.trap && passed.len() == 1 {
            &[][..]
        } else {
            clauses(&frame)
        };
        if let Some(clause) = protecting
            .iter()
            .copied()
            .find(|&c| catches(thread, seen, &frame, c))
        {
            break (frame.fp, clause, seen);
        }
        frame = match frame.caller(runtime) {
            Some(next) => next,
            None => lost(Some(&frame)),
        };
    };
    trace::record(thread, exception, &passed, append);
    let unwind = ActiveUnwind {
        exception: seen,
        target_fp,
        target_clause,
        current_fp: 0,
        current_clause: 0,
    };
    advance(thread, unwind, start, origin.trap, out);
}

/// Does for an exception what [`raise`] would do when a clause of the raising frame takes it and
/// nothing runs before: the compiled code enters the handler by itself.
pub(super) fn catch_here(thread: &Thread, exception: ObjRef, fp: usize, pc: usize, clause: u32) {
    let runtime = thread.runtime();
    runtime.stats.exception_thrown();
    let Some(frame) = Frame::at(runtime, fp, pc) else {
        lost(None)
    };
    trace::record(thread, exception, &[frame], false);
    drop_stale(thread, &frame, clause);
    thread.side_stack().borrow_mut().release_below(fp);
}

/// Whether a frame's assembly wants objects that are no exceptions wrapped.
fn wants_wrapper(thread: &Thread, frame: &Frame<'_>) -> bool {
    let runtime = thread.runtime();
    frame
        .method()
        .and_then(|method| runtime.image(method.def.image))
        .is_none_or(|image| runtime.wraps_non_exceptions(image))
}

/// Whether a clause of a frame takes the exception.
fn catches(thread: &Thread, exception: ObjRef, frame: &Frame<'_>, clause: u32) -> bool {
    let runtime = thread.runtime();
    match frame.code.tables.clauses[clause as usize].kind {
        EhClauseKind::CatchAll => true,
        EhClauseKind::Catch(_) => frame.code.catch_types[clause as usize]
            .and_then(|class| exact_class(runtime, frame, class))
            .is_some_and(|class| {
                let found = runtime.class_of(exception);
                if class.kind == ClassKind::Class && class.args.is_none() {
                    return found.derives_from(class);
                }
                is_assignable(runtime, found, class).unwrap_or(false)
            }),
        EhClauseKind::Filter { funclet } => {
            let Some(site) = site(frame) else {
                return false;
            };
            let Some(offset) = site.context_offset else {
                return false;
            };
            let Some(sp) = frame.sp() else {
                return false;
            };
            // SAFETY: the compiler keeps the frame's context at this place of the call site.
            let context = unsafe { ((sp + offset as usize) as *const usize).read() };
            let start =
                frame.code.start + frame.code.tables.functions[funclet as usize].start as usize;
            thread.push_entry();
            // SAFETY: the funclet belongs to this frame's method, and the frame still stands.
            let answer = unsafe { asm::call_filter(thread, context, exception, start) };
            thread.pop_entry();
            answer != 0
        }
        EhClauseKind::Finally | EhClauseKind::Fault => false,
    }
}

/// The class that a clause names, in the instance that runs.
fn exact_class(runtime: &Runtime, frame: &Frame<'_>, class: ClassPtr) -> Option<ClassPtr> {
    if !class.shared {
        return Some(class);
    }
    let form = runtime.shared_form(frame.method()?).ok()??;
    runtime.exact_class(class, &form.replaced).ok()
}

/// Goes on from a frame: to the next finally or fault handler, or to the catching clause.
fn advance(
    thread: &Thread,
    mut unwind: ActiveUnwind,
    start: Frame<'_>,
    trap: bool,
    out: &mut Resume,
) {
    let runtime = thread.runtime();
    let mut frame = start;
    let mut first = true;
    loop {
        let protecting = if trap && first {
            &[][..]
        } else {
            clauses(&frame)
        };
        first = false;
        for (position, &clause) in protecting.iter().enumerate() {
            let target = frame.fp == unwind.target_fp && clause == unwind.target_clause;
            let cleanup = matches!(
                frame.code.tables.clauses[clause as usize].kind,
                EhClauseKind::Finally | EhClauseKind::Fault
            );
            if !target && !cleanup {
                continue;
            }
            drop_stale(thread, &frame, clause);
            if cleanup {
                unwind.current_fp = frame.fp;
                unwind.current_clause = clause;
                thread.unwinds().borrow_mut().push(unwind);
            }
            return land(thread, &frame, position, unwind.exception, out);
        }
        if frame.fp == unwind.target_fp {
            lost(Some(&frame));
        }
        frame = match frame.caller(runtime) {
            Some(next) => next,
            None => lost(Some(&frame)),
        };
    }
}

/// Forgets unwinds whose handler was left by a newer exception: those of frames below, and
/// those in this frame unless the clause lies inside their handler.
fn drop_stale(thread: &Thread, frame: &Frame<'_>, clause: u32) {
    let all = &frame.code.tables.clauses;
    let entered = &all[clause as usize];
    thread.unwinds().borrow_mut().retain(|u| {
        if u.current_fp != frame.fp {
            return u.current_fp > frame.fp;
        }
        all.get(u.current_clause as usize).is_some_and(|h| {
            entered.try_start >= h.handler_start && entered.try_end <= h.handler_end
        })
    });
}

fn land(thread: &Thread, frame: &Frame<'_>, position: usize, exception: ObjRef, out: &mut Resume) {
    let pad = site(frame).and_then(|s| s.landing_pad);
    let (Some(pad), Some(sp)) = (pad, frame.sp()) else {
        lost(Some(frame))
    };
    thread.side_stack().borrow_mut().release_below(frame.fp);
    *out = Resume {
        pc: frame.code.start + pad as usize,
        sp,
        fp: frame.fp,
        payload0: exception.address(),
        payload1: position,
        close_guard: usize::from(thread.must_close_stack_guard(sp)),
    };
}

/// Goes on after a finally or fault handler that an exception entered.
pub(super) fn resume(thread: &Thread, fp: usize, pc: usize, out: &mut Resume) {
    let unwind = {
        let mut unwinds = thread.unwinds().borrow_mut();
        while unwinds.last().is_some_and(|u| u.current_fp != fp) {
            unwinds.pop();
        }
        unwinds.pop()
    };
    match (unwind, Frame::at(thread.runtime(), fp, pc)) {
        (Some(unwind), Some(frame)) => advance(thread, unwind, frame, false, out),
        (_, frame) => lost(frame.as_ref()),
    }
}
