//! Clocks and the local time zone, in the units managed code expects.

pub(crate) mod icalls;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// 1970-01-01 as FILETIME: 100 ns intervals since 1601-01-01.
pub const UNIX_EPOCH_FILETIME: i64 = 116_444_736_000_000_000;

/// Now as FILETIME (`DateTime.GetSystemTimeAsFileTime`), in whole microseconds.
#[must_use]
pub fn system_filetime() -> i64 {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX / 10),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX / 10),
    };
    micros
        .saturating_mul(10)
        .saturating_add(UNIX_EPOCH_FILETIME)
}

/// A monotonic clock in 100 ns ticks. `Stopwatch.GetTimestamp` counts from system
/// start, so it reads the system's clock; no origin of ours is needed.
#[must_use]
pub fn monotonic_ticks() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 10_000_000 + now.tv_nsec / 100
}

/// Milliseconds since the system started, wrapping like `Environment.TickCount`. The
/// coarse clock is enough (it steps with the kernel's timer) and three times as fast.
#[must_use]
pub fn tick_count() -> i32 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    (now.tv_sec * 1000 + now.tv_nsec / 1_000_000) as i32
}

/// A point from which a wait's timeout is measured.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// `milliseconds` from now; negative means never (`Timeout.Infinite`).
    #[must_use]
    pub fn after(milliseconds: i32) -> Deadline {
        let duration = u64::try_from(milliseconds)
            .ok()
            .map(std::time::Duration::from_millis);
        Deadline(duration.map(|duration| Instant::now() + duration))
    }

    /// The instant, `None` for never.
    #[must_use]
    pub fn instant(self) -> Option<Instant> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_run_forward() {
        let (a, b) = (monotonic_ticks(), monotonic_ticks());
        assert!(b >= a && a > 0);
        // 2020-01-01 as FILETIME.
        assert!(system_filetime() > 132_223_104_000_000_000);
        assert_eq!(system_filetime() % 10, 0);
    }

    #[test]
    fn negative_timeouts_never_end() {
        assert!(Deadline::after(-1).instant().is_none());
        assert!(Deadline::after(5).instant().unwrap() > Instant::now());
    }
}
