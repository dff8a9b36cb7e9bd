//! From bytes to instructions.

use super::Error;
use super::opcode::{ONE_BYTE, Opcode, OperandKind, TWO_BYTES};
use crate::Token;
use crate::reader::u32_at;

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
    code: &'a [u8],
    offset: u32,
}

impl<'a> Decoder<'a> {
    /// Starts at the first instruction. At most 4 GiB of code are decoded.
    #[inline]
    #[must_use]
    pub fn new(code: &'a [u8]) -> Self {
        Self {
            code: code.get(..u32::MAX as usize).unwrap_or(code),
            offset: 0,
        }
    }

    /// Starts at an offset, which must be the start of an instruction for the result to make sense.
    #[inline]
    #[must_use]
    pub fn at(code: &'a [u8], offset: u32) -> Self {
        Self {
            offset,
            ..Self::new(code)
        }
    }

    /// Offset of the next instruction.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    #[inline]
    fn code_len(&self) -> u32 {
        // `new` cut the code to what fits.
        self.code.len() as u32
    }

    /// `base + distance`, when it is inside the code.
    #[inline]
    fn target(&self, base: u32, distance: i32) -> Option<u32> {
        base.checked_add_signed(distance)
            .filter(|target| *target < self.code_len())
    }

    #[inline]
    fn decode(&self) -> Result<Instruction<'a>, Error> {
        let offset = self.offset;
        let truncated = Error::Truncated { offset };
        let bytes = self.code.get(offset as usize..).unwrap_or(&[]);
        let first = *bytes.first().ok_or(truncated)?;
        let (found, mut size) = if first == 0xFE {
            let second = *bytes.get(1).ok_or(truncated)?;
            let found = TWO_BYTES[usize::from(second)];
            (
                found.ok_or(Error::UnknownOpcode {
                    offset,
                    opcode: 0xFE00 | u16::from(second),
                })?,
                2,
            )
        } else {
            let found = ONE_BYTE[usize::from(first)];
            (
                found.ok_or(Error::UnknownOpcode {
                    offset,
                    opcode: u16::from(first),
                })?,
                1,
            )
        };
        let (opcode, kind) = found;
        let operand = bytes.get(size..).unwrap_or(&[]);
        macro_rules! fixed {
            ($ty:ty) => {{
                let bytes = operand
                    .first_chunk::<{ size_of::<$ty>() }>()
                    .ok_or(truncated)?;
                size += size_of::<$ty>();
                <$ty>::from_le_bytes(*bytes)
            }};
        }
        let bad_branch = Error::BadBranch { offset };
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
                Operand::Branch(
                    self.target(offset + size as u32, distance)
                        .ok_or(bad_branch)?,
                )
            }
            OperandKind::Branch => {
                let distance = fixed!(i32);
                Operand::Branch(
                    self.target(offset + size as u32, distance)
                        .ok_or(bad_branch)?,
                )
            }
            OperandKind::Switch => {
                let targets = self.switch_targets(operand, offset)?;
                size += 4 + targets.distances.len();
                Operand::Switch(targets)
            }
            OperandKind::Method
            | OperandKind::Field
            | OperandKind::Type
            | OperandKind::Token
            | OperandKind::String
            | OperandKind::Sig => Operand::Token(Token(fixed!(u32))),
        };
        Ok(Instruction {
            offset,
            size: size as u32,
            opcode,
            operand,
        })
    }

    fn switch_targets(&self, operand: &'a [u8], offset: u32) -> Result<SwitchTargets<'a>, Error> {
        let truncated = Error::Truncated { offset };
        let count = u32_at(operand, 0).ok_or(truncated)?;
        let len = usize::try_from(u64::from(count) * 4).map_err(|_| truncated)?;
        let distances = operand
            .get(4..)
            .and_then(|bytes| bytes.get(..len))
            .ok_or(truncated)?;
        // Inside the code, so it fits.
        let base = offset + 1 + 4 + len as u32;
        let targets = SwitchTargets { distances, base };
        let inside = distances
            .as_chunks::<4>()
            .0
            .iter()
            .all(|distance| self.target(base, i32::from_le_bytes(*distance)).is_some());
        if inside {
            Ok(targets)
        } else {
            Err(Error::BadBranch { offset })
        }
    }
}

impl<'a> Iterator for Decoder<'a> {
    type Item = Result<Instruction<'a>, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.offset >= self.code_len() {
            return None;
        }
        let decoded = self.decode();
        self.offset = match &decoded {
            Ok(instruction) => instruction.end(),
            Err(_) => u32::MAX,
        };
        Some(decoded)
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
