//! Bases that the assembler cannot resolve in their own assembly.
//!
//! It defines a type after its base, the base's type arguments and all their enclosing types, and gives up when that
//! comes back to the type: `class Leaf : Node<Leaf>`. As an argument that lives in a referenced assembly, which happens
//! to be this one, the type is only named.

use alloc::vec;
use alloc::vec::Vec;

use super::classes::ClassTokens;
use crate::sig;
use crate::{Metadata, Rid, TableId, Token};

/// Steps of the search over the whole image; beyond, a base counts as one of those.
const MAX_STEPS: u64 = 20_000_000;

/// By row of `TypeDef` (from 0): the type's base must name its arguments from outside.
pub(super) fn find(metadata: &Metadata<'_>) -> Vec<bool> {
    let count = metadata.row_count(TableId::TypeDef) as usize;
    let edges: Vec<Edges> = metadata
        .rids(TableId::TypeDef)
        .map(|rid| Edges::of(metadata, rid))
        .collect();
    let mut steps = 0;
    let mut seen = vec![0; count];
    let mut found = vec![false; count];
    for (rid, of_type) in (1..).zip(&edges) {
        if of_type.args.is_empty() {
            continue;
        }
        let mut open = of_type.args.clone();
        let mut comes_back = false;
        while let Some(next) = open.pop() {
            steps += 1;
            if next == rid || steps > MAX_STEPS {
                comes_back = true;
                break;
            }
            let index = next.wrapping_sub(1) as usize;
            if let Some(mark) = seen.get_mut(index)
                && *mark != rid
                && let Some(edges) = edges.get(index)
            {
                *mark = rid;
                open.extend(&edges.args);
                open.extend(&edges.others);
            }
        }
        if let Some(found) = found.get_mut(rid.wrapping_sub(1) as usize) {
            *found = comes_back;
        }
    }
    found
}

/// The types of this image that are defined before one of them.
#[derive(Clone, Debug, Default)]
struct Edges {
    /// In the arguments of its generic base.
    args: Vec<Rid>,
    /// The base itself and the enclosing type.
    others: Vec<Rid>,
}

impl Edges {
    fn of(metadata: &Metadata<'_>, rid: Rid) -> Self {
        let mut edges = Self::default();
        edges.others.extend(metadata.enclosing_type(rid));
        let Ok(row) = metadata.type_def(rid) else {
            return edges;
        };
        if row.extends.is(TableId::TypeDef) {
            edges.others.push(row.extends.rid());
        } else if row.extends.is(TableId::TypeSpec) {
            let blob = metadata
                .type_spec(row.extends.rid())
                .and_then(|spec| metadata.blob(spec.signature));
            // Types of this image; `None` for others.
            let mut mentions = Vec::new();
            let mut visit = ClassTokens(|token: Token, _| {
                mentions.push(token.is(TableId::TypeDef).then_some(token.rid()));
            });
            let _ = blob.map(|blob| sig::read_type(blob, &mut visit));
            // The definition comes first.
            let mut mentions = mentions.into_iter();
            edges.others.extend(mentions.next().flatten());
            edges.args = mentions.flatten().collect();
        }
        edges
    }
}
