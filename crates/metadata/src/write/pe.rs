//! The portable executable around it all (II.25): `.text`, and `.reloc` when there is an import stub.

use alloc::vec::Vec;

use super::{DebugData, WriteError, WriteOptions};
use crate::{CorFlags, Token};

pub(super) const TEXT_RVA: u32 = 0x2000;
pub(super) const CLI_HEADER: u32 = 72;
const FILE_ALIGNMENT: u32 = 0x200;
const SECTION_ALIGNMENT: u32 = 0x2000;
const PE_OFFSET: u32 = 0x80;
const IMAGE_BASE: u32 = 0x40_0000;

/// Data directories by number.
const IMPORTS: usize = 1;
const RELOCATIONS: usize = 5;
const DEBUG: usize = 6;
const IMPORT_ADDRESSES: usize = 12;
const CLI: usize = 14;

pub(super) struct Parts<'a> {
    pub(super) text: &'a [u8],
    pub(super) resources: &'a [u8],
    pub(super) metadata: &'a [u8],
    pub(super) debug: &'a [DebugData],
    pub(super) entry_point: Token,
    pub(super) time_stamp: u32,
    pub(super) options: &'a WriteOptions,
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

    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn len(&self) -> Result<u32, WriteError> {
        u32::try_from(self.0.len()).map_err(|_| WriteError::TooLarge)
    }
}

/// Address and size.
type Range = (u32, u32);

/// The content of `.text`, and where things are in it.
struct Text {
    bytes: Vec<u8>,
    directories: [Range; 16],
    native_entry: u32,
}

fn text(parts: &Parts<'_>) -> Result<Text, WriteError> {
    let mut out = Out::default();
    let mut directories = [(0, 0); 16];
    let rva = |out: &Out| Ok(TEXT_RVA + out.len()?);
    out.pad_to(CLI_HEADER);
    out.0.extend_from_slice(parts.text);
    out.align(8);
    let strong_name = (rva(&out)?, parts.options.strong_name_size);
    let end = u64::from(out.len()?) + u64::from(strong_name.1);
    // A limit far above every key size, so that no option asks for gigabytes.
    if strong_name.1 > 1 << 16 {
        return Err(WriteError::TooLarge);
    }
    out.pad_to(u32::try_from(end).map_err(|_| WriteError::TooLarge)?);
    out.align(8);
    let resources = (rva(&out)?, parts.resources.len() as u32);
    out.0.extend_from_slice(parts.resources);
    out.align(8);
    let metadata = (rva(&out)?, parts.metadata.len() as u32);
    out.0.extend_from_slice(parts.metadata);
    out.align(8);
    if !parts.debug.is_empty() {
        directories[DEBUG] = debug(&mut out, parts)?;
    }
    let mut native_entry = 0;
    if parts.options.has_import_stub() {
        native_entry = imports(&mut out, &mut directories, parts.options.is_library)?;
    }
    directories[CLI] = (TEXT_RVA, CLI_HEADER);
    // Everything fits 32 bits once the whole does.
    out.len()?
        .checked_add(TEXT_RVA)
        .ok_or(WriteError::TooLarge)?;

    let header = cli_header(parts, metadata, resources, strong_name);
    for (slot, byte) in out.0.iter_mut().zip(header) {
        *slot = byte;
    }
    Ok(Text {
        bytes: out.0,
        directories,
        native_entry,
    })
}

/// II.25.3.3.
fn cli_header(parts: &Parts<'_>, metadata: Range, resources: Range, strong_name: Range) -> Vec<u8> {
    let or_nothing = |range: Range| {
        if range.1 == 0 {
            [0, 0]
        } else {
            [range.0, range.1]
        }
    };
    let options = parts.options;
    let mut out = Out::default();
    out.u32s(&[CLI_HEADER]);
    out.u16s(&[options.runtime_version.0, options.runtime_version.1]);
    out.u32s(&[metadata.0, metadata.1]);
    out.u32s(&[options.cor_flags.bits(), parts.entry_point.0]);
    out.u32s(&or_nothing(resources));
    out.u32s(&or_nothing(strong_name));
    out.pad_to(CLI_HEADER);
    out.0
}

/// The debug directory and its data. File offsets follow from addresses: there is one section before.
fn debug(out: &mut Out, parts: &Parts<'_>) -> Result<Range, WriteError> {
    let start = out.len()?;
    let size = u32::try_from(parts.debug.len() * 28).map_err(|_| WriteError::TooLarge)?;
    let mut at = start.checked_add(size).ok_or(WriteError::TooLarge)?;
    for entry in parts.debug {
        let len = u32::try_from(entry.data.len()).map_err(|_| WriteError::TooLarge)?;
        out.u32s(&[0, entry.time_stamp]);
        out.u16s(&[entry.version.0, entry.version.1]);
        out.u32s(&[entry.kind, len, TEXT_RVA + at, FILE_ALIGNMENT + at]);
        at = at.checked_add(len).ok_or(WriteError::TooLarge)?;
    }
    for entry in parts.debug {
        out.0.extend_from_slice(&entry.data);
    }
    out.align(8);
    Ok((TEXT_RVA + start, size))
}

