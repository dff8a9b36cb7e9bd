//! How a type with layout looks in native memory (ECMA-335 II.22.8, II.23.4; the
//! defaults of `System.Runtime.InteropServices`).

use ferrocil_metadata::marshal::{MarshalSpec, NativeType};
use ferrocil_metadata::{ElementType, TableId, Token, TypeAttributes};
use ferrocil_vm::{ClassKind, ClassPtr, Runtime};

/// How one field crosses.
#[derive(Clone, Debug)]
pub(crate) enum Conversion {
    /// The same bytes on both sides.
    Copy(u32),
    /// `bool`: one byte in managed memory, so many in native memory; non-zero is true (or −1 for `VARIANT_BOOL`).
    Bool { native: u32, variant: bool },
    /// `char` as one byte.
    AnsiChar,
    /// Pointer to a NUL-terminated copy of a string: UTF-8, or UTF-16 when wide.
    Text { wide: bool },
    /// Characters inside the structure.
    FixedText { length: u32, wide: bool },
    /// Elements of a primitive array inside the structure.
    FixedArray {
        length: u32,
        element: ElementType,
        size: u32,
    },
    /// A structure inside the structure.
    Nested(Box<NativeLayout>),
    /// A COM interface or variant: only null crosses, as zeros of this size.
    Com(u32),
}

/// A field's places and conversion.
#[derive(Clone, Debug)]
pub(crate) struct NativeField {
    /// Name.
    pub name: &'static str,
    /// Offset in the value (without an object's header).
    pub managed: u32,
    /// Offset in native memory.
    pub native: u32,
    /// How its value crosses.
    pub conversion: Conversion,
}

/// A type's native form.
#[derive(Clone, Debug)]
pub(crate) struct NativeLayout {
    /// Bytes.
    pub size: u32,
    /// Alignment.
    pub align: u32,
    /// Fields in order, of base classes first.
    pub fields: Vec<NativeField>,
}

/// The type has no native form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoNativeForm;

/// Header of objects, which field offsets of reference types include.
const HEADER: u32 = 8;

pub(crate) fn primitive_size(element: ElementType) -> Option<u32> {
    Some(match element {
        ElementType::I1 | ElementType::U1 => 1,
        ElementType::I2 | ElementType::U2 => 2,
        ElementType::I4 | ElementType::U4 | ElementType::R4 => 4,
        ElementType::I8 | ElementType::U8 | ElementType::R8 | ElementType::I | ElementType::U => 8,
        _ => return None,
    })
}

/// Computes the native form of a class or value type.
pub(crate) fn native_layout(
    runtime: &Runtime,
    class: ClassPtr,
) -> Result<NativeLayout, NoNativeForm> {
    if class.args.is_some() || class.open {
        return Err(NoNativeForm);
    }
    let class = class.underlying().unwrap_or(class);
    if let Some(size) = primitive_size(class.element_type) {
        return Ok(single(Conversion::Copy(size), size, size));
    }
    match class.element_type {
        ElementType::Boolean => {
            return Ok(single(
                Conversion::Bool {
                    native: 4,
                    variant: false,
                },
                4,
                4,
            ));
        }
        ElementType::Char => return Ok(single(Conversion::AnsiChar, 1, 1)),
        _ => {}
    }
    let layout = class.flags.bits() & TypeAttributes::LAYOUT_MASK.bits();
    let explicit = layout == TypeAttributes::EXPLICIT_LAYOUT.bits();
    if !explicit && layout != TypeAttributes::SEQUENTIAL_LAYOUT.bits() || class.is_array() {
        return Err(NoNativeForm);
    }
    let wide = class.flags.bits() & TypeAttributes::STRING_FORMAT_MASK.bits()
        == TypeAttributes::UNICODE_CLASS.bits();
    let mut native = base_layout(runtime, class)?;
    let image = runtime.image(class.image).ok_or(NoNativeForm)?.image();
    let row = class
        .def
        .and_then(|def| image.class_layout_of(def.rid))
        .and_then(|rid| image.class_layout(rid).ok());
    let pack = row.map_or(0, |row| u32::from(row.packing_size));
    let declared_size = row.map_or(0, |row| row.class_size);
    let base_end = native.size;
    let mut end = base_end;
    native.align = 1;
    for field in runtime
        .fields(class)
        .map_err(|_| NoNativeForm)?
        .iter()
        .filter(|field| !field.is_static())
    {
        let ty = runtime.class(field.ty).map_err(|_| NoNativeForm)?;
        let token = Token::new(TableId::Field, field.rid);
        let spec = image
            .field_marshal_of(token)
            .and_then(|rid| image.marshal_spec(rid).ok());
        let (conversion, size, align) = conversion(runtime, ty, spec, wide)?;
        let align = if pack == 0 { align } else { align.min(pack) };
        let at = if explicit {
            let row = image
                .field_layout_of(field.rid)
                .and_then(|rid| image.field_layout(rid).ok());
            base_end
                .checked_add(row.ok_or(NoNativeForm)?.offset)
                .ok_or(NoNativeForm)?
        } else {
            end.next_multiple_of(align)
        };
        let managed = runtime
            .find_field(class, field.name)
            .ok()
            .flatten()
            .and_then(|found| runtime.field_offset(found).ok())
            .ok_or(NoNativeForm)?;
        let managed = if class.is_value_type() {
            managed
        } else {
            managed - HEADER
        };
        end = end.max(at.checked_add(size).ok_or(NoNativeForm)?);
        native.align = native.align.max(align);
        native.fields.push(NativeField {
            name: field.name,
            managed,
            native: at,
            conversion,
        });
    }
    let declared = if declared_size == 0 {
        0
    } else {
        declared_size.saturating_add(base_end)
    };
    let size = end.max(declared);
    if explicit {
        // A declared size that holds is not rounded up, unless there is packing too (as in Mono).
        let exact = declared != 0 && declared == size && pack == 0;
        native.align = if exact {
            1
        } else {
            native.align.min(if pack == 0 { 8 } else { pack })
        };
    }
    native.size = size.next_multiple_of(native.align).max(1);
    Ok(native)
}

