//! The heaps, item by item.

use core::fmt;

use super::values::string_or_bytes;
use crate::text::Error;
use crate::{Metadata, Reader, StringIndex};

/// A heap that can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heap {
    /// `#Strings`
    Strings,
    /// `#US`
    UserStrings,
    /// `#Blob`, as bytes: where an item starts is known to the tables only
    Blob,
}

impl Heap {
    /// The heap with the name of monodis' option for it; letters' case means nothing.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let all = [
            ("strings", Self::Strings),
            ("userstrings", Self::UserStrings),
            ("blob", Self::Blob),
        ];
        let (_, heap) = all
            .into_iter()
            .find(|(option, _)| option.eq_ignore_ascii_case(name))?;
        Some(heap)
    }

    /// Writes what it holds, as `monodis` does.
    ///
    /// # Errors
    /// When an item is malformed, or the sink fails.
    pub fn write(self, metadata: &Metadata<'_>, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        let [strings, blob, _, user_strings] = metadata.heap_bytes();
        match self {
            Self::Strings => write_strings(metadata, strings, sink),
            Self::UserStrings => write_user_strings(user_strings, sink),
            Self::Blob => write_blob(blob, sink),
        }
    }
}

fn write_strings(
    metadata: &Metadata<'_>,
    heap: &[u8],
    sink: &mut dyn fmt::Write,
) -> Result<(), Error> {
    writeln!(sink, "Strings heap contents")?;
    let mut at = 0_u32;
    while (at as usize) < heap.len() {
        let bytes = if at == 0 {
            &[]
        } else {
            metadata.string_bytes(StringIndex(at))?
        };
        let text = alloc::string::String::from_utf8_lossy(bytes);
        writeln!(sink, "{at:02x}: \"{text}\"")?;
        at += bytes.len() as u32 + 1;
    }
    Ok(())
}

fn write_user_strings(heap: &[u8], sink: &mut dyn fmt::Write) -> Result<(), Error> {
    writeln!(sink, "User Strings heap contents")?;
    let mut reader = Reader::new(heap);
    while !reader.is_empty() {
        let at = reader.position();
        let bad = crate::Error::BadHeapIndex {
            heap: "#US",
            index: at as u32,
        };
        let len = reader.compressed_u32().ok_or(bad)?;
        let item = reader.bytes(len as usize).ok_or(bad)?;
        writeln!(sink, "{at:02x}: {}", string_or_bytes(item))?;
    }
    Ok(())
}

fn write_blob(heap: &[u8], sink: &mut dyn fmt::Write) -> Result<(), Error> {
    writeln!(sink, "Blob heap contents")?;
    for (at, byte) in heap.iter().enumerate() {
        match at % 16 {
            0 if at != 0 => sink.write_str("\n")?,
            8 => sink.write_str("- ")?,
            _ => {}
        }
        write!(sink, "{byte:02x} ")?;
    }
    Ok(sink.write_str("\n")?)
}
