//! Internal calls and well-known types of Mono's class library.
