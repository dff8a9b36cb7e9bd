//! `System.Diagnostics.Process` and the process calls of `NativeMethods`.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use super::{
    ProcessData, StandardHandles, Start, find_program, process_data, process_ids, process_name,
    process_times, split_arguments,
};
use crate::io::IoError;
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, icall,
    new_int_array, new_string, optional_string, read_string_field, state,
};

const STILL_ACTIVE: i32 = 259;

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Diagnostics.Process")
        .add("CreateProcess_internal", icall(create))
        .add("GetProcessData", icall(get_data))
        .add("GetProcess_internal", icall(open))
        .add("GetProcesses_internal", icall(ids))
        .add("ProcessName_icall", icall(name))
        .add("ShellExecuteEx_internal", icall(shell_execute));
    table
        .class("Microsoft.Win32.NativeMethods")
        .add("CloseProcess", icall(close))
        .add("GetCurrentProcess", icall(current))
        .add("GetExitCodeProcess", icall(exit_code))
        .add("GetProcessTimes", icall(times))
        .add("GetProcessWorkingSetSize", icall(working_set))
        .add("TerminateProcess", icall(terminate))
        .add("WaitForInputIdle", icall(wait_for_input_idle));
}

/// `Process.ProcInfo`.
#[repr(C)]
struct ProcInfo {
    handle: isize,
    pid: i32,
    environment: ArrayRef,
    // User name, domain, password follow; starting as another user is Windows' affair.
}

fn stream(t: &Thread, handle: isize) -> Option<OwnedFd> {
    state(t).files.duplicate_descriptor(handle).ok()
}

/// `name=value` texts of a managed array.
fn environment(array: ArrayRef) -> Vec<(OsString, OsString)> {
    let split = |text: &StringRef| {
        let text = text.to_string_lossy();
        let (name, value) = text.split_once('=')?;
        Some((OsString::from(name), OsString::from(value)))
    };
    array
        .as_slice::<StringRef>()
        .iter()
        .filter_map(split)
        .collect()
}

/// CLI programs are run by this program, as Mono runs them by itself.
fn is_managed(program: &Path) -> bool {
    let mut magic = [0; 2];
    std::fs::File::open(program)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut magic))
        .is_ok_and(|()| magic == *b"MZ")
}

fn prepare(
    t: &Thread,
    start_info: ObjRef,
    info: &ProcInfo,
    streams: StandardHandles,
) -> Managed<Result<Start, IoError>> {
    let state = state(t);
    let file_name = read_string_field(t, start_info, "fileName")?;
    let arguments = read_string_field(t, start_info, "arguments")?;
    let directory = read_string_field(t, start_info, "directory")?;
    let search_path = state.variables.get("PATH").unwrap_or_default();
    let Some(mut program) = find_program(&file_name, &search_path) else {
        return Ok(Err(IoError::FILE_NOT_FOUND));
    };
    let Some(mut arguments) = split_arguments(&arguments) else {
        return Ok(Err(IoError::INVALID_PARAMETER));
    };
    if is_managed(&program)
        && let Ok(launcher) = std::env::current_exe()
    {
        arguments.insert(0, program.to_string_lossy().into_owned());
        program = launcher;
    }
    let environment = if info.environment.is_null() {
        state.variables.pairs()
    } else {
        environment(info.environment)
    };
    let directory = (!directory.is_empty()).then(|| PathBuf::from(directory));
    Ok(Ok(Start {
        program,
        arguments,
        directory,
        environment,
        streams,
    }))
}

fn create(
    t: &Thread,
    start_info: ObjRef,
    input: isize,
    output: isize,
    error: isize,
    info: *mut ProcInfo,
) -> Managed<bool> {
    // SAFETY: managed code passes the address of a ProcInfo, which begins like this struct.
    let info = unsafe { &mut *info };
    let streams = StandardHandles {
        input: stream(t, input),
        output: stream(t, output),
        error: stream(t, error),
    };
    run(t, start_info, info, streams)
}

fn shell_execute(t: &Thread, start_info: ObjRef, info: *mut ProcInfo) -> Managed<bool> {
    // SAFETY: as for `create`.
    let info = unsafe { &mut *info };
    run(t, start_info, info, StandardHandles::default())
}

/// On failure the negative error code stands where the process number would.
fn run(
    t: &Thread,
    start_info: ObjRef,
    info: &mut ProcInfo,
    streams: StandardHandles,
) -> Managed<bool> {
    let start = prepare(t, start_info, info, streams)?;
    let state = state(t);
    match start.and_then(|start| blocking(t, || state.processes.start(start))) {
        Ok(started) => {
            info.handle = started.handle.0;
            info.pid = started.pid;
            Ok(true)
        }
        Err(IoError(code)) => {
            info.pid = -code;
            Ok(false)
        }
    }
}

fn open(t: &Thread, pid: i32) -> Managed<isize> {
    Ok(state(t)
        .processes
        .open(pid)
        .map_or(0, |started| started.handle.0))
}

fn ids(t: &Thread) -> Managed<ArrayRef> {
    new_int_array(t, &process_ids())
}

fn name(t: &Thread, handle: isize) -> Managed<StringRef> {
    let name = state(t).processes.pid(handle).and_then(process_name);
    match name {
        Some(name) => new_string(t, &name),
        None => optional_string(t, None),
    }
}

/// Error 1: no such process; 2: no such datum.
fn get_data(_t: &Thread, pid: i32, kind: i32, error: ByRef<i32>) -> Managed<i64> {
    let value = ProcessData::from_number(kind).and_then(|data| process_data(pid, data));
    error.set(if value.is_some() { 0 } else { 1 });
    Ok(value.unwrap_or(0))
}

fn close(t: &Thread, handle: isize) -> Managed<bool> {
    Ok(state(t).processes.close(handle))
}

fn current(t: &Thread) -> Managed<isize> {
    Ok(state(t).processes.current().0)
}

fn exit_code(t: &Thread, handle: isize, code: ByRef<i32>) -> Managed<bool> {
    match state(t).processes.exit_code(handle) {
        Ok(exited) => {
            code.set(exited.unwrap_or(STILL_ACTIVE));
            Ok(true)
        }
        Err(_) => Ok(false),
    }
}

fn times(
    t: &Thread,
    handle: isize,
    start: ByRef<i64>,
    exit: ByRef<i64>,
    kernel: ByRef<i64>,
    user: ByRef<i64>,
) -> Managed<bool> {
    let Some(found) = state(t).processes.pid(handle).and_then(process_times) else {
        return Ok(false);
    };
    start.set(found.start);
    exit.set(0);
    kernel.set(found.kernel);
    user.set(found.user);
    Ok(true)
}

fn working_set(
    t: &Thread,
    handle: isize,
    least: ByRef<isize>,
    most: ByRef<isize>,
) -> Managed<bool> {
    let peak = state(t)
        .processes
        .pid(handle)
        .and_then(|pid| process_data(pid, ProcessData::WorkingSetPeak));
    least.set(0);
    most.set(peak.unwrap_or(0) as isize);
    Ok(peak.is_some())
}

fn terminate(t: &Thread, handle: isize, code: i32) -> Managed<bool> {
    Ok(state(t).processes.terminate(handle, code).is_ok())
}

/// There are no message loops here.
fn wait_for_input_idle(_t: &Thread, _handle: isize, _timeout: i32) -> Managed<i32> {
    const WAIT_FAILED: i32 = -1;
    Ok(WAIT_FAILED)
}
