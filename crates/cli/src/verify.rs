//! `ferrocil verify`: the structural rules of IL.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use ferrocil_metadata::verify::{Summary, Violation, verify};
use ferrocil_metadata::{Error, Image, Rid};

use crate::options::VerifyOptions;

/// Prints each violation and a summary; fails when there is a violation or the file cannot be read.
pub fn run(options: &VerifyOptions) -> ExitCode {
    match perform(options) {
        Ok(Summary { violations: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("ferrocil: {}: {error:#}", options.file.display());
            ExitCode::FAILURE
        }
    }
}

fn perform(options: &VerifyOptions) -> Result<Summary> {
    let bytes = fs::read(&options.file).context("cannot read")?;
    let image = Image::parse(&bytes)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut failure = Ok(());
    let summary = verify(&image, &mut |violation| {
        if failure.is_ok() {
            failure = print(&image, &violation, &mut out);
        }
    });
    failure?;
    writeln!(
        out,
        "{} method bodies, {} with violations, {} violations",
        summary.bodies, summary.bad_bodies, summary.violations
    )?;
    out.flush()?;
    Ok(summary)
}

fn print(image: &Image<'_>, violation: &Violation, out: &mut impl Write) -> io::Result<()> {
    let name = name(image, violation.method).unwrap_or_else(|_| "?".into());
    writeln!(out, "{name}: {violation}")
}

/// `Namespace.Outer/Inner::Method`
fn name(image: &Image<'_>, method: Rid) -> Result<String, Error> {
    let mut owner = image.owner_of_method(method);
    let mut types = Vec::new();
    // A chain of enclosing types that is longer than the table goes round in a circle.
    while let Some(rid) = owner
        && types.len() <= 64
    {
        let row = image.type_def(rid)?;
        let (namespace, name) = (image.string(row.namespace)?, image.string(row.name)?);
        types.push(if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}.{name}")
        });
        owner = image.enclosing_type(rid);
    }
    types.reverse();
    let method = image.string(image.method_def(method)?.name)?;
    Ok(format!("{}::{method}", types.join("/")))
}
