//! The heap: allocation, collection, and what hangs off them.

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::binding::VmBinding;
use crate::collect::{
    Cycle, Major, MarkState, Marked, Marker, Outcome, Plane, Scope, clear_major_marks,
};
use crate::descriptor::{AllocDescriptor, BarrierDescriptor};
use crate::error::{HeapError, OutOfMemory};
use crate::finalize::Finalization;
use crate::handles::{HandleId, HandleKind, Handles};
use crate::layout::{BLOCK, GRANULE, LARGE_OBJECT, LINE, LINES_PER_BLOCK, MAX_SMALL, PAGE};
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::region::{Core, LOGGED, PageOwner, UNLOGGED, allocation_size};
use crate::space::{BlockGrant, Space};
use crate::stats::{CollectionRecord, HeapStats, Reason};
use crate::tlab::{NO_BLOCK, Tlab, Window};
use crate::verify::{VerifyError, VerifyReport, verify};

/// How much of a hole is zeroed and given to the fast path at a time.
const STEP: usize = 4096;

/// Heaps up to this size grow by twice the percentage between collections.
const FAST_GROWTH: usize = 32 << 20;
/// The smallest budget between young collections: below it, the fixed costs of
/// a collection weigh more than what it has to mark.
const MIN_YOUNG: usize = 1 << 20;
/// The budget until the first young collection: nothing is known yet.
const FIRST_YOUNG: usize = 2 << 20;

/// A budget that leaves a small heap room for more than one cycle.
fn floor(core: &Core, bytes: usize) -> usize {
    bytes.min(core.bytes / 2).max(BLOCK)
}

/// Why an attempt to allocate failed.
enum Refused {
    /// It is time to collect.
    Budget,
    /// No space.
    Space,
}

/// How hard an attempt tries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rung {
    Normal,
    /// A full collection has just run.
    AfterFull,
    /// Also look for holes that happen to be large enough.
    ExactHoles,
}

#[derive(Default)]
struct History {
    stats: HeapStats,
    /// What survived the last collection.
    live: Marked,
    last: Option<CollectionRecord>,
}

/// The states of the two markings.
struct Marking {
    current: MarkState,
    /// Of old objects, across collections.
    major: MarkState,
    major_active: bool,
}

/// A garbage-collected heap with a hard limit.
///
/// See the crate's documentation for an example.
pub struct Heap<B: VmBinding> {
    core: Core,
    binding: B,
    options: HeapOptions,
    space: Mutex<Space>,
    handles: Handles,
    finalization: Finalization,
    history: Mutex<History>,
    marking: Mutex<Marking>,
    /// Bytes handed to mutators since the last collection.
    allocated: AtomicUsize,
    /// Bytes that survived the last collection.
    live: AtomicUsize,
    /// A generational heap collects fully when `live` has reached this.
    full_at: AtomicUsize,
    /// What the heap may grow between two full collections.
    growth: AtomicUsize,
    /// `allocated` and `pressure` may reach this before a collection is due.
    budget: AtomicUsize,
    /// Native memory that hangs on objects, as told by the program, and what it
    /// was at the last collection.
    pressure: AtomicUsize,
    pressure_base: AtomicUsize,
    /// Collections so far.
    epoch: AtomicU64,
    stress_count: AtomicU32,
    collecting: AtomicBool,
}

/// Resumes the mutators, also when a verification panics.
struct Stopped<'a, B: VmBinding>(&'a B);

impl<B: VmBinding> Drop for Stopped<'_, B> {
    fn drop(&mut self) {
        self.0.resume_mutators();
    }
}

/// Overwrites the stack below the caller's frame. Calls that have returned left
/// references there, and the frames of the collection, which do not write all of
/// their words, would show them to a conservative scan.
#[inline(never)]
fn clear_stack() {
    let mut words = [1u64; 1024];
    core::hint::black_box(&mut words).fill(0);
    core::hint::black_box(&mut words);
}

