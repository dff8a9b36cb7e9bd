//! Signature blobs to canonical types.

use ferrocil_generics::{Local, MethodDef, SigReader, TypeDef, TypeId, Variables};
use ferrocil_metadata::{TableId, Token, sig};

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
        Owner {
            class: TypeDef {
                image: image.id,
                rid: 1,
            },
            method: MethodDef {
                image: image.id,
                rid: 1,
            },
        }
    }
}

impl From<sig::Error> for LoadError {
    fn from(e: sig::Error) -> LoadError {
        LoadError::bad_image("", e)
    }
}

impl Runtime {
    fn reader<'r>(
        &'r self,
        image: &'r LoadedImage,
        owner: Owner,
    ) -> SigReader<'r, impl FnMut(Token) -> LoadResult<TypeId>> {
        let variables = Variables::Of {
            class: Some(owner.class),
            method: Some(owner.method),
        };
        SigReader::new(self.universe(), variables, move |token| {
            self.resolve_type_token(image, token, ferrocil_generics::Context::EMPTY)
        })
    }

    pub(crate) fn read_type_spec(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<TypeId> {
        sig::read_type(blob, &mut self.reader(image, Owner::anonymous(image)))
    }

    /// A TypeDefOrRef token in the context of a definition whose parameters stay open.
    pub(crate) fn read_type_in(
        &self,
        image: &LoadedImage,
        def: TypeDef,
        token: Token,
    ) -> LoadResult<TypeId> {
        self.read_type_for(image, def, Owner::anonymous(image).method, token)
    }

    /// As [`Runtime::read_type_in`], in the context of a method definition too.
    pub(crate) fn read_type_for(
        &self,
        image: &LoadedImage,
        class: TypeDef,
        method: MethodDef,
        token: Token,
    ) -> LoadResult<TypeId> {
        if token.table() == Some(TableId::TypeSpec) {
            let row = image.image().type_spec(token.rid())?;
            let owner = Owner { class, method };
            return sig::read_type(
                image.image().blob(row.signature)?,
                &mut self.reader(image, owner),
            );
        }
        self.resolve_type_token(image, token, ferrocil_generics::Context::EMPTY)
    }

    pub(crate) fn read_field_sig(
        &self,
        image: &LoadedImage,
        def: TypeDef,
        blob: &[u8],
    ) -> LoadResult<TypeId> {
        let owner = Owner {
            class: def,
            ..Owner::anonymous(image)
        };
        sig::read_field(blob, &mut self.reader(image, owner))
    }

    pub(crate) fn read_method_spec(
        &self,
        image: &LoadedImage,
        blob: &[u8],
    ) -> LoadResult<Vec<TypeId>> {
        sig::read_method_spec(blob, &mut self.reader(image, Owner::anonymous(image)))
    }

    pub(crate) fn read_locals(&self, image: &LoadedImage, blob: &[u8]) -> LoadResult<Vec<Local>> {
        self.reader(image, Owner::anonymous(image)).locals(blob)
    }

    pub(crate) fn read_method_sig(
        &self,
        image: &LoadedImage,
        blob: &[u8],
    ) -> LoadResult<Signature> {
        self.method_sig_with(image, Owner::anonymous(image), blob)
    }

    pub(crate) fn read_method_def_sig(
        &self,
        image: &LoadedImage,
        class: Option<TypeDef>,
        method: MethodDef,
        blob: &[u8],
    ) -> LoadResult<Signature> {
        let class = class.unwrap_or(TypeDef {
            image: image.id,
            rid: 1,
        });
        self.method_sig_with(image, Owner { class, method }, blob)
    }

    fn method_sig_with(
        &self,
        image: &LoadedImage,
        owner: Owner,
        blob: &[u8],
    ) -> LoadResult<Signature> {
        let sig = sig::read_method(blob, &mut self.reader(image, owner))?;
        Ok(Signature {
            has_this: sig.flags.has_this(),
            vararg: sig.flags.call_conv() == Some(sig::CallConv::VarArg),
            generic_arity: sig.generic_param_count,
            ret: sig.ret,
            params: sig.params.into_boxed_slice(),
        })
    }
}
