//! The map of the heap: a strip for each 32 KiB, a colour for each use of a line.

use std::fmt::Write as _;

use ferrocil::{HeapPicture, LineUse};

/// Lines in a block.
const LINES: usize = 256;
/// Pixels from one strip to the one below, and its height.
const ROW: usize = 4;
const HEIGHT: usize = 3;
/// Pixels of the whole map.
const WIDTH: usize = 1060;

/// Uses that are drawn, with colour and explanation.
pub const LEGEND: [(LineUse, &str, &str); 7] = [
    (LineUse::Old, "#1d4ed8", "old: survived a collection"),
    (
        LineUse::Young,
        "#60a5fa",
        "young: since the last collection",
    ),
    (LineUse::Hole, "#e2e8f0", "hole in a block"),
    (LineUse::OldRun, "#047857", "object of more than 8 KiB"),
    (LineUse::YoungRun, "#6ee7b7", "the same, young"),
    (
        LineUse::Large,
        "#b45309",
        "large object (85,000 bytes and more)",
    ),
    (
        LineUse::Warm,
        "#fef3c7",
        "free page, kept for the next cycle",
    ),
];

/// How much a strip is compressed, for a heap of so many blocks: lines of one cell. A heap of
/// 16 MiB shows every line.
fn lines_per_cell(blocks: usize) -> usize {
    match blocks {
        0..=512 => 1,
        513..=4096 => 4,
        _ => 16,
    }
}

/// The use that most lines of a cell have.
fn most(cell: &[LineUse]) -> LineUse {
    let count = |what| cell.iter().filter(|&&line| line == what).count();
    let drawn = LEGEND.iter().map(|&(what, _, _)| what);
    drawn
        .chain([LineUse::Free])
        .max_by_key(|&what| count(what))
        .unwrap_or(LineUse::Free)
}

/// The map as SVG.
pub fn svg(picture: &HeapPicture) -> String {
    let blocks = picture.lines.len() / LINES;
    let per_cell = lines_per_cell(blocks);
    let strip = LINES / per_cell;
    let gap = 8;
    let columns = ((WIDTH + gap) / (strip + gap)).max(1);
    let rows = blocks.div_ceil(columns);
    let mut paths = vec![String::new(); LEGEND.len()];
    for (index, lines) in picture.lines.chunks_exact(LINES).enumerate() {
        // Address order runs down a column.
        let (column, row) = (index / rows, index % rows);
        let (left, middle) = (column * (strip + gap), row * ROW + HEIGHT / 2);
        let cells: Vec<LineUse> = lines.chunks(per_cell).map(most).collect();
        let mut at = 0;
        for run in cells.chunk_by(|a, b| a == b) {
            let place = LEGEND.iter().position(|&(what, _, _)| what == run[0]);
            if let Some(path) = place.and_then(|place| paths.get_mut(place)) {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{} {}.5h{}", left + at, middle, run.len());
            }
            at += run.len();
        }
    }
    let height = (rows * ROW).max(ROW);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"map of the heap\">"
    );
    for ((_, color, _), path) in LEGEND.iter().zip(&paths) {
        if !path.is_empty() {
            let _ = write!(
                out,
                "<path d=\"{path}\" stroke=\"{color}\" stroke-width=\"{HEIGHT}\" shape-rendering=\"crispEdges\"/>"
            );
        }
    }
    out.push_str("</svg>");
    out
}

/// What a cell of the map stands for, in words.
pub fn scale(picture: &HeapPicture) -> String {
    let bytes = lines_per_cell(picture.lines.len() / LINES) * 128;
    format!(
        "Each strip is a block of 32 KiB, in the order of addresses down the columns; a pixel is {bytes} bytes."
    )
}

#[cfg(test)]
mod tests {
    use ferrocil::{HeapPicture, LineUse};

    use super::svg;

    #[test]
    fn each_line_of_a_small_heap_is_drawn_once() {
        let mut lines = vec![LineUse::Hole; 256];
        lines[..10].fill(LineUse::Old);
        lines.extend([LineUse::Large; 200]);
        lines.extend([LineUse::Free; 56]);
        let picture = HeapPicture {
            lines,
            blocks: 1,
            runs: 1,
            objects: 11,
            object_bytes: 0,
            old_objects: 0,
            old_bytes: 0,
            used_bytes: 0,
            resident_bytes: 0,
            max_bytes: 1 << 20,
        };
        let drawn = svg(&picture);
        assert!(drawn.contains("M0 1.5h10\""), "{drawn}");
        assert!(drawn.contains("M10 1.5h246\""), "{drawn}");
        assert!(drawn.contains("M264 1.5h200\""), "{drawn}");
        assert_eq!(
            drawn.matches("<path").count(),
            3,
            "free pages are not drawn"
        );
    }
}
