//! Keeping references where the collector finds them: see [`crate::roots`].

use cranelift_codegen::ir::{self, InstBuilder, SourceLoc, types};

use super::Lower;
use crate::hir::Value;

/// A place in a function, as it travels through Cranelift in source locations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Place {
    /// Position of the node.
    pub(crate) position: u32,
    /// Whether the node uses its operands after the call. Of a poll: the call that keeps all
    /// registers.
    pub(crate) early: bool,
}

impl Place {
    fn location(self) -> SourceLoc {
        SourceLoc::new(self.position * 2 + u32::from(self.early) + 1)
    }

    /// The place of a location; `None` for code that belongs to no node.
    pub(crate) fn of(location: SourceLoc) -> Option<Place> {
        let bits = location.bits();
        (!location.is_default() && bits != 0).then(|| Place {
            position: (bits - 1) / 2,
            early: !(bits - 1).is_multiple_of(2),
        })
    }
}

/// Memory of a frame that the collector reads.
#[derive(Debug, Default)]
pub(crate) struct RootSlots {
    /// The root area, and its words.
    pub(crate) area: Option<(ir::StackSlot, u32)>,
    /// What it reads at every call, and the words of it.
    pub(crate) always: Vec<(ir::StackSlot, u32)>,
}

impl Lower<'_, '_> {
    /// Says which node the following code belongs to.
    pub(super) fn at(&mut self, position: u32, early: bool) {
        self.place = Place { position, early };
        self.e.b.set_srcloc(self.place.location());
    }

    /// Stores a value in its word of the root area, if it has one.
    pub(super) fn keep(&mut self, value: Value) {
        if let (Some(word), Some(area)) = (self.plan.word(value), self.area) {
            let kept = self.val(value);
            self.e
                .b
                .ins()
                .stack_store(types::I64, kept, area, word as i32 * 8);
        }
    }

    /// Clears frame memory that the collector reads and nothing else has written.
    pub(super) fn clear_roots(&mut self) {
        for (slot, data) in &self.f.slots {
            if data.roots && !data.written && data.size != 0 {
                let slot = self.slots[slot];
                let address = self.e.b.ins().stack_addr(types::I64, slot, 0);
                self.e.clear(address, 0, data.size);
            }
        }
    }

    pub(super) fn root_slots(&self) -> RootSlots {
        RootSlots {
            area: self.area.map(|area| (area, self.plan.words)),
            always: self
                .f
                .slots
                .iter()
                .filter(|(_, data)| data.roots && data.size >= 8)
                .map(|(slot, data)| (self.slots[slot], data.size / 8))
                .collect(),
        }
    }
}
