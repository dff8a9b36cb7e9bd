//! The execution engine: loaded types, domains, threads, exceptions, stubs.
//!
//! Everything hangs off a [`Runtime`]. It knows ECMA-335 and the shape of corlib's
//! most basic types; the class library's internal calls are registered from outside
//! (see [`IcallTable`]).

mod binding;
mod codecache;
mod delegates;
mod domain;
mod dynamic;
mod error;
mod exceptions;
mod exec;
mod heap_report;
mod icall;
mod loader;
mod object;
mod reflection;
mod runtime;
mod signals;
mod start;
mod stats;
mod stubs;
mod threads;
mod types;
mod unwind;
mod util;
mod wellknown;

pub use binding::GcBinding;
pub use codecache::{CodeCache, CodeCacheStats};
pub use domain::{Domain, DomainRoot, EntryPtr, MethodEntry, ShapeTag, VTable, VTablePtr};
pub use dynamic::{DynamicBody, DynamicRef};
pub use error::{LoadError, LoadErrorKind, LoadResult};
pub use exceptions::ExceptionOffsets;
pub use exec::{CodeInfo, CodeKind, InvokeTarget, Precompiled, Returned, TierPolicy};
pub use ferrocil_gc::{CollectionRecord, HeapPicture, LineUse};
pub use ferrocil_jit::Tier;
pub use heap_report::{CollectionHook, HeapReport, TypeUse};
pub use icall::{Abi, ClassIcalls, IcallFn, IcallTable, NativeFn, Thrown, icall};
pub use loader::{AssemblyName, LoadedImage, SearchPath};
pub use object::{ArrayBounds, ArrayRef, ByRef, HEADER_SIZE, ObjRef, Plain, StringRef};
pub use runtime::{
    Inspection, InterruptionHooks, RootSource, Runtime, RuntimeOptions, UnhandledHook,
};
pub use start::{CORLIB_VERSION, RunError};
pub use stats::{AssemblyStats, Stats, TierStats};
pub use threads::{Attached, Thread, ThreadRegistry};
pub use types::{
    ArrayMethod, Class, ClassKind, ClassPtr, Field, FieldPtr, Layout, Method, MethodKind,
    MethodPtr, Signature, is_assignable,
};
pub use unwind::{Frame, StackEntry, frames};
pub use wellknown::Wk;
