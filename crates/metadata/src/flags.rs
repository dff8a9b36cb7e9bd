//! Attribute bits of table rows (ECMA-335 II.23.1).

use bitflags::bitflags;

bitflags! {
    /// II.23.1.15, flags of a type definition.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TypeAttributes: u32 {
        /// Mask of the visibility values; see [`TypeAttributes::visibility`].
        const VISIBILITY_MASK = 0x7;
        /// Mask of the layout bits; see [`TypeAttributes::layout`].
        const LAYOUT_MASK = 0x18;
        /// Fields keep their declared order.
        const SEQUENTIAL_LAYOUT = 0x8;
        /// Fields carry offsets.
        const EXPLICIT_LAYOUT = 0x10;
        /// An interface.
        const INTERFACE = 0x20;
        /// Cannot be instantiated.
        const ABSTRACT = 0x80;
        /// Cannot be extended.
        const SEALED = 0x100;
        /// The name has a special meaning.
        const SPECIAL_NAME = 0x400;
        /// The runtime gives the name a meaning.
        const RT_SPECIAL_NAME = 0x800;
        /// Imported from a COM type library.
        const IMPORT = 0x1000;
        /// Reserved for serialization.
        const SERIALIZABLE = 0x2000;
        /// A Windows Runtime type.
        const WINDOWS_RUNTIME = 0x4000;
        /// Mask of the string format for native interoperation; see [`TypeAttributes::string_format`].
        const STRING_FORMAT_MASK = 0x30000;
        /// Strings are UTF-16 for native code.
        const UNICODE_CLASS = 0x10000;
        /// Strings are in the platform's usual format for native code.
        const AUTO_CLASS = 0x20000;
        /// Has security attributes.
        const HAS_SECURITY = 0x40000;
        /// May be initialised at any time before the first static field access.
        const BEFORE_FIELD_INIT = 0x10_0000;
        /// An exported type that lives in another assembly.
        const FORWARDER = 0x20_0000;
    }

    /// II.23.1.10, flags of a method definition.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MethodAttributes: u16 {
        /// Mask of the access values; see [`MethodAttributes::access`].
        const ACCESS_MASK = 0x7;
        /// Exported to unmanaged code.
        const UNMANAGED_EXPORT = 0x8;
        /// No `this`.
        const STATIC = 0x10;
        /// Cannot be overridden.
        const FINAL = 0x20;
        /// Dispatched through the vtable.
        const VIRTUAL = 0x40;
        /// Hides by name and signature.
        const HIDE_BY_SIG = 0x80;
        /// Always takes a new vtable slot.
        const NEW_SLOT = 0x100;
        /// Overridable only where accessible.
        const STRICT = 0x200;
        /// Without a body.
        const ABSTRACT = 0x400;
        /// The name has a special meaning.
        const SPECIAL_NAME = 0x800;
        /// The runtime gives the name a meaning (`.ctor`, `.cctor`).
        const RT_SPECIAL_NAME = 0x1000;
        /// Implemented by native code through P/Invoke.
        const PINVOKE_IMPL = 0x2000;
        /// Has security attributes.
        const HAS_SECURITY = 0x4000;
        /// Calls a method that has security attributes.
        const REQUIRE_SEC_OBJECT = 0x8000;
    }

    /// II.23.1.11, implementation flags of a method definition.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MethodImplAttributes: u16 {
        /// Mask of the code type; see [`MethodImplAttributes::code_type`].
        const CODE_TYPE_MASK = 0x3;
        /// Unmanaged code.
        const UNMANAGED = 0x4;
        /// Never inline.
        const NO_INLINING = 0x8;
        /// Defined elsewhere.
        const FORWARD_REF = 0x10;
        /// Runs under the monitor of `this` or of the type.
        const SYNCHRONIZED = 0x20;
        /// Do not optimise.
        const NO_OPTIMIZATION = 0x40;
        /// Keep the signature as it is for native callers.
        const PRESERVE_SIG = 0x80;
        /// Inline where possible.
        const AGGRESSIVE_INLINING = 0x100;
        /// Optimise at the first compilation.
        const AGGRESSIVE_OPTIMIZATION = 0x200;
        /// Implemented inside the runtime.
        const INTERNAL_CALL = 0x1000;
    }

    /// II.23.1.5, flags of a field.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FieldAttributes: u16 {
        /// Mask of the access values; see [`FieldAttributes::access`].
        const ACCESS_MASK = 0x7;
        /// One per type, not one per object.
        const STATIC = 0x10;
        /// Written by initialisers only.
        const INIT_ONLY = 0x20;
        /// A compile-time constant.
        const LITERAL = 0x40;
        /// Not serialized.
        const NOT_SERIALIZED = 0x80;
        /// Has initial data in the image.
        const HAS_FIELD_RVA = 0x100;
        /// The name has a special meaning.
        const SPECIAL_NAME = 0x200;
        /// The runtime gives the name a meaning.
        const RT_SPECIAL_NAME = 0x400;
        /// Has a marshalling descriptor.
        const HAS_FIELD_MARSHAL = 0x1000;
        /// Forwarded through P/Invoke.
        const PINVOKE_IMPL = 0x2000;
        /// Has a constant.
        const HAS_DEFAULT = 0x8000;
    }

    /// II.23.1.13, flags of a parameter.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ParamAttributes: u16 {
        /// `[In]`.
        const IN = 0x1;
        /// `[Out]`.
        const OUT = 0x2;
        /// May be left out by the caller.
        const OPTIONAL = 0x10;
        /// Has a constant.
        const HAS_DEFAULT = 0x1000;
        /// Has a marshalling descriptor.
        const HAS_FIELD_MARSHAL = 0x2000;
    }

    /// II.23.1.4, flags of an event.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct EventAttributes: u16 {
        /// The name has a special meaning.
        const SPECIAL_NAME = 0x200;
        /// The runtime gives the name a meaning.
        const RT_SPECIAL_NAME = 0x400;
    }

    /// II.23.1.14, flags of a property.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PropertyAttributes: u16 {
        /// The name has a special meaning.
        const SPECIAL_NAME = 0x200;
        /// The runtime gives the name a meaning.
        const RT_SPECIAL_NAME = 0x400;
        /// Has a constant.
        const HAS_DEFAULT = 0x1000;
    }

    /// II.23.1.12, what a method is for its property or event.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MethodSemanticsAttributes: u16 {
        /// Property setter.
        const SETTER = 0x1;
        /// Property getter.
        const GETTER = 0x2;
        /// Another method of a property or event.
        const OTHER = 0x4;
        /// Adds an event handler.
        const ADD_ON = 0x8;
        /// Removes an event handler.
        const REMOVE_ON = 0x10;
        /// Raises the event.
        const FIRE = 0x20;
    }

    /// II.23.1.8, how a method is called through P/Invoke.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PInvokeAttributes: u16 {
        /// Use the entry point's name as it is.
        const NO_MANGLE = 0x1;
        /// Mask of the string format; see [`PInvokeAttributes::string_format`].
        const CHAR_SET_MASK = 0x6;
        /// Mask of the best-fit setting.
        const BEST_FIT_MASK = 0x30;
        /// Keep the last error after the call.
        const SUPPORTS_LAST_ERROR = 0x40;
        /// Mask of the calling convention; see [`PInvokeAttributes::call_conv`].
        const CALL_CONV_MASK = 0x700;
        /// Mask of the setting for characters that cannot be mapped.
        const THROW_ON_UNMAPPABLE_MASK = 0x3000;
    }

    /// II.23.1.2, flags of an assembly or of a reference to one.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AssemblyFlags: u32 {
        /// The key column holds a whole public key, not a token.
        const PUBLIC_KEY = 0x1;
        /// Another version may take its place at run time.
        const RETARGETABLE = 0x100;
        /// Mask of the content type; 1 there is Windows Runtime.
        const CONTENT_TYPE_MASK = 0xE00;
        /// The compiler should not optimise.
        const DISABLE_JIT_OPTIMIZER = 0x4000;
        /// The compiler should keep tracking information.
        const ENABLE_JIT_TRACKING = 0x8000;
    }

    /// II.23.1.6, flags of a file.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FileAttributes: u32 {
        /// The file has no metadata (a resource file).
        const CONTAINS_NO_METADATA = 0x1;
    }

    /// II.23.1.9, flags of a manifest resource.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ManifestResourceAttributes: u32 {
        /// Mask of the visibility.
        const VISIBILITY_MASK = 0x7;
        /// Visible to other assemblies.
        const PUBLIC = 0x1;
        /// Not visible to other assemblies.
        const PRIVATE = 0x2;
    }

    /// II.23.1.7, flags of a generic parameter.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct GenericParamAttributes: u16 {
        /// Mask of the variance.
        const VARIANCE_MASK = 0x3;
        /// `out T`.
        const COVARIANT = 0x1;
        /// `in T`.
        const CONTRAVARIANT = 0x2;
        /// `where T : class`.
        const REFERENCE_TYPE_CONSTRAINT = 0x4;
        /// `where T : struct`.
        const NOT_NULLABLE_VALUE_TYPE_CONSTRAINT = 0x8;
        /// `where T : new()`.
        const DEFAULT_CONSTRUCTOR_CONSTRAINT = 0x10;
    }

    /// II.25.3.3.1, flags of the CLI header.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CorFlags: u32 {
        /// No native code inside.
        const IL_ONLY = 0x1;
        /// Loads into 32-bit processes only.
        const REQUIRED_32BIT = 0x2;
        /// A library of intermediate native code.
        const IL_LIBRARY = 0x4;
        /// Has a strong-name signature.
        const STRONG_NAME_SIGNED = 0x8;
        /// The entry point is native code.
        const NATIVE_ENTRY_POINT = 0x10;
        /// Loaders keep debug data.
        const TRACK_DEBUG_DATA = 0x10000;
        /// Prefers 32-bit processes.
        const PREFERRED_32BIT = 0x20000;
    }

    /// Portable PDB: attributes of a local variable.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LocalVariableAttributes: u16 {
        /// A debugger should not show it.
        const DEBUGGER_HIDDEN = 0x1;
    }
}

