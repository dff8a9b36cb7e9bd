//! IL as text.

use std::fmt::Write;

use ferrocil_metadata::il::{Decoder, Operand};

/// One line per instruction; tokens as numbers. Stops at the first byte that is not IL.
#[must_use]
pub fn il_listing(code: &[u8]) -> String {
    let mut out = String::new();
    for inst in Decoder::new(code) {
        let Ok(inst) = inst else {
            out.push_str("  (not an instruction)\n");
            break;
        };
        let _ = write!(out, "  IL_{:04x}  {}", inst.offset, inst.opcode.name());
        let _ = match inst.operand {
            Operand::None => Ok(()),
            Operand::Branch(target) => write!(out, " IL_{target:04x}"),
            Operand::Switch(targets) => (0..)
                .map_while(|i| targets.get(i))
                .try_for_each(|target| write!(out, " IL_{target:04x}")),
            Operand::Token(token) => write!(out, " {:08x}", token.0),
            other => write!(out, " {other:?}"),
        };
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::il_listing;

    #[test]
    fn branches_have_targets() {
        assert_eq!(
            il_listing(&[0x02, 0x2C, 0x00, 0x2A]),
            "  IL_0000  ldarg.0\n  IL_0001  brfalse.s IL_0003\n  IL_0003  ret\n"
        );
    }
}
