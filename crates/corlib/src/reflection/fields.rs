//! `RuntimeFieldInfo` and `RuntimeFieldHandle`.

use ferrocil_metadata::{ConstantValue, Scalar, TableId, Token};
use ferrocil_vm::{ClassPtr, FieldPtr};

use super::keys;
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, Thread, icall, throw};
use crate::system::initialize;
use crate::system::support::{
    argument_null, canonical, class_of_handle, corlib_class, field_of_handle, is_instance, loaded,
    object_at, scalar_type, store_reference, store_value, type_array, type_object, type_object_of,
};

const FIELD: &str = "System.Reflection.RuntimeFieldInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.FieldInfo")
        .add("get_marshal_info", icall(no_marshalling))
        .add("internal_from_handle_type", icall(from_handle));
    table
        .class(FIELD)
        .add("GetFieldOffset", icall(field_offset))
        .add("GetParentType", icall(parent_type))
        .add("GetRawConstantValue", icall(constant))
        .add("GetTypeModifiers", icall(modifiers))
        .add("GetValueInternal", icall(get_value))
        .add("ResolveType", icall(field_type))
        .add("SetValueInternal", icall(set_value))
        .add("UnsafeGetValue", icall(get_value))
        .add("get_core_clr_security_level", icall(security_level))
        .add("get_metadata_token", icall(metadata_token));
    table
        .class("System.RuntimeFieldHandle")
        .add("SetValueInternal", icall(set_value));
}

/// The reflection object of a field as seen through a class.
pub(super) fn field_object(t: &Thread, field: FieldPtr, reflected: ClassPtr) -> Managed<ObjRef> {
    let reflected = canonical(t, reflected)?;
    t.reflection_object((field.address(), reflected.address(), keys::FIELD), || {
        let object = t.new_object(corlib_class(t, "System.Reflection", "RuntimeFieldInfo")?)?;
        object.write(t.field_offset(FIELD, "klass")?, reflected.address());
        object.write(t.field_offset(FIELD, "fhandle")?, field.address());
        object.write(
            t.field_offset(FIELD, "attrs")?,
            i32::from(field.flags.bits()),
        );
        let name = t.new_string(field.name)?;
        store_reference(t, object, t.field_offset(FIELD, "name")?, name.object());
        let ty = type_object_of(t, field.ty)?;
        store_reference(t, object, t.field_offset(FIELD, "type")?, ty);
        Ok(object)
    })
}

/// The field behind a `FieldInfo` of the runtime.
pub(super) fn field_of_object(t: &Thread, object: ObjRef) -> Managed<FieldPtr> {
    if object.is_null() {
        return Err(argument_null(t, "field"));
    }
    if t.runtime().class_of(object).name != "RuntimeFieldInfo" {
        return Err(throw(
            t,
            "System",
            "NotSupportedException",
            "This kind of field object is not supported here.",
        ));
    }
    field_of_handle(t, object.read(t.field_offset(FIELD, "fhandle")?))
}

fn from_handle(t: &Thread, handle: usize, ty: usize) -> Managed<ObjRef> {
    let field = field_of_handle(t, handle)?;
    if ty == 0 {
        return field_object(t, field, field.class);
    }
    let class = class_of_handle(t, ty)?;
    // The class must be the field's, an instance of the same definition, or derive from it.
    let mut search = Some(class);
    while let Some(current) = search {
        if current == field.class {
            return field_object(t, field, class);
        }
        if current.def == field.class.def {
            let fields = loaded(t, t.runtime().fields(current))?;
            if let Some(same) = fields.iter().find(|other| other.rid == field.rid) {
                // SAFETY: a field of a loaded class.
                let same = unsafe { FieldPtr::from_address(std::ptr::from_ref(same) as usize) };
                return field_object(t, same.unwrap_or(field), class);
            }
        }
        search = current.parent;
    }
    Ok(ObjRef::NULL)
}

fn no_marshalling(_t: &Thread, _field: ObjRef) -> Managed<ObjRef> {
    // `MarshalAs` is not shown: native marshalling of fields is not supported.
    Ok(ObjRef::NULL)
}

fn security_level(_t: &Thread, _field: ObjRef) -> Managed<i32> {
    Ok(0)
}

fn metadata_token(t: &Thread, field: ObjRef) -> Managed<i32> {
    Ok(0x0400_0000 | field_of_object(t, field)?.rid as i32)
}

fn field_offset(t: &Thread, this: ObjRef) -> Managed<i32> {
    let field = field_of_object(t, this)?;
    let offset = loaded(t, t.runtime().field_offset(field))?;
    let header = if field.class.is_value_type() {
        0
    } else {
        ferrocil_vm::HEADER_SIZE
    };
    Ok((offset - header) as i32)
}

