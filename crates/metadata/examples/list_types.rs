//! Lists the types of an assembly: `cargo run -p ferrocil-metadata --example list_types -- FILE.dll`.

use std::error::Error;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;

use ferrocil_metadata::{Image, TableId};

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: list_types FILE.dll");
        return ExitCode::FAILURE;
    };
    match list(Path::new(&path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}

fn list(path: &Path) -> Result<(), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let image = Image::parse(&bytes)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if let Some(identity) = image.assembly_identity()? {
        writeln!(out, "{identity}")?;
    }
    for rid in image.rids(TableId::TypeDef) {
        let row = image.type_def(rid)?;
        let name = image.string(row.name)?;
        let space = image.string(row.namespace)?;
        let outer = match image.enclosing_type(rid) {
            Some(outer) => format!("{}/", image.string(image.type_def(outer)?.name)?),
            None if space.is_empty() => String::new(),
            None => format!("{space}."),
        };
        let (fields, methods) = (image.type_fields(rid).len(), image.type_methods(rid).len());
        writeln!(
            out,
            "{outer}{name}: {:?}, {fields} fields, {methods} methods",
            row.flags.visibility()
        )?;
    }
    out.flush()?;
    Ok(())
}
