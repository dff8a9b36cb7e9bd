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
mod suites;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{compile, paths, setup};
use execute::{CaseResult, Executor, Mode, Runner};
use expected::ExpectedFailures;

pub use suites::SuiteName;

/// Options of `cargo xtask conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArguments {
    /// Only the cases whose name (`folder/name`) contains this. With
    /// `--suite mono-mini`: part of a program's name, or `program/part of a test's name`.
    #[arg(long)]
    filter: Option<String>,
    /// Run this suite of Mono's own tests in place of our cases.
    #[arg(long)]
    suite: Option<SuiteName>,
    /// Mono's source tree (Debian's `mono` source package, unpacked); fetched
    /// into target/mono-source when not given.
    #[arg(long)]
    mono_source: Option<PathBuf>,
    /// Cases that run at once.
    #[arg(long, default_value_t = default_jobs())]
    jobs: usize,
    /// Time limit of one run, in seconds.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Run this program in place of the release build of ferrocil.
    #[arg(long)]
    ferrocil: Option<PathBuf>,
    /// Run everything with this `--tier` of ferrocil.
    #[arg(long)]
    tier: Option<String>,
    /// Run everything with this `--gc-stress` of ferrocil. The time limit is eight times as long.
    #[arg(long, value_name = "N")]
    gc_stress: Option<u32>,
    /// Run everything with `--gc-verify` of ferrocil. The time limit is eight times as long.
    #[arg(long)]
    gc_verify: bool,
    /// Check the cases themselves: run each twice under Mono and compare.
    #[arg(long)]
    oracle_only: bool,
    /// Run the cases twice with a code cache, empty at first; the second run, whose code comes from
    /// the cache, is the one that is reported if the first is good.
    #[arg(long)]
    warm: bool,
    /// Change no file but the results under target/ (always so; for scripts
    /// that want to say it).
    #[arg(long)]
    bless_nothing: bool,
}

impl Default for ConformanceArguments {
    fn default() -> Self {
        Self {
            filter: None,
            suite: None,
            mono_source: None,
            jobs: default_jobs(),
            limit: 20,
            ferrocil: None,
            tier: None,
            gc_stress: None,
            gc_verify: false,
            oracle_only: false,
            warm: false,
            bless_nothing: true,
        }
    }
}

impl ConformanceArguments {
    /// A part of the cases, from a code cache that a first run of them fills.
    pub fn warm_sample() -> Self {
        Self {
            filter: Some("exceptions/".to_owned()),
            warm: true,
            ..Self::default()
        }
    }

    /// A part of the cases with a collection at every 64th allocation, the heap checked around each.
    pub fn stress_sample() -> Self {
        Self {
            filter: Some("threads/".to_owned()),
            gc_stress: Some(64),
            gc_verify: true,
            ..Self::default()
        }
    }

    /// Options that ferrocil gets in every run.
    fn ferrocil_options(&self) -> Vec<String> {
        let tier = self.tier.iter().map(|tier| format!("--tier={tier}"));
        let stress = self.gc_stress.iter().map(|n| format!("--gc-stress={n}"));
        let verify = self.gc_verify.then(|| "--gc-verify".to_owned());
        tier.chain(stress).chain(verify).collect()
    }

    /// Time limit of one run.
    fn limit(&self) -> Duration {
        let factor = if self.gc_stress.is_some() || self.gc_verify {
            8
        } else {
            1
        };
        Duration::from_secs(self.limit.saturating_mul(factor))
    }
}

