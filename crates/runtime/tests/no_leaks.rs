//! Dropping runtimes gives everything back: mappings, threads, memory of the process.
//! Alone in its binary, since it looks at the whole process.

mod support;

use ferrocil::{Error, Runtime};
use support::compile;

const WORK: &str = r#"
using System; using System.Collections.Generic;
public class Work {
    public static int Run(int n) {
        var list = new List<string>();
        for (int i = 0; i < n; i++) { try { if (i % 7 == 0) throw new Exception("x" + i); list.Add(i.ToString()); } catch (Exception e) { list.Add(e.Message); } }
        return list.Count;
    }
}
"#;

/// Mappings of the process that are large or executable: arenas, heaps, code, stacks.
fn mappings() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("procfs is mounted");
    maps.lines()
        .filter(|l| !l.contains(".so") && !l.contains("["))
        .count()
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("procfs is mounted");
    let pages: usize = statm
        .split_whitespace()
        .nth(1)
        .and_then(|p| p.parse().ok())
        .expect("statm has its form");
    pages * 4096
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .expect("procfs is mounted")
        .count()
}

fn cycle(file: &std::path::Path) -> Result<(), Error> {
    // Two at once, used side by side.
    let (a, b) = (
        Runtime::builder().heap_limit(64 << 20).build()?,
        Runtime::builder().heap_limit(64 << 20).build()?,
    );
    for runtime in [&a, &b] {
        let run = runtime
            .default_domain()
            .load_file(file)?
            .method::<(i32,), i32>("Work", "Run")?;
        assert_eq!(run.call((500,))?, 500);
    }
    drop(a);
    let run = b
        .default_domain()
        .load_file(file)?
        .method::<(i32,), i32>("Work", "Run")?;
    assert_eq!(run.call((10,))?, 10);
    Ok(())
}

#[test]
fn two_runtimes_drop_without_a_leak() -> Result<(), Error> {
    let file = compile("no_leaks", WORK);
    // The first rounds fill caches of the process: allocator arenas, thread stacks, Cranelift.
    for _ in 0..3 {
        cycle(&file)?;
    }
    let before = (mappings(), threads(), resident_bytes());
    const ROUNDS: usize = 8;
    for _ in 0..ROUNDS {
        cycle(&file)?;
    }
    let after = (mappings(), threads(), resident_bytes());
    assert!(
        after.0 <= before.0 + 2,
        "mappings grew from {} to {}",
        before.0,
        after.0
    );
    assert_eq!(after.1, before.1, "threads");
    // One leaked runtime would cost megabytes in each round.
    let grown = after.2.saturating_sub(before.2);
    assert!(
        grown < ROUNDS * (256 << 10),
        "resident memory grew by {grown} bytes in {ROUNDS} rounds"
    );
    Ok(())
}
