//! Installing Debian packages, as root or through sudo.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::proc;

/// Installs `packages` with apt-get; runs `apt-get update` first when apt has
/// no package lists or does not know one of them.
///
/// # Errors
/// On a system without apt-get, without root and sudo, or when apt-get fails.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!(
            "this is not a Debian-like system (no /usr/bin/apt-get), so nothing was installed. \
             Install Mono 6.8 by hand: the C# compiler mcs, the runtime mono, ilasm, and the class \
             library (mscorlib.dll, System.dll, System.Core.dll) in /usr/lib/mono/4.5. Debian's \
             packages are: {list}"
        );
    }
    let root = rustix::process::geteuid().is_root();
    if !root && !has_sudo() {
        bail!("not root and no sudo; run as root: apt-get install --no-install-recommends {list}");
    }
    if !known(packages) {
        eprintln!("setup: running apt-get update");
        proc::run_checked(apt(root).args(["update", "-q"]).stdout(Stdio::null()))?;
    }
    eprintln!("setup: running apt-get install {list}");
    let installed = proc::run_checked(&mut install_command(root, packages));
    if installed.is_err() {
        // Stale lists name versions that the archive no longer has.
        eprintln!("setup: that failed; trying once more after apt-get update");
        proc::run_checked(apt(root).args(["update", "-q"]).stdout(Stdio::null()))?;
        proc::run_checked(&mut install_command(root, packages))?;
    }
    Ok(())
}

fn install_command(root: bool, packages: &[&str]) -> Command {
    let mut command = apt(root);
    command
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages);
    // xtask's standard output belongs to the program that it runs.
    command.stdout(io::stderr());
    command
}

fn apt(root: bool) -> Command {
    let mut command = if root {
        Command::new("env")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    };
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .stdin(if root {
            Stdio::null()
        } else {
            Stdio::inherit()
        });
    command
}

fn has_sudo() -> bool {
    Path::new("/usr/bin/sudo").exists()
}

/// Whether apt's lists know all these packages.
fn known(packages: &[&str]) -> bool {
    Command::new("apt-cache")
        .arg("show")
        .args(packages)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
