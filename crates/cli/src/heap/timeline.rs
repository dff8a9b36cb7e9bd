//! Pauses and heap size over time, as SVG.

use std::fmt::Write as _;

use super::Timed;

const LEFT: f64 = 70.0;
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 170.0;
/// Pauses from 10 µs to 1 s: powers of ten of a microsecond.
const POWERS: std::ops::RangeInclusive<i32> = 1..=6;

/// Both drawings, one above the other. Empty without collections.
pub fn svg(collections: &[Timed]) -> String {
    let (Some(first), Some(last)) = (collections.first(), collections.last()) else {
        return String::new();
    };
    let begin = first.at.as_secs_f64().min(last.at.as_secs_f64() * 0.05);
    let seconds = (last.at.as_secs_f64() - begin).max(1e-6);
    let x = |at: f64| LEFT + WIDTH * (at - begin) / seconds;
    let mut out = format!(
        "<svg viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" font-size=\"12\" role=\"img\" aria-label=\"pauses and heap size over time\">",
        w = LEFT + WIDTH + 30.0,
        h = 2.0 * HEIGHT + 90.0
    );
    pauses(&mut out, collections, &x);
    sizes(&mut out, collections, &x);
    for part in 0..=4 {
        let at = begin + seconds * f64::from(part) / 4.0;
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{at:.2} s</text>",
            x(at),
            2.0 * HEIGHT + 80.0
        );
    }
    out.push_str("</svg>");
    out
}

fn pauses(out: &mut String, collections: &[Timed], x: &dyn Fn(f64) -> f64) {
    let (low, high) = (f64::from(*POWERS.start()), f64::from(*POWERS.end()));
    let y = |microseconds: f64| {
        let part = (microseconds.max(1.0).log10() - low) / (high - low);
        20.0 + HEIGHT * (1.0 - part.clamp(0.0, 1.0))
    };
    let _ = write!(
        out,
        "<text x=\"{LEFT}\" y=\"12\">Pauses; dark: the whole heap, light: young objects</text>"
    );
    for power in POWERS {
        let at = y(10f64.powi(power));
        let _ = write!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{}\" y2=\"{at:.1}\" stroke=\"#e2e8f0\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} ms</text>",
            LEFT + WIDTH,
            LEFT - 6.0,
            at + 4.0,
            10f64.powi(power) / 1e3
        );
    }
    for timed in collections {
        let record = &timed.record;
        let color = if record.generation == 2 {
            "#1e3a8a"
        } else {
            "#60a5fa"
        };
        let _ = write!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"{color}\"><title>{record}</title></circle>",
            x(timed.at.as_secs_f64()),
            y(record.pause.as_secs_f64() * 1e6)
        );
    }
}

/// Bytes before and after each collection, and the pages that the process holds.
fn sizes(out: &mut String, collections: &[Timed], x: &dyn Fn(f64) -> f64) {
    let top = HEIGHT + 50.0;
    let most = collections
        .iter()
        .map(|t| t.record.bytes_before.max(t.record.resident_bytes))
        .max()
        .unwrap_or(0)
        .max(1) as f64;
    let y = |bytes: usize| top + HEIGHT * (1.0 - bytes as f64 / most);
    let _ = write!(
        out,
        "<text x=\"{LEFT}\" y=\"{:.1}\">Bytes in objects before and after each collection (blue), pages held (grey); the top line is {:.1} MiB</text>\
         <line x1=\"{LEFT}\" y1=\"{top:.1}\" x2=\"{right}\" y2=\"{top:.1}\" stroke=\"#e2e8f0\"/>\
         <line x1=\"{LEFT}\" y1=\"{bottom:.1}\" x2=\"{right}\" y2=\"{bottom:.1}\" stroke=\"#94a3b8\"/>",
        top - 8.0,
        most / f64::from(1 << 20),
        right = LEFT + WIDTH,
        bottom = top + HEIGHT
    );
    let (mut objects, mut pages) = (String::new(), String::new());
    for (index, timed) in collections.iter().enumerate() {
        let at = x(timed.at.as_secs_f64());
        let step = if index == 0 { 'M' } else { 'L' };
        let _ = write!(
            objects,
            "{step}{at:.1} {:.1}L{at:.1} {:.1}",
            y(timed.record.bytes_before),
            y(timed.record.bytes_after)
        );
        let _ = write!(pages, "{step}{at:.1} {:.1}", y(timed.record.resident_bytes));
    }
    let _ = write!(
        out,
        "<path d=\"{pages}\" fill=\"none\" stroke=\"#94a3b8\" stroke-width=\"1.5\"/>\
         <path d=\"{objects}\" fill=\"none\" stroke=\"#1d4ed8\" stroke-width=\"1.2\"/>"
    );
}
