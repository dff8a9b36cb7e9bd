//! A field of a loaded type.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use ferrocil_generics::TypeId;
use ferrocil_metadata::FieldAttributes;

use super::ClassPtr;

/// A field. Lives as long as its class.
#[derive(Debug)]
pub struct Field {
    /// Declaring class (the instance, for generic classes).
    pub class: ClassPtr,
    /// Row in the Field table of the class's image.
    pub rid: u32,
    /// Name.
    pub name: &'static str,
    /// Flags.
    pub flags: FieldAttributes,
    /// Type of the value.
    pub ty: TypeId,
    /// Whether each thread has its own copy.
    pub thread_static: bool,
    /// Number in the runtime's field table.
    pub index: u32,
}

impl Field {
    /// Whether it belongs to the class, not to instances.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.flags.contains(FieldAttributes::STATIC)
    }

    /// Whether it is a compile-time constant without storage.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.flags.contains(FieldAttributes::LITERAL)
    }

    /// Whether its storage is data of the image.
    #[must_use]
    pub fn has_rva(&self) -> bool {
        self.flags.contains(FieldAttributes::HAS_FIELD_RVA)
    }
}

/// A pointer to a [`Field`]; lives as long as its class.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct FieldPtr(NonNull<Field>);

// SAFETY: fields are immutable.
unsafe impl Send for FieldPtr {}
// SAFETY: fields are immutable.
unsafe impl Sync for FieldPtr {}

impl FieldPtr {
    pub(crate) fn new(field: &Field) -> FieldPtr {
        FieldPtr(NonNull::from(field))
    }

    /// Address, as `RuntimeFieldHandle.value` holds it.
    #[must_use]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The field behind a `RuntimeFieldHandle.value`.
    ///
    /// # Safety
    /// `address` came from [`FieldPtr::address`] of a field whose class is still loaded.
    #[must_use]
    pub unsafe fn from_address(address: usize) -> Option<FieldPtr> {
        NonNull::new(address as *mut Field).map(FieldPtr)
    }
}

impl Deref for FieldPtr {
    type Target = Field;
    fn deref(&self) -> &Field {
        // SAFETY: fields live as long as their class, which the loader keeps alive.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for FieldPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}::{}", self.class, self.name)
    }
}
