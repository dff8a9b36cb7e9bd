//! The one place of this crate that talks to the operating system: one memory file, mapped twice.

use std::io;
use std::ptr::NonNull;

use rustix::fs::MemfdFlags;
use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

/// Bytes of a page. x86-64 Linux has no other base page size.
pub(crate) const PAGE: usize = 4096;

/// The first multiple of `align`, a power of two, from `offset` on. (A mask: the general
/// `next_multiple_of` divides.) Offsets are at most [`crate::LoaderArena::MAX_RESERVE`], so nothing
/// overflows.
#[inline]
pub(crate) fn align_up(offset: usize, align: usize) -> usize {
    debug_assert!(align.is_power_of_two());
    (offset + align - 1) & !(align - 1)
}

/// What the pages of a range may be used for in the primary view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protection {
    /// Not given out.
    None,
    /// Read-only data.
    #[cfg(feature = "cranelift")]
    Read,
    /// Data.
    ReadWrite,
    /// Code.
    ReadExecute,
}

impl Protection {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Protection::None => "inaccessible",
            #[cfg(feature = "cranelift")]
            Protection::Read => "readable",
            Protection::ReadWrite => "readable and writable",
            Protection::ReadExecute => "readable and executable",
        }
    }

    fn flags(self) -> MprotectFlags {
        match self {
            Protection::None => MprotectFlags::empty(),
            #[cfg(feature = "cranelift")]
            Protection::Read => MprotectFlags::READ,
            Protection::ReadWrite => MprotectFlags::READ | MprotectFlags::WRITE,
            Protection::ReadExecute => MprotectFlags::READ | MprotectFlags::EXEC,
        }
    }
}

/// One mapping of the memory file; unmapped on drop.
struct View {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a view is an address range; nothing in it belongs to the thread that made it.
unsafe impl Send for View {}
// SAFETY: `&View` only hands out addresses; who reads and writes there answers for the access.
unsafe impl Sync for View {}

impl View {
    fn map(file: &impl std::os::fd::AsFd, len: usize, prot: ProtFlags) -> io::Result<View> {
        // SAFETY: the system chooses a free address range, so no existing mapping is touched.
        let start = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                len,
                prot,
                MapFlags::SHARED | MapFlags::NORESERVE,
                file,
                0,
            )
        }?;
        let start = NonNull::new(start.cast::<u8>())
            .ok_or_else(|| io::Error::other("the system mapped memory at address zero"))?;
        let view = View { start, len };
        // A forked child would share (not copy) these pages and could write into its parent's code.
        // SAFETY: the range is the mapping made above.
        unsafe { rustix::mm::madvise(start.as_ptr().cast(), len, Advice::LinuxDontFork) }?;
        Ok(view)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `map` and is unmapped only here. Whoever still uses an
        // address in it broke the rule stated at `LoaderArena`.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "munmap of a whole mapping cannot fail");
    }
}

/// A memory file with two views: `primary`, where code runs and data lives, and `writable`, through
/// which code is written. No page is ever writable and executable in one view.
pub(crate) struct DualMap {
    primary: View,
    writable: View,
}

impl DualMap {
    /// Maps `len` bytes (a multiple of [`PAGE`]) twice. No memory is committed.
    pub(crate) fn new(len: usize) -> io::Result<DualMap> {
        let file = memory_file()?;
        rustix::fs::ftruncate(&file, len as u64)?;
        // The mappings keep the file alive; the descriptor is closed at the end of this function.
        Ok(DualMap {
            primary: View::map(&file, len, ProtFlags::empty())?,
            writable: View::map(&file, len, ProtFlags::READ | ProtFlags::WRITE)?,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.primary.len
    }

    /// Where the primary view starts.
    pub(crate) fn base(&self) -> usize {
        self.primary.start.as_ptr().expose_provenance()
    }

    /// The byte at `offset` in the primary view.
    pub(crate) fn primary(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.primary.len);
        // SAFETY: in bounds of the mapping by the line above.
        unsafe { self.primary.start.add(offset) }
    }

    /// The same byte in the writable view.
    pub(crate) fn writable(&self, offset: usize) -> NonNull<u8> {
        assert!(offset < self.writable.len);
        // SAFETY: in bounds of the mapping by the line above.
        unsafe { self.writable.start.add(offset) }
    }

    /// Sets the protection of pages in the primary view.
    pub(crate) fn protect(
        &self,
        offset: usize,
        len: usize,
        protection: Protection,
    ) -> io::Result<()> {
        self.check(offset, len);
        let start = self.primary(offset).as_ptr();
        // SAFETY: the pages are inside our own mapping. Taking rights away from pages in use is
        // prevented by the callers: they own the range.
        unsafe { rustix::mm::mprotect(start.cast(), len, protection.flags()) }?;
        Ok(())
    }

    /// Returns pages to the system; they read as zero when touched again.
    pub(crate) fn discard(&self, offset: usize, len: usize) -> io::Result<()> {
        self.check(offset, len);
        let start = self.writable(offset).as_ptr();
        // SAFETY: the pages are inside our own mapping, and the caller owns the range, so nobody
        // expects its contents to stay. (The writable view is used because MADV_REMOVE wants a
        // shared mapping that may be written.)
        unsafe { rustix::mm::madvise(start.cast(), len, Advice::LinuxRemove) }?;
        Ok(())
    }

    fn check(&self, offset: usize, len: usize) {
        assert!(offset.is_multiple_of(PAGE) && len.is_multiple_of(PAGE) && len > 0);
        assert!(offset <= self.len() && len <= self.len() - offset);
    }
}

fn memory_file() -> io::Result<std::os::fd::OwnedFd> {
    const NAME: &str = "ferrocil-loader-arena";
    match rustix::fs::memfd_create(NAME, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL) {
        // Kernels before 6.3 do not know NOEXEC_SEAL (it only concerns execve of the file).
        Err(rustix::io::Errno::INVAL) => Ok(rustix::fs::memfd_create(NAME, MemfdFlags::CLOEXEC)?),
        other => Ok(other?),
    }
}

/// Makes every thread of this process refetch instructions that were patched while it ran.
///
/// Registers the process with the kernel at each call; registering twice is harmless and cheap.
pub(crate) fn synchronize_instruction_fetch() -> io::Result<()> {
    use rustix::thread::{MembarrierCommand, membarrier};
    membarrier(MembarrierCommand::RegisterPrivateExpeditedSyncCore)?;
    membarrier(MembarrierCommand::PrivateExpeditedSyncCore)?;
    Ok(())
}
