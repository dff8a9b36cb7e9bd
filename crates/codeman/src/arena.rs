//! The loader arena: one reservation from which code managers and data heaps take pages.

use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::os::{self, DualMap, PAGE, Protection};
use crate::shared::{self, SharedChunks};
use crate::span::{End, FreePages, PageRun};

/// One address-space reservation for everything that compiled code must reach by a 32-bit distance:
/// code, stubs, vtables.
///
/// The memory is a memory file that is mapped twice. In the *primary* view pages are code (readable
/// and executable), data (readable and writable) or inaccessible. Code is written through the
/// *writable* view. No page is ever writable and executable in one view.
///
/// Code is taken from the low end and data from the high end, so that the number of mappings stays
/// small. The first page is never given out: offset 0 names nothing and can serve as "none".
///
/// A [`CodeManager`](crate::CodeManager) and a [`DataHeap`](crate::DataHeap) keep their arena alive;
/// addresses in the arena are good until the manager or heap that gave them is dropped. Forked
/// children do not have the mappings.
pub struct LoaderArena {
    map: DualMap,
    state: Mutex<State>,
    /// Locked before `state`, where both are.
    shared: Mutex<SharedChunks>,
}

struct State {
    pages: FreePages,
    code: usize,
    data: usize,
    leaked: usize,
}

/// What a span of pages is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Code,
    Data,
}

/// Memory taken from an arena. Not returned on drop: its owner calls [`LoaderArena::release`].
#[derive(Debug)]
pub(crate) struct Span {
    offset: usize,
    len: usize,
    origin: Origin,
}

/// Where a span was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It is whole pages.
    Pages(Use),
    /// It is a piece of pages that others share.
    Shared,
}

impl Span {
    /// Distance of the first byte from the arena's base.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn end(&self) -> usize {
        self.offset + self.len
    }

    fn pages(&self) -> PageRun {
        PageRun {
            first: self.offset / PAGE,
            count: self.len / PAGE,
        }
    }
}

/// Sizes of a loader arena, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaStats {
    /// Address space of one view.
    pub reserved: usize,
    /// Given out to code managers, with the pages that dynamic methods share.
    pub code: usize,
    /// Given out to data heaps.
    pub data: usize,
    /// Not given out.
    pub free: usize,
    /// Number of runs that the free space is in.
    pub free_runs: usize,
    /// Lost because the system refused to take pages back.
    pub leaked: usize,
}

impl LoaderArena {
    /// The size to use when there is no reason for another one: 256 MiB.
    pub const DEFAULT_RESERVE: usize = 256 << 20;
    /// The largest size, 1 GiB: half of what a signed 32-bit distance reaches.
    pub const MAX_RESERVE: usize = 1 << 30;

    /// Reserves `reserve_bytes` (rounded up to pages) of address space. No memory is committed until
    /// it is touched.
    ///
    /// # Errors
    /// [`Error::ReserveSize`] for zero or more than [`Self::MAX_RESERVE`], [`Error::Reserve`] when the
    /// system refuses.
    pub fn new(reserve_bytes: usize) -> Result<Arc<LoaderArena>> {
        if reserve_bytes == 0 || reserve_bytes > Self::MAX_RESERVE {
            return Err(Error::ReserveSize {
                bytes: reserve_bytes,
                max: Self::MAX_RESERVE,
            });
        }
        // At least the page that is never given out and one more.
        let len = reserve_bytes.next_multiple_of(PAGE).max(2 * PAGE);
        let map = DualMap::new(len).map_err(|source| Error::Reserve { bytes: len, source })?;
        let pages = FreePages::new(PageRun {
            first: 1,
            count: len / PAGE - 1,
        });
        Ok(Arc::new(LoaderArena {
            map,
            state: Mutex::new(State {
                pages,
                code: 0,
                data: 0,
                leaked: 0,
            }),
            shared: Mutex::default(),
        }))
    }

    /// Address of offset 0.
    pub fn base(&self) -> usize {
        self.map.base()
    }

    /// Bytes of the reservation (of one view).
    pub fn reserved(&self) -> usize {
        self.map.len()
    }

