//! The HTML page.

use std::fmt::Write as _;

use ferrocil::{HeapPicture, LineUse, TypeUse};

use super::{Picture, Timed, map, timeline};

/// Types listed by name; the rest is one row.
const MOST_TYPES: usize = 60;
/// Longest pauses listed.
const MOST_PAUSES: usize = 10;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<style>\n\
    body{font:14px/1.45 system-ui,sans-serif;margin:2em;max-width:1100px;color:#0f172a;background:#fff}\n\
    table{border-collapse:collapse;margin:.6em 0}td,th{padding:.15em .8em .15em 0;text-align:right;font-variant-numeric:tabular-nums}\n\
    td:first-child,th:first-child{text-align:left}th{border-bottom:1px solid #94a3b8;font-weight:600}\n\
    td.name{font-family:ui-monospace,monospace;overflow-wrap:anywhere;max-width:40em}\n\
    .key{display:inline-block;width:.9em;height:.9em;margin:0 .35em 0 1em;vertical-align:-.1em}\n\
    h2{margin-top:2em;border-top:1px solid #e2e8f0;padding-top:1em}\n</style>\n";

/// The whole page: the newest picture first, then time, then the older pictures.
pub fn html(program: &str, pictures: &[Picture], collections: &[Timed]) -> String {
    let program = escaped(program);
    let mut out =
        format!("{HEAD}<title>heap of {program}</title></head><body><h1>Heap of {program}</h1>\n");
    let mut newest_first = pictures.iter().rev();
    if let Some(picture) = newest_first.next() {
        section(&mut out, picture);
    }
    time(&mut out, collections);
    for picture in newest_first {
        section(&mut out, picture);
    }
    out.push_str("</body></html>\n");
    out
}

fn section(out: &mut String, picture: &Picture) {
    let heap = &picture.report.picture;
    let _ = writeln!(
        out,
        "<h2>{}, {:.3} s</h2>",
        escaped(&picture.why),
        picture.at.as_secs_f64()
    );
    numbers(out, heap);
    out.push_str("<p>");
    for (what, color, words) in map::LEGEND {
        if heap.count(what) != 0 {
            let _ = write!(
                out,
                "<span class=\"key\" style=\"background:{color}\"></span>{words}"
            );
        }
    }
    let _ = writeln!(out, "</p>\n<p>{}</p>\n{}", map::scale(heap), map::svg(heap));
    holes(out, heap);
    types(out, &picture.report.types);
}

fn numbers(out: &mut String, heap: &HeapPicture) {
    let lines = |what| mib(heap.count(what) * 128);
    let _ = writeln!(
        out,
        "<table><tr><th></th><th>MiB</th><th>count</th></tr>\n\
         <tr><td>hard limit</td><td>{}</td><td></td></tr>\n\
         <tr><td>pages held by the process</td><td>{}</td><td></td></tr>\n\
         <tr><td>pages in use, and tables</td><td>{}</td><td></td></tr>\n\
         <tr><td>objects (dead ones not collected yet included)</td><td>{}</td><td>{}</td></tr>\n\
         <tr><td>of them old: survived a collection, or large</td><td>{}</td><td>{}</td></tr>\n\
         <tr><td>blocks of small objects</td><td>{}</td><td>{}</td></tr>\n\
         <tr><td>holes in blocks: {:.1}% of their lines (fragmentation)</td><td>{}</td><td>{}</td></tr>\n\
         <tr><td>objects in pages of their own</td><td>{}</td><td>{}</td></tr>\n\
         <tr><td>of them large objects</td><td>{}</td><td></td></tr></table>",
        mib(heap.max_bytes),
        mib(heap.resident_bytes),
        mib(heap.used_bytes),
        mib(heap.object_bytes),
        grouped(heap.objects),
        mib(heap.old_bytes),
        grouped(heap.old_objects),
        mib(heap.blocks * (32 << 10)),
        grouped(heap.blocks as u64),
        heap.fragmentation() * 100.0,
        lines(LineUse::Hole),
        grouped(heap.holes().iter().sum::<usize>() as u64),
        mib((heap.count(LineUse::OldRun)
            + heap.count(LineUse::YoungRun)
            + heap.count(LineUse::Large))
            * 128),
        grouped(heap.runs as u64),
        lines(LineUse::Large),
    );
}

fn holes(out: &mut String, heap: &HeapPicture) {
    let counts = heap.holes();
    out.push_str("<table><tr><th>holes by length, in lines of 128 bytes</th>");
    for power in 0..counts.len() {
        let (from, to) = (1 << power, (2 << power) - 1);
        if from == to || power + 1 == counts.len() {
            let _ = write!(out, "<th>{from}</th>");
        } else {
            let _ = write!(out, "<th>{from}–{to}</th>");
        }
    }
    out.push_str("</tr><tr><td>how many</td>");
    for count in counts {
        let _ = write!(out, "<td>{}</td>", grouped(count as u64));
    }
    out.push_str("</tr></table>\n");
}

fn types(out: &mut String, types: &[TypeUse]) {
    out.push_str(
        "<table><tr><th>type</th><th>bytes</th><th>objects</th><th>old bytes</th><th>old objects</th></tr>\n",
    );
    for found in types.iter().take(MOST_TYPES) {
        row(out, &escaped(&found.name), found);
    }
    let rest = types
        .iter()
        .skip(MOST_TYPES)
        .fold(TypeUse::default(), |sum, more| TypeUse {
            name: String::new(),
            objects: sum.objects + more.objects,
            bytes: sum.bytes + more.bytes,
            old_objects: sum.old_objects + more.old_objects,
            old_bytes: sum.old_bytes + more.old_bytes,
        });
    if let Some(more) = types.len().checked_sub(MOST_TYPES).filter(|&more| more > 0) {
        row(out, &format!("{more} more types"), &rest);
    }
    out.push_str("</table>\n");
}

fn row(out: &mut String, name: &str, found: &TypeUse) {
    let _ = writeln!(
        out,
        "<tr><td class=\"name\">{name}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        grouped(found.bytes),
        grouped(found.objects),
        grouped(found.old_bytes),
        grouped(found.old_objects)
    );
}

fn time(out: &mut String, collections: &[Timed]) {
    let _ = writeln!(out, "<h2>{} collections</h2>", collections.len());
    out.push_str(&timeline::svg(collections));
    let mut longest: Vec<&Timed> = collections.iter().collect();
    longest.sort_by_key(|timed| std::cmp::Reverse(timed.record.pause));
    if !longest.is_empty() {
        out.push_str("<table><tr><th>longest pauses</th></tr>\n");
    }
    for timed in longest.iter().take(MOST_PAUSES) {
        let _ = writeln!(
            out,
            "<tr><td>at {:.3} s: {}</td></tr>",
            timed.at.as_secs_f64(),
            timed.record
        );
    }
    if !longest.is_empty() {
        out.push_str("</table>\n");
    }
}

fn mib(bytes: usize) -> String {
    format!("{:.2}", bytes as f64 / f64::from(1 << 20))
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Names of types come from images: nothing in them is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{escaped, grouped};

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(123_456), "123,456");
    }

    #[test]
    fn names_are_no_markup() {
        assert_eq!(escaped("List<a&b>"), "List&lt;a&amp;b&gt;");
    }
}
