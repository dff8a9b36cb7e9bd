//! The cultures and regions this library knows.
//!
//! The data file holds what Mono 6.8 reports, because programs (and their tests)
//! compare with it, and today's CLDR, which ICU4X carries, differs in many visible
//! places (narrow no-break spaces in times and numbers, other month abbreviations).
//! The invariant culture is not here: managed code makes it.

use rustc_hash::FxHashMap;

const DATA: &str = include_str!("../../data/cultures.txt");

/// Number of a culture in its catalog; also its `datetime_index` and `number_index`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CultureIndex(pub usize);

/// Code pages and text direction, in the layout of `CultureInfo.Data`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextInfoData {
    /// ANSI code page.
    pub ansi: i32,
    /// EBCDIC code page.
    pub ebcdic: i32,
    /// Macintosh code page.
    pub mac: i32,
    /// OEM code page.
    pub oem: i32,
    /// Whether text runs from right to left.
    pub right_to_left: u8,
    /// List separator (ASCII).
    pub list_separator: u8,
}

#[derive(Debug)]
struct Section {
    values: FxHashMap<&'static str, &'static str>,
    /// Culture that fills the gaps.
    like: Option<usize>,
}

/// Known cultures and regions.
#[derive(Debug)]
pub struct Catalog {
    cultures: Vec<Section>,
    culture_names: FxHashMap<&'static str, usize>,
    regions: FxHashMap<&'static str, Section>,
    text_info: Vec<TextInfoData>,
}

/// A culture of a catalog. Lists have the lengths that managed code expects.
#[derive(Clone, Copy, Debug)]
pub struct Culture<'c> {
    catalog: &'c Catalog,
    index: usize,
}

/// A region of a catalog.
#[derive(Clone, Copy, Debug)]
pub struct Region<'c>(&'c Section);

impl Catalog {
    /// Reads the data that comes with the library.
    #[must_use]
    pub fn parse() -> Catalog {
        let mut catalog = Catalog {
            cultures: Vec::new(),
            culture_names: FxHashMap::default(),
            regions: FxHashMap::default(),
            text_info: Vec::new(),
        };
        for section in DATA.split("\n[").skip(1) {
            let Some((header, body)) = section.split_once("]\n") else {
                continue;
            };
            let mut values = FxHashMap::default();
            for line in body.lines() {
                if let Some((key, value)) = line.split_once('=') {
                    values.insert(key, value);
                }
            }
            let like = values
                .get("like")
                .and_then(|name| catalog.culture_names.get(name))
                .copied();
            let section = Section { values, like };
            match header.split_once(' ') {
                Some(("culture", name)) => {
                    catalog.culture_names.insert(name, catalog.cultures.len());
                    catalog.cultures.push(section);
                }
                Some(("region", name)) => {
                    catalog.regions.insert(name, section);
                }
                _ => {}
            }
        }
        catalog.text_info = catalog.cultures().map(text_info).collect();
        catalog
    }

    /// A culture by its name in lower case.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<CultureIndex> {
        self.culture_names.get(name).copied().map(CultureIndex)
    }

    /// A culture by its Windows identifier (the first one, as names share identifiers).
    #[must_use]
    pub fn by_lcid(&self, lcid: i32) -> Option<CultureIndex> {
        (0..self.cultures.len()).map(CultureIndex).find(|&index| {
            self.get(index)
                .is_some_and(|culture| culture.number("lcid") == lcid)
        })
    }

    /// A culture by index.
    #[must_use]
    pub fn get(&self, index: CultureIndex) -> Option<Culture<'_>> {
        (index.0 < self.cultures.len()).then_some(Culture {
            catalog: self,
            index: index.0,
        })
    }

    /// All cultures in order.
    pub fn cultures(&self) -> impl Iterator<Item = Culture<'_>> {
        (0..self.cultures.len()).map(|index| Culture {
            catalog: self,
            index,
        })
    }

    /// A region by its two-letter name in upper case.
    #[must_use]
    pub fn region(&self, name: &str) -> Option<Region<'_>> {
        self.regions.get(name).map(Region)
    }
}

impl<'c> Culture<'c> {
    /// Its index.
    #[must_use]
    pub fn index(self) -> CultureIndex {
        CultureIndex(self.index)
    }

