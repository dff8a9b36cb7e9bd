//! Calling methods with boxed arguments.

use ferrocil_metadata::ElementType;
use ferrocil_vm::{ArrayBounds, ClassKind, ClassPtr, MethodKind, MethodPtr, Returned};

use super::methods::method_of_object;
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, Thread, icall, store_byref, store_element, throw,
};
use crate::system::support::{
    is_instance, loaded, object_at, pointer_in, read_scalar, scalar_type,
};

pub(super) fn register(table: &mut IcallTable) {
    for class in [
        "System.Reflection.RuntimeMethodInfo",
        "System.Reflection.RuntimeConstructorInfo",
    ] {
        table
            .class(class)
            .add("InternalInvoke", icall(internal_invoke));
    }
    table
        .class("System.Runtime.Remoting.Messaging.AsyncResult")
        .add("Invoke", icall(not_asynchronous));
}

fn not_asynchronous(t: &Thread, _this: ObjRef) -> Managed<ObjRef> {
    Err(throw(
        t,
        "System",
        "NotSupportedException",
        "BeginInvoke and EndInvoke of delegates are not supported.",
    ))
}

/// Errors about the call itself go to `exception`; what the method throws is thrown.
fn internal_invoke(
    t: &Thread,
    this: ObjRef,
    target: ObjRef,
    args: ArrayRef,
    exception: ByRef<ObjRef>,
) -> Managed<ObjRef> {
    store_byref(t, exception, ObjRef::NULL);
    let method = method_of_object(t, this)?;
    let refuse = |name: &str, message: &str| {
        let made = t.new_exception("System.Reflection", name, message)?;
        store_byref(t, exception, made);
        Ok(ObjRef::NULL)
    };
    let is_constructor = method.name == ".ctor";
    if !method.is_static() {
        if target.is_null() {
            if !is_constructor {
                return refuse("TargetException", "Non-static method requires a target.");
            }
        } else if !is_instance(t, target, method.class)? {
            return refuse("TargetException", "Object does not match target type.");
        }
    }
    let signature = loaded(t, t.runtime().signature(method))?;
    if signature.params.len() != args.len() {
        return refuse("TargetParameterCountException", "");
    }
    if is_constructor && target.is_null() && method.class.is_abstract() {
        let made = t.new_exception(
            "System",
            "MethodAccessException",
            "Cannot invoke constructor of an abstract class.",
        )?;
        store_byref(t, exception, made);
        return Ok(ObjRef::NULL);
    }
    invoke_method(t, method, target, args)
}

/// Calls a method (virtual ones as their object's class has them) with an `object[]`. A
/// constructor without a target makes its object. By-reference arguments are stored back.
pub(crate) fn invoke_method(
    t: &Thread,
    method: MethodPtr,
    target: ObjRef,
    args: ArrayRef,
) -> Managed<ObjRef> {
    let runtime = t.runtime();
    if method.class.open || method.generic_definition {
        return Err(throw(
            t,
            "System",
            "InvalidOperationException",
            "Late bound operations cannot be performed on types or methods for which ContainsGenericParameters is true.",
        ));
    }
    let is_constructor = method.name == ".ctor";
    if method.class.is_array() {
        return array_member(t, method, target, args);
    }
    if is_constructor && method.class.element_type == ElementType::String {
        return new_string(t, method, args);
    }
    let mut found = method;
    if !target.is_null() && method.is_virtual() && !method.is_static() {
        found = loaded(
            t,
            runtime.find_implementation(runtime.class_of(target), method),
        )?;
    }
    if !found.is_static() || found.name == ".cctor" {
        crate::system::initialize(t, found.class)?;
    }
    let made = if is_constructor && target.is_null() {
        Some(t.new_object(found.class)?)
    } else {
        None
    };
    let object = made.unwrap_or(target);
    let this = (!found.is_static()).then(|| {
        let value = found.class.is_value_type();
        if value {
            object.payload() as u64
        } else {
            object.address() as u64
        }
    });
    let result = call(t, found, this, args)?;
    // The box must be on this stack while the method runs on what is inside.
    std::hint::black_box(object);
    match made {
        Some(object) => match runtime.nullable_value(found.class) {
            Some(_) => object_at(t, found.class, object.payload()),
            None => Ok(object),
        },
        None => Ok(result),
    }
}

