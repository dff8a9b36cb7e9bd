//! Making objects.

use std::ptr::NonNull;

use ferrocil_generics::TypeId;
use ferrocil_metadata::ElementType;

use super::{ArrayBounds, ArrayRef, ObjRef, StringRef};
use ferrocil_gc::Plan as _;

use crate::binding::{from_gc, to_gc};
use crate::domain::{DomainRoot, VTablePtr};
use crate::icall::Thrown;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{ClassKind, ClassPtr};
use crate::wellknown::Wk;

/// Who allocates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Caller {
    /// Compiled code, through a helper: no Rust frame of the thread between the two holds a
    /// reference.
    CompiledCode,
    /// Rust code, which may hold references.
    Rust,
}

/// Longest array or string, so that sizes fit 32 bits of elements.
const MAX_LENGTH: u64 = i32::MAX as u64;

impl Thread {
    /// Zeroed memory with a header. Arrays and strings write their length before the next safepoint.
    fn allocate(&self, vtable: VTablePtr, size: usize, from: Caller) -> Result<ObjRef, Thrown> {
        let runtime = self.runtime();
        // SAFETY: the buffer is this thread's own.
        let tlab = unsafe { &*self.tlab() };
        let allocated = match from {
            Caller::CompiledCode => self.without_references(|| runtime.heap().alloc(tlab, size)),
            Caller::Rust => runtime.heap().alloc(tlab, size),
        };
        match allocated {
            Ok(object) => {
                let object = from_gc(Some(object));
                object
                    .header()
                    .set_vtable_offset(runtime.vtable_offset(vtable));
                Ok(object)
            }
            Err(_) => Err(self.throw_out_of_memory()),
        }
    }

    /// The reserved exception for exhausted memory.
    pub fn throw_out_of_memory(&self) -> Thrown {
        let exception = self.domain().root(DomainRoot::OutOfMemory);
        if let Some(offsets) = self.runtime().exception_offsets()
            && !exception.is_null()
        {
            // Each time it is thrown anew, with a trace of its own.
            exception.store(self, offsets.stack_trace, ObjRef::NULL);
        }
        self.throw_object(exception)
    }

    /// A zeroed instance.
    pub(crate) fn alloc_instance(&self, vtable: VTablePtr, from: Caller) -> Result<ObjRef, Thrown> {
        let object = self.allocate(vtable, vtable.base_size as usize, from)?;
        if vtable.has_finalizer {
            let registered =
                to_gc(object).map(|o| self.runtime().heap().register_for_finalization(o));
            if matches!(registered, Some(Err(_))) {
                return Err(self.throw_out_of_memory());
            }
        }
        Ok(object)
    }

    /// A zeroed vector. Negative lengths overflow.
    pub(crate) fn alloc_vector(
        &self,
        vtable: VTablePtr,
        length: i64,
        from: Caller,
    ) -> Result<ArrayRef, Thrown> {
        // A length that no array can have overflows, as under Mono; one that only memory refuses is OutOfMemory.
        if length < 0 || length as u64 > MAX_LENGTH {
            return Err(self.throw_named("System", "OverflowException", ""));
        }
        let size = u64::from(vtable.base_size) + length as u64 * u64::from(vtable.elem_size);
        let object = self.allocate(vtable, size as usize, from)?;
        object.write::<u32>(ArrayRef::LENGTH_OFFSET, length as u32);
        // SAFETY: the vtable is an array's.
        Ok(unsafe { ArrayRef::from_object(object) })
    }

    /// A zeroed array with these bounds.
    pub(crate) fn alloc_array(
        &self,
        vtable: VTablePtr,
        bounds: &[ArrayBounds],
    ) -> Result<ArrayRef, Thrown> {
        if vtable.class.kind == ClassKind::SzArray {
            let length = bounds.first().map_or(0, |b| i64::from(b.length));
            return self.alloc_vector(vtable, length, Caller::Rust);
        }
        let mut total = 1u64;
        for b in bounds {
            total = total.saturating_mul(u64::from(b.length));
            if i64::from(b.lower) + i64::from(b.length) > i64::from(i32::MAX) + 1 {
                return Err(self.throw_named(
                    "System",
                    "ArgumentOutOfRangeException",
                    "Length + bound must not exceed Int32.MaxValue.",
                ));
            }
        }
        if total > MAX_LENGTH {
            return Err(self.throw_out_of_memory());
        }
        let size = u64::from(vtable.base_size) + total * u64::from(vtable.elem_size);
        let object = self.allocate(vtable, size as usize, Caller::Rust)?;
        object.write::<u32>(ArrayRef::LENGTH_OFFSET, total as u32);
        // SAFETY: the vtable is an array's.
        let array = unsafe { ArrayRef::from_object(object) };
        for (dim, &b) in bounds.iter().enumerate() {
            array.set_bounds(vtable.class.rank, dim as u32, b);
        }
        Ok(array)
    }

