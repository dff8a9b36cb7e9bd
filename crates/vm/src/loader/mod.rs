//! From files and tokens to images, types, methods and fields.

mod assembly;
mod image;
mod names;
mod resolve;
mod signature;

pub use assembly::{AssemblyName, SearchPath};
pub use image::LoadedImage;
pub(crate) use names::{MARKER_NAME, attribute_type};
