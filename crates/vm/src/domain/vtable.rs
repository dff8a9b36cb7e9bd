//! Vtables: what an object's header names.
//!
//! A vtable belongs to a class and a domain. It lies in the loader arena; headers
//! hold its 32-bit offset from the arena's base.

use std::alloc::Layout as MemLayout;
use std::fmt;
use std::mem::offset_of;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use ferrocil_gc::RefRun;
use rustc_hash::FxHashMap;

use super::Domain;
use super::casts::{CastWords, DISPLAY};
use crate::error::{LoadError, LoadResult};
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::types::{ClassKind, ClassPtr, MethodPtr};

/// Pairs (key, code) for interface calls, filled on first use of a slot.
pub const IMT_SLOTS: u32 = 8;
/// Offset of the interface method table.
pub const IMT_OFFSET: i32 = offset_of!(VTable, imt) as i32;

/// How the collector finds an object's references.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum ShapeTag {
    /// None.
    NoRefs,
    /// `shape_bits`: bit i is the word at 8 + 8·i.
    Bitmap,
    /// Runs behind `shape_list`.
    Runs,
    /// Vector or array of references.
    RefArray,
    /// Array of value types with references at the offsets behind `shape_list`.
    ValueArray,
    /// `System.String`.
    String,
    /// Array of `System.Runtime.CompilerServices.Ephemeron`.
    Ephemerons,
}

/// One entry of the interface method table.
#[repr(C)]
#[derive(Debug, Default)]
struct ImtEntry {
    key: AtomicUsize,
    code: AtomicUsize,
}

/// The fixed part of a vtable; the slots (code addresses) follow.
#[repr(C, align(16))]
#[derive(Debug)]
pub struct VTable {
    /// Class of the objects.
    pub class: ClassPtr,
    domain: *const Domain,
    /// Object size; for arrays the offset of element 0; for strings of the first char.
    pub base_size: u32,
    /// Bytes of an array element or char, else 0.
    pub elem_size: u32,
    /// How references are found.
    pub shape: ShapeTag,
    /// Whether objects have a finalizer.
    pub has_finalizer: bool,
    init_done: AtomicU8,
    /// Whether the finalizer runs after all ordinary ones that became ready with it.
    pub critical_finalizer: bool,
    shape_count: u32,
    shape_bits: u64,
    shape_list: *const RefRun,
    statics: AtomicPtr<u8>,
    type_object: AtomicUsize,
    slot_count: usize,
    pub(super) casts: CastWords,
    imt: [ImtEntry; IMT_SLOTS as usize],
}

/// A pointer to a vtable; valid while its domain lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct VTablePtr(NonNull<VTable>);

// SAFETY: vtables are immutable but for atomics.
unsafe impl Send for VTablePtr {}
// SAFETY: as above.
unsafe impl Sync for VTablePtr {}

impl Deref for VTablePtr {
    type Target = VTable;
    fn deref(&self) -> &VTable {
        // SAFETY: vtables live in the domain's data heap, which the runtime keeps.
        unsafe { self.0.as_ref() }
    }
}

impl fmt::Debug for VTablePtr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vtable of {:?}", self.class)
    }
}

impl VTablePtr {
    /// Address of the vtable.
    #[must_use]
    pub fn address(self) -> usize {
        self.0.as_ptr() as usize
    }

    /// The vtable at an address.
    ///
    /// # Safety
    /// `address` is that of a vtable of a living domain.
    #[must_use]
    pub unsafe fn from_address(address: usize) -> VTablePtr {
        // SAFETY: the caller vouches for the address, which is not 0.
        VTablePtr(unsafe { NonNull::new_unchecked(address as *mut VTable) })
    }

    fn slot_cell(self, slot: usize) -> &'static AtomicUsize {
        assert!(
            slot < self.slot_count,
            "slot {slot} of {} in {self:?}",
            self.slot_count
        );
        // SAFETY: `slot_count` cells follow the fixed part (see `Domain::vtable`).
        unsafe { &*self.0.as_ptr().add(1).cast::<AtomicUsize>().add(slot) }
    }

    /// Code address in a slot.
    #[must_use]
    pub fn slot(self, slot: usize) -> usize {
        self.slot_cell(slot).load(Ordering::Acquire)
    }

    /// Offset of a slot from the vtable's start, for compiled code.
    #[must_use]
    pub fn slot_offset(slot: usize) -> u32 {
        (size_of::<VTable>() + 8 * slot) as u32
    }
}

