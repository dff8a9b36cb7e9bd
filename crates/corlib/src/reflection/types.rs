//! `System.RuntimeType`: names, generics, derived types.

use ferrocil_generics::{NameStyle, Type};
use ferrocil_metadata::{ElementType, TypeAttributes};
use ferrocil_vm::{ClassKind, ClassPtr};

use super::methods::{method_object, method_of_object};
use super::type_handle::is_definition;
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, store_byref, throw,
};
use crate::system::support::{
    argument, canonical, loaded, optional_type, reference_array, scalar_type, store_element,
    type_array, type_object, type_object_of,
};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.RuntimeType")
        .add("CreateInstanceInternal", icall(create_instance))
        .add(
            "GetCorrespondingInflatedConstructor",
            icall(corresponding_method),
        )
        .add(
            "GetCorrespondingInflatedMethod",
            icall(corresponding_method),
        )
        .add("GetGenericArgumentsInternal", icall(generic_arguments))
        .add("GetGenericParameterPosition", icall(parameter_position))
        .add("GetInterfaceMapData", icall(interface_map))
        .add("GetInterfaces", icall(interfaces))
        .add("GetPacking", icall(packing))
        .add("GetTypeCodeImplInternal", icall(type_code))
        .add("IsTypeExportedToWindowsRuntime", icall(no))
        .add("IsWindowsRuntimeObjectType", icall(no))
        .add("MakeGenericType", icall(make_generic))
        .add("MakePointerType", icall(make_pointer))
        .add("getFullName", icall(full_name))
        .add("get_DeclaringMethod", icall(declaring_method))
        .add("get_DeclaringType", icall(declaring_type))
        .add("get_Name", icall(name))
        .add("get_Namespace", icall(namespace))
        .add("get_core_clr_security_level", icall(security_level))
        .add("make_array_type", icall(make_array))
        .add("make_byref_type", icall(make_by_ref));
}

fn no(_t: &Thread, _ty: ObjRef) -> Managed<bool> {
    Ok(false)
}

/// All code is trusted.
fn security_level(_t: &Thread, _ty: ObjRef) -> Managed<i32> {
    Ok(0)
}

/// A zeroed value (or an object whose constructor has not run); null for `Nullable<T>`.
fn create_instance(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    if t.runtime().nullable_value(class).is_some() {
        return Ok(ObjRef::NULL);
    }
    t.new_object(class)
}

fn generic_arguments(t: &Thread, ty: ObjRef, runtime_types: u8) -> Managed<ArrayRef> {
    let class = t.class_of_type_object(ty)?;
    let universe = t.runtime().universe();
    let runtime_types = runtime_types != 0;
    match (universe.ty(class.ty), class.def) {
        (Type::Inst { args, .. }, _) => {
            type_array(t, runtime_types, universe.args(args).iter().copied())
        }
        (_, Some(def)) if is_definition(t, class) => {
            let image = loaded(t, t.runtime().image_of(def))?;
            let owner = ferrocil_metadata::Token::new(ferrocil_metadata::TableId::TypeDef, def.rid);
            let arity = image.image().generic_params(owner).len() as u16;
            type_array(
                t,
                runtime_types,
                (0..arity).map(|index| universe.var(def, index)),
            )
        }
        _ => type_array(t, runtime_types, std::iter::empty()),
    }
}

fn parameter_position(t: &Thread, ty: ObjRef) -> Managed<i32> {
    let class = t.class_of_type_object(ty)?;
    Ok(match t.runtime().universe().ty(class.ty) {
        Type::Var { index, .. } | Type::MVar { index, .. } => i32::from(index),
        _ => -1,
    })
}

fn interfaces(t: &Thread, ty: ObjRef) -> Managed<ArrayRef> {
    let class = t.class_of_type_object(ty)?;
    if matches!(
        class.kind,
        ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr
    ) {
        return type_array(t, false, std::iter::empty());
    }
    let list = loaded(t, t.runtime().interfaces(class))?;
    type_array(t, false, list.iter().map(|interface| interface.ty))
}

fn interface_map(
    t: &Thread,
    ty: ObjRef,
    interface: ObjRef,
    targets: ByRef<ObjRef>,
    methods: ByRef<ObjRef>,
) -> Managed<()> {
    let class = t.class_of_type_object(ty)?;
    let interface = t.class_of_type_object(interface)?;
    let runtime = t.runtime();
    let list: Vec<_> = loaded(t, runtime.methods(interface))?
        .iter()
        .copied()
        .filter(|method| method.is_virtual())
        .collect();
    let target_array = reference_array(t, "System.Reflection", "MethodInfo", list.len())?;
    let method_array = reference_array(t, "System.Reflection", "MethodInfo", list.len())?;
    for (index, method) in list.into_iter().enumerate() {
        let declared = method_object(t, method, interface)?;
        store_element(t, method_array, index, declared);
        if let Ok(found) = runtime.find_implementation(class, method) {
            let target = method_object(t, found, found.class)?;
            store_element(t, target_array, index, target);
        }
    }
    store_byref(t, targets, target_array.object());
    store_byref(t, methods, method_array.object());
    Ok(())
}

