//! A total little-endian cursor over bytes.

/// Reads little-endian numbers and ECMA-335 compressed integers from a byte slice.
///
/// Every method returns `None` when the bytes are not there or are not a valid encoding; after that the
/// position is unspecified but still inside the slice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[inline]
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0 }
    }

    /// Bytes consumed so far.
    #[inline]
    #[must_use]
    pub const fn position(&self) -> usize {
        self.pos
    }

    /// The bytes not yet consumed.
    #[inline]
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.pos..).unwrap_or(&[])
    }

    /// Number of bytes not yet consumed.
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.bytes.len() - self.pos
    }

    /// True at the end.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The next byte, not consumed.
    #[inline]
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// Takes `len` bytes.
    #[inline]
    pub fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.pos.checked_add(len)?;
        let taken = self.bytes.get(self.pos..end)?;
        self.pos = end;
        Some(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let taken = self.rest().first_chunk::<N>()?;
        self.pos += N;
        Some(*taken)
    }

    /// Takes a byte.
    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Takes a 16-bit number.
    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Takes a 32-bit number.
    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Takes a 64-bit number.
    #[inline]
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Takes a compressed unsigned integer (II.23.2).
    #[inline]
    pub fn compressed_u32(&mut self) -> Option<u32> {
        let first = self.u8()?;
        if first & 0x80 == 0 {
            return Some(u32::from(first));
        }
        if first & 0x40 == 0 {
            let second = self.u8()?;
            return Some((u32::from(first & 0x3F) << 8) | u32::from(second));
        }
        if first & 0x20 == 0 {
            let [b, c, d] = self.array()?;
            return Some(u32::from_be_bytes([first & 0x1F, b, c, d]));
        }
        None
    }

    /// Takes a compressed signed integer (II.23.2): rotated left by one bit within its width.
    #[inline]
    pub fn compressed_i32(&mut self) -> Option<i32> {
        let start = self.pos;
        let raw = self.compressed_u32()?;
        let width = match self.pos - start {
            1 => 7,
            2 => 14,
            _ => 29,
        };
        let magnitude = (raw >> 1).cast_signed();
        Some(if raw & 1 == 0 {
            magnitude
        } else {
            magnitude - (1 << (width - 1))
        })
    }

    /// Takes a length-prefixed UTF-8 string; `None` inside means the null string (`0xFF`, II.23.3).
    pub fn ser_string(&mut self) -> Option<Option<&'a str>> {
        if self.peek()? == 0xFF {
            self.pos += 1;
            return Some(None);
        }
        let len = self.compressed_u32()?;
        let bytes = self.bytes(usize::try_from(len).ok()?)?;
        core::str::from_utf8(bytes).ok().map(Some)
    }
}

/// Reads a `u16` at an offset.
#[inline]
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u16::from_le_bytes(*chunk))
}

/// Reads a `u32` at an offset.
#[inline]
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .map(|chunk| u32::from_le_bytes(*chunk))
}

/// `bytes[at..at + len]`, or `None`.
#[inline]
pub(crate) fn slice_at(bytes: &[u8], at: u32, len: u32) -> Option<&[u8]> {
    let at = usize::try_from(at).ok()?;
    let len = usize::try_from(len).ok()?;
    bytes.get(at..at.checked_add(len)?)
}

#[cfg(test)]
mod tests {
    use super::Reader;

    #[test]
    fn compressed_unsigned_examples_of_the_standard() {
        for (bytes, value) in [
            (&[0x03_u8][..], 0x03),
            (&[0x7F], 0x7F),
            (&[0x80, 0x80], 0x80),
            (&[0xAE, 0x57], 0x2E57),
            (&[0xBF, 0xFF], 0x3FFF),
            (&[0xC0, 0x00, 0x40, 0x00], 0x4000),
            (&[0xDF, 0xFF, 0xFF, 0xFF], 0x1FFF_FFFF),
        ] {
            assert_eq!(Reader::new(bytes).compressed_u32(), Some(value));
        }
        assert_eq!(Reader::new(&[0xE0, 0, 0, 0]).compressed_u32(), None);
        assert_eq!(Reader::new(&[0xC0, 0, 0]).compressed_u32(), None);
        assert_eq!(Reader::new(&[]).compressed_u32(), None);
    }

    #[test]
    fn compressed_signed_examples_of_the_standard() {
        for (bytes, value) in [
            (&[0x06_u8][..], 3),
            (&[0x7B], -3),
            (&[0x80, 0x80], 64),
            (&[0x01], -64),
            (&[0xC0, 0x00, 0x40, 0x00], 8192),
            (&[0x80, 0x01], -8192),
            (&[0xDF, 0xFF, 0xFF, 0xFE], 268_435_455),
            (&[0xC0, 0x00, 0x00, 0x01], -268_435_456),
        ] {
            assert_eq!(Reader::new(bytes).compressed_i32(), Some(value));
        }
    }
}
