//! Sweeping: what is not marked becomes free space.

use crate::layout::{GRANULES_PER_PAGE, LINE, LINES_PER_BLOCK, PAGE, PAGES_PER_BLOCK};
use crate::region::{Core, NOT_OLD, PageOwner, UNLOGGED};
use crate::space::Space;

/// Blocks with fewer free lines are left alone, unless memory is short: a trip
/// to the lock costs more than the space is worth.
const MIN_FREE_LINES: usize = 4;

/// Clears the marks of everything.
pub(crate) fn clear_marks(core: &Core, top: usize) {
    core.for_each_extent(top, |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => core.plane().clear_block(index),
        PageOwner::Run(first) => core.plane().marks.clear(first * GRANULES_PER_PAGE),
    });
}

/// Clears the marks of a marking across collections that will not be finished.
pub(crate) fn clear_major_marks(core: &Core, top: usize) {
    core.for_each_extent(top, |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => core.major_plane().clear_block(index),
        PageOwner::Run(first) => core.major_plane().marks.clear(first * GRANULES_PER_PAGE),
    });
    core.major_dirty
        .clear_words(0..(top * (PAGE / LINE)).div_ceil(64));
}

/// What a sweep looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What has been allocated since the last collection.
    Young,
    /// The same now, everything else later: see [`sweep_some`]. The marks are
    /// those of the marking across collections.
    Flip,
    /// Everything.
    Full,
    /// Everything, and blocks with next to no holes are listed too.
    Thorough,
}

/// Frees all blocks and runs without a mark, and lists the blocks with holes.
/// What is left becomes old. `has_refs` tells about the object at an address.
/// The world is stopped, and nothing is unswept.
pub(crate) fn sweep(
    core: &Core,
    space: &mut Space,
    scope: Scope,
    has_refs: impl Fn(usize) -> bool,
) {
    let settle = |space: &mut Space, owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            core.reset_handed(index);
            let min_free = match scope {
                Scope::Thorough => 1,
                _ => MIN_FREE_LINES,
            };
            settle_block(core, space, index, min_free);
            core.set_block_log(index);
        }
        PageOwner::Run(first) => {
            let len = core.run_len(first);
            if !core.plane().marks.get(first * GRANULES_PER_PAGE) {
                free_run(core, space, first);
            } else if core.age_run(first)
                && core.is_generational()
                && has_refs(core.page_addr(first))
            {
                core.set_page_log(first, len, UNLOGGED);
            }
        }
    };
    let top = space.top();
    match scope {
        Scope::Young => {
            space.keep_recycled(core);
            for_each_opened(core, top, |owner, index| {
                if owner == PageOwner::Block {
                    core.touch_major(index);
                }
                settle(space, owner, index);
            });
        }
        Scope::Flip => {
            core.swap_planes();
            space.clear_recycled();
            space.begin_sweep(core);
            for_each_opened(core, top, |owner, index| {
                forget_old_marks(core, owner, index);
                settle(space, owner, index);
            });
        }
        Scope::Full | Scope::Thorough => {
            space.clear_recycled();
            core.for_each_extent(top, |owner, index| settle(space, owner, index));
        }
    }
    core.opened.clear_words(0..top.div_ceil(64));
}

/// Goes on with the sweep of [`Scope::Flip`] for about `count` blocks and runs.
/// Returns whether there are more. Mutators may be running: nobody allocates in
/// what is unswept, and of its log only lines without a live object change.
pub(crate) fn sweep_some(core: &Core, space: &mut Space, count: usize) -> bool {
    for _ in 0..count {
        let Some(page) = space.next_unswept(core) else {
            return false;
        };
        let owner = core.owner(page);
        let index = page / PAGES_PER_BLOCK;
        forget_old_marks(core, owner, index);
        match owner {
            PageOwner::Free => {}
            PageOwner::Block => {
                settle_block(core, space, index, MIN_FREE_LINES);
                core.trim_block_log(index);
            }
            PageOwner::Run(first) => {
                if !core.plane().marks.get(first * GRANULES_PER_PAGE) {
                    free_run(core, space, first);
                }
            }
        }
    }
    space.is_sweeping()
}

fn for_each_opened(core: &Core, top: usize, mut each: impl FnMut(PageOwner, usize)) {
    let mut next = core.opened.first_set(0..top);
    while let Some(page) = next {
        each(core.owner(page), page / PAGES_PER_BLOCK);
        next = core.opened.first_set(page + 1..top);
    }
}

/// After the planes have changed places: the older marks of a block (by its
/// index) or run are not needed any more, and it counts as swept.
fn forget_old_marks(core: &Core, owner: PageOwner, index: usize) {
    match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            core.major_plane().clear_block(index);
            let first = index * PAGES_PER_BLOCK;
            core.unswept.clear_range(first..first + PAGES_PER_BLOCK);
        }
        PageOwner::Run(first) => {
            core.major_plane().marks.clear(first * GRANULES_PER_PAGE);
            core.unswept.clear_range(first..first + core.run_len(first));
        }
    }
}

/// Frees a block without a mark; lists one with holes. The log is the caller's.
fn settle_block(core: &Core, space: &mut Space, block: usize, min_free: usize) {
    let plane = core.plane();
    let lines = block * LINES_PER_BLOCK..(block + 1) * LINES_PER_BLOCK;
    let used = plane.lines.count_range(lines);
    core.lines.copy_words(Core::line_words(block), &plane.lines);
    if used == 0 {
        core.starts.clear_words(Core::granule_words(block));
        space.give_back(core, block * PAGES_PER_BLOCK, PAGES_PER_BLOCK);
        return;
    }
    core.starts
        .copy_words(Core::granule_words(block), &plane.marks);
    if LINES_PER_BLOCK - used >= min_free {
        space.push_recycled(core, block);
    }
}

fn free_run(core: &Core, space: &mut Space, first: usize) {
    let len = core.run_len(first);
    if !core.is_young_run(first) {
        core.set_page_log(first, len, NOT_OLD);
    }
    space.give_back(core, first, len);
}
