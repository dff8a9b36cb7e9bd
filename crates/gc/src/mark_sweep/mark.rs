//! Tri-colour marking with the heap's own colour bits.

use core::convert::Infallible;

use ferrocil_alloc::heap::{Colour, HeaderLayout};

use super::arena::{Arena, LEAF};
use crate::binding::{ObjectShape, ShapeKind, VmBinding};
use crate::collect::{MarkStack, Marked, Marking, Tracer, WeakVisitor, load};
use crate::layout::{GRANULE, LINE};
use crate::object::ObjectRef;
use crate::region::allocation_size;

/// Longer objects are scanned piece by piece, so that a step stays short.
const PIECE: usize = 4096;

/// A marking that can rest between steps.
pub(super) struct State {
    /// Grey objects.
    stack: MarkStack,
    /// Grey objects that are scanned up to an offset.
    rests: Vec<(ObjectRef, usize)>,
    /// Ephemeron arrays reached so far.
    ephemerons: Vec<ObjectRef>,
    /// Some grey objects are not on the stack, for lack of room. Their colour tells which.
    overflow: bool,
    pub(super) counted: Marked,
}

impl State {
    pub(super) fn new(stack: MarkStack) -> State {
        State {
            stack,
            rests: Vec::new(),
            ephemerons: Vec::new(),
            overflow: false,
            counted: Marked::default(),
        }
    }

    /// Forgets everything; the colours are reset elsewhere.
    pub(super) fn reset(&mut self) {
        self.stack.clear();
        self.rests.clear();
        self.ephemerons.clear();
        self.overflow = false;
        self.counted = Marked::default();
    }

    pub(super) fn is_done(&self) -> bool {
        self.stack.is_empty() && self.rests.is_empty() && !self.overflow
    }
}

/// A marking at work. The world is stopped.
pub(super) struct Marker<'a, B, L: HeaderLayout> {
    pub(super) binding: &'a B,
    pub(super) arena: &'a mut Arena<L>,
    pub(super) state: &'a mut State,
    /// Check that precise roots name objects.
    pub(super) check_roots: bool,
}

impl<B: VmBinding, L: HeaderLayout> Marker<'_, B, L> {
    fn grey(&mut self, object: ObjectRef) {
        let allocation = self.arena.allocation(object);
        if allocation.colour != Colour::WHITE {
            return;
        }
        if allocation.ty == LEAF {
            let bytes = self.arena.room(object);
            self.blacken(object, bytes);
            return;
        }
        self.arena.set_colour(object, Colour::GREY);
        if !self.state.stack.push(object.addr()) {
            self.state.overflow = true;
        }
    }

    fn blacken(&mut self, object: ObjectRef, bytes: usize) {
        self.arena.set_colour(object, Colour::BLACK);
        self.state.counted.objects += 1;
        self.state.counted.bytes += bytes;
    }

    /// Scans a grey object from an offset on, a piece of it if it is long.
    fn scan(&mut self, object: ObjectRef, from: usize) {
        let binding = self.binding;
        // SAFETY: grey objects are objects with headers: roots and fields refer to nothing else
        // (the contract of `VmBinding`).
        let shape = unsafe { binding.shape(object) };
        let to = from + PIECE;
        if let ShapeKind::Ephemerons { .. } = shape.kind {
            self.state.ephemerons.push(object);
        } else {
            self.visit_slots(object, &shape, from, to);
            if to < shape.size {
                self.state.rests.push((object, to));
                return;
            }
        }
        self.blacken(object, allocation_size(shape.size).unwrap_or(shape.size));
    }

    /// Visits the references of a live object, ephemerons apart, between two offsets.
    fn visit_slots(&mut self, object: ObjectRef, shape: &ObjectShape<'_>, from: usize, to: usize) {
        match shape.kind {
            ShapeKind::Ephemerons { .. } => {}
            ShapeKind::Ambiguous { first } => {
                let mut offset = (first as usize).max(from.next_multiple_of(GRANULE));
                while offset + GRANULE <= shape.size && offset < to {
                    // SAFETY: an aligned word inside the object.
                    let word = unsafe { load(object.addr() + offset) };
                    if let Some(found) = self.arena.find(word) {
                        self.grey(found);
                    }
                    offset += GRANULE;
                }
            }
            _ => {
                let Ok(()) = shape.slots_within::<Infallible>(from, to, |offset| {
                    // SAFETY: the shape says that a reference is there.
                    self.visit(unsafe { load(object.addr() + offset) });
                    Ok(())
                });
            }
        }
    }

    /// Visits again what a line's grey and black objects refer to: it has been stored to.
    pub(super) fn rescan_line(&mut self, line: usize) {
        let mut objects = Vec::new();
        self.arena.for_each_on_line(line, |object| {
            if self.arena.allocation(object).colour != Colour::WHITE {
                objects.push(object);
            }
        });
        for object in objects {
            let binding = self.binding;
            // SAFETY: a marked object.
            let shape = unsafe { binding.shape(object) };
            let from = line.saturating_sub(object.addr());
            let to = (line + LINE).saturating_sub(object.addr());
            self.visit_slots(object, &shape, from, to);
        }
    }

    /// Scans about `limit` objects or pieces. Returns whether nothing is grey any more.
    pub(super) fn drain_some(&mut self, limit: usize) -> bool {
        let mut work = 0;
        loop {
            while work < limit {
                if let Some(addr) = self.state.stack.pop() {
                    if let Some(object) = ObjectRef::from_addr(addr) {
                        self.scan(object, 0);
                    }
                } else if let Some((object, from)) = self.state.rests.pop() {
                    self.scan(object, from);
                } else {
                    break;
                }
                work += 1;
            }
            if work >= limit || !self.state.overflow {
                return self.state.is_done();
            }
            // The stack is empty: fill it with grey objects that it had no room for.
            self.state.overflow = false;
            self.state.counted.overflowed = true;
            let mut from = self.arena.start();
            while let Some(object) = self.arena.first_grey(from) {
                from = object.addr() + GRANULE;
                if !self.state.stack.push(object.addr()) {
                    self.state.overflow = true;
                    break;
                }
            }
        }
    }
}

impl<B: VmBinding, L: HeaderLayout> Tracer for Marker<'_, B, L> {
    type Binding = B;

    fn binding(&self) -> &B {
        self.binding
    }

    #[inline]
    fn visit(&mut self, addr: usize) {
        if self.arena.contains(addr)
            && let Some(object) = ObjectRef::from_addr(addr)
        {
            self.grey(object);
        }
    }

    fn is_live(&self, addr: usize) -> bool {
        self.arena.is_marked(addr)
    }

    fn drain(&mut self) {
        self.drain_some(usize::MAX);
    }

    fn ephemerons(&mut self) -> &mut Vec<ObjectRef> {
        &mut self.state.ephemerons
    }

    fn weak(&self, _young: bool) -> WeakVisitor<'_> {
        WeakVisitor::of(self)
    }
}

impl<B: VmBinding, L: HeaderLayout> Marking for Marker<'_, B, L> {
    fn visit_root(&mut self, addr: usize) {
        assert!(
            !self.check_roots
                || self.arena.is_start(addr)
                || (!self.arena.contains(addr) && self.binding.is_foreign(addr)),
            "a root holds {addr:#x}, where no object starts"
        );
        self.visit(addr);
    }

    fn find(&self, word: usize) -> Option<ObjectRef> {
        self.arena.find(word)
    }

    fn is_live(&self, addr: usize) -> bool {
        self.arena.is_marked(addr)
    }
}
