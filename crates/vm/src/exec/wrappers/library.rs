//! Native libraries and their symbols.

use std::ffi::{CStr, CString};
use std::path::Path;

use crate::error::{LoadError, LoadErrorKind, LoadResult};

/// The name that stands for the program itself.
const INTERNAL: &str = "__Internal";

/// Names that Debian's `/etc/mono/config` maps on Linux.
const MAPPED: [(&str, &str); 3] = [
    ("libc", "libc.so.6"),
    ("msvcrt", "libc.so.6"),
    ("msvcrt.dll", "libc.so.6"),
];

/// Finds a function of a native library: beside the assembly first, then as the system does.
/// Libraries stay loaded as long as the process, as on other runtimes.
///
/// # Errors
/// DllNotFound or EntryPointNotFound.
pub(super) fn find(library: &str, names: &[String], beside: Option<&Path>) -> LoadResult<usize> {
    let handle = open(library, beside).ok_or_else(|| {
        LoadError::new(
            LoadErrorKind::DllNotFound,
            library,
            format!("Unable to load the native library '{library}'."),
        )
    })?;
    names
        .iter()
        .find_map(|name| symbol(handle, name))
        .ok_or_else(|| {
            let name = names.first().map_or("", String::as_str);
            LoadError::new(
                LoadErrorKind::EntryPointNotFound,
                name,
                format!("Unable to find an entry point named '{name}' in the native library '{library}'."),
            )
        })
}

fn open(library: &str, beside: Option<&Path>) -> Option<*mut libc::c_void> {
    if library == INTERNAL {
        // SAFETY: null asks for the program itself.
        let handle = unsafe { libc::dlopen(std::ptr::null(), libc::RTLD_LAZY) };
        return (!handle.is_null()).then_some(handle);
    }
    if let Some((_, name)) = MAPPED.iter().find(|(name, _)| *name == library) {
        return load(name);
    }
    let plain = library.strip_suffix(".dll").unwrap_or(library);
    let forms = [
        library.to_owned(),
        format!("{plain}.so"),
        format!("lib{plain}.so"),
        plain.to_owned(),
    ];
    forms.iter().find_map(|form| {
        let local = beside.map(|folder| folder.join(form));
        local
            .filter(|path| path.exists())
            .and_then(|path| load(&path.to_string_lossy()))
            .or_else(|| load(form))
    })
}

fn load(name: &str) -> Option<*mut libc::c_void> {
    let name = CString::new(name).ok()?;
    // SAFETY: a C string. Loading runs the library's initialisers, which the program asks for.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_LAZY) };
    (!handle.is_null()).then_some(handle)
}

fn symbol(handle: *mut libc::c_void, name: &str) -> Option<usize> {
    let name: CString = CString::new(name).ok()?;
    let name: &CStr = &name;
    // SAFETY: a handle that `dlopen` gave and nobody closes, and a C string.
    let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
    (!found.is_null()).then_some(found as usize)
}
