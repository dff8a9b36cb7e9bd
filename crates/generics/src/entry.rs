//! The entries behind the ids.

use core::sync::atomic::{AtomicU32, AtomicUsize};

use crate::ids::TypeId;
use crate::types::{MethodInst, Type};

/// Facts about a type or list that hold for everything built from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Parts when written out.
    pub(crate) nodes: u32,
    /// Levels.
    pub(crate) depth: u16,
    /// [`Shape::VAR`], [`Shape::MVAR`].
    pub(crate) flags: u8,
}

impl Shape {
    /// A class variable is inside.
    pub(crate) const VAR: u8 = 1;
    /// A method variable is inside.
    pub(crate) const MVAR: u8 = 2;
    /// A leaf without variables.
    pub(crate) const LEAF: Self = Self {
        nodes: 1,
        depth: 1,
        flags: 0,
    };
    /// Nothing at all, the start of a [`Shape::join`].
    pub(crate) const NOTHING: Self = Self {
        nodes: 0,
        depth: 0,
        flags: 0,
    };

    pub(crate) fn leaf(flags: u8) -> Self {
        Self {
            flags,
            ..Self::LEAF
        }
    }

    /// Side by side.
    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            depth: self.depth.max(other.depth),
            flags: self.flags | other.flags,
        }
    }

    /// One level up.
    pub(crate) fn wrapped(self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(1),
            depth: self.depth.saturating_add(1),
            flags: self.flags,
        }
    }
}

pub(crate) struct TypeEntry {
    /// Its references point into the pool of the entry's own set; they leave only through
    /// [`Universe::ty`](crate::Universe::ty), which shortens their lifetime.
    pub(crate) kind: Type<'static>,
    pub(crate) shape: Shape,
    /// `T[]`, `T*`, `T&`: ids, 0 until built. They belong to the same set as `T`.
    pub(crate) sz_array: AtomicU32,
    pub(crate) pointer: AtomicU32,
    pub(crate) by_ref: AtomicU32,
    /// The argument list of `T` alone: likewise.
    pub(crate) single: AtomicU32,
    /// The client's word.
    pub(crate) slot: AtomicUsize,
}

impl TypeEntry {
    pub(crate) fn new(kind: Type<'static>, shape: Shape) -> Self {
        Self {
            kind,
            shape,
            sz_array: AtomicU32::new(0),
            pointer: AtomicU32::new(0),
            by_ref: AtomicU32::new(0),
            single: AtomicU32::new(0),
            slot: AtomicUsize::new(0),
        }
    }
}

pub(crate) struct InstEntry {
    /// In the pool of the entry's own set.
    pub(crate) args: &'static [TypeId],
    pub(crate) shape: Shape,
}

pub(crate) struct MethodEntry {
    pub(crate) inst: MethodInst,
    pub(crate) flags: u8,
    /// The client's word.
    pub(crate) slot: AtomicUsize,
}
