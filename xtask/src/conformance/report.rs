//! The table on the terminal and the JSON file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::execute::{CaseResult, Verdict};

/// All results and their counts.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Wall-clock seconds of the whole run.
    pub seconds: f64,
    /// Options that ferrocil got in every run.
    pub options: Vec<String>,
    /// Counts by folder.
    pub folders: BTreeMap<String, Counts>,
    /// Counts of everything.
    pub total: Counts,
    /// Results, sorted by name.
    pub results: Vec<CaseResult>,
}

/// How many cases have each verdict.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// All cases.
    pub cases: usize,
    /// [`Verdict::Pass`].
    pub passed: usize,
    /// [`Verdict::Fail`] and [`Verdict::UnexpectedPass`].
    pub failed: usize,
    /// [`Verdict::ExpectedFail`].
    pub expected_failures: usize,
    /// [`Verdict::Broken`].
    pub broken: usize,
    /// [`Verdict::MonoFails`].
    pub mono_fails: usize,
    /// ferrocil's CPU milliseconds.
    pub cpu_ms: f64,
    /// Mono's CPU milliseconds.
    pub mono_cpu_ms: f64,
}

impl Counts {
    fn add(&mut self, result: &CaseResult) {
        self.cases += 1;
        match result.verdict {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail | Verdict::UnexpectedPass => self.failed += 1,
            Verdict::ExpectedFail => self.expected_failures += 1,
            Verdict::Broken => self.broken += 1,
            Verdict::MonoFails => self.mono_fails += 1,
        }
        self.cpu_ms += result.actual.as_ref().map_or(0.0, |o| o.cpu_ms);
        self.mono_cpu_ms += result.expected.as_ref().map_or(0.0, |o| o.cpu_ms);
    }
}

impl Summary {
    /// Counts the results.
    pub fn new(results: Vec<CaseResult>, elapsed: Duration, options: Vec<String>) -> Self {
        let mut folders: BTreeMap<String, Counts> = BTreeMap::new();
        let mut total = Counts::default();
        for result in &results {
            folders
                .entry(result.folder.clone())
                .or_default()
                .add(result);
            total.add(result);
        }
        Self {
            seconds: elapsed.as_secs_f64(),
            options,
            folders,
            total,
            results,
        }
    }

    /// Whether nothing failed.
    pub fn good(&self) -> bool {
        self.results.iter().all(|result| result.verdict.good())
    }
}

/// Prints the counts by folder, then every failure with its first difference.
pub fn print_table(summary: &Summary) {
    println!(
        "\n{:<22} {:>6} {:>7} {:>7} {:>9} {:>7} {:>10} {:>10} {:>10}",
        "folder", "cases", "pass", "fail", "expected", "broken", "Mono fails", "CPU ms", "Mono ms"
    );
    for (folder, counts) in &summary.folders {
        print_row(folder, counts);
    }
    print_row("total", &summary.total);
    println!("{:.1} s {}", summary.seconds, summary.options.join(" "));
    for result in summary
        .results
        .iter()
        .filter(|result| !result.verdict.good())
    {
        println!(
            "{} {}: {}",
            result.verdict.name(),
            result.name,
            result.reason.as_deref().unwrap_or("")
        );
    }
}

fn print_row(name: &str, counts: &Counts) {
    println!(
        "{name:<22} {:>6} {:>7} {:>7} {:>9} {:>7} {:>10} {:>10.0} {:>10.0}",
        counts.cases,
        counts.passed,
        counts.failed,
        counts.expected_failures,
        counts.broken,
        counts.mono_fails,
        counts.cpu_ms,
        counts.mono_cpu_ms
    );
}

/// Writes everything as JSON.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(summary: &Summary, file: &Path) -> Result<()> {
    fs::write(file, serde_json::to_vec_pretty(summary)?)
        .with_context(|| format!("cannot write {}", file.display()))
}
