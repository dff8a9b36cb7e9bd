//! Comparison by code unit, for programs that turn managed collation off.

use std::cmp::Ordering;

/// `CompareOptions.IgnoreCase`.
const IGNORE_CASE: i32 = 1;
/// `CompareOptions.Ordinal`.
const ORDINAL: i32 = 0x4000_0000;

/// Compares as `CompareInfo.internal_compare_icall`: −1, 0, 1, or for ordinal
/// comparison the difference of the first units that differ.
#[must_use]
pub fn compare(left: &[u16], right: &[u16], options: i32) -> i32 {
    for (&a, &b) in left.iter().zip(right) {
        if options & ORDINAL != 0 {
            if a != b {
                return i32::from(a) - i32::from(b);
            }
            continue;
        }
        let (a, b) = if options & IGNORE_CASE != 0 {
            (fold(a), fold(b))
        } else {
            (a, b)
        };
        match a.cmp(&b) {
            Ordering::Less => return -1,
            Ordering::Greater => return 1,
            Ordering::Equal => {}
        }
    }
    match left.len().cmp(&right.len()) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// First (or last) position of `value` in `count` units from `start` (searching
/// backwards from `start` for the last).
#[must_use]
pub fn index_of(
    source: &[u16],
    start: usize,
    count: usize,
    value: &[u16],
    first: bool,
) -> Option<usize> {
    if first {
        let end = start.checked_add(count)?.min(source.len());
        let region = source.get(start..end)?;
        (0..=region.len().checked_sub(value.len())?)
            .find(|&at| region[at..].starts_with(value))
            .map(|at| start + at)
    } else {
        let end = (start + 1).min(source.len());
        let begin = end.saturating_sub(count);
        let region = &source[begin..end];
        (0..=region.len().checked_sub(value.len())?)
            .rev()
            .find(|&at| region[at..].starts_with(value))
            .map(|at| begin + at)
    }
}

fn fold(unit: u16) -> u16 {
    let Some(c) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => u16::try_from(u32::from(single)).unwrap_or(unit),
        _ => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn comparison() {
        assert_eq!(compare(&units("abc"), &units("abd"), 0), -1);
        assert_eq!(compare(&units("ABC"), &units("abc"), IGNORE_CASE), 0);
        assert_eq!(compare(&units("ab"), &units("abc"), 0), -1);
        assert_eq!(compare(&units("d"), &units("a"), ORDINAL), 3);
    }

    #[test]
    fn searching() {
        let text = units("abcabc");
        assert_eq!(index_of(&text, 0, 6, &units("bc"), true), Some(1));
        assert_eq!(index_of(&text, 2, 4, &units("bc"), true), Some(4));
        assert_eq!(index_of(&text, 5, 6, &units("bc"), false), Some(4));
        assert_eq!(index_of(&text, 4, 5, &units("bc"), false), Some(1));
        assert_eq!(index_of(&text, 0, 1, &units("bc"), true), None);
        assert_eq!(index_of(&text, 9, 1, &units("bc"), true), None);
    }
}
