//! What the binding talks to while the world is stopped.

use crate::binding::VmBinding;
use crate::collect::mark::{Marker, is_live, load};
use crate::layout::GRANULE;
use crate::object::ObjectRef;
use crate::region::Core;

/// Takes the roots of one collection.
///
/// The kinds of roots are told apart at their source. Precise ones name an
/// object's start or nothing; ambiguous ones are words that may or may not be
/// references, and may point inside an object.
pub struct RootVisitor<'m, B> {
    marker: Marker<'m, B>,
}

impl<'m, B: VmBinding> RootVisitor<'m, B> {
    pub(crate) fn new(marker: Marker<'m, B>) -> RootVisitor<'m, B> {
        RootVisitor { marker }
    }

    pub(crate) fn into_marker(self) -> Marker<'m, B> {
        self.marker
    }

    /// Whether only young objects are collected. Roots that have not changed
    /// since the last collection, and refer to objects that it has seen, need
    /// not be reported then.
    pub fn is_young(&self) -> bool {
        self.marker.young
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
            self.marker.visit_root(object.addr());
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
        self.marker.visit_root(object.addr());
    }

    /// One ambiguous word. What it names is pinned for this cycle.
    #[inline]
    pub fn ambiguous(&mut self, word: usize) {
        self.marker.visit_ambiguous(word);
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
            self.marker.visit_ambiguous(unsafe { load(at) });
            at += GRANULE;
        }
    }
}

/// Answers what is still alive, once liveness is final.
pub struct WeakVisitor<'a> {
    core: &'a Core,
    young: bool,
}

impl<'a> WeakVisitor<'a> {
    pub(crate) fn new(core: &'a Core, young: bool) -> WeakVisitor<'a> {
        WeakVisitor { core, young }
    }

    /// Whether only young objects are collected: what an earlier collection has
    /// seen is alive.
    pub fn is_young(&self) -> bool {
        self.young
    }

    /// Whether the object survives this collection. Foreign objects do.
    #[inline]
    pub fn is_live(&self, object: ObjectRef) -> bool {
        is_live(self.core, object)
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