impl<B: VmBinding> Heap<B> {
    /// Reserves a heap. Memory is used as it fills.
    pub fn new(options: HeapOptions, binding: B) -> Result<Heap<B>, HeapError> {
        if options.stress == Some(0) {
            return Err(HeapError::BadStress);
        }
        let core = Core::new(&options)?;
        let marking = Marking {
            current: MarkState::new(core.mark_stack()),
            major: MarkState::new(core.major_stack()),
            major_active: false,
        };
        let full_at = floor(&core, options.min_budget);
        let budget = match options.generational {
            true => floor(&core, options.max_young.min(FIRST_YOUNG)),
            false => full_at,
        };
        Ok(Heap {
            core,
            binding,
            space: Mutex::new(Space::new()),
            handles: Handles::new(),
            finalization: Finalization::default(),
            history: Mutex::new(History::default()),
            allocated: AtomicUsize::new(0),
            live: AtomicUsize::new(0),
            full_at: AtomicUsize::new(full_at),
            growth: AtomicUsize::new(full_at),
            marking: Mutex::new(marking),
            budget: AtomicUsize::new(budget),
            pressure: AtomicUsize::new(0),
            pressure_base: AtomicUsize::new(0),
            epoch: AtomicU64::new(0),
            stress_count: AtomicU32::new(0),
            collecting: AtomicBool::new(false),
            options,
        })
    }

    /// The binding that the heap was made with.
    pub fn binding(&self) -> &B {
        &self.binding
    }

    /// The options that the heap was made with.
    pub fn options(&self) -> &HeapOptions {
        &self.options
    }

    /// How compiled code allocates inline.
    pub fn alloc_descriptor(&self) -> AllocDescriptor {
        AllocDescriptor::new()
    }

    /// What compiled code does before it stores a reference.
    pub fn barrier_descriptor(&self) -> BarrierDescriptor {
        let core = &self.core;
        if !core.is_generational() {
            return BarrierDescriptor::None;
        }
        BarrierDescriptor::UnloggedLine {
            table: core.log_addr(),
            heap_start: core.base,
            heap_len: core.bytes,
            shift: LINE.ilog2() as u8,
            unlogged: UNLOGGED,
            logged: LOGGED,
            block_table: core.logged_blocks_addr(),
            block_shift: BLOCK.ilog2() as u8,
        }
    }

    // ----- the write barrier -----------------------------------------------

    /// The write barrier, before a reference is stored to the word at `slot`,
    /// which may be outside the heap. No safepoint may come between the two.
    /// Does nothing if the heap is not generational.
    #[inline]
    pub fn write_barrier(&self, slot: usize) {
        let offset = slot.wrapping_sub(self.core.base);
        if offset < self.core.log_bytes {
            // SAFETY: in the heap, and the log covers it.
            if unsafe { self.core.log_byte(offset / LINE) } == UNLOGGED {
                self.log_store(slot);
            }
        }
    }

    /// The write barrier for references anywhere in `[start, start + len)`: a
    /// copy of array elements or of a structure.
    #[inline]
    pub fn write_barrier_range(&self, start: usize, len: usize) {
        let offset = start.wrapping_sub(self.core.base);
        if offset < self.core.log_bytes && len != 0 {
            let last = offset.saturating_add(len - 1).min(self.core.log_bytes - 1);
            for line in offset / LINE..=last / LINE {
                // SAFETY: in the heap, and the log covers it.
                if unsafe { self.core.log_byte(line) } == UNLOGGED {
                    self.core.log_line(line);
                }
            }
        }
    }

    /// The slow path of the write barrier. `slot` is in the heap.
    #[cold]
    pub fn log_store(&self, slot: usize) {
        let line = slot.wrapping_sub(self.core.base) / LINE;
        if line < self.core.log_bytes / LINE {
            self.core.log_line(line);
        }
    }

    /// Whether an address is in the heap's reservation.
    pub fn contains(&self, addr: usize) -> bool {
        self.core.contains(addr)
    }

    // ----- allocation ------------------------------------------------------

    /// Allocates `size` bytes, zeroed, on a granule. The caller stores the
    /// header and what else the object's shape depends on before its next
    /// safepoint. May collect; then everything that the caller has not rooted
    /// is gone.
    #[inline]
    pub fn alloc(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        if let Some(size) = allocation_size(size)
            && let Some(addr) = tlab.main.bump(size)
            && let Some(object) = ObjectRef::from_addr(addr)
        {
            return Ok(object);
        }
        self.alloc_slow(tlab, size)
    }

