//! Measures, in CPU time, opening an image and walking all of it: `cargo run --release -p ferrocil-metadata --example measure -- FILE`.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use ferrocil_metadata::il::{Decoder, Operand};
use ferrocil_metadata::sig::{self, TreeBuilder};
use ferrocil_metadata::{
    ColumnKind, Image, NestedTypeIndex, SemanticsIndex, StringIndex, TableId, TypeNameIndex,
};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 21;

/// CPU time of this thread: other programs on the machine do not count.
fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// The shortest and the median of several runs.
fn measure<T>(name: &str, mut run: impl FnMut() -> T) {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = now();
            black_box(run());
            now() - start
        })
        .collect();
    times.sort();
    println!(
        "{name:<44} best {:>10.1?}  median {:>10.1?}",
        times[0],
        times[ROUNDS / 2]
    );
}

type Failure = Box<dyn Error>;

/// Every cell of every row, and every name.
fn rows(image: &Image<'_>) -> Result<u64, Failure> {
    let mut sum = 0_u64;
    for table in TableId::ALL {
        for rid in image.rids(*table) {
            for (column, kind) in table.columns().iter().enumerate() {
                let cell = image.raw_cell(*table, rid, column).ok_or("no cell")?;
                sum = sum.wrapping_add(u64::from(cell));
                if matches!(kind, ColumnKind::Str) {
                    sum += image.string(StringIndex(cell))?.len() as u64;
                }
            }
        }
    }
    Ok(sum)
}

/// Every instruction and every exception clause of every body.
fn bodies(image: &Image<'_>) -> Result<u64, Failure> {
    let mut sum = 0_u64;
    for rid in image.rids(TableId::MethodDef) {
        let row = image.method_def(rid)?;
        if row.rva == 0 {
            continue;
        }
        let body = image.method_body(row.rva)?;
        for instruction in Decoder::new(body.code) {
            let instruction = instruction?;
            sum += u64::from(instruction.opcode as u16);
            if let Operand::Switch(targets) = instruction.operand {
                sum += targets.map(u64::from).sum::<u64>();
            }
        }
        sum += body
            .clauses()
            .map(|clause| u64::from(clause.try_offset))
            .sum::<u64>();
    }
    Ok(sum)
}

/// Every method and field signature, as trees.
fn signatures(image: &Image<'_>) -> Result<usize, Failure> {
    let mut sum = 0;
    for rid in image.rids(TableId::MethodDef) {
        sum += sig::read_method(
            image.blob(image.method_def(rid)?.signature)?,
            &mut TreeBuilder,
        )?
        .params
        .len();
    }
    for rid in image.rids(TableId::Field) {
        sig::read_field(image.blob(image.field(rid)?.signature)?, &mut TreeBuilder)?;
        sum += 1;
    }
    Ok(sum)
}

fn main() -> Result<(), Failure> {
    let path = std::env::args_os()
        .nth(1)
        .unwrap_or_else(|| "/usr/lib/mono/4.5/mscorlib.dll".into());
    let bytes = std::fs::read(&path)?;
    let image = Image::parse(&bytes)?;
    let row_count: u32 = TableId::ALL
        .iter()
        .map(|table| image.row_count(*table))
        .sum();
    println!(
        "{}: {} bytes, {row_count} rows",
        path.display(),
        bytes.len()
    );
    rows(&image)?;
    bodies(&image)?;
    signatures(&image)?;
    measure("open", || {
        Image::parse(&bytes).map(|image| image.row_count(TableId::TypeDef))
    });
    measure("every row, cell and name", || rows(&image).unwrap_or(0));
    measure("every body: instructions and clauses", || {
        bodies(&image).unwrap_or(0)
    });
    measure("open, every row, name, instruction, clause", || {
        Image::parse(&bytes)
            .map_err(Failure::from)
            .and_then(|image| Ok(rows(&image)? + bodies(&image)?))
            .unwrap_or(0)
    });
    measure("every method and field signature, as trees", || {
        signatures(&image).unwrap_or(0)
    });
    measure("build the index of type names", || {
        TypeNameIndex::new(&image)
    });
    measure("build the index of nested types", || {
        NestedTypeIndex::new(&image)
    });
    measure("build the index of accessors", || {
        SemanticsIndex::new(&image)
    });
    Ok(())
}
