//! The portable executable around it all: one section.

use alloc::vec::Vec;

use super::BuildError;
use crate::Token;

pub(super) const TEXT_RVA: u32 = 0x2000;
pub(super) const CLI_HEADER: u32 = 72;
const FILE_ALIGNMENT: u32 = 0x200;
const PE_OFFSET: u32 = 0x80;

pub(super) struct Parts<'a> {
    pub(super) text: &'a [u8],
    pub(super) resources: &'a [u8],
    pub(super) metadata: &'a [u8],
    pub(super) entry_point: Token,
    pub(super) pe32_plus: bool,
}

/// Little-endian output.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn u16s(&mut self, values: &[u16]) {
        self.0
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn u32s(&mut self, values: &[u32]) {
        self.0
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
    }

    fn pad_to(&mut self, len: u32) {
        self.0.resize(len as usize, 0);
    }
}

pub(super) fn write(parts: &Parts<'_>) -> Result<Vec<u8>, BuildError> {
    let len = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| BuildError::TooLarge);
    let resources_at = (CLI_HEADER + len(parts.text)?).next_multiple_of(8);
    let metadata_at = (resources_at + len(parts.resources)?).next_multiple_of(8);
    let section = metadata_at
        .checked_add(len(parts.metadata)?)
        .ok_or(BuildError::TooLarge)?;
    let raw = section.next_multiple_of(FILE_ALIGNMENT);

    let mut out = Out::default();
    out.0.extend_from_slice(b"MZ");
    out.pad_to(0x3C);
    out.u32s(&[PE_OFFSET]);
    out.pad_to(PE_OFFSET);
    out.0.extend_from_slice(b"PE\0\0");
    let optional_len: u16 = if parts.pe32_plus { 240 } else { 224 };
    let machine = if parts.pe32_plus { 0x8664 } else { 0x14C };
    let is_dll = if parts.entry_point.is_nil() {
        0x2000
    } else {
        0
    };
    out.u16s(&[machine, 1]);
    out.u32s(&[0, 0, 0]);
    out.u16s(&[optional_len, 0x0022 | is_dll]);
    // The optional header (II.25.2.3).
    out.u16s(&[if parts.pe32_plus { 0x20B } else { 0x10B }, 8]);
    out.u32s(&[raw, 0, 0, 0, TEXT_RVA]);
    if parts.pe32_plus {
        out.u32s(&[0x40_0000, 0]);
    } else {
        out.u32s(&[TEXT_RVA + raw.next_multiple_of(0x2000), 0x40_0000]);
    }
    out.u32s(&[0x2000, FILE_ALIGNMENT]);
    out.u16s(&[4, 0, 0, 0, 4, 0]);
    out.u32s(&[
        0,
        TEXT_RVA + raw.next_multiple_of(0x2000),
        FILE_ALIGNMENT,
        0,
    ]);
    out.u16s(&[3, 0x8540]);
    let sizes = [0x10_0000, 0x1000, 0x10_0000, 0x1000];
    for size in sizes {
        out.u32s(if parts.pe32_plus { &[0, 0] } else { &[0] });
        let at = out.0.len() - if parts.pe32_plus { 8 } else { 4 };
        if let Some(slot) = out.0.get_mut(at..at + 4) {
            slot.copy_from_slice(&u32::to_le_bytes(size));
        }
    }
    out.u32s(&[0, 16]);
    for directory in 0..16 {
        out.u32s(if directory == 14 {
            &[TEXT_RVA, CLI_HEADER]
        } else {
            &[0, 0]
        });
    }
    // The section header.
    out.0.extend_from_slice(b".text\0\0\0");
    out.u32s(&[section, TEXT_RVA, raw, FILE_ALIGNMENT, 0, 0, 0, 0x6000_0020]);
    if out.0.len() > FILE_ALIGNMENT as usize {
        return Err(BuildError::TooLarge);
    }
    out.pad_to(FILE_ALIGNMENT);
    // The CLI header (II.25.3.3).
    out.u32s(&[CLI_HEADER]);
    out.u16s(&[2, 5]);
    out.u32s(&[
        TEXT_RVA + metadata_at,
        len(parts.metadata)?,
        1,
        parts.entry_point.0,
    ]);
    let resources = len(parts.resources)?;
    out.u32s(&[
        if resources == 0 {
            0
        } else {
            TEXT_RVA + resources_at
        },
        resources,
    ]);
    out.u32s(&[0; 10]);
    out.0.extend_from_slice(parts.text);
    out.pad_to(FILE_ALIGNMENT + resources_at);
    out.0.extend_from_slice(parts.resources);
    out.pad_to(FILE_ALIGNMENT + metadata_at);
    out.0.extend_from_slice(parts.metadata);
    out.pad_to(FILE_ALIGNMENT + raw);
    Ok(out.0)
}
