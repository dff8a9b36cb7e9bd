//! `cargo xtask tables`: everything in every assembly is read, and row counts are compared with what `monodis` prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use ferrocil_metadata::check::check_image;
use ferrocil_metadata::{Error, Image, TableId};

use crate::proc::{self, Limits};
use crate::{paths, setup};

/// Options of `cargo xtask tables`.
#[derive(Debug, Args)]
pub struct TablesArguments {
    /// Files or folders of assemblies.
    #[arg(default_value = "/usr/lib/mono/4.5")]
    places: Vec<PathBuf>,
    /// Only read; do not start monodis.
    #[arg(long)]
    read_only: bool,
}

/// monodis' options and the tables that they print.
const OPTIONS: &[(&str, TableId)] = &[
    ("--typedef", TableId::TypeDef),
    ("--typeref", TableId::TypeRef),
    ("--method", TableId::MethodDef),
    ("--fields", TableId::Field),
    ("--memberref", TableId::MemberRef),
    ("--interface", TableId::InterfaceImpl),
    ("--implmap", TableId::ImplMap),
    ("--property", TableId::Property),
    ("--event", TableId::Event),
    ("--moduleref", TableId::ModuleRef),
    ("--genericpar", TableId::GenericParam),
    ("--methodspec", TableId::MethodSpec),
    ("--typespec", TableId::TypeSpec),
    ("--customattr", TableId::CustomAttribute),
    ("--constant", TableId::Constant),
    ("--nested", TableId::NestedClass),
    ("--classlayout", TableId::ClassLayout),
    ("--methodimpl", TableId::MethodImpl),
    ("--methodsem", TableId::MethodSemantics),
    ("--param", TableId::Param),
    ("--propertymap", TableId::PropertyMap),
    ("--fieldrva", TableId::FieldRva),
    ("--standalonesig", TableId::StandAloneSig),
    ("--marshal", TableId::FieldMarshal),
    ("--declsec", TableId::DeclSecurity),
];

const LIMITS: Limits = Limits {
    time: Duration::from_secs(60),
    output: 64 << 20,
};

/// Reads and compares every assembly; prints what is wrong and a line at the end.
pub fn command(arguments: &TablesArguments) -> Result<ExitCode> {
    if !arguments.read_only {
        setup::ensure(setup::ILASM)?;
    }
    let scratch = paths::target().join("tables");
    fs::create_dir_all(&scratch).with_context(|| format!("cannot create {}", scratch.display()))?;
    let (mut images, mut rows, mut bodies, mut compared, mut wrong) = (0, 0, 0, 0, 0);
    for file in files(&arguments.places)? {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let image = match Image::parse(&bytes) {
            Ok(image) => image,
            // Native libraries stand beside the assemblies.
            Err(Error::NotCli | Error::NotPe(_)) => continue,
            Err(error) => {
                println!("{}: {error}", file.display());
                wrong += 1;
                continue;
            }
        };
        images += 1;
        let report = check_image(&image);
        rows += report.rows;
        bodies += report.bodies;
        wrong += report.problem_count;
        for (token, problem) in &report.problems {
            println!("{}: {token:?}: {problem}", file.display());
        }
        if arguments.read_only {
            continue;
        }
        for (option, table) in OPTIONS {
            compared += 1;
            let (ours, theirs) = (image.row_count(*table), monodis(&file, option, &scratch)?);
            if ours != theirs {
                wrong += 1;
                println!("{} {option}: {ours} rows, monodis {theirs}", file.display());
            }
        }
    }
    println!(
        "{images} images, {rows} rows, {bodies} bodies read; {compared} row counts compared; {wrong} wrong"
    );
    if images == 0 {
        bail!("no assembly there");
    }
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn files(places: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for place in places {
        if !place.is_dir() {
            found.push(place.clone());
            continue;
        }
        for entry in fs::read_dir(place).with_context(|| place.display().to_string())? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|end| end == "dll" || end == "exe")
            {
                found.push(std::path::absolute(path)?);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Rows as monodis counts them. It runs in a folder of its own, since it writes resources where it stands.
fn monodis(file: &Path, option: &str, scratch: &Path) -> Result<u32> {
    let mut command = Command::new("monodis");
    command.arg(option).arg(file).current_dir(scratch);
    let outcome = proc::run_limited(&mut command, b"", LIMITS)?;
    let text = String::from_utf8_lossy(&outcome.stdout);
    let digits = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    // Most tables have a headline `(1..COUNT)`; the others number their lines.
    let headline = text
        .lines()
        .find_map(|line| digits(line.split_once("(1..")?.1));
    let last = || {
        text.lines()
            .rev()
            .find_map(|line| digits(line.split_once(':')?.0))
    };
    // An empty table has no headline or no line.
    Ok(headline.or_else(last).unwrap_or(0))
}
