//! Where instructions start, and which of them are targets: one byte per byte of code.

use alloc::vec;
use alloc::vec::Vec;

use super::Rule;
use crate::il::{self, Decoder, FlowControl, Instruction, Operand};

const START: u8 = 1;
const TARGET: u8 = 2;
const AFTER_PREFIX: u8 = 4;
const REACHED: u8 = 8;

/// Facts about each byte of the code.
pub(super) struct Marks(Vec<u8>);

impl Marks {
    /// Decodes everything once; `None` when that fails, since nothing can be said about such code.
    pub(super) fn new(code: &[u8], note: &mut dyn FnMut(u32, Rule)) -> Option<Self> {
        if code.is_empty() {
            note(0, Rule::EmptyBody);
            return None;
        }
        let mut marks = Self(vec![0; code.len()]);
        let mut after_prefix = false;
        for instruction in Decoder::new(code) {
            let instruction = match instruction {
                Ok(instruction) => instruction,
                Err(error) => {
                    let (offset, rule) = undecodable(error);
                    note(offset, rule);
                    return None;
                }
            };
            marks.set(instruction.offset, START);
            if after_prefix {
                marks.set(instruction.offset, AFTER_PREFIX);
            }
            after_prefix = instruction.opcode.flow() == FlowControl::Prefix;
            for target in targets(&instruction) {
                marks.set(target, TARGET);
            }
        }
        let mut sound = true;
        for instruction in Decoder::new(code).map_while(Result::ok) {
            for target in targets(&instruction) {
                if !marks.is_start(target) {
                    note(instruction.offset, Rule::BranchIntoInstruction);
                    sound = false;
                    break;
                }
                if marks.has(target, AFTER_PREFIX) {
                    note(instruction.offset, Rule::BranchPastPrefix);
                }
            }
        }
        sound.then_some(marks)
    }

    fn has(&self, offset: u32, mark: u8) -> bool {
        self.0
            .get(offset as usize)
            .is_some_and(|marks| marks & mark != 0)
    }

    fn set(&mut self, offset: u32, mark: u8) {
        if let Some(marks) = self.0.get_mut(offset as usize) {
            *marks |= mark;
        }
    }

    /// An instruction starts here.
    pub(super) fn is_start(&self, offset: u32) -> bool {
        self.has(offset, START)
    }

    /// Some instruction branches here.
    pub(super) fn is_target(&self, offset: u32) -> bool {
        self.has(offset, TARGET)
    }

    /// Control can come here, as [`Marks::reach`] found.
    pub(super) fn is_reached(&self, offset: u32) -> bool {
        self.has(offset, REACHED)
    }

    /// Marks as reached; true the first time.
    pub(super) fn reach(&mut self, offset: u32) -> bool {
        let first = !self.is_reached(offset);
        self.set(offset, REACHED);
        first
    }
}

/// Where an instruction can branch to.
pub(super) fn targets<'a>(instruction: &Instruction<'a>) -> impl Iterator<Item = u32> + use<'a> {
    let (one, many) = match instruction.operand {
        Operand::Branch(target) => (Some(target), None),
        Operand::Switch(targets) => (None, Some(targets)),
        _ => (None, None),
    };
    one.into_iter().chain(many.into_iter().flatten())
}

const fn undecodable(error: il::Error) -> (u32, Rule) {
    match error {
        il::Error::UnknownOpcode { offset, .. } => (offset, Rule::UnknownOpcode),
        il::Error::Truncated { offset } => (offset, Rule::TruncatedInstruction),
        il::Error::BadBranch { offset } => (offset, Rule::BranchOutsideCode),
    }
}
