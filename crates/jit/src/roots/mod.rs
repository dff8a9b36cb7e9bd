//! Where the references of a function lie in its frame at each call.
//!
//! A reference or managed pointer that lives across a call which may collect is stored in
//! the *root area* of the frame once, where it is defined. Objects do not move, so it is
//! never loaded from there: the code goes on with its registers and spill slots, and the
//! collector reads the area. Which words of it hold live values is known for each call.

mod candidates;
mod cfg;
mod live;
mod sets;
mod words;

pub(crate) use sets::Want;

use cranelift_entity::SecondaryMap;

use crate::hir::{Func, MethodEh, Value};

/// No word.
const NONE: u32 = u32::MAX;

/// The root area of a function: which value has which word, and who is live at block ends.
pub(crate) struct RootPlan {
    /// Words of the area.
    pub(crate) words: u32,
    word: SecondaryMap<Value, u32>,
    /// By position of the block in the layout: words that are live at its end or at one of its
    /// exception edges.
    ends: Vec<Vec<Value>>,
    /// Position of each block's first node, and the total.
    starts: Vec<u32>,
}

impl RootPlan {
    /// Finds the values of a function that need a word.
    pub(crate) fn new(func: &Func, eh: &MethodEh) -> RootPlan {
        let mut word = SecondaryMap::with_default(NONE);
        let starts = cfg::starts(func);
        let mut ends = vec![Vec::new(); func.layout.len()];
        let candidates = candidates::find(func);
        if candidates.is_empty() {
            return RootPlan {
                words: 0,
                word,
                ends,
                starts,
            };
        }
        let cfg = cfg::Cfg::new(func, eh);
        let ranges = live::find(func, &cfg, &starts, &candidates, &mut ends);
        let words = words::assign(ranges, &mut word);
        RootPlan {
            words,
            word,
            ends,
            starts,
        }
    }

    /// Word of a value in the area.
    pub(crate) fn word(&self, value: Value) -> Option<u32> {
        let word = self.word[value];
        (word != NONE).then_some(word)
    }

    /// Position of a block's first node, by its place in the layout.
    pub(crate) fn start(&self, index: usize) -> u32 {
        self.starts[index]
    }
}
