//! Custom attributes: `MonoCustomAttrs` and `CustomAttributeData`.

use ferrocil_generics::Context;
use ferrocil_metadata::cattr::{
    self, ArgType, ClassKind as ArgClass, EnumRef, TypeResolver, Value,
};
use ferrocil_metadata::{ElementType, TableId, Token};
use ferrocil_vm::{ClassPtr, HEADER_SIZE, LoadedImage, MethodPtr, Runtime, is_assignable};

use super::assembly::{assembly_object, image_of_assembly, image_of_handle};
use super::events::event_of_object;
use super::fields::{boxed_scalar, field_of_object};
use super::invoke::invoke_method;
use super::methods::{attribute_row, method_object, method_of_object};
use super::names::{Lookup, find_type};
use super::parameters::{param_row, parameter_of_object};
use super::properties::{properties_of, property_of_object};
use super::type_handle::parameter_row;
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, Thread, icall, store_byref, store_element, throw,
};
use crate::system::support::{
    argument_null, corlib_class, loaded, reference_array, scalar_type, store_reference,
    store_value, type_object, type_object_of,
};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.MonoCustomAttrs")
        .add("GetCustomAttributesDataInternal", icall(attribute_data))
        .add("GetCustomAttributesInternal", icall(attributes))
        .add("IsDefinedInternal", icall(is_defined));
    table
        .class("System.Reflection.CustomAttributeData")
        .add("ResolveArgumentsInternal", icall(resolve_arguments));
}

/// The image and row that an object's attributes stand on.
fn owner(t: &Thread, object: ObjRef) -> Managed<Option<(&LoadedImage, Token)>> {
    if object.is_null() {
        return Err(argument_null(t, "obj"));
    }
    let runtime = t.runtime();
    let of_method = |method: MethodPtr| {
        let (table, rid) = attribute_row(method)?;
        Some((runtime.image(method.def.image)?, Token::new(table, rid)))
    };
    let class = runtime.class_of(object);
    Ok(match class.name {
        "RuntimeType" => {
            let class = t.class_of_type_object(object)?;
            match (class.def, parameter_row(t, class)) {
                (Some(def), _) => runtime
                    .image(def.image)
                    .map(|image| (image, Token::new(TableId::TypeDef, def.rid))),
                (None, Some((image, rid))) => Some((image, Token::new(TableId::GenericParam, rid))),
                (None, None) => None,
            }
        }
        "RuntimeMethodInfo" | "RuntimeConstructorInfo" => of_method(method_of_object(t, object)?),
        "RuntimeFieldInfo" => {
            let field = field_of_object(t, object)?;
            let image = runtime.image(field.class.image);
            image.map(|image| (image, Token::new(TableId::Field, field.rid)))
        }
        "RuntimePropertyInfo" => {
            let property = property_of_object(t, object)?;
            let image = runtime.image(property.class.image);
            image.map(|image| (image, Token::new(TableId::Property, property.rid)))
        }
        "RuntimeEventInfo" => {
            let event = event_of_object(t, object)?;
            let image = runtime.image(event.class.image);
            image.map(|image| (image, Token::new(TableId::Event, event.rid)))
        }
        "RuntimeParameterInfo" | "ParameterInfo" => {
            parameter_of_object(t, object)?.and_then(|(method, position)| {
                let rid = param_row(t, method, (position + 1) as u16)?;
                Some((
                    runtime.image(method.def.image)?,
                    Token::new(TableId::Param, rid),
                ))
            })
        }
        "RuntimeAssembly" => Some((
            image_of_assembly(t, object)?,
            Token::new(TableId::Assembly, 1),
        )),
        "RuntimeModule" => {
            let handle = object.read(t.field_offset("System.Reflection.RuntimeModule", "_impl")?);
            Some((image_of_handle(t, handle)?, Token::new(TableId::Module, 1)))
        }
        _ => None,
    })
}

/// An attribute on a row: its constructor and its value.
struct Attribute {
    ctor: MethodPtr,
    ctor_token: Token,
    blob: &'static [u8],
}

