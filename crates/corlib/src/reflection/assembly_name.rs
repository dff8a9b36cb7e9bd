//! Assembly names as text and as `Mono.MonoAssemblyName`.

use ferrocil_vm::LoadedImage;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::assembly::image_of_handle;
use crate::memory::{allocate, duplicate_text, free};
use crate::prelude::{ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, out_of_memory};
use crate::system::support::utf8;

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.AssemblyName")
        .add("GetNativeName", icall(native_name))
        .add("ParseAssemblyName", icall(parse_name))
        .add("get_public_token", icall(public_token));
    table
        .class("Mono.RuntimeMarshal")
        .add("FreeAssemblyName", icall(free_name));
    table
        .class("System.Reflection.Assembly")
        .add("InternalGetAssemblyName", icall(name_of_file))
        .add("InternalGetReferencedAssemblies", icall(referenced));
}

/// `Mono.MonoAssemblyName`. Its texts are on the C heap.
#[repr(C)]
#[derive(Debug)]
pub(super) struct NativeName {
    name: *mut u8,
    culture: *mut u8,
    hash_value: *mut u8,
    /// Length as in blobs, then the key.
    public_key: *mut u8,
    /// 16 hexadecimal digits and NUL, or empty.
    token: [u8; 17],
    hash_algorithm: u32,
    hash_length: u32,
    flags: u32,
    version: [u16; 4],
    architecture: u16,
}

const _: () = assert!(size_of::<NativeName>() == 80);

// SAFETY: the pointers are to memory that the entry owns and nobody changes.
unsafe impl Send for NativeName {}

/// An assembly name in the form `Name, Version=…, Culture=…, PublicKeyToken=…`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct DisplayName {
    /// Simple name.
    pub name: String,
    /// Version, if given.
    pub version: Option<[u16; 4]>,
    /// Culture, if given; empty for neutral.
    pub culture: Option<String>,
    /// Public key token, if given; `Some(None)` for `null`.
    pub token: Option<Option<[u8; 8]>>,
}

impl DisplayName {
    /// Parses a display name; `None` when it is malformed.
    pub(super) fn parse(text: &str) -> Option<DisplayName> {
        let mut parts = split_parts(text).into_iter();
        let name = unescape(parts.next()?.trim());
        if name.is_empty() {
            return None;
        }
        let mut parsed = DisplayName {
            name,
            ..DisplayName::default()
        };
        for part in parts {
            let (key, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"');
            match key.trim().to_ascii_lowercase().as_str() {
                "version" => parsed.version = Some(parse_version(value)?),
                "culture" | "language" => {
                    let neutral = value.eq_ignore_ascii_case("neutral");
                    parsed.culture = Some(if neutral {
                        String::new()
                    } else {
                        value.to_string()
                    });
                }
                "publickeytoken" => {
                    parsed.token =
                        Some(if value.eq_ignore_ascii_case("null") || value.is_empty() {
                            None
                        } else {
                            Some(parse_token(value)?)
                        });
                }
                // Keys that do not tell assemblies apart here.
                _ => {}
            }
        }
        Some(parsed)
    }
}

/// Parts between commas that are not escaped or quoted.
fn split_parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut escaped, mut quoted) = (false, false);
    for c in text.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => quoted = !quoted,
            ',' if !escaped && !quoted => {
                parts.push(String::new());
                continue;
            }
            _ => escaped = false,
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            plain.extend(chars.next())
        } else {
            plain.push(c)
        }
    }
    plain
}

fn parse_version(text: &str) -> Option<[u16; 4]> {
    let mut version = [0u16; 4];
    let mut count = 0;
    for part in text.split('.') {
        *version.get_mut(count)? = part.trim().parse().ok()?;
        count += 1;
    }
    (count >= 2).then_some(version)
}

fn parse_token(text: &str) -> Option<[u8; 8]> {
    if text.len() != 16 || !text.is_ascii() {
        return None;
    }
    let mut token = [0u8; 8];
    for (byte, pair) in token.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(token)
}

