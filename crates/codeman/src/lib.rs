//! Code managers over a dual-mapped loader arena.
