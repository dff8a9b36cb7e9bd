//! What the markings of all plans have in common once the roots are grey:
//! ephemerons, finalization, weak references.

use crate::binding::{ShapeKind, VmBinding};
use crate::collect::mark::{load, store};
use crate::collect::roots::WeakVisitor;
use crate::finalize::Finalization;
use crate::handles::{HandleKind, Handles};
use crate::object::ObjectRef;

/// A marking. The world is stopped.
pub(crate) trait Tracer {
    type Binding: VmBinding;

    fn binding(&self) -> &Self::Binding;

    /// Greys what a precise word refers to.
    fn visit(&mut self, addr: usize);

    /// Whether what is at `addr` stays: it is grey or black, or not of this heap.
    fn is_live(&self, addr: usize) -> bool;

    /// Blackens everything that can be reached, ephemerons apart.
    fn drain(&mut self);

    /// Ephemeron arrays reached so far.
    fn ephemerons(&mut self) -> &mut Vec<ObjectRef>;

    /// What the binding is told about who survives.
    fn weak(&self, young: bool) -> WeakVisitor<'_>;
}

/// Greys what handles and the finalizer queue keep.
pub(crate) fn visit_strong(
    tracer: &mut impl Tracer,
    handles: &Handles,
    finalization: &Finalization,
) {
    let mut visit = |object: ObjectRef| tracer.visit(object.addr());
    for kind in [HandleKind::Normal, HandleKind::Pinned] {
        handles.for_each(kind, |_, object| {
            object.into_iter().for_each(&mut visit);
        });
    }
    finalization.for_each_ready(|object| visit(*object));
}

/// Finishes a marking that has all its roots: everything reachable,
/// finalization, weak references. Tells how many objects are to be
/// finalized and how many handles were cleared.
pub(crate) fn conclude(
    tracer: &mut impl Tracer,
    handles: &Handles,
    finalization: &Finalization,
    young: bool,
) -> (usize, usize) {
    mark_reachable(tracer, handles);
    let mut cleared = handles.clear_dead(HandleKind::Weak, |object| tracer.is_live(object.addr()));
    let finalizable = finalization.take_dead(
        young,
        |object| !tracer.is_live(object.addr()),
        |object| tracer.binding().finalizes_last(object),
    );
    if finalizable != 0 {
        finalization.for_each_ready(|object| tracer.visit(object.addr()));
        mark_reachable(tracer, handles);
    }
    clear_ephemerons(tracer);
    let is_live = |object: ObjectRef| tracer.is_live(object.addr());
    finalization.end_collection(is_live);
    for kind in [HandleKind::WeakTrackResurrection, HandleKind::Dependent] {
        cleared += handles.clear_dead(kind, is_live);
    }
    tracer.binding().process_weak(&tracer.weak(young));
    (finalizable, cleared)
}

/// Marks everything reachable from what is grey, through ephemerons and
/// dependent handles too.
fn mark_reachable(tracer: &mut impl Tracer, handles: &Handles) {
    loop {
        drain_with_ephemerons(tracer);
        let mut progress = false;
        handles.for_each_pair(|target, dependent| {
            if tracer.is_live(target.addr()) && !tracer.is_live(dependent.addr()) {
                tracer.visit(dependent.addr());
                progress = true;
            }
        });
        if !progress {
            return;
        }
    }
}

/// Marks the values of ephemerons with live keys, until there are no more.
/// Returns with nothing grey.
fn drain_with_ephemerons(tracer: &mut impl Tracer) {
    tracer.drain();
    loop {
        let mut progress = false;
        let mut next = 0;
        while let Some(array) = tracer.ephemerons().get(next).copied() {
            next += 1;
            for pair in ephemeron_pairs(tracer.binding(), array) {
                // SAFETY: the shape says that a key and a value are there.
                let (key, value) = unsafe { (load(pair), load(pair + 8)) };
                if tracer.is_live(key) && !tracer.is_live(value) {
                    tracer.visit(value);
                    progress = true;
                }
            }
            tracer.drain();
        }
        if !progress {
            return;
        }
    }
}

/// Replaces the dead keys of all ephemeron arrays that are alive.
fn clear_ephemerons(tracer: &mut impl Tracer) {
    let tombstone = tracer
        .binding()
        .ephemeron_tombstone()
        .map_or(0, ObjectRef::addr);
    // An overflow may have listed an array twice; clearing is idempotent.
    for array in core::mem::take(tracer.ephemerons()) {
        for pair in ephemeron_pairs(tracer.binding(), array) {
            // SAFETY: the shape says that a key and a value are there.
            let key = unsafe { load(pair) };
            if !tracer.is_live(key) {
                // SAFETY: as above; the world is stopped.
                unsafe {
                    store(pair, tombstone);
                    store(pair + 8, 0);
                }
            }
        }
    }
}

/// The addresses of the pairs of an ephemeron array.
fn ephemeron_pairs<B: VmBinding>(
    binding: &B,
    array: ObjectRef,
) -> impl Iterator<Item = usize> + use<B> {
    // SAFETY: only live objects of that shape are on the list.
    let shape = unsafe { binding.shape(array) };
    let (first, len) = match shape.kind {
        ShapeKind::Ephemerons { first, len } => (first as usize, len),
        _ => (0, 0),
    };
    (0..len).map(move |index| array.addr() + first + 16 * index)
}
