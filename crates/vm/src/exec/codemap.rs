//! Which code an address belongs to.

use std::fmt;
use std::sync::atomic::{AtomicPtr, Ordering};

use ferrocil_jit::CompiledMethod;
use parking_lot::Mutex;

use crate::types::{ClassPtr, MethodPtr};

/// What a piece of code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeKind {
    /// Body of a method.
    Method,
    /// Entry of an internal call or P/Invoke: not shown in traces.
    Native,
    /// Boundary between Rust and managed code: every exception stops here.
    Invoke,
    /// Delegate entries and the like.
    Stub,
}

/// Compiled code and its tables.
pub struct CodeInfo {
    /// Address of the first byte.
    pub start: usize,
    /// Bytes.
    pub len: usize,
    /// Kind.
    pub kind: CodeKind,
    /// The method, for bodies and native entries.
    pub method: Option<MethodPtr>,
    /// Whether several instances of a generic method run it; `method` is then their shared form.
    pub shared: bool,
    /// Call sites, regions, clauses, traps, IL map (the code bytes are gone).
    pub tables: CompiledMethod,
    /// Classes that catch clauses name, by clause.
    pub catch_types: Box<[Option<ClassPtr>]>,
}

impl fmt::Debug for CodeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {:?} at {:#x}+{:#x}",
            self.kind, self.method, self.start, self.len
        )
    }
}

/// Bytes of the loader arena that share a list of code.
const GRANULE: usize = 1024;

/// Code that lies in a granule, at least in part.
struct Node {
    info: *const CodeInfo,
    next: *const Node,
}

/// All compiled code of a runtime by address. Looking up takes no lock: the unwinder and the
/// signal handlers do.
pub struct CodeMap {
    base: usize,
    /// Per granule of the arena the newest [`Node`], null for none.
    granules: Box<[AtomicPtr<Node>]>,
    owned: Mutex<Owned>,
}

#[derive(Default)]
#[expect(
    clippy::vec_box,
    reason = "the lists of the granules point at what is owned here"
)]
struct Owned {
    infos: Vec<Box<CodeInfo>>,
    nodes: Vec<Box<Node>>,
}

// SAFETY: nodes and infos do not change once they are published, and live as long as the map.
unsafe impl Send for CodeMap {}
// SAFETY: as above; the lists' heads are atomic.
unsafe impl Sync for CodeMap {}

impl fmt::Debug for CodeMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeMap")
            .field("codes", &self.owned.lock().infos.len())
            .finish_non_exhaustive()
    }
}

impl CodeMap {
    /// A map of the code in an arena of `len` bytes at `base`.
    pub(crate) fn new(base: usize, len: usize) -> CodeMap {
        // Zeroed memory that costs nothing until it is touched.
        let zeros = Box::into_raw(vec![0usize; len.div_ceil(GRANULE)].into_boxed_slice());
        CodeMap {
            base,
            // SAFETY: an atomic pointer is laid out as a word, and 0 is the null pointer.
            granules: unsafe { Box::from_raw(zeros as *mut [AtomicPtr<Node>]) },
            owned: Mutex::default(),
        }
    }

    /// Adds code.
    pub(crate) fn add(&self, info: CodeInfo) {
        let mut owned = self.owned.lock();
        let info = Box::new(info);
        let first = info.start.wrapping_sub(self.base) / GRANULE;
        let last = (info.start + info.len.max(1) - 1).wrapping_sub(self.base) / GRANULE;
        for granule in first..=last {
            let Some(head) = self.granules.get(granule) else {
                continue;
            };
            let mut node = Box::new(Node {
                info: &raw const *info,
                next: head.load(Ordering::Relaxed),
            });
            head.store(&raw mut *node, Ordering::Release);
            owned.nodes.push(node);
        }
        owned.infos.push(info);
    }

    /// Adds a stub without tables.
    pub(crate) fn add_stub(&self, start: usize, len: usize) {
        self.add(CodeInfo {
            start,
            len,
            kind: CodeKind::Stub,
            method: None,
            shared: false,
            tables: CompiledMethod::default(),
            catch_types: Box::default(),
        });
    }

    /// The code that contains an address.
    #[must_use]
    pub fn find(&self, pc: usize) -> Option<&CodeInfo> {
        let granule = pc.checked_sub(self.base)? / GRANULE;
        let mut node: *const Node = self.granules.get(granule)?.load(Ordering::Acquire);
        // SAFETY: nodes and what they name live as long as the map.
        while let Some(found) = unsafe { node.as_ref() } {
            // SAFETY: as above.
            let info = unsafe { &*found.info };
            if (info.start..info.start + info.len).contains(&pc) {
                return Some(info);
            }
            node = found.next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeInfo, CodeKind, CodeMap, GRANULE};

    #[test]
    fn finds_code_that_covers_granules() {
        let base = 1 << 20;
        let map = CodeMap::new(base, 16 * GRANULE);
        for (start, len) in [(0, 16), (16, 3 * GRANULE), (5 * GRANULE - 8, 16)] {
            map.add(CodeInfo {
                start: base + start,
                len,
                kind: CodeKind::Stub,
                method: None,
                shared: false,
                tables: ferrocil_jit::CompiledMethod::default(),
                catch_types: Box::default(),
            });
        }
        let at = |offset: usize| map.find(base + offset).map(|info| info.start - base);
        assert_eq!(at(0), Some(0));
        assert_eq!(at(15), Some(0));
        assert_eq!(at(16), Some(16));
        assert_eq!(at(15 + 3 * GRANULE), Some(16));
        assert_eq!(at(16 + 3 * GRANULE), None);
        assert_eq!(at(5 * GRANULE - 1), Some(5 * GRANULE - 8));
        assert_eq!(at(5 * GRANULE), Some(5 * GRANULE - 8));
        assert_eq!(map.find(base - 1).map(|i| i.start), None);
        assert_eq!(at(17 * GRANULE), None);
    }
}