fn hex_token(token: Option<[u8; 8]>) -> [u8; 17] {
    let mut text = [0u8; 17];
    if let Some(token) = token {
        for (i, byte) in token.iter().enumerate() {
            for (j, nibble) in [byte >> 4, byte & 15].into_iter().enumerate() {
                text[2 * i + j] = b"0123456789abcdef"[usize::from(nibble)];
            }
        }
    }
    text
}

fn native_text(t: &Thread, text: &str) -> Managed<*mut u8> {
    duplicate_text(text.as_bytes()).ok_or_else(|| out_of_memory(t))
}

/// A key with its length in front, as blobs have it.
fn native_key(t: &Thread, key: &[u8]) -> Managed<*mut u8> {
    let mut blob = Vec::with_capacity(key.len() + 4);
    match key.len() {
        n @ 0..=0x7f => blob.push(n as u8),
        n @ 0x80..=0x3fff => blob.extend([0x80 | (n >> 8) as u8, n as u8]),
        n => blob.extend([
            0xc0 | (n >> 24) as u8,
            (n >> 16) as u8,
            (n >> 8) as u8,
            n as u8,
        ]),
    }
    blob.extend_from_slice(key);
    duplicate_text(&blob).ok_or_else(|| out_of_memory(t))
}

/// Flag of a name that has its full public key.
const HAS_PUBLIC_KEY: u32 = 1;

fn name_of_image(t: &Thread, image: &LoadedImage) -> Managed<NativeName> {
    let identity = image.image().assembly_identity().ok().flatten();
    let key = identity
        .as_ref()
        .map_or(&[][..], |identity| identity.public_key);
    Ok(NativeName {
        name: native_text(t, &image.name.name)?,
        culture: native_text(t, &image.name.culture)?,
        hash_value: std::ptr::null_mut(),
        public_key: if key.is_empty() {
            std::ptr::null_mut()
        } else {
            native_key(t, key)?
        },
        token: hex_token(image.name.token),
        hash_algorithm: 0x8004,
        hash_length: 0,
        flags: if key.is_empty() { 0 } else { HAS_PUBLIC_KEY },
        version: image.name.version,
        architecture: 0,
    })
}

/// Names of loaded assemblies, which managed code reads at any time.
#[derive(Debug, Default)]
struct NativeNames(Mutex<FxHashMap<usize, Box<NativeName>>>);

fn native_name(t: &Thread, assembly: usize) -> Managed<usize> {
    let image = image_of_handle(t, assembly)?;
    let names = t.runtime().ext::<NativeNames>();
    if let Some(found) = names.0.lock().get(&assembly) {
        return Ok(std::ptr::from_ref(&**found) as usize);
    }
    let made = Box::new(name_of_image(t, image)?);
    let mut map = names.0.lock();
    Ok(std::ptr::from_ref(&**map.entry(assembly).or_insert(made)) as usize)
}

fn parse_name(
    t: &Thread,
    text: *const u8,
    name: *mut NativeName,
    has_version: ByRef<u8>,
    has_token: ByRef<u8>,
) -> Managed<bool> {
    let Some(parsed) = utf8(text).as_deref().and_then(DisplayName::parse) else {
        return Ok(false);
    };
    has_version.set(u8::from(parsed.version.is_some()));
    has_token.set(u8::from(parsed.token.is_some()));
    let culture = match &parsed.culture {
        Some(culture) => native_text(t, culture)?,
        None => std::ptr::null_mut(),
    };
    let made = NativeName {
        name: native_text(t, &parsed.name)?,
        culture,
        hash_value: std::ptr::null_mut(),
        public_key: std::ptr::null_mut(),
        token: hex_token(parsed.token.flatten()),
        hash_algorithm: 0,
        hash_length: 0,
        flags: 0,
        version: parsed.version.unwrap_or_default(),
        architecture: 0,
    };
    // SAFETY: managed code passes a place for a `MonoAssemblyName`.
    unsafe { name.write_unaligned(made) };
    Ok(true)
}

fn free_name(_t: &Thread, name: *mut NativeName, free_structure: u8) -> Managed<()> {
    if name.is_null() {
        return Ok(());
    }
    // SAFETY: managed code passes a name that `parse_name` or `referenced` filled, once.
    unsafe {
        for text in [
            &raw mut (*name).name,
            &raw mut (*name).culture,
            &raw mut (*name).hash_value,
            &raw mut (*name).public_key,
        ] {
            free(text.read());
            text.write(std::ptr::null_mut());
        }
        if free_structure != 0 {
            free(name.cast());
        }
    }
    Ok(())
}

