//! The execution engine: loaded types, domains, threads, exceptions, stubs.
