//! Words for live ranges: linear scan (Poletto and Sarkar, TOPLAS 1999).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cranelift_entity::SecondaryMap;

use super::live::Range;
use crate::hir::Value;

/// Gives each range a word that no overlapping range has; gives the number of words.
pub(super) fn assign(mut ranges: Vec<Range>, word: &mut SecondaryMap<Value, u32>) -> u32 {
    ranges.sort_unstable_by_key(|r| (r.start, r.value));
    let mut active: BinaryHeap<Reverse<(u32, u32)>> = BinaryHeap::new();
    let mut free: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut words = 0;
    for range in ranges {
        while let Some(&Reverse((end, used))) = active.peek()
            && end < range.start
        {
            active.pop();
            free.push(Reverse(used));
        }
        let chosen = match free.pop() {
            Some(Reverse(chosen)) => chosen,
            None => {
                words += 1;
                words - 1
            }
        };
        word[range.value] = chosen;
        active.push(Reverse((range.end, chosen)));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::assign;
    use crate::hir::Value;
    use crate::roots::live::Range;
    use cranelift_entity::{EntityRef, SecondaryMap};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn overlapping_ranges_have_different_words(
            ends in proptest::collection::vec((0u32..200, 0u32..40), 0..60),
        ) {
            let ranges: Vec<Range> = ends
                .iter()
                .enumerate()
                .map(|(i, (start, len))| Range { value: Value::new(i), start: *start, end: start + len })
                .collect();
            let mut word = SecondaryMap::with_default(u32::MAX);
            let words = assign(ranges.clone(), &mut word);
            let mut most = 0;
            for a in &ranges {
                prop_assert!(word[a.value] < words);
                let here = ranges.iter().filter(|b| b.start <= a.start && a.start <= b.end).count();
                most = most.max(here as u32);
                for b in &ranges {
                    let apart = a.end < b.start || b.end < a.start;
                    prop_assert!(a.value == b.value || apart || word[a.value] != word[b.value]);
                }
            }
            prop_assert_eq!(words, most);
        }
    }
}
