//! Types whose all-zero bytes are a value.

use core::ptr::NonNull;
use core::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
};

/// A type for which all bytes zero is a valid value, and which needs no `drop`.
///
/// # Safety
/// Memory of all zero bytes must be a valid value of the type.
pub unsafe trait Zeroable {}

macro_rules! zeroable {
    ($($type:ty),* $(,)?) => {
        // SAFETY: integers, floats, `false` and atomics of them are valid with all bytes zero.
        $(unsafe impl Zeroable for $type {})*
    };
}

zeroable!(
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    bool,
    char,
    (),
    AtomicBool,
    AtomicU8,
    AtomicU16,
    AtomicU32,
    AtomicU64,
    AtomicUsize,
    AtomicI8,
    AtomicI16,
    AtomicI32,
    AtomicI64,
    AtomicIsize,
);

// SAFETY: a null pointer is a valid raw pointer.
unsafe impl<T> Zeroable for *const T {}
// SAFETY: as above.
unsafe impl<T> Zeroable for *mut T {}
// SAFETY: as above.
unsafe impl<T> Zeroable for AtomicPtr<T> {}
// SAFETY: `None` of a non-null pointer is the null pointer (guaranteed layout).
unsafe impl<T> Zeroable for Option<NonNull<T>> {}
// SAFETY: as above.
unsafe impl<T> Zeroable for Option<&T> {}
// SAFETY: an array is its elements.
unsafe impl<T: Zeroable, const N: usize> Zeroable for [T; N] {}
// SAFETY: a cell has the representation of its content.
unsafe impl<T: Zeroable> Zeroable for core::cell::Cell<T> {}
