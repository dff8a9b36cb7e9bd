//! `cargo xtask listings`: tables and heaps as `ferrocil dis --table` and `monodis` write them, line by line.
//!
//! monodis loads the assemblies that a file names and writes what it finds there, breaks off where it finds nothing, and
//! has mistakes of its own. Such lines are known kinds of difference, are counted apart, and everything else must agree.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::proc::{self, Ending, Limits};
use crate::{compile, paths, setup};

/// Options of `cargo xtask listings`.
#[derive(Debug, Default, Args)]
pub struct ListingsArguments {
    /// Assemblies; without any: mscorlib, System, System.Core and some of the built conformance programs.
    files: Vec<PathBuf>,
    /// Every assembly in these folders (Mono's `/usr/lib/mono/4.5`, CoreCLR's shared framework).
    #[arg(long, value_name = "FOLDER")]
    folder: Vec<PathBuf>,
    /// Only this listing, by monodis' name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The command to ask (default: the release build).
    #[arg(long, value_name = "PATH")]
    ferrocil: Option<PathBuf>,
    /// Also show the first lines of each known kind of difference.
    #[arg(long)]
    known: bool,
}

const CLASS_LIBRARY: &str = "/usr/lib/mono/4.5";
const PROGRAMS: usize = 24;

/// monodis' options that list a table or heap.
const LISTINGS: &[&str] = &[
    "assembly",
    "assemblyref",
    "classlayout",
    "constant",
    "customattr",
    "declsec",
    "event",
    "exported",
    "fields",
    "file",
    "genericpar",
    "interface",
    "manifest",
    "marshal",
    "memberref",
    "method",
    "methodimpl",
    "methodsem",
    "methodspec",
    "moduleref",
    "module",
    "nested",
    "param",
    "parconst",
    "property",
    "propertymap",
    "typedef",
    "typeref",
    "typespec",
    "implmap",
    "fieldrva",
    "standalonesig",
    "methodptr",
    "fieldptr",
    "paramptr",
    "eventptr",
    "propertyptr",
    "blob",
    "strings",
    "userstrings",
];

const LIMITS: Limits = Limits {
    time: Duration::from_secs(300),
    output: 1 << 28,
};

/// How two rows compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Same,
    /// monodis writes `(null)` for `<Module>` and for generic parameters without names.
    Null,
    /// monodis writes what follows a string of an attribute up to the next zero.
    PastTheString,
    /// monodis looked into another assembly: a forwarded type, the class that really declares a member.
    Resolved,
    /// monodis did not find an assembly, a type or a method, and says so.
    NotFound,
    /// An argument that monodis has no words for, or writes with the wrong sign.
    Argument,
    /// monodis steps over a string of 128 bytes and more as if its length were one byte.
    WrongStep,
    Different,
}

impl Verdict {
    const fn meaning(self) -> &'static str {
        match self {
            Self::Same => "the same",
            Self::Null => "(null) for a name",
            Self::PastTheString => "read past a string",
            Self::Resolved => "named by another assembly",
            Self::NotFound => "not found by monodis",
            Self::Argument => "attribute argument",
            Self::WrongStep => "stepped into a long string",
            Self::Different => "DIFFERENT",
        }
    }
}

#[derive(Default)]
struct Tally {
    rows: BTreeMap<Verdict, u64>,
    /// Listings that monodis did not finish.
    crashes: Vec<String>,
}

