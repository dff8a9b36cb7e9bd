//! The two ends of a round trip through an assembler; `cargo xtask roundtrip` does what is between.
//!
//! `roundtrip text FILE FOLDER` writes assembler text and resources, and prints `exe` or `dll`.
//! `roundtrip compare A B` prints what differs between two images, by names and not by rows.

mod compare;
mod model;
mod spelling;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use ferrocil_metadata::text::Disassembler;
use ferrocil_metadata::{Image, ResourceData, TableId};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["text", file, folder] => text(Path::new(file), Path::new(folder)),
        ["compare", a, b] => compare_files(Path::new(a), Path::new(b)),
        _ => Err(anyhow::anyhow!("usage: text FILE FOLDER, compare A B")),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("FAILED: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// True when an assembly refers to another one of its own name, which to the assembler is itself.
fn refers_to_its_name(image: &Image<'_>) -> Result<bool> {
    let Some(own) = image.assembly_identity()? else {
        return Ok(false);
    };
    for rid in image.rids(TableId::AssemblyRef) {
        if image.string(image.assembly_ref(rid)?.name)? == own.name {
            return Ok(true);
        }
    }
    Ok(false)
}

fn text(file: &Path, folder: &Path) -> Result<bool> {
    let bytes = fs::read(file)?;
    let image = Image::parse(&bytes)?;
    let mut text = String::new();
    Disassembler::new(&image).assembly(&mut text)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    fs::write(folder.join(format!("{name}.il")), text)?;
    for (rid, resource) in image.resources() {
        let resource = resource?;
        if let ResourceData::Embedded(data) = image.resource_data(rid)? {
            if resource.contains('/') {
                bail!("resource {resource:?} cannot be a file's name");
            }
            fs::write(folder.join(resource), data)?;
        }
    }
    if refers_to_its_name(&image)? {
        println!("own-name");
        return Ok(true);
    }
    let is_program = image.entry_point().is_some() && !image.pe_header().is_dll();
    println!("{}", if is_program { "exe" } else { "dll" });
    Ok(true)
}

fn compare_files(a: &Path, b: &Path) -> Result<bool> {
    let (a_bytes, b_bytes) = (fs::read(a)?, fs::read(b)?);
    let original = model::read(&Image::parse(&a_bytes)?)?;
    let other = Image::parse(&b_bytes)
        .map_err(Into::into)
        .and_then(|image| model::read(&image))
        .context("what the assembler wrote")?;
    let difference = compare::difference(&original, &other);
    let known: Vec<String> = difference
        .known
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!(
        "{:>8} {:>9} {:>6}  {}",
        difference.entities,
        difference.facts,
        difference.unexpected_count,
        known.join(", ")
    );
    for line in &difference.unexpected {
        println!("    {}", line.chars().take(400).collect::<String>());
    }
    Ok(difference.unexpected_count == 0)
}
