//! `cargo xtask run FILE.cs|FILE.exe [args]`.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{compile, paths, setup};

/// Options of `cargo xtask run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// A C# or IL source, or an assembly.
    file: PathBuf,
    /// Arguments of the program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Sets up, compiles into `target/run`, runs with our streams, passes the exit code on.
pub fn command(arguments: &RunArguments) -> Result<ExitCode> {
    let file = &arguments.file;
    if !file.is_file() {
        bail!("no file {}", file.display());
    }
    let extension = file.extension().and_then(|e| e.to_str());
    setup::ensure(setup::RUN)?;
    let program = match extension {
        Some("exe" | "dll") => file.clone(),
        Some("cs" | "il") => {
            if extension == Some("il") {
                setup::ensure(setup::ILASM)?;
            }
            let folder = paths::target().join("run");
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            let mut name = file.file_stem().unwrap_or_default().to_os_string();
            name.push(".exe");
            let program = folder.join(name);
            compile::build(file, &program)?;
            program
        }
        _ => bail!(
            "{}: expected a .cs or .il source or an .exe",
            file.display()
        ),
    };
    let ferrocil = compile::ferrocil()?;
    let status = Command::new(&ferrocil)
        .arg(&program)
        .args(&arguments.arguments)
        .env("FERROCIL_CODE_CACHE", paths::target().join("code-cache"))
        .status()
        .with_context(|| format!("cannot start {}", ferrocil.display()))?;
    if let Some(signal) = status.signal() {
        bail!("the program was ended by signal {signal}");
    }
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}
