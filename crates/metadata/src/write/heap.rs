//! Heaps and the metadata root.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::WriteError;
use crate::{BlobIndex, Guid, GuidIndex, StringIndex, Token};

/// `#Strings`: each text once.
#[derive(Clone, Debug)]
pub(super) struct StringHeap {
    bytes: Vec<u8>,
    known: BTreeMap<Vec<u8>, u32>,
}

impl Default for StringHeap {
    fn default() -> Self {
        Self {
            bytes: vec![0],
            known: BTreeMap::new(),
        }
    }
}

impl StringHeap {
    /// The text ends at its first zero, if it has one.
    pub(super) fn add(&mut self, text: &[u8]) -> StringIndex {
        let text = text.split(|byte| *byte == 0).next().unwrap_or(&[]);
        if text.is_empty() {
            return StringIndex::NIL;
        }
        if let Some(known) = self.known.get(text) {
            return StringIndex(*known);
        }
        let index = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        self.bytes.push(0);
        self.known.insert(text.to_vec(), index);
        StringIndex(index)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `#Blob`: each blob once.
#[derive(Clone, Debug)]
pub(super) struct BlobHeap {
    bytes: Vec<u8>,
    known: BTreeMap<Vec<u8>, u32>,
}

impl Default for BlobHeap {
    fn default() -> Self {
        Self {
            bytes: vec![0],
            known: BTreeMap::new(),
        }
    }
}

impl BlobHeap {
    pub(super) fn add(&mut self, item: &[u8]) -> BlobIndex {
        if item.is_empty() {
            return BlobIndex::NIL;
        }
        if let Some(known) = self.known.get(item) {
            return BlobIndex(*known);
        }
        let index = self.bytes.len() as u32;
        compressed_u32(&mut self.bytes, item.len() as u32);
        self.bytes.extend_from_slice(item);
        self.known.insert(item.to_vec(), index);
        BlobIndex(index)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `#GUID`: as they come, since a module's identity may change later.
#[derive(Clone, Debug, Default)]
pub(super) struct GuidHeap {
    bytes: Vec<u8>,
}

impl GuidHeap {
    pub(super) fn add(&mut self, guid: Guid) -> GuidIndex {
        self.bytes.extend_from_slice(&guid.0);
        GuidIndex((self.bytes.len() / 16) as u32)
    }

    /// Replaces a GUID; nothing happens when there is none.
    pub(super) fn set(&mut self, index: GuidIndex, guid: Guid) {
        let slot = (index.0 as usize)
            .checked_sub(1)
            .and_then(|zero_based| self.bytes.as_chunks_mut::<16>().0.get_mut(zero_based));
        if let Some(slot) = slot {
            *slot = guid.0;
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `#US`: each literal once.
#[derive(Clone, Debug)]
pub(super) struct UserStringHeap {
    bytes: Vec<u8>,
    known: BTreeMap<Vec<u8>, Token>,
}

impl Default for UserStringHeap {
    fn default() -> Self {
        Self {
            bytes: vec![0],
            known: BTreeMap::new(),
        }
    }
}

impl UserStringHeap {
    /// Adds little-endian UTF-16.
    pub(super) fn add(&mut self, units: &[u8]) -> Token {
        if let Some(known) = self.known.get(units) {
            return *known;
        }
        let token = Token::user_string(self.bytes.len() as u32);
        compressed_u32(&mut self.bytes, units.len() as u32 + 1);
        self.bytes.extend_from_slice(units);
        // II.24.2.4: 1 when a unit has a high byte or is one of some control characters.
        let is_special = |low: u8, high: u8| {
            high != 0 || matches!(low, 1..=8 | 0x0E..=0x1F | 0x27 | 0x2D | 0x7F)
        };
        let special = units
            .as_chunks::<2>()
            .0
            .iter()
            .any(|[low, high]| is_special(*low, *high));
        self.bytes.push(u8::from(special));
        self.known.insert(units.to_vec(), token);
        token
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Appends a compressed unsigned integer (II.23.2); the value is cut to 29 bits.
pub(super) fn compressed_u32(out: &mut Vec<u8>, value: u32) {
    match value {
        0..0x80 => out.push(value as u8),
        0x80..0x4000 => out.extend_from_slice(&(value as u16 | 0x8000).to_be_bytes()),
        _ => out.extend_from_slice(&((value & 0x1FFF_FFFF) | 0xC000_0000).to_be_bytes()),
    }
}

/// Appends a compressed signed integer (II.23.2); the value must fit 29 bits.
pub(super) fn compressed_i32(out: &mut Vec<u8>, value: i32) {
    let sign = u32::from(value < 0);
    let rotated = |bits: u32| ((value.cast_unsigned() << 1) & ((1 << bits) - 1)) | sign;
    match value {
        -0x40..0x40 => out.push(rotated(7) as u8),
        -0x2000..0x2000 => out.extend_from_slice(&(rotated(14) as u16 | 0x8000).to_be_bytes()),
        _ => out.extend_from_slice(&(rotated(29) | 0xC000_0000).to_be_bytes()),
    }
}

/// The metadata root with its streams (II.24.2.1), each padded to four bytes.
pub(super) fn write_root(version: &str, streams: &[(&[u8], &[u8])]) -> Result<Vec<u8>, WriteError> {
    let mut out = Vec::new();
    out.extend_from_slice(b"BSJB");
    out.extend_from_slice(&[1, 0, 1, 0, 0, 0, 0, 0]);
    // The reader takes at most 256 bytes of version, padding included.
    if version.len() > 252 || version.contains('\0') {
        return Err(WriteError::BadVersion);
    }
    let padded = (version.len() + 1).next_multiple_of(4);
    out.extend_from_slice(&(padded as u32).to_le_bytes());
    let end = out.len() + padded;
    out.extend_from_slice(version.as_bytes());
    out.resize(end, 0);
    out.extend_from_slice(&0_u16.to_le_bytes());
    out.extend_from_slice(&(streams.len() as u16).to_le_bytes());
    let padded_name = |name: &[u8]| (name.len() + 1).next_multiple_of(4);
    let headers: usize = streams.iter().map(|(name, _)| 8 + padded_name(name)).sum();
    let mut offset = out.len() + headers;
    for (name, bytes) in streams {
        let len = bytes.len().next_multiple_of(4);
        out.extend_from_slice(
            &u32::try_from(offset)
                .map_err(|_| WriteError::TooLarge)?
                .to_le_bytes(),
        );
        out.extend_from_slice(
            &u32::try_from(len)
                .map_err(|_| WriteError::TooLarge)?
                .to_le_bytes(),
        );
        let end = out.len() + padded_name(name);
        out.extend_from_slice(name);
        out.resize(end, 0);
        offset += len;
    }
    for (_, bytes) in streams {
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{compressed_i32, compressed_u32};
    use crate::Reader;

    #[test]
    fn compressed_integers_round_trip() {
        for value in [0, 0x7F, 0x80, 0x3FFF, 0x4000, 0x1FFF_FFFF] {
            let mut out = Vec::new();
            compressed_u32(&mut out, value);
            assert_eq!(Reader::new(&out).compressed_u32(), Some(value));
        }
        for value in [
            0,
            1,
            -1,
            63,
            -64,
            64,
            -65,
            8191,
            -8192,
            8192,
            -8193,
            (1 << 28) - 1,
            -(1 << 28),
        ] {
            let mut out = Vec::new();
            compressed_i32(&mut out, value);
            assert_eq!(Reader::new(&out).compressed_i32(), Some(value));
        }
    }
}
