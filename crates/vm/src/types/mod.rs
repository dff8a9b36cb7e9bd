//! Loaded types: classes, their fields and methods, layout, vtables, casts.

mod access;
mod build;
mod cast;
mod class;
mod constraints;
mod field;
mod interfaces;
mod layout;
mod members;
mod method;
mod sharing;
mod slots;

pub use cast::is_assignable;
pub use class::{Class, ClassKind, ClassPtr};
pub use field::{Field, FieldPtr};
pub use layout::Layout;
pub use method::{ArrayMethod, Method, MethodKind, MethodPtr, Signature};
pub use slots::VTableLayout;
