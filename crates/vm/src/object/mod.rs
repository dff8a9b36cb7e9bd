//! References to managed objects and their layout.
//!
//! A reference points at the object's header: one 8-byte word whose low half is
//! the vtable's offset in the loader arena and whose high half is the sync word.

mod alloc;
mod array;
mod header;
mod store;
mod string;

pub(crate) use alloc::Caller;
pub use array::{ArrayBounds, ArrayRef};
pub use header::{HEADER_SIZE, Header};
pub use store::Scalar;
pub use string::StringRef;

use std::fmt;

/// A nullable reference to a managed object.
///
/// Objects do not move and stacks are scanned conservatively, so a reference
/// held in a Rust local keeps its object alive. A reference stored anywhere else
/// (heap memory of Rust) does not: use a GC handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct ObjRef(*mut u8);

impl ObjRef {
    /// The null reference.
    pub const NULL: ObjRef = ObjRef(std::ptr::null_mut());

    /// Makes a reference from the address of an object header (or 0).
    ///
    /// # Safety
    /// `address` is 0 or the start of a live object of the current runtime.
    #[must_use]
    pub const unsafe fn from_address(address: usize) -> ObjRef {
        ObjRef(address as *mut u8)
    }

    /// Address of the header, 0 for null.
    #[must_use]
    pub fn address(self) -> usize {
        self.0 as usize
    }

    /// Whether this is the null reference.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// `Some(self)` unless null.
    #[must_use]
    pub fn non_null(self) -> Option<ObjRef> {
        (!self.is_null()).then_some(self)
    }

    /// Pointer to the byte at `offset` from the header.
    #[must_use]
    pub fn at(self, offset: u32) -> *mut u8 {
        self.0.wrapping_add(offset as usize)
    }

    /// Reads a field. The object is live and not null, and a `T` stands at `offset`.
    #[must_use]
    pub fn read<T: Plain>(self, offset: u32) -> T {
        debug_assert!(!self.is_null());
        // SAFETY: references name live objects; `offset` comes from the class's layout,
        // and `Plain` types are valid for every bit pattern.
        unsafe { self.at(offset).cast::<T>().read_unaligned() }
    }

    /// Writes a field that is no reference (that is [`ObjRef::store`]'s); the same conditions as
    /// [`ObjRef::read`].
    pub fn write<T: Scalar>(self, offset: u32, value: T) {
        debug_assert!(!self.is_null());
        // SAFETY: as for `read`; the location belongs to the object.
        unsafe { self.at(offset).cast::<T>().write_unaligned(value) }
    }

    /// The header word.
    #[must_use]
    pub fn header(self) -> &'static Header {
        debug_assert!(!self.is_null());
        // SAFETY: a non-null reference points at a header, which is atomics only.
        unsafe { &*self.0.cast::<Header>() }
    }

    /// Pointer to a boxed value's payload.
    #[must_use]
    pub fn payload(self) -> *mut u8 {
        self.at(HEADER_SIZE)
    }
}

impl fmt::Debug for ObjRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "obj@{:#x}", self.address())
    }
}

impl Default for ObjRef {
    fn default() -> Self {
        ObjRef::NULL
    }
}

/// Types that may stand in a managed field: valid for every bit pattern, no drop.
///
/// # Safety
/// Implementors are plain data of a fixed layout.
pub unsafe trait Plain: Copy + 'static {}

macro_rules! plain {
    ($($t:ty),*) => { $(
        // SAFETY: plain data, valid for all bit patterns.
        unsafe impl Plain for $t {}
    )* };
}
plain!(
    i8, u8, i16, u16, i32, u32, i64, u64, isize, usize, f32, f64, ObjRef, StringRef, ArrayRef
);
// SAFETY: raw pointers are valid for all bit patterns.
unsafe impl<T: 'static> Plain for *mut T {}
// SAFETY: raw pointers are valid for all bit patterns.
unsafe impl<T: 'static> Plain for *const T {}

/// A managed pointer handed to an internal call (`ref`/`out` parameter).
#[derive(Debug)]
#[repr(transparent)]
pub struct ByRef<T>(*mut T);

impl<T> Clone for ByRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for ByRef<T> {}

impl<T: Plain> ByRef<T> {
    /// Wraps an address.
    #[must_use]
    pub const fn new(address: *mut T) -> ByRef<T> {
        ByRef(address)
    }

    /// Whether the pointer is null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The address.
    #[must_use]
    pub fn as_ptr(self) -> *mut T {
        self.0
    }

    /// Loads the value.
    #[must_use]
    pub fn get(self) -> T {
        // SAFETY: managed code passes the address of a live location of this type.
        unsafe { self.0.read_unaligned() }
    }

    /// Stores a value that is no reference (that is [`ByRef::store`]'s); a null pointer is ignored.
    pub fn set(self, value: T)
    where
        T: Scalar,
    {
        if !self.0.is_null() {
            // SAFETY: managed code passes the address of a live location of this type.
            unsafe { self.0.write_unaligned(value) }
        }
    }
}
