//! A picture of the heap: what each line is used for.

use super::Heap;
use crate::binding::VmBinding;
use crate::layout::{BLOCK, LARGE_OBJECT, LINE, LINES_PER_BLOCK, PAGE};
use crate::object::ObjectRef;
use crate::region::PageOwner;

/// What a line (128 bytes) is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LineUse {
    /// A free page that holds no memory.
    Free,
    /// A free page that is kept for the next cycle.
    Warm,
    /// Of a block of small objects, with no object in it.
    Hole,
    /// Holds objects since the last collection.
    Young,
    /// Holds an object that survived a collection.
    Old,
    /// Of an object in pages of its own, since the last collection.
    YoungRun,
    /// Of an object in pages of its own that survived a collection.
    OldRun,
    /// Of an object of 85,000 bytes or more.
    Large,
}

/// An object, as [`Heap::picture`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct PicturedObject {
    /// The object.
    pub object: ObjectRef,
    /// Bytes that it takes in the heap.
    pub bytes: usize,
    /// Whether it survived a collection; large objects always count as such.
    pub old: bool,
}

/// The heap at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeapPicture {
    /// Each line from the heap's start to the last page ever used, 256 lines to a block.
    pub lines: Vec<LineUse>,
    /// Blocks of small objects.
    pub blocks: usize,
    /// Objects in pages of their own.
    pub runs: usize,
    /// Objects, dead ones that have not been collected yet included.
    pub objects: u64,
    /// Their bytes.
    pub object_bytes: usize,
    /// Objects that survived a collection.
    pub old_objects: u64,
    /// Their bytes.
    pub old_bytes: usize,
    /// Bytes of pages in use, and of the collector's tables.
    pub used_bytes: usize,
    /// Bytes of pages that the process holds for the heap, used or kept warm.
    pub resident_bytes: usize,
    /// The hard limit.
    pub max_bytes: usize,
}

impl HeapPicture {
    /// Lines of a use.
    pub fn count(&self, what: LineUse) -> usize {
        self.lines.iter().filter(|&&line| line == what).count()
    }

    /// The share of the blocks' lines that hold no object: 0 is packed, 1 is empty.
    pub fn fragmentation(&self) -> f64 {
        match self.blocks * LINES_PER_BLOCK {
            0 => 0.0,
            lines => self.count(LineUse::Hole) as f64 / lines as f64,
        }
    }

    /// Lengths of the runs of holes in blocks, in lines: how many there are of 1, of 2 to 3, of 4
    /// to 7 lines and so on, up to a whole block.
    pub fn holes(&self) -> [usize; 9] {
        let mut counts = [0; 9];
        for block in self.lines.chunks(LINES_PER_BLOCK) {
            for hole in block.split(|&line| line != LineUse::Hole) {
                if !hole.is_empty() {
                    counts[hole.len().ilog2() as usize] += 1;
                }
            }
        }
        counts
    }
}

impl<B: VmBinding> Heap<B> {
    /// Stops the world and takes a picture; calls `each` with every object, dead ones that have
    /// not been collected yet included. `each` must not allocate in this heap.
    pub fn picture(&self, mut each: impl FnMut(PicturedObject)) -> HeapPicture {
        self.with_stopped_world(|heap, top| {
            let core = &heap.core;
            let lines_per_page = PAGE / LINE;
            let (used_bytes, resident_bytes, mut lines) = {
                // Guards the bits of free pages.
                let space = heap.space.lock();
                let lines = (0..top * lines_per_page)
                    .map(|line| {
                        let page = line / lines_per_page;
                        match (core.owner(page), core.dirty.get(page)) {
                            (PageOwner::Block, _) => LineUse::Hole,
                            (PageOwner::Free, false) => LineUse::Free,
                            (PageOwner::Free, true) => LineUse::Warm,
                            (PageOwner::Run(_), _) => LineUse::YoungRun,
                        }
                    })
                    .collect::<Vec<_>>();
                (space.used_bytes(), space.resident_bytes(), lines)
            };
            let mut picture = HeapPicture {
                lines: Vec::new(),
                blocks: 0,
                runs: 0,
                objects: 0,
                object_bytes: 0,
                old_objects: 0,
                old_bytes: 0,
                used_bytes,
                resident_bytes,
                max_bytes: core.max_bytes,
            };
            let mut note = |object: ObjectRef, bytes: usize, old: bool| {
                picture.objects += 1;
                picture.object_bytes += bytes;
                picture.old_objects += u64::from(old);
                picture.old_bytes += if old { bytes } else { 0 };
                each(PicturedObject { object, bytes, old });
            };
            let (mut blocks, mut runs) = (0, 0);
            core.for_each_extent(top, |owner, index| match owner {
                PageOwner::Free => {}
                PageOwner::Block => {
                    blocks += 1;
                    core.ensure_walked(&heap.binding, index);
                    core.for_each_start(index, |object| {
                        // SAFETY: a start is an object whose header has been stored.
                        let bytes = unsafe { core.size_of(&heap.binding, object) };
                        let old = core.plane().marks.get(core.granule(object.addr()));
                        let first = (object.addr() - core.base) / LINE;
                        let last = (object.addr() - core.base + bytes - 1) / LINE;
                        let kind = if old { LineUse::Old } else { LineUse::Young };
                        for line in lines.get_mut(first..=last).unwrap_or_default() {
                            // An old object keeps the whole line.
                            if *line != LineUse::Old {
                                *line = kind;
                            }
                        }
                        note(object, bytes, old);
                    });
                }
                PageOwner::Run(first) => {
                    let addr = core.page_addr(first);
                    let Some(object) =
                        ObjectRef::from_addr(addr).filter(|_| core.header(addr) != 0)
                    else {
                        return;
                    };
                    runs += 1;
                    let pages = core.run_len(first);
                    let bytes = pages * PAGE;
                    let large = bytes >= LARGE_OBJECT;
                    let old = large || core.plane().marks.get(core.granule(addr));
                    let kind = match (large, old) {
                        (true, _) => LineUse::Large,
                        (false, true) => LineUse::OldRun,
                        (false, false) => LineUse::YoungRun,
                    };
                    lines[first * lines_per_page..][..pages * lines_per_page].fill(kind);
                    note(object, bytes, old);
                }
            });
            // The last block is drawn whole.
            lines.resize(lines.len().next_multiple_of(BLOCK / LINE), LineUse::Free);
            HeapPicture {
                lines,
                blocks,
                runs,
                ..picture
            }
        })
    }
}
