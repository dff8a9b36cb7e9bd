//! Sequence points.

use crate::{Error, Reader, Rid, TableId, Token};

/// A place in the IL and the source that it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequencePoint {
    /// Bytes from the start of the code.
    pub il_offset: u32,
    /// The source file: a `Document` row.
    pub document: Rid,
    /// Where; `None` for code that comes from no source line.
    pub span: Option<SourceSpan>,
}

/// A range of source text; lines and columns count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSpan {
    /// First line.
    pub start_line: u32,
    /// First column.
    pub start_column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last.
    pub end_column: u32,
}

/// Iterator over the sequence points of a method; stops after the first error.
#[derive(Clone, Debug, Default)]
pub struct SequencePoints<'a> {
    reader: Reader<'a>,
    local_sig: Token,
    document: Rid,
    il_offset: u32,
    /// Start of the last point with a place in the source.
    last: Option<(u32, u32)>,
    started: bool,
}

const BAD: Error = Error::BadBlob("sequence points");

impl<'a> SequencePoints<'a> {
    pub(super) fn parse(blob: &'a [u8], document: Rid) -> Result<Self, Error> {
        if blob.is_empty() {
            return Ok(Self::default());
        }
        let mut reader = Reader::new(blob);
        let local_sig = Token::new(TableId::StandAloneSig, reader.compressed_u32().ok_or(BAD)?);
        let document = match document {
            0 => reader.compressed_u32().ok_or(BAD)?,
            said => said,
        };
        Ok(Self {
            reader,
            local_sig,
            document,
            ..Self::default()
        })
    }

    /// The locals' signature that the compiler saw, or nil.
    #[must_use]
    pub const fn local_sig(&self) -> Token {
        self.local_sig
    }

    fn unsigned(&mut self) -> Result<u32, Error> {
        self.reader.compressed_u32().ok_or(BAD)
    }

    fn signed(&mut self) -> Result<i32, Error> {
        self.reader.compressed_i32().ok_or(BAD)
    }

    fn point(&mut self) -> Result<SequencePoint, Error> {
        let mut delta = self.unsigned()?;
        // A distance of 0 anywhere but at the start is not a point: the file changes.
        while self.started && delta == 0 {
            self.document = self.unsigned()?;
            delta = self.unsigned()?;
        }
        self.started = true;
        self.il_offset = self.il_offset.checked_add(delta).ok_or(BAD)?;
        let lines = self.unsigned()?;
        let columns = if lines == 0 {
            self.unsigned()?.cast_signed()
        } else {
            self.signed()?
        };
        if lines == 0 && columns == 0 {
            return Ok(SequencePoint {
                il_offset: self.il_offset,
                document: self.document,
                span: None,
            });
        }
        let (start_line, start_column) = match self.last {
            None => (self.unsigned()?, self.unsigned()?),
            Some((line, column)) => {
                let line = line.checked_add_signed(self.signed()?).ok_or(BAD)?;
                (line, column.checked_add_signed(self.signed()?).ok_or(BAD)?)
            }
        };
        self.last = Some((start_line, start_column));
        let end_line = start_line.checked_add(lines).ok_or(BAD)?;
        let end_column = start_column.checked_add_signed(columns).ok_or(BAD)?;
        let span = SourceSpan {
            start_line,
            start_column,
            end_line,
            end_column,
        };
        Ok(SequencePoint {
            il_offset: self.il_offset,
            document: self.document,
            span: Some(span),
        })
    }
}

impl Iterator for SequencePoints<'_> {
    type Item = Result<SequencePoint, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let point = self.point();
        if point.is_err() {
            self.reader = Reader::default();
        }
        Some(point)
    }
}

impl core::iter::FusedIterator for SequencePoints<'_> {}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::{SequencePoint, SequencePoints, SourceSpan};

    #[test]
    fn visible_hidden_and_another_document() {
        let blob = [
            0, 1, // no locals, first document 1
            0, 0, 5, 10, 9, // IL 0: 10:9-10:14
            2, 0, 0, // IL 2: hidden
            0, 2, // document 2
            3, 1, 0x79, 0x04,
            0x7D, // IL 5: line + 1, column - 4 to the end; line 12, column 7
        ];
        let points: Vec<SequencePoint> = SequencePoints::parse(&blob, 0)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let span = |start_line, start_column, end_line, end_column| {
            Some(SourceSpan {
                start_line,
                start_column,
                end_line,
                end_column,
            })
        };
        let point = |il_offset, document, span| SequencePoint {
            il_offset,
            document,
            span,
        };
        assert_eq!(points[0], point(0, 1, span(10, 9, 10, 14)));
        assert_eq!(points[1], point(2, 1, None));
        assert_eq!(points[2], point(5, 2, span(12, 7, 13, 3)));
        assert_eq!(points.len(), 3);
        let cut = SequencePoints::parse(&blob[..blob.len() - 1], 0).unwrap();
        assert_eq!(cut.clone().filter(Result::is_err).count(), 1);
        assert_eq!(cut.count(), 3);
    }
}