/// The attributes on a row whose class is assignable to `wanted`. Those whose class cannot be
/// loaded are left out, as Mono does.
fn attributes_of(
    t: &Thread,
    image: &LoadedImage,
    row: Token,
    wanted: Option<ClassPtr>,
) -> Managed<Vec<Attribute>> {
    let runtime = t.runtime();
    let metadata = image.image();
    let mut list = Vec::new();
    for rid in metadata.custom_attributes(row) {
        let Ok(attribute) = metadata.custom_attribute(rid) else {
            continue;
        };
        let Ok(ctor) = runtime.resolve_method_token(image, attribute.constructor, Context::EMPTY)
        else {
            continue;
        };
        let fits = match wanted {
            Some(wanted) => loaded(t, is_assignable(runtime, ctor.class, wanted))?,
            None => true,
        };
        if let (true, Ok(blob)) = (fits, metadata.blob(attribute.value)) {
            list.push(Attribute {
                ctor,
                ctor_token: attribute.constructor,
                blob,
            });
        }
    }
    Ok(list)
}

fn wanted_class(t: &Thread, ty: ObjRef) -> Managed<Option<ClassPtr>> {
    if ty.is_null() {
        Ok(None)
    } else {
        t.class_of_type_object(ty).map(Some)
    }
}

fn is_defined(t: &Thread, object: ObjRef, ty: ObjRef) -> Managed<bool> {
    let wanted = wanted_class(t, ty)?;
    let Some((image, row)) = owner(t, object)? else {
        return Ok(false);
    };
    Ok(!attributes_of(t, image, row, wanted)?.is_empty())
}

fn attributes(t: &Thread, object: ObjRef, ty: ObjRef, _pseudo: u8) -> Managed<ArrayRef> {
    let wanted = wanted_class(t, ty)?;
    let Some((image, row)) = owner(t, object)? else {
        return reference_array(t, "System", "Attribute", 0);
    };
    let list = attributes_of(t, image, row, wanted)?;
    let array = reference_array(t, "System", "Attribute", list.len())?;
    for (index, attribute) in list.iter().enumerate() {
        let made = construct(t, image, attribute)?;
        store_element(t, array, index, made);
    }
    Ok(array)
}

/// Resolves the types that attribute values mention.
struct Resolver<'t> {
    t: &'t Thread,
    image: &'t LoadedImage,
}

impl TypeResolver for Resolver<'_> {
    fn class(&mut self, token: Token, _is_value_type: bool) -> Option<ArgClass> {
        let runtime = self.t.runtime();
        let ty = runtime
            .resolve_type_token(self.image, token, Context::EMPTY)
            .ok()?;
        let class = runtime.class(ty).ok()?;
        if class.kind == ferrocil_vm::ClassKind::Enum {
            return scalar_type(class).map(ArgClass::Enum);
        }
        if class.is_named("System", "Type") {
            return Some(ArgClass::Type);
        }
        match class.element_type {
            ElementType::Object => Some(ArgClass::Object),
            ElementType::String => Some(ArgClass::String),
            _ => None,
        }
    }

    fn enum_by_name(&mut self, name: &str) -> Option<ElementType> {
        named_class(self.t, self.image, name)
            .ok()
            .and_then(scalar_type)
    }
}

/// The class with a name in an attribute's value.
fn named_class(t: &Thread, image: &LoadedImage, name: &str) -> Managed<ClassPtr> {
    let lookup = Lookup {
        text: name,
        ignore_case: false,
        near: Some(image),
        only: None,
    };
    match find_type(t, &lookup)? {
        Ok(ty) => t.class_of_type(ty),
        Err(failure) => Err(failure.throw(t)),
    }
}

fn enum_class(t: &Thread, image: &LoadedImage, which: EnumRef<'_>) -> Managed<ClassPtr> {
    match which {
        EnumRef::Token(token) => {
            let ty = loaded(
                t,
                t.runtime().resolve_type_token(image, token, Context::EMPTY),
            )?;
            t.class_of_type(ty)
        }
        EnumRef::Name(name) => named_class(t, image, name),
    }
}

