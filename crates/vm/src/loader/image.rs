//! An image in memory.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use ferrocil_generics::{ImageId, TypeDef, TypeId};
use ferrocil_metadata::{Image, NestedTypeIndex, TableId};
use memmap2::Mmap;
use rustc_hash::FxHashMap;

use super::AssemblyName;
use crate::error::{LoadError, LoadResult};

/// Bytes of an image.
#[derive(Debug)]
enum Storage {
    /// A file mapped read-only.
    Mapped(Mmap),
    /// Bytes the host gave.
    Owned(Box<[u8]>),
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Storage::Mapped(m) => m,
            Storage::Owned(b) => b,
        }
    }
}

/// A module file with its metadata, and what has been resolved of it.
#[derive(Debug)]
pub struct LoadedImage {
    /// Number in the universe.
    pub id: ImageId,
    /// Where it was loaded from; the given name for bytes.
    pub path: PathBuf,
    /// Identity of its assembly.
    pub name: AssemblyName,
    display_name: String,
    identity: Option<[u8; 32]>,
    image: Image<'static>,
    /// Resolved TypeRef rows: type ids, 0 for not yet.
    type_refs: Box<[AtomicU32]>,
    /// Top-level types by (namespace, name).
    type_index: OnceLock<FxHashMap<(&'static str, &'static str), u32>>,
    nested_index: OnceLock<NestedTypeIndex>,
    /// Assembly references, resolved: image ids, 0 for not yet.
    assembly_refs: Box<[AtomicU32]>,
    // Last field: dropped after everything that points into it.
    _storage: Storage,
}

impl LoadedImage {
    /// Maps and parses a file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a CLI image.
    pub(crate) fn open(path: &Path, id: ImageId) -> LoadResult<LoadedImage> {
        let shown = path.display().to_string();
        let file = std::fs::File::open(path).map_err(|e| {
            LoadError::new(
                crate::error::LoadErrorKind::FileNotFound,
                shown.clone(),
                format!("cannot open '{shown}': {e}; check the path and its permissions"),
            )
        })?;
        let meta = file.metadata().ok();
        if meta.as_ref().is_some_and(|m| !m.is_file()) {
            return Err(LoadError::bad_image(
                shown.clone(),
                format!("'{shown}' is not a file; name a .exe or .dll"),
            ));
        }
        // SAFETY: images are read-only inputs; a file that another process truncates while it is
        // mapped can fault, as with every memory-mapped loader.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| {
            LoadError::bad_image(shown.clone(), format!("cannot map '{shown}': {e}"))
        })?;
        let mut image = Self::parse(Storage::Mapped(map), path.to_path_buf(), id)?;
        image.identity = meta.and_then(|m| {
            let mut identity = [0; 32];
            identity[..16].copy_from_slice(&image.image.mvid().ok()?.0);
            identity[16..24].copy_from_slice(&m.len().to_le_bytes());
            let time = m.mtime().wrapping_mul(1_000_000_000) + m.mtime_nsec();
            identity[24..].copy_from_slice(&time.to_le_bytes());
            Some(identity)
        });
        Ok(image)
    }

    /// Parses bytes.
    pub(crate) fn from_bytes(bytes: Box<[u8]>, name: &str, id: ImageId) -> LoadResult<LoadedImage> {
        Self::parse(Storage::Owned(bytes), PathBuf::from(name), id)
    }

    fn parse(storage: Storage, path: PathBuf, id: ImageId) -> LoadResult<LoadedImage> {
        let shown = path.display().to_string();
        let bytes: *const [u8] = storage.bytes();
        // SAFETY: the storage's bytes do not move with the `Storage` value (a mapping or a box) and
        // live in the same struct, which gives out `Image<'static>` data only under the loader's
        // promise that nothing outlives the image.
        let bytes: &'static [u8] = unsafe { &*bytes };
        let image = Image::parse(bytes).map_err(|e| {
            LoadError::bad_image(
                shown.clone(),
                format!("'{shown}' is not a valid CLI image: {e}; it must be a .NET .exe or .dll"),
            )
        })?;
        let missing = image.missing_bytes();
        if missing > 0 {
            let message = format!(
                "'{shown}' is not a valid CLI image: it is truncated, {missing} bytes are missing; get a whole copy"
            );
            return Err(LoadError::bad_image(shown, message));
        }
        let name = AssemblyName::of_image(&image, &path);
        let cells = |table| {
            (0..image.row_count(table))
                .map(|_| AtomicU32::new(0))
                .collect()
        };
        Ok(LoadedImage {
            id,
            path,
            display_name: name.to_string(),
            identity: None,
            name,
            type_refs: cells(TableId::TypeRef),
            assembly_refs: cells(TableId::AssemblyRef),
            image,
            type_index: OnceLock::new(),
            nested_index: OnceLock::new(),
            _storage: storage,
        })
    }

    /// The metadata. Its slices live as long as this image.
    #[must_use]
    pub fn image(&self) -> &Image<'static> {
        &self.image
    }

    /// `Name, Version=…, Culture=…, PublicKeyToken=…`.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// What tells this image from others, in every process: the module version id (ECMA-335
    /// II.22.30), and the size and time of the file, because tools that rewrite images keep the id.
    /// `None` for images without a file.
    #[must_use]
    pub fn identity(&self) -> Option<[u8; 32]> {
        self.identity
    }

    /// Finds a top-level type.
    #[must_use]
    pub fn find_type(&self, namespace: &str, name: &str) -> Option<TypeDef> {
        let index = self.type_index.get_or_init(|| {
            let mut map = FxHashMap::default();
            for rid in 1..=self.image.row_count(TableId::TypeDef) {
                let Ok(row) = self.image.type_def(rid) else {
                    continue;
                };
                if row.flags.is_nested() {
                    continue;
                }
                if let (Ok(ns), Ok(n)) = (
                    self.image.string(row.namespace),
                    self.image.string(row.name),
                ) {
                    map.entry((ns, n)).or_insert(rid);
                }
            }
            map
        });
        index.get(&(namespace, name)).map(|&rid| TypeDef {
            image: self.id,
            rid,
        })
    }

    /// A nested type by name.
    #[must_use]
    pub fn find_nested(&self, enclosing: u32, name: &str) -> Option<TypeDef> {
        let index = self
            .nested_index
            .get_or_init(|| NestedTypeIndex::new(&self.image));
        index.find(&self.image, enclosing, name).map(|rid| TypeDef {
            image: self.id,
            rid,
        })
    }

    pub(crate) fn cached_type_ref(&self, rid: u32) -> Option<TypeId> {
        TypeId::from_raw(
            self.type_refs
                .get(rid.checked_sub(1)? as usize)?
                .load(Ordering::Acquire),
        )
    }

    pub(crate) fn cache_type_ref(&self, rid: u32, ty: TypeId) {
        if let Some(cell) = rid
            .checked_sub(1)
            .and_then(|i| self.type_refs.get(i as usize))
        {
            cell.store(ty.raw(), Ordering::Release);
        }
    }

    pub(crate) fn cached_assembly_ref(&self, rid: u32) -> Option<ImageId> {
        ImageId::from_raw(
            self.assembly_refs
                .get(rid.checked_sub(1)? as usize)?
                .load(Ordering::Acquire),
        )
    }

    pub(crate) fn cache_assembly_ref(&self, rid: u32, image: ImageId) {
        if let Some(cell) = rid
            .checked_sub(1)
            .and_then(|i| self.assembly_refs.get(i as usize))
        {
            cell.store(image.raw(), Ordering::Release);
        }
    }
}
