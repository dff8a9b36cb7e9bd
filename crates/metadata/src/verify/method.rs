//! What a method's signature, locals and owner say about its code.

use alloc::vec::Vec;

use super::Rule;
use crate::body::MethodBody;
use crate::sig::{self, ArrayShape, CallConv, MethodSig, TypeBuilder};
use crate::{ElementType, Metadata, MethodAttributes, Rid, Token};

/// A type as far as the depth of the stack is concerned: whether it is `void`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IsVoid(pub(super) bool);

/// Decodes signatures to that; a place for the types of a type verification.
pub(super) struct Arity;

/// A signature, or a row that names one, cannot be read.
pub(super) struct BadSignature;

impl From<sig::Error> for BadSignature {
    fn from(_: sig::Error) -> Self {
        Self
    }
}

impl From<crate::Error> for BadSignature {
    fn from(_: crate::Error) -> Self {
        Self
    }
}

const VALUE: Result<IsVoid, BadSignature> = Ok(IsVoid(false));

impl TypeBuilder for Arity {
    type Type = IsVoid;
    type Error = BadSignature;

    fn primitive(&mut self, element: ElementType) -> Result<IsVoid, BadSignature> {
        Ok(IsVoid(element == ElementType::Void))
    }

    fn class(&mut self, _: Token, _: bool) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn sz_array(&mut self, _: IsVoid) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn array(&mut self, _: IsVoid, _: ArrayShape) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn pointer(&mut self, _: IsVoid) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn by_ref(&mut self, _: IsVoid) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn generic_inst(&mut self, _: IsVoid, _: Vec<IsVoid>) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn var(&mut self, _: u32) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn mvar(&mut self, _: u32) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn fn_ptr(&mut self, _: MethodSig<IsVoid>) -> Result<IsVoid, BadSignature> {
        VALUE
    }

    fn modified(&mut self, _: bool, _: Token, ty: IsVoid) -> Result<IsVoid, BadSignature> {
        Ok(ty)
    }

    fn pinned(&mut self, _: IsVoid) -> Result<IsVoid, BadSignature> {
        VALUE
    }
}

/// How many values a method takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Parameters; `this` counts only when it is explicit.
    pub(super) params: u32,
    /// There is a `this` before them.
    pub(super) implicit_this: bool,
    /// There is a `this`, explicit or not.
    pub(super) has_this: bool,
    pub(super) returns: bool,
    pub(super) is_vararg: bool,
}

impl Shape {
    pub(super) fn read(signature: &[u8]) -> Result<Self, BadSignature> {
        let sig = sig::read_method(signature, &mut Arity)?;
        Ok(Self {
            params: u32::try_from(sig.params.len()).map_err(|_| BadSignature)?,
            implicit_this: sig.flags.has_this() && !sig.flags.explicit_this(),
            has_this: sig.flags.has_this(),
            returns: !sig.ret.0,
            is_vararg: sig.flags.call_conv() == Some(CallConv::VarArg),
        })
    }

    /// Arguments on the stack, `this` among them.
    pub(super) const fn args(&self) -> u32 {
        self.params + self.implicit_this as u32
    }
}

/// The method whose body is verified.
pub(super) struct Method {
    pub(super) shape: Shape,
    pub(super) locals: u32,
    /// A constructor of a class that has a base class: it must call another constructor.
    pub(super) must_chain: bool,
}

impl Method {
    pub(super) fn new(
        metadata: &Metadata<'_>,
        rid: Rid,
        body: &MethodBody<'_>,
    ) -> Result<Self, Rule> {
        Self::read(metadata, rid, body).map_err(|BadSignature| Rule::BadSignature)
    }

    fn read(
        metadata: &Metadata<'_>,
        rid: Rid,
        body: &MethodBody<'_>,
    ) -> Result<Self, BadSignature> {
        let row = metadata.method_def(rid)?;
        let shape = Shape::read(metadata.blob(row.signature)?)?;
        let locals = if body.local_sig.is_nil() {
            0
        } else {
            let row = metadata.stand_alone_sig(body.local_sig.rid())?;
            let locals = sig::read_locals(metadata.blob(row.signature)?, &mut Arity)?;
            u32::try_from(locals.len()).map_err(|_| BadSignature)?
        };
        let is_constructor = shape.has_this
            && row.flags.contains(MethodAttributes::RT_SPECIAL_NAME)
            && metadata.string_bytes(row.name) == Ok(b".ctor");
        Ok(Self {
            shape,
            locals,
            must_chain: is_constructor && owner_has_base_constructor(metadata, rid),
        })
    }
}

/// The owner is a class with a base class: no value type, no `System.Object`.
fn owner_has_base_constructor(metadata: &Metadata<'_>, method: Rid) -> bool {
    let Some(Ok(owner)) = metadata
        .owner_of_method(method)
        .map(|rid| metadata.type_def(rid))
    else {
        return false;
    };
    let names = match owner.extends.table() {
        _ if owner.extends.is_nil() => return false,
        Some(crate::TableId::TypeDef) => metadata
            .type_def(owner.extends.rid())
            .map(|row| (row.namespace, row.name)),
        Some(crate::TableId::TypeRef) => metadata
            .type_ref(owner.extends.rid())
            .map(|row| (row.namespace, row.name)),
        // A constructed base is a class.
        _ => return true,
    };
    let Ok((namespace, name)) = names else {
        return false;
    };
    let is_value_type = metadata.string_bytes(namespace) == Ok(b"System")
        && matches!(metadata.string_bytes(name), Ok(b"ValueType" | b"Enum"));
    !is_value_type
}
