//! `System.RuntimeTypeHandle` and the runtime handles of the class library.

use ferrocil_generics::Type;
use ferrocil_metadata::{ElementType, GenericParamAttributes, TableId, Token};
use ferrocil_vm::{ClassKind, ClassPtr, Wk, is_assignable};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::assembly::{assembly_object, image_of_assembly, module_object};
use super::names::{Lookup, find_type};
use crate::prelude::{IcallTable, Managed, ObjRef, StringRef, Thread, icall, throw};
use crate::system::support::{
    class_of_handle, is_instance, loaded, optional_type, type_object, type_object_of,
};
use crate::system::user_image;

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.RuntimeTypeHandle")
        .add("GetArrayRank", icall(array_rank))
        .add("GetAssembly", icall(assembly))
        .add("GetAttributes", icall(attributes))
        .add("GetBaseType", icall(base_type))
        .add("GetCorElementType", icall(element_type))
        .add("GetElementType", icall(element))
        .add("GetGenericParameterInfo", icall(parameter_info))
        .add("GetGenericTypeDefinition_impl", icall(generic_definition))
        .add("GetMetadataToken", icall(metadata_token))
        .add("GetModule", icall(module))
        .add("HasInstantiation", icall(has_instantiation))
        .add("HasReferences", icall(has_references))
        .add("IsByRefLike", icall(is_by_ref_like))
        .add("IsComObject", icall(is_com_object))
        .add("IsGenericTypeDefinition", icall(is_generic_definition))
        .add("IsGenericVariable", icall(is_generic_variable))
        .add("IsInstanceOfType", icall(is_instance_of))
        .add("internal_from_name", icall(from_name))
        .add("is_subclass_of", icall(is_subclass_of))
        .add("type_is_assignable_from", icall(assignable));
    table
        .class("System.Type")
        .add("internal_from_handle", icall(from_handle));
    table
        .class("Mono.RuntimeClassHandle")
        .add("GetTypeFromClass", icall(type_of_class));
}

fn from_handle(t: &Thread, handle: usize) -> Managed<ObjRef> {
    type_object(t, class_of_handle(t, handle)?)
}

/// A class and its type have the same handle here.
fn type_of_class(_t: &Thread, class: usize) -> Managed<usize> {
    Ok(class)
}

fn array_rank(t: &Thread, ty: ObjRef) -> Managed<i32> {
    let class = t.class_of_type_object(ty)?;
    if !class.is_array() {
        return Err(throw(
            t,
            "System",
            "ArgumentException",
            "Type must be an array type.",
        ));
    }
    Ok(class.rank as i32)
}

fn assembly(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    match t.runtime().image(class.image) {
        Some(image) => assembly_object(t, image),
        None => Ok(ObjRef::NULL),
    }
}

fn module(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    match t.runtime().image(class.image) {
        Some(image) => module_object(t, image),
        None => Ok(ObjRef::NULL),
    }
}

fn attributes(t: &Thread, ty: ObjRef) -> Managed<u32> {
    let class = t.class_of_type_object(ty)?;
    Ok(match (class.kind, class.element) {
        (ClassKind::ByRef, Some(element)) => element.flags.bits(),
        // Pointers are as visible as what they point to.
        (ClassKind::Pointer, Some(element)) => element.flags.bits() & 7,
        (ClassKind::Pointer | ClassKind::ByRef | ClassKind::FnPtr, _) => 0,
        _ => class.flags.bits(),
    })
}

/// The base class as reflection shows it; that of a type parameter is its class constraint.
pub(super) fn base_of(t: &Thread, class: ClassPtr) -> Managed<Option<ClassPtr>> {
    let runtime = t.runtime();
    Ok(match class.kind {
        ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr | ClassKind::Interface => None,
        ClassKind::GenericParam => {
            for ty in loaded(t, runtime.param_constraints(class.ty))? {
                let bound = t.class_of_type(ty)?;
                if bound.kind == ClassKind::GenericParam {
                    return base_of(t, bound);
                }
                if !bound.is_interface() {
                    return Ok(Some(bound));
                }
            }
            let flags = runtime.param_flags_of(class.ty);
            let value_type =
                flags.contains(GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT);
            let base = if value_type {
                Wk::ValueType
            } else {
                Wk::Object
            };
            Some(loaded(t, runtime.well_known_class(base))?)
        }
        _ => class.parent,
    })
}

