//! Allocation, and the ladder when it fails.

use core::sync::atomic::Ordering::Relaxed;

use parking_lot::MutexGuard;

use super::Heap;
use crate::binding::VmBinding;
use crate::collect::sweep_some;
use crate::error::OutOfMemory;
use crate::layout::{GRANULE, LINE, LINES_PER_BLOCK, MAX_SMALL, PAGE};
use crate::object::ObjectRef;
use crate::region::allocation_size;
use crate::space::{BlockGrant, Space};
use crate::stats::Reason;
use crate::tlab::{NO_BLOCK, Tlab, Window};

/// How much of a hole is zeroed and given to the fast path at a time.
const STEP: usize = 4096;

/// How many blocks and runs an allocation sweeps at a time.
const SWEEP_STEP: usize = 8;

/// Bytes that stress mode counts as an allocation of the fast path.
const STRESS_UNIT: usize = 32;
/// Of so many collections for stress, one is of all generations: the marking
/// across collections has time to finish between two.
const STRESS_FULL: u64 = 32;

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
    /// The last collection was for lack of memory too: holes that it left, before the next one.
    HolesFirst,
    /// A full collection has just run.
    AfterFull,
    /// Also look for holes that happen to be large enough.
    ExactHoles,
}

impl<B: VmBinding> Heap<B> {
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
            && self.count_for_stress(1) >= interval
        {
            self.stress_count.store(0, Relaxed);
            let epoch = self.epoch.load(Relaxed);
            // Without generations each is full.
            let full = epoch.is_multiple_of(STRESS_FULL);
            let generation = if full { 2 } else { 0 };
            self.collect_since(epoch, generation, Reason::Stress, false);
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
                (Err(Refused::Space), Rung::Normal)
                    if self.limit_epoch.load(Relaxed) == epoch && size <= MAX_SMALL =>
                {
                    rung = Rung::HolesFirst;
                    check_budget = false;
                }
                (Err(Refused::Space), Rung::Normal | Rung::HolesFirst) => {
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

    /// Adds to the allocations since the last collection by stress mode.
    fn count_for_stress(&self, allocations: u32) -> u32 {
        let before = self.stress_count.fetch_add(allocations, Relaxed);
        before.saturating_add(allocations)
    }

    /// In stress mode: how many bytes the fast path gets beyond one object, from none to `interval - 1`
    /// times `STRESS_UNIT`. The lengths differ, so that each allocation site has its turn to collect.
    fn stress_step(&self, interval: u32) -> usize {
        // A linear congruential generator modulo 2^32 (Knuth): the high bits are good.
        let next = |state: u32| state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let previous = self
            .stress_random
            .fetch_update(Relaxed, Relaxed, |s| Some(next(s)));
        let state = next(previous.unwrap_or_else(|unchanged| unchanged));
        let units = (u64::from(state) * u64::from(interval)) >> 32;
        self.count_for_stress(units as u32);
        (units as usize).saturating_mul(STRESS_UNIT)
    }

    /// Makes room for `size` bytes in what is left of a window's hole.
    fn extend(&self, tlab: &Tlab, window: &Window, size: usize) -> Option<usize> {
        let cursor = window.cursor.get();
        if window.end.get() - cursor < size {
            return None;
        }
        let limit = window.limit.get();
        let step = match self.options.stress {
            Some(interval) => self.stress_step(interval),
            None => STEP,
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
                let mut space = self.lock_and_sweep(SWEEP_STEP);
                let left =
                    space.take_returned_where(&self.core, |block| self.has_tail(block, size));
                match left {
                    Some(block) => Some(BlockGrant {
                        block,
                        clean: false,
                    }),
                    None => self.take_block_for(&mut space, size),
                }
            };
            if let Some(grant) = grant {
                let mut open = self.open_block(tlab, window, grant.block, grant.clean);
                while open {
                    if let Some(addr) = self.extend(tlab, window, size) {
                        return Ok(addr);
                    }
                    open = self.next_hole(tlab, window);
                }
                return Err(Refused::Space);
            }
            return if matches!(rung, Rung::HolesFirst | Rung::ExactHoles) {
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
                let mut recycled = space.take_recycled(&self.core);
                while recycled.is_none() && space.is_sweeping() {
                    sweep_some(&self.core, &mut space, SWEEP_STEP);
                    recycled = space.take_recycled(&self.core);
                }
                match recycled {
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

    /// The lock for an allocation that cannot use holes: some blocks and runs are
    /// swept first, so that it finds what is free.
    fn lock_and_sweep(&self, count: usize) -> MutexGuard<'_, Space> {
        let mut space = self.space.lock();
        if space.is_sweeping() {
            sweep_some(&self.core, &mut space, count);
        }
        space
    }

    /// A block for objects of about `size`, more than a line: one that is mostly
    /// holes, or a free one.
    fn take_block_for(&self, space: &mut Space, size: usize) -> Option<BlockGrant> {
        let roomy = |block| self.core.is_roomy(block, size);
        if let Some(block) = space.take_next_recycled_where(&self.core, roomy) {
            return Some(BlockGrant {
                block,
                clean: false,
            });
        }
        space.take_block(&self.core).or_else(|| {
            sweep_some(&self.core, space, usize::MAX);
            space.take_block(&self.core)
        })
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
        let (first, dirty) = {
            let mut space = self.lock_and_sweep(SWEEP_STEP + pages);
            match space.take_run(&self.core, pages) {
                None if space.is_sweeping() => {
                    sweep_some(&self.core, &mut space, usize::MAX);
                    space.take_run(&self.core, pages)
                }
                found => found,
            }
            .ok_or(Refused::Space)?
        };
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

    pub(super) fn close_tlab(&self, tlab: &Tlab) {
        self.close_hole(tlab, &tlab.main);
        self.close_hole(tlab, &tlab.overflow);
        tlab.reset();
    }
}
