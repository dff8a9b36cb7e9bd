//! The universe: images, and the entries behind the ids.

use core::hash::BuildHasher;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use std::hash::RandomState;

use crate::directory::Directory;
use crate::entry::{InstEntry, MethodEntry, Shape, TypeEntry};
use crate::error::Error;
use crate::ids::{ImageId, ImageSetId, InstId, MethodId, TypeDef, TypeId};
use crate::pages::{PAGE_LEN, Pages};
use crate::registry::{QUARANTINE, Registry};
use crate::rid_table::RidTable;
use crate::set::{ImageData, ImageInfo, ImageSet, SetData};
use crate::types::{Context, Limits, MethodInst, Type};
use ferrocil_alloc::mempool::SharedMempool;
use ferrocil_metadata::ElementType;

/// Every primitive element type.
const PRIMITIVES: [ElementType; 18] = [
    ElementType::Void,
    ElementType::Boolean,
    ElementType::Char,
    ElementType::I1,
    ElementType::U1,
    ElementType::I2,
    ElementType::U2,
    ElementType::I4,
    ElementType::U4,
    ElementType::I8,
    ElementType::U8,
    ElementType::R4,
    ElementType::R8,
    ElementType::String,
    ElementType::TypedByRef,
    ElementType::I,
    ElementType::U,
    ElementType::Object,
];

/// The primitive types have the same ids in every universe.
const fn primitive_id(element: ElementType) -> TypeId {
    TypeId::of(PAGE_LEN + element as u32)
}

#[expect(missing_docs, reason = "the names say it")]
impl TypeId {
    pub const VOID: Self = primitive_id(ElementType::Void);
    pub const BOOLEAN: Self = primitive_id(ElementType::Boolean);
    pub const CHAR: Self = primitive_id(ElementType::Char);
    pub const I1: Self = primitive_id(ElementType::I1);
    pub const U1: Self = primitive_id(ElementType::U1);
    pub const I2: Self = primitive_id(ElementType::I2);
    pub const U2: Self = primitive_id(ElementType::U2);
    pub const I4: Self = primitive_id(ElementType::I4);
    pub const U4: Self = primitive_id(ElementType::U4);
    pub const I8: Self = primitive_id(ElementType::I8);
    pub const U8: Self = primitive_id(ElementType::U8);
    pub const R4: Self = primitive_id(ElementType::R4);
    pub const R8: Self = primitive_id(ElementType::R8);
    pub const STRING: Self = primitive_id(ElementType::String);
    pub const TYPED_BY_REF: Self = primitive_id(ElementType::TypedByRef);
    pub const I: Self = primitive_id(ElementType::I);
    pub const U: Self = primitive_id(ElementType::U);
    pub const OBJECT: Self = primitive_id(ElementType::Object);
}

/// All types, argument lists and methods of one runtime. See the [crate docs](crate).
///
/// Reads take no lock. References that it gives out live until the universe is dropped, or until an image
/// that they depend on is unloaded.
pub struct Universe {
    pub(crate) limits: Limits,
    /// Of the hash tables, random. Ids do not depend on it.
    pub(crate) seed: u64,
    pub(crate) types: Pages<TypeEntry>,
    pub(crate) insts: Pages<InstEntry>,
    pub(crate) methods: Pages<MethodEntry>,
    pub(crate) registry: Registry,
    pub(crate) images: Directory<ImageData>,
    /// The set of no images: primitives are stored under it.
    pub(crate) root: ImageSetId,
    /// What the root set counts as: the set of the class library's image once it is known.
    corlib: AtomicU32,
    /// By element type: image and row of the definition that was bound to a primitive type, or 0.
    bound: [AtomicU64; ElementType::Object as usize + 1],
    /// Unloads come one after the other.
    pub(crate) unloading: Mutex<()>,
}

impl Default for Universe {
    fn default() -> Self {
        Self::new()
    }
}

impl Universe {
    /// A universe of the primitive types, with the default limits.
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A universe of the primitive types. `limits.depth` above [`Limits::MAX_DEPTH`] is lowered to it.
    pub fn with_limits(limits: Limits) -> Self {
        let limits = Limits {
            depth: limits.depth.min(Limits::MAX_DEPTH),
            ..limits
        };
        let registry = Registry::new();
        let Some(root) = registry.find_or_create(&[], 2048) else {
            panic!("a new registry has ids")
        };
        let universe = Self {
            limits,
            seed: RandomState::new().hash_one(0),
            types: Pages::new(),
            insts: Pages::new(),
            methods: Pages::new(),
            registry,
            images: Directory::new(QUARANTINE, u32::MAX),
            root,
            corlib: AtomicU32::new(root.raw()),
            bound: [const { AtomicU64::new(0) }; ElementType::Object as usize + 1],
            unloading: Mutex::new(()),
        };
        if let Some(set) = universe.registry.get(root) {
            let mut pages = set.pages.lock();
            for element in PRIMITIVES {
                let entry = TypeEntry::new(Type::Primitive(element), Shape::LEAF);
                let id = primitive_id(element).raw();
                let pushed = universe
                    .types
                    .push_at(&mut pages.types, root, &set.pool, id, entry);
                assert!(pushed.is_some(), "a new universe has ids");
            }
        }
        universe
    }

