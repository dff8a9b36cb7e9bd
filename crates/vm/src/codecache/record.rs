//! One record: the code of a method or stub with everything it names.

use ferrocil_jit::host::TypeHandle;
use ferrocil_jit::{CompiledMethod, Tier};
use serde::{Deserialize, Serialize};

use super::names::Names;

/// What must hold for code to be right, beyond the images it depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Assumption {
    /// The class initialiser has run, so that the code does not test for it.
    Initialized(TypeHandle),
}

/// A record, in the order in which it is read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record<'a> {
    /// What the code is for, in full: hashes may collide.
    #[serde(borrow)]
    pub(super) key: &'a [u8],
    /// How it was compiled.
    pub(super) tier: Tier,
    /// What is named.
    pub(super) names: Names,
    /// What must hold; types are positions in `names`.
    pub(super) assumptions: Vec<Assumption>,
    /// Tables; handles are positions in `names`, the code is empty.
    pub(super) tables: CompiledMethod,
    /// The code.
    #[serde(borrow)]
    pub(super) code: &'a [u8],
}

impl Record<'_> {
    /// The record's bytes; `None` when it cannot be written.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }
}

/// Reads a record; `None` when it is for something else, or damaged.
pub(super) fn decode<'a>(bytes: &'a [u8], key: &[u8]) -> Option<Record<'a>> {
    let record: Record<'a> = postcard::from_bytes(bytes).ok()?;
    (record.key == key).then_some(record)
}

/// Key and tier of a record, without reading the rest.
pub(super) fn peek(bytes: &[u8]) -> Option<(&[u8], Tier)> {
    let (key, rest) = postcard::take_from_bytes::<&[u8]>(bytes).ok()?;
    let (tier, _) = postcard::take_from_bytes::<Tier>(rest).ok()?;
    Some((key, tier))
}

#[cfg(test)]
mod tests {
    use super::{Assumption, Record, decode, peek};
    use crate::codecache::names::Names;
    use ferrocil_jit::host::{Helper, Symbol, TypeHandle};
    use ferrocil_jit::{CompiledMethod, Function, IlPosition, Reloc, RelocKind, Tier};

    fn record(key: &[u8]) -> Vec<u8> {
        let code = [0xc3; 40];
        let tables = CompiledMethod {
            align: 16,
            functions: vec![Function { start: 0, len: 40 }],
            relocs: vec![Reloc {
                offset: 3,
                kind: RelocKind::Rel4,
                symbol: Symbol::Helper(Helper::Poll),
                addend: -4,
            }],
            il_map: vec![(0, IlPosition::own(0)), (12, IlPosition::own(3))],
            ..CompiledMethod::default()
        };
        let record = Record {
            key,
            tier: Tier::Optimized,
            names: Names::default(),
            assumptions: vec![Assumption::Initialized(TypeHandle(0))],
            tables,
            code: &code,
        };
        record.encode().expect("it can be written")
    }

    #[test]
    fn a_record_is_read_by_its_key_only() {
        let bytes = record(b"key");
        let read = decode(&bytes, b"key").expect("whole");
        assert_eq!((read.code.len(), read.tier), (40, Tier::Optimized));
        assert!(decode(&bytes, b"kez").is_none());
        assert_eq!(peek(&bytes), Some((&b"key"[..], Tier::Optimized)));
    }

    #[test]
    fn damage_gives_no_panic_and_no_inconsistent_method() {
        let whole = record(b"key");
        for i in 0..whole.len() {
            for change in 1..=255u8 {
                let mut bytes = whole.clone();
                bytes[i] ^= change;
                if let Some(read) = decode(&bytes, b"key") {
                    let mut method = read.tables;
                    method.code = read.code.to_vec();
                    if method.is_consistent() {
                        assert!(method.relocs.iter().all(|r| r.offset + 4 <= 40));
                    }
                }
            }
        }
        for len in 0..whole.len() {
            assert!(decode(&whole[..len], b"key").is_none());
        }
    }
}
