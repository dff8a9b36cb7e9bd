//! Assignment compatibility (ECMA-335 I.8.7).

use ferrocil_metadata::{ElementType, GenericParamAttributes};

use super::{ClassKind, ClassPtr};
use crate::error::LoadResult;
use crate::runtime::Runtime;
use crate::wellknown::Wk;

/// Whether a value of class `from` may stand where `to` is expected (boxed if a value type).
///
/// # Errors
/// When a type that has to be looked at cannot be loaded.
pub fn is_assignable(runtime: &Runtime, from: ClassPtr, to: ClassPtr) -> LoadResult<bool> {
    if from == to {
        return Ok(true);
    }
    if to.kind == ClassKind::GenericParam
        || matches!(
            to.kind,
            ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr
        )
    {
        return Ok(false);
    }
    if to.is_interface() {
        return implements_variantly(runtime, from, to);
    }
    if to.is_array() {
        return array_assignable(runtime, from, to);
    }
    // Nullable<T> boxes as T: an object of class T is an instance of T?.
    if let Some((def, args)) = runtime.generic_parts(to) {
        if runtime.is_nullable_def(def) {
            return Ok(args.first().is_some_and(|&t| t == from.ty));
        }
        if !from.is_interface() && is_delegate(runtime, to)? {
            return variant_instance(runtime, from, to);
        }
    }
    if from.is_interface() {
        return Ok(to == runtime.well_known_class(Wk::Object)?);
    }
    Ok(from.derives_from(to))
}

fn is_delegate(runtime: &Runtime, class: ClassPtr) -> LoadResult<bool> {
    Ok(class.derives_from(runtime.well_known_class(Wk::MulticastDelegate)?))
}

fn implements_variantly(runtime: &Runtime, from: ClassPtr, to: ClassPtr) -> LoadResult<bool> {
    let interfaces = runtime.interfaces(from)?;
    if interfaces.contains(&to) {
        return Ok(true);
    }
    let Some((def, args)) = runtime.generic_parts(to) else {
        return Ok(false);
    };
    // T[] implements the collection interfaces of everything its elements can be assigned to.
    if from.kind == ClassKind::SzArray && args.len() == 1 && runtime.is_array_interface(def) {
        let element = from.element.expect("arrays have elements");
        return element_compatible(runtime, element, runtime.class(args[0])?);
    }
    if from.is_interface() && variant_instance(runtime, from, to)? {
        return Ok(true);
    }
    for &i in interfaces {
        if i.def == to.def && variant_instance(runtime, i, to)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Instances of the same variant interface or delegate whose arguments are compatible.
fn variant_instance(runtime: &Runtime, from: ClassPtr, to: ClassPtr) -> LoadResult<bool> {
    if from == to {
        return Ok(true);
    }
    let (Some((fd, fargs)), Some((td, targs))) =
        (runtime.generic_parts(from), runtime.generic_parts(to))
    else {
        return Ok(false);
    };
    if fd != td || fargs.len() != targs.len() {
        return Ok(false);
    }
    for (i, (&f, &t)) in fargs.iter().zip(targs).enumerate() {
        if f == t {
            continue;
        }
        let flags = runtime.param_flags(fd, i as u16);
        let (f, t) = (runtime.class(f)?, runtime.class(t)?);
        if !f.is_reference() || !t.is_reference() {
            return Ok(false);
        }
        let fits = if flags.contains(GenericParamAttributes::COVARIANT) {
            is_assignable(runtime, f, t)?
        } else if flags.contains(GenericParamAttributes::CONTRAVARIANT) {
            is_assignable(runtime, t, f)?
        } else {
            false
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

fn array_assignable(runtime: &Runtime, from: ClassPtr, to: ClassPtr) -> LoadResult<bool> {
    if from.kind != to.kind || from.rank != to.rank {
        return Ok(false);
    }
    match (from.element, to.element) {
        (Some(f), Some(t)) => element_compatible(runtime, f, t),
        _ => Ok(false),
    }
}

/// Array elements: references covariantly, others when they have the same reduced type.
fn element_compatible(runtime: &Runtime, from: ClassPtr, to: ClassPtr) -> LoadResult<bool> {
    if from == to {
        return Ok(true);
    }
    if from.is_reference() && to.is_reference() {
        return is_assignable(runtime, from, to);
    }
    if from.is_reference() || to.is_reference() || !from.is_value_type() || !to.is_value_type() {
        return Ok(false);
    }
    Ok(matches!((reduced(from), reduced(to)), (Some(a), Some(b)) if a == b))
}

/// Element type with enums replaced by their underlying type and signs ignored.
fn reduced(class: ClassPtr) -> Option<ElementType> {
    let class = class.underlying().unwrap_or(class);
    match class.element_type {
        ElementType::I1 | ElementType::U1 => Some(ElementType::I1),
        ElementType::I2 | ElementType::U2 => Some(ElementType::I2),
        ElementType::I4 | ElementType::U4 => Some(ElementType::I4),
        // Native integers have 64 bits here.
        ElementType::I8 | ElementType::U8 | ElementType::I | ElementType::U => {
            Some(ElementType::I8)
        }
        ElementType::Boolean | ElementType::Char | ElementType::R4 | ElementType::R8 => {
            Some(class.element_type)
        }
        _ => None,
    }
}