/// The token of a public key: the last eight bytes of its SHA-1 hash, reversed.
fn public_token(_t: &Thread, token: *mut u8, key: *const u8, length: i32) -> Managed<()> {
    let Ok(length) = usize::try_from(length) else {
        return Ok(());
    };
    // SAFETY: managed code passes a pinned key of this length.
    let key = unsafe { std::slice::from_raw_parts(key, length) };
    if let Some(found) = ferrocil_metadata::PublicKeyToken::of_key(key) {
        // SAFETY: managed code passes room for eight bytes.
        unsafe { std::ptr::copy_nonoverlapping(found.0.as_ptr(), token, 8) };
    }
    Ok(())
}

/// The name of an assembly in a file that need not be loaded; also its code base.
fn name_of_file(
    t: &Thread,
    file: StringRef,
    name: *mut NativeName,
    code_base: ByRef<ObjRef>,
) -> Managed<()> {
    let path = std::path::PathBuf::from(file.to_string_lossy());
    let image = crate::system::support::loaded(t, t.runtime().load_image(&path))?;
    // SAFETY: managed code passes a place for a `MonoAssemblyName`.
    unsafe { name.write_unaligned(name_of_image(t, image)?) };
    let base = t.new_string(&super::assembly::code_base_of(image))?;
    crate::prelude::store_byref(t, code_base, base.object());
    Ok(())
}

/// Names of the assemblies that an assembly refers to.
fn referenced(t: &Thread, assembly: ObjRef) -> Managed<*mut crate::memory::PointerArray> {
    let image = super::assembly::image_of_assembly(t, assembly)?;
    let metadata = image.image();
    let mut list = Vec::new();
    for rid in metadata.rids(ferrocil_metadata::TableId::AssemblyRef) {
        let Ok(identity) = metadata.assembly_ref_identity(rid) else {
            continue;
        };
        let version = identity.version;
        let made = NativeName {
            name: native_text(t, identity.name)?,
            culture: native_text(t, identity.culture)?,
            hash_value: std::ptr::null_mut(),
            public_key: std::ptr::null_mut(),
            token: hex_token(identity.public_key_token.map(|token| token.0)),
            hash_algorithm: 0x8004,
            hash_length: 0,
            flags: 0,
            version: [
                version.major,
                version.minor,
                version.build,
                version.revision,
            ],
            architecture: 0,
        };
        let Some(place) = allocate(size_of::<NativeName>()) else {
            return Err(out_of_memory(t));
        };
        // SAFETY: the block has room for the structure; malloc aligns for any type.
        unsafe { place.cast::<NativeName>().write(made) };
        list.push(place as usize);
    }
    let array = crate::memory::PointerArray::allocate(&list);
    if array.is_null() {
        Err(out_of_memory(t))
    } else {
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names() {
        let name = DisplayName::parse(
            "System.Core, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
        )
        .unwrap();
        assert_eq!(name.name, "System.Core");
        assert_eq!(name.version, Some([4, 0, 0, 0]));
        assert_eq!(name.culture.as_deref(), Some(""));
        assert_eq!(
            name.token,
            Some(Some([0xb7, 0x7a, 0x5c, 0x56, 0x19, 0x34, 0xe0, 0x89]))
        );
        assert_eq!(DisplayName::parse("A").unwrap().token, None);
        assert_eq!(
            DisplayName::parse("A, PublicKeyToken=null").unwrap().token,
            Some(None)
        );
        assert_eq!(
            DisplayName::parse("A\\, B, Version=1.2").unwrap().name,
            "A, B"
        );
        for bad in [
            "",
            "A, Version",
            "A, Version=x",
            "A, Version=1.2.3.4.5",
            "A, PublicKeyToken=12",
        ] {
            assert_eq!(DisplayName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_print_as_digits() {
        let text = hex_token(parse_token("b77a5c561934e089"));
        assert_eq!(&text, b"b77a5c561934e089\0");
        assert_eq!(hex_token(None), [0; 17]);
    }
}
