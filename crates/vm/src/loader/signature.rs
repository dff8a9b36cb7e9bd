//! Signature blobs to canonical types.

use ferrocil_generics::{FnSig, MethodDef, Type, TypeDef, TypeId};
use ferrocil_metadata::{ElementType, TableId, Token, sig};

use super::LoadedImage;
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;
use crate::types::Signature;

/// Whose type parameters `!n` and `!!n` are.
#[derive(Clone, Copy, Debug)]
struct Owner {
    class: TypeDef,
    method: MethodDef,
}

impl Owner {
    /// For signatures whose parameters are bound right after reading.
    fn anonymous(image: &LoadedImage) -> Owner {
        Owner { class: TypeDef { image: image.id, rid: 1 }, method: MethodDef { image: image.id, rid: 1 } }
    }
}

struct Builder<'r> {
    runtime: &'r Runtime,
    image: &'r LoadedImage,
    owner: Owner,
}

impl From<sig::Error> for LoadError {
    fn from(e: sig::Error) -> LoadError {
        LoadError::bad_image("", e)
    }
}

impl sig::TypeBuilder for Builder<'_> {
    type Type = TypeId;
    type Error = LoadError;

    fn primitive(&mut self, element: ElementType) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().try_primitive(element)?)
    }

    fn class(&mut self, token: Token, _is_value_type: bool) -> LoadResult<TypeId> {
        self.runtime.resolve_type_token(self.image, token, ferrocil_generics::Context::EMPTY)
    }

    fn sz_array(&mut self, element: TypeId) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().sz_array(element)?)
    }

    fn array(&mut self, element: TypeId, shape: sig::ArrayShape) -> LoadResult<TypeId> {
        let rank = u8::try_from(shape.rank).map_err(|_| LoadError::bad_image("", "an array has too many dimensions"))?;
        Ok(self.runtime.universe().array(element, rank)?)
    }

    fn pointer(&mut self, target: TypeId) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().pointer(target)?)
    }

    fn by_ref(&mut self, target: TypeId) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().by_ref(target)?)
    }

    fn generic_inst(&mut self, definition: TypeId, args: Vec<TypeId>) -> LoadResult<TypeId> {
        match self.runtime.universe().ty(definition) {
            Type::Def(def) => Ok(self.runtime.universe().inst(def, &args)?),
            _ => Err(LoadError::bad_image("", "only a type definition can be instantiated")),
        }
    }

    fn var(&mut self, number: u32) -> LoadResult<TypeId> {
        let index = u16::try_from(number).map_err(|_| LoadError::bad_image("", "type parameter number too large"))?;
        Ok(self.runtime.universe().try_var(self.owner.class, index)?)
    }

    fn mvar(&mut self, number: u32) -> LoadResult<TypeId> {
        let index = u16::try_from(number).map_err(|_| LoadError::bad_image("", "type parameter number too large"))?;
        Ok(self.runtime.universe().try_mvar(self.owner.method, index)?)
    }

    fn fn_ptr(&mut self, sig: sig::MethodSig<TypeId>) -> LoadResult<TypeId> {
        Ok(self.runtime.universe().fn_ptr(&FnSig {
            convention: sig.flags.0,
            ret: sig.ret,
            params: &sig.params,
            sentinel: sig.sentinel.and_then(|s| u32::try_from(s).ok()),
        })?)
    }

    fn modified(&mut self, _required: bool, _modifier: Token, ty: TypeId) -> LoadResult<TypeId> {
        Ok(ty)
    }

    fn pinned(&mut self, ty: TypeId) -> LoadResult<TypeId> {
        Ok(ty)
    }
}

impl Runtime {
    fn builder<'r>(&'r self, image: &'r LoadedImage, owner: Owner) -> Builder<'r> {
        Builder { runtime: self, image, owner }
    }

    pub(crate) fn read_type_spec(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<TypeId> {
        sig::read_type(blob, &mut self.builder(image, Owner::anonymous(image)))
    }

    /// A TypeDefOrRef token in the context of a definition whose parameters stay open.
    pub(crate) fn read_type_in(&self, image: &LoadedImage, def: TypeDef, token: Token) -> LoadResult<TypeId> {
        if token.table() == Some(TableId::TypeSpec) {
            let row = image.image().type_spec(token.rid())?;
            let owner = Owner { class: def, ..Owner::anonymous(image) };
            return sig::read_type(image.image().blob(row.signature)?, &mut self.builder(image, owner));
        }
        self.resolve_type_token(image, token, ferrocil_generics::Context::EMPTY)
    }

    pub(crate) fn read_field_sig(&self, image: &LoadedImage, def: TypeDef, blob: &[u8]) -> LoadResult<TypeId> {
        let owner = Owner { class: def, ..Owner::anonymous(image) };
        sig::read_field(blob, &mut self.builder(image, owner))
    }

    pub(crate) fn read_method_spec(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<Vec<TypeId>> {
        sig::read_method_spec(blob, &mut self.builder(image, Owner::anonymous(image)))
    }

    pub(crate) fn read_locals(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<Vec<TypeId>> {
        sig::read_locals(blob, &mut self.builder(image, Owner::anonymous(image)))
    }

    pub(crate) fn read_method_sig(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<Signature> {
        self.method_sig_with(image, Owner::anonymous(image), blob)
    }

    pub(crate) fn read_method_def_sig(
        &self,
        image: &LoadedImage,
        class: Option<TypeDef>,
        method: MethodDef,
        blob: &[u8],
    ) -> LoadResult<Signature> {
        let class = class.unwrap_or(TypeDef { image: image.id, rid: 1 });
        self.method_sig_with(image, Owner { class, method }, blob)
    }

    fn method_sig_with(&self, image: &LoadedImage, owner: Owner, blob: &[u8]) -> LoadResult<Signature> {
        let sig = sig::read_method(blob, &mut self.builder(image, owner))?;
        Ok(Signature {
            has_this: sig.flags.has_this(),
            vararg: sig.flags.call_conv() == Some(sig::CallConv::VarArg),
            generic_arity: sig.generic_param_count,
            ret: sig.ret,
            params: sig.params.into_boxed_slice(),
        })
    }
}
