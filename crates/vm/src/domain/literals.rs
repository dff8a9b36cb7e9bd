//! Interned strings and the cells of string literals.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use hashbrown::HashTable;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;

use super::Domain;
use ferrocil_gc::Plan as _;

use crate::icall::Thrown;
use crate::object::{ObjRef, StringRef};
use crate::threads::Thread;
use crate::util::AppendVec;

/// What an interned string costs in tables: the cell, the entry of the table of texts, which
/// doubles when it is 7/8 full and has a byte for each entry beside it.
const INTERNED_BYTES: usize = 8 + 2 * 6;
/// Cells that are allocated together.
const PIECE: usize = 128;

/// A literal that there was no memory for when its method was compiled.
#[derive(Debug)]
#[repr(C)]
struct Unmade {
    /// The string once it is made, which is an interned one. First: compiled code passes its address.
    cell: AtomicUsize,
    text: Box<[u16]>,
}

/// Set in the numbers of literals that are not made yet.
const UNMADE: u32 = 1 << 31;

/// Interned strings of a domain.
#[derive(Debug, Default)]
pub struct Literals {
    /// Numbers of cells, by the text of the string in the cell.
    by_text: Mutex<HashTable<u32>>,
    /// Cells are filled once, in order, by whoever holds the lock of `by_text`.
    cells: AppendVec<[AtomicUsize; PIECE]>,
    len: AtomicU32,
    /// Cells below this one have been seen by a collection.
    scanned: AtomicU32,
    unmade: AppendVec<Unmade>,
}

fn hash(text: &[u16]) -> u64 {
    FxBuildHasher.hash_one(text)
}

impl Literals {
    /// Reports the strings; with `new_only`, those that no scan has reported yet.
    pub(crate) fn scan(&self, new_only: bool, value: &mut dyn FnMut(ObjRef)) {
        let len = self.len.load(Ordering::Acquire);
        let first = match new_only {
            true => self.scanned.load(Ordering::Relaxed),
            false => 0,
        };
        for index in first..len {
            value(self.string(index).object());
        }
        self.scanned.store(len, Ordering::Relaxed);
    }

    fn slot(&self, index: u32) -> Option<&AtomicUsize> {
        let piece = self.cells.get(index as usize / PIECE)?;
        Some(&piece[index as usize % PIECE])
    }

    fn string(&self, index: u32) -> StringRef {
        let address = self.slot(index).map_or(0, |c| c.load(Ordering::Acquire));
        // SAFETY: cells hold strings, which `scan` keeps alive.
        unsafe { StringRef::from_object(ObjRef::from_address(address)) }
    }

    /// The number of the string with this text.
    fn find(&self, text: &[u16]) -> Option<u32> {
        let numbers = self.by_text.lock();
        let same = |number: &u32| self.string(*number).chars() == text;
        numbers.find(hash(text), same).copied()
    }

    /// The number of the string with the text of `string`, which is added if there is none.
    fn find_or_add(&self, string: StringRef) -> u32 {
        let text = string.chars();
        let mut numbers = self.by_text.lock();
        let same = |number: &u32| self.string(*number).chars() == text;
        if let Some(&found) = numbers.find(hash(text), same) {
            return found;
        }
        let number = self.len.load(Ordering::Relaxed);
        if number as usize / PIECE == self.cells.len() {
            self.cells
                .push_with(|_| [const { AtomicUsize::new(0) }; PIECE]);
        }
        if let Some(slot) = self.slot(number) {
            slot.store(string.object().address(), Ordering::Release);
        }
        self.len.store(number + 1, Ordering::Release);
        numbers.insert_unique(hash(text), number, |number| {
            hash(self.string(*number).chars())
        });
        number
    }

    fn unmade(&self, index: u32) -> Option<&Unmade> {
        self.unmade.get((index ^ UNMADE) as usize)
    }

    /// Whether a literal's string exists.
    pub(crate) fn is_made(&self, index: u32) -> bool {
        index & UNMADE == 0
    }

