//! Sharing of files between the handles of one runtime.
//!
//! Unix lets everybody open everything; `FileShare` is enforced inside the
//! runtime, per device and inode, with the rules of Mono's I/O layer.

use parking_lot::Mutex;
use rustc_hash::FxHashMap;

/// `System.IO.FileAccess`: bit 0 reads, bit 1 writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access(pub i32);

impl Access {
    /// Reading only.
    pub const READ: Access = Access(1);
    /// Writing only.
    pub const WRITE: Access = Access(2);
    /// Both.
    pub const READ_WRITE: Access = Access(3);

    /// Whether reading is allowed.
    #[must_use]
    pub fn reads(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether writing is allowed.
    #[must_use]
    pub fn writes(self) -> bool {
        self.0 & 2 != 0
    }
}

/// `System.IO.FileShare`: read 1, write 2, delete 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share(pub i32);

impl Share {
    /// Nobody else.
    pub const NONE: Share = Share(0);
    /// Readers.
    pub const READ: Share = Share(1);
    /// Writers.
    pub const WRITE: Share = Share(2);
    /// Deletion.
    pub const DELETE: Share = Share(4);
}

/// A file's identity: device and inode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct FileId {
    pub device: u64,
    pub inode: u64,
}

#[derive(Debug)]
struct Shared {
    share: Share,
    handles: usize,
}

/// Which files are open and how the first opener shares them.
#[derive(Default, Debug)]
pub(super) struct ShareTable {
    files: Mutex<FxHashMap<FileId, Shared>>,
}

impl ShareTable {
    /// Registers one more handle of a file; false when sharing forbids it.
    pub fn acquire(&self, id: FileId, share: Share, access: Access) -> bool {
        let mut files = self.files.lock();
        let Some(shared) = files.get_mut(&id) else {
            files.insert(id, Shared { share, handles: 1 });
            return true;
        };
        let first = shared.share;
        if first == Share::NONE || share == Share::NONE {
            return false;
        }
        if (first == Share::READ && access != Access::READ)
            || (first == Share::WRITE && access != Access::WRITE)
        {
            return false;
        }
        shared.handles += 1;
        true
    }

    /// Takes a handle back.
    pub fn release(&self, id: FileId) {
        let mut files = self.files.lock();
        if let Some(shared) = files.get_mut(&id) {
            shared.handles -= 1;
            if shared.handles == 0 {
                files.remove(&id);
            }
        }
    }

    /// Whether the file may be deleted or moved now.
    pub fn allows_delete(&self, id: FileId) -> bool {
        self.files
            .lock()
            .get(&id)
            .is_none_or(|shared| shared.share.0 & Share::DELETE.0 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId {
        device: 1,
        inode: 2,
    };

    #[test]
    fn exclusive_files_are_opened_once() {
        let table = ShareTable::default();
        assert!(table.acquire(FILE, Share::NONE, Access::WRITE));
        assert!(!table.acquire(FILE, Share::READ, Access::READ));
        table.release(FILE);
        assert!(table.acquire(FILE, Share::READ, Access::READ));
    }

    #[test]
    fn shared_readers_keep_writers_out() {
        let table = ShareTable::default();
        assert!(table.acquire(FILE, Share::READ, Access::READ));
        assert!(table.acquire(FILE, Share::READ, Access::READ));
        assert!(!table.acquire(FILE, Share(3), Access::WRITE));
        assert!(!table.allows_delete(FILE));
        table.release(FILE);
        table.release(FILE);
        assert!(table.allows_delete(FILE));
    }
}
