//! Method bodies.

use alloc::vec::Vec;

use crate::{EhClause, EhKind, Token};

/// A method body to write.
#[derive(Clone, Copy, Debug)]
pub struct BodyWriter<'a> {
    /// Greatest depth of the evaluation stack.
    pub max_stack: u16,
    /// Locals start as zero.
    pub init_locals: bool,
    /// A `StandAloneSig`, or nil.
    pub local_sig: Token,
    /// The IL.
    pub code: &'a [u8],
    /// Exception clauses, inner before outer.
    pub clauses: &'a [EhClause],
}

impl<'a> BodyWriter<'a> {
    /// Code without locals and clauses, at most 8 deep.
    #[must_use]
    pub const fn new(code: &'a [u8]) -> Self {
        Self {
            max_stack: 8,
            init_locals: false,
            local_sig: Token::NIL,
            code,
            clauses: &[],
        }
    }

    pub(crate) const fn is_tiny(&self) -> bool {
        self.max_stack <= 8
            && self.local_sig.is_nil()
            && !self.init_locals
            && self.clauses.is_empty()
            && self.code.len() < 64
    }

    /// Appends the body; `out` is where an aligned address is when the body is not tiny.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.is_tiny() {
            out.push((self.code.len() << 2 | 2) as u8);
            out.extend_from_slice(self.code);
            return;
        }
        let more = if self.clauses.is_empty() { 0 } else { 8 };
        let init = if self.init_locals { 0x10 } else { 0 };
        out.extend_from_slice(&(0x3003_u16 | more | init).to_le_bytes());
        out.extend_from_slice(&self.max_stack.to_le_bytes());
        out.extend_from_slice(&(self.code.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.local_sig.0.to_le_bytes());
        out.extend_from_slice(self.code);
        if !self.clauses.is_empty() {
            out.resize(out.len().next_multiple_of(4), 0);
            self.write_clauses(out);
        }
    }

    fn write_clauses(&self, out: &mut Vec<u8>) {
        let is_small = |clause: &EhClause| {
            clause.try_offset <= 0xFFFF
                && clause.handler_offset <= 0xFFFF
                && clause.try_len <= 0xFF
                && clause.handler_len <= 0xFF
        };
        let small = self.clauses.len() <= 20 && self.clauses.iter().all(is_small);
        let len = 4 + self.clauses.len() as u32 * if small { 12 } else { 24 };
        out.extend_from_slice(&(len << 8 | if small { 0x01 } else { 0x41 }).to_le_bytes());
        for clause in self.clauses {
            let (kind, last) = match clause.kind {
                EhKind::Catch(token) => (0_u32, token.0),
                EhKind::Filter(offset) => (1, offset),
                EhKind::Finally => (2, 0),
                EhKind::Fault => (4, 0),
            };
            if small {
                out.extend_from_slice(&(kind as u16).to_le_bytes());
                out.extend_from_slice(&(clause.try_offset as u16).to_le_bytes());
                out.push(clause.try_len as u8);
                out.extend_from_slice(&(clause.handler_offset as u16).to_le_bytes());
                out.push(clause.handler_len as u8);
            } else {
                let fields = [
                    kind,
                    clause.try_offset,
                    clause.try_len,
                    clause.handler_offset,
                    clause.handler_len,
                ];
                out.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
            }
            out.extend_from_slice(&last.to_le_bytes());
        }
    }
}
