//! `System.IO.Compression.DeflateStreamNative` (P/Invokes of MonoPosixHelper).

use ferrocil_gc::{HandleId, HandleKind, ObjectRef, Plan as _};
use parking_lot::Mutex;
use slab::Slab;

use super::{StreamError, ZStream};
use crate::prelude::{
    Field, IcallTable, Managed, ObjRef, Thread, handle_target, icall, invoke_delegate,
    new_nested_with_handle, out_of_memory, state,
};

const ARGUMENT_ERROR: i32 = -10;

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.IO.Compression.DeflateStreamNative")
        .add("CreateZStream", icall(create))
        .add("CloseZStream", icall(close))
        .add("Flush", icall(flush))
        .add("ReadZStream", icall(read))
        .add("WriteZStream", icall(write));
}

/// Open streams of a runtime, by handle (never 0).
#[derive(Default, Debug)]
pub(crate) struct Streams {
    open: Mutex<Slab<Option<Open>>>,
}

/// A stream with the managed callback that feeds it.
#[derive(Debug)]
pub(crate) struct Open {
    stream: ZStream,
    feeder: HandleId,
    data: isize,
}

impl Streams {
    fn insert(&self, open: Open) -> isize {
        self.open.lock().insert(Some(open)) as isize + 1
    }

    /// Takes a stream for a call; nobody else can use it meanwhile.
    fn take(&self, handle: isize) -> Option<Open> {
        let index = usize::try_from(handle).ok()?.checked_sub(1)?;
        self.open.lock().get_mut(index)?.take()
    }

    fn put_back(&self, handle: isize, open: Open) {
        if let Some(slot) = usize::try_from(handle)
            .ok()
            .and_then(|handle| handle.checked_sub(1))
            && let Some(place) = self.open.lock().get_mut(slot)
        {
            *place = Some(open);
        }
    }

    fn remove(&self, handle: isize) -> Option<Open> {
        let index = usize::try_from(handle).ok()?.checked_sub(1)?;
        self.open.lock().try_remove(index)?
    }
}

fn create(t: &Thread, mode: i32, gzip: bool, feeder: ObjRef, data: isize) -> Managed<ObjRef> {
    // CompressionMode: Decompress 0, Compress 1.
    let heap = t.runtime().heap();
    let feeder = heap
        .alloc_handle(HandleKind::Normal, ObjectRef::from_addr(feeder.address()))
        .map_err(|_| out_of_memory(t))?;
    let handle = state(t).streams.insert(Open {
        stream: ZStream::new(mode == 1, gzip),
        feeder,
        data,
    });
    new_nested_with_handle(
        t,
        "System",
        ("System.IO.Compression", "DeflateStreamNative"),
        "SafeDeflateStreamHandle",
        handle,
    )
}

/// Calls the managed callback: `int UnmanagedReadOrWrite (IntPtr buffer, int length, IntPtr data)`.
/// An exception stays pending and ends the native call with its own code.
fn call_feeder(t: &Thread, feeder: ObjRef, data: isize, buffer: &mut [u8]) -> i32 {
    let length = i32::try_from(buffer.len()).unwrap_or(i32::MAX);
    let arguments = [
        buffer.as_mut_ptr() as u64,
        u64::from(length as u32),
        data as u64,
    ];
    match invoke_delegate(t, feeder, &arguments) {
        Ok(bits) => bits as i32,
        Err(thrown) => {
            // The pending exception is what `Err` of the whole call reports.
            drop(thrown);
            StreamError::Exception as i32
        }
    }
}

fn run(
    t: &Thread,
    handle: isize,
    work: impl FnOnce(&mut ZStream, &mut dyn FnMut(&mut [u8]) -> i32) -> Result<i32, StreamError>,
) -> Managed<i32> {
    let state = state(t);
    let Some(mut open) = state.streams.take(handle) else {
        return Ok(ARGUMENT_ERROR);
    };
    let feeder = handle_target(t, open.feeder);
    let data = open.data;
    let result = work(&mut open.stream, &mut |buffer| {
        call_feeder(t, feeder, data, buffer)
    });
    state.streams.put_back(handle, open);
    finish(t, result)
}

fn finish(t: &Thread, result: Result<i32, StreamError>) -> Managed<i32> {
    match result {
        Ok(value) => Ok(value),
        Err(StreamError::Exception) => Err(t.throw_object(t.take_pending())),
        Err(error) => Ok(error as i32),
    }
}

const HANDLE: Field = Field {
    class: "System.Runtime.InteropServices.SafeHandle",
    name: "handle",
};

fn number(t: &Thread, handle: ObjRef) -> isize {
    if handle.is_null() {
        0
    } else {
        handle.read(HANDLE.offset(t))
    }
}

fn buffer<'a>(address: *mut u8, length: i32) -> Option<&'a mut [u8]> {
    let length = usize::try_from(length).ok()?;
    // SAFETY: managed code pins `length` bytes at this address during the call.
    (!address.is_null()).then(|| unsafe { std::slice::from_raw_parts_mut(address, length) })
}

fn read(t: &Thread, handle: ObjRef, address: *mut u8, length: i32) -> Managed<i32> {
    let Some(buffer) = buffer(address, length) else {
        return Ok(ARGUMENT_ERROR);
    };
    run(t, number(t, handle), |stream, feed| {
        stream.read(buffer, feed).map(|count| count as i32)
    })
}

fn write(t: &Thread, handle: ObjRef, address: *mut u8, length: i32) -> Managed<i32> {
    let Some(buffer) = buffer(address, length) else {
        return Ok(ARGUMENT_ERROR);
    };
    run(t, number(t, handle), |stream, feed| {
        stream.write(buffer, feed).map(|()| length)
    })
}

fn flush(t: &Thread, handle: ObjRef) -> Managed<i32> {
    run(t, number(t, handle), |stream, feed| {
        stream.flush(feed).map(|()| 0)
    })
}

fn close(t: &Thread, handle: isize) -> Managed<i32> {
    let Some(mut open) = state(t).streams.remove(handle) else {
        return Ok(ARGUMENT_ERROR);
    };
    let feeder = handle_target(t, open.feeder);
    let data = open.data;
    let result = open
        .stream
        .finish(&mut |buffer| call_feeder(t, feeder, data, buffer));
    let _ = t.runtime().heap().free_handle(open.feeder);
    finish(t, result.map(|()| 0))
}