    /// Address of a literal's cell.
    pub(crate) fn cell(&self, index: u32) -> Option<usize> {
        if !self.is_made(index) {
            return Some(self.unmade(index)?.cell.as_ptr() as usize);
        }
        Some(self.slot(index)?.as_ptr() as usize)
    }
}

impl Domain {
    /// The number of an interned string, made if need be.
    ///
    /// # Errors
    /// When memory has run out.
    pub(crate) fn intern_cell(&self, thread: &Thread, text: &[u16]) -> Result<u32, Thrown> {
        if let Some(found) = self.literals.find(text) {
            return Ok(found);
        }
        let string = thread.new_string_utf16(text)?;
        self.publish(thread, string)
    }

    /// Throws when the tables have no room under the heap's limit.
    fn publish(&self, thread: &Thread, string: StringRef) -> Result<u32, Thrown> {
        if let Some(found) = self.literals.find(string.chars()) {
            return Ok(found);
        }
        // May collect: no lock is held. A text that another thread interns meanwhile is counted twice.
        let room = self.runtime().heap().reserve_native(INTERNED_BYTES);
        if room.is_err() {
            return Err(thread.throw_out_of_memory());
        }
        Ok(self.literals.find_or_add(string))
    }

    /// The number of a literal. When there is no memory for its string, that is made when the literal
    /// is first used: by [`Domain::make_literal`], which then throws inside the method.
    pub(crate) fn literal_cell(&self, thread: &Thread, text: &[u16]) -> u32 {
        if let Ok(index) = self.intern_cell(thread, text) {
            return index;
        }
        thread.take_pending();
        let mut index = 0;
        self.literals.unmade.push_with(|at| {
            index = at as u32 | UNMADE;
            Unmade {
                cell: AtomicUsize::new(0),
                text: text.into(),
            }
        });
        index
    }

    /// The string of the literal with a cell at this address.
    ///
    /// # Errors
    /// When memory has run out.
    ///
    /// # Safety
    /// [`Literals::cell`] gave the address.
    pub(crate) unsafe fn make_literal(
        &self,
        thread: &Thread,
        cell: usize,
    ) -> Result<ObjRef, Thrown> {
        // SAFETY: cells live as long as the domain.
        let made = unsafe { &*(cell as *const AtomicUsize) }.load(Ordering::Acquire);
        if made != 0 {
            // SAFETY: cells hold interned strings, which `Literals::scan` keeps alive.
            return Ok(unsafe { ObjRef::from_address(made) });
        }
        // SAFETY: only the cell of a literal that is not made is empty; the rest of it is around.
        let unmade = unsafe { &*(cell as *const Unmade) };
        let string = self.intern(thread, &unmade.text)?.object();
        unmade.cell.store(string.address(), Ordering::Release);
        Ok(string)
    }

    /// Text of a literal.
    pub(crate) fn literal_text(&self, index: u32) -> Option<Vec<u16>> {
        if !self.literals.is_made(index) {
            return Some(self.literals.unmade(index)?.text.to_vec());
        }
        (index < self.literals.len.load(Ordering::Acquire))
            .then(|| self.literals.string(index).chars().to_vec())
    }

    /// The interned string with this text.
    ///
    /// # Errors
    /// When memory has run out.
    pub fn intern(&self, thread: &Thread, text: &[u16]) -> Result<StringRef, Thrown> {
        let index = self.intern_cell(thread, text)?;
        Ok(self.literals.string(index))
    }

    /// Interns a given object; gives back the one that was there first.
    ///
    /// # Errors
    /// When memory has run out.
    pub fn intern_object(&self, thread: &Thread, string: StringRef) -> Result<StringRef, Thrown> {
        let index = self.publish(thread, string)?;
        Ok(self.literals.string(index))
    }

    /// The interned string with this text, if there is one.
    #[must_use]
    pub fn is_interned(&self, text: &[u16]) -> Option<StringRef> {
        Some(self.literals.string(self.literals.find(text)?))
    }
}
