//! Method entries: the stable address of a method in a domain and the cell behind it.

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use ferrocil_jit::Tier;

use super::Domain;
use crate::error::LoadResult;
use crate::stubs::emit;
use crate::types::MethodPtr;

/// Not open: calls come to the prestub.
const CLOSED: u8 = 0;
/// Calls are counted.
const COUNTED: u8 = 1;
/// Waits for the compiler thread.
const HOT: u8 = 2;
/// Has its last code.
const FINAL: u8 = 3;

/// A method in a domain. Its precode jumps through `cell`.
#[repr(C)]
#[derive(Debug)]
pub struct MethodEntry {
    /// Address of the code to run; the prestub part of the precode at first.
    cell: AtomicUsize,
    /// The method.
    pub method: MethodPtr,
    domain: *const Domain,
    precode: usize,
    unboxing: AtomicUsize,
    /// Compiled code, 0 before.
    code: AtomicUsize,
    /// 1 for quick code, 2 for optimised code and stubs.
    tier: AtomicU8,
    state: AtomicU8,
    /// Calls left until the method is compiled again; the counting stub takes one each.
    calls: AtomicU32,
}

/// A pointer to a [`MethodEntry`]; valid while its domain lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct EntryPtr(NonNull<MethodEntry>);

// SAFETY: entries are immutable but for atomics.
unsafe impl Send for EntryPtr {}
// SAFETY: as above.
unsafe impl Sync for EntryPtr {}

impl Deref for EntryPtr {
    type Target = MethodEntry;
    fn deref(&self) -> &MethodEntry {
        // SAFETY: entries live in the domain's data heap.
        unsafe { self.0.as_ref() }
    }
}

impl MethodEntry {
    /// The stable address that callers use.
    #[must_use]
    pub fn precode(&self) -> usize {
        self.precode
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        // SAFETY: a domain outlives its entries.
        unsafe { &*self.domain }
    }

    /// Compiled code, if there is some.
    #[must_use]
    pub fn code(&self) -> Option<usize> {
        Some(self.code.load(Ordering::Acquire)).filter(|&c| c != 0)
    }

