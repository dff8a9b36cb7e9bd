//! What `--stats` prints, to standard error.

use ferrocil::StatsReport;

/// Prints the report.
pub fn stats(report: &StatsReport) {
    eprintln!(
        "{:<32} {:>8} {:>10} {:>10}",
        "assembly", "methods", "IL bytes", "code bytes"
    );
    for (name, a) in &report.assemblies {
        eprintln!(
            "{name:<32} {:>8} {:>10} {:>10}",
            a.methods, a.il_bytes, a.code_bytes
        );
    }
    eprintln!(
        "{} classes, {} stubs, {} image sets with {} bytes, {:.1} ms compiling, {} exceptions",
        report.classes,
        report.stubs,
        report.image_sets.0,
        report.image_sets.1,
        report.compile_time.as_secs_f64() * 1e3,
        report.exceptions
    );
    match &report.code_cache {
        Some(cache) => eprintln!(
            "code cache: {} loaded with {} bytes of code ({} precompiled), {} compiled, files of {} bytes",
            cache.hits, cache.hit_bytes, cache.precompiled, cache.misses, cache.file_bytes
        ),
        None => eprintln!("code cache: off"),
    }
    for (name, tier) in ["quick", "optimized"].iter().zip(&report.tiers) {
        eprintln!(
            "{name}: {} methods, {} IL bytes, {:.1} ms, {:.0} ns per IL byte",
            tier.methods,
            tier.il_bytes,
            tier.time.as_secs_f64() * 1e3,
            tier.time.as_nanos() as f64 / tier.il_bytes.max(1) as f64
        );
    }
    eprintln!(
        "{} shared bodies run by {} instances of generic methods",
        report.shared.0, report.shared.1
    );
    eprintln!(
        "heap: {} bytes used of {}, {} collections",
        report.heap.used, report.heap.limit, report.heap.collections
    );
}
