//! Marking: an explicit stack, never recursion.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::binding::{ShapeKind, VmBinding};
use crate::collect::is_live;
use crate::collect::roots::WeakVisitor;
use crate::collect::trace::Tracer;
use crate::layout::{GRANULE, GRANULES_PER_BLOCK, LINE, MAX_SMALL, PAGE};
use crate::object::ObjectRef;
use crate::region::{Core, PageOwner, allocation_size, prefetch};
use crate::side::BitTable;

/// Objects between the stack and their scan, so that the prefetch of an
/// object's header has time to arrive (Cher, Hosking, Vitek, ASPLOS 2004).
const IN_FLIGHT: usize = 16;
/// Arrays with more references than this are scanned piece by piece, so that
/// they do not flood the stack.
const ARRAY_PIECE: usize = 512;
/// To scan a piece costs about as much as to scan this many objects.
const PIECE_WORK: usize = 64;

/// A stack of grey objects in memory of the reservation.
pub(crate) struct MarkStack {
    start: NonNull<usize>,
    len: usize,
    capacity: usize,
}

// SAFETY: whoever has the stack has its memory to itself.
unsafe impl Send for MarkStack {}

impl MarkStack {
    /// # Safety
    /// `capacity` entries from `start` on are memory that nobody else uses while the stack does.
    pub(crate) unsafe fn new(start: NonNull<usize>, capacity: usize) -> MarkStack {
        MarkStack {
            start,
            len: 0,
            capacity,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, addr: usize) -> bool {
        if self.len == self.capacity {
            return false;
        }
        // SAFETY: `len < capacity` entries of memory that this marker owns.
        unsafe { self.start.as_ptr().add(self.len).write(addr) };
        self.len += 1;
        true
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        self.len -= 1;
        // SAFETY: below the old length, so it has been written.
        Some(unsafe { self.start.as_ptr().add(self.len).read() })
    }
}

/// The rest of an array that is being scanned in pieces.
enum Rest {
    /// References between two addresses.
    Words { first: usize, end: usize },
    /// The elements of a `ShapeKind::ValueArray` from an index on.
    Elements { array: ObjectRef, from: usize },
}

/// What a marking counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marked {
    pub(crate) objects: u64,
    pub(crate) bytes: usize,
    pub(crate) overflowed: bool,
}

/// What a marking has to remember while it rests.
pub(crate) struct MarkState {
    stack: MarkStack,
    deepest: usize,
    rests: Vec<Rest>,
    /// Ephemeron arrays reached so far.
    ephemerons: Vec<ObjectRef>,
    /// Marked objects with ambiguous words, reached while mutators ran.
    deferred: Vec<ObjectRef>,
    overflow_now: bool,
    /// Bits set in `major_dirty`, and the word to look at next.
    dirty: usize,
    dirty_word: usize,
    counted: Marked,
    /// `counted.objects` when `progress` was asked last.
    seen: u64,
    /// Roots have been visited.
    begun: bool,
    /// How often a pause found nothing left to mark but what was new to it.
    attempts: u32,
}

impl MarkState {
    /// A marking that has not begun, on a stack that nobody else uses.
    pub(crate) fn new((start, capacity): (NonNull<usize>, usize)) -> MarkState {
        MarkState {
            stack: MarkStack {
                start,
                len: 0,
                capacity,
            },
            deepest: 0,
            rests: Vec::new(),
            ephemerons: Vec::new(),
            deferred: Vec::new(),
            overflow_now: false,
            dirty: 0,
            dirty_word: 0,
            counted: Marked::default(),
            seen: 0,
            begun: false,
            attempts: 0,
        }
    }

    /// Forgets everything; the marks are cleared elsewhere.
    pub(crate) fn reset(&mut self) {
        *self = MarkState::new((self.stack.start, self.stack.capacity));
    }

    fn is_empty(&self) -> bool {
        self.stack.len == 0 && self.rests.is_empty() && self.deferred.is_empty()
    }

    /// Whether nothing is grey.
    fn is_done(&self) -> bool {
        self.is_empty() && !self.overflow_now
    }

    fn is_stuck(&self) -> bool {
        self.is_empty() && self.overflow_now
    }

    /// Whether the marking has not seen any roots yet.
    pub(crate) fn is_new(&self) -> bool {
        !self.begun
    }

