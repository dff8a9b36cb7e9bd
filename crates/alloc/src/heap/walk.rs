//! Walking a heap from end to end.

use core::ptr::NonNull;

use super::Heap;
use super::header::{AllocType, Colour, Header, HeaderLayout};
use super::region::Region;

/// A block of a heap, in use or free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where its bytes start: what [`Heap::try_alloc`] gave.
    pub payload: NonNull<u8>,
    /// How many bytes there are: at least what was asked for.
    pub bytes: usize,
    /// Whether it is in use, and by what.
    pub state: BlockState,
}

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockState {
    /// Free; its neighbours are in use.
    Free,
    /// An allocation.
    Used(Allocation),
}

/// What the heap keeps about an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// How it is to be scanned.
    pub ty: AllocType,
    /// The collector's two bits.
    pub colour: Colour,
    /// It is never freed.
    pub permanent: bool,
}

impl Allocation {
    pub(super) fn of(header: Header) -> Allocation {
        Allocation {
            ty: header.ty(),
            colour: header.colour(),
            permanent: header.permanent(),
        }
    }
}

/// The blocks of a heap in the order of their addresses; from [`Heap::blocks`].
pub struct Blocks<'h, L> {
    pub(super) region: &'h Region<L>,
    pub(super) next: u32,
}

impl<L: HeaderLayout> Iterator for Blocks<'_, L> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let block = self.next;
        if block >= self.region.len() {
            return None;
        }
        let block = self.region.start(block);
        let header = self.region.header(block);
        assert!(header.size() > 0, "a heap header was overwritten");
        self.next = self.region.end(block, header.size()).granule();
        Some(Block {
            payload: self.region.payload(block),
            bytes: Region::<L>::payload_bytes(header.size()),
            state: if header.in_use() {
                BlockState::Used(Allocation::of(header))
            } else {
                BlockState::Free
            },
        })
    }
}

impl<L: HeaderLayout> Heap<'_, L> {
    /// All blocks, in use and free, in the order of their addresses.
    pub fn blocks(&self) -> Blocks<'_, L> {
        Blocks {
            region: &self.region,
            next: 0,
        }
    }
}
