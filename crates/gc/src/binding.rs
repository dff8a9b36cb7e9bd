//! What a virtual machine tells the collector.

use crate::collect::RootVisitor;
use crate::collect::WeakVisitor;
use crate::object::ObjectRef;
use crate::stats::CollectionRecord;
use crate::tlab::Tlab;

/// A run of consecutive reference fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefRun {
    /// Byte offset of the first reference from the object's start.
    pub offset: u32,
    /// How many references follow each other.
    pub count: u32,
}

/// Where an object keeps its references. Offsets are bytes from the object's
/// start; every reference is an aligned word that holds the address of an
/// object's start, or null.
#[derive(Clone, Copy, Debug)]
pub enum ShapeKind<'a> {
    /// No references at all.
    NoRefs,
    /// Bit `i` set: there is a reference at `first + 8 * i`.
    Bitmap {
        /// Offset of the word that bit 0 stands for.
        first: u32,
        /// One bit per word.
        bits: u64,
    },
    /// Runs of references.
    Runs(&'a [RefRun]),
    /// `len` references from `first` on.
    RefArray {
        /// Offset of element 0.
        first: u32,
        /// Number of elements.
        len: usize,
    },
    /// `len` elements of `elem_size` bytes from `first` on, each with
    /// references at `offsets`.
    ValueArray {
        /// Offset of element 0.
        first: u32,
        /// Number of elements.
        len: usize,
        /// Bytes per element.
        elem_size: u32,
        /// Offsets of the references inside one element.
        offsets: &'a [u32],
    },
    /// `len` pairs (key, value) of 16 bytes from `first` on. A value lives only
    /// while its key does; when the key dies, the key becomes the binding's
    /// tombstone and the value null (Hayes, "Ephemerons", OOPSLA 1997).
    Ephemerons {
        /// Offset of the first key.
        first: u32,
        /// Number of pairs.
        len: usize,
    },
    /// Every aligned word from `first` to the end may be a reference, also an
    /// interior one.
    Ambiguous {
        /// Offset of the first such word.
        first: u32,
    },
}

/// An object's size and the place of its references.
#[derive(Clone, Copy, Debug)]
pub struct ObjectShape<'a> {
    /// Bytes, from the object's first word to its last: what was asked of
    /// [`Heap::alloc`](crate::Heap::alloc). The collector rounds it up as the
    /// allocation did.
    pub size: usize,
    /// Where references are.
    pub kind: ShapeKind<'a>,
}

/// The virtual machine behind a heap.
///
/// # Objects
/// An object's first word (its header) is never zero once a safepoint can be
/// reached; a zero word means "not allocated yet". Between an allocation and
/// the first safepoint after it, the mutator stores all that
/// [`shape`](VmBinding::shape) reads: the header, and the length of an array.
/// Size and shape never change later.
///
/// # Stopping the world
/// A collection runs on the thread that asked for it:
/// [`stop_mutators`](VmBinding::stop_mutators), all other callbacks,
/// [`resume_mutators`](VmBinding::resume_mutators). The heap holds no lock that
/// a mutator could want while it calls `stop_mutators`.
///
/// # Safety
/// The collector frees what it is not told about. An implementor promises that
/// - no mutator touches the heap between `stop_mutators` and `resume_mutators`;
/// - `scan_roots` reports every reference outside the heap, and `visit_tlabs`
///   every buffer that is in use;
/// - `shape` tells the truth.
pub unsafe trait VmBinding: Sized + Send + Sync {
    /// The size of `object` and where its references are.
    ///
    /// # Safety
    /// `object` is the start of an object whose header has been stored.
    unsafe fn shape(&self, object: ObjectRef) -> ObjectShape<'_>;

    /// Returns once every other mutator is stopped at a safepoint, with its
    /// stores visible here. Only one thread may be between `stop_mutators` and
    /// `resume_mutators`: a second caller waits inside this call, itself
    /// counting as stopped, and then stops the world in turn. (The heap notices
    /// that somebody collected meanwhile.) May be called by a thread that is no
    /// mutator.
    fn stop_mutators(&self);

    /// Lets the mutators run again.
    fn resume_mutators(&self);

    /// Calls `visit` with the buffer of every mutator, the caller's too.
    fn visit_tlabs(&self, visit: &mut dyn FnMut(&Tlab));

    /// Reports every root.
    fn scan_roots(&self, roots: &mut RootVisitor<'_, Self>);

    /// Lets tables that hold objects weakly (interned strings, monitors, …)
    /// drop what died. Called when liveness is final: objects that wait for
    /// their finalizer count as alive.
    fn process_weak(&self, weak: &WeakVisitor<'_>) {
        let _ = weak;
    }

    /// What replaces the key of a dead ephemeron; null when `None`. It must be
    /// kept alive by a root.
    fn ephemeron_tombstone(&self) -> Option<ObjectRef> {
        None
    }

    /// Whether the finalizer of `object` waits for those of all ordinary objects
    /// that became ready with it (`CriticalFinalizerObject` in .NET).
    fn finalizes_last(&self, object: ObjectRef) -> bool {
        let _ = object;
        false
    }

    /// Objects wait in [`Heap::pop_finalizable`](crate::Heap::pop_finalizable).
    /// Called after `resume_mutators`.
    fn finalizers_ready(&self, count: usize) {
        let _ = count;
    }

    /// A collection has ended. Called after `resume_mutators`.
    fn collection_finished(&self, record: &CollectionRecord) {
        let _ = record;
    }

    /// There is work for [`Heap::work_in_background`](crate::Heap::work_in_background): the VM
    /// may start a thread for it, and tells whether it did. Called once, after `resume_mutators`,
    /// unless the heap has `stress`.
    fn background_wanted(&self) -> bool {
        false
    }

    /// Whether a reference to `address`, outside the heap, is in order (an
    /// object in the image, say). The collector ignores such references; the
    /// verifier asks.
    fn is_foreign(&self, address: usize) -> bool {
        let _ = address;
        false
    }
}
