//! Stores to managed memory. What may hold a reference is stored to with the collector's write
//! barrier; the types keep references out of the plain stores.

use super::{ArrayRef, ByRef, ObjRef, Plain, StringRef};
use crate::threads::Thread;

/// Plain data that is no reference to an object.
///
/// # Safety
/// The collector never looks at a field of this type.
pub unsafe trait Scalar: Plain {}

/// References to objects.
///
/// # Safety
/// One word: the address of an object, or null.
pub unsafe trait Reference: Plain {
    /// The object.
    fn to_object(self) -> ObjRef;
}

macro_rules! scalar {
    ($($t:ty),*) => { $(
        // SAFETY: numbers.
        unsafe impl Scalar for $t {}
    )* };
}
scalar!(i8, u8, i16, u16, i32, u32, i64, u64, isize, usize, f32, f64);
// SAFETY: pointers that no collector follows.
unsafe impl<T: 'static> Scalar for *mut T {}
// SAFETY: as above.
unsafe impl<T: 'static> Scalar for *const T {}

// SAFETY: an address of an object, or null.
unsafe impl Reference for ObjRef {
    fn to_object(self) -> ObjRef {
        self
    }
}
// SAFETY: as above.
unsafe impl Reference for StringRef {
    fn to_object(self) -> ObjRef {
        self.object()
    }
}
// SAFETY: as above.
unsafe impl Reference for ArrayRef {
    fn to_object(self) -> ObjRef {
        self.object()
    }
}

impl ObjRef {
    /// Stores a reference in a field; the same conditions as [`ObjRef::read`].
    #[inline]
    pub fn store<T: Reference>(self, thread: &Thread, offset: u32, value: T) {
        debug_assert!(!self.is_null());
        // SAFETY: a field of a live object that holds a reference.
        unsafe { thread.store_reference(self.at(offset), value.to_object()) };
    }
}

impl<T: Reference> ByRef<T> {
    /// Stores a reference; a null pointer is ignored.
    #[inline]
    pub fn store(self, thread: &Thread, value: T) {
        if !self.is_null() {
            // SAFETY: managed code passes the address of a live location of this type.
            unsafe { thread.store_reference(self.as_ptr().cast(), value.to_object()) };
        }
    }
}

impl ArrayRef {
    /// Stores element `index` of a vector of references.
    #[inline]
    pub fn store<T: Reference>(self, thread: &Thread, index: usize, value: T) {
        assert!(
            index < self.len(),
            "array index {index} out of {}",
            self.len()
        );
        // SAFETY: checked against the length just now.
        unsafe {
            let slot = self.data_ptr::<ObjRef>().add(index);
            thread.store_reference(slot.cast(), value.to_object());
        }
    }
}

impl Thread {
    /// Stores a reference at an address in the managed heap or outside it.
    ///
    /// # Safety
    /// A reference stands at `slot`; it need not be aligned outside the heap.
    #[inline]
    pub unsafe fn store_reference(&self, slot: *mut u8, value: ObjRef) {
        self.runtime().heap().write_barrier(slot as usize);
        // SAFETY: the caller vouches for the place.
        unsafe { slot.cast::<ObjRef>().write_unaligned(value) };
    }

    /// To be called before values with references are written to `[start, start + len)` by
    /// other means (a copy, an atomic exchange), with no safepoint between.
    #[inline]
    pub fn before_store(&self, start: *const u8, len: usize) {
        self.runtime()
            .heap()
            .write_barrier_range(start as usize, len);
    }
}
