//! Flips bytes in images and reads everything that is left: `cargo run --release -p ferrocil-metadata --features builder
//! --example mutate_images -- --count 100000 [--seed N] [--share PERCENT] [--file mscorlib.dll]`.
//!
//! Fails on a panic, on more than 64 MiB in use above the start, and when one image takes longer than 10 seconds of CPU time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use ferrocil_metadata::builder::{BuildOptions, sample, sample_pdb};
use ferrocil_metadata::check::{check_image, check_pdb};
use ferrocil_metadata::pdb::Pdb;
use ferrocil_metadata::verify::verify;
use ferrocil_metadata::{Image, TableId};
use rustix::time::{ClockId, clock_gettime};

/// Bytes in use, and the most there were.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

const MEMORY_LIMIT: usize = 64 << 20;
const TIME_LIMIT: Duration = Duration::from_secs(10);

// SAFETY: every call goes to `System` with the caller's arguments; only numbers are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = IN_USE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `dealloc`'s contract, and `System` gave the memory.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// CPU time of this process: a busy machine makes nothing slower.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }
}

/// An image to mutate, with the ranges of the file among which flips choose.
struct Subject {
    bytes: Vec<u8>,
    regions: Vec<std::ops::Range<usize>>,
    is_pdb: bool,
}

impl Subject {
    /// The whole file, its headers, the metadata's headers and tables, its heaps, and what is outside the metadata.
    fn image(bytes: Vec<u8>) -> Result<Self, Box<dyn Error>> {
        let image = Image::parse(&bytes)?;
        let offset = |part: &[u8]| part.as_ptr().addr() - bytes.as_ptr().addr();
        let root = image.cli_header().metadata;
        let root = image.rva_bytes(root.rva, root.size)?;
        let metadata = offset(root)..offset(root) + root.len();
        let mut regions = vec![
            0..bytes.len(),
            0..0x250.min(bytes.len()),
            metadata.start..metadata.start + 0x200.min(root.len()),
            metadata.clone(),
            0..metadata.start,
        ];
        for heap in image.heap_bytes() {
            if !heap.is_empty() {
                regions.push(offset(heap)..offset(heap) + heap.len());
            }
        }
        Ok(Self {
            bytes,
            regions,
            is_pdb: false,
        })
    }

    fn pdb(bytes: Vec<u8>) -> Self {
        let regions = vec![0..bytes.len(), 0..0x200.min(bytes.len())];
        Self {
            bytes,
            regions,
            is_pdb: true,
        }
    }
}

/// Reads all there is; true when the file still opens.
fn read(bytes: &[u8], is_pdb: bool) -> bool {
    if is_pdb {
        let Ok(pdb) = Pdb::parse(bytes) else {
            return false;
        };
        black_box(check_pdb(&pdb));
        return true;
    }
    let Ok(image) = Image::parse(bytes) else {
        return false;
    };
    black_box(check_image(&image));
    black_box(verify(&image, &mut |_| {}));
    black_box((
        image.strong_name_signature(),
        image.debug_entries().filter_map(Result::ok).count(),
        image.row_count(TableId::Module),
    ));
    true
}

fn option(name: &str) -> Option<String> {
    let mut args = std::env::args();
    args.find(|arg| arg == name)?;
    args.next()
}

fn number(name: &str, default: u64) -> Result<u64, Box<dyn Error>> {
    option(name).map_or(Ok(default), |text| Ok(text.parse()?))
}

fn subjects() -> Result<Vec<Subject>, Box<dyn Error>> {
    let mut small = Vec::new();
    for shape in 0..16_u8 {
        small.push(Subject::image(sample(BuildOptions {
            uncompressed: shape & 1 != 0,
            wide_heaps: shape & 2 != 0,
            pe32_plus: shape & 4 != 0,
            extra_data: shape & 8 != 0,
        })?)?);
    }
    small.push(Subject::pdb(sample_pdb()?));
    Ok(small)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (count, seed, share) = (
        number("--count", 2000)?,
        number("--seed", 1)?,
        number("--share", 10)?,
    );
    let file = option("--file").unwrap_or_else(|| "/usr/lib/mono/4.5/mscorlib.dll".into());
    let mut small = subjects()?;
    let mut large = match std::fs::read(&file) {
        Ok(bytes) => Some(Subject::image(bytes)?),
        Err(error) => {
            println!("note: {file}: {error}; only generated images are mutated");
            None
        }
    };

    // A hang cannot be caught where it happens: another thread watches the clock.
    let progress = Arc::new(AtomicU64::new(0));
    let watched = Arc::clone(&progress);
    std::thread::spawn(move || {
        let (mut last, mut since) = (0, cpu_time());
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let now = watched.load(Ordering::Relaxed);
            if now != last {
                (last, since) = (now, cpu_time());
            } else if cpu_time() - since > TIME_LIMIT {
                eprintln!("image {now}: not done after {TIME_LIMIT:?}");
                std::process::exit(1);
            }
        }
    });

    let mut random = Random(seed);
    let (mut opened, mut from_large, mut failures) = (0_u64, 0_u64, 0_u64);
    let (mut worst_memory, mut worst_time) = (0, Duration::ZERO);
    for case in 0..count {
        let is_large = large.is_some() && random.next() % 100 < share;
        let at = random.below(small.len());
        let subject = match &mut large {
            Some(large) if is_large => large,
            _ => &mut small[at],
        };
        from_large += u64::from(is_large);
        let region = subject.regions[random.below(subject.regions.len())].clone();
        let flips: Vec<(usize, u8)> = (0..=random.below(32))
            .map(|_| {
                let at = region.start + random.below(region.len());
                (at, u8::try_from(random.next() & 0xFF).unwrap_or(1))
            })
            .collect();
        for (at, mask) in &flips {
            subject.bytes[*at] ^= mask;
        }
        let before = IN_USE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let start = cpu_time();
        let (bytes, is_pdb) = (&subject.bytes, subject.is_pdb);
        let outcome = catch_unwind(AssertUnwindSafe(|| read(bytes, is_pdb)));
        worst_time = worst_time.max(cpu_time() - start);
        let memory = PEAK.load(Ordering::Relaxed) - before;
        worst_memory = worst_memory.max(memory);
        match outcome {
            Ok(open) => opened += u64::from(open),
            Err(_) => {
                failures += 1;
                println!(
                    "image {case} of seed {seed}: a panic; flips {flips:?}, large: {is_large}"
                );
            }
        }
        if memory > MEMORY_LIMIT {
            failures += 1;
            println!("image {case} of seed {seed}: {memory} bytes in use; flips {flips:?}");
        }
        for (at, mask) in &flips {
            subject.bytes[*at] ^= mask;
        }
        progress.store(case + 1, Ordering::Relaxed);
        if (case + 1) % 1000 == 0 {
            println!("{} images, {opened} opened, {failures} failures", case + 1);
        }
    }
    println!(
        "{count} images ({from_large} of {file}), {opened} opened; most memory {} KiB; slowest {worst_time:.1?}; {failures} failures",
        worst_memory >> 10
    );
    if failures == 0 {
        Ok(())
    } else {
        Err("a mutated image broke a limit".into())
    }
}
