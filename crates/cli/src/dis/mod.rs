//! `ferrocil dis`: assembler text and tables of an image.

mod tables;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use ferrocil_metadata::pdb::Pdb;
use ferrocil_metadata::text::{Disassembler, Heap};
use ferrocil_metadata::{Image, Metadata, ResourceData};

use crate::options::DisOptions;

/// Does what the options say; one line to standard error when it cannot.
pub fn run(options: &DisOptions) -> ExitCode {
    match perform(options) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of a pipe has seen enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ferrocil: {}: {error:#}", options.file.display());
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn perform(options: &DisOptions) -> Result<()> {
    let bytes = fs::read(&options.file).context("cannot read")?;
    if options.table.is_some() || options.json {
        // A Portable PDB is metadata without an image around it.
        if bytes.starts_with(b"BSJB") {
            return with_output(options, |sink| {
                let pdb = Pdb::parse(&bytes)?;
                print_tables(options, &pdb, sink)
            });
        }
        let image = Image::parse(&bytes)?;
        return with_output(options, |sink| print_tables(options, &image, sink));
    }
    let image = Image::parse(&bytes)?;
    with_output(options, |sink| match &options.method {
        Some(name) => print_method(&image, name, sink),
        None => Ok(Disassembler::new(&image).assembly(sink)?),
    })?;
    if let Some(output) = &options.output
        && options.method.is_none()
    {
        write_resources(&image, output.parent().unwrap_or(Path::new("")))?;
    }
    Ok(())
}

/// Opens what is written to, and says why writing failed.
fn with_output(options: &DisOptions, print: impl FnOnce(&mut Sink) -> Result<()>) -> Result<()> {
    let to: Box<dyn Write> = match &options.output {
        None => Box::new(io::stdout().lock()),
        Some(path) => {
            let file = File::create(path).with_context(|| path.display().to_string())?;
            Box::new(file)
        }
    };
    let mut sink = Sink {
        to: BufWriter::with_capacity(1 << 16, to),
        failure: None,
    };
    let result = print(&mut sink);
    // What the sink met is the cause of what the writer says.
    if let Some(failure) = sink.failure {
        return Err(failure.into());
    }
    result?;
    sink.to.flush()?;
    Ok(())
}

fn print_tables(options: &DisOptions, metadata: &Metadata<'_>, sink: &mut Sink) -> Result<()> {
    if !options.json
        && let Some(heap) = options.table.as_deref().and_then(Heap::find)
    {
        return Ok(heap.write(metadata, sink)?);
    }
    let wanted = tables::wanted(metadata, options.table.as_deref())?;
    if options.json {
        tables::json(metadata, &wanted, &mut sink.to)
    } else {
        tables::text(metadata, &wanted, sink)
    }
}

fn print_method(image: &Image<'_>, name: &str, sink: &mut Sink) -> Result<()> {
    let disassembler = Disassembler::new(image);
    let methods = disassembler.find_methods(name)?;
    if methods.is_empty() {
        bail!("no method {name:?}: it is named Namespace.Type::Method, with / before nested types");
    }
    for method in methods {
        disassembler.method(method, sink)?;
    }
    Ok(())
}

/// Embedded resources as files with the resources' names, where `ilasm` looks for them.
fn write_resources(image: &Image<'_>, folder: &Path) -> Result<()> {
    for (rid, name) in image.resources() {
        let name = name?;
        let ResourceData::Embedded(data) = image.resource_data(rid)? else {
            continue;
        };
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            bail!("resource {name:?} cannot be a file's name");
        }
        let path = folder.join(name);
        fs::write(&path, data).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Text to bytes; keeps the failure, which [`fmt::Error`] cannot carry.
struct Sink {
    to: BufWriter<Box<dyn Write>>,
    failure: Option<io::Error>,
}

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.to.write_all(text.as_bytes()).map_err(|error| {
            self.failure = Some(error);
            fmt::Error
        })
    }
}
