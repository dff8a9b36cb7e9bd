//! Flipped bytes: everything reachable is read; the answer is a value or an error, never a panic, and comes soon.

use std::time::{Duration, Instant};

use ferrocil_metadata::builder::{BuildOptions, sample, sample_pdb};
use ferrocil_metadata::check::{check_image, check_pdb};
use ferrocil_metadata::pdb::Pdb;
use ferrocil_metadata::text::{Disassembler, Heap, Tables};
use ferrocil_metadata::verify::verify;
use ferrocil_metadata::{Image, TableId};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, proptest};
use proptest::prop_assert;

/// A reader that does not end would take for ever; a slow machine takes some milliseconds.
const LIMIT: Duration = Duration::from_secs(2);

fn read_image(bytes: &[u8]) -> bool {
    let Ok(image) = Image::parse(bytes) else {
        return false;
    };
    std::hint::black_box(check_image(&image));
    std::hint::black_box(verify(&image, &mut |_| {}));
    std::hint::black_box((
        image.mvid().is_ok(),
        image.module_name().is_ok(),
        image.strong_name_signature(),
    ));
    std::hint::black_box(
        image
            .debug_entries()
            .filter_map(Result::ok)
            .filter_map(|entry| entry.code_view())
            .count(),
    );
    true
}

fn read_pdb(bytes: &[u8]) -> bool {
    let Ok(pdb) = Pdb::parse(bytes) else {
        return false;
    };
    std::hint::black_box(check_pdb(&pdb));
    true
}

/// Takes so much text and no more: rows may share one large blob, and a table's text is as long as all of them.
struct Enough(usize);

impl std::fmt::Write for Enough {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

/// Every table, every heap and the assembler text.
fn write_text(bytes: &[u8]) {
    const ENOUGH: usize = 4 << 20;
    let Ok(image) = Image::parse(bytes) else {
        return;
    };
    let tables = Tables::new(&image);
    for table in TableId::ALL {
        let _ = tables.write(*table, &mut Enough(ENOUGH));
        for rid in image.rids(*table) {
            let _ = std::hint::black_box(tables.row(*table, rid));
        }
    }
    for heap in [Heap::Strings, Heap::UserStrings, Heap::Blob] {
        let _ = heap.write(&image, &mut Enough(ENOUGH));
    }
    let _ = Disassembler::new(&image).assembly(&mut Enough(ENOUGH));
}

fn flip(bytes: &mut [u8], flips: &[(usize, u8)], from: usize) {
    let len = bytes.len() - from;
    for (at, value) in flips {
        if let Some(byte) = bytes.get_mut(from + at % len) {
            *byte ^= value;
        }
    }
}

fn in_time<T>(run: impl FnOnce() -> T) -> (T, bool) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed() < LIMIT)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_mutated_image_is_read_or_refused(shape in 0_u8..16, flips in vec((any::<usize>(), any::<u8>()), 1..32)) {
        let mut bytes = sample(BuildOptions {
            uncompressed: shape & 1 != 0,
            wide_heaps: shape & 2 != 0,
            pe32_plus: shape & 4 != 0,
            extra_data: shape & 8 != 0,
        })?;
        flip(&mut bytes, &flips, 0);
        let (_, soon) = in_time(|| read_image(&bytes));
        prop_assert!(soon);
    }

    /// Behind the file headers, where most mutations leave an image that opens.
    #[test]
    fn mutated_tables_and_heaps_are_read_or_refused(flips in vec((any::<usize>(), any::<u8>()), 1..32)) {
        let mut bytes = sample(BuildOptions::default())?;
        flip(&mut bytes, &flips, 0x200 + 72);
        let (_, soon) = in_time(|| read_image(&bytes));
        prop_assert!(soon);
    }

    #[test]
    fn mutated_images_are_written_as_text_or_refused(shape in 0_u8..4, from in 0_usize..0x400, flips in vec((any::<usize>(), any::<u8>()), 1..8)) {
        let mut bytes = sample(BuildOptions {
            uncompressed: shape & 1 != 0,
            wide_heaps: shape & 2 != 0,
            ..BuildOptions::default()
        })?;
        flip(&mut bytes, &flips, from);
        let (_, soon) = in_time(|| write_text(&bytes));
        prop_assert!(soon);
    }

    #[test]
    fn a_mutated_pdb_is_read_or_refused(flips in vec((any::<usize>(), any::<u8>()), 1..32)) {
        let mut bytes = sample_pdb()?;
        flip(&mut bytes, &flips, 0);
        let (_, soon) = in_time(|| read_pdb(&bytes));
        prop_assert!(soon);
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 0..400)) {
        read_image(&bytes);
        read_pdb(&bytes);
        let mut root = sample_pdb()?;
        let keep = root.len() / 2;
        root.truncate(keep);
        root.extend_from_slice(&bytes);
        read_pdb(&root);
    }
}

/// The property tests would prove nothing if no mutated image opened.
#[test]
fn enough_mutated_images_open() {
    let original = sample(BuildOptions::default()).expect("the sample fits");
    let opened = (0..original.len())
        .filter(|at| {
            let mut bytes = original.clone();
            bytes[*at] ^= 0x55;
            read_image(&bytes)
        })
        .count();
    assert!(
        opened * 2 > original.len(),
        "{opened} of {} images with one byte changed",
        original.len()
    );
}
