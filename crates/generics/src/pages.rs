//! Id → entry, without a lock. Entries come in pages from the pool of the image set that owns them.

use core::alloc::Layout;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::directory::Directory;
use crate::ids::ImageSetId;
use ferrocil_alloc::mempool::SharedMempool;

/// An id is `page << PAGE_SHIFT | slot`.
const PAGE_SHIFT: u32 = 3;
/// Entries of one page. Small, because many image sets own few types.
pub(crate) const PAGE_LEN: u32 = 1 << PAGE_SHIFT;
/// Pages that stay vacant before their ids are given out again: half a million ids.
const QUARANTINE: usize = 1 << 16;

struct Slot<T> {
    /// The owning set; 0 until `value` is written, then constant.
    set: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

pub(crate) struct Page<T> {
    slots: [Slot<T>; PAGE_LEN as usize],
}

/// All entries of one kind (types, argument lists, methods) of a universe.
pub(crate) struct Pages<T> {
    directory: Directory<Page<T>>,
}

// SAFETY: an entry is written once, before its `set` is published with Release, and is only shared after.
unsafe impl<T: Send + Sync> Sync for Pages<T> {}
// SAFETY: the raw pointers inside are to memory that is not tied to a thread.
unsafe impl<T: Send> Send for Pages<T> {}

/// A set's place in its newest page, and all its pages. Guarded by the set's lock.
pub(crate) struct Cursor {
    pages: Vec<u32>,
    used: u32,
}

impl Cursor {
    pub(crate) const fn new() -> Self {
        Self {
            pages: Vec::new(),
            used: PAGE_LEN,
        }
    }

    /// Bytes of the list of pages.
    pub(crate) fn bytes(&self) -> usize {
        self.pages.capacity() * size_of::<u32>()
    }
}

impl<T> Pages<T> {
    pub(crate) fn new() -> Self {
        const {
            assert!(
                !core::mem::needs_drop::<T>(),
                "entries are freed with their pool, without drop"
            )
        };
        Self {
            directory: Directory::new(QUARANTINE, 1 << (32 - PAGE_SHIFT)),
        }
    }

    /// The entry of an id and its owner; `None` when vacant.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> Option<(&T, ImageSetId)> {
        let page = self.directory.get(id >> PAGE_SHIFT);
        if page.is_null() {
            return None;
        }
        let at = (id & (PAGE_LEN - 1)) as usize;
        // SAFETY: a page in the directory lives until `forget`, whose caller promises that nobody uses
        // its entries any more.
        let slot = unsafe { &(*page).slots[at] };
        let set = ImageSetId::from_raw(slot.set.load(Ordering::Acquire))?;
        // SAFETY: `set` is nonzero, so `value` was written before (Release/Acquire) and is never written again.
        Some((unsafe { (*slot.value.get()).assume_init_ref() }, set))
    }

    /// Writes an entry into the next slot of the set's pages and returns its id. `None`: no ids left.
    pub(crate) fn push(
        &self,
        cursor: &mut Cursor,
        set: ImageSetId,
        pool: &SharedMempool,
        value: T,
    ) -> Option<u32> {
        if cursor.used == PAGE_LEN {
            self.add_page(cursor, pool)?;
            cursor.used = 0;
        }
        let index = *cursor.pages.last()?;
        let at = cursor.used;
        cursor.used += 1;
        let id = index << PAGE_SHIFT | at;
        self.write(id, set, value);
        Some(id)
    }

    /// Fills a slot of a new page at a fixed place: for the primitive types, whose ids are constants.
    pub(crate) fn push_at(
        &self,
        cursor: &mut Cursor,
        set: ImageSetId,
        pool: &SharedMempool,
        id: u32,
        value: T,
    ) -> Option<()> {
        while cursor
            .pages
            .last()
            .is_none_or(|&page| page < id >> PAGE_SHIFT)
        {
            self.add_page(cursor, pool)?;
        }
        self.write(id, set, value);
        Some(())
    }

    /// Gives the set another page. `None`: no ids left.
    fn add_page(&self, cursor: &mut Cursor, pool: &SharedMempool) -> Option<()> {
        let index = self.directory.reserve()?;
        // A zeroed page is a page of vacant slots.
        let page = pool
            .alloc_layout_zeroed(Layout::new::<Page<T>>())
            .cast::<Page<T>>();
        self.directory.set(index, page.as_ptr());
        cursor.pages.push(index);
        Some(())
    }

    fn write(&self, id: u32, set: ImageSetId, value: T) {
        let page = self.directory.get(id >> PAGE_SHIFT);
        assert!(!page.is_null(), "the page of a new id exists");
        // SAFETY: the page is live: the caller owns the set that it belongs to.
        let slot = unsafe { &(*page).slots[(id & (PAGE_LEN - 1)) as usize] };
        assert_eq!(
            slot.set.load(Ordering::Relaxed),
            0,
            "a slot is written once"
        );
        // SAFETY: `set` is 0, so no reader looks at `value`; the set's lock (the cursor is `&mut`) keeps
        // other writers away from this slot.
        unsafe { (*slot.value.get()).write(value) };
        slot.set.store(set.raw(), Ordering::Release);
    }

    /// The ids in a set's pages.
    pub(crate) fn ids<'a>(&'a self, cursor: &'a Cursor) -> impl Iterator<Item = u32> + 'a {
        cursor
            .pages
            .iter()
            .flat_map(|&page| (0..PAGE_LEN).map(move |slot| page << PAGE_SHIFT | slot))
            .filter(|&id| self.get(id).is_some())
    }

    /// Makes the ids of a set vacant.
    ///
    /// # Safety
    /// Nobody holds a reference to an entry of these pages or looks one up at this moment.
    pub(crate) unsafe fn forget(&self, cursor: &mut Cursor) {
        for index in cursor.pages.drain(..) {
            self.directory.set(index, ptr::null_mut());
            self.directory.release(index);
        }
        cursor.used = PAGE_LEN;
    }

    pub(crate) fn bytes(&self) -> usize {
        self.directory.bytes()
    }
}
