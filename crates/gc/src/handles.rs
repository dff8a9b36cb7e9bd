//! GC handles: references from outside, with ids instead of addresses.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

use parking_lot::Mutex;

use crate::layout::PAGE;
use crate::object::ObjectRef;
use crate::os::Mapping;

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

/// Marks a slot that no handle owns: what untouched and given back pages hold.
const VACANT: usize = 0;
/// The address of no object in a slot.
const NULL: usize = 1;
/// Slots are paid for, and given back, by pages.
const PAGE_SLOTS: u32 = (PAGE / size_of::<Slot>()) as u32;
const FIRST_SEGMENT: usize = PAGE_SLOTS as usize;
/// Segments double: 256 * (2^21 - 1) slots are nearly as many as ids can name.
const SEGMENTS: usize = 21;
const MAX_SLOTS: u32 = PAGE_SLOTS * ((1 << SEGMENTS) - 1);
const _: () = assert!(MAX_SLOTS <= 1 << 29);

/// A slot: the object, and what a dependent handle keeps; of a vacant one, the number of the next
/// vacant slot plus one, or 0.
struct Slot {
    target: AtomicUsize,
    dependent: AtomicUsize,
}

struct FreeSlots {
    /// Slots below this one have been given out at least once.
    used: u32,
    /// Slots that are paid for: whole pages.
    paid: u32,
    /// First of the list of vacant slots below `used`, plus one; 0 for none.
    vacant: u32,
}

