//! Tables for mscorlib's `System.Text.Normalization`, built when first asked for.
//!
//! mscorlib walks six raw tables. Their index functions ("code point ranges" that
//! skip blocks without data) are fixed in managed code; the contents come from the
//! Unicode data of the `unicode-normalization` crate. Only the basic plane is
//! covered: managed code looks at UTF-16 units.

use std::collections::BTreeMap;

use unicode_normalization::char::{
    canonical_combining_class, compose, decompose_canonical, decompose_compatible,
};
use unicode_normalization::{IsNormalized, is_nfc_quick, is_nfkc_quick};

const NO_NFD: u8 = 1;
const NO_NFKD: u8 = 2;
const NO_NFC: u8 = 4;
const MAYBE_NFC: u8 = 8;
const NO_NFKC: u8 = 16;
const MAYBE_NFKC: u8 = 32;
const COMPOSITION_EXCLUSION: u8 = 64;

/// Ranges of code points whose entries stand one after another in a table.
#[derive(Clone, Copy, Debug)]
pub struct CodePointRanges(&'static [(u32, u32)]);

/// Ranges of the property table.
pub const PROPERTY_RANGES: CodePointRanges = CodePointRanges(&[
    (0, 0x06E0),
    (0x0910, 0x1200),
    (0x1B00, 0x2330),
    (0x2460, 0x2600),
    (0x2980, 0x2AE0),
    (0x2C70, 0x2C80),
    (0x2D60, 0x2D70),
    (0x2E90, 0x3400),
    (0xA770, 0xA780),
    (0xA7F0, 0xA800),
    (0xF900, 0x10000),
]);
/// Ranges of the table from characters to their mappings.
pub const MAP_RANGES: CodePointRanges = CodePointRanges(&[
    (0x90, 0x06E0),
    (0x0920, 0x1100),
    (0x1D20, 0x2330),
    (0x2460, 0x24A0),
    (0x24A0, 0x24F0),
    (0x2A00, 0x2AE0),
    (0x2D60, 0x2D70),
    (0x2E90, 0x3400),
    (0xF900, 0x10000),
]);
/// Ranges of the combining class table.
pub const COMBINING_RANGES: CodePointRanges = CodePointRanges(&[
    (0x02F0, 0x0360),
    (0x0480, 0x0490),
    (0x0590, 0x0750),
    (0x0930, 0x0960),
    (0x09B0, 0x09D0),
    (0x0A30, 0x0A50),
    (0x0AB0, 0x0AD0),
    (0x0B30, 0x0B50),
    (0x0BC0, 0x0BD0),
    (0x0C40, 0x0C60),
    (0x0CB0, 0x0CD0),
    (0x0D40, 0x0D50),
    (0x0DC0, 0x0DD0),
    (0x0E30, 0x0E50),
    (0x0EB0, 0x0ED0),
    (0x0F00, 0x0FD0),
    (0x1030, 0x1040),
    (0x1350, 0x1360),
    (0x1710, 0x1740),
    (0x17D0, 0x17E0),
    (0x18A0, 0x18B0),
    (0x1930, 0x1940),
    (0x1A10, 0x1A20),
    (0x1DC0, 0x1DD0),
    (0x20D0, 0x20F0),
    (0x3020, 0x3030),
    (0x3090, 0x30A0),
    (0xA800, 0xA810),
    (0xFB10, 0xFB20),
    (0xFE20, 0xFE30),
]);
/// Ranges of the table from mapping indexes to composites.
pub const COMPOSITE_RANGES: CodePointRanges =
    CodePointRanges(&[(0x480, 0x1080), (0x1410, 0x1580), (0x1670, 0x21B0)]);
/// Ranges of the table from starters to their first mapping.
pub const HELPER_RANGES: CodePointRanges = CodePointRanges(&[
    (0, 0x700),
    (0x900, 0x1200),
    (0x1D00, 0x2300),
    (0x2500, 0x2600),
    (0x3000, 0x3160),
    (0x3B90, 0x3BA0),
    (0x4010, 0x4030),
    (0x4E00, 0xA000),
    (0xFB40, 0xFB50),
]);

impl CodePointRanges {
    /// Table index of a code point, 0 outside of all ranges (as managed code computes it).
    #[must_use]
    pub fn index(self, code_point: u32) -> usize {
        let mut before = 0;
        for &(start, end) in self.0 {
            if code_point < start {
                return 0;
            }
            if code_point < end {
                return (before + code_point - start) as usize;
            }
            before += end - start;
        }
        0
    }

    /// Entries of a table over these ranges.
    #[must_use]
    pub fn count(self) -> usize {
        self.0
            .iter()
            .map(|&(start, end)| (end - start) as usize)
            .sum()
    }

    fn contains(self, code_point: u32) -> bool {
        self.0
            .iter()
            .any(|&(start, end)| (start..end).contains(&code_point))
    }

    fn code_points(self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|&(start, end)| start..end)
    }
}

