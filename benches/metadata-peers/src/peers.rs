//! The other crates. Each reads what it can, and touches what it made.

use std::hint::black_box;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Everything is decoded when the assembly is opened.
#[cfg(feature = "dotnetdll")]
pub fn dotnetdll_all(bytes: &[u8]) -> Result<u64> {
    use dotnetdll::prelude::{ReadOptions, Resolution};
    let resolution = Resolution::parse(bytes, ReadOptions::default())?;
    let mut sum = 0_u64;
    for ty in &resolution.type_definitions {
        sum += ty.name.len() as u64;
        for method in &ty.methods {
            sum += method.name.len() as u64 + method.signature.parameters.len() as u64;
            if let Some(body) = &method.body {
                sum += body.instructions.len() as u64 + body.data_sections.len() as u64;
            }
        }
    }
    Ok(black_box(sum))
}

/// With every lazy option.
#[cfg(feature = "dotnetdll")]
pub fn dotnetdll_open(bytes: &[u8]) -> Result<u64> {
    use dotnetdll::prelude::{ReadOptions, Resolution};
    let mut options = ReadOptions::default();
    options.lazy_method_bodies = true;
    options.lazy_method_signatures = true;
    let resolution = Resolution::parse(bytes, options)?;
    Ok(black_box(resolution.type_definitions.len() as u64))
}

/// Types, methods and their blocks are made when the assembly is opened.
#[cfg(feature = "dotscope")]
pub fn dotscope_all(path: &str) -> Result<u64> {
    let assembly = dotscope::metadata::cilobject::CilObject::from_path(path)?;
    let mut sum = 0_u64;
    for entry in assembly.methods().iter() {
        let method = entry.value();
        sum += method.name.len() as u64 + method.instructions().count() as u64;
    }
    Ok(black_box(sum))
}

/// Tables and names; clrmeta reads no PE file and no IL.
#[cfg(feature = "clrmeta")]
pub fn clrmeta_all(root: &[u8]) -> Result<u64> {
    let metadata = clrmeta::Metadata::parse(root)?;
    let mut sum = 0_u64;
    for ty in metadata.types() {
        sum += ty.name.len() as u64;
    }
    for method in metadata.methods() {
        sum += method.name.len() as u64;
    }
    Ok(black_box(sum))
}

#[cfg(feature = "clrmeta")]
pub fn clrmeta_open(root: &[u8]) -> Result<u64> {
    let metadata = clrmeta::Metadata::parse(root)?;
    Ok(black_box(metadata.version().len() as u64))
}
