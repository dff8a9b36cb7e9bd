//! `cargo xtask roundtrip`: image → text → `ilasm` → image, and what the two images say is compared.
//!
//! The example `roundtrip` of `ferrocil-metadata` makes the text and compares.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::proc::{self, Ending, Limits};
use crate::{paths, setup};

/// Options of `cargo xtask roundtrip`.
#[derive(Debug, Default, Args)]
pub struct RoundtripArguments {
    /// Assemblies; without any: mscorlib, System, System.Core and the built conformance programs.
    files: Vec<PathBuf>,
    /// A small sample, for every test run.
    #[arg(long)]
    sample: bool,
    /// Every assembly of Mono's class library.
    #[arg(long)]
    all: bool,
    /// Also run programs with this runtime (`ferrocil`, `mono`), before and after, and compare what they write.
    #[arg(long)]
    run: Option<PathBuf>,
    /// Keep text and new images in this folder.
    #[arg(long)]
    keep: Option<PathBuf>,
}

impl RoundtripArguments {
    /// The small sample.
    pub fn sample() -> Self {
        Self {
            sample: true,
            ..Self::default()
        }
    }
}

const CLASS_LIBRARY: &str = "/usr/lib/mono/4.5";
/// Small, and together they use most of the format: forwarders, resources, generics, unsafe code, security.
const SAMPLE: &[&str] = &[
    "System.Numerics.dll",
    "Accessibility.dll",
    "cscompmgd.dll",
    "ilasm.exe",
];
const SAMPLE_PROGRAMS: usize = 8;
/// Initial data of types whose size is not said.
const ALWAYS: &str = "rva_fields.exe";

const NOT_COMPARED: &str = "not compared";

const LIMITS: Limits = Limits {
    time: Duration::from_secs(600),
    output: 1 << 20,
};

/// Makes the round trip with each file and prints a line for each.
pub fn command(arguments: &RoundtripArguments) -> Result<ExitCode> {
    setup::ensure(&[setup::RUN, setup::ILASM].concat())?;
    let files = files(arguments)?;
    let scratch = match &arguments.keep {
        Some(folder) => folder.clone(),
        None => paths::target()
            .join("roundtrip")
            .join(std::process::id().to_string()),
    };
    let tool = tool()?;
    println!(
        "{:<48} {:>8} {:>9} {:>6}  lost (cannot be expressed)",
        "assembly", "entities", "facts", "wrong"
    );
    let (mut failed, mut skipped) = (0, 0);
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let folder = scratch.join(&*name);
        let (same, said) = one(&tool, file, &folder, arguments.run.as_deref())
            .unwrap_or_else(|error| (false, format!("FAILED: {error:#}\n")));
        failed += usize::from(!same);
        skipped += usize::from(said.starts_with(NOT_COMPARED));
        print!("{name:<48} {said}");
        if arguments.keep.is_none() {
            drop(fs::remove_dir_all(&scratch));
        }
    }
    let same = files.len() - failed - skipped;
    println!(
        "{same} of {} are the same, {skipped} not compared",
        files.len()
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Builds the example and gives its path.
fn tool() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    proc::run_checked(Command::new(cargo).current_dir(paths::root()).args([
        "build",
        "--quiet",
        "--package",
        "ferrocil-metadata",
        "--features",
        "text",
        "--example",
        "roundtrip",
    ]))?;
    Ok(paths::target()
        .join("debug")
        .join("examples")
        .join("roundtrip"))
}

