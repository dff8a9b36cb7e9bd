//! A table from indexes to pointers that grows without moving, so that reads take no lock.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::collections::VecDeque;

use parking_lot::Mutex;

/// Entries of the first segment; each further segment has twice as many.
const FIRST: u32 = 64;
/// Segments: together they hold 2^32 - 64 entries at most.
const SEGMENTS: usize = 26;

/// Index → `*mut T`, null where vacant. The directory owns its segments, not what they point to.
///
/// Freed indexes are given out again only after `quarantine` further ones were freed, so that a stale
/// id is answered as vacant for a long time, while a host that loads and unloads for ever needs
/// bounded memory.
pub(crate) struct Directory<T> {
    segments: [AtomicPtr<AtomicPtr<T>>; SEGMENTS],
    indexes: Mutex<Indexes>,
    quarantine: usize,
    limit: u32,
}

struct Indexes {
    next: u32,
    vacated: VecDeque<u32>,
}

/// Where an index lives: segment, and position in it.
#[inline]
fn locate(index: u32) -> (usize, usize) {
    let n = u64::from(index) + u64::from(FIRST);
    let segment = n.ilog2() - FIRST.ilog2();
    (
        segment as usize,
        (n - (u64::from(FIRST) << segment)) as usize,
    )
}

fn segment_len(segment: usize) -> usize {
    (FIRST as usize) << segment
}

impl<T> Directory<T> {
    /// An empty directory. Index 0 is never given out; indexes are below `limit`.
    pub(crate) fn new(quarantine: usize, limit: u32) -> Self {
        Self {
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            indexes: Mutex::new(Indexes {
                next: 1,
                vacated: VecDeque::new(),
            }),
            quarantine,
            limit,
        }
    }

    /// A fresh (or long vacant) index, its entry null. `None` when all are in use.
    pub(crate) fn reserve(&self) -> Option<u32> {
        let mut indexes = self.indexes.lock();
        if indexes.vacated.len() > self.quarantine
            || (indexes.next >= self.limit && !indexes.vacated.is_empty())
        {
            return indexes.vacated.pop_front();
        }
        let index = indexes.next;
        if index >= self.limit {
            return None;
        }
        let (segment, _) = locate(index);
        let slot = self.segments.get(segment)?;
        if slot.load(Ordering::Relaxed).is_null() {
            let entries: Box<[AtomicPtr<T>]> = (0..segment_len(segment))
                .map(|_| AtomicPtr::new(ptr::null_mut()))
                .collect();
            // Release: a reader that sees the segment sees its null entries.
            slot.store(Box::into_raw(entries).cast(), Ordering::Release);
        }
        indexes.next = index + 1;
        Some(index)
    }

    /// Takes back an index whose entry is null.
    pub(crate) fn release(&self, index: u32) {
        debug_assert!(self.get(index).is_null(), "a released index is vacant");
        self.indexes.lock().vacated.push_back(index);
    }

    #[inline]
    fn entry(&self, index: u32) -> Option<&AtomicPtr<T>> {
        let (segment, at) = locate(index);
        let entries = self.segments.get(segment)?.load(Ordering::Acquire);
        if entries.is_null() {
            return None;
        }
        // SAFETY: `entries` was made by `reserve` with `segment_len(segment)` entries and is freed only in
        // `drop`; `locate` gives `at` below that length.
        Some(unsafe { &*entries.add(at) })
    }

    /// What the index points to; null when vacant.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> *mut T {
        self.entry(index)
            .map_or(ptr::null_mut(), |entry| entry.load(Ordering::Acquire))
    }

    /// Publishes `value` under a reserved index (null makes it vacant) and returns what was there.
    pub(crate) fn set(&self, index: u32, value: *mut T) -> *mut T {
        match self.entry(index) {
            Some(entry) => entry.swap(value, Ordering::AcqRel),
            None => panic!("index {index} was never reserved"),
        }
    }

    /// Every index that was ever given out with a value that is not null.
    pub(crate) fn occupied(&self) -> impl Iterator<Item = (u32, *mut T)> + '_ {
        let next = self.indexes.lock().next;
        (1..next)
            .map(|index| (index, self.get(index)))
            .filter(|(_, value)| !value.is_null())
    }

    /// Bytes of the segments and of the quarantine queue.
    pub(crate) fn bytes(&self) -> usize {
        let segments: usize = (0..SEGMENTS)
            .filter(|&s| !self.segments[s].load(Ordering::Relaxed).is_null())
            .map(|s| segment_len(s) * size_of::<AtomicPtr<T>>())
            .sum();
        segments + self.indexes.lock().vacated.capacity() * size_of::<u32>()
    }
}

impl<T> Drop for Directory<T> {
    fn drop(&mut self) {
        for (segment, slot) in self.segments.iter_mut().enumerate() {
            let entries = *slot.get_mut();
            if !entries.is_null() {
                let slice = ptr::slice_from_raw_parts_mut(entries, segment_len(segment));
                // SAFETY: the pointer came from `Box::into_raw` of a slice of this length in `reserve`, and
                // nobody else can use it now.
                drop(unsafe { Box::from_raw(slice) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Directory, FIRST, locate, segment_len};
    use core::ptr;

    #[test]
    fn indexes_fill_the_segments_without_gaps() {
        let mut expected = (0, 0);
        for index in 0..5000 {
            assert_eq!(locate(index), expected);
            expected.1 += 1;
            if expected.1 == segment_len(expected.0) {
                expected = (expected.0 + 1, 0);
            }
        }
        assert_eq!(locate(FIRST), (1, 0));
        assert!(locate(u32::MAX).0 <= 26);
    }

    #[test]
    fn vacated_indexes_wait_in_quarantine() {
        let directory: Directory<u8> = Directory::new(2, u32::MAX);
        let first: Vec<u32> = (0..4).map(|_| directory.reserve().unwrap()).collect();
        assert_eq!(first, [1, 2, 3, 4]);
        for index in &first[..3] {
            directory.release(*index);
        }
        assert_eq!(directory.reserve(), Some(1));
        assert_eq!(directory.reserve(), Some(5));
    }

    #[test]
    fn the_limit_is_kept_and_vacated_indexes_are_used_at_the_limit() {
        let directory: Directory<u8> = Directory::new(10, 3);
        assert_eq!(
            (
                directory.reserve(),
                directory.reserve(),
                directory.reserve()
            ),
            (Some(1), Some(2), None)
        );
        directory.release(1);
        assert_eq!(directory.reserve(), Some(1));
    }

    #[test]
    fn values_appear_and_go() {
        let directory: Directory<u8> = Directory::new(0, u32::MAX);
        let index = directory.reserve().unwrap();
        let mut value = 7;
        assert!(directory.get(index).is_null());
        assert!(directory.set(index, &mut value).is_null());
        assert_eq!(directory.occupied().count(), 1);
        assert_eq!(directory.set(index, ptr::null_mut()), &mut value as *mut u8);
        assert!(directory.get(index).is_null());
        assert!(directory.get(1_000_000).is_null());
    }
}
