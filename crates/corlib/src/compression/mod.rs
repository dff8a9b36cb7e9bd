//! `System.IO.Compression`: the deflate streams that Mono takes from its helper library.

mod gzip;
pub(crate) mod icalls;
mod stream;

pub use stream::{Feed, StreamError, ZStream};
