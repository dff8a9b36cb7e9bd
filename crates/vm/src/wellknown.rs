//! Types of corlib that the runtime knows by name.

use std::sync::OnceLock;

use ferrocil_generics::TypeDef;
use ferrocil_metadata::ElementType;

use crate::error::LoadResult;
use crate::loader::LoadedImage;
use crate::runtime::Runtime;
use crate::types::ClassPtr;

macro_rules! well_known {
    ($($(#[$doc:meta])* $name:ident = $namespace:literal $type:literal,)*) => {
        /// A type of corlib that the runtime needs.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Wk { $($(#[$doc])* $name,)* }

        const NAMES: &[(&str, &str)] = &[$(($namespace, $type),)*];
    };
}

well_known! {
    /// System.Object
    Object = "System" "Object",
    /// System.String
    String = "System" "String",
    /// System.Array
    Array = "System" "Array",
    /// System.ValueType
    ValueType = "System" "ValueType",
    /// System.Enum
    Enum = "System" "Enum",
    /// System.Delegate
    Delegate = "System" "Delegate",
    /// System.MulticastDelegate
    MulticastDelegate = "System" "MulticastDelegate",
    /// System.Exception
    Exception = "System" "Exception",
    /// System.Type
    Type = "System" "Type",
    /// System.RuntimeType
    RuntimeType = "System" "RuntimeType",
    /// System.RuntimeTypeHandle
    RuntimeTypeHandle = "System" "RuntimeTypeHandle",
    /// System.RuntimeMethodHandle
    RuntimeMethodHandle = "System" "RuntimeMethodHandle",
    /// System.RuntimeFieldHandle
    RuntimeFieldHandle = "System" "RuntimeFieldHandle",
    /// System.RuntimeArgumentHandle
    RuntimeArgumentHandle = "System" "RuntimeArgumentHandle",
    /// System.TypedReference
    TypedReference = "System" "TypedReference",
    /// System.Nullable`1
    Nullable = "System" "Nullable`1",
    /// System.Runtime.ConstrainedExecution.CriticalFinalizerObject
    CriticalFinalizerObject = "System.Runtime.ConstrainedExecution" "CriticalFinalizerObject",
    /// System.ByReference`1
    ByReference = "System" "ByReference`1",
    /// System.Collections.Generic.IList`1
    IListT = "System.Collections.Generic" "IList`1",
    /// System.Collections.Generic.ICollection`1
    ICollectionT = "System.Collections.Generic" "ICollection`1",
    /// System.Collections.Generic.IEnumerable`1
    IEnumerableT = "System.Collections.Generic" "IEnumerable`1",
    /// System.Collections.Generic.IReadOnlyList`1
    IReadOnlyListT = "System.Collections.Generic" "IReadOnlyList`1",
    /// System.Collections.Generic.IReadOnlyCollection`1
    IReadOnlyCollectionT = "System.Collections.Generic" "IReadOnlyCollection`1",
    /// System.Threading.Thread
    Thread = "System.Threading" "Thread",
    /// System.Threading.InternalThread
    InternalThread = "System.Threading" "InternalThread",
    /// System.AppDomain
    AppDomain = "System" "AppDomain",
    /// System.AppDomainSetup
    AppDomainSetup = "System" "AppDomainSetup",
    /// System.Runtime.Remoting.Contexts.Context
    Context = "System.Runtime.Remoting.Contexts" "Context",
    /// System.Void
    Void = "System" "Void",
    /// System.Int32
    Int32 = "System" "Int32",
    /// System.IntPtr
    IntPtr = "System" "IntPtr",
    /// System.Byte
    Byte = "System" "Byte",
    /// System.Char
    Char = "System" "Char",
}

/// Number of well-known types.
const COUNT: usize = NAMES.len();

/// Classes of well-known types, loaded on first use.
#[derive(Debug)]
pub(crate) struct WellKnown {
    classes: [OnceLock<ClassPtr>; COUNT],
}

impl Default for WellKnown {
    fn default() -> WellKnown {
        WellKnown {
            classes: [const { OnceLock::new() }; COUNT],
        }
    }
}

impl Runtime {
    /// A well-known class.
    ///
    /// # Errors
    /// When corlib lacks it.
    pub fn well_known_class(&self, which: Wk) -> LoadResult<ClassPtr> {
        let cell = &self.well_known().classes[which as usize];
        if let Some(&class) = cell.get() {
            return Ok(class);
        }
        let (namespace, name) = NAMES[which as usize];
        let class = self.corlib_class(namespace, name)?;
        Ok(*cell.get_or_init(|| class))
    }
}

/// Corlib's definitions of the types that signatures name by element type.
#[derive(Debug, Default)]
pub struct Primitives {
    defs: Vec<(ElementType, TypeDef)>,
}

const PRIMITIVES: &[(ElementType, &str)] = &[
    (ElementType::Void, "Void"),
    (ElementType::Boolean, "Boolean"),
    (ElementType::Char, "Char"),
    (ElementType::I1, "SByte"),
    (ElementType::U1, "Byte"),
    (ElementType::I2, "Int16"),
    (ElementType::U2, "UInt16"),
    (ElementType::I4, "Int32"),
    (ElementType::U4, "UInt32"),
    (ElementType::I8, "Int64"),
    (ElementType::U8, "UInt64"),
    (ElementType::R4, "Single"),
    (ElementType::R8, "Double"),
    (ElementType::I, "IntPtr"),
    (ElementType::U, "UIntPtr"),
    (ElementType::String, "String"),
    (ElementType::Object, "Object"),
    (ElementType::TypedByRef, "TypedReference"),
];

impl Primitives {
    /// Before corlib is loaded.
    #[must_use]
    pub const fn none() -> Primitives {
        Primitives { defs: Vec::new() }
    }

    /// Finds them in corlib.
    #[must_use]
    pub fn find(corlib: &LoadedImage) -> Primitives {
        let defs = PRIMITIVES
            .iter()
            .filter_map(|&(element, name)| Some((element, corlib.find_type("System", name)?)))
            .collect();
        Primitives { defs }
    }

    /// The definition of an element type.
    #[must_use]
    pub fn def_of(&self, element: ElementType) -> Option<TypeDef> {
        self.defs
            .iter()
            .find(|(e, _)| *e == element)
            .map(|(_, d)| *d)
    }

    /// The element type of a definition.
    #[must_use]
    pub fn element_of(&self, def: TypeDef) -> Option<ElementType> {
        self.defs.iter().find(|(_, d)| *d == def).map(|(e, _)| *e)
    }
}
