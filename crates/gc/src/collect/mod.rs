//! One collection, from stopped world to stopped world.

mod mark;
mod roots;
mod sweep;
mod trace;

use std::time::{Duration, Instant};

pub(crate) use mark::{MarkStack, MarkState, Marked, Marker, Plane, load};
pub(crate) use roots::Marking;
pub use roots::{RootVisitor, WeakVisitor};
pub(crate) use sweep::{Scope, clear_major_marks, sweep_some};
pub(crate) use trace::{Tracer, conclude, visit_strong};

use crate::binding::{ShapeKind, VmBinding};
use crate::finalize::Finalization;
use crate::handles::Handles;
use crate::object::ObjectRef;
use crate::os::thread_cpu_time;
use crate::region::Core;
use crate::side::BitTable;
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
    /// How long a slice takes, unless it is late.
    pub(crate) slice: Duration,
    /// A thread marks between the pauses, so that no slice is needed in time.
    pub(crate) background: bool,
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

/// How long a pause tries at least to finish a marking that the background has
/// brought to its end.
const LAST_SLICE: Duration = Duration::from_micros(50);
/// So many objects are marked in one pause.
const SMALL: usize = 8192;
/// How many objects are scanned between two looks at the clock.
const SLICE: usize = 256;
/// To scan a line costs about as much as to scan this many objects.
const LINE_WORK: usize = 4;
/// Young collections are taken to promote at least this much, when the pace of
/// marking is computed.
const MIN_PROMOTION: usize = 64 * 1024;

/// What a pause does for the marking across collections.
struct Plan {
    full_at: usize,
    finish_at: usize,
    slice: Duration,
    background: bool,
    /// The marking begins with this pause.
    new: bool,
    /// Nothing is left to mark but what this pause finds.
    rest: bool,
    /// Objects that have been marked in the background since the last pause.
    progress: u64,
}

impl Plan {
    fn new(major: &mut Major<'_>) -> Plan {
        Plan {
            full_at: major.full_at,
            finish_at: major.finish_at,
            slice: major.slice,
            background: major.background,
            new: major.state.is_new(),
            rest: major.background && !major.state.is_new() && major.state.is_waiting(),
            progress: major.state.progress(),
        }
    }

    /// Marks some old objects; returns whether nothing is left to do. `promoted`:
    /// bytes that the collection has promoted. `stores`: lines that it found logged.
    fn slice<B: VmBinding>(
        &self,
        major: &mut Marker<'_, B>,
        live: Marked,
        promoted: usize,
        stores: usize,
    ) -> bool {
        let late = live.bytes >= self.full_at;
        let goal = if late { self.finish_at } else { self.full_at };
        let slices = goal.saturating_sub(live.bytes) / promoted.max(MIN_PROMOTION);
        let left = live.objects.saturating_sub(major.counted().objects) as usize;
        let left = left + LINE_WORK * major.dirty();
        let pace = left.checked_div(slices).unwrap_or(usize::MAX);
        let attempt = major.begin_slice(self.rest);
        let begin = Instant::now();
        let done = if !self.background {
            slice(major, pace, 2 * stores, begin + self.slice, None)
        } else if self.rest {
            // A little more time each time that it was not enough.
            let end = begin + self.slice.max(LAST_SLICE) * (1 << attempt.min(16));
            slice(major, 0, 0, end, Some(end))
        } else if left <= SMALL {
            // Not worth a trip to another thread.
            slice(major, 0, 0, begin + self.slice, Some(begin + self.slice))
        } else if self.progress < pace as u64 && !self.new {
            let factor = match (late, live.bytes >= self.finish_at) {
                (_, true) => 8,
                (true, false) => 2,
                (false, false) => 1,
            };
            let pace = pace - self.progress as usize;
            slice(major, pace, 0, begin, Some(begin + self.slice * factor))
        } else {
            false
        };
        major.progress();
        done
    }
}

/// Marks at least `pace` objects, then scans at least `lines` of those that
/// have been stored to: more than come in, or it would never end. Goes on
/// until `deadline`, but never beyond `limit`. Returns whether nothing is left
/// to do.
fn slice<B: VmBinding>(
    major: &mut Marker<'_, B>,
    pace: usize,
    mut lines: usize,
    deadline: Instant,
    limit: Option<Instant>,
) -> bool {
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
        let now = Instant::now();
        if done >= pace && (!marked_all || lines == 0) && now >= deadline
            || limit.is_some_and(|limit| now >= limit)
        {
            return false;
        }
    }
}

/// Whether an object is marked, or not of this heap. In a young collection, most
/// objects of long tables are old, and their lines tell that without a look at
/// marks that are far apart.
#[inline]
fn is_live(core: &Core, bits: &BitTable, young: bool, addr: usize) -> bool {
    !core.contains(addr) || young && core.in_old_line(addr) || core.is_live(bits, addr)
}

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
        let mut all_roots = !young;
        let mut plan = None;
        let (finalizable, cleared, marked, mut major) = {
            let plane = if young { Plane::Young } else { Plane::All };
            let mut current = marker(plane, state);
            if let Some(mut major) = major {
                all_roots |= major.state.is_new();
                plan = Some(Plan::new(&mut major));
                current = current.beside(major.state);
            }
            if young {
                core.for_each_logged(top, plan.is_none(), |line| current.scan_line(line));
            } else {
                sweep_some(core, space, usize::MAX);
                core.for_each_logged(top, true, |_| {});
                sweep::clear_marks(core, top);
            }
            let mut roots = RootVisitor::new(current, !all_roots);
            self.binding.scan_roots(&mut roots);
            let mut current = roots.into_marker();
            self.visit_strong(&mut current);
            let (finalizable, cleared) = self.conclude(&mut current, young);
            let (marked, major) = current.finish(before);
            (finalizable, cleared, marked, major)
        };
        let (mut marked, mut finalizable, mut cleared_handles) = (marked, finalizable, cleared);
        let mut live = Marked {
            objects: before.objects + marked.objects,
            bytes: before.bytes + marked.bytes,
            overflowed: marked.overflowed,
        };
        let major_begin = Instant::now();
        let mut major_cpu = Duration::ZERO;
        if let (Some(state), Some(plan)) = (major.take(), plan) {
            let cpu_begin = thread_cpu_time();
            let mut major = marker(Plane::Major, state);
            let mut stores = 0;
            core.for_each_logged(top, true, |line| {
                major.add_dirty(line);
                stores += 1;
            });
            if plan.slice(&mut major, live, marked.bytes, stores) {
                let (more_finalizable, more_cleared) = self.conclude(&mut major, false);
                finalizable += more_finalizable;
                cleared_handles += more_cleared;
                marked = major.finish(Marked::default()).0;
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

    /// Greys what handles and the finalizer queue keep.
    fn visit_strong(&self, marker: &mut Marker<'_, B>) {
        trace::visit_strong(marker, self.handles, self.finalization);
    }

    /// Finishes a marking that has all its roots; see [`trace::conclude`].
    fn conclude(&self, marker: &mut Marker<'_, B>, young: bool) -> (usize, usize) {
        trace::conclude(marker, self.handles, self.finalization, young)
    }

    fn has_refs(&self, addr: usize) -> bool {
        ObjectRef::from_addr(addr).is_some_and(|object| {
            // SAFETY: the sweep asks about marked objects.
            let shape = unsafe { self.binding.shape(object) };
            !matches!(shape.kind, ShapeKind::NoRefs)
        })
    }
}
