//! Bindings of `System.GC` and `System.Runtime.InteropServices.GCHandle`.

use ferrocil_gc::{HandleId, HandleKind, ObjectRef, Plan as _};

use crate::prelude::{
    ArrayRef, IcallTable, Managed, ObjRef, Thread, has_finalizer, icall, out_of_memory,
    pinned_address, throw, tombstone, wait_for_finalizers,
};

pub(crate) fn register(table: &mut IcallTable) {
    table
        .class("System.GC")
        .add("GetCollectionCount", icall(collection_count))
        .add("GetGeneration", icall(generation))
        .add("GetMaxGeneration", icall(max_generation))
        .add("GetTotalMemory", icall(total_memory))
        .add("InternalCollect", icall(collect))
        .add("RecordPressure", icall(record_pressure))
        .add(
            "WaitForPendingFinalizers",
            icall(wait_for_pending_finalizers),
        )
        .add("_ReRegisterForFinalize", icall(register_for_finalize))
        .add("_SuppressFinalize", icall(suppress_finalize))
        .add("get_ephemeron_tombstone", icall(ephemeron_tombstone))
        .add("register_ephemeron_array", icall(register_ephemerons));
    table
        .class("System.Runtime.InteropServices.GCHandle")
        .add("CheckCurrentDomain", icall(check_current_domain))
        .add("FreeHandle", icall(free_handle))
        .add("GetAddrOfPinnedObject", icall(address_of_pinned))
        .add("GetTarget", icall(get_target))
        .add("GetTargetHandle", icall(get_target_handle));
}

fn to_gc(object: ObjRef) -> Option<ObjectRef> {
    ObjectRef::from_addr(object.address())
}

fn from_gc(object: Option<ObjectRef>) -> ObjRef {
    // SAFETY: the heap hands out references to live objects of this runtime.
    object.map_or(ObjRef::NULL, |object| unsafe {
        ObjRef::from_address(object.addr())
    })
}

fn collection_count(t: &Thread, generation: i32) -> Managed<i32> {
    let count = u8::try_from(generation).map_or(0, |generation| {
        t.runtime().heap().collection_count(generation)
    });
    Ok(i32::try_from(count).unwrap_or(i32::MAX))
}

fn generation(t: &Thread, object: ObjRef) -> Managed<i32> {
    Ok(to_gc(object).map_or(0, |object| i32::from(t.runtime().heap().generation(object))))
}

fn max_generation(t: &Thread) -> Managed<i32> {
    Ok(i32::from(t.runtime().heap().max_generation()))
}

fn total_memory(t: &Thread, collect_first: bool) -> Managed<i64> {
    let heap = t.runtime().heap();
    if collect_first {
        t.without_references(|| heap.collect(heap.max_generation()));
    }
    Ok(heap.used_bytes() as i64)
}

/// A negative generation means all.
fn collect(t: &Thread, generation: i32) -> Managed<()> {
    let heap = t.runtime().heap();
    let oldest = heap.max_generation();
    let generation = u8::try_from(generation).map_or(oldest, |generation| generation.min(oldest));
    t.without_references(|| heap.collect(generation));
    Ok(())
}

fn record_pressure(t: &Thread, bytes: i64) -> Managed<()> {
    let heap = t.runtime().heap();
    let amount = usize::try_from(bytes.unsigned_abs()).unwrap_or(usize::MAX);
    if bytes >= 0 {
        heap.add_memory_pressure(amount);
    } else {
        heap.remove_memory_pressure(amount);
    }
    Ok(())
}

fn wait_for_pending_finalizers(t: &Thread) -> Managed<()> {
    wait_for_finalizers(t);
    Ok(())
}

fn register_for_finalize(t: &Thread, object: ObjRef) -> Managed<()> {
    if let Some(target) = to_gc(object)
        && has_finalizer(t, object)
        && t.runtime()
            .heap()
            .register_for_finalization(target)
            .is_err()
    {
        return Err(out_of_memory(t));
    }
    Ok(())
}

/// Objects without a finalizer are not registered, so there is nothing to suppress.
fn suppress_finalize(t: &Thread, object: ObjRef) -> Managed<()> {
    if let Some(target) = to_gc(object)
        && has_finalizer(t, object)
    {
        t.runtime().heap().suppress_finalization(target);
    }
    Ok(())
}

fn ephemeron_tombstone(t: &Thread) -> Managed<ObjRef> {
    Ok(tombstone(t))
}

/// The collector knows ephemeron arrays by their class; there is no list to keep.
fn register_ephemerons(_t: &Thread, _array: ArrayRef) -> Managed<()> {
    Ok(())
}

fn handle(bits: i32) -> Option<HandleId> {
    HandleId::from_bits(bits as u32)
}

fn check_current_domain(t: &Thread, bits: i32) -> Managed<bool> {
    Ok(handle(bits).is_some_and(|id| t.runtime().heap().handle_target(id).is_some()))
}

fn free_handle(t: &Thread, bits: i32) -> Managed<()> {
    if let Some(id) = handle(bits) {
        // Freeing twice is managed code's affair; the heap ignores unknown handles.
        let _ = t.runtime().heap().free_handle(id);
    }
    Ok(())
}

fn get_target(t: &Thread, bits: i32) -> Managed<ObjRef> {
    Ok(from_gc(
        handle(bits)
            .and_then(|id| t.runtime().heap().handle_target(id))
            .flatten(),
    ))
}

/// Makes a handle of a kind, or (for an existing handle) gives it another object.
fn get_target_handle(t: &Thread, object: ObjRef, bits: i32, kind: i32) -> Managed<i32> {
    let heap = t.runtime().heap();
    if let Some(id) = handle(bits)
        && heap.handle_target(id).is_some()
    {
        let _ = heap.set_handle_target(id, to_gc(object));
        return Ok(bits);
    }
    let kind = match kind {
        0 => HandleKind::Weak,
        1 => HandleKind::WeakTrackResurrection,
        2 => HandleKind::Normal,
        3 => HandleKind::Pinned,
        _ => {
            return Err(throw(
                t,
                "System",
                "ArgumentOutOfRangeException",
                "Unknown handle type.",
            ));
        }
    };
    let id = heap
        .alloc_handle(kind, to_gc(object))
        .map_err(|_| out_of_memory(t))?;
    Ok(id.to_bits() as i32)
}

/// Address of the data of a pinned object: −1 when it is not pinned, −2 for no handle.
fn address_of_pinned(t: &Thread, bits: i32) -> Managed<isize> {
    let Some(id) = handle(bits) else {
        return Ok(-2);
    };
    let Some(target) = t.runtime().heap().handle_target(id) else {
        return Ok(-2);
    };
    if id.kind() != HandleKind::Pinned {
        return Ok(-1);
    }
    Ok(target.map_or(0, |object| pinned_address(t, from_gc(Some(object)))))
}
