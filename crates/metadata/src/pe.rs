//! Portable executables: headers, sections, the CLI header (ECMA-335 II.25).

use crate::flags::CorFlags;
use crate::reader::{Reader, slice_at, u16_at, u32_at};
use crate::{Error, Token};

/// What the loader of a CLI image needs to know about its file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pe<'a> {
    file: &'a [u8],
    sections: &'a [u8],
    pub(crate) header: PeHeader,
    pub(crate) cli: CliHeader,
    debug: Directory,
}

/// Facts of the PE file header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeHeader {
    /// Machine number: `0x14C` for images that run anywhere (and x86), `0x8664` for x86-64.
    pub machine: u16,
    /// Seconds since 1970, or a hash of the content in reproducible builds.
    pub time_stamp: u32,
    /// File characteristics; `0x2000` is a library.
    pub characteristics: u16,
    /// True for PE32+ (64-bit).
    pub is_pe32_plus: bool,
    /// 3 for console programs and libraries, 2 for graphical programs.
    pub subsystem: u16,
}

impl PeHeader {
    /// True for a library.
    #[must_use]
    pub const fn is_dll(&self) -> bool {
        self.characteristics & 0x2000 != 0
    }
}

/// A range of virtual addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Start, relative to the image base.
    pub rva: u32,
    /// Bytes.
    pub size: u32,
}

/// The CLI header (II.25.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CliHeader {
    /// Runtime version: major, minor; 2 and 5 nearly always.
    pub runtime_version: (u16, u16),
    /// Where the metadata is.
    pub metadata: Directory,
    /// Code flags.
    pub flags: CorFlags,
    /// A token (or a native address, see the flags).
    pub entry_point: u32,
    /// Where embedded resources are.
    pub resources: Directory,
    /// Where the strong-name signature is.
    pub strong_name_signature: Directory,
    /// Where the vtable fixups of mixed images are.
    pub vtable_fixups: Directory,
}

/// An entry of the debug directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebugEntry<'a> {
    /// 2 CodeView, 16 reproducible, 17 embedded Portable PDB, 19 PDB checksum.
    pub kind: u32,
    /// Part of the identity of the PDB.
    pub time_stamp: u32,
    /// Version: major, minor.
    pub version: (u16, u16),
    /// The entry's data.
    pub data: &'a [u8],
}

/// A run of slots that native code calls methods through (II.25.3.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VTableFixup<'a> {
    /// Address of the first slot.
    pub rva: u32,
    /// 1 slots of 32 bits, 2 of 64 bits, 4 called from unmanaged code, 0x10 the most derived method.
    pub kind: u16,
    /// The slots; each holds a method's token until the image is loaded.
    slots: &'a [u8],
}

impl<'a> VTableFixup<'a> {
    const IS_64_BIT: u16 = 2;

    const fn slot_size(kind: u16) -> usize {
        if kind & Self::IS_64_BIT != 0 { 8 } else { 4 }
    }

    /// The method of each slot.
    pub fn methods(&self) -> impl ExactSizeIterator<Item = Token> + use<'a> {
        self.slots
            .chunks_exact(Self::slot_size(self.kind))
            .map(|slot| Token(u32_at(slot, 0).unwrap_or(0)))
    }
}

const CLI_DIRECTORY: usize = 14;
const VTABLE_FIXUP: usize = 8;
const DEBUG_DIRECTORY: usize = 6;
const SECTION_HEADER: usize = 40;
const DEBUG_ENTRY: usize = 28;
const CLI_HEADER: u32 = 72;
/// The most sections that Windows loads; a bound on the cost of every address look-up.
const MAX_SECTIONS: u16 = 96;

fn directory(reader: &mut Reader<'_>) -> Option<Directory> {
    Some(Directory {
        rva: reader.u32()?,
        size: reader.u32()?,
    })
}

impl<'a> Pe<'a> {
    pub(crate) fn parse(file: &'a [u8]) -> Result<Self, Error> {
        if !file.starts_with(b"MZ") {
            return Err(Error::NotPe("no MZ signature"));
        }
        let pe = u32_at(file, 0x3C).ok_or(Error::Truncated("DOS header"))? as usize;
        let rest = file
            .get(pe..)
            .ok_or(Error::NotPe("the PE header is outside the file"))?;
        if !rest.starts_with(b"PE\0\0") {
            return Err(Error::NotPe("no PE signature"));
        }
        let truncated = Error::Truncated("PE header");
        let mut reader = Reader::new(rest);
        reader.u32().ok_or(truncated)?;
        let machine = reader.u16().ok_or(truncated)?;
        let section_count = reader.u16().ok_or(truncated)?;
        let time_stamp = reader.u32().ok_or(truncated)?;
        reader.u64().ok_or(truncated)?;
        let optional_len = reader.u16().ok_or(truncated)?;
        let characteristics = reader.u16().ok_or(truncated)?;
        let optional = reader.bytes(usize::from(optional_len)).ok_or(truncated)?;
        if section_count > MAX_SECTIONS {
            return Err(Error::NotPe("more than 96 sections"));
        }
        let sections = reader.bytes(usize::from(section_count) * SECTION_HEADER);
        let sections = sections.ok_or(Error::Truncated("section headers"))?;

        let (is_pe32_plus, count_at) = match u16_at(optional, 0) {
            Some(0x10B) => (false, 92),
            Some(0x20B) => (true, 108),
            _ => return Err(Error::NotPe("an optional header of unknown kind")),
        };
        let subsystem = u16_at(optional, 68).ok_or(truncated)?;
        let count = u32_at(optional, count_at).ok_or(truncated)? as usize;
        let data_directory = |number: usize| {
            if number >= count {
                return Directory::default();
            }
            let at = count_at + 4 + number * 8;
            match (u32_at(optional, at), u32_at(optional, at + 4)) {
                (Some(rva), Some(size)) => Directory { rva, size },
                _ => Directory::default(),
            }
        };
        let cli = data_directory(CLI_DIRECTORY);
        if cli.rva == 0 {
            return Err(Error::NotCli);
        }
        let header = PeHeader {
            machine,
            time_stamp,
            characteristics,
            is_pe32_plus,
            subsystem,
        };
        let bytes = rva_bytes(file, sections, cli.rva, CLI_HEADER)?;
        let cli = cli_header(bytes).ok_or(Error::Truncated("CLI header"))?;
        Ok(Self {
            file,
            sections,
            header,
            cli,
            debug: data_directory(DEBUG_DIRECTORY),
        })
    }