    /// How the code was compiled; `None` before it is.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        match self.tier.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Tier::Quick),
            _ => Some(Tier::Optimized),
        }
    }

    /// Notes the first code of the method. Of several threads that compiled it at once, one wins;
    /// all get its code.
    pub(crate) fn set_first_code(&self, code: usize, tier: Tier) -> usize {
        let mine = 1 + u8::from(tier == Tier::Optimized);
        let won = self
            .tier
            .compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire);
        if won.is_ok() {
            self.code.store(code, Ordering::Release);
            return code;
        }
        loop {
            if let Some(code) = self.code() {
                return code;
            }
            // The winner is between its two stores.
            std::hint::spin_loop();
        }
    }

    /// Replaces the code; callers still come through the prestub until [`MethodEntry::open`].
    pub(crate) fn set_code(&self, code: usize, tier: Tier) {
        self.code.store(code, Ordering::Release);
        self.tier
            .store(1 + u8::from(tier == Tier::Optimized), Ordering::Release);
    }

    /// Where calls should go: the code once there will be no other, else the precode.
    #[must_use]
    pub fn target(&self) -> usize {
        match self.code() {
            Some(code) if self.state.load(Ordering::Acquire) == FINAL => code,
            _ => self.precode,
        }
    }

    /// Whether calls reach code without the prestub.
    pub(crate) fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) != CLOSED
    }

    /// Lets calls go straight to the code: `this` is this entry. Counts `calls` of them first if
    /// given. When that many were counted, true: the method is to be compiled again.
    pub(crate) fn open(&self, this: EntryPtr, calls: Option<u32>) -> LoadResult<bool> {
        match (self.state.load(Ordering::Acquire), calls) {
            (CLOSED, None) => self.finish(this),
            (CLOSED, Some(calls)) => {
                let Some(code) = self.code() else {
                    return Ok(false);
                };
                let domain = self.domain();
                let mut block = domain.code.reserve(emit::COUNTING_SIZE, 16)?;
                let stub = emit::counting_stub(
                    block.address(),
                    self.calls.as_ptr() as usize,
                    code,
                    self.precode + emit::PRECODE_FIRST,
                );
                block.write(&stub)?;
                let stub = block.commit(stub.len())?.address;
                self.calls.store(calls, Ordering::Release);
                let first = self.state.compare_exchange(
                    CLOSED,
                    COUNTED,
                    Ordering::AcqRel,
                    Ordering::Acquire,
                );
                if first.is_ok() {
                    self.cell.store(stub, Ordering::Release);
                }
            }
            (COUNTED, _) if self.calls.load(Ordering::Acquire).cast_signed() <= 0 => {
                let first =
                    self.state
                        .compare_exchange(COUNTED, HOT, Ordering::AcqRel, Ordering::Acquire);
                if first.is_ok() {
                    if let Some(code) = self.code() {
                        self.cell.store(code, Ordering::Release);
                    }
                    return Ok(true);
                }
            }
            _ => {}
        }
        Ok(false)
    }

    /// The code there is is the last: `this` is this entry.
    pub(crate) fn finish(&self, this: EntryPtr) {
        let Some(code) = self.code() else { return };
        // Delegates are made from whatever address `ldftn` gives.
        self.domain().by_address.write().insert(code, this);
        self.cell.store(code, Ordering::Release);
        self.state.store(FINAL, Ordering::Release);
    }

    /// Entry for calls with a boxed `this`.
    pub(crate) fn unboxing(&self, domain: &Domain) -> LoadResult<usize> {
        let known = self.unboxing.load(Ordering::Acquire);
        if known != 0 {
            return Ok(known);
        }
        let cell = self.cell.as_ptr() as usize;
        let mut block = domain.code.reserve(16, 16)?;
        let code = emit::unbox_stub(block.address(), cell);
        block.write(&code)?;
        let stub = block.commit(code.len())?.address;
        self.unboxing.store(stub, Ordering::Release);
        domain.runtime().codemap.add_stub(stub, 16);
        // Before the lock: `Domain::entry` takes `by_address` while it holds `entries`.
        let entry = domain.entry(self.method)?;
        domain.by_address.write().insert(stub, entry);
        Ok(stub)
    }
}

impl Domain {
    /// The entry of a method in this domain.
    ///
    /// # Errors
    /// When the arena is full.
    pub fn entry(&self, method: MethodPtr) -> LoadResult<EntryPtr> {
        if let Some(&found) = self.entries.read().get(&method) {
            return Ok(found);
        }
        let mut entries = self.entries.write();
        if let Some(&found) = entries.get(&method) {
            return Ok(found);
        }
        let place = self.allocate_hot(MethodEntry {
            cell: AtomicUsize::new(0),
            method,
            domain: self,
            precode: 0,
            unboxing: AtomicUsize::new(0),
            code: AtomicUsize::new(0),
            tier: AtomicU8::new(0),
            state: AtomicU8::new(CLOSED),
            calls: AtomicU32::new(0),
        })?;
        let mut block = self.code.reserve(emit::PRECODE_SIZE, 16)?;
        let at = block.address();
        let code = emit::precode(
            at,
            place.as_ptr() as usize,
            place.as_ptr() as usize,
            self.runtime().helpers.prestub(),
        );
        block.write(&code)?;
        block.commit(code.len())?;
        // SAFETY: fresh memory that nobody else knows yet; the cell is the first field.
        unsafe {
            (*place.as_ptr()).precode = at;
            (*place.as_ptr())
                .cell
                .store(at + emit::PRECODE_FIRST, Ordering::Release);
        }
        let pointer = EntryPtr(place);
        entries.insert(method, pointer);
        self.by_address.write().insert(at, pointer);
        Ok(pointer)
    }

    /// The method whose precode (or unboxing stub) is at an address.
    #[must_use]
    pub fn entry_at(&self, address: usize) -> Option<EntryPtr> {
        self.by_address.read().get(&address).copied()
    }
}
