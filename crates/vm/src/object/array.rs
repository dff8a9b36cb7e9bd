//! Arrays: vectors (u32 length at +8, elements at +16) and general arrays
//! (u32 total at +8, lengths and lower bounds at +16, then elements).

use super::{ObjRef, Plain, Scalar};

/// A nullable reference to an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[repr(transparent)]
pub struct ArrayRef(ObjRef);

/// Length and lower bound of one dimension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArrayBounds {
    /// Number of elements.
    pub length: u32,
    /// Smallest index.
    pub lower: i32,
}

impl ArrayRef {
    /// The null reference.
    pub const NULL: ArrayRef = ArrayRef(ObjRef::NULL);
    /// Offset of the total length.
    pub const LENGTH_OFFSET: u32 = 8;
    /// Offset of a vector's first element.
    pub const VECTOR_DATA: u32 = 16;

    /// Offset of the first element for a general array of this rank.
    #[must_use]
    pub const fn data_offset(rank: u32) -> u32 {
        16 + 8 * rank
    }

    /// Treats an object as an array.
    ///
    /// # Safety
    /// `object` is null or an array.
    #[must_use]
    pub const unsafe fn from_object(object: ObjRef) -> ArrayRef {
        ArrayRef(object)
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

    /// Total number of elements (0 for null).
    #[must_use]
    pub fn len(self) -> usize {
        if self.is_null() {
            0
        } else {
            self.0.read::<u32>(Self::LENGTH_OFFSET) as usize
        }
    }

    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Pointer to element 0 of a vector.
    #[must_use]
    pub fn data_ptr<T>(self) -> *mut T {
        self.0.at(Self::VECTOR_DATA).cast()
    }

    /// The elements of a vector whose elements are `T`. The slice must not outlive
    /// the object, and nobody may write to it meanwhile.
    #[must_use]
    pub fn as_slice<'a, T: Plain>(self) -> &'a [T] {
        if self.is_null() {
            return &[];
        }
        // SAFETY: a vector has `len` elements from VECTOR_DATA on; the caller vouches for `T`.
        unsafe { std::slice::from_raw_parts(self.data_ptr::<T>(), self.len()) }
    }

    /// Like [`ArrayRef::as_slice`], for writing.
    #[must_use]
    pub fn as_mut_slice<'a, T: Scalar>(self) -> &'a mut [T] {
        if self.is_null() {
            return &mut [];
        }
        // SAFETY: as for `as_slice`; internal calls write to arrays that managed code shares knowingly.
        unsafe { std::slice::from_raw_parts_mut(self.data_ptr::<T>(), self.len()) }
    }

    /// Element `index` of a vector; the index is below the length.
    #[must_use]
    pub fn get<T: Plain>(self, index: usize) -> T {
        assert!(
            index < self.len(),
            "array index {index} out of {}",
            self.len()
        );
        // SAFETY: checked against the length just now.
        unsafe { self.data_ptr::<T>().add(index).read() }
    }

    /// Stores element `index` of a vector whose elements are no references (those are
    /// [`ArrayRef::store`]'s).
    pub fn set<T: Scalar>(self, index: usize, value: T) {
        assert!(
            index < self.len(),
            "array index {index} out of {}",
            self.len()
        );
        // SAFETY: checked against the length just now.
        unsafe { self.data_ptr::<T>().add(index).write(value) }
    }

    /// Bounds of dimension `dim` of a general array.
    #[must_use]
    pub fn bounds(self, rank: u32, dim: u32) -> ArrayBounds {
        ArrayBounds {
            length: self.0.read::<u32>(16 + 4 * dim),
            lower: self.0.read::<i32>(16 + 4 * rank + 4 * dim),
        }
    }

    /// Writes the bounds of dimension `dim` of a fresh general array.
    pub fn set_bounds(self, rank: u32, dim: u32, bounds: ArrayBounds) {
        self.0.write::<u32>(16 + 4 * dim, bounds.length);
        self.0.write::<i32>(16 + 4 * rank + 4 * dim, bounds.lower);
    }
}
