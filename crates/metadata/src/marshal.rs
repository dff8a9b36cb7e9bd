//! Marshalling descriptors (ECMA-335 II.23.4, and the types that Windows added).

use crate::{Error, Metadata, Reader, Rid};

/// Number of a native type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NativeType(pub u8);

impl NativeType {
    /// `BOOL`, four bytes
    pub const BOOLEAN: Self = Self(0x02);
    /// 8-bit signed
    pub const I1: Self = Self(0x03);
    /// 8-bit unsigned
    pub const U1: Self = Self(0x04);
    /// 16-bit signed
    pub const I2: Self = Self(0x05);
    /// 16-bit unsigned
    pub const U2: Self = Self(0x06);
    /// 32-bit signed
    pub const I4: Self = Self(0x07);
    /// 32-bit unsigned
    pub const U4: Self = Self(0x08);
    /// 64-bit signed
    pub const I8: Self = Self(0x09);
    /// 64-bit unsigned
    pub const U8: Self = Self(0x0A);
    /// 32-bit float
    pub const R4: Self = Self(0x0B);
    /// 64-bit float
    pub const R8: Self = Self(0x0C);
    /// COM string
    pub const BSTR: Self = Self(0x13);
    /// 8-bit string
    pub const LPSTR: Self = Self(0x14);
    /// UTF-16 string
    pub const LPWSTR: Self = Self(0x15);
    /// The platform's string
    pub const LPTSTR: Self = Self(0x16);
    /// Characters inside a structure
    pub const FIXED_SYS_STRING: Self = Self(0x17);
    /// COM interface
    pub const IUNKNOWN: Self = Self(0x19);
    /// COM interface
    pub const IDISPATCH: Self = Self(0x1A);
    /// Structure by value
    pub const STRUCT: Self = Self(0x1B);
    /// COM interface
    pub const INTERFACE: Self = Self(0x1C);
    /// COM array
    pub const SAFE_ARRAY: Self = Self(0x1D);
    /// Array inside a structure
    pub const FIXED_ARRAY: Self = Self(0x1E);
    /// Native signed integer
    pub const INT: Self = Self(0x1F);
    /// Native unsigned integer
    pub const UINT: Self = Self(0x20);
    /// Two-byte truth value
    pub const VARIANT_BOOL: Self = Self(0x25);
    /// Function pointer
    pub const FUNC: Self = Self(0x26);
    /// Whatever fits
    pub const AS_ANY: Self = Self(0x28);
    /// Pointer to the first element of an array
    pub const ARRAY: Self = Self(0x2A);
    /// Pointer to a structure
    pub const LPSTRUCT: Self = Self(0x2B);
    /// A marshaller class
    pub const CUSTOM_MARSHALER: Self = Self(0x2C);
    /// `HRESULT`
    pub const ERROR: Self = Self(0x2D);
    /// UTF-8 string
    pub const LPUTF8STR: Self = Self(0x30);
    /// Not said.
    pub const MAX: Self = Self(0x50);
}

/// A marshalling descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarshalSpec<'a> {
    /// Nothing but the number.
    Simple(NativeType),
    /// `ByValTStr`: so many characters.
    FixedSysString {
        /// Characters, the end's NUL included.
        len: u32,
    },
    /// `ByValArray`: so many elements.
    FixedArray {
        /// Elements.
        len: u32,
        /// Their type, when said.
        element: Option<NativeType>,
    },
    /// `LPArray`
    Array {
        /// Elements' type, when said.
        element: Option<NativeType>,
        /// Number (from 0) of the parameter with the length, when said.
        size_param: Option<u32>,
        /// A length, added to the parameter's, when said.
        len: Option<u32>,
    },
    /// COM array
    SafeArray {
        /// Elements' variant type, when said.
        element: Option<u32>,
    },
    /// A marshaller class.
    Custom {
        /// Its name.
        class: &'a str,
        /// What it is told.
        cookie: &'a str,
    },
}

impl<'a> MarshalSpec<'a> {
    /// Reads a descriptor.
    ///
    /// # Errors
    /// [`Error::BadBlob`] when it is malformed.
    pub fn parse(blob: &'a [u8]) -> Result<Self, Error> {
        Self::read(&mut Reader::new(blob)).ok_or(Error::BadBlob("marshalling"))
    }

    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let native = NativeType(reader.u8()?);
        // A missing or "max" element type means: not said.
        let element = |reader: &mut Reader<'a>| {
            reader
                .u8()
                .map(NativeType)
                .filter(|ty| *ty != NativeType::MAX)
        };
        Some(match native {
            NativeType::FIXED_SYS_STRING => Self::FixedSysString {
                len: reader.compressed_u32()?,
            },
            NativeType::FIXED_ARRAY => {
                let len = reader.compressed_u32()?;
                Self::FixedArray {
                    len,
                    element: element(reader),
                }
            }
            NativeType::ARRAY => {
                let element = element(reader);
                let param = reader.compressed_u32();
                let len = reader.compressed_u32();
                // Last, when there: 0 says that the parameter's number means nothing.
                let size_param = if reader.compressed_u32() == Some(0) {
                    None
                } else {
                    param
                };
                Self::Array {
                    element,
                    size_param,
                    len,
                }
            }
            NativeType::SAFE_ARRAY => Self::SafeArray {
                element: reader.compressed_u32(),
            },
            NativeType::CUSTOM_MARSHALER => {
                reader.ser_string()?;
                reader.ser_string()?;
                let class = reader.ser_string()??;
                Self::Custom {
                    class,
                    cookie: reader.ser_string().flatten().unwrap_or(""),
                }
            }
            _ => Self::Simple(native),
        })
    }
}

impl<'a> Metadata<'a> {
    /// Reads the descriptor of a `FieldMarshal` row; [`Metadata::field_marshal_of`] finds the row.
    ///
    /// # Errors
    /// When the row or the descriptor is malformed.
    pub fn marshal_spec(&self, field_marshal: Rid) -> Result<MarshalSpec<'a>, Error> {
        MarshalSpec::parse(self.blob(self.field_marshal(field_marshal)?.native_type)?)
    }
}
