//! `RuntimeAssembly` and `Assembly`.

use std::path::{Path, PathBuf};

use ferrocil_generics::{Context, TypeDef};
use ferrocil_metadata::TableId;
use ferrocil_vm::{LoadedImage, Runtime};

use super::assembly_name::DisplayName;
use super::keys;
use super::methods::method_object;
use super::names::{Lookup, find_type};
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, throw};
use crate::system::support::{
    argument_null, corlib_class, loaded, reference_array, store_element, store_reference,
    type_object, type_object_of,
};
use crate::system::user_image;

const ASSEMBLY: &str = "System.Reflection.RuntimeAssembly";
const MODULE: &str = "System.Reflection.RuntimeModule";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.Assembly")
        .add("GetTypes", icall(types))
        .add("InternalGetType", icall(find))
        .add("LoadFile_internal", icall(load_file))
        .add("LoadFrom", icall(load_from))
        .add("load_with_partial_name", icall(load_partial));
    table
        .class(ASSEMBLY)
        .add("GetAotIdInternal", icall(no_aot_id))
        .add("GetManifestModuleInternal", icall(manifest_module))
        .add("GetModulesInternal", icall(modules))
        .add("InternalImageRuntimeVersion", icall(runtime_version))
        .add("LoadPermissions", icall(no_permissions))
        .add("get_EntryPoint", icall(entry_point))
        .add("get_ReflectionOnly", icall(no))
        .add("get_code_base", icall(code_base))
        .add("get_fullname", icall(full_name))
        .add("get_global_assembly_cache", icall(in_cache))
        .add("get_location", icall(location));
}

/// The image behind an assembly's or module's handle.
pub(crate) fn image_of_handle(t: &Thread, handle: usize) -> Managed<&LoadedImage> {
    // Handles are addresses of loaded images, which do not move.
    t.runtime()
        .images()
        .iter()
        .find(|image| std::ptr::from_ref(*image) as usize == handle)
        .ok_or_else(|| argument_null(t, "handle"))
}

/// The image of a `RuntimeAssembly`.
pub(crate) fn image_of_assembly(t: &Thread, assembly: ObjRef) -> Managed<&LoadedImage> {
    if assembly.is_null() {
        return Err(argument_null(t, "assembly"));
    }
    if t.runtime().class_of(assembly).name != "RuntimeAssembly" {
        return Err(throw(
            t,
            "System",
            "NotSupportedException",
            "This kind of assembly object is not supported here.",
        ));
    }
    image_of_handle(
        t,
        assembly.read(t.field_offset(ASSEMBLY, "_mono_assembly")?),
    )
}

/// The reflection object of an image's assembly.
pub(crate) fn assembly_object(t: &Thread, image: &LoadedImage) -> Managed<ObjRef> {
    let handle = std::ptr::from_ref(image) as usize;
    t.reflection_object((handle, 0, keys::ASSEMBLY), || {
        let object = t.new_object(corlib_class(t, "System.Reflection", "RuntimeAssembly")?)?;
        object.write(t.field_offset(ASSEMBLY, "_mono_assembly")?, handle);
        let from_bytes = !image.path.is_absolute();
        object.write(
            t.field_offset(ASSEMBLY, "fromByteArray")?,
            u8::from(from_bytes),
        );
        Ok(object)
    })
}

/// The reflection object of an image's module.
pub(super) fn module_object(t: &Thread, image: &LoadedImage) -> Managed<ObjRef> {
    let handle = std::ptr::from_ref(image) as usize;
    t.reflection_object((handle, 0, keys::MODULE), || {
        let assembly = assembly_object(t, image)?;
        let object = t.new_object(corlib_class(t, "System.Reflection", "RuntimeModule")?)?;
        object.write(t.field_offset(MODULE, "_impl")?, handle);
        store_reference(t, object, t.field_offset(MODULE, "assembly")?, assembly);
        let file = image
            .path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let scope = image.image().module_name().unwrap_or("").to_string();
        let texts = [
            ("fqname", image.path.display().to_string()),
            ("name", file.unwrap_or_else(|| scope.clone())),
            ("scopename", scope),
        ];
        for (field, text) in texts {
            let text = t.new_string(&text)?;
            store_reference(t, object, t.field_offset(MODULE, field)?, text.object());
        }
        object.write(t.field_offset(MODULE, "token")?, 1i32);
        Ok(object)
    })
}

