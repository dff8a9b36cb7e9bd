//! The C heap, which native code and managed code share.

use std::ffi::c_void;

/// Allocates native memory; `None` when there is none. Size 0 gives a block too,
/// as managed code takes null for a failure.
#[must_use]
pub fn allocate(size: usize) -> Option<*mut u8> {
    // SAFETY: any size may be asked for.
    let block = unsafe { libc::malloc(size.max(4)) };
    (!block.is_null()).then_some(block.cast())
}

/// Resizes a block of [`allocate`] (or null).
///
/// # Safety
/// `block` is null or a live block of the C heap; it is not used afterwards if this succeeds.
#[must_use]
pub unsafe fn reallocate(block: *mut u8, size: usize) -> Option<*mut u8> {
    // SAFETY: the caller's promise.
    let block = unsafe { libc::realloc(block.cast::<c_void>(), size.max(4)) };
    (!block.is_null()).then_some(block.cast())
}

/// Frees a block of [`allocate`] (or null).
///
/// # Safety
/// `block` is null or a live block of the C heap, and not used afterwards.
pub unsafe fn free(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { libc::free(block.cast::<c_void>()) };
}

/// A NUL-terminated copy of some bytes in the C heap.
#[must_use]
pub fn duplicate_text(text: &[u8]) -> Option<*mut u8> {
    let block = allocate(text.len() + 1)?;
    // SAFETY: the block has room for the text and the NUL.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
        block.add(text.len()).write(0);
    }
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_grow_and_keep_their_bytes() {
        let block = duplicate_text(b"abc").unwrap();
        // SAFETY: the block was made just now; `larger` replaces it.
        unsafe {
            let larger = reallocate(block, 100).unwrap();
            assert_eq!(std::ffi::CStr::from_ptr(larger.cast()).to_bytes(), b"abc");
            free(larger);
            free(std::ptr::null_mut());
        }
    }
}
