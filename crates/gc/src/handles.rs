//! GC handles: references from outside, with ids instead of addresses.

use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::object::ObjectRef;

/// What a handle does for its object. The numbers are those of
/// `System.Runtime.InteropServices.GCHandleType`, and one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HandleKind {
    /// Cleared when the object becomes unreachable, before it is finalized.
    Weak = 0,
    /// Cleared when the object is gone, finalizer and resurrection included.
    WeakTrackResurrection = 1,
    /// Keeps the object.
    Normal = 2,
    /// Keeps the object and its address.
    Pinned = 3,
    /// Weak, and keeps a second object while the first lives.
    Dependent = 4,
}

impl HandleKind {
    const ALL: [HandleKind; 5] = [
        HandleKind::Weak,
        HandleKind::WeakTrackResurrection,
        HandleKind::Normal,
        HandleKind::Pinned,
        HandleKind::Dependent,
    ];

    fn from_bits(bits: u32) -> Option<HandleKind> {
        HandleKind::ALL.get(bits as usize).copied()
    }
}

/// The id of a handle: never 0; the kind is in its low three bits (plus one),
/// as in Mono. It fits the 32-bit field of a managed `GCHandle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct HandleId(u32);

impl HandleId {
    fn new(kind: HandleKind, slot: u32) -> HandleId {
        HandleId(slot << 3 | (kind as u32 + 1))
    }

    /// The id as a number.
    pub fn to_bits(self) -> u32 {
        self.0
    }

    /// Reads a number back. `None` when it cannot be an id; whether the handle
    /// exists is seen when it is used.
    pub fn from_bits(bits: u32) -> Option<HandleId> {
        HandleKind::from_bits((bits & 7).checked_sub(1)?)?;
        Some(HandleId(bits))
    }

    /// The kind of the handle.
    pub fn kind(self) -> HandleKind {
        HandleKind::from_bits((self.0 & 7).wrapping_sub(1)).unwrap_or(HandleKind::Weak)
    }

    fn slot(self) -> u32 {
        self.0 >> 3
    }
}

/// Marks a slot that no handle owns; any other value is an address or null.
const VACANT: usize = 1;
const FIRST_SEGMENT: usize = 64;
/// Segments double: 64 * (2^22 - 1) slots are more than ids can name.
const SEGMENTS: usize = 22;
const MAX_SLOTS: u32 = 1 << 29;

/// A slot: the object, and what a dependent handle keeps.
struct Slot {
    target: AtomicUsize,
    dependent: AtomicUsize,
}

struct FreeSlots {
    /// Slots below this one have been given out at least once.
    used: u32,
    /// Slots that exist.
    capacity: u32,
    vacant: Vec<u32>,
}

/// The handles of one kind. Reading takes no lock.
struct Slab {
    segments: [AtomicPtr<Slot>; SEGMENTS],
    free: Mutex<FreeSlots>,
}

fn segment_of(slot: u32) -> (usize, usize) {
    let position = slot as usize + FIRST_SEGMENT;
    let segment = (position.ilog2() - FIRST_SEGMENT.ilog2()) as usize;
    (segment, position - (FIRST_SEGMENT << segment))
}

impl Slab {
    fn new() -> Slab {
        Slab {
            segments: [const { AtomicPtr::new(core::ptr::null_mut()) }; SEGMENTS],
            free: Mutex::new(FreeSlots {
                used: 0,
                capacity: 0,
                vacant: Vec::new(),
            }),
        }
    }