    /// The vtable of a class in the current domain.
    ///
    /// # Errors
    /// When the class cannot be loaded, as a managed exception.
    pub fn vtable(&self, class: ClassPtr) -> Result<VTablePtr, Thrown> {
        self.domain()
            .vtable(class)
            .map_err(|e| self.throw_load_error(&e))
    }

    /// A zeroed instance of a class; no constructor runs.
    ///
    /// # Errors
    /// OutOfMemory, or why the class cannot be loaded.
    pub fn new_object(&self, class: ClassPtr) -> Result<ObjRef, Thrown> {
        let vtable = self.vtable(class)?;
        self.alloc_instance(vtable, Caller::Rust)
    }

    /// A vector with elements of this class.
    ///
    /// # Errors
    /// OutOfMemory, or why the class cannot be loaded.
    pub fn new_vector(&self, element: ClassPtr, length: usize) -> Result<ArrayRef, Thrown> {
        let runtime = self.runtime();
        let class = runtime
            .universe()
            .sz_array(element.ty)
            .map_err(crate::error::LoadError::from)
            .and_then(|t| runtime.class(t));
        let vtable = self.vtable(class.map_err(|e| self.throw_load_error(&e))?)?;
        self.alloc_vector(
            vtable,
            i64::try_from(length).unwrap_or(i64::MAX),
            Caller::Rust,
        )
    }

    /// A vector of a primitive element type (`ElementType::U1` for `byte[]` …).
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn new_primitive_vector(
        &self,
        element: ElementType,
        length: usize,
    ) -> Result<ArrayRef, Thrown> {
        let class = self.class_of_type(self.runtime().universe().primitive(element))?;
        self.new_vector(class, length)
    }

    /// A vector of references.
    ///
    /// # Errors
    /// OutOfMemory, or why the element class cannot be found.
    pub fn new_object_vector(
        &self,
        namespace: &str,
        name: &str,
        items: &[ObjRef],
    ) -> Result<ArrayRef, Thrown> {
        let class = self
            .runtime()
            .corlib_class(namespace, name)
            .map_err(|e| self.throw_load_error(&e))?;
        let array = self.new_vector(class, items.len())?;
        for (i, &item) in items.iter().enumerate() {
            array.store(self, i, item);
        }
        Ok(array)
    }

