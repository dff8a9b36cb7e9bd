//! The least that reading everything can cost: written by hand for well-formed images, with no type, no name for
//! anything, no check beyond the bounds of slices. It reads each cell, finds the end of each name, walks each
//! signature byte by byte, and finds each instruction and exception clause.

use ferrocil_metadata::{ColumnKind, TableId};

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

/// One section header: address, size and place of its bytes.
#[derive(Clone, Copy, Default)]
struct Section {
    rva: usize,
    size: usize,
    raw: usize,
}

#[derive(Clone, Copy, Default)]
struct Table {
    at: usize,
    rows: usize,
    row: usize,
    /// Offset, width and what to do: 1 a name, 2 a signature.
    columns: [(usize, bool, u8); 9],
    count: usize,
}

pub struct Floor<'a> {
    file: &'a [u8],
    sections: Vec<Section>,
    strings: &'a [u8],
    blobs: &'a [u8],
    tables: Vec<Table>,
}

/// Bytes of operand after each opcode of one byte, and of two; 255 is a switch.
pub struct Operands {
    one: [u8; 256],
    two: [u8; 256],
}

impl Operands {
    pub fn new() -> Self {
        use ferrocil_metadata::il::{Opcode, OperandKind};
        let mut all = Self {
            one: [0; 256],
            two: [0; 256],
        };
        for opcode in Opcode::ALL {
            let size = match opcode.operand_kind() {
                OperandKind::None => 0,
                OperandKind::I8
                | OperandKind::U8
                | OperandKind::ShortVar
                | OperandKind::ShortBranch => 1,
                OperandKind::Var => 2,
                OperandKind::I64 | OperandKind::F64 => 8,
                OperandKind::Switch => 255,
                _ => 4,
            };
            let number = *opcode as u16;
            let table = if number >= 0xFE00 {
                &mut all.two
            } else {
                &mut all.one
            };
            table[usize::from(number & 0xFF)] = size;
        }
        all
    }
}

impl<'a> Floor<'a> {
    pub fn open(file: &'a [u8]) -> Self {
        let pe = u32_at(file, 0x3C);
        let optional = pe + 24;
        let directories = optional
            + if u16_at(file, optional) == 0x20B {
                112
            } else {
                96
            };
        let first = optional + u16_at(file, pe + 20);
        let sections = (0..u16_at(file, pe + 6))
            .map(|number| first + number * 40)
            .map(|at| Section {
                rva: u32_at(file, at + 12),
                size: u32_at(file, at + 16),
                raw: u32_at(file, at + 20),
            })
            .collect();
        let mut floor = Self {
            file,
            sections,
            strings: &[],
            blobs: &[],
            tables: vec![Table::default(); 64],
        };
        let cli = floor.offset(u32_at(file, directories + 14 * 8));
        let root = floor.offset(u32_at(file, cli + 8));
        let mut at = root + 16 + u32_at(file, root + 12);
        let streams = u16_at(file, at + 2);
        at += 4;
        let mut tables = 0;
        for _ in 0..streams {
            let (start, size) = (root + u32_at(file, at), u32_at(file, at + 4));
            let name = &file[at + 8..];
            let len = name.iter().position(|byte| *byte == 0).unwrap_or(0);
            match &name[..len] {
                b"#Strings" => floor.strings = &file[start..start + size],
                b"#Blob" => floor.blobs = &file[start..start + size],
                b"#~" => tables = start,
                _ => {}
            }
            at += 8 + (len + 1).next_multiple_of(4);
        }
        floor.read_tables(tables);
        floor
    }

    pub fn sections(&self) -> usize {
        self.sections.len()
    }

    fn offset(&self, rva: usize) -> usize {
        let section = self
            .sections
            .iter()
            .find(|section| rva.wrapping_sub(section.rva) < section.size);
        section.map_or(0, |section| rva - section.rva + section.raw)
    }

    fn read_tables(&mut self, stream: usize) {
        let file = self.file;
        let heaps = file[stream + 6];
        let valid = u64::from_le_bytes(file[stream + 8..stream + 16].try_into().expect("8 bytes"));
        let mut at = stream + 24;
        for number in 0..64 {
            if valid >> number & 1 != 0 {
                self.tables[number].rows = u32_at(file, at);
                at += 4;
            }
        }
        for id in TableId::ALL {
            let rows = |table: TableId| self.tables[table as usize].rows;
            let mut table = self.tables[*id as usize];
            (table.at, table.row, table.count) = (at, 0, id.columns().len());
            for (slot, kind) in table.columns.iter_mut().zip(id.columns()) {
                let (wide, what) = match kind {
                    ColumnKind::U16 => (false, 0),
                    ColumnKind::U32 => (true, 0),
                    ColumnKind::Str => (heaps & 1 != 0, 1),
                    ColumnKind::Guid => (heaps & 2 != 0, 0),
                    ColumnKind::Blob => (heaps & 4 != 0, 2),
                    ColumnKind::Table(other) | ColumnKind::List(other) => {
                        (rows(*other) > 0xFFFF, 0)
                    }
                    ColumnKind::Coded(coded) => {
                        let most = coded.tables().iter().flatten().map(|other| rows(*other));
                        (most.max().unwrap_or(0) >= 1 << (16 - coded.tag_bits()), 0)
                    }
                };
                *slot = (table.row, wide, what);
                table.row += if wide { 4 } else { 2 };
            }
            at += table.rows * table.row;
            self.tables[*id as usize] = table;
        }
    }