    /// A text, empty when the data has none.
    #[must_use]
    pub fn text(self, key: &str) -> &'static str {
        let mut next = Some(self.index);
        while let Some(index) = next {
            let section = &self.catalog.cultures[index];
            if let Some(value) = section.values.get(key) {
                return value;
            }
            // `like` always names an earlier section, so this ends.
            next = section.like;
        }
        ""
    }

    /// A number, 0 when the data has none.
    #[must_use]
    pub fn number(self, key: &str) -> i32 {
        self.text(key).parse().unwrap_or(0)
    }

    /// A list of texts.
    #[must_use]
    pub fn list(self, key: &str) -> Vec<&'static str> {
        self.text(key).split('|').collect()
    }

    /// A list of numbers.
    #[must_use]
    pub fn numbers(self, key: &str) -> Vec<i32> {
        self.list(key)
            .into_iter()
            .filter_map(|text| text.parse().ok())
            .collect()
    }

    /// Two-letter name of its territory; `None` for neutral cultures.
    #[must_use]
    pub fn territory(self) -> Option<&'static str> {
        self.catalog.cultures[self.index]
            .values
            .get("territory")
            .copied()
    }

    /// Code pages and direction, at an address that lives as long as the catalog.
    #[must_use]
    pub fn text_info(self) -> &'c TextInfoData {
        &self.catalog.text_info[self.index]
    }
}

impl Region<'_> {
    /// A text, empty when the data has none.
    #[must_use]
    pub fn text(self, key: &str) -> &'static str {
        self.0.values.get(key).copied().unwrap_or("")
    }

    /// Element `index` of a list of texts.
    #[must_use]
    pub fn element(self, key: &str, index: usize) -> &'static str {
        self.text(key).split('|').nth(index).unwrap_or("")
    }

    /// Windows' geographical identifier.
    #[must_use]
    pub fn id(self) -> i32 {
        self.text("id").parse().unwrap_or(0)
    }
}

fn text_info(culture: Culture<'_>) -> TextInfoData {
    let pages = culture.numbers("code-pages");
    let page = |index: usize| pages.get(index).copied().unwrap_or(0);
    TextInfoData {
        ansi: page(0),
        ebcdic: page(1),
        mac: page(2),
        oem: page(3),
        right_to_left: u8::from(culture.number("right-to-left") != 0),
        list_separator: culture
            .text("list-separator")
            .bytes()
            .next()
            .unwrap_or(b','),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cultures_by_name_and_identifier() {
        let catalog = Catalog::parse();
        let english = catalog.get(catalog.by_name("en-us").unwrap()).unwrap();
        assert_eq!(english.number("lcid"), 1033);
        assert_eq!(english.text("name"), "en-US");
        assert_eq!(english.territory(), Some("US"));
        assert_eq!(english.list("months").len(), 13);
        assert_eq!(english.list("long-times")[0], "h:mm:ss tt");
        assert_eq!(catalog.by_lcid(1033), catalog.by_name("en-us"));
        assert_eq!(catalog.by_name("xx-yy"), None);
        let german = catalog.get(catalog.by_lcid(1031).unwrap()).unwrap();
        assert_eq!(german.list("months")[2], "März");
        assert_eq!(german.text_info().ansi, 1252);
        assert_eq!(german.text_info().list_separator, b';');
        let neutral = catalog.get(catalog.by_name("de").unwrap()).unwrap();
        assert_eq!(neutral.territory(), None);
    }

    #[test]
    fn every_culture_is_complete() {
        let catalog = Catalog::parse();
        assert!(catalog.cultures().count() >= 40);
        for culture in catalog.cultures() {
            let name = culture.text("name");
            assert_eq!(
                catalog.by_name(&name.to_lowercase()),
                Some(culture.index()),
                "{name}"
            );
            for key in [
                "months",
                "genitive-months",
                "abbreviated-months",
                "abbreviated-genitive-months",
            ] {
                assert_eq!(culture.list(key).len(), 13, "{name} {key}");
            }
            for key in ["days", "abbreviated-days", "shortest-days"] {
                assert_eq!(culture.list(key).len(), 7, "{name} {key}");
            }
            assert_eq!(culture.numbers("patterns").len(), 5, "{name}");
            assert_eq!(culture.list("native-calendar-names").len(), 4, "{name}");
            assert!(
                !culture.text("number-decimal-separator").is_empty(),
                "{name}"
            );
            if let Some(territory) = culture.territory() {
                assert!(
                    catalog.region(territory).is_some(),
                    "{name}: region {territory}"
                );
            }
        }
    }

    #[test]
    fn regions() {
        let catalog = Catalog::parse();
        let region = catalog.region("DE").unwrap();
        assert_eq!(region.element("names", 1), "DEU");
        assert_eq!(region.element("currency", 1), "EUR");
        assert_eq!(region.id(), 94);
    }
}
