//! The frame around deflate data in gzip files (RFC 1952).

/// Header of the files written here: deflate, no name, no time, Unix.
pub(super) const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

const HAS_CRC: u8 = 2;
const HAS_EXTRA: u8 = 4;
const HAS_NAME: u8 = 8;
const HAS_COMMENT: u8 = 16;

/// What the header parser waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Fixed(usize),
    ExtraLength(u16, bool),
    Extra(u16),
    Name,
    Comment,
    Crc(usize),
    Done,
}

/// Skips a header byte by byte.
#[derive(Debug)]
pub(super) struct HeaderParser {
    part: Part,
    flags: u8,
}

impl HeaderParser {
    pub fn new() -> HeaderParser {
        HeaderParser {
            part: Part::Fixed(0),
            flags: 0,
        }
    }

    /// Whether the header is complete.
    pub fn is_done(&self) -> bool {
        self.part == Part::Done
    }

    /// Takes bytes up to the header's end; gives their number, `None` when this is no gzip header.
    pub fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        for (index, &byte) in bytes.iter().enumerate() {
            if self.is_done() {
                return Some(index);
            }
            self.step(byte)?;
        }
        Some(bytes.len())
    }

    fn step(&mut self, byte: u8) -> Option<()> {
        self.part = match self.part {
            Part::Fixed(at) => {
                if at < 3 && byte != HEADER[at] {
                    return None;
                }
                if at == 3 {
                    self.flags = byte;
                }
                if at == 9 {
                    self.after(0)
                } else {
                    Part::Fixed(at + 1)
                }
            }
            Part::ExtraLength(_, false) => Part::ExtraLength(u16::from(byte), true),
            Part::ExtraLength(low, true) => match low | u16::from(byte) << 8 {
                0 => self.after(HAS_EXTRA),
                length => Part::Extra(length),
            },
            Part::Extra(1) => self.after(HAS_EXTRA),
            Part::Extra(left) => Part::Extra(left - 1),
            Part::Name if byte == 0 => self.after(HAS_NAME),
            Part::Comment if byte == 0 => self.after(HAS_COMMENT),
            Part::Crc(1) => Part::Done,
            Part::Crc(at) => Part::Crc(at + 1),
            same => same,
        };
        Some(())
    }

    /// The part behind the one that a flag stands for.
    fn after(&self, flag: u8) -> Part {
        if flag < HAS_EXTRA && self.flags & HAS_EXTRA != 0 {
            Part::ExtraLength(0, false)
        } else if flag < HAS_NAME && self.flags & HAS_NAME != 0 {
            Part::Name
        } else if flag < HAS_COMMENT && self.flags & HAS_COMMENT != 0 {
            Part::Comment
        } else if self.flags & HAS_CRC != 0 {
            Part::Crc(0)
        } else {
            Part::Done
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_with_all_parts() {
        let mut bytes = HEADER.to_vec();
        bytes[3] = HAS_CRC | HAS_EXTRA | HAS_NAME | HAS_COMMENT;
        bytes.extend(b"\x02\0xxname\0comment\0CCdata");
        let mut parser = HeaderParser::new();
        let taken = parser.take(&bytes).unwrap();
        assert!(parser.is_done());
        assert_eq!(&bytes[taken..], b"data");
        let mut piecewise = HeaderParser::new();
        for &byte in &bytes[..taken] {
            assert!(!piecewise.is_done());
            piecewise.take(&[byte]).unwrap();
        }
        assert!(piecewise.is_done());
        assert_eq!(HeaderParser::new().take(b"PK"), None);
    }
}