/// Who can see a type (II.23.1.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeVisibility {
    /// Top level, this assembly only.
    NotPublic,
    /// Top level, everyone.
    Public,
    /// Nested, everyone.
    NestedPublic,
    /// Nested, the enclosing type only.
    NestedPrivate,
    /// Nested, derived types.
    NestedFamily,
    /// Nested, this assembly.
    NestedAssembly,
    /// Nested, derived types in this assembly.
    NestedFamilyAndAssembly,
    /// Nested, derived types and this assembly.
    NestedFamilyOrAssembly,
}

/// How the fields of a type are laid out (II.23.1.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeLayout {
    /// The runtime chooses.
    Auto,
    /// In declared order.
    Sequential,
    /// At declared offsets.
    Explicit,
}

/// How native code sees strings (II.23.1.15, II.23.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StringFormat {
    /// Not said: 8-bit for types, the caller's default for P/Invoke.
    Unspecified,
    /// 8-bit.
    Ansi,
    /// UTF-16.
    Unicode,
    /// The platform's.
    Auto,
}

/// Who can reach a member (II.23.1.5, II.23.1.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberAccess {
    /// Cannot be named by others.
    CompilerControlled,
    /// The type itself.
    Private,
    /// Derived types in this assembly.
    FamilyAndAssembly,
    /// This assembly.
    Assembly,
    /// Derived types.
    Family,
    /// Derived types and this assembly.
    FamilyOrAssembly,
    /// Everyone.
    Public,
}