/// The six tables. Managed code keeps pointers to them, so they live as long as the runtime.
#[derive(Debug)]
pub struct NormalizationTables {
    /// Property bits by [`PROPERTY_RANGES`].
    pub properties: Vec<u8>,
    /// Zero-terminated mappings, one after another.
    pub mapped_chars: Vec<u32>,
    /// First index in `mapped_chars` of a character's mapping, by [`MAP_RANGES`].
    pub char_map_index: Vec<u16>,
    /// First index in `mapped_chars` of the pairs that begin with a starter, by [`HELPER_RANGES`].
    pub helper_index: Vec<u16>,
    /// Character that a pair at a mapping index composes to, by [`COMPOSITE_RANGES`].
    pub composites: Vec<u16>,
    /// Combining classes by [`COMBINING_RANGES`].
    pub combining_class: Vec<u8>,
}

impl NormalizationTables {
    /// Builds the tables.
    #[must_use]
    pub fn build() -> NormalizationTables {
        let mut tables = NormalizationTables {
            properties: vec![0; PROPERTY_RANGES.count()],
            // Index 0 means "no mapping".
            mapped_chars: vec![0],
            char_map_index: vec![0; MAP_RANGES.count()],
            helper_index: vec![0; HELPER_RANGES.count()],
            composites: vec![0; COMPOSITE_RANGES.count()],
            combining_class: vec![0; COMBINING_RANGES.count()],
        };
        for code_point in PROPERTY_RANGES.code_points() {
            if let Some(c) = char::from_u32(code_point) {
                tables.properties[PROPERTY_RANGES.index(code_point)] = properties(c);
            }
        }
        for code_point in COMBINING_RANGES.code_points() {
            if let Some(c) = char::from_u32(code_point) {
                tables.combining_class[COMBINING_RANGES.index(code_point)] =
                    canonical_combining_class(c);
            }
        }
        tables.add_mappings();
        tables
    }

    fn add_mappings(&mut self) {
        // Pairs that compose, by starter: managed code walks all pairs of a starter in a row.
        let mut pairs: BTreeMap<char, Vec<(char, char)>> = BTreeMap::new();
        let mut others: Vec<(char, Vec<char>)> = Vec::new();
        for code_point in MAP_RANGES.code_points() {
            let Some(c) = char::from_u32(code_point) else {
                continue;
            };
            match composing_pair(c) {
                Some((first, second)) => pairs.entry(first).or_default().push((second, c)),
                None => {
                    let mapping = canonical(c);
                    let mapping = if mapping == [c] {
                        compatible(c)
                    } else {
                        mapping
                    };
                    if mapping != [c] {
                        others.push((c, mapping));
                    }
                }
            }
        }
        // A pair's index must lie in COMPOSITE_RANGES; the others fill the space before,
        // then the space behind. Index 0x480 itself would share entry 0 with "outside".
        let first_pair = COMPOSITE_RANGES.0[0].0 as usize + 1;
        let last_pair = COMPOSITE_RANGES.0[0].1 as usize;
        let mut others = others.into_iter().peekable();
        while let Some((_, mapping)) = others.peek()
            && self.mapped_chars.len() + mapping.len() + 1 < first_pair
        {
            let (c, mapping) = others.next().expect("peeked");
            self.add(c, &mapping);
        }
        self.mapped_chars.resize(first_pair, 0);
        for (first, seconds) in pairs {
            if self.mapped_chars.len() + 3 * seconds.len() + 1 > last_pair {
                // Newer Unicode data than there is room for: these only decompose.
                for (second, c) in seconds {
                    self.add(c, &[first, second]);
                }
                continue;
            }
            if HELPER_RANGES.contains(u32::from(first)) {
                self.helper_index[HELPER_RANGES.index(u32::from(first))] =
                    self.mapped_chars.len() as u16;
            }
            for (second, c) in seconds {
                let at = self.mapped_chars.len() as u32;
                self.composites[COMPOSITE_RANGES.index(at)] = u32::from(c) as u16;
                self.add(c, &[first, second]);
            }
        }
        for (c, mapping) in others {
            self.add(c, &mapping);
        }
        // Managed code reads up to three entries behind the last pair.
        self.mapped_chars.extend([0; 4]);
    }

    fn add(&mut self, c: char, mapping: &[char]) {
        let at = self.mapped_chars.len();
        // Indexes are signed 16-bit numbers in managed code.
        if at + mapping.len() >= i16::MAX as usize {
            return;
        }
        self.char_map_index[MAP_RANGES.index(u32::from(c))] = at as u16;
        self.mapped_chars
            .extend(mapping.iter().map(|&c| u32::from(c)));
        self.mapped_chars.push(0);
    }
}

fn canonical(c: char) -> Vec<char> {
    let mut out = Vec::new();
    decompose_canonical(c, |part| out.push(part));
    out
}

fn compatible(c: char) -> Vec<char> {
    let mut out = Vec::new();
    decompose_compatible(c, |part| out.push(part));
    out
}

