//! An image as text: every table, every heap, the assembler text.
#![no_main]

use std::fmt;

use ferrocil_metadata::text::{Disassembler, Heap, Tables};
use ferrocil_metadata::{Image, TableId};
use libfuzzer_sys::fuzz_target;

/// Takes so much text and no more: rows may share one large blob, and a table's text is as long as all of them.
struct Enough(usize);

impl fmt::Write for Enough {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

const ENOUGH: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = Image::parse(bytes) else { return };
    let tables = Tables::new(&image);
    for table in TableId::ALL {
        let _ = tables.write(*table, &mut Enough(ENOUGH));
        for rid in image.rids(*table).take(1000) {
            let _ = std::hint::black_box(tables.row(*table, rid));
        }
    }
    for heap in [Heap::Strings, Heap::UserStrings, Heap::Blob] {
        let _ = heap.write(&image, &mut Enough(ENOUGH));
    }
    let _ = Disassembler::new(&image).assembly(&mut Enough(ENOUGH));
});
