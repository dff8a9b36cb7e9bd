//! A loaded type.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use ferrocil_generics::{ImageId, InstId, TypeDef, TypeId};
use ferrocil_metadata::{ElementType, TypeAttributes};

use super::{Field, Layout, MethodPtr, VTableLayout};
use crate::error::{LoadError, LoadResult};

/// What kind of type a class is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClassKind {
    /// Reference type with fields (also `System.String` and abstract classes).
    Class,
    /// Interface.
    Interface,
    /// Value type with fields; primitives too.
    ValueType,
    /// Enum.
    Enum,
    /// One-dimensional array with lower bound 0.
    SzArray,
    /// General array.
    Array,
    /// Unmanaged pointer.
    Pointer,
    /// Managed pointer.
    ByRef,
    /// Function pointer.
    FnPtr,
    /// Type parameter.
    GenericParam,
}

/// MethodImpl rows of a class: (declaration, body).
pub(crate) type Overrides = Box<[(MethodPtr, MethodPtr)]>;

/// A loaded type of a runtime. Lives in the pool of the image set it depends on.
pub struct Class {
    /// The canonical type.
    pub ty: TypeId,
    /// Kind.
    pub kind: ClassKind,
    /// How signatures name it when it is a primitive; `Class`/`ValueType` otherwise.
    pub element_type: ElementType,
    /// Definition, for types that have one.
    pub def: Option<TypeDef>,
    /// Image of the definition (of the element for arrays and pointers).
    pub image: ImageId,
    /// Generic arguments.
    pub args: Option<InstId>,
    /// Whether a type parameter is inside, or this is a generic definition: never instantiated.
    pub open: bool,
    /// Whether a marker of a shared form is inside: such a class stands for many and has no objects.
    pub shared: bool,
    /// Flags of the definition.
    pub flags: TypeAttributes,
    /// Namespace of the definition.
    pub namespace: &'static str,
    /// Name of the definition, with the arity suffix.
    pub name: &'static str,
    /// Base class.
    pub parent: Option<ClassPtr>,
    /// Element type of arrays, pointers and byrefs; underlying type of enums.
    pub element: Option<ClassPtr>,
    /// Dimensions of an array.
    pub rank: u32,
    /// Number of this class in its runtime: index of per-domain tables.
    pub index: u32,
    /// Base classes from `System.Object` down to this class.
    pub supers: Box<[ClassPtr]>,
    pub(crate) fields: OnceLock<Result<Box<[Field]>, LoadError>>,
    pub(crate) methods: OnceLock<Result<Box<[MethodPtr]>, LoadError>>,
    pub(crate) interfaces: OnceLock<Result<Box<[ClassPtr]>, LoadError>>,
    pub(crate) own_interfaces: OnceLock<Result<Box<[ClassPtr]>, LoadError>>,
    pub(crate) layout: OnceLock<Result<Layout, LoadError>>,
    pub(crate) vtable: OnceLock<Result<VTableLayout, LoadError>>,
    pub(crate) overrides: OnceLock<LoadResult<Overrides>>,
    /// Set when the arguments of an instance were found to satisfy the constraints.
    pub(crate) constraints_met: AtomicBool,
    /// Interface dispatch results found so far.
    pub(crate) dispatch: parking_lot::RwLock<rustc_hash::FxHashMap<MethodPtr, MethodPtr>>,
}

/// A pointer to a [`Class`].
///
/// Classes are made by the loader and die with their image set; nothing that can
/// reach a class of an unloaded set is left then (see `docs/vm.md`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct ClassPtr(NonNull<Class>);

// SAFETY: a class is immutable but for its `OnceLock`s and locks, which are Sync.
unsafe impl Send for ClassPtr {}
// SAFETY: as above.
unsafe impl Sync for ClassPtr {}

impl ClassPtr {
    pub(crate) fn new(class: NonNull<Class>) -> ClassPtr {
        ClassPtr(class)
    }

    /// The class, for as long as it is loaded: as long as anything can name it.
    pub(crate) fn get(self) -> &'static Class {
        // SAFETY: see the type's description: the loader keeps classes alive.
        unsafe { &*self.0.as_ptr() }
    }

    /// Address, as `RuntimeTypeHandle.value` holds it.
    #[must_use]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The class behind a `RuntimeTypeHandle.value`.
    ///
    /// # Safety
    /// `address` came from [`ClassPtr::address`] of a class that is still loaded.
    #[must_use]
    pub unsafe fn from_address(address: usize) -> Option<ClassPtr> {
        NonNull::new(address as *mut Class).map(ClassPtr)
    }
}

impl Deref for ClassPtr {
    type Target = Class;
    fn deref(&self) -> &Class {
        // SAFETY: see the type's description: the loader keeps classes alive.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for ClassPtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}#{}", self.namespace, self.name, self.ty.raw())
    }
}

impl Class {
    /// Whether values are held in place (primitives, structs, enums).
    #[must_use]
    pub fn is_value_type(&self) -> bool {
        matches!(self.kind, ClassKind::ValueType | ClassKind::Enum)
    }

    /// Whether values are object references.
    #[must_use]
    pub fn is_reference(&self) -> bool {
        matches!(
            self.kind,
            ClassKind::Class | ClassKind::Interface | ClassKind::SzArray | ClassKind::Array
        )
    }

    /// Whether this is an interface.
    #[must_use]
    pub fn is_interface(&self) -> bool {
        self.kind == ClassKind::Interface
    }

    /// Whether this is any array.
    #[must_use]
    pub fn is_array(&self) -> bool {
        matches!(self.kind, ClassKind::SzArray | ClassKind::Array)
    }

    /// Whether no class can derive from it.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.flags.contains(TypeAttributes::SEALED)
    }

    /// Whether it cannot be instantiated.
    #[must_use]
    pub fn is_abstract(&self) -> bool {
        self.flags.contains(TypeAttributes::ABSTRACT)
    }

    /// Whether this is the class with this name at top level.
    #[must_use]
    pub fn is_named(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace == namespace
    }

    /// Whether `ancestor` is this class or one of its bases.
    #[must_use]
    pub fn derives_from(&self, ancestor: ClassPtr) -> bool {
        let depth = ancestor.supers.len();
        self.supers.get(depth - 1) == Some(&ancestor)
    }

    /// Type an enum is stored as; the class itself for others.
    #[must_use]
    pub fn underlying(&self) -> Option<ClassPtr> {
        if self.kind == ClassKind::Enum {
            self.element
        } else {
            None
        }
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)
    }
}