fn files(arguments: &RoundtripArguments) -> Result<Vec<PathBuf>> {
    if !arguments.files.is_empty() {
        // Programs are run in a folder of their own.
        let files = arguments.files.iter().map(std::path::absolute);
        return Ok(files.collect::<Result<_, _>>()?);
    }
    let library = Path::new(CLASS_LIBRARY);
    if arguments.all {
        return managed_files(library);
    }
    let programs = managed_files(&paths::target().join("conformance").join("cache"))?;
    if arguments.sample {
        let step = (programs.len() / SAMPLE_PROGRAMS).max(1);
        let mut files: Vec<PathBuf> = SAMPLE.iter().map(|name| library.join(name)).collect();
        let always = programs.iter().find(|program| program.ends_with(ALWAYS));
        files.extend(always.cloned());
        files.extend(programs.into_iter().step_by(step).take(SAMPLE_PROGRAMS));
        return Ok(files);
    }
    let mut files: Vec<PathBuf> = ["mscorlib.dll", "System.dll", "System.Core.dll"]
        .iter()
        .map(|name| library.join(name))
        .collect();
    files.extend(programs);
    Ok(files)
}

/// Programs and libraries in a folder and its subfolders, by name.
pub fn managed_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|end| end == "exe" || end == "dll")
            {
                found.push(path);
            }
        }
    }
    found.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(found)
}

/// One file there and back: whether it is the same, and what the comparison says.
fn one(tool: &Path, file: &Path, folder: &Path, runtime: Option<&Path>) -> Result<(bool, String)> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut text = Command::new(tool);
    text.arg("text").arg(file).arg(folder);
    let outcome = proc::run_limited(&mut text, b"", LIMITS)?;
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    if outcome.ending != Ending::Exited(0) {
        bail!("no text: {}", said.trim());
    }
    if said.trim() == "own-name" {
        let why = "it refers to another assembly of its own name";
        return Ok((true, format!("{NOT_COMPARED}: {why}\n")));
    }
    let is_program = said.trim() == "exe";
    let again = assemble(file, folder, is_program)?;
    if let Some(runtime) = runtime
        && is_program
    {
        // Libraries beside the program are found from the new one as well.
        for library in managed_files(file.parent().unwrap_or(Path::new(".")))? {
            if library.extension().is_some_and(|end| end == "dll") {
                let copy = folder.join(library.file_name().unwrap_or_default());
                fs::copy(&library, copy)?;
            }
        }
        let (before, after) = (run(runtime, file, folder)?, run(runtime, &again, folder)?);
        if before != after {
            bail!("the programs do not write the same");
        }
    }
    let mut compare = Command::new(tool);
    compare.arg("compare").arg(file).arg(&again);
    let outcome = proc::run_limited(&mut compare, b"", LIMITS)?;
    Ok((
        outcome.ending == Ending::Exited(0),
        String::from_utf8_lossy(&outcome.stdout).into_owned(),
    ))
}

/// What a program writes to standard output, and how it ends.
fn run(runtime: &Path, program: &Path, folder: &Path) -> Result<(Ending, Vec<u8>)> {
    let mut command = Command::new(std::path::absolute(runtime).unwrap_or(runtime.into()));
    if runtime.components().count() == 1 {
        command = Command::new(runtime);
    }
    command.arg(program).current_dir(folder);
    let limits = Limits {
        time: Duration::from_secs(60),
        ..LIMITS
    };
    let outcome = proc::run_limited(&mut command, b"", limits)?;
    Ok((outcome.ending, outcome.stdout))
}

/// Assembles the text in a folder and gives the new image's path.
fn assemble(file: &Path, folder: &Path, is_program: bool) -> Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let source = folder.join(format!("{name}.il"));
    let output = folder.join(&*name);
    let kind = if is_program { "/exe" } else { "/dll" };
    let mut command = Command::new("ilasm");
    command
        .args(["/quiet", kind])
        .arg(format!("/output:{}", output.display()))
        .arg(&source)
        .current_dir(folder);
    let outcome = proc::run_limited(&mut command, b"", LIMITS)?;
    if outcome.ending != Ending::Exited(0) {
        let said = [outcome.stdout, outcome.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let line = said
            .lines()
            .find(|line| line.contains("rror") || line.contains("xception"))
            .unwrap_or("");
        bail!("ilasm: {}: {line}", outcome.ending);
    }
    Ok(output)
}
