//! The heap verifier.

use thiserror::Error;

use crate::binding::{ShapeKind, VmBinding};
use crate::collect::load;
use crate::layout::{BLOCK, GRANULE, LINE, MAX_SMALL, PAGE, PAGES_PER_BLOCK};
use crate::object::ObjectRef;
use crate::region::{Core, PageOwner};

/// What is wrong with a heap. Each is a bug of the VM or of the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// An object is larger than the space it is in.
    #[error("object {object:?} claims {size} bytes but has {room}")]
    Size {
        /// The object.
        object: ObjectRef,
        /// Its size by its shape.
        size: usize,
        /// The room until the next object or the end of its block or run.
        room: usize,
    },
    /// A shape names bytes outside the object, or unaligned ones.
    #[error("object {object:?} of {size} bytes has a reference at offset {offset}")]
    Offset {
        /// The object.
        object: ObjectRef,
        /// Its size.
        size: usize,
        /// The offset of the bad slot.
        offset: usize,
    },
    /// An old object refers to a young one, and no write barrier has told.
    #[error(
        "old object {object:?} was given, at offset {offset}, a reference to {value:#x} without a write barrier"
    )]
    MissingBarrier {
        /// The object.
        object: ObjectRef,
        /// The offset of the field.
        offset: usize,
        /// What the field holds.
        value: usize,
    },
    /// A field refers to no object.
    #[error("object {object:?} refers at offset {offset} to {value:#x}, where no object starts")]
    Reference {
        /// The object.
        object: ObjectRef,
        /// The offset of the field.
        offset: usize,
        /// What the field holds.
        value: usize,
    },
}

/// What a successful verification saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Objects.
    pub objects: usize,
    /// Their bytes.
    pub bytes: usize,
    /// References that are not null.
    pub references: usize,
}

/// Checks every object below page `top`. The world is stopped.
pub(crate) fn verify<B: VmBinding>(
    core: &Core,
    binding: &B,
    top: usize,
) -> Result<VerifyReport, VerifyError> {
    core.for_each_extent(top, |owner, index| {
        if owner == PageOwner::Block {
            core.ensure_walked(binding, index);
        }
    });
    let mut check = Check {
        core,
        binding,
        report: VerifyReport::default(),
    };
    let mut result = Ok(());
    core.for_each_extent(top, |owner, index| {
        if result.is_err() {
            return;
        }
        result = match owner {
            PageOwner::Free => Ok(()),
            PageOwner::Block => check.block(index),
            PageOwner::Run(first) => check.run(first),
        };
    });
    result.map(|()| check.report)
}

struct Check<'a, B> {
    core: &'a Core,
    binding: &'a B,
    report: VerifyReport,
}

impl<B: VmBinding> Check<'_, B> {
    fn block(&mut self, block: usize) -> Result<(), VerifyError> {
        let core = self.core;
        let end = core.granule(core.block_addr(block)) + BLOCK / GRANULE;
        let mut next = core.starts.first_set(end - BLOCK / GRANULE..end);
        while let Some(granule) = next {
            next = core.starts.first_set(granule + 1..end);
            let room = (next.unwrap_or(end) - granule) * GRANULE;
            if let Some(object) = ObjectRef::from_addr(core.granule_addr(granule)) {
                self.object(object, room.min(MAX_SMALL))?;
            }
        }
        Ok(())
    }

    fn run(&mut self, first: usize) -> Result<(), VerifyError> {
        let addr = self.core.page_addr(first);
        if self.core.header(addr) == 0 {
            return Ok(());
        }
        match ObjectRef::from_addr(addr) {
            Some(object) => self.object(object, self.core.run_len(first) * PAGE),
            None => Ok(()),
        }
    }

    fn object(&mut self, object: ObjectRef, room: usize) -> Result<(), VerifyError> {
        // SAFETY: a start with a header.
        let shape = unsafe { self.binding.shape(object) };
        // SAFETY: as above.
        let size = unsafe { self.core.size_of(self.binding, object) };
        if size > room {
            return Err(VerifyError::Size { object, size, room });
        }
        self.report.objects += 1;
        self.report.bytes += size;
        let mut slot = |offset: usize| self.slot(object, size, offset);
        match shape.kind {
            ShapeKind::NoRefs | ShapeKind::Ambiguous { .. } => Ok(()),
            ShapeKind::Bitmap { first, bits } => (0..64)
                .filter(|bit| bits & (1 << bit) != 0)
                .try_for_each(|bit| slot(first as usize + 8 * bit)),
            ShapeKind::Runs(runs) => runs.iter().try_for_each(|run| {
                (0..run.count as usize).try_for_each(|n| slot(run.offset as usize + 8 * n))
            }),
            ShapeKind::RefArray { first, len } => {
                (0..len).try_for_each(|n| slot(first as usize + 8 * n))
            }
            ShapeKind::ValueArray {
                first,
                len,
                elem_size,
                offsets,
            } => (0..len).try_for_each(|n| {
                let element = first as usize + n * elem_size as usize;
                offsets
                    .iter()
                    .try_for_each(|offset| slot(element + *offset as usize))
            }),
            ShapeKind::Ephemerons { first, len } => {
                (0..2 * len).try_for_each(|n| slot(first as usize + 8 * n))
            }
        }
    }

    fn slot(&mut self, object: ObjectRef, size: usize, offset: usize) -> Result<(), VerifyError> {
        if offset == 0 || !offset.is_multiple_of(GRANULE) || offset + GRANULE > size {
            return Err(VerifyError::Offset {
                object,
                size,
                offset,
            });
        }
        // SAFETY: an aligned word inside the object (just checked).
        let value = unsafe { load(object.addr() + offset) };
        if value == 0 {
            return Ok(());
        }
        self.report.references += 1;
        let good = if self.core.contains(value) {
            self.core.is_object_start(self.binding, value)
        } else {
            self.binding.is_foreign(value)
        };
        if !good {
            return Err(VerifyError::Reference {
                object,
                offset,
                value,
            });
        }
        let core = self.core;
        let is_old =
            |addr: usize| !core.contains(addr) || core.plane().marks.get(core.granule(addr));
        if core.is_generational()
            && is_old(object.addr())
            && !is_old(value)
            && !core.is_logged((object.addr() + offset - core.base) / LINE)
        {
            return Err(VerifyError::MissingBarrier {
                object,
                offset,
                value,
            });
        }
        Ok(())
    }
}

const _: () = assert!(PAGES_PER_BLOCK * PAGE == BLOCK);
