//! Indented lines.

use core::fmt;

/// Writes lines with the indentation of the block that they are in.
pub(super) struct Out<'w> {
    sink: &'w mut dyn fmt::Write,
    depth: usize,
}

impl<'w> Out<'w> {
    pub(super) fn new(sink: &'w mut dyn fmt::Write) -> Self {
        Self { sink, depth: 0 }
    }

    /// One line.
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) -> fmt::Result {
        for _ in 0..self.depth {
            self.sink.write_str("  ")?;
        }
        self.sink.write_fmt(line)?;
        self.sink.write_str("\n")
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> fmt::Result {
        self.sink.write_str("\n")
    }

    pub(super) fn open(&mut self) -> fmt::Result {
        self.line(format_args!("{{"))?;
        self.depth += 1;
        Ok(())
    }

    pub(super) fn close(&mut self) -> fmt::Result {
        self.depth = self.depth.saturating_sub(1);
        self.line(format_args!("}}"))
    }
}
