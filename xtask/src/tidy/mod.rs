//! `cargo xtask tidy`: the rules that neither rustc nor clippy checks.
//!
//! Crate layering (`layers`), what sources may not say (`source`), and what
//! may be in the repository at all (`files`).

mod files;
mod layers;
mod source;

use std::fmt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::paths;

/// Options of `cargo xtask tidy`.
#[derive(Debug, Default, Args)]
pub struct TidyArguments {
    /// List the notes (long files) too, which do not fail the task.
    #[arg(long)]
    notes: bool,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// File, relative to the root.
    pub file: PathBuf,
    /// Line, from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Checks everything; fails when a rule is broken.
pub fn command(arguments: &TidyArguments) -> Result<ExitCode> {
    let tracked = tracked_files()?;
    let mut findings = layers::check(&paths::root(), &tracked)?;
    findings.extend(files::check(&tracked));
    let mut notes = Vec::new();
    source::check(&paths::root(), &tracked, &mut findings, &mut notes)?;
    for finding in &findings {
        println!("{finding}");
    }
    if arguments.notes {
        for note in &notes {
            println!("note: {note}");
        }
    }
    println!(
        "tidy: {} files, {} broken rules, {} notes{}",
        tracked.len(),
        findings.len(),
        notes.len(),
        if notes.is_empty() || arguments.notes {
            ""
        } else {
            " (--notes lists them)"
        }
    );
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Tracked and new files that git does not ignore, relative to the root.
fn tracked_files() -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .current_dir(paths::root())
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("cannot start git, which lists the files to check")?;
    ensure!(
        output.status.success(),
        "git ls-files failed; tidy needs a git work tree"
    );
    let text = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    let files = text
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from);
    Ok(files
        .filter(|file| paths::root().join(file).is_file())
        .collect())
}