    /// Bytes that sections promise beyond the end of the file.
    pub(crate) fn missing_bytes(&self) -> u64 {
        let end = self
            .sections
            .chunks_exact(SECTION_HEADER)
            .filter_map(|section| {
                Some(u64::from(u32_at(section, 20)?) + u64::from(u32_at(section, 16)?))
            })
            .max();
        end.unwrap_or(0).saturating_sub(self.file.len() as u64)
    }

    #[inline]
    pub(crate) fn rva_bytes(&self, rva: u32, len: u32) -> Result<&'a [u8], Error> {
        rva_bytes(self.file, self.sections, rva, len)
    }

    /// Everything in the file from an address to the end of its section.
    #[inline]
    pub(crate) fn rva_tail(&self, rva: u32) -> Result<&'a [u8], Error> {
        rva_tail(self.file, self.sections, rva).ok_or(Error::BadRva { rva, len: 1 })
    }

    pub(crate) fn vtable_fixups(
        &self,
    ) -> impl Iterator<Item = Result<VTableFixup<'a>, Error>> + use<'a> {
        let (file, sections) = (self.file, self.sections);
        let directory = self.cli.vtable_fixups;
        let table = rva_bytes(file, sections, directory.rva, directory.size).unwrap_or(&[]);
        table.chunks_exact(VTABLE_FIXUP).map(move |entry| {
            let truncated = Error::Truncated("vtable fixups");
            let mut reader = Reader::new(entry);
            let rva = reader.u32().ok_or(truncated)?;
            let count = reader.u16().ok_or(truncated)?;
            let kind = reader.u16().ok_or(truncated)?;
            let len = usize::from(count) * VTableFixup::slot_size(kind);
            let slots = rva_bytes(file, sections, rva, len as u32)?;
            Ok(VTableFixup { rva, kind, slots })
        })
    }

    pub(crate) fn debug_entries(
        &self,
    ) -> impl Iterator<Item = Result<DebugEntry<'a>, Error>> + use<'a> {
        let (file, sections) = (self.file, self.sections);
        let table = rva_bytes(file, sections, self.debug.rva, self.debug.size).unwrap_or(&[]);
        table.chunks_exact(DEBUG_ENTRY).map(move |entry| {
            let truncated = Error::Truncated("debug directory");
            let mut reader = Reader::new(entry);
            reader.u32().ok_or(truncated)?;
            let time_stamp = reader.u32().ok_or(truncated)?;
            let version = (
                reader.u16().ok_or(truncated)?,
                reader.u16().ok_or(truncated)?,
            );
            let kind = reader.u32().ok_or(truncated)?;
            let len = reader.u32().ok_or(truncated)?;
            reader.u32().ok_or(truncated)?;
            let at = reader.u32().ok_or(truncated)?;
            let data = slice_at(file, at, len).ok_or(truncated)?;
            Ok(DebugEntry {
                kind,
                time_stamp,
                version,
                data,
            })
        })
    }
}

fn cli_header(bytes: &[u8]) -> Option<CliHeader> {
    let mut reader = Reader::new(bytes);
    reader.u32()?;
    let runtime_version = (reader.u16()?, reader.u16()?);
    let metadata = directory(&mut reader)?;
    let flags = CorFlags::from_bits_retain(reader.u32()?);
    let entry_point = reader.u32()?;
    let resources = directory(&mut reader)?;
    let strong_name_signature = directory(&mut reader)?;
    reader.u64()?;
    let vtable_fixups = directory(&mut reader)?;
    Some(CliHeader {
        runtime_version,
        metadata,
        flags,
        entry_point,
        resources,
        strong_name_signature,
        vtable_fixups,
    })
}

impl CliHeader {
    /// The entry point, when it is managed and there is one.
    #[must_use]
    pub const fn entry_point(&self) -> Option<Token> {
        let token = Token(self.entry_point);
        if self.flags.contains(CorFlags::NATIVE_ENTRY_POINT) || token.is_nil() {
            None
        } else {
            Some(token)
        }
    }
}

/// The bytes of a section from an address on.
#[inline]
fn rva_tail<'a>(file: &'a [u8], sections: &[u8], rva: u32) -> Option<&'a [u8]> {
    sections.chunks_exact(SECTION_HEADER).find_map(|section| {
        let start = u32_at(section, 12)?;
        let raw_size = u32_at(section, 16)?;
        let offset = rva.checked_sub(start).filter(|offset| *offset < raw_size)?;
        let raw = u32_at(section, 20)?;
        // A section may say more than the file has; what is there counts.
        let start = usize::try_from(raw).ok()?;
        let end = start.checked_add(raw_size as usize)?.min(file.len());
        file.get(start.checked_add(offset as usize)?..end)
    })
}

#[inline]
fn rva_bytes<'a>(file: &'a [u8], sections: &[u8], rva: u32, len: u32) -> Result<&'a [u8], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    rva_tail(file, sections, rva)
        .and_then(|tail| tail.get(..len as usize))
        .ok_or(Error::BadRva { rva, len })
}
