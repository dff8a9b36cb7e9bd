//! Tokens and heap indexes.

use core::fmt;

use crate::TableId;

/// A row number; rows count from 1, and 0 means "none".
pub type Rid = u32;

/// A metadata token (ECMA-335 III.1.9): the table in the top byte, the row in the low 24 bits.
///
/// `0x70` in the top byte is not a table but the user-string heap.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Token(pub u32);

impl Token {
    /// The token that names nothing.
    pub const NIL: Self = Self(0);
    /// The largest row number that a token can hold.
    pub const MAX_RID: Rid = 0x00FF_FFFF;
    const USER_STRING: u32 = 0x70;

    /// Names a row; the row number keeps its low 24 bits.
    #[inline]
    #[must_use]
    pub const fn new(table: TableId, rid: Rid) -> Self {
        Self(((table as u32) << 24) | (rid & Self::MAX_RID))
    }

    /// The table, unless the top byte is not a table's number.
    #[inline]
    #[must_use]
    pub const fn table(self) -> Option<TableId> {
        TableId::from_u8((self.0 >> 24) as u8)
    }

    /// The row number (for a user string: the heap offset).
    #[inline]
    #[must_use]
    pub const fn rid(self) -> Rid {
        self.0 & Self::MAX_RID
    }

    /// True when the row number is 0.
    #[inline]
    #[must_use]
    pub const fn is_nil(self) -> bool {
        self.rid() == 0
    }

    /// True when the token is of this table (a nil token included).
    #[inline]
    #[must_use]
    pub const fn is(self, table: TableId) -> bool {
        self.0 >> 24 == table as u32
    }

    /// True for a token into the user-string heap (the operand of `ldstr`).
    #[inline]
    #[must_use]
    pub const fn is_user_string(self) -> bool {
        self.0 >> 24 == Self::USER_STRING
    }

    /// Names a user string by its heap offset (24 bits).
    #[inline]
    #[must_use]
    pub const fn user_string(offset: u32) -> Self {
        Self((Self::USER_STRING << 24) | (offset & Self::MAX_RID))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.table() {
            _ if self.0 == 0 => f.write_str("nil"),
            Some(table) => write!(f, "{table:?}:{}", self.rid()),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

macro_rules! heap_index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index of nothing.
            pub const NIL: Self = Self(0);

            /// True for index 0.
            #[inline]
            #[must_use]
            pub const fn is_nil(self) -> bool {
                self.0 == 0
            }
        }
    };
}

heap_index! {
    /// Byte offset into the `#Strings` heap; 0 is the empty string.
    StringIndex
}
heap_index! {
    /// Byte offset into the `#Blob` heap; 0 is the empty blob.
    BlobIndex
}
heap_index! {
    /// 1-based number of a GUID in the `#GUID` heap; 0 is none.
    GuidIndex
}
