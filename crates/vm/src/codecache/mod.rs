//! The code cache: compiled code on disk, for the next start. See `docs/code-cache.md`.
//!
//! Code and tables are kept by what they are for, in one file per image. A record names everything
//! symbolically ([`names`]) and lists the images that its compilation looked at and what else it
//! took for granted ([`recorder`]); it is used only where all of that holds again.

mod file;
mod fingerprint;
mod folder;
mod names;
mod record;
mod recorder;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ferrocil_gc::HeapOptions;
use ferrocil_generics::ImageId;
use ferrocil_jit::host::{StringHandle, TypeHandle};
use ferrocil_jit::{CompiledMethod, Compiler, HandleMap, Tier};
use parking_lot::{Mutex, RwLock};
use rustc_hash::FxHashMap;

use self::file::CacheFile;
use self::fingerprint::{Fingerprint, stable_hash};
use self::folder::Locked;
use self::names::{Bound, Nameless, Namer};
use self::record::Record;
use crate::exec::Host;
use crate::runtime::Runtime;
use crate::types::MethodPtr;

pub(crate) use self::record::Assumption;
pub(crate) use self::recorder::Recorder;

/// Most bytes of new records that wait for [`CodeCache::save`].
const MAX_PENDING: usize = 64 << 20;
/// Records kept under one key: the same method under different assumptions.
const VARIANTS: usize = 2;

/// Which of the two folders a file is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Layer {
    /// Written by processes of this user.
    Own,
    /// Compiled ahead of time, read only.
    Library,
}

/// What a file is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Home {
    /// Methods of an image.
    Image(ImageId),
    /// Stubs, which depend on no image.
    Stubs,
}

/// Where a record belongs.
#[derive(Debug)]
struct Place {
    home: Home,
    hash: u64,
    key: Vec<u8>,
}

#[derive(Debug)]
struct NewRecord {
    place: Place,
    bytes: Vec<u8>,
}

/// Counters of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CodeCacheStats {
    /// Methods and stubs that were loaded.
    pub hits: u64,
    /// Machine code bytes of these.
    pub hit_bytes: u64,
    /// Those of them that had been compiled ahead of time.
    pub precompiled: u64,
    /// Methods and stubs that were looked for in vain.
    pub misses: u64,
    /// Bytes of files in use.
    pub file_bytes: u64,
}

/// `None`: there is no such file, or not one that fits.
type OpenedFile = Option<Arc<CacheFile>>;

/// The code cache of a runtime.
#[derive(Debug)]
pub struct CodeCache {
    folder: Option<PathBuf>,
    library: Option<PathBuf>,
    build: Fingerprint,
    files: RwLock<FxHashMap<(Layer, Home), OpenedFile>>,
    new: Mutex<Vec<NewRecord>>,
    new_bytes: AtomicU64,
    hits: AtomicU64,
    precompiled: AtomicU64,
    hit_bytes: AtomicU64,
    misses: AtomicU64,
    file_bytes: AtomicU64,
}

