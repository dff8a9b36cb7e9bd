//! A small IL assembler.

use ferrocil_metadata::il::Opcode;
use ferrocil_metadata::{EhClause, EhKind, Token};

#[derive(Clone, Copy)]
pub struct Label(usize);

#[derive(Clone, Default)]
pub struct Il {
    pub code: Vec<u8>,
    pub clauses: Vec<EhClause>,
    labels: Vec<Option<u32>>,
    /// (place of the 4 bytes, base of the distance, label)
    fixups: Vec<(usize, usize, usize)>,
}

impl Il {
    pub fn new() -> Il {
        Il::default()
    }

    pub fn op(&mut self, op: Opcode) -> &mut Il {
        let n = op as u16;
        if n >= 0xFE00 {
            self.code.push(0xFE);
        }
        self.code.push(n as u8);
        self
    }

    pub fn ops(&mut self, ops: &[Opcode]) -> &mut Il {
        for op in ops {
            self.op(*op);
        }
        self
    }

    pub fn i32(&mut self, value: i32) -> &mut Il {
        self.op(Opcode::LdcI4).code.extend(value.to_le_bytes());
        self
    }

    pub fn i64(&mut self, value: i64) -> &mut Il {
        self.op(Opcode::LdcI8).code.extend(value.to_le_bytes());
        self
    }

    pub fn f64(&mut self, value: f64) -> &mut Il {
        self.op(Opcode::LdcR8).code.extend(value.to_le_bytes());
        self
    }

    pub fn arg(&mut self, n: u16) -> &mut Il {
        self.var(Opcode::Ldarg, n)
    }

    pub fn loc(&mut self, n: u16) -> &mut Il {
        self.var(Opcode::Ldloc, n)
    }

    pub fn set(&mut self, n: u16) -> &mut Il {
        self.var(Opcode::Stloc, n)
    }

    pub fn var(&mut self, op: Opcode, n: u16) -> &mut Il {
        self.op(op).code.extend(n.to_le_bytes());
        self
    }

    pub fn tok(&mut self, op: Opcode, token: Token) -> &mut Il {
        self.op(op).code.extend(token.0.to_le_bytes());
        self
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    pub fn bind(&mut self, label: Label) -> &mut Il {
        self.labels[label.0] = Some(self.code.len() as u32);
        self
    }

    pub fn br(&mut self, op: Opcode, label: Label) -> &mut Il {
        self.op(op);
        let at = self.code.len();
        self.fixups.push((at, at + 4, label.0));
        self.code.extend([0; 4]);
        self
    }

    pub fn switch(&mut self, labels: &[Label]) -> &mut Il {
        self.op(Opcode::Switch);
        self.code.extend((labels.len() as u32).to_le_bytes());
        let base = self.code.len() + 4 * labels.len();
        for label in labels {
            self.fixups.push((self.code.len(), base, label.0));
            self.code.extend([0; 4]);
        }
        self
    }

    pub fn here(&self) -> u32 {
        self.code.len() as u32
    }

    /// A clause from IL offsets.
    pub fn clause(&mut self, kind: EhKind, tries: (u32, u32), handler: (u32, u32)) -> &mut Il {
        self.clauses.push(EhClause {
            kind,
            try_offset: tries.0,
            try_len: tries.1 - tries.0,
            handler_offset: handler.0,
            handler_len: handler.1 - handler.0,
        });
        self
    }

    pub fn finish(&mut self) -> Il {
        for (at, base, label) in &self.fixups {
            let target = self.labels[*label].expect("a bound label");
            let distance = target as i32 - *base as i32;
            self.code[*at..*at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        self.clone()
    }
}
