//! Parameters of methods: `RuntimeParameterInfo`.

use ferrocil_metadata::{ParamAttributes, TableId, Token};
use ferrocil_vm::{ClassKind, MethodKind, MethodPtr};

use super::fields::constant_object;
use super::keys;
use super::methods::method_of_object;
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, Thread, icall};
use crate::system::initialize;
use crate::system::support::{
    argument_null, corlib_class, loaded, method_of_handle, reference_array, store_element,
    store_reference, type_array, type_object_of,
};

const PARAMETER: &str = "System.Reflection.ParameterInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.MonoMethodInfo")
        .add("get_parameter_info", icall(parameters))
        .add("get_retval_marshal", icall(no_marshalling));
    table
        .class("System.Reflection.RuntimeParameterInfo")
        .add("GetMetadataToken", icall(metadata_token))
        .add("GetTypeModifiers", icall(modifiers));
}

fn no_marshalling(_t: &Thread, _handle: usize) -> Managed<ObjRef> {
    // `MarshalAs` is not shown: native marshalling of results is not supported.
    Ok(ObjRef::NULL)
}

/// Row of the Param table at a position (1 for the first parameter, 0 for the result).
pub(super) fn param_row(t: &Thread, method: MethodPtr, sequence: u16) -> Option<u32> {
    if method.kind != MethodKind::Defined {
        return None;
    }
    let image = t.runtime().image(method.def.image)?.image();
    image
        .method_params(method.def.rid)
        .into_iter()
        .find(|&rid| image.param(rid).is_ok_and(|row| row.sequence == sequence))
}

/// The value of a public static field of corlib that stands for something special.
fn special(t: &Thread, namespace: &str, class: &str) -> Managed<ObjRef> {
    let class = corlib_class(t, namespace, class)?;
    initialize(t, class)?;
    match loaded(t, t.runtime().find_field(class, "Value"))? {
        Some(field) => {
            let place = loaded(t, t.domain().static_address(field))?;
            // SAFETY: the static field holds a reference.
            Ok(unsafe { place.cast::<ObjRef>().read() })
        }
        None => Ok(ObjRef::NULL),
    }
}

fn parameters(t: &Thread, handle: usize, member: ObjRef) -> Managed<ArrayRef> {
    let method = method_of_handle(t, handle)?;
    let cached = t.reflection_object((handle, member.address(), keys::PARAMETERS), || {
        Ok(build(t, method, member)?.object())
    })?;
    // SAFETY: `build` made an array.
    Ok(unsafe { ArrayRef::from_object(cached) })
}

fn build(t: &Thread, method: MethodPtr, member: ObjRef) -> Managed<ArrayRef> {
    let signature = loaded(t, t.runtime().signature(method))?;
    let array = reference_array(
        t,
        "System.Reflection",
        "ParameterInfo",
        signature.params.len(),
    )?;
    let class = corlib_class(t, "System.Reflection", "RuntimeParameterInfo")?;
    for (index, &ty) in signature.params.iter().enumerate() {
        let object = t.new_object(class)?;
        store_element(t, array, index, object);
        store_reference(t, object, t.field_offset(PARAMETER, "MemberImpl")?, member);
        object.write(t.field_offset(PARAMETER, "PositionImpl")?, index as i32);
        let type_object = type_object_of(t, ty)?;
        store_reference(
            t,
            object,
            t.field_offset(PARAMETER, "ClassImpl")?,
            type_object,
        );
        let image = t
            .runtime()
            .image(method.def.image)
            .map(|image| image.image());
        let row = param_row(t, method, index as u16 + 1)
            .and_then(|rid| Some((rid, image?.param(rid).ok()?)));
        let mut attributes = ParamAttributes::empty();
        let mut value = None;
        if let (Some((rid, row)), Some(image)) = (row, image) {
            attributes = row.flags;
            let name = image.string(row.name).unwrap_or("");
            let name = t.new_string(name)?;
            store_reference(
                t,
                object,
                t.field_offset(PARAMETER, "NameImpl")?,
                name.object(),
            );
            if attributes.contains(ParamAttributes::HAS_DEFAULT) {
                let token = Token::new(TableId::Param, rid);
                let constant = image
                    .constant_of(token)
                    .and_then(|row| image.constant_value(row).ok());
                if let Some(constant) = constant {
                    value = Some(constant_object(t, constant, Some(default_class(t, ty)?))?);
                }
            }
        } else {
            let name = t.new_string("")?;
            store_reference(
                t,
                object,
                t.field_offset(PARAMETER, "NameImpl")?,
                name.object(),
            );
        }
        object.write(
            t.field_offset(PARAMETER, "AttrsImpl")?,
            i32::from(attributes.bits()),
        );
        let value = match value {
            Some(value) => value,
            None if attributes.contains(ParamAttributes::OPTIONAL) => {
                special(t, "System.Reflection", "Missing")?
            }
            None => special(t, "System", "DBNull")?,
        };
        store_reference(
            t,
            object,
            t.field_offset(PARAMETER, "DefaultValueImpl")?,
            value,
        );
    }
    Ok(array)
}

/// The class of a default value: that of the parameter, `T` for `Nullable<T>` and `ref T`.
fn default_class(t: &Thread, ty: ferrocil_generics::TypeId) -> Managed<ferrocil_vm::ClassPtr> {
    let mut class = t.class_of_type(ty)?;
    if class.kind == ClassKind::ByRef {
        class = class.element.unwrap_or(class);
    }
    Ok(t.runtime().nullable_value(class).unwrap_or(class))
}

/// The method that a parameter object belongs to, and its position.
pub(super) fn parameter_of_object(t: &Thread, object: ObjRef) -> Managed<Option<(MethodPtr, i32)>> {
    if object.is_null() {
        return Err(argument_null(t, "parameter"));
    }
    let member: ObjRef = object.read(t.field_offset(PARAMETER, "MemberImpl")?);
    let position: i32 = object.read(t.field_offset(PARAMETER, "PositionImpl")?);
    if member.is_null() {
        return Ok(None);
    }
    match t.runtime().class_of(member).name {
        "RuntimeMethodInfo" | "RuntimeConstructorInfo" => {
            Ok(Some((method_of_object(t, member)?, position)))
        }
        "RuntimePropertyInfo" => {
            let property = super::properties::property_of_object(t, member)?;
            Ok(property
                .getter
                .or(property.setter)
                .map(|method| (method, position)))
        }
        _ => Ok(None),
    }
}

fn metadata_token(t: &Thread, this: ObjRef) -> Managed<i32> {
    let Some((method, position)) = parameter_of_object(t, this)? else {
        return Ok(0x0800_0000);
    };
    let row = param_row(t, method, (position + 1) as u16).unwrap_or(0);
    Ok(0x0800_0000 | row as i32)
}

/// Custom modifiers are not kept in types.
fn modifiers(
    t: &Thread,
    _ty: ObjRef,
    _member: ObjRef,
    _position: i32,
    _optional: u8,
) -> Managed<ArrayRef> {
    type_array(t, false, std::iter::empty())
}
