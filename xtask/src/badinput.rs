//! `cargo xtask bad-input`: what is not a program gets one clear line.
//!
//! The cases are data: `tests/badinput/cases.toml`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Deserialize;

use crate::compile::{self, Kind};
use crate::proc::{self, Ending, Limits, Outcome};
use crate::{paths, setup};

const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    output: 1 << 20,
};
/// Exit code of a Rust program after a panic.
const PANIC: i32 = 101;
/// Exit code that stands for an abort.
const ABORT: i32 = 134;

const PROGRAM: &str = "class Program { static void Main() { System.Console.WriteLine(\"ran\"); } }";
const LIBRARY: &str = "public class Gone { public static int Value() { return 1; } }";
const USER: &str = "class Program { static int Main() { return Gone.Value(); } }";

/// Options of `cargo xtask bad-input`.
#[derive(Debug, Default, Args)]
pub struct BadInputArguments {
    /// Test this program in place of the release build of ferrocil.
    #[arg(long)]
    ferrocil: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    make: Make,
    words: Vec<String>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    cuts: Vec<usize>,
    #[serde(default)]
    count: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Make {
    Absent,
    Folder,
    Bytes,
    Native,
    Truncated,
    Library,
    MissingReference,
    NoFramework,
    Mutated,
}

/// Files made once for all cases.
#[derive(Debug)]
struct Bench {
    ferrocil: PathBuf,
    folder: PathBuf,
    image: Vec<u8>,
}

/// One run: what the command gets, and the file that its words speak of.
#[derive(Debug)]
struct Trial {
    arguments: Vec<PathBuf>,
    file: PathBuf,
}

impl Trial {
    fn of(file: PathBuf) -> Self {
        Self {
            arguments: vec![file.clone()],
            file,
        }
    }
}

/// Runs every case.
pub fn command(arguments: &BadInputArguments) -> Result<ExitCode> {
    setup::ensure(setup::RUN)?;
    let ferrocil = match &arguments.ferrocil {
        Some(program) => std::path::absolute(program)?,
        None => compile::ferrocil()?,
    };
    let list = paths::root()
        .join("tests")
        .join("badinput")
        .join("cases.toml");
    let text =
        fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let file: File =
        toml::from_str(&text).with_context(|| format!("cannot parse {}", list.display()))?;
    let bench = Bench::new(ferrocil)?;
    let mut failed = 0;
    let mut runs = 0;
    for case in &file.case {
        let trials = bench.trials(case)?;
        ensure!(!trials.is_empty(), "{:?} makes no file", case.name);
        runs += trials.len();
        let faults = bench.faults(case, &trials)?;
        println!(
            "{:<6} {} ({} runs)",
            if faults.is_empty() { "ok" } else { "FAIL" },
            case.name,
            trials.len()
        );
        for fault in &faults {
            println!("       {fault}");
        }
        failed += usize::from(!faults.is_empty());
    }
    println!(
        "bad input: {} cases, {runs} runs, {failed} cases fail",
        file.case.len()
    );
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Bench {
    fn new(ferrocil: PathBuf) -> Result<Self> {
        let folder = paths::target().join("badinput");
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let program = folder.join("program.exe");
        build(&folder, "program.cs", PROGRAM, &program, Kind::Exe, &[])?;
        let bench = Self {
            ferrocil,
            folder,
            image: fs::read(&program)?,
        };
        // Without this, everything below could pass for a wrong reason.
        let outcome = bench.run(&Trial::of(program))?;
        ensure!(
            outcome.ending == Ending::Exited(0) && outcome.stdout == b"ran\n",
            "the unchanged program does not run: {}, {}",
            outcome.ending,
            String::from_utf8_lossy(&outcome.stderr).trim()
        );
        Ok(bench)
    }

    fn trials(&self, case: &Case) -> Result<Vec<Trial>> {
        let write = |name: &str, bytes: &[u8]| -> Result<Trial> {
            let file = self.folder.join(name);
            fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))?;
            Ok(Trial::of(file))
        };
        Ok(match case.make {
            Make::Absent => vec![Trial::of(self.folder.join("absent.exe"))],
            Make::Folder => {
                let file = self.folder.join("folder.exe");
                fs::create_dir_all(&file)?;
                vec![Trial::of(file)]
            }
            Make::Bytes => vec![write("bytes.exe", case.text.as_bytes())?],
            Make::Native => vec![write("native.exe", &fs::read("/bin/true")?)?],
            Make::Truncated => {
                let cut = |thousandths: &usize| {
                    let length = self.image.len() * thousandths / 1000;
                    write(&format!("truncated-{length}.exe"), &self.image[..length])
                };
                case.cuts.iter().map(cut).collect::<Result<_>>()?
            }
            Make::Library => {
                let file = self.folder.join("library.dll");
                build(
                    &self.folder,
                    "library.cs",
                    LIBRARY,
                    &file,
                    Kind::Library,
                    &[],
                )?;
                vec![Trial::of(file)]
            }
            Make::MissingReference => {
                let (library, user) = (self.folder.join("gone.dll"), self.folder.join("user.exe"));
                build(
                    &self.folder,
                    "gone.cs",
                    LIBRARY,
                    &library,
                    Kind::Library,
                    &[],
                )?;
                build(
                    &self.folder,
                    "user.cs",
                    USER,
                    &user,
                    Kind::Exe,
                    std::slice::from_ref(&library),
                )?;
                fs::remove_file(&library)?;
                vec![Trial::of(user)]
            }
            Make::NoFramework => {
                let empty = self.folder.join("empty");
                fs::create_dir_all(&empty)?;
                let file = self.folder.join("program.exe");
                let arguments = vec!["--framework".into(), empty, file.clone()];
                vec![Trial { arguments, file }]
            }
            Make::Mutated => {
                let places = header_places(&self.image);
                let mutate = |index: usize| {
                    let place = places[index * places.len() / case.count.max(1)];
                    let mut image = self.image.clone();
                    image[place] ^= [0x01, 0x80, 0xff, 0x10][index % 4];
                    write(&format!("mutated-{place:x}.exe"), &image)
                };
                (0..case.count).map(mutate).collect::<Result<_>>()?
            }
        })
    }

