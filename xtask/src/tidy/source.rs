//! What Rust sources may not say.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Finding;

/// A file longer than this is noted.
const LONG: usize = 900;

/// Checks every Rust source. Broken rules go to `findings`, long files to `notes`.
///
/// # Errors
/// When a source cannot be read.
pub fn check(
    root: &Path,
    files: &[PathBuf],
    findings: &mut Vec<Finding>,
    notes: &mut Vec<Finding>,
) -> Result<()> {
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|e| e == "rs"))
    {
        let path = root.join(file);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (line, message) in check_text(&text) {
            findings.push(Finding {
                file: file.clone(),
                line,
                message,
            });
        }
        let lines = text.lines().count();
        if lines > LONG {
            let message = format!("{lines} lines; more than {LONG}: is this one purpose?");
            notes.push(Finding {
                file: file.clone(),
                line: 0,
                message,
            });
        }
        let crate_root = file.ends_with("src/lib.rs") || file.ends_with("src/main.rs");
        let documented = text
            .lines()
            .any(|line| line.starts_with("//!") || line.starts_with("#![doc"));
        if crate_root && !documented {
            let message = "a crate begins with what it is (`//! …`)".to_owned();
            findings.push(Finding {
                file: file.clone(),
                line: 1,
                message,
            });
        }
    }
    Ok(())
}

/// Lines (from 1) that break a rule, with what to do.
fn check_text(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_tests = false;
    for (index, line) in text.lines().enumerate() {
        let code = without_comment(line);
        let trimmed = code.trim();
        in_tests |= trimmed == "#[cfg(test)]";
        // Written in pieces, so that this file keeps its own rules.
        for macro_name in ["todo", "unimplemented", "dbg"] {
            if contains_word(&code, &format!("{macro_name}!")) {
                found.push((
                    index + 1,
                    format!("no `{macro_name}!`: return a typed error"),
                ));
            }
        }
        if trimmed.starts_with("#[") || trimmed.starts_with("#![") {
            if contains_word(trimmed, "allow") && trimmed.contains(concat!("allow", "(")) {
                let message = "no such attribute: `#[expect(lint, reason = \"…\")]`".to_owned();
                found.push((index + 1, message));
            } else if trimmed.contains("expect(")
                && trimmed.ends_with(")]")
                && !trimmed.contains("reason")
            {
                found.push((index + 1, "`expect` needs a reason".to_owned()));
            }
        }
        if let Some(path) = own_wildcard(trimmed)
            && !(in_tests && path == "super")
        {
            found.push((
                index + 1,
                format!("no wildcard import of our own `{path}`: name the items"),
            ));
        }
    }
    found
}

/// The path before `::*` when the line imports everything of a module of ours.
fn own_wildcard(line: &str) -> Option<&str> {
    let line = line
        .strip_prefix("pub(crate) ")
        .or_else(|| line.strip_prefix("pub "))
        .unwrap_or(line);
    let path = line.strip_prefix("use ")?.strip_suffix("::*;")?;
    let first = path.split("::").next().unwrap_or(path);
    let ours = matches!(first, "crate" | "super" | "self") || first.starts_with("ferrocil");
    ours.then_some(path)
}

/// The line up to `//`, unless that is inside a string on it.
fn without_comment(line: &str) -> String {
    let mut in_string = false;
    let mut escaped = false;
    let bytes = line.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'/' if !in_string && bytes.get(index + 1) == Some(&b'/') => {
                return line[..index].to_owned();
            }
            _ => {}
        }
    }
    line.to_owned()
}

/// Whether `text` has `word` not as the end of a longer name.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"')
    })
}

#[cfg(test)]
mod tests {
    use super::check_text;

    fn lines(text: &str) -> Vec<usize> {
        check_text(text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn broken_rules_are_found() {
        let text = [
            concat!("#[al", "low(dead_code)]"),
            concat!("to", "do!()"),
            "use crate::a::*;",
            "pub use ferrocil_gc::*;",
            "#[expect(dead_code)]",
            "use super::*;",
        ]
        .join("\n");
        assert_eq!(lines(&text), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn comments_and_other_names_are_fine() {
        let text = [
            concat!("// to", "do! later"),
            concat!("my_to", "do!()"),
            "use std::io::prelude::*;",
            "#[expect(dead_code, reason = \"why\")]",
            "let url = \"http://x\";",
            "#[cfg(test)]",
            "mod tests { ",
            "    use super::*;",
        ]
        .join("\n");
        assert_eq!(lines(&text), Vec::<usize>::new());
    }
}
