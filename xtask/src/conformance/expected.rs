//! Expected failures: data with a reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::execute::{CaseResult, Verdict};

/// `tests/conformance/expected.toml`.
#[derive(Debug, Default)]
pub struct ExpectedFailures {
    reasons: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    reason: String,
}

impl ExpectedFailures {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, names a case twice, or gives no reason.
    pub fn load(file: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parsed: File =
            toml::from_str(&text).with_context(|| format!("cannot parse {}", file.display()))?;
        let mut reasons = BTreeMap::new();
        for Entry { name, reason } in parsed.case {
            if reason.trim().is_empty() {
                bail!("{}: {name} has no reason", file.display());
            }
            if reasons.insert(name.clone(), reason).is_some() {
                bail!("{}: {name} is there twice", file.display());
            }
        }
        Ok(Self { reasons })
    }

    /// Fails for a listed name that does not exist.
    ///
    /// # Errors
    /// With the name.
    pub fn all_named(&self, exists: impl Fn(&str) -> bool) -> Result<()> {
        match self.reasons.keys().find(|name| !exists(name)) {
            Some(name) => bail!("the expected failures name {name}, which does not exist"),
            None => Ok(()),
        }
    }

    /// Turns a listed failure into an expected one, and a listed pass into a failure.
    pub fn apply(&self, result: &mut CaseResult) {
        let Some(reason) = self.reasons.get(&result.name) else {
            return;
        };
        match result.verdict {
            Verdict::Fail => {
                result.verdict = Verdict::ExpectedFail;
                result.reason = Some(reason.clone());
            }
            Verdict::Pass => {
                result.verdict = Verdict::UnexpectedPass;
                result.reason = Some(format!("expected to fail: {reason}"));
            }
            Verdict::ExpectedFail
            | Verdict::UnexpectedPass
            | Verdict::Broken
            | Verdict::MonoFails => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::ExpectedFailures;
    use crate::conformance::execute::{CaseResult, Verdict};

    fn after(verdict: Verdict, name: &str) -> Verdict {
        let reasons = BTreeMap::from([("a/b".to_owned(), "why".to_owned())]);
        let mut result = CaseResult {
            name: name.to_owned(),
            folder: "a".to_owned(),
            verdict,
            reason: None,
            actual: None,
            expected: None,
        };
        ExpectedFailures { reasons }.apply(&mut result);
        result.verdict
    }

    #[test]
    fn only_listed_cases_change() {
        assert_eq!(after(Verdict::Fail, "a/b"), Verdict::ExpectedFail);
        assert_eq!(after(Verdict::Pass, "a/b"), Verdict::UnexpectedPass);
        assert_eq!(after(Verdict::Broken, "a/b"), Verdict::Broken);
        assert_eq!(after(Verdict::Fail, "a/c"), Verdict::Fail);
    }
}