impl CodeCache {
    /// A cache in `folder`, which need not exist and is written to, on top of the code that was
    /// compiled ahead of time in `library`. `None` without either, or when this build cannot be
    /// identified.
    ///
    /// `heap`: code that allocates and stores by itself is made for a kind of heap.
    pub(crate) fn new(
        folder: Option<&Path>,
        library: Option<&Path>,
        compiler: &Compiler,
        heap: &HeapOptions,
    ) -> Option<CodeCache> {
        if folder.is_none() && library.is_none() {
            return None;
        }
        let build = fingerprint::build_id()?;
        // Sizes are no part of code: what depends on them is a relocation.
        let heap = HeapOptions {
            max_bytes: 0,
            ..heap.clone()
        };
        Some(CodeCache {
            folder: folder.map(Path::to_path_buf),
            library: library.map(Path::to_path_buf),
            build: Fingerprint::of((build, compiler.fingerprint(), format!("{heap:?}"))),
            files: RwLock::default(),
            new: Mutex::default(),
            new_bytes: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            precompiled: AtomicU64::new(0),
            hit_bytes: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            file_bytes: AtomicU64::new(0),
        })
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> CodeCacheStats {
        CodeCacheStats {
            hits: self.hits.load(Ordering::Relaxed),
            precompiled: self.precompiled.load(Ordering::Relaxed),
            hit_bytes: self.hit_bytes.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            file_bytes: self.file_bytes.load(Ordering::Relaxed),
        }
    }

    /// Whether new code is kept.
    pub(crate) fn keeps(&self) -> bool {
        self.folder.is_some()
    }

    /// Whether there is code that [`CodeCache::save`] would write.
    pub(crate) fn has_new(&self) -> bool {
        !self.new.lock().is_empty()
    }

    /// The kept code of a method and how it was compiled, with the handles of this process, if there
    /// is some that is right here and now. In this tier if one is given, else the best.
    pub(crate) fn method(
        &self,
        host: &Host<'_>,
        method: MethodPtr,
        tier: Option<Tier>,
    ) -> Option<(CompiledMethod, Tier)> {
        let place = method_place(host.runtime, method).ok()?;
        self.find(host, &place, tier, 0)
    }

    /// The kept code of a stub. `key` says what it does; `thunk` is its native thunk's number.
    pub(crate) fn stub(&self, host: &Host<'_>, key: Vec<u8>, thunk: u32) -> Option<CompiledMethod> {
        let found = self.find(host, &stub_place(key), None, thunk);
        found.map(|(stub, _)| stub)
    }

    fn find(
        &self,
        host: &Host<'_>,
        place: &Place,
        tier: Option<Tier>,
        thunk: u32,
    ) -> Option<(CompiledMethod, Tier)> {
        // The compiler thread is not managed while it compiles; string literals are objects.
        let look = |layer, tier| {
            let file = self.file(host.runtime, layer, place.home)?;
            file.find(place.hash)
                .find_map(|bytes| bind(host, &bytes, &place.key, tier, thunk))
        };
        let found = host.thread.managed(|| {
            look(Layer::Own, tier).or_else(|| {
                // Such code knows nothing of the process, and is compiled again when it is hot.
                let (method, _) = tier.is_none().then(|| look(Layer::Library, None))??;
                self.precompiled.fetch_add(1, Ordering::Relaxed);
                Some((method, Tier::Quick))
            })
        });
        match &found {
            Some((method, _)) => {
                self.hits.fetch_add(1, Ordering::Relaxed);
                self.hit_bytes
                    .fetch_add(method.code.len() as u64, Ordering::Relaxed);
            }
            None => {
                self.misses.fetch_add(1, Ordering::Relaxed);
            }
        }
        found
    }

    /// Notes code that was compiled, for [`CodeCache::save`]. Code that means something in this
    /// process only is passed over.
    pub(crate) fn note_method(
        &self,
        host: &Host<'_>,
        method: MethodPtr,
        tier: Tier,
        compiled: &CompiledMethod,
        recorder: &Recorder,
    ) {
        if let Ok(place) = method_place(host.runtime, method) {
            self.note(host, place, Some(method), tier, compiled, recorder);
        }
    }

    /// As [`CodeCache::note_method`] for a stub.
    pub(crate) fn note_stub(&self, host: &Host<'_>, key: Vec<u8>, compiled: &CompiledMethod) {
        let recorder = Recorder::default();
        self.note(
            host,
            stub_place(key),
            None,
            Tier::Quick,
            compiled,
            &recorder,
        );
    }

    fn note(
        &self,
        host: &Host<'_>,
        place: Place,
        method: Option<MethodPtr>,
        tier: Tier,
        compiled: &CompiledMethod,
        recorder: &Recorder,
    ) {
        if !self.keeps() || recorder.is_process_bound() || compiled.invalid.is_some() {
            return;
        }
        let encoded = host
            .thread
            .managed(|| encode(host, &place.key, method, tier, compiled, recorder));
        let Ok(Some(bytes)) = encoded else {
            return;
        };
        let total = self
            .new_bytes
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if total < MAX_PENDING as u64 {
            self.new.lock().push(NewRecord { place, bytes });
        }
    }

    fn path(&self, runtime: &Runtime, layer: Layer, home: Home) -> Option<(PathBuf, Fingerprint)> {
        let folder = match layer {
            Layer::Own => self.folder.as_ref(),
            Layer::Library => self.library.as_ref(),
        }?;
        let (name, key) = match home {
            Home::Stubs => (
                "stubs".to_string(),
                Fingerprint::of((self.build.0, "stubs")),
            ),
            Home::Image(image) => {
                let image = runtime.image(image)?;
                let safe = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                let name = image.name.name.chars().filter(|&c| safe(c)).take(64);
                let key = Fingerprint::of((self.build.0, image.identity()?));
                (name.collect(), key)
            }
        };
        let hash = u64::from_le_bytes(key.0[..8].try_into().ok()?);
        let file = format!("{name}-{hash:016x}.{}", folder::EXTENSION);
        Some((folder.join(file), key))
    }

    fn open(&self, runtime: &Runtime, layer: Layer, home: Home) -> Option<CacheFile> {
        let (path, key) = self.path(runtime, layer, home)?;
        let file = match layer {
            Layer::Own => folder::open_private(&path),
            Layer::Library => folder::open_installed(&path),
        };
        CacheFile::open(file.ok()?, &key)
    }

    fn file(&self, runtime: &Runtime, layer: Layer, home: Home) -> Option<Arc<CacheFile>> {
        if let Some(known) = self.files.read().get(&(layer, home)) {
            return known.clone();
        }
        let opened = self.open(runtime, layer, home).map(Arc::new);
        let mut files = self.files.write();
        let file = files.entry((layer, home)).or_insert_with(|| {
            let bytes = opened.as_ref().map_or(0, |f| f.len());
            self.file_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            opened
        });
        file.clone()
    }

    /// Whether [`CodeCache::complete`] was called for an image, by this build.
    pub(crate) fn is_complete(&self, runtime: &Runtime, image: ImageId) -> bool {
        let path = self.path(runtime, Layer::Own, Home::Image(image));
        path.is_some_and(|(path, _)| {
            path.is_file() && path.with_extension(folder::COMPLETE).is_file()
        })
    }

    /// Notes that all code of an image is in its file.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub(crate) fn complete(&self, runtime: &Runtime, image: ImageId) -> std::io::Result<()> {
        let path = self.path(runtime, Layer::Own, Home::Image(image));
        if let (Some((path, _)), Some(folder)) = (path, &self.folder) {
            let locked = Locked::take(folder)?;
            locked.replace(&path.with_extension(folder::COMPLETE), |_| Ok(()))?;
        }
        Ok(())
    }

