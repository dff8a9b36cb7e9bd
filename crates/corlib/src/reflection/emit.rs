//! `System.Reflection.Emit`: dynamic methods.
//!
//! Dynamic assemblies and modules exist as managed objects only; making their types is not
//! supported (`TypeBuilder.CreateType` says so).

use ferrocil_generics::TypeId;
use ferrocil_metadata::{EhClause, EhKind, Token};
use ferrocil_vm::{ClassKind, DynamicBody, DynamicRef, Signature, Wk};

use super::fields::field_of_object;
use super::methods::method_of_object;
use crate::prelude::{ArrayRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, throw};
use crate::system::support::{argument_null, loaded};

const METHOD: &str = "System.Reflection.Emit.DynamicMethod";
const BUILDER: &str = "System.Reflection.Emit.TypeBuilder";
const GENERATOR: &str = "System.Reflection.Emit.ILGenerator";
const LOCAL: &str = "System.Reflection.LocalVariableInfo";

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.Emit.AssemblyBuilder")
        .add("UpdateNativeCustomAttributes", icall(nothing))
        .add("basic_init", icall(nothing));
    table
        .class("System.Reflection.Emit.ModuleBuilder")
        .add("basic_init", icall(nothing))
        .add("set_wrappers_type", icall(set_wrappers_type));
    table
        .class(BUILDER)
        .add("create_runtime_class", icall(create_type));
    table
        .class(METHOD)
        .add("create_dynamic_method", icall(create));
}

/// Builders keep no native state.
fn nothing(_t: &Thread, _builder: ObjRef) -> Managed<()> {
    Ok(())
}

fn set_wrappers_type(_t: &Thread, _module: ObjRef, _ty: ObjRef) -> Managed<()> {
    // Wrappers are not made as methods of a type here.
    Ok(())
}

/// Row that managed code gives the type which would hold a module's wrappers.
const WRAPPERS_ROW: i32 = 0xff_ffff;

/// The type of a finished `TypeBuilder`. Only the holder of wrappers, which stays empty, can be
/// had: nothing is ever looked for in it, so `Object` stands for it.
fn create_type(t: &Thread, this: ObjRef) -> Managed<ObjRef> {
    if this.is_null() {
        return Err(argument_null(t, "this"));
    }
    let row: i32 = this.read(t.field_offset(BUILDER, "table_idx")?);
    if row != WRAPPERS_ROW {
        return Err(unsupported(
            t,
            "Types cannot be made at run time by this version of ferrocil.",
        ));
    }
    let object = loaded(t, t.runtime().well_known_class(Wk::Object))?;
    crate::system::support::type_object(t, object)
}

/// A field that holds an array.
fn array_field(
    t: &Thread,
    object: ObjRef,
    class: &'static str,
    name: &'static str,
) -> Managed<ArrayRef> {
    Ok(object.read(t.field_offset(class, name)?))
}

fn unsupported(t: &Thread, what: &str) -> crate::prelude::Thrown {
    throw(t, "System", "NotSupportedException", what)
}

/// Makes a method of a `DynamicMethod`'s IL and gives it its handle.
fn create(t: &Thread, this: ObjRef) -> Managed<()> {
    if this.is_null() {
        return Err(argument_null(t, "this"));
    }
    let generator: ObjRef = this.read(t.field_offset(METHOD, "ilgen")?);
    if generator.is_null() {
        return Err(unsupported(t, "A dynamic method needs an ILGenerator."));
    }
    let runtime = t.runtime();
    let object = loaded(t, runtime.well_known_class(Wk::Object))?;
    let owner: ObjRef = this.read(t.field_offset(METHOD, "owner")?);
    let class = match owner.is_null() {
        true => object,
        false => Some(t.class_of_type_object(owner)?)
            .filter(|class| !class.open && class.kind != ClassKind::Interface)
            .unwrap_or(object),
    };
    let mut params = Vec::new();
    for &ty in array_field(t, this, METHOD, "parameters")?.as_slice::<ObjRef>() {
        params.push(t.class_of_type_object(ty)?.ty);
    }
    let ret: ObjRef = this.read(t.field_offset(METHOD, "returnType")?);
    let ret = if ret.is_null() {
        runtime
            .universe()
            .primitive(ferrocil_metadata::ElementType::Void)
    } else {
        t.class_of_type_object(ret)?.ty
    };
    let signature = Signature {
        has_this: false,
        vararg: false,
        generic_arity: 0,
        ret,
        params: params.into(),
    };
    let name: StringRef = this.read(t.field_offset(METHOD, "name")?);
    let init: u8 = this.read(t.field_offset(METHOD, "init_locals")?);
    let mut refs = references(t, this)?;
    let clauses = clauses(t, generator, &mut refs)?;
    let code = array_field(t, generator, GENERATOR, "code")?;
    let length: i32 = generator.read(t.field_offset(GENERATOR, "code_len")?);
    let length = usize::try_from(length).unwrap_or(0).min(code.len());
    let max_stack: i32 = generator.read(t.field_offset(GENERATOR, "max_stack")?);
    let body = DynamicBody {
        name: name.to_string_lossy().into(),
        code: code.as_slice::<u8>()[..length].into(),
        max_stack: u16::try_from(max_stack).unwrap_or(u16::MAX),
        init_locals: init != 0,
        locals: locals(t, generator)?.into(),
        clauses: clauses.into(),
        refs: refs.into(),
    };
    let method = loaded(t, runtime.define_dynamic_method(class, signature, body))?;
    this.write(t.field_offset(METHOD, "mhandle")?, method.address());
    Ok(())
}