    fn run(&self, trial: &Trial) -> Result<Outcome> {
        let mut command = Command::new(&self.ferrocil);
        command
            .args(&trial.arguments)
            .env("FERROCIL_CODE_CACHE", "off")
            .current_dir(&self.folder);
        proc::run_limited(&mut command, b"", LIMITS)
    }

    fn faults(&self, case: &Case, trials: &[Trial]) -> Result<Vec<String>> {
        let mut faults = Vec::new();
        for trial in trials {
            let outcome = self.run(trial)?;
            let fault = if matches!(case.make, Make::Mutated) {
                crash(&outcome)
            } else {
                unclear(&outcome, &case.words, &trial.file, &self.folder)
            };
            if let Some(fault) = fault {
                faults.push(format!("{}: {fault}", trial.file.display()));
            }
        }
        Ok(faults)
    }
}

fn build(
    folder: &Path,
    name: &str,
    text: &str,
    output: &Path,
    kind: Kind,
    references: &[PathBuf],
) -> Result<()> {
    let source = folder.join(name);
    fs::write(&source, text).with_context(|| format!("cannot write {}", source.display()))?;
    compile::compile(&source, output, kind, &[], references)
}

/// Offsets of the PE headers and of the metadata root with its stream headers.
fn header_places(image: &[u8]) -> Vec<usize> {
    const PE_HEADERS: usize = 0x200;
    const METADATA_HEADERS: usize = 0x100;
    let root = image
        .windows(4)
        .position(|bytes| bytes == b"BSJB")
        .unwrap_or(0);
    let metadata = root..(root + METADATA_HEADERS).min(image.len());
    (0..PE_HEADERS.min(image.len())).chain(metadata).collect()
}

/// Why the host itself failed, if it did.
fn crash(outcome: &Outcome) -> Option<String> {
    let panicked = String::from_utf8_lossy(&outcome.stderr).contains("panicked at");
    match outcome.ending {
        Ending::Exited(PANIC | ABORT) => Some(outcome.ending.to_string()),
        Ending::Exited(_) if panicked => Some("a panic message".to_owned()),
        Ending::Exited(_) => None,
        Ending::Signaled(_) | Ending::TimedOut => Some(outcome.ending.to_string()),
    }
}

/// Why this is not one clear line and exit code 1, if it is not.
fn unclear(outcome: &Outcome, words: &[String], file: &Path, folder: &Path) -> Option<String> {
    if let Some(crash) = crash(outcome) {
        return Some(crash);
    }
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    if outcome.ending != Ending::Exited(1) {
        return Some(format!(
            "{}, expected exit code 1; said {:?}",
            outcome.ending,
            stderr.trim()
        ));
    }
    if !outcome.stdout.is_empty() {
        return Some("something on standard output".to_owned());
    }
    let lines = stderr
        .lines()
        .filter(|line| !line.trim().is_empty())
        .count();
    if lines != 1 {
        return Some(format!(
            "{lines} lines in place of one: {:?}",
            stderr.trim()
        ));
    }
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let folder = folder.to_string_lossy();
    for word in words {
        let found = word.split('|').any(|word| match word {
            "FILE" => stderr.contains(&*name),
            "FOLDER" => stderr.contains(&*folder),
            word => stderr.contains(word),
        });
        if !found {
            return Some(format!("says nothing of {word}: {:?}", stderr.trim()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::unclear;
    use crate::proc::{Ending, Outcome};

    fn fault(ending: Ending, stdout: &str, stderr: &str) -> Option<String> {
        let outcome = Outcome {
            ending,
            stdout: stdout.into(),
            stderr: stderr.into(),
            cpu: Duration::ZERO,
            max_rss_kib: 0,
        };
        let words = ["FILE".to_owned(), "image|assembly".to_owned()];
        unclear(&outcome, &words, Path::new("/x/a.exe"), Path::new("/x"))
    }

    #[test]
    fn one_clear_line_is_fine() {
        assert_eq!(
            fault(
                Ending::Exited(1),
                "",
                "ferrocil: /x/a.exe is not an image\n"
            ),
            None
        );
    }

    #[test]
    fn everything_else_is_not() {
        for (ending, stdout, stderr) in [
            (Ending::Exited(2), "", "a.exe is no image"),
            (Ending::Exited(101), "", "a.exe is no image"),
            (Ending::Signaled(11), "", "a.exe is no image"),
            (Ending::TimedOut, "", ""),
            (Ending::Exited(1), "x", "a.exe is no image"),
            (Ending::Exited(1), "", "a.exe is no image\nmore"),
            (Ending::Exited(1), "", ""),
            (Ending::Exited(1), "", "no image"),
            (Ending::Exited(1), "", "a.exe is bad"),
            (Ending::Exited(1), "", "thread panicked at a.exe image"),
        ] {
            assert!(
                fault(ending, stdout, stderr).is_some(),
                "{ending} {stderr:?}"
            );
        }
    }
}
