//! Running one program under every runtime, round by round.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::programs::{Caches, Program};
use super::statistics::{self, Ratio};
use crate::proc::{self, Ending, Limits};
use crate::setup::coreclr::CoreClr;

const LIMITS: Limits = Limits {
    time: Duration::from_secs(120),
    output: 1 << 20,
};

/// A runtime: its name and the words before the program.
#[derive(Debug)]
pub struct Runtime {
    /// As the report names it.
    pub name: &'static str,
    command: Vec<PathBuf>,
}

impl Runtime {
    /// ferrocil; the first runtime of every measurement.
    pub fn ferrocil(program: PathBuf) -> Self {
        Self {
            name: "ferrocil",
            command: vec![program],
        }
    }

    /// Mono, whose output is the right one.
    pub fn mono() -> Self {
        Self {
            name: "Mono",
            command: vec!["mono".into()],
        }
    }

    /// CoreCLR.
    pub fn coreclr(found: CoreClr) -> Self {
        let words = vec![
            found.dotnet,
            "exec".into(),
            "--runtimeconfig".into(),
            found.configuration,
        ];
        Self {
            name: "CoreCLR",
            command: words,
        }
    }

    /// The command of one run. The folders are for ferrocil, or "off": its code cache, and the class
    /// library's code. `ahead`: whether the others may use code that was compiled ahead.
    fn command(
        &self,
        program: &Path,
        argument: &str,
        (code_cache, precompiled): (&Path, &Path),
        ahead: bool,
    ) -> Command {
        let mut command = Command::new(&self.command[0]);
        command
            .args(&self.command[1..])
            .arg(program)
            .args(argument.split_whitespace());
        command
            .env_remove("MONO_ENV_OPTIONS")
            .env("FERROCIL_CODE_CACHE", code_cache)
            .env("FERROCIL_PRECOMPILED", precompiled)
            .env("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
        if !ahead {
            command
                .env("MONO_ENV_OPTIONS", "-O=-aot")
                .env("COMPlus_ReadyToRun", "0");
        }
        command
    }
}

/// The rounds of one program under one runtime.
#[derive(Debug, Default)]
pub struct Run {
    /// CPU time (user and system) of each round, in milliseconds.
    pub cpu_ms: Vec<f64>,
    /// Largest resident set (`ru_maxrss`) of each round, in KiB.
    pub max_rss_kib: Vec<f64>,
    /// What the program measured itself, by name, one value a round: lines
    /// `measured NAME VALUE` on its standard error.
    pub measured: BTreeMap<String, Vec<f64>>,
    /// Why there are no more rounds.
    pub failure: Option<String>,
}

impl Run {
    /// The median CPU time in milliseconds; `None` after a failure.
    pub fn median_ms(&self) -> Option<f64> {
        if self.failure.is_some() {
            None
        } else {
            statistics::median(&self.cpu_ms)
        }
    }

    /// The largest resident set of all rounds, in MiB.
    pub fn peak_mib(&self) -> f64 {
        self.max_rss_kib.iter().copied().fold(0.0, f64::max) / 1024.0
    }

    /// The median of what the program measured under `name`.
    pub fn measured(&self, name: &str) -> Option<f64> {
        statistics::median(self.measured.get(name)?)
    }

    fn note_measured(&mut self, stderr: &[u8]) {
        for line in String::from_utf8_lossy(stderr).lines() {
            let mut words = line.split_whitespace();
            if let (Some("measured"), Some(name), Some(value)) =
                (words.next(), words.next(), words.next())
                && let Ok(value) = value.parse()
            {
                self.measured
                    .entry(name.to_owned())
                    .or_default()
                    .push(value);
            }
        }
    }
}

/// One program's result: a [`Run`] per runtime, in the runtimes' order.
#[derive(Debug)]
pub struct ProgramResult {
    /// The program.
    pub program: &'static Program,
    /// Its argument.
    pub argument: &'static str,
    /// Runs.
    pub runs: Vec<Run>,
}

impl ProgramResult {
    /// CPU time of runtime 0 over that of runtime `other`.
    pub fn ratio(&self, other: usize) -> Option<Ratio> {
        let (ours, theirs) = (self.runs.first()?, self.runs.get(other)?);
        if ours.failure.is_some() || theirs.failure.is_some() {
            return None;
        }
        Ratio::of(&ours.cpu_ms, &theirs.cpu_ms)
    }