impl MemberAccess {
    const fn from_bits(bits: u16) -> Self {
        match bits & 7 {
            1 => Self::Private,
            2 => Self::FamilyAndAssembly,
            3 => Self::Assembly,
            4 => Self::Family,
            5 => Self::FamilyOrAssembly,
            6 => Self::Public,
            _ => Self::CompilerControlled,
        }
    }
}

/// What a method's body is made of (II.23.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeType {
    /// IL.
    Il,
    /// Native machine code.
    Native,
    /// Optimised IL; never used.
    OptIl,
    /// Provided by the runtime (delegates).
    Runtime,
}

/// Native calling convention of a P/Invoke method (II.23.1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PInvokeCallConv {
    /// The platform's own.
    PlatformApi,
    /// C.
    Cdecl,
    /// stdcall.
    StdCall,
    /// thiscall.
    ThisCall,
    /// fastcall.
    FastCall,
    /// The bits say nothing known.
    Other,
}

impl TypeAttributes {
    /// Who can see the type.
    #[must_use]
    pub const fn visibility(self) -> TypeVisibility {
        match self.bits() & 7 {
            0 => TypeVisibility::NotPublic,
            1 => TypeVisibility::Public,
            2 => TypeVisibility::NestedPublic,
            3 => TypeVisibility::NestedPrivate,
            4 => TypeVisibility::NestedFamily,
            5 => TypeVisibility::NestedAssembly,
            6 => TypeVisibility::NestedFamilyAndAssembly,
            _ => TypeVisibility::NestedFamilyOrAssembly,
        }
    }

