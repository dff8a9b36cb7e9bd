//! From bytes to instructions.

use super::Error;
use super::opcode::{ONE_BYTE, Opcode, OperandKind, TWO_BYTES};
use crate::Token;

/// A decoded instruction. Prefixes are instructions of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instruction<'a> {
    /// Bytes from the start of the code.
    pub offset: u32,
    /// Bytes of opcode and operand.
    pub size: u32,
    /// What to do.
    pub opcode: Opcode,
    /// With what.
    pub operand: Operand<'a>,
}

impl Instruction<'_> {
    /// Offset of the next instruction.
    #[inline]
    #[must_use]
    pub const fn end(&self) -> u32 {
        self.offset + self.size
    }
}

/// The operand of an instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<'a> {
    /// None.
    None,
    /// `ldc.i4.s`
    I8(i8),
    /// `unaligned.`, `no.`
    U8(u8),
    /// `ldc.i4`
    I32(i32),
    /// `ldc.i8`
    I64(i64),
    /// `ldc.r4`
    F32(f32),
    /// `ldc.r8`
    F64(f64),
    /// The target of a branch: an IL offset inside the code (not always the start of an instruction).
    Branch(u32),
    /// The targets of a switch.
    Switch(SwitchTargets<'a>),
    /// A token, not checked.
    Token(Token),
    /// The number of an argument or local.
    Var(u16),
}

/// The targets of a `switch`: IL offsets inside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SwitchTargets<'a> {
    distances: &'a [u8],
    /// Offset of the next instruction, from which the distances count.
    base: u32,
}

impl SwitchTargets<'_> {
    /// True when there is nothing to switch to.
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.distances.is_empty()
    }

    /// The target of a case.
    #[must_use]
    pub fn get(&self, case: usize) -> Option<u32> {
        self.clone().nth(case)
    }
}

impl Iterator for SwitchTargets<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (distance, rest) = self.distances.split_first_chunk::<4>()?;
        self.distances = rest;
        // Checked when the instruction was decoded.
        Some(self.base.wrapping_add_signed(i32::from_le_bytes(*distance)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.distances.len() / 4;
        (len, Some(len))
    }

    fn nth(&mut self, n: usize) -> Option<u32> {
        let skipped = n
            .checked_mul(4)
            .and_then(|bytes| self.distances.get(bytes..));
        self.distances = skipped.unwrap_or(&[]);
        self.next()
    }
}

impl ExactSizeIterator for SwitchTargets<'_> {}

/// Iterator over the instructions of a method body; stops after the first error.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    /// What is not decoded yet: a slice that shrinks costs less than an offset into one that does not.
    rest: &'a [u8],
    /// Bytes of the whole code.
    len: u32,
}

impl<'a> Decoder<'a> {
    /// Starts at the first instruction. At most 4 GiB of code are decoded.
    #[inline]
    #[must_use]
    pub fn new(code: &'a [u8]) -> Self {
        let rest = code.get(..u32::MAX as usize).unwrap_or(code);
        Self {
            rest,
            // It was cut to what fits.
            len: rest.len() as u32,
        }
    }

    /// Starts at an offset, which must be the start of an instruction for the result to make sense; there is nothing
    /// to decode at or beyond the end.
    #[inline]
    #[must_use]
    pub fn at(code: &'a [u8], offset: u32) -> Self {
        let all = Self::new(code);
        Self {
            rest: all.rest.get(offset as usize..).unwrap_or(&[]),
            ..all
        }
    }

    /// Offset of the next instruction; the code's length at the end and after an error.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.len - self.rest.len() as u32
    }

    /// The instruction that starts with this byte, and what comes after it.
    #[inline]
    fn decode(self, first: u8, mut after: &'a [u8]) -> Result<(Instruction<'a>, &'a [u8]), Error> {
        let offset = self.offset();
        let truncated = Error::Truncated { offset };
        macro_rules! fixed {
            ($ty:ty) => {{
                let (bytes, rest) = after
                    .split_first_chunk::<{ size_of::<$ty>() }>()
                    .ok_or(truncated)?;
                after = rest;
                <$ty>::from_le_bytes(*bytes)
            }};
        }
        let found = if first == 0xFE {
            let second = fixed!(u8);
            TWO_BYTES[usize::from(second)].ok_or(Error::UnknownOpcode {
                offset,
                opcode: 0xFE00 | u16::from(second),
            })
        } else {
            ONE_BYTE[usize::from(first)].ok_or(Error::UnknownOpcode {
                offset,
                opcode: u16::from(first),
            })
        };
        let (opcode, kind) = found?;
        let operand = match kind {
            OperandKind::None => Operand::None,
            OperandKind::I8 => Operand::I8(fixed!(i8)),
            OperandKind::U8 => Operand::U8(fixed!(u8)),
            OperandKind::I32 => Operand::I32(fixed!(i32)),
            OperandKind::I64 => Operand::I64(fixed!(i64)),
            OperandKind::F32 => Operand::F32(fixed!(f32)),
            OperandKind::F64 => Operand::F64(fixed!(f64)),
            OperandKind::ShortVar => Operand::Var(u16::from(fixed!(u8))),
            OperandKind::Var => Operand::Var(fixed!(u16)),
            OperandKind::ShortBranch => {
                let distance = i32::from(fixed!(i8));
                Operand::Branch(self.target(after, distance, offset)?)
            }
            OperandKind::Branch => {
                let distance = fixed!(i32);
                Operand::Branch(self.target(after, distance, offset)?)
            }
            OperandKind::Switch => {
                let count = fixed!(u32);
                let (targets, rest) = switch_targets(after, count, self.len, offset)?;
                after = rest;
                Operand::Switch(targets)
            }
            OperandKind::Method
            | OperandKind::Field
            | OperandKind::Type
            | OperandKind::Token
            | OperandKind::String
            | OperandKind::Sig => Operand::Token(Token(fixed!(u32))),
        };
        let instruction = Instruction {
            offset,
            size: (self.rest.len() - after.len()) as u32,
            opcode,
            operand,
        };
        Ok((instruction, after))
    }

    /// The target at a distance from the start of `after`, when it is inside the code.
    #[inline]
    fn target(self, after: &[u8], distance: i32, offset: u32) -> Result<u32, Error> {
        let base = self.len - after.len() as u32;
        target(base, distance, self.len).ok_or(Error::BadBranch { offset })
    }
}