/// What the tokens name.
fn references(t: &Thread, this: ObjRef) -> Managed<Vec<DynamicRef>> {
    let list = array_field(t, this, METHOD, "refs")?;
    let count: i32 = this.read(t.field_offset(METHOD, "nrefs")?);
    let count = usize::try_from(count).unwrap_or(0).min(list.len());
    let mut refs = Vec::with_capacity(count);
    for &object in &list.as_slice::<ObjRef>()[..count] {
        refs.push(reference(t, object)?);
    }
    Ok(refs)
}

fn reference(t: &Thread, object: ObjRef) -> Managed<DynamicRef> {
    if object.is_null() {
        return Ok(DynamicRef::None);
    }
    let class = t.runtime().class_of(object);
    match class.name {
        "String" => {
            // SAFETY: the object is a string by its class.
            let text = unsafe { StringRef::from_object(object) };
            Ok(DynamicRef::Text(text.chars().into()))
        }
        "RuntimeType" => Ok(DynamicRef::Type(t.class_of_type_object(object)?.ty)),
        "RuntimeMethodInfo" | "RuntimeConstructorInfo" | "DynamicMethod" => {
            Ok(DynamicRef::Method(method_of_object(t, object)?))
        }
        "RuntimeFieldInfo" => Ok(DynamicRef::Field(field_of_object(t, object)?)),
        name => Err(unsupported(
            t,
            &format!("A dynamic method cannot refer to a {name} yet."),
        )),
    }
}

fn locals(t: &Thread, generator: ObjRef) -> Managed<Vec<TypeId>> {
    let list = array_field(t, generator, GENERATOR, "locals")?;
    let mut types = Vec::new();
    for &local in list.as_slice::<ObjRef>() {
        if local.is_null() {
            break;
        }
        let ty: ObjRef = local.read(t.field_offset(LOCAL, "type")?);
        types.push(t.class_of_type_object(ty)?.ty);
    }
    Ok(types)
}

/// `ILExceptionInfo`: handlers, start and length of the protected region.
const INFO_SIZE: usize = 24;
/// `ILExceptionBlock`: type, kind, start, length, filter.
const BLOCK_SIZE: usize = 24;

/// The exception clauses. Types that they catch become further tokens.
fn clauses(t: &Thread, generator: ObjRef, refs: &mut Vec<DynamicRef>) -> Managed<Vec<EhClause>> {
    let infos = array_field(t, generator, GENERATOR, "ex_handlers")?;
    let mut list = Vec::new();
    if infos.is_null() {
        return Ok(list);
    }
    let sizes = (
        crate::prelude::array_element_size(t, infos),
        size_of::<i32>(),
    );
    debug_assert_eq!(sizes.0, INFO_SIZE);
    for index in 0..infos.len() {
        let info = crate::prelude::array_element_address(t, infos, index);
        // SAFETY: an element of `ILExceptionInfo[]`: an array at 0, two numbers at 8 and 12.
        let (handlers, start, length) = unsafe {
            (
                info.cast::<ArrayRef>().read_unaligned(),
                info.add(8).cast::<i32>().read_unaligned(),
                info.add(12).cast::<i32>().read_unaligned(),
            )
        };
        for position in 0..handlers.len() {
            debug_assert_eq!(crate::prelude::array_element_size(t, handlers), BLOCK_SIZE);
            let block = crate::prelude::array_element_address(t, handlers, position);
            // SAFETY: an element of `ILExceptionBlock[]`: a type at 0, four numbers from 8 on.
            let (ty, kind, handler, handler_length, filter) = unsafe {
                let number = |at: usize| block.add(at).cast::<i32>().read_unaligned();
                let ty = block.cast::<ObjRef>().read_unaligned();
                (ty, number(8), number(12), number(16), number(20))
            };
            let whole = |kind: EhKind| (kind, length);
            let (kind, try_len) = match kind {
                0 => {
                    refs.push(DynamicRef::Type(t.class_of_type_object(ty)?.ty));
                    whole(EhKind::Catch(Token(refs.len() as u32)))
                }
                1 => whole(EhKind::Filter(filter as u32)),
                2 => (EhKind::Finally, handler - start),
                4 => (EhKind::Fault, handler - start),
                _ => return Err(unsupported(t, "An exception block was not finished.")),
            };
            list.push(EhClause {
                kind,
                try_offset: start as u32,
                try_len: try_len as u32,
                handler_offset: handler as u32,
                handler_len: handler_length as u32,
            });
        }
    }
    Ok(list)
}
