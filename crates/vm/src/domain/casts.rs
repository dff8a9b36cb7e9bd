//! Type tests by words of the object's vtable.
//!
//! Every class has a *probe*: the place of a 32-bit word in the vtable of an object that is to
//! be tested against it. For a class of small depth it is a word of the supertype display, which
//! names the ancestor at that depth. For every other type (interfaces, arrays, variant delegates,
//! deep classes) it is a word of the vtable's cast cache: the tested type's vtable offset when
//! the answer is yes, that plus [`CAST_NO`] when it is no. Compiled code looks there by itself
//! (`CastStrategy`) and asks the runtime when the word is about another type.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::{VTable, VTablePtr};
use crate::error::LoadResult;
use crate::runtime::Runtime;
use crate::types::{ClassKind, ClassPtr, is_assignable};
use crate::wellknown::Wk;

/// Words of the supertype display.
pub(super) const DISPLAY: usize = 8;
/// Words of a vtable's cast cache.
pub(super) const CAST_SLOTS: usize = 16;
/// Added to a vtable offset (a multiple of 16): the answer is no.
const CAST_NO: u32 = 1;
/// Entries of the runtime's cast cache.
const GLOBAL_SLOTS: usize = 2048;
/// Element test of an array class that has not been asked for yet: no vtable word is 2.
const UNKNOWN_ELEMENT: u64 = 2;

/// Answers of type tests by (vtable, type): what the words of vtables have no room for.
///
/// An entry is one word: both offsets without their four low bits, and the answer.
pub(crate) struct CastCache {
    entries: Box<[AtomicU64]>,
}

impl Default for CastCache {
    fn default() -> Self {
        CastCache {
            entries: (0..GLOBAL_SLOTS).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl CastCache {
    fn place(&self, key: u64) -> &AtomicU64 {
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        &self.entries[mixed as usize % GLOBAL_SLOTS]
    }

    fn key(from: u32, to: u32) -> u64 {
        u64::from(from >> 4) << 32 | u64::from(to >> 4) << 4
    }

    fn find(&self, from: u32, to: u32) -> Option<bool> {
        let key = CastCache::key(from, to);
        let entry = self.place(key).load(Ordering::Relaxed);
        (entry & !1 == key).then_some(entry & 1 != 0)
    }

    fn note(&self, from: u32, to: u32, answer: bool) {
        let key = CastCache::key(from, to);
        self.place(key)
            .store(key | u64::from(answer), Ordering::Relaxed);
    }
}

/// The words of a vtable that type tests look at.
#[repr(C)]
#[derive(Debug)]
pub(super) struct CastWords {
    /// Vtable offsets of the ancestors, `System.Object` first, this class among them.
    display: [u32; DISPLAY],
    cache: [AtomicU32; CAST_SLOTS],
    /// Of an array of references, what a stored object is tested by: the element class's vtable
    /// offset and, in the upper half, its probe.
    element: AtomicU64,
    /// Where tests against this class look, in bytes from the start of a vtable.
    probe: u32,
}

impl CastWords {
    pub(super) fn new(display: [u32; DISPLAY], probe: u32) -> CastWords {
        CastWords {
            display,
            cache: Default::default(),
            element: AtomicU64::new(UNKNOWN_ELEMENT),
            probe,
        }
    }
}

impl VTable {
    /// Offset of the element test.
    pub const ELEMENT_TEST: usize =
        std::mem::offset_of!(VTable, casts) + std::mem::offset_of!(CastWords, element);
    const DISPLAY_START: usize =
        std::mem::offset_of!(VTable, casts) + std::mem::offset_of!(CastWords, display);
    const CACHE_START: usize =
        std::mem::offset_of!(VTable, casts) + std::mem::offset_of!(CastWords, cache);

    /// Where a test against this class looks, in bytes from the start of the object's vtable.
    pub(crate) fn probe(&self) -> u32 {
        self.casts.probe
    }

    /// Whether the probe is in the cast cache, where the answer may be missing.
    pub(crate) fn probe_is_cached(&self) -> bool {
        self.casts.probe as usize >= VTable::CACHE_START
    }

    fn cache_word(&self, probe: u32) -> &AtomicU32 {
        &self.casts.cache[(probe as usize - VTable::CACHE_START) / 4]
    }
}

impl Runtime {
    /// Where tests against a class look (see the module's description).
    pub(super) fn probe_of(&self, class: ClassPtr) -> LoadResult<u32> {
        if let Some(offset) = self.display_of(class)? {
            return Ok(offset);
        }
        // By name: the same in every process, because cached code holds it.
        let name = self.type_name(class.ty);
        let hash = name.bytes().fold(0u64, |hash, byte| {
            (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        });
        Ok(VTable::CACHE_START as u32 + 4 * ((hash >> 58) as u32 % CAST_SLOTS as u32))
    }

    /// The place of a class in the displays of what derives from it, if it has one.
    pub(crate) fn display_of(&self, class: ClassPtr) -> LoadResult<Option<u32>> {
        let depth = class.supers.len() - 1;
        let by_ancestors = matches!(
            class.kind,
            ClassKind::Class | ClassKind::ValueType | ClassKind::Enum
        ) && depth < DISPLAY
            && !(class.args.is_some()
                && class.derives_from(self.well_known_class(Wk::MulticastDelegate)?));
        Ok(by_ancestors.then_some(VTable::DISPLAY_START as u32 + 4 * depth as u32))
    }

    /// Whether an object with the vtable `from` is an instance of the class of `to`.
    ///
    /// # Errors
    /// When a type that has to be looked at cannot be loaded.
    pub(crate) fn is_instance(&self, from: VTablePtr, to: VTablePtr) -> LoadResult<bool> {
        if from == to {
            return Ok(true);
        }
        if !to.probe_is_cached() {
            return is_assignable(self, from.class, to.class);
        }
        let word = from.cache_word(to.probe());
        let (from_offset, to_offset) = (self.vtable_offset(from), self.vtable_offset(to));
        match word.load(Ordering::Relaxed) ^ to_offset {
            0 => return Ok(true),
            CAST_NO => return Ok(false),
            _ => {}
        }
        let answer = match self.casts.find(from_offset, to_offset) {
            Some(answer) => answer,
            None => {
                let answer = is_assignable(self, from.class, to.class)?;
                self.casts.note(from_offset, to_offset, answer);
                answer
            }
        };
        let told = if answer {
            to_offset
        } else {
            to_offset | CAST_NO
        };
        word.store(told, Ordering::Relaxed);
        Ok(answer)
    }

    /// The vtable of an array's element class; from then on compiled code tests stores itself.
    ///
    /// # Errors
    /// When the element class has no vtable.
    pub(crate) fn element_vtable(&self, array: VTablePtr) -> LoadResult<VTablePtr> {
        let known = array.casts.element.load(Ordering::Relaxed);
        if known != UNKNOWN_ELEMENT {
            let address = self.arena().base() + (known as u32) as usize;
            // SAFETY: the word holds the offset of a vtable of the array's domain.
            return Ok(unsafe { VTablePtr::from_address(address) });
        }
        let element = array.class.element.expect("arrays have elements");
        let found = array.domain().vtable(element)?;
        let test = u64::from(found.probe()) << 32 | u64::from(self.vtable_offset(found));
        array.casts.element.store(test, Ordering::Relaxed);
        Ok(found)
    }
}
