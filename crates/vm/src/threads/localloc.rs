//! The side stack that `localloc` takes its memory from: chunks that never move,
//! released in the order of marks.

use std::ops::Range;

const CHUNK: usize = 64 << 10;

/// Memory of `localloc`, freed when the frame that asked for it is left.
#[derive(Default, Debug)]
pub struct SideStack {
    chunks: Vec<Box<[u64]>>,
    /// A chunk of the usual size that is not in use, kept for the next request.
    spare: Option<Box<[u64]>>,
    /// Words used of the last chunk.
    used: usize,
    /// Frame pointer of each asking frame and the mark before its first request.
    owners: Vec<(usize, u64)>,
}

impl SideStack {
    /// Position to return to: chunk number in the high half, words used in the low.
    #[must_use]
    pub fn mark(&self) -> u64 {
        ((self.chunks.len() as u64) << 32) | self.used as u64
    }

    /// Frees all that was allocated since `mark`.
    pub fn release(&mut self, mark: u64) {
        let keep = (mark >> 32) as usize;
        if self.chunks.len() > keep {
            self.spare = self.chunks.drain(keep..).find(|c| c.len() == CHUNK / 8);
        }
        self.used = (mark & 0xffff_ffff) as usize;
        while self.owners.last().is_some_and(|o| o.1 >= mark) {
            self.owners.pop();
        }
    }

    /// Notes that the frame with this frame pointer is about to allocate.
    pub fn note_owner(&mut self, fp: usize) {
        if self.owners.last().is_none_or(|o| o.0 != fp) {
            self.owners.push((fp, self.mark()));
        }
    }

    /// Frees what frames below (called by) this frame have allocated: an exception has left them.
    pub fn release_below(&mut self, fp: usize) {
        let first = self.owners.partition_point(|o| o.0 >= fp);
        if let Some(&(_, mark)) = self.owners.get(first) {
            self.release(mark);
            self.owners.truncate(first);
        }
    }

    /// Allocates zeroed memory, 16-byte aligned in practice by size class; `None` above 1 GiB.
    pub fn allocate(&mut self, bytes: u64) -> Option<*mut u8> {
        if bytes > 1 << 30 {
            return None;
        }
        let words = (bytes as usize).div_ceil(16).max(1) * 2;
        let fits = self
            .chunks
            .last()
            .is_some_and(|c| c.len() - self.used >= words);
        if !fits {
            let size = words.max(CHUNK / 8);
            let spare = self.spare.take().filter(|c| c.len() >= size);
            let chunk = spare.unwrap_or_else(|| vec![0u64; size].into_boxed_slice());
            self.chunks.push(chunk);
            self.used = 0;
        }
        let chunk = self.chunks.last_mut()?;
        let part = &mut chunk[self.used..self.used + words];
        part.fill(0);
        self.used += words;
        Some(part.as_mut_ptr().cast())
    }

    /// Address ranges in use, for the conservative scan.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.chunks.iter().map(|c| {
            let start = c.as_ptr() as usize;
            start..start + c.len() * 8
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SideStack;

    #[test]
    fn marks_nest_and_memory_is_zeroed() {
        let mut s = SideStack::default();
        let m0 = s.mark();
        let a = s.allocate(100).unwrap();
        // SAFETY: the side stack gave 100 bytes.
        unsafe { a.write_bytes(0xff, 100) };
        let m1 = s.mark();
        s.allocate(1 << 20).unwrap();
        s.release(m1);
        s.release(m0);
        let b = s.allocate(100).unwrap();
        // SAFETY: the side stack gave 100 bytes.
        assert!((0..100).all(|i| unsafe { b.add(i).read() } == 0));
        assert!(s.allocate(u64::MAX).is_none());
    }
}
