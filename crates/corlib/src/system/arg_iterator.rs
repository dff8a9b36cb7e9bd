//! `System.ArgIterator` and `System.TypedReference`.
//!
//! A list of variable arguments is what the compiler lays out (`ferrocil_jit`,
//! `il/import/varargs.rs`): their number, then for each its type token and its address.

use std::ptr::NonNull;

use super::support::{class_of_handle, null_reference};
use crate::prelude::{IcallTable, Managed, ObjRef, Thread, icall};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.ArgIterator")
        .add("IntGetNextArg", icall(next))
        .add("IntGetNextArgType", icall(next_type))
        .add("IntGetNextArgWithType", icall(next_of_type))
        .add("Setup", icall(setup));
    table
        .class("System.TypedReference")
        .add("InternalToObject", icall(to_object));
}

/// The fields of an `ArgIterator`, by name: the class library leaves their order to the runtime.
struct Iterator {
    args: *mut usize,
    next: *mut i32,
    count: *mut i32,
}

/// The fields of a `TypedReference` that the compiler fills.
#[repr(C)]
struct TypedReference {
    ty: usize,
    value: usize,
    type_again: usize,
}

/// One argument of a list.
#[repr(C)]
#[derive(Clone, Copy)]
struct Argument {
    ty: usize,
    address: usize,
}

impl Iterator {
    fn new(t: &Thread, this: *mut u8) -> Managed<Self> {
        const CLASS: &str = "System.ArgIterator";
        let at = |field| -> Managed<*mut u8> {
            let offset = t.field_offset(CLASS, field)?;
            // SAFETY: managed code passes the address of an ArgIterator, which has this field.
            Ok(unsafe { this.add(offset as usize) })
        };
        Ok(Self {
            args: at("args")?.cast(),
            next: at("next_arg")?.cast(),
            count: at("num_args")?.cast(),
        })
    }

    /// The argument at a position below the count.
    fn argument(&self, position: i32) -> Argument {
        // SAFETY: `args` is the list that `Setup` was given, which has `count` arguments and lives
        // as long as the call whose arguments they are; an iterator cannot leave that call.
        unsafe {
            let first = (*self.args + size_of::<u64>()) as *const Argument;
            *first.add(usize::try_from(position).unwrap_or(0))
        }
    }

    fn position(&self) -> (i32, i32) {
        // SAFETY: two fields of the iterator.
        unsafe { (*self.next, *self.count) }
    }

    fn go_to(&self, position: i32) {
        // SAFETY: a field of the iterator.
        unsafe { *self.next = position };
    }
}

fn setup(t: &Thread, this: *mut u8, list: *const u64, start: usize) -> Managed<()> {
    if list.is_null() {
        return Err(null_reference(t));
    }
    let iterator = Iterator::new(t, this)?;
    // SAFETY: the list begins with its length; the fields are the iterator's.
    let count = unsafe {
        *iterator.args = list as usize;
        *iterator.count = *list as i32;
        *list as i32
    };
    // Behind the argument at `start`, if it is one of the list.
    let found = (0..count).find(|&n| start != 0 && iterator.argument(n).address == start);
    iterator.go_to(found.map_or(0, |n| n + 1));
    Ok(())
}

fn write(result: *mut TypedReference, argument: Argument) {
    // SAFETY: managed code passes the address of a TypedReference of its own.
    unsafe {
        result.write(TypedReference {
            ty: argument.ty,
            value: argument.address,
            type_again: argument.ty,
        });
    }
}

fn next(t: &Thread, this: *mut u8, result: *mut TypedReference) -> Managed<()> {
    let iterator = Iterator::new(t, this)?;
    let (position, count) = iterator.position();
    if position < count {
        write(result, iterator.argument(position));
        iterator.go_to(position + 1);
    }
    Ok(())
}

fn next_of_type(
    t: &Thread,
    this: *mut u8,
    result: *mut TypedReference,
    wanted: usize,
) -> Managed<()> {
    let iterator = Iterator::new(t, this)?;
    let (position, count) = iterator.position();
    if let Some(found) = (position..count).find(|&n| iterator.argument(n).ty == wanted) {
        write(result, iterator.argument(found));
        iterator.go_to(found + 1);
    }
    Ok(())
}

fn next_type(t: &Thread, this: *mut u8) -> Managed<usize> {
    let iterator = Iterator::new(t, this)?;
    let (position, count) = iterator.position();
    Ok(if position < count {
        iterator.argument(position).ty
    } else {
        0
    })
}

fn to_object(t: &Thread, reference: *const TypedReference) -> Managed<ObjRef> {
    // SAFETY: managed code passes the address of a TypedReference, whose type is set.
    let (ty, value) = unsafe { ((*reference).ty, (*reference).value) };
    let class = class_of_handle(t, ty)?;
    match NonNull::new(value as *mut u8) {
        Some(data) => t.box_value(class, data),
        None => Err(null_reference(t)),
    }
}
