//! `System.String` objects: i32 length at +8, UTF-16 code units at +12.

use super::ObjRef;

/// A nullable reference to a string.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[repr(transparent)]
pub struct StringRef(ObjRef);

impl StringRef {
    /// The null reference.
    pub const NULL: StringRef = StringRef(ObjRef::NULL);
    /// Offset of the length.
    pub const LENGTH_OFFSET: u32 = 8;
    /// Offset of the first code unit.
    pub const CHARS_OFFSET: u32 = 12;

    /// Bytes of a string object with `len` code units and its terminating NUL.
    #[must_use]
    pub fn object_size(len: usize) -> usize {
        (Self::CHARS_OFFSET as usize + (len + 1) * 2 + 7) & !7
    }

    /// Treats an object as a string.
    ///
    /// # Safety
    /// `object` is null or a `System.String`.
    #[must_use]
    pub const unsafe fn from_object(object: ObjRef) -> StringRef {
        StringRef(object)
    }

    /// The object.
    #[must_use]
    pub fn object(self) -> ObjRef {
        self.0
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Number of UTF-16 code units (0 for null).
    #[must_use]
    pub fn len(self) -> usize {
        if self.is_null() {
            0
        } else {
            self.0.read::<i32>(Self::LENGTH_OFFSET).max(0) as usize
        }
    }

    /// Whether there are no code units.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The code units; empty for null. The slice must not outlive the object.
    #[must_use]
    pub fn chars<'a>(self) -> &'a [u16] {
        if self.is_null() {
            return &[];
        }
        // SAFETY: a string has `len` code units from CHARS_OFFSET on; strings are immutable once
        // published, and the caller's reference keeps the object alive.
        unsafe {
            std::slice::from_raw_parts(self.0.at(Self::CHARS_OFFSET).cast::<u16>(), self.len())
        }
    }

    /// Pointer to the first code unit.
    #[must_use]
    pub fn chars_ptr(self) -> *mut u16 {
        self.0.at(Self::CHARS_OFFSET).cast()
    }

    /// Text with unpaired surrogates replaced.
    #[must_use]
    pub fn to_string_lossy(self) -> String {
        String::from_utf16_lossy(self.chars())
    }
}
