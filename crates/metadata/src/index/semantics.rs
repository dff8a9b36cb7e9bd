//! Properties and events by their accessor methods.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::{Metadata, MethodSemanticsRow, Rid, TableId};

/// Finds what a method is an accessor of.
#[derive(Clone, Debug)]
pub struct SemanticsIndex {
    /// (method, row), sorted.
    pairs: Box<[(Rid, Rid)]>,
}

impl SemanticsIndex {
    /// Indexes the `MethodSemantics` table.
    #[must_use]
    pub fn new(metadata: &Metadata<'_>) -> Self {
        let rows = metadata.rids(TableId::MethodSemantics);
        let mut pairs: Vec<_> = rows
            .filter_map(|rid| Some((metadata.method_semantics(rid).ok()?.method, rid)))
            .collect();
        pairs.sort_unstable();
        Self {
            pairs: pairs.into_boxed_slice(),
        }
    }

    /// What the method is an accessor of; the first row when there are several. `metadata` is the one that was
    /// indexed.
    #[must_use]
    pub fn find(&self, metadata: &Metadata<'_>, method_def: Rid) -> Option<MethodSemanticsRow> {
        let at = self
            .pairs
            .partition_point(|(method, _)| *method < method_def);
        let (method, row) = *self.pairs.get(at)?;
        if method == method_def {
            metadata.method_semantics(row).ok()
        } else {
            None
        }
    }
}