/// The class of an argument's type.
fn class_of_arg(t: &Thread, image: &LoadedImage, ty: &ArgType<'_>) -> Managed<ClassPtr> {
    let universe = t.runtime().universe();
    match ty {
        ArgType::Primitive(element) => t.class_of_type(universe.primitive(*element)),
        ArgType::String => t.class_of_type(universe.primitive(ElementType::String)),
        ArgType::Object => t.class_of_type(universe.primitive(ElementType::Object)),
        ArgType::Type => corlib_class(t, "System", "Type"),
        ArgType::Enum(which, _) => enum_class(t, image, *which),
        ArgType::SzArray(element) => {
            let element = class_of_arg(t, image, element)?;
            crate::system::array_class_of(t, element, 1, true)
        }
    }
}

/// An argument as an object.
fn value_object(t: &Thread, image: &LoadedImage, value: &Value<'_>) -> Managed<ObjRef> {
    match value {
        Value::Scalar(scalar) => boxed_scalar(t, *scalar, None),
        Value::String(Some(text)) => Ok(t.new_string(text)?.object()),
        Value::Type(Some(name)) => type_object(t, named_class(t, image, name)?),
        Value::String(None) | Value::Type(None) | Value::Array(_, None) => Ok(ObjRef::NULL),
        Value::Enum(which, scalar) => {
            let class = enum_class(t, image, *which)?;
            boxed_scalar(t, *scalar, Some(class))
        }
        Value::Array(element, Some(items)) => {
            let class = class_of_arg(t, image, element)?;
            let array = t.new_vector(class, items.len())?;
            for (index, item) in items.iter().enumerate() {
                let object = value_object(t, image, item)?;
                let place = crate::prelude::array_element_address(t, array, index);
                store_value(t, class, place, object)?;
            }
            Ok(array.object())
        }
    }
}

/// The class of a value as `CustomAttributeTypedArgument.ArgumentType` shows it when the
/// parameter is an `object`.
fn class_of_value(t: &Thread, image: &LoadedImage, value: &Value<'_>) -> Managed<ClassPtr> {
    match value {
        Value::Scalar(scalar) => {
            t.class_of_type(t.runtime().universe().primitive(scalar.element_type()))
        }
        Value::String(_) => class_of_arg(t, image, &ArgType::String),
        Value::Type(_) => class_of_arg(t, image, &ArgType::Type),
        Value::Enum(which, _) => enum_class(t, image, *which),
        Value::Array(element, _) => {
            let element = class_of_arg(t, image, element)?;
            crate::system::array_class_of(t, element, 1, true)
        }
    }
}

/// Parses an attribute's value.
fn parsed<'a>(
    t: &Thread,
    image: &LoadedImage,
    ctor: Token,
    blob: &'a [u8],
) -> Managed<(Vec<ArgType<'static>>, cattr::CustomAttribute<'a>)> {
    let mut resolver = Resolver { t, image };
    let metadata = image.image();
    let signature = match ctor.table() {
        Some(TableId::MethodDef) => metadata
            .method_def(ctor.rid())
            .and_then(|row| metadata.blob(row.signature)),
        _ => metadata
            .member_ref(ctor.rid())
            .and_then(|row| metadata.blob(row.signature)),
    };

    signature
        .map_err(|error| t.throw_load_error(&error.into()))
        .and_then(|signature| {
            let params =
                cattr::param_types(signature, &mut resolver).map_err(|e| bad_value(t, &e))?;
            let value = cattr::parse(blob, &params, &mut resolver).map_err(|e| bad_value(t, &e))?;
            Ok((params, value))
        })
}

fn bad_value(t: &Thread, error: &cattr::Error) -> crate::prelude::Thrown {
    // An enumeration that could not be loaded has left its own exception.
    let pending = t.take_pending();
    if !pending.is_null() {
        return t.throw_object(pending);
    }
    throw(
        t,
        "System.Reflection",
        "CustomAttributeFormatException",
        &format!("Binary format of the specified custom attribute was invalid: {error}."),
    )
}