/// Compares every listing of each file.
pub fn command(arguments: &ListingsArguments) -> Result<ExitCode> {
    setup::ensure(&[setup::RUN, setup::MONODIS].concat())?;
    let ferrocil = match &arguments.ferrocil {
        Some(path) => std::path::absolute(path)?,
        None => compile::ferrocil()?,
    };
    let files = files(arguments)?;
    let mut all = Tally::default();
    for file in &files {
        let mut tally = Tally::default();
        for listing in LISTINGS {
            if arguments
                .only
                .as_deref()
                .is_none_or(|only| only == *listing)
            {
                compare_listing(&ferrocil, file, listing, arguments.known, &mut tally)?;
            }
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        println!("{name:<48} {}", describe(&tally));
        for (verdict, count) in tally.rows {
            *all.rows.entry(verdict).or_default() += count;
        }
        all.crashes.extend(tally.crashes);
    }
    println!("{} files: {}", files.len(), describe(&all));
    for crash in &all.crashes {
        println!("monodis did not finish: {crash}");
    }
    let different = all.rows.contains_key(&Verdict::Different);
    Ok(if different {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn describe(tally: &Tally) -> String {
    let mut parts: Vec<String> = tally
        .rows
        .iter()
        .map(|(verdict, count)| format!("{count} {}", verdict.meaning()))
        .collect();
    if !tally.crashes.is_empty() {
        parts.push(format!("{} listings not finished", tally.crashes.len()));
    }
    parts.join(", ")
}

fn files(arguments: &ListingsArguments) -> Result<Vec<PathBuf>> {
    let mut files = arguments.files.clone();
    for folder in &arguments.folder {
        let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let is_assembly = path
                .extension()
                .is_some_and(|end| end == "dll" || end == "exe");
            if is_assembly && is_managed(&path)? {
                found.push(path);
            }
        }
        found.sort();
        files.extend(found);
    }
    if files.is_empty() {
        let library = Path::new(CLASS_LIBRARY);
        files.extend(
            ["mscorlib.dll", "System.dll", "System.Core.dll"].map(|name| library.join(name)),
        );
        let cache = paths::target().join("conformance").join("cache");
        let programs = crate::roundtrip::managed_files(&cache)?;
        let step = (programs.len() / PROGRAMS).max(1);
        files.extend(programs.into_iter().step_by(step).take(PROGRAMS));
    }
    Ok(files)
}

/// True when the file has metadata: native libraries lie in the same folders.
fn is_managed(path: &Path) -> Result<bool> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.windows(4).any(|window| window == b"BSJB"))
}

fn compare_listing(
    ferrocil: &Path,
    file: &Path,
    listing: &str,
    show_known: bool,
    tally: &mut Tally,
) -> Result<()> {
    let mut theirs = Command::new("monodis");
    theirs.arg(format!("--{listing}")).arg(file);
    let theirs = proc::run_limited(&mut theirs, b"", LIMITS)?;
    let mut ours = Command::new(ferrocil);
    ours.args(["dis", "--table", listing]).arg(file);
    let ours = proc::run_limited(&mut ours, b"", LIMITS)?;
    let place = format!("{} --{listing}", file.display());
    if ours.ending != Ending::Exited(0) {
        println!("{place}: {}", String::from_utf8_lossy(&ours.stderr).trim());
        *tally.rows.entry(Verdict::Different).or_default() += 1;
        return Ok(());
    }
    let finished = theirs.ending == Ending::Exited(0);
    if !finished {
        tally.crashes.push(format!("{place}: {}", theirs.ending));
    }
    let (theirs, ours) = (
        String::from_utf8_lossy(&theirs.stdout).into_owned(),
        String::from_utf8_lossy(&ours.stdout).into_owned(),
    );
    let (theirs, ours) = (rows(&theirs, listing), rows(&ours, listing));
    let mut shown: BTreeMap<Verdict, u32> = BTreeMap::new();
    for (key, our) in &ours {
        let verdict = match theirs.get(key) {
            Some(their) => compare(their, our, listing),
            None if !finished => continue,
            None if listing == "userstrings" => Verdict::WrongStep,
            None if listing == "customattr" => Verdict::NotFound,
            None => Verdict::Different,
        };
        // The row in which monodis broke off.
        if verdict == Verdict::Different && !finished {
            continue;
        }
        *tally.rows.entry(verdict).or_default() += 1;
        let show = verdict == Verdict::Different || show_known && verdict != Verdict::Same;
        let times = shown.entry(verdict).or_default();
        if show && *times < 3 {
            *times += 1;
            let their = theirs.get(key).map_or("", String::as_str);
            println!("{place}: {}", verdict.meaning());
            println!(
                "  monodis: {}\n  ours:    {}",
                their.trim_end(),
                our.trim_end()
            );
        }
    }
    // Rows that only monodis has: none but those that it saw inside of others.
    let more = theirs.keys().filter(|key| !ours.contains_key(*key)).count() as u64;
    if more != 0 {
        let verdict = match listing {
            "userstrings" => Verdict::WrongStep,
            "customattr" => Verdict::PastTheString,
            _ => Verdict::Different,
        };
        if verdict == Verdict::Different {
            println!("{place}: {more} rows are monodis' alone");
        }
        *tally.rows.entry(verdict).or_default() += more;
    }
    Ok(())
}

/// The lines of each row by the row's number, or by the line's where lines have none.
fn rows(text: &str, listing: &str) -> BTreeMap<String, String> {
    let mut rows: BTreeMap<String, String> = BTreeMap::new();
    let mut key = String::from("title");
    let mut headers = 0_u32;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        // A warning of monodis among its lines.
        if line.contains("not handled in custom attr value decoding") {
            continue;
        }
        if matches!(listing, "assembly" | "blob") {
            key = format!("line {number}");
        } else if line.starts_with("##########") {
            headers += 1;
            key = format!("header {headers}");
        } else if let Some((row, _)) = line.split_once(": ")
            && !row.is_empty()
            && row.bytes().all(|digit| digit.is_ascii_hexdigit())
        {
            key = row.into();
        }
        rows.entry(key.clone()).or_default().push_str(line);
    }
    rows
}

