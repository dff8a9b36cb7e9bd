//! Measures the heap (a free and an allocation, packing, sweep) and the pools. Run with `--release`.
//!
//! `cargo run --release -p ferrocil-alloc --example heap_measure`

use std::ptr::NonNull;
use std::time::Instant;

use ferrocil_alloc::heap::{AllocType, Colour, Compact, HeaderLayout, Heap, Sweep, Wide};
use ferrocil_alloc::mempool::{Mempool, SharedMempool};

const ARENA: usize = 16 << 20;
const TYPE: AllocType = AllocType::new(1).unwrap();

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
enum Sizes {
    /// Objects of a managed program: 16 to 128.
    Small,
    /// Each power of two from 16 to 4096 as likely as the next.
    Mixed,
    /// 1 to 1024, all alike.
    Uniform,
}

impl Sizes {
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

fn heap<L: HeaderLayout>() -> Heap<'static, L> {
    Heap::with_capacity(ARENA).expect("16 MiB")
}

/// Fills to `share` of the arena.
fn fill<L: HeaderLayout>(
    heap: &mut Heap<'_, L>,
    sizes: Sizes,
    share: f64,
    random: &mut Random,
) -> Vec<(NonNull<u8>, u32)> {
    let mut live = Vec::new();
    let mut bytes = 0;
    while (bytes as f64) < ARENA as f64 * share {
        let size = sizes.pick(random);
        let payload = heap.try_alloc(size, TYPE).expect("not yet full");
        live.push((payload, size as u32));
        bytes += size;
    }
    live
}

/// Nanoseconds for freeing a random allocation and making one of a random size, at 75% live.
fn churn<L: HeaderLayout>(sizes: Sizes, later: bool) -> f64 {
    const ROUNDS: usize = 300;
    const PAIRS: usize = 20_000;
    let mut random = Random(42);
    let mut heap = heap::<L>();
    let mut live = fill(&mut heap, sizes, 0.75, &mut random);
    // The cost of choosing is not the heap's: the choices are made before.
    let mut round = |pairs: usize| {
        let choices: Vec<(u32, u32)> = (0..pairs)
            .map(|_| {
                (
                    random.below(live.len()) as u32,
                    sizes.pick(&mut random) as u32,
                )
            })
            .collect();
        let mut failed = 0;
        let start = Instant::now();
        for &(index, size) in &choices {
            let slot = &mut live[index as usize];
            // SAFETY: a live allocation, replaced here.
            unsafe {
                if later {
                    heap.free_later(slot.0);
                } else {
                    heap.free(slot.0);
                }
            }
            let payload = heap.try_alloc(size as usize, TYPE).or_else(|| {
                // Too fragmented: the old size always fits.
                failed += 1;
                heap.try_alloc(slot.1 as usize, TYPE)
            });
            slot.0 = payload.expect("the block just freed is large enough");
            slot.1 = size.min(slot.1.max(size));
        }
        let nanoseconds = start.elapsed().as_nanos() as f64 / pairs as f64;
        assert!(failed < pairs / 100, "{failed} of {pairs} failed");
        nanoseconds
    };
    // The first rounds bring the heap to its steady state; of the others the least disturbed counts.
    let all: Vec<f64> = (0..ROUNDS).map(|_| round(PAIRS)).collect();
    let best = all[50..].iter().copied().fold(f64::MAX, f64::min);
    heap.check().expect("the heap is intact");
    best
}

