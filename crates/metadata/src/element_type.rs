//! Element types of signatures (ECMA-335 II.23.1.16).

macro_rules! element_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal,)*) => {
        /// The first byte of a type in a signature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum ElementType {
            $($(#[$doc])* $name = $value,)*
        }

        impl ElementType {
            /// The element type with this number.
            #[inline]
            #[must_use]
            pub const fn from_u8(value: u8) -> Option<Self> {
                BY_NUMBER[value as usize]
            }
        }

        /// A look-up costs less than a jump for each number.
        static BY_NUMBER: [Option<ElementType>; 256] = {
            let mut table = [None; 256];
            $(table[$value] = Some(ElementType::$name);)*
            table
        };
    };
}

element_types! {
    /// End of a list; never in a type.
    End = 0x00,
    /// `void`
    Void = 0x01,
    /// `bool`
    Boolean = 0x02,
    /// `char`, a UTF-16 unit
    Char = 0x03,
    /// `int8`
    I1 = 0x04,
    /// `unsigned int8`
    U1 = 0x05,
    /// `int16`
    I2 = 0x06,
    /// `unsigned int16`
    U2 = 0x07,
    /// `int32`
    I4 = 0x08,
    /// `unsigned int32`
    U4 = 0x09,
    /// `int64`
    I8 = 0x0A,
    /// `unsigned int64`
    U8 = 0x0B,
    /// `float32`
    R4 = 0x0C,
    /// `float64`
    R8 = 0x0D,
    /// `string`
    String = 0x0E,
    /// Unmanaged pointer; a type follows.
    Ptr = 0x0F,
    /// Managed pointer; a type follows.
    ByRef = 0x10,
    /// Value type; a type token follows.
    ValueType = 0x11,
    /// Reference type; a type token follows.
    Class = 0x12,
    /// Generic parameter of the type; a number follows.
    Var = 0x13,
    /// Array with a shape.
    Array = 0x14,
    /// Generic instance.
    GenericInst = 0x15,
    /// `typedref`
    TypedByRef = 0x16,
    /// `native int`
    I = 0x18,
    /// `native unsigned int`
    U = 0x19,
    /// Function pointer; a method signature follows.
    FnPtr = 0x1B,
    /// `object`
    Object = 0x1C,
    /// Vector: one dimension, lower bound 0.
    SzArray = 0x1D,
    /// Generic parameter of the method; a number follows.
    MVar = 0x1E,
    /// Required modifier; a type token follows.
    CModReqd = 0x1F,
    /// Optional modifier; a type token follows.
    CModOpt = 0x20,
    /// Runtime-internal type; never in a file.
    Internal = 0x21,
    /// Mark of modifiers.
    Modifier = 0x40,
    /// End of the fixed arguments of a vararg call.
    Sentinel = 0x41,
    /// A local that does not move.
    Pinned = 0x45,
    /// `System.Type` in a custom attribute.
    Type = 0x50,
    /// Boxed object in a custom attribute.
    Boxed = 0x51,
    /// Named field of a custom attribute.
    Field = 0x53,
    /// Named property of a custom attribute.
    Property = 0x54,
    /// Enumeration in a custom attribute; its name follows.
    Enum = 0x55,
}

impl ElementType {
    /// True when nothing follows: `void`, the numbers, `string`, `object`, `typedref`, native integers.
    #[inline]
    #[must_use]
    pub const fn is_primitive(self) -> bool {
        matches!(self as u8, 0x01..=0x0E | 0x16 | 0x18 | 0x19 | 0x1C)
    }

    /// Size in bytes of a value with a fixed size: `bool`, `char`, the integers and floats.
    #[inline]
    #[must_use]
    pub const fn fixed_size(self) -> Option<u32> {
        match self {
            Self::Boolean | Self::I1 | Self::U1 => Some(1),
            Self::Char | Self::I2 | Self::U2 => Some(2),
            Self::I4 | Self::U4 | Self::R4 => Some(4),
            Self::I8 | Self::U8 | Self::R8 => Some(8),
            _ => None,
        }
    }
}
