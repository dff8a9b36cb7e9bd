//! Environment variables of a runtime.
//!
//! Two runtimes of one process must not see each other's changes, and `setenv`
//! is unsound beside other threads. So a runtime works on its own copy, taken
//! when it starts, and hands it to the processes it starts.

use std::collections::BTreeMap;
use std::ffi::OsString;

use parking_lot::RwLock;

/// The variables by name.
#[derive(Debug)]
pub struct Variables {
    values: RwLock<BTreeMap<OsString, OsString>>,
}

impl Variables {
    /// A copy of the process' variables.
    #[must_use]
    pub fn of_process() -> Variables {
        Variables {
            values: RwLock::new(std::env::vars_os().collect()),
        }
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.values
            .read()
            .get(std::ffi::OsStr::new(name))
            .map(|value| value.to_string_lossy().into_owned())
    }

    /// Sets a variable; an empty value removes it (as `Environment.SetEnvironmentVariable` does).
    pub fn set(&self, name: &str, value: Option<&str>) {
        let mut values = self.values.write();
        match value {
            Some(value) if !value.is_empty() => {
                values.insert(name.into(), value.into());
            }
            _ => {
                values.remove(std::ffi::OsStr::new(name));
            }
        }
    }

    /// All names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.values
            .read()
            .keys()
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    /// All pairs, for a child process.
    #[must_use]
    pub fn pairs(&self) -> Vec<(OsString, OsString)> {
        self.values
            .read()
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_stay_in_the_copy() {
        let (a, b) = (Variables::of_process(), Variables::of_process());
        a.set("FERROCIL_TEST_VARIABLE", Some("1"));
        assert_eq!(a.get("FERROCIL_TEST_VARIABLE").as_deref(), Some("1"));
        assert_eq!(b.get("FERROCIL_TEST_VARIABLE"), None);
        assert!(std::env::var_os("FERROCIL_TEST_VARIABLE").is_none());
        a.set("FERROCIL_TEST_VARIABLE", Some(""));
        assert_eq!(a.get("FERROCIL_TEST_VARIABLE"), None);
        assert!(b.names().contains(&"PATH".to_owned()));
    }
}
