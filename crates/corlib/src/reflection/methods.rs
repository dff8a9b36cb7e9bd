//! `RuntimeMethodInfo`, `RuntimeConstructorInfo` and `MonoMethodInfo`.

use ferrocil_metadata::{MethodAttributes, TableId};
use ferrocil_vm::{ClassPtr, MethodKind, MethodPtr, Signature};

use super::keys;
use crate::prelude::{
    ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, store_byref, throw,
};
use crate::system::support::{
    argument_null, canonical, class_of_handle, corlib_class, loaded, method_of_handle, store_at,
    store_reference, type_object, type_object_of,
};

const METHOD: &str = "System.Reflection.RuntimeMethodInfo";
const CONSTRUCTOR: &str = "System.Reflection.RuntimeConstructorInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class(METHOD)
        .add(
            "GetMethodFromHandleInternalType_native",
            icall(method_from_handle),
        )
        .add("GetPInvoke", icall(pinvoke))
        .add("get_base_method", icall(base_method))
        .add("get_core_clr_security_level", icall(security_level))
        .add("get_metadata_token", icall(metadata_token))
        .add("get_name", icall(name));
    table
        .class(CONSTRUCTOR)
        .add("get_core_clr_security_level", icall(security_level))
        .add("get_metadata_token", icall(metadata_token));
    table
        .class("System.Reflection.MonoMethodInfo")
        .add("get_method_attributes", icall(attributes))
        .add("get_method_info", icall(method_info));
    table
        .class("System.RuntimeMethodHandle")
        .add("GetFunctionPointer", icall(function_pointer));
}

/// The reflection object of a method as seen through a class.
pub(crate) fn method_object(t: &Thread, method: MethodPtr, reflected: ClassPtr) -> Managed<ObjRef> {
    let reflected = canonical(t, reflected)?;
    let owner = canonical(t, method.class)?;
    let method = if owner == method.class || method.kind != MethodKind::Defined {
        method
    } else {
        loaded(t, t.runtime().method(owner, method.def, method.args))?
    };
    t.reflection_object(
        (method.address(), reflected.address(), keys::METHOD),
        || {
            let (class, name) = if method.is_constructor() {
                (CONSTRUCTOR, "RuntimeConstructorInfo")
            } else {
                (METHOD, "RuntimeMethodInfo")
            };
            let object = t.new_object(corlib_class(t, "System.Reflection", name)?)?;
            object.write(t.field_offset(class, "mhandle")?, method.address());
            let ty = type_object(t, reflected)?;
            store_reference(t, object, t.field_offset(class, "reftype")?, ty);
            Ok(object)
        },
    )
}

/// The method behind a `MethodInfo` or `ConstructorInfo` of the runtime.
pub(crate) fn method_of_object(t: &Thread, object: ObjRef) -> Managed<MethodPtr> {
    if object.is_null() {
        return Err(argument_null(t, "method"));
    }
    let class = t.runtime().class_of(object);
    let class = match class.name {
        "RuntimeMethodInfo" => METHOD,
        "RuntimeConstructorInfo" => CONSTRUCTOR,
        "DynamicMethod" => "System.Reflection.Emit.DynamicMethod",
        _ => {
            return Err(throw(
                t,
                "System",
                "NotSupportedException",
                "This kind of method object is not supported here.",
            ));
        }
    };
    method_of_handle(t, object.read(t.field_offset(class, "mhandle")?))
}

/// The class through which a method object was found.
pub(crate) fn reflected_class(t: &Thread, object: ObjRef) -> Managed<ClassPtr> {
    let method = method_of_object(t, object)?;
    let class = if method.is_constructor() {
        CONSTRUCTOR
    } else {
        METHOD
    };
    let ty: ObjRef = object.read(t.field_offset(class, "reftype")?);
    if ty.is_null() {
        Ok(method.class)
    } else {
        t.class_of_type_object(ty)
    }
}

fn method_from_handle(t: &Thread, handle: usize, ty: usize, generic_check: u8) -> Managed<ObjRef> {
    let method = method_of_handle(t, handle)?;
    if ty == 0 {
        return method_object(t, method, method.class);
    }
    let class = class_of_handle(t, ty)?;
    if generic_check == 0 || method.kind != MethodKind::Defined {
        return method_object(t, method, class);
    }
    if class.def != method.class.def {
        return Ok(ObjRef::NULL);
    }
    let found = loaded(t, t.runtime().method(class, method.def, method.args))?;
    method_object(t, found, class)
}

fn name(t: &Thread, method: ObjRef) -> Managed<StringRef> {
    let method = method_of_object(t, method)?;
    t.new_string(method.name)
}

