//! Changes bytes of method bodies in good images and compiles what comes out; runs those
//! whose changes keep types:
//!
//! `cargo run --release -p ferrocil --example mutate_bodies -- --count 10000 [--seed N]
//! [--batch 50] [--ferrocil COMMAND --run N] FILE…`
//!
//! Bodies are changed in place: opcodes, operands, the header, clauses. Each batch is one
//! image with that many changed bodies, loaded into a runtime of its own for each tier, whose
//! methods are compiled (callees that are changed too are expanded in them) and never run: code that is not type-safe may do anything when it runs, and
//! that would say nothing about the compiler. What runs are whole programs (`--run`),
//! whose changes stay type-safe: other constants, arithmetic, comparisons, conversions
//! to integers of the same size. Those may print anything, throw and never end; they may
//! not die by a signal or a panic.
//!
//! `batch N` is printed before each batch, so that whoever started this process knows
//! where it died.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ferrocil::{Runtime, TierPolicy};
use ferrocil_generics::Context;
use ferrocil_metadata::il::{Decoder, Opcode, Operand};
use ferrocil_metadata::{Image, TableId, Token};

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
        (self.next() % limit.max(1) as u64) as usize
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// A method body in a file.
struct Place {
    method: u32,
    /// Offset of the header.
    start: usize,
    /// Offset and length of the code.
    code: usize,
    code_len: usize,
    /// One past the last byte, sections included.
    end: usize,
}

/// A good image.
struct Subject {
    path: PathBuf,
    bytes: Vec<u8>,
    places: Vec<Place>,
}

