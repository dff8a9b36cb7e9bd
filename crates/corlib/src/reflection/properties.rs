//! Properties: `RuntimePropertyInfo`.

use ferrocil_generics::MethodDef;
use ferrocil_metadata::{MethodSemanticsAttributes, TableId, Token};
use ferrocil_vm::{ClassPtr, LoadResult, MethodPtr, Runtime};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::fields::constant_object;
use super::keys;
use super::methods::method_object;
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, Thread, icall, throw};
use crate::system::support::{
    argument_null, canonical, class_of_handle, corlib_class, loaded, store_at, type_array,
    type_object,
};

const PROPERTY: &str = "System.Reflection.RuntimePropertyInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class(PROPERTY)
        .add("GetTypeModifiers", icall(modifiers))
        .add("get_default_value", icall(default_value))
        .add("get_metadata_token", icall(metadata_token))
        .add("get_property_info", icall(property_info))
        .add("internal_from_handle_type", icall(from_handle));
}

/// A property of a class. Its address is the handle that managed code holds.
#[derive(Debug)]
pub(super) struct Property {
    /// The class that declares it.
    pub class: ClassPtr,
    /// Row in the Property table.
    pub rid: u32,
    /// Name.
    pub name: &'static str,
    /// `PropertyAttributes`
    pub flags: u16,
    /// The `get` accessor.
    pub getter: Option<MethodPtr>,
    /// The `set` accessor.
    pub setter: Option<MethodPtr>,
}

/// The properties of classes, made on first use and kept as long as the runtime.
#[derive(Debug, Default)]
struct Properties(Mutex<FxHashMap<ClassPtr, Box<[Property]>>>);