    /// The class of a type, errors as managed exceptions.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub fn class_of_type(&self, ty: TypeId) -> Result<ClassPtr, Thrown> {
        self.runtime()
            .class(ty)
            .map_err(|e| self.throw_load_error(&e))
    }

    /// A new array object of an array class with these bounds.
    ///
    /// # Errors
    /// OutOfMemory, or why the class cannot be loaded.
    pub fn new_array(&self, class: ClassPtr, bounds: &[ArrayBounds]) -> Result<ArrayRef, Thrown> {
        let vtable = self.vtable(class)?;
        self.alloc_array(vtable, bounds)
    }

    /// A string of `length` NUL characters, to be filled before anybody else sees it.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn new_string_length(&self, length: usize) -> Result<StringRef, Thrown> {
        if length as u64 > MAX_LENGTH / 2 {
            return Err(self.throw_out_of_memory());
        }
        let class = self
            .runtime()
            .well_known_class(Wk::String)
            .map_err(|e| self.throw_load_error(&e))?;
        let vtable = self.vtable(class)?;
        let object = self.allocate(vtable, StringRef::object_size(length), Caller::Rust)?;
        object.write::<i32>(StringRef::LENGTH_OFFSET, length as i32);
        // SAFETY: the vtable is the string class's.
        Ok(unsafe { StringRef::from_object(object) })
    }

    /// A string with this text.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn new_string_utf16(&self, text: &[u16]) -> Result<StringRef, Thrown> {
        let string = self.new_string_length(text.len())?;
        // SAFETY: the string is fresh and has room for `text.len()` code units.
        unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), string.chars_ptr(), text.len()) };
        Ok(string)
    }

    /// A string with this text.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn new_string(&self, text: &str) -> Result<StringRef, Thrown> {
        let string = self.new_string_length(text.encode_utf16().count())?;
        let chars = string.chars_ptr();
        for (i, unit) in text.encode_utf16().enumerate() {
            // SAFETY: the string is fresh and has room for all code units.
            unsafe { chars.add(i).write(unit) };
        }
        Ok(string)
    }

    /// Boxes a value: copies `size` bytes of the class's value from `data`. `Nullable<T>`
    /// becomes a boxed `T` or null; a reference type's value is the reference itself.
    ///
    /// # Errors
    /// OutOfMemory, or why the class cannot be loaded.
    pub fn box_value(&self, class: ClassPtr, data: NonNull<u8>) -> Result<ObjRef, Thrown> {
        let runtime = self.runtime();
        if !class.is_value_type() {
            // SAFETY: the value of a reference type is a reference.
            return Ok(unsafe { data.cast::<ObjRef>().read_unaligned() });
        }
        if let Some(value) = runtime.nullable_value(class) {
            let (flag, offset) = runtime
                .nullable_offsets(class)
                .map_err(|e| self.throw_load_error(&e))?;
            // SAFETY: `data` points at a Nullable, whose fields are at these offsets.
            return unsafe {
                if data.add(flag as usize).read() == 0 {
                    Ok(ObjRef::NULL)
                } else {
                    self.box_value(value, data.add(offset as usize))
                }
            };
        }
        let size = runtime
            .layout(class)
            .map_err(|e| self.throw_load_error(&e))?
            .size as usize;
        let object = self.new_object(class)?;
        // SAFETY: a box has room for a value of its class after the header.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), object.payload(), size) };
        Ok(object)
    }

    /// A shallow copy of an object.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn clone_object(&self, object: ObjRef) -> Result<ObjRef, Thrown> {
        let vtable = self.runtime().vtable_of(object);
        let class = vtable.class;
        let copy = if class.is_array() {
            // SAFETY: the class is an array's.
            let array = unsafe { ArrayRef::from_object(object) };
            let bounds: Vec<ArrayBounds> = if class.kind == ClassKind::SzArray {
                vec![ArrayBounds {
                    length: array.len() as u32,
                    lower: 0,
                }]
            } else {
                (0..class.rank)
                    .map(|d| array.bounds(class.rank, d))
                    .collect()
            };
            self.alloc_array(vtable, &bounds)?.object()
        } else if vtable.shape == crate::domain::ShapeTag::String {
            // SAFETY: the shape is a string's.
            let text = unsafe { StringRef::from_object(object) };
            return Ok(self.new_string_utf16(text.chars())?.object());
        } else {
            self.alloc_instance(vtable, Caller::Rust)?
        };
        let size = self.runtime().object_size(object);
        // SAFETY: both objects have this size; the header stays that of the copy.
        unsafe { std::ptr::copy_nonoverlapping(object.at(8), copy.at(8), size - 8) };
        Ok(copy)
    }
}

impl Runtime {
    /// Offset of a vtable as headers hold it.
    #[must_use]
    pub fn vtable_offset(&self, vtable: VTablePtr) -> u32 {
        (vtable.address() - self.arena().base()) as u32
    }

    /// Bytes of an object, without rounding.
    #[must_use]
    pub fn object_size(&self, object: ObjRef) -> usize {
        let vtable = self.vtable_of(object);
        let base = vtable.base_size as usize;
        match vtable.shape {
            crate::domain::ShapeTag::String => {
                base + (object.read::<i32>(StringRef::LENGTH_OFFSET) as usize + 1) * 2
            }
            _ if vtable.elem_size != 0 => {
                base + object.read::<u32>(ArrayRef::LENGTH_OFFSET) as usize
                    * vtable.elem_size as usize
            }
            _ => base,
        }
    }

    /// Offsets of the flag and the value in a `Nullable<T>`.
    ///
    /// # Errors
    /// When corlib's Nullable has other fields.
    pub fn nullable_offsets(&self, class: ClassPtr) -> crate::error::LoadResult<(u32, u32)> {
        let offset = |names: &[&str]| {
            for name in names {
                if let Some(field) = self.find_field(class, name)? {
                    return self.field_offset(field);
                }
            }
            Err(crate::error::LoadError::type_load(
                "System.Nullable`1",
                "corlib's Nullable has unexpected fields",
            ))
        };
        Ok((offset(&["has_value", "hasValue"])?, offset(&["value"])?))
    }
}