    /// The slow path of inline allocation; `alloc` with the fast path tried
    /// again.
    #[cold]
    #[inline(never)]
    pub fn alloc_slow(&self, tlab: &Tlab, size: usize) -> Result<ObjectRef, OutOfMemory> {
        let out_of_memory = OutOfMemory {
            requested: size,
            limit: self.core.max_bytes,
        };
        let size = allocation_size(size)
            .filter(|size| *size <= self.core.bytes)
            .ok_or(out_of_memory)?;
        if let Some(interval) = self.options.stress
            && (self.stress_count.fetch_add(1, Relaxed) + 1).is_multiple_of(interval)
        {
            self.collect_since(self.epoch.load(Relaxed), 2, Reason::Stress, false);
        }
        let mut check_budget = true;
        let mut rung = Rung::Normal;
        loop {
            let epoch = self.epoch.load(Relaxed);
            let attempt = if size <= MAX_SMALL {
                self.try_small(tlab, size, check_budget, rung)
            } else {
                self.try_run(tlab, size, check_budget)
            };
            match (attempt, rung) {
                (Ok(addr), _) => return ObjectRef::from_addr(addr).ok_or(out_of_memory),
                (Err(Refused::Budget), _) => {
                    self.collect_since(epoch, 0, Reason::Budget, false);
                    check_budget = false;
                }
                (Err(Refused::Space), Rung::Normal) => {
                    self.collect_since(epoch, 2, Reason::Limit, true);
                    check_budget = false;
                    rung = Rung::AfterFull;
                }
                (Err(Refused::Space), Rung::AfterFull) => rung = Rung::ExactHoles,
                (Err(Refused::Space), Rung::ExactHoles) => return Err(out_of_memory),
            }
        }
    }

    fn over_budget(&self) -> bool {
        let pressure = self
            .pressure
            .load(Relaxed)
            .saturating_sub(self.pressure_base.load(Relaxed));
        self.allocated.load(Relaxed).saturating_add(pressure) >= self.budget.load(Relaxed)
    }

    fn count_allocated(&self, tlab: &Tlab, bytes: usize) {
        self.allocated.fetch_add(bytes, Relaxed);
        tlab.handed.set(tlab.handed.get() + bytes as u64);
    }

    /// Makes room for `size` bytes in what is left of a window's hole.
    fn extend(&self, tlab: &Tlab, window: &Window, size: usize) -> Option<usize> {
        let cursor = window.cursor.get();
        if window.end.get() - cursor < size {
            return None;
        }
        let limit = window.limit.get();
        let step = if self.options.stress.is_some() {
            0
        } else {
            STEP
        };
        let new_limit = (cursor + size).max(limit + step).min(window.end.get());
        if new_limit > limit {
            if !window.clean.get() {
                let start: *mut u8 = core::ptr::with_exposed_provenance_mut(limit);
                // SAFETY: `[limit, end)` is free space of a block that only
                // this thread allocates from.
                unsafe { start.write_bytes(0, new_limit - limit) };
            }
            window.limit.set(new_limit);
            self.core.set_handed(window.block.get() as usize, new_limit);
            self.count_allocated(tlab, new_limit - limit);
        }
        window.bump(size)
    }

    /// Leaves a window's hole so that a walk stops at its last object.
    fn close_hole(&self, tlab: &Tlab, window: &Window) {
        let limit = window.limit.get();
        let unused = limit - window.cursor.get();
        self.allocated.fetch_sub(unused, Relaxed);
        tlab.handed.set(tlab.handed.get() - unused as u64);
        if limit < window.end.get() && !window.clean.get() {
            self.write_end(limit);
        }
        window.cursor.set(0);
        window.limit.set(0);
        window.end.set(0);
    }

    /// Writes the zero header that ends the objects of a hole.
    fn write_end(&self, addr: usize) {
        debug_assert!(self.core.contains(addr) && addr.is_multiple_of(GRANULE));
        let word: *mut u64 = core::ptr::with_exposed_provenance_mut(addr);
        // SAFETY: free space of a block that only this thread allocates from.
        unsafe { word.write(0) };
    }

    /// Moves a window to the next hole of its block.
    fn next_hole(&self, tlab: &Tlab, window: &Window) -> bool {
        self.close_hole(tlab, window);
        if window.block.get() == NO_BLOCK {
            return false;
        }
        let block = window.block.get() as usize;
        let from = window.next_line.get() as usize;
        if from < LINES_PER_BLOCK
            && let Some((first, last)) = self.core.next_hole(block, from)
        {
            let start = self.core.block_addr(block);
            window.cursor.set(start + first * LINE);
            window.limit.set(start + first * LINE);
            window.end.set(start + last * LINE);
            window.next_line.set(last as u32);
            return true;
        }
        window.block.set(NO_BLOCK);
        false
    }

