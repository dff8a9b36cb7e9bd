//! What calls resolved that a vtable's own tables do not answer: interface methods that share
//! their pair in the interface method table with another, generic virtual methods, `ldvirtftn`.
//!
//! A direct-mapped table of pointers to entries that never change but for the code address, so
//! that the short way of the helper (`stubs::fast::resolve`) reads it without a lock.

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use crate::stubs::fast::mixed;
use crate::types::MethodPtr;

/// One answer. The helper's short way knows its layout.
#[repr(C)]
#[derive(Debug)]
struct Entry {
    method: usize,
    vtable_offset: u32,
    code: AtomicUsize,
}

/// All answers of a runtime, by the vtable's offset and the method.
#[derive(Debug)]
pub struct DispatchCache {
    table: Box<[AtomicPtr<Entry>]>,
    known: Mutex<FxHashMap<(u32, usize), Box<Entry>>>,
}

impl Default for DispatchCache {
    fn default() -> Self {
        DispatchCache {
            table: (0..1 << DispatchCache::BITS)
                .map(|_| AtomicPtr::new(ptr::null_mut()))
                .collect(),
            known: Mutex::default(),
        }
    }
}

impl DispatchCache {
    /// Logarithm of the table's size.
    pub const BITS: u32 = 12;

    /// The table, for threads to keep. It lives as long as the runtime.
    pub(crate) fn table(&self) -> usize {
        self.table.as_ptr() as usize
    }

    /// The answer for a method called on objects with this vtable, which becomes the one that the
    /// short way finds.
    pub(crate) fn find(&self, vtable_offset: u32, method: MethodPtr) -> Option<usize> {
        let known = self.known.lock();
        let entry = known.get(&(vtable_offset, method.address()))?;
        self.publish(entry);
        Some(entry.code.load(Ordering::Acquire))
    }

    /// Notes an answer.
    pub(crate) fn note(&self, vtable_offset: u32, method: MethodPtr, code: usize) {
        let mut known = self.known.lock();
        let entry = known
            .entry((vtable_offset, method.address()))
            .or_insert_with(|| {
                Box::new(Entry {
                    method: method.address(),
                    vtable_offset,
                    code: AtomicUsize::new(code),
                })
            });
        self.publish(entry);
    }

    fn publish(&self, entry: &Entry) {
        let key = entry.vtable_offset.wrapping_add(entry.method as u32);
        let place = &self.table[mixed(key, DispatchCache::BITS)];
        // Entries stay where they are for the runtime's life; only their atomics are written to.
        place.store(ptr::from_ref(entry).cast_mut(), Ordering::Release);
    }

    /// Puts the last code of methods where answers still have their precodes.
    pub(crate) fn replace(&self, codes: &FxHashMap<usize, usize>) {
        for entry in self.known.lock().values() {
            if let Some(&code) = codes.get(&entry.code.load(Ordering::Relaxed)) {
                entry.code.store(code, Ordering::Release);
            }
        }
    }
}