fn parent_type(t: &Thread, this: ObjRef, declaring: u8) -> Managed<ObjRef> {
    let field = field_of_object(t, this)?;
    if declaring != 0 {
        return type_object(t, field.class);
    }
    let reflected = class_of_handle(t, this.read(t.field_offset(FIELD, "klass")?))?;
    type_object(t, reflected)
}

fn field_type(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    type_object_of(t, field_of_object(t, this)?.ty)
}

/// Custom modifiers are not kept in types.
fn modifiers(t: &Thread, _this: ObjRef, _optional: u8) -> Managed<ArrayRef> {
    type_array(t, false, std::iter::empty())
}

/// The constant of a literal field, as its underlying type.
fn constant(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    let field = field_of_object(t, this)?;
    if !field.is_literal() {
        return Err(throw(t, "System", "InvalidOperationException", ""));
    }
    let Some(image) = t.runtime().image(field.class.image) else {
        return Ok(ObjRef::NULL);
    };
    let token = Token::new(TableId::Field, field.rid);
    match image
        .image()
        .constant_of(token)
        .map(|row| image.image().constant_value(row))
    {
        Some(Ok(value)) => constant_object(t, value, None),
        Some(Err(error)) => Err(t.throw_load_error(&error.into())),
        None => Err(throw(t, "System", "InvalidOperationException", "")),
    }
}

/// A constant as an object: a string, null, or a box of `class` (of its own type if none).
pub(super) fn constant_object(
    t: &Thread,
    value: ConstantValue<'_>,
    class: Option<ClassPtr>,
) -> Managed<ObjRef> {
    match value {
        ConstantValue::Null => Ok(ObjRef::NULL),
        ConstantValue::String(text) => {
            let units: Vec<u16> = text.utf16().collect();
            Ok(t.new_string_utf16(&units)?.object())
        }
        ConstantValue::Scalar(scalar) => boxed_scalar(t, scalar, class),
    }
}

/// A number as a box of `class`, which holds such numbers (of its own type if none).
pub(super) fn boxed_scalar(t: &Thread, scalar: Scalar, class: Option<ClassPtr>) -> Managed<ObjRef> {
    let element = scalar.element_type();
    let class = match class.filter(|&class| scalar_type(class).is_some()) {
        Some(class) => class,
        None => t.class_of_type(t.runtime().universe().primitive(element))?,
    };
    let boxed = t.new_object(class)?;
    let size = loaded(t, t.runtime().layout(class))?.size.min(8) as usize;
    let bytes = scalar.bits().to_le_bytes();
    // SAFETY: the box holds a number of `size` bytes.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), boxed.payload(), size) };
    Ok(boxed)
}

/// Address of a field's value; runs the initialiser of a static one's class.
fn place(t: &Thread, field: FieldPtr, object: ObjRef) -> Managed<*mut u8> {
    if field.is_static() {
        initialize(t, field.class)?;
        return if field.thread_static {
            loaded(t, t.static_address(field))
        } else {
            loaded(t, t.domain().static_address(field))
        };
    }
    if object.is_null() {
        return Err(throw(
            t,
            "System.Reflection",
            "TargetException",
            "Non-static field requires a target",
        ));
    }
    if !is_instance(t, object, field.class)? {
        return Err(throw(
            t,
            "System",
            "ArgumentException",
            &format!(
                "Field '{}' defined on type '{}' is not a field on the target object which is of type '{}'.",
                field.name,
                t.runtime().type_name(field.class.ty),
                t.runtime().type_name(t.runtime().class_of(object).ty)
            ),
        ));
    }
    let offset = loaded(t, t.runtime().field_offset(field))?;
    let header = if field.class.is_value_type() {
        ferrocil_vm::HEADER_SIZE
    } else {
        0
    };
    Ok(object.at(offset + header))
}

fn get_value(t: &Thread, this: ObjRef, object: ObjRef) -> Managed<ObjRef> {
    let field = field_of_object(t, this)?;
    let class = t.class_of_type(field.ty)?;
    if field.is_literal() {
        let Some(image) = t.runtime().image(field.class.image) else {
            return Ok(ObjRef::NULL);
        };
        let token = Token::new(TableId::Field, field.rid);
        return match image
            .image()
            .constant_of(token)
            .map(|row| image.image().constant_value(row))
        {
            Some(Ok(value)) => constant_object(t, value, Some(class)),
            Some(Err(error)) => Err(t.throw_load_error(&error.into())),
            None => Ok(ObjRef::NULL),
        };
    }
    object_at(t, class, place(t, field, object)?)
}

fn set_value(t: &Thread, this: ObjRef, object: ObjRef, value: ObjRef) -> Managed<()> {
    let field = field_of_object(t, this)?;
    let class = t.class_of_type(field.ty)?;
    let place = place(t, field, object)?;
    if field.has_rva() {
        return Err(throw(
            t,
            "System",
            "FieldAccessException",
            "The field is data of its image.",
        ));
    }
    store_value(t, class, place, value)
}
