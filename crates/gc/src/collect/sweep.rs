//! Sweeping: what is not marked becomes free space.

use crate::layout::{GRANULES_PER_PAGE, LINES_PER_BLOCK, PAGES_PER_BLOCK};
use crate::region::{Core, PageOwner};
use crate::space::Space;

/// Blocks with fewer free lines are left alone, unless memory is short: a trip
/// to the lock costs more than the space is worth.
const MIN_FREE_LINES: usize = 4;

/// Clears the marks of everything.
pub(crate) fn clear_marks(core: &Core, top: usize) {
    core.for_each_extent(top, |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            core.marks.clear_words(Core::granule_words(index));
            core.marked_lines.clear_words(Core::line_words(index));
        }
        PageOwner::Run(first) => core.marks.clear(first * GRANULES_PER_PAGE),
    });
}

/// Frees all blocks and runs without a mark, and lists the blocks with holes.
/// `thorough` lists also those with next to none.
pub(crate) fn sweep(core: &Core, space: &mut Space, thorough: bool) {
    space.clear_recycled();
    let min_free = if thorough { 1 } else { MIN_FREE_LINES };
    core.for_each_extent(space.top(), |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            core.reset_handed(index);
            let lines = index * LINES_PER_BLOCK..(index + 1) * LINES_PER_BLOCK;
            let used = core.marked_lines.count_range(lines);
            if used == 0 {
                core.starts.clear_words(Core::granule_words(index));
                core.lines.clear_words(Core::line_words(index));
                space.give_back(core, index * PAGES_PER_BLOCK, PAGES_PER_BLOCK);
                return;
            }
            core.starts
                .copy_words(Core::granule_words(index), &core.marks);
            core.lines
                .copy_words(Core::line_words(index), &core.marked_lines);
            if LINES_PER_BLOCK - used >= min_free {
                space.push_recycled(core, index);
            }
        }
        PageOwner::Run(first) => {
            if !core.marks.get(first * GRANULES_PER_PAGE) {
                space.give_back(core, first, core.run_len(first));
            }
        }
    });
}
