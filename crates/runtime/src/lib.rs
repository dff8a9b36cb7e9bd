//! Embed .NET in Rust: runtimes, domains, typed methods, managed exceptions as errors.
