//! Memory pools and a fixed-size coalescing heap.