    /// Is `address` in the primary view, given out or not?
    pub fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base()) < self.map.len()
    }

    /// Distance of `pointer` from [`base`](Self::base). Never 0 for memory that the arena gave out.
    ///
    /// # Panics
    /// When the pointer is not in the arena; [`try_offset_of`](Self::try_offset_of) does not panic.
    pub fn offset_of<T: ?Sized>(&self, pointer: *const T) -> u32 {
        let address = pointer.cast::<u8>().addr();
        self.try_offset_of(address).unwrap_or_else(|| {
            panic!(
                "address {address:#x} is not in the loader arena {:#x}..{:#x}",
                self.base(),
                self.base() + self.map.len()
            )
        })
    }

    /// Distance of `address` from [`base`](Self::base), or `None` when it is not in the arena.
    pub fn try_offset_of(&self, address: usize) -> Option<u32> {
        self.contains(address)
            .then(|| u32::try_from(address - self.base()).expect("an arena is at most 1 GiB"))
    }

    /// The pointer in the primary view for a distance that [`offset_of`](Self::offset_of) gave.
    ///
    /// # Panics
    /// When the offset is past the end of the arena.
    pub fn pointer_at(&self, offset: u32) -> NonNull<u8> {
        self.map.primary(offset as usize)
    }

    /// Where the byte that runs at `address` can be written, or `None` when `address` is not in the
    /// arena. For patching code that already runs; see [`patch_u32`](Self::patch_u32) first.
    ///
    /// The pointer is good as long as the manager or heap that owns the address lives.
    pub fn writable_alias(&self, address: usize) -> Option<NonNull<u8>> {
        self.try_offset_of(address)
            .map(|offset| self.map.writable(offset as usize))
    }

    /// Replaces four bytes of code with one atomic store; other threads see the old or the new value.
    ///
    /// On x86-64 a thread that runs into the patched instruction may still execute the old one for a
    /// short time, unless [`synchronize_instruction_fetch`](Self::synchronize_instruction_fetch) is
    /// called afterwards.
    ///
    /// # Safety
    /// `address` is a multiple of 4, lies in memory given out by a live manager or heap of this arena,
    /// and the code is valid before and after the store for every thread that may run it.
    pub unsafe fn patch_u32(&self, address: usize, value: u32) {
        let pointer = self.patch_target(address, 4).cast::<u32>();
        // SAFETY: aligned and in the writable view (checked); the caller promises that it is in use
        // as code or data that may be replaced. Concurrent patches are atomic as well.
        unsafe { std::sync::atomic::AtomicU32::from_ptr(pointer.as_ptr()) }
            .store(value, std::sync::atomic::Ordering::Release);
    }

    /// As [`patch_u32`](Self::patch_u32) for eight bytes.
    ///
    /// # Safety
    /// As for [`patch_u32`](Self::patch_u32), `address` being a multiple of 8.
    pub unsafe fn patch_u64(&self, address: usize, value: u64) {
        let pointer = self.patch_target(address, 8).cast::<u64>();
        // SAFETY: as in `patch_u32`.
        unsafe { std::sync::atomic::AtomicU64::from_ptr(pointer.as_ptr()) }
            .store(value, std::sync::atomic::Ordering::Release);
    }

    fn patch_target(&self, address: usize, align: usize) -> NonNull<u8> {
        assert!(
            address.is_multiple_of(align),
            "a patch at {address:#x} is not aligned to {align}"
        );
        self.writable_alias(address)
            .expect("a patch must be in the loader arena")
    }

    /// Makes every running thread of the process refetch its instructions (an expedited memory
    /// barrier of the kernel, some microseconds). Wanted after patching code that may be running, never
    /// for new code.
    ///
    /// # Errors
    /// When the kernel has no such barrier (before Linux 4.16, or forbidden by a sandbox).
    pub fn synchronize_instruction_fetch(&self) -> std::io::Result<()> {
        os::synchronize_instruction_fetch()
    }

    /// How the reservation is used now.
    pub fn stats(&self) -> ArenaStats {
        let state = self.lock();
        ArenaStats {
            reserved: self.map.len(),
            code: state.code,
            data: state.data,
            free: state.pages.free() * PAGE,
            free_runs: state.pages.runs(),
            leaked: state.leaked,
        }
    }

    /// Takes pages and gives them `protection` in the primary view. They read as zero.
    pub(crate) fn acquire(
        &self,
        bytes: usize,
        purpose: Use,
        protection: Protection,
    ) -> Result<Span> {
        debug_assert!(bytes > 0);
        let count = bytes.div_ceil(PAGE);
        let end = match purpose {
            Use::Code => End::Low,
            Use::Data => End::High,
        };
        let run = {
            let mut state = self.lock();
            let Some(run) = state.pages.take(count, end) else {
                return Err(Error::Exhausted {
                    bytes: count.saturating_mul(PAGE),
                    free: state.pages.free() * PAGE,
                });
            };
            *state.of(purpose) += run.count * PAGE;
            run
        };
        let span = Span {
            offset: run.first * PAGE,
            len: run.count * PAGE,
            origin: Origin::Pages(purpose),
        };
        if let Err(error) = self.protect(&span, 0, span.len(), protection) {
            self.give_back(&span, purpose);
            return Err(error);
        }
        Ok(span)
    }

    /// Takes memory for code that shares its pages with others, at a multiple of [`shared::UNIT`]. Large
    /// requests get pages of their own. What the memory holds is not specified.
    pub(crate) fn acquire_shared(&self, bytes: usize) -> Result<Span> {
        if bytes > shared::MAX_PIECE {
            return self.acquire(bytes, Use::Code, Protection::ReadExecute);
        }
        let len = bytes.next_multiple_of(shared::UNIT);
        let mut chunks = self.lock_shared();
        let offset = match chunks.take(len) {
            Some(offset) => offset,
            None => {
                chunks.add(self.acquire(shared::CHUNK, Use::Code, Protection::ReadExecute)?);
                chunks.take(len).expect("a new chunk holds any piece")
            }
        };
        Ok(Span {
            offset,
            len,
            origin: Origin::Shared,
        })
    }

    /// Changes the protection of a part of a span; both numbers are multiples of a page.
    pub(crate) fn protect(
        &self,
        span: &Span,
        start: usize,
        len: usize,
        protection: Protection,
    ) -> Result<()> {
        assert!(start <= span.len() && len <= span.len() - start);
        self.map
            .protect(span.offset() + start, len, protection)
            .map_err(|source| Error::Protect {
                bytes: len,
                wanted: protection.name(),
                source,
            })
    }

    /// Returns the memory of a span to the system (a shared piece: when its pages are empty) and its
    /// addresses to the arena.
    pub(crate) fn release(&self, span: Span) {
        match span.origin {
            Origin::Pages(purpose) => self.release_pages(&span, purpose),
            Origin::Shared => self.release_piece(&span),
        }
    }

    fn release_pages(&self, span: &Span, purpose: Use) {
        let (offset, len) = (span.offset, span.len);
        let closed = self.map.protect(offset, len, Protection::None);
        let emptied = self.map.discard(offset, len);
        if closed.is_ok() && emptied.is_ok() {
            self.give_back(span, purpose);
        } else {
            // Pages that are still open or not empty must not be handed out as closed and zeroed.
            let mut state = self.lock();
            *state.of(purpose) -= len;
            state.leaked += len;
        }
    }

    fn release_piece(&self, span: &Span) {
        /// `int3`: what still runs there traps.
        const TRAP: u8 = 0xcc;
        // SAFETY: the piece belongs to the span, which its owner gives up.
        unsafe { self.writable(span.offset).write_bytes(TRAP, span.len) };
        let empty = self.lock_shared().give(span.offset, span.len);
        if let Some(pages) = empty {
            self.release(pages);
        }
    }

    fn give_back(&self, span: &Span, purpose: Use) {
        let mut state = self.lock();
        *state.of(purpose) -= span.len;
        state.pages.give(span.pages());
    }

    /// The byte at `offset` where it is written: code through the writable view.
    pub(crate) fn writable(&self, offset: usize) -> NonNull<u8> {
        self.map.writable(offset)
    }

    pub(crate) fn primary(&self, offset: usize) -> NonNull<u8> {
        self.map.primary(offset)
    }

    fn lock_shared(&self) -> MutexGuard<'_, SharedChunks> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, purpose: Use) -> &mut usize {
        match purpose {
            Use::Code => &mut self.code,
            Use::Data => &mut self.data,
        }
    }
}

