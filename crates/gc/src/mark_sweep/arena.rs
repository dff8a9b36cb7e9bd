//! The coalescing heap with what a collector adds: object starts, the log of the write barrier, a
//! mark stack. One reservation for all of it.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use ferrocil_alloc::heap::{AllocType, Allocation, Colour, HeaderLayout, Heap, Sweep};

use crate::collect::MarkStack;
use crate::error::HeapError;
use crate::layout::{BLOCK, GRANULE, LINE, MAX_HEAP, MIN_HEAP, PAGE};
use crate::object::ObjectRef;
use crate::options::HeapOptions;
use crate::os::Mapping;
use crate::side::{BitTable, Table};

/// An object; its shape tells where its references are.
pub(super) const OBJECT: AllocType = AllocType::new(0).unwrap();
/// An object without references: nobody asks for its shape.
pub(super) const LEAF: AllocType = AllocType::new(1).unwrap();
/// No object: memory of the VM, or set aside for tables.
pub(super) const RAW: AllocType = AllocType::new(2).unwrap();

/// Values of a line's byte in the log. No marking is going on:
const IDLE: u8 = 0;
/// not stored to since the last step,
pub(super) const UNLOGGED: u8 = 1;
/// stored to.
pub(super) const LOGGED: u8 = 2;

/// Tables outside the reservation are paid for with blocks of this size, whose pages go back.
const RESERVE: usize = 8 * PAGE;

/// What everyone may read without the lock: bounds and log.
pub(super) struct Ground {
    map: Mapping,
    /// Address of the first byte.
    pub(super) base: usize,
    /// Bytes for allocations, their headers included.
    pub(super) bytes: usize,
    /// What the options said.
    pub(super) max_bytes: usize,
    /// One byte per line. Empty unless marking goes in steps.
    log: Table<AtomicU8>,
    /// One byte per block: it has logged lines. Empty like `log`.
    logged_blocks: Table<AtomicU8>,
}

/// What is used under the lock.
pub(super) struct Arena<L: HeaderLayout> {
    heap: Heap<'static, L>,
    base: usize,
    bytes: usize,
    /// One bit per granule: an object starts here.
    starts: BitTable,
    /// Blocks set aside for tables, and how many bytes of tables there are.
    reserved: Vec<NonNull<u8>>,
    aux_bytes: usize,
}

// SAFETY: the blocks in `reserved` belong to the heap, which is `Send`.
unsafe impl<L: HeaderLayout> Send for Arena<L> {}

fn pointer(object: ObjectRef) -> NonNull<u8> {
    // An `ObjectRef` is not zero.
    NonNull::new(object.as_ptr()).unwrap_or(NonNull::dangling())
}

/// Cuts a reservation into arena, tables and mark stack.
pub(super) fn lay_out<L: HeaderLayout>(
    options: &HeapOptions,
) -> Result<(Ground, Arena<L>, MarkStack), HeapError> {
    let max = options.max_bytes;
    if !(MIN_HEAP..=MAX_HEAP).contains(&max) {
        return Err(HeapError::BadLimit(max));
    }
    let entries = options.mark_stack_entries.unwrap_or(max / 2048).max(16);
    let stack_bytes = entries.saturating_mul(8).next_multiple_of(PAGE);
    let stepping = options.step_bytes.is_some();
    let rest = max
        .checked_sub(stack_bytes + 4 * PAGE)
        .ok_or(HeapError::BadLimit(max))?;
    // A bit per granule, a byte per line, a byte per block.
    let bytes = rest / 256 * (256 - 4 - 2 - 1) / BLOCK * BLOCK;
    if bytes > L::MAX_HEAP_BYTES {
        let max = L::MAX_HEAP_BYTES;
        return Err(HeapError::Layout { bytes, max });
    }
    let map = Mapping::reserve(max).map_err(|source| HeapError::Reserve { bytes: max, source })?;
    let start = map.base();
    let mut next = bytes;
    let mut take = |bytes: usize| {
        let at = next;
        next = (next + bytes).next_multiple_of(PAGE);
        assert!(next <= max, "the tables outgrow their reservation");
        // SAFETY: inside the mapping (asserted).
        unsafe { start.add(at) }
    };
    let words = bytes / GRANULE / 64;
    let starts = take(words * 8).cast();
    let (lines, blocks) = if stepping {
        (bytes / LINE, bytes / BLOCK)
    } else {
        (0, 0)
    };
    let (log, logged_blocks) = (take(lines).cast(), take(blocks).cast());
    let stack = take(entries * 8).cast();
    // SAFETY: page-aligned, zeroed and disjoint pieces of the mapping, which lives as long as the
    // `Ground`; the plan drops that last.
    let (starts, log, logged_blocks, stack, heap) = unsafe {
        (
            BitTable::new(Table::new(starts, words)),
            Table::new(log, lines),
            Table::new(logged_blocks, blocks),
            MarkStack::new(stack, entries),
            Heap::from_raw(start, bytes),
        )
    };
    let heap = heap.map_err(|_| HeapError::BadLimit(max))?;
    let base = start.as_ptr().addr();
    let ground = Ground {
        map,
        base,
        bytes,
        max_bytes: max,
        log,
        logged_blocks,
    };
    let arena = Arena {
        heap,
        base,
        bytes,
        starts,
        reserved: Vec::new(),
        aux_bytes: 0,
    };
    Ok((ground, arena, stack))
}

