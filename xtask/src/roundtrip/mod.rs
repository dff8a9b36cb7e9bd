//! `cargo xtask roundtrip`: image → text → `ilasm` → image, and what the two images say is compared.

mod compare;
mod model;
mod spelling;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use ferrocil_metadata::text::Disassembler;
use ferrocil_metadata::{Image, ResourceData};

use crate::proc::{self, Ending, Limits};
use crate::{paths, setup};
use compare::Difference;

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
    println!(
        "{:<48} {:>8} {:>9} {:>6}  lost (cannot be expressed)",
        "assembly", "entities", "facts", "wrong"
    );
    let mut failed = 0;
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        match one(file, &scratch.join(&*name), arguments.run.as_deref()) {
            Ok(difference) => {
                failed += usize::from(difference.unexpected_count != 0);
                report(&name, &difference);
            }
            Err(error) => {
                failed += 1;
                println!("{name:<48} FAILED: {error:#}");
            }
        }
        if arguments.keep.is_none() {
            drop(fs::remove_dir_all(&scratch));
        }
    }
    println!("{} of {} are the same", files.len() - failed, files.len());
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn report(name: &str, difference: &Difference) {
    let known: Vec<String> = difference
        .known
        .iter()
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    println!(
        "{name:<48} {:>8} {:>9} {:>6}  {}",
        difference.entities,
        difference.facts,
        difference.unexpected_count,
        known.join(", ")
    );
    for line in &difference.unexpected {
        println!("    {}", line.chars().take(400).collect::<String>());
    }
}

fn files(arguments: &RoundtripArguments) -> Result<Vec<PathBuf>> {
    if !arguments.files.is_empty() {
        return Ok(arguments.files.clone());
    }
    let library = Path::new(CLASS_LIBRARY);
    if arguments.all {
        return managed_files(library);
    }
    let programs = managed_files(&paths::target().join("conformance").join("cache"))?;
    if arguments.sample {
        let step = (programs.len() / SAMPLE_PROGRAMS).max(1);
        let mut files: Vec<PathBuf> = SAMPLE.iter().map(|name| library.join(name)).collect();
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
fn managed_files(folder: &Path) -> Result<Vec<PathBuf>> {
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

/// One file there and back.
fn one(file: &Path, folder: &Path, runtime: Option<&Path>) -> Result<Difference> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let image = Image::parse(&bytes)?;
    let path = reassemble(&image, file, folder)?;
    if let Some(runtime) = runtime
        && image.entry_point().is_some()
        && !image.pe_header().is_dll()
    {
        // Libraries beside the program are found from the new one as well.
        for library in managed_files(file.parent().unwrap_or(Path::new(".")))? {
            if library.extension().is_some_and(|end| end == "dll") {
                let copy = folder.join(library.file_name().unwrap_or_default());
                fs::copy(&library, copy)?;
            }
        }
        let (before, after) = (run(runtime, file, folder)?, run(runtime, &path, folder)?);
        if before != after {
            bail!("the programs do not write the same");
        }
    }
    let again_bytes = fs::read(&path)?;
    let again = Image::parse(&again_bytes).context("what ilasm wrote")?;
    let original = model::read(&image)?;
    let other = model::read(&again).context("what ilasm wrote")?;
    Ok(compare::difference(&original, &other))
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

/// Writes the text and resources to a folder, assembles, and gives the new image's path.
fn reassemble(image: &Image<'_>, file: &Path, folder: &Path) -> Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let mut text = String::new();
    Disassembler::new(image).assembly(&mut text)?;
    let source = folder.join(format!("{name}.il"));
    fs::write(&source, text)?;
    for (rid, resource) in image.resources() {
        if let ResourceData::Embedded(data) = image.resource_data(rid)? {
            fs::write(folder.join(resource?), data)?;
        }
    }
    let output = folder.join(&*name);
    let kind = if image.entry_point().is_none() || image.pe_header().is_dll() {
        "/dll"
    } else {
        "/exe"
    };
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