/// All code is trusted.
fn security_level(_t: &Thread, _method: ObjRef) -> Managed<i32> {
    Ok(0)
}

fn metadata_token(t: &Thread, method: ObjRef) -> Managed<i32> {
    let method = method_of_object(t, method)?;
    Ok(match method.kind {
        MethodKind::Defined => 0x0600_0000 | method.def.rid as i32,
        MethodKind::Array(_) | MethodKind::Dynamic => 0x0600_0000,
    })
}

/// What a method overrides: its class's slot's first method (`definition`), or the next one up.
fn base_method(t: &Thread, this: ObjRef, definition: u8) -> Managed<ObjRef> {
    let method = method_of_object(t, this)?;
    let runtime = t.runtime();
    let is_new = method.flags.contains(MethodAttributes::NEW_SLOT);
    if !method.is_virtual() || method.is_static() || is_new || method.class.is_interface() {
        return Ok(this);
    }
    let Some(slot) = loaded(t, runtime.slot_of(method))? else {
        return Ok(this);
    };
    let mut found = method;
    let mut class = method.class.parent;
    while let Some(current) = class {
        let slots = &loaded(t, runtime.vtable_layout(current))?.slots;
        let Some(&next) = slots.get(slot) else {
            break;
        };
        found = loaded(t, runtime.method(next.class, next.def, None))?;
        if definition == 0 {
            break;
        }
        class = current.parent;
    }
    if found == method {
        return Ok(this);
    }
    if let (Some(args), true) = (method.args, found.generic_definition) {
        found = loaded(t, runtime.method(found.class, found.def, Some(args)))?;
    }
    method_object(t, found, found.class)
}

fn pinvoke(
    t: &Thread,
    this: ObjRef,
    flags: ByRef<i32>,
    entry: ByRef<ObjRef>,
    library: ByRef<ObjRef>,
) -> Managed<()> {
    let method = method_of_object(t, this)?;
    let image = t.runtime().image(method.def.image);
    let row = image.and_then(|image| {
        let row = image.image().impl_map_of(method.def.rid)?;
        let row = image.image().impl_map(row).ok()?;
        let target = image.image().pinvoke(method.def.rid).ok()??;
        Some((row.flags.bits(), target.entry_point, target.library))
    });
    if let Some((bits, name, scope)) = row {
        flags.set(i32::from(bits));
        let text = t.new_string(name)?;
        store_byref(t, entry, text.object());
        let text = t.new_string(scope)?;
        store_byref(t, library, text.object());
    }
    Ok(())
}

fn attributes(t: &Thread, handle: usize) -> Managed<i32> {
    Ok(i32::from(method_of_handle(t, handle)?.flags.bits()))
}

/// `System.Reflection.CallingConventions`
fn calling_convention(method: MethodPtr, signature: &Signature) -> i32 {
    const STANDARD: i32 = 1;
    const VAR_ARGS: i32 = 2;
    const HAS_THIS: i32 = 0x20;
    let convention = if signature.vararg { VAR_ARGS } else { STANDARD };
    convention | if method.is_static() { 0 } else { HAS_THIS }
}

/// Fills a `MonoMethodInfo`: parent and return types, attributes, convention.
fn method_info(t: &Thread, handle: usize, info: *mut u8) -> Managed<()> {
    let method = method_of_handle(t, handle)?;
    let signature = loaded(t, t.runtime().signature(method))?;
    let parent = type_object(t, method.class)?;
    let ret = type_object_of(t, signature.ret)?;
    store_at(t, info, parent);
    store_at(t, info.wrapping_add(8), ret);
    // SAFETY: managed code passes a `MonoMethodInfo`, whose numbers stand at 16, 20 and 24.
    unsafe {
        info.add(16)
            .cast::<i32>()
            .write_unaligned(i32::from(method.flags.bits()));
        info.add(20)
            .cast::<i32>()
            .write_unaligned(i32::from(method.impl_flags.bits()));
        info.add(24)
            .cast::<i32>()
            .write_unaligned(calling_convention(method, signature));
    }
    Ok(())
}

fn function_pointer(t: &Thread, handle: usize) -> Managed<usize> {
    let method = method_of_handle(t, handle)?;
    Ok(loaded(t, t.domain().entry(method))?.precode())
}

/// The row that custom attributes of a method stand on.
pub(super) fn attribute_row(method: MethodPtr) -> Option<(TableId, u32)> {
    (method.kind == MethodKind::Defined).then_some((TableId::MethodDef, method.def.rid))
}
