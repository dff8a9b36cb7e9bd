//! Small containers.

mod append;

pub use append::AppendVec;
