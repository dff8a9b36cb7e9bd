//! `ferrocil precompile`: code for assemblies before any program runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use ferrocil::{Error, Runtime};

use crate::options::{PrecompileOptions, installed_folder};

/// What programs use without naming it.
const DEFAULT: &[&str] = &["mscorlib.dll", "System.dll", "System.Core.dll"];
const FRAMEWORK: &str = "/usr/lib/mono/4.5";
const STACK: usize = 16 << 20;

/// Compiles and reports, one line per assembly.
pub fn run(options: &PrecompileOptions) -> ExitCode {
    let Some(folder) = options.into.clone().or_else(installed_folder) else {
        eprintln!("ferrocil: where should the code go? Name a folder with --into");
        return ExitCode::FAILURE;
    };
    let framework = options
        .framework
        .clone()
        .unwrap_or_else(|| FRAMEWORK.into());
    let files: Vec<PathBuf> = if options.files.is_empty() {
        DEFAULT.iter().map(|name| framework.join(name)).collect()
    } else {
        options.files.clone()
    };
    let trace = options.trace_compile;
    let job = move || compile(&folder, &framework, &files, trace);
    // Recursion over types and code is bounded for a stack of this size.
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(job);
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(e))) => {
            eprintln!("ferrocil: {e}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) => ExitCode::from(134),
        Err(e) => {
            eprintln!("ferrocil: cannot start a thread: {e}");
            ExitCode::FAILURE
        }
    }
}

fn compile(folder: &Path, framework: &Path, files: &[PathBuf], trace: bool) -> Result<(), Error> {
    let runtime = Runtime::builder()
        .framework_folder(framework)
        .code_cache(folder)
        .precompiling(true)
        .trace_compile(trace)
        .build()?;
    for file in files {
        let started = Instant::now();
        match runtime.precompile(file)? {
            Some(done) => println!(
                "{}: {} methods compiled, {} refused, {:.1} s",
                file.display(),
                done.methods,
                done.refused,
                started.elapsed().as_secs_f64()
            ),
            None => println!("{}: was compiled before", file.display()),
        }
    }
    Ok(())
}