struct Options {
    count: usize,
    seed: u64,
    batch: usize,
    first: usize,
    run: usize,
    ferrocil: Option<PathBuf>,
    files: Vec<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let subjects: Vec<Subject> = options
        .files
        .iter()
        .filter_map(|path| subject(path).transpose())
        .collect::<Result<_, _>>()?;
    if subjects.is_empty() {
        return Err("no image with a method body was given".into());
    }
    let folder = std::env::temp_dir().join(format!("ferrocil-mutate-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = everything(&options, &subjects, &folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

fn everything(
    options: &Options,
    subjects: &[Subject],
    folder: &Path,
) -> Result<(), Box<dyn Error>> {
    let batches = options.count.div_ceil(options.batch);
    let (mut compiled, mut refused) = (0, 0);
    for batch in options.first..batches {
        println!("batch {batch}");
        std::io::stdout().flush()?;
        let (good, bad) = compile_batch(options, subjects, folder, batch)?;
        compiled += good;
        refused += bad;
    }
    println!(
        "bodies {} compiled {compiled} refused {refused}",
        compiled + refused
    );
    let mut endings = [0_usize; 3];
    for run in 0..options.run {
        println!("run {run}");
        std::io::stdout().flush()?;
        let ending = run_one(options, subjects, folder, run)?;
        endings[ending as usize] += 1;
    }
    println!(
        "runs {} to the end {} with an exception {} stopped after a while {}",
        options.run, endings[0], endings[1], endings[2]
    );
    Ok(())
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options {
        count: 1000,
        seed: 1,
        batch: 50,
        first: 0,
        run: 0,
        ferrocil: None,
        files: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--count" => options.count = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--batch" => options.batch = value()?.parse::<usize>()?.max(1),
            "--first" => options.first = value()?.parse()?,
            "--run" => options.run = value()?.parse()?,
            "--ferrocil" => options.ferrocil = Some(value()?.into()),
            _ => options.files.push(argument.into()),
        }
    }
    Ok(options)
}

/// Reads an image and finds its bodies; `None` when it has none.
fn subject(path: &Path) -> Result<Option<Subject>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let image = Image::parse(&bytes)?;
    let mut places = Vec::new();
    for rid in 1..=image.row_count(TableId::MethodDef) {
        let row = image.method_def(rid)?;
        let owned = Token::new(TableId::MethodDef, rid);
        if row.rva == 0 || !image.generic_params(owned).is_empty() {
            continue;
        }
        let body = image.method_body(row.rva)?;
        let code = body.code.as_ptr() as usize - bytes.as_ptr() as usize;
        // A tiny header is one byte; a fat one says its own length, which is 12.
        let header = if bytes[code - 1] & 3 == 2 && body.max_stack == 8 && body.code.len() < 64 {
            1
        } else {
            12
        };
        if !body.code.is_empty() && code >= header {
            places.push(Place {
                method: rid,
                start: code - header,
                code,
                code_len: body.code.len(),
                end: code - header + body.size as usize,
            });
        }
    }
    if places.is_empty() {
        return Ok(None);
    }
    Ok(Some(Subject {
        path: path.to_path_buf(),
        bytes,
        places,
    }))
}

/// Changes bodies of one image and compiles them: how many compiled and were refused.
fn compile_batch(
    options: &Options,
    subjects: &[Subject],
    folder: &Path,
    batch: usize,
) -> Result<(usize, usize), Box<dyn Error>> {
    let mut random = Random(options.seed.wrapping_mul(0x1_0000_0001) ^ batch as u64);
    let subject = &subjects[random.below(subjects.len())];
    let mut bytes = subject.bytes.clone();
    let mut methods = Vec::new();
    for _ in 0..options.batch {
        let place = &subject.places[random.below(subject.places.len())];
        for _ in 0..1 + random.below(3) {
            change(&mut random, &mut bytes, place);
        }
        methods.push(place.method);
    }
    let name = subject.path.file_name().ok_or("a file without a name")?;
    let file = folder.join(name);
    std::fs::write(&file, &bytes)?;
    let (mut compiled, mut refused) = (0, 0);
    for tier in [TierPolicy::Quick, TierPolicy::Optimized] {
        let (good, bad) = compile_methods(&file, &methods, tier)?;
        compiled += good;
        refused += bad;
    }
    Ok((compiled, refused))
}

/// Compiles methods of a file, each in one tier: how many compiled and were refused.
fn compile_methods(
    file: &Path,
    methods: &[u32],
    tier: TierPolicy,
) -> Result<(usize, usize), Box<dyn Error>> {
    let runtime = Runtime::builder().tier(tier).build()?;
    let vm = runtime.vm();
    let attached = vm.attach(vm.root_domain()).ok_or("already attached")?;
    let image = vm.load_image(file)?;
    let (mut compiled, mut refused) = (0, 0);
    for &method in methods {
        let token = Token::new(TableId::MethodDef, method);
        let done = vm
            .resolve_method_token(image, token, Context::EMPTY)
            .and_then(|method| {
                if method.class.open {
                    return Ok(());
                }
                attached.precompile(method)
            });
        match done {
            Ok(()) => compiled += 1,
            Err(_) => refused += 1,
        }
    }
    Ok((compiled, refused))
}

/// One change of a body that may be anything.
fn change(random: &mut Random, bytes: &mut [u8], place: &Place) {
    let code = place.code..place.code + place.code_len;
    match random.below(10) {
        // The header or a section.
        0 => {
            let at = place.start + random.below(place.end - place.start);
            // The length of the code decides where the body ends: leave it.
            if !(place.start..place.code).contains(&at) || at < place.start + 4 {
                bytes[at] ^= 1 << random.below(8);
            }
        }
        1 => {
            let at = code.start + random.below(place.code_len);
            bytes[at] = random.next() as u8;
        }
        2 => {
            // One instruction's bytes over another's.
            let length = (1 + random.below(6)).min(place.code_len);
            let from = code.start + random.below(place.code_len - length + 1);
            let to = code.start + random.below(place.code_len - length + 1);
            bytes.copy_within(from..from + length, to);
        }
        3 => {
            let at = code.start + random.below(place.code_len);
            bytes[at] = bytes[at].wrapping_add(random.pick(&[1, 2, 4, 0xff, 0xfe]));
        }
        // Instructions, at their borders.
        kind => {
            let starts: Vec<(usize, Option<usize>)> = Decoder::new(&bytes[code.clone()])
                .filter_map(Result::ok)
                .map(|i| {
                    let long = bytes[code.start + i.offset as usize] == 0xfe;
                    let has = !matches!(i.operand, Operand::None);
                    let opcode = code.start + i.offset as usize;
                    (opcode, has.then_some(opcode + 1 + usize::from(long)))
                })
                .collect();
            let Some(&(opcode, operand)) = starts.get(random.below(starts.len())) else {
                return;
            };
            match operand {
                Some(at) if kind < 7 && at < code.end => {
                    bytes[at] = random.next() as u8;
                }
                _ => bytes[opcode] = random.next() as u8,
            }
        }
    }
}

/// Groups of one-byte opcodes that may stand for each other without changing any type.
const SAFE_GROUPS: &[&[u8]] = &[
    // ldc.i4.m1 … ldc.i4.8
    &[0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e],
    // add, sub, mul, div, rem
    &[0x58, 0x59, 0x5a, 0x5b, 0x5d],
    // and, or, xor
    &[0x5f, 0x60, 0x61],
    // shl, shr, shr.un
    &[0x62, 0x63, 0x64],
    // conv.i1, i2, i4, u1, u2, u4
    &[0x67, 0x68, 0x69, 0x6d, 0xd1, 0xd2],
    // brfalse.s, brtrue.s; brfalse, brtrue
    &[0x2c, 0x2d],
    &[0x39, 0x3a],
];

/// One change that keeps types; `false` when the chosen instruction allows none.
fn safe_change(random: &mut Random, bytes: &mut [u8], place: &Place) -> bool {
    let code = place.code..place.code + place.code_len;
    let list: Vec<(usize, Opcode)> = Decoder::new(&bytes[code.clone()])
        .filter_map(Result::ok)
        .map(|i| (code.start + i.offset as usize, i.opcode))
        .collect();
    let Some(&(at, opcode)) = list.get(random.below(list.len())) else {
        return false;
    };
    if let Some(group) = SAFE_GROUPS.iter().find(|group| group.contains(&bytes[at])) {
        bytes[at] = random.pick(group);
        return true;
    }
    let operand = match opcode {
        Opcode::LdcI4S => 1,
        Opcode::LdcI4 | Opcode::LdcR4 => 4,
        Opcode::LdcI8 | Opcode::LdcR8 => 8,
        _ => return false,
    };
    bytes[at + 1 + random.below(operand)] ^= 1 << random.below(8);
    true
}

enum Ending {
    Done,
    Exception,
    Stopped,
}

/// Runs one program with type-safe changes.
fn run_one(
    options: &Options,
    subjects: &[Subject],
    folder: &Path,
    run: usize,
) -> Result<Ending, Box<dyn Error>> {
    let ferrocil = options
        .ferrocil
        .as_ref()
        .ok_or("--run needs --ferrocil COMMAND")?;
    let mut random = Random(options.seed.wrapping_mul(0x1_0000_0001) ^ (1 << 40) ^ run as u64);
    let programs: Vec<&Subject> = subjects
        .iter()
        .filter(|s| s.path.extension().is_some_and(|e| e == "exe") && is_safe(s))
        .collect();
    if programs.is_empty() {
        return Err("no verifiable program among the files".into());
    }
    let subject = random.pick(&programs);
    let mut bytes = subject.bytes.clone();
    let mut wanted = 1 + random.below(3);
    for _ in 0..1000 {
        let place = &subject.places[random.below(subject.places.len())];
        if wanted > 0 && safe_change(&mut random, &mut bytes, place) {
            wanted -= 1;
        }
    }
    let file = folder.join(subject.path.file_name().ok_or("a file without a name")?);
    std::fs::write(&file, &bytes)?;
    let mut child = Command::new(ferrocil)
        .args(["--heap-limit", "256M"])
        .arg(&file)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    const LIMIT: Duration = Duration::from_secs(5);
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            // A panic of the runtime is exit code 101 or 134, or SIGABRT.
            return match status.code() {
                Some(0) => Ok(Ending::Done),
                Some(code) if code != 101 && code != 134 => Ok(Ending::Exception),
                _ => {
                    let kept = std::env::temp_dir().join(format!("mutated-{run}.exe"));
                    std::fs::copy(&file, &kept)?;
                    Err(format!("run {run} ended with {status}: {}", kept.display()).into())
                }
            };
        }
        if started.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Ok(Ending::Stopped);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a C# compiler made an image and found nothing unsafe in it, and no native code is
/// called from it. (An assembler says nothing: `cpblk` with a changed size ends any runtime.)
fn is_safe(subject: &Subject) -> bool {
    let Ok(image) = Image::parse(&subject.bytes) else {
        return false;
    };
    let named = |part: &[u8]| subject.bytes.windows(part.len()).any(|w| w == part);
    image.row_count(TableId::ImplMap) == 0
        && named(b"RuntimeCompatibilityAttribute")
        && !named(b"UnverifiableCodeAttribute")
        && !named(b"System.Runtime.InteropServices")
}