impl Ground {
    pub(super) fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }

    pub(super) fn log_addr(&self) -> usize {
        self.log.as_ptr().addr()
    }

    pub(super) fn logged_blocks_addr(&self) -> usize {
        self.logged_blocks.as_ptr().addr()
    }

    /// Bytes of the arena that the log covers: all or none.
    pub(super) fn log_bytes(&self) -> usize {
        self.log.len() * LINE
    }

    /// The line's slow path of the barrier, too: it tests first.
    #[inline]
    pub(super) fn log_line(&self, line: usize) {
        if self.log[line].load(Relaxed) == UNLOGGED {
            self.log[line].store(LOGGED, Relaxed);
            self.logged_blocks[line / (BLOCK / LINE)].store(1, Relaxed);
        }
    }

    pub(super) fn is_logged(&self, addr: usize) -> bool {
        self.log[(addr - self.base) / LINE].load(Relaxed) == LOGGED
    }

    /// Has the barrier log stores from now on, or ends that. The world is stopped.
    pub(super) fn set_logging(&self, on: bool) {
        let value = if on { UNLOGGED } else { IDLE };
        for byte in self.log.iter() {
            byte.store(value, Relaxed);
        }
        for byte in self.logged_blocks.iter() {
            byte.store(0, Relaxed);
        }
    }

    /// Calls `each` with the address of every logged line, and unlogs it. The world is stopped.
    pub(super) fn for_each_logged(&self, mut each: impl FnMut(usize)) {
        for (block, byte) in self.logged_blocks.iter().enumerate() {
            if byte.load(Relaxed) == 0 {
                continue;
            }
            byte.store(0, Relaxed);
            for line in block * (BLOCK / LINE)..(block + 1) * (BLOCK / LINE) {
                if self.log[line].load(Relaxed) == LOGGED {
                    self.log[line].store(UNLOGGED, Relaxed);
                    each(self.base + line * LINE);
                }
            }
        }
    }
}