    fn slot(&self, slot: u32) -> Option<&Slot> {
        let (segment, index) = segment_of(slot);
        let start = self.segments.get(segment)?.load(Ordering::Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: a segment that is not null has `FIRST_SEGMENT << segment`
        // slots, and `index` is below that; it lives as long as the slab.
        Some(unsafe { &*start.add(index) })
    }

    /// Takes a slot. `grow` is asked before memory is taken, with bytes.
    fn take(
        &self,
        target: usize,
        dependent: usize,
        grow: impl FnOnce(usize) -> bool,
    ) -> Option<u32> {
        let mut free = self.free.lock();
        let slot = match free.vacant.pop() {
            Some(slot) => slot,
            None => {
                if free.used == free.capacity {
                    let (segment, _) = segment_of(free.capacity);
                    let count = FIRST_SEGMENT << segment;
                    // The list of vacant slots may come to hold all of them.
                    let bytes = count * (size_of::<Slot>() + size_of::<u32>());
                    if segment >= SEGMENTS || free.capacity >= MAX_SLOTS || !grow(bytes) {
                        return None;
                    }
                    let slots: Box<[Slot]> = (0..count)
                        .map(|_| Slot {
                            target: AtomicUsize::new(VACANT),
                            dependent: AtomicUsize::new(0),
                        })
                        .collect();
                    let all = count + free.capacity as usize;
                    free.vacant.reserve_exact(all);
                    let slots = Box::into_raw(slots).cast::<Slot>();
                    self.segments[segment].store(slots, Ordering::Release);
                    free.capacity += count as u32;
                }
                free.used += 1;
                free.used - 1
            }
        };
        let entry = self.slot(slot)?;
        entry.dependent.store(dependent, Ordering::Release);
        entry.target.store(target, Ordering::Release);
        Some(slot)
    }

    fn release(&self, slot: u32) -> bool {
        let mut free = self.free.lock();
        let Some(entry) = self.slot(slot) else {
            return false;
        };
        if entry.target.swap(VACANT, Ordering::AcqRel) == VACANT {
            return false;
        }
        entry.dependent.store(0, Ordering::Release);
        free.vacant.push(slot);
        true
    }

    fn for_each(&self, mut each: impl FnMut(u32, &Slot)) {
        let used = self.free.lock().used;
        for slot in 0..used {
            if let Some(entry) = self.slot(slot)
                && entry.target.load(Ordering::Acquire) != VACANT
            {
                each(slot, entry);
            }
        }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        for (segment, start) in self.segments.iter_mut().enumerate() {
            let start = *start.get_mut();
            if !start.is_null() {
                let slots = core::ptr::slice_from_raw_parts_mut(start, FIRST_SEGMENT << segment);
                // SAFETY: `take` made it from a box of that length.
                drop(unsafe { Box::from_raw(slots) });
            }
        }
    }
}

/// All handles of a heap.
pub(crate) struct Handles {
    slabs: [Slab; 5],
}

impl Handles {
    pub(crate) fn new() -> Handles {
        Handles {
            slabs: core::array::from_fn(|_| Slab::new()),
        }
    }

    fn slab(&self, kind: HandleKind) -> &Slab {
        &self.slabs[kind as usize]
    }

    pub(crate) fn alloc(
        &self,
        kind: HandleKind,
        target: Option<ObjectRef>,
        dependent: Option<ObjectRef>,
        grow: impl FnOnce(usize) -> bool,
    ) -> Option<HandleId> {
        let slot = self.slab(kind).take(word(target), word(dependent), grow)?;
        Some(HandleId::new(kind, slot))
    }

    pub(crate) fn free(&self, id: HandleId) -> bool {
        self.slab(id.kind()).release(id.slot())
    }

    fn entry(&self, id: HandleId) -> Option<&Slot> {
        self.slab(id.kind())
            .slot(id.slot())
            .filter(|slot| slot.target.load(Ordering::Acquire) != VACANT)
    }

    pub(crate) fn get(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        match self
            .slab(id.kind())
            .slot(id.slot())?
            .target
            .load(Ordering::Acquire)
        {
            VACANT => None,
            addr => Some(ObjectRef::from_addr(addr)),
        }
    }

    pub(crate) fn dependent(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        Some(ObjectRef::from_addr(
            self.entry(id)?.dependent.load(Ordering::Acquire),
        ))
    }

    pub(crate) fn set(&self, id: HandleId, target: Option<ObjectRef>) -> bool {
        let _free = self.slab(id.kind()).free.lock();
        match self.entry(id) {
            Some(entry) => {
                entry.target.store(word(target), Ordering::Release);
                true
            }
            None => false,
        }
    }

