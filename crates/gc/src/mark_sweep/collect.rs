//! When to mark, how much, and the end of it.

use core::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use ferrocil_alloc::heap::{Colour, HeaderLayout};

use super::arena::{Arena, Ground};
use super::mark::Marker;
use super::{Inner, MarkSweep};
use crate::binding::VmBinding;
use crate::collect::{RootVisitor, conclude, visit_strong};
use crate::heap::{Stopped, clear_stack};
use crate::object::ObjectRef;
use crate::os::thread_cpu_time;
use crate::stats::{CollectionRecord, Reason};
use crate::verify::{Check, Objects, VerifyError, VerifyReport};

/// Objects of the smallest step.
const MIN_STEP: usize = 256;
/// Objects of a step in stress mode: many steps.
const STRESS_STEP: usize = 16;
/// Of so many collections for stress, one drops the marking in progress.
const STRESS_FULL: u64 = 8;

/// What a pause is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Mark everything anew, and collect.
    Fresh,
    /// Finish the marking in progress, if there is one.
    Finish,
    /// Mark about so many objects; begin a marking if there is none.
    Step(usize),
}

impl<B: VmBinding, L: HeaderLayout> MarkSweep<B, L> {
    /// Collects, unless somebody else did since the caller saw `epoch`.
    pub(super) fn collect_since(&self, epoch: u64, reason: Reason) {
        let work = match reason {
            Reason::Limit => Work::Finish,
            _ => Work::Fresh,
        };
        self.pause(epoch, reason, |_| Some(work));
    }

    /// Begins a marking in steps, unless one is going on: for a VM that marks in its idle time, with
    /// [`Plan::mark_step`](crate::Plan::mark_step). Does nothing without
    /// [`HeapOptions::step_bytes`](crate::HeapOptions::step_bytes).
    pub fn begin_marking(&self) {
        if self.options.step_bytes.is_some() {
            self.pause(self.epoch.load(Relaxed), Reason::Budget, |inner| {
                (!inner.active).then_some(Work::Step(0))
            });
        }
    }

    /// A step of marking, of a size that ends the marking in time unless `objects` is given.
    /// Returns whether there is more to do.
    pub(super) fn step(&self, epoch: u64, objects: Option<usize>) -> bool {
        self.pause(epoch, Reason::Budget, |inner| {
            Some(Work::Step(objects.unwrap_or_else(|| self.pace(inner))))
        })
    }

    /// A step of a marking that is going on; what a caller asks for.
    pub(super) fn step_if_active(&self, objects: usize) -> bool {
        self.pause(self.epoch.load(Relaxed), Reason::Budget, |inner| {
            inner.active.then_some(Work::Step(objects))
        })
    }

    pub(super) fn stress(&self) {
        let epoch = self.epoch.load(Relaxed);
        let number = self.inner.lock().stats.collections[2];
        if self.options.step_bytes.is_none() || number.is_multiple_of(STRESS_FULL) {
            self.collect_since(epoch, Reason::Stress);
        } else {
            self.pause(epoch, Reason::Stress, |_| Some(Work::Step(STRESS_STEP)));
        }
    }

    /// Stops the world for some work. Returns whether a marking goes on.
    fn pause(
        &self,
        epoch: u64,
        reason: Reason,
        choose: impl FnOnce(&Inner<L>) -> Option<Work>,
    ) -> bool {
        let asked = Instant::now();
        clear_stack();
        let (record, active, ready) = {
            self.binding.stop_mutators();
            let _stopped = Stopped(&self.binding);
            if reason != Reason::Requested && self.epoch.load(Relaxed) != epoch {
                return self.inner.lock().active;
            }
            assert!(
                !self.collecting.swap(true, Relaxed),
                "two collections at once: stop_mutators let two threads in"
            );
            let mut inner = self.inner.lock();
            let record = choose(&inner).and_then(|work| self.run(&mut inner, asked, reason, work));
            self.collecting.store(false, Relaxed);
            (record, inner.active, self.finalization.ready_len())
        };
        if let Some(record) = record {
            self.binding.collection_finished(&record);
            if ready != 0 {
                self.binding.finalizers_ready(ready);
            }
        }
        active
    }