fn single(conversion: Conversion, size: u32, align: u32) -> NativeLayout {
    NativeLayout {
        size,
        align,
        fields: vec![NativeField {
            name: "",
            managed: 0,
            native: 0,
            conversion,
        }],
    }
}

/// Fields of the base class; `object` and `ValueType` have none.
fn base_layout(runtime: &Runtime, class: ClassPtr) -> Result<NativeLayout, NoNativeForm> {
    let none = NativeLayout {
        size: 0,
        align: 1,
        fields: Vec::new(),
    };
    match class.parent {
        Some(parent) if !class.is_value_type() && parent.parent.is_some() => {
            native_layout(runtime, parent)
        }
        _ => Ok(none),
    }
}

/// A field's conversion, native size and alignment.
fn conversion(
    runtime: &Runtime,
    ty: ClassPtr,
    spec: Option<MarshalSpec<'_>>,
    wide: bool,
) -> Result<(Conversion, u32, u32), NoNativeForm> {
    let simple = match spec {
        Some(MarshalSpec::Simple(native)) => Some(native),
        _ => None,
    };
    let ty = ty.underlying().unwrap_or(ty);
    if let Some(size) = primitive_size(ty.element_type) {
        return Ok((Conversion::Copy(size), size, size));
    }
    match (ty.element_type, ty.kind) {
        (ElementType::Boolean, _) => {
            let (native, variant) = match simple {
                Some(NativeType::I1 | NativeType::U1) => (1, false),
                Some(NativeType::VARIANT_BOOL) => (2, true),
                _ => (4, false),
            };
            Ok((Conversion::Bool { native, variant }, native, native))
        }
        (ElementType::Char, _) => match simple {
            Some(NativeType::I1 | NativeType::U1) => Ok((Conversion::AnsiChar, 1, 1)),
            Some(NativeType::I2 | NativeType::U2) => Ok((Conversion::Copy(2), 2, 2)),
            _ if wide => Ok((Conversion::Copy(2), 2, 2)),
            _ => Ok((Conversion::AnsiChar, 1, 1)),
        },
        (_, ClassKind::Pointer | ClassKind::FnPtr) => Ok((Conversion::Copy(8), 8, 8)),
        _ if matches!(
            simple,
            Some(NativeType::INTERFACE | NativeType::IUNKNOWN | NativeType::IDISPATCH)
        ) =>
        {
            Ok((Conversion::Com(8), 8, 8))
        }
        _ if simple == Some(NativeType::STRUCT) && !ty.is_value_type() => {
            Ok((Conversion::Com(16), 16, 8))
        }
        _ if ty.is_named("System", "String") => match spec {
            Some(MarshalSpec::FixedSysString { len }) => {
                let unit = if wide { 2 } else { 1 };
                let bytes = len.checked_mul(unit).ok_or(NoNativeForm)?;
                Ok((Conversion::FixedText { length: len, wide }, bytes, unit))
            }
            _ => {
                let wide = match simple {
                    Some(NativeType::LPWSTR) => true,
                    Some(NativeType::LPSTR | NativeType::LPTSTR | NativeType::LPUTF8STR) => false,
                    Some(_) => return Err(NoNativeForm),
                    None => wide,
                };
                Ok((Conversion::Text { wide }, 8, 8))
            }
        },
        (_, ClassKind::SzArray) => {
            let (Some(MarshalSpec::FixedArray { len, .. }), Some(element)) = (spec, ty.element)
            else {
                return Err(NoNativeForm);
            };
            let element = element.underlying().unwrap_or(element);
            let size = primitive_size(element.element_type).ok_or(NoNativeForm)?;
            let bytes = len.checked_mul(size).ok_or(NoNativeForm)?;
            Ok((
                Conversion::FixedArray {
                    length: len,
                    element: element.element_type,
                    size,
                },
                bytes,
                size,
            ))
        }
        (_, ClassKind::ValueType) => {
            let nested = native_layout(runtime, ty)?;
            let (size, align) = (nested.size, nested.align);
            Ok((Conversion::Nested(Box::new(nested)), size, align))
        }
        _ => Err(NoNativeForm),
    }
}
