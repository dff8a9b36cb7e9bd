//! One collection, from stopped world to stopped world.

mod mark;
mod roots;
mod sweep;

use std::time::{Duration, Instant};

pub(crate) use mark::{MarkState, Marked, Marker, Plane, load};
pub use roots::{RootVisitor, WeakVisitor};
pub(crate) use sweep::{Scope, clear_major_marks};

use crate::binding::{ShapeKind, VmBinding};
use crate::finalize::Finalization;
use crate::handles::{HandleKind, Handles};
use crate::object::ObjectRef;
use crate::os::thread_cpu_time;
use crate::region::Core;
use crate::space::Space;

/// What a cycle works on. The world is stopped and the collection lock held.
pub(crate) struct Cycle<'a, B> {
    pub(crate) core: &'a Core,
    pub(crate) binding: &'a B,
    pub(crate) handles: &'a Handles,
    pub(crate) finalization: &'a Finalization,
    /// Check precise roots; the verifier has completed the start bits.
    pub(crate) check_roots: bool,
}

/// The marking of old objects across collections, as a cycle finds it.
pub(crate) struct Major<'a> {
    pub(crate) state: &'a mut MarkState,
    /// Bytes of old objects by which it should be finished.
    pub(crate) full_at: usize,
    /// Bytes of old objects by which it must be finished.
    pub(crate) finish_at: usize,
    /// When the pause should end.
    pub(crate) deadline: Instant,
}

/// What a cycle did.
pub(crate) struct Outcome {
    /// What it marked: young objects, or all.
    pub(crate) marked: Marked,
    /// What is alive now.
    pub(crate) live: Marked,
    /// The marking across collections has been finished: garbage of all ages
    /// is gone.
    pub(crate) flipped: bool,
    pub(crate) finalizable: usize,
    pub(crate) cleared_handles: usize,
    pub(crate) mark_time: Duration,
    /// The part of `mark_time` for marking across collections.
    pub(crate) major_time: Duration,
    /// The same in CPU time.
    pub(crate) major_cpu: Duration,
    pub(crate) sweep_time: Duration,
}

/// How many objects are scanned between two looks at the clock.
const SLICE: usize = 256;
/// To scan a line costs about as much as to scan this many objects.
const LINE_WORK: usize = 4;
/// Young collections are taken to promote at least this much, when the pace of
/// marking is computed.
const MIN_PROMOTION: usize = 64 * 1024;