impl std::fmt::Debug for LoaderArena {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoaderArena")
            .field("base", &format_args!("{:#x}", self.base()))
            .field("stats", &self.stats())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{LoaderArena, Use};
    use crate::error::Error;
    use crate::os::{PAGE, Protection};

    #[test]
    fn sizes_are_checked() {
        assert!(matches!(
            LoaderArena::new(0),
            Err(Error::ReserveSize { .. })
        ));
        assert!(matches!(
            LoaderArena::new(LoaderArena::MAX_RESERVE + 1),
            Err(Error::ReserveSize { .. })
        ));
        assert_eq!(LoaderArena::new(1).unwrap().reserved(), 2 * PAGE);
    }

    #[test]
    fn offsets_name_addresses_and_zero_names_nothing() {
        let arena = LoaderArena::new(1 << 20).unwrap();
        let span = arena
            .acquire(1, Use::Code, Protection::ReadExecute)
            .unwrap();
        assert_eq!(span.offset(), PAGE);
        let pointer = arena.pointer_at(PAGE as u32);
        assert_eq!(arena.offset_of(pointer.as_ptr()), PAGE as u32);
        assert!(arena.contains(pointer.as_ptr().addr()));
        assert!(!arena.contains(arena.base() - 1));
        assert!(!arena.contains(arena.base() + arena.reserved()));
        assert_eq!(arena.try_offset_of(arena.base() - 1), None);
        assert_eq!(arena.writable_alias(0), None);
        arena.release(span);
    }

