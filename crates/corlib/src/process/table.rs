//! Processes that a runtime has handles of.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use crate::io::IoError;
use crate::threading::{Handle, WaitTable};

/// Descriptors for a child's standard streams; `None` shares this process' own.
#[derive(Debug, Default)]
pub struct StandardHandles {
    /// Descriptor 0.
    pub input: Option<OwnedFd>,
    /// Descriptor 1.
    pub output: Option<OwnedFd>,
    /// Descriptor 2.
    pub error: Option<OwnedFd>,
}

/// What to start.
#[derive(Debug)]
pub struct Start {
    /// Program file.
    pub program: PathBuf,
    /// Arguments behind the program's name.
    pub arguments: Vec<String>,
    /// Working directory.
    pub directory: Option<PathBuf>,
    /// The whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Standard streams.
    pub streams: StandardHandles,
}

/// A started (or opened) process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Started {
    /// A wait handle that is signaled when the process ends.
    pub handle: Handle,
    /// Process number.
    pub pid: i32,
}

/// Handles of processes. A thread waits for each of them; it lives as long as the process.
#[derive(Debug)]
pub struct ProcessTable {
    waits: Arc<WaitTable>,
    pids: Mutex<FxHashMap<isize, i32>>,
    current: Mutex<Option<Handle>>,
}

impl ProcessTable {
    /// A table whose handles are wait handles of `waits`.
    #[must_use]
    pub fn new(waits: Arc<WaitTable>) -> ProcessTable {
        ProcessTable {
            waits,
            pids: Mutex::default(),
            current: Mutex::default(),
        }
    }

    /// Starts a program.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND`, `ACCESS_DENIED` … as for the program's file.
    pub fn start(&self, start: Start) -> Result<Started, IoError> {
        let stream = |fd: Option<OwnedFd>| fd.map_or_else(Stdio::inherit, Stdio::from);
        let mut command = Command::new(&start.program);
        command
            .args(&start.arguments)
            .env_clear()
            .envs(start.environment)
            .stdin(stream(start.streams.input))
            .stdout(stream(start.streams.output))
            .stderr(stream(start.streams.error));
        if let Some(directory) = start.directory {
            command.current_dir(directory);
        }
        let spawned = command.spawn().map_err(|error| match error.raw_os_error() {
            Some(code) => IoError::from_errno(rustix::io::Errno::from_raw_os_error(code)),
            None => IoError::NOT_SUPPORTED,
        });
        // The parent's copies of the child's streams go now, so that its readers see the end.
        drop(command);
        let mut child = spawned?;
        let pid = child.id() as i32;
        let handle = self.register(pid);
        let waits = Arc::clone(&self.waits);
        std::thread::spawn(move || {
            use std::os::unix::process::ExitStatusExt;
            let code = child.wait().map_or(-1, |status| {
                status
                    .code()
                    .unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
            });
            // The handle may be closed meanwhile.
            let _ = waits.complete(handle, code);
        });
        Ok(Started { handle, pid })
    }

    /// A handle of a running process.
    ///
    /// # Errors
    /// `FILE_NOT_FOUND` when there is none of this number.
    pub fn open(&self, pid: i32) -> Result<Started, IoError> {
        let number = Pid::from_raw(pid).ok_or(IoError::INVALID_PARAMETER)?;
        let fd = pidfd_open(number, PidfdFlags::empty()).map_err(|_| IoError::FILE_NOT_FOUND)?;
        let handle = self.register(pid);
        let waits = Arc::clone(&self.waits);
        std::thread::spawn(move || {
            use rustix::event::{PollFd, PollFlags, poll};
            let mut fds = [PollFd::new(&fd, PollFlags::IN)];
            while matches!(poll(&mut fds, None), Err(rustix::io::Errno::INTR)) {}
            let _ = waits.complete(handle, -1);
        });
        Ok(Started { handle, pid })
    }

    /// A handle of this process, to be closed like any other. It is never signaled.
    pub fn current(&self) -> Handle {
        let mut current = self.current.lock();
        if let Some(handle) = *current
            && self.waits.duplicate(handle).is_ok()
        {
            return handle;
        }
        let handle = self.register(rustix::process::getpid().as_raw_nonzero().get());
        *current = Some(handle);
        handle
    }