impl<B: VmBinding> Cycle<'_, B> {
    /// Collects. `before` is what survived the last collection; `major` goes
    /// with young collections only.
    pub(crate) fn run(
        &self,
        space: &mut Space,
        mut scope: Scope,
        before: Marked,
        state: &mut MarkState,
        major: Option<Major<'_>>,
    ) -> Outcome {
        let begin = Instant::now();
        let (core, top) = (self.core, space.top());
        let young = scope == Scope::Young;
        let before = if young { before } else { Marked::default() };
        let marker =
            |plane, state| Marker::new(core, self.binding, plane, top, self.check_roots, state);
        let mut current = marker(Plane::Current, state);
        if young {
            core.for_each_logged(major.is_none(), |line| current.scan_line(line));
        } else {
            core.for_each_logged(true, |_| {});
            sweep::clear_marks(core, top);
        }
        let (major, plan) = match major {
            Some(Major {
                state,
                full_at,
                finish_at,
                deadline,
            }) => (
                Some(marker(Plane::Major, state)),
                Some((full_at, finish_at, deadline)),
            ),
            None => (None, None),
        };
        let mut roots = RootVisitor::new(current, major, young);
        self.binding.scan_roots(&mut roots);
        let (mut current, major) = roots.into_markers();
        self.visit_strong(&mut current);
        let (mut finalizable, mut cleared_handles) = self.conclude(&mut current, young);
        let mut marked = current.finish(before);
        let mut live = Marked {
            objects: before.objects + marked.objects,
            bytes: before.bytes + marked.bytes,
            overflowed: marked.overflowed,
        };
        let major_begin = Instant::now();
        let mut major_cpu = Duration::ZERO;
        if let (Some(mut major), Some((full_at, finish_at, deadline))) = (major, plan) {
            let cpu_begin = thread_cpu_time();
            let mut stores = 0;
            core.for_each_logged(true, |line| {
                major.add_dirty(line);
                stores += 1;
            });
            self.visit_strong(&mut major);
            let goal = if live.bytes < full_at {
                full_at
            } else {
                finish_at
            };
            let slices = goal.saturating_sub(live.bytes) / marked.bytes.max(MIN_PROMOTION);
            let left = live.objects.saturating_sub(major.counted().objects) as usize;
            let left = left + LINE_WORK * major.dirty();
            let pace = left.checked_div(slices).unwrap_or(usize::MAX);
            if Self::slice(&mut major, pace, 2 * stores, deadline) {
                let (more_finalizable, more_cleared) = self.conclude(&mut major, false);
                finalizable += more_finalizable;
                cleared_handles += more_cleared;
                marked = major.finish(Marked::default());
                live = marked;
                scope = Scope::Flip;
            }
            major_cpu = thread_cpu_time().saturating_sub(cpu_begin);
        }
        if scope != Scope::Young {
            space.release_aux(self.handles.trim() + self.finalization.trim());
        }
        let (mark_time, major_time) = (begin.elapsed(), major_begin.elapsed());
        let begin = Instant::now();
        sweep::sweep(core, space, scope, |addr| self.has_refs(addr));
        Outcome {
            marked,
            live,
            flipped: scope == Scope::Flip,
            finalizable,
            cleared_handles,
            mark_time,
            major_time,
            major_cpu,
            sweep_time: begin.elapsed(),
        }
    }

    /// Marks at least `pace` objects, then scans at least `lines` of those that
    /// have been stored to: more than come in, or it would never end. Goes on
    /// until the deadline. Returns whether nothing is left to do.
    fn slice(major: &mut Marker<'_, B>, pace: usize, mut lines: usize, deadline: Instant) -> bool {
        let mut done = 0;
        loop {
            let marked_all = major.drain_some(SLICE);
            if marked_all {
                let scanned = major.scan_dirty();
                if scanned == 0 {
                    return true;
                }
                done += LINE_WORK * scanned;
                lines = lines.saturating_sub(scanned);
            } else {
                if major.is_stuck() {
                    major.drain();
                }
                done += SLICE;
            }
            if done >= pace && (!marked_all || lines == 0) && Instant::now() >= deadline {
                return false;
            }
        }
    }

    /// Greys what handles and the finalizer queue keep.
    fn visit_strong(&self, marker: &mut Marker<'_, B>) {
        let mut visit = |object: ObjectRef| marker.visit(object.addr());
        for kind in [HandleKind::Normal, HandleKind::Pinned] {
            self.handles.for_each(kind, |_, object| {
                object.into_iter().for_each(&mut visit);
            });
        }
        self.finalization.for_each_ready(|object| visit(*object));
    }

    /// Finishes a marking that has all its roots: everything reachable,
    /// finalization, weak references. Tells how many objects are to be
    /// finalized and how many handles were cleared.
    fn conclude(&self, marker: &mut Marker<'_, B>, young: bool) -> (usize, usize) {
        self.mark_reachable(marker);
        let (core, bits) = (self.core, marker.bits());
        let is_live = |object: ObjectRef| core.is_live(bits, object.addr());
        let mut cleared = self.handles.clear_dead(HandleKind::Weak, is_live);
        let finalizable = self.finalization.take_dead(
            young,
            |object| !is_live(object),
            |object| self.binding.finalizes_last(object),
            |object| marker.visit(object.addr()),
        );
        if finalizable != 0 {
            self.mark_reachable(marker);
        }
        self.finalization.end_collection(is_live);
        for kind in [HandleKind::WeakTrackResurrection, HandleKind::Dependent] {
            cleared += self.handles.clear_dead(kind, is_live);
        }
        marker.clear_ephemerons();
        self.binding
            .process_weak(&WeakVisitor::new(core, bits, young));
        (finalizable, cleared)
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
