//! `System.Delegate`.

use ferrocil_vm::MethodPtr;

use super::support::{argument_null, loaded, null_reference, store_reference};
use crate::prelude::{IcallTable, Managed, ObjRef, Thread, icall};
use crate::reflection::methods::{method_object, method_of_object};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Delegate")
        .add("AllocDelegateLike_internal", icall(allocate_like))
        .add("CreateDelegate_internal", icall(create))
        .add("GetVirtualMethod_internal", icall(virtual_method));
}

/// An empty multicast delegate of a delegate's class.
fn allocate_like(t: &Thread, like: ObjRef) -> Managed<ObjRef> {
    if like.is_null() {
        return Err(null_reference(t));
    }
    t.new_multicast_like(t.runtime().class_of(like))
}

fn create(
    t: &Thread,
    ty: ObjRef,
    target: ObjRef,
    method: ObjRef,
    _throw_on_failure: u8,
) -> Managed<ObjRef> {
    let class = t.class_of_type_object(ty)?;
    let mut found = method_of_object(t, method)?;
    if !target.is_null() && found.is_virtual() && !found.is_static() {
        let class = t.runtime().class_of(target);
        found = loaded(t, t.runtime().find_implementation(class, found))?;
    }
    let delegate = t.new_delegate_on(class, target, found)?;
    let info = t.field_offset("System.Delegate", "original_method_info")?;
    store_reference(t, delegate, info, method);
    Ok(delegate)
}

/// The method that a delegate's call runs on its target.
fn virtual_method(t: &Thread, delegate: ObjRef) -> Managed<ObjRef> {
    if delegate.is_null() {
        return Err(null_reference(t));
    }
    let handle = delegate.read::<usize>(t.field_offset("System.Delegate", "method")?);
    // SAFETY: the field holds 0 or the handle of a loaded method.
    let Some(method) = (unsafe { MethodPtr::from_address(handle) }) else {
        return Err(argument_null(t, "method"));
    };
    let target = delegate.read::<ObjRef>(t.field_offset("System.Delegate", "m_target")?);
    let found = if target.is_null() {
        method
    } else {
        loaded(
            t,
            t.runtime()
                .find_implementation(t.runtime().class_of(target), method),
        )?
    };
    method_object(t, found, found.class)
}
