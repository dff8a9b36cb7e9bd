//! Bounds of a thread's stack, its guard pages and its signal stack.

use std::mem::MaybeUninit;

use super::Thread;

const PAGE: usize = 4096;
/// Pages that stay closed below the guard, for the kernel's own guard and safety.
const RESERVE: usize = 16 * PAGE;
/// Room for runtime code and handlers once the guard was opened.
const GUARD: usize = 96 * PAGE;
/// Bytes of the alternate signal stack.
pub(crate) const SIGNAL_STACK: usize = 128 << 10;

/// Lowest and highest address of the calling thread's stack, and the pages to close.
pub(crate) fn bounds() -> ((usize, usize), (usize, usize)) {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::zeroed();
    let mut low = std::ptr::null_mut();
    let mut size = 0usize;
    // SAFETY: plain queries about the calling thread.
    let known = unsafe {
        libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) == 0
            && libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut size) == 0
            && libc::pthread_attr_destroy(attributes.as_mut_ptr()) == 0
    };
    if !known {
        let here = std::ptr::from_ref(&size) as usize;
        return ((here.saturating_sub(64 << 10), here + PAGE), (0, 0));
    }
    let (low, high) = (low as usize, low as usize + size);
    // SAFETY: no arguments.
    let main = unsafe { libc::getpid() == libc::gettid() };
    // The main thread's stack grows on demand: its low end is not mapped, so it cannot be closed.
    if main || size < 2 * (RESERVE + GUARD) {
        return ((low, high), (0, 0));
    }
    let start = (low + RESERVE).next_multiple_of(PAGE);
    ((low, high), (start, start + GUARD))
}

impl Thread {
    /// Opens the guard pages for the handling of an overflow; `false` when they were open.
    pub(crate) fn open_stack_guard(&self) -> bool {
        let (start, end) = self.guard();
        if start == end || self.overflow_handling().replace(true) {
            return false;
        }
        protect(start, end, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Whether the guard pages are open and control goes on far above them.
    pub(crate) fn must_close_stack_guard(&self, sp: usize) -> bool {
        self.overflow_handling().get() && sp > self.guard().1 + GUARD / 2
    }

    /// Closes the guard pages again. Nothing may lie in them any more.
    pub(crate) fn close_stack_guard(&self) {
        let (start, end) = self.guard();
        if protect(start, end, libc::PROT_NONE) {
            self.overflow_handling().set(false);
        }
    }

    /// Closes the guard pages of a thread that starts.
    pub(crate) fn arm_stack_guard(&self) {
        let (start, end) = self.guard();
        if start != end {
            protect(start, end, libc::PROT_NONE);
        }
    }

    /// Opens the guard pages of a thread that ends.
    pub(crate) fn disarm_stack_guard(&self) {
        let (start, end) = self.guard();
        if start != end {
            protect(start, end, libc::PROT_READ | libc::PROT_WRITE);
        }
    }
}

fn protect(start: usize, end: usize, protection: libc::c_int) -> bool {
    // SAFETY: pages of this thread's own stack that nothing lies in yet.
    unsafe { libc::mprotect(start as *mut libc::c_void, end - start, protection) == 0 }
}

/// An alternate signal stack for the calling thread, with the one it had before.
#[derive(Debug)]
pub(crate) struct SignalStack {
    memory: Box<[u64]>,
    previous: libc::stack_t,
}

impl SignalStack {
    pub(crate) fn install() -> SignalStack {
        let mut memory = vec![0u64; SIGNAL_STACK / 8].into_boxed_slice();
        let stack = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: SIGNAL_STACK,
        };
        let mut previous = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: the memory lives until `restore`.
        unsafe { libc::sigaltstack(&raw const stack, previous.as_mut_ptr()) };
        // SAFETY: zeroed or filled in, both valid.
        let previous = unsafe { previous.assume_init() };
        SignalStack { memory, previous }
    }

    pub(crate) fn restore(self) {
        // SAFETY: the stack that was there before, or none.
        unsafe { libc::sigaltstack(&raw const self.previous, std::ptr::null_mut()) };
        drop(self.memory);
    }
}