fn base_type(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    optional_type(t, base_of(t, class)?)
}

/// How signatures would name a class.
fn signature_element(t: &Thread, class: ClassPtr) -> ElementType {
    match class.kind {
        ClassKind::ByRef => ElementType::ByRef,
        ClassKind::Pointer => ElementType::Ptr,
        ClassKind::FnPtr => ElementType::FnPtr,
        ClassKind::Class | ClassKind::Interface | ClassKind::ValueType | ClassKind::Enum
            if matches!(t.runtime().universe().ty(class.ty), Type::Inst { .. }) =>
        {
            ElementType::GenericInst
        }
        _ => class.element_type,
    }
}

fn element_type(t: &Thread, ty: ObjRef) -> Managed<u8> {
    let class = t.class_of_type_object(ty)?;
    Ok(signature_element(t, class) as u8)
}

fn element(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    match class.kind {
        ClassKind::Enum => Ok(ObjRef::NULL),
        _ => optional_type(t, class.element),
    }
}

/// Whether a class is a generic type definition.
pub(super) fn is_definition(t: &Thread, class: ClassPtr) -> bool {
    class.open
        && class.args.is_none()
        && matches!(t.runtime().universe().ty(class.ty), Type::Def(_))
}

fn generic_definition(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    match t.runtime().universe().ty(class.ty) {
        Type::Inst { def, .. } => type_object_of(t, t.runtime().universe().def(def)),
        _ if is_definition(t, class) => Ok(ty),
        _ => Ok(ObjRef::NULL),
    }
}

fn has_instantiation(t: &Thread, ty: ObjRef) -> Managed<bool> {
    let class = t.class_of_type_object(ty)?;
    Ok(matches!(t.runtime().universe().ty(class.ty), Type::Inst { .. }) || is_definition(t, class))
}

fn is_generic_definition(t: &Thread, ty: ObjRef) -> Managed<bool> {
    let class = t.class_of_type_object(ty)?;
    Ok(is_definition(t, class))
}

fn is_generic_variable(t: &Thread, ty: ObjRef) -> Managed<bool> {
    Ok(t.class_of_type_object(ty)?.kind == ClassKind::GenericParam)
}

fn has_references(t: &Thread, ty: ObjRef) -> Managed<bool> {
    let class = t.class_of_type_object(ty)?;
    Ok(!loaded(t, t.runtime().layout(class))?.refs.is_empty())
}

fn is_by_ref_like(t: &Thread, ty: ObjRef) -> Managed<bool> {
    let class = t.class_of_type_object(ty)?;
    let Some(def) = class.def else {
        return Ok(false);
    };
    let image = loaded(t, t.runtime().image_of(def))?;
    Ok(t.runtime().has_attribute(
        image,
        Token::new(TableId::TypeDef, def.rid),
        "System.Runtime.CompilerServices",
        "IsByRefLikeAttribute",
    ))
}

fn is_com_object(_t: &Thread, _ty: ObjRef) -> Managed<bool> {
    Ok(false)
}

fn is_instance_of(t: &Thread, ty: ObjRef, object: ObjRef) -> Managed<bool> {
    let class = t.class_of_type_object(ty)?;
    if object.is_null() {
        return Ok(false);
    }
    is_instance(t, object, class)
}

/// The metadata token of a type: its definition's row, or its type parameter's.
fn metadata_token(t: &Thread, ty: ObjRef) -> Managed<i32> {
    let class = t.class_of_type_object(ty)?;
    // Mono knows no token of type parameters here.
    let parameter = class.kind == ClassKind::GenericParam;
    Ok(if parameter {
        0
    } else {
        token_of(t, class) as i32
    })
}

pub(super) fn token_of(t: &Thread, class: ClassPtr) -> u32 {
    match (class.def, parameter_row(t, class)) {
        (Some(def), _) => 0x0200_0000 | def.rid,
        (None, Some((_, row))) => 0x2a00_0000 | row,
        (None, None) => 0x0200_0000,
    }
}

