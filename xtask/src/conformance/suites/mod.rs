//! `--suite`: Mono's own runtime tests as judges. They come from Debian's
//! source package and never enter the repository.

mod il;
mod mini;
mod source;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::cache::Cache;
use super::execute::{CaseResult, Runner, Verdict};
use super::expected::ExpectedFailures;
use super::{ConformanceArguments, ferrocil, finish, run_all};
use crate::paths;

/// A suite of Mono's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SuiteName {
    /// The compiler's regression tests (`mono/mini`), test by test.
    MonoMini,
    /// The IL programs of `mono/tests`.
    MonoIl,
}

impl SuiteName {
    fn text(self) -> &'static str {
        match self {
            SuiteName::MonoMini => "mono-mini",
            SuiteName::MonoIl => "mono-il",
        }
    }
}

/// What the suites need to build and run programs.
#[derive(Debug)]
struct Judge {
    cache: Cache,
    runner: Runner,
    ferrocil: std::path::PathBuf,
}

impl Judge {
    fn mono(&self) -> &Path {
        Path::new("mono")
    }
}

/// Runs one suite.
pub fn command(suite: SuiteName, arguments: &ConformanceArguments) -> Result<ExitCode> {
    let source = match &arguments.mono_source {
        Some(folder) => std::path::absolute(folder)?,
        None => source::ensure()?,
    };
    let output = paths::target().join("conformance").join(suite.text());
    std::fs::create_dir_all(&output)?;
    let judge = Judge {
        cache: Cache::open(output.join("cache"))?,
        runner: Runner::new(arguments.limit(), arguments.ferrocil_options()),
        ferrocil: ferrocil(arguments)?,
    };
    let expected = ExpectedFailures::load(
        &paths::root()
            .join("tests/conformance/suites")
            .join(suite.text())
            .with_extension("toml"),
    )?;
    let started = Instant::now();
    let filter = arguments.filter.as_deref();
    let results = match suite {
        SuiteName::MonoMini => {
            let programs = mini::programs(&source, filter);
            let tests = filter
                .and_then(|f| f.split_once('/'))
                .map(|(_, tests)| tests);
            run_all(
                &programs,
                |program| &program.name,
                |program| program.run(&judge, tests),
                &expected,
                arguments.jobs,
            )
        }
        SuiteName::MonoIl => {
            let programs = il::programs(&source, filter)?;
            run_all(
                &programs,
                |program| &program.name,
                |program| vec![program.run(&judge)],
                &expected,
                arguments.jobs,
            )
        }
    };
    if results.is_empty() {
        bail!("no test of {} matches", suite.text());
    }
    if filter.is_none() {
        expected.all_named(|name| results.iter().any(|result| result.name == name))?;
    }
    finish(
        results,
        started,
        &format!("ferrocil: {}", suite.text()),
        arguments.ferrocil_options(),
        &output,
    )
}

/// A result without a run.
fn unfinished(name: String, folder: &str, verdict: Verdict, reason: String) -> CaseResult {
    CaseResult {
        name,
        folder: folder.to_owned(),
        verdict,
        reason: Some(reason),
        actual: None,
        expected: None,
    }
}
