//! `System.Math` and `System.MathF`: the C library's functions, as Mono uses them.

pub(crate) mod icalls;
