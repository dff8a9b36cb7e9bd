//! Objects with finalizers: registered, suppressed, ready.

use std::collections::VecDeque;

use parking_lot::Mutex;
use rustc_hash::FxHashSet;

use crate::object::ObjectRef;

#[derive(Default)]
struct Lists {
    /// In the order of registration.
    registered: Vec<ObjectRef>,
    /// Of them, those that have survived a collection come first.
    old: usize,
    /// Room in `registered` that is paid for.
    paid: usize,
    /// Registered objects whose finalizer is not to run.
    suppressed: FxHashSet<ObjectRef>,
    /// Unreachable but for this queue.
    ready: VecDeque<ObjectRef>,
}

/// The finalization lists of a heap.
#[derive(Default)]
pub struct Finalization {
    lists: Mutex<Lists>,
}

/// Bytes that one registration can come to cost in all lists together.
const BYTES_PER_ENTRY: usize = 48;
const GROWTH: usize = 256;

impl Finalization {
    /// Adds an object. `grow` is asked before memory is taken, with bytes.
    pub(crate) fn register(&self, object: ObjectRef, grow: impl FnOnce(usize) -> bool) -> bool {
        let mut lists = self.lists.lock();
        if lists.suppressed.remove(&object) {
            return true;
        }
        if lists.registered.len() + lists.ready.len() >= lists.paid {
            let more = lists.paid.max(GROWTH);
            if !grow(more * BYTES_PER_ENTRY) {
                return false;
            }
            lists.paid += more;
        }
        lists.registered.push(object);
        true
    }

    pub(crate) fn suppress(&self, object: ObjectRef) {
        self.lists.lock().suppressed.insert(object);
    }

    pub(crate) fn pop_ready(&self) -> Option<ObjectRef> {
        let mut lists = self.lists.lock();
        loop {
            let object = lists.ready.pop_front()?;
            // Suppressed after it had become ready.
            if !lists.suppressed.remove(&object) {
                return Some(object);
            }
        }
    }

    pub(crate) fn ready_len(&self) -> usize {
        self.lists.lock().ready.len()
    }

    pub(crate) fn for_each_ready(&self, each: impl FnMut(&ObjectRef)) {
        self.lists.lock().ready.iter().for_each(each);
    }

    /// Moves registered objects that satisfy `dead` to the ready queue, in the
    /// order of registration but those for which `last` holds after the others.
    /// Suppressed ones are forgotten. Returns how many moved. `young` looks only at
    /// those that were registered since the last collection.
    pub(crate) fn take_dead(
        &self,
        young: bool,
        dead: impl Fn(ObjectRef) -> bool,
        last: impl Fn(ObjectRef) -> bool,
    ) -> usize {
        let mut lists = self.lists.lock();
        let Lists {
            registered,
            old,
            suppressed,
            ready,
            ..
        } = &mut *lists;
        let before = ready.len();
        let (mut index, mut old_left) = (0, 0);
        let mut late = Vec::new();
        let skip = if young { *old } else { 0 };
        registered.retain(|object| {
            index += 1;
            if index <= skip || !dead(*object) {
                old_left += usize::from(index <= *old);
                return true;
            }
            if !suppressed.remove(object) {
                if last(*object) {
                    late.push(*object);
                } else {
                    ready.push_back(*object);
                }
            }
            false
        });
        ready.extend(late);
        *old = old_left;
        ready.len() - before
    }

    /// Drops what is remembered about objects that are gone; the others are old
    /// now.
    pub(crate) fn end_collection(&self, is_live: impl Fn(ObjectRef) -> bool) {
        let mut lists = self.lists.lock();
        lists.suppressed.retain(|object| is_live(*object));
        lists.old = lists.registered.len();
    }

    /// Gives back memory when the lists have become much shorter; tells how many bytes.
    pub(crate) fn trim(&self) -> usize {
        let mut lists = self.lists.lock();
        let needed = lists.registered.len() + lists.ready.len();
        let keep = (2 * needed).max(GROWTH);
        if keep > lists.paid / 2 {
            return 0;
        }
        let given = (lists.paid - keep) * BYTES_PER_ENTRY;
        lists.paid = keep;
        lists.registered.shrink_to(keep);
        lists.ready.shrink_to(keep);
        lists.suppressed.shrink_to(keep);
        given
    }
}