    /// True when the visibility is one of the nested ones.
    #[inline]
    #[must_use]
    pub const fn is_nested(self) -> bool {
        self.bits() & 7 > 1
    }

    /// True for an interface.
    #[inline]
    #[must_use]
    pub const fn is_interface(self) -> bool {
        self.contains(Self::INTERFACE)
    }

    /// How fields are laid out.
    #[must_use]
    pub const fn layout(self) -> TypeLayout {
        match self.bits() & 0x18 {
            0x8 => TypeLayout::Sequential,
            0x10 => TypeLayout::Explicit,
            _ => TypeLayout::Auto,
        }
    }

    /// How native code sees strings.
    #[must_use]
    pub const fn string_format(self) -> StringFormat {
        match self.bits() & 0x30000 {
            0 => StringFormat::Ansi,
            0x10000 => StringFormat::Unicode,
            0x20000 => StringFormat::Auto,
            _ => StringFormat::Unspecified,
        }
    }
}

impl MethodAttributes {
    /// Who can reach the method.
    #[must_use]
    pub const fn access(self) -> MemberAccess {
        MemberAccess::from_bits(self.bits())
    }
}

impl FieldAttributes {
    /// Who can reach the field.
    #[must_use]
    pub const fn access(self) -> MemberAccess {
        MemberAccess::from_bits(self.bits())
    }
}

impl MethodImplAttributes {
    /// What the body is made of.
    #[must_use]
    pub const fn code_type(self) -> CodeType {
        match self.bits() & 3 {
            0 => CodeType::Il,
            1 => CodeType::Native,
            2 => CodeType::OptIl,
            _ => CodeType::Runtime,
        }
    }
}

impl PInvokeAttributes {
    /// How native code sees strings.
    #[must_use]
    pub const fn string_format(self) -> StringFormat {
        match self.bits() & 6 {
            2 => StringFormat::Ansi,
            4 => StringFormat::Unicode,
            6 => StringFormat::Auto,
            _ => StringFormat::Unspecified,
        }
    }

    /// The native calling convention.
    #[must_use]
    pub const fn call_conv(self) -> PInvokeCallConv {
        match self.bits() & 0x700 {
            0x100 => PInvokeCallConv::PlatformApi,
            0x200 => PInvokeCallConv::Cdecl,
            0x300 => PInvokeCallConv::StdCall,
            0x400 => PInvokeCallConv::ThisCall,
            0x500 => PInvokeCallConv::FastCall,
            _ => PInvokeCallConv::Other,
        }
    }
}
