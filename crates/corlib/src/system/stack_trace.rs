//! Stack traces: of exceptions and of the current thread.

use ferrocil_generics::NameStyle;
use ferrocil_vm::{CodeKind, LoadedImage, MethodKind, MethodPtr, StackEntry, frames};

use super::support::{corlib_class, reference_array, store_element, store_reference};
use crate::prelude::{ArrayRef, ByRef, IcallTable, Managed, ObjRef, Thread, icall, store_byref};
use crate::reflection::assembly::assembly_object;
use crate::reflection::methods::method_object;

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Diagnostics.StackFrame")
        .add("get_frame_info", icall(frame_info));
    table
        .class("System.Diagnostics.StackTrace")
        .add("get_trace", icall(exception_trace));
    table
        .class("System.Reflection.MethodBase")
        .add("GetCurrentMethod", icall(current_method));
    table
        .class("System.Reflection.Assembly")
        .add("GetExecutingAssembly", icall(executing_assembly))
        .add("GetCallingAssembly", icall(calling_assembly))
        .add("GetEntryAssembly", icall(entry_assembly));
    table
        .class("Mono.Runtime")
        .add("GetNativeStackTrace", icall(native_trace));
}

/// Methods with a body that run, innermost first; also those that were expanded in place.
fn running(t: &Thread) -> impl Iterator<Item = StackEntry> {
    frames(t)
        .into_iter()
        .filter(|frame| frame.code.kind == CodeKind::Method)
        .filter_map(|frame| Some(frame.entries(frame.method()?)))
        .flatten()
}

/// Fills a `StackFrame` object.
fn describe(t: &Thread, frame: ObjRef, entry: &StackEntry) -> Managed<()> {
    const CLASS: &str = "System.Diagnostics.StackFrame";
    let il = entry.il_offset.map_or(-1, |offset| offset as i32);
    frame.write(t.field_offset(CLASS, "ilOffset")?, il);
    frame.write(
        t.field_offset(CLASS, "nativeOffset")?,
        entry.native_offset as i32,
    );
    frame.write(t.field_offset(CLASS, "methodIndex")?, 0xff_ffff_u32);
    let dynamic = entry.method.kind == MethodKind::Dynamic;
    if entry.native || dynamic {
        // The entry of an internal call and a dynamic method have a name, but no method, as in
        // Mono.
        let kind = if dynamic {
            "dynamic-method"
        } else {
            "managed-to-native"
        };
        let name = t.new_string(&wrapper_name(t, kind, entry.method))?;
        let offset = t.field_offset(CLASS, "internalMethodName")?;
        store_reference(t, frame, offset, name.object());
        return Ok(());
    }
    let method = method_object(t, entry.method, entry.method.class)?;
    store_reference(t, frame, t.field_offset(CLASS, "methodBase")?, method);
    Ok(())
}

/// `(wrapper managed-to-native) Namespace.Class.Method(Class,int)`
fn wrapper_name(t: &Thread, kind: &str, method: MethodPtr) -> String {
    let runtime = t.runtime();
    let class = runtime.type_name_as(method.class.ty, NameStyle::Message);
    let mut params = Vec::new();
    if !method.is_static() {
        params.push(class.clone());
    }
    if let Ok(signature) = runtime.signature(method) {
        let shown = |&ty| runtime.type_name_as(ty, NameStyle::Message);
        params.extend(signature.params.iter().map(shown));
    }
    format!(
        "(wrapper {kind}) {class}.{}({})",
        method.name,
        params.join(",")
    )
}

fn exception_trace(t: &Thread, exception: ObjRef, skip: i32, _with_files: u8) -> Managed<ArrayRef> {
    let entries = if exception.is_null() {
        Vec::new()
    } else {
        t.runtime().exception_trace(exception)
    };
    let skip = usize::try_from(skip).unwrap_or(0).min(entries.len());
    let entries = &entries[skip..];
    let array = reference_array(t, "System.Diagnostics", "StackFrame", entries.len())?;
    let class = corlib_class(t, "System.Diagnostics", "StackFrame")?;
    for (index, entry) in entries.iter().enumerate() {
        let frame = t.new_object(class)?;
        store_element(t, array, index, frame);
        describe(t, frame, entry)?;
    }
    Ok(array)
}

/// One frame of the current thread. `skip` counts this call's own frame, as Mono does.
#[expect(clippy::too_many_arguments, reason = "managed code's signature")]
fn frame_info(
    t: &Thread,
    skip: i32,
    _with_files: u8,
    method: ByRef<ObjRef>,
    il_offset: ByRef<i32>,
    native_offset: ByRef<i32>,
    file: ByRef<ObjRef>,
    line: ByRef<i32>,
    column: ByRef<i32>,
) -> Managed<bool> {
    store_byref(t, file, ObjRef::NULL);
    line.set(0);
    column.set(0);
    let index = usize::try_from(skip).unwrap_or(0).saturating_sub(1);
    let Some(found) = running(t).nth(index) else {
        return Ok(false);
    };
    il_offset.set(found.il_offset.map_or(-1, |offset| offset as i32));
    native_offset.set(found.native_offset as i32);
    store_byref(
        t,
        method,
        method_object(t, found.method, found.method.class)?,
    );
    Ok(true)
}

fn current_method(t: &Thread) -> Managed<ObjRef> {
    let Some(method) = running(t).next().map(|entry| entry.method) else {
        return Ok(ObjRef::NULL);
    };
    // Of an instance, its definition, as in Mono.
    let definition = match (method.class.def, method.kind) {
        (Some(def), MethodKind::Defined) => t.runtime().definition_of(method, def),
        _ => Ok(method),
    };
    let definition = definition.map_err(|e| t.throw_load_error(&e))?;
    method_object(t, definition, definition.class)
}

/// The image of the caller's caller …: `depth` frames above the innermost.
fn image_at(t: &Thread, depth: usize) -> Option<&LoadedImage> {
    let method = running(t).nth(depth)?.method;
    t.runtime().image(method.def.image)
}

/// The image of the nearest caller outside corlib.
pub(crate) fn user_image(t: &Thread) -> Option<&LoadedImage> {
    let method = running(t)
        .map(|entry| entry.method)
        .find(|method| !t.runtime().is_corlib(method.def.image))?;
    t.runtime().image(method.def.image)
}

/// The program's image.
pub(crate) fn entry_image(t: &Thread) -> Option<&LoadedImage> {
    t.runtime().entry_image()
}

fn executing_assembly(t: &Thread) -> Managed<ObjRef> {
    image_at(t, 0).map_or(Ok(ObjRef::NULL), |image| assembly_object(t, image))
}

fn calling_assembly(t: &Thread) -> Managed<ObjRef> {
    let image = image_at(t, 1).or_else(|| image_at(t, 0));
    image.map_or(Ok(ObjRef::NULL), |image| assembly_object(t, image))
}

fn entry_assembly(t: &Thread) -> Managed<ObjRef> {
    entry_image(t).map_or(Ok(ObjRef::NULL), |image| assembly_object(t, image))
}

/// Native frames are not kept in exceptions.
fn native_trace(t: &Thread, _exception: ObjRef) -> Managed<crate::prelude::StringRef> {
    t.new_string("")
}
