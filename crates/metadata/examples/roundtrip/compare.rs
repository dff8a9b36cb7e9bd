//! Differences between two models.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Model;

/// Kinds of facts that Mono's `ilasm` 6.8 cannot express or changes by itself (docs/metadata.md has the list with
/// reasons). A difference of another kind is a defect.
const KNOWN: &[&str] = &[
    "attribute-of-constraint",
    "attribute-of-interface",
    "attribute-of-module-field",
    "attribute-of-resource",
    "assembly-flags",
    "corflags",
    "event-flags",
    "exported-type-nested",
    "has-security",
    "pinned",
    "resource-elsewhere",
    "reference-to-mscorlib",
    "return-row",
    "security",
];

/// What differs.
#[derive(Debug, Default)]
pub struct Difference {
    /// Entities compared.
    pub entities: usize,
    /// Facts compared.
    pub facts: usize,
    /// Facts by kind that are on one side only and cannot be otherwise.
    pub known: BTreeMap<String, usize>,
    /// Other facts that are on one side only, the first ones.
    pub unexpected: Vec<String>,
    /// How many of them there are.
    pub unexpected_count: usize,
}

const SHOWN: usize = 40;

impl Difference {
    fn note(&mut self, side: char, entity: &str, fact: &str) {
        let mut kind = fact.split(' ').next().unwrap_or(fact);
        if side == '+' && fact.starts_with("assembly-ref mscorlib 0.0.0.0 ") {
            kind = "reference-to-mscorlib";
        }
        if KNOWN.contains(&kind) {
            *self.known.entry(kind.to_owned()).or_default() += 1;
            return;
        }
        self.unexpected_count += 1;
        if self.unexpected.len() < SHOWN {
            self.unexpected.push(format!("{side} {entity}: {fact}"));
        }
    }
}

/// Compares: `-` is only in the original, `+` only in the other.
pub fn difference(original: &Model, other: &Model) -> Difference {
    let mut result = Difference {
        entities: original.len(),
        ..Difference::default()
    };
    let names: BTreeSet<&String> = original.keys().chain(other.keys()).collect();
    let none = Vec::new();
    for entity in names {
        let (before, after) = (original.get(entity), other.get(entity));
        match (before, after) {
            (Some(_), None) => result.note('-', entity, "whole"),
            (None, Some(_)) => result.note('+', entity, "whole"),
            _ => {}
        }
        let (before, after) = (before.unwrap_or(&none), after.unwrap_or(&none));
        let (before, rebased) = rebased(before, after);
        if rebased != 0 {
            *result
                .known
                .entry("base-of-value-type".to_owned())
                .or_default() += rebased;
        }
        result.facts += before.len();
        if before != *after {
            one_sided(&before, after, |fact| result.note('-', entity, fact));
            one_sided(after, &before, |fact| result.note('+', entity, fact));
        }
    }
    result
}

/// The facts with the base that the assembler writes for value types and enumerations of whatever library: mscorlib's. And
/// how many were changed.
fn rebased(before: &[String], after: &[String]) -> (Vec<String>, usize) {
    let mut count = 0;
    let facts = before.iter().map(|fact| {
        let base = fact
            .strip_prefix("extends ")
            .map(|base| base.rsplit(']').next().unwrap_or(base));
        let Some(base @ ("System.ValueType" | "System.Enum")) = base else {
            return fact.clone();
        };
        let written = format!("extends [mscorlib]{base}");
        if *fact != written && after.contains(&written) {
            count += 1;
            return written;
        }
        fact.clone()
    });
    let facts = facts.collect();
    (facts, count)
}

/// Facts of `left` that `right` lacks, as multisets (both are sorted).
fn one_sided(left: &[String], right: &[String], mut note: impl FnMut(&str)) {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for fact in right {
        *counts.entry(fact).or_default() += 1;
    }
    for fact in left {
        match counts.get_mut(fact) {
            Some(count) if *count > 0 => *count -= 1,
            _ => note(fact),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Model, difference};

    #[test]
    fn only_the_library_of_a_base_may_change() {
        let model = |base: &str| -> Model {
            [("type T".to_owned(), vec![format!("extends {base}")])].into()
        };
        let known = difference(
            &model("[System.Runtime]System.Enum"),
            &model("[mscorlib]System.Enum"),
        );
        assert_eq!(known.unexpected_count, 0);
        assert_eq!(known.known.get("base-of-value-type"), Some(&1));
        let wrong = difference(
            &model("[System.Runtime]System.Enum"),
            &model("[mscorlib]System.ValueType"),
        );
        assert_eq!(wrong.unexpected_count, 2);
    }

    #[test]
    fn one_changed_instruction_is_found_and_a_known_loss_is_not_a_defect() {
        let model = |facts: &[&str]| -> Model {
            [(
                "method M".to_owned(),
                facts.iter().map(|fact| (*fact).to_owned()).collect(),
            )]
            .into()
        };
        let before = model(&["event-flags 0x200", "il 000000 nop", "il 000001 ret"]);
        let after = model(&["il 000000 ret", "il 000001 ret"]);
        let result = difference(&before, &after);
        assert_eq!(
            result.unexpected,
            ["- method M: il 000000 nop", "+ method M: il 000000 ret"]
        );
        assert_eq!(result.known.get("event-flags"), Some(&1));
    }
}