/// Share of the arena that is live (payload bytes asked for; whole blocks) when an allocation first
/// fails, with three allocations for two frees of random allocations.
fn packing<L: HeaderLayout>(sizes: Sizes) -> (f64, f64) {
    let mut payload_share = 0.0;
    let mut block_share = 0.0;
    const SEEDS: u64 = 5;
    for seed in 1..=SEEDS {
        let mut random = Random(seed * 7919);
        let mut heap = heap::<L>();
        let mut live: Vec<(NonNull<u8>, usize)> = Vec::new();
        let mut bytes = 0;
        loop {
            if !live.is_empty() && random.below(5) < 2 {
                let (payload, size) = live.swap_remove(random.below(live.len()));
                // SAFETY: a live allocation, forgotten here.
                unsafe { heap.free(payload) };
                bytes -= size;
            } else {
                let size = sizes.pick(&mut random);
                let Some(payload) = heap.try_alloc(size, TYPE) else {
                    break;
                };
                live.push((payload, size));
                bytes += size;
            }
        }
        payload_share += bytes as f64 / ARENA as f64 / SEEDS as f64;
        block_share += heap.stats().used as f64 / ARENA as f64 / SEEDS as f64;
    }
    (payload_share, block_share)
}

/// Nanoseconds for each object of a sweep that frees `dead` of ten objects.
fn sweep<L: HeaderLayout>(sizes: Sizes, dead: usize) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let mut random = Random(7);
        let mut heap = heap::<L>();
        let live = fill(&mut heap, sizes, 0.6, &mut random);
        for (payload, _) in &live {
            if random.below(10) >= dead {
                // SAFETY: a live allocation.
                unsafe { heap.set_colour(*payload, Colour::BLACK) };
            }
        }
        let start = Instant::now();
        // SAFETY: nothing is used afterwards.
        let report = unsafe {
            heap.sweep(|_, _, allocation| match allocation.colour {
                Colour::WHITE => Sweep::Free,
                _ => Sweep::Keep(Colour::WHITE),
            })
        };
        let nanoseconds = start.elapsed().as_nanos() as f64 / live.len() as f64;
        assert_eq!(report.kept + report.freed, live.len());
        best = best.min(nanoseconds);
    }
    best
}

fn report<L: HeaderLayout>(name: &str) {
    println!("{name} layout, 16 MiB arena");
    for sizes in [Sizes::Small, Sizes::Mixed, Sizes::Uniform] {
        let (payload, block) = packing::<L>(sizes);
        println!(
            "  {sizes:?}: free+alloc {:.1} ns, free_later+alloc {:.1}; live at first failure {payload:.3} (with headers {block:.3}); \
             sweep {:.1} ns/object (half dead), {:.1} (all dead)",
            churn::<L>(sizes, false),
            churn::<L>(sizes, true),
            sweep::<L>(sizes, 5),
            sweep::<L>(sizes, 10),
        );
    }
}

/// Nanoseconds for an allocation of 24 bytes, page faults and freeing included: one pool, a shared pool by
/// one thread, by two.
fn pools() -> [f64; 3] {
    const COUNT: usize = 1_000_000;
    let mut best = [f64::MAX; 3];
    for _ in 0..5 {
        let rounds: [&dyn Fn(); 3] = [
            &|| {
                let pool = Mempool::new(8192);
                for i in 0..COUNT as u64 {
                    std::hint::black_box(pool.alloc([i; 3]));
                }
            },
            &|| {
                let pool = SharedMempool::new(8192);
                for i in 0..COUNT as u64 {
                    std::hint::black_box(pool.alloc([i; 3]));
                }
            },
            &|| {
                let pool = SharedMempool::new(8192);
                std::thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| {
                            for i in 0..COUNT as u64 / 2 {
                                std::hint::black_box(pool.alloc([i; 3]));
                            }
                        });
                    }
                });
            },
        ];
        for (round, best) in rounds.iter().zip(&mut best) {
            let start = Instant::now();
            round();
            *best = best.min(start.elapsed().as_nanos() as f64 / COUNT as f64);
        }
    }
    best
}

fn main() {
    let [single, shared, two] = pools();
    println!("pool: {single:.1} ns; shared {shared:.1} ns, by two threads {two:.1} ns");
    report::<Compact>("compact");
    report::<Wide>("wide");
}
