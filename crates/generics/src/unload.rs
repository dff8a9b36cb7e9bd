//! Unloading: an image takes every set with it that contains it.

use crate::error::Error;
use crate::ids::{ImageId, ImageSetId, InstId, MethodId, TypeId};
use crate::set::ImageSet;
use crate::universe::Universe;

/// What went with some images.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnloadReport {
    /// The images, sorted.
    pub images: Vec<ImageId>,
    /// The image sets that contained one of them.
    pub sets: Vec<ImageSetId>,
    /// The types that are vacant now.
    pub types: Vec<TypeId>,
    /// The argument lists that are vacant now.
    pub insts: Vec<InstId>,
    /// The methods that are vacant now.
    pub methods: Vec<MethodId>,
    /// Bytes of pools that went back to the system.
    pub pool_bytes: usize,
    /// Bytes of hash tables, row tables and bookkeeping that went back to the system.
    pub table_bytes: usize,
}

impl Universe {
    /// The sets that unloading these images would free.
    pub fn sets_with(&self, images: &[ImageId]) -> Vec<ImageSetId> {
        self.image_sets()
            .filter(|set| images.iter().any(|&image| set.contains(image)))
            .map(ImageSet::id)
            .collect()
    }

    /// Frees the images and every set that contains one of them. Their ids become vacant: a later use is an error
    /// (or a panic that says so), until the id is given out again, which does not happen before half a million
    /// further ids became vacant.
    ///
    /// Other threads may go on with other images at the same time.
    ///
    /// # Safety
    /// From the start of this call, nobody holds a reference that the universe gave for one of the images or sets
    /// (pools and what was allocated in them, [`Type::FnPtr`](crate::Type::FnPtr) signatures, argument slices,
    /// slots, [`ImageSet`]s), and no other thread calls the universe with one of their ids, builds a type from
    /// them, or walks all sets ([`Universe::image_sets`], [`Universe::sets_with`], [`Universe::stats`],
    /// [`Universe::set_corlib`]).
    ///
    /// # Errors
    /// [`Error::VacantImage`], [`Error::CorlibUnload`]; nothing is freed then.
    pub unsafe fn unload_images(&self, images: &[ImageId]) -> Result<UnloadReport, Error> {
        let _one_at_a_time = self.unloading.lock();
        let mut images = images.to_vec();
        images.sort_unstable();
        images.dedup();
        for &image in &images {
            self.image(image)?;
            if self.corlib() == Some(image) {
                return Err(Error::CorlibUnload);
            }
        }
        let mut report = UnloadReport {
            sets: self.sets_with(&images),
            images,
            ..UnloadReport::default()
        };
        for &id in &report.sets {
            let Ok(set) = self.set_data(id) else { continue };
            {
                let mut pages = set.pages.lock();
                report
                    .types
                    .extend(self.types.ids(&pages.types).map(TypeId::of));
                report
                    .insts
                    .extend(self.insts.ids(&pages.insts).map(InstId::of));
                report
                    .methods
                    .extend(self.methods.ids(&pages.methods).map(MethodId::of));
                report.pool_bytes += set.pool.stats().reserved;
                let pages = &mut *pages;
                // SAFETY: the caller's promise covers the entries of this set.
                unsafe {
                    self.types.forget(&mut pages.types);
                    self.insts.forget(&mut pages.insts);
                    self.methods.forget(&mut pages.methods);
                }
            }
            report.table_bytes += set.table_bytes();
            // SAFETY: the caller's promise covers the set; `set` is not used after this.
            drop(unsafe { self.registry.remove(id) });
        }
        for &image in &report.images {
            let data = self.images.set(image.raw(), core::ptr::null_mut());
            // SAFETY: the pointer came from `Box::into_raw` in `add_image` and has just been taken out; the
            // caller's promise covers the image.
            let data = unsafe { Box::from_raw(data) };
            report.table_bytes += data.bytes();
            self.images.release(image.raw());
        }
        Ok(report)
    }

    /// As [`Universe::unload_images`]; the exclusive borrow proves that nobody else uses the universe.
    /// What the client keeps as plain numbers or raw pointers stays its own care.
    ///
    /// # Errors
    /// As [`Universe::unload_images`].
    pub fn unload_images_exclusive(&mut self, images: &[ImageId]) -> Result<UnloadReport, Error> {
        // SAFETY: `&mut self`: no reference into the universe exists and no other thread uses it.
        unsafe { self.unload_images(images) }
    }
}
