//! `cargo xtask mutate-bodies`: changed method bodies of our own cases through the
//! compiler, which must not crash (see `crates/runtime/examples/mutate_bodies.rs`).

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use crate::conformance::built_cases;
use crate::proc::{self, Ending, Limits};
use crate::{compile, paths, setup};

/// Options of `cargo xtask mutate-bodies`.
#[derive(Debug, Args)]
pub struct MutateArguments {
    /// Changed bodies to compile, each in both tiers.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Changed programs to run.
    #[arg(long, default_value_t = 200)]
    run: usize,
    /// Where the random numbers start.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Use cargo's dev profile.
    #[arg(long)]
    dev: bool,
}

impl MutateArguments {
    /// A sample that takes seconds.
    pub fn sample() -> Self {
        Self {
            count: 500,
            run: 20,
            seed: 1,
            dev: false,
        }
    }
}

/// Bodies in one image.
const BATCH: usize = 50;
/// Crashes after which a run gives up.
const ENOUGH: usize = 20;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(3600),
    output: 16 << 20,
};

/// Runs the example, again after each crash.
pub fn command(arguments: &MutateArguments) -> Result<ExitCode> {
    setup::ensure(&[setup::RUN, setup::ILASM].concat())?;
    let images = built_cases()?;
    let (example, ferrocil) = build(arguments.dev)?;
    let batches = arguments.count.div_ceil(BATCH);
    let (mut first, mut crashes) = (0, Vec::new());
    loop {
        let mut command = Command::new(&example);
        command
            .args(["--count", &arguments.count.to_string()])
            .args(["--seed", &arguments.seed.to_string()])
            .args(["--batch", &BATCH.to_string()])
            .args(["--first", &first.to_string()])
            .args(["--run", &arguments.run.to_string()])
            .arg("--ferrocil")
            .arg(&ferrocil)
            .args(&images);
        let outcome = proc::run_limited(&mut command, b"", LIMITS)?;
        let output = String::from_utf8_lossy(&outcome.stdout).into_owned();
        for line in output.lines() {
            if line.starts_with("bodies ") || line.starts_with("runs ") {
                println!("{line}");
            }
        }
        if outcome.ending == Ending::Exited(0) {
            break;
        }
        let last = output.lines().last().unwrap_or("start").to_owned();
        let errors = String::from_utf8_lossy(&outcome.stderr);
        let said = errors
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("");
        println!("CRASH in {last} ({}): {said}", outcome.ending);
        crashes.push(last.clone());
        match last
            .strip_prefix("batch ")
            .and_then(|n| n.parse::<usize>().ok())
        {
            Some(batch) if crashes.len() < ENOUGH && batch < batches => first = batch + 1,
            _ => break,
        }
    }
    if crashes.is_empty() {
        println!("{} bodies in both tiers, no crash", arguments.count);
        Ok(ExitCode::SUCCESS)
    } else {
        println!("{} crashes; seed {}", crashes.len(), arguments.seed);
        Ok(ExitCode::FAILURE)
    }
}

/// Builds the example and the command.
fn build(dev: bool) -> Result<(PathBuf, PathBuf)> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(paths::root()).args([
        "build",
        "--quiet",
        "--package",
        "ferrocil",
        "--example",
        "mutate_bodies",
    ]);
    let folder = if dev { "debug" } else { "release" };
    let ferrocil = if dev {
        paths::target().join(folder).join("ferrocil")
    } else {
        command.arg("--release");
        compile::ferrocil()?
    };
    if !ferrocil.exists() {
        bail!("build the command first: cargo build -p ferrocil-cli");
    }
    proc::run_checked(&mut command)?;
    let example = paths::target()
        .join(folder)
        .join("examples")
        .join("mutate_bodies");
    Ok((example, ferrocil))
}