impl<L: HeaderLayout> Arena<L> {
    pub(super) fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }

    /// Address of the first byte.
    pub(super) fn start(&self) -> usize {
        self.base
    }

    fn granule(&self, addr: usize) -> usize {
        (addr - self.base) / GRANULE
    }

    fn object_at(&self, granule: usize) -> Option<ObjectRef> {
        ObjectRef::from_addr(self.base + granule * GRANULE)
    }

    fn granules(&self) -> usize {
        self.bytes / GRANULE
    }

    /// Zeroed memory for an object, or for `RAW` use.
    pub(super) fn alloc(
        &mut self,
        bytes: usize,
        ty: AllocType,
        permanent: bool,
    ) -> Option<NonNull<u8>> {
        let payload = if permanent {
            let payload = self.heap.try_alloc_permanent(bytes, ty)?;
            // SAFETY: a new allocation of so many bytes.
            unsafe { payload.write_bytes(0, bytes) };
            payload
        } else {
            self.heap.try_alloc_zeroed(bytes, ty)?
        };
        if ty != RAW {
            self.starts.set(self.granule(payload.as_ptr().addr()));
        }
        Some(payload)
    }

    /// # Safety
    /// `payload` is a `RAW` allocation that nobody uses any more.
    pub(super) unsafe fn free_raw(&mut self, payload: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe { self.heap.free(payload) };
    }

    /// Counts `bytes` of tables outside against the limit; false when they do not fit.
    pub(super) fn reserve(&mut self, bytes: usize, ground: &Ground) -> bool {
        let Some(total) = self.aux_bytes.checked_add(bytes) else {
            return false;
        };
        let before = self.reserved.len();
        while self.reserved.len() * (RESERVE - PAGE) < total {
            let Some(block) = self.heap.try_alloc(RESERVE, RAW) else {
                self.shrink_reserved(before);
                return false;
            };
            let first = (block.as_ptr().addr() - self.base).next_multiple_of(PAGE);
            // SAFETY: whole pages of a new allocation. When the system refuses, they stay.
            let _ = unsafe { ground.map.discard(first, RESERVE - PAGE) };
            self.reserved.push(block);
        }
        self.aux_bytes = total;
        true
    }

    /// Takes back what `reserve` counted.
    pub(super) fn release(&mut self, bytes: usize) {
        self.aux_bytes = self.aux_bytes.saturating_sub(bytes);
        self.shrink_reserved(self.aux_bytes.div_ceil(RESERVE - PAGE));
    }

    fn shrink_reserved(&mut self, keep: usize) {
        for block in self.reserved.drain(keep.min(self.reserved.len())..) {
            // SAFETY: allocated by `reserve`, and nobody uses its bytes.
            unsafe { self.heap.free(block) };
        }
    }

    pub(super) fn allocation(&self, object: ObjectRef) -> Allocation {
        // SAFETY: callers have a live object of this arena.
        unsafe { self.heap.allocation(pointer(object)) }
    }

    pub(super) fn set_colour(&mut self, object: ObjectRef, colour: Colour) {
        // SAFETY: as above.
        unsafe { self.heap.set_colour(pointer(object), colour) };
    }

    /// Bytes that an object may use.
    pub(super) fn room(&self, object: ObjectRef) -> usize {
        // SAFETY: as above.
        unsafe { self.heap.usable_size(pointer(object)) }
    }

    /// Whether what is at `addr` is not white, or not here.
    pub(super) fn is_marked(&self, addr: usize) -> bool {
        match ObjectRef::from_addr(addr) {
            Some(object) if self.contains(addr) => {
                let allocation = self.allocation(object);
                allocation.permanent || allocation.colour != Colour::WHITE
            }
            _ => true,
        }
    }

    pub(super) fn is_start(&self, addr: usize) -> bool {
        self.contains(addr) && addr.is_multiple_of(GRANULE) && self.starts.get(self.granule(addr))
    }

    /// The object that an ambiguous word names: it points inside, or just past the end.
    pub(super) fn find(&self, word: usize) -> Option<ObjectRef> {
        if word.wrapping_sub(self.base) > self.bytes {
            return None;
        }
        let last = self.granule(word).min(self.granules() - 1);
        let object = self.object_at(self.starts.last_set(0..last + 1)?)?;
        (word - object.addr() <= self.room(object)).then_some(object)
    }

    pub(super) fn for_each_object(&self, mut each: impl FnMut(ObjectRef)) {
        self.for_each_within(0, self.granules(), &mut each);
    }

    fn for_each_within(&self, mut from: usize, to: usize, mut each: impl FnMut(ObjectRef)) {
        while let Some(granule) = self.starts.first_set(from..to) {
            self.object_at(granule).into_iter().for_each(&mut each);
            from = granule + 1;
        }
    }

    /// Calls `each` with every object that may have bytes in the line at `addr`.
    pub(super) fn for_each_on_line(&self, addr: usize, mut each: impl FnMut(ObjectRef)) {
        let first = self.granule(addr);
        // One that begins before the line may reach into it.
        if let Some(before) = self.starts.last_set(0..first) {
            self.object_at(before).into_iter().for_each(&mut each);
        }
        self.for_each_within(first, first + LINE / GRANULE, each);
    }

    /// The first grey object from an address on.
    pub(super) fn first_grey(&self, from: usize) -> Option<ObjectRef> {
        let mut from = self.granule(from);
        while from < self.granules() {
            let granule = self.starts.first_set(from..self.granules())?;
            let object = self.object_at(granule)?;
            if self.allocation(object).colour == Colour::GREY {
                return Some(object);
            }
            from = granule + 1;
        }
        None
    }

    /// Frees white objects and whitens the others; tells how many bytes of objects are left.
    pub(super) fn sweep(&mut self) -> usize {
        let Arena {
            heap, base, starts, ..
        } = self;
        let mut left = 0;
        // SAFETY: marking has found all that can be reached, and nobody can use the rest.
        unsafe {
            heap.sweep(|payload, bytes, allocation| {
                if allocation.ty == RAW {
                    return Sweep::Keep(Colour::WHITE);
                }
                if allocation.colour == Colour::WHITE && !allocation.permanent {
                    starts.clear((payload.as_ptr().addr() - *base) / GRANULE);
                    return Sweep::Free;
                }
                left += bytes;
                Sweep::Keep(Colour::WHITE)
            });
        }
        left
    }

    /// Whitens everything: a marking is given up.
    pub(super) fn whiten(&mut self) {
        // SAFETY: nothing is freed.
        unsafe { self.heap.sweep(|_, _, _| Sweep::Keep(Colour::WHITE)) };
    }

    pub(super) fn heap(&self) -> &Heap<'static, L> {
        &self.heap
    }
}
