//! Bars relative to Mono, as SVG.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::measure::{ProgramResult, Run, Runtime};

const LEFT: f64 = 150.0;
const WIDTH: f64 = 560.0;
const BAR: f64 = 11.0;
const TOP: f64 = 64.0;
/// The longest bar; longer ones are cut and marked.
const MOST: f64 = 4.0;
/// Colours of the runtimes, in all drawings.
pub const COLORS: [&str; 3] = ["#c2410c", "#64748b", "#7c3aed"];

/// What the bars show of a run.
type Quantity = fn(&Run) -> Option<f64>;

/// Draws CPU time.
///
/// # Errors
/// When the file cannot be written.
pub fn cpu(file: &Path, results: &[ProgramResult], runtimes: &[Runtime]) -> Result<()> {
    write(file, svg("CPU time", Run::median_ms, results, runtimes))
}

/// Draws peak memory.
///
/// # Errors
/// When the file cannot be written.
pub fn memory(file: &Path, results: &[ProgramResult], runtimes: &[Runtime]) -> Result<()> {
    let peak: Quantity = |run| run.median_ms().map(|_| run.peak_mib());
    write(file, svg("Peak memory", peak, results, runtimes))
}

fn write(file: &Path, svg: String) -> Result<()> {
    fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))
}

/// The beginning of a drawing of a size: title and colours of the runtimes, from `left` on.
pub fn head(title: &str, size: (f64, f64), left: f64, runtimes: &[Runtime]) -> String {
    let (width, height) = size;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{left}\" y=\"22\" font-size=\"15\" font-weight=\"600\">{title}</text>\n"
    );
    let mut x = left;
    for (runtime, color) in runtimes.iter().zip(COLORS) {
        push(
            &mut svg,
            format_args!(
                "<rect x=\"{x}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{color}\"/><text x=\"{}\" y=\"44\">{}</text>\n",
                x + 17.0,
                runtime.name
            ),
        );
        x += 100.0;
    }
    svg
}

fn svg(what: &str, quantity: Quantity, results: &[ProgramResult], runtimes: &[Runtime]) -> String {
    let group = BAR * runtimes.len() as f64 + 10.0;
    let height = TOP + group * results.len() as f64 + 30.0;
    let title = format!("{what}, Mono = 1 (shorter is better)");
    let mut svg = head(&title, (LEFT + WIDTH + 70.0, height), LEFT, runtimes);
    for tick in 0..=4 {
        let x = LEFT + WIDTH * f64::from(tick) / MOST;
        push(
            &mut svg,
            format_args!(
                "<line x1=\"{x}\" y1=\"{TOP}\" x2=\"{x}\" y2=\"{}\" stroke=\"{}\"/><text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{tick}</text>\n",
                height - 26.0,
                if tick == 1 { "#64748b" } else { "#e2e8f0" },
                height - 10.0
            ),
        );
    }
    for (row, result) in results.iter().enumerate() {
        bars(&mut svg, result, quantity, TOP + 5.0 + group * row as f64);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bars(svg: &mut String, result: &ProgramResult, quantity: Quantity, top: f64) {
    let middle = top + BAR * result.runs.len() as f64 / 2.0 + 4.0;
    push(
        svg,
        format_args!(
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{} {}</text>\n",
            LEFT - 8.0,
            result.program.title(),
            result.argument
        ),
    );
    let mono = result.runs.get(1).and_then(quantity);
    for (index, (run, color)) in result.runs.iter().zip(COLORS).enumerate() {
        let y = top + BAR * index as f64;
        let ratio = match (quantity(run), mono) {
            (Some(ms), Some(mono)) if mono > 0.0 => ms / mono,
            _ => {
                push(
                    svg,
                    format_args!(
                        "<text x=\"{}\" y=\"{}\" font-size=\"10\" fill=\"{color}\">no result</text>\n",
                        LEFT + 4.0,
                        y + BAR - 2.0
                    ),
                );
                continue;
            }
        };
        let width = WIDTH * ratio.min(MOST) / MOST;
        let mark = if ratio > MOST { "» " } else { "" };
        push(
            svg,
            format_args!(
                "<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" fill=\"{color}\"/>\
             <text x=\"{:.1}\" y=\"{}\" font-size=\"10\">{mark}{ratio:.2}</text>\n",
                BAR - 1.0,
                LEFT + width + 4.0,
                y + BAR - 2.0
            ),
        );
    }
}

fn push(svg: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = svg.write_fmt(arguments);
}
