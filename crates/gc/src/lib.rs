//! A tri-color garbage collector behind a VM-binding trait.
//!
//! The crate knows no virtual machine. A VM implements [`VmBinding`]: what an
//! object looks like (as data: [`ObjectShape`]), where the roots are, how
//! threads are stopped. In return it gets a [`Heap`] with a hard limit,
//! thread-local bump allocation ([`Tlab`]), GC handles, ephemerons and
//! finalization.
//!
//! The heap is *mark-region* (Blackburn & McKinley, "Immix", PLDI 2008): blocks
//! of 32 KiB in lines of 128 bytes; objects are marked in a side bitmap, lines
//! without a marked object are holes, and allocation bumps through holes.
//! Objects do not move. Marking is white/grey/black with an explicit stack.

mod binding;
mod collect;
mod descriptor;
mod error;
mod finalize;
mod handles;
mod heap;
mod layout;
mod mark_sweep;
mod object;
mod options;
mod os;
mod plan;
mod region;
mod shape;
mod side;
mod space;
mod stats;
mod tlab;
mod verify;

pub use crate::binding::{ObjectShape, RefRun, ShapeKind, VmBinding};
pub use crate::collect::{RootVisitor, WeakVisitor};
pub use crate::descriptor::{AllocDescriptor, BarrierDescriptor};
pub use crate::error::{HeapError, OutOfMemory};
pub use crate::handles::{HandleId, HandleKind};
pub use crate::heap::{Heap, HeapPicture, LineUse, PicturedObject};
pub use crate::layout::{
    BLOCK, GRANULE, LARGE_OBJECT, LINE, MAX_HEAP, MAX_SMALL, MIN_HEAP, MIN_OBJECT, PAGE,
};
pub use crate::mark_sweep::MarkSweep;
pub use crate::object::ObjectRef;
pub use crate::options::HeapOptions;
pub use crate::plan::{Plan, TransientRoot};
pub use crate::stats::{CollectionRecord, HeapStats, Reason};
pub use crate::tlab::Tlab;
pub use crate::verify::{VerifyError, VerifyReport};
pub use os::thread_cpu_time;

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// And so is the porting guide.
#[cfg(doctest)]
#[doc = include_str!("../PORTING.md")]
struct Porting;
