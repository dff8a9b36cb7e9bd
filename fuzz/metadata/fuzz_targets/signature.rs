//! Signatures: what decodes, encodes to something that decodes to the same.
#![no_main]

use ferrocil_metadata::builder::{encode_locals, encode_method, encode_type};
use ferrocil_metadata::sig::{TreeBuilder, read_locals, read_method, read_property, read_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tree) = read_type(bytes, &mut TreeBuilder) {
        assert_eq!(read_type(&encode_type(&tree), &mut TreeBuilder), Ok(tree));
    }
    if let Ok(locals) = read_locals(bytes, &mut TreeBuilder) {
        assert_eq!(read_locals(&encode_locals(&locals), &mut TreeBuilder), Ok(locals));
    }
    if let Ok(method) = read_method(bytes, &mut TreeBuilder) {
        let again = read_method(&encode_method(&method), &mut TreeBuilder);
        assert_eq!(again.map(|sig| (sig.ret, sig.params)), Ok((method.ret, method.params)));
    }
    std::hint::black_box(read_property(bytes, &mut TreeBuilder).is_ok());
});
