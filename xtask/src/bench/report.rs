//! The report: on the terminal and as `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::machine;
use super::measure::{ProgramResult, Runtime};
use super::statistics::{self, Ratio};

/// What follows this line in the file is written by people and kept.
const NOTES: &str = "<!-- notes: `cargo xtask bench` keeps everything below this line -->";

/// Prints one program's result.
pub fn print(result: &ProgramResult, runtimes: &[Runtime]) {
    for (index, (run, runtime)) in result.runs.iter().zip(runtimes).enumerate() {
        let time = run
            .median_ms()
            .map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"));
        let ratio = if index == 0 {
            String::new()
        } else {
            shown(result.ratio(index))
        };
        let failure = run.failure.as_deref().unwrap_or("");
        println!(
            "  {:<9} {time:>9} {:>6.0} MB  {ratio} {failure}",
            runtime.name,
            run.peak_mib()
        );
    }
}

/// Writes the file; people's notes at its end stay.
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path, generated: &str) -> Result<()> {
    let notes = fs::read_to_string(file)
        .ok()
        .and_then(|text| text.split_once(NOTES).map(|(_, notes)| notes.to_owned()))
        .unwrap_or_else(|| "\n\n## Where the time goes\n\nNot written yet.\n".to_owned());
    let text = format!("{generated}{NOTES}{notes}");
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// How and where a page's numbers were made.
pub fn preamble(title: &str, command: &str, runtimes: &[Runtime], rounds: usize) -> String {
    let mut text = format!(
        "# {title}\n\n\
         CPU time (user and system, all threads) of the whole process, start included. {rounds} rounds; in each \
         round every program runs once under every runtime, another one first each time. The ratio is that of the \
         medians; in brackets the smallest and the largest ratio of a single round. Below 1, ferrocil needs less. \
         A program counts only with the same output as under Mono. Each runtime has its class library compiled ahead: \
         Mono and CoreCLR by their packages, ferrocil by `ferrocil precompile`. ferrocil's code cache was filled by a \
         run that is not counted, except for programs marked cold (no code cache), uncached (nothing compiled \
         ahead either) and jit (nothing compiled ahead under any runtime). Made by `{command}`.\n\n\
         Machine: {}.\n\n",
        machine::describe()
    );
    for line in machine::versions() {
        push(&mut text, format_args!("- {line}\n"));
    }
    if runtimes.len() > 2 {
        text.push_str(
            "- CoreCLR 3.1.23 (PyPI `dotnetcore2`), default settings, invariant globalization\n",
        );
    } else {
        text.push_str("- CoreCLR could not be had on this machine\n");
    }
    text
}

/// The page of the speed group.
pub fn speed(results: &[ProgramResult], runtimes: &[Runtime], rounds: usize) -> String {
    let mut text = preamble("Benchmarks", "cargo xtask bench", runtimes, rounds);
    text.push_str("\n![CPU time as a ratio](benchmarks.svg)\n\n| program | what |");
    for runtime in runtimes {
        push(&mut text, format_args!(" {} ms |", runtime.name));
    }
    for runtime in &runtimes[1..] {
        push(&mut text, format_args!(" to {} |", runtime.name));
    }
    text.push_str(" peak MB |\n|---|---|");
    for _ in 0..runtimes.len() * 2 {
        text.push_str("---:|");
    }
    text.push('\n');
    for result in results {
        row(&mut text, result);
        text.push('\n');
    }
    means(&mut text, "", results, runtimes, ProgramResult::ratio);
    failures(&mut text, results, runtimes);
    text
}

/// A program's cells: name, CPU times, their ratios, peaks. The line goes on.
pub fn row(text: &mut String, result: &ProgramResult) {
    let argument = if result.argument.is_empty() {
        String::new()
    } else {
        format!(" {}", result.argument)
    };
    push(
        text,
        format_args!(
            "| `{}{argument}` | {} |",
            result.program.title(),
            result.program.what
        ),
    );
    for run in &result.runs {
        match run.median_ms() {
            Some(ms) if ms < 100.0 => push(text, format_args!(" {ms:.1} |")),
            Some(ms) => push(text, format_args!(" {ms:.0} |")),
            None => text.push_str(" fails |"),
        }
    }
    for other in 1..result.runs.len() {
        push(text, format_args!(" {} |", shown(result.ratio(other))));
    }
    let memory: Vec<String> = result
        .runs
        .iter()
        .map(|run| format!("{:.0}", run.peak_mib()))
        .collect();
    push(text, format_args!(" {} |", memory.join(" / ")));
}

/// Geometric means of a ratio, one line a runtime.
pub fn means(
    text: &mut String,
    what: &str,
    results: &[ProgramResult],
    runtimes: &[Runtime],
    ratio: impl Fn(&ProgramResult, usize) -> Option<Ratio>,
) {
    text.push('\n');
    for (other, runtime) in runtimes.iter().enumerate().skip(1) {
        let ratios: Vec<f64> = results
            .iter()
            .filter_map(|r| ratio(r, other))
            .map(|r| r.value)
            .collect();
        if let Some(mean) = statistics::geometric_mean(&ratios) {
            push(
                text,
                format_args!(
                    "Geometric mean {what}to {}: {mean:.2} ({} of {} programs).\n",
                    runtime.name,
                    ratios.len(),
                    results.len()
                ),
            );
        }
    }
}

/// What failed, and how.
pub fn failures(text: &mut String, results: &[ProgramResult], runtimes: &[Runtime]) {
    for result in results {
        for (run, runtime) in result.runs.iter().zip(runtimes) {
            if let Some(failure) = &run.failure {
                push(
                    text,
                    format_args!(
                        "\n- `{}` under {}: {failure}",
                        result.program.title(),
                        runtime.name
                    ),
                );
            }
        }
    }
    text.push_str("\n\n");
}

/// A ratio with its spread.
pub fn shown(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(
        || "-".to_owned(),
        |r| format!("{:.2} [{:.2}..{:.2}]", r.value, r.low, r.high),
    )
}

/// Appends formatted text.
pub fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::speed;
    use crate::bench::measure::{ProgramResult, Run, Runtime};
    use crate::bench::programs::{Group, Program};

    fn program(name: &str) -> &'static Program {
        let found = Group::Speed.programs().iter().find(|p| p.name == name);
        found.expect("a program of the benchmarks")
    }

    #[test]
    fn a_failed_run_has_no_ratio_and_its_reason_is_listed() {
        let runtimes = [Runtime::ferrocil(PathBuf::new()), Runtime::mono()];
        let good = |ms: f64| Run {
            cpu_ms: vec![ms, ms],
            max_rss_kib: vec![2048.0],
            ..Run::default()
        };
        let results = [
            ProgramResult {
                program: program("nbody"),
                argument: "5",
                runs: vec![good(50.0), good(100.0)],
            },
            ProgramResult {
                program: program("spectralnorm"),
                argument: "",
                runs: vec![
                    Run {
                        failure: Some("signal 11".to_owned()),
                        ..Run::default()
                    },
                    good(10.0),
                ],
            },
        ];
        let text = speed(&results, &runtimes, 2);
        assert!(text.contains("| `nbody 5` | floating point on object fields | 50.0 | 100 | 0.50 [0.50..0.50] | 2 / 2 |"), "{text}");
        assert!(text.contains("fails | 10.0 | - |"), "{text}");
        assert!(
            text.contains("`spectralnorm` under ferrocil: signal 11"),
            "{text}"
        );
        assert!(
            text.contains("Geometric mean to Mono: 0.50 (1 of 2 programs)."),
            "{text}"
        );
    }
}