impl VTable {
    /// Offset of the byte that says the class initialiser has run.
    pub const INIT_OFFSET: usize = offset_of!(VTable, init_done);

    /// The domain this vtable belongs to.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        // SAFETY: a domain outlives its vtables, which lie in its own heap.
        unsafe { &*self.domain }
    }

    /// Whether the class initialiser has run, or there is none.
    #[must_use]
    pub fn is_initialized(&self) -> bool {
        self.init_done.load(Ordering::Acquire) != 0
    }

    pub(crate) fn set_initialized(&self) {
        self.init_done.store(1, Ordering::Release);
    }

    /// Address of the initialisation byte.
    pub(crate) fn init_flag(&self) -> usize {
        self.init_done.as_ptr() as usize
    }

    /// Static storage, null when there is none.
    pub(crate) fn statics(&self) -> *mut u8 {
        self.statics.load(Ordering::Acquire)
    }

    /// The `System.RuntimeType` object, null before it is made.
    #[must_use]
    pub fn type_object(&self) -> ObjRef {
        // SAFETY: the cell holds null or an object that `Domain::scan` keeps alive.
        unsafe { ObjRef::from_address(self.type_object.load(Ordering::Acquire)) }
    }

    /// Sets the type object unless there is one; gives the one that is set.
    pub(crate) fn publish_type_object(&self, object: ObjRef) -> ObjRef {
        match self.type_object.compare_exchange(
            0,
            object.address(),
            Ordering::AcqRel,
            Ordering::Acquire,
        ) {
            Ok(_) => object,
            // SAFETY: as in `type_object`.
            Err(found) => unsafe { ObjRef::from_address(found) },
        }
    }

    /// Bits of a [`ShapeTag::Bitmap`].
    pub(crate) fn shape_bits(&self) -> u64 {
        self.shape_bits
    }

    /// Runs of a [`ShapeTag::Runs`].
    pub(crate) fn shape_runs(&self) -> &[RefRun] {
        if self.shape_count == 0 {
            return &[];
        }
        // SAFETY: the list lies in the domain's heap and has `shape_count` items.
        unsafe { std::slice::from_raw_parts(self.shape_list.cast(), self.shape_count as usize) }
    }

    /// Offsets in an element of a [`ShapeTag::ValueArray`].
    pub(crate) fn shape_offsets(&self) -> &[u32] {
        if self.shape_count == 0 {
            return &[];
        }
        // SAFETY: the list lies in the domain's heap and has `shape_count` items.
        unsafe { std::slice::from_raw_parts(self.shape_list.cast(), self.shape_count as usize) }
    }

    /// Fills an IMT slot if it is free: the code first, so that whoever sees the key sees the code.
    pub(crate) fn fill_imt(&self, slot: u32, key: usize, code: usize) {
        let entry = &self.imt[slot as usize];
        if entry
            .code
            .compare_exchange(0, code, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            entry.key.store(key, Ordering::Release);
        }
    }
}