fn packing(t: &Thread, ty: ObjRef, packing: ByRef<i32>, size: ByRef<i32>) -> Managed<()> {
    let class = t.class_of_type_object(ty)?;
    packing.set(8);
    size.set(0);
    if let Some(def) = class.def {
        let image = loaded(t, t.runtime().image_of(def))?.image();
        if let Some(row) = image
            .class_layout_of(def.rid)
            .and_then(|rid| image.class_layout(rid).ok())
        {
            packing.set(i32::from(row.packing_size));
            size.set(row.class_size as i32);
        }
    }
    Ok(())
}

/// `System.TypeCode` of a type; enums have that of their underlying type.
fn type_code(t: &Thread, ty: ObjRef) -> Managed<i32> {
    let class = t.class_of_type_object(ty)?;
    Ok(code_of(class))
}

fn code_of(class: ClassPtr) -> i32 {
    const OBJECT: i32 = 1;
    match scalar_type(class) {
        Some(ElementType::Boolean) => 3,
        Some(ElementType::Char) => 4,
        Some(ElementType::I1) => 5,
        Some(ElementType::U1) => 6,
        Some(ElementType::I2) => 7,
        Some(ElementType::U2) => 8,
        Some(ElementType::I4) => 9,
        Some(ElementType::U4) => 10,
        Some(ElementType::I8) => 11,
        Some(ElementType::U8) => 12,
        Some(ElementType::R4) => 13,
        Some(ElementType::R8) => 14,
        Some(_) => OBJECT,
        None if class.element_type == ElementType::String => 18,
        None if class.is_array() => OBJECT,
        None if class.is_named("System", "Decimal") => 15,
        None if class.is_named("System", "DateTime") => 16,
        None if class.is_named("System", "DBNull") => 2,
        None => OBJECT,
    }
}

fn make_generic(t: &Thread, definition: ObjRef, args: ArrayRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(definition)?;
    let universe = t.runtime().universe();
    let mut types = Vec::with_capacity(args.len());
    for &arg in args.as_slice::<ObjRef>() {
        types.push(t.class_of_type_object(arg)?.ty);
    }
    let Some(def) = class.def.filter(|_| is_definition(t, class)) else {
        return Err(throw(
            t,
            "System",
            "InvalidOperationException",
            "The type is not a generic type definition.",
        ));
    };
    let inst = loaded(t, universe.inst_of(&types).map_err(Into::into))?;
    if loaded(t, t.runtime().misfit_of_type(def, inst))?.is_some() {
        return Err(argument(t, "Invalid generic arguments", "typeArguments"));
    }
    let ty = loaded(t, universe.inst(def, &types).map_err(Into::into))?;
    type_object_of(t, ty)
}

fn make_array(t: &Thread, ty: ObjRef, rank: i32) -> Managed<ObjRef> {
    let element = t.class_of_type_object(ty)?;
    let vector = rank == 0;
    let class =
        crate::system::array_class_of(t, element, usize::try_from(rank).unwrap_or(0), vector)?;
    type_object(t, class)
}

fn make_by_ref(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let made = loaded(
        t,
        t.runtime().universe().by_ref(class.ty).map_err(Into::into),
    )?;
    type_object_of(t, made)
}

fn make_pointer(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let made = loaded(
        t,
        t.runtime().universe().pointer(class.ty).map_err(Into::into),
    )?;
    type_object_of(t, made)
}

fn full_name(t: &Thread, ty: ObjRef, full: u8, qualified: u8) -> Managed<StringRef> {
    let class = t.class_of_type_object(ty)?;
    if full != 0 && class.kind == ClassKind::GenericParam {
        return Ok(StringRef::NULL);
    }
    let style = match (full != 0, qualified != 0) {
        (false, _) => NameStyle::Reflection,
        (true, false) => NameStyle::FullName,
        (true, true) => NameStyle::AssemblyQualified,
    };
    let mut text = t.runtime().type_name_as(class.ty, style);
    if style == NameStyle::Reflection && is_definition(t, class) {
        // `ToString` of a definition lists its parameters.
        let def = class
            .def
            .map(|def| t.runtime().universe().own_inst(def, arity(t, class)));
        if let Some(Ok(own)) = def {
            text = t.runtime().type_name_as(own, style);
        }
    }
    t.new_string(&text)
}