/// `base + distance`, when it is inside the code.
#[inline]
fn target(base: u32, distance: i32, len: u32) -> Option<u32> {
    base.checked_add_signed(distance)
        .filter(|target| *target < len)
}

/// The targets of a `switch`, whose distances are at the start of `bytes`, and what comes after them.
fn switch_targets(
    bytes: &[u8],
    count: u32,
    code_len: u32,
    offset: u32,
) -> Result<(SwitchTargets<'_>, &[u8]), Error> {
    let split = usize::try_from(u64::from(count) * 4)
        .ok()
        .and_then(|len| bytes.split_at_checked(len));
    let (distances, rest) = split.ok_or(Error::Truncated { offset })?;
    let base = code_len - rest.len() as u32;
    let inside = distances
        .as_chunks::<4>()
        .0
        .iter()
        .all(|distance| target(base, i32::from_le_bytes(*distance), code_len).is_some());
    if inside {
        Ok((SwitchTargets { distances, base }, rest))
    } else {
        Err(Error::BadBranch { offset })
    }
}

impl<'a> Iterator for Decoder<'a> {
    type Item = Result<Instruction<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (first, after) = self.rest.split_first()?;
        match self.decode(*first, after) {
            Ok((instruction, rest)) => {
                self.rest = rest;
                Some(Ok(instruction))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

impl core::iter::FusedIterator for Decoder<'_> {}

#[cfg(test)]
mod tests {
    use super::{Decoder, Instruction, Operand};
    use crate::il::{Error, Opcode};
    use alloc::vec::Vec;

    fn decode(code: &[u8]) -> Result<Vec<Instruction<'_>>, Error> {
        Decoder::new(code).collect()
    }

    #[test]
    fn branches_are_absolute() {
        let code = [0x00, 0x2B, 0xFD, 0x38, 0xF8, 0xFF, 0xFF, 0xFF];
        let decoded = decode(&code).unwrap();
        assert_eq!(decoded[1].operand, Operand::Branch(0));
        assert_eq!(decoded[2].operand, Operand::Branch(0));
        assert_eq!(decode(&[0x2B, 0xFD]), Err(Error::BadBranch { offset: 0 }));
        assert_eq!(
            decode(&[0x00, 0x2B, 0x00]),
            Err(Error::BadBranch { offset: 1 })
        );
    }

    #[test]
    fn switch_counts_from_its_end() {
        let code = [0x45, 2, 0, 0, 0, 0, 0, 0, 0, 0xF3, 0xFF, 0xFF, 0xFF, 0x2A];
        let decoded = decode(&code).unwrap();
        let Operand::Switch(targets) = decoded[0].operand else {
            panic!("a switch")
        };
        assert_eq!(targets.len(), 2);
        assert_eq!(targets.collect::<Vec<_>>(), [13, 0]);
        assert_eq!(targets.get(1), Some(0));
        assert_eq!(targets.get(2), None);
        assert_eq!(decoded[1].offset, 13);
    }

    #[test]
    fn huge_switch_counts_and_short_operands_are_truncations() {
        assert_eq!(
            decode(&[0x45, 0xFF, 0xFF, 0xFF, 0xFF, 0]),
            Err(Error::Truncated { offset: 0 })
        );
        assert_eq!(
            decode(&[0x00, 0x21, 1, 2, 3]),
            Err(Error::Truncated { offset: 1 })
        );
        assert_eq!(decode(&[0xFE]), Err(Error::Truncated { offset: 0 }));
        assert_eq!(
            decode(&[0xFE, 0x08]),
            Err(Error::UnknownOpcode {
                offset: 0,
                opcode: 0xFE08
            })
        );
    }

    #[test]
    fn every_opcode_decodes_to_itself() {
        for opcode in Opcode::ALL {
            let number = *opcode as u16;
            let mut code = Vec::new();
            if number >= 0xFE00 {
                code.push(0xFE);
            }
            code.push((number & 0xFF) as u8);
            code.extend_from_slice(&[0; 16]);
            let first = Decoder::new(&code).next().unwrap().unwrap();
            assert_eq!(first.opcode, *opcode);
        }
    }
}
