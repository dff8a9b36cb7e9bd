//! Remoting and activation: what programs without proxies need of them.

use super::support::{argument_null, loaded, null_reference};
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, Thread, icall, store_byref, throw,
};
use crate::reflection::invoke::invoke_method;
use crate::reflection::methods::{method_object, method_of_object};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Runtime.Remoting.Activation.ActivationServices")
        .add("AllocateUninitializedClassInstance", icall(allocate))
        .add("EnableProxyActivation", icall(enable_proxies));
    table
        .class("System.Runtime.Remoting.RemotingServices")
        .add("GetVirtualMethod", icall(virtual_method))
        .add("InternalExecute", icall(execute))
        .add("IsTransparentProxy", icall(is_proxy));
    table
        .class("System.Security.SecurityManager")
        .add("get_SecurityEnabled", icall(no))
        .add("set_SecurityEnabled", icall(set_security));
    table
        .class("System.Security.Policy.Evidence")
        .add("IsAuthenticodePresent", icall(no_signature));
}

/// An object whose constructor has not run.
fn allocate(t: &Thread, ty: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    if class.is_abstract() || class.is_interface() {
        return Err(throw(
            t,
            "System",
            "MemberAccessException",
            "Cannot create an abstract class.",
        ));
    }
    if class.is_array() {
        let bounds = vec![
            ferrocil_vm::ArrayBounds {
                length: 0,
                lower: 0
            };
            class.rank as usize
        ];
        return Ok(t.new_array(class, &bounds)?.object());
    }
    t.new_object(class)
}

/// Proxies are not made, so activation never goes through them.
fn enable_proxies(t: &Thread, _ty: ObjRef, enable: u8) -> Managed<()> {
    if enable == 0 {
        return Ok(());
    }
    Err(throw(
        t,
        "System",
        "NotSupportedException",
        "Remote activation is not supported.",
    ))
}

fn is_proxy(_t: &Thread, _object: ObjRef) -> Managed<bool> {
    Ok(false)
}

fn virtual_method(t: &Thread, ty: ObjRef, method: ObjRef) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let found = method_of_object(t, method)?;
    if found.is_static() || !found.is_virtual() {
        return Ok(method);
    }
    let found = loaded(t, t.runtime().find_implementation(class, found))?;
    method_object(t, found, found.class)
}

/// Calls a method; `out` arguments come back in a new array.
fn execute(
    t: &Thread,
    method: ObjRef,
    this: ObjRef,
    args: ArrayRef,
    out: ByRef<ObjRef>,
) -> Managed<ObjRef> {
    let found = method_of_object(t, method)?;
    if this.is_null() && !found.is_static() {
        return Err(null_reference(t));
    }
    let sig = loaded(t, t.runtime().signature(found))?;
    let by_ref: Vec<usize> = (0..sig.params.len())
        .filter(|&i| {
            t.runtime()
                .class(sig.params[i])
                .is_ok_and(|class| class.kind == ferrocil_vm::ClassKind::ByRef)
        })
        .collect();
    if args.is_null() && !sig.params.is_empty() {
        return Err(argument_null(t, "parameters"));
    }
    let result = invoke_method(t, found, this, args)?;
    let copy = super::support::reference_array(t, "System", "Object", by_ref.len())?;
    for (position, index) in by_ref.into_iter().enumerate() {
        super::support::store_element(t, copy, position, args.get::<ObjRef>(index));
    }
    store_byref(t, out, copy.object());
    Ok(result)
}

/// Code access security is not there, as in Mono.
fn no(_t: &Thread) -> Managed<bool> {
    Ok(false)
}

fn set_security(_t: &Thread, _enable: u8) -> Managed<()> {
    Ok(())
}

fn no_signature(_t: &Thread, _assembly: ObjRef) -> Managed<bool> {
    Ok(false)
}