/// Loads an assembly by display name; `None` when nobody has it.
pub(crate) fn load_by_name<'t>(t: &'t Thread, text: &str) -> Managed<Option<&'t LoadedImage>> {
    let Some(name) = DisplayName::parse(text) else {
        return Err(throw(
            t,
            "System.IO",
            "FileLoadException",
            "The assembly name is invalid.",
        ));
    };
    let near = user_image(t).or_else(|| crate::system::entry_image(t));
    let near: Option<PathBuf> = near.map(|image| image.path.clone());
    match t
        .runtime()
        .load_assembly(&name.name, name.version, near.as_deref())
    {
        Ok(image) => Ok(Some(image)),
        Err(error) if error.kind == ferrocil_vm::LoadErrorKind::FileNotFound => Ok(None),
        Err(error) => Err(t.throw_load_error(&error)),
    }
}

/// Loads an assembly from bytes.
pub(crate) fn loaded_bytes(t: &Thread, bytes: &[u8]) -> Managed<ObjRef> {
    let image = loaded(t, t.runtime().load_image_bytes(bytes, ""))?;
    assembly_object(t, image)
}

fn load_path(t: &Thread, file: StringRef, parameter: &str) -> Managed<ObjRef> {
    if file.is_null() {
        return Err(argument_null(t, parameter));
    }
    let text = file.to_string_lossy();
    let path = Path::new(text.strip_prefix("file://").unwrap_or(&text));
    match t.runtime().load_image(path) {
        Ok(image) => assembly_object(t, image),
        Err(error) if error.kind == ferrocil_vm::LoadErrorKind::FileNotFound => Err(throw(
            t,
            "System.IO",
            "FileNotFoundException",
            &format!("Could not load file or assembly '{text}' or one of its dependencies."),
        )),
        Err(error) => Err(t.throw_load_error(&error)),
    }
}

fn load_from(
    t: &Thread,
    file: StringRef,
    _reflection_only: u8,
    _mark: *mut i32,
) -> Managed<ObjRef> {
    load_path(t, file, "assemblyFile")
}

fn load_file(t: &Thread, file: StringRef, _mark: *mut i32) -> Managed<ObjRef> {
    load_path(t, file, "path")
}

fn load_partial(t: &Thread, name: StringRef, _evidence: ObjRef) -> Managed<ObjRef> {
    match load_by_name(t, &name.to_string_lossy())? {
        Some(image) => assembly_object(t, image),
        None => Ok(ObjRef::NULL),
    }
}

/// All types of an image but `<Module>`, or only those seen from outside.
pub(super) fn types_of(t: &Thread, image: &LoadedImage, exported_only: bool) -> Managed<ArrayRef> {
    let metadata = image.image();
    let rids: Vec<u32> = metadata
        .rids(TableId::TypeDef)
        .skip(1)
        .filter(|&rid| !exported_only || is_exported(image, rid))
        .collect();
    let array = reference_array(t, "System", "Type", rids.len())?;
    for (index, rid) in rids.into_iter().enumerate() {
        let ty = t.runtime().type_of_def(TypeDef {
            image: image.id,
            rid,
        });
        store_element(t, array, index, type_object_of(t, ty)?);
    }
    Ok(array)
}

/// Whether a type and all that enclose it are public.
fn is_exported(image: &LoadedImage, rid: u32) -> bool {
    let metadata = image.image();
    let mut current = Some(rid);
    for _ in 0..64 {
        let Some(rid) = current else {
            return true;
        };
        let Ok(row) = metadata.type_def(rid) else {
            return false;
        };
        // 1: public, 2: nested public.
        if !matches!(row.flags.bits() & 7, 1 | 2) {
            return false;
        }
        current = metadata.enclosing_type(rid);
    }
    false
}

