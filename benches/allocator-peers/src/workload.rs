//! The requests: the same for every allocator.

use std::ptr::NonNull;

use rustix::time::{ClockId, clock_gettime};

use crate::allocators::{Arena, Heap};

/// CPU time of this thread in nanoseconds.
pub fn cpu_ns() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

/// xorshift64*: the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug)]
pub enum Sizes {
    Mixed,
    Uniform,
    Small,
}

impl Sizes {
    pub fn describe(self) -> &'static str {
        match self {
            Sizes::Mixed => "each power of two from 16 to 4096 as likely as the next",
            Sizes::Uniform => "1 to 1024",
            Sizes::Small => "multiples of 8 from 16 to 128",
        }
    }

    fn pick(self, random: &mut Random) -> usize {
        match self {
            Sizes::Small => 16 + 8 * random.below(15),
            Sizes::Mixed => {
                let base = 16 << random.below(8);
                base + random.below(base)
            }
            Sizes::Uniform => 1 + random.below(1024),
        }
    }
}

/// Frees of random allocations, each followed by an allocation of a random size.
pub struct Churn {
    heap: Box<dyn Heap>,
    sizes: Sizes,
    random: Random,
    live: Vec<(NonNull<u8>, usize)>,
    bytes: usize,
}

impl Churn {
    /// Fills to 75%, or as far as the allocator gets.
    pub fn new(mut heap: Box<dyn Heap>, sizes: Sizes, arena: usize) -> Churn {
        let mut random = Random(42);
        let (mut live, mut bytes) = (Vec::new(), 0);
        while bytes < arena / 4 * 3 {
            let size = sizes.pick(&mut random);
            let Some(payload) = heap.alloc(size) else {
                break;
            };
            live.push((payload, size));
            bytes += size;
        }
        if bytes < arena / 4 * 3 {
            // Full: some room to work in.
            for _ in 0..live.len() / 20 {
                let index = random.below(live.len());
                let (payload, size) = live.swap_remove(index);
                // SAFETY: a live allocation, forgotten here.
                unsafe { heap.free(payload, size) };
                bytes -= size;
            }
        }
        Churn {
            heap,
            sizes,
            random,
            live,
            bytes,
        }
    }

    /// Live bytes as a share of the arena.
    pub fn share(&self, arena: usize) -> f64 {
        self.bytes as f64 / arena as f64
    }

    /// Nanoseconds of a pair.
    pub fn round(&mut self, pairs: usize) -> f64 {
        // The cost of choosing is not the heap's.
        let choices: Vec<(usize, usize)> = (0..pairs)
            .map(|_| {
                (
                    self.random.below(self.live.len()),
                    self.sizes.pick(&mut self.random),
                )
            })
            .collect();
        let Churn {
            heap, live, bytes, ..
        } = self;
        let start = cpu_ns();
        heap.pairs(live, bytes, &choices);
        (cpu_ns() - start) / pairs as f64
    }
}

/// The pairs of a round, compiled for one allocator.
pub fn run_pairs<H: Heap>(
    heap: &mut H,
    live: &mut [(NonNull<u8>, usize)],
    bytes: &mut usize,
    choices: &[(usize, usize)],
) {
    for &(index, wanted) in choices {
        let (payload, old) = live[index];
        // SAFETY: a live allocation, replaced here.
        unsafe { heap.free(payload, old) };
        // Too fragmented for the new size: the old one always fits.
        let (payload, size) = match heap.alloc(wanted) {
            Some(payload) => (payload, wanted),
            None => (heap.alloc(old).expect("what was just freed"), old),
        };
        *bytes = *bytes - old + size;
        live[index] = (payload, size);
    }
}

/// Mean, smallest and largest of some values.
fn spread(values: &[f64]) -> (f64, f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let low = values.iter().copied().fold(f64::MAX, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    (mean, low, high)
}

/// Share of the arena that is live (bytes asked for) when an allocation first fails, with three
/// allocations for two frees of random allocations. Three seeds.
pub fn packing<H: Heap>(sizes: Sizes, arena: usize) -> (f64, f64, f64) {
    let shares: Vec<f64> = (1..=3)
        .map(|seed| {
            let mut random = Random(seed * 7919);
            let mut heap = H::new(Arena::new(arena));
            let mut live: Vec<(NonNull<u8>, usize)> = Vec::new();
            let mut bytes = 0;
            loop {
                if !live.is_empty() && random.below(5) < 2 {
                    let (payload, size) = live.swap_remove(random.below(live.len()));
                    // SAFETY: a live allocation, forgotten here.
                    unsafe { heap.free(payload, size) };
                    bytes -= size;
                } else {
                    let size = sizes.pick(&mut random);
                    let Some(payload) = heap.alloc(size) else {
                        break;
                    };
                    live.push((payload, size));
                    bytes += size;
                }
            }
            bytes as f64 / arena as f64
        })
        .collect();
    spread(&shares)
}

/// Nanoseconds for each object of a sweep that frees half of them.
pub fn sweep<H: Heap>(sizes: Sizes, arena: usize) -> (f64, f64, f64) {
    let times: Vec<f64> = (1..=3)
        .map(|seed| {
            let mut random = Random(seed * 104_729);
            let mut heap = H::new(Arena::new(arena));
            let (mut live, mut bytes) = (Vec::new(), 0);
            while bytes < arena * 6 / 10 {
                let size = sizes.pick(&mut random);
                let Some(payload) = heap.alloc(size) else {
                    break;
                };
                live.push((payload, size));
                bytes += size;
            }
            live.sort_unstable();
            let dead: Vec<(NonNull<u8>, usize)> = live
                .iter()
                .copied()
                .filter(|_| random.below(2) == 0)
                .collect();
            heap.before_sweep(&dead);
            let start = cpu_ns();
            // SAFETY: these are live allocations, and nothing is used afterwards.
            unsafe { heap.sweep(&dead) };
            (cpu_ns() - start) / live.len() as f64
        })
        .collect();
    spread(&times)
}