/// Puts arguments into slots, calls, stores by-reference arguments back, boxes the result.
fn call(t: &Thread, method: MethodPtr, this: Option<u64>, args: ArrayRef) -> Managed<ObjRef> {
    let runtime = t.runtime();
    let signature = loaded(t, runtime.signature(method))?;
    let count = signature.params.len();
    // A managed array keeps what the slots point to alive.
    let keep = crate::system::support::reference_array(t, "System", "Object", count)?;
    let mut slots = Vec::with_capacity(count);
    // By-reference arguments that are `Nullable<T>`: position, class, box.
    let mut back: Vec<(usize, ClassPtr)> = Vec::new();
    for (index, &ty) in signature.params.iter().enumerate() {
        let class = t.class_of_type(ty)?;
        let argument: ObjRef = args.get(index);
        let slot = if class.kind == ClassKind::ByRef {
            let inner = class.element.unwrap_or(class);
            if inner.is_value_type() {
                let copy = boxed_copy(t, inner, argument)?;
                store_element(t, keep, index, copy);
                if runtime.nullable_value(inner).is_some() {
                    back.push((index, inner));
                } else {
                    store_element(t, args, index, copy);
                }
                copy.payload() as u64
            } else if matches!(inner.kind, ClassKind::Pointer | ClassKind::FnPtr) {
                let native = t.new_object(runtime_class(t, ElementType::I)?)?;
                native.write(ferrocil_vm::HEADER_SIZE, pointer_in(t, argument)?);
                store_element(t, keep, index, native);
                native.payload() as u64
            } else {
                // The array's own element is the location.
                args.data_ptr::<ObjRef>().wrapping_add(index) as u64
            }
        } else {
            by_value(t, class, argument, keep, index)?
        };
        slots.push(slot);
    }
    let returned = t.invoke(method, this, &slots)?;
    for (index, class) in back {
        let copy: ObjRef = keep.get(index);
        let value = object_at(t, class, copy.payload())?;
        store_element(t, args, index, value);
    }
    std::hint::black_box(keep);
    boxed_result(t, signature.ret, returned)
}

fn runtime_class(t: &Thread, element: ElementType) -> Managed<ClassPtr> {
    t.class_of_type(t.runtime().universe().primitive(element))
}

/// A fresh box with an argument's value: zeros for null, `Nullable<T>` whole.
fn boxed_copy(t: &Thread, class: ClassPtr, argument: ObjRef) -> Managed<ObjRef> {
    let copy = t.new_object(class)?;
    crate::system::support::store_value(t, class, copy.payload(), argument)?;
    Ok(copy)
}

/// The slot of an argument that is passed by value.
fn by_value(
    t: &Thread,
    class: ClassPtr,
    argument: ObjRef,
    keep: ArrayRef,
    index: usize,
) -> Managed<u64> {
    if matches!(class.kind, ClassKind::Pointer | ClassKind::FnPtr) {
        return Ok(pointer_in(t, argument)? as u64);
    }
    if !class.is_value_type() {
        return Ok(argument.address() as u64);
    }
    if let Some(element) = scalar_type(class) {
        if argument.is_null() {
            return Ok(0);
        }
        let from = scalar_type(t.runtime().class_of(argument)).unwrap_or(element);
        // SAFETY: the argument is a box of a number of this element type.
        let bits = unsafe { read_scalar(from, argument.payload()) };
        return Ok(
            if from != element && crate::system::support::widens(from, element) {
                crate::system::support::widened(bits, from, element)
            } else {
                bits
            },
        );
    }
    // The callee may change its copy, never the caller's box.
    let copy = boxed_copy(t, class, argument)?;
    store_element(t, keep, index, copy);
    Ok(copy.payload() as u64)
}

