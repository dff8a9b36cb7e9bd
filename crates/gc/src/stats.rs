//! What collections report.

use core::fmt;
use core::time::Duration;

/// Why a collection ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The program asked.
    Requested,
    /// The allocation budget was used up.
    Budget,
    /// An allocation did not fit under the limit.
    Limit,
    /// Stress mode.
    Stress,
}

impl Reason {
    fn name(self) -> &'static str {
        match self {
            Reason::Requested => "requested",
            Reason::Budget => "budget",
            Reason::Limit => "limit",
            Reason::Stress => "stress",
        }
    }
}

/// One collection, in numbers. `Display` is a line of a GC log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectionRecord {
    /// Counts from 1.
    pub number: u64,
    /// The oldest generation collected.
    pub generation: u8,
    /// Why it ran.
    pub reason: Reason,
    /// From the request until the mutators were stopped.
    pub stop: Duration,
    /// While the mutators were stopped.
    pub pause: Duration,
    /// CPU time that the collecting thread used meanwhile.
    pub cpu: Duration,
    /// The part of the pause that found roots and marked.
    pub mark: Duration,
    /// The part of `mark` that went to the marking of old objects across
    /// collections.
    pub major: Duration,
    /// The part of the pause that swept.
    pub sweep: Duration,
    /// Bytes in objects before.
    pub bytes_before: usize,
    /// Bytes in objects that survived.
    pub bytes_after: usize,
    /// Objects marked by this collection.
    pub marked_objects: u64,
    /// Bytes of the objects marked by this collection.
    pub marked_bytes: usize,
    /// Objects handed to the finalizer queue.
    pub finalizable: usize,
    /// Weak handles cleared.
    pub cleared_handles: usize,
    /// Bytes of pages in use, and of the collector's tables, afterwards.
    pub used_bytes: usize,
    /// Bytes of pages that the process holds for the heap, used or kept warm.
    pub resident_bytes: usize,
    /// Whether the mark stack ran full, so that marked objects had to be
    /// scanned again.
    pub mark_stack_overflowed: bool,
}

impl fmt::Display for CollectionRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: usize| bytes as f64 / (1 << 20) as f64;
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "gc {} gen{} {}: {:.1} -> {:.1} MiB, pause {:.3} ms (mark {:.3}, of it old {:.3}, sweep {:.3}, stop {:.3}, cpu {:.3}), \
             {} objects marked, used {:.1} MiB, resident {:.1} MiB",
            self.number,
            self.generation,
            self.reason.name(),
            mib(self.bytes_before),
            mib(self.bytes_after),
            ms(self.pause),
            ms(self.mark),
            ms(self.major),
            ms(self.sweep),
            ms(self.stop),
            ms(self.cpu),
            self.marked_objects,
            mib(self.used_bytes),
            mib(self.resident_bytes),
        )?;
        if self.finalizable != 0 {
            write!(f, ", {} to finalize", self.finalizable)?;
        }
        if self.cleared_handles != 0 {
            write!(f, ", {} weak handles cleared", self.cleared_handles)?;
        }
        if self.mark_stack_overflowed {
            write!(f, ", mark stack overflowed")?;
        }
        Ok(())
    }
}

/// Totals over the life of a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapStats {
    /// Collections of generation 0, 1 and 2 or older, as `GC.CollectionCount`
    /// counts them: a full collection counts in each.
    pub collections: [u64; 3],
    /// Bytes handed to mutators, ever.
    pub allocated_bytes: u64,
    /// Bytes in objects now (buffers count as full).
    pub used_bytes: usize,
    /// Time mutators were stopped, in sum.
    pub total_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Bytes of pages in use, and of the collector's tables.
    pub committed_bytes: usize,
    /// The configured maximum.
    pub max_bytes: usize,
}
