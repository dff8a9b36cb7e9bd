//! Application domains: statics, vtables, entries, literals and code of one domain.

mod casts;
mod class_init;
mod entries;
mod literals;
mod statics;
mod vtable;

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use ferrocil_codeman::{
    CodeManager, CodeManagerKind, CodeManagerOptions, DataHeap, HeapKind, LoaderArena,
};
use ferrocil_jit::Tier;
use parking_lot::{Condvar, Mutex, RwLock};
use rustc_hash::FxHashMap;

pub(crate) use casts::CastCache;
pub use class_init::InitRecord;
pub use entries::{EntryPtr, MethodEntry};
pub use literals::Literals;
pub use statics::StaticBlock;
pub use vtable::{IMT_OFFSET, IMT_SLOTS, ShapeTag, VTable, VTablePtr, imt_slot};

use crate::error::LoadResult;
use crate::exceptions::ExceptionMaker;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::types::{ClassPtr, MethodPtr};

/// Objects that a domain keeps alive, by purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum DomainRoot {
    /// The `System.AppDomain` object.
    AppDomain,
    /// Its default remoting context.
    Context,
    /// Thrown when memory has run out.
    OutOfMemory,
    /// Thrown when the stack has run out.
    StackOverflow,
    /// What dead ephemeron keys become.
    Tombstone,
}

const ROOTS: usize = 5;

/// Address and tier; `None`: the instances are compiled one by one.
type SharedCode = Option<(usize, Tier)>;

/// An application domain.
pub struct Domain {
    id: u32,
    name: String,
    runtime: *const Runtime,
    pub(crate) code: CodeManager,
    /// Vtables, entries and cells: all reachable by rel32.
    pub(crate) hot: DataHeap,
    pub(crate) vtables: RwLock<FxHashMap<ClassPtr, VTablePtr>>,
    /// Code of shared forms by the tier that was asked for.
    pub(crate) shared: RwLock<FxHashMap<(MethodPtr, Option<Tier>), SharedCode>>,
    pub(crate) entries: RwLock<FxHashMap<MethodPtr, EntryPtr>>,
    /// Entries by the address of their precode, for `ldftn`.
    pub(crate) by_address: RwLock<FxHashMap<usize, EntryPtr>>,
    /// The vtable of `long[]`, which holds stack traces.
    pub(crate) trace_vtable: OnceLock<VTablePtr>,
    /// How exceptions of corlib's `System` namespace are made, by name.
    pub(crate) exception_makers: RwLock<FxHashMap<Box<str>, [Option<ExceptionMaker>; 2]>>,
    pub(crate) statics: Mutex<Vec<StaticBlock>>,
    pub(crate) field_data: Mutex<FxHashMap<crate::types::FieldPtr, Box<[u64]>>>,
    pub(crate) literals: Literals,
    pub(crate) init: Mutex<FxHashMap<ClassPtr, InitRecord>>,
    pub(crate) init_done: Condvar,
    pub(crate) thread_static_blocks: Mutex<FxHashMap<ClassPtr, u32>>,
    roots: [AtomicUsize; ROOTS],
    /// Further objects kept alive for the domain's life (type objects and the like).
    pinned: Mutex<Vec<ObjRef>>,
    /// Reflection objects by the address of what they stand for.
    pub reflection: Mutex<FxHashMap<(usize, usize, u32), ObjRef>>,
}

// SAFETY: references in the tables are only read while the world is stopped or under their locks.
unsafe impl Send for Domain {}
// SAFETY: as above.
unsafe impl Sync for Domain {}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Domain")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Domain {
    pub(crate) fn new(runtime: &Runtime, id: u32, name: &str) -> LoadResult<Domain> {
        let arena: &Arc<LoaderArena> = runtime.arena();
        Ok(Domain {
            id,
            name: name.to_string(),
            runtime,
            code: CodeManager::new(
                arena,
                CodeManagerKind::Domain,
                CodeManagerOptions::default(),
            )?,
            hot: DataHeap::new(arena, HeapKind::HighFrequency),
            vtables: RwLock::default(),
            shared: RwLock::default(),
            entries: RwLock::default(),
            by_address: RwLock::default(),
            trace_vtable: OnceLock::new(),
            exception_makers: RwLock::default(),
            statics: Mutex::default(),
            field_data: Mutex::default(),
            literals: Literals::default(),
            init: Mutex::default(),
            init_done: Condvar::new(),
            thread_static_blocks: Mutex::default(),
            roots: [const { AtomicUsize::new(0) }; ROOTS],
            pinned: Mutex::default(),
            reflection: Mutex::default(),
        })
    }

    /// Number of the domain, from 1.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Friendly name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The runtime it belongs to.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        // SAFETY: a runtime owns its domains.
        unsafe { &*self.runtime }
    }

    /// An object the domain keeps.
    #[must_use]
    pub fn root(&self, which: DomainRoot) -> ObjRef {
        let address = self.roots[which as usize].load(Ordering::Acquire);
        // SAFETY: roots hold null or live objects, which they keep alive.
        unsafe { ObjRef::from_address(address) }
    }

    /// Makes the domain keep an object.
    pub fn set_root(&self, which: DomainRoot, object: ObjRef) {
        self.roots[which as usize].store(object.address(), Ordering::Release);
    }

    /// Keeps an object alive as long as the domain.
    pub fn keep(&self, object: ObjRef) {
        self.pinned.lock().push(object);
    }

    /// Reports every object this domain keeps. With `young`, those may be left out that an earlier
    /// call has reported and that cannot have changed. The world is stopped.
    pub(crate) fn scan(
        &self,
        young: bool,
        slot: &mut dyn FnMut(usize),
        value: &mut dyn FnMut(ObjRef),
    ) {
        for root in &self.roots {
            // SAFETY: as in `root`.
            value(unsafe { ObjRef::from_address(root.load(Ordering::Acquire)) });
        }
        for &object in self.pinned.lock().iter() {
            value(object);
        }
        for &object in self.reflection.lock().values() {
            value(object);
        }
        for block in self.statics.lock().iter() {
            block.reference_slots(slot);
        }
        self.literals.scan(young, value);
        for record in self.init.lock().values() {
            value(record.exception());
        }
        for vtable in self.vtables.read().values() {
            value(vtable.type_object());
        }
    }

    /// Memory of the domain's hot heap.
    pub(crate) fn allocate_hot<T>(&self, value: T) -> LoadResult<NonNull<T>> {
        let place = self.hot.alloc(std::alloc::Layout::new::<T>())?.cast::<T>();
        // SAFETY: fresh memory of the right layout.
        unsafe { place.write(value) };
        Ok(place)
    }

    /// Copies plain data to the domain's hot heap; null for nothing.
    pub(crate) fn copy_hot<T: Copy>(&self, items: &[T]) -> LoadResult<*const T> {
        if items.is_empty() {
            return Ok(std::ptr::null());
        }
        let place = self
            .hot
            .alloc(std::alloc::Layout::for_value(items))?
            .cast::<T>();
        // SAFETY: fresh memory for exactly these items.
        unsafe { std::ptr::copy_nonoverlapping(items.as_ptr(), place.as_ptr(), items.len()) };
        Ok(place.as_ptr())
    }
}
