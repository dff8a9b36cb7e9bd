//! `System.IO.MonoIO`, `System.IO.Path`, `System.IO.DriveInfo`.

use crate::io::{
    Access, FileAttributes, FileKind, FileStat, IoError, OpenOptions, SeekOrigin, Share,
    StandardStream, attributes_of, copy_file, create_directory, current_directory, delete_file,
    disk_space, drive_format, drive_type, move_file, path_from_utf16, remove_directory,
    replace_file, set_attributes, set_current_directory, stat_of, temp_path,
};
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, icall, new_string,
    optional_string, report, state, store_byref, throw, utf16, utf16_z,
};
use std::path::PathBuf;

const INVALID_HANDLE_VALUE: isize = -1;
const INVALID_ATTRIBUTES: i32 = -1;

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.IO.MonoIO")
        .add("Cancel_internal", icall(cancel))
        .add("Close", icall(close))
        .add("CopyFile", icall(copy))
        .add("CreateDirectory", icall(make_directory))
        .add("CreatePipe", icall(create_pipe))
        .add("DeleteFile", icall(delete))
        .add("DumpHandles", icall(dump_handles))
        .add("DuplicateHandle", icall(duplicate_handle))
        .add("FindCloseFile", icall(find_close))
        .add("FindFirstFile", icall(find_first))
        .add("FindNextFile", icall(find_next))
        .add("Flush", icall(flush))
        .add("GetCurrentDirectory", icall(get_current_directory))
        .add("GetFileAttributes", icall(get_file_attributes))
        .add("GetFileStat", icall(get_file_stat))
        .add("GetFileType", icall(get_file_type))
        .add("GetLength", icall(get_length))
        .add("Lock", icall(lock))
        .add("MoveFile", icall(rename))
        .add("Open", icall(open))
        .add("Read", icall(read))
        .add("RemoveDirectory", icall(delete_directory))
        .add("ReplaceFile", icall(replace))
        .add("Seek", icall(seek))
        .add("SetCurrentDirectory", icall(change_directory))
        .add("SetFileAttributes", icall(change_attributes))
        .add("SetFileTime", icall(set_file_time))
        .add("SetLength", icall(set_length))
        .add("Unlock", icall(unlock))
        .add("Write", icall(write))
        .add("get_AltDirectorySeparatorChar", icall(directory_separator))
        .add("get_ConsoleError", icall(console_error))
        .add("get_ConsoleInput", icall(console_input))
        .add("get_ConsoleOutput", icall(console_output))
        .add("get_DirectorySeparatorChar", icall(directory_separator))
        .add("get_PathSeparator", icall(path_separator))
        .add("get_VolumeSeparatorChar", icall(directory_separator));
    table
        .class("System.IO.Path")
        .add("get_temp_path", icall(get_temp_path));
    table
        .class("System.IO.DriveInfo")
        .add("GetDiskFreeSpaceInternal", icall(get_disk_free_space))
        .add("GetDriveFormatInternal", icall(get_drive_format))
        .add("GetDriveTypeInternal", icall(get_drive_type));
    table
        .class("System.IO.FileSystemWatcher")
        .add("InternalSupportsFSW", icall(supports_watching));
}

fn path(pointer: *const u16) -> Result<PathBuf, IoError> {
    if pointer.is_null() {
        return Err(IoError::INVALID_NAME);
    }
    path_from_utf16(utf16_z(pointer))
}

fn open(
    t: &Thread,
    name: *const u16,
    mode: i32,
    access: i32,
    share: i32,
    options: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    let options = OpenOptions {
        mode,
        access: Access(access),
        share: Share(share),
        options,
    };
    let result = path(name).and_then(|name| {
        let state = state(t);
        blocking(t, || state.files.open(&name, options))
    });
    Ok(report(result, error, INVALID_HANDLE_VALUE))
}

