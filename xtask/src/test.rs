//! `cargo xtask test`: everything that must pass.

use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::badinput::{self, BadInputArguments};
use crate::conformance::{self, ConformanceArguments};
use crate::hardlimit::{self, HardLimitArguments};
use crate::listings::{self, ListingsArguments};
use crate::mutate::{self, MutateArguments};
use crate::roundtrip::{self, RoundtripArguments};
use crate::tidy::{self, TidyArguments};
use crate::{compile, paths, proc, setup};

/// Options of `cargo xtask test`.
#[derive(Debug, Args)]
pub struct TestArguments {
    /// Only the steps whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("setup: Debian packages", || {
        setup::ensure(&[setup::RUN, setup::ILASM].concat())
    }),
    ("format: cargo fmt --check", || {
        cargo(&["fmt", "--all", "--check"])
    }),
    ("tidy: layers, sources, files", || {
        succeed(tidy::command(&TidyArguments::default()))
    }),
    ("clippy: every target", || {
        cargo(&["clippy", "--quiet", "--workspace", "--all-targets"])
    }),
    ("no_std: the metadata crate alone", no_std),
    ("tests: unit, property, embedding, documentation", || {
        cargo(&["test", "--quiet", "--workspace", "--no-fail-fast"])
    }),
    ("command: release build", || compile::ferrocil().map(drop)),
    ("bad input: one clear line each", || {
        succeed(badinput::command(&BadInputArguments::default()))
    }),
    ("mutated bodies: no crash of the compiler", || {
        succeed(mutate::command(&MutateArguments::sample()))
    }),
    ("hard limit: programs at the edge", || {
        succeed(hardlimit::command(&HardLimitArguments::sample()))
    }),
    ("conformance: the same as Mono", || {
        succeed(conformance::command(&ConformanceArguments::default()))
    }),
    ("conformance: exceptions, from the code cache", || {
        succeed(conformance::command(&ConformanceArguments::warm_sample()))
    }),
    ("conformance: threads, under collector stress", || {
        succeed(conformance::command(&ConformanceArguments::stress_sample()))
    }),
    ("listings: tables as monodis writes them", || {
        succeed(listings::command(&ListingsArguments::default()))
    }),
    ("round trip: image, text, ilasm, image", || {
        succeed(roundtrip::command(&RoundtripArguments::sample()))
    }),
];

/// Runs every step, also after a failure, and says at the end what failed.
pub fn command(arguments: &TestArguments) -> Result<ExitCode> {
    let wanted = |name: &str| {
        arguments
            .only
            .as_ref()
            .is_none_or(|part| name.contains(part.as_str()))
    };
    let steps: Vec<&Step> = STEPS.iter().filter(|(name, _)| wanted(name)).collect();
    if steps.is_empty() {
        bail!("no step's name contains that");
    }
    let started = Instant::now();
    let mut done: Vec<(&str, Duration, Option<String>)> = Vec::new();
    for (index, (name, run)) in steps.iter().enumerate() {
        println!("\n==> [{}/{}] {name}", index + 1, steps.len());
        let began = Instant::now();
        let failure = run().err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            println!("{failure}");
        }
        done.push((name, began.elapsed(), failure));
    }
    println!();
    for (name, time, failure) in &done {
        let verdict = if failure.is_none() { "ok" } else { "FAILED" };
        println!("{verdict:<7} {:>6.0} s  {name}", time.as_secs_f64());
    }
    let failed = done
        .iter()
        .filter(|(_, _, failure)| failure.is_some())
        .count();
    let total = started.elapsed().as_secs_f64();
    println!("{:.0} s; {failed} of {} steps failed", total, done.len());
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Without any feature here, and with all of them for a processor without an operating system when its library is there.
fn no_std() -> Result<()> {
    const CHECK: &[&str] = &["check", "--quiet", "--package", "ferrocil-metadata"];
    const BARE: &str = "thumbv7em-none-eabi";
    cargo(&[CHECK, &["--no-default-features"]].concat())?;
    let targets = Command::new("rustup")
        .args(["target", "list", "--installed"])
        .output();
    let installed = targets.is_ok_and(|found| {
        let names = String::from_utf8_lossy(&found.stdout).into_owned();
        names.lines().any(|name| name == BARE)
    });
    if !installed {
        println!("note: `rustup target add {BARE}` would check that nothing of std is used");
        return Ok(());
    }
    cargo(&[CHECK, &["--all-features", "--target", BARE]].concat())
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    proc::run_checked(
        Command::new(cargo)
            .current_dir(paths::root())
            .args(arguments),
    )
}

fn succeed(result: Result<ExitCode>) -> Result<()> {
    if result? != ExitCode::SUCCESS {
        bail!("see above");
    }
    Ok(())
}