/// The handles of one kind. Reading takes no lock.
struct Slab {
    segments: [OnceLock<Mapping>; SEGMENTS],
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
            segments: [const { OnceLock::new() }; SEGMENTS],
            free: Mutex::new(FreeSlots {
                used: 0,
                paid: 0,
                vacant: 0,
            }),
        }
    }

    fn slot(&self, slot: u32) -> Option<&Slot> {
        let (segment, index) = segment_of(slot);
        let start = self.segments.get(segment)?.get()?.base().cast::<Slot>();
        // SAFETY: a segment has `FIRST_SEGMENT << segment` slots, and `index` is below that; it
        // lives as long as the slab. Its memory was zero at first and is again when pages are given
        // back: a vacant slot. Slots are atomics, only ever used through shared references.
        Some(unsafe { start.add(index).as_ref() })
    }

    /// Takes a slot. `grow` is asked before memory is taken, with bytes.
    fn take(
        &self,
        target: usize,
        dependent: usize,
        grow: impl FnOnce(usize) -> bool,
    ) -> Option<u32> {
        let mut free = self.free.lock();
        let slot = match free.vacant.checked_sub(1) {
            Some(slot) => {
                free.vacant = self.slot(slot)?.dependent.load(Ordering::Relaxed) as u32;
                slot
            }
            None => {
                if free.used == free.paid {
                    let (segment, _) = segment_of(free.paid);
                    if free.paid >= MAX_SLOTS || !grow(PAGE) {
                        return None;
                    }
                    let segment_cell = self.segments.get(segment)?;
                    if segment_cell.get().is_none() {
                        let bytes = (FIRST_SEGMENT << segment) * size_of::<Slot>();
                        // The lock is held: nobody else sets it.
                        let _ = segment_cell.set(Mapping::reserve(bytes).ok()?);
                    }
                    free.paid += PAGE_SLOTS;
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
        entry
            .dependent
            .store(free.vacant as usize, Ordering::Release);
        free.vacant = slot + 1;
        true
    }

    /// Gives back the pages behind the last handle, and lists the vacant slots again, so that the
    /// lowest are taken first. Tells how many bytes.
    fn trim(&self) -> usize {
        let mut free = self.free.lock();
        let (mut kept, mut vacant) = (0, 0);
        for slot in (0..free.used).rev() {
            let Some(entry) = self.slot(slot) else {
                return 0;
            };
            if entry.target.load(Ordering::Acquire) != VACANT {
                kept = kept.max(slot + 1);
            } else if kept != 0 {
                // Not behind the last handle.
                entry.dependent.store(vacant as usize, Ordering::Release);
                vacant = slot + 1;
            }
        }
        (free.used, free.vacant) = (kept, vacant);
        let paid = kept.next_multiple_of(PAGE_SLOTS);
        let before = free.paid;
        // From the end, so that what is left is whole if the system refuses.
        while free.paid > paid {
            let (segment, end) = segment_of(free.paid - 1);
            let end = end + 1;
            let count = end.min((free.paid - paid) as usize);
            let slot = size_of::<Slot>();
            let Some(mapping) = self.segments[segment].get() else {
                break;
            };
            // SAFETY: no handle has a slot there, and a vacant slot that is read all the same is
            // found vacant before and after.
            if !unsafe { mapping.discard((end - count) * slot, count * slot) } {
                break;
            }
            free.paid -= count as u32;
        }
        (before - free.paid) as usize * size_of::<Slot>()
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

/// All handles of a heap.
pub struct Handles {
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

    /// Gives back memory behind the last handle of each kind; tells how many bytes. For a
    /// collection of everything: it looks at all slots.
    pub(crate) fn trim(&self) -> usize {
        self.slabs.iter().map(Slab::trim).sum()
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
            addr => Some(object(addr)),
        }
    }

    pub(crate) fn dependent(&self, id: HandleId) -> Option<Option<ObjectRef>> {
        Some(object(self.entry(id)?.dependent.load(Ordering::Acquire)))
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
                object(entry.target.load(Ordering::Acquire)),
            );
        });
    }

    /// Calls `each` with the two objects of every dependent handle that has
    /// both.
    pub(crate) fn for_each_pair(&self, mut each: impl FnMut(ObjectRef, ObjectRef)) {
        self.slab(HandleKind::Dependent).for_each(|_, entry| {
            let target = object(entry.target.load(Ordering::Acquire));
            let dependent = object(entry.dependent.load(Ordering::Acquire));
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
            if let Some(object) = object(entry.target.load(Ordering::Acquire))
                && !is_live(object)
                // A thread that is no mutator may free the handle right now.
                && entry.target.compare_exchange(object.addr(), NULL, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            {
                entry.dependent.store(NULL, Ordering::Release);
                cleared += 1;
            }
        });
        cleared
    }
}

fn word(object: Option<ObjectRef>) -> usize {
    object.map_or(NULL, ObjectRef::addr)
}

fn object(word: usize) -> Option<ObjectRef> {
    if word == NULL {
        return None;
    }
    ObjectRef::from_addr(word)
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
    fn memory_behind_the_last_handle_is_given_back() {
        let handles = Handles::new();
        let mut paid = 0;
        let mut make = |n: usize| {
            let object = ObjectRef::from_addr(n * 8 + 8);
            let made = handles.alloc(HandleKind::Normal, object, None, |bytes| {
                paid += bytes;
                true
            });
            (made.expect("room"), object)
        };
        let all: Vec<_> = (0..10_000).map(&mut make).collect();
        let kept = [0, 255, 256, 3000];
        for (n, (id, _)) in all.iter().enumerate() {
            assert!(kept.contains(&n) || handles.free(*id));
        }
        let given = handles.trim();
        assert_eq!(handles.trim(), 0, "all at once");
        let check = || {
            for (n, (id, object)) in all.iter().enumerate() {
                let expected = kept.contains(&n).then_some(*object);
                assert_eq!(handles.get(*id), expected, "handle {n}");
            }
        };
        check();
        // What is kept fits 3,001 slots of 16 bytes.
        let again: Vec<_> = (0..2997).map(&mut make).collect();
        assert!(
            again.iter().all(|(id, _)| id.slot() <= 3000),
            "lowest first"
        );
        for (id, _) in &again {
            assert!(handles.free(*id));
        }
        check();
        assert_eq!(handles.trim(), 0);
        assert_eq!(paid - given, 12 * 4096);
        for n in kept {
            assert!(handles.free(all[n].0));
        }
        assert_eq!(handles.trim(), 12 * 4096);
        assert!(all.iter().all(|(id, _)| handles.get(*id).is_none()));
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