fn types(t: &Thread, this: ObjRef, exported_only: u8) -> Managed<ArrayRef> {
    types_of(t, image_of_assembly(t, this)?, exported_only != 0)
}

fn find(
    t: &Thread,
    this: ObjRef,
    module: ObjRef,
    name: StringRef,
    throw_on_error: u8,
    ignore_case: u8,
) -> Managed<ObjRef> {
    let image = if module.is_null() {
        image_of_assembly(t, this)?
    } else {
        image_of_handle(t, module.read(t.field_offset(MODULE, "_impl")?))?
    };
    let lookup = Lookup {
        text: &name.to_string_lossy(),
        ignore_case: ignore_case != 0,
        near: None,
        only: Some(image),
    };
    match find_type(t, &lookup)? {
        Ok(ty) => type_object_of(t, ty),
        Err(failure) if throw_on_error != 0 => Err(failure.throw(t)),
        Err(_) => Ok(ObjRef::NULL),
    }
}

fn no_aot_id(_t: &Thread, _id: ArrayRef) -> Managed<bool> {
    Ok(false)
}

fn no(_t: &Thread, _this: ObjRef) -> Managed<bool> {
    Ok(false)
}

#[expect(clippy::too_many_arguments, reason = "managed code's signature")]
fn no_permissions(
    _t: &Thread,
    _assembly: ObjRef,
    _minimum: *mut usize,
    _minimum_length: *mut i32,
    _optional: *mut usize,
    _optional_length: *mut i32,
    _refused: *mut usize,
    _refused_length: *mut i32,
) -> Managed<bool> {
    Ok(false)
}

fn manifest_module(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    module_object(t, image_of_assembly(t, this)?)
}

fn modules(t: &Thread, this: ObjRef) -> Managed<ArrayRef> {
    let module = module_object(t, image_of_assembly(t, this)?)?;
    let array = reference_array(t, "System.Reflection", "Module", 1)?;
    store_element(t, array, 0, module);
    Ok(array)
}

fn runtime_version(t: &Thread, assembly: ObjRef) -> Managed<StringRef> {
    let image = image_of_assembly(t, assembly)?;
    let version = image.image().version().to_string();
    t.new_string(&version)
}

fn entry_point(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    let image = image_of_assembly(t, this)?;
    let Some(token) = image.image().entry_point() else {
        return Ok(ObjRef::NULL);
    };
    let method = loaded(
        t,
        t.runtime()
            .resolve_method_token(image, token, Context::EMPTY),
    )?;
    method_object(t, method, method.class)
}

/// `file:///…`
pub(super) fn code_base_of(image: &LoadedImage) -> String {
    format!("file://{}", image.path.display())
}

fn code_base(t: &Thread, assembly: ObjRef, escaped: u8) -> Managed<StringRef> {
    let mut text = code_base_of(image_of_assembly(t, assembly)?);
    if escaped != 0 {
        text = text
            .replace('%', "%25")
            .replace(' ', "%20")
            .replace('#', "%23");
    }
    t.new_string(&text)
}

fn full_name(t: &Thread, assembly: ObjRef) -> Managed<StringRef> {
    let name = image_of_assembly(t, assembly)?.display_name().to_string();
    t.new_string(&name)
}

fn in_cache(t: &Thread, assembly: ObjRef) -> Managed<bool> {
    let image = image_of_assembly(t, assembly)?;
    let runtime: &Runtime = t.runtime();
    let paths = runtime.search_path();
    Ok(paths
        .gac
        .iter()
        .any(|folder| image.path.starts_with(folder)))
}

fn location(t: &Thread, assembly: ObjRef) -> Managed<StringRef> {
    let image = image_of_assembly(t, assembly)?;
    let path = image.path.display().to_string();
    t.new_string(&path)
}

/// The type object of a definition of an image.
pub(super) fn definition(t: &Thread, image: &LoadedImage, rid: u32) -> Managed<ObjRef> {
    let ty = t.runtime().type_of_def(TypeDef {
        image: image.id,
        rid,
    });
    type_object(t, t.class_of_type(ty)?)
}
