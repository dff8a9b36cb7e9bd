//! Generic methods.

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
    let misfit = t.runtime().misfit_of_method(def, method.class.args, inst);
    if loaded(t, misfit)?.is_some() {
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