    fn open_block(&self, tlab: &Tlab, window: &Window, block: usize, clean: bool) -> bool {
        self.close_hole(tlab, window);
        window.block.set(block as u32);
        window.clean.set(clean);
        // Another thread may have left the block half used.
        let handed = self.core.handed_bytes(block);
        window.next_line.set((handed / LINE) as u32);
        let more = self.next_hole(tlab, window);
        if more && !handed.is_multiple_of(LINE) {
            let start = self.core.block_addr(block) + handed;
            window.cursor.set(start);
            window.limit.set(start);
        }
        more
    }

    fn try_small(
        &self,
        tlab: &Tlab,
        size: usize,
        check_budget: bool,
        rung: Rung,
    ) -> Result<usize, Refused> {
        if let Some(addr) = tlab
            .main
            .bump(size)
            .or_else(|| self.extend(tlab, &tlab.main, size))
        {
            return Ok(addr);
        }
        if size > LINE {
            // Do not skip small holes for a large object.
            let window = &tlab.overflow;
            if let Some(addr) = window
                .bump(size)
                .or_else(|| self.extend(tlab, window, size))
            {
                return Ok(addr);
            }
            if check_budget && self.over_budget() {
                return Err(Refused::Budget);
            }
            // What a thread that has ended left over, or a free block.
            let grant = {
                let mut space = self.space.lock();
                let left =
                    space.take_returned_where(&self.core, |block| self.has_tail(block, size));
                match left {
                    Some(block) => Some(BlockGrant {
                        block,
                        clean: false,
                    }),
                    None => space.take_block(&self.core),
                }
            };
            if let Some(grant) = grant {
                self.open_block(tlab, window, grant.block, grant.clean);
                return self.extend(tlab, window, size).ok_or(Refused::Space);
            }
            return if rung == Rung::ExactHoles {
                self.try_exact_hole(tlab, size)
            } else {
                Err(Refused::Space)
            };
        }
        if self.next_hole(tlab, &tlab.main)
            && let Some(addr) = self.extend(tlab, &tlab.main, size)
        {
            return Ok(addr);
        }
        if check_budget && self.over_budget() {
            return Err(Refused::Budget);
        }
        loop {
            let (block, clean) = {
                let mut space = self.space.lock();
                match space.take_recycled(&self.core) {
                    Some(block) => (block, false),
                    None => {
                        let grant = space.take_block(&self.core).ok_or(Refused::Space)?;
                        (grant.block, grant.clean)
                    }
                }
            };
            // Any whole line is enough, but another thread may have left less.
            let mut open = self.open_block(tlab, &tlab.main, block, clean);
            while open {
                if let Some(addr) = self.extend(tlab, &tlab.main, size) {
                    return Ok(addr);
                }
                open = self.next_hole(tlab, &tlab.main);
            }
        }
    }

    /// Whether a half used block goes on with `size` free bytes.
    fn has_tail(&self, block: usize, size: usize) -> bool {
        let handed = self.core.handed_bytes(block);
        let next = self.core.next_hole(block, handed / LINE);
        next.is_some_and(|(first, last)| last * LINE - handed.max(first * LINE) >= size)
    }

    /// Puts an object of more than a line into a hole of a used block.
    fn try_exact_hole(&self, tlab: &Tlab, size: usize) -> Result<usize, Refused> {
        let fits = |block: usize| {
            let mut line = self.core.handed_bytes(block).div_ceil(LINE);
            while let Some((first, last)) = self.core.next_hole(block, line) {
                if (last - first) * LINE >= size {
                    return true;
                }
                if last == LINES_PER_BLOCK {
                    break;
                }
                line = last;
            }
            false
        };
        let block = self
            .space
            .lock()
            .take_recycled_where(&self.core, fits)
            .ok_or(Refused::Space)?;
        let window = &tlab.overflow;
        let mut open = self.open_block(tlab, window, block, false);
        while open {
            if let Some(addr) = self.extend(tlab, window, size) {
                return Ok(addr);
            }
            open = self.next_hole(tlab, window);
        }
        Err(Refused::Space)
    }

