//! Project tasks: `cargo xtask setup|run|test|conformance|bench|tidy`.
//!
//! Each task sets up what it needs by itself (see [`setup`]); nothing has to
//! be installed by hand before the first command.

mod badinput;
mod bench;
mod compile;
mod conformance;
mod hardlimit;
mod listings;
mod mutate;
mod paths;
mod proc;
mod roundtrip;
mod run;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// ferrocil's project tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what the other tasks need (Debian packages; CoreCLR with --bench).
    Setup(setup::SetupArguments),
    /// Compile a C# file (or take an .exe) and run it under ferrocil.
    Run(run::RunArguments),
    /// Run every conformance case under ferrocil and Mono and compare.
    Conformance(conformance::ConformanceArguments),
    /// Measure the benchmark programs against Mono and CoreCLR.
    Bench(bench::BenchArguments),
    /// Check crate layers, source rules and what is in the repository.
    Tidy(tidy::TidyArguments),
    /// Compile changed method bodies; the compiler must not crash.
    MutateBodies(mutate::MutateArguments),
    /// Run programs at the edge of the heap's hard limit.
    HardLimit(hardlimit::HardLimitArguments),
    /// Check that what is not a program gets one clear line.
    BadInput(badinput::BadInputArguments),
    /// Disassemble, assemble again with ilasm, and compare what the images say.
    Roundtrip(roundtrip::RoundtripArguments),
    /// Compare the tables that `ferrocil dis` and monodis write.
    Listings(listings::ListingsArguments),
    /// Everything that must pass.
    Test(test::TestArguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(arguments.task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    match task {
        Task::Setup(arguments) => setup::command(&arguments),
        Task::Run(arguments) => run::command(&arguments),
        Task::Conformance(arguments) => conformance::command(&arguments),
        Task::Bench(arguments) => bench::command(&arguments),
        Task::Tidy(arguments) => tidy::command(&arguments),
        Task::MutateBodies(arguments) => mutate::command(&arguments),
        Task::HardLimit(arguments) => hardlimit::command(&arguments),
        Task::BadInput(arguments) => badinput::command(&arguments),
        Task::Roundtrip(arguments) => roundtrip::command(&arguments),
        Task::Listings(arguments) => listings::command(&arguments),
        Task::Test(arguments) => test::command(&arguments),
    }
}
