//! Child processes with limits: time, output size, and CPU time by `wait4`.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::{Deserialize, Serialize};

/// What a child may use before it is stopped.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Wall-clock time; the whole process group is killed after it.
    pub time: Duration,
    /// Bytes kept of each output stream; the rest is read and dropped.
    pub output: usize,
}

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
    /// It reached its time limit and was killed.
    TimedOut,
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ending::Exited(code) => write!(f, "exit code {code}"),
            Ending::Signaled(signal) => write!(f, "signal {signal}"),
            Ending::TimedOut => write!(f, "time limit"),
        }
    }
}

/// What a finished child left behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// Standard output, cut at [`Limits::output`].
    pub stdout: Vec<u8>,
    /// Standard error, cut at [`Limits::output`].
    pub stderr: Vec<u8>,
    /// User plus system CPU time of the child and the children it waited for.
    pub cpu: Duration,
    /// Largest resident set, in KiB.
    pub max_rss_kib: u64,
}

/// Runs `command` with `stdin` as its input, in a process group of its own.
///
/// # Errors
/// When the child cannot be started or waited for. A child that fails is not
/// an error: see [`Outcome::ending`].
pub fn run_limited(command: &mut Command, stdin: &[u8], limits: Limits) -> Result<Outcome> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", describe(command)))?;
    let pid = Pid::from_child(&child);
    let timed_out = AtomicBool::new(false);
    let input = child.stdin.take();
    let (stdout_pipe, stderr_pipe) = (child.stdout.take(), child.stderr.take());

    thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut pipe) = input {
                // The child may end without reading its input.
                drop(pipe.write_all(stdin));
            }
        });
        let stdout = scope.spawn(|| read_capped(stdout_pipe, limits.output));
        let stderr = scope.spawn(|| read_capped(stderr_pipe, limits.output));
        let (done, watch) = mpsc::channel::<()>();
        let watchdog = scope.spawn({
            let timed_out = &timed_out;
            move || {
                if watch.recv_timeout(limits.time) == Err(RecvTimeoutError::Timeout) {
                    timed_out.store(true, Ordering::Relaxed);
                    let _ = kill_process_group(pid, Signal::KILL);
                }
            }
        });
        // Wait without reaping: while the zombie stays, its process group id
        // cannot be taken by somebody else, so the kills below hit our group.
        let waited = wait_unreaped(pid);
        drop(done);
        drop(watchdog.join());
        let _ = kill_process_group(pid, Signal::KILL);
        waited.context("cannot wait for the child")?;
        let (status, cpu, max_rss_kib) = reap(&child).context("cannot reap the child")?;
        let ending = if timed_out.load(Ordering::Relaxed) {
            Ending::TimedOut
        } else if libc::WIFEXITED(status) {
            Ending::Exited(libc::WEXITSTATUS(status))
        } else {
            Ending::Signaled(libc::WTERMSIG(status))
        };
        Ok(Outcome {
            ending,
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
            cpu,
            max_rss_kib,
        })
    })
}

/// Runs `command` with inherited streams and fails when it does not succeed.
///
/// # Errors
/// When it cannot be started or does not exit with 0.
pub fn run_checked(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", describe(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", describe(command));
    }
    Ok(())
}

/// The command line, for messages.
pub fn describe(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn read_capped(pipe: Option<impl Read>, cap: usize) -> Vec<u8> {
    let Some(mut pipe) = pipe else {
        return Vec::new();
    };
    let mut kept = Vec::new();
    let mut buffer = [0_u8; 16 * 1024];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return kept,
            Ok(read) => {
                let room = cap.saturating_sub(kept.len()).min(read);
                kept.extend_from_slice(&buffer[..room]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
    }
}

fn wait_unreaped(pid: Pid) -> io::Result<()> {
    loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        ) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reaps the child: raw status, CPU time, largest resident set in KiB.
fn reap(child: &Child) -> io::Result<(i32, Duration, u64)> {
    let pid = libc::pid_t::try_from(child.id()).map_err(io::Error::other)?;
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid `rusage` (plain integers only).
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right types; `pid`
        // is a child of this process that nobody reaped yet.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if waited == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let cpu = duration(usage.ru_utime) + duration(usage.ru_stime);
    Ok((status, cpu, u64::try_from(usage.ru_maxrss).unwrap_or(0)))
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
        + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}