/// What a method returned, as an object.
fn boxed_result(t: &Thread, ret: ferrocil_generics::TypeId, returned: Returned) -> Managed<ObjRef> {
    let class = t.class_of_type(ret)?;
    if class.element_type == ElementType::Void {
        return Ok(ObjRef::NULL);
    }
    let bits = returned.bits;
    match class.kind {
        ClassKind::ByRef => {
            let inner = class.element.unwrap_or(class);
            if bits == 0 {
                return Err(throw(t, "System", "NullReferenceException", ""));
            }
            object_at(t, inner, bits as *mut u8)
        }
        ClassKind::Pointer | ClassKind::FnPtr => {
            object_at(t, class, (&raw const bits).cast_mut().cast())
        }
        _ if !class.is_value_type() => Ok(returned.object()),
        _ if scalar_type(class).is_some() => {
            object_at(t, class, (&raw const bits).cast_mut().cast())
        }
        _ => {
            let object = returned.object();
            match t.runtime().nullable_value(class) {
                Some(_) => object_at(t, class, object.payload()),
                None => Ok(object),
            }
        }
    }
}

/// `new string(…)` is `String.CreateString(…)` without an object.
fn new_string(t: &Thread, ctor: MethodPtr, args: ArrayRef) -> Managed<ObjRef> {
    let runtime = t.runtime();
    let wanted = &loaded(t, runtime.signature(ctor))?.params;
    for &method in loaded(t, runtime.methods(ctor.class))? {
        if method.name == "CreateString"
            && !method.is_static()
            && loaded(t, runtime.signature(method))?.params == *wanted
        {
            return call(t, method, Some(0), args);
        }
    }
    Err(throw(
        t,
        "System",
        "MissingMethodException",
        "String.CreateString",
    ))
}

/// Constructors and accessors of arrays, which have no code.
fn array_member(t: &Thread, method: MethodPtr, target: ObjRef, args: ArrayRef) -> Managed<ObjRef> {
    let class = method.class;
    let MethodKind::Array(kind) = method.kind else {
        return call(t, method, Some(target.address() as u64), args);
    };
    let mut numbers = Vec::with_capacity(args.len());
    let count = match kind {
        ferrocil_vm::ArrayMethod::Set => args.len().saturating_sub(1),
        _ => args.len(),
    };
    for index in 0..count {
        let argument: ObjRef = args.get(index);
        if argument.is_null() {
            numbers.push(0);
            continue;
        }
        let from = scalar_type(t.runtime().class_of(argument)).unwrap_or(ElementType::I4);
        // SAFETY: the argument is a box of a number of this element type.
        numbers.push(unsafe { read_scalar(from, argument.payload()) } as i32);
    }
    let rank = class.rank as usize;
    match kind {
        ferrocil_vm::ArrayMethod::New | ferrocil_vm::ArrayMethod::NewWithBounds => {
            let pairs = kind == ferrocil_vm::ArrayMethod::NewWithBounds;
            let mut bounds = Vec::with_capacity(rank);
            for dimension in 0..rank {
                let (lower, length) = if pairs {
                    (numbers[2 * dimension], numbers[2 * dimension + 1])
                } else {
                    (0, numbers[dimension])
                };
                let Ok(length) = u32::try_from(length) else {
                    return Err(throw(t, "System", "OverflowException", ""));
                };
                bounds.push(ArrayBounds { length, lower });
            }
            Ok(t.new_array(class, &bounds)?.object())
        }
        ferrocil_vm::ArrayMethod::Get
        | ferrocil_vm::ArrayMethod::Set
        | ferrocil_vm::ArrayMethod::Address => {
            // SAFETY: the target is an instance of the array class, checked by the caller.
            let array = unsafe { ArrayRef::from_object(target) };
            let indices = t.new_primitive_vector(ElementType::I4, numbers.len())?;
            for (index, number) in numbers.into_iter().enumerate() {
                indices.set(index, number);
            }
            if kind == ferrocil_vm::ArrayMethod::Set {
                let value: ObjRef = args.get(count);
                crate::system::array_set(t, array, value, indices)?;
                Ok(ObjRef::NULL)
            } else {
                crate::system::array_get(t, array, indices)
            }
        }
    }
}
