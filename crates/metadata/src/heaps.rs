//! The four heaps: `#Strings`, `#Blob`, `#GUID`, `#US` (ECMA-335 II.24.2.3–5).

use core::fmt;

use crate::reader::Reader;
use crate::{BlobIndex, Error, GuidIndex, StringIndex};

/// The heaps of one image; an absent stream is an empty heap.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heaps<'a> {
    pub(crate) strings: Strings<'a>,
    pub(crate) blob: &'a [u8],
    pub(crate) guid: &'a [u8],
    pub(crate) user_strings: &'a [u8],
}

/// The `#Strings` heap, checked once as a whole so that a name costs no second UTF-8 check.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Strings<'a> {
    bytes: &'a [u8],
    /// The whole heap as text, when all of it is UTF-8 (nearly always).
    text: Option<&'a str>,
}

/// The longest name, in bytes. Real ones stay below 1 KiB; without a bound, rows that point into one endless string
/// would make reading all names quadratic.
const MAX_NAME: usize = 1 << 16;

impl<'a> Strings<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            text: core::str::from_utf8(bytes).ok(),
        }
    }

    pub(crate) const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(crate) fn get_bytes(&self, index: StringIndex) -> Result<&'a [u8], Error> {
        if index.is_nil() {
            return Ok(&[]);
        }
        let bad = Error::BadHeapIndex {
            heap: "#Strings",
            index: index.0,
        };
        let tail = self.bytes.get(index.0 as usize..).ok_or(bad)?;
        let tail = tail.get(..=MAX_NAME).unwrap_or(tail);
        let len = first_zero(tail).ok_or(bad)?;
        tail.get(..len).ok_or(bad)
    }

    #[inline]
    pub(crate) fn get(&self, index: StringIndex) -> Result<&'a str, Error> {
        let bytes = self.get_bytes(index)?;
        let start = index.0 as usize;
        if let Some(text) = self.text
            && let Some(found) = text.get(start..start + bytes.len())
        {
            return Ok(found);
        }
        core::str::from_utf8(bytes).map_err(|_| Error::BadUtf8 { index: index.0 })
    }
}

/// Where the first zero is. Names are short: sixteen bytes at a time from the start beat searches that align first,
/// and most names end in the first sixteen, so that the processor guesses well.
#[inline]
fn first_zero(bytes: &[u8]) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest byte of which the high bit is set was zero; above it there may be others that were one.
    let zeros = |word: u64| word.wrapping_sub(LOW) & !word & HIGH;
    let (pairs, rest) = bytes.as_chunks::<16>();
    let mut at = 0;
    for pair in pairs {
        let pair = u128::from_le_bytes(*pair);
        let (low, high) = (zeros(pair as u64), zeros((pair >> 64) as u64));
        if low | high != 0 {
            // Chosen without a jump.
            let (word, skipped) = if low != 0 { (low, 0) } else { (high, 8) };
            return Some(at + skipped + (word.trailing_zeros() / 8) as usize);
        }
        at += 16;
    }
    rest.iter()
        .position(|byte| *byte == 0)
        .map(|last| at + last)
}

/// A length-prefixed item of the blob or user-string heap.
#[inline]
fn sized_item<'a>(heap: &'a [u8], name: &'static str, index: u32) -> Result<&'a [u8], Error> {
    let bad = Error::BadHeapIndex { heap: name, index };
    let mut reader = Reader::new(heap.get(index as usize..).ok_or(bad)?);
    let len = reader.compressed_u32().ok_or(bad)?;
    reader.bytes(len as usize).ok_or(bad)
}

impl<'a> Heaps<'a> {
    #[inline]
    pub(crate) fn blob(&self, index: BlobIndex) -> Result<&'a [u8], Error> {
        if index.is_nil() {
            return Ok(&[]);
        }
        sized_item(self.blob, "#Blob", index.0)
    }

    pub(crate) fn guid(&self, index: GuidIndex) -> Result<Option<Guid>, Error> {
        let Some(zero_based) = index.0.checked_sub(1) else {
            return Ok(None);
        };
        (zero_based as usize)
            .checked_mul(16)
            .and_then(|at| self.guid.get(at..)?.first_chunk())
            .map(|bytes| Some(Guid(*bytes)))
            .ok_or(Error::BadHeapIndex {
                heap: "#GUID",
                index: index.0,
            })
    }

    pub(crate) fn user_string(&self, offset: u32) -> Result<UserString<'a>, Error> {
        if offset == 0 {
            return Ok(UserString {
                utf16: &[],
                flag: 0,
            });
        }
        let item = sized_item(self.user_strings, "#US", offset)?;
        // An odd length: UTF-16 units and one flag byte. An even one lacks the flag (some writers do that).
        let units = item.len() / 2 * 2;
        Ok(UserString {
            utf16: item.get(..units).unwrap_or(&[]),
            flag: item.get(units).copied().unwrap_or(0),
        })
    }
}

/// A GUID in its stored byte order (the first three fields little-endian).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a0, a1, a2, a3, b0, b1, c0, c1, rest @ ..] = self.0;
        let a = u32::from_le_bytes([a0, a1, a2, a3]);
        let b = u16::from_le_bytes([b0, b1]);
        let c = u16::from_le_bytes([c0, c1]);
        write!(f, "{a:08x}-{b:04x}-{c:04x}-")?;
        for (position, byte) in rest.iter().enumerate() {
            if position == 2 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A string literal of the `#US` heap: UTF-16, little-endian, not always well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserString<'a> {
    utf16: &'a [u8],
    flag: u8,
}

impl<'a> UserString<'a> {
    /// A string of little-endian UTF-16 bytes; an odd last byte is left out.
    pub(crate) fn from_utf16(bytes: &'a [u8]) -> Self {
        Self {
            utf16: bytes.get(..bytes.len() / 2 * 2).unwrap_or(&[]),
            flag: 0,
        }
    }

    /// Number of UTF-16 units.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.utf16.len() / 2
    }

    /// True for `""`.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.utf16.is_empty()
    }

    /// The UTF-16 units.
    #[inline]
    pub fn utf16(&self) -> impl ExactSizeIterator<Item = u16> + Clone + use<'a> {
        self.utf16.chunks_exact(2).map(|unit| match unit {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        })
    }

    /// The units as stored: two bytes each, little-endian.
    #[inline]
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.utf16
    }

    /// The flag byte after the text: 1 when some unit needs more than plain 8-bit handling.
    #[inline]
    #[must_use]
    pub const fn flag(&self) -> u8 {
        self.flag
    }
}

/// Shows the text; lone surrogates become U+FFFD.
impl fmt::Display for UserString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use core::fmt::Write as _;
        char::decode_utf16(self.utf16())
            .try_for_each(|unit| f.write_char(unit.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

#[cfg(test)]
mod tests {
    use super::first_zero;
    use alloc::vec::Vec;

    #[test]
    fn the_first_zero_is_found_at_every_place() {
        for len in 0..40 {
            for zero in 0..len {
                // Bytes of one and of 0x80 are those that a wrong trick takes for zero.
                let mut bytes: Vec<u8> = (0..len)
                    .map(|at| if at % 2 == 0 { 1 } else { 0x80 })
                    .collect();
                assert_eq!(first_zero(&bytes), None);
                bytes[zero..].fill(0);
                assert_eq!(first_zero(&bytes), Some(zero));
                bytes[zero + 1..].fill(1);
                assert_eq!(first_zero(&bytes), Some(zero));
            }
        }
    }
}