/// Makes the attribute object: constructor, then named fields and properties.
fn construct(t: &Thread, image: &LoadedImage, attribute: &Attribute) -> Managed<ObjRef> {
    let (_, value) = parsed(t, image, attribute.ctor_token, attribute.blob)?;
    let class = attribute.ctor.class;
    let args = reference_array(t, "System", "Object", value.fixed.len())?;
    for (index, fixed) in value.fixed.iter().enumerate() {
        let object = value_object(t, image, fixed)?;
        store_element(t, args, index, object);
    }
    let made = invoke_method(t, attribute.ctor, ObjRef::NULL, args)?;
    for named in &value.named {
        let object = value_object(t, image, &named.value)?;
        if named.is_field {
            let Some(field) = loaded(t, t.runtime().find_field(class, named.name))? else {
                return Err(no_member(t, named.name));
            };
            let offset = loaded(t, t.runtime().field_offset(field))?;
            let ty = t.class_of_type(field.ty)?;
            store_value(t, ty, made.at(offset), object)?;
            continue;
        }
        let Some(setter) = find_setter(t, class, named.name)? else {
            return Err(no_member(t, named.name));
        };
        let args = reference_array(t, "System", "Object", 1)?;
        store_element(t, args, 0, object);
        invoke_method(t, setter, made, args)?;
    }
    Ok(made)
}

fn no_member(t: &Thread, name: &str) -> crate::prelude::Thrown {
    throw(
        t,
        "System.Reflection",
        "CustomAttributeFormatException",
        &format!("Could not find a field or property with name {name}"),
    )
}

fn find_setter(t: &Thread, class: ClassPtr, name: &str) -> Managed<Option<MethodPtr>> {
    let mut search = Some(class);
    while let Some(current) = search {
        for property in properties_of(t, current)? {
            if property.name == name && property.setter.is_some() {
                return Ok(property.setter);
            }
        }
        search = current.parent;
    }
    Ok(None)
}

/// `CustomAttributeData` objects: constructor, and the value to be read later.
fn attribute_data(t: &Thread, object: ObjRef) -> Managed<ArrayRef> {
    let Some((image, row)) = owner(t, object)? else {
        return reference_array(t, "System.Reflection", "CustomAttributeData", 0);
    };
    let list = attributes_of(t, image, row, None)?;
    let array = reference_array(t, "System.Reflection", "CustomAttributeData", list.len())?;
    let class = corlib_class(t, "System.Reflection", "CustomAttributeData")?;
    let Some(make) = loaded(t, t.runtime().find_method(class, ".ctor", Some(4)))? else {
        return Err(throw(
            t,
            "System",
            "MissingMethodException",
            "CustomAttributeData..ctor",
        ));
    };
    let assembly = assembly_object(t, image)?;
    for (index, attribute) in list.iter().enumerate() {
        let data = t.new_object(class)?;
        store_element(t, array, index, data);
        let ctor = method_object(t, attribute.ctor, attribute.ctor.class)?;
        let args = [
            ctor.address() as u64,
            assembly.address() as u64,
            attribute.blob.as_ptr() as u64,
            attribute.blob.len() as u64,
        ];
        t.invoke(make, Some(data.address() as u64), &args)?;
    }
    Ok(array)
}

/// The row of a constructor that a value was written for: the image's own reference to it.
fn ctor_token(
    runtime: &Runtime,
    image: &LoadedImage,
    ctor: MethodPtr,
    blob: *const u8,
) -> Option<Token> {
    let metadata = image.image();
    metadata.rids(TableId::CustomAttribute).find_map(|rid| {
        let row = metadata.custom_attribute(rid).ok()?;
        let found = metadata.blob(row.value).ok()?;
        if found.as_ptr() != blob {
            return None;
        }
        let method = runtime
            .resolve_method_token(image, row.constructor, Context::EMPTY)
            .ok()?;
        (method == ctor).then_some(row.constructor)
    })
}