/// The most serious verdict of the row's lines.
fn compare(their: &str, our: &str, listing: &str) -> Verdict {
    if their == our {
        return Verdict::Same;
    }
    let (their_lines, our_lines) = (their.lines(), our.lines());
    // monodis' strings may hold line ends that are not in the file's strings.
    if listing == "customattr" || their_lines.clone().count() != our_lines.clone().count() {
        return compare_line(their, our, listing);
    }
    let lines = their_lines.zip(our_lines);
    let verdicts = lines.map(|(their, our)| compare_line(their, our, listing));
    verdicts.max().unwrap_or(Verdict::Same)
}

fn compare_line(their: &str, our: &str, listing: &str) -> Verdict {
    if their == our {
        return Verdict::Same;
    }
    let (their, our) = (visible(their), visible(our));
    if their == our {
        return match listing {
            "customattr" => Verdict::PastTheString,
            // The permissions of .NET 1 are XML in UTF-16, which monodis writes byte by byte.
            "declsec" => Verdict::Argument,
            _ => Verdict::Different,
        };
    }
    if their.contains("(null)") && matches_around_nulls(&their, &our) {
        return Verdict::Null;
    }
    if listing == "userstrings" {
        return Verdict::WrongStep;
    }
    let not_found = ["Could not decode", "BROKEN CLASS", "due to Could not "];
    if not_found.iter().any(|said| their.contains(said)) {
        return Verdict::NotFound;
    }
    if listing == "customattr"
        && let (Some((their_method, their_value)), Some((our_method, our_value))) =
            (their.rsplit_once(") ["), our.rsplit_once(") ["))
        && same_but_scopes(their_method, our_method)
    {
        return if is_subsequence(our_value, their_value) {
            Verdict::PastTheString
        } else {
            Verdict::Argument
        };
    }
    if same_but_scopes(&their, &our) {
        return Verdict::Resolved;
    }
    // A method that was not found has a signature and no name.
    let names_methods = matches!(listing, "methodimpl" | "methodspec");
    if names_methods && their.matches("::").count() < our.matches("::").count() {
        return Verdict::NotFound;
    }
    Verdict::Different
}

/// Without control characters.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|part| !part.is_control() && *part != char::REPLACEMENT_CHARACTER)
        .collect()
}

