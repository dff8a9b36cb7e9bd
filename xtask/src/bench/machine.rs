//! What the measurements were made on.

use std::fs;
use std::process::Command;
use std::thread;

/// One line about the machine and its system.
pub fn describe() -> String {
    let processor = first_value("/proc/cpuinfo", "model name")
        .unwrap_or_else(|| "unknown processor".to_owned());
    let memory_kib: u64 = first_value("/proc/meminfo", "MemTotal")
        .and_then(|value| {
            value
                .split_whitespace()
                .next()
                .and_then(|word| word.parse().ok())
        })
        .unwrap_or(0);
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let system = fs::read_to_string("/etc/os-release")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("PRETTY_NAME="))?;
            Some(
                line.trim_start_matches("PRETTY_NAME=")
                    .trim_matches('"')
                    .to_owned(),
            )
        })
        .unwrap_or_else(|| "Linux".to_owned());
    format!(
        "{processor}, {cores} cores for us, {:.0} GiB, {system}, kernel {}",
        memory_kib as f64 / (1024.0 * 1024.0),
        kernel.trim()
    )
}

/// Versions of what was compared, one a line.
pub fn versions() -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(line) = output_line(Command::new("mono").arg("--version")) {
        lines.push(line);
    }
    if let Some(line) = output_line(Command::new("git").args(["describe", "--always", "--dirty"])) {
        lines.push(format!("ferrocil at commit {line}"));
    }
    if let Some(line) = output_line(Command::new("rustc").arg("--version")) {
        lines.push(line);
    }
    lines
}

fn output_line(command: &mut Command) -> Option<String> {
    let output = command.current_dir(crate::paths::root()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_owned)
}

fn first_value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}
