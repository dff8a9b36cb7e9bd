//! `cargo xtask hard-limit`: programs at the edge of the heap's limit.
//!
//! `tests/hard-limit/edge.cs` fills the heap until `OutOfMemoryException`, works on at the edge,
//! lets go and goes on, under `--heap-limit` 4, 16 and 64 MiB, each run with another seed;
//! `types.cs` loads generic types and compiles their methods there. A run fails when the program
//! does not end with `ok`, or when the resident set (`ru_maxrss`) of `edge` exceeds that of the same
//! program with memory to spare by more than the limit. (What `types` takes is code and types, other
//! ones with each seed.)

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::proc::{self, Ending, Limits, Outcome};
use crate::{compile, paths, setup};

/// Options of `cargo xtask hard-limit`.
#[derive(Debug, Args)]
pub struct HardLimitArguments {
    /// Runs, shared out over the limits.
    #[arg(long, default_value_t = 100)]
    runs: u32,
    /// Seed of the first run; the others follow.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The command to test instead of a release build of this tree.
    #[arg(long, value_name = "FILE")]
    ferrocil: Option<PathBuf>,
}

impl HardLimitArguments {
    /// A few runs, for `cargo xtask test`.
    pub fn sample() -> Self {
        Self {
            runs: 10,
            seed: 1,
            ferrocil: None,
        }
    }
}

/// A program, a limit in MiB, and how often a run fills the heap.
const EDGES: [(&str, u64, u32); 5] = [
    ("edge", 4, 20),
    ("edge", 16, 8),
    ("edge", 64, 3),
    ("types", 4, 12),
    ("types", 16, 12),
];

/// What may come on top of the limit: code that a run compiles and the run it is measured by does
/// not (error paths, the second tier), thread stacks, the system allocator's own losses.
const SLACK_KIB: u64 = 4 << 10;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(300),
    output: 1 << 16,
};

/// Runs, prints a line per limit, and fails when a run failed.
pub fn command(arguments: &HardLimitArguments) -> Result<ExitCode> {
    setup::ensure(setup::RUN)?;
    let ferrocil = match &arguments.ferrocil {
        Some(file) => std::fs::canonicalize(file)
            .with_context(|| format!("there is no {}", file.display()))?,
        None => compile::ferrocil()?,
    };
    let folder = paths::target().join("hard-limit");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    println!("program  limit   runs  failed  to spare   largest   beyond");
    let mut failed = 0;
    for (index, (name, mib, rounds)) in EDGES.into_iter().enumerate() {
        let program = folder.join(name).with_extension("exe");
        let source = paths::root().join("tests/hard-limit").join(name);
        compile::build(&source.with_extension("cs"), &program)?;
        let edge = Edge {
            ferrocil: &ferrocil,
            name,
            program: &program,
            mib,
        };
        let seeds = (arguments.seed..).take(arguments.runs as usize);
        failed += edge.runs(seeds.skip(index).step_by(EDGES.len()), rounds)?;
    }
    println!(
        "resident sets in MiB; beyond: largest less what the program takes with memory to spare, \
         at most the limit and {} MiB",
        SLACK_KIB >> 10
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A program at one limit.
struct Edge<'a> {
    ferrocil: &'a Path,
    name: &'a str,
    program: &'a Path,
    mib: u64,
}

impl Edge<'_> {
    /// All runs of this limit; how many failed.
    fn runs(&self, seeds: impl Iterator<Item = u32>, rounds: u32) -> Result<u32> {
        let spare = self.run(1, 0)?;
        ensure!(
            succeeded(&spare),
            "with memory to spare: {}",
            described(&spare)
        );
        let (mut runs, mut failed, mut largest) = (0, 0, 0);
        for seed in seeds {
            let outcome = self.run(seed, rounds)?;
            runs += 1;
            largest = largest.max(outcome.max_rss_kib);
            let beyond = outcome.max_rss_kib.saturating_sub(spare.max_rss_kib);
            let grew = self.name == "edge" && beyond > (self.mib << 10) + SLACK_KIB;
            if grew || !succeeded(&outcome) {
                failed += 1;
                println!(
                    "FAILED {} {} MiB, seed {seed}: {} MiB resident, {}",
                    self.name,
                    self.mib,
                    outcome.max_rss_kib >> 10,
                    described(&outcome)
                );
            }
        }
        let mib = |kib: u64| kib as f64 / 1024.0;
        println!(
            "{:<7} {:>3} MiB {runs:>6} {failed:>7} {:>9.1} {:>9.1} {:>8.1}",
            self.name,
            self.mib,
            mib(spare.max_rss_kib),
            mib(largest),
            mib(largest.saturating_sub(spare.max_rss_kib))
        );
        Ok(failed)
    }

    fn run(&self, seed: u32, rounds: u32) -> Result<Outcome> {
        let mut command = Command::new(self.ferrocil);
        command
            .arg("--heap-limit")
            .arg(format!("{}M", self.mib))
            .arg(self.program)
            .arg(seed.to_string())
            .arg(rounds.to_string())
            // Every run compiles what it uses: at the edge, half of the time.
            .env("FERROCIL_CODE_CACHE", "off");
        proc::run_limited(&mut command, b"", LIMITS)
    }
}

fn succeeded(outcome: &Outcome) -> bool {
    outcome.ending == Ending::Exited(0) && outcome.stdout.starts_with(b"ok ")
}

/// How a run ended, with the first lines of what it said.
fn described(outcome: &Outcome) -> String {
    let text = [&outcome.stdout[..], &outcome.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().take(12).collect();
    format!("{}\n{}", outcome.ending, lines.join("\n"))
}
