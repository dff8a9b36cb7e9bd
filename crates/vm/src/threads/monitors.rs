//! All inflated locks: slots of mappings, which go back to the system when they are empty.

use std::alloc::{Layout, handle_alloc_error};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use memmap2::MmapMut;
use parking_lot::{Condvar, Mutex, RwLock};

use crate::object::ObjRef;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) owner: u32,
    pub(super) count: u32,
    pub(super) hash: u32,
    /// Tickets of threads in `Wait`, oldest first; a pulsed ticket is removed.
    pub(super) waiting: Vec<u64>,
    pub(super) next_ticket: u64,
}

/// An inflated lock.
#[derive(Debug, Default)]
pub struct Monitor {
    pub(super) state: Mutex<State>,
    pub(super) entered: Condvar,
    pub(super) pulsed: Condvar,
    /// Object it belongs to, held weakly. An odd number when it is vacant: twice the place of the
    /// next vacant one in the segment plus one, or 0, and 1.
    object: AtomicUsize,
}

/// What monitors are paid for by, and how many that are.
const SEGMENT_BYTES: usize = 64 << 10;
const PER_SEGMENT: u32 = (SEGMENT_BYTES / size_of::<Monitor>()) as u32;

/// Monitors of one mapping.
#[derive(Debug)]
struct Segment {
    memory: MmapMut,
    /// Monitors from the start that have been made.
    made: u32,
    /// Of them, those that belong to an object.
    used: u32,
    /// First vacant one plus one, or 0.
    vacant: u32,
}

impl Segment {
    fn new() -> Segment {
        let Ok(memory) = MmapMut::map_anon(SEGMENT_BYTES) else {
            handle_alloc_error(Layout::new::<[u8; SEGMENT_BYTES]>());
        };
        Segment {
            memory,
            made: 0,
            used: 0,
            vacant: 0,
        }
    }

    fn monitor(&self, place: u32) -> Option<&Monitor> {
        if place >= self.made {
            return None;
        }
        let monitors = self.memory.as_ptr().cast::<Monitor>();
        // SAFETY: the mapping has room for `PER_SEGMENT` monitors at its start, which is aligned to a
        // page, and those below `made` have been written. They are only used through shared references.
        Some(unsafe { &*monitors.add(place as usize) })
    }

    fn take(&mut self, object: ObjRef) -> Option<u32> {
        let place = match self.vacant.checked_sub(1) {
            Some(place) => {
                let next = self.monitor(place)?.object.load(Ordering::Relaxed) >> 1;
                self.vacant = next as u32;
                place
            }
            None if self.made < PER_SEGMENT => {
                let monitors = self.memory.as_mut_ptr().cast::<Monitor>();
                // SAFETY: `made` is below `PER_SEGMENT`: inside of the mapping, see `monitor`.
                unsafe { monitors.add(self.made as usize).write(Monitor::default()) };
                self.made += 1;
                self.made - 1
            }
            None => return None,
        };
        self.used += 1;
        self.monitor(place)?
            .object
            .store(object.address(), Ordering::Relaxed);
        Some(place)
    }

