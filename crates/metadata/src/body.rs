//! Method bodies: header, code, exception clauses (ECMA-335 II.25.4).

use crate::reader::{Reader, slice_at, u16_at, u32_at};
use crate::{Error, TableId, Token};

/// A method body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodBody<'a> {
    /// Greatest depth of the evaluation stack.
    pub max_stack: u16,
    /// Locals start as zero.
    pub init_locals: bool,
    /// A `StandAloneSig` with the locals' types, or nil.
    pub local_sig: Token,
    /// The IL.
    pub code: &'a [u8],
    /// Bytes of the whole body in the file, sections included.
    pub size: u32,
    sections: &'a [u8],
}

/// An exception-handling clause; all offsets are in bytes of IL, and inside the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EhClause {
    /// What the handler handles.
    pub kind: EhKind,
    /// Start of the protected region.
    pub try_offset: u32,
    /// Its length.
    pub try_len: u32,
    /// Start of the handler.
    pub handler_offset: u32,
    /// Its length.
    pub handler_len: u32,
}

/// The kinds of clause (II.25.4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EhKind {
    /// Handles exceptions of this type.
    Catch(Token),
    /// Handles what the filter at this offset accepts.
    Filter(u32),
    /// Runs whenever the region is left.
    Finally,
    /// Runs when the region is left by an exception.
    Fault,
}

const TINY: u8 = 0x2;
const FAT: u8 = 0x3;
const MORE_SECTS: u16 = 0x8;
const INIT_LOCALS: u16 = 0x10;

const SECT_EH: u8 = 0x1;
const SECT_FAT: u8 = 0x40;
const SECT_MORE: u8 = 0x80;
const SMALL_CLAUSE: usize = 12;
const FAT_CLAUSE: usize = 24;

impl<'a> MethodBody<'a> {
    /// Reads a body at the start of `bytes`, which may be longer. The start must be 4-byte aligned in the image if
    /// the body has sections (II.25.4.5 aligns those).
    ///
    /// # Errors
    /// When the header is unknown, the code or a section reaches past the bytes, or a clause is not inside the code.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let first = *bytes.first().ok_or(Error::BadBody("no header"))?;
        if first & 3 == TINY {
            let len = u32::from(first >> 2);
            let code = slice_at(bytes, 1, len)
                .ok_or(Error::BadBody("the code reaches past the section"))?;
            return Ok(Self {
                max_stack: 8,
                init_locals: false,
                local_sig: Token::NIL,
                code,
                size: 1 + len,
                sections: &[],
            });
        }
        if first & 3 != FAT {
            return Err(Error::BadBody("unknown header format"));
        }
        Self::parse_fat(bytes)
    }

    fn parse_fat(bytes: &'a [u8]) -> Result<Self, Error> {
        let truncated = Error::BadBody("the header reaches past the section");
        let mut reader = Reader::new(bytes);
        let flags = reader.u16().ok_or(truncated)?;
        let max_stack = reader.u16().ok_or(truncated)?;
        let code_len = reader.u32().ok_or(truncated)?;
        let local_sig = Token(reader.u32().ok_or(truncated)?);
        let header = u32::from(flags >> 12) * 4;
        if header < 12 {
            return Err(Error::BadBody("a fat header of less than 12 bytes"));
        }
        if !local_sig.is_nil() && !local_sig.is(TableId::StandAloneSig) {
            return Err(Error::BadBody(
                "the locals' signature is not a StandAloneSig",
            ));
        }
        let code = slice_at(bytes, header, code_len)
            .ok_or(Error::BadBody("the code reaches past the section"))?;
        let size = header.checked_add(code_len).ok_or(truncated)?;
        let mut body = Self {
            max_stack,
            init_locals: flags & INIT_LOCALS != 0,
            local_sig,
            code,
            size,
            sections: &[],
        };
        if flags & MORE_SECTS != 0 {
            body.take_sections(bytes)?;
        }
        Ok(body)
    }

    /// Finds the end of the sections and checks every clause.
    fn take_sections(&mut self, bytes: &'a [u8]) -> Result<(), Error> {
        let truncated = Error::BadBody("a section reaches past the image section");
        let start = (self.size as usize).next_multiple_of(4);
        let rest = bytes.get(start..).ok_or(truncated)?;
        let mut len = 0;
        loop {
            let section = Section::parse(rest.get(len..).ok_or(truncated)?)?;
            for clause in section.clauses() {
                self.check(&clause?)?;
            }
            if !section.more {
                len += section.len;
                break;
            }
            len = (len + section.len).next_multiple_of(4);
        }
        self.sections = rest.get(..len).ok_or(truncated)?;
        self.size = u32::try_from(start + len).map_err(|_| truncated)?;
        Ok(())
    }

    fn check(&self, clause: &EhClause) -> Result<(), Error> {
        let inside = |offset: u32, len: u32| {
            offset
                .checked_add(len)
                .is_some_and(|end| end as usize <= self.code.len())
        };
        let filter_inside = match clause.kind {
            EhKind::Filter(offset) => offset < clause.handler_offset,
            EhKind::Catch(_) | EhKind::Finally | EhKind::Fault => true,
        };
        if inside(clause.try_offset, clause.try_len)
            && inside(clause.handler_offset, clause.handler_len)
            && filter_inside
        {
            Ok(())
        } else {
            Err(Error::BadBody("an exception clause outside the code"))
        }
    }

    /// The exception clauses, in the order in which they are tried.
    #[inline]
    #[must_use]
    pub const fn clauses(&self) -> Clauses<'a> {
        Clauses {
            sections: self.sections,
            clauses: RawClauses {
                bytes: &[],
                fat: false,
            },
        }
    }
}