    /// Whether what is left to scan has to wait for a pause.
    pub(crate) fn is_waiting(&self) -> bool {
        self.stack.len == 0 && self.rests.is_empty() && self.dirty == 0
    }

    /// How many objects have been marked since this was asked last.
    pub(crate) fn progress(&mut self) -> u64 {
        let before = core::mem::replace(&mut self.seen, self.counted.objects);
        self.counted.objects - before
    }
}

/// Which marks a marker sets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Those of a collection of everything.
    All,
    /// Those of a collection of young objects: what is marked already is old.
    Young,
    /// Those of the marking of old objects across collections.
    Major,
    /// The same while mutators run: young objects are left alone. A store that
    /// refers to one is logged, and the log is read in the next pause.
    Concurrent,
}

/// The marking of old objects across collections, beside one of young objects.
/// What is promoted is black to it: it was scanned, for both, in the pause.
struct Beside<'a> {
    bits: &'a BitTable,
    lines: &'a BitTable,
    state: &'a mut MarkState,
}

impl Beside<'_> {
    /// Greys an old object.
    fn grey(&mut self, granule: usize, addr: usize) {
        // SAFETY: the granule is that of an address in the heap.
        if !unsafe { self.bits.test_and_set_unchecked(granule) } && !self.state.stack.push(addr) {
            self.state.overflow_now = true;
        }
    }
}

/// A marking at work. Unless concurrent, the world is stopped.
pub(crate) struct Marker<'a, B> {
    pub(crate) core: &'a Core,
    pub(crate) binding: &'a B,
    bits: &'a BitTable,
    lines: &'a BitTable,
    young: bool,
    /// While mutators run: the marks that tell what is old.
    concurrent: Option<&'a BitTable>,
    top: usize,
    check_roots: bool,
    state: &'a mut MarkState,
    beside: Option<Beside<'a>>,
}

