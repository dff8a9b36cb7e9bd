//! Loaded types: classes, their fields and methods, layout, vtables, casts.

mod build;
mod cast;
mod class;
mod field;
mod interfaces;
mod layout;
mod members;
mod method;
mod slots;

pub use cast::is_assignable;
pub use class::{Class, ClassKind, ClassPtr, InitState};
pub use field::{Field, FieldPtr};
pub use layout::{GcShape, Layout, Statics};
pub use method::{ArrayMethod, Method, MethodKind, MethodPtr, Signature};
pub use slots::{Slot, VTableLayout};