    /// Adds an image. Its pool lives until the image is unloaded.
    ///
    /// # Errors
    /// [`Error::IdsExhausted`].
    pub fn add_image(&self, info: ImageInfo) -> Result<ImageId, Error> {
        let raw = self.images.reserve().ok_or(Error::IdsExhausted)?;
        let image = ImageId::of(raw);
        let Some(own_set) = self.registry.find_or_create(&[image], info.pool_size) else {
            self.images.release(raw);
            return Err(Error::IdsExhausted);
        };
        let data = ImageData {
            own_set,
            types: RidTable::new(info.type_defs),
            methods: RidTable::new(info.method_defs),
        };
        self.images.set(raw, Box::into_raw(Box::new(data)));
        Ok(image)
    }

    /// Names the class library's image: the primitive types and everything built from them alone belong to it.
    /// A universe without one keeps them in the set of no images. Call it before other threads use the universe.
    ///
    /// # Errors
    /// [`Error::CorlibTooLate`] when it was named before or types other than the primitive ones exist;
    /// [`Error::VacantImage`].
    pub fn set_corlib(&self, image: ImageId) -> Result<(), Error> {
        let own_set = self.image(image)?.own_set;
        let built = self.registry.iter().any(|set| {
            let pages = set.pages.lock();
            let types = self.types.ids(&pages.types).count();
            types
                > if set.id == self.root {
                    PRIMITIVES.len()
                } else {
                    0
                }
        });
        if built {
            return Err(Error::CorlibTooLate);
        }
        self.corlib
            .compare_exchange(
                self.root.raw(),
                own_set.raw(),
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .map_err(|_| Error::CorlibTooLate)?;
        Ok(())
    }

    /// Makes a row of the class library and a primitive type one: from now on, `def(row)` is the primitive type.
    /// A VM does this once for `System.Int32`, `System.String` and so on, so that each has one id however a
    /// signature spells it.
    ///
    /// # Errors
    /// [`Error::NotPrimitive`]; [`Error::PrimitiveTooLate`] when the row has a type already, is above
    /// [`ImageInfo::type_defs`], or is not the class library's; [`Error::VacantImage`].
    pub fn bind_primitive(&self, element: ElementType, row: TypeDef) -> Result<(), Error> {
        let id = self.try_primitive(element)?;
        let image = self.image(row.image)?;
        let bound = &self.bound[element as usize];
        if self.corlib() != Some(row.image)
            || bound.load(Ordering::Acquire) != 0
            || !image.types.claim(row.rid, id.raw())
        {
            return Err(Error::PrimitiveTooLate(row));
        }
        bound.store(
            u64::from(row.image.raw()) << 32 | u64::from(row.rid),
            Ordering::Release,
        );
        Ok(())
    }

    /// The row that was bound to a primitive type.
    pub fn primitive_def(&self, element: ElementType) -> Option<TypeDef> {
        let bound = self.bound.get(element as usize)?.load(Ordering::Acquire);
        Some(TypeDef {
            image: ImageId::from_raw((bound >> 32) as u32)?,
            rid: bound as u32,
        })
    }

    /// The class library's image.
    pub fn corlib(&self) -> Option<ImageId> {
        self.registry
            .get(self.corlib_set())?
            .images
            .first()
            .copied()
    }

    /// The set of the class library's image alone.
    #[inline]
    pub fn corlib_set(&self) -> ImageSetId {
        ImageSetId::of(self.corlib.load(Ordering::Acquire))
    }

    /// The limits on the size of types.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The pool of an image. What is allocated there lives until the image is unloaded.
    ///
    /// # Panics
    /// When the image is vacant.
    #[track_caller]
    pub fn pool(&self, image: ImageId) -> &SharedMempool {
        &or_bug(
            self.image(image)
                .and_then(|data| self.set_data(data.own_set)),
        )
        .pool
    }

    #[inline]
    pub(crate) fn image(&self, image: ImageId) -> Result<&ImageData, Error> {
        // SAFETY: an image in the directory is a live box until `unload_images`, whose caller promises that
        // nobody uses the image any more, or until `drop`.
        unsafe { self.images.get(image.raw()).as_ref() }.ok_or(Error::VacantImage(image))
    }

    #[inline]
    pub(crate) fn set_data(&self, set: ImageSetId) -> Result<&SetData, Error> {
        self.registry.get(set).ok_or(Error::VacantSet(set))
    }

    /// The set that a stored set id stands for.
    #[inline]
    fn home(&self, set: ImageSetId) -> ImageSetId {
        if set == self.root {
            self.corlib_set()
        } else {
            set
        }
    }

    #[inline]
    pub(crate) fn type_entry(&self, ty: TypeId) -> Result<(&TypeEntry, ImageSetId), Error> {
        let (entry, set) = self.types.get(ty.raw()).ok_or(Error::VacantType(ty))?;
        Ok((entry, self.home(set)))
    }

    #[inline]
    pub(crate) fn inst_entry(&self, inst: InstId) -> Result<(&InstEntry, ImageSetId), Error> {
        let (entry, set) = self.insts.get(inst.raw()).ok_or(Error::VacantInst(inst))?;
        Ok((entry, self.home(set)))
    }

    #[inline]
    pub(crate) fn method_entry(
        &self,
        method: MethodId,
    ) -> Result<(&MethodEntry, ImageSetId), Error> {
        let (entry, set) = self
            .methods
            .get(method.raw())
            .ok_or(Error::VacantMethod(method))?;
        Ok((entry, self.home(set)))
    }

    /// What a type is.
    ///
    /// # Panics
    /// When the id is vacant; see [`Universe::try_ty`].
    #[inline]
    #[track_caller]
    pub fn ty(&self, ty: TypeId) -> Type<'_> {
        or_bug(self.try_ty(ty))
    }

