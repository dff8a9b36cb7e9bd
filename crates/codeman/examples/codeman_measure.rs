//! Measures code managers: time and overhead for a method. Run with `--release`.
//!
//! `cargo run --release -p ferrocil-codeman --example codeman_measure`

use std::time::Instant;

use ferrocil_codeman::{
    CodeManager, CodeManagerKind, CodeManagerOptions, DataHeap, Error, HeapKind, LoaderArena,
};

const METHODS: usize = 100_000;

/// Best of some rounds, in nanoseconds for each of `count`.
fn best(count: usize, mut round: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        round()?;
        best = best.min(start.elapsed().as_nanos() as f64 / count as f64);
    }
    Ok(best)
}

fn main() -> Result<(), Error> {
    let arena = LoaderArena::new(LoaderArena::DEFAULT_RESERVE)?;
    let code = [0xc3u8; 700];
    let domain = || {
        CodeManager::new(
            &arena,
            CodeManagerKind::Domain,
            CodeManagerOptions::default(),
        )
    };

    // Reserve more than needed, write, commit: as a compiler does that does not know the size before.
    let mut stats = None;
    let methods = |manager: &CodeManager| -> Result<(), Error> {
        for i in 0..METHODS {
            let used = 100 + i * 37 % 600;
            let mut block = manager.reserve(used + 200, 16)?;
            block.write(&code[..used])?;
            block.commit(used)?;
        }
        Ok(())
    };
    let cold = best(METHODS, || {
        let manager = domain()?;
        methods(&manager)?;
        stats = Some(manager.stats());
        Ok(())
    })?;
    let stats = stats.unwrap_or_default();
    let overhead = (stats.reserved - stats.used) as f64 / METHODS as f64;
    println!("method of 400 bytes, page faults and freeing included: {cold:.0} ns");
    println!("overhead of a method: {overhead:.1} bytes ({stats:?})");

    let bookkeeping = best(METHODS, || {
        let manager = domain()?;
        for _ in 0..METHODS {
            manager.reserve(400, 16)?.commit(400)?;
        }
        Ok(())
    })?;
    println!("reserve and commit without writing: {bookkeeping:.0} ns");

    let dynamic = best(1000, || {
        for _ in 0..1000 {
            let manager = CodeManager::new(
                &arena,
                CodeManagerKind::Dynamic,
                CodeManagerOptions::default(),
            )?;
            manager.install(&code[..400], 16)?;
        }
        Ok(())
    })?;
    println!("dynamic method, made and freed: {dynamic:.0} ns");

    let layout = std::alloc::Layout::new::<[u64; 20]>();
    let data = best(METHODS, || {
        let heap = DataHeap::new(&arena, HeapKind::HighFrequency);
        for _ in 0..METHODS {
            heap.alloc(layout)?;
        }
        Ok(())
    })?;
    println!("vtable of 160 bytes without writing: {data:.0} ns");

    let arenas = best(100, || {
        for _ in 0..100 {
            LoaderArena::new(LoaderArena::DEFAULT_RESERVE)?;
        }
        Ok(())
    })?;
    println!(
        "arena of 256 MiB, made and dropped: {:.1} µs",
        arenas / 1000.0
    );
    Ok(())
}
