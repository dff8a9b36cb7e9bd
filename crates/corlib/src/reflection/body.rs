//! `MethodBody`: IL, locals and exception clauses of a method.

use ferrocil_metadata::EhKind;
use ferrocil_vm::MethodKind;

use crate::prelude::{IcallTable, Managed, ObjRef, Thread, icall, new_byte_array};
use crate::system::support::{
    corlib_class, loaded, method_of_handle, reference_array, store_element, store_reference,
    type_object_of,
};

const BODY: &str = "System.Reflection.MethodBody";
const CLAUSE: &str = "System.Reflection.ExceptionHandlingClause";
const LOCAL: &str = "System.Reflection.LocalVariableInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.RuntimeMethodInfo")
        .add("GetMethodBodyInternal", icall(body));
}

fn body(t: &Thread, handle: usize) -> Managed<ObjRef> {
    let method = method_of_handle(t, handle)?;
    let runtime = t.runtime();
    let Some(image) = runtime.image(method.def.image) else {
        return Ok(ObjRef::NULL);
    };
    if method.kind != MethodKind::Defined {
        return Ok(ObjRef::NULL);
    }
    let metadata = image.image();
    let bad = |error: ferrocil_metadata::Error| t.throw_load_error(&error.into());
    let row = metadata.method_def(method.def.rid).map_err(bad)?;
    if row.rva == 0 || method.is_internal_call() || method.is_pinvoke() || method.is_runtime() {
        return Ok(ObjRef::NULL);
    }
    let found = metadata.method_body(row.rva).map_err(bad)?;
    let object = t.new_object(corlib_class(t, "System.Reflection", "MethodBody")?)?;
    object.write(
        t.field_offset(BODY, "init_locals")?,
        u8::from(found.init_locals),
    );
    object.write(
        t.field_offset(BODY, "max_stack")?,
        i32::from(found.max_stack),
    );
    object.write(t.field_offset(BODY, "sig_token")?, found.local_sig.0 as i32);
    let il = new_byte_array(t, found.code.len())?;
    il.as_mut_slice::<u8>().copy_from_slice(found.code);
    store_reference(t, object, t.field_offset(BODY, "il")?, il.object());

    let locals = loaded(t, runtime.local_types(method))?;
    let array = reference_array(t, "System.Reflection", "LocalVariableInfo", locals.len())?;
    let class = corlib_class(t, "System.Reflection", "RuntimeLocalVariableInfo").or_else(|_| {
        t.take_pending();
        corlib_class(t, "System.Reflection", "LocalVariableInfo")
    })?;
    for (index, ty) in locals.into_iter().enumerate() {
        let local = t.new_object(class)?;
        store_element(t, array, index, local);
        local.write(t.field_offset(LOCAL, "position")?, index as u16);
        let ty = type_object_of(t, ty)?;
        store_reference(t, local, t.field_offset(LOCAL, "type")?, ty);
    }
    store_reference(t, object, t.field_offset(BODY, "locals")?, array.object());

    let clauses: Vec<_> = found.clauses().collect();
    let array = reference_array(
        t,
        "System.Reflection",
        "ExceptionHandlingClause",
        clauses.len(),
    )?;
    let class = corlib_class(t, "System.Reflection", "ExceptionHandlingClause")?;
    for (index, clause) in clauses.into_iter().enumerate() {
        let entry = t.new_object(class)?;
        store_element(t, array, index, entry);
        let flags = match clause.kind {
            EhKind::Catch(token) => {
                let ty = loaded(
                    t,
                    runtime.resolve_type_token(image, token, method.context()),
                )?;
                let ty = type_object_of(t, ty)?;
                store_reference(t, entry, t.field_offset(CLAUSE, "catch_type")?, ty);
                0
            }
            EhKind::Filter(offset) => {
                entry.write(t.field_offset(CLAUSE, "filter_offset")?, offset as i32);
                1
            }
            EhKind::Finally => 2,
            EhKind::Fault => 4,
        };
        entry.write(t.field_offset(CLAUSE, "flags")?, flags);
        entry.write(
            t.field_offset(CLAUSE, "try_offset")?,
            clause.try_offset as i32,
        );
        entry.write(t.field_offset(CLAUSE, "try_length")?, clause.try_len as i32);
        entry.write(
            t.field_offset(CLAUSE, "handler_offset")?,
            clause.handler_offset as i32,
        );
        entry.write(
            t.field_offset(CLAUSE, "handler_length")?,
            clause.handler_len as i32,
        );
    }
    store_reference(t, object, t.field_offset(BODY, "clauses")?, array.object());
    Ok(object)
}
