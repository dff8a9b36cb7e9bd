//! The heap verifier.

use thiserror::Error;

use crate::binding::VmBinding;
use crate::collect::load;
use crate::layout::{BLOCK, GRANULE, LINE, MAX_SMALL, PAGE, PAGES_PER_BLOCK};
use crate::object::ObjectRef;
use crate::region::{Core, PageOwner, allocation_size};

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
    /// A black object refers to a white one, and no write barrier has told: the marking in
    /// progress would lose it.
    #[error(
        "black object {object:?} was given, at offset {offset}, a reference to the white one at {value:#x} without a write barrier"
    )]
    BlackToWhite {
        /// The object.
        object: ObjectRef,
        /// The offset of the field.
        offset: usize,
        /// What the field holds.
        value: usize,
    },
    /// The structure of a coalescing heap is broken.
    #[error("the heap under the objects is broken: {0}")]
    Arena(#[source] ferrocil_alloc::heap::Corruption),
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
    let mut check = Check::new(Walked { core, binding }, binding);
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

/// What the check of an object asks a plan.
pub(crate) trait Objects {
    /// Whether an address is in the plan's memory.
    fn contains(&self, addr: usize) -> bool;

    /// Whether an object starts at an address in the plan's memory.
    fn is_start(&self, addr: usize) -> bool;

    /// What is wrong with `value`, an object, in the field of `object` at `offset`.
    fn missing_barrier(
        &self,
        object: ObjectRef,
        offset: usize,
        value: usize,
    ) -> Option<VerifyError>;
}

/// Checks objects of any plan.
pub(crate) struct Check<'a, B, O> {
    objects: O,
    binding: &'a B,
    pub(crate) report: VerifyReport,
}

/// A mark-region heap whose blocks have been walked.
struct Walked<'a, B> {
    core: &'a Core,
    binding: &'a B,
}

impl<B: VmBinding> Objects for Walked<'_, B> {
    fn contains(&self, addr: usize) -> bool {
        self.core.contains(addr)
    }

    fn is_start(&self, addr: usize) -> bool {
        self.core.is_object_start(self.binding, addr)
    }

    fn missing_barrier(
        &self,
        object: ObjectRef,
        offset: usize,
        value: usize,
    ) -> Option<VerifyError> {
        let core = self.core;
        let is_old =
            |addr: usize| !core.contains(addr) || core.plane().marks.get(core.granule(addr));
        let missing = core.is_generational()
            && is_old(object.addr())
            && !is_old(value)
            && !core.is_logged((object.addr() + offset - core.base) / LINE);
        missing.then_some(VerifyError::MissingBarrier {
            object,
            offset,
            value,
        })
    }
}

impl<B: VmBinding> Check<'_, B, Walked<'_, B>> {
    fn block(&mut self, block: usize) -> Result<(), VerifyError> {
        let core = self.objects.core;
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
        let core = self.objects.core;
        let addr = core.page_addr(first);
        if core.header(addr) == 0 {
            return Ok(());
        }
        match ObjectRef::from_addr(addr) {
            Some(object) => self.object(object, core.run_len(first) * PAGE),
            None => Ok(()),
        }
    }
}

impl<'a, B: VmBinding, O: Objects> Check<'a, B, O> {
    pub(crate) fn new(objects: O, binding: &'a B) -> Check<'a, B, O> {
        Check {
            objects,
            binding,
            report: VerifyReport::default(),
        }
    }

    /// Checks an object that has `room` bytes.
    pub(crate) fn object(&mut self, object: ObjectRef, room: usize) -> Result<(), VerifyError> {
        // SAFETY: a start with a header.
        let shape = unsafe { self.binding.shape(object) };
        let size = allocation_size(shape.size).unwrap_or(usize::MAX);
        if size > room {
            return Err(VerifyError::Size { object, size, room });
        }
        self.report.objects += 1;
        self.report.bytes += size;
        shape.slots_within(0, usize::MAX, |offset| self.slot(object, size, offset))
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
        let good = if self.objects.contains(value) {
            self.objects.is_start(value)
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
        match self.objects.missing_barrier(object, offset, value) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

const _: () = assert!(PAGES_PER_BLOCK * PAGE == BLOCK);
