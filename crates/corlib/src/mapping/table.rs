//! Mappings and their views.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::path::Path;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use rustix::fs::{MemfdFlags, OFlags, fstat, ftruncate, memfd_create, open};
use rustix::mm::{MapFlags, MsyncFlags, ProtFlags, mmap, msync, munmap};
use slab::Slab;

/// Errors by the numbers that `MemoryMapImpl` turns into exceptions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MapError {
    /// The capacity is less than the file.
    #[error("the capacity is smaller than the file")]
    CapacitySmallerThanFile = 2,
    /// No file, or no mapping of this name.
    #[error("not found")]
    NotFound = 3,
    /// The file or name exists.
    #[error("exists already")]
    AlreadyExists = 4,
    /// The file cannot be opened.
    #[error("cannot be opened")]
    CouldNotOpen = 6,
    /// A mapping without a file needs a capacity.
    #[error("the capacity must be positive")]
    CapacityMustBePositive = 7,
    /// The mode makes no sense for this kind of mapping.
    #[error("invalid file mode")]
    InvalidMode = 8,
    /// The system refuses to map.
    #[error("the memory cannot be mapped")]
    CouldNotMap = 9,
    /// The range is outside of the file.
    #[error("access denied")]
    AccessDenied = 10,
}

/// `System.IO.FileMode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode(pub i32);

impl Mode {
    const CREATE_NEW: Mode = Mode(1);
    const OPEN: Mode = Mode(3);
    const OPEN_OR_CREATE: Mode = Mode(4);

    fn flags(self) -> OFlags {
        match self.0 {
            1 => OFlags::CREATE | OFlags::EXCL,
            2 => OFlags::CREATE | OFlags::TRUNC,
            4 => OFlags::CREATE,
            5 => OFlags::TRUNC,
            6 => OFlags::APPEND,
            _ => OFlags::empty(),
        }
    }

    fn needs_file(self) -> bool {
        matches!(self.0, 3 | 5 | 6)
    }
}

/// `System.IO.MemoryMappedFiles.MemoryMappedFileAccess`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access(pub i32);

impl Access {
    fn open_flags(self) -> OFlags {
        match self.0 {
            1 | 4 => OFlags::RDONLY,
            2 => OFlags::WRONLY,
            _ => OFlags::RDWR,
        }
    }

    fn protection(self) -> ProtFlags {
        match self.0 {
            1 => ProtFlags::READ,
            2 => ProtFlags::WRITE,
            4 => ProtFlags::READ | ProtFlags::EXEC,
            5 => ProtFlags::READ | ProtFlags::WRITE | ProtFlags::EXEC,
            _ => ProtFlags::READ | ProtFlags::WRITE,
        }
    }

    fn sharing(self) -> MapFlags {
        if self.0 == 3 {
            MapFlags::PRIVATE
        } else {
            MapFlags::SHARED
        }
    }
}

#[derive(Debug)]
struct Mapping {
    fd: OwnedFd,
    name: Option<String>,
    references: usize,
}

/// A mapped range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// Handle, to unmap it by.
    pub handle: isize,
    /// First byte asked for (behind the page's start).
    pub address: usize,
    /// Bytes from there on.
    pub length: i64,
}

#[derive(Debug)]
struct MappedRange {
    start: usize,
    length: usize,
}

#[derive(Default, Debug)]
struct State {
    mappings: Slab<Mapping>,
    names: FxHashMap<String, usize>,
    views: Slab<MappedRange>,
}

/// Mappings of a runtime. Views that a program forgets are unmapped with it.
#[derive(Default, Debug)]
pub struct MapTable {
    state: Mutex<State>,
}

impl MapTable {
    /// Maps a file; the capacity 0 means its length. Gives handle and capacity.
    ///
    /// # Errors
    /// See [`MapError`].
    pub fn open_file(
        &self,
        path: &Path,
        mode: Mode,
        name: Option<&str>,
        capacity: i64,
        access: Access,
    ) -> Result<(isize, i64), MapError> {
        let found = rustix::fs::stat(path).ok();
        if mode.needs_file() && found.is_none() {
            return Err(MapError::NotFound);
        }
        if mode == Mode::CREATE_NEW && found.is_some() {
            return Err(MapError::AlreadyExists);
        }
        let capacity = check_capacity(found.as_ref(), capacity, mode)?;
        self.check_name(name)?;
        let flags = mode.flags() | access.open_flags() | OFlags::CLOEXEC;
        let fd = open(path, flags, rustix::fs::Mode::from_raw_mode(0o666))
            .map_err(|_| MapError::CouldNotOpen)?;
        self.add_file(fd, found.map_or(0, |stat| stat.st_size), name, capacity)
    }

