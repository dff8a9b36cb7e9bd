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
        PageOwner::Block => {
            core.marks.clear_words(Core::granule_words(index));
            core.marked_lines.clear_words(Core::line_words(index));
        }
        PageOwner::Run(first) => core.marks.clear(first * GRANULES_PER_PAGE),
    });
}

/// Clears the marks of a marking across collections that will not be finished.
pub(crate) fn clear_major_marks(core: &Core, top: usize) {
    core.for_each_extent(top, |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            core.major_marks.clear_words(Core::granule_words(index));
            core.major_lines.clear_words(Core::line_words(index));
        }
        PageOwner::Run(first) => core.major_marks.clear(first * GRANULES_PER_PAGE),
    });
    core.major_dirty
        .clear_words(0..(top * (PAGE / LINE)).div_ceil(64));
}

/// What a sweep looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What has been allocated since the last collection.
    Young,
    /// Everything; the marks are those of the marking across collections.
    Flip,
    /// Everything.
    Full,
    /// Everything, and blocks with next to no holes are listed too.
    Thorough,
}

/// Frees all blocks and runs without a mark, and lists the blocks with holes.
/// What is left becomes old. `has_refs` tells about the object at an address.
pub(crate) fn sweep(
    core: &Core,
    space: &mut Space,
    scope: Scope,
    has_refs: impl Fn(usize) -> bool,
) {
    if scope == Scope::Young {
        space.keep_recycled(core);
    } else {
        space.clear_recycled();
    }
    let min_free = if scope == Scope::Thorough {
        1
    } else {
        MIN_FREE_LINES
    };
    core.for_each_extent(space.top(), |owner, index| match owner {
        PageOwner::Free => {}
        PageOwner::Block => {
            if scope == Scope::Young && !core.is_handed(index) {
                return;
            }
            core.reset_handed(index);
            if scope == Scope::Flip {
                let (granules, lines) = (Core::granule_words(index), Core::line_words(index));
                core.marks.copy_words(granules.clone(), &core.major_marks);
                core.major_marks.clear_words(granules);
                core.marked_lines
                    .copy_words(lines.clone(), &core.major_lines);
                core.major_lines.clear_words(lines);
            }
            let lines = index * LINES_PER_BLOCK..(index + 1) * LINES_PER_BLOCK;
            let used = core.marked_lines.count_range(lines);
            if used == 0 {
                core.starts.clear_words(Core::granule_words(index));
                core.lines.clear_words(Core::line_words(index));
                core.set_block_log(index);
                space.give_back(core, index * PAGES_PER_BLOCK, PAGES_PER_BLOCK);
                return;
            }
            core.starts
                .copy_words(Core::granule_words(index), &core.marks);
            core.lines
                .copy_words(Core::line_words(index), &core.marked_lines);
            core.set_block_log(index);
            if LINES_PER_BLOCK - used >= min_free {
                space.push_recycled(core, index);
            }
        }
        PageOwner::Run(first) => {
            let len = core.run_len(first);
            let head = first * GRANULES_PER_PAGE;
            if scope == Scope::Flip {
                if !core.major_marks.get(head) {
                    core.marks.clear(head);
                }
                core.major_marks.clear(head);
            }
            if !core.marks.get(head) {
                if !core.is_young_run(first) {
                    core.set_page_log(first, len, NOT_OLD);
                }
                space.give_back(core, first, len);
            } else if core.age_run(first)
                && core.is_generational()
                && has_refs(core.page_addr(first))
            {
                core.set_page_log(first, len, UNLOGGED);
            }
        }
    });
}
