//! IL: opcodes and a decoder (ECMA-335 III).
//!
//! ```
//! use ferrocil_metadata::il::{Decoder, Opcode, Operand};
//!
//! let code = [0x1F, 0x2A, 0x2B, 0x00, 0x2A]; // ldc.i4.s 42; br.s +0; ret
//! let decoded: Vec<_> = Decoder::new(&code).collect::<Result<_, _>>()?;
//! assert_eq!(decoded[0].operand, Operand::I8(42));
//! assert_eq!(decoded[1].operand, Operand::Branch(4));
//! assert_eq!((decoded[2].offset, decoded[2].opcode), (4, Opcode::Ret));
//! # Ok::<(), ferrocil_metadata::il::Error>(())
//! ```

mod decoder;
mod opcode;

pub use decoder::{Decoder, Instruction, Operand, SwitchTargets};
pub use opcode::{FlowControl, Opcode, OperandKind};

/// Why IL could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No such opcode.
    #[error("IL_{offset:04x}: unknown opcode {opcode:#x}")]
    UnknownOpcode {
        /// Where the instruction starts.
        offset: u32,
        /// One byte, or `0xFE00` and one byte.
        opcode: u16,
    },
    /// The code ends inside an instruction.
    #[error("IL_{offset:04x}: the code ends inside an instruction")]
    Truncated {
        /// Where the instruction starts.
        offset: u32,
    },
    /// A branch leaves the code.
    #[error("IL_{offset:04x}: a branch outside the code")]
    BadBranch {
        /// Where the instruction starts.
        offset: u32,
    },
}