    /// The work itself, with the world stopped. A record if it has ended a collection.
    fn run(
        &self,
        inner: &mut Inner<L>,
        asked: Instant,
        reason: Reason,
        work: Work,
    ) -> Option<CollectionRecord> {
        let (begin, cpu_begin) = (Instant::now(), thread_cpu_time());
        self.verify_if_asked(inner, "before");
        let bytes_before = inner.arena.heap().stats().used;
        if work == Work::Fresh && inner.active {
            self.give_up(inner);
        }
        let mut marker = Marker {
            binding: &self.binding,
            arena: &mut inner.arena,
            state: &mut inner.marking,
            check_roots: self.options.verify,
        };
        if !inner.active {
            self.visit_roots(&mut marker);
        }
        let done = match work {
            Work::Fresh | Work::Finish => {
                if inner.active {
                    self.visit_changes(&mut marker);
                }
                true
            }
            Work::Step(objects) => {
                marker.drain_some(objects) && {
                    if inner.active {
                        self.visit_changes(&mut marker);
                    }
                    marker.drain_some(objects)
                }
            }
        };
        if !done {
            if !inner.active {
                self.ground.set_logging(true);
                inner.active = true;
            }
            inner.due = inner.allocated + self.options.step_bytes.unwrap_or(0);
            self.note_pause(inner, begin.elapsed());
            return None;
        }
        let (finalizable, cleared_handles) =
            conclude(&mut marker, &self.handles, &self.finalization, false);
        let counted = core::mem::take(&mut marker.state.counted);
        marker.state.reset();
        let mark = begin.elapsed();
        if core::mem::take(&mut inner.active) {
            self.ground.set_logging(false);
        }
        inner.arena.sweep();
        let returned = self.returned.swap(0, Relaxed);
        inner
            .arena
            .release(returned + self.handles.trim() + self.finalization.trim());
        let sweep = begin.elapsed() - mark;
        self.verify_if_asked(inner, "after");
        let used = inner.arena.heap().stats().used;
        self.set_budget(used);
        let tables = self.ground.max_bytes - self.ground.bytes;
        inner.stats.allocated_bytes += core::mem::take(&mut inner.allocated) as u64;
        inner.due = 0;
        for count in &mut inner.stats.collections {
            *count += 1;
        }
        let number = inner.stats.collections[2];
        let record = CollectionRecord {
            number,
            generation: 2,
            reason,
            stop: begin - asked,
            pause: begin.elapsed(),
            cpu: thread_cpu_time().saturating_sub(cpu_begin),
            mark,
            major: Duration::ZERO,
            sweep,
            bytes_before,
            bytes_after: used,
            marked_objects: counted.objects,
            marked_bytes: counted.bytes,
            finalizable,
            cleared_handles,
            used_bytes: used + tables,
            resident_bytes: self.ground.max_bytes,
            mark_stack_overflowed: counted.overflowed,
        };
        self.note_pause(inner, record.pause);
        inner.last = Some(record);
        self.epoch.store(number, Relaxed);
        Some(record)
    }

    fn note_pause(&self, inner: &mut Inner<L>, pause: Duration) {
        inner.stats.total_pause += pause;
        inner.stats.longest_pause = inner.stats.longest_pause.max(pause);
    }

    fn visit_roots(&self, marker: &mut Marker<'_, B, L>) {
        self.binding.scan_roots(&mut RootVisitor::of(marker));
        visit_strong(marker, &self.handles, &self.finalization);
    }

    /// Visits what may have changed behind the marking's back: the roots, and what has been stored
    /// to.
    fn visit_changes(&self, marker: &mut Marker<'_, B, L>) {
        self.visit_roots(marker);
        self.ground.for_each_logged(|line| marker.rescan_line(line));
    }

    /// Drops the marking in progress.
    fn give_up(&self, inner: &mut Inner<L>) {
        self.ground.set_logging(false);
        inner.arena.whiten();
        inner.marking.reset();
        inner.active = false;
    }

    /// How many objects a step must mark so that the marking ends while half of what was free when
    /// the step is due still is.
    fn pace(&self, inner: &Inner<L>) -> usize {
        let stats = inner.arena.heap().stats();
        let step = self.options.step_bytes.unwrap_or(usize::MAX).max(1);
        let steps = (stats.free / 2 / step).max(1);
        let left = stats
            .used_blocks
            .saturating_sub(inner.marking.counted.objects as usize);
        left.div_ceil(steps).max(MIN_STEP)
    }

    /// Decides how much may be allocated until the next collection.
    fn set_budget(&self, used: usize) {
        let growth = used / 100 * self.options.growth_percent as usize;
        let least = self.options.min_budget.min(self.ground.bytes / 2);
        self.budget.store(growth.max(least), Relaxed);
    }

    fn verify_if_asked(&self, inner: &Inner<L>, when: &str) {
        if self.options.verify
            && let Err(error) = self.check(inner)
        {
            panic!(
                "the heap is broken {when} collection {}: {error}",
                self.epoch.load(Relaxed) + 1
            );
        }
    }

    /// Checks structure, objects and colours. The world is stopped.
    pub(super) fn check(&self, inner: &Inner<L>) -> Result<VerifyReport, VerifyError> {
        let arena = &inner.arena;
        arena.heap().check().map_err(VerifyError::Arena)?;
        let coloured = Coloured {
            arena,
            ground: inner.active.then_some(&self.ground),
        };
        let mut check = Check::new(coloured, &self.binding);
        let mut result = Ok(());
        arena.for_each_object(|object| {
            // Without a header it is no object yet.
            if result.is_ok() && header(object) != 0 {
                result = check.object(object, arena.room(object).next_multiple_of(8));
            }
        });
        result.map(|()| check.report)
    }
}

pub(super) fn header(object: ObjectRef) -> usize {
    // SAFETY: an object of at least two words.
    unsafe { crate::collect::load(object.addr()) }
}

/// A mark-sweep heap, to the verifier.
struct Coloured<'a, L: HeaderLayout> {
    arena: &'a Arena<L>,
    /// While a marking goes on in steps: the log.
    ground: Option<&'a Ground>,
}

impl<L: HeaderLayout> Objects for Coloured<'_, L> {
    fn contains(&self, addr: usize) -> bool {
        self.arena.contains(addr)
    }

    fn is_start(&self, addr: usize) -> bool {
        self.arena.is_start(addr)
    }

    fn missing_barrier(
        &self,
        object: ObjectRef,
        offset: usize,
        value: usize,
    ) -> Option<VerifyError> {
        let ground = self.ground?;
        let lost = self.arena.allocation(object).colour == Colour::BLACK
            && !self.arena.is_marked(value)
            && !ground.is_logged(object.addr() + offset);
        lost.then_some(VerifyError::BlackToWhite {
            object,
            offset,
            value,
        })
    }
}