    fn try_run(&self, tlab: &Tlab, size: usize, check_budget: bool) -> Result<usize, Refused> {
        if check_budget && self.over_budget() {
            return Err(Refused::Budget);
        }
        let pages = size.div_ceil(PAGE);
        let (first, dirty) = self
            .space
            .lock()
            .take_run(&self.core, pages)
            .ok_or(Refused::Space)?;
        let addr = self.core.page_addr(first);
        if dirty {
            let start: *mut u8 = core::ptr::with_exposed_provenance_mut(addr);
            // SAFETY: the run was free and is now this thread's.
            unsafe { start.write_bytes(0, pages * PAGE) };
        }
        self.count_allocated(tlab, pages * PAGE);
        Ok(addr)
    }

    /// Gives up a buffer: its thread ends or will not allocate for long. Others
    /// go on where it stopped.
    pub fn release_tlab(&self, tlab: &Tlab) {
        let left = [&tlab.main, &tlab.overflow].map(|window| {
            let block = (window.block.get() != NO_BLOCK).then_some(window.block.get() as usize);
            (block, window.cursor.get())
        });
        self.close_tlab(tlab);
        for (block, cursor) in left {
            if let Some(block) = block {
                self.core.set_handed(block, cursor);
                self.space.lock().return_recycled(&self.core, block);
            }
        }
    }

    fn close_tlab(&self, tlab: &Tlab) {
        self.close_hole(tlab, &tlab.main);
        self.close_hole(tlab, &tlab.overflow);
        tlab.reset();
    }

    // ----- collection ------------------------------------------------------

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
    fn collect_since(&self, epoch: u64, generation: u8, reason: Reason, thorough: bool) {
        let asked = Instant::now();
        clear_stack();
        let (record, ready) = {
            self.binding.stop_mutators();
            let _stopped = Stopped(&self.binding);
            if reason != Reason::Requested && self.epoch.load(Relaxed) != epoch {
                return;
            }
            assert!(
                !self.collecting.swap(true, Relaxed),
                "two collections at once: stop_mutators let two threads in"
            );
            let record = self.run(asked, generation, reason, thorough);
            self.collecting.store(false, Relaxed);
            (record, self.finalization.ready_len())
        };
        self.binding.collection_finished(&record);
        if ready != 0 {
            self.binding.finalizers_ready(ready);
        }
    }

