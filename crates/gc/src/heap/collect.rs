//! When to collect, and what.

use core::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::{Heap, Marking, floor};
use crate::binding::VmBinding;
use crate::collect::{Cycle, Major, Outcome, Scope, clear_major_marks, sweep_some};
use crate::layout::PAGE;
use crate::os::thread_cpu_time;
use crate::space::Space;
use crate::stats::{CollectionRecord, Reason};
use crate::verify::verify;

/// Heaps up to this size grow by twice the percentage between collections.
const FAST_GROWTH: usize = 8 << 20;
/// The smallest budget between young collections: below it, the fixed costs of
/// a collection weigh more than what it has to mark.
const MIN_YOUNG: usize = 512 << 10;

/// Native memory told of since the last collection that asks for a full one, at
/// least.
const MIN_PRESSURE: usize = 8 << 20;
/// How many blocks and runs a pause sweeps at most beside the young ones: a small
/// heap needs no background thread.
const SWEEP_AT_ONCE: usize = 128;

/// Resumes the mutators, also when a verification panics.
pub(crate) struct Stopped<'a, B: VmBinding>(pub(crate) &'a B);

impl<B: VmBinding> Drop for Stopped<'_, B> {
    fn drop(&mut self) {
        self.0.resume_mutators();
    }
}

/// Overwrites the stack below the caller's frame. Calls that have returned left
/// references there, and the frames of the collection, which do not write all of
/// their words, would show them to a conservative scan.
#[inline(never)]
pub(crate) fn clear_stack() {
    let mut words = [1u64; 1024];
    core::hint::black_box(&mut words).fill(0);
    core::hint::black_box(&mut words);
}

impl<B: VmBinding> Heap<B> {
    /// Collects `generation` and all younger ones now. Returns when it is done.
    pub fn collect(&self, generation: u8) {
        self.collect_since(
            self.epoch.load(Relaxed),
            generation,
            Reason::Requested,
            false,
        );
    }

    /// Collects, unless somebody else did since the caller saw `epoch`.
    pub(super) fn collect_since(&self, epoch: u64, generation: u8, reason: Reason, thorough: bool) {
        let asked = Instant::now();
        clear_stack();
        let background;
        let (record, ready) = {
            let _pausing = self.background.pause();
            self.binding.stop_mutators();
            let _stopped = Stopped(&self.binding);
            if reason != Reason::Requested && self.epoch.load(Relaxed) != epoch {
                return;
            }
            assert!(
                !self.collecting.swap(true, Relaxed),
                "two collections at once: stop_mutators let two threads in"
            );
            let (record, work) = self.run(asked, generation, reason, thorough);
            background = work;
            self.collecting.store(false, Relaxed);
            (record, self.finalization.ready_len())
        };
        if background {
            self.wake_background();
        }
        self.binding.collection_finished(&record);
        if ready != 0 {
            self.binding.finalizers_ready(ready);
        }
    }

    /// The collection itself, with the world stopped. Tells also whether there is
    /// work for the background thread.
    fn run(
        &self,
        asked: Instant,
        generation: u8,
        reason: Reason,
        thorough: bool,
    ) -> (CollectionRecord, bool) {
        let (begin, cpu_begin) = (Instant::now(), thread_cpu_time());
        self.binding.visit_tlabs(&mut |tlab| self.close_tlab(tlab));
        let bytes_before = self.used_bytes();
        let mut space = self.space.lock();
        if self.options.verify {
            sweep_some(&self.core, &mut space, usize::MAX);
        }
        self.verify_if_asked(&space, "before");
        let cycle = Cycle {
            core: &self.core,
            binding: &self.binding,
            handles: &self.handles,
            finalization: &self.finalization,
            check_roots: self.options.verify,
        };
        let scope = self.scope(generation, reason, thorough);
        let generation = if scope == Scope::Young { generation } else { 2 };
        let before = self.history.lock().live;
        let mut marking = self.marking.lock();
        let Marking {
            current,
            major,
            major_active,
        } = &mut *marking;
        if scope != Scope::Young && core::mem::take(major_active) {
            major.reset();
            clear_major_marks(&self.core, space.top());
        }
        let major = major_active.then_some(Major {
            state: major,
            full_at: self.full_at.load(Relaxed),
            finish_at: self.full_at.load(Relaxed) + self.growth.load(Relaxed),
            slice: match self.options.stress {
                // Many small slices.
                Some(_) => Duration::ZERO,
                None => self.options.pause_target,
            },
            background: self.background.is_present(),
        });
        let outcome = cycle.run(&mut space, scope, before, current, major);
        space.release_aux(self.returned.swap(0, Relaxed));
        let generation = if outcome.flipped { 2 } else { generation };
        let young_cpu = thread_cpu_time()
            .saturating_sub(cpu_begin)
            .saturating_sub(outcome.major_cpu);
        // Starts are known again when the sweep is done, before the next collection.
        if !space.is_sweeping() {
            self.verify_if_asked(&space, "after");
        }
        *major_active = self.set_budget(&mut space, scope, &outcome, *major_active, young_cpu);
        let background = *major_active || space.is_sweeping() || space.is_releasing();
        drop(marking);
        let number = self.epoch.load(Relaxed) + 1;
        let record = CollectionRecord {
            number,
            generation,
            reason,
            stop: begin - asked,
            pause: begin.elapsed(),
            cpu: thread_cpu_time().saturating_sub(cpu_begin),
            mark: outcome.mark_time,
            major: outcome.major_time,
            sweep: outcome.sweep_time,
            bytes_before,
            bytes_after: outcome.live.bytes,
            marked_objects: outcome.marked.objects,
            marked_bytes: outcome.marked.bytes,
            finalizable: outcome.finalizable,
            cleared_handles: outcome.cleared_handles,
            used_bytes: space.used_bytes(),
            resident_bytes: space.resident_bytes(),
            mark_stack_overflowed: outcome.marked.overflowed,
        };
        drop(space);
        let mut history = self.history.lock();
        history.live = outcome.live;
        for count in &mut history.stats.collections[..=record.generation as usize] {
            *count += 1;
        }
        history.stats.total_pause += record.pause;
        history.stats.longest_pause = history.stats.longest_pause.max(record.pause);
        history.stats.allocated_bytes += self.allocated.swap(0, Relaxed) as u64;
        history.last = Some(record);
        self.live.store(record.bytes_after, Relaxed);
        self.pressure_base
            .store(self.pressure.load(Relaxed), Relaxed);
        if reason == Reason::Limit {
            self.limit_epoch.store(number, Relaxed);
        }
        self.epoch.store(number, Relaxed);
        (record, background && self.options.stress.is_none())
    }