/// True when `our` is `their` with something else for each `(null)`.
fn matches_around_nulls(their: &str, our: &str) -> bool {
    let mut rest = our;
    let mut parts = without_scopes(their);
    let ours = without_scopes(rest);
    rest = &ours;
    let pieces: Vec<String> = parts.split("(null)").map(Into::into).collect();
    parts.clear();
    let Some((first, more)) = pieces.split_first() else {
        return false;
    };
    let Some(mut rest) = rest.strip_prefix(first.as_str()) else {
        return false;
    };
    for (index, piece) in more.iter().enumerate() {
        let is_last = index + 1 == more.len();
        let found = if is_last {
            rest.strip_suffix(piece.as_str()).map(|_| "")
        } else {
            rest.split_once(piece.as_str()).map(|(_, after)| after)
        };
        match found {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// True when only the names of assemblies and modules in brackets, and the class before a member, differ.
fn same_but_scopes(their: &str, our: &str) -> bool {
    let (their, our) = (without_scopes(their), without_scopes(our));
    if their == our {
        return true;
    }
    // The class that declares the member: the words around it and the member's name are the same.
    let split = |text: &str| -> Option<(String, String)> {
        let (before, after) = text.split_once("::")?;
        let words: Vec<&str> = before.split(' ').collect();
        let keyword = words
            .iter()
            .rposition(|word| *word == "class" || *word == "valuetype");
        let kept = keyword.map_or(&words[..], |at| &words[..at]);
        Some((kept.join(" "), after.into()))
    };
    match (split(&their), split(&our)) {
        (Some(their), Some(our)) => their.1 == our.1,
        _ => false,
    }
}

/// Without `[assembly]`, and without the keyword before a type: both come from the assembly where the type is.
fn without_scopes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        match after.split_once(']') {
            Some((scope, after))
                if scope.starts_with(|first: char| first.is_alphabetic() || first == '\'') =>
            {
                rest = after;
            }
            _ => {
                plain.push('[');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    // The type around a nested one is missing where it could not be loaded.
    let mut parts = String::with_capacity(plain.len());
    let is_name = |part: char| part.is_alphanumeric() || "._`'<>$".contains(part);
    for word in plain.replace("valuetype ", "class ").split_inclusive('/') {
        match word.strip_suffix('/') {
            Some(outer) => parts.push_str(outer.trim_end_matches(is_name)),
            None => parts.push_str(word),
        }
    }
    parts
}

fn is_subsequence(short: &str, long: &str) -> bool {
    let mut long = long.chars();
    short
        .chars()
        .all(|wanted| long.any(|found| found == wanted))
}

#[cfg(test)]
mod tests {
    use super::{Verdict, compare, rows};

    #[test]
    fn kinds_of_difference() {
        assert_eq!(compare("1: !!0\n", "1: !!0\n", "typespec"), Verdict::Same);
        assert_eq!(
            compare("1: A<!(null)>\n", "1: A<!0>\n", "typespec"),
            Verdict::Null
        );
        assert_eq!(
            compare("1: A<!(null)>\n", "1: B<!0>\n", "typespec"),
            Verdict::Different
        );
        assert_eq!(
            compare(
                "1: class [mscorlib]System.Action x",
                "1: class [System.Core]System.Action x",
                "fields"
            ),
            Verdict::Resolved
        );
        assert_eq!(
            compare(
                "1: M: 1: void A::'.ctor'(string) [\"x!\"]",
                "1: M: 1: void A::'.ctor'(string) [\"x\"]",
                "customattr"
            ),
            Verdict::PastTheString
        );
        assert_eq!(compare("2: 5", "2: 6", "methodptr"), Verdict::Different);
    }

    #[test]
    fn rows_have_their_lines() {
        let rows = rows(
            "Title (1..2)\n1: a\n\tmore\n########## .T\n2: b\n",
            "fields",
        );
        assert_eq!(rows["1"], "1: a\n\tmore\n");
        assert_eq!(rows["header 1"], "########## .T\n");
        assert_eq!(rows.len(), 4);
    }
}