    /// What a type is.
    ///
    /// # Errors
    /// [`Error::VacantType`].
    #[inline]
    pub fn try_ty(&self, ty: TypeId) -> Result<Type<'_>, Error> {
        Ok(self.type_entry(ty)?.0.kind)
    }

    /// The types of an argument list.
    ///
    /// # Panics
    /// When the id is vacant; see [`Universe::try_args`].
    #[inline]
    #[track_caller]
    pub fn args(&self, inst: InstId) -> &[TypeId] {
        or_bug(self.try_args(inst))
    }

    /// The types of an argument list.
    ///
    /// # Errors
    /// [`Error::VacantInst`].
    #[inline]
    pub fn try_args(&self, inst: InstId) -> Result<&[TypeId], Error> {
        Ok(self.inst_entry(inst)?.0.args)
    }

    /// What a method id stands for.
    ///
    /// # Panics
    /// When the id is vacant; see [`Universe::try_method_info`].
    #[inline]
    #[track_caller]
    pub fn method_info(&self, method: MethodId) -> MethodInst {
        or_bug(self.try_method_info(method))
    }

    /// What a method id stands for.
    ///
    /// # Errors
    /// [`Error::VacantMethod`].
    #[inline]
    pub fn try_method_info(&self, method: MethodId) -> Result<MethodInst, Error> {
        Ok(self.method_entry(method)?.0.inst)
    }

    /// Whether a type contains a type variable.
    ///
    /// # Panics
    /// When the id is vacant.
    #[inline]
    #[track_caller]
    pub fn is_open(&self, ty: TypeId) -> bool {
        or_bug(self.type_entry(ty)).0.shape.flags != 0
    }

    /// Whether an argument list contains a type variable.
    ///
    /// # Panics
    /// When the id is vacant.
    #[inline]
    #[track_caller]
    pub fn is_open_inst(&self, inst: InstId) -> bool {
        or_bug(self.inst_entry(inst)).0.shape.flags != 0
    }

    /// Whether a method's declaring type or own arguments contain a type variable.
    ///
    /// # Panics
    /// When the id is vacant.
    #[inline]
    #[track_caller]
    pub fn is_open_method(&self, method: MethodId) -> bool {
        or_bug(self.method_entry(method)).0.flags != 0
    }

    /// A word that the client may keep with a type: a class, say. 0 at first. It goes with the type's set.
    ///
    /// # Panics
    /// When the id is vacant.
    #[inline]
    #[track_caller]
    pub fn type_slot(&self, ty: TypeId) -> &AtomicUsize {
        &or_bug(self.type_entry(ty)).0.slot
    }

    /// A word that the client may keep with a method. 0 at first. It goes with the method's set.
    ///
    /// # Panics
    /// When the id is vacant.
    #[inline]
    #[track_caller]
    pub fn method_slot(&self, method: MethodId) -> &AtomicUsize {
        &or_bug(self.method_entry(method)).0.slot
    }

    /// The TypeDef row of a definition, an instance, or a primitive type that was bound to one.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn definition(&self, ty: TypeId) -> Option<TypeDef> {
        match self.ty(ty) {
            Type::Def(def) | Type::Inst { def, .. } => Some(def),
            Type::Primitive(element) => self.primitive_def(element),
            _ => None,
        }
    }

    /// The arguments of a generic instance.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn type_args(&self, ty: TypeId) -> Option<InstId> {
        match self.ty(ty) {
            Type::Inst { args, .. } => Some(args),
            _ => None,
        }
    }

    /// The context for what a type's definition says of itself (its fields, its parent).
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn context_of_type(&self, ty: TypeId) -> Context {
        Context {
            class_args: self.type_args(ty),
            method_args: None,
        }
    }

    /// The context for a method's signature and body.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn context_of_method(&self, method: MethodId) -> Context {
        let info = self.method_info(method);
        Context {
            class_args: self.type_args(info.declaring),
            method_args: info.args,
        }
    }

    /// Whether a type is a generic instance over its own definition's variables, in order: `List<T>` as it is
    /// written inside `List<T>`. Runtimes treat it as the same class as the definition `List<>`.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn is_own_inst(&self, ty: TypeId) -> bool {
        let Type::Inst { def, args } = self.ty(ty) else {
            return false;
        };
        self.args(args)
            .iter()
            .enumerate()
            .all(|(at, &arg)| matches!(self.ty(arg), Type::Var { owner, index } if owner == def && usize::from(index) == at))
    }

    /// The set of all images that a type depends on.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn images_of(&self, ty: TypeId) -> ImageSetId {
        or_bug(self.type_entry(ty)).1
    }

    /// The set of all images that an argument list depends on.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn images_of_inst(&self, inst: InstId) -> ImageSetId {
        or_bug(self.inst_entry(inst)).1
    }

    /// The set of all images that a method depends on.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn images_of_method(&self, method: MethodId) -> ImageSetId {
        or_bug(self.method_entry(method)).1
    }

    /// A view of an image set.
    ///
    /// # Panics
    /// When the id is vacant.
    #[track_caller]
    pub fn image_set(&self, set: ImageSetId) -> ImageSet<'_> {
        ImageSet {
            universe: self,
            data: or_bug(self.set_data(set)),
        }
    }

    /// All image sets, also the root set of no images.
    pub fn image_sets(&self) -> impl Iterator<Item = ImageSet<'_>> {
        self.registry.iter().map(|data| ImageSet {
            universe: self,
            data,
        })
    }

    /// The set of the images of two sets, made if need be: for clients that own things which depend on several
    /// types.
    ///
    /// # Errors
    /// [`Error::VacantSet`], [`Error::IdsExhausted`].
    pub fn union_of(&self, a: ImageSetId, b: ImageSetId) -> Result<ImageSetId, Error> {
        let (a, b) = (self.home(a), self.home(b));
        self.set_data(a)?;
        self.set_data(b)?;
        self.registry.union(a, b).ok_or(Error::IdsExhausted)
    }

    /// Sizes and counts of everything.
    pub fn stats(&self) -> UniverseStats {
        let mut stats = UniverseStats {
            index_bytes: self.types.bytes()
                + self.insts.bytes()
                + self.methods.bytes()
                + self.registry.bytes()
                + self.images.bytes(),
            ..UniverseStats::default()
        };
        for set in self.image_sets() {
            let of_set = set.stats();
            stats.sets += 1;
            stats.types += of_set.types;
            stats.insts += of_set.insts;
            stats.methods += of_set.methods;
            stats.pool_bytes += of_set.pool_bytes;
            stats.table_bytes += of_set.table_bytes;
        }
        for (_, image) in self.images.occupied() {
            stats.images += 1;
            // SAFETY: as in `image`.
            stats.table_bytes += unsafe { &*image }.bytes();
        }
        stats
    }
}

impl Drop for Universe {
    fn drop(&mut self) {
        let images: Vec<*mut ImageData> = self.images.occupied().map(|(_, image)| image).collect();
        for image in images {
            // SAFETY: from `Box::into_raw` in `add_image`; nobody else can use it now.
            drop(unsafe { Box::from_raw(image) });
        }
    }
}

impl core::fmt::Debug for Universe {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Universe")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Sizes and counts of a universe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UniverseStats {
    /// Images.
    pub images: usize,
    /// Image sets, with the root set.
    pub sets: usize,
    /// Types.
    pub types: usize,
    /// Argument lists.
    pub insts: usize,
    /// Methods.
    pub methods: usize,
    /// Bytes of all pools.
    pub pool_bytes: usize,
    /// Bytes of hash tables, row tables and bookkeeping of sets and images.
    pub table_bytes: usize,
    /// Bytes of the tables from ids to entries. They shrink only with the universe, but ids are reused.
    pub index_bytes: usize,
}

/// For accessors of ids that their caller must keep alive.
#[inline]
#[track_caller]
pub(crate) fn or_bug<T>(result: Result<T, Error>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => vacant(error),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn vacant(error: Error) -> ! {
    panic!("{error}; this is a bug of the program that uses the type universe")
}
