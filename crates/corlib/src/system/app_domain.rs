//! `System.AppDomain` and remoting contexts.

use ferrocil_vm::{DomainRoot, Runtime};

use super::support::{argument_null, reference_array, store_element, store_reference};
use crate::prelude::{
    ArrayRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, optional_string,
};
use crate::reflection::assembly::{assembly_object, image_of_assembly, load_by_name, loaded_bytes};
use crate::reflection::keys;

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.AppDomain")
        .add("ExecuteAssembly", icall(execute_assembly))
        .add("GetAssemblies", icall(assemblies))
        .add("GetData", icall(get_data))
        .add("InternalGetContext", icall(context))
        .add("InternalGetDefaultContext", icall(context))
        .add("InternalGetProcessGuid", icall(process_guid))
        .add("InternalIsFinalizingForUnload", icall(is_finalizing))
        .add("InternalSetContext", icall(set_context))
        .add("LoadAssembly", icall(load_assembly))
        .add("LoadAssemblyRaw", icall(load_assembly_bytes))
        .add("SetData", icall(set_data))
        .add("getCurDomain", icall(current))
        .add("getFriendlyName", icall(friendly_name))
        .add("getRootDomain", icall(root))
        .add("getSetup", icall(setup));
    table
        .class("System.Runtime.Remoting.Contexts.Context")
        .add("RegisterContext", icall(register_context))
        .add("ReleaseContext", icall(register_context));
}

fn current(t: &Thread) -> Managed<ObjRef> {
    Ok(t.domain().root(DomainRoot::AppDomain))
}

fn root(t: &Thread) -> Managed<ObjRef> {
    Ok(t.runtime().root_domain().root(DomainRoot::AppDomain))
}

/// Path of the program that runs, if it is known.
fn program(runtime: &Runtime) -> Option<std::path::PathBuf> {
    runtime.entry_image().map(|image| image.path.clone())
}

fn friendly_name(t: &Thread, _this: ObjRef) -> Managed<StringRef> {
    let domain = t.domain();
    let program = if domain.id() == t.runtime().root_domain().id() {
        program(t.runtime())
    } else {
        None
    };
    match program.as_deref().and_then(|path| path.file_name()) {
        Some(name) => t.new_string(&name.to_string_lossy()),
        None => t.new_string(domain.name()),
    }
}

/// The domain's `AppDomainSetup`, made on first use.
fn setup(t: &Thread, _this: ObjRef) -> Managed<ObjRef> {
    let domain = std::ptr::from_ref(t.domain()) as usize;
    t.reflection_object((domain, 0, keys::SETUP), || {
        let class = super::support::corlib_class(t, "System", "AppDomainSetup")?;
        let setup = t.new_object(class)?;
        let program = program(t.runtime());
        let base = program
            .as_deref()
            .and_then(|path| path.parent())
            .map(std::path::Path::to_path_buf)
            .or_else(|| t.runtime().base_folder().cloned());
        if let Some(base) = base {
            let base = std::fs::canonicalize(&base).unwrap_or(base);
            let mut text = base.to_string_lossy().into_owned();
            if !text.ends_with('/') {
                text.push('/');
            }
            let text = t.new_string(&text)?;
            let offset = t.field_offset("System.AppDomainSetup", "application_base")?;
            store_reference(t, setup, offset, text.object());
        }
        if let Some(program) = program {
            let text = t.new_string(&format!("{}.config", program.display()))?;
            let offset = t.field_offset("System.AppDomainSetup", "configuration_file")?;
            store_reference(t, setup, offset, text.object());
        }
        Ok(setup)
    })
}

/// Loaded assemblies, in the order of loading.
fn assemblies(t: &Thread, _this: ObjRef, reflection_only: u8) -> Managed<ArrayRef> {
    let images: Vec<_> = t
        .runtime()
        .images()
        .iter()
        .filter(|image| reflection_only == 0 && Runtime::has_manifest(image))
        .collect();
    let array = reference_array(t, "System.Reflection", "Assembly", images.len())?;
    for (index, image) in images.into_iter().enumerate() {
        store_element(t, array, index, assembly_object(t, image)?);
    }
    Ok(array)
}

