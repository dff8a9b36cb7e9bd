//! Text of images: IL assembler that Mono's `ilasm` reads, and tables.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bytes = std::fs::read("app.exe")?;
//! let image = ferrocil_metadata::Image::parse(&bytes)?;
//! let mut text = String::new();
//! ferrocil_metadata::text::Disassembler::new(&image).assembly(&mut text)?;
//! # Ok(())
//! # }
//! ```
//!
//! Assembled again, the text gives an equivalent program: same types, members, attributes, constants and code, in
//! other rows. What the assembler cannot express stands in a comment that begins with `// lost:`.

mod attributes;
mod class;
mod classes;
mod constant;
mod context;
mod cycles;
mod data;
mod error;
mod feature;
mod field;
mod flags;
mod il;
mod keywords;
mod listing;
mod manifest;
mod marshal;
mod members;
mod method;
mod names;
mod out;
mod security;
mod tables;
mod types;

use core::fmt;

use crate::{Image, Rid, TableId, Token};
use context::Context;
pub use error::Error;
pub use listing::Heap;
use out::Out;
pub use tables::{Cell, Tables};

/// Writes an image as IL assembler text.
#[derive(Clone, Debug)]
pub struct Disassembler<'i, 'a> {
    context: Context<'i, 'a>,
}

impl<'i, 'a> Disassembler<'i, 'a> {
    /// Prepares: one pass over all signatures, to know which referenced types are value types.
    #[must_use]
    pub fn new(image: &'i Image<'a>) -> Self {
        Self {
            context: Context::new(image.metadata(), Some(image)),
        }
    }

    /// Writes the whole assembly (or module).
    ///
    /// Embedded resources are not part of the text: the assembler reads them from files with the resources' names.
    ///
    /// # Errors
    /// When something in the image is malformed, or the sink fails. What was written until then stays written.
    pub fn assembly(&self, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        manifest::write(&self.context, &mut Out::new(sink))
    }

    /// Writes one method.
    ///
    /// # Errors
    /// When it is malformed, or the sink fails.
    pub fn method(&self, method_def: Rid, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        method::write(&self.context, &mut Out::new(sink), method_def)
            .map_err(|error| error.at(Token::new(TableId::MethodDef, method_def)))
    }

    /// The methods with this name: `Type::Method` with the type's full name (`/` before nested types), or `Method` of
    /// the module itself; overloads all.
    ///
    /// # Errors
    /// When a name is malformed.
    pub fn find_methods(&self, name: &str) -> Result<alloc::vec::Vec<Rid>, Error> {
        members::find(&self.context, name)
    }
}
