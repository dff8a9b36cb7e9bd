//! The memory group's pages: `docs/benchmarks-memory.md` and its drawings.

use std::path::Path;

use anyhow::Result;

use super::measure::{ProgramResult, Run, Runtime};
use super::report::{failures, means, preamble, push, shown};
use super::{chart, pauses, report};

const COMMAND: &str = "cargo xtask bench --group memory";

/// Writes the page and draws CPU time, peak memory and pauses.
///
/// # Errors
/// When a file cannot be written.
pub fn write(
    docs: &Path,
    results: &[ProgramResult],
    runtimes: &[Runtime],
    rounds: usize,
) -> Result<()> {
    let page = format!(
        "{}\n![CPU time as a ratio](benchmarks-memory-cpu.svg)\n\n\
         ![Peak memory as a ratio](benchmarks-memory-peak.svg)\n\n{}",
        preamble("Benchmarks: memory", COMMAND, runtimes, rounds),
        tables(results, runtimes)
    );
    report::write(&docs.join("benchmarks-memory.md"), &page)?;
    chart::cpu(&docs.join("benchmarks-memory-cpu.svg"), results, runtimes)?;
    chart::memory(&docs.join("benchmarks-memory-peak.svg"), results, runtimes)?;
    pauses::write(
        &docs.join("benchmarks-memory-pauses.svg"),
        results,
        runtimes,
    )
}

/// The tables alone, in Markdown.
pub fn tables(results: &[ProgramResult], runtimes: &[Runtime]) -> String {
    let mut text = String::from("| program | what |");
    for runtime in runtimes {
        push(&mut text, format_args!(" {} ms |", runtime.name));
    }
    for runtime in &runtimes[1..] {
        push(&mut text, format_args!(" CPU to {} |", runtime.name));
    }
    text.push_str(" peak MB |");
    for runtime in &runtimes[1..] {
        push(&mut text, format_args!(" peak to {} |", runtime.name));
    }
    text.push_str("\n|---|---|");
    for _ in 0..runtimes.len() * 3 - 1 {
        text.push_str("---:|");
    }
    text.push('\n');
    for result in results {
        row(&mut text, result);
    }
    means(
        &mut text,
        "of CPU time ",
        results,
        runtimes,
        ProgramResult::ratio,
    );
    means(
        &mut text,
        "of peak memory ",
        results,
        runtimes,
        ProgramResult::memory_ratio,
    );
    failures(&mut text, results, runtimes);
    measured(&mut text, results, runtimes);
    text
}

fn row(text: &mut String, result: &ProgramResult) {
    report::row(text, result);
    for other in 1..result.runs.len() {
        push(
            text,
            format_args!(" {} |", shown(result.memory_ratio(other))),
        );
    }
    text.push('\n');
}

/// What programs measured themselves: pauses, and the cost of an allocation.
fn measured(text: &mut String, results: &[ProgramResult], runtimes: &[Runtime]) {
    let with = |name: &'static str| {
        results.iter().filter(move |result| {
            result
                .runs
                .iter()
                .any(|run| run.measured.contains_key(name))
        })
    };
    if with("cpu-count").next().is_some() {
        text.push_str(
            "## Pauses\n\nThe program reads two clocks after each small step of its one thread; what a step takes \
             beyond the median step is a pause, from 0.1 ms on. Thread CPU time sees what the collector does in the \
             thread that allocates and is not disturbed by a busy machine; wall time sees everything, the machine's \
             other work too. Medians of the rounds; in brackets the smallest and the largest longest pause of a round.\n\n\
             ![Pauses](benchmarks-memory-pauses.svg)\n\n\
             | program | runtime | pauses | longest ms (CPU) | p99 ms (CPU) | sum ms (CPU) | longest ms (wall) | p99 ms (wall) |\n\
             |---|---|---:|---:|---:|---:|---:|---:|\n",
        );
        for result in with("cpu-count") {
            for (run, runtime) in result.runs.iter().zip(runtimes) {
                pause_row(text, result, run, runtime);
            }
        }
        text.push('\n');
    }
    for result in with("ns-per-object") {
        push(
            text,
            format_args!(
                "`{}`, ns per object, thread CPU time:",
                result.program.title()
            ),
        );
        for (run, runtime) in result.runs.iter().zip(runtimes) {
            if let Some(ns) = run.measured("ns-per-object") {
                push(
                    text,
                    format_args!(
                        " {} {ns:.2} {}·",
                        runtime.name,
                        spread(run, "ns-per-object", 1.0)
                    ),
                );
            }
        }
        text.truncate(text.trim_end_matches('·').trim_end().len());
        text.push_str(".\n\n");
    }
}

fn pause_row(text: &mut String, result: &ProgramResult, run: &Run, runtime: &Runtime) {
    let ms = |name: &str| {
        run.measured(name)
            .map_or_else(|| "-".to_owned(), |us| format!("{:.2}", us / 1e3))
    };
    push(
        text,
        format_args!(
            "| `{} {}` | {} | {} | {} {}| {} | {} | {} {}| {} |\n",
            result.program.title(),
            result.argument,
            runtime.name,
            run.measured("cpu-count").unwrap_or(0.0),
            ms("cpu-longest-us"),
            spread(run, "cpu-longest-us", 1e3),
            ms("cpu-p99-us"),
            ms("cpu-total-us"),
            ms("wall-longest-us"),
            spread(run, "wall-longest-us", 1e3),
            ms("wall-p99-us"),
        ),
    );
}

/// Smallest and largest value of a round, divided by `unit`.
fn spread(run: &Run, name: &str, unit: f64) -> String {
    let Some(values) = run.measured.get(name) else {
        return String::new();
    };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min) / unit;
    let high = values.iter().copied().fold(0.0, f64::max) / unit;
    format!("[{low:.2}..{high:.2}] ")
}
