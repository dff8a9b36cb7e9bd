//! Static storage of a domain.

use super::Domain;
use crate::error::LoadResult;
use crate::types::{ClassPtr, FieldPtr, Layout};

/// Storage of one class's static fields.
#[derive(Debug)]
pub struct StaticBlock {
    memory: Box<[u64]>,
    refs: Box<[u32]>,
}

impl StaticBlock {
    /// Reports the address of every reference in the block.
    pub(crate) fn reference_slots(&self, slot: &mut dyn FnMut(usize)) {
        for &offset in &self.refs {
            slot(self.memory.as_ptr() as usize + offset as usize);
        }
    }
}

impl Domain {
    pub(crate) fn allocate_statics(&self, layout: &Layout) -> LoadResult<*mut u8> {
        if layout.statics.size == 0 {
            return Ok(std::ptr::null_mut());
        }
        let mut memory = vec![0u64; layout.statics.size.div_ceil(8) as usize].into_boxed_slice();
        let address = memory.as_mut_ptr().cast::<u8>();
        self.statics.lock().push(StaticBlock {
            memory,
            refs: layout.statics.refs.clone(),
        });
        Ok(address)
    }

    /// The domain's own writable copy of a field's initial data.
    fn field_data(&self, field: FieldPtr, data: &[u8]) -> *mut u8 {
        let mut copies = self.field_data.lock();
        let copy = copies.entry(field).or_insert_with(|| {
            let mut words = vec![0u64; data.len().div_ceil(8).max(1)].into_boxed_slice();
            // SAFETY: the words have room for the data.
            unsafe {
                std::ptr::copy_nonoverlapping(data.as_ptr(), words.as_mut_ptr().cast(), data.len())
            };
            words
        });
        copy.as_mut_ptr().cast()
    }

    /// Address of a static field (not thread static). A copy of the image's data for RVA fields.
    ///
    /// # Errors
    /// When the class cannot be laid out or the data is outside the image.
    pub fn static_address(&self, field: FieldPtr) -> LoadResult<*mut u8> {
        let runtime = self.runtime();
        if field.has_rva() {
            let def = field.class.def.expect("fields have definitions");
            let image = runtime.image_of(def)?;
            let row = image.image().field_rva_of(field.rid).ok_or_else(|| {
                crate::error::LoadError::bad_image("", format!("field {field:?} has no data"))
            })?;
            let rva = image.image().field_rva(row)?.rva;
            let class = runtime.class(field.ty)?;
            let size = if class.is_value_type() {
                runtime.layout(class)?.size
            } else {
                8
            };
            return Ok(self.field_data(field, image.image().rva_bytes(rva, size)?));
        }
        let vtable = self.vtable(field.class)?;
        let offset = runtime.field_offset(field)?;
        Ok(vtable.statics().wrapping_add(offset as usize))
    }

    /// Number of the block of a class's thread statics, unique in the runtime.
    pub(crate) fn thread_static_block(&self, class: ClassPtr) -> u32 {
        let mut blocks = self.thread_static_blocks.lock();
        *blocks
            .entry(class)
            .or_insert_with(|| self.runtime().next_thread_static_block())
    }
}