/// Number of type parameters of a definition.
fn arity(t: &Thread, class: ClassPtr) -> u16 {
    let count = class.def.and_then(|def| {
        let owner = ferrocil_metadata::Token::new(ferrocil_metadata::TableId::TypeDef, def.rid);
        Some(
            t.runtime()
                .image(def.image)?
                .image()
                .generic_params(owner)
                .len(),
        )
    });
    count.map_or(0, |count| count as u16)
}

/// The simple name: `List`1`, `Int32[]`, `Char*`.
pub(super) fn simple_name(class: ClassPtr) -> String {
    let inner = || class.element.map(simple_name).unwrap_or_default();
    match class.kind {
        ClassKind::SzArray => format!("{}[]", inner()),
        ClassKind::Array if class.rank == 1 => format!("{}[*]", inner()),
        ClassKind::Array => format!("{}[{}]", inner(), ",".repeat(class.rank as usize - 1)),
        ClassKind::Pointer => format!("{}*", inner()),
        ClassKind::ByRef => format!("{}&", inner()),
        _ => class.name.to_string(),
    }
}

fn name(t: &Thread, ty: ObjRef) -> Managed<StringRef> {
    let class = t.class_of_type_object(ty)?;
    t.new_string(&simple_name(class))
}

/// The outermost enclosing class's namespace.
fn namespace(t: &Thread, ty: ObjRef) -> Managed<StringRef> {
    let mut class = t.class_of_type_object(ty)?;
    while let Some(element) = class.element.filter(|_| class.kind != ClassKind::Enum) {
        class = element;
    }
    // A type parameter is where its owner is.
    match t.runtime().universe().ty(class.ty) {
        Type::Var { owner, .. } => class = t.class_of_type(t.runtime().type_of_def(owner))?,
        Type::MVar { owner, .. } => class = owning_class(t, owner)?.unwrap_or(class),
        _ => {}
    }
    while let Some(outer) = enclosing(t, class)? {
        class = outer;
    }
    if class.namespace.is_empty() {
        return Ok(StringRef::NULL);
    }
    t.new_string(class.namespace)
}

/// The class that a class is nested in (the definition, for generic ones).
pub(super) fn enclosing(t: &Thread, class: ClassPtr) -> Managed<Option<ClassPtr>> {
    let Some(def) = class.def else {
        return Ok(None);
    };
    let image = loaded(t, t.runtime().image_of(def))?;
    let outer = image.image().enclosing_type(def.rid);
    outer
        .map(|rid| {
            let outer = ferrocil_generics::TypeDef {
                image: def.image,
                rid,
            };
            t.class_of_type(t.runtime().type_of_def(outer))
        })
        .transpose()
}

fn declaring_type(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let runtime = t.runtime();
    match runtime.universe().ty(class.ty) {
        Type::Var { owner, .. } => type_object_of(t, runtime.type_of_def(owner)),
        Type::MVar { owner, .. } => match owning_class(t, owner)? {
            Some(class) => type_object(t, class),
            None => Ok(ObjRef::NULL),
        },
        _ => optional_type(t, enclosing(t, class)?),
    }
}

/// The class that declares a method definition.
fn owning_class(t: &Thread, method: ferrocil_generics::MethodDef) -> Managed<Option<ClassPtr>> {
    let runtime = t.runtime();
    let owner = runtime
        .image(method.image)
        .and_then(|image| image.image().owner_of_method(method.rid));
    owner
        .map(|rid| {
            let def = ferrocil_generics::TypeDef {
                image: method.image,
                rid,
            };
            t.class_of_type(runtime.type_of_def(def))
        })
        .transpose()
}

fn declaring_method(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let Type::MVar { owner, .. } = t.runtime().universe().ty(class.ty) else {
        return Ok(ObjRef::NULL);
    };
    match owning_class(t, owner)? {
        Some(class) => {
            let method = loaded(t, t.runtime().method(class, owner, None))?;
            method_object(t, method, class)
        }
        None => Ok(ObjRef::NULL),
    }
}

/// The method of an instance that a method of its definition is.
fn corresponding_method(t: &Thread, ty: ObjRef, generic: ObjRef) -> Managed<ObjRef> {
    let class = canonical(t, t.class_of_type_object(ty)?)?;
    let method = method_of_object(t, generic)?;
    let found = loaded(t, t.runtime().method(class, method.def, method.args))?;
    method_object(t, found, class)
}

/// Whether a class is visible as `NestedPublic`.
pub(super) fn is_nested_public(flags: TypeAttributes) -> bool {
    flags.bits() & TypeAttributes::VISIBILITY_MASK.bits() == 2
}
