//! Image sets: the owners of everything that depends on the same images.

use parking_lot::Mutex;

use crate::ids::{ImageId, ImageSetId, InstId, MethodId, TypeId};
use crate::intern::InternTable;
use crate::pages::Cursor;
use crate::rid_table::RidTable;
use crate::universe::Universe;
use ferrocil_alloc::mempool::SharedMempool;

/// What owns the types, argument lists and methods that depend on exactly these images.
pub(crate) struct SetData {
    pub(crate) id: ImageSetId,
    /// Sorted, without repetition.
    pub(crate) images: Box<[ImageId]>,
    pub(crate) pool: SharedMempool,
    pub(crate) types: InternTable,
    pub(crate) insts: InternTable,
    pub(crate) methods: InternTable,
    pub(crate) pages: Mutex<SetPages>,
}

/// The pages of a set. The lock around it is the set's lock: whoever adds an entry holds it.
pub(crate) struct SetPages {
    pub(crate) types: Cursor,
    pub(crate) insts: Cursor,
    pub(crate) methods: Cursor,
}

impl SetData {
    pub(crate) fn new(id: ImageSetId, images: &[ImageId], pool_size: usize) -> Self {
        Self {
            id,
            images: images.into(),
            pool: SharedMempool::new(pool_size),
            types: InternTable::new(),
            insts: InternTable::new(),
            methods: InternTable::new(),
            pages: Mutex::new(SetPages {
                types: Cursor::new(),
                insts: Cursor::new(),
                methods: Cursor::new(),
            }),
        }
    }

    /// Bytes of hash tables and bookkeeping, outside the pool.
    pub(crate) fn table_bytes(&self) -> usize {
        let pages = self.pages.lock();
        size_of::<Self>()
            + size_of_val(&*self.images)
            + self.types.bytes()
            + self.insts.bytes()
            + self.methods.bytes()
            + pages.types.bytes()
            + pages.insts.bytes()
            + pages.methods.bytes()
    }
}

/// An image of a universe.
pub(crate) struct ImageData {
    /// The set of this image alone. Its pool is the image's pool.
    pub(crate) own_set: ImageSetId,
    /// TypeDef row → type id.
    pub(crate) types: RidTable,
    /// MethodDef row → method id, for methods that are not generic of types that are not.
    pub(crate) methods: RidTable,
}

impl ImageData {
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.types.bytes() + self.methods.bytes()
    }
}

/// What a universe wants to know of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageInfo {
    /// Rows of the TypeDef table. Rows up to here are found by index; later ones (a builder adds them) by
    /// hash, so 0 is correct too.
    pub type_defs: u32,
    /// Rows of the MethodDef table; likewise.
    pub method_defs: u32,
    /// Size in bytes of the first block of the image's pool, raised to a minimum of 512.
    pub pool_size: usize,
}

/// Sizes and counts of one image set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageSetStats {
    /// Images in the set.
    pub images: usize,
    /// Types that the set owns.
    pub types: usize,
    /// Argument lists that the set owns.
    pub insts: usize,
    /// Methods that the set owns.
    pub methods: usize,
    /// Bytes that the set's pool took from the system.
    pub pool_bytes: usize,
    /// Bytes of its hash tables and bookkeeping.
    pub table_bytes: usize,
}

/// A view of an image set: the owner of every type, argument list and method that depends on exactly
/// these images (by its definition or by an argument).
#[derive(Clone, Copy)]
pub struct ImageSet<'u> {
    pub(crate) universe: &'u Universe,
    pub(crate) data: &'u SetData,
}

impl<'u> ImageSet<'u> {
    /// The set's id.
    pub fn id(self) -> ImageSetId {
        self.data.id
    }

    /// The images, in the order of their ids.
    pub fn images(self) -> &'u [ImageId] {
        &self.data.images
    }

    /// Whether the set contains an image.
    pub fn contains(self, image: ImageId) -> bool {
        self.data.images.binary_search(&image).is_ok()
    }

    /// The set's pool: a client's data about the set's types may live here and dies with the set.
    pub fn pool(self) -> &'u SharedMempool {
        &self.data.pool
    }

    /// The types that the set owns at this moment.
    pub fn types(self) -> Vec<TypeId> {
        let pages = self.data.pages.lock();
        self.universe
            .types
            .ids(&pages.types)
            .map(TypeId::of)
            .collect()
    }

    /// The argument lists that the set owns at this moment.
    pub fn insts(self) -> Vec<InstId> {
        let pages = self.data.pages.lock();
        self.universe
            .insts
            .ids(&pages.insts)
            .map(InstId::of)
            .collect()
    }

    /// The methods that the set owns at this moment.
    pub fn methods(self) -> Vec<MethodId> {
        let pages = self.data.pages.lock();
        self.universe
            .methods
            .ids(&pages.methods)
            .map(MethodId::of)
            .collect()
    }

    /// Sizes and counts.
    pub fn stats(self) -> ImageSetStats {
        let (types, insts, methods) = {
            let pages = self.data.pages.lock();
            (
                self.universe.types.ids(&pages.types).count(),
                self.universe.insts.ids(&pages.insts).count(),
                self.universe.methods.ids(&pages.methods).count(),
            )
        };
        ImageSetStats {
            images: self.data.images.len(),
            types,
            insts,
            methods,
            pool_bytes: self.data.pool.stats().reserved,
            table_bytes: self.data.table_bytes(),
        }
    }
}

impl core::fmt::Debug for ImageSet<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ImageSet")
            .field("id", &self.data.id)
            .field("images", &self.data.images)
            .finish()
    }
}
