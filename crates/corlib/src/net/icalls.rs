//! `Socket`, `SocketException`, `Dns`, `IOSelector`.

use std::net::IpAddr;
use std::os::fd::AsRawFd;

use ferrocil_gc::{HandleId, HandleKind, ObjectRef, Plan as _};

use super::selector::{Dispatch, Job};
use super::{SelectMode, SocketAddress, SocketError, host_name, lookup_address, lookup_name};
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, blocking, box_int, icall,
    new_byte_array, new_object_in, new_string, object_field_offset, queue_work_item, state,
    store_byref, store_offset, string_array, unbox_int,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.Net.Sockets.Socket")
        .add("Accept_internal", icall(accept))
        .add("Available_internal", icall(available))
        .add("Bind_internal", icall(bind))
        .add("Blocking_internal", icall(set_blocking))
        .add("Close_internal", icall(close))
        .add("Connect_internal", icall(connect))
        .add("Disconnect_internal", icall(disconnect))
        .add("GetSocketOption_arr_internal", icall(get_option_bytes))
        .add("GetSocketOption_obj_internal", icall(get_option))
        .add("Listen_internal", icall(listen))
        .add("LocalEndPoint_internal", icall(local_end_point))
        .add("Poll_internal", icall(poll))
        .add("ReceiveFrom_internal", icall(receive_from))
        .add("Receive_internal(intptr,byte*,int,System.Net.Sockets.SocketFlags,int&,bool)", icall(receive))
        .add(
            "Receive_internal(intptr,System.Net.Sockets.Socket/WSABUF*,int,System.Net.Sockets.SocketFlags,int&,bool)",
            icall(receive_buffers),
        )
        .add("RemoteEndPoint_internal", icall(remote_end_point))
        .add("SendTo_internal", icall(send_to))
        .add("Send_internal(intptr,byte*,int,System.Net.Sockets.SocketFlags,int&,bool)", icall(send))
        .add(
            "Send_internal(intptr,System.Net.Sockets.Socket/WSABUF*,int,System.Net.Sockets.SocketFlags,int&,bool)",
            icall(send_buffers),
        )
        .add("SetSocketOption_internal", icall(set_option))
        .add("Shutdown_internal", icall(shutdown))
        .add("Socket_internal", icall(open))
        .add("SupportsPortReuse", icall(supports_port_reuse));
    table
        .class("System.Net.Dns")
        .add("GetHostByAddr_internal", icall(host_by_address))
        .add("GetHostByName_internal", icall(host_by_name))
        .add("GetHostName_internal", icall(get_host_name));
    table
        .class("System.IOSelector")
        .add("Add", icall(selector_add))
        .add("Remove", icall(selector_remove));
}

/// Puts the error's number where managed code looks for it.
fn finish<T>(result: Result<T, SocketError>, error: ByRef<i32>, failure: T) -> T {
    match result {
        Ok(value) => {
            error.set(0);
            value
        }
        Err(SocketError(code)) => {
            error.set(code);
            failure
        }
    }
}

fn finish_unit(result: Result<(), SocketError>, error: ByRef<i32>) {
    error.set(result.map_or_else(|SocketError(code)| code, |()| 0));
}

/// Address in a `System.Net.SocketAddress` object.
fn address(t: &Thread, object: ObjRef) -> Managed<Result<SocketAddress, SocketError>> {
    if object.is_null() {
        return Ok(Err(SocketError::FAULT));
    }
    let size = object.read::<i32>(object_field_offset(t, object, "m_Size")?);
    let buffer = object.read::<ArrayRef>(object_field_offset(t, object, "m_Buffer")?);
    let bytes = usize::try_from(size)
        .ok()
        .and_then(|size| buffer.as_slice::<u8>().get(..size));
    Ok(bytes
        .ok_or(SocketError::FAULT)
        .and_then(SocketAddress::from_managed))
}

fn new_address(t: &Thread, bytes: &[u8]) -> Managed<ObjRef> {
    let object = new_object_in(t, "System", "System.Net", "SocketAddress")?;
    // Two bytes more than there are: managed code expects Mono's size.
    let size = bytes.len() + 2;
    let buffer = new_byte_array(t, size)?;
    buffer.as_mut_slice::<u8>()[..bytes.len()].copy_from_slice(bytes);
    store_offset(
        t,
        object,
        object_field_offset(t, object, "m_Buffer")?,
        buffer.object(),
    );
    object.write(object_field_offset(t, object, "m_Size")?, size as i32);
    Ok(object)
}

