//! Interned strings and the cells of string literals.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::Domain;
use crate::icall::Thrown;
use crate::object::{ObjRef, StringRef};
use crate::threads::Thread;
use crate::util::AppendVec;

/// What an interned string costs in tables beside its text: the key, the cell, their shares of the
/// allocator's and the map's room.
const INTERNED_BYTES: usize = 96;

/// Interned strings of a domain.
#[derive(Debug, Default)]
pub struct Literals {
    by_text: Mutex<FxHashMap<Box<[u16]>, u32>>,
    cells: AppendVec<AtomicUsize>,
}

impl Literals {
    pub(crate) fn scan(&self, value: &mut dyn FnMut(ObjRef)) {
        for cell in self.cells.iter() {
            // SAFETY: cells hold null or string objects, which this scan keeps alive.
            value(unsafe { ObjRef::from_address(cell.load(Ordering::Acquire)) });
        }
    }

    /// Address of a literal's cell.
    pub(crate) fn cell(&self, index: u32) -> Option<usize> {
        Some(self.cells.get(index as usize)?.as_ptr() as usize)
    }
}

impl Domain {
    /// The number of an interned string, made if need be.
    ///
    /// # Errors
    /// When memory has run out.
    pub(crate) fn intern_cell(&self, thread: &Thread, text: &[u16]) -> Result<u32, Thrown> {
        if let Some(&found) = self.literals.by_text.lock().get(text) {
            return Ok(found);
        }
        let string = thread.new_string_utf16(text)?;
        self.publish(thread, text, string)
    }

    /// Throws when the tables have no room under the heap's limit.
    fn publish(&self, thread: &Thread, text: &[u16], string: StringRef) -> Result<u32, Thrown> {
        let found = self.literals.by_text.lock().get(text).copied();
        if let Some(found) = found {
            return Ok(found);
        }
        // May collect: no lock is held. A text that another thread interns meanwhile is counted twice.
        if self
            .runtime()
            .heap()
            .reserve_native(text.len() * 2 + INTERNED_BYTES)
            .is_err()
        {
            return Err(thread.throw_out_of_memory());
        }
        let mut map = self.literals.by_text.lock();
        if let Some(&found) = map.get(text) {
            return Ok(found);
        }
        let index = self.literals.cells.len() as u32;
        self.literals
            .cells
            .push_with(|_| AtomicUsize::new(string.object().address()));
        map.insert(text.into(), index);
        Ok(index)
    }

    fn string_at(&self, index: u32) -> StringRef {
        let address = self
            .literals
            .cells
            .get(index as usize)
            .map_or(0, |c| c.load(Ordering::Acquire));
        // SAFETY: cells hold strings, which `Literals::scan` keeps alive.
        unsafe { StringRef::from_object(ObjRef::from_address(address)) }
    }

    /// Text of a literal.
    pub(crate) fn literal_text(&self, index: u32) -> Option<Vec<u16>> {
        self.literals.cells.get(index as usize)?;
        Some(self.string_at(index).chars().to_vec())
    }

    /// The interned string with this text.
    ///
    /// # Errors
    /// When memory has run out.
    pub fn intern(&self, thread: &Thread, text: &[u16]) -> Result<StringRef, Thrown> {
        let index = self.intern_cell(thread, text)?;
        Ok(self.string_at(index))
    }

    /// Interns a given object; gives back the one that was there first.
    ///
    /// # Errors
    /// When memory has run out.
    pub fn intern_object(&self, thread: &Thread, string: StringRef) -> Result<StringRef, Thrown> {
        let index = self.publish(thread, string.chars(), string)?;
        Ok(self.string_at(index))
    }

    /// The interned string with this text, if there is one.
    #[must_use]
    pub fn is_interned(&self, text: &[u16]) -> Option<StringRef> {
        let index = *self.literals.by_text.lock().get(text)?;
        Some(self.string_at(index))
    }
}
