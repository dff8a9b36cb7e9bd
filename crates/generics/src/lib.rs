//! Canonical generic instances, inflation and image sets.
//!
//! **Should I use this crate?** Yes, when you build a VM or a compiler whose types are those of the CLI, or
//! close to them (classes with type parameters, arrays, pointers, function pointers), and want type equality to be
//! the equality of two `u32`s, generic instantiation to be a cached operation, and code that was loaded to be
//! unloadable with all types that mention it. It knows nothing of execution, of layouts, or of names.
//!
//! * A [`Universe`] holds all types of one runtime. [`TypeId`], [`InstId`] (argument lists) and [`MethodId`] are
//!   canonical: equal things have equal ids.
//! * [`Universe::inflate`] puts a [`Context`]'s arguments in the place of type variables.
//! * Everything belongs to the **image set** ([`ImageSet`]) of all images that it depends on, and its memory to that
//!   set's pool. [`Universe::unload_images`] frees every set that contains the image.
//! * Reads, and look-ups of what exists, take no lock.
//! * [`Limits`] bound the depth and size of types, so that no image can make a walk long.
//!
//! ```
//! use ferrocil_generics::{Context, ImageInfo, Type, TypeDef, TypeId, Universe};
//!
//! let universe = Universe::new();
//! let corlib = universe.add_image(ImageInfo::default())?;
//! universe.set_corlib(corlib)?;
//! let app = universe.add_image(ImageInfo::default())?;
//! let list = TypeDef { image: corlib, rid: 2 };
//!
//! // Inside List<T>, a field of type T[].
//! let field = universe.sz_array(universe.var(list, 0))?;
//! let of_int = universe.inst(list, &[TypeId::I4])?;
//! let inflated = universe.inflate(field, universe.context_of_type(of_int))?;
//! assert_eq!(inflated, universe.sz_array(TypeId::I4)?);
//!
//! // List<App.Thing> belongs to both images and goes with either.
//! let thing = universe.def(TypeDef { image: app, rid: 7 });
//! let of_thing = universe.inst(list, &[thing])?;
//! assert_eq!(universe.image_set(universe.images_of(of_thing)).images(), [corlib, app]);
//! # Ok::<(), ferrocil_generics::Error>(())
//! ```

mod build;
mod directory;
mod entry;
mod error;
mod ids;
mod inflate;
mod intern;
mod methods;
mod name;
mod pages;
mod registry;
mod rid_table;
mod set;
mod share;
mod sig;
mod types;
mod universe;
mod unload;

pub use error::{ElementRole, Error, VariableKind};
pub use ferrocil_alloc::mempool::SharedMempool;
pub use ferrocil_metadata::ElementType;
pub use ids::{ImageId, ImageSetId, InstId, MethodDef, MethodId, TypeDef, TypeId};
pub use name::{DefName, MethodName, NameSource, NameStyle, TypeName, TypeNamer};
pub use set::{ImageInfo, ImageSet, ImageSetStats};
pub use share::{MAX_MARKERS, Markers, SharedForm};
pub use sig::{Local, SigReader, Variables};
pub use types::{Context, FnSig, Limits, MethodInst, Type};
pub use universe::{Universe, UniverseStats};
pub use unload::UnloadReport;

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
