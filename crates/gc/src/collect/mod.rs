//! One collection, from stopped world to stopped world.

mod mark;
mod roots;
mod sweep;

use std::time::Instant;

pub(crate) use mark::{Marked, load};
pub use roots::{RootVisitor, WeakVisitor};
pub(crate) use sweep::Scope;

use crate::binding::{ShapeKind, VmBinding};
use crate::finalize::Finalization;
use crate::handles::{HandleKind, Handles};
use crate::object::ObjectRef;
use crate::region::Core;
use crate::space::Space;
use mark::Marker;

/// What a cycle works on. The world is stopped and the collection lock held.
pub(crate) struct Cycle<'a, B> {
    pub(crate) core: &'a Core,
    pub(crate) binding: &'a B,
    pub(crate) handles: &'a Handles,
    pub(crate) finalization: &'a Finalization,
    /// Check precise roots; the verifier has completed the start bits.
    pub(crate) check_roots: bool,
}

/// What a cycle did.
pub(crate) struct Outcome {
    pub(crate) marked: Marked,
    pub(crate) finalizable: usize,
    pub(crate) cleared_handles: usize,
    pub(crate) mark_time: core::time::Duration,
    pub(crate) sweep_time: core::time::Duration,
}

impl<B: VmBinding> Cycle<'_, B> {
    /// Collects. `before` is what survived the last collection.
    pub(crate) fn run(&self, space: &mut Space, scope: Scope, before: Marked) -> Outcome {
        let begin = Instant::now();
        let core = self.core;
        let young = scope == Scope::Young;
        let before = if young { before } else { Marked::default() };
        let mut marker = Marker::new(core, self.binding, space.top(), young, self.check_roots);
        if young {
            core.take_logged(|line| marker.scan_line(line));
        } else {
            core.take_logged(|_| {});
            sweep::clear_marks(core, space.top());
        }
        let mut roots = RootVisitor::new(marker);
        self.binding.scan_roots(&mut roots);
        let mut marker = roots.into_marker();
        let mut visit = |object: ObjectRef| marker.visit(object.addr());
        for kind in [HandleKind::Normal, HandleKind::Pinned] {
            self.handles.for_each(kind, |_, object| {
                object.into_iter().for_each(&mut visit);
            });
        }
        self.finalization.for_each_ready(|object| visit(*object));
        self.mark_reachable(&mut marker);

        let is_live = |object| mark::is_live(core, object);
        let mut cleared_handles = self.handles.clear_dead(HandleKind::Weak, is_live);
        let finalizable = self.finalization.take_dead(
            young,
            |object| !is_live(object),
            |object| marker.visit(object.addr()),
        );
        if finalizable != 0 {
            self.mark_reachable(&mut marker);
        }
        self.finalization.end_collection(is_live);
        for kind in [HandleKind::WeakTrackResurrection, HandleKind::Dependent] {
            cleared_handles += self.handles.clear_dead(kind, is_live);
        }
        marker.clear_ephemerons();
        self.binding.process_weak(&WeakVisitor::new(core, young));
        let marked = marker.finish(before);
        let mark_time = begin.elapsed();

        let begin = Instant::now();
        sweep::sweep(core, space, scope, |addr| self.has_refs(addr));
        Outcome {
            marked,
            finalizable,
            cleared_handles,
            mark_time,
            sweep_time: begin.elapsed(),
        }
    }

    fn has_refs(&self, addr: usize) -> bool {
        ObjectRef::from_addr(addr).is_some_and(|object| {
            // SAFETY: the sweep asks about marked objects.
            let shape = unsafe { self.binding.shape(object) };
            !matches!(shape.kind, ShapeKind::NoRefs)
        })
    }

    /// Marks everything reachable from what is grey, through ephemerons and
    /// dependent handles too.
    fn mark_reachable(&self, marker: &mut Marker<'_, B>) {
        loop {
            marker.drain_with_ephemerons();
            let mut progress = false;
            self.handles.for_each_pair(|target, dependent| {
                if marker.is_live(target) && !marker.is_live(dependent) {
                    marker.visit(dependent.addr());
                    progress = true;
                }
            });
            if !progress {
                return;
            }
        }
    }
}
