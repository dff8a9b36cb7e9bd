//! `System.IO.MemoryMappedFiles.MemoryMapImpl`.

use super::{Access, MapError, Mode};
use crate::io::path_from_utf16;
use crate::prelude::{ByRef, IcallTable, Managed, Thread, blocking, icall, state, utf16};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.IO.MemoryMappedFiles.MemoryMapImpl")
        .add("CloseMapping", icall(close))
        .add(
            "ConfigureHandleInheritability",
            icall(configure_inheritance),
        )
        .add("Flush", icall(flush))
        .add("MapInternal", icall(map))
        .add("OpenFileInternal", icall(open_file))
        .add("OpenHandleInternal", icall(open_handle))
        .add("Unmap", icall(unmap));
}

fn finish(
    result: Result<(isize, i64), MapError>,
    capacity: ByRef<i64>,
    error: ByRef<i32>,
) -> isize {
    match result {
        Ok((handle, size)) => {
            capacity.set(size);
            error.set(0);
            handle
        }
        Err(code) => {
            error.set(code as i32);
            0
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has nine")]
fn open_file(
    t: &Thread,
    path: *const u16,
    path_len: i32,
    mode: i32,
    name: *const u16,
    name_len: i32,
    capacity: ByRef<i64>,
    access: i32,
    _options: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    let state = state(t);
    let name = (!name.is_null()).then(|| String::from_utf16_lossy(utf16(name, name_len)));
    let result = if path.is_null() {
        state.maps.open_memory(
            name.as_deref().unwrap_or_default(),
            Mode(mode),
            capacity.get(),
        )
    } else {
        path_from_utf16(utf16(path, path_len))
            .map_err(|_| MapError::CouldNotOpen)
            .and_then(|path| {
                state.maps.open_file(
                    &path,
                    Mode(mode),
                    name.as_deref(),
                    capacity.get(),
                    Access(access),
                )
            })
    };
    Ok(finish(result, capacity, error))
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has seven")]
fn open_handle(
    t: &Thread,
    file: isize,
    name: *const u16,
    name_len: i32,
    capacity: ByRef<i64>,
    _access: i32,
    _options: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    let state = state(t);
    let name = (!name.is_null()).then(|| String::from_utf16_lossy(utf16(name, name_len)));
    let result = state
        .files
        .duplicate_descriptor(file)
        .map_err(|_| MapError::CouldNotOpen)
        .and_then(|fd| {
            state
                .maps
                .open_descriptor(fd, name.as_deref(), capacity.get())
        });
    Ok(finish(result, capacity, error))
}

fn map(
    t: &Thread,
    mapping: isize,
    offset: i64,
    size: ByRef<i64>,
    access: i32,
    view: ByRef<isize>,
    address: ByRef<isize>,
) -> Managed<i32> {
    match state(t)
        .maps
        .map(mapping, offset, size.get(), Access(access))
    {
        Ok(mapped) => {
            size.set(mapped.length);
            view.set(mapped.handle);
            address.set(mapped.address as isize);
            Ok(0)
        }
        Err(error) => {
            view.set(0);
            address.set(0);
            Ok(error as i32)
        }
    }
}

fn flush(t: &Thread, view: isize) -> Managed<()> {
    let state = state(t);
    blocking(t, || state.maps.flush(view));
    Ok(())
}

fn unmap(t: &Thread, view: isize) -> Managed<bool> {
    Ok(state(t).maps.unmap(view))
}

fn close(t: &Thread, mapping: isize) -> Managed<()> {
    state(t).maps.close(mapping);
    Ok(())
}

/// Descriptors of mappings are never inherited: a child gets only what it is given.
fn configure_inheritance(_t: &Thread, _mapping: isize, _inheritability: i32) -> Managed<()> {
    Ok(())
}
