//! A tri-color garbage collector behind a VM-binding trait.