    /// Maps the file of an open descriptor.
    ///
    /// # Errors
    /// See [`MapError`].
    pub fn open_descriptor(
        &self,
        fd: OwnedFd,
        name: Option<&str>,
        capacity: i64,
    ) -> Result<(isize, i64), MapError> {
        let stat = fstat(&fd).map_err(|_| MapError::NotFound)?;
        let capacity = check_capacity(Some(&stat), capacity, Mode::OPEN)?;
        self.check_name(name)?;
        self.add_file(fd, stat.st_size, name, capacity)
    }

    fn check_name(&self, name: Option<&str>) -> Result<(), MapError> {
        match name {
            Some(name) if self.state.lock().names.contains_key(name) => {
                Err(MapError::AlreadyExists)
            }
            _ => Ok(()),
        }
    }

    fn add_file(
        &self,
        fd: OwnedFd,
        size: i64,
        name: Option<&str>,
        capacity: i64,
    ) -> Result<(isize, i64), MapError> {
        if capacity > size {
            ftruncate(&fd, capacity as u64).map_err(|_| MapError::CouldNotMap)?;
        }
        Ok((self.insert(fd, name), capacity))
    }

    /// Opens or makes shared memory of a name within this runtime.
    ///
    /// # Errors
    /// See [`MapError`].
    pub fn open_memory(
        &self,
        name: &str,
        mode: Mode,
        capacity: i64,
    ) -> Result<(isize, i64), MapError> {
        if capacity <= 0 && mode != Mode::OPEN {
            return Err(MapError::CapacityMustBePositive);
        }
        if ![Mode::CREATE_NEW, Mode::OPEN, Mode::OPEN_OR_CREATE].contains(&mode) {
            return Err(MapError::InvalidMode);
        }
        let mut state = self.state.lock();
        if let Some(&index) = state.names.get(name) {
            if mode == Mode::CREATE_NEW {
                return Err(MapError::AlreadyExists);
            }
            state.mappings[index].references += 1;
            return Ok((handle(index), capacity));
        }
        drop(state);
        if mode == Mode::OPEN {
            return Err(MapError::NotFound);
        }
        let page = rustix::param::page_size() as i64;
        let capacity = capacity
            .checked_add(page - 1)
            .ok_or(MapError::CouldNotMap)?
            / page
            * page;
        let fd =
            memfd_create("ferrocil-map", MemfdFlags::CLOEXEC).map_err(|_| MapError::CouldNotMap)?;
        ftruncate(&fd, capacity as u64).map_err(|_| MapError::CouldNotMap)?;
        Ok((self.insert(fd, Some(name)), capacity))
    }

    fn insert(&self, fd: OwnedFd, name: Option<&str>) -> isize {
        let mut state = self.state.lock();
        let index = state.mappings.insert(Mapping {
            fd,
            name: name.map(str::to_owned),
            references: 1,
        });
        if let Some(name) = name {
            state.names.insert(name.to_owned(), index);
        }
        handle(index)
    }

    /// Closes a mapping; its views stay.
    pub fn close(&self, mapping: isize) {
        let mut state = self.state.lock();
        let Some(index) = index(mapping) else { return };
        let Some(found) = state.mappings.get_mut(index) else {
            return;
        };
        found.references -= 1;
        if found.references == 0 {
            let removed = state.mappings.remove(index);
            if let Some(name) = removed.name {
                state.names.remove(&name);
            }
        }
    }

    /// Maps a range; length 0 means up to the end of the file's last page.
    ///
    /// # Errors
    /// `AccessDenied` outside of the file, `CouldNotMap`.
    pub fn map(
        &self,
        mapping: isize,
        offset: i64,
        length: i64,
        access: Access,
    ) -> Result<View, MapError> {
        let mut state = self.state.lock();
        let found = index(mapping)
            .and_then(|index| state.mappings.get(index))
            .ok_or(MapError::AccessDenied)?;
        let stat = fstat(&found.fd).map_err(|_| MapError::AccessDenied)?;
        let (Ok(offset), Ok(mut length)) = (u64::try_from(offset), u64::try_from(length)) else {
            return Err(MapError::AccessDenied);
        };
        let size = stat.st_size as u64;
        let special =
            rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::RegularFile;
        let end = offset.checked_add(length).ok_or(MapError::AccessDenied)?;
        if offset > size || (end > size && !special) {
            return Err(MapError::AccessDenied);
        }
        let page = rustix::param::page_size() as u64;
        if length == 0 {
            length = size.next_multiple_of(page) - offset;
        }
        let start = offset / page * page;
        let total =
            usize::try_from(length + (offset - start)).map_err(|_| MapError::CouldNotMap)?;
        if total == 0 {
            return Err(MapError::CouldNotMap);
        }
        // SAFETY: no address is asked for, so no existing mapping is touched.
        let mapped = unsafe {
            mmap(
                std::ptr::null_mut(),
                total,
                access.protection(),
                access.sharing(),
                &found.fd,
                start,
            )
        };
        let address = mapped.map_err(|_| MapError::CouldNotMap)? as usize;
        let view = state.views.insert(MappedRange {
            start: address,
            length: total,
        });
        Ok(View {
            handle: handle(view),
            address: address + (offset - start) as usize,
            length: length as i64,
        })
    }

