//! The ferrocil command.
fn main() {}