    /// The collection itself, with the world stopped.
    fn run(
        &self,
        asked: Instant,
        generation: u8,
        reason: Reason,
        thorough: bool,
    ) -> CollectionRecord {
        let begin = Instant::now();
        self.binding.visit_tlabs(&mut |tlab| self.close_tlab(tlab));
        let bytes_before = self.used_bytes();
        let mut space = self.space.lock();
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
            deadline: begin + self.options.pause_target,
        });
        let outcome = cycle.run(&mut space, scope, before, current, major);
        let generation = if outcome.flipped { 2 } else { generation };
        self.verify_if_asked(&space, "after");
        *major_active =
            self.set_budget(&mut space, scope, &outcome, *major_active, begin.elapsed());
        drop(marking);
        let number = self.epoch.load(Relaxed) + 1;
        let record = CollectionRecord {
            number,
            generation,
            reason,
            stop: begin - asked,
            pause: begin.elapsed(),
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
        self.epoch.store(number, Relaxed);
        record
    }

    /// Marks some old objects, about `objects`, while mutators run; for a
    /// background thread, or an idle one, that is no running mutator. Returns
    /// whether there is more to do now.
    ///
    /// [`VmBinding::shape`] is then called for old objects while mutators use
    /// them: it must read nothing that a mutator writes except atomically.
    pub fn mark_step(&self, objects: usize) -> bool {
        let Some(mut marking) = self.marking.try_lock() else {
            return true;
        };
        let Marking {
            major,
            major_active,
            ..
        } = &mut *marking;
        if !*major_active {
            return false;
        }
        let plane = Plane::Concurrent;
        let mut marker = Marker::new(&self.core, &self.binding, plane, 0, false, major);
        if marker.drain_some(objects) {
            marker.scan_dirty();
        }
        !marker.is_waiting()
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
        let due = reason == Reason::Budget && (grown || pressure >= self.options.min_budget);
        if !self.core.is_generational() || generation >= 2 || due {
            Scope::Full
        } else {
            Scope::Young
        }
    }

    /// Decides how much may be allocated until the next collection, and whether
    /// old objects are to be marked across the next ones.
    fn set_budget(
        &self,
        space: &mut Space,
        scope: Scope,
        outcome: &Outcome,
        major_active: bool,
        pause: Duration,
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
            let pause = pause.saturating_sub(outcome.major_time);
            let ratio = self.options.pause_target.as_secs_f64() / pause.as_secs_f64().max(1e-6);
            let budget = self.budget.load(Relaxed) as f64 * ratio.clamp(0.5, 1.25);
            let most = floor(&self.core, self.options.max_young);
            let least = most.min(MIN_YOUNG);
            self.budget
                .store((budget as usize).clamp(least, most), Relaxed);
            let full_at = self.full_at.load(Relaxed);
            major_active
                || self.options.incremental && live >= full_at - self.growth.load(Relaxed) / 2
        } else {
            self.growth.store(growth, Relaxed);
            self.full_at.store(live + growth, Relaxed);
            let warm = growth + self.options.max_young;
            space.release(&self.core, (warm + warm / 4) / PAGE);
            false
        }
    }

    /// Collections of a generation (0, 1, 2) so far, as `GC.CollectionCount`.
    pub fn collection_count(&self, generation: u8) -> u64 {
        self.history
            .lock()
            .stats
            .collections
            .get(generation as usize)
            .copied()
            .unwrap_or(0)
    }

    /// The oldest generation.
    pub fn max_generation(&self) -> u8 {
        2
    }

    /// The generation of an object: 0 if no collection has seen it, else 2;
    /// large objects are always 2.
    pub fn generation(&self, object: ObjectRef) -> u8 {
        let addr = object.addr();
        if !self.core.contains(addr) {
            return self.max_generation();
        }
        let old = match self.core.owner((addr - self.core.base) / PAGE) {
            PageOwner::Run(first) if self.core.run_len(first) * PAGE >= LARGE_OBJECT => true,
            _ => self.core.marks.get(self.core.granule(addr)),
        };
        if old { 2 } else { 0 }
    }

    /// Bytes in objects (buffers count as full).
    pub fn used_bytes(&self) -> usize {
        self.live.load(Relaxed) + self.allocated.load(Relaxed)
    }

    /// Tells that native memory hangs on objects: brings collections forward.
    pub fn add_memory_pressure(&self, bytes: usize) {
        self.pressure.fetch_add(bytes, Relaxed);
    }

    /// Takes back what `add_memory_pressure` told.
    pub fn remove_memory_pressure(&self, bytes: usize) {
        // Closures of `fetch_update` never fail here.
        let _ = self
            .pressure
            .fetch_update(Relaxed, Relaxed, |old| Some(old.saturating_sub(bytes)));
    }

    /// Totals.
    pub fn stats(&self) -> HeapStats {
        let committed_bytes = self.space.lock().used_bytes();
        let mut stats = self.history.lock().stats;
        stats.allocated_bytes += self.allocated.load(Relaxed) as u64;
        stats.used_bytes = self.used_bytes();
        stats.committed_bytes = committed_bytes;
        stats.max_bytes = self.core.max_bytes;
        stats
    }

    /// The record of the last collection.
    pub fn last_collection(&self) -> Option<CollectionRecord> {
        self.history.lock().last
    }

    /// Stops the world and checks the heap.
    pub fn verify(&self) -> Result<VerifyReport, VerifyError> {
        self.with_stopped_world(|heap, top| verify(&heap.core, &heap.binding, top))
    }

    /// Stops the world and calls `each` with every object, dead ones that have
    /// not been collected yet included. `each` must not allocate.
    pub fn for_each_object(&self, mut each: impl FnMut(ObjectRef)) {
        self.with_stopped_world(|heap, top| {
            heap.core.for_each_extent(top, |owner, index| match owner {
                PageOwner::Free => {}
                PageOwner::Block => heap.core.ensure_walked(&heap.binding, index),
                PageOwner::Run(first) => {
                    let addr = heap.core.page_addr(first);
                    if heap.core.header(addr) != 0
                        && let Some(object) = ObjectRef::from_addr(addr)
                    {
                        each(object);
                    }
                }
            });
            heap.core.for_each_extent(top, |owner, index| {
                if owner == PageOwner::Block {
                    heap.core.for_each_start(index, &mut each);
                }
            });
        });
    }

    fn with_stopped_world<T>(&self, work: impl FnOnce(&Self, usize) -> T) -> T {
        self.binding.stop_mutators();
        let _stopped = Stopped(&self.binding);
        let top = self.space.lock().top();
        let result = work(self, top);
        // Buffers go on filling blocks that were walked.
        self.core.forget_walks(top);
        result
    }

    // ----- handles ---------------------------------------------------------

    /// Makes a handle. `dependent` is for handles of that kind only.
    pub fn alloc_handle(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.alloc_handle_pair(kind, target, None)
    }

    /// Makes a dependent handle: while `target` lives, so does `dependent`.
    pub fn alloc_dependent_handle(
        &self,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.alloc_handle_pair(HandleKind::Dependent, target, dependent)
    }

    fn alloc_handle_pair(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
    ) -> Result<HandleId, OutOfMemory> {
        self.with_tables(|grow| self.handles.alloc(kind, target, dependent, grow))
    }

    /// Runs something that may need memory for tables; collects once if there
    /// is none.
    fn with_tables<T>(
        &self,
        mut attempt: impl FnMut(&dyn Fn(usize) -> bool) -> Option<T>,
    ) -> Result<T, OutOfMemory> {
        let requested = AtomicUsize::new(0);
        let grow = |bytes: usize| {
            requested.store(bytes, Relaxed);
            self.space.lock().reserve_aux(&self.core, bytes)
        };
        let epoch = self.epoch.load(Relaxed);
        if let Some(done) = attempt(&grow) {
            return Ok(done);
        }
        self.collect_since(epoch, 2, Reason::Limit, true);
        attempt(&grow).ok_or(OutOfMemory {
            requested: requested.load(Relaxed),
            limit: self.core.max_bytes,
        })
    }

    /// Frees a handle; false if there is none of that id.
    pub fn free_handle(&self, id: HandleId) -> bool {
        self.handles.free(id)
    }

    /// The object of a handle. `None` if there is no such handle, `Some(None)`
    /// if it has no object, or no longer.
    pub fn handle_target(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles.get(id)
    }

    /// Gives a handle another object; false if there is no such handle.
    pub fn set_handle_target(&self, id: HandleId, target: Option<ObjectRef>) -> bool {
        self.handles.set(id, target)
    }

    /// The second object of a dependent handle; as `handle_target`.
    pub fn handle_dependent(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        self.handles.dependent(id)
    }

    /// Replaces the second object of a dependent handle.
    pub fn set_handle_dependent(&self, id: HandleId, dependent: Option<ObjectRef>) -> bool {
        self.handles.set_dependent(id, dependent)
    }

    /// Calls `each` with all handles of a kind and their objects.
    pub fn for_each_handle(&self, kind: HandleKind, each: impl FnMut(HandleId, Option<ObjectRef>)) {
        self.handles.for_each(kind, each);
    }

    // ----- finalization ----------------------------------------------------

    /// Has the object's finalizer run once it is unreachable. The caller keeps
    /// the object alive during the call. After `suppress_finalization`, undoes
    /// that; otherwise each call makes the finalizer run once more.
    pub fn register_for_finalization(&self, object: ObjectRef) -> Result<(), OutOfMemory> {
        self.with_tables(|grow| self.finalization.register(object, grow).then_some(()))
    }

    /// Takes back one registration. The object must have been registered;
    /// suppressing twice is as suppressing once.
    pub fn suppress_finalization(&self, object: ObjectRef) {
        self.finalization.suppress(object);
    }

    /// The next object whose finalizer is to run. It is alive until the caller
    /// drops its reference, which the VM must report as a root meanwhile.
    pub fn pop_finalizable(&self) -> Option<ObjectRef> {
        self.finalization.pop_ready()
    }

    /// How many objects wait for their finalizer.
    pub fn pending_finalizers(&self) -> usize {
        self.finalization.ready_len()
    }

    /// Makes registered objects ready although they may be reachable: a domain
    /// unloads, the process ends. Returns how many.
    pub fn finalize_where(&self, wanted: impl Fn(ObjectRef) -> bool) -> usize {
        let count = self.finalization.take_dead(false, wanted, |_| {});
        if count != 0 {
            self.binding.finalizers_ready(self.finalization.ready_len());
        }
        count
    }

    /// Time mutators have been stopped, in sum.
    pub fn total_pause(&self) -> Duration {
        self.history.lock().stats.total_pause
    }
}