    /// Writes what was compiled, merged with what other processes wrote meanwhile. Gives the
    /// number of records written.
    ///
    /// # Errors
    /// When the folder cannot be made, is not the user's own, or is full.
    pub(crate) fn save(&self, runtime: &Runtime) -> std::io::Result<usize> {
        let new = std::mem::take(&mut *self.new.lock());
        let Some(folder) = self.folder.as_ref().filter(|_| !new.is_empty()) else {
            return Ok(0);
        };
        self.new_bytes.store(0, Ordering::Relaxed);
        let count = new.len();
        let mut by_home: FxHashMap<Home, Vec<NewRecord>> = FxHashMap::default();
        for record in new {
            by_home.entry(record.place.home).or_default().push(record);
        }
        let locked = Locked::take(folder)?;
        for (home, records) in by_home {
            let Some((path, key)) = self.path(runtime, Layer::Own, home) else {
                continue;
            };
            let old: Vec<(u64, Vec<u8>)> = self
                .open(runtime, Layer::Own, home)
                .map(|file| file.records().collect())
                .unwrap_or_default();
            let merged = merge(&records, &old);
            locked.replace(&path, |file| file::write(file, &key, &merged))?;
        }
        locked.shrink()?;
        Ok(count)
    }
}

/// New and old records in the order of the file: by hash, optimised before quick, new before old.
fn merge<'a>(new: &'a [NewRecord], old: &'a [(u64, Vec<u8>)]) -> Vec<(u64, &'a [u8])> {
    let new = new.iter().rev().map(|r| (r.place.hash, &*r.bytes));
    let old = old.iter().map(|(hash, bytes)| (*hash, &**bytes));
    let mut all: Vec<(u64, &[u8], bool, &[u8])> = Vec::new();
    let mut total = 0;
    for (hash, bytes) in new.chain(old) {
        total += bytes.len();
        if total > file::MAX_FILE {
            break;
        }
        if let Some((key, tier)) = record::peek(bytes) {
            all.push((hash, key, tier == Tier::Quick, bytes));
        }
    }
    // Stable: what came first stays first among equals.
    all.sort_by_key(|&(hash, key, quick, _)| (hash, key, quick));
    let mut kept: Vec<(u64, &[u8])> = Vec::with_capacity(all.len());
    let mut same = 0;
    let mut previous: Option<(u64, &[u8])> = None;
    for (hash, key, _, bytes) in all {
        same = if previous == Some((hash, key)) {
            same + 1
        } else {
            0
        };
        previous = Some((hash, key));
        let repeated = same > 0 && kept.last().is_some_and(|last| last.1 == bytes);
        if same < VARIANTS && !repeated {
            kept.push((hash, bytes));
        }
    }
    kept
}

