//! A method body and its IL.
#![no_main]

use ferrocil_metadata::MethodBody;
use ferrocil_metadata::il::{Decoder, Operand};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = MethodBody::parse(bytes) else { return };
    let len = body.code.len() as u32;
    for clause in body.clauses() {
        assert!(clause.try_offset + clause.try_len <= len && clause.handler_offset + clause.handler_len <= len);
    }
    let mut end = 0;
    for instruction in Decoder::new(body.code).map_while(Result::ok) {
        assert_eq!(instruction.offset, end);
        end = instruction.end();
        match instruction.operand {
            Operand::Branch(target) => assert!(target < len),
            Operand::Switch(mut targets) => assert!(targets.all(|target| target < len)),
            _ => {}
        }
    }
    assert!(end <= len);
});
