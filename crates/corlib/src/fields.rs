//! Offsets of managed fields, bound by name.

use ferrocil_vm::Runtime;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

/// Offsets found so far in a runtime's corlib.
#[derive(Default, Debug)]
pub(crate) struct FieldOffsets {
    known: RwLock<FxHashMap<(&'static str, &'static str), u32>>,
}

impl FieldOffsets {
    /// Offset of `name` in objects of `class` (`Namespace.Name`).
    ///
    /// # Panics
    /// When corlib has no such field: it is not the class library these bindings are for.
    pub fn offset(&self, runtime: &Runtime, class: &'static str, name: &'static str) -> u32 {
        if let Some(&offset) = self.known.read().get(&(class, name)) {
            return offset;
        }
        let offset = find(runtime, class, name).unwrap_or_else(|| {
            panic!("corlib has no field {class}.{name}; is it Mono 6.8's mscorlib.dll?")
        });
        self.known.write().insert((class, name), offset);
        offset
    }
}

fn find(runtime: &Runtime, class: &str, name: &str) -> Option<u32> {
    let (namespace, simple) = class.rsplit_once('.')?;
    let class = runtime.corlib_class(namespace, simple).ok()?;
    let field = runtime.find_field(class, name).ok()??;
    runtime.field_offset(field).ok()
}
