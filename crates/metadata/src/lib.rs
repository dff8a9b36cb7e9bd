//! Zero-copy reader of CLI (ECMA-335) images, metadata, signatures and IL.