fn load_assembly(
    t: &Thread,
    _this: ObjRef,
    name: StringRef,
    _evidence: ObjRef,
    _reflection_only: u8,
    _mark: *mut i32,
) -> Managed<ObjRef> {
    if name.is_null() {
        return Err(argument_null(t, "assemblyRef"));
    }
    match load_by_name(t, &name.to_string_lossy())? {
        Some(image) => assembly_object(t, image),
        // Managed code throws FileNotFoundException.
        None => Ok(ObjRef::NULL),
    }
}

fn load_assembly_bytes(
    t: &Thread,
    _this: ObjRef,
    bytes: ArrayRef,
    _symbols: ArrayRef,
    _evidence: ObjRef,
    _reflection_only: u8,
) -> Managed<ObjRef> {
    if bytes.is_null() {
        return Err(argument_null(t, "rawAssembly"));
    }
    loaded_bytes(t, bytes.as_slice::<u8>())
}

fn execute_assembly(t: &Thread, _this: ObjRef, assembly: ObjRef, args: ArrayRef) -> Managed<i32> {
    let image = image_of_assembly(t, assembly)?;
    let list: Vec<String> = args
        .as_slice::<StringRef>()
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    match t.runtime().run_main(t, image, &list) {
        Ok(code) => Ok(code.unwrap_or(0)),
        Err(ferrocil_vm::RunError::Load(error)) => Err(t.throw_load_error(&error)),
        Err(ferrocil_vm::RunError::Thrown) => Err(t.throw_object(t.take_pending())),
    }
}

/// Key of a domain's data: the interned name.
fn data_key(t: &Thread, name: StringRef) -> Managed<(usize, usize, u32)> {
    if name.is_null() {
        return Err(argument_null(t, "name"));
    }
    let interned = t.domain().intern(t, name.chars())?;
    Ok((interned.object().address(), 0, keys::DOMAIN_DATA))
}

fn get_data(t: &Thread, this: ObjRef, name: StringRef) -> Managed<ObjRef> {
    let field = match name.to_string_lossy().as_str() {
        "APPBASE" => Some("application_base"),
        "APP_CONFIG_FILE" => Some("configuration_file"),
        "APP_NAME" => Some("application_name"),
        "CACHE_BASE" => Some("cache_path"),
        "DYNAMIC_BASE" => Some("dynamic_base"),
        "PRIVATE_BINPATH" => Some("private_bin_path"),
        "BINPATH_PROBE_ONLY" => Some("private_bin_path_probe"),
        "SHADOW_COPY_DIRS" => Some("shadow_copy_directories"),
        "FORCE_CACHE_INSTALL" => Some("shadow_copy_files"),
        _ => None,
    };
    if let Some(field) = field {
        let setup = setup(t, this)?;
        return Ok(setup.read(t.field_offset("System.AppDomainSetup", field)?));
    }
    let key = data_key(t, name)?;
    Ok(t.domain()
        .reflection
        .lock()
        .get(&key)
        .copied()
        .unwrap_or_default())
}

fn set_data(t: &Thread, _this: ObjRef, name: StringRef, value: ObjRef) -> Managed<()> {
    let key = data_key(t, name)?;
    t.domain().reflection.lock().insert(key, value);
    Ok(())
}

fn context(t: &Thread) -> Managed<ObjRef> {
    Ok(t.domain().root(DomainRoot::Context))
}

/// Contexts other than the default one hold no data here; the current one stays.
fn set_context(t: &Thread, context: ObjRef) -> Managed<ObjRef> {
    let old = t.domain().root(DomainRoot::Context);
    t.domain().set_root(DomainRoot::Context, context);
    Ok(old)
}

fn register_context(_t: &Thread, _context: ObjRef) -> Managed<()> {
    // Context-static fields are kept by no context here: there is nothing to register or free.
    Ok(())
}

/// The first GUID that somebody proposes is the process's.
fn process_guid(t: &Thread, proposed: StringRef) -> Managed<StringRef> {
    let guid = t.runtime().ext::<ProcessGuid>();
    optional_string(t, Some(guid.0.get_or_init(|| proposed.to_string_lossy())))
}

/// The process's GUID, once somebody has asked.
#[derive(Debug, Default)]
struct ProcessGuid(std::sync::OnceLock<String>);

fn is_finalizing(_t: &Thread, _domain: i32) -> Managed<bool> {
    Ok(false)
}