/// The import of `mscoree.dll` and the jump to it (II.25.3.1), for loaders that do not know the CLI. Gives the
/// address of the jump.
fn imports(
    out: &mut Out,
    directories: &mut [Range; 16],
    is_library: bool,
) -> Result<u32, WriteError> {
    let start = TEXT_RVA + out.len()?;
    let (addresses, table, lookup, name_of_function) = (start, start + 8, start + 48, start + 56);
    let function: &[u8] = if is_library {
        b"\0\0_CorDllMain\0"
    } else {
        b"\0\0_CorExeMain\0"
    };
    let library = name_of_function + function.len() as u32;
    out.u32s(&[name_of_function, 0]);
    out.u32s(&[lookup, 0, 0, library, addresses]);
    out.u32s(&[0; 5]);
    out.u32s(&[name_of_function, 0]);
    out.0.extend_from_slice(function);
    out.0.extend_from_slice(b"mscoree.dll\0");
    directories[IMPORT_ADDRESSES] = (addresses, 8);
    directories[IMPORTS] = (table, TEXT_RVA + out.len()? - table);
    // Two bytes before the operand, so that the relocated word is aligned.
    out.align(4);
    out.u16s(&[0]);
    let entry = TEXT_RVA + out.len()?;
    out.0.extend_from_slice(&[0xFF, 0x25]);
    out.u32s(&[IMAGE_BASE + addresses]);
    Ok(entry)
}

/// One block that relocates the operand of the jump.
fn relocations(entry: u32) -> Vec<u8> {
    const HIGH_LOW: u32 = 3 << 12;
    let operand = entry + 2;
    let mut out = Out::default();
    out.u32s(&[operand & !0xFFF, 12]);
    out.u16s(&[(HIGH_LOW | operand & 0xFFF) as u16, 0]);
    out.0
}

pub(super) fn write(parts: &Parts<'_>) -> Result<Vec<u8>, WriteError> {
    let options = parts.options;
    let mut text = text(parts)?;
    let text_len = u32::try_from(text.bytes.len()).map_err(|_| WriteError::TooLarge)?;
    let up = |len: u32, to: u32| len.checked_next_multiple_of(to).ok_or(WriteError::TooLarge);
    let text_raw = up(text_len, FILE_ALIGNMENT)?;
    let next = TEXT_RVA
        .checked_add(up(text_len, SECTION_ALIGNMENT)?)
        .ok_or(WriteError::TooLarge)?;
    let reloc = if text.native_entry == 0 {
        Vec::new()
    } else {
        relocations(text.native_entry)
    };
    if !reloc.is_empty() {
        text.directories[RELOCATIONS] = (next, reloc.len() as u32);
    }
    let reloc_raw = (reloc.len() as u32).next_multiple_of(FILE_ALIGNMENT);
    let image_size = next
        .checked_add((reloc.len() as u32).next_multiple_of(SECTION_ALIGNMENT))
        .ok_or(WriteError::TooLarge)?;

    let mut out = Out::default();
    out.0.extend_from_slice(b"MZ");
    out.pad_to(0x3C);
    out.u32s(&[PE_OFFSET]);
    out.pad_to(PE_OFFSET);
    out.0.extend_from_slice(b"PE\0\0");
    let optional_len: u16 = if options.pe32_plus { 240 } else { 224 };
    let sections = 1 + u16::from(!reloc.is_empty());
    out.u16s(&[options.machine(), sections]);
    out.u32s(&[parts.time_stamp, 0, 0]);
    let library = if options.is_library { 0x2000 } else { 0 };
    out.u16s(&[optional_len, 0x0022 | library]);
    // The optional header (II.25.2.3).
    out.u16s(&[if options.pe32_plus { 0x20B } else { 0x10B }, 8]);
    out.u32s(&[text_raw, reloc_raw, 0, text.native_entry, TEXT_RVA]);
    if options.pe32_plus {
        out.u32s(&[IMAGE_BASE, 0]);
    } else {
        out.u32s(&[next, IMAGE_BASE]);
    }
    out.u32s(&[SECTION_ALIGNMENT, FILE_ALIGNMENT]);
    out.u16s(&[4, 0, 0, 0, 4, 0]);
    out.u32s(&[0, image_size, FILE_ALIGNMENT, 0]);
    out.u16s(&[options.subsystem, 0x8540]);
    // Stack and heap, reserved and committed; wide numbers in PE32+.
    for size in [0x10_0000, 0x1000, 0x10_0000, 0x1000] {
        if options.pe32_plus {
            out.u32s(&[size, 0]);
        } else {
            out.u32s(&[size]);
        }
    }
    out.u32s(&[0, 16]);
    for (rva, size) in text.directories {
        out.u32s(&[rva, size]);
    }
    // The section headers.
    out.0.extend_from_slice(b".text\0\0\0");
    out.u32s(&[text_len, TEXT_RVA, text_raw, FILE_ALIGNMENT]);
    out.u32s(&[0, 0, 0, 0x6000_0020]);
    if !reloc.is_empty() {
        out.0.extend_from_slice(b".reloc\0\0");
        out.u32s(&[
            reloc.len() as u32,
            next,
            reloc_raw,
            FILE_ALIGNMENT + text_raw,
        ]);
        out.u32s(&[0, 0, 0, 0x4200_0040]);
    }
    out.pad_to(FILE_ALIGNMENT);
    out.0.append(&mut text.bytes);
    out.align(FILE_ALIGNMENT as usize);
    out.0.extend_from_slice(&reloc);
    out.align(FILE_ALIGNMENT as usize);
    Ok(out.0)
}

impl WriteOptions {
    /// A stub needs 32-bit code.
    const fn has_import_stub(&self) -> bool {
        self.import_stub && !self.pe32_plus
    }

    fn machine(&self) -> u16 {
        self.machine
            .unwrap_or(if self.pe32_plus { 0x8664 } else { 0x14C })
    }
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            version: "v4.0.30319".into(),
            runtime_version: (2, 5),
            cor_flags: CorFlags::IL_ONLY,
            is_library: true,
            subsystem: 3,
            machine: None,
            pe32_plus: false,
            time_stamp: 0,
            import_stub: false,
            strong_name_size: 0,
            deterministic: false,
            uncompressed: false,
            keep_order: false,
            wide_heaps: false,
            extra_data: false,
        }
    }
}
