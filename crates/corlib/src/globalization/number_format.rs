//! Number formats in the layout that `CultureData.GetNFIValues` reads.

use super::{Catalog, Culture};

/// `CultureData.NumberFormatEntryManaged`: texts are offsets into [`NumberFormats::texts`].
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(
    missing_docs,
    reason = "the names are the managed struct's, in its order"
)]
pub struct NumberFormatEntry {
    pub currency_decimal_digits: i32,
    pub currency_decimal_separator: i32,
    pub currency_group_separator: i32,
    pub currency_group_sizes0: i32,
    pub currency_group_sizes1: i32,
    pub currency_negative_pattern: i32,
    pub currency_positive_pattern: i32,
    pub currency_symbol: i32,
    pub nan_symbol: i32,
    pub negative_infinity_symbol: i32,
    pub negative_sign: i32,
    pub number_decimal_digits: i32,
    pub number_decimal_separator: i32,
    pub number_group_separator: i32,
    pub number_group_sizes0: i32,
    pub number_group_sizes1: i32,
    pub number_negative_pattern: i32,
    pub per_mille_symbol: i32,
    pub percent_negative_pattern: i32,
    pub percent_positive_pattern: i32,
    pub percent_symbol: i32,
    pub positive_infinity_symbol: i32,
    pub positive_sign: i32,
}

/// Number formats of all cultures of a catalog, by culture index.
#[derive(Debug)]
pub struct NumberFormats {
    entries: Vec<NumberFormatEntry>,
    texts: Vec<u8>,
}

impl NumberFormats {
    /// Collects the formats of a catalog.
    #[must_use]
    pub fn new(catalog: &Catalog) -> NumberFormats {
        let mut texts = vec![0];
        let entries = catalog
            .cultures()
            .map(|culture| entry(culture, &mut texts))
            .collect();
        NumberFormats { entries, texts }
    }

    /// Format of a culture (`CultureInfo.number_index`).
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&NumberFormatEntry> {
        self.entries.get(index)
    }

    /// NUL-terminated UTF-8 texts, one after another.
    #[must_use]
    pub fn texts(&self) -> &[u8] {
        &self.texts
    }
}

fn entry(culture: Culture<'_>, texts: &mut Vec<u8>) -> NumberFormatEntry {
    let mut text = |key: &str| {
        let value = culture.text(key);
        let offset = texts.len();
        texts.extend_from_slice(value.as_bytes());
        texts.push(0);
        offset as i32
    };
    let currency_sizes = culture.numbers("currency-group-sizes");
    let number_sizes = culture.numbers("number-group-sizes");
    let digits = culture.numbers("digits");
    let patterns = culture.numbers("patterns");
    let at = |list: &[i32], index: usize, default: i32| list.get(index).copied().unwrap_or(default);
    NumberFormatEntry {
        currency_decimal_digits: at(&digits, 0, 2),
        currency_decimal_separator: text("currency-decimal-separator"),
        currency_group_separator: text("currency-group-separator"),
        currency_group_sizes0: at(&currency_sizes, 0, -1),
        currency_group_sizes1: at(&currency_sizes, 1, -1),
        currency_negative_pattern: at(&patterns, 0, 0),
        currency_positive_pattern: at(&patterns, 1, 0),
        currency_symbol: text("currency-symbol"),
        nan_symbol: text("nan"),
        negative_infinity_symbol: text("negative-infinity"),
        negative_sign: text("minus"),
        number_decimal_digits: at(&digits, 1, 2),
        number_decimal_separator: text("number-decimal-separator"),
        number_group_separator: text("number-group-separator"),
        number_group_sizes0: at(&number_sizes, 0, -1),
        number_group_sizes1: at(&number_sizes, 1, -1),
        number_negative_pattern: at(&patterns, 2, 1),
        per_mille_symbol: text("per-mille"),
        percent_negative_pattern: at(&patterns, 3, 0),
        percent_positive_pattern: at(&patterns, 4, 0),
        percent_symbol: text("percent"),
        positive_infinity_symbol: text("infinity"),
        positive_sign: text("plus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_point_at_their_texts() {
        let catalog = Catalog::parse();
        let formats = NumberFormats::new(&catalog);
        let text = |offset: i32| {
            let rest = &formats.texts()[offset as usize..];
            let end = rest.iter().position(|&b| b == 0).unwrap();
            std::str::from_utf8(&rest[..end]).unwrap()
        };
        let german = catalog.by_name("de-de").unwrap();
        let format = formats.get(german.0).unwrap();
        assert_eq!(text(format.number_decimal_separator), ",");
        assert_eq!(text(format.number_group_separator), ".");
        assert_eq!(text(format.currency_symbol), "€");
        assert_eq!(
            (format.number_group_sizes0, format.number_group_sizes1),
            (3, -1)
        );
        assert_eq!(format.currency_positive_pattern, 3);
        assert!(formats.get(usize::MAX).is_none());
    }
}
