//! What lives in the heap, by type.

use std::collections::HashMap;

use ferrocil_gc::{CollectionRecord, HeapPicture};

use crate::binding::from_gc;
use crate::runtime::Runtime;

/// Called after each collection, in the thread that collected, perhaps with locks of the runtime
/// held: it must be quick and not call the runtime.
pub type CollectionHook = Box<dyn Fn(&CollectionRecord) + Send + Sync>;

/// Objects of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeUse {
    /// Full name.
    pub name: String,
    /// How many there are.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many survived a collection.
    pub old_objects: u64,
    /// Their bytes.
    pub old_bytes: u64,
}

/// The heap at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeapReport {
    /// Blocks, lines, large objects.
    pub picture: HeapPicture,
    /// Types, the one with most bytes first.
    pub types: Vec<TypeUse>,
}

impl Runtime {
    /// Stops the world and counts objects by type, dead ones that have not been collected yet
    /// included. The calling thread need not be attached; it must hold no lock of the runtime.
    pub fn heap_report(&self) -> HeapReport {
        let mut by_class = HashMap::new();
        let picture = self.heap().picture(|object| {
            let class = self.class_of(from_gc(Some(object.object)));
            let count: &mut TypeUse = by_class.entry(class.ty).or_default();
            count.objects += 1;
            count.bytes += object.bytes as u64;
            if object.old {
                count.old_objects += 1;
                count.old_bytes += object.bytes as u64;
            }
        });
        // Names take locks that a stopped thread may hold.
        let mut types: Vec<TypeUse> = by_class
            .into_iter()
            .map(|(ty, count)| TypeUse {
                name: self.type_name(ty),
                ..count
            })
            .collect();
        types.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        HeapReport { picture, types }
    }

    /// Sets what is called after each collection; the first call counts.
    pub fn set_collection_hook(&self, hook: CollectionHook) {
        let _ = self.collection_hook.set(hook);
    }
}
