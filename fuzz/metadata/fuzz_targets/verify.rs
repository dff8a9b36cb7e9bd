//! The verifier on any body. The first byte says as which method's of a sample image.
#![no_main]

use std::sync::LazyLock;

use ferrocil_metadata::builder::{BuildOptions, sample};
use ferrocil_metadata::verify::verify_body;
use ferrocil_metadata::{Image, MethodBody, TableId};
use libfuzzer_sys::fuzz_target;

static SAMPLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| sample(BuildOptions::default()).expect("the sample fits"));

fuzz_target!(|bytes: &[u8]| {
    let Some((method, body)) = bytes.split_first() else { return };
    let Ok(body) = MethodBody::parse(body) else { return };
    let image = Image::parse(&SAMPLE).expect("the sample is an image");
    let method = u32::from(*method) % image.row_count(TableId::MethodDef) + 1;
    verify_body(&image, method, &body, &mut |violation| {
        assert!(violation.offset as usize <= body.code.len());
        assert_eq!(violation.method, method);
    });
});