/// IMT slot of an interface method: the same in every process and in all instances of a generic
/// interface, because code of the code cache and shared code hold it.
#[must_use]
pub fn imt_slot(method: MethodPtr) -> u32 {
    let class = method.class;
    let parts = [method.name, class.name, class.namespace];
    let bytes = parts.iter().flat_map(|part| part.bytes());
    let mixed = bytes.fold(u64::from(method.def.rid), |hash, byte| {
        (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    (mixed >> 61) as u32 % IMT_SLOTS
}

impl Domain {
    /// The vtable of a class in this domain, made on first use.
    ///
    /// # Errors
    /// When the class cannot be laid out or the arena is full.
    pub fn vtable(&self, class: ClassPtr) -> LoadResult<VTablePtr> {
        if let Some(&found) = self.vtables.read().get(&class) {
            return Ok(found);
        }
        let _lock = self.runtime().loader_lock();
        if let Some(&found) = self.vtables.read().get(&class) {
            return Ok(found);
        }
        let made = self.build_vtable(class)?;
        self.vtables.write().insert(class, made);
        Ok(made)
    }

    fn build_vtable(&self, class: ClassPtr) -> LoadResult<VTablePtr> {
        let runtime = self.runtime();
        if class.open {
            let name = runtime.type_name(class.ty);
            return Err(LoadError::type_load(
                name.clone(),
                format!("'{name}' has type parameters that are not bound"),
            ));
        }
        runtime.check_complete(class)?;
        let layout = runtime.layout(class)?;
        let (slots, shape) = if class.is_interface()
            || class.kind == ClassKind::Pointer
            || class.kind == ClassKind::ByRef
        {
            (&[][..], Shape::none(layout.size))
        } else {
            (&*runtime.vtable_layout(class)?.slots, self.shape_of(class)?)
        };
        let bytes = size_of::<VTable>() + slots.len() * 8;
        let memory = MemLayout::from_size_align(bytes, 16)
            .map_err(|e| LoadError::type_load("", e.to_string()))?;
        let runs = if shape.tag == ShapeTag::Runs {
            ref_runs(&shape.offsets)
        } else {
            Vec::new()
        };
        let (list, count) = if runs.is_empty() {
            (self.copy_hot(&shape.offsets)?.cast(), shape.offsets.len())
        } else {
            (self.copy_hot(&runs)?, runs.len())
        };
        let place = self.hot.alloc(memory)?.cast::<VTable>();
        let statics = self.allocate_statics(layout)?;
        let own = (place.as_ptr() as usize - runtime.arena().base()) as u32;
        let mut display = [0; DISPLAY];
        for (word, &ancestor) in display.iter_mut().zip(&class.supers) {
            *word = if ancestor == class {
                own
            } else {
                runtime.vtable_offset(self.vtable(ancestor)?)
            };
        }
        let vtable = VTable {
            class,
            domain: self,
            base_size: shape.base_size,
            elem_size: shape.elem_size,
            shape: shape.tag,
            has_finalizer: self.runtime().finalizer(class)?.is_some(),
            init_done: AtomicU8::new(u8::from(runtime.class_initializer(class)?.is_none())),
            critical_finalizer: class.derives_from(
                runtime.well_known_class(crate::wellknown::Wk::CriticalFinalizerObject)?,
            ),
            shape_count: count as u32,
            shape_bits: shape.bits,
            shape_list: list,
            statics: AtomicPtr::new(statics),
            type_object: AtomicUsize::new(0),
            slot_count: slots.len(),
            casts: CastWords::new(display, runtime.probe_of(class)?),
            imt: Default::default(),
        };
        // SAFETY: fresh memory, large and aligned enough.
        unsafe { place.write(vtable) };
        let pointer = VTablePtr(place);
        for (i, &method) in slots.iter().enumerate() {
            let code = self.slot_code(class, method)?;
            pointer.slot_cell(i).store(code, Ordering::Release);
        }
        Ok(pointer)
    }

    /// Puts the last code of methods where vtables still have their precodes.
    pub(crate) fn publish_in_vtables(&self, entries: &[super::EntryPtr]) {
        let codes: FxHashMap<usize, usize> = entries
            .iter()
            .filter(|e| e.method.is_virtual())
            .map(|e| (e.precode(), e.target()))
            .collect();
        if codes.is_empty() {
            return;
        }
        self.runtime().dispatch.replace(&codes);
        for vtable in self.vtables.read().values() {
            for slot in 0..vtable.slot_count {
                let cell = vtable.slot_cell(slot);
                if let Some(&code) = codes.get(&cell.load(Ordering::Relaxed)) {
                    cell.store(code, Ordering::Release);
                }
            }
            for entry in &vtable.imt {
                if let Some(&code) = codes.get(&entry.code.load(Ordering::Relaxed)) {
                    entry.code.store(code, Ordering::Release);
                }
            }
        }
    }

    /// What a slot first calls: the method's entry, through an unboxing stub for value types.
    pub(crate) fn slot_code(&self, class: ClassPtr, method: MethodPtr) -> LoadResult<usize> {
        // A generic method has no code of its own; its calls ask the runtime for an instance.
        let entry = self.entry(method)?;
        if class.is_value_type() && method.class.is_value_type() && !method.is_static() {
            entry.unboxing(self)
        } else {
            Ok(entry.target())
        }
    }

    fn shape_of(&self, class: ClassPtr) -> LoadResult<Shape> {
        let runtime = self.runtime();
        let layout = runtime.layout(class)?;
        if class.is_array() {
            let element = class.element.expect("arrays have elements");
            let base_size = if class.kind == ClassKind::SzArray {
                16
            } else {
                16 + 8 * class.rank
            };
            let elem_size = runtime.element_size(element)?;
            if element.is_reference() {
                return Ok(Shape {
                    tag: ShapeTag::RefArray,
                    base_size,
                    elem_size,
                    bits: 0,
                    offsets: vec![],
                });
            }
            let refs = if element.is_value_type() {
                runtime.layout(element)?.refs.to_vec()
            } else {
                vec![]
            };
            let ephemeron = element.is_named("System.Runtime.CompilerServices", "Ephemeron")
                && runtime.is_corlib(element.image);
            let tag = match refs.is_empty() {
                true => ShapeTag::NoRefs,
                false if ephemeron => ShapeTag::Ephemerons,
                false => ShapeTag::ValueArray,
            };
            return Ok(Shape {
                tag,
                base_size,
                elem_size,
                bits: 0,
                offsets: refs,
            });
        }
        if class.element_type == ferrocil_metadata::ElementType::String {
            return Ok(Shape {
                tag: ShapeTag::String,
                base_size: 12,
                elem_size: 2,
                bits: 0,
                offsets: vec![],
            });
        }
        let (size, refs): (u32, Vec<u32>) = if class.is_value_type() {
            // Boxed: the payload follows the header.
            let size = (8 + layout.size).next_multiple_of(8).max(16);
            (size, layout.refs.iter().map(|r| r + 8).collect())
        } else {
            (layout.size, layout.refs.to_vec())
        };
        if refs.is_empty() {
            return Ok(Shape::none(size));
        }
        if refs.iter().all(|&r| r < 8 + 64 * 8) {
            let bits = refs.iter().fold(0u64, |b, r| b | 1 << ((r - 8) / 8));
            return Ok(Shape {
                tag: ShapeTag::Bitmap,
                base_size: size,
                elem_size: 0,
                bits,
                offsets: vec![],
            });
        }
        Ok(Shape {
            tag: ShapeTag::Runs,
            base_size: size,
            elem_size: 0,
            bits: 0,
            offsets: refs,
        })
    }
}

/// Neighbouring references as runs.
fn ref_runs(offsets: &[u32]) -> Vec<RefRun> {
    let mut runs: Vec<RefRun> = Vec::new();
    for &offset in offsets {
        match runs.last_mut() {
            Some(run) if run.offset + 8 * run.count == offset => run.count += 1,
            _ => runs.push(RefRun { offset, count: 1 }),
        }
    }
    runs
}

struct Shape {
    tag: ShapeTag,
    base_size: u32,
    elem_size: u32,
    bits: u64,
    offsets: Vec<u32>,
}

impl Shape {
    fn none(size: u32) -> Shape {
        Shape {
            tag: ShapeTag::NoRefs,
            base_size: size,
            elem_size: 0,
            bits: 0,
            offsets: Vec::new(),
        }
    }
}

impl Runtime {
    /// The vtable that an object's header names.
    #[must_use]
    pub fn vtable_of(&self, object: ObjRef) -> VTablePtr {
        let offset = object.header().vtable_offset();
        // SAFETY: headers of live objects hold offsets of vtables.
        unsafe { VTablePtr::from_address(self.arena().base() + offset as usize) }
    }

    /// The class of an object.
    #[must_use]
    pub fn class_of(&self, object: ObjRef) -> ClassPtr {
        self.vtable_of(object).class
    }

    /// The class's own finalizer method, if it overrides `Object.Finalize`.
    ///
    /// # Errors
    /// When the vtable cannot be built.
    pub fn finalizer(&self, class: ClassPtr) -> LoadResult<Option<MethodPtr>> {
        if !class.is_reference() || class.is_interface() || class.is_array() {
            return Ok(None);
        }
        let object = self.well_known_class(crate::wellknown::Wk::Object)?;
        if class == object {
            return Ok(None);
        }
        let Some(finalize) = self.find_method(object, "Finalize", Some(0))? else {
            return Ok(None);
        };
        let Some(slot) = self.slot_of(finalize)? else {
            return Ok(None);
        };
        let found = self.vtable_layout(class)?.slots.get(slot).copied();
        Ok(found.filter(|&m| m != finalize))
    }

    /// The class initialiser, if there is one.
    ///
    /// # Errors
    /// When the class's methods cannot be loaded.
    pub fn class_initializer(&self, class: ClassPtr) -> LoadResult<Option<MethodPtr>> {
        if class.def.is_none() {
            return Ok(None);
        }
        Ok(self
            .methods(class)?
            .iter()
            .copied()
            .find(|m| m.name == ".cctor" && m.is_static()))
    }
}
