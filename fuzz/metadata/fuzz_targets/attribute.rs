//! Custom attribute values and marshalling descriptors. The first byte says how many bytes are the signature.
#![no_main]

use ferrocil_metadata::cattr::{ClassKind, TypeResolver, param_types, parse};
use ferrocil_metadata::marshal::MarshalSpec;
use ferrocil_metadata::{ElementType, Token};
use libfuzzer_sys::fuzz_target;

struct Types;

impl TypeResolver for Types {
    fn class(&mut self, token: Token, is_value_type: bool) -> Option<ClassKind> {
        match (is_value_type, token.rid() & 3) {
            (true, _) => Some(ClassKind::Enum(ElementType::I4)),
            (false, 0) => Some(ClassKind::Type),
            (false, 1) => Some(ClassKind::Object),
            (false, 2) => Some(ClassKind::String),
            _ => None,
        }
    }

    fn enum_by_name(&mut self, name: &str) -> Option<ElementType> {
        (!name.is_empty()).then_some(ElementType::U2)
    }
}

fuzz_target!(|bytes: &[u8]| {
    std::hint::black_box(MarshalSpec::parse(bytes).is_ok());
    let Some((len, rest)) = bytes.split_first() else { return };
    let Some((signature, value)) = rest.split_at_checked(usize::from(*len)) else { return };
    if let Ok(params) = param_types(signature, &mut Types) {
        std::hint::black_box(parse(value, &params, &mut Types).is_ok());
    }
});