fn stub_place(key: Vec<u8>) -> Place {
    Place {
        home: Home::Stubs,
        hash: stable_hash(&key),
        key,
    }
}

/// The file and key of a method. Instances over types of a program belong to the program's file.
fn method_place(runtime: &Runtime, method: MethodPtr) -> Result<Place, Nameless> {
    let image = method.def.image;
    let plain = method.class.args.is_none() && method.args.is_none() && method.class.def.is_some();
    let (home, key) = if plain {
        let mut key = vec![0];
        key.extend_from_slice(&method.def.rid.to_le_bytes());
        (image, key)
    } else {
        let none = |_: StringHandle| None;
        let mut namer = Namer::new(runtime, &none);
        namer.method_ptr(method)?;
        let mut others = namer.images().iter().copied();
        let home = others.find(|&i| i != image && !runtime.is_corlib(i));
        let home = home.unwrap_or(image);
        let mut key = vec![1];
        let names = namer.into_plain();
        key.extend(postcard::to_allocvec(&names).map_err(|_| Nameless)?);
        (home, key)
    };
    Ok(Place {
        home: Home::Image(home),
        hash: stable_hash(&key),
        key,
    })
}

fn encode(
    host: &Host<'_>,
    key: &[u8],
    method: Option<MethodPtr>,
    tier: Tier,
    compiled: &CompiledMethod,
    recorder: &Recorder,
) -> Result<Option<Vec<u8>>, Nameless> {
    let text = |string: StringHandle| host.domain.literal_text(string.0);
    let mut namer = Namer::new(host.runtime, &text);
    // The method's own image first: the others are reached from it. Who refers to an image was
    // loaded before it.
    if let Some(method) = method {
        namer.image(method.def.image)?;
    }
    let mut images: Vec<ImageId> = recorder.images(host.runtime).into_iter().collect();
    images.sort_unstable();
    for image in images {
        namer.image(image)?;
    }
    let mut tables = CompiledMethod {
        code: Vec::new(),
        dumps: None,
        ..compiled.clone()
    };
    tables.map_handles(&mut namer)?;
    let mut assumptions = Vec::new();
    for assumption in recorder.assumptions() {
        assumptions.push(match assumption {
            Assumption::Initialized(ty) => Assumption::Initialized(namer.ty(ty)?),
        });
    }
    let record = Record {
        key,
        tier,
        names: namer.finish(),
        assumptions,
        tables,
        code: &compiled.code,
    };
    Ok(record.encode())
}

/// Reads a record and gives its handles their meaning in this process.
fn bind(
    host: &Host<'_>,
    bytes: &[u8],
    key: &[u8],
    tier: Option<Tier>,
    thunk: u32,
) -> Option<(CompiledMethod, Tier)> {
    if tier.is_some_and(|tier| record::peek(bytes).is_none_or(|(_, found)| found != tier)) {
        return None;
    }
    let record = record::decode(bytes, key)?;
    let images = Bound::images(host, &record.names).ok()?;
    let mut bound = Bound::new(host, &record.names, &images).ok()?;
    bound.thunk = thunk;
    for assumption in &record.assumptions {
        if !holds(host, &mut bound, *assumption)? {
            return None;
        }
    }
    let mut method = record.tables;
    method.code = record.code.to_vec();
    if !method.is_consistent() {
        return None;
    }
    method.map_handles(&mut bound).ok()?;
    Some((method, record.tier))
}

fn holds(host: &Host<'_>, bound: &mut Bound<'_>, assumption: Assumption) -> Option<bool> {
    match assumption {
        Assumption::Initialized(ty) => {
            let ty: TypeHandle = bound.ty(ty).ok()?;
            let class = host.class(ty).ok()?;
            Some(host.domain.vtable(class).ok()?.is_initialized())
        }
    }
}
