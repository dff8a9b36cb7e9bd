//! Manifest resources.

use ferrocil_metadata::{TableId, Token};
use ferrocil_vm::LoadedImage;

use super::assembly::{assembly_object, image_of_assembly, module_object};
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, store_byref,
    string_array,
};
use crate::system::support::{argument_null, loaded, store_reference};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.RuntimeAssembly")
        .add("GetFilesInternal", icall(files))
        .add("GetManifestResourceInfoInternal", icall(info))
        .add("GetManifestResourceInternal", icall(data))
        .add("GetManifestResourceNames", icall(names));
}

/// The row of a resource.
fn find(image: &LoadedImage, name: &str) -> Option<u32> {
    image
        .image()
        .resources()
        .find(|(_, found)| found.as_ref().is_ok_and(|n| *n == name))
        .map(|(rid, _)| rid)
}

/// Address and size of an embedded resource; null when there is none.
fn data(
    t: &Thread,
    this: ObjRef,
    name: StringRef,
    size: ByRef<i32>,
    module: ByRef<ObjRef>,
) -> Managed<*const u8> {
    if name.is_null() {
        return Err(argument_null(t, "name"));
    }
    let image = image_of_assembly(t, this)?;
    let Some(bytes) = image.image().embedded_resource(&name.to_string_lossy()) else {
        return Ok(std::ptr::null());
    };
    size.set(bytes.len() as i32);
    store_byref(t, module, module_object(t, image)?);
    // The bytes are part of the image, which stays mapped.
    Ok(bytes.as_ptr())
}

fn names(t: &Thread, this: ObjRef) -> Managed<ArrayRef> {
    let image = image_of_assembly(t, this)?;
    string_array(
        t,
        image.image().resources().filter_map(|(_, name)| name.ok()),
    )
}

/// Fills a `ManifestResourceInfo`; `false` when there is no such resource.
fn info(t: &Thread, this: ObjRef, name: StringRef, info: ObjRef) -> Managed<bool> {
    const CLASS: &str = "System.Reflection.ManifestResourceInfo";
    const EMBEDDED: i32 = 1;
    const CONTAINED_IN_MANIFEST: i32 = 4;
    const CONTAINED_IN_ANOTHER: i32 = 2;
    let image = image_of_assembly(t, this)?;
    let Some(rid) = find(image, &name.to_string_lossy()) else {
        return Ok(false);
    };
    let row = image
        .image()
        .manifest_resource(rid)
        .map_err(|error| t.throw_load_error(&error.into()))?;
    let place = t.field_offset(CLASS, "<ResourceLocation>k__BackingField")?;
    let implementation: Token = row.implementation;
    match implementation.table() {
        Some(TableId::AssemblyRef) if !implementation.is_nil() => {
            let other = loaded(
                t,
                t.runtime()
                    .resolve_assembly_ref(image, implementation.rid()),
            )?;
            let object = assembly_object(t, other)?;
            let offset = t.field_offset(CLASS, "<ReferencedAssembly>k__BackingField")?;
            store_reference(t, info, offset, object);
            info.write(place, CONTAINED_IN_ANOTHER);
        }
        Some(TableId::File) if !implementation.is_nil() => {
            let metadata = image.image();
            let file = metadata
                .row::<ferrocil_metadata::FileRow>(implementation.rid())
                .and_then(|row| metadata.string(row.name))
                .map_err(|error| t.throw_load_error(&error.into()))?;
            let text = t.new_string(file)?;
            let offset = t.field_offset(CLASS, "<FileName>k__BackingField")?;
            store_reference(t, info, offset, text.object());
            info.write(place, 0i32);
        }
        _ => info.write(place, EMBEDDED | CONTAINED_IN_MANIFEST),
    }
    Ok(true)
}

/// Paths of the files of an assembly (`string[]`), or of one of them (`string`).
fn files(t: &Thread, this: ObjRef, name: StringRef, with_resources: u8) -> Managed<ObjRef> {
    let image = image_of_assembly(t, this)?;
    let metadata = image.image();
    let folder = image.path.parent();
    let list: Vec<(String, String)> = metadata
        .rids(TableId::File)
        .filter_map(|rid| {
            let row = metadata.row::<ferrocil_metadata::FileRow>(rid).ok()?;
            let is_resource = row.flags.bits() & 1 != 0;
            if is_resource && with_resources == 0 {
                return None;
            }
            let name = metadata.string(row.name).ok()?;
            let path = folder.map_or_else(|| name.into(), |folder| folder.join(name));
            Some((name.to_string(), path.display().to_string()))
        })
        .collect();
    if name.is_null() {
        let own = image.path.display().to_string();
        let paths = std::iter::once(own).chain(list.into_iter().map(|(_, path)| path));
        return Ok(string_array(t, paths)?.object());
    }
    let wanted = name.to_string_lossy();
    match list.into_iter().find(|(name, _)| *name == wanted) {
        Some((_, path)) => Ok(t.new_string(&path)?.object()),
        None => Ok(ObjRef::NULL),
    }
}