    /// Writes a view's pages to its file.
    pub fn flush(&self, view: isize) {
        let state = self.state.lock();
        if let Some(range) = index(view).and_then(|index| state.views.get(index)) {
            // Managed code's Flush has no way to fail.
            // SAFETY: the range is mapped while its view is in the table.
            let _ = unsafe { msync(range.start as *mut c_void, range.length, MsyncFlags::SYNC) };
        }
    }

    /// Unmaps a view; false if there is none.
    pub fn unmap(&self, view: isize) -> bool {
        let range = index(view).and_then(|index| self.state.lock().views.try_remove(index));
        range.is_some_and(|range| range.unmap())
    }
}

impl MappedRange {
    fn unmap(&self) -> bool {
        // SAFETY: the range was mapped by `MapTable::map`, and its view has just left the table, so it
        // is unmapped once.
        unsafe { munmap(self.start as *mut c_void, self.length) }.is_ok()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for range in self.views.drain() {
            range.unmap();
        }
    }
}

fn handle(index: usize) -> isize {
    index as isize + 1
}

fn index(handle: isize) -> Option<usize> {
    usize::try_from(handle).ok()?.checked_sub(1)
}

fn check_capacity(
    found: Option<&rustix::fs::Stat>,
    capacity: i64,
    mode: Mode,
) -> Result<i64, MapError> {
    let Some(stat) = found else {
        return if capacity == 0 && mode == Mode::CREATE_NEW {
            Err(MapError::CapacitySmallerThanFile)
        } else {
            Ok(capacity)
        };
    };
    let regular =
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile;
    if capacity == 0 {
        if stat.st_size == 0 && regular {
            Err(MapError::CapacitySmallerThanFile)
        } else {
            Ok(stat.st_size)
        }
    } else if capacity < stat.st_size {
        Err(MapError::CapacitySmallerThanFile)
    } else {
        Ok(capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<'a>(view: View) -> &'a mut [u8] {
        // SAFETY: the tests use a view's bytes only while it is mapped.
        unsafe { std::slice::from_raw_parts_mut(view.address as *mut u8, view.length as usize) }
    }

    #[test]
    fn a_file_is_read_and_written_through_its_view() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"hello").unwrap();
        let table = MapTable::default();
        let (mapping, capacity) = table
            .open_file(&path, Mode::OPEN, None, 8, Access(0))
            .unwrap();
        assert_eq!(capacity, 8);
        let view = table.map(mapping, 1, 7, Access(0)).unwrap();
        assert_eq!(&bytes(view)[..4], b"ello");
        bytes(view)[0] = b'E';
        table.flush(view.handle);
        assert_eq!(std::fs::read(&path).unwrap(), b"hEllo\0\0\0");
        assert!(table.unmap(view.handle));
        assert!(!table.unmap(view.handle));
        assert_eq!(
            table.map(mapping, 4, 5, Access(0)),
            Err(MapError::AccessDenied)
        );
        table.close(mapping);
        assert_eq!(
            table.map(mapping, 0, 1, Access(0)),
            Err(MapError::AccessDenied)
        );
    }

    #[test]
    fn named_memory_is_shared() {
        let table = MapTable::default();
        assert_eq!(
            table.open_memory("n", Mode::OPEN, 0),
            Err(MapError::NotFound)
        );
        assert_eq!(
            table.open_memory("n", Mode::CREATE_NEW, 0),
            Err(MapError::CapacityMustBePositive)
        );
        let (first, _) = table.open_memory("n", Mode::CREATE_NEW, 100).unwrap();
        assert_eq!(
            table.open_memory("n", Mode::CREATE_NEW, 100),
            Err(MapError::AlreadyExists)
        );
        let (second, _) = table.open_memory("n", Mode::OPEN, 0).unwrap();
        let a = table.map(first, 0, 100, Access(0)).unwrap();
        let b = table.map(second, 0, 100, Access(0)).unwrap();
        bytes(a)[7] = 9;
        assert_eq!(bytes(b)[7], 9);
        table.close(first);
        table.close(second);
        assert_eq!(
            table.open_memory("n", Mode::OPEN, 0),
            Err(MapError::NotFound)
        );
    }

    #[test]
    fn capacities_are_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let table = MapTable::default();
        assert_eq!(
            table.open_file(&path, Mode::OPEN, None, 0, Access(0)),
            Err(MapError::NotFound)
        );
        std::fs::write(&path, b"").unwrap();
        assert_eq!(
            table.open_file(&path, Mode::OPEN, None, 0, Access(0)),
            Err(MapError::CapacitySmallerThanFile)
        );
        assert_eq!(
            table.open_file(&path, Mode::CREATE_NEW, None, 5, Access(0)),
            Err(MapError::AlreadyExists)
        );
    }
}
