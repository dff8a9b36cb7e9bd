//! The one place that talks to the operating system.

use core::ptr::NonNull;
use core::time::Duration;
use std::io;

use rustix::mm::{Advice, MapFlags, ProtFlags};

/// The CPU time that the calling thread has used. A pause is steered by it: on a busy machine the
/// clock on the wall also counts what others do.
#[must_use]
pub fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// An anonymous, zeroed reservation; pages cost memory once they are touched.
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is plain memory owned by this value; access rules are
// those of whoever hands out pieces of it.
unsafe impl Send for Mapping {}
// SAFETY: as above; `&Mapping` only reveals its bounds.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `len` bytes.
    pub(crate) fn reserve(len: usize) -> io::Result<Mapping> {
        // SAFETY: a fresh anonymous mapping at an address of the kernel's
        // choice overlaps nothing.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                core::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }?;
        let base = NonNull::new(base.cast::<u8>())
            .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        base.as_ptr().expose_provenance();
        Ok(Mapping { base, len })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Gives the pages of `[offset, offset + len)` back; they read as zero
    /// afterwards. Returns whether the system did so.
    ///
    /// # Safety
    /// Nothing in the range is in use.
    pub(crate) unsafe fn discard(&self, offset: usize, len: usize) -> bool {
        assert!(offset <= self.len && len <= self.len - offset);
        // SAFETY: the range lies inside the mapping (asserted) and the caller
        // vouches that nobody uses it.
        unsafe {
            rustix::mm::madvise(
                self.base.add(offset).as_ptr().cast(),
                len,
                Advice::LinuxDontNeed,
            )
        }
        .is_ok()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: base and len are those of the mapping, unmapped once. A
        // failure leaves the range mapped, which is harmless.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
    }
}
