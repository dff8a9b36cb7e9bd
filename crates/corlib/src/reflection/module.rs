//! `RuntimeModule`.

use ferrocil_generics::Context;
use ferrocil_metadata::{TableId, Token};
use ferrocil_vm::{ClassPtr, LoadedImage};

use super::assembly::{definition, image_of_handle, types_of};
use super::fields::field_object;
use super::methods::method_object;
use crate::prelude::{
    ArrayRef, ByRef, IcallTable, Managed, ObjRef, StringRef, Thread, icall, new_byte_array,
    new_string_utf16,
};
use crate::system::support::{loaded, type_object_of};

pub(super) fn register(table: &mut IcallTable) {
    table
        .class("System.Reflection.RuntimeModule")
        .add("GetGlobalType", icall(global_type))
        .add("GetGuidInternal", icall(guid))
        .add("GetHINSTANCE", icall(instance))
        .add("GetMDStreamVersion", icall(stream_version))
        .add("GetPEKind", icall(kind))
        .add("InternalGetTypes", icall(types))
        .add("ResolveFieldToken", icall(resolve_field))
        .add("ResolveMemberToken", icall(resolve_member))
        .add("ResolveMethodToken", icall(resolve_method))
        .add("ResolveSignature", icall(resolve_signature))
        .add("ResolveStringToken", icall(resolve_string))
        .add("ResolveTypeToken", icall(resolve_type))
        .add("get_MetadataToken", icall(metadata_token));
}

/// `System.Reflection.ResolveTokenError`
const OUT_OF_RANGE: i32 = 0;
const BAD_TABLE: i32 = 1;

fn metadata_token(_t: &Thread, _module: ObjRef) -> Managed<i32> {
    Ok(1)
}

fn global_type(t: &Thread, module: usize) -> Managed<ObjRef> {
    definition(t, image_of_handle(t, module)?, 1)
}

fn guid(t: &Thread, module: usize, bytes: ArrayRef) -> Managed<()> {
    let image = image_of_handle(t, module)?;
    if let (Ok(guid), 16) = (image.image().mvid(), bytes.len()) {
        bytes.as_mut_slice::<u8>().copy_from_slice(&guid.0);
    }
    Ok(())
}

fn instance(_t: &Thread, _module: usize) -> Managed<isize> {
    // Images are files here, not native libraries: −1, as Mono says of such modules.
    Ok(-1)
}

fn stream_version(_t: &Thread, _module: usize) -> Managed<i32> {
    // Version 2.0 of the table stream.
    Ok(0x2_0000)
}

fn kind(t: &Thread, module: usize, kind: ByRef<i32>, machine: ByRef<i32>) -> Managed<()> {
    image_of_handle(t, module)?;
    // ILOnly and I386, what portable images say.
    kind.set(1);
    machine.set(0x14c);
    Ok(())
}

fn types(t: &Thread, module: usize) -> Managed<ArrayRef> {
    types_of(t, image_of_handle(t, module)?, false)
}

/// Arguments for the type parameters in a token's signature.
fn context(t: &Thread, class_args: ArrayRef, method_args: ArrayRef) -> Managed<Context> {
    let inst = |handles: ArrayRef| {
        let mut types = Vec::with_capacity(handles.len());
        for &handle in handles.as_slice::<usize>() {
            // SAFETY: managed code passes handles of loaded types.
            if let Some(class) = unsafe { ClassPtr::from_address(handle) } {
                types.push(class.ty);
            }
        }
        if types.is_empty() {
            return Ok(None);
        }
        loaded(
            t,
            t.runtime().universe().inst_of(&types).map_err(Into::into),
        )
        .map(Some)
    };
    Ok(Context {
        class_args: inst(class_args)?,
        method_args: inst(method_args)?,
    })
}

/// Checks that a token names an existing row of one of some tables.
fn token_of(
    image: &LoadedImage,
    token: i32,
    tables: &[TableId],
    error: ByRef<i32>,
) -> Option<Token> {
    let token = Token(token as u32);
    match token.table() {
        Some(table) if tables.contains(&table) => {
            if image.image().contains(token) {
                return Some(token);
            }
            error.set(OUT_OF_RANGE);
        }
        _ => error.set(BAD_TABLE),
    }
    None
}

const TYPES: &[TableId] = &[TableId::TypeDef, TableId::TypeRef, TableId::TypeSpec];
const METHODS: &[TableId] = &[TableId::MethodDef, TableId::MemberRef, TableId::MethodSpec];
const FIELDS: &[TableId] = &[TableId::Field, TableId::MemberRef];

