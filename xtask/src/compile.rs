//! Building assemblies: C# by `mcs`, IL by `ilasm`.
//!
//! The first lines of a source may hold directives, as in Mono's own tests:
//! `// Compiler options: -unsafe -r:System.Core.dll` and
//! `// Dependencies: other.lib.cs` (libraries built first, beside the program).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::proc::{self, Ending, Limits};

const COMPILE_LIMITS: Limits = Limits {
    time: Duration::from_secs(120),
    output: 1 << 20,
};

/// The directives in the first comment lines of a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Directives {
    /// Extra arguments of the compiler.
    pub options: Vec<String>,
    /// Library sources, relative to the source's folder.
    pub dependencies: Vec<String>,
}

impl Directives {
    /// Reads the directives of a source text.
    pub fn parse(text: &str) -> Self {
        let mut directives = Self::default();
        for line in text.lines().take_while(|line| line.starts_with("//")) {
            let line = line.trim_start_matches('/').trim();
            let words = |rest: &str| {
                rest.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            if let Some(rest) = line.strip_prefix("Compiler options:") {
                directives.options.extend(words(rest));
            } else if let Some(rest) = line.strip_prefix("Dependencies:") {
                directives.dependencies.extend(words(rest));
            }
        }
        directives
    }
}

/// What kind of assembly to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A program.
    Exe,
    /// A library.
    Library,
}

/// Builds `source` and its dependencies; the program is written to `output`
/// and libraries beside it.
///
/// # Errors
/// When a source cannot be read, or the compiler's own messages when it fails.
pub fn build(source: &Path, output: &Path) -> Result<()> {
    let text =
        fs::read_to_string(source).with_context(|| format!("cannot read {}", source.display()))?;
    let directives = Directives::parse(&text);
    let folder = output.parent().unwrap_or(Path::new("."));
    let mut references = Vec::new();
    for dependency in &directives.dependencies {
        let library_source = source.with_file_name(dependency);
        let library = folder.join(library_name(dependency));
        let text = fs::read_to_string(&library_source)
            .with_context(|| format!("cannot read {}", library_source.display()))?;
        let options = Directives::parse(&text).options;
        compile(&library_source, &library, Kind::Library, &options, &[])?;
        references.push(library);
    }
    compile(source, output, Kind::Exe, &directives.options, &references)
}

/// The file name of the library that a dependency source is built to.
pub fn library_name(source: &str) -> String {
    let stem = Path::new(source)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    format!("{}.dll", stem.strip_suffix(".lib").unwrap_or(&stem))
}

/// Compiles one source with the compiler that its extension asks for.
///
/// # Errors
/// The compiler's own messages.
pub fn compile(
    source: &Path,
    output: &Path,
    kind: Kind,
    options: &[String],
    references: &[PathBuf],
) -> Result<()> {
    let mut command = match source.extension().and_then(|e| e.to_str()) {
        Some("cs") => mcs(source, output, kind, options, references),
        Some("il") => ilasm(source, output, kind, options),
        _ => bail!("{} is neither .cs nor .il", source.display()),
    };
    let outcome = proc::run_limited(&mut command, b"", COMPILE_LIMITS)?;
    if outcome.ending != Ending::Exited(0) {
        bail!(
            "{} failed ({})\n{}{}",
            proc::describe(&command),
            outcome.ending,
            String::from_utf8_lossy(&outcome.stdout),
            String::from_utf8_lossy(&outcome.stderr)
        );
    }
    Ok(())
}

fn mcs(
    source: &Path,
    output: &Path,
    kind: Kind,
    options: &[String],
    references: &[PathBuf],
) -> Command {
    let mut command = Command::new("mcs");
    command.args(["-nologo", "-warn:0"]);
    command.arg(match kind {
        Kind::Exe => "-target:exe",
        Kind::Library => "-target:library",
    });
    command.arg(prefixed("-out:", output));
    for reference in references {
        command.arg(prefixed("-r:", reference));
    }
    command.args(options).arg(source);
    command
}

fn ilasm(source: &Path, output: &Path, kind: Kind, options: &[String]) -> Command {
    let mut command = Command::new("ilasm");
    command.arg(match kind {
        Kind::Exe => "/exe",
        Kind::Library => "/dll",
    });
    command
        .arg(prefixed("/output:", output))
        .args(options)
        .arg(source);
    command
}

fn prefixed(prefix: &str, path: &Path) -> std::ffi::OsString {
    let mut text = std::ffi::OsString::from(prefix);
    text.push(path);
    text
}

/// Builds the release `ferrocil` command and returns its path.
///
/// # Errors
/// When cargo fails.
pub fn ferrocil() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    proc::run_checked(Command::new(cargo).current_dir(crate::paths::root()).args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "ferrocil-cli",
    ]))?;
    Ok(crate::paths::ferrocil())
}

/// Compiles the class library ahead of time into a folder, unless it is there.
///
/// # Errors
/// When `ferrocil precompile` fails.
pub fn class_library(ferrocil: &Path, folder: &Path) -> Result<()> {
    proc::run_checked(
        Command::new(ferrocil)
            .arg("precompile")
            .arg("--into")
            .arg(folder),
    )
}

#[cfg(test)]
mod tests {
    use super::{Directives, library_name};

    #[test]
    fn directives_are_read_from_the_first_comment_lines_only() {
        let text = "// A case.\n// Compiler options: -unsafe -r:A.dll\n// Dependencies: x.lib.cs\n\
                    using System;\n// Compiler options: -late\n";
        let directives = Directives::parse(text);
        assert_eq!(directives.options, ["-unsafe", "-r:A.dll"]);
        assert_eq!(directives.dependencies, ["x.lib.cs"]);
    }

    #[test]
    fn libraries_lose_the_lib_suffix() {
        assert_eq!(library_name("shapes.lib.cs"), "shapes.dll");
        assert_eq!(library_name("shapes.cs"), "shapes.dll");
    }
}
