//! `ferrocil dis`: assembler text and tables of an image.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use ferrocil_metadata::text::Disassembler;
use ferrocil_metadata::{Image, ResourceData};

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
    let image = Image::parse(&bytes)?;
    let Some(output) = &options.output else {
        return print(options, &image, io::stdout().lock());
    };
    let file = File::create(output).with_context(|| output.display().to_string())?;
    print(options, &image, file)?;
    if options.method.is_none() {
        let folder = output.parent().unwrap_or(Path::new(""));
        write_resources(&image, folder)?;
    }
    Ok(())
}

fn print(options: &DisOptions, image: &Image<'_>, to: impl Write) -> Result<()> {
    let mut sink = Sink {
        to: BufWriter::with_capacity(1 << 16, to),
        failure: None,
    };
    let result = print_into(options, image, &mut sink);
    // What the sink met is the cause of what the writer says.
    if let Some(failure) = sink.failure {
        return Err(failure.into());
    }
    result?;
    sink.to.flush()?;
    Ok(())
}

fn print_into(options: &DisOptions, image: &Image<'_>, sink: &mut Sink<impl Write>) -> Result<()> {
    let disassembler = Disassembler::new(image);
    let Some(name) = &options.method else {
        return Ok(disassembler.assembly(sink)?);
    };
    let methods = disassembler.find_methods(name)?;
    if methods.is_empty() {
        bail!("no method {name}");
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
struct Sink<W: Write> {
    to: BufWriter<W>,
    failure: Option<io::Error>,
}

impl<W: Write> fmt::Write for Sink<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.to.write_all(text.as_bytes()).map_err(|error| {
            self.failure = Some(error);
            fmt::Error
        })
    }
}
