//! `mono-mini`: programs whose `TestDriver` runs static methods named
//! `test_<expected result>_…` and, asked with `--verbose`, names each before it
//! runs it and each that returned something else.
//!
//! A test that ends the process hides the ones behind it: these are run again
//! without it (`--run-only`), until every test has a result.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::super::cache::Observed;
use super::super::execute::{CaseResult, Verdict};
use super::{Judge, unfinished};
use crate::compile::{self, Kind};
use crate::proc::Ending;

/// One program of the suite, and how its Makefile builds it.
#[derive(Debug)]
pub struct Program {
    /// The source's name without extension.
    pub name: String,
    folder: PathBuf,
    source: &'static str,
    options: &'static [&'static str],
    libraries: &'static [&'static str],
}

type Entry = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Source, compiler options, libraries besides `TestDriver.dll`.
const PROGRAMS: &[Entry] = &[
    ("aot-tests.cs", &[], &[]),
    ("arrays.cs", &[], &[]),
    ("basic.cs", &[], &[]),
    ("basic-calls.cs", &[], &[]),
    ("basic-float.cs", &[], &[]),
    ("basic-long.cs", &[], &[]),
    ("basic-math.cs", &[], &[]),
    ("basic-simd.cs", &["-r:Mono.Simd.dll"], &[]),
    (
        "basic-vectors.cs",
        &["-r:System.Numerics.dll", "-r:System.Numerics.Vectors.dll"],
        &[],
    ),
    ("bench.cs", &[], &[]),
    ("builtin-types.cs", &["-define:ARCH_64"], &[]),
    ("devirtualization.cs", &[], &[]),
    ("exceptions.cs", &[], &[]),
    ("gc-test.cs", &[], &[]),
    ("generics.cs", &[], &["generics-variant-types.il"]),
    ("gshared.cs", &[], &[]),
    ("iltests.il", &[], &[]),
    ("mixed.cs", &[], &[]),
    ("objects.cs", &[], &[]),
    ("ratests.cs", &[], &[]),
    ("unaligned.cs", &[], &["MemoryIntrinsics.il"]),
];

const DRIVER: &str = "TestDriver.cs";
const HELPERS: &str = "TestHelpers.cs";

