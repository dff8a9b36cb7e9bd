//! A bare metadata root: the fuzzer need not find its way through the PE headers.
#![no_main]

use ferrocil_metadata::Metadata;
use ferrocil_metadata::check::check_metadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(metadata) = Metadata::parse(bytes) {
        std::hint::black_box(check_metadata(&metadata));
    }
});
