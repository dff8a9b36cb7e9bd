//! Lists of members of a type, by name and binding flags.

use ferrocil_metadata::{FieldAttributes, MemberAccess, MethodAttributes};
use ferrocil_vm::{Class, ClassKind, ClassPtr, MethodPtr};

use super::events::events_of;
use super::properties::{Property, properties_of};
use super::types::is_nested_public;
use crate::memory::PointerArray;
use crate::prelude::{IcallTable, Managed, ObjRef, Thread, icall, out_of_memory};
use crate::system::support::{loaded, utf8};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.RuntimeType")
        .add("GetConstructors_native", icall(constructors))
        .add("GetEvents_native", icall(events))
        .add("GetFields_native", icall(fields))
        .add("GetMethodsByName_native", icall(methods))
        .add("GetNestedTypes_native", icall(nested_types))
        .add("GetPropertiesByName_native", icall(properties));
}

/// `System.Reflection.BindingFlags`
#[derive(Clone, Copy)]
struct Binding(i32);

impl Binding {
    fn has(self, bit: i32) -> bool {
        self.0 & bit != 0
    }
    fn ignores_case(self) -> bool {
        self.has(1)
    }
    fn declared_only(self) -> bool {
        self.has(2)
    }
    fn public(self) -> bool {
        self.has(16)
    }
    fn non_public(self) -> bool {
        self.has(32)
    }
    /// Instance and static members; inherited static ones only when asked for.
    fn takes(self, is_static: bool, inherited: bool) -> bool {
        if is_static {
            self.has(8) && (!inherited || self.has(64))
        } else {
            self.has(4)
        }
    }
}

/// Which names are wanted.
struct Names<'a> {
    name: Option<std::borrow::Cow<'a, str>>,
    ignore_case: bool,
}

impl Names<'_> {
    /// `list` is `RuntimeType.MemberListType`: 0 takes all, 2 ignores case.
    fn new<'a>(name: *const u8, list: i32, ignore_case: bool) -> Names<'a> {
        Names {
            name: utf8(name).filter(|_| list != 0),
            ignore_case: ignore_case || list == 2,
        }
    }

    fn takes(&self, name: &str) -> bool {
        match &self.name {
            None => true,
            Some(wanted) if self.ignore_case => {
                wanted.eq_ignore_ascii_case(name)
                    || (!name.is_ascii() && wanted.to_lowercase() == name.to_lowercase())
            }
            Some(wanted) => wanted == name,
        }
    }
}

fn pointers(t: &Thread, list: &[usize]) -> Managed<*mut PointerArray> {
    let array = PointerArray::allocate(list);
    if array.is_null() {
        Err(out_of_memory(t))
    } else {
        Ok(array)
    }
}

/// The class whose members are listed, and its bases unless only its own are wanted.
fn classes(class: ClassPtr, declared_only: bool) -> impl Iterator<Item = (ClassPtr, bool)> {
    let mut next = Some(class);
    let mut inherited = false;
    std::iter::from_fn(move || {
        let current = next?;
        let item = (current, inherited);
        next = if declared_only { None } else { current.parent };
        inherited = true;
        Some(item)
    })
}

fn lists_members(class: &Class) -> bool {
    !matches!(
        class.kind,
        ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr
    )
}

/// Whether a member is seen, by its access: private ones only in their own class.
fn is_visible(access: MemberAccess, binding: Binding, inherited: bool) -> bool {
    match access {
        MemberAccess::Public => binding.public(),
        MemberAccess::Private | MemberAccess::CompilerControlled => {
            binding.non_public() && !inherited
        }
        _ => binding.non_public(),
    }
}

fn method_access(method: MethodPtr) -> MemberAccess {
    method.flags.access()
}

fn constructors(t: &Thread, ty: ObjRef, flags: i32) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let binding = Binding(flags);
    let mut list = Vec::new();
    if lists_members(&class) && class.kind != ClassKind::GenericParam {
        for &method in loaded(t, t.runtime().methods(class))? {
            let seen = method.is_constructor()
                && is_visible(method_access(method), binding, false)
                && binding.takes(method.is_static(), false);
            if seen {
                list.push(method.address());
            }
        }
    }
    pointers(t, &list)
}

fn methods(
    t: &Thread,
    ty: ObjRef,
    name: *const u8,
    flags: i32,
    kind: i32,
) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let binding = Binding(flags);
    let names = Names::new(name, kind, binding.ignores_case());
    let runtime = t.runtime();
    let mut list = Vec::new();
    let mut seen_slots = Vec::new();
    if lists_members(&class) {
        let start = if class.kind == ClassKind::GenericParam {
            class.parent
        } else {
            Some(class)
        };
        for (current, inherited) in start
            .into_iter()
            .flat_map(|c| classes(c, binding.declared_only()))
        {
            for &method in loaded(t, runtime.methods(current))? {
                // An override hides what it overrides.
                if method.is_virtual()
                    && !method.is_static()
                    && !current.is_interface()
                    && let Ok(Some(slot)) = runtime.slot_of(method)
                {
                    if seen_slots.contains(&slot) {
                        continue;
                    }
                    if !method.flags.contains(MethodAttributes::NEW_SLOT) {
                        seen_slots.push(slot);
                    }
                }
                let wanted = !method.is_constructor()
                    && is_visible(method_access(method), binding, inherited)
                    && binding.takes(method.is_static(), inherited)
                    && names.takes(method.name);
                if wanted {
                    list.push(method.address());
                }
            }
        }
    }
    pointers(t, &list)
}

