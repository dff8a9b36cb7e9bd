//! Pools: memory with the lifetime of its owner.
//!
//! A runtime keeps what it knows about an image, a set of images or a domain in one pool each, and frees
//! all of it at once. See [`Mempool`] (one thread) and [`SharedMempool`] (several).

mod block;
mod shared;
mod single;
mod values;
mod zeroable;

pub use shared::SharedMempool;
pub use single::Mempool;
pub use zeroable::Zeroable;

use block::{BlockList, HEADER};
use core::sync::atomic::Ordering;

/// The system has no memory for a pool to grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocError;

impl core::fmt::Display for AllocError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the system has no memory for the pool to grow")
    }
}

impl core::error::Error for AllocError {}

/// Bytes of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Blocks taken from the system.
    pub blocks: usize,
    /// Bytes of those blocks.
    pub reserved: usize,
    /// Bytes handed out, with what alignment took.
    pub used: usize,
    /// Bytes that the current block still has.
    pub free: usize,
    /// Bytes of block headers and the unused ends of full blocks.
    pub wasted: usize,
}

impl PoolStats {
    fn of(blocks: &BlockList, room: usize) -> PoolStats {
        let mut stats = PoolStats::default();
        for block in blocks.iter() {
            stats.blocks += 1;
            stats.reserved += block.size();
            stats.used += block.used.load(Ordering::Relaxed) - HEADER;
        }
        // With other threads allocating, the numbers may be of slightly different moments.
        stats.free = room.min(stats.reserved.saturating_sub(stats.used));
        stats.wasted = stats.reserved.saturating_sub(stats.used + stats.free);
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::{Mempool, PoolStats, SharedMempool};
    use core::alloc::Layout;
    use core::sync::atomic::AtomicU32;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use std::vec::Vec;

    #[test]
    fn an_unused_pool_takes_nothing() {
        assert_eq!(Mempool::new(8192).stats(), PoolStats::default());
        assert_eq!(SharedMempool::new(8192).stats(), PoolStats::default());
    }

    #[test]
    fn values_stay_where_they_are() {
        let pool = Mempool::new(0);
        let mut numbers: Vec<&mut u64> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for i in 0..10_000u64 {
            numbers.push(pool.alloc(i));
            names.push(pool.alloc_str(&std::format!("name {i}")));
        }
        for (i, (number, name)) in numbers.iter().zip(&names).enumerate() {
            assert_eq!(**number, i as u64);
            assert_eq!(*name, std::format!("name {i}"));
        }
        let stats = pool.stats();
        assert!(stats.blocks > 3 && stats.blocks < 30, "{stats:?}");
        assert!(stats.wasted < stats.reserved / 20, "{stats:?}");
    }

    #[test]
    fn slices_strings_and_zeroed_values() {
        let pool = SharedMempool::new(512);
        assert_eq!(pool.alloc_slice_copy(&[1u16, 2, 3]), &[1, 2, 3]);
        assert_eq!(pool.alloc_slice_with(3, |i| i * i), &[0, 1, 4]);
        assert_eq!(pool.alloc_slice_copy::<u8>(&[]), &[] as &[u8]);
        assert_eq!(pool.alloc_str(""), "");
        assert_eq!(pool.alloc_zeroed::<[u32; 5]>(), &[0; 5]);
        assert!(
            pool.alloc_slice_zeroed::<*const u8>(9)
                .iter()
                .all(|p| p.is_null())
        );
        assert_eq!(*pool.alloc(AtomicU32::new(7)).get_mut(), 7);
        pool.alloc(());
    }

    #[test]
    fn a_large_request_leaves_the_current_block_in_use() {
        let pool = Mempool::new(1024);
        pool.alloc(1u64);
        let free = pool.stats().free;
        pool.alloc_layout(Layout::from_size_align(100_000, 64).unwrap());
        let stats = pool.stats();
        assert_eq!((stats.blocks, stats.free), (2, free));
    }

    #[test]
    #[cfg_attr(miri, ignore = "an allocation that is too large ends Miri")]
    fn an_absurd_size_is_an_error() {
        let layout = Layout::from_size_align(isize::MAX as usize - 64, 8).unwrap();
        let pool = Mempool::new(512);
        pool.try_alloc_layout(layout).unwrap_err();
        assert_eq!(pool.stats().blocks, 0);
        SharedMempool::new(512)
            .try_alloc_layout(layout)
            .unwrap_err();
    }

    #[test]
    fn threads_never_share_memory() {
        const THREADS: usize = 4;
        const EACH: usize = if cfg!(miri) { 100 } else { 20_000 };
        let pool = SharedMempool::new(512);
        let mut taken: Vec<(usize, usize)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let pool = &pool;
                    scope.spawn(move || {
                        let mut mine: Vec<&mut [usize]> = Vec::new();
                        for i in 0..EACH {
                            mine.push(pool.alloc_slice_with(1 + i % 7, |_| thread << 32 | i));
                        }
                        for (i, slice) in mine.iter().enumerate() {
                            assert!(slice.iter().all(|value| *value == (thread << 32 | i)));
                        }
                        mine.iter()
                            .map(|slice| (slice.as_ptr().addr(), size_of_val(&**slice)))
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        taken.sort_unstable();
        assert!(
            taken
                .windows(2)
                .all(|pair| pair[0].0 + pair[0].1 <= pair[1].0)
        );
        let stats = pool.stats();
        assert_eq!(stats.used, taken.iter().map(|(_, len)| len).sum::<usize>());
        assert!(stats.wasted < stats.reserved / 10, "{stats:?}");
    }

    /// What any pool must do: aligned, apart, counted.
    fn check(
        requests: &[(usize, u32)],
        alloc: impl Fn(Layout) -> core::ptr::NonNull<u8>,
        stats: impl Fn() -> PoolStats,
    ) -> Result<(), proptest::test_runner::TestCaseError> {
        let mut taken: Vec<(usize, usize)> = Vec::new();
        let mut asked = 0;
        for &(size, align) in requests {
            let layout = Layout::from_size_align(size, 1 << align).unwrap();
            let start = alloc(layout);
            prop_assert!(start.addr().get().is_multiple_of(layout.align()));
            // SAFETY: the pool gave this many bytes.
            unsafe { start.write_bytes(0xaa, size) };
            if size > 0 {
                prop_assert!(start.addr().get().is_multiple_of(8));
                taken.push((start.addr().get(), size));
                asked += size;
            }
        }
        taken.sort_unstable();
        prop_assert!(
            taken
                .windows(2)
                .all(|pair| pair[0].0 + pair[0].1 <= pair[1].0)
        );
        let stats = stats();
        prop_assert!(stats.used >= asked);
        prop_assert_eq!(stats.reserved, stats.used + stats.free + stats.wasted);
        Ok(())
    }

    proptest! {
        #[test]
        fn any_layout_works(requests in prop::collection::vec((0usize..3000, 0u32..13), 0..200), initial in 0usize..4000) {
            let pool = Mempool::new(initial);
            check(&requests, |layout| pool.alloc_layout(layout), || pool.stats())?;
            let pool = SharedMempool::new(initial);
            check(&requests, |layout| pool.alloc_layout_zeroed(layout), || pool.stats())?;
        }
    }
}
