//! The slots that a shape names.

use crate::binding::{ObjectShape, ShapeKind};
use crate::layout::GRANULE;

/// How many steps of `stride` bytes from `first` on lie before `offset`, rounded down: what a
/// clipped walk over an array can leave out.
fn skipped(first: usize, stride: usize, offset: usize) -> usize {
    offset.saturating_sub(first) / stride.max(1)
}

impl ObjectShape<'_> {
    /// Calls `each` with the offset of every precise reference that begins in `[from, to)`; of
    /// ephemerons with keys and values. Ends at the first error.
    pub(crate) fn slots_within<E>(
        &self,
        from: usize,
        to: usize,
        mut each: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut slots = |first: usize, count: usize| {
            let mut index = skipped(first, GRANULE, from);
            while index < count && first + GRANULE * index < to {
                let offset = first + GRANULE * index;
                if offset >= from {
                    each(offset)?;
                }
                index += 1;
            }
            Ok(())
        };
        match self.kind {
            ShapeKind::NoRefs | ShapeKind::Ambiguous { .. } => Ok(()),
            ShapeKind::Bitmap { first, mut bits } => {
                while bits != 0 {
                    slots(first as usize + GRANULE * bits.trailing_zeros() as usize, 1)?;
                    bits &= bits - 1;
                }
                Ok(())
            }
            ShapeKind::Runs(runs) => runs
                .iter()
                .try_for_each(|run| slots(run.offset as usize, run.count as usize)),
            ShapeKind::RefArray { first, len } => slots(first as usize, len),
            ShapeKind::Ephemerons { first, len } => slots(first as usize, 2 * len),
            ShapeKind::ValueArray {
                first,
                len,
                elem_size,
                offsets,
            } => {
                let (first, elem_size) = (first as usize, elem_size as usize);
                let mut index = skipped(first, elem_size, from);
                while index < len && first + index * elem_size < to {
                    for offset in offsets {
                        slots(first + index * elem_size + *offset as usize, 1)?;
                    }
                    index += 1;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ObjectShape, ShapeKind};
    use crate::binding::RefRun;

    fn slots(kind: ShapeKind<'_>, from: usize, to: usize) -> Vec<usize> {
        let mut all = Vec::new();
        let shape = ObjectShape {
            size: 1 << 20,
            kind,
        };
        let done: Result<(), ()> = shape.slots_within(from, to, |offset| {
            all.push(offset);
            Ok(())
        });
        assert!(done.is_ok());
        all
    }

    #[test]
    fn a_clipped_walk_is_the_clipped_whole() {
        let runs = [
            RefRun {
                offset: 16,
                count: 5,
            },
            RefRun {
                offset: 80,
                count: 2,
            },
        ];
        let kinds = [
            ShapeKind::NoRefs,
            ShapeKind::Bitmap {
                first: 8,
                bits: 0x8000_0000_0000_a055,
            },
            ShapeKind::Runs(&runs),
            ShapeKind::RefArray { first: 16, len: 60 },
            ShapeKind::ValueArray {
                first: 16,
                len: 12,
                elem_size: 40,
                offsets: &[8, 32],
            },
            ShapeKind::Ephemerons { first: 16, len: 9 },
            ShapeKind::Ambiguous { first: 8 },
        ];
        for kind in kinds {
            let all = slots(kind, 0, usize::MAX);
            for from in (0..600).step_by(8) {
                for to in (from..600).step_by(24) {
                    let expected: Vec<usize> = all
                        .iter()
                        .copied()
                        .filter(|s| (from..to).contains(s))
                        .collect();
                    assert_eq!(slots(kind, from, to), expected, "{kind:?} {from}..{to}");
                }
            }
        }
        assert_eq!(slots(kinds[4], 0, 100), [24, 48, 64, 88]);
    }
}