fn end_point(
    t: &Thread,
    found: Result<SocketAddress, SocketError>,
    error: ByRef<i32>,
) -> Managed<ObjRef> {
    match finish(
        found.and_then(SocketAddress::to_managed).map(Some),
        error,
        None,
    ) {
        Some(bytes) => new_address(t, &bytes),
        None => Ok(ObjRef::NULL),
    }
}

/// Managed memory that is pinned during the call.
fn buffer<'a>(address: *mut u8, count: i32) -> Result<&'a mut [u8], SocketError> {
    let count = usize::try_from(count).map_err(|_| SocketError::FAULT)?;
    if address.is_null() {
        return if count == 0 {
            Ok(&mut [])
        } else {
            Err(SocketError::FAULT)
        };
    }
    // SAFETY: managed code pins `count` bytes at this address until the call returns.
    Ok(unsafe { std::slice::from_raw_parts_mut(address, count) })
}

fn open(
    t: &Thread,
    _this: ObjRef,
    family: i32,
    kind: i32,
    protocol: i32,
    error: ByRef<i32>,
) -> Managed<isize> {
    Ok(finish(
        state(t).sockets.open(family, kind, protocol),
        error,
        -1,
    ))
}

fn close(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<()> {
    finish_unit(state(t).sockets.close(handle), error);
    Ok(())
}

fn bind(t: &Thread, handle: isize, to: ObjRef, error: ByRef<i32>) -> Managed<()> {
    let result = address(t, to)?.and_then(|to| state(t).sockets.bind(handle, &to));
    finish_unit(result, error);
    Ok(())
}

fn listen(t: &Thread, handle: isize, backlog: i32, error: ByRef<i32>) -> Managed<()> {
    finish_unit(state(t).sockets.listen(handle, backlog), error);
    Ok(())
}

fn accept(t: &Thread, handle: isize, error: ByRef<i32>, _blocking: bool) -> Managed<isize> {
    let state = state(t);
    let result = blocking(t, || state.sockets.accept(handle));
    Ok(finish(result, error, -1))
}

fn connect(
    t: &Thread,
    handle: isize,
    to: ObjRef,
    error: ByRef<i32>,
    _blocking: bool,
) -> Managed<()> {
    let to = address(t, to)?;
    let state = state(t);
    let result = to.and_then(|to| blocking(t, || state.sockets.connect(handle, &to)));
    finish_unit(result, error);
    Ok(())
}

fn disconnect(t: &Thread, handle: isize, _reuse: bool, error: ByRef<i32>) -> Managed<()> {
    finish_unit(state(t).sockets.disconnect(handle), error);
    Ok(())
}

fn shutdown(t: &Thread, handle: isize, how: i32, error: ByRef<i32>) -> Managed<()> {
    finish_unit(state(t).sockets.shutdown(handle, how), error);
    Ok(())
}

fn set_blocking(t: &Thread, handle: isize, block: bool, error: ByRef<i32>) -> Managed<()> {
    finish_unit(state(t).sockets.set_blocking(handle, block), error);
    Ok(())
}

fn available(t: &Thread, handle: isize, error: ByRef<i32>) -> Managed<i32> {
    Ok(finish(state(t).sockets.available(handle), error, 0))
}

fn poll(
    t: &Thread,
    handle: isize,
    mode: i32,
    microseconds: i32,
    error: ByRef<i32>,
) -> Managed<bool> {
    let mode = match mode {
        0 => Ok(SelectMode::Read),
        1 => Ok(SelectMode::Write),
        2 => Ok(SelectMode::Error),
        _ => Err(SocketError::INVALID),
    };
    let state = state(t);
    let result =
        mode.and_then(|mode| blocking(t, || state.sockets.poll(handle, mode, microseconds)));
    Ok(finish(result, error, false))
}

fn local_end_point(t: &Thread, handle: isize, _family: i32, error: ByRef<i32>) -> Managed<ObjRef> {
    end_point(t, state(t).sockets.local_address(handle), error)
}

fn remote_end_point(t: &Thread, handle: isize, _family: i32, error: ByRef<i32>) -> Managed<ObjRef> {
    end_point(t, state(t).sockets.remote_address(handle), error)
}

fn receive(
    t: &Thread,
    handle: isize,
    address: *mut u8,
    count: i32,
    flags: i32,
    error: ByRef<i32>,
    _blocking: bool,
) -> Managed<i32> {
    let state = state(t);
    let result = buffer(address, count)
        .and_then(|buffer| blocking(t, || state.sockets.receive(handle, buffer, flags)));
    Ok(finish(result.map(|count| count as i32), error, 0))
}

fn send(
    t: &Thread,
    handle: isize,
    address: *mut u8,
    count: i32,
    flags: i32,
    error: ByRef<i32>,
    is_blocking: bool,
) -> Managed<i32> {
    let state = state(t);
    let result = buffer(address, count).and_then(|buffer| {
        blocking(t, || {
            let mut sent = 0;
            // A blocking socket sends everything, as Windows does.
            loop {
                sent += state.sockets.send(handle, &buffer[sent..], flags)?;
                if !is_blocking || sent == buffer.len() {
                    return Ok(sent as i32);
                }
            }
        })
    });
    Ok(finish(result, error, 0))
}

/// `Socket.WSABUF`.
#[repr(C)]
#[derive(Clone, Copy)]
struct WsaBuffer {
    length: i32,
    data: *mut u8,
}

fn wsa_buffers<'a>(list: *const WsaBuffer, count: i32) -> Result<Vec<&'a mut [u8]>, SocketError> {
    let count = usize::try_from(count).map_err(|_| SocketError::FAULT)?;
    (0..count)
        .map(|index| {
            // SAFETY: managed code pins `count` WSABUFs at this address.
            let entry = unsafe { list.add(index).read() };
            buffer(entry.data, entry.length)
        })
        .collect()
}

fn receive_buffers(
    t: &Thread,
    handle: isize,
    list: *mut WsaBuffer,
    count: i32,
    flags: i32,
    error: ByRef<i32>,
    _blocking: bool,
) -> Managed<i32> {
    let state = state(t);
    let result = wsa_buffers(list, count).and_then(|mut buffers| {
        // One receive, spread over the buffers.
        let mut bytes = vec![0; buffers.iter().map(|buffer| buffer.len()).sum()];
        let received = blocking(t, || state.sockets.receive(handle, &mut bytes, flags))?;
        let mut rest = &bytes[..received];
        for buffer in &mut buffers {
            let part = rest.len().min(buffer.len());
            buffer[..part].copy_from_slice(&rest[..part]);
            rest = &rest[part..];
        }
        Ok(received as i32)
    });
    Ok(finish(result, error, 0))
}

fn send_buffers(
    t: &Thread,
    handle: isize,
    list: *mut WsaBuffer,
    count: i32,
    flags: i32,
    error: ByRef<i32>,
    is_blocking: bool,
) -> Managed<i32> {
    let mut bytes = match wsa_buffers(list, count) {
        Ok(buffers) => buffers.concat(),
        Err(SocketError(code)) => {
            error.set(code);
            return Ok(0);
        }
    };
    let length = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
    send(
        t,
        handle,
        bytes.as_mut_ptr(),
        length,
        flags,
        error,
        is_blocking,
    )
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has seven")]
fn receive_from(
    t: &Thread,
    handle: isize,
    address: *mut u8,
    count: i32,
    flags: i32,
    from: ByRef<ObjRef>,
    error: ByRef<i32>,
    _blocking: bool,
) -> Managed<i32> {
    let state = state(t);
    let result = buffer(address, count)
        .and_then(|buffer| blocking(t, || state.sockets.receive_from(handle, buffer, flags)));
    let Some((received, sender)) = finish(result.map(Some), error, None) else {
        return Ok(0);
    };
    // Connected sockets report no sender.
    let object = match sender.to_managed() {
        Ok(bytes) => new_address(t, &bytes)?,
        Err(_) => ObjRef::NULL,
    };
    store_byref(t, from, object);
    Ok(received as i32)
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has seven")]
fn send_to(
    t: &Thread,
    handle: isize,
    bytes: *mut u8,
    count: i32,
    flags: i32,
    to: ObjRef,
    error: ByRef<i32>,
    _blocking: bool,
) -> Managed<i32> {
    let to = address(t, to)?;
    let state = state(t);
    let result = to.and_then(|to| {
        let buffer = buffer(bytes, count)?;
        blocking(t, || state.sockets.send_to(handle, buffer, flags, &to))
    });
    Ok(finish(result.map(|sent| sent as i32), error, 0))
}

const LEVEL_SOCKET: i32 = 0xffff;
const LINGER: i32 = 0x80;

/// A boxed number, or a `LingerOption`.
fn get_option(
    t: &Thread,
    handle: isize,
    level: i32,
    name: i32,
    value: ByRef<ObjRef>,
    error: ByRef<i32>,
) -> Managed<()> {
    let found = finish(
        state(t).sockets.option(handle, level, name).map(Some),
        error,
        None,
    );
    let object = match found {
        None => ObjRef::NULL,
        Some((enabled, seconds)) if (level, name) == (LEVEL_SOCKET, LINGER) => {
            let object = new_object_in(t, "System", "System.Net.Sockets", "LingerOption")?;
            object.write(
                object_field_offset(t, object, "enabled")?,
                u8::from(enabled != 0),
            );
            object.write(object_field_offset(t, object, "lingerTime")?, seconds);
            object
        }
        Some((number, _)) => box_int(t, number)?,
    };
    store_byref(t, value, object);
    Ok(())
}

fn get_option_bytes(
    t: &Thread,
    handle: isize,
    level: i32,
    name: i32,
    bytes: ByRef<ObjRef>,
    error: ByRef<i32>,
) -> Managed<()> {
    let found = finish(
        state(t).sockets.option(handle, level, name).map(Some),
        error,
        None,
    );
    if let Some((number, _)) = found {
        // SAFETY: managed code passes a reference to a byte[].
        let array = unsafe { ArrayRef::from_object(bytes.get()) };
        let target = array.as_mut_slice::<u8>();
        let count = target.len().min(4);
        target[..count].copy_from_slice(&number.to_le_bytes()[..count]);
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the managed signature has seven")]
fn set_option(
    t: &Thread,
    handle: isize,
    level: i32,
    name: i32,
    object: ObjRef,
    bytes: ArrayRef,
    number: i32,
    error: ByRef<i32>,
) -> Managed<()> {
    let state = state(t);
    let result = if !bytes.is_null() {
        state
            .sockets
            .set_option_bytes(handle, level, name, bytes.as_slice::<u8>())
    } else if object.is_null() {
        state.sockets.set_option(handle, level, name, number, 0)
    } else if (level, name) == (LEVEL_SOCKET, LINGER) {
        let enabled = object.read::<u8>(object_field_offset(t, object, "enabled")?);
        let seconds = object.read::<i32>(object_field_offset(t, object, "lingerTime")?);
        state
            .sockets
            .set_option(handle, level, name, i32::from(enabled), seconds)
    } else if matches!((level, name), (0 | 41, 12 | 13)) {
        let group = membership(t, object, level)?;
        state.sockets.set_option_bytes(handle, level, name, &group)
    } else {
        state
            .sockets
            .set_option(handle, level, name, unbox_int(object), 0)
    };
    finish_unit(result, error);
    Ok(())
}

/// `ip_mreqn` of a MulticastOption, `ipv6_mreq` of an IPv6MulticastOption.
fn membership(t: &Thread, option: ObjRef, level: i32) -> Managed<Vec<u8>> {
    let mut bytes = Vec::new();
    if level == 0 {
        for field in ["group", "localAddress"] {
            let address = option.read::<ObjRef>(object_field_offset(t, option, field)?);
            let number = match address.non_null() {
                Some(address) => {
                    address.read::<u32>(object_field_offset(t, address, "_addressOrScopeId")?)
                }
                None => 0,
            };
            bytes.extend(number.to_le_bytes());
        }
        let index = option.read::<i32>(object_field_offset(t, option, "ifIndex")?);
        bytes.extend(index.to_ne_bytes());
    } else {
        let address = option.read::<ObjRef>(object_field_offset(t, option, "m_Group")?);
        let mut group = [0; 16];
        if let Some(address) = address.non_null() {
            let numbers = address.read::<ArrayRef>(object_field_offset(t, address, "_numbers")?);
            for (pair, &number) in group.chunks_exact_mut(2).zip(numbers.as_slice::<u16>()) {
                pair.copy_from_slice(&number.to_be_bytes());
            }
        }
        bytes.extend(group);
        let index = option.read::<i64>(object_field_offset(t, option, "m_Interface")?);
        bytes.extend((index as u32).to_ne_bytes());
    }
    Ok(bytes)
}

fn supports_port_reuse(_t: &Thread, _protocol: i32) -> Managed<bool> {
    Ok(true)
}

fn get_host_name(t: &Thread, name: ByRef<ObjRef>) -> Managed<bool> {
    store_byref(t, name, new_string(t, &host_name())?.object());
    Ok(true)
}

fn store_entry(
    t: &Thread,
    entry: Option<super::HostEntry>,
    name: ByRef<ObjRef>,
    aliases: ByRef<ObjRef>,
    addresses: ByRef<ObjRef>,
) -> Managed<bool> {
    let Some(entry) = entry else { return Ok(false) };
    store_byref(t, name, new_string(t, &entry.name)?.object());
    store_byref(t, aliases, string_array::<&str>(t, [])?.object());
    let texts = entry.addresses.iter().map(IpAddr::to_string);
    store_byref(t, addresses, string_array(t, texts)?.object());
    Ok(true)
}

fn host_by_name(
    t: &Thread,
    host: StringRef,
    name: ByRef<ObjRef>,
    aliases: ByRef<ObjRef>,
    addresses: ByRef<ObjRef>,
    _hint: i32,
) -> Managed<bool> {
    let host = host.to_string_lossy();
    let entry = blocking(t, || lookup_name(&host));
    store_entry(t, entry, name, aliases, addresses)
}

fn host_by_address(
    t: &Thread,
    address: StringRef,
    name: ByRef<ObjRef>,
    aliases: ByRef<ObjRef>,
    addresses: ByRef<ObjRef>,
    _hint: i32,
) -> Managed<bool> {
    let Ok(address) = address.to_string_lossy().parse::<IpAddr>() else {
        return Ok(false);
    };
    let entry = blocking(t, || lookup_address(address));
    store_entry(t, entry, name, aliases, addresses)
}

/// `IOOperation.Write`.
const OPERATION_WRITE: i32 = 2;

fn selector_add(t: &Thread, handle: isize, job: ObjRef) -> Managed<()> {
    let state = state(t);
    let operation = job.read::<i32>(object_field_offset(t, job, "operation")?);
    let Ok(socket) = state.sockets.get(handle) else {
        // Closed meanwhile: the job runs at once and finds that out.
        return queue_work_item(t, job);
    };
    let heap = t.runtime().heap();
    let object = heap
        .alloc_handle(HandleKind::Normal, ObjectRef::from_addr(job.address()))
        .map_err(|_| crate::prelude::out_of_memory(t))?;
    let runtime = RuntimeAddress(std::ptr::from_ref(t.runtime()));
    let added = state.selector.add(
        Job {
            socket,
            write: operation == OPERATION_WRITE,
            object,
        },
        || dispatcher(runtime),
    );
    if !added {
        let _ = heap.free_handle(object);
        return queue_work_item(t, job);
    }
    Ok(())
}

/// The runtime, for the selector's thread.
#[derive(Clone, Copy)]
struct RuntimeAddress(*const ferrocil_vm::Runtime);

// SAFETY: a runtime is Sync, and it joins the selector's thread (by dropping its state) before it goes.
unsafe impl Send for RuntimeAddress {}

impl RuntimeAddress {
    fn get<'a>(self) -> &'a ferrocil_vm::Runtime {
        // SAFETY: see the type: the runtime outlives the selector's thread.
        unsafe { &*self.0 }
    }
}

fn dispatcher(runtime: RuntimeAddress) -> Dispatch {
    Box::new(move |jobs| {
        let runtime = runtime.get();
        let Some(thread) = runtime.attach(runtime.root_domain()) else {
            return;
        };
        thread.managed(|| {
            for job in jobs {
                let object = take(&thread, job.object);
                if queue_work_item(&thread, object).is_err() {
                    // The pool could not take it: nobody is left to tell.
                    thread.take_pending();
                }
            }
        });
    })
}

/// The object of a handle, which is freed.
fn take(t: &Thread, handle: HandleId) -> ObjRef {
    let heap = t.runtime().heap();
    let object = heap.handle_target(handle).flatten();
    let _ = heap.free_handle(handle);
    // SAFETY: the heap hands out references to live objects of this runtime.
    object.map_or(ObjRef::NULL, |object| unsafe {
        ObjRef::from_address(object.addr())
    })
}

fn selector_remove(t: &Thread, handle: isize) -> Managed<()> {
    let state = state(t);
    if let Ok(socket) = state.sockets.get(handle) {
        for job in state.selector.remove(socket.as_raw_fd()) {
            queue_work_item(t, take(t, job.object))?;
        }
    }
    Ok(())
}
