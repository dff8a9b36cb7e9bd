//! References to objects, as the collector sees them.

use core::fmt;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

/// The address of an object's first word (its header).
///
/// It is only an address: copying or sending one gives no right to touch the
/// object. `Option<ObjectRef>` has the size of a word and `None` is null, so a
/// `*mut Option<ObjectRef>` can point at a managed field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct ObjectRef(NonZeroUsize);

impl ObjectRef {
    /// Takes a pointer to an object's header.
    #[inline]
    pub fn from_ptr(pointer: NonNull<u8>) -> ObjectRef {
        ObjectRef(pointer.expose_provenance())
    }

    /// Takes an address; `None` for zero.
    #[inline]
    pub fn from_addr(address: usize) -> Option<ObjectRef> {
        NonZeroUsize::new(address).map(ObjectRef)
    }

    /// The address as an integer.
    #[inline]
    pub fn addr(self) -> usize {
        self.0.get()
    }

    /// The address as a pointer.
    #[inline]
    pub fn as_ptr<T>(self) -> *mut T {
        core::ptr::with_exposed_provenance_mut(self.0.get())
    }
}

impl fmt::Debug for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectRef({:#x})", self.0)
    }
}