fn fields(
    t: &Thread,
    ty: ObjRef,
    name: *const u8,
    flags: i32,
    kind: i32,
) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let binding = Binding(flags);
    let names = Names::new(name, kind, binding.ignores_case());
    let mut list = Vec::new();
    if lists_members(&class) && class.kind != ClassKind::GenericParam {
        for (current, inherited) in classes(class, binding.declared_only()) {
            for field in loaded(t, t.runtime().fields(current))? {
                let wanted = is_visible(field_access(field.flags), binding, inherited)
                    && binding.takes(field.is_static(), inherited)
                    && names.takes(field.name);
                if wanted {
                    list.push(std::ptr::from_ref(field) as usize);
                }
            }
        }
    }
    pointers(t, &list)
}

fn field_access(flags: FieldAttributes) -> MemberAccess {
    flags.access()
}

/// An accessor of a property as seen from a class.
fn sees_accessor(method: Option<MethodPtr>, inherited: bool) -> bool {
    method.is_some_and(|method| match method_access(method) {
        MemberAccess::Public => false,
        MemberAccess::Private | MemberAccess::CompilerControlled => !inherited,
        _ => true,
    })
}

fn properties(
    t: &Thread,
    ty: ObjRef,
    name: *const u8,
    flags: i32,
    kind: i32,
) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let binding = Binding(flags);
    let names = Names::new(name, kind, binding.ignores_case());
    let mut found: Vec<&Property> = Vec::new();
    if lists_members(&class) && class.kind != ClassKind::GenericParam {
        for (current, inherited) in classes(class, binding.declared_only()) {
            for property in properties_of(t, current)? {
                let accessors = [property.getter, property.setter];
                let is_public = accessors
                    .iter()
                    .flatten()
                    .any(|&method| method_access(method) == MemberAccess::Public);
                let visible = if is_public {
                    binding.public()
                } else {
                    binding.non_public()
                        && accessors
                            .iter()
                            .any(|&method| sees_accessor(method, inherited))
                };
                let is_static = accessors.iter().flatten().any(|method| method.is_static());
                if !visible
                    || !binding.takes(is_static, inherited)
                    || !names.takes(property.name)
                    || hidden(t, &found, property)?
                {
                    continue;
                }
                found.push(property);
            }
        }
    }
    let list: Vec<usize> = found
        .into_iter()
        .map(|property| std::ptr::from_ref(property) as usize)
        .collect();
    pointers(t, &list)
}

/// Properties hide those of bases by name and signature.
fn hidden(t: &Thread, found: &[&Property], property: &Property) -> Managed<bool> {
    for other in found {
        if other.name != property.name {
            continue;
        }
        let mut same = true;
        for (a, b) in [
            (other.getter, property.getter),
            (other.setter, property.setter),
        ] {
            if let (Some(a), Some(b)) = (a, b) {
                same &= loaded(t, t.runtime().same_signature(a, b))?;
            }
        }
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

fn events(t: &Thread, ty: ObjRef, name: *const u8, kind: i32) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let names = Names::new(name, kind, false);
    let mut list: Vec<usize> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    if lists_members(&class) && class.kind != ClassKind::GenericParam {
        for (current, _) in classes(class, false) {
            for event in events_of(t, current)? {
                if names.takes(event.name) && !seen.contains(&event.name) {
                    seen.push(event.name);
                    list.push(std::ptr::from_ref(event) as usize);
                }
            }
        }
    }
    pointers(t, &list)
}

fn nested_types(
    t: &Thread,
    ty: ObjRef,
    name: *const u8,
    flags: i32,
    kind: i32,
) -> Managed<*mut PointerArray> {
    let class = t.class_of_type_object(ty)?;
    let binding = Binding(flags);
    let names = Names::new(name, kind, binding.ignores_case());
    let mut list = Vec::new();
    if let Some(def) = class.def {
        let image = loaded(t, t.runtime().image_of(def))?;
        for rid in image.image().nested_types(def.rid) {
            let nested = ferrocil_generics::TypeDef {
                image: def.image,
                rid,
            };
            let class = t.class_of_type(t.runtime().type_of_def(nested))?;
            let visible = if is_nested_public(class.flags) {
                binding.public()
            } else {
                binding.non_public()
            };
            if visible && names.takes(class.name) {
                list.push(class.address());
            }
        }
    }
    pointers(t, &list)
}
