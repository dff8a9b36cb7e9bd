//! `mono-il`: the IL programs of `mono/tests`. A test says that it passed by
//! its exit code: 0, and 100 in CoreCLR's tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::super::cache::Observed;
use super::super::execute::{CaseResult, Verdict};
use super::{Judge, mini, unfinished};
use crate::compile::{self, Kind};
use crate::proc::{self, Ending};

/// One IL program.
#[derive(Debug)]
pub struct Program {
    /// Path under `mono/tests`, without extension.
    pub name: String,
    /// Mono's source tree.
    root: PathBuf,
    source: PathBuf,
    text: String,
}

/// Every IL source with an entry point whose name contains `filter`.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn programs(source: &Path, filter: Option<&str>) -> Result<Vec<Program>> {
    let root = source.join("mono/tests");
    let mut programs = Vec::new();
    visit(source, &root, &root, &mut programs)?;
    programs.retain(|program| filter.is_none_or(|filter| program.name.contains(filter)));
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

fn visit(source: &Path, root: &Path, folder: &Path, programs: &mut Vec<Program>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            visit(source, root, &path, programs)?;
        } else if path.extension().is_some_and(|e| e == "il") {
            let text = String::from_utf8_lossy(
                &fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
            )
            .into_owned();
            // Without an entry point it is a library of another test.
            if text.contains(".entrypoint") {
                let name = path.strip_prefix(root).unwrap_or(&path).with_extension("");
                programs.push(Program {
                    name: name.to_string_lossy().into_owned(),
                    root: source.to_path_buf(),
                    source: path,
                    text,
                });
            }
        }
    }
    Ok(())
}

impl Program {
    /// Builds it and runs it under Mono (once; the result is kept) and ferrocil.
    pub fn run(&self, judge: &Judge) -> CaseResult {
        match self.compare(judge) {
            Ok(result) => result,
            Err(error) => unfinished(
                self.name.clone(),
                self.folder(),
                Verdict::MonoFails,
                format!("does not build: {error:#}"),
            ),
        }
    }

    fn folder(&self) -> &str {
        if self.name.starts_with("tailcall/coreclr") {
            "tailcall/coreclr"
        } else {
            self.name
                .rsplit_once('/')
                .map_or("tests", |(folder, _)| folder)
        }
    }

    fn passed(&self, observed: &Observed) -> bool {
        match observed.ending {
            Ending::Exited(0) => true,
            Ending::Exited(100) => self.name.starts_with("tailcall/coreclr"),
            _ => false,
        }
    }

    fn compare(&self, judge: &Judge) -> Result<CaseResult> {
        let key = judge
            .cache
            .key([self.name.as_bytes(), self.text.as_bytes()]);
        let built = judge.cache.entry(&key, |folder| self.build_into(folder))?;
        let program = built.join(self.program_name());
        let stored = built.join("mono.json");
        let expected: Observed = match fs::read(&stored) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => {
                let observed = judge.runner.run(judge.mono(), &program, &[], &[], b"")?;
                fs::write(&stored, serde_json::to_vec(&observed)?)?;
                observed
            }
        };
        let actual = judge.runner.run(&judge.ferrocil, &program, &[], &[], b"")?;
        let (verdict, reason) = if !self.passed(&expected) {
            let also = if self.passed(&actual) {
                "; ferrocil passes"
            } else {
                ""
            };
            (
                Verdict::MonoFails,
                Some(format!("Mono ends with {}{also}", expected.ending)),
            )
        } else if actual.ending == expected.ending {
            (Verdict::Pass, None)
        } else {
            (Verdict::Fail, Some(last_words(&actual)))
        };
        Ok(CaseResult {
            name: self.name.clone(),
            folder: self.folder().to_owned(),
            verdict,
            reason,
            actual: Some(actual),
            expected: Some(expected),
        })
    }

    fn program_name(&self) -> PathBuf {
        let name = self.source.file_name().unwrap_or_default();
        let mut name = name.to_os_string();
        // `a.2.il` becomes `a.2.exe`.
        name = Path::new(&name).with_extension("exe").into_os_string();
        PathBuf::from(name)
    }

    fn build_into(&self, folder: &Path) -> Result<()> {
        for library in self.libraries() {
            if library == "TestDriver" {
                // The driver of mono/mini serves both suites.
                let mini = self.root.join("mono/mini");
                mini::build_driver(&mini, &folder.join("TestDriver.dll"))?;
                continue;
            }
            let output = folder.join(format!("{library}.dll"));
            for extension in ["il", "cs"] {
                let source = self.source.with_file_name(format!("{library}.{extension}"));
                if source.exists() {
                    compile::compile(&source, &output, Kind::Library, &[], &[])?;
                    break;
                }
            }
        }
        if self.text.contains("\"libtest\"") {
            self.build_native(folder)?;
        }
        compile::compile(
            &self.source,
            &folder.join(self.program_name()),
            Kind::Exe,
            &[],
            &[],
        )
    }

    /// The assemblies that the source refers to.
    fn libraries(&self) -> Vec<String> {
        self.text
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".assembly extern"))
            .map(|rest| {
                let rest = rest.trim().trim_start_matches('\'');
                let end = rest.find(|c: char| c == '\'' || c == '{' || c.is_whitespace());
                rest[..end.unwrap_or(rest.len())].to_owned()
            })
            .filter(|name| name != "mscorlib")
            .collect()
    }

    /// `libtest.so`, Mono's library of native test functions.
    fn build_native(&self, folder: &Path) -> Result<()> {
        let tests = self.source.parent().unwrap_or(Path::new("."));
        // What `configure` and eglib would say here, as far as this file needs it.
        let include = folder.join("include");
        fs::create_dir_all(&include)?;
        fs::write(include.join("config.h"), "#define SIZEOF_VOID_P 8\n")?;
        fs::write(include.join("glib.h"), GLIB)?;
        fs::write(include.join("gmodule.h"), "")?;
        let mut command = Command::new("cc");
        command
            .args(["-shared", "-fPIC", "-w", "-O1", "-o"])
            .arg(folder.join("libtest.so"))
            .arg("-I")
            .arg(&include)
            .arg(tests.join("libtest.c"))
            .args(["-ldl", "-lm", "-lpthread"]);
        proc::run_checked(&mut command)
    }
}

/// The part of glib's interface that `libtest.c` needs to compile. Functions of
/// glib stay undefined: the tests of this suite call none that needs them.
const GLIB: &str = "\
#include <stdint.h>\n#include <stdlib.h>\n#include <string.h>\n#include <stdio.h>\n\
typedef int gboolean; typedef char gchar; typedef int gint; typedef unsigned guint;\n\
typedef short gshort; typedef long glong; typedef void* gpointer; typedef const void* gconstpointer;\n\
typedef size_t gsize; typedef int8_t gint8; typedef uint8_t guint8; typedef int16_t gint16;\n\
typedef uint16_t guint16; typedef int32_t gint32; typedef uint32_t guint32; typedef int64_t gint64;\n\
typedef uint64_t guint64; typedef float gfloat; typedef double gdouble; typedef uint16_t gunichar2;\n\
typedef uint32_t gunichar; typedef struct { char* message; } GError; typedef struct GModule GModule;\n\
#define TRUE 1\n#define FALSE 0\n#define G_MODULE_BIND_LAZY 1\n#define G_MAXINT64 INT64_MAX\n";

/// How a run ended, with the first lines that say why.
fn last_words(observed: &Observed) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = observed
        .stderr
        .lines()
        .chain(observed.stdout.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    format!("ended with {}: {}", observed.ending, lines.join(" | "))
}
