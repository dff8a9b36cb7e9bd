//! Pauses, drawn: for each length, how many pauses were at least that long.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::chart::{COLORS, head};
use super::measure::{ProgramResult, Run, Runtime};
use super::report::push;

const LEFT: f64 = 70.0;
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 220.0;
const GAP: f64 = 90.0;
const TOP: f64 = 60.0;
/// Shortest and longest pause on the axis, in µs; powers of ten.
const LENGTHS: (i32, i32) = (2, 6);
/// Most pauses on the axis: a power of ten.
const COUNTS: i32 = 4;

/// Draws the thread-CPU pauses of every program that measured them.
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path, results: &[ProgramResult], runtimes: &[Runtime]) -> Result<()> {
    let with_pauses: Vec<&ProgramResult> = results
        .iter()
        .filter(|result| result.runs.iter().any(|run| !lengths(run).is_empty()))
        .collect();
    fs::write(file, svg(&with_pauses, runtimes))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Upper bounds in µs and counts (mean of the rounds), shortest first.
fn lengths(run: &Run) -> Vec<(f64, f64)> {
    let rounds = run.measured.get("cpu-count").map_or(1, Vec::len) as f64;
    let mut found: Vec<(f64, f64)> = run
        .measured
        .iter()
        .filter_map(|(name, counts)| {
            let bound = name.strip_prefix("cpu-upto-")?.parse().ok()?;
            // A round without such a pause says nothing about it.
            Some((bound, counts.iter().sum::<f64>() / rounds))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found
}

fn x(microseconds: f64) -> f64 {
    let (low, high) = LENGTHS;
    let part = (microseconds.log10() - f64::from(low)) / f64::from(high - low);
    LEFT + WIDTH * part.clamp(0.0, 1.0)
}

/// `top` is the upper edge of the panel; the lowest line stands for 0.1 pauses a round.
fn y(top: f64, count: f64) -> f64 {
    let part = (count.log10() + 1.0) / f64::from(COUNTS + 1);
    top + HEIGHT * (1.0 - part.clamp(0.0, 1.0))
}

fn svg(results: &[&ProgramResult], runtimes: &[Runtime]) -> String {
    let height = TOP + (HEIGHT + GAP) * results.len() as f64;
    let title = "Pauses of at least this length, per round (thread CPU time)";
    let mut svg = head(title, (LEFT + WIDTH + 40.0, height), LEFT, runtimes);
    for (index, result) in results.iter().enumerate() {
        panel(&mut svg, result, TOP + 25.0 + (HEIGHT + GAP) * index as f64);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, result: &ProgramResult, top: f64) {
    push(
        svg,
        format_args!(
            "<text x=\"{LEFT}\" y=\"{}\">{}</text>\n",
            top - 8.0,
            result.program.what
        ),
    );
    for power in LENGTHS.0..=LENGTHS.1 {
        let microseconds = 10f64.powi(power);
        let at = x(microseconds);
        push(
            svg,
            format_args!(
                "<line x1=\"{at}\" y1=\"{top}\" x2=\"{at}\" y2=\"{bottom}\" stroke=\"#e2e8f0\"/>\
                 <text x=\"{at}\" y=\"{}\" text-anchor=\"middle\">{} ms</text>\n",
                top + HEIGHT + 16.0,
                microseconds / 1e3,
                bottom = top + HEIGHT
            ),
        );
    }
    for power in 0..=COUNTS {
        let at = y(top, 10f64.powi(power));
        push(
            svg,
            format_args!(
                "<line x1=\"{LEFT}\" y1=\"{at}\" x2=\"{}\" y2=\"{at}\" stroke=\"#e2e8f0\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
                LEFT + WIDTH,
                LEFT - 6.0,
                at + 4.0,
                10_u32.pow(power.unsigned_abs())
            ),
        );
    }
    for (run, color) in result.runs.iter().zip(COLORS) {
        let counts = lengths(run);
        let mut left: f64 = counts.iter().map(|(_, count)| count).sum();
        if left == 0.0 {
            continue;
        }
        let mut path = format!("M {:.1} {:.1}", x(0.1), y(top, left));
        for (bound, count) in &counts {
            push(&mut path, format_args!(" H {:.1}", x(*bound)));
            left -= count;
            push(&mut path, format_args!(" V {:.1}", y(top, left.max(1e-9))));
        }
        push(
            svg,
            format_args!(
                "<path d=\"{path}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>\n"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::lengths;
    use crate::bench::measure::Run;

    #[test]
    fn counts_are_per_round_and_sorted_by_length() {
        let mut run = Run::default();
        for (name, values) in [
            ("cpu-count", vec![3.0, 1.0]),
            ("cpu-upto-1024", vec![1.0]),
            ("cpu-upto-128", vec![2.0, 1.0]),
            ("wall-upto-128", vec![9.0]),
        ] {
            run.measured.insert(name.to_owned(), values);
        }
        assert_eq!(lengths(&run), [(128.0, 1.5), (1024.0, 0.5)]);
    }
}
