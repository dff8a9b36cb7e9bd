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
    marker: Marker<'m, B>,
    young: bool,
}

impl<'m, B: VmBinding> RootVisitor<'m, B> {
    pub(crate) fn new(marker: Marker<'m, B>, young: bool) -> RootVisitor<'m, B> {
        RootVisitor { marker, young }
    }

    pub(crate) fn into_marker(self) -> Marker<'m, B> {
        self.marker
    }

    #[inline]
    fn visit(&mut self, addr: usize) {
        self.marker.visit_root(addr);
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
        if let Some(object) = self.marker.find(word) {
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
    core: &'a Core,
    bits: &'a BitTable,
    young: bool,
}

impl<'a> WeakVisitor<'a> {
    pub(crate) fn new(core: &'a Core, bits: &'a BitTable, young: bool) -> WeakVisitor<'a> {
        WeakVisitor { core, bits, young }
    }

    /// Whether only young objects are collected: what an earlier collection has
    /// seen is alive.
    pub fn is_young(&self) -> bool {
        self.young
    }

    /// Whether the object survives this collection. Foreign objects do.
    #[inline]
    pub fn is_live(&self, object: ObjectRef) -> bool {
        is_live(self.core, self.bits, self.young, object.addr())
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