impl<'a, B: VmBinding> Marker<'a, B> {
    /// `top` is the end of the used pages. Unless the plane is concurrent, the
    /// world is stopped. With `check_roots`, all starts must be known.
    pub(crate) fn new(
        core: &'a Core,
        binding: &'a B,
        plane: Plane,
        top: usize,
        check_roots: bool,
        state: &'a mut MarkState,
    ) -> Marker<'a, B> {
        let marked = match plane {
            Plane::All | Plane::Young => core.plane(),
            Plane::Major | Plane::Concurrent => core.major_plane(),
        };
        Marker {
            core,
            binding,
            bits: &marked.marks,
            lines: &marked.lines,
            young: plane == Plane::Young,
            concurrent: (plane == Plane::Concurrent).then(|| &core.plane().marks),
            top,
            check_roots,
            state,
            beside: None,
        }
    }

    /// Has a marking of young objects feed that of old objects, too.
    pub(crate) fn beside(mut self, major: &'a mut MarkState) -> Marker<'a, B> {
        debug_assert!(self.young);
        let plane = self.core.major_plane();
        self.beside = Some(Beside {
            bits: &plane.marks,
            lines: &plane.lines,
            state: major,
        });
        self
    }

    /// What has been marked so far.
    pub(crate) fn counted(&self) -> Marked {
        self.state.counted
    }

    /// Whether marking can go on only by scanning all that is marked: the stack
    /// has overflowed.
    pub(crate) fn is_stuck(&self) -> bool {
        self.state.is_stuck()
    }

    /// Notes that the roots have been visited. `rest`: the marking may be finished
    /// in this pause; tells how often that has been so before, in vain.
    pub(crate) fn begin_slice(&mut self, rest: bool) -> u32 {
        self.state.begun = true;
        self.state.attempts += u32::from(rest);
        self.state.attempts.saturating_sub(1)
    }

    /// Whether what is left to scan has to wait for a pause.
    pub(crate) fn is_waiting(&self) -> bool {
        self.state.is_waiting()
    }

    /// See [`MarkState::progress`].
    pub(crate) fn progress(&mut self) -> u64 {
        self.state.progress()
    }

    /// Greys what a precise word refers to.
    #[inline(always)]
    pub(crate) fn visit(&mut self, addr: usize) {
        if !self.core.contains(addr) {
            return;
        }
        debug_assert!(
            addr.is_multiple_of(GRANULE),
            "a reference to {addr:#x} is not aligned"
        );
        let granule = self.core.granule(addr);
        if self.young && self.core.in_old_line(addr) {
            if let Some(beside) = &mut self.beside {
                beside.grey(granule, addr);
            }
            return;
        }
        if let Some(old) = self.concurrent
            && !old.get(granule)
        {
            return;
        }
        // SAFETY: the address is in the heap, so its granule is in the map.
        let marked = unsafe { self.bits.test_and_set_unchecked(granule) };
        if let Some(beside) = &mut self.beside {
            if marked {
                beside.grey(granule, addr);
            } else {
                beside.bits.set(granule);
            }
        }
        if marked {
            return;
        }
        if !self.state.stack.push(addr) {
            self.state.overflow_now = true;
        }
    }

    /// Whether a young collection, that scans a line of old objects, may pass over
    /// a reference: it is to an old object. The marking of old objects scans the
    /// same line later.
    #[inline]
    fn is_old(&self, addr: usize) -> bool {
        self.young && self.core.contains(addr) && self.core.in_old_line(addr)
    }

    /// Greys what a precise root refers to.
    #[inline]
    pub(crate) fn visit_root(&mut self, addr: usize) {
        assert!(
            !self.check_roots
                || self.core.is_object_start(self.binding, addr)
                || (!self.core.contains(addr) && self.binding.is_foreign(addr)),
            "a root holds {addr:#x}, where no object starts"
        );
        self.visit(addr);
    }

    /// Greys what an ambiguous word refers to.
    pub(crate) fn visit_ambiguous(&mut self, word: usize) {
        if let Some(object) = self.find(word) {
            self.visit(object.addr());
        }
    }

    /// The object that an ambiguous word names, if any.
    pub(crate) fn find(&self, word: usize) -> Option<ObjectRef> {
        // One past the end of the heap may be one past an object.
        if word.wrapping_sub(self.core.base) > self.core.bytes {
            return None;
        }
        self.core.find(self.binding, word)
    }

    /// Blackens everything that can be reached, ephemerons apart.
    pub(crate) fn drain(&mut self) {
        while !self.drain_some(usize::MAX) {
            // Some marked objects were never pushed: scan all that are marked.
            self.state.overflow_now = false;
            self.state.counted.overflowed = true;
            if let Some(beside) = &mut self.beside {
                beside.state.counted.overflowed = true;
            }
            self.core.for_each_bit(self.bits, self.top, |object| {
                self.scan(object);
                self.drain_stack(usize::MAX);
            });
        }
    }

    /// Scans about `limit` objects. Returns whether nothing is grey any more;
    /// when false without having reached the limit, the stack has overflowed.
    pub(crate) fn drain_some(&mut self, mut limit: usize) -> bool {
        loop {
            limit = limit.saturating_sub(self.drain_stack(limit));
            if limit == 0 {
                return self.state.is_done();
            }
            if let Some(rest) = self.state.rests.pop() {
                limit = limit.saturating_sub(PIECE_WORK);
                match rest {
                    Rest::Words { first, end } => self.scan_words(first, end),
                    Rest::Elements { array, from } => self.scan_elements(array, from),
                }
            } else if self.concurrent.is_none()
                && let Some(object) = self.state.deferred.pop()
            {
                // SAFETY: a marked object.
                let shape = unsafe { self.binding.shape(object) };
                if let ShapeKind::Ambiguous { first } = shape.kind {
                    self.scan_ambiguous(object.addr() + first as usize, object.addr() + shape.size);
                }
            } else {
                return self.state.is_done();
            }
        }
    }

    /// Scans up to `limit` objects from the stack; returns how many.
    fn drain_stack(&mut self, limit: usize) -> usize {
        // A queue of what has been prefetched.
        let mut ring = [0usize; IN_FLIGHT];
        let (mut first, mut waiting) = (0, 0);
        let mut count = 0;
        self.state.deepest = self.state.deepest.max(self.state.stack.len);
        loop {
            while waiting < IN_FLIGHT
                && let Some(next) = self.state.stack.pop()
            {
                prefetch(next);
                // Many objects begin at the end of a cache line.
                prefetch(next + 24);
                ring[(first + waiting) % IN_FLIGHT] = next;
                waiting += 1;
            }
            if waiting == 0 || count == limit {
                break;
            }
            let addr = ring[first];
            first = (first + 1) % IN_FLIGHT;
            waiting -= 1;
            count += 1;
            if let Some(object) = ObjectRef::from_addr(addr) {
                self.scan(object);
            }
        }
        for index in 0..waiting {
            if !self.state.stack.push(ring[(first + index) % IN_FLIGHT]) {
                self.state.overflow_now = true;
            }
        }
        count
    }

    /// Visits the fields of a marked object.
    #[inline]
    fn scan(&mut self, object: ObjectRef) {
        // `binding` is copied out so that the shape does not borrow `self`.
        let binding = self.binding;
        // SAFETY: marked objects are object starts with headers: roots and
        // fields refer to nothing else (the contract of `VmBinding`).
        let shape = unsafe { binding.shape(object) };
        let size = allocation_size(shape.size).unwrap_or(usize::MAX);
        let addr = object.addr();
        self.state.counted.objects += 1;
        self.state.counted.bytes += size;
        self.set_lines(self.lines, addr, size);
        if let Some(beside) = &mut self.beside
            // All marked objects are scanned again after an overflow.
            && beside.bits.get(self.core.granule(addr))
        {
            beside.state.counted.objects += 1;
            beside.state.counted.bytes += size;
            let lines = beside.lines;
            self.set_lines(lines, addr, size);
        }
        match shape.kind {
            ShapeKind::NoRefs => {}
            ShapeKind::Bitmap { first, mut bits } => {
                let first = addr + first as usize;
                while bits != 0 {
                    // SAFETY: the shape says that a reference is there.
                    self.visit(unsafe { load(first + 8 * bits.trailing_zeros() as usize) });
                    bits &= bits - 1;
                }
            }
            ShapeKind::Runs(runs) => {
                for run in runs {
                    let first = addr + run.offset as usize;
                    self.scan_words(first, first + 8 * run.count as usize);
                }
            }
            ShapeKind::RefArray { first, len } => {
                let first = addr + first as usize;
                self.scan_words(first, first + 8 * len);
            }
            ShapeKind::ValueArray { .. } => self.scan_elements(object, 0),
            ShapeKind::Ephemerons { .. } => {
                self.state.ephemerons.push(object);
                if let Some(beside) = &mut self.beside {
                    beside.state.ephemerons.push(object);
                }
            }
            ShapeKind::Ambiguous { .. } if self.concurrent.is_some() => {
                self.state.deferred.push(object)
            }
            ShapeKind::Ambiguous { first } => {
                self.scan_ambiguous(addr + first as usize, addr + shape.size);
            }
        }
    }

    /// Notes the lines of a small object in `lines`.
    #[inline(always)]
    fn set_lines(&self, lines: &BitTable, addr: usize, size: usize) {
        if size <= MAX_SMALL {
            let offset = addr - self.core.base;
            let (first, last) = (offset / LINE, (offset + size - 1) / LINE);
            if first == last {
                lines.set(first);
            } else {
                lines.set_range(first..last + 1);
            }
        }
    }

    /// Visits the references of a value array's elements from an index on: a
    /// piece now, the rest later.
    fn scan_elements(&mut self, array: ObjectRef, from: usize) {
        let binding = self.binding;
        // SAFETY: a marked object.
        let shape = unsafe { binding.shape(array) };
        let ShapeKind::ValueArray {
            first,
            len,
            elem_size,
            offsets,
        } = shape.kind
        else {
            return;
        };
        let mut end = len;
        let piece = ARRAY_PIECE / offsets.len().max(1) + 1;
        if len - from > piece {
            end = from + piece;
            self.state.rests.push(Rest::Elements { array, from: end });
        }
        let elem_size = elem_size as usize;
        let mut element = array.addr() + first as usize + from * elem_size;
        for _ in from..end {
            for offset in offsets {
                // SAFETY: the shape says that a reference is there.
                self.visit(unsafe { load(element + *offset as usize) });
            }
            element += elem_size;
        }
    }

    /// Visits what the words in `[first, end)`, a piece of a live object, may
    /// refer to.
    fn scan_ambiguous(&mut self, first: usize, end: usize) {
        let mut word = first;
        while word + 8 <= end {
            // SAFETY: aligned words inside the object.
            self.visit_ambiguous(unsafe { load(word) });
            word += 8;
        }
    }

    /// Visits the references in `[first, end)`, a piece of a live object.
    #[inline]
    fn scan_words(&mut self, first: usize, mut end: usize) {
        if end - first > 8 * ARRAY_PIECE {
            let piece = first + 8 * ARRAY_PIECE;
            self.state.rests.push(Rest::Words { first: piece, end });
            end = piece;
        }
        for slot in (first..end).step_by(8) {
            // SAFETY: the shape says that references are there.
            self.visit(unsafe { load(slot) });
        }
    }

    /// Remembers that a line has been stored to.
    pub(crate) fn add_dirty(&mut self, line: usize) {
        if !self.core.major_dirty.get(line) {
            self.core.major_dirty.set(line);
            self.state.dirty += 1;
        }
    }

    /// How many lines `scan_dirty` has still to scan.
    pub(crate) fn dirty(&self) -> usize {
        self.state.dirty
    }

    /// Scans some lines of those that have been stored to; returns how many, 0
    /// when there are none.
    pub(crate) fn scan_dirty(&mut self) -> usize {
        if self.state.dirty == 0 {
            return 0;
        }
        let core = self.core;
        let words = core.major_dirty.len_words();
        let mut index = self.state.dirty_word;
        while core.major_dirty.word(index) == 0 {
            index = (index + 1) % words;
        }
        self.state.dirty_word = index;
        let word = core.major_dirty.word(index);
        core.major_dirty.clear_words(index..index + 1);
        let lines = || {
            (0..64)
                .filter(|bit| word & (1 << bit) != 0)
                .map(|bit| index * 64 + bit)
        };
        for line in lines() {
            prefetch(core.base + line * LINE);
            prefetch(core.base + line * LINE + LINE / 2);
        }
        for line in lines() {
            self.scan_line(line);
        }
        let count = word.count_ones() as usize;
        self.state.dirty -= count;
        count
    }

    /// Visits the references that a line of old objects holds. There can be many
    /// lines: some of the stack is scanned before it overflows.
    pub(crate) fn scan_line(&mut self, line: usize) {
        let room = self.state.stack.capacity - self.state.stack.len;
        if room < self.state.stack.capacity / 4 {
            self.drain_some(self.state.stack.capacity / 4);
        }
        let core = self.core;
        let start = core.base + line * LINE;
        let end = start + LINE;
        let page = (start - core.base) / PAGE;
        match core.owner(page) {
            PageOwner::Free => {}
            PageOwner::Run(first) => {
                let addr = core.page_addr(first);
                if self.bits.get(core.granule(addr))
                    && let Some(object) = ObjectRef::from_addr(addr)
                {
                    self.scan_piece(object, start, end);
                }
            }
            PageOwner::Block => {
                let begin = core.granule(start);
                let block = begin - begin % GRANULES_PER_BLOCK;
                let floor = (begin + 1).saturating_sub(MAX_SMALL / GRANULE).max(block);
                // The last object that begins before the line may reach into it.
                let bits = self.bits;
                let mut next = bits
                    .last_set(floor..begin + 1)
                    .or_else(|| bits.first_set(begin + 1..begin + LINE / GRANULE));
                while let Some(granule) = next {
                    if let Some(object) = ObjectRef::from_addr(core.granule_addr(granule)) {
                        self.scan_piece(object, start, end);
                    }
                    next = bits.first_set(granule.max(begin) + 1..begin + LINE / GRANULE);
                }
            }
        }
    }

    /// Visits the references of an old object that lie in `[start, end)`.
    fn scan_piece(&mut self, object: ObjectRef, start: usize, end: usize) {
        let binding = self.binding;
        // SAFETY: old objects are marked, hence objects.
        let shape = unsafe { binding.shape(object) };
        let addr = object.addr();
        let words = |first: usize, last: usize, marker: &mut Self, ambiguous: bool| {
            // Most of a line's references are old. For a young collection their lines tell that, which
            // are near each other; their marks are far apart.
            if !ambiguous && !marker.young {
                for word in (first.max(start)..last.min(end)).step_by(8) {
                    // SAFETY: the shape says that words of that kind are there.
                    let value = unsafe { load(word) };
                    marker.core.prefetch_mark(marker.bits, value);
                }
            }
            for word in (first.max(start)..last.min(end)).step_by(8) {
                // SAFETY: the shape says that words of that kind are there.
                let value = unsafe { load(word) };
                if ambiguous {
                    marker.visit_ambiguous(value);
                } else if !marker.is_old(value) {
                    marker.visit(value);
                }
            }
        };
        match shape.kind {
            ShapeKind::NoRefs => {}
            ShapeKind::Bitmap { first, mut bits } => {
                while bits != 0 {
                    let word = addr + first as usize + 8 * bits.trailing_zeros() as usize;
                    words(word, word + 8, self, false);
                    bits &= bits - 1;
                }
            }
            ShapeKind::Runs(runs) => {
                for run in runs {
                    let first = addr + run.offset as usize;
                    words(first, first + 8 * run.count as usize, self, false);
                }
            }
            ShapeKind::RefArray { first, len } => {
                let first = addr + first as usize;
                words(first, first + 8 * len, self, false);
            }
            ShapeKind::ValueArray {
                first,
                len,
                elem_size,
                offsets,
            } => {
                let (first, elem_size) = (addr + first as usize, elem_size as usize);
                if elem_size == 0 {
                    return;
                }
                let mut index = start.saturating_sub(first) / elem_size;
                while index < len && first + index * elem_size < end {
                    for offset in offsets {
                        let word = first + index * elem_size + *offset as usize;
                        words(word, word + 8, self, false);
                    }
                    index += 1;
                }
            }
            ShapeKind::Ephemerons { .. } => {
                if self.state.ephemerons.last() != Some(&object) {
                    self.state.ephemerons.push(object);
                }
            }
            ShapeKind::Ambiguous { .. } if self.concurrent.is_some() => {
                self.state.deferred.push(object)
            }
            ShapeKind::Ambiguous { first } => {
                words(addr + first as usize, addr + shape.size, self, true);
            }
        }
    }

    /// Ends marking. Nothing may be grey. `before` is what was marked already
    /// when it began.
    /// Returns also the marking that was fed beside this one.
    pub(crate) fn finish(self, before: Marked) -> (Marked, Option<&'a mut MarkState>) {
        debug_assert!(self.state.is_done());
        if self.state.counted.overflowed {
            // Objects were scanned more than once.
            let (mut objects, mut bytes) = (0, 0);
            self.core.for_each_bit(self.bits, self.top, |object| {
                objects += 1;
                // SAFETY: a marked object.
                bytes += unsafe { self.core.size_of(self.binding, object) };
            });
            self.state.counted.objects = objects - before.objects;
            self.state.counted.bytes = bytes - before.bytes;
        }
        if self.state.deepest > self.state.stack.capacity / 4 {
            // SAFETY: the stack is empty and this marker has it.
            unsafe { self.core.discard_mark_stack(self.state.stack.start) };
        }
        let counted = self.state.counted;
        self.state.reset();
        (counted, self.beside.map(|beside| beside.state))
    }
}

