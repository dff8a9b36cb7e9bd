//! What can be taken over into a writer can be written, and reads with the same rows.
#![no_main]

use ferrocil_metadata::write::ImageWriter;
use ferrocil_metadata::{Image, TableId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(image) = Image::parse(bytes) else { return };
    let Ok(mut writer) = ImageWriter::from_image(&image) else { return };
    if let Ok(written) = writer.write() {
        let again = Image::parse(&written).expect("what was written is an image");
        for table in TableId::ALL {
            assert_eq!(image.row_count(*table), again.row_count(*table));
        }
    }
    // Sorted, the rows are the same in number.
    writer.options_mut().keep_order = false;
    writer.options_mut().deterministic = true;
    if let Ok(written) = writer.write() {
        let again = Image::parse(&written).expect("what was written is an image");
        assert_eq!(image.row_count(TableId::TypeDef), again.row_count(TableId::TypeDef));
    }
});
