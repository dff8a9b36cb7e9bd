//! Custom debug information: blobs of which a GUID says the kind.

use super::Pdb;
use crate::{Error, Guid, Reader, Rid};

/// Custom debug information of the kinds that tools need most; others are given as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomDebugInfo<'a> {
    /// Of a module: JSON that says where the sources can be downloaded.
    SourceLink(&'a str),
    /// Of a document: its text. The first number is the size of the deflated text, or 0 when it is stored as it is.
    EmbeddedSource(u32, &'a [u8]),
    /// Of a method: where the hoisted locals of its state machine are in scope.
    HoistedScopes(HoistedScopes<'a>),
    /// Another kind.
    Other(Guid, &'a [u8]),
}

/// Iterator over IL ranges: start and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoistedScopes<'a>(&'a [u8]);

impl Iterator for HoistedScopes<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let mut reader = Reader::new(self.0);
        let range = (reader.u32()?, reader.u32()?);
        self.0 = reader.rest();
        Some(range)
    }
}

/// A GUID in its stored order, from the order in which it is printed.
const fn guid(a: u32, b: u16, c: u16, rest: [u8; 8]) -> Guid {
    let (a, b, c) = (a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes());
    let [d, e, f, g, h, i, j, k] = rest;
    Guid([
        a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], d, e, f, g, h, i, j, k,
    ])
}

const SOURCE_LINK: Guid = guid(
    0xCC11_0556,
    0xA091,
    0x4D38,
    [0x9F, 0xEC, 0x25, 0xAB, 0x9A, 0x35, 0x1A, 0x6A],
);
const EMBEDDED_SOURCE: Guid = guid(
    0x0E8A_571B,
    0x6926,
    0x466E,
    [0xB4, 0xAD, 0x8A, 0xB0, 0x46, 0x11, 0xF5, 0xFE],
);
const HOISTED_SCOPES: Guid = guid(
    0x6DA9_A61E,
    0xF8C7,
    0x4874,
    [0xBE, 0x62, 0x68, 0xBC, 0x56, 0x30, 0xDF, 0x71],
);

impl<'a> Pdb<'a> {
    /// What a `CustomDebugInformation` row says;
    /// [`custom_debug_information_of`](crate::Metadata::custom_debug_information_of) finds the rows.
    ///
    /// # Errors
    /// When the row is malformed, or its blob is not what its kind demands.
    pub fn custom_debug_info(&self, rid: Rid) -> Result<CustomDebugInfo<'a>, Error> {
        let bad = Error::BadBlob("custom debug information");
        let row = self.custom_debug_information(rid)?;
        let kind = self.guid(row.kind)?.unwrap_or_default();
        let value = self.blob(row.value)?;
        if kind == SOURCE_LINK {
            let text = core::str::from_utf8(value).map_err(|_| bad)?;
            return Ok(CustomDebugInfo::SourceLink(text));
        }
        if kind == EMBEDDED_SOURCE {
            let mut reader = Reader::new(value);
            let size = reader.u32().ok_or(bad)?;
            return Ok(CustomDebugInfo::EmbeddedSource(size, reader.rest()));
        }
        if kind == HOISTED_SCOPES {
            if value.len() % 8 != 0 {
                return Err(bad);
            }
            return Ok(CustomDebugInfo::HoistedScopes(HoistedScopes(value)));
        }
        Ok(CustomDebugInfo::Other(kind, value))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::{EMBEDDED_SOURCE, HOISTED_SCOPES, SOURCE_LINK};

    #[test]
    fn guids_print_as_the_specification_writes_them() {
        assert_eq!(
            SOURCE_LINK.to_string(),
            "cc110556-a091-4d38-9fec-25ab9a351a6a"
        );
        assert_eq!(
            EMBEDDED_SOURCE.to_string(),
            "0e8a571b-6926-466e-b4ad-8ab04611f5fe"
        );
        assert_eq!(
            HOISTED_SCOPES.to_string(),
            "6da9a61e-f8c7-4874-be62-68bc5630df71"
        );
    }
}
