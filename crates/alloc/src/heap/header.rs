//! The header of a block, and the two ways to store it.

/// How a collector should scan an allocation. The heap only keeps the number; its user gives it meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AllocType(u8);

impl AllocType {
    /// How many types there are.
    pub const COUNT: u8 = 16;

    /// The type with this number, or `None` from [`Self::COUNT`] on.
    pub const fn new(number: u8) -> Option<AllocType> {
        if number < Self::COUNT {
            Some(AllocType(number))
        } else {
            None
        }
    }

    /// The number of the type.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Two bits for a collector. An allocation is born [white](Self::WHITE); the heap itself never looks at
/// the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour(u8);

impl Colour {
    /// Not reached yet; the colour at birth.
    pub const WHITE: Colour = Colour(0);
    /// Reached, fields not scanned yet.
    pub const GREY: Colour = Colour(1);
    /// Reached and scanned.
    pub const BLACK: Colour = Colour(2);
    /// A fourth colour for whatever the collector needs.
    pub const SPARE: Colour = Colour(3);

    /// The two bits.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// What is known about a block, in the first word of the block.
///
/// Bit 0: in use. 1: the block before is free. 2–3: colour. 4–7: type. 8: permanent. From 9: size in
/// granules of 8 bytes, header included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header(pub(super) u64);

const IN_USE: u64 = 1;
const PREVIOUS_FREE: u64 = 1 << 1;
const COLOUR_SHIFT: u32 = 2;
const TYPE_SHIFT: u32 = 4;
const PERMANENT: u64 = 1 << 8;
const SIZE_SHIFT: u32 = 9;

impl Header {
    pub(super) fn free(size: u32) -> Header {
        Header(u64::from(size) << SIZE_SHIFT)
    }

    pub(super) fn used(size: u32, ty: AllocType, permanent: bool) -> Header {
        let permanent = if permanent { PERMANENT } else { 0 };
        Header(u64::from(size) << SIZE_SHIFT | u64::from(ty.0) << TYPE_SHIFT | permanent | IN_USE)
    }

    /// The header after the last block: it looks like a block that nobody can free.
    pub(super) fn end() -> Header {
        Header(PERMANENT | IN_USE)
    }

    /// Granules of the block. A stored header never has more than 32 bits of size.
    pub(super) fn size(self) -> u32 {
        (self.0 >> SIZE_SHIFT) as u32
    }

    pub(super) fn in_use(self) -> bool {
        self.0 & IN_USE != 0
    }

    /// In use and not permanent.
    pub(super) fn can_be_freed(self) -> bool {
        self.0 & (IN_USE | PERMANENT) == IN_USE
    }

    pub(super) fn permanent(self) -> bool {
        self.0 & PERMANENT != 0
    }

    pub(super) fn previous_free(self) -> bool {
        self.0 & PREVIOUS_FREE != 0
    }

    pub(super) fn with_previous_free(self, free: bool) -> Header {
        Header(self.0 & !PREVIOUS_FREE | if free { PREVIOUS_FREE } else { 0 })
    }

    pub(super) fn colour(self) -> Colour {
        Colour((self.0 >> COLOUR_SHIFT) as u8 & 3)
    }

    pub(super) fn with_colour(self, colour: Colour) -> Header {
        Header(self.0 & !(3 << COLOUR_SHIFT) | u64::from(colour.0) << COLOUR_SHIFT)
    }

    pub(super) fn ty(self) -> AllocType {
        AllocType((self.0 >> TYPE_SHIFT) as u8 & 15)
    }
}

/// How headers are stored: [`Compact`] or [`Wide`].
pub trait HeaderLayout: sealed::Sealed {
    /// Bytes of overhead of an allocation.
    const HEADER_BYTES: usize;
    /// Largest heap in bytes, everything included.
    const MAX_HEAP_BYTES: usize;
}

/// Headers of 4 bytes, for heaps of at most 64 MiB.
///
/// A size counts granules of 8 bytes in 23 bits. Payloads are 8-byte aligned all the same: blocks start
/// 4 bytes before a multiple of 8.
#[derive(Clone, Copy, Debug)]
pub struct Compact;

/// Headers of 8 bytes, for heaps of at most 32 GiB.
#[derive(Clone, Copy, Debug)]
pub struct Wide;

impl HeaderLayout for Compact {
    const HEADER_BYTES: usize = 4;
    const MAX_HEAP_BYTES: usize = 64 << 20;
}

impl HeaderLayout for Wide {
    const HEADER_BYTES: usize = 8;
    const MAX_HEAP_BYTES: usize = 32 << 30;
}

pub(super) mod sealed {
    use super::{Compact, Wide};

    /// How a header goes to memory.
    pub trait Sealed {
        /// The word that is stored.
        type Word: Copy + Into<u64>;

        /// The stored form of a header, whose bits fit the word.
        fn word(header: u64) -> Self::Word;
    }

    impl Sealed for Compact {
        type Word = u32;

        #[inline]
        fn word(header: u64) -> u32 {
            header as u32
        }
    }

    impl Sealed for Wide {
        type Word = u64;

        #[inline]
        fn word(header: u64) -> u64 {
            header
        }
    }
}
