//! `cargo xtask conformance`: every case under ferrocil and under Mono, compared.
//!
//! Cases are the `.cs` and `.il` files under `tests/conformance`; the README
//! there describes the files beside them. Builds and Mono's outputs are kept in
//! `target/conformance/cache` under the hash of everything they depend on.

mod cache;
mod cases;
mod compare;
mod execute;
mod expected;
mod html;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{compile, paths, setup};
use cases::Case;
use execute::{CaseResult, Executor, Mode};
use expected::ExpectedFailures;

/// Options of `cargo xtask conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArguments {
    /// Only the cases whose name (`folder/name`) contains this.
    #[arg(long)]
    filter: Option<String>,
    /// Cases that run at once.
    #[arg(long, default_value_t = default_jobs())]
    jobs: usize,
    /// Time limit of one run, in seconds.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Run this program in place of the release build of ferrocil.
    #[arg(long)]
    ferrocil: Option<PathBuf>,
    /// Check the cases themselves: run each twice under Mono and compare.
    #[arg(long)]
    oracle_only: bool,
    /// Change no file but the results under target/ (always so; for scripts
    /// that want to say it).
    #[arg(long)]
    bless_nothing: bool,
}

impl Default for ConformanceArguments {
    fn default() -> Self {
        Self {
            filter: None,
            jobs: default_jobs(),
            limit: 20,
            ferrocil: None,
            oracle_only: false,
            bless_nothing: true,
        }
    }
}

fn default_jobs() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Runs the cases, prints a table by folder, writes JSON and HTML.
pub fn command(arguments: &ConformanceArguments) -> Result<ExitCode> {
    setup::ensure(&[setup::RUN, setup::ILASM].concat())?;
    let folder = paths::root().join("tests").join("conformance");
    let mut cases = cases::discover(&folder)?;
    let expected = ExpectedFailures::load(&folder.join("expected.toml"), &cases)?;
    if let Some(filter) = &arguments.filter {
        cases.retain(|case| case.name.contains(filter.as_str()));
    }
    if cases.is_empty() {
        bail!("no case under {} matches", folder.display());
    }
    let mode = if arguments.oracle_only {
        Mode::OracleTwice
    } else {
        let program = match &arguments.ferrocil {
            Some(program) => program.clone(),
            None => compile::ferrocil()?,
        };
        Mode::Compare {
            program: std::path::absolute(program)?,
        }
    };
    let executor = Executor::new(mode, Duration::from_secs(arguments.limit))?;
    let started = Instant::now();
    let results = run_all(&cases, &executor, &expected, arguments.jobs.max(1));
    let summary = report::Summary::new(results, started.elapsed());
    report::print_table(&summary);
    let output = paths::target().join("conformance");
    report::write_json(&summary, &output.join("results.json"))?;
    html::write(&summary, &output.join("index.html"))?;
    println!("details: {}", output.join("index.html").display());
    Ok(if summary.good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_all(
    cases: &[Case],
    executor: &Executor,
    expected: &ExpectedFailures,
    jobs: usize,
) -> Vec<CaseResult> {
    let bar = progress(cases.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(cases.len()));
    thread::scope(|scope| {
        for _ in 0..jobs.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut result = executor.run(case);
                    expected.apply(&mut result);
                    if !result.verdict.good() {
                        bar.suspend(|| println!("{:<16} {}", result.verdict.name(), case.name));
                    }
                    bar.inc(1);
                    bar.set_message(case.name.clone());
                    if bar.is_hidden() && bar.position().is_multiple_of(50) {
                        println!("{} of {} cases", bar.position(), cases.len());
                    }
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|a, b| a.name.cmp(&b.name));
    results
}

fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
