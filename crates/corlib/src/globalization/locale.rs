//! The user's culture, from the environment.

/// Culture name that the variables `LC_ALL` and `LANG` ask for, in lower case
/// (`en_US.UTF-8` → `en-us`); `None` for the invariant culture.
///
/// `C.UTF-8` and `POSIX` are no cultures either. Mono finds that out by an exception
/// in managed code, which costs more than the rest of a small program's start.
pub fn current_locale_name(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let locale = variable("LC_ALL").or_else(|| variable("LANG"))?;
    let end = locale.find(['.', '@']).unwrap_or(locale.len());
    let name = locale[..end].replacen('_', "-", 1).to_ascii_lowercase();
    let known = name.len() >= 2 && name != "posix";
    known.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::current_locale_name;

    fn name(lc_all: Option<&str>, lang: Option<&str>) -> Option<String> {
        current_locale_name(|variable| match variable {
            "LC_ALL" => lc_all.map(str::to_owned),
            "LANG" => lang.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn names() {
        assert_eq!(name(None, Some("en_US.UTF-8")).as_deref(), Some("en-us"));
        assert_eq!(
            name(Some("de_DE@euro"), Some("en_US")).as_deref(),
            Some("de-de")
        );
        assert_eq!(name(Some("C"), Some("en_US")), None);
        assert_eq!(name(None, None), None);
        for invariant in ["C.UTF-8", "POSIX", ""] {
            assert_eq!(name(None, Some(invariant)), None);
        }
    }
}
