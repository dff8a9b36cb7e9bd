//! The `ferrocil` command: runs .NET programs and takes them apart.

mod dis;
mod heap;
mod options;
mod precompile;
mod report;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use ferrocil::{Error, ManagedException, Runtime};

use crate::options::{Command, Options};

/// Stack of the thread that runs `Main`.
const MAIN_STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let mut options = Options::parse();
    match &options.command {
        Some(Command::Dis(options)) => return dis::run(options),
        Some(Command::Verify(options)) => return verify::run(options),
        Some(Command::Precompile(options)) => return precompile::run(options),
        Some(Command::Inspect(inspect)) => options = inspect.options(),
        Some(Command::Heap(heap)) => options = heap.options(),
        None => {}
    }
    if options.heap.is_some() {
        // Before there is another thread: all of them inherit it.
        heap::block_signal();
    }
    // The program runs on a thread with a stack of known bounds, so that its overflow is
    // noticed and becomes an exception.
    let main = std::thread::Builder::new()
        .name("Main".into())
        .stack_size(MAIN_STACK)
        .spawn(move || run(&options));
    match main.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::from(134),
        Err(e) => {
            eprintln!("ferrocil: cannot start a thread: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> ExitCode {
    let mut builder = Runtime::builder()
        .gc_log(options.gc_log)
        .gc_verify(options.gc_verify)
        .trace_compile(options.trace_compile)
        .check_code(options.check_code)
        .tier(options.tier.into());
    if let Some(calls) = options.tier_up_calls {
        builder = builder.tier_up_calls(calls);
    }
    if let Some(bytes) = options.heap_limit {
        builder = builder.heap_limit(bytes);
    }
    if let Some(n) = options.gc_stress {
        builder = builder.gc_stress(n);
    }
    if let Some(folder) = &options.framework {
        builder = builder.framework_folder(folder);
    }
    // Without a subcommand there is a file.
    let file = options.file.clone().unwrap_or_default();
    if let Some(folder) = file.parent() {
        builder = builder.base_folder(folder);
    }
    if let Some(folder) = options.code_cache_folder() {
        builder = builder.code_cache(folder);
    }
    if let Some(folder) = options.precompiled_folder() {
        builder = builder.precompiled(folder);
    }
    if let Some(what) = &options.inspect {
        builder = builder.inspect(what.clone());
    }
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(e) => return failed(&e),
    };
    let watch = options.heap.clone().map(|view| {
        let program = file.display().to_string();
        heap::Watch::start(&runtime, view, program)
    });
    let exit_watch = watch.clone();
    let failing_watch = watch.clone();
    let stats = options.stats.then(|| runtime.clone());
    let exit_stats = stats.clone();
    let exiting = runtime.clone();
    runtime.on_exit(move |code| {
        if let Some(runtime) = &exit_stats {
            report::stats(&runtime.stats());
        }
        keep_code(&exiting);
        heap::finish(exit_watch.as_ref());
        std::process::exit(code);
    });
    let failing = runtime.clone();
    runtime.on_unhandled(move |e, told| {
        unhandled(&e, told);
        keep_code(&failing);
        heap::finish(failing_watch.as_ref());
        std::process::exit(1);
    });
    let result = runtime.run_file(&file, &options.args);
    if let Some(runtime) = &stats {
        report::stats(&runtime.stats());
    }
    let code = match result {
        Ok(code) => code & 0xff,
        Err(Error::Exception(_)) => 1,
        Err(e) => {
            failed(&e);
            1
        }
    };
    heap::finish(watch.as_ref());
    runtime.stop();
    // The system takes the memory back faster than destructors do.
    std::process::exit(code)
}

/// Writes what was compiled to the code cache.
fn keep_code(runtime: &Runtime) {
    // A cache that cannot be written costs the next start time, nothing else.
    let _ = runtime.save_code_cache();
}

/// As Mono words it: in full, unless the program has been told.
fn unhandled(e: &ManagedException, told: bool) {
    if !told {
        eprintln!("\nUnhandled Exception:\n{}", e.text);
    }
    eprintln!("[ERROR] FATAL UNHANDLED EXCEPTION: {}", e.text);
}

fn failed(error: &Error) -> ExitCode {
    eprintln!("ferrocil: {error}");
    ExitCode::FAILURE
}