/// A section after the code.
struct Section<'a> {
    /// Header and data.
    len: usize,
    more: bool,
    /// Empty for sections of other kinds.
    clauses: RawClauses<'a>,
}

impl<'a> Section<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let truncated = Error::BadBody("a section reaches past the image section");
        let header = u32_at(bytes, 0).ok_or(truncated)?;
        let kind = (header & 0xFF) as u8;
        let fat = kind & SECT_FAT != 0;
        let said = (if fat { header >> 8 } else { header >> 8 & 0xFF }) as usize;
        if said < 4 {
            return Err(Error::BadBody("a section shorter than its header"));
        }
        if kind & SECT_EH == 0 {
            bytes.get(..said).ok_or(truncated)?;
            return Ok(Self {
                len: said,
                more: kind & SECT_MORE != 0,
                clauses: RawClauses { bytes: &[], fat },
            });
        }
        // The length should count the header's four bytes; some compilers forget them. Both give the same quotient.
        let clause = if fat { FAT_CLAUSE } else { SMALL_CLAUSE };
        let end = 4 + said / clause * clause;
        let clauses = RawClauses {
            bytes: bytes.get(4..end).ok_or(truncated)?,
            fat,
        };
        Ok(Self {
            len: said.max(end),
            more: kind & SECT_MORE != 0,
            clauses,
        })
    }

    const fn clauses(&self) -> RawClauses<'a> {
        self.clauses
    }
}

/// The clauses of one section, not yet checked.
#[derive(Clone, Copy, Debug)]
struct RawClauses<'a> {
    bytes: &'a [u8],
    fat: bool,
}

impl Iterator for RawClauses<'_> {
    type Item = Result<EhClause, Error>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let size = if self.fat { FAT_CLAUSE } else { SMALL_CLAUSE };
        let (bytes, rest) = self.bytes.split_at_checked(size)?;
        self.bytes = rest;
        Some(
            if self.fat {
                fat_clause(bytes)
            } else {
                small_clause(bytes)
            }
            .unwrap_or(Err(Error::BadBody("clause"))),
        )
    }
}

fn fat_clause(bytes: &[u8]) -> Option<Result<EhClause, Error>> {
    let flags = u32_at(bytes, 0)?;
    let rest = [
        u32_at(bytes, 4)?,
        u32_at(bytes, 8)?,
        u32_at(bytes, 12)?,
        u32_at(bytes, 16)?,
    ];
    Some(clause(flags, rest, u32_at(bytes, 20)?))
}

fn small_clause(bytes: &[u8]) -> Option<Result<EhClause, Error>> {
    let flags = u32::from(u16_at(bytes, 0)?);
    let lens = (u32::from(*bytes.get(4)?), u32::from(*bytes.get(7)?));
    let rest = [
        u32::from(u16_at(bytes, 2)?),
        lens.0,
        u32::from(u16_at(bytes, 5)?),
        lens.1,
    ];
    Some(clause(flags, rest, u32_at(bytes, 8)?))
}

fn clause(flags: u32, offsets: [u32; 4], last: u32) -> Result<EhClause, Error> {
    let kind = match flags & 0xFFFF {
        0 => {
            let token = Token(last);
            match token.table() {
                Some(TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec)
                    if !token.is_nil() =>
                {
                    EhKind::Catch(token)
                }
                _ => {
                    return Err(Error::BadToken {
                        token: last,
                        expected: "a type to catch",
                    });
                }
            }
        }
        1 => EhKind::Filter(last),
        2 => EhKind::Finally,
        4 => EhKind::Fault,
        _ => return Err(Error::BadBody("unknown kind of exception clause")),
    };
    let [try_offset, try_len, handler_offset, handler_len] = offsets;
    Ok(EhClause {
        kind,
        try_offset,
        try_len,
        handler_offset,
        handler_len,
    })
}

/// Iterator over the exception clauses of a body.
#[derive(Clone, Copy, Debug)]
pub struct Clauses<'a> {
    sections: &'a [u8],
    clauses: RawClauses<'a>,
}

impl Iterator for Clauses<'_> {
    type Item = EhClause;

    #[inline]
    fn next(&mut self) -> Option<EhClause> {
        loop {
            // Everything was checked when the body was read.
            if let Some(clause) = self.clauses.next() {
                return clause.ok();
            }
            if self.sections.is_empty() {
                return None;
            }
            let section = Section::parse(self.sections).ok()?;
            self.clauses = section.clauses();
            let next = if section.more {
                section.len.next_multiple_of(4)
            } else {
                self.sections.len()
            };
            self.sections = self.sections.get(next..).unwrap_or(&[]);
        }
    }
}