    pub fn rows_names_signatures(&self) -> u64 {
        let mut sum = 0_u64;
        for id in TableId::ALL {
            let table = &self.tables[*id as usize];
            let has_signature = !matches!(
                id,
                TableId::Constant
                    | TableId::CustomAttribute
                    | TableId::FieldMarshal
                    | TableId::DeclSecurity
                    | TableId::Assembly
                    | TableId::AssemblyRef
                    | TableId::File
            );
            let bytes = &self.file[table.at..table.at + table.rows * table.row];
            for row in bytes.chunks_exact(table.row.max(1)) {
                for (at, wide, what) in &table.columns[..table.count] {
                    let cell = if *wide {
                        u32_at(row, *at)
                    } else {
                        u16_at(row, *at)
                    };
                    sum = sum.wrapping_add(cell as u64);
                    if *what == 1 && cell != 0 {
                        let tail = &self.strings[cell..];
                        sum += length(tail) as u64;
                    } else if *what == 2 && cell != 0 && has_signature {
                        sum += self
                            .blob(cell)
                            .iter()
                            .map(|byte| u64::from(*byte))
                            .sum::<u64>();
                    }
                }
            }
        }
        sum
    }

    fn blob(&self, at: usize) -> &'a [u8] {
        let first = usize::from(self.blobs[at]);
        let (len, from) = match first >> 6 {
            0 | 1 => (first, at + 1),
            2 => (
                (first & 0x3F) << 8 | usize::from(self.blobs[at + 1]),
                at + 2,
            ),
            _ => (
                u32::from_be_bytes([
                    0,
                    self.blobs[at + 1],
                    self.blobs[at + 2],
                    self.blobs[at + 3],
                ]) as usize,
                at + 4,
            ),
        };
        &self.blobs[from..from + len]
    }

    pub fn bodies(&self, operands: &Operands) -> u64 {
        let mut sum = 0_u64;
        let table = &self.tables[TableId::MethodDef as usize];
        for number in 0..table.rows {
            let rva = u32_at(self.file, table.at + number * table.row);
            if rva == 0 {
                continue;
            }
            let at = self.offset(rva);
            let first = self.file[at];
            if first & 3 == 2 {
                sum += code(
                    &self.file[at + 1..at + 1 + usize::from(first >> 2)],
                    operands,
                );
                continue;
            }
            let len = u32_at(self.file, at + 4);
            sum += code(&self.file[at + 12..at + 12 + len], operands);
            if first & 8 != 0 {
                sum += clauses(self.file, (at + 12 + len).next_multiple_of(4));
            }
        }
        sum
    }
}

/// The length of a name: eight bytes at a time up to the zero.
fn length(tail: &[u8]) -> usize {
    for (number, word) in tail.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zeros = word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080;
        if zeros != 0 {
            return number * 8 + (zeros.trailing_zeros() / 8) as usize;
        }
    }
    tail.iter().position(|byte| *byte == 0).unwrap_or(0)
}

fn code(code: &[u8], operands: &Operands) -> u64 {
    let (mut at, mut sum) = (0, 0);
    while at < code.len() {
        let first = code[at];
        sum += u64::from(first);
        let size = if first == 0xFE {
            at += 1;
            operands.two[usize::from(code[at])]
        } else {
            operands.one[usize::from(first)]
        };
        at += 1;
        if size == 255 {
            at += 4 + 4 * u32_at(code, at);
        } else {
            at += usize::from(size);
        }
    }
    sum
}

fn clauses(file: &[u8], at: usize) -> u64 {
    let kind = file[at];
    let len = u32_at(file, at) >> 8;
    let (size, len) = if kind & 0x40 != 0 {
        (24, len)
    } else {
        (12, len & 0xFF)
    };
    let bytes = &file[at + 4..at + 4 + len / size * size];
    bytes
        .chunks_exact(size)
        .map(|clause| u32_at(clause, size - 4) as u64)
        .sum()
}
