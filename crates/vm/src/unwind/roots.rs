//! The references of a thread's stack.
//!
//! The stack alternates between managed frames, whose compilers say where references are, and
//! Rust frames, where every word may be one. A managed frame that stopped at a poll or a trap
//! is read like a Rust frame.

use ferrocil_jit::LiveWords;

use super::Frame;
use crate::exec::CodeKind;
use crate::stubs::emit::ENTRY_SAVES;
use crate::threads::Thread;

/// Calls `words(start, count)` for all memory between `sp` and the base of a stopped thread's
/// stack that may hold references.
pub(crate) fn scan_stack(thread: &Thread, sp: usize, mut words: impl FnMut(usize, usize)) {
    let base = thread.scan_range().1;
    if sp == 0 || sp >= base {
        return;
    }
    let mut low = sp & !7;
    let mut all = |from: usize, to: usize| {
        if from < to {
            words(from, (to - from) / 8);
        }
    };
    let mut anchors = thread.entry_anchors();
    anchors.push(thread.anchor());
    let mut bare = thread.is_without_references();
    for anchor in anchors.into_iter().rev() {
        let Some(first) = Frame::at(thread.runtime(), anchor.0, anchor.1) else {
            // No managed frame called this Rust code, or (a bug) one that is not known: what is
            // above is read word by word.
            continue;
        };
        let site = first.code.tables.call_site(first.offset());
        let mut frame = first;
        match (site.map(|s| s.live), first.sp()) {
            (Some(LiveWords::None | LiveWords::Set(_)), Some(top)) => {
                if !bare {
                    all(low, top - ENTRY_SAVES);
                }
                // Native code may still read arguments that were passed on the stack.
                let outgoing = first.code.tables.frame_at(first.offset() - 1);
                all(top, top + outgoing.map_or(0, |f| f.outgoing as usize));
                managed(&frame, top, &mut all);
            }
            _ => all(low, first.fp),
        }
        while frame.code.kind != CodeKind::Invoke {
            let below = frame.fp + 16;
            match frame.caller(thread.runtime()) {
                Some(caller) => frame = caller,
                // A filter: called by the unwinder.
                None => break,
            }
            managed(&frame, below, &mut all);
        }
        low = frame.fp + 16;
        bare = false;
    }
    all(low, base);
}

/// The references of one managed frame, which is at a call; `below` is where the frame below it
/// ends.
fn managed(frame: &Frame<'_>, below: usize, all: &mut impl FnMut(usize, usize)) {
    let tables = &frame.code.tables;
    let (Some(site), Some(sp)) = (tables.call_site(frame.offset()), frame.sp()) else {
        // Managed frames above others are at calls; should one not be known, it is read whole.
        return all(below, frame.fp);
    };
    let Some(roots) = tables.frame_at(frame.offset() - 1) else {
        return;
    };
    for &(offset, count) in &roots.always {
        let start = sp + offset as usize;
        all(start, start + count as usize * 8);
    }
    for word in tables.live_words(roots, site) {
        let start = sp + roots.area.0 as usize + word as usize * 8;
        all(start, start + 8);
    }
}
