//! A whole image: everything reachable.
#![no_main]

use ferrocil_metadata::Image;
use ferrocil_metadata::check::check_image;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(image) = Image::parse(bytes) {
        std::hint::black_box(check_image(&image));
        std::hint::black_box(image.debug_entries().filter_map(Result::ok).count());
    }
});