/// The programs whose name contains the filter's part before its slash.
pub fn programs(source: &Path, filter: Option<&str>) -> Vec<Program> {
    let wanted = filter.map_or("", |f| f.split_once('/').map_or(f, |(program, _)| program));
    PROGRAMS
        .iter()
        .map(|&(source_file, options, libraries)| Program {
            name: Path::new(source_file)
                .with_extension("")
                .to_string_lossy()
                .into_owned(),
            folder: source.join("mono/mini"),
            source: source_file,
            options,
            libraries,
        })
        .filter(|program| program.name.contains(wanted))
        .collect()
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TestEnd {
    /// It returned what its name says.
    Passed,
    /// Why it did not.
    Failed(String),
}

impl Program {
    /// Builds the program, runs it under Mono (once; the result is kept) and
    /// under ferrocil; one result for each test whose name contains `part`.
    pub fn run(&self, judge: &Judge, part: Option<&str>) -> Vec<CaseResult> {
        match self.compare(judge, part) {
            Ok(results) => results,
            Err(error) => vec![unfinished(
                self.name.clone(),
                &self.name,
                Verdict::Broken,
                format!("{error:#}"),
            )],
        }
    }

    fn compare(&self, judge: &Judge, part: Option<&str>) -> Result<Vec<CaseResult>> {
        let built = self.build(judge)?;
        let program = built.join(Path::new(self.source).with_extension("exe"));
        let stored = built.join("mono.json");
        let expected: Run = match fs::read(&stored) {
            Ok(bytes) => {
                let observed: Vec<Observed> = serde_json::from_slice(&bytes)?;
                Run::of(observed, &test_names(&program)?)
            }
            Err(_) => {
                let run = run_all(judge, judge.mono(), &program, None)?;
                fs::write(&stored, serde_json::to_vec(&run.observed)?)?;
                run
            }
        };
        let wanted: Vec<String> = expected
            .tests
            .keys()
            .filter(|test| part.is_none_or(|part| test.contains(part)))
            .cloned()
            .collect();
        let actual = run_all(judge, &judge.ferrocil, &program, part.map(|_| &wanted[..]))?;
        let share = 1.0 / wanted.len().max(1) as f64;
        Ok(wanted
            .into_iter()
            .map(|test| self.result(test, &expected, &actual, share))
            .collect())
    }

    fn result(&self, test: String, expected: &Run, actual: &Run, share: f64) -> CaseResult {
        let end = actual.tests.get(&test);
        let (verdict, reason) = match (expected.tests.get(&test), end) {
            (Some(TestEnd::Failed(why)), _) => (Verdict::MonoFails, Some(why.clone())),
            (_, Some(TestEnd::Passed)) => (Verdict::Pass, None),
            (_, Some(TestEnd::Failed(why))) => (Verdict::Fail, Some(why.clone())),
            (_, None) => (
                Verdict::Fail,
                Some(format!("did not run; the program {}", actual.last_words())),
            ),
        };
        CaseResult {
            name: format!("{}/{test}", self.name),
            folder: self.name.clone(),
            verdict,
            reason,
            actual: Some(slice(actual, &test, share)),
            expected: Some(slice(expected, &test, share)),
        }
    }

    /// The folder with the program, `TestDriver.dll` and its libraries.
    fn build(&self, judge: &Judge) -> Result<PathBuf> {
        let mut names = vec![self.source, DRIVER, HELPERS];
        names.extend(self.libraries);
        let mut inputs = Vec::new();
        for name in &names {
            let file = self.folder.join(name);
            inputs
                .push(fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        }
        let options = self.options.join(" ");
        let key = judge.cache.key(
            inputs
                .iter()
                .map(Vec::as_slice)
                .chain([self.source.as_bytes(), options.as_bytes()]),
        );
        judge.cache.entry(&key, |folder| self.build_into(folder))
    }

    fn build_into(&self, folder: &Path) -> Result<()> {
        let mut references = Vec::new();
        let driver = folder.join("TestDriver.dll");
        build_driver(&self.folder, &driver)?;
        references.push(driver);
        for library in self.libraries {
            let output = folder.join(library).with_extension("dll");
            compile::compile(&self.folder.join(library), &output, Kind::Library, &[], &[])?;
            references.push(output);
        }
        let options: Vec<String> = if self.source.ends_with(".il") {
            Vec::new()
        } else {
            ["-unsafe", "-r:System.dll", "-r:System.Core.dll"]
                .iter()
                .chain(self.options)
                .map(|&option| option.to_owned())
                .collect()
        };
        compile::compile(
            &self.folder.join(self.source),
            &folder.join(self.source).with_extension("exe"),
            Kind::Exe,
            &options,
            &references,
        )
    }
}

/// Builds `TestDriver.dll` from the sources in `folder` (`mono/mini`).
///
/// # Errors
/// The compiler's messages.
pub fn build_driver(folder: &Path, output: &Path) -> Result<()> {
    let helpers = folder.join(HELPERS).to_string_lossy().into_owned();
    let options = ["-unsafe".to_owned(), helpers];
    compile::compile(&folder.join(DRIVER), output, Kind::Library, &options, &[])
}

/// The runs of one program under one runtime, until every test had its turn.
#[derive(Debug)]
struct Run {
    observed: Vec<Observed>,
    tests: BTreeMap<String, TestEnd>,
}

/// Runs `program` until each of its tests (or of `only`) has a result.
fn run_all(judge: &Judge, runtime: &Path, program: &Path, only: Option<&[String]>) -> Result<Run> {
    let mut run = Run::of(Vec::new(), &[]);
    // The driver names a test when its turn comes and cannot list them.
    let names: Vec<String> = match only {
        Some(only) => only.to_vec(),
        None => test_names(program)?,
    };
    loop {
        let remaining: Vec<&String> = names
            .iter()
            .filter(|name| !run.tests.contains_key(*name))
            .collect();
        if remaining.is_empty() {
            return Ok(run);
        }
        let mut arguments = vec!["--verbose"];
        if only.is_some() || !run.observed.is_empty() {
            for name in &remaining {
                arguments.extend(["--run-only", name.as_str()]);
            }
        }
        let observed = judge.runner.run(runtime, program, &arguments, &[], b"")?;
        let before = run.tests.len();
        run.observe(observed, &names);
        if run.tests.len() == before {
            // Not even the first of them was reached, or they are no tests.
            return Ok(run);
        }
    }
}

impl Run {
    fn of(observed: Vec<Observed>, names: &[String]) -> Self {
        let mut run = Self {
            observed: Vec::new(),
            tests: BTreeMap::new(),
        };
        for one in observed {
            run.observe(one, names);
        }
        run
    }

    /// Adds what one run of the program with the tests `names` says about each.
    fn observe(&mut self, observed: Observed, names: &[String]) {
        let mut running: Option<&str> = None;
        let mut finished = false;
        let mut ran = 0;
        for line in observed.stdout.lines() {
            if let Some(name) = line
                .strip_prefix("Running '")
                .and_then(|rest| rest.strip_suffix("' ..."))
            {
                if let Some(done) = running.replace(name) {
                    self.end(done, TestEnd::Passed);
                }
            } else if let Some((name, why)) = line.split_once(" failed: got ") {
                self.end(name, TestEnd::Failed(format!("got {why}")));
            } else if let Some(rest) = line.strip_prefix("Regression tests: ") {
                finished = true;
                ran = rest
                    .split(' ')
                    .next()
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(0);
            }
        }
        if finished && running.is_none() && ran == names.len() {
            // A program that does not hand its arguments to the driver.
            for name in names {
                self.end(name, TestEnd::Passed);
            }
        }
        if let Some(last) = running {
            let end = if finished {
                TestEnd::Passed
            } else {
                TestEnd::Failed(last_words(&observed))
            };
            self.end(last, end);
        }
        self.observed.push(observed);
    }

    fn end(&mut self, test: &str, end: TestEnd) {
        // "failed" is said before the next test begins: the first word counts.
        self.tests.entry(test.to_owned()).or_insert(end);
    }

    fn last_words(&self) -> String {
        self.observed
            .last()
            .map_or_else(|| "did not start".to_owned(), last_words)
    }
}

/// How a run ended, with the first lines that say why.
fn last_words(observed: &Observed) -> String {
    const LINES: usize = 6;
    let lines: Vec<&str> = observed
        .stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(LINES)
        .collect();
    format!("ended with {}: {}", observed.ending, lines.join(" | "))
}

/// What a report shows of one test: the lines from its own name to the next.
fn slice(run: &Run, test: &str, share: f64) -> Observed {
    let start = format!("Running '{test}' ...");
    let mut text = String::new();
    for observed in &run.observed {
        let mut lines = observed.stdout.lines().skip_while(|line| *line != start);
        if let Some(first) = lines.next() {
            text.push_str(first);
            for line in lines.take_while(|line| !line.starts_with("Running '")) {
                text.push('\n');
                text.push_str(line);
            }
            break;
        }
    }
    Observed {
        ending: Ending::Exited(0),
        stdout: text,
        stderr: String::new(),
        cpu_ms: run.observed.iter().map(|o| o.cpu_ms).sum::<f64>() * share,
    }
}

/// The names in the image's string heap that are names of tests.
fn test_names(program: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    let mut names: Vec<String> = bytes
        .split(|&byte| byte == 0)
        .filter(|name| name.starts_with(b"test_"))
        .filter(|name| name.get(5).is_some_and(u8::is_ascii_digit))
        .filter_map(|name| std::str::from_utf8(name).ok())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{Run, TestEnd};
    use crate::conformance::cache::Observed;
    use crate::proc::Ending;

    fn observed(stdout: &str, code: i32, stderr: &str) -> Observed {
        Observed {
            ending: Ending::Exited(code),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            cpu_ms: 0.0,
        }
    }

    #[test]
    fn each_test_gets_its_own_end() {
        let run = Run::of(
            vec![observed(
                "Running 'test_0_a' ...\nRunning 'test_1_b' ...\ntest_1_b failed: got 3, expected 1\n\
             Running 'test_0_c' ...\n",
                134,
                "boom\n",
            )],
            &[],
        );
        assert_eq!(run.tests["test_0_a"], TestEnd::Passed);
        assert_eq!(
            run.tests["test_1_b"],
            TestEnd::Failed("got 3, expected 1".to_owned())
        );
        assert_eq!(
            run.tests["test_0_c"],
            TestEnd::Failed("ended with exit code 134: boom".to_owned())
        );
    }

    #[test]
    fn the_last_test_passes_when_the_driver_comes_to_its_end() {
        let run = Run::of(
            vec![observed(
                "Running 'test_0_a' ...\nRegression tests: 1 ran, 0 failed in Tests\n",
                0,
                "",
            )],
            &[],
        );
        assert_eq!(run.tests["test_0_a"], TestEnd::Passed);
    }

    #[test]
    fn a_driver_that_names_only_failures_counts_the_rest() {
        let names = ["test_0_a".to_owned(), "test_1_b".to_owned()];
        let text = "test_1_b failed: got 3, expected 1\nRegression tests: 2 ran, 1 failed in T\n";
        let run = Run::of(vec![observed(text, 1, "")], &names);
        assert_eq!(run.tests["test_0_a"], TestEnd::Passed);
        assert_ne!(run.tests["test_1_b"], TestEnd::Passed);
        let unknown = Run::of(vec![observed(text, 1, "")], &names[..1]);
        assert!(!unknown.tests.contains_key("test_0_a"));
    }
}