fn close(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<bool> {
    let state = state(t);
    let result = blocking(t, || state.files.close(handle));
    Ok(report(result.map(|()| true), error, false))
}

/// Checks an array range as Mono does and gives its bytes.
fn byte_range<'a>(t: &Thread, array: ArrayRef, offset: i32, count: i32) -> Managed<&'a mut [u8]> {
    if array.is_null() {
        return Err(throw(
            t,
            "System",
            "ArgumentNullException",
            "Value cannot be null.",
        ));
    }
    let range = usize::try_from(offset)
        .ok()
        .zip(usize::try_from(count).ok());
    let bytes = array.as_mut_slice::<u8>();
    range
        .and_then(|(offset, count)| bytes.get_mut(offset..offset.checked_add(count)?))
        .ok_or_else(|| {
            throw(
                t,
                "System",
                "ArgumentException",
                "array too small. numBytes/offset wrong.",
            )
        })
}

fn read(
    t: &Thread,
    handle: isize,
    destination: ArrayRef,
    offset: i32,
    count: i32,
    error: ByRef<i32>,
) -> Managed<i32> {
    let buffer = byte_range(t, destination, offset, count)?;
    let state = state(t);
    let result = blocking(t, || state.files.read(handle, buffer));
    // The array must be reachable from this stack while the system writes into it.
    std::hint::black_box(destination);
    Ok(report(result.map(|read| read as i32), error, -1))
}

fn write(
    t: &Thread,
    handle: isize,
    source: ArrayRef,
    offset: i32,
    count: i32,
    error: ByRef<i32>,
) -> Managed<i32> {
    let buffer = byte_range(t, source, offset, count)?;
    let state = state(t);
    let result = blocking(t, || state.files.write(handle, buffer));
    std::hint::black_box(source);
    Ok(report(result.map(|written| written as i32), error, -1))
}

fn seek(t: &Thread, handle: isize, offset: i64, origin: i32, error: ByRef<i32>) -> Managed<i64> {
    let origin = match origin {
        0 => Ok(SeekOrigin::Begin),
        1 => Ok(SeekOrigin::Current),
        2 => Ok(SeekOrigin::End),
        _ => Err(IoError::INVALID_PARAMETER),
    };
    let result = origin.and_then(|origin| state(t).files.seek(handle, offset, origin));
    Ok(report(result, error, -1))
}

fn flush(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<bool> {
    let state = state(t);
    let result = blocking(t, || state.files.flush(handle));
    Ok(report(result.map(|()| true), error, false))
}

fn get_length(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<i64> {
    Ok(report(state(t).files.length(handle), error, -1))
}

fn set_length(t: &Thread, handle: isize, length: i64, error: ByRef<i32>) -> Managed<bool> {
    let state = state(t);
    let result = blocking(t, || state.files.set_length(handle, length));
    Ok(report(result.map(|()| true), error, false))
}

fn set_file_time(
    t: &Thread,
    handle: isize,
    _creation: i64,
    access: i64,
    write: i64,
    error: ByRef<i32>,
) -> Managed<bool> {
    let given = |ticks: i64| (ticks >= 0).then_some(ticks);
    let result = state(t)
        .files
        .set_times(handle, given(access), given(write));
    Ok(report(result.map(|()| true), error, false))
}

fn get_file_type(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<i32> {
    let result = state(t).files.kind(handle).map(|kind| match kind {
        FileKind::Disk => 1,
        FileKind::Console => 2,
        FileKind::Pipe => 3,
    });
    Ok(report(result, error, 0))
}

fn lock(t: &Thread, handle: isize, position: i64, length: i64, error: ByRef<i32>) -> Managed<()> {
    set_lock(t, handle, position, length, true, error);
    Ok(())
}

fn unlock(t: &Thread, handle: isize, position: i64, length: i64, error: ByRef<i32>) -> Managed<()> {
    set_lock(t, handle, position, length, false, error);
    Ok(())
}

fn set_lock(t: &Thread, handle: isize, position: i64, length: i64, lock: bool, error: ByRef<i32>) {
    let result = state(t).files.lock_region(handle, position, length, lock);
    error.set(result.map_or_else(|IoError(code)| code, |()| IoError::SUCCESS.0));
}

fn cancel(_t: &Thread, _handle: isize, error: ByRef<i32>) -> Managed<bool> {
    Ok(report(Err(IoError::NOT_SUPPORTED), error, false))
}

fn create_pipe(
    t: &Thread,
    reader: ByRef<isize>,
    writer: ByRef<isize>,
    error: ByRef<i32>,
) -> Managed<bool> {
    let result = state(t).files.pipe().map(|(read_end, write_end)| {
        reader.set(read_end);
        writer.set(write_end);
        true
    });
    Ok(report(result, error, false))
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has eight")]
fn duplicate_handle(
    t: &Thread,
    _source_process: isize,
    source: isize,
    _target_process: isize,
    target: ByRef<isize>,
    _access: i32,
    _inherit: i32,
    _options: i32,
    error: ByRef<i32>,
) -> Managed<bool> {
    let state = state(t);
    let handle = crate::threading::Handle(source);
    let result = match state.waits.duplicate(handle) {
        Ok(copy) => Ok(copy.0),
        Err(_) => state.files.duplicate(source),
    };
    let result = result.map(|copy| {
        target.set(copy);
        true
    });
    Ok(report(result, error, false))
}

fn standard(t: &Thread, stream: StandardStream) -> isize {
    state(t)
        .files
        .standard(stream)
        .unwrap_or(INVALID_HANDLE_VALUE)
}

fn console_input(t: &Thread) -> Managed<isize> {
    Ok(standard(t, StandardStream::Input))
}

fn console_output(t: &Thread) -> Managed<isize> {
    Ok(standard(t, StandardStream::Output))
}

fn console_error(t: &Thread) -> Managed<isize> {
    Ok(standard(t, StandardStream::Error))
}

fn directory_separator(_t: &Thread) -> Managed<u16> {
    Ok(u16::from(b'/'))
}

fn path_separator(_t: &Thread) -> Managed<u16> {
    Ok(u16::from(b':'))
}

/// 6: the watcher over inotify; 0: managed code compares directory listings instead.
fn supports_watching(_t: &Thread) -> Managed<i32> {
    let made = rustix::fs::inotify::init(rustix::fs::inotify::CreateFlags::CLOEXEC);
    Ok(if made.is_ok() { 6 } else { 0 })
}

fn dump_handles(_t: &Thread) -> Managed<()> {
    Ok(())
}

fn make_directory(_t: &Thread, name: *const u16, error: ByRef<i32>) -> Managed<bool> {
    Ok(report(
        path(name)
            .and_then(|name| create_directory(&name))
            .map(|()| true),
        error,
        false,
    ))
}

fn delete_directory(_t: &Thread, name: *const u16, error: ByRef<i32>) -> Managed<bool> {
    Ok(report(
        path(name)
            .and_then(|name| remove_directory(&name))
            .map(|()| true),
        error,
        false,
    ))
}

fn delete(_t: &Thread, name: *const u16, error: ByRef<i32>) -> Managed<bool> {
    Ok(report(
        path(name)
            .and_then(|name| delete_file(&name))
            .map(|()| true),
        error,
        false,
    ))
}

fn rename(t: &Thread, from: *const u16, to: *const u16, error: ByRef<i32>) -> Managed<bool> {
    let result = path(from).and_then(|from| {
        let to = path(to)?;
        let state = state(t);
        blocking(t, || move_file(&state.files, &from, &to))
    });
    Ok(report(result.map(|()| true), error, false))
}

fn copy(
    t: &Thread,
    from: *const u16,
    to: *const u16,
    overwrite: bool,
    error: ByRef<i32>,
) -> Managed<bool> {
    let result = path(from).and_then(|from| {
        let to = path(to)?;
        blocking(t, || copy_file(&from, &to, overwrite))
    });
    Ok(report(result.map(|()| true), error, false))
}

fn replace(
    t: &Thread,
    source: *const u16,
    destination: *const u16,
    backup: *const u16,
    _ignore_metadata_errors: bool,
    error: ByRef<i32>,
) -> Managed<bool> {
    let result = path(source).and_then(|source| {
        let destination = path(destination)?;
        let backup = if backup.is_null() {
            None
        } else {
            Some(path(backup)?)
        };
        blocking(t, || replace_file(&source, &destination, backup.as_deref()))
    });
    Ok(report(result.map(|()| true), error, false))
}

fn get_current_directory(t: &Thread, error: ByRef<i32>) -> Managed<StringRef> {
    match current_directory() {
        Ok(directory) => {
            error.set(0);
            new_string(t, &directory.to_string_lossy())
        }
        Err(IoError(code)) => {
            error.set(code);
            Ok(StringRef::NULL)
        }
    }
}

fn change_directory(_t: &Thread, name: *const u16, error: ByRef<i32>) -> Managed<bool> {
    Ok(report(
        path(name)
            .and_then(|name| set_current_directory(&name))
            .map(|()| true),
        error,
        false,
    ))
}

fn get_file_attributes(_t: &Thread, name: *const u16, error: ByRef<i32>) -> Managed<i32> {
    let result = path(name)
        .and_then(|name| attributes_of(&name))
        .map(|attributes| attributes.0 as i32);
    Ok(report(result, error, INVALID_ATTRIBUTES))
}

fn change_attributes(
    _t: &Thread,
    name: *const u16,
    attributes: i32,
    error: ByRef<i32>,
) -> Managed<bool> {
    let attributes = FileAttributes(attributes as u32);
    let result = path(name).and_then(|name| set_attributes(&name, attributes));
    Ok(report(result.map(|()| true), error, false))
}

/// `System.IO.MonoIOStat`.
#[repr(C)]
struct MonoIoStat {
    attributes: i32,
    length: i64,
    creation_time: i64,
    last_access_time: i64,
    last_write_time: i64,
}

fn get_file_stat(
    _t: &Thread,
    name: *const u16,
    stat: *mut MonoIoStat,
    error: ByRef<i32>,
) -> Managed<bool> {
    let result = path(name)
        .and_then(|name| stat_of(&name))
        .map(|found: FileStat| {
            let value = MonoIoStat {
                attributes: found.attributes.0 as i32,
                length: found.length,
                creation_time: found.creation_time,
                last_access_time: found.last_access_time,
                last_write_time: found.last_write_time,
            };
            // SAFETY: managed code passes the address of a MonoIOStat, whose layout `MonoIoStat` has.
            unsafe { stat.write_unaligned(value) };
            true
        });
    Ok(report(result, error, false))
}

fn find_first(
    t: &Thread,
    pattern: *const u16,
    name: ByRef<ObjRef>,
    attributes: ByRef<i32>,
    error: ByRef<i32>,
) -> Managed<isize> {
    let found = path(pattern).and_then(|pattern| state(t).finds.first(&pattern));
    match found {
        Ok((handle, entry)) => {
            store_byref(t, name, new_string(t, &entry.name)?.object());
            attributes.set(entry.attributes.0 as i32);
            error.set(0);
            Ok(handle)
        }
        Err(IoError(code)) => {
            store_byref(t, name, ObjRef::NULL);
            attributes.set(0);
            error.set(code);
            Ok(INVALID_HANDLE_VALUE)
        }
    }
}

fn find_next(
    t: &Thread,
    handle: isize,
    name: ByRef<ObjRef>,
    attributes: ByRef<i32>,
    error: ByRef<i32>,
) -> Managed<bool> {
    match state(t).finds.next(handle) {
        Ok(entry) => {
            store_byref(t, name, new_string(t, &entry.name)?.object());
            attributes.set(entry.attributes.0 as i32);
            error.set(0);
            Ok(true)
        }
        Err(IoError(code)) => {
            store_byref(t, name, ObjRef::NULL);
            attributes.set(0);
            error.set(code);
            Ok(false)
        }
    }
}

fn find_close(t: &Thread, handle: isize) -> Managed<bool> {
    Ok(state(t).finds.close(handle).is_ok())
}

fn get_temp_path(t: &Thread) -> Managed<StringRef> {
    let path = temp_path(|name| state(t).variables.get(name));
    new_string(t, &path)
}

fn root(pointer: *const u16, length: i32) -> Result<PathBuf, IoError> {
    if pointer.is_null() {
        current_directory()
    } else {
        path_from_utf16(utf16(pointer, length))
    }
}

fn get_disk_free_space(
    _t: &Thread,
    name: *const u16,
    length: i32,
    available: ByRef<u64>,
    total: ByRef<u64>,
    free: ByRef<u64>,
    error: ByRef<i32>,
) -> Managed<bool> {
    let result = root(name, length)
        .and_then(|path| disk_space(&path))
        .map(|space| {
            available.set(space.available);
            total.set(space.total);
            free.set(space.free);
            true
        });
    Ok(report(result, error, false))
}

fn get_drive_format(t: &Thread, name: *const u16, length: i32) -> Managed<StringRef> {
    let format = root(name, length).ok().and_then(|path| drive_format(&path));
    optional_string(t, format)
}

fn get_drive_type(_t: &Thread, name: *const u16, length: i32) -> Managed<u32> {
    Ok(
        root(name, length).map_or(crate::io::DriveType::NoRootDirectory, |path| {
            drive_type(&path)
        }) as u32,
    )
}
