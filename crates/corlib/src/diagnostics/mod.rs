//! `System.Diagnostics.Debugger` and process identity.

pub(crate) mod icalls;
