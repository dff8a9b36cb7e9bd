//! Mono's source: Debian's source package, unpacked under target/.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, proc};

/// Where apt looks for its own list of sources.
const LISTS: [&str; 2] = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"];

/// A header that the native library of the tests needs.
const ERRNO: &str = "mono/utils/mono-errno.h";

/// The folder of Mono's source; fetches and unpacks it the first time.
///
/// # Errors
/// Without apt-get or network, or when the package cannot be unpacked.
pub fn ensure() -> Result<PathBuf> {
    let folder = paths::target().join("mono-source");
    let tree = folder.join("mono");
    if tree.join("mono/mini/TestDriver.cs").exists() && tree.join(ERRNO).exists() {
        return Ok(tree);
    }
    eprintln!("setup: fetching Debian's source package of Mono (about 120 MB)");
    fs::create_dir_all(folder.join("lists/partial"))?;
    fs::create_dir_all(folder.join("parts"))?;
    fs::write(folder.join("parts/source.sources"), deb_src()?)?;
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.current_dir(&folder).stdout(io::stderr());
        for (option, place) in [
            ("Dir::Etc::SourceParts", "parts"),
            ("Dir::State::Lists", "lists"),
        ] {
            command.arg("-o");
            command.arg(format!("{option}={}", folder.join(place).display()));
        }
        command.args(["-o", "Dir::Etc::SourceList=/dev/null", "-q"]);
        command.args(arguments);
        proc::run_checked(&mut command)
    };
    apt(&["update"])?;
    apt(&["source", "--download-only", "mono"])?;
    unpack(&folder, &tree)?;
    Ok(tree)
}

/// The system's package sources, asked for source packages.
fn deb_src() -> Result<String> {
    let mut files = vec![PathBuf::from(LISTS[0])];
    if let Ok(entries) = fs::read_dir(LISTS[1]) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let mut stanzas = String::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        if file.extension().is_some_and(|e| e == "sources") {
            stanzas.push_str(&source_stanzas(&text));
        } else {
            stanzas.extend(text.lines().filter_map(stanza_of_line));
        }
    }
    if stanzas.is_empty() {
        bail!(
            "no package source of Debian in {} or {}; unpack `apt-get source mono` yourself and \
             give its folder by --mono-source",
            LISTS[0],
            LISTS[1]
        );
    }
    Ok(stanzas)
}

/// A deb822 file with `deb-src` in place of `deb`.
fn source_stanzas(text: &str) -> String {
    let mut stanzas: String = text
        .lines()
        .map(|line| match line.split_once(':') {
            Some((key, _)) if key.eq_ignore_ascii_case("types") => "Types: deb-src\n".to_owned(),
            _ => format!("{line}\n"),
        })
        .collect();
    stanzas.push('\n');
    stanzas
}

/// `deb [options] URI suite components…` as a deb822 stanza.
fn stanza_of_line(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("deb ")?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let components = words.collect::<Vec<_>>().join(" ");
    let signed = options
        .split_whitespace()
        .find_map(|option| option.strip_prefix("signed-by="))
        .map_or_else(String::new, |key| format!("Signed-By: {key}\n"));
    Some(format!(
        "Types: deb-src\nURIs: {uri}\nSuites: {suite}\nComponents: {components}\n{signed}\n"
    ))
}

/// Unpacks the original archive; the tests need none of Debian's patches.
fn unpack(folder: &Path, tree: &Path) -> Result<()> {
    let archive = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains(".orig.tar"))
        .with_context(|| format!("apt-get left no archive in {}", folder.display()))?;
    let building = folder.join("unpacking");
    drop(fs::remove_dir_all(&building));
    fs::create_dir_all(&building)?;
    proc::run_checked(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .args(["--strip-components=1", "--directory"])
            .arg(&building)
            // Tests only: the whole tree is 700 MB.
            .args(["--wildcards", "*/mono/mini/*", "*/mono/tests/*"])
            .arg("*/mono/utils/*.h"),
    )?;
    drop(fs::remove_dir_all(tree));
    fs::rename(&building, tree).with_context(|| format!("cannot create {}", tree.display()))
}

#[cfg(test)]
mod tests {
    use super::{source_stanzas, stanza_of_line};

    #[test]
    fn binary_sources_become_source_sources() {
        assert_eq!(
            source_stanzas("Types: deb\nURIs: http://x\n"),
            "Types: deb-src\nURIs: http://x\n\n"
        );
        assert_eq!(
            stanza_of_line("deb [arch=amd64 signed-by=/k.gpg] http://x bookworm main contrib")
                .as_deref(),
            Some(
                "Types: deb-src\nURIs: http://x\nSuites: bookworm\nComponents: main contrib\n\
                 Signed-By: /k.gpg\n\n"
            )
        );
        assert_eq!(stanza_of_line("# deb http://x y z"), None);
    }
}