/// Whether a token names a field (a `MemberRef` by its signature).
fn is_field(image: &LoadedImage, token: Token) -> bool {
    match token.table() {
        Some(TableId::Field) => true,
        Some(TableId::MemberRef) => {
            let metadata = image.image();
            metadata
                .member_ref(token.rid())
                .and_then(|row| metadata.blob(row.signature))
                .is_ok_and(|blob| blob.first() == Some(&6))
        }
        _ => false,
    }
}

fn resolve_type(
    t: &Thread,
    module: usize,
    token: i32,
    class_args: ArrayRef,
    method_args: ArrayRef,
    error: ByRef<i32>,
) -> Managed<usize> {
    let image = image_of_handle(t, module)?;
    let Some(token) = token_of(image, token, TYPES, error) else {
        return Ok(0);
    };
    let context = context(t, class_args, method_args)?;
    let ty = loaded(t, t.runtime().resolve_type_token(image, token, context))?;
    Ok(t.class_of_type(ty)?.address())
}

fn resolve_method(
    t: &Thread,
    module: usize,
    token: i32,
    class_args: ArrayRef,
    method_args: ArrayRef,
    error: ByRef<i32>,
) -> Managed<usize> {
    let image = image_of_handle(t, module)?;
    let Some(token) = token_of(image, token, METHODS, error) else {
        return Ok(0);
    };
    if is_field(image, token) {
        error.set(BAD_TABLE);
        return Ok(0);
    }
    let context = context(t, class_args, method_args)?;
    Ok(loaded(t, t.runtime().resolve_method_token(image, token, context))?.address())
}

fn resolve_field(
    t: &Thread,
    module: usize,
    token: i32,
    class_args: ArrayRef,
    method_args: ArrayRef,
    error: ByRef<i32>,
) -> Managed<usize> {
    let image = image_of_handle(t, module)?;
    let Some(token) = token_of(image, token, FIELDS, error) else {
        return Ok(0);
    };
    if !is_field(image, token) {
        error.set(BAD_TABLE);
        return Ok(0);
    }
    let context = context(t, class_args, method_args)?;
    Ok(loaded(t, t.runtime().resolve_field_token(image, token, context))?.address())
}

fn resolve_member(
    t: &Thread,
    module: usize,
    token: i32,
    class_args: ArrayRef,
    method_args: ArrayRef,
    error: ByRef<i32>,
) -> Managed<ObjRef> {
    let image = image_of_handle(t, module)?;
    let tables: Vec<TableId> = [TYPES, METHODS, FIELDS].concat();
    let Some(token) = token_of(image, token, &tables, error) else {
        return Ok(ObjRef::NULL);
    };
    let context = context(t, class_args, method_args)?;
    let runtime = t.runtime();
    if token.table().is_some_and(|table| TYPES.contains(&table)) {
        return type_object_of(
            t,
            loaded(t, runtime.resolve_type_token(image, token, context))?,
        );
    }
    if is_field(image, token) {
        let field = loaded(t, runtime.resolve_field_token(image, token, context))?;
        return field_object(t, field, field.class);
    }
    let method = loaded(t, runtime.resolve_method_token(image, token, context))?;
    method_object(t, method, method.class)
}

fn resolve_string(t: &Thread, module: usize, token: i32, error: ByRef<i32>) -> Managed<StringRef> {
    let image = image_of_handle(t, module)?;
    match image.image().user_string(Token(token as u32)) {
        Ok(text) => {
            let units: Vec<u16> = text.utf16().collect();
            new_string_utf16(t, &units)
        }
        Err(_) => {
            error.set(if token >> 24 == 0x70 {
                OUT_OF_RANGE
            } else {
                BAD_TABLE
            });
            Ok(StringRef::NULL)
        }
    }
}

fn resolve_signature(
    t: &Thread,
    module: usize,
    token: i32,
    error: ByRef<i32>,
) -> Managed<ArrayRef> {
    let image = image_of_handle(t, module)?;
    let Some(token) = token_of(image, token, &[TableId::StandAloneSig], error) else {
        return Ok(ArrayRef::NULL);
    };
    let metadata = image.image();
    let blob = metadata
        .stand_alone_sig(token.rid())
        .and_then(|row| metadata.blob(row.signature))
        .map_err(|error| t.throw_load_error(&error.into()))?;
    let array = new_byte_array(t, blob.len())?;
    array.as_mut_slice::<u8>().copy_from_slice(blob);
    Ok(array)
}
