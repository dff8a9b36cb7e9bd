//! Prefixes (III.2): which there are before an instruction, and whether it takes them.

use super::Rule;
use crate::il::{Instruction, Opcode, Operand};

/// The prefixes collected so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefixes {
    seen: u8,
    /// Where the first one starts.
    start: u32,
}

const UNALIGNED: u8 = 1;
const VOLATILE: u8 = 2;
const TAIL: u8 = 4;
const CONSTRAINED: u8 = 8;
const NO: u8 = 16;
const READONLY: u8 = 32;

const fn bit(opcode: Opcode) -> u8 {
    match opcode {
        Opcode::Unaligned => UNALIGNED,
        Opcode::Volatile => VOLATILE,
        Opcode::Tail => TAIL,
        Opcode::Constrained => CONSTRAINED,
        Opcode::No => NO,
        Opcode::Readonly => READONLY,
        _ => 0,
    }
}

/// The prefixes that an instruction takes. `constrained.` is taken by `call` and `ldftn` too, as later editions of
/// the runtime allow for static virtual methods.
const fn taken(opcode: Opcode) -> u8 {
    match opcode {
        Opcode::LdindI1
        | Opcode::LdindU1
        | Opcode::LdindI2
        | Opcode::LdindU2
        | Opcode::LdindI4
        | Opcode::LdindU4
        | Opcode::LdindI8
        | Opcode::LdindI
        | Opcode::LdindR4
        | Opcode::LdindR8
        | Opcode::LdindRef
        | Opcode::StindRef
        | Opcode::StindI1
        | Opcode::StindI2
        | Opcode::StindI4
        | Opcode::StindI8
        | Opcode::StindR4
        | Opcode::StindR8
        | Opcode::StindI
        | Opcode::Ldobj
        | Opcode::Stobj
        | Opcode::Cpobj
        | Opcode::Initblk
        | Opcode::Cpblk => UNALIGNED | VOLATILE,
        Opcode::Ldfld | Opcode::Stfld => UNALIGNED | VOLATILE | NO,
        Opcode::Ldsfld | Opcode::Stsfld => VOLATILE,
        Opcode::Call => TAIL | CONSTRAINED | READONLY,
        Opcode::Callvirt => TAIL | CONSTRAINED | READONLY | NO,
        Opcode::Calli => TAIL,
        Opcode::Ldftn => CONSTRAINED,
        Opcode::Ldelema => READONLY | NO,
        Opcode::Castclass
        | Opcode::Unbox
        | Opcode::Ldvirtftn
        | Opcode::Ldelem
        | Opcode::LdelemI1
        | Opcode::LdelemU1
        | Opcode::LdelemI2
        | Opcode::LdelemU2
        | Opcode::LdelemI4
        | Opcode::LdelemU4
        | Opcode::LdelemI8
        | Opcode::LdelemI
        | Opcode::LdelemR4
        | Opcode::LdelemR8
        | Opcode::LdelemRef
        | Opcode::Stelem
        | Opcode::StelemI
        | Opcode::StelemI1
        | Opcode::StelemI2
        | Opcode::StelemI4
        | Opcode::StelemI8
        | Opcode::StelemR4
        | Opcode::StelemR8
        | Opcode::StelemRef => NO,
        _ => 0,
    }
}

impl Prefixes {
    /// Takes a prefix, or checks an instruction against those before it and forgets them. True when the instruction
    /// is a tail call.
    pub(super) fn step(
        &mut self,
        instruction: &Instruction<'_>,
        note: &mut dyn FnMut(u32, Rule),
    ) -> bool {
        let prefix = bit(instruction.opcode);
        if prefix == 0 {
            let before = core::mem::take(self);
            if before.seen & !taken(instruction.opcode) != 0 {
                note(before.start, Rule::PrefixTarget);
            }
            return before.seen & TAIL != 0;
        }
        if self.seen & prefix != 0 {
            note(instruction.offset, Rule::PrefixRepeated);
        }
        if let (Opcode::Unaligned, Operand::U8(alignment)) =
            (instruction.opcode, instruction.operand)
            && !matches!(alignment, 1 | 2 | 4)
        {
            note(instruction.offset, Rule::UnalignedOperand);
        }
        if self.seen == 0 {
            self.start = instruction.offset;
        }
        self.seen |= prefix;
        false
    }

    /// The code ends after a prefix.
    pub(super) fn finish(&self, note: &mut dyn FnMut(u32, Rule)) {
        if self.seen != 0 {
            note(self.start, Rule::PrefixTarget);
        }
    }
}
