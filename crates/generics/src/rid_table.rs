//! Row number → id, for the rows that an image declares: two loads, no lock.

use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

const CHUNK: usize = 256;

/// Ids by row number. Chunks are made when first written.
pub(crate) struct RidTable {
    rows: u32,
    chunks: Box<[AtomicPtr<[AtomicU32; CHUNK]>]>,
}

impl RidTable {
    /// A table for rows 1 to `rows`.
    pub(crate) fn new(rows: u32) -> Self {
        let chunks = (rows as usize).div_ceil(CHUNK);
        Self {
            rows,
            chunks: (0..chunks)
                .map(|_| AtomicPtr::new(ptr::null_mut()))
                .collect(),
        }
    }

    fn place(&self, rid: u32) -> Option<(usize, usize)> {
        let at = rid.checked_sub(1).filter(|_| rid <= self.rows)? as usize;
        Some((at / CHUNK, at % CHUNK))
    }

    /// The id of a row; `None` when the row has none yet or is not one that the image declared.
    #[inline]
    pub(crate) fn get(&self, rid: u32) -> Option<u32> {
        let (chunk, at) = self.place(rid)?;
        let chunk = self.chunks.get(chunk)?.load(Ordering::Acquire);
        // SAFETY: a chunk that is not null was made by `claim` and is freed only in `drop`.
        let id = unsafe { chunk.as_ref() }?[at].load(Ordering::Acquire);
        (id != 0).then_some(id)
    }

    /// Stores the id of a row that has none. `false` when it has one, or is not one that the image declared.
    pub(crate) fn claim(&self, rid: u32, id: u32) -> bool {
        let Some((chunk, at)) = self.place(rid) else {
            return false;
        };
        let slot = &self.chunks[chunk];
        let mut ids = slot.load(Ordering::Acquire);
        if ids.is_null() {
            let fresh = Box::into_raw(Box::new([const { AtomicU32::new(0) }; CHUNK]));
            match slot.compare_exchange(ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => ids = fresh,
                Err(theirs) => {
                    // SAFETY: `fresh` came from `Box::into_raw` just above and was not published.
                    drop(unsafe { Box::from_raw(fresh) });
                    ids = theirs;
                }
            }
        }
        // SAFETY: as in `get`; not null here.
        let ids = unsafe { &*ids };
        ids[at]
            .compare_exchange(0, id, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub(crate) fn bytes(&self) -> usize {
        let made = self
            .chunks
            .iter()
            .filter(|chunk| !chunk.load(Ordering::Relaxed).is_null())
            .count();
        size_of_val(&*self.chunks) + made * CHUNK * size_of::<AtomicU32>()
    }
}

impl Drop for RidTable {
    fn drop(&mut self) {
        for chunk in &mut self.chunks {
            let ids = *chunk.get_mut();
            if !ids.is_null() {
                // SAFETY: from `Box::into_raw` in `claim`; nobody else can use it now.
                drop(unsafe { Box::from_raw(ids) });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RidTable;

    #[test]
    fn rows_in_and_out_of_range() {
        let table = RidTable::new(300);
        assert_eq!(table.get(1), None);
        for rid in [1, 256, 257, 300] {
            assert!(table.claim(rid, rid + 5));
            assert_eq!(table.get(rid), Some(rid + 5));
            assert!(!table.claim(rid, 1));
        }
        for rid in [0, 301, u32::MAX] {
            assert!(!table.claim(rid, 9));
            assert_eq!(table.get(rid), None);
        }
        assert!(!RidTable::new(0).claim(1, 1));
    }
}
