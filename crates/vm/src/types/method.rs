//! A loaded method.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32};

use ferrocil_generics::{Context, InstId, MethodDef, MethodId, TypeId};
use ferrocil_metadata::{MethodAttributes, MethodImplAttributes};

use super::ClassPtr;
use crate::error::LoadError;

/// Where a method's code comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodKind {
    /// A row of the MethodDef table.
    Defined,
    /// Accessor of a general array class, or a constructor of an array class.
    Array(ArrayMethod),
    /// Made at run time from IL.
    Dynamic,
}

/// Methods that array classes have without metadata (ECMA-335 II.14.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArrayMethod {
    /// `.ctor` with one length per dimension.
    New,
    /// `.ctor` with a lower bound and a length per dimension.
    NewWithBounds,
    /// `Get`.
    Get,
    /// `Set`.
    Set,
    /// `Address`.
    Address,
}

/// A method's signature with its types interned. May contain type parameters when
/// the method is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Whether there is a `this`.
    pub has_this: bool,
    /// Whether it has a variable argument list.
    pub vararg: bool,
    /// Number of the method's own type parameters.
    pub generic_arity: u32,
    /// Return type.
    pub ret: TypeId,
    /// Declared parameters.
    pub params: Box<[TypeId]>,
}

/// A loaded method. Lives in the pool of its image set.
pub struct Method {
    /// Canonical method.
    pub id: MethodId,
    /// Declaring class (the instance, for generic classes).
    pub class: ClassPtr,
    /// Row; rid 0 for array methods.
    pub def: MethodDef,
    /// Kind.
    pub kind: MethodKind,
    /// Name.
    pub name: &'static str,
    /// Flags.
    pub flags: MethodAttributes,
    /// Implementation flags.
    pub impl_flags: MethodImplAttributes,
    /// The method's own arguments.
    pub args: Option<InstId>,
    /// Whether it has type parameters of its own that are not bound.
    pub generic_definition: bool,
    /// Vtable slot, -1 for none; written once under the loader lock.
    pub slot: AtomicI32,
    /// Set when the arguments of an instance were found to satisfy the constraints.
    pub(crate) constraints_met: AtomicBool,
    pub(crate) signature: OnceLock<Result<Signature, LoadError>>,
}

impl Method {
    /// Whether it has no `this`.
    #[must_use]
    pub fn is_static(&self) -> bool {
        self.flags.contains(MethodAttributes::STATIC)
    }

    /// Whether calls may dispatch.
    #[must_use]
    pub fn is_virtual(&self) -> bool {
        self.flags.contains(MethodAttributes::VIRTUAL)
    }

    /// Whether it has no body to run.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        self.flags.contains(MethodAttributes::ABSTRACT)
    }

    /// Whether it is an instance or class constructor.
    #[must_use]
    pub fn is_constructor(&self) -> bool {
        self.name == ".ctor" || self.name == ".cctor"
    }

    /// Whether its body is an internal call.
    #[must_use]
    pub fn is_internal_call(&self) -> bool {
        self.impl_flags
            .contains(MethodImplAttributes::INTERNAL_CALL)
    }

    /// Whether its body is native code of a library.
    #[must_use]
    pub fn is_pinvoke(&self) -> bool {
        self.flags.contains(MethodAttributes::PINVOKE_IMPL)
    }

    /// Whether the runtime supplies the body (delegates).
    #[must_use]
    pub fn is_runtime(&self) -> bool {
        self.impl_flags.code_type() == ferrocil_metadata::CodeType::Runtime
    }

    /// Arguments that the body's type parameters stand for.
    #[must_use]
    pub fn context(&self) -> Context {
        Context {
            class_args: self.class.args,
            method_args: self.args,
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}::{}", self.class, self.name)
    }
}

/// A pointer to a [`Method`]; lives as long as its image set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct MethodPtr(NonNull<Method>);

// SAFETY: methods are immutable but for atomics and `OnceLock`s.
unsafe impl Send for MethodPtr {}
// SAFETY: as above.
unsafe impl Sync for MethodPtr {}

impl MethodPtr {
    pub(crate) fn new(method: NonNull<Method>) -> MethodPtr {
        MethodPtr(method)
    }

    /// The method, for as long as it is loaded: as long as anything can name it.
    pub(crate) fn get(self) -> &'static Method {
        // SAFETY: the loader keeps methods alive with their image set.
        unsafe { &*self.0.as_ptr() }
    }

    /// Address, as `RuntimeMethodHandle.value` holds it.
    #[must_use]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The method behind a `RuntimeMethodHandle.value`.
    ///
    /// # Safety
    /// `address` came from [`MethodPtr::address`] of a method that is still loaded.
    #[must_use]
    pub unsafe fn from_address(address: usize) -> Option<MethodPtr> {
        NonNull::new(address as *mut Method).map(MethodPtr)
    }
}

impl Deref for MethodPtr {
    type Target = Method;
    fn deref(&self) -> &Method {
        // SAFETY: the loader keeps methods alive with their image set.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for MethodPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
