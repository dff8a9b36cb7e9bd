//! Finding the cases and the files beside them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// One conformance case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `folder/name`, without extension.
    pub name: String,
    /// The first folder under `tests/conformance`.
    pub folder: String,
    /// The C# or IL source.
    pub source: PathBuf,
    /// Standard input (`NAME.stdin`).
    pub stdin: Vec<u8>,
    /// Arguments, one a line (`NAME.args`).
    pub arguments: Vec<String>,
    /// Environment variables (`NAME.env`, one `VARIABLE=value` a line).
    pub environment: Vec<(String, String)>,
    /// Leading non-empty lines of standard error to compare (`NAME.stderr-check`).
    pub stderr_lines: usize,
}

/// How many lines an empty `NAME.stderr-check` asks for: Mono's
/// "Unhandled Exception:" and the exception's own first line.
const DEFAULT_STDERR_LINES: usize = 2;

/// All cases under `folder`, sorted by name. Sources named `*.lib.cs` are
/// libraries of other cases.
///
/// # Errors
/// When a folder or file cannot be read, or a `.stderr-check` is not a number.
pub fn discover(folder: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    visit(folder, folder, &mut cases)?;
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn visit(root: &Path, folder: &Path, cases: &mut Vec<Case>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            visit(root, &path, cases)?;
        } else if is_case(&path) {
            cases.push(load(root, path)?);
        }
    }
    Ok(())
}

fn is_case(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (name.ends_with(".cs") || name.ends_with(".il"))
        && !(name.ends_with(".lib.cs") || name.ends_with(".lib.il"))
}

fn load(root: &Path, source: PathBuf) -> Result<Case> {
    let name = source
        .strip_prefix(root)
        .unwrap_or(&source)
        .with_extension("")
        .to_string_lossy()
        .into_owned();
    let folder = name
        .split_once('/')
        .map_or(".", |(folder, _)| folder)
        .to_owned();
    let stdin = optional(&source.with_extension("stdin"))?.unwrap_or_default();
    let arguments = lines(&source.with_extension("args"))?;
    let environment = lines(&source.with_extension("env"))?
        .iter()
        .map(|line| match line.split_once('=') {
            Some((variable, value)) => Ok((variable.to_owned(), value.to_owned())),
            None => bail!("{name}.env: {line:?} is not VARIABLE=value"),
        })
        .collect::<Result<_>>()?;
    let stderr_lines = match optional(&source.with_extension("stderr-check"))? {
        None => 0,
        Some(bytes) if bytes.trim_ascii().is_empty() => DEFAULT_STDERR_LINES,
        Some(bytes) => String::from_utf8_lossy(&bytes)
            .trim()
            .parse()
            .with_context(|| format!("{name}.stderr-check holds no number of lines"))?,
    };
    Ok(Case {
        name,
        folder,
        source,
        stdin,
        arguments,
        environment,
        stderr_lines,
    })
}

fn optional(path: &Path) -> Result<Option<Vec<u8>>> {
    if !path.exists() {
        return Ok(None);
    }
    fs::read(path)
        .map(Some)
        .with_context(|| format!("cannot read {}", path.display()))
}

/// The lines of an optional text file.
fn lines(path: &Path) -> Result<Vec<String>> {
    let bytes = optional(path)?.unwrap_or_default();
    let text =
        String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
