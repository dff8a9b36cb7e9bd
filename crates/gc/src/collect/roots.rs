//! What the binding talks to while the world is stopped.

use crate::binding::VmBinding;
use crate::collect::is_live;
use crate::collect::mark::{Marker, load};
use crate::layout::GRANULE;
use crate::object::ObjectRef;
use crate::region::Core;
use crate::side::BitTable;

/// Takes the roots of one collection.
///
/// The kinds of roots are told apart at their source. Precise ones name an
/// object's start or nothing; ambiguous ones are words that may or may not be
/// references, and may point inside an object.
pub struct RootVisitor<'m, B> {
    sink: Sink<'m, B>,
    young: bool,
}

/// Where roots go.
enum Sink<'m, B> {
    /// To the marking of a mark-region heap.
    Region(Marker<'m, B>),
    /// To that of another plan.
    Other(&'m mut dyn Marking),
}

/// A marking that takes roots.
pub(crate) trait Marking {
    /// Greys what a precise root refers to.
    fn visit_root(&mut self, addr: usize);

    /// The object that an ambiguous word names, if any.
    fn find(&self, word: usize) -> Option<ObjectRef>;

    /// Whether what is at `addr` stays.
    fn is_live(&self, addr: usize) -> bool;
}

impl<'m, B: VmBinding> RootVisitor<'m, B> {
    pub(crate) fn new(marker: Marker<'m, B>, young: bool) -> RootVisitor<'m, B> {
        RootVisitor {
            sink: Sink::Region(marker),
            young,
        }
    }

    pub(crate) fn of(sink: &'m mut dyn Marking) -> RootVisitor<'m, B> {
        RootVisitor {
            sink: Sink::Other(sink),
            young: false,
        }
    }

    /// The marker of a visitor that was made by `new`.
    pub(crate) fn into_marker(self) -> Marker<'m, B> {
        match self.sink {
            Sink::Region(marker) => marker,
            Sink::Other(_) => unreachable!("another plan's visitor has none"),
        }
    }

    #[inline]
    fn visit(&mut self, addr: usize) {
        match &mut self.sink {
            Sink::Region(marker) => marker.visit_root(addr),
            Sink::Other(sink) => sink.visit_root(addr),
        }
    }

    /// Whether only young objects are collected. Roots that have not changed
    /// since the last collection, and refer to objects that it has seen, need
    /// not be reported then.
    pub fn is_young(&self) -> bool {
        self.young
    }

    /// A word of memory that holds a reference or null. A plan that moves
    /// objects updates it.
    ///
    /// # Safety
    /// `slot` is readable, and holds null, the start of an object, or a foreign
    /// address.
    #[inline]
    pub unsafe fn slot(&mut self, slot: *mut Option<ObjectRef>) {
        // SAFETY: the caller's promise.
        if let Some(object) = unsafe { slot.read() } {
            self.visit(object.addr());
        }
    }

    /// Consecutive words, each as for [`slot`](RootVisitor::slot).
    ///
    /// # Safety
    /// As for `slot`, for `count` words from `first` on.
    pub unsafe fn slots(&mut self, first: *mut Option<ObjectRef>, count: usize) {
        for index in 0..count {
            // SAFETY: the caller's promise.
            unsafe { self.slot(first.add(index)) };
        }
    }

    /// A reference that cannot be updated: the object is pinned for this cycle.
    #[inline]
    pub fn value(&mut self, object: ObjectRef) {
        self.visit(object.addr());
    }

    /// One ambiguous word. What it names is pinned for this cycle.
    #[inline]
    pub fn ambiguous(&mut self, word: usize) {
        let found = match &self.sink {
            Sink::Region(marker) => marker.find(word),
            Sink::Other(sink) => sink.find(word),
        };
        if let Some(object) = found {
            self.visit(object.addr());
        }
    }

    /// All aligned words in `[start, end)`: a piece of a stack, spilled
    /// registers. What they name is pinned for this cycle.
    ///
    /// # Safety
    /// The aligned words between the two addresses are readable.
    pub unsafe fn ambiguous_range(&mut self, start: *const u8, end: *const u8) {
        let start = start.expose_provenance().next_multiple_of(GRANULE);
        let end = end.expose_provenance();
        let mut at = start;
        while at + GRANULE <= end {
            // SAFETY: aligned, in the range that the caller vouches for.
            self.ambiguous(unsafe { load(at) });
            at += GRANULE;
        }
    }
}

/// Answers what is still alive, once liveness is final.
pub struct WeakVisitor<'a> {
    marks: Marks<'a>,
    young: bool,
}

enum Marks<'a> {
    Region(&'a Core, &'a BitTable),
    Other(&'a dyn Marking),
}

impl<'a> WeakVisitor<'a> {
    pub(crate) fn new(core: &'a Core, bits: &'a BitTable, young: bool) -> WeakVisitor<'a> {
        WeakVisitor {
            marks: Marks::Region(core, bits),
            young,
        }
    }

    pub(crate) fn of(marking: &'a dyn Marking) -> WeakVisitor<'a> {
        WeakVisitor {
            marks: Marks::Other(marking),
            young: false,
        }
    }

    /// Whether only young objects are collected: what an earlier collection has
    /// seen is alive.
    pub fn is_young(&self) -> bool {
        self.young
    }

    /// Whether the object survives this collection. Foreign objects do.
    #[inline]
    pub fn is_live(&self, object: ObjectRef) -> bool {
        match self.marks {
            Marks::Region(core, bits) => is_live(core, bits, self.young, object.addr()),
            Marks::Other(marking) => marking.is_live(object.addr()),
        }
    }

    /// Sets a weak slot to `None` if its object dies; tells whether it did.
    #[inline]
    pub fn clear_if_dead(&self, slot: &mut Option<ObjectRef>) -> bool {
        let dead = slot.is_some_and(|object| !self.is_live(object));
        if dead {
            *slot = None;
        }
        dead
    }
}