fn default_jobs() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Runs the cases, prints a table by folder, writes JSON and HTML.
pub fn command(arguments: &ConformanceArguments) -> Result<ExitCode> {
    setup::ensure(&[setup::RUN, setup::ILASM].concat())?;
    if let Some(suite) = arguments.suite {
        return suites::command(suite, arguments);
    }
    let folder = paths::root().join("tests").join("conformance");
    let mut cases = cases::discover(&folder)?;
    let expected = ExpectedFailures::load(&folder.join("expected.toml"))?;
    expected.all_named(|name| cases.iter().any(|case| case.name == name))?;
    if let Some(filter) = &arguments.filter {
        cases.retain(|case| case.name.contains(filter.as_str()));
    }
    if cases.is_empty() {
        bail!("no case under {} matches", folder.display());
    }
    let mode = if arguments.oracle_only {
        Mode::OracleTwice
    } else {
        Mode::Compare {
            program: ferrocil(arguments)?,
        }
    };
    let code_cache = arguments
        .warm
        .then(|| paths::target().join("conformance").join("code-cache"));
    if let Some(folder) = &code_cache
        && folder.exists()
    {
        std::fs::remove_dir_all(folder)?;
    }
    let runner = Runner::new(arguments.limit(), arguments.ferrocil_options());
    let executor = Executor::new(mode, runner, code_cache)?;
    let started = Instant::now();
    let run = || {
        run_all(
            &cases,
            |case| &case.name,
            |case| vec![executor.run(case)],
            &expected,
            arguments.jobs,
        )
    };
    let mut results = run();
    if arguments.warm && results.iter().all(|result| result.verdict.good()) {
        results = run();
    }
    finish(
        results,
        started,
        "ferrocil conformance",
        arguments.ferrocil_options(),
        &paths::target().join("conformance"),
    )
}

/// The programs of our own cases, built; those that do not build are left out.
///
/// # Errors
/// When the cases cannot be read.
pub fn built_cases() -> Result<Vec<PathBuf>> {
    let cases = cases::discover(&paths::root().join("tests").join("conformance"))?;
    let cache = cache::Cache::open(paths::target().join("conformance").join("cache"))?;
    Ok(cases
        .iter()
        .filter_map(|case| cache.built(case).ok())
        .collect())
}

/// The program to judge.
fn ferrocil(arguments: &ConformanceArguments) -> Result<PathBuf> {
    let program = match &arguments.ferrocil {
        Some(program) => program.clone(),
        None => compile::ferrocil()?,
    };
    Ok(std::path::absolute(program)?)
}

/// Prints and writes the results into `output`.
fn finish(
    results: Vec<CaseResult>,
    started: Instant,
    title: &str,
    options: Vec<String>,
    output: &Path,
) -> Result<ExitCode> {
    let title = [title, &options.join(" ")].join(" ");
    let summary = report::Summary::new(results, started.elapsed(), options);
    report::print_table(&summary);
    report::write_json(&summary, &output.join("results.json"))?;
    html::write(title.trim_end(), &summary, &output.join("index.html"))?;
    println!("details: {}", output.join("index.html").display());
    Ok(if summary.good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs every unit (a case, or a program of many tests) on `jobs` threads;
/// the results are sorted by name.
fn run_all<T: Sync>(
    units: &[T],
    name: impl Fn(&T) -> &str + Sync,
    run: impl Fn(&T) -> Vec<CaseResult> + Sync,
    expected: &ExpectedFailures,
    jobs: usize,
) -> Vec<CaseResult> {
    let bar = progress(units.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(units.len()));
    thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, units.len().max(1)) {
            scope.spawn(|| {
                while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut done = run(unit);
                    for result in &mut done {
                        expected.apply(result);
                        if !result.verdict.good() {
                            bar.suspend(|| {
                                println!("{:<16} {}", result.verdict.name(), result.name)
                            });
                        }
                    }
                    bar.inc(1);
                    bar.set_message(name(unit).to_owned());
                    if bar.is_hidden() && bar.position().is_multiple_of(50) {
                        println!("{} of {}", bar.position(), units.len());
                    }
                    if let Ok(mut results) = results.lock() {
                        results.append(&mut done);
                    }
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by(|a: &CaseResult, b| a.name.cmp(&b.name));
    results
}

fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style)
}