    fn verify_if_asked(&self, space: &Space, when: &str) {
        if self.options.verify
            && let Err(error) = verify(&self.core, &self.binding, space.top())
        {
            panic!(
                "the heap is broken {when} collection {}: {error}",
                self.epoch.load(Relaxed) + 1
            );
        }
    }

    /// What a collection of `generation` has to look at.
    fn scope(&self, generation: u8, reason: Reason, thorough: bool) -> Scope {
        if thorough {
            return Scope::Thorough;
        }
        let pressure = self
            .pressure
            .load(Relaxed)
            .saturating_sub(self.pressure_base.load(Relaxed));
        let grown =
            !self.options.incremental && self.live.load(Relaxed) >= self.full_at.load(Relaxed);
        let pressed = pressure >= self.options.min_budget.max(MIN_PRESSURE);
        let due = reason == Reason::Budget && (grown || pressed);
        if !self.core.is_generational() || generation >= 2 || due {
            Scope::Full
        } else {
            Scope::Young
        }
    }

    /// Decides how much may be allocated until the next collection, and whether
    /// old objects are to be marked across the next ones. `young`: the CPU time
    /// of the pause without that marking.
    fn set_budget(
        &self,
        space: &mut Space,
        scope: Scope,
        outcome: &Outcome,
        major_active: bool,
        young: Duration,
    ) -> bool {
        let live = outcome.live.bytes;
        // A small heap may grow faster: that costs little memory and saves many
        // collections.
        let growth = (live + live.min(FAST_GROWTH)) / 100 * self.options.growth_percent as usize;
        let growth = growth.max(floor(&self.core, self.options.min_budget));
        if !self.core.is_generational() {
            self.budget.store(growth, Relaxed);
            // Pages that the next cycle will fill stay warm.
            space.release(&self.core, (growth + growth / 4) / PAGE);
            return false;
        }
        if scope == Scope::Young && !outcome.flipped {
            let ratio = self.options.pause_target.as_secs_f64() / young.as_secs_f64().max(1e-6);
            let budget = self.budget.load(Relaxed) as f64 * ratio.clamp(0.5, 1.25);
            let most = floor(&self.core, self.options.max_young);
            let least = most.min(MIN_YOUNG);
            self.budget
                .store((budget as usize).clamp(least, most), Relaxed);
            let start_at = self.full_at.load(Relaxed) - self.growth.load(Relaxed) / 2;
            let due = self.options.stress.is_some() || live >= start_at;
            if !major_active && self.options.incremental && due {
                // The next marking needs the plane that the last sweep clears.
                sweep_some(&self.core, space, usize::MAX);
                return true;
            }
            major_active
        } else {
            self.growth.store(growth, Relaxed);
            self.full_at.store(live + growth, Relaxed);
            let warm = growth + self.options.max_young;
            let warm = (warm + warm / 4) / PAGE;
            sweep_some(&self.core, space, SWEEP_AT_ONCE);
            if self.background.is_present() {
                space.release_later(warm);
            } else {
                space.release(&self.core, warm);
            }
            false
        }
    }
}
