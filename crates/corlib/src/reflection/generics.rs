//! Generic methods, and whether arguments satisfy constraints.

use ferrocil_generics::{Context, ImageId, TypeId};
use ferrocil_metadata::{GenericParamAttributes, TableId};
use ferrocil_vm::{ClassKind, ClassPtr, is_assignable};

use super::methods::{method_object, method_of_object, reflected_class};
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, Thread, icall, throw};
use crate::system::support::{argument, loaded, type_array};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.RuntimeMethodInfo")
        .add("GetGenericArguments", icall(arguments))
        .add("GetGenericMethodDefinition_impl", icall(definition))
        .add("MakeGenericMethod_impl", icall(make))
        .add("get_IsGenericMethod", icall(is_generic))
        .add("get_IsGenericMethodDefinition", icall(is_definition));
}

fn arguments(t: &Thread, this: ObjRef) -> Managed<ArrayRef> {
    let method = method_of_object(t, this)?;
    let universe = t.runtime().universe();
    match method.args {
        Some(args) => type_array(t, false, universe.args(args).iter().copied()),
        None if method.generic_definition => {
            let arity = loaded(t, t.runtime().signature(method))?.generic_arity as u16;
            type_array(
                t,
                false,
                (0..arity).map(|index| universe.mvar(method.def, index)),
            )
        }
        None => type_array(t, false, std::iter::empty()),
    }
}

fn definition(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    let method = method_of_object(t, this)?;
    if method.generic_definition {
        return Ok(this);
    }
    if method.args.is_none() {
        return Ok(ObjRef::NULL);
    }
    let found = loaded(t, t.runtime().method(method.class, method.def, None))?;
    method_object(t, found, reflected_class(t, this)?)
}

fn make(t: &Thread, this: ObjRef, args: ArrayRef) -> Managed<ObjRef> {
    let method = method_of_object(t, this)?;
    let mut types = Vec::with_capacity(args.len());
    for &arg in args.as_slice::<ObjRef>() {
        types.push(t.class_of_type_object(arg)?.ty);
    }
    if !method.generic_definition {
        return Err(throw(
            t,
            "System",
            "InvalidOperationException",
            "not a generic method definition",
        ));
    }
    let arity = loaded(t, t.runtime().signature(method))?.generic_arity as usize;
    if arity != types.len() {
        return Err(argument(t, "Incorrect length", "methodInstantiation"));
    }
    let inst = loaded(
        t,
        t.runtime().universe().inst_of(&types).map_err(Into::into),
    )?;
    let def = method.def;
    let fits = satisfies(
        t,
        TableId::MethodDef,
        def.image,
        def.rid,
        &types,
        Context {
            class_args: method.class.args,
            method_args: Some(inst),
        },
    )?;
    if !fits {
        return Err(argument(t, "Invalid generic arguments", "typeArguments"));
    }
    let found = loaded(t, t.runtime().method(method.class, def, Some(inst)))?;
    method_object(t, found, reflected_class(t, this)?)
}

fn is_generic(t: &Thread, this: ObjRef) -> Managed<bool> {
    let method = method_of_object(t, this)?;
    Ok(method.generic_definition || method.args.is_some())
}

fn is_definition(t: &Thread, this: ObjRef) -> Managed<bool> {
    Ok(method_of_object(t, this)?.generic_definition)
}

/// Whether arguments fit the parameters of a generic type definition.
pub(super) fn satisfies_constraints(
    t: &Thread,
    table: TableId,
    image: ImageId,
    rid: u32,
    args: &[TypeId],
) -> Managed<bool> {
    let inst = loaded(t, t.runtime().universe().inst_of(args).map_err(Into::into))?;
    satisfies(
        t,
        table,
        image,
        rid,
        args,
        Context {
            class_args: Some(inst),
            method_args: None,
        },
    )
}

fn satisfies(
    t: &Thread,
    table: TableId,
    image: ImageId,
    rid: u32,
    args: &[TypeId],
    context: Context,
) -> Managed<bool> {
    let runtime = t.runtime();
    let universe = runtime.universe();
    for (index, &arg) in args.iter().enumerate() {
        let index = index as u16;
        let parameter = if table == TableId::TypeDef {
            universe.try_var(ferrocil_generics::TypeDef { image, rid }, index)
        } else {
            universe.try_mvar(ferrocil_generics::MethodDef { image, rid }, index)
        };
        let parameter = loaded(t, parameter.map_err(Into::into))?;
        let class = t.class_of_type(arg)?;
        // What stands for an unknown type is checked when it is known.
        if class.open {
            continue;
        }
        if !fits_flags(t, class, runtime.param_flags_of(parameter))? {
            return Ok(false);
        }
        for bound in loaded(t, runtime.param_constraints(parameter))? {
            let bound = loaded(t, universe.inflate(bound, context).map_err(Into::into))?;
            let bound = t.class_of_type(bound)?;
            if !bound.open && !loaded(t, is_assignable(runtime, class, bound))? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn fits_flags(t: &Thread, class: ClassPtr, flags: GenericParamAttributes) -> Managed<bool> {
    if matches!(
        class.kind,
        ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr
    ) {
        return Ok(false);
    }
    if flags.contains(GenericParamAttributes::REFERENCE_TYPE_CONSTRAINT) && class.is_value_type() {
        return Ok(false);
    }
    if flags.contains(GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT)
        && (!class.is_value_type() || t.runtime().nullable_value(class).is_some())
    {
        return Ok(false);
    }
    if flags.contains(GenericParamAttributes::DEFAULT_CONSTRUCTOR_CONSTRAINT)
        && !class.is_value_type()
    {
        if class.is_abstract() || class.is_array() {
            return Ok(false);
        }
        let ctor = loaded(t, t.runtime().find_method(class, ".ctor", Some(0)))?;
        return Ok(ctor.is_some_and(|method| {
            method.flags.access() == ferrocil_metadata::MemberAccess::Public
        }));
    }
    Ok(true)
}