    fn vacate(&mut self, place: u32) {
        let next = self.vacant as usize;
        if let Some(monitor) = self.monitor(place) {
            *monitor.state.lock() = State::default();
            monitor.object.store(next << 1 | 1, Ordering::Relaxed);
            self.vacant = place + 1;
            self.used -= 1;
        }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        let monitors = self.memory.as_mut_ptr().cast::<Monitor>();
        for place in 0..self.made {
            // SAFETY: see `monitor`; `&mut self` means that nobody uses them.
            unsafe { monitors.add(place as usize).drop_in_place() };
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    segments: Vec<Option<Segment>>,
    /// No segment before this one has a vacant monitor.
    first: usize,
}

impl Table {
    fn take(&mut self, object: ObjRef) -> Option<u32> {
        while let Some(segment) = self.segments.get_mut(self.first) {
            if let Some(place) = segment.as_mut().and_then(|s| s.take(object)) {
                return Some(self.first as u32 * PER_SEGMENT + place);
            }
            self.first += 1;
        }
        None
    }

    fn add(&mut self, segment: Segment) {
        let gap = self.segments.iter().position(Option::is_none);
        let index = gap.unwrap_or(self.segments.len());
        if gap.is_none() {
            self.segments.push(None);
        }
        self.segments[index] = Some(segment);
        self.first = self.first.min(index);
    }
}

/// All inflated monitors of a runtime.
#[derive(Debug, Default)]
pub struct Monitors {
    table: RwLock<Table>,
    hash_seed: AtomicU32,
}

impl Monitors {
    /// Frees the monitors of dead objects. Tells how many bytes went back to the system.
    ///
    /// # Safety
    /// The world is stopped: no thread has a reference to the monitor of a dead object.
    pub(crate) unsafe fn sweep(&self, is_live: &dyn Fn(usize) -> bool) -> usize {
        let mut table = self.table.write();
        let mut given = 0;
        for (index, cell) in table.segments.iter_mut().enumerate() {
            let Some(segment) = cell else { continue };
            for place in 0..segment.made {
                let object = segment.monitor(place).map(|m| &m.object);
                let object = object.map_or(1, |o| o.load(Ordering::Relaxed));
                if object & 1 == 0 && !is_live(object) {
                    segment.vacate(place);
                }
            }
            // The first stays: most programs need a few.
            if segment.used == 0 && index != 0 {
                *cell = None;
                given += SEGMENT_BYTES;
            }
        }
        while let Some(None) = table.segments.last() {
            table.segments.pop();
        }
        table.first = 0;
        given
    }

    pub(super) fn next_hash(&self) -> u32 {
        // A permutation of a counter: distinct until 2^30 objects have been hashed.
        let n = self
            .hash_seed
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        let mut x = n.wrapping_mul(0x9e37_79b1);
        x ^= x >> 15;
        (x.wrapping_mul(0x85eb_ca6b) >> 2).max(1)
    }

    /// A monitor for `object`. `room` says whether so many bytes more fit under the heap's limit; it
    /// may collect, which frees monitors.
    pub(super) fn take(&self, object: ObjRef, room: impl FnOnce(usize) -> bool) -> Option<u32> {
        let vacant = self.table.write().take(object);
        if vacant.is_some() {
            return vacant;
        }
        if room(SEGMENT_BYTES) {
            self.table.write().add(Segment::new());
        }
        self.table.write().take(object)
    }

    pub(super) fn give_back(&self, index: u32) {
        let mut table = self.table.write();
        let number = (index / PER_SEGMENT) as usize;
        if let Some(Some(segment)) = table.segments.get_mut(number) {
            segment.vacate(index % PER_SEGMENT);
            table.first = table.first.min(number);
        }
    }

    /// The monitor that the sync word of a live object names.
    pub(super) fn get(&self, index: u32) -> &Monitor {
        let table = self.table.read();
        let segment = table.segments.get((index / PER_SEGMENT) as usize);
        let monitor = segment
            .and_then(|s| s.as_ref()?.monitor(index % PER_SEGMENT))
            .expect("sync words name monitors that exist");
        // SAFETY: a segment goes when a collection finds the objects of all its monitors dead, and
        // who asks here has the object of this one.
        unsafe { &*std::ptr::from_ref(monitor) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Monitors, PER_SEGMENT, SEGMENT_BYTES};
    use crate::object::ObjRef;

    fn object(n: u32) -> ObjRef {
        // SAFETY: nobody reads the object.
        unsafe { ObjRef::from_address(0x1000 + n as usize * 8) }
    }

    #[test]
    fn empty_segments_are_given_back() {
        let monitors = Monitors::default();
        let count = 4 * PER_SEGMENT;
        let mut paid = 0;
        let mut take = |n: u32| {
            let taken = monitors.take(object(n), |bytes| {
                paid += bytes;
                true
            });
            taken.expect("there is room")
        };
        let all: Vec<u32> = (0..count).map(&mut take).collect();
        assert_eq!(all, (0..count).collect::<Vec<u32>>());
        // One in the third segment lives on.
        let kept = 2 * PER_SEGMENT + 5;
        let is_live = |address| address == object(kept).address();
        // SAFETY: one thread.
        let given = unsafe { monitors.sweep(&is_live) };
        assert_eq!(given, 2 * SEGMENT_BYTES, "not the first");
        monitors.get(kept).state.lock().count = 7;
        // The first, the gap, what the third has left, and one more.
        let again: Vec<u32> = (0..3 * PER_SEGMENT).map(&mut take).collect();
        assert!(!again.contains(&kept));
        assert_eq!(paid, 6 * SEGMENT_BYTES);
        assert_eq!(monitors.get(kept).state.lock().count, 7);
        monitors.give_back(again[3]);
        assert_eq!(monitors.take(object(1), |_| false), Some(again[3]));
        // SAFETY: one thread.
        assert_eq!(unsafe { monitors.sweep(&|_| false) }, 3 * SEGMENT_BYTES);
        assert_eq!(
            monitors.take(object(1), |_| false).map(|i| i < PER_SEGMENT),
            Some(true)
        );
    }

    #[test]
    fn without_room_there_is_none() {
        assert_eq!(Monitors::default().take(object(1), |_| false), None);
    }
}