    /// Peak memory of runtime 0 over that of runtime `other`.
    pub fn memory_ratio(&self, other: usize) -> Option<Ratio> {
        let (ours, theirs) = (self.runs.first()?, self.runs.get(other)?);
        if ours.failure.is_some() || theirs.failure.is_some() {
            return None;
        }
        Ratio::of(&ours.max_rss_kib, &theirs.max_rss_kib)
    }
}

/// What to measure.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The program.
    pub program: &'static Program,
    /// Its argument.
    pub argument: &'static str,
    /// Its build.
    pub built: &'a Path,
    /// Folder of ferrocil's code cache, for programs that start warm.
    pub code_cache: &'a Path,
    /// Folder of the class library's code.
    pub precompiled: &'a Path,
}

impl Bench<'_> {
    /// Runs every round; a runtime that fails or prints something else than
    /// Mono is not run again.
    ///
    /// # Errors
    /// When a runtime cannot be started at all.
    pub fn run(&self, runtimes: &[Runtime], rounds: usize) -> Result<ProgramResult> {
        let reference = self.reference()?;
        let mut runs: Vec<Run> = runtimes.iter().map(|_| Run::default()).collect();
        if self.program.caches() == Caches::Warm {
            // Fills the code cache; what fails here fails again below.
            for runtime in runtimes {
                self.once(runtime, &reference, &mut Run::default())?;
            }
        }
        for round in 0..rounds {
            for step in 0..runtimes.len() {
                // Another runtime goes first in each round.
                let index = (round + step) % runtimes.len();
                let run = &mut runs[index];
                if run.failure.is_none() {
                    self.once(&runtimes[index], &reference, run)?;
                }
            }
        }
        Ok(ProgramResult {
            program: self.program,
            argument: self.argument,
            runs,
        })
    }

    /// The folders of ferrocil's code cache and of the class library's code.
    fn folders(&self) -> (&Path, &Path) {
        let off = Path::new("off");
        match self.program.caches() {
            Caches::Warm => (self.code_cache, self.precompiled),
            Caches::Cold => (off, self.precompiled),
            Caches::Uncached | Caches::Nobody => (off, off),
        }
    }

    /// The command of one run under a runtime.
    fn command(&self, runtime: &Runtime) -> Command {
        let ahead = self.program.caches() != Caches::Nobody;
        runtime.command(self.built, self.argument, self.folders(), ahead)
    }

    fn reference(&self) -> Result<Vec<u8>> {
        let mut command = self.command(&Runtime::mono());
        let outcome = proc::run_limited(&mut command, b"", LIMITS)?;
        anyhow::ensure!(
            outcome.ending == Ending::Exited(0),
            "{} fails under Mono: {}",
            self.program.name,
            outcome.ending
        );
        Ok(outcome.stdout)
    }

    fn once(&self, runtime: &Runtime, reference: &[u8], run: &mut Run) -> Result<()> {
        let mut command = self.command(runtime);
        let outcome = proc::run_limited(&mut command, b"", LIMITS)?;
        if outcome.ending != Ending::Exited(0) {
            let message = String::from_utf8_lossy(&outcome.stderr);
            // Mono's style: a headline, then the exception.
            let lines = message.lines().filter(|line| !line.trim().is_empty());
            let first: Vec<&str> = lines.take(2).collect();
            run.failure = Some(
                format!("{} {}", outcome.ending, first.join(" "))
                    .trim_end()
                    .to_owned(),
            );
        } else if outcome.stdout != reference {
            run.failure = Some("other output than Mono".to_owned());
        } else {
            run.cpu_ms.push(outcome.cpu.as_secs_f64() * 1e3);
            run.max_rss_kib.push(outcome.max_rss_kib as f64);
            run.note_measured(&outcome.stderr);
        }
        Ok(())
    }
}