/// The image and row of a type parameter.
pub(super) fn parameter_row(
    t: &Thread,
    class: ClassPtr,
) -> Option<(&ferrocil_vm::LoadedImage, u32)> {
    let runtime = t.runtime();
    let (image, owner, index) = match runtime.universe().ty(class.ty) {
        Type::Var { owner, index } => (owner.image, Token::new(TableId::TypeDef, owner.rid), index),
        Type::MVar { owner, index } => (
            owner.image,
            Token::new(TableId::MethodDef, owner.rid),
            index,
        ),
        _ => return None,
    };
    let image = runtime.image(image)?;
    let row = image
        .image()
        .generic_params(owner)
        .into_iter()
        .find(|&rid| {
            image
                .image()
                .generic_param(rid)
                .is_ok_and(|row| row.number == index)
        })?;
    Some((image, row))
}

/// `Mono.RuntimeStructs.GenericParamInfo`
#[repr(C)]
struct GenericParamInfo {
    class: usize,
    name: usize,
    flags: u16,
    token: u32,
    constraints: *const usize,
}

/// The structures given out, which managed code reads at any time; they live as long as the
/// runtime.
#[derive(Default)]
struct ParameterInfos(Mutex<FxHashMap<usize, Box<ParameterInfo>>>);

/// What managed code reads, and the constraints it points at.
type ParameterInfo = (GenericParamInfo, Box<[usize]>);

// SAFETY: the pointer inside is to memory of the same entry, which nobody changes.
unsafe impl Send for GenericParamInfo {}

fn parameter_info(t: &Thread, ty: ObjRef) -> Managed<usize> {
    let class = t.class_of_type_object(ty)?;
    let infos = t.runtime().ext::<ParameterInfos>();
    if let Some(found) = infos.0.lock().get(&class.address()) {
        return Ok(std::ptr::from_ref(&found.0) as usize);
    }
    let mut list = Vec::new();
    for ty in loaded(t, t.runtime().param_constraints(class.ty))? {
        list.push(t.class_of_type(ty)?.address());
    }
    list.push(0);
    let list = list.into_boxed_slice();
    let info = GenericParamInfo {
        class: class.address(),
        name: 0,
        flags: t.runtime().param_flags_of(class.ty).bits(),
        token: token_of(t, class),
        constraints: list.as_ptr(),
    };
    let mut map = infos.0.lock();
    let entry = map
        .entry(class.address())
        .or_insert_with(|| Box::new((info, list)));
    Ok(std::ptr::from_ref(&entry.0) as usize)
}

fn is_subclass_of(t: &Thread, child: usize, base: usize) -> Managed<bool> {
    let (mut child, base) = (class_of_handle(t, child)?, class_of_handle(t, base)?);
    if child.kind == ClassKind::ByRef {
        let object = loaded(t, t.runtime().well_known_class(Wk::Object))?;
        return Ok(base == object);
    }
    if base.kind == ClassKind::ByRef || child == base {
        return Ok(false);
    }
    if child.kind == ClassKind::GenericParam {
        match base_of(t, child)? {
            Some(bound) if bound == base => return Ok(true),
            Some(bound) => child = bound,
            None => return Ok(false),
        }
    }
    if child.is_interface() {
        let object = loaded(t, t.runtime().well_known_class(Wk::Object))?;
        return Ok(base == object);
    }
    Ok(child.derives_from(base))
}

fn assignable(t: &Thread, to: ObjRef, from: ObjRef) -> Managed<bool> {
    let (to, from) = (t.class_of_type_object(to)?, t.class_of_type_object(from)?);
    if from.is_value_type() && t.runtime().nullable_value(to) == Some(from) {
        return Ok(true);
    }
    loaded(t, is_assignable(t.runtime(), from, to))
}

fn from_name(
    t: &Thread,
    name: StringRef,
    _mark: *mut i32,
    caller: ObjRef,
    throw_on_error: u8,
    ignore_case: u8,
    _reflection_only: u8,
) -> Managed<ObjRef> {
    if name.is_null() {
        return Err(throw(t, "System", "ArgumentNullException", "typeName"));
    }
    let near = if caller.is_null() {
        user_image(t)
    } else {
        Some(image_of_assembly(t, caller)?)
    };
    let lookup = Lookup {
        text: &name.to_string_lossy(),
        ignore_case: ignore_case != 0,
        near,
        only: None,
    };
    match find_type(t, &lookup)? {
        Ok(ty) => type_object_of(t, ty),
        Err(failure) if throw_on_error != 0 => Err(failure.throw(t)),
        Err(_) => Ok(ObjRef::NULL),
    }
}
