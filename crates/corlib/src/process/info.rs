//! What `/proc` says of a process.

use std::fs::{read_dir, read_link, read_to_string};

use rustix::param::{clock_ticks_per_second, page_size};

/// What `Process.GetProcessData` may ask for, by Mono's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ProcessData {
    NumThreads = 0,
    UserTime = 1,
    SystemTime = 2,
    TotalTime = 3,
    WorkingSet = 4,
    WorkingSetPeak = 5,
    PrivateBytes = 6,
    VirtualBytes = 7,
    VirtualBytesPeak = 8,
    Faults = 9,
    PpId = 11,
}

impl ProcessData {
    /// The kind with a number.
    #[must_use]
    pub fn from_number(number: i32) -> Option<ProcessData> {
        use ProcessData as Data;
        [
            Data::NumThreads,
            Data::UserTime,
            Data::SystemTime,
            Data::TotalTime,
            Data::WorkingSet,
            Data::WorkingSetPeak,
            Data::PrivateBytes,
            Data::VirtualBytes,
            Data::VirtualBytesPeak,
            Data::Faults,
            Data::PpId,
        ]
        .into_iter()
        .find(|&data| data as i32 == number)
    }
}

/// Times of a process in 100 ns ticks; the start as FILETIME.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessTimes {
    /// When it started.
    pub start: i64,
    /// Time in user mode.
    pub user: i64,
    /// Time in the kernel.
    pub kernel: i64,
}

/// Field `index` of `/proc/<pid>/stat` (proc(5), counted from 1, behind the name).
fn stat_field(pid: i32, index: usize) -> Option<i64> {
    let text = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold blanks and parentheses.
    let (_, rest) = text.rsplit_once(')')?;
    rest.split_ascii_whitespace()
        .nth(index.checked_sub(3)?)?
        .parse()
        .ok()
}

/// A line of `/proc/<pid>/status` in bytes.
fn status_bytes(pid: i32, key: &str) -> Option<i64> {
    let text = read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    let kilobytes: i64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

fn ticks(clock: i64) -> i64 {
    clock.saturating_mul(10_000_000) / i64::try_from(clock_ticks_per_second()).unwrap_or(100)
}

fn milliseconds(clock: i64) -> i64 {
    ticks(clock) / 10_000
}

/// One number about a process; times in milliseconds.
#[must_use]
pub fn process_data(pid: i32, data: ProcessData) -> Option<i64> {
    match data {
        ProcessData::NumThreads => stat_field(pid, 20),
        ProcessData::UserTime => stat_field(pid, 14).map(milliseconds),
        ProcessData::SystemTime => stat_field(pid, 15).map(milliseconds),
        ProcessData::TotalTime => Some(milliseconds(stat_field(pid, 14)? + stat_field(pid, 15)?)),
        ProcessData::WorkingSet => Some(stat_field(pid, 24)? * i64::try_from(page_size()).ok()?),
        ProcessData::WorkingSetPeak => status_bytes(pid, "VmHWM"),
        ProcessData::PrivateBytes => status_bytes(pid, "VmData"),
        ProcessData::VirtualBytes => stat_field(pid, 23),
        ProcessData::VirtualBytesPeak => status_bytes(pid, "VmPeak"),
        ProcessData::Faults => Some(stat_field(pid, 10)? + stat_field(pid, 12)?),
        ProcessData::PpId => stat_field(pid, 4),
    }
}

/// Start and running times.
#[must_use]
pub fn process_times(pid: i32) -> Option<ProcessTimes> {
    let boot = read_to_string("/proc/stat").ok()?;
    let boot: i64 = boot
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()?;
    Some(ProcessTimes {
        start: crate::time::UNIX_EPOCH_FILETIME + boot * 10_000_000 + ticks(stat_field(pid, 22)?),
        user: ticks(stat_field(pid, 14)?),
        kernel: ticks(stat_field(pid, 15)?),
    })
}

/// Numbers of all processes.
#[must_use]
pub fn process_ids() -> Vec<i32> {
    let Ok(entries) = read_dir("/proc") else {
        return Vec::new();
    };
    let mut ids: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    ids.sort_unstable();
    ids
}

/// Name of a process' program file, or what the kernel calls it.
#[must_use]
pub fn process_name(pid: i32) -> Option<String> {
    let file = read_link(format!("/proc/{pid}/exe")).ok();
    let name = file
        .as_ref()
        .and_then(|file| file.file_name())
        .map(|name| name.to_string_lossy().into_owned());
    name.or_else(|| {
        Some(
            read_to_string(format!("/proc/{pid}/comm"))
                .ok()?
                .trim_end()
                .to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_about_this_process() {
        let pid = std::process::id() as i32;
        assert!(process_ids().contains(&pid));
        assert!(process_name(pid).unwrap().contains("corlib"));
        assert!(process_data(pid, ProcessData::NumThreads).unwrap() >= 1);
        assert!(process_data(pid, ProcessData::WorkingSet).unwrap() > 4096);
        let peak = process_data(pid, ProcessData::WorkingSetPeak).unwrap();
        assert!(peak > 4096);
        let times = process_times(pid).unwrap();
        assert!((times.start - crate::time::system_filetime()).abs() < 864_000_000_000);
        assert_eq!(process_data(-5, ProcessData::PpId), None);
        assert_eq!(ProcessData::from_number(11), Some(ProcessData::PpId));
        assert_eq!(ProcessData::from_number(99), None);
    }
}