    #[test]
    fn released_pages_come_back_empty_and_are_counted() {
        let arena = LoaderArena::new(1 << 20).unwrap();
        let free = arena.stats().free;
        let span = arena
            .acquire(3 * PAGE, Use::Data, Protection::ReadWrite)
            .unwrap();
        assert_eq!(span.end(), arena.reserved());
        let pointer = arena.primary(span.offset());
        // SAFETY: three pages of data belong to the span.
        unsafe { pointer.write_bytes(7, 3 * PAGE) };
        assert_eq!(arena.stats().data, 3 * PAGE);
        arena.release(span);
        assert_eq!(arena.stats().free, free);
        let span = arena
            .acquire(3 * PAGE, Use::Data, Protection::ReadWrite)
            .unwrap();
        assert_eq!(arena.primary(span.offset()), pointer);
        // SAFETY: as above; nobody writes.
        let bytes = unsafe { std::slice::from_raw_parts(pointer.as_ptr(), 3 * PAGE) };
        assert!(bytes.iter().all(|byte| *byte == 0));
        arena.release(span);
    }

    #[test]
    fn a_full_arena_says_so_and_stays_usable() {
        let arena = LoaderArena::new(16 * PAGE).unwrap();
        let span = arena
            .acquire(10 * PAGE, Use::Code, Protection::ReadExecute)
            .unwrap();
        let error = arena
            .acquire(6 * PAGE, Use::Data, Protection::ReadWrite)
            .unwrap_err();
        assert!(
            matches!(error, Error::Exhausted { bytes, free } if bytes == 6 * PAGE && free == 5 * PAGE)
        );
        let error = arena
            .acquire(usize::MAX, Use::Data, Protection::ReadWrite)
            .unwrap_err();
        assert!(matches!(error, Error::Exhausted { .. }));
        let rest = arena
            .acquire(5 * PAGE, Use::Data, Protection::ReadWrite)
            .unwrap();
        arena.release(span);
        arena.release(rest);
        assert_eq!(arena.stats().free_runs, 1);
    }
}