    pub(crate) fn set_dependent(&self, id: HandleId, dependent: Option<ObjectRef>) -> bool {
        match self.entry(id) {
            Some(entry) => {
                entry.dependent.store(word(dependent), Ordering::Release);
                true
            }
            None => false,
        }
    }

    pub(crate) fn for_each(
        &self,
        kind: HandleKind,
        mut each: impl FnMut(HandleId, Option<ObjectRef>),
    ) {
        self.slab(kind).for_each(|slot, entry| {
            each(
                HandleId::new(kind, slot),
                ObjectRef::from_addr(entry.target.load(Ordering::Acquire)),
            );
        });
    }

    /// Calls `each` with the two objects of every dependent handle that has
    /// both.
    pub(crate) fn for_each_pair(&self, mut each: impl FnMut(ObjectRef, ObjectRef)) {
        self.slab(HandleKind::Dependent).for_each(|_, entry| {
            let target = ObjectRef::from_addr(entry.target.load(Ordering::Acquire));
            let dependent = ObjectRef::from_addr(entry.dependent.load(Ordering::Acquire));
            if let (Some(target), Some(dependent)) = (target, dependent) {
                each(target, dependent);
            }
        });
    }

    /// Sets the handles of a kind whose object is dead to null. The world is
    /// stopped. Returns how many there were.
    pub(crate) fn clear_dead(
        &self,
        kind: HandleKind,
        is_live: impl Fn(ObjectRef) -> bool,
    ) -> usize {
        let mut cleared = 0;
        self.slab(kind).for_each(|_, entry| {
            if let Some(object) = ObjectRef::from_addr(entry.target.load(Ordering::Acquire))
                && !is_live(object)
                // A thread that is no mutator may free the handle right now.
                && entry.target.compare_exchange(object.addr(), 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            {
                entry.dependent.store(0, Ordering::Release);
                cleared += 1;
            }
        });
        cleared
    }
}

fn word(object: Option<ObjectRef>) -> usize {
    object.map_or(0, ObjectRef::addr)
}

#[cfg(test)]
mod tests {
    use super::{HandleId, HandleKind, Handles};
    use crate::object::ObjectRef;

    #[test]
    fn ids_are_unique_and_carry_their_kind() {
        let handles = Handles::new();
        let object = |n: usize| ObjectRef::from_addr(n * 8 + 8);
        let mut ids = Vec::new();
        for n in 0..1000 {
            let kind = HandleKind::ALL[n % 5];
            let id = handles
                .alloc(kind, object(n), None, |_| true)
                .expect("room");
            assert_eq!(id.kind(), kind);
            assert_eq!(HandleId::from_bits(id.to_bits()), Some(id));
            ids.push(id);
        }
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(handles.get(*id), Some(object(n)));
        }
        for id in ids.iter().step_by(2) {
            assert!(handles.free(*id));
            assert!(!handles.free(*id), "a handle is freed once");
            assert_eq!(handles.get(*id), None);
            assert!(!handles.set(*id, None));
        }
        assert_eq!(handles.get(ids[1]), Some(object(1)));
        let again = handles
            .alloc(HandleKind::Weak, None, None, |_| false)
            .expect("a vacant slot needs no memory");
        assert_eq!(handles.get(again), Some(None));
    }

    #[test]
    fn wrong_numbers_are_refused() {
        assert_eq!(HandleId::from_bits(0), None);
        assert_eq!(HandleId::from_bits(7), None);
        let handles = Handles::new();
        let id = HandleId::from_bits(!7 | 1).expect("a possible id");
        assert_eq!(handles.get(id), None);
        assert!(!handles.free(id));
    }

    #[test]
    fn growth_can_be_refused() {
        let handles = Handles::new();
        assert_eq!(
            handles.alloc(HandleKind::Normal, None, None, |_| false),
            None
        );
    }
}
