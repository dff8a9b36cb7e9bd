//! `cargo xtask bench`: CPU time of ferrocil, Mono and CoreCLR 3.1, paired.
//!
//! In each round every program runs once under every runtime, one after the
//! other, so that what disturbs the machine disturbs all of them. The ratio of
//! a program is the ratio of the medians; its spread is the smallest and the
//! largest ratio of a single round.

mod chart;
mod machine;
mod measure;
mod memory;
mod pauses;
mod programs;
mod report;
mod statistics;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{compile, paths, setup};
use measure::{Bench, Runtime};
use programs::Group;

/// Options of `cargo xtask bench`.
#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Which programs.
    #[arg(long, value_enum, default_value_t = Group::Speed)]
    group: Group,
    /// The command to measure instead of a release build of this tree; the report is only printed.
    #[arg(long, value_name = "FILE")]
    ferrocil: Option<PathBuf>,
    /// Only the programs whose name contains this; the report is only printed.
    #[arg(long)]
    only: Option<String>,
    /// Rounds.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Small inputs and three rounds; the report is only printed.
    #[arg(long)]
    quick: bool,
}

/// Measures, prints, and writes the group's pages in `docs/` when everything
/// was measured in full.
pub fn command(arguments: &BenchArguments) -> Result<ExitCode> {
    setup::ensure(setup::RUN)?;
    let coreclr = setup::coreclr::ensure()
        .inspect_err(|error| println!("bench: no CoreCLR, going on without it: {error:#}"))
        .ok();
    let ferrocil = match &arguments.ferrocil {
        Some(file) => {
            fs::canonicalize(file).with_context(|| format!("there is no {}", file.display()))?
        }
        None => compile::ferrocil()?,
    };
    let builds = paths::target().join("bench");
    fs::create_dir_all(&builds).with_context(|| format!("cannot create {}", builds.display()))?;
    // Mono's package brings the class library's code along; ours is made here.
    let precompiled = builds.join("precompiled");
    compile::class_library(&ferrocil, &precompiled)?;
    let mut runtimes = vec![Runtime::ferrocil(ferrocil), Runtime::mono()];
    runtimes.extend(coreclr.map(Runtime::coreclr));

    let selected: Vec<_> = arguments
        .group
        .programs()
        .iter()
        .filter(|program| {
            arguments
                .only
                .as_ref()
                .is_none_or(|part| program.name.contains(part.as_str()))
        })
        .collect();
    if selected.is_empty() {
        bail!("no benchmark program's name contains that");
    }
    let mut results = Vec::new();
    let rounds = if arguments.quick {
        arguments.rounds.min(3)
    } else {
        arguments.rounds
    }
    .max(1);
    for program in selected {
        println!("{}: {}", program.title(), program.what);
        let source = paths::root()
            .join("benches/programs")
            .join(format!("{}.cs", program.source()));
        let built = builds.join(format!("{}.exe", program.title()));
        compile::build(&source, &built)?;
        let argument = if arguments.quick {
            program.quick
        } else {
            program.full
        };
        let result = Bench {
            program,
            argument,
            built: &built,
            code_cache: &builds.join("code-cache"),
            precompiled: &precompiled,
        }
        .run(&runtimes, rounds)?;
        report::print(&result, &runtimes);
        results.push(result);
    }
    let whole = arguments.only.is_none() && !arguments.quick && arguments.ferrocil.is_none();
    if whole {
        let docs = paths::root().join("docs");
        fs::create_dir_all(&docs)?;
        match arguments.group {
            Group::Speed => {
                let page = report::speed(&results, &runtimes, rounds);
                report::write(&docs.join("benchmarks.md"), &page)?;
                chart::cpu(&docs.join("benchmarks.svg"), &results, &runtimes)?;
            }
            Group::Memory => memory::write(&docs, &results, &runtimes, rounds)?,
        }
        println!("written: docs/benchmarks*");
    } else {
        if arguments.group == Group::Memory {
            println!("\n{}", memory::tables(&results, &runtimes));
        }
        println!("docs/ is not changed: that takes all programs at full size");
    }
    let failed = results
        .iter()
        .any(|result| result.runs.iter().any(|run| run.failure.is_some()));
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
