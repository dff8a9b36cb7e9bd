//! Which pages of a reservation are free: a set of maximal free runs.

use std::collections::BTreeMap;

/// A run of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRun {
    /// First page.
    pub(crate) first: usize,
    /// Number of pages, at least one.
    pub(crate) count: usize,
}

/// From which end of the reservation a run is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The lowest run that is long enough.
    Low,
    /// The highest run that is long enough.
    High,
}

/// The free runs, keyed by first page. Two free runs never touch.
#[derive(Debug, Default)]
pub(crate) struct FreePages {
    runs: BTreeMap<usize, usize>,
    free: usize,
}

impl FreePages {
    pub(crate) fn new(run: PageRun) -> FreePages {
        let mut pages = FreePages::default();
        pages.give(run);
        pages
    }

    /// Free pages in all.
    pub(crate) fn free(&self) -> usize {
        self.free
    }

    /// Number of free runs.
    pub(crate) fn runs(&self) -> usize {
        self.runs.len()
    }

    /// Takes `count` pages, or `None` when no free run is long enough.
    pub(crate) fn take(&mut self, count: usize, end: End) -> Option<PageRun> {
        debug_assert!(count > 0);
        let fits = |run: &(&usize, &usize)| *run.1 >= count;
        let (first, len) = match end {
            End::Low => self.runs.iter().find(fits),
            End::High => self.runs.iter().rev().find(fits),
        }
        .map(|(first, len)| (*first, *len))?;
        self.runs.remove(&first);
        let rest = len - count;
        let taken = match end {
            End::Low => {
                if rest > 0 {
                    self.runs.insert(first + count, rest);
                }
                first
            }
            End::High => {
                if rest > 0 {
                    self.runs.insert(first, rest);
                }
                first + rest
            }
        };
        self.free -= count;
        Some(PageRun {
            first: taken,
            count,
        })
    }

    /// Gives a run back and joins it with its free neighbours.
    pub(crate) fn give(&mut self, run: PageRun) {
        let mut first = run.first;
        let mut count = run.count;
        if let Some((&before, &len)) = self.runs.range(..first).next_back() {
            assert!(before + len <= first, "pages were given back twice");
            if before + len == first {
                self.runs.remove(&before);
                first = before;
                count += len;
            }
        }
        if let Some((&after, &len)) = self.runs.range(run.first..).next() {
            assert!(
                run.first + run.count <= after,
                "pages were given back twice"
            );
            if run.first + run.count == after {
                self.runs.remove(&after);
                count += len;
            }
        }
        self.runs.insert(first, count);
        self.free += run.count;
    }
}

#[cfg(test)]
mod tests {
    use super::{End, FreePages, PageRun};
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    #[test]
    fn low_and_high_ends_meet() {
        let mut pages = FreePages::new(PageRun { first: 1, count: 9 });
        let low = pages.take(4, End::Low).unwrap();
        let high = pages.take(5, End::High).unwrap();
        assert_eq!(low, PageRun { first: 1, count: 4 });
        assert_eq!(high, PageRun { first: 5, count: 5 });
        assert_eq!(pages.take(1, End::Low), None);
        pages.give(low);
        pages.give(high);
        assert_eq!(pages.runs(), 1);
        assert_eq!(pages.free(), 9);
    }

    #[test]
    #[should_panic(expected = "given back twice")]
    fn double_free_is_noticed() {
        let mut pages = FreePages::new(PageRun { first: 0, count: 8 });
        let run = pages.take(3, End::Low).unwrap();
        pages.give(run);
        pages.give(run);
    }

    proptest! {
        /// Against a model: one bool for each page.
        #[test]
        fn agrees_with_a_bitmap(ops in prop::collection::vec((any::<bool>(), any::<bool>(), 1usize..9, any::<prop::sample::Index>()), 1..200)) {
            const N: usize = 64;
            let mut pages = FreePages::new(PageRun { first: 0, count: N });
            let mut used = [false; N];
            let mut live: Vec<PageRun> = Vec::new();
            for (take, low, count, index) in ops {
                if take || live.is_empty() {
                    let possible = used.windows(count).any(|w| w.iter().all(|u| !u));
                    let run = pages.take(count, if low { End::Low } else { End::High });
                    prop_assert_eq!(run.is_some(), possible);
                    if let Some(run) = run {
                        for page in &mut used[run.first..run.first + run.count] {
                            prop_assert!(!*page);
                            *page = true;
                        }
                        live.push(run);
                    }
                } else {
                    let run = live.swap_remove(index.index(live.len()));
                    used[run.first..run.first + run.count].fill(false);
                    pages.give(run);
                }
                prop_assert_eq!(pages.free(), used.iter().filter(|u| !**u).count());
                let runs = (0..N).filter(|&i| !used[i] && (i == 0 || used[i - 1])).count();
                prop_assert_eq!(pages.runs(), runs);
            }
        }
    }
}