impl<B: VmBinding> Tracer for Marker<'_, B> {
    type Binding = B;

    fn binding(&self) -> &B {
        self.binding
    }

    #[inline]
    fn visit(&mut self, addr: usize) {
        Marker::visit(self, addr);
    }

    #[inline]
    fn is_live(&self, addr: usize) -> bool {
        is_live(self.core, self.bits, self.young, addr)
    }

    fn drain(&mut self) {
        Marker::drain(self);
    }

    fn ephemerons(&mut self) -> &mut Vec<ObjectRef> {
        &mut self.state.ephemerons
    }

    fn weak(&self, young: bool) -> WeakVisitor<'_> {
        WeakVisitor::new(self.core, self.bits, young)
    }
}

/// # Safety
/// An aligned word of a live object.
#[inline(always)]
pub(crate) unsafe fn load(addr: usize) -> usize {
    let slot: *const AtomicUsize = core::ptr::with_exposed_provenance(addr);
    // SAFETY: the caller's promise. Atomic, because mutators may be running.
    unsafe { &*slot }.load(Relaxed)
}

/// # Safety
/// An aligned word of a live object, with the world stopped.
pub(crate) unsafe fn store(addr: usize, value: usize) {
    let slot: *mut usize = core::ptr::with_exposed_provenance_mut(addr);
    // SAFETY: the caller's promise.
    unsafe { slot.write(value) };
}