/// Reads a value: boxed `CustomAttributeTypedArgument`s and `CustomAttributeNamedArgument`s.
fn resolve_arguments(
    t: &Thread,
    ctor: ObjRef,
    assembly: ObjRef,
    data: *const u8,
    length: u32,
    fixed: ByRef<ObjRef>,
    named: ByRef<ObjRef>,
) -> Managed<()> {
    let method = method_of_object(t, ctor)?;
    let image = image_of_assembly(t, assembly)?;
    let token = ctor_token(t.runtime(), image, method, data);
    let Some(token) = token else {
        return Err(throw(
            t,
            "System",
            "ArgumentException",
            "The attribute is not in this assembly.",
        ));
    };
    // SAFETY: the data is a blob of the image (found by `ctor_token`), which stays mapped.
    let blob = unsafe { std::slice::from_raw_parts(data, length as usize) };
    let (_, value) = parsed(t, image, token, blob)?;
    let signature = loaded(t, t.runtime().signature(method))?;
    let fixed_array = reference_array(t, "System", "Object", value.fixed.len())?;
    for (index, item) in value.fixed.iter().enumerate() {
        let declared = match signature.params.get(index) {
            Some(&ty) => t.class_of_type(ty)?,
            None => class_of_value(t, image, item)?,
        };
        let made = typed_argument(t, image, declared, item)?;
        store_element(t, fixed_array, index, made);
    }
    let named_array = reference_array(t, "System", "Object", value.named.len())?;
    for (index, item) in value.named.iter().enumerate() {
        let declared = class_of_arg(t, image, &item.ty)?;
        let typed = typed_argument(t, image, declared, &item.value)?;
        let made = named_argument(t, method.class, item.is_field, item.name, typed)?;
        store_element(t, named_array, index, made);
    }
    store_byref(t, fixed, fixed_array.object());
    store_byref(t, named, named_array.object());
    Ok(())
}

/// A boxed `CustomAttributeTypedArgument`, made by its constructor (which wraps arrays).
fn typed_argument(
    t: &Thread,
    image: &LoadedImage,
    declared: ClassPtr,
    value: &Value<'_>,
) -> Managed<ObjRef> {
    let class = corlib_class(t, "System.Reflection", "CustomAttributeTypedArgument")?;
    let args = reference_array(t, "System", "Object", 2)?;
    let ty = type_object_of(t, declared.ty)?;
    store_element(t, args, 0, ty);
    let object = value_object(t, image, value)?;
    store_element(t, args, 1, object);
    match loaded(t, t.runtime().find_method(class, ".ctor", Some(2)))? {
        Some(make) => invoke_method(t, make, ObjRef::NULL, args),
        None => Err(throw(
            t,
            "System",
            "MissingMethodException",
            "CustomAttributeTypedArgument",
        )),
    }
}

/// A boxed `CustomAttributeNamedArgument`.
fn named_argument(
    t: &Thread,
    attribute: ClassPtr,
    is_field: bool,
    name: &str,
    typed: ObjRef,
) -> Managed<ObjRef> {
    const CLASS: &str = "System.Reflection.CustomAttributeNamedArgument";
    const TYPED: &str = "System.Reflection.CustomAttributeTypedArgument";
    let object = t.new_object(corlib_class(
        t,
        "System.Reflection",
        "CustomAttributeNamedArgument",
    )?)?;
    let offset = |field| Ok(t.field_offset(CLASS, field)? + HEADER_SIZE);
    let place = offset("<TypedValue>k__BackingField")?;
    for field in ["<ArgumentType>k__BackingField", "<Value>k__BackingField"] {
        let inner = t.field_offset(TYPED, field)?;
        store_reference(t, object, place + inner, typed.read(inner + HEADER_SIZE));
    }
    object.write(offset("<IsField>k__BackingField")?, u8::from(is_field));
    let text = t.new_string(name)?;
    store_reference(
        t,
        object,
        offset("<MemberName>k__BackingField")?,
        text.object(),
    );
    let ty = type_object(t, attribute)?;
    store_reference(t, object, offset("_attributeType")?, ty);
    Ok(object)
}
