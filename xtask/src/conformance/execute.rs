//! Running one case.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::cache::{Cache, Observed};
use super::cases::Case;
use super::compare;
use crate::paths;
use crate::proc::{self, Ending, Limits};

/// What is compared with what.
#[derive(Debug)]
pub enum Mode {
    /// This program against Mono.
    Compare {
        /// ferrocil.
        program: PathBuf,
    },
    /// Mono against itself: is the case deterministic?
    OracleTwice,
}

/// What a case's run means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Same output and ending as Mono.
    Pass,
    /// A difference.
    Fail,
    /// A difference that `expected.toml` lists.
    ExpectedFail,
    /// No difference, although `expected.toml` lists one.
    UnexpectedPass,
    /// The case does not build, or Mono cannot run it: the case is wrong.
    Broken,
    /// A test of Mono's that fails under Mono too: not counted.
    MonoFails,
}

impl Verdict {
    /// Whether the whole run may succeed with this verdict.
    pub fn good(self) -> bool {
        matches!(
            self,
            Verdict::Pass | Verdict::ExpectedFail | Verdict::MonoFails
        )
    }

    /// The verdict as people read it.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "FAIL",
            Verdict::ExpectedFail => "expected fail",
            Verdict::UnexpectedPass => "UNEXPECTED PASS",
            Verdict::Broken => "BROKEN CASE",
            Verdict::MonoFails => "fails under Mono",
        }
    }
}

/// One case's result.
#[derive(Debug, Serialize)]
pub struct CaseResult {
    /// `folder/name`.
    pub name: String,
    /// The folder.
    pub folder: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The first difference, the compiler's messages, or why a failure is expected.
    pub reason: Option<String>,
    /// What ferrocil did.
    pub actual: Option<Observed>,
    /// What Mono did.
    pub expected: Option<Observed>,
}

/// Runs cases.
#[derive(Debug)]
pub struct Executor {
    mode: Mode,
    cache: Cache,
    runner: Runner,
}

/// Runs programs, each in an empty folder of its own.
#[derive(Debug)]
pub struct Runner {
    limits: Limits,
    /// What `FERROCIL_CODE_CACHE` is for the programs.
    code_cache: PathBuf,
    scratch: PathBuf,
    counter: AtomicU64,
    /// Options of ferrocil, before the program.
    options: Vec<String>,
}

/// What Mono writes of an exception that nobody catches.
const UNHANDLED: &str = "UNHANDLED EXCEPTION";

const OUTPUT_LIMIT: usize = 4 << 20;

impl Executor {
    /// Opens the cache.
    ///
    /// # Errors
    /// When the cache cannot be opened.
    pub fn new(mode: Mode, runner: Runner, code_cache: Option<PathBuf>) -> Result<Self> {
        let folder = paths::target().join("conformance");
        Ok(Self {
            mode,
            cache: Cache::open(folder.join("cache"))?,
            runner: Runner {
                code_cache: code_cache.unwrap_or_else(|| PathBuf::from("off")),
                ..runner
            },
        })
    }

    /// Builds (or takes from the cache), runs and compares one case.
    pub fn run(&self, case: &Case) -> CaseResult {
        let mut result = CaseResult {
            name: case.name.clone(),
            folder: case.folder.clone(),
            verdict: Verdict::Broken,
            reason: None,
            actual: None,
            expected: None,
        };
        if let Err(error) = self.run_into(case, &mut result) {
            result.reason = Some(format!("{error:#}"));
        }
        result
    }

    fn run_into(&self, case: &Case, result: &mut CaseResult) -> Result<()> {
        let program = self.cache.built(case)?;
        let expected = match self.cache.oracle(case, &program) {
            Some(stored) => stored,
            None => {
                let observed = self.observe(Path::new("mono"), case, &program)?;
                if observed.ending != Ending::TimedOut {
                    self.cache.store_oracle(case, &program, &observed)?;
                }
                observed
            }
        };
        if expected.ending == Ending::TimedOut {
            result.reason = Some("reaches the time limit under Mono".to_owned());
            return Ok(());
        }
        if case.stderr_lines == 0 && expected.stderr.contains(UNHANDLED) {
            // Two runs that die for different reasons would look the same.
            result.reason = Some(format!(
                "ends with an unhandled exception under Mono, but has no .stderr-check: {}",
                expected.stderr.trim()
            ));
            return Ok(());
        }
        let (runtime, on_difference) = match &self.mode {
            Mode::Compare { program } => (program.as_path(), Verdict::Fail),
            Mode::OracleTwice => (Path::new("mono"), Verdict::Broken),
        };
        let actual = self.observe(runtime, case, &program)?;
        result.reason = compare::difference(&expected, &actual, case.stderr_lines);
        result.verdict = if result.reason.is_none() {
            Verdict::Pass
        } else {
            on_difference
        };
        result.actual = Some(actual);
        result.expected = Some(expected);
        Ok(())
    }

    fn observe(&self, runtime: &Path, case: &Case, program: &Path) -> Result<Observed> {
        let arguments: Vec<&str> = case.arguments.iter().map(String::as_str).collect();
        self.runner
            .run(runtime, program, &arguments, &case.environment, &case.stdin)
    }
}

impl Runner {
    /// A runner that stops each run after `limit` and gives ferrocil these options.
    pub fn new(limit: Duration, options: Vec<String>) -> Self {
        Self {
            limits: Limits {
                time: limit,
                output: OUTPUT_LIMIT,
            },
            // Nothing of an earlier run.
            code_cache: PathBuf::from("off"),
            scratch: paths::target().join("conformance").join("scratch"),
            counter: AtomicU64::new(0),
            options,
        }
    }

    /// One run in an empty working folder with a fixed environment and
    /// `variables`.
    ///
    /// # Errors
    /// When the runtime cannot be started.
    pub fn run(
        &self,
        runtime: &Path,
        program: &Path,
        arguments: &[&str],
        variables: &[(String, String)],
        stdin: &[u8],
    ) -> Result<Observed> {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let folder = self
            .scratch
            .join(format!("{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let mut command = Command::new(runtime);
        if runtime != Path::new("mono") {
            command.args(&self.options);
        }
        command.arg(program).args(arguments).current_dir(&folder);
        command
            .env_clear()
            .envs(environment())
            .env("FERROCIL_CODE_CACHE", &self.code_cache)
            .envs(variables.iter().cloned());
        let outcome = proc::run_limited(&mut command, stdin, self.limits);
        drop(fs::remove_dir_all(&folder));
        let outcome = outcome?;
        Ok(Observed {
            ending: outcome.ending,
            stdout: text(outcome.stdout),
            stderr: text(outcome.stderr),
            cpu_ms: outcome.cpu.as_secs_f64() * 1e3,
        })
    }
}

/// Output as text. Other bytes than UTF-8 stay visible and comparable.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().escape_ascii().to_string())
}

/// The environment of every run: nothing of the caller's but where tools are.
fn environment() -> Vec<(String, String)> {
    let mut environment: Vec<(String, String)> = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("HOME", "/tmp"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("TZ", "UTC"),
        ("TERM", "dumb"),
        ("FERROCIL_CONFORMANCE", "a value"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    if let Ok(backtrace) = std::env::var("RUST_BACKTRACE") {
        environment.push(("RUST_BACKTRACE".to_owned(), backtrace));
    }
    environment
}
