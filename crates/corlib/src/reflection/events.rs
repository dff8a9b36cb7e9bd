//! Events: `RuntimeEventInfo`.

use ferrocil_metadata::{MethodSemanticsAttributes, TableId, Token};
use ferrocil_vm::{ClassPtr, LoadResult, MethodPtr, Runtime};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::keys;
use super::methods::method_object;
use super::properties::accessors;
use crate::prelude::{IcallTable, Managed, ObjRef, Thread, icall};
use crate::system::support::{
    argument_null, canonical, class_of_handle, corlib_class, loaded, reference_array, store_at,
    store_element, type_object,
};

const EVENT: &str = "System.Reflection.RuntimeEventInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.EventInfo")
        .add("internal_from_handle_type", icall(from_handle));
    table
        .class(EVENT)
        .add("get_event_info", icall(event_info))
        .add("get_metadata_token", icall(metadata_token));
}

/// An event of a class. Its address is the handle that managed code holds.
#[derive(Debug)]
pub(super) struct Event {
    /// The class that declares it.
    pub class: ClassPtr,
    /// Row in the Event table.
    pub rid: u32,
    /// Name.
    pub name: &'static str,
    flags: u16,
    add: Option<MethodPtr>,
    remove: Option<MethodPtr>,
    raise: Option<MethodPtr>,
    others: Vec<MethodPtr>,
}

/// The events of classes, made on first use and kept as long as the runtime.
#[derive(Debug, Default)]
struct Events(Mutex<FxHashMap<ClassPtr, Box<[Event]>>>);

/// The events that a class declares.
pub(super) fn events_of(t: &Thread, class: ClassPtr) -> Managed<&[Event]> {
    let table = t.runtime().ext::<Events>();
    let find = || {
        let map = table.0.lock();
        let list: *const [Event] = &raw const **map.get(&class)?;
        // SAFETY: entries are never removed or changed, and the runtime keeps the table while a
        // thread of it (whose lifetime the answer has) is attached.
        Some(unsafe { &*list })
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    let built = loaded(t, build(t.runtime(), class))?;
    table.0.lock().entry(class).or_insert(built);
    Ok(find().unwrap_or_default())
}

fn build(runtime: &Runtime, class: ClassPtr) -> LoadResult<Box<[Event]>> {
    let Some(def) = class.def else {
        return Ok(Box::default());
    };
    let image = runtime.image_of(def)?.image();
    let mut list = Vec::new();
    for rid in image.type_events(def.rid) {
        let row = image.event(rid)?;
        let mut event = Event {
            class,
            rid,
            name: image.string(row.name)?,
            flags: row.flags.bits(),
            add: None,
            remove: None,
            raise: None,
            others: Vec::new(),
        };
        for (semantics, method) in accessors(runtime, class, Token::new(TableId::Event, rid))? {
            match semantics {
                MethodSemanticsAttributes::ADD_ON => event.add = Some(method),
                MethodSemanticsAttributes::REMOVE_ON => event.remove = Some(method),
                MethodSemanticsAttributes::FIRE => event.raise = Some(method),
                _ => event.others.push(method),
            }
        }
        list.push(event);
    }
    Ok(list.into_boxed_slice())
}

fn event_of_handle(t: &Thread, handle: usize) -> Managed<&Event> {
    // SAFETY: handles are addresses of entries of `Events`, which live as long as the runtime.
    match unsafe { (handle as *const Event).as_ref() } {
        Some(event) => Ok(event),
        None => Err(argument_null(t, "handle")),
    }
}

/// The event behind an `EventInfo` of the runtime.
pub(super) fn event_of_object(t: &Thread, object: ObjRef) -> Managed<&Event> {
    if object.is_null() {
        return Err(argument_null(t, "event"));
    }
    event_of_handle(t, object.read(t.field_offset(EVENT, "handle")?))
}

fn from_handle(t: &Thread, handle: usize, ty: usize) -> Managed<ObjRef> {
    let event = event_of_handle(t, handle)?;
    let class = if ty == 0 {
        event.class
    } else {
        class_of_handle(t, ty)?
    };
    let reflected = canonical(t, class)?;
    t.reflection_object((handle, reflected.address(), keys::EVENT), || {
        let object = t.new_object(corlib_class(t, "System.Reflection", "RuntimeEventInfo")?)?;
        object.write(t.field_offset(EVENT, "klass")?, reflected.address());
        object.write(t.field_offset(EVENT, "handle")?, handle);
        Ok(object)
    })
}

fn metadata_token(t: &Thread, event: ObjRef) -> Managed<i32> {
    Ok(0x1400_0000 | event_of_object(t, event)?.rid as i32)
}

/// Fills a `MonoEventInfo`.
fn event_info(t: &Thread, this: ObjRef, info: *mut u8) -> Managed<()> {
    let event = event_of_object(t, this)?;
    let reflected = class_of_handle(t, this.read(t.field_offset(EVENT, "klass")?))?;
    let object = |method: Option<MethodPtr>| {
        method.map_or(Ok(ObjRef::NULL), |method| {
            method_object(t, method, reflected)
        })
    };
    store_at(t, info, type_object(t, event.class)?);
    store_at(t, info.wrapping_add(8), type_object(t, reflected)?);
    store_at(t, info.wrapping_add(16), t.new_string(event.name)?.object());
    store_at(t, info.wrapping_add(24), object(event.add)?);
    store_at(t, info.wrapping_add(32), object(event.remove)?);
    store_at(t, info.wrapping_add(40), object(event.raise)?);
    // SAFETY: managed code passes a `MonoEventInfo`, whose attributes stand at 48.
    unsafe {
        info.add(48)
            .cast::<i32>()
            .write_unaligned(i32::from(event.flags))
    };
    let others = reference_array(t, "System.Reflection", "MethodInfo", event.others.len())?;
    for (index, &method) in event.others.iter().enumerate() {
        store_element(t, others, index, object(Some(method))?);
    }
    store_at(t, info.wrapping_add(56), others.object());
    Ok(())
}
