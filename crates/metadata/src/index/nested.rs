//! Nested types by the type around them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Metadata, Rid, TableId};

/// Finds the types inside a type.
#[derive(Clone, Debug)]
pub struct NestedTypeIndex {
    /// (enclosing, nested), sorted.
    pairs: Box<[(Rid, Rid)]>,
}

impl NestedTypeIndex {
    /// Indexes the `NestedClass` table.
    #[must_use]
    pub fn new(metadata: &Metadata<'_>) -> Self {
        let rows = metadata
            .rids(TableId::NestedClass)
            .filter_map(|rid| metadata.nested_class(rid).ok());
        let mut pairs: Vec<_> = rows
            .map(|row| (row.enclosing_class, row.nested_class))
            .collect();
        pairs.sort_unstable();
        Self {
            pairs: pairs.into_boxed_slice(),
        }
    }

    /// The types inside a type, in the order of rows.
    pub fn nested_types(&self, enclosing: Rid) -> impl ExactSizeIterator<Item = Rid> + Clone + '_ {
        let start = self.pairs.partition_point(|(outer, _)| *outer < enclosing);
        let tail = self.pairs.get(start..).unwrap_or(&[]);
        let len = tail.partition_point(|(outer, _)| *outer == enclosing);
        tail.get(..len)
            .unwrap_or(&[])
            .iter()
            .map(|(_, inner)| *inner)
    }

    /// The type with this name inside a type. `metadata` is the one that was indexed.
    #[must_use]
    pub fn find(&self, metadata: &Metadata<'_>, enclosing: Rid, name: &str) -> Option<Rid> {
        self.nested_types(enclosing).find(|rid| {
            metadata
                .type_def(*rid)
                .is_ok_and(|row| metadata.string_bytes(row.name) == Ok(name.as_bytes()))
        })
    }
}
