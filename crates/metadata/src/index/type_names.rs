//! Top-level types by name.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Metadata, Rid, TableId};

/// Finds top-level types by namespace and name in logarithmic time.
///
/// Entries are in the order of (hash, namespace, name, row): equal hashes, even forced ones, do not make it slow.
#[derive(Clone, Debug)]
pub struct TypeNameIndex {
    entries: Box<[(u32, Rid)]>,
}

/// FNV-1a over namespace, a NUL and the name.
fn hash(namespace: &[u8], name: &[u8]) -> u32 {
    let bytes = namespace.iter().chain(&[0]).chain(name);
    bytes.fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

fn names<'a>(metadata: &Metadata<'a>, rid: Rid) -> (&'a [u8], &'a [u8]) {
    let row = metadata.type_def(rid);
    let text = |index| metadata.string_bytes(index).unwrap_or(&[]);
    row.map_or((&[], &[]), |row| (text(row.namespace), text(row.name)))
}

impl TypeNameIndex {
    /// Indexes the top-level types; types whose row or name is malformed are left out.
    #[must_use]
    pub fn new(metadata: &Metadata<'_>) -> Self {
        let mut entries: Vec<(u32, Rid)> = metadata
            .rids(TableId::TypeDef)
            .filter_map(|rid| {
                let row = metadata
                    .type_def(rid)
                    .ok()
                    .filter(|row| !row.flags.is_nested())?;
                let namespace = metadata.string_bytes(row.namespace).ok()?;
                Some((hash(namespace, metadata.string_bytes(row.name).ok()?), rid))
            })
            .collect();
        entries.sort_unstable_by(|(hash, rid), (other_hash, other)| {
            hash.cmp(other_hash)
                .then_with(|| names(metadata, *rid).cmp(&names(metadata, *other)))
                .then(rid.cmp(other))
        });
        Self {
            entries: entries.into_boxed_slice(),
        }
    }

    /// The type with this name; the first one when several have it. `metadata` is the one that was indexed.
    #[must_use]
    pub fn find(&self, metadata: &Metadata<'_>, namespace: &str, name: &str) -> Option<Rid> {
        let wanted = (namespace.as_bytes(), name.as_bytes());
        let wanted_hash = hash(wanted.0, wanted.1);
        let at = self.entries.partition_point(|(hash, rid)| {
            *hash < wanted_hash || (*hash == wanted_hash && names(metadata, *rid) < wanted)
        });
        let (hash, rid) = *self.entries.get(at)?;
        (hash == wanted_hash && names(metadata, rid) == wanted).then_some(rid)
    }

    /// Number of types.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when there is no type.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
