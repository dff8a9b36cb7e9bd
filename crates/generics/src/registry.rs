//! Finding the image set of a list of images.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;

use parking_lot::Mutex;

use crate::directory::Directory;
use crate::ids::{ImageId, ImageSetId};
use crate::intern::Hasher;
use crate::set::SetData;

/// Entries of the direct-mapped cache.
const CACHE: usize = 1024;
/// Set ids below this fit three to a cache entry.
const CACHED_IDS: u32 = 1 << 21;
/// Set and image indexes that stay vacant before they are given out again.
pub(crate) const QUARANTINE: usize = 1 << 12;
/// The first block of the pool of a set of several images.
const POOL_SIZE: usize = 1024;

/// All image sets of a universe.
pub(crate) struct Registry {
    /// Owns the boxes that it points to.
    sets: Directory<SetData>,
    index: Mutex<Index>,
    /// `(a, b) → a ∪ b`, each id 21 bits. Wrong answers are impossible: a result dies only when `a` or `b` dies,
    /// and then the entry is wiped before the ids can come back.
    unions: Box<[AtomicU64]>,
}

#[derive(Default)]
struct Index {
    by_images: HashMap<Box<[ImageId]>, ImageSetId>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            sets: Directory::new(QUARANTINE, u32::MAX),
            index: Mutex::new(Index::default()),
            unions: (0..CACHE).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, id: ImageSetId) -> Option<&SetData> {
        // SAFETY: a set in the directory is a live box until `remove`, whose caller promises that nobody
        // uses the set any more, or until `drop`.
        unsafe { self.sets.get(id.raw()).as_ref() }
    }

    /// The set of exactly these images (sorted, without repetition), made if need be. `None`: no ids left.
    pub(crate) fn find_or_create(
        &self,
        images: &[ImageId],
        pool_size: usize,
    ) -> Option<ImageSetId> {
        let mut index = self.index.lock();
        if let Some(&id) = index.by_images.get(images) {
            return Some(id);
        }
        let id = ImageSetId::from_raw(self.sets.reserve()?)?;
        let set = Box::new(SetData::new(id, images, pool_size));
        self.sets.set(id.raw(), Box::into_raw(set));
        index.by_images.insert(images.into(), id);
        Some(id)
    }

    /// The set of the images of both. `None`: a set is vacant, or no ids are left.
    #[inline]
    pub(crate) fn union(&self, a: ImageSetId, b: ImageSetId) -> Option<ImageSetId> {
        if a == b {
            return Some(a);
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        if b.raw() >= CACHED_IDS {
            return self.union_slow(a, b);
        }
        let key = u64::from(a.raw()) << 21 | u64::from(b.raw());
        let slot = &self.unions[Hasher::new(0, 0).word(key).finish() as usize % CACHE];
        let cached = slot.load(Ordering::Acquire);
        if cached >> 21 == key {
            return ImageSetId::from_raw(cached as u32 & (CACHED_IDS - 1));
        }
        let result = self.union_slow(a, b)?;
        if result.raw() < CACHED_IDS {
            slot.store(key << 21 | u64::from(result.raw()), Ordering::Release);
        }
        Some(result)
    }

    #[cold]
    fn union_slow(&self, a: ImageSetId, b: ImageSetId) -> Option<ImageSetId> {
        let (a, b) = (self.get(a)?, self.get(b)?);
        let mut images: Vec<ImageId> = a.images.iter().chain(b.images.iter()).copied().collect();
        images.sort_unstable();
        images.dedup();
        if *images == *a.images {
            return Some(a.id);
        }
        if *images == *b.images {
            return Some(b.id);
        }
        self.find_or_create(&images, POOL_SIZE)
    }

    /// Every set.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &SetData> {
        // SAFETY: as in `get`.
        self.sets.occupied().map(|(_, set)| unsafe { &*set })
    }

    /// Removes a set and gives it to the caller.
    ///
    /// # Safety
    /// Nobody holds a reference into the set or uses its id at this moment.
    pub(crate) unsafe fn remove(&self, id: ImageSetId) -> Option<Box<SetData>> {
        let mut index = self.index.lock();
        let set = self.sets.set(id.raw(), core::ptr::null_mut());
        if set.is_null() {
            return None;
        }
        // SAFETY: the pointer came from `Box::into_raw` in `find_or_create` and has just been taken out.
        let set = unsafe { Box::from_raw(set) };
        index.by_images.remove(&set.images);
        for slot in &self.unions {
            let cached = slot.load(Ordering::Acquire);
            let names =
                |shift: u32| cached >> shift & u64::from(CACHED_IDS - 1) == u64::from(id.raw());
            if names(0) || names(21) || names(42) {
                slot.store(0, Ordering::Release);
            }
        }
        self.sets.release(id.raw());
        Some(set)
    }

    pub(crate) fn bytes(&self) -> usize {
        let index = self.index.lock();
        let keys: usize = index
            .by_images
            .keys()
            .map(|images| size_of_val(&**images))
            .sum();
        let entries = index.by_images.len() * size_of::<(Box<[ImageId]>, ImageSetId)>();
        self.sets.bytes() + CACHE * size_of::<AtomicU64>() + keys + entries
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let ids: Vec<ImageSetId> = self.iter().map(|set| set.id).collect();
        for id in ids {
            // SAFETY: `&mut self`: nobody else uses the registry.
            drop(unsafe { self.remove(id) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Registry;
    use crate::ids::ImageId;

    #[test]
    fn unions_are_canonical() {
        let registry = Registry::new();
        let image = ImageId::of;
        let [a, b, c] = [1, 2, 3].map(|n| registry.find_or_create(&[image(n)], 0).unwrap());
        let ab = registry.union(a, b).unwrap();
        assert_eq!(registry.union(b, a), Some(ab));
        assert_eq!(registry.union(ab, a), Some(ab));
        let abc = registry.union(ab, c).unwrap();
        let bc = registry.union(c, b).unwrap();
        assert_eq!(registry.union(a, bc), Some(abc));
        assert_eq!(registry.get(abc).unwrap().images.len(), 3);
        // SAFETY: nothing refers to the set.
        let removed = unsafe { registry.remove(ab) }.unwrap();
        assert_eq!(*removed.images, [image(1), image(2)]);
        assert!(registry.get(ab).is_none());
        let again = registry.union(a, b).unwrap();
        assert_ne!(again, ab, "an id is not given out again at once");
    }
}
