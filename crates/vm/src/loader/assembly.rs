//! Assembly identities and where assemblies are looked for.

use std::fmt;
use std::path::{Path, PathBuf};

use ferrocil_generics::ImageId;
use ferrocil_metadata::{Image, TableId};

use super::LoadedImage;
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;

/// Identity of an assembly (ECMA-335 II.6.2.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssemblyName {
    /// Simple name.
    pub name: String,
    /// Major, minor, build, revision.
    pub version: [u16; 4],
    /// Culture, empty for neutral.
    pub culture: String,
    /// Public key token, when signed.
    pub token: Option<[u8; 8]>,
}

impl AssemblyName {
    /// Identity of an image; the file's stem for a module without a manifest.
    #[must_use]
    pub fn of_image(image: &Image<'_>, path: &Path) -> AssemblyName {
        match image.assembly_identity() {
            Ok(Some(id)) => AssemblyName {
                name: id.name.to_string(),
                version: [
                    id.version.major,
                    id.version.minor,
                    id.version.build,
                    id.version.revision,
                ],
                culture: id.culture.to_string(),
                token: id.public_key_token.map(|t| t.0),
            },
            _ => AssemblyName {
                name: path
                    .file_stem()
                    .map(|s| s.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                ..AssemblyName::default()
            },
        }
    }
}

impl fmt::Display for AssemblyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.version;
        let culture = if self.culture.is_empty() {
            "neutral"
        } else {
            &self.culture
        };
        write!(
            f,
            "{}, Version={a}.{b}.{c}.{d}, Culture={culture}, PublicKeyToken=",
            self.name
        )?;
        match self.token {
            Some(token) => token.iter().try_for_each(|b| write!(f, "{b:02x}")),
            None => f.write_str("null"),
        }
    }
}

/// Folders in which assemblies are looked for, in order.
#[derive(Clone, Debug)]
pub struct SearchPath {
    /// Folders of the class library.
    pub framework: Vec<PathBuf>,
    /// Mono's global assembly cache folders.
    pub gac: Vec<PathBuf>,
}

impl Default for SearchPath {
    /// Debian's Mono 4.5 profile.
    fn default() -> Self {
        SearchPath {
            framework: vec![
                PathBuf::from("/usr/lib/mono/4.5"),
                PathBuf::from("/usr/lib/mono/4.5/Facades"),
            ],
            gac: vec![PathBuf::from("/usr/lib/mono/gac")],
        }
    }
}

impl Runtime {
    /// Loads an image file, or gives the one already loaded from this path.
    ///
    /// # Errors
    /// When the file cannot be read or is not a CLI image.
    pub fn load_image(&self, path: &Path) -> LoadResult<&LoadedImage> {
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let _lock = self.loader_lock();
        if let Some(found) = self.images().iter().find(|i| i.path == path) {
            return Ok(found);
        }
        let parsed = LoadedImage::open(&path, self.next_image_id())?;
        Ok(self.add_image(parsed))
    }

    /// Loads an image from bytes; `name` stands for the path in messages.
    ///
    /// # Errors
    /// When the bytes are not a CLI image.
    pub fn load_image_bytes(&self, bytes: &[u8], name: &str) -> LoadResult<&LoadedImage> {
        let _lock = self.loader_lock();
        let parsed = LoadedImage::from_bytes(bytes.into(), name, self.next_image_id())?;
        Ok(self.add_image(parsed))
    }

    /// Finds and loads an assembly by simple name: loaded ones, the requesting image's
    /// folder, the base folder of the current domain, the class library, Mono's GAC.
    ///
    /// # Errors
    /// When no folder has it; the message lists them.
    pub fn load_assembly(
        &self,
        name: &str,
        version: Option<[u16; 4]>,
        near: Option<&Path>,
    ) -> LoadResult<&LoadedImage> {
        if let Some(found) = self.find_loaded(name) {
            return Ok(found);
        }
        let mut searched = Vec::new();
        let paths = self.search_path();
        let near = near.and_then(Path::parent).map(Path::to_path_buf);
        let folders = near
            .iter()
            .chain(self.base_folder())
            .chain(&paths.framework);
        for folder in folders {
            for extension in ["dll", "exe"] {
                let file = folder.join(format!("{name}.{extension}"));
                if file.is_file() {
                    return self.load_image(&file);
                }
            }
            if !searched.contains(folder) {
                searched.push(folder.clone());
            }
        }
        for gac in &paths.gac {
            let folder = gac.join(name);
            if let Some(file) = newest_in_gac(&folder, name, version) {
                return self.load_image(&file);
            }
            searched.push(folder);
        }
        Err(LoadError::assembly_not_found(name, &searched))
    }

    /// A loaded image by simple assembly name.
    #[must_use]
    pub fn find_loaded(&self, name: &str) -> Option<&LoadedImage> {
        self.images()
            .iter()
            .find(|i| i.name.name.eq_ignore_ascii_case(name))
    }

    /// The image that an AssemblyRef row names.
    ///
    /// # Errors
    /// When the row is bad or the assembly cannot be loaded.
    pub fn resolve_assembly_ref(&self, from: &LoadedImage, rid: u32) -> LoadResult<&LoadedImage> {
        if let Some(found) = from.cached_assembly_ref(rid).and_then(|id| self.image(id)) {
            return Ok(found);
        }
        let row = from.image().assembly_ref(rid)?;
        let name = from.image().string(row.name)?;
        let version = [row.major, row.minor, row.build, row.revision];
        let found = self.load_assembly(name, Some(version), Some(&from.path))?;
        from.cache_assembly_ref(rid, found.id);
        Ok(found)
    }

    /// The loaded image with this id.
    #[must_use]
    pub fn image(&self, id: ImageId) -> Option<&LoadedImage> {
        self.images().iter().find(|i| i.id == id)
    }

    /// Whether an image has a manifest.
    #[must_use]
    pub fn has_manifest(image: &LoadedImage) -> bool {
        image.image().row_count(TableId::Assembly) > 0
    }
}

/// GAC folders are `<name>/<version>__<token>/<name>.dll`; takes the asked version or the newest.
fn newest_in_gac(folder: &Path, name: &str, version: Option<[u16; 4]>) -> Option<PathBuf> {
    let mut found: Vec<([u16; 4], PathBuf)> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let mut parts = file_name
                .split("__")
                .next()?
                .split('.')
                .map(|p| p.parse::<u16>().ok());
            let v = [
                parts.next()??,
                parts.next()??,
                parts.next()??,
                parts.next()??,
            ];
            let file = entry.path().join(format!("{name}.dll"));
            file.is_file().then_some((v, file))
        })
        .collect();
    found.sort_by_key(|(v, _)| *v);
    match version.and_then(|v| found.iter().find(|(f, _)| *f == v)) {
        Some((_, file)) => Some(file.clone()),
        None => found.pop().map(|(_, file)| file),
    }
}