    fn register(&self, pid: i32) -> Handle {
        let handle = self.waits.create_completion();
        self.pids.lock().insert(handle.0, pid);
        handle
    }

    /// Number of the process of a handle.
    #[must_use]
    pub fn pid(&self, handle: isize) -> Option<i32> {
        self.pids.lock().get(&handle).copied()
    }

    /// Exit code, `None` while the process runs.
    ///
    /// # Errors
    /// `INVALID_HANDLE`.
    pub fn exit_code(&self, handle: isize) -> Result<Option<i32>, IoError> {
        self.waits
            .completion(Handle(handle))
            .map_err(|_| IoError::INVALID_HANDLE)
    }

    /// Ends a process: by SIGKILL for exit code −1, else by SIGTERM.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `ACCESS_DENIED`, `FILE_NOT_FOUND`.
    pub fn terminate(&self, handle: isize, exit_code: i32) -> Result<(), IoError> {
        let pid = self
            .pid(handle)
            .and_then(Pid::from_raw)
            .ok_or(IoError::INVALID_HANDLE)?;
        let signal = if exit_code == -1 {
            Signal::KILL
        } else {
            Signal::TERM
        };
        kill_process(pid, signal).map_err(|errno| match errno {
            rustix::io::Errno::SRCH => IoError::FILE_NOT_FOUND,
            other => IoError::from_errno(other),
        })
    }

    /// Closes a handle.
    pub fn close(&self, handle: isize) -> bool {
        if self.waits.close(Handle(handle)).is_err() {
            return false;
        }
        // Duplicates keep the object; the number stays known until the last one.
        if self.waits.completion(Handle(handle)).is_err() {
            self.pids.lock().remove(&handle);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threading::{ThreadId, WaitOutcome};
    use crate::time::Deadline;

    fn shell(script: &str, output: Option<OwnedFd>) -> Start {
        Start {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            directory: Some("/".into()),
            environment: vec![("X".into(), "y".into())],
            streams: StandardHandles {
                input: None,
                output,
                error: None,
            },
        }
    }

    #[test]
    fn a_child_writes_and_exits() {
        let waits = Arc::new(WaitTable::default());
        let table = ProcessTable::new(Arc::clone(&waits));
        let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let started = table
            .start(shell("echo $X; pwd; exit 3", Some(writer)))
            .unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::fs::File::from(reader), &mut text).unwrap();
        assert_eq!(text, "y\n/\n");
        let outcome = waits.wait(ThreadId(1), &[started.handle], false, Deadline::after(-1));
        assert_eq!(outcome, Ok(WaitOutcome::Signaled(0)));
        assert_eq!(table.exit_code(started.handle.0), Ok(Some(3)));
        assert!(table.close(started.handle.0));
        assert!(!table.close(started.handle.0));
    }

    #[test]
    fn a_killed_child_reports_its_signal() {
        let waits = Arc::new(WaitTable::default());
        let table = ProcessTable::new(Arc::clone(&waits));
        let started = table.start(shell("sleep 60", None)).unwrap();
        assert_eq!(table.exit_code(started.handle.0), Ok(None));
        let watched = table.open(started.pid).unwrap();
        table.terminate(started.handle.0, -1).unwrap();
        waits
            .wait(
                ThreadId(1),
                &[started.handle, watched.handle],
                true,
                Deadline::after(-1),
            )
            .unwrap();
        assert_eq!(table.exit_code(started.handle.0), Ok(Some(128 + 9)));
    }

    #[test]
    fn missing_programs_are_errors() {
        let table = ProcessTable::new(Arc::default());
        let start = Start {
            program: "/no/such".into(),
            ..shell("", None)
        };
        assert_eq!(table.start(start), Err(IoError::FILE_NOT_FOUND));
        assert_eq!(table.open(i32::MAX), Err(IoError::FILE_NOT_FOUND));
        let current = table.current();
        assert_eq!(table.current(), current);
        assert_eq!(table.pid(current.0), Some(std::process::id() as i32));
        assert_eq!(table.exit_code(current.0), Ok(None));
        assert!(table.close(current.0) && table.close(current.0) && !table.close(current.0));
        assert_eq!(table.pid(current.0), None);
    }
}
