//! Measures ferrocil-metadata beside other readers of CLI images: CPU time and peak memory, each in a process of its
//! own. `cargo run --release --features peers [-- FILE]`.

mod floor;
mod ours;
#[cfg(any(feature = "dotnetdll", feature = "dotscope", feature = "clrmeta"))]
mod peers;

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use ferrocil_metadata::Image;
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

/// CPU time of all threads: other programs on the machine do not count, and neither do we by being parallel.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

const OPEN: &str = "open";
const TOUCH: &str = "rows, names, signatures";
const BODIES: &str = "instructions, clauses";
const ALL: &str = "open and everything";
const VERIFY: &str = "verify every body";

const CASES: &[(&str, &str)] = &[
    ("floor", OPEN),
    ("floor", TOUCH),
    ("floor", BODIES),
    ("floor", ALL),
    ("ferrocil-metadata", OPEN),
    ("ferrocil-metadata", TOUCH),
    ("ferrocil-metadata", BODIES),
    ("ferrocil-metadata", ALL),
    ("ferrocil-metadata", VERIFY),
    #[cfg(feature = "dotnetdll")]
    ("dotnetdll", OPEN),
    #[cfg(feature = "dotnetdll")]
    ("dotnetdll", ALL),
    #[cfg(feature = "dotscope")]
    ("dotscope", ALL),
    #[cfg(feature = "clrmeta")]
    ("clrmeta", OPEN),
    #[cfg(feature = "clrmeta")]
    ("clrmeta", ALL),
];

/// Runs something several times and prints the CPU times in microseconds.
fn measure<T>(rounds: usize, mut run: impl FnMut() -> Result<T, Failure>) -> Result<(), Failure> {
    for _ in 0..rounds {
        let start = now();
        black_box(run()?);
        println!("{}", (now() - start).as_nanos());
    }
    Ok(())
}

fn child(who: &str, what: &str, path: &str) -> Result<(), Failure> {
    let file = std::fs::File::open(path)?;
    // SAFETY: nothing changes the class library's files while this runs.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    let bytes: &[u8] = &map;
    match (who, what) {
        ("floor", OPEN) => measure(21, || Ok(black_box(floor::Floor::open(bytes)).sections())),
        ("floor", _) => {
            let operands = floor::Operands::new();
            let open = floor::Floor::open(bytes);
            match what {
                TOUCH => measure(21, || Ok(open.rows_names_signatures())),
                BODIES => measure(21, || Ok(open.bodies(&operands))),
                _ => measure(21, || {
                    let open = floor::Floor::open(bytes);
                    Ok(open.rows_names_signatures() + open.bodies(&operands))
                }),
            }
        }
        ("ferrocil-metadata", OPEN) => measure(21, || {
            Ok(Image::parse(bytes)?.row_count(ferrocil_metadata::TableId::TypeDef))
        }),
        ("ferrocil-metadata", _) => {
            let image = Image::parse(bytes)?;
            match what {
                TOUCH => measure(21, || ours::rows_names_signatures(&image)),
                BODIES => measure(21, || ours::bodies(&image)),
                VERIFY => measure(5, || {
                    Ok(ferrocil_metadata::verify::verify(&image, &mut |_| {}).violations)
                }),
                _ => measure(21, || {
                    let image = Image::parse(bytes)?;
                    Ok(ours::rows_names_signatures(&image)? + ours::bodies(&image)?)
                }),
            }
        }
        #[cfg(feature = "dotnetdll")]
        ("dotnetdll", OPEN) => measure(5, || peers::dotnetdll_open(bytes)),
        #[cfg(feature = "dotnetdll")]
        ("dotnetdll", _) => measure(5, || peers::dotnetdll_all(bytes)),
        #[cfg(feature = "dotscope")]
        ("dotscope", _) => measure(5, || peers::dotscope_all(path)),
        #[cfg(feature = "clrmeta")]
        ("clrmeta", _) => {
            let root = Image::parse(bytes)?.cli_header().metadata;
            let root = Image::parse(bytes)?.rva_bytes(root.rva, root.size)?;
            if what == OPEN {
                measure(21, || peers::clrmeta_open(root))
            } else {
                measure(21, || peers::clrmeta_all(root))
            }
        }
        _ => Err("no such case".into()),
    }
}

/// Peak resident memory of this process, in KiB; mapped pages of files that were touched count.
fn peak() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmHWM")?.parse()?)
}

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().collect();
    let path = args
        .get(1)
        .map_or("/usr/lib/mono/4.5/mscorlib.dll", String::as_str);
    if let [_, path, who, what] = args.as_slice() {
        child(who, what, path)?;
        println!("peak {}", peak()?);
        return Ok(());
    }
    println!("{path}\n");
    println!("| reader | what | CPU best | median | worst | peak memory |");
    println!("|---|---|---|---|---|---|");
    for (who, what) in CASES {
        let output = Command::new(std::env::current_exe()?)
            .args([path, who, what])
            .output()?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            println!(
                "| {who} | {what} | failed: {} | | | |",
                error.lines().next().unwrap_or("")
            );
            continue;
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut times: Vec<u64> = text.lines().filter_map(|line| line.parse().ok()).collect();
        times.sort_unstable();
        let peak: u64 = text
            .lines()
            .find_map(|line| line.strip_prefix("peak ")?.parse().ok())
            .unwrap_or(0);
        let time = |nanos: Option<&u64>| {
            nanos.map_or(String::new(), |nanos| {
                format!("{:.2} ms", *nanos as f64 / 1e6)
            })
        };
        println!(
            "| {who} | {what} | {} | {} | {} | {:.1} MB |",
            time(times.first()),
            time(times.get(times.len() / 2)),
            time(times.last()),
            peak as f64 / 1024.0
        );
    }
    Ok(())
}
