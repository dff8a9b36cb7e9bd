//! Project tasks: setup, run, test, conformance, bench, tidy.
fn main() {}