/// The properties that a class declares.
pub(super) fn properties_of(t: &Thread, class: ClassPtr) -> Managed<&[Property]> {
    let table = t.runtime().ext::<Properties>();
    let find = || {
        let map = table.0.lock();
        let list: *const [Property] = &raw const **map.get(&class)?;
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

fn build(runtime: &Runtime, class: ClassPtr) -> LoadResult<Box<[Property]>> {
    let Some(def) = class.def else {
        return Ok(Box::default());
    };
    let image = runtime.image_of(def)?.image();
    let mut list = Vec::new();
    for rid in image.type_properties(def.rid) {
        let row = image.property(rid)?;
        let mut property = Property {
            class,
            rid,
            name: image.string(row.name)?,
            flags: row.flags.bits(),
            getter: None,
            setter: None,
        };
        for (semantics, method) in accessors(runtime, class, Token::new(TableId::Property, rid))? {
            if semantics.contains(MethodSemanticsAttributes::GETTER) {
                property.getter = Some(method);
            } else if semantics.contains(MethodSemanticsAttributes::SETTER) {
                property.setter = Some(method);
            }
        }
        list.push(property);
    }
    Ok(list.into_boxed_slice())
}

/// The methods associated with a property or event.
pub(super) fn accessors(
    runtime: &Runtime,
    class: ClassPtr,
    association: Token,
) -> LoadResult<Vec<(MethodSemanticsAttributes, MethodPtr)>> {
    let Some(def) = class.def else {
        return Ok(Vec::new());
    };
    let image = runtime.image_of(def)?.image();
    let mut list = Vec::new();
    for rid in image.method_semantics_of(association) {
        let row = image.method_semantics(rid)?;
        let method = MethodDef {
            image: def.image,
            rid: row.method,
        };
        list.push((row.semantics, runtime.method(class, method, None)?));
    }
    Ok(list)
}

/// The reflection object of a property as seen through a class.
pub(super) fn property_object(
    t: &Thread,
    property: &Property,
    reflected: ClassPtr,
) -> Managed<ObjRef> {
    let reflected = canonical(t, reflected)?;
    let handle = std::ptr::from_ref(property) as usize;
    t.reflection_object((handle, reflected.address(), keys::PROPERTY), || {
        let object = t.new_object(corlib_class(t, "System.Reflection", "RuntimePropertyInfo")?)?;
        object.write(t.field_offset(PROPERTY, "klass")?, reflected.address());
        object.write(t.field_offset(PROPERTY, "prop")?, handle);
        Ok(object)
    })
}

/// The property behind a handle.
fn property_of_handle(t: &Thread, handle: usize) -> Managed<&Property> {
    // SAFETY: handles are addresses of entries of `Properties`, which live as long as the runtime.
    match unsafe { (handle as *const Property).as_ref() } {
        Some(property) => Ok(property),
        None => Err(argument_null(t, "handle")),
    }
}

/// The property behind a `PropertyInfo` of the runtime.
pub(super) fn property_of_object(t: &Thread, object: ObjRef) -> Managed<&Property> {
    if object.is_null() {
        return Err(argument_null(t, "property"));
    }
    property_of_handle(t, object.read(t.field_offset(PROPERTY, "prop")?))
}

fn from_handle(t: &Thread, handle: usize, ty: usize) -> Managed<ObjRef> {
    let property = property_of_handle(t, handle)?;
    let class = if ty == 0 {
        property.class
    } else {
        class_of_handle(t, ty)?
    };
    property_object(t, property, class)
}

fn metadata_token(t: &Thread, property: ObjRef) -> Managed<i32> {
    Ok(0x1700_0000 | property_of_object(t, property)?.rid as i32)
}

fn default_value(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    let property = property_of_object(t, this)?;
    let Some(image) = t.runtime().image(property.class.image) else {
        return Ok(ObjRef::NULL);
    };
    let token = Token::new(TableId::Property, property.rid);
    match image
        .image()
        .constant_of(token)
        .map(|row| image.image().constant_value(row))
    {
        Some(Ok(value)) => constant_object(t, value, None),
        Some(Err(error)) => Err(t.throw_load_error(&error.into())),
        None => Err(throw(t, "System", "InvalidOperationException", "")),
    }
}

/// Custom modifiers are not kept in types.
fn modifiers(t: &Thread, _this: ObjRef, _optional: u8) -> Managed<ArrayRef> {
    type_array(t, false, std::iter::empty())
}

/// An accessor's method object; private ones of bases are not shown.
fn accessor_object(t: &Thread, method: Option<MethodPtr>, reflected: ClassPtr) -> Managed<ObjRef> {
    use ferrocil_metadata::MemberAccess;
    match method {
        Some(method)
            if method.flags.access() != MemberAccess::Private
                || canonical(t, method.class)? == reflected =>
        {
            method_object(t, method, reflected)
        }
        _ => Ok(ObjRef::NULL),
    }
}

/// Fills the asked parts of a `MonoPropertyInfo`.
fn property_info(t: &Thread, this: ObjRef, info: *mut u8, wanted: i32) -> Managed<()> {
    let property = property_of_object(t, this)?;
    let reflected = class_of_handle(t, this.read(t.field_offset(PROPERTY, "klass")?))?;
    if wanted & 1 != 0 {
        // SAFETY: managed code passes a `MonoPropertyInfo`, whose attributes stand at 40.
        unsafe {
            info.add(40)
                .cast::<i32>()
                .write_unaligned(i32::from(property.flags))
        };
    }
    if wanted & 2 != 0 {
        store_at(
            t,
            info.wrapping_add(24),
            accessor_object(t, property.getter, reflected)?,
        );
    }
    if wanted & 4 != 0 {
        store_at(
            t,
            info.wrapping_add(32),
            accessor_object(t, property.setter, reflected)?,
        );
    }
    if wanted & 8 != 0 {
        store_at(t, info, type_object(t, reflected)?);
    }
    if wanted & 16 != 0 {
        store_at(t, info.wrapping_add(8), type_object(t, property.class)?);
    }
    if wanted & 32 != 0 {
        store_at(
            t,
            info.wrapping_add(16),
            t.new_string(property.name)?.object(),
        );
    }
    Ok(())
}