/// The last step of composing `c`: (starter or composite, combining character).
fn composing_pair(c: char) -> Option<(char, char)> {
    let parts = canonical(c);
    let (&second, rest) = parts.split_last()?;
    let (&first, middle) = rest.split_first()?;
    let first = middle
        .iter()
        .try_fold(first, |composed, &next| compose(composed, next))?;
    (compose(first, second) == Some(c)).then_some((first, second))
}

fn properties(c: char) -> u8 {
    let mut bits = 0;
    // Hangul syllables are handled by arithmetic in managed code.
    let hangul = ('\u{AC00}'..='\u{D7A3}').contains(&c);
    let canonical = canonical(c);
    if canonical != [c] && !hangul {
        bits |= NO_NFD;
        if composing_pair(c).is_none() {
            bits |= COMPOSITION_EXCLUSION;
        }
    }
    if compatible(c) != [c] && !hangul {
        bits |= NO_NFKD;
    }
    bits |= match is_nfc_quick(std::iter::once(c)) {
        IsNormalized::Yes => 0,
        IsNormalized::No => NO_NFC,
        IsNormalized::Maybe => MAYBE_NFC,
    };
    bits |= match is_nfkc_quick(std::iter::once(c)) {
        IsNormalized::Yes => 0,
        IsNormalized::No => NO_NFKC,
        IsNormalized::Maybe => MAYBE_NFKC,
    };
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_number_their_members() {
        assert_eq!(COMPOSITE_RANGES.index(0x480), 0);
        assert_eq!(COMPOSITE_RANGES.index(0x1410), 0xC00);
        assert_eq!(COMPOSITE_RANGES.index(0x1400), 0);
        assert_eq!(COMPOSITE_RANGES.count(), 0xC00 + 0x170 + 0xB40);
    }

    /// Composes as managed code does: walks the pairs of a starter.
    fn compose_by_table(tables: &NormalizationTables, first: char, second: char) -> Option<char> {
        let mut at = usize::from(tables.helper_index[HELPER_RANGES.index(u32::from(first))]);
        if at == 0 {
            return None;
        }
        while tables.mapped_chars[at] == u32::from(first) {
            if tables.mapped_chars[at + 1] == u32::from(second) && tables.mapped_chars[at + 2] == 0
            {
                return char::from_u32(u32::from(
                    tables.composites[COMPOSITE_RANGES.index(at as u32)],
                ));
            }
            while tables.mapped_chars[at] != 0 {
                at += 1;
            }
            at += 1;
        }
        None
    }

    fn mapping(tables: &NormalizationTables, c: char) -> String {
        let at = usize::from(tables.char_map_index[MAP_RANGES.index(u32::from(c))]);
        tables.mapped_chars[at..]
            .iter()
            .take_while(|&&c| c != 0)
            .filter_map(|&c| char::from_u32(c))
            .collect()
    }

    #[test]
    fn tables_decompose_and_compose() {
        let tables = NormalizationTables::build();
        assert_eq!(mapping(&tables, 'é'), "e\u{301}");
        assert_eq!(mapping(&tables, 'ﬁ'), "fi");
        assert_eq!(mapping(&tables, 'Å'), "A\u{30a}");
        // Angstrom sign: decomposes to a single character's decomposition, never composes back.
        assert_eq!(mapping(&tables, '\u{212b}'), "A\u{30a}");
        assert_eq!(compose_by_table(&tables, 'e', '\u{301}'), Some('é'));
        assert_eq!(compose_by_table(&tables, 'A', '\u{30a}'), Some('Å'));
        // Two steps: u + diaeresis, then acute.
        assert_eq!(mapping(&tables, 'ǘ'), "ü\u{301}");
        assert_eq!(compose_by_table(&tables, 'ü', '\u{301}'), Some('ǘ'));
        assert_eq!(compose_by_table(&tables, 'q', '\u{301}'), None);
        let property = |c: char| tables.properties[PROPERTY_RANGES.index(u32::from(c))];
        assert_eq!(property('é'), NO_NFD | NO_NFKD);
        assert_eq!(property('\u{a0}'), NO_NFKD | NO_NFKC);
        assert_eq!(property('\u{301}') & MAYBE_NFC, MAYBE_NFC);
        assert_eq!(
            property('\u{212b}') & (NO_NFC | COMPOSITION_EXCLUSION),
            NO_NFC | COMPOSITION_EXCLUSION
        );
        assert_eq!(tables.combining_class[COMBINING_RANGES.index(0x301)], 230);
    }

    #[test]
    fn every_composite_of_the_plane_is_reachable() {
        let tables = NormalizationTables::build();
        for code_point in MAP_RANGES.code_points() {
            let Some(c) = char::from_u32(code_point) else {
                continue;
            };
            if let Some((first, second)) = composing_pair(c) {
                assert_eq!(
                    compose_by_table(&tables, first, second),
                    Some(c),
                    "{code_point:#x}"
                );
            }
        }
    }
}
