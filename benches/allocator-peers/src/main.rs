//! Measures heaps over a fixed arena side by side: a free and an allocation at 75% live, packing, sweep.

mod allocators;
mod workload;

use allocators::{Arena, Buddy, Heap, LinkedList, Ours, OursLater, Rlsf, Talc};
use ferrocil_alloc::heap::{Compact, Wide};
use workload::{Churn, Sizes, cpu_ns, packing, sweep};

/// Bytes of every arena.
const ARENA: usize = 16 << 20;
const ROUNDS: usize = 24;

/// One allocator in the middle of its rounds.
struct Entry {
    name: &'static str,
    churn: Churn,
    /// Free-and-allocate pairs of a round: fewer for what is slow.
    pairs: usize,
    nanoseconds: Vec<f64>,
}

fn entry<H: Heap + 'static>(sizes: Sizes) -> Entry {
    let mut churn = Churn::new(Box::new(H::new(Arena::new(ARENA))), sizes, ARENA);
    // A first round, not counted, finds out how slow it is.
    let start = cpu_ns();
    churn.round(50);
    let each = (cpu_ns() - start) / 50.0;
    Entry {
        name: H::name(),
        churn,
        pairs: ((1e6 / each) as usize).clamp(20, 20_000),
        nanoseconds: Vec::new(),
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Middle, smallest and largest.
type Spread = (f64, f64, f64);

/// One row of the table.
struct Row {
    entry: Entry,
    packed: Option<Spread>,
    swept: Option<Spread>,
}

/// `whole`: packing and sweep too.
fn row<H: Heap + 'static>(sizes: Sizes, whole: bool) -> Row {
    Row {
        entry: entry::<H>(sizes),
        packed: whole.then(|| packing::<H>(sizes, ARENA)),
        swept: whole.then(|| sweep::<H>(sizes, ARENA)),
    }
}

fn shown(value: Option<Spread>, digits: usize) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |(middle, low, high)| format!("{middle:.digits$} [{low:.digits$}..{high:.digits$}]"),
    )
}

fn report(sizes: Sizes) {
    println!("\n{sizes:?} sizes: {}", sizes.describe());
    let mut rows = vec![
        row::<Ours<Compact>>(sizes, true),
        row::<OursLater<Compact>>(sizes, false),
        row::<Ours<Wide>>(sizes, true),
        row::<OursLater<Wide>>(sizes, false),
        row::<Talc>(sizes, true),
        row::<Rlsf>(sizes, true),
        row::<Buddy>(sizes, true),
    ];
    if matches!(sizes, Sizes::Mixed) {
        // It looks for room from the start of a list: minutes with many small objects.
        rows.push(row::<LinkedList>(sizes, true));
    }
    // Towards its steady state.
    for row in &mut rows {
        for _ in 0..8 {
            row.entry.churn.round(row.entry.pairs);
        }
    }
    let count = rows.len();
    for round in 0..ROUNDS {
        for step in 0..count {
            let entry = &mut rows[(round + step) % count].entry;
            let each = entry.churn.round(entry.pairs);
            entry.nanoseconds.push(each);
        }
    }
    println!(
        "| | free + alloc, ns | at live | first failure at | sweep, ns an object |\n|---|---:|---:|---:|---:|"
    );
    for row in &mut rows {
        let entry = &mut row.entry;
        let low = entry.nanoseconds.iter().copied().fold(f64::MAX, f64::min);
        let high = entry.nanoseconds.iter().copied().fold(0.0, f64::max);
        println!(
            "| {} | {:.0} [{low:.0}..{high:.0}] | {:.2} | {} | {} |",
            entry.name,
            median(&mut entry.nanoseconds),
            entry.churn.share(ARENA),
            shown(row.packed, 3),
            shown(row.swept, 1),
        );
    }
}

fn main() {
    for sizes in [Sizes::Mixed, Sizes::Uniform, Sizes::Small] {
        report(sizes);
    }
}
