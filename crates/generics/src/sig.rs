//! Signatures of images, read straight into canonical types.

use ferrocil_metadata::sig::{self, ArrayShape, MemberSig, MethodSig, PropertySig, TypeBuilder};
use ferrocil_metadata::{ElementType, Token};

use crate::error::{Error, VariableKind};
use crate::ids::{InstId, MethodDef, TypeDef, TypeId};
use crate::types::{Context, FnSig, Type};
use crate::universe::Universe;

/// What the variables of a signature stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variables {
    /// `!n` and `!!n` become the parameters of these definitions. `None`: such a variable is an error.
    Of {
        /// The generic type around the signature.
        class: Option<TypeDef>,
        /// The generic method around the signature.
        method: Option<MethodDef>,
    },
    /// `!n` and `!!n` become the arguments of this context at once, without an open type in between. A kind whose
    /// arguments the context does not have is an error.
    Are(Context),
}

impl Variables {
    /// A place without variables.
    pub const NONE: Self = Self::Of {
        class: None,
        method: None,
    };
}

/// The type of a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    /// The type.
    pub ty: TypeId,
    /// What it refers to must not move while the method runs.
    pub pinned: bool,
}

/// Reads signatures into a universe.
///
/// `resolve` turns the type tokens of the image (TypeDef, TypeRef, TypeSpec; the row may not exist) into types: a
/// definition as [`Type::Def`], the class library's `Int32`, `String` … as primitive types
/// (see [`Universe::bind_primitive`]). Its error type takes in those of signatures and of the universe.
///
/// A reader is a [`TypeBuilder`], so the functions of [`ferrocil_metadata::sig`] accept it too. Custom modifiers are
/// dropped unresolved: they make no difference to types. Who needs them reads the blob with another builder.
pub struct SigReader<'u, R> {
    universe: &'u Universe,
    variables: Variables,
    resolve: R,
}

impl<'u, R, E> SigReader<'u, R>
where
    R: FnMut(Token) -> Result<TypeId, E>,
    E: From<sig::Error> + From<Error>,
{
    /// A reader of signatures that stand where `variables` mean this.
    pub fn new(universe: &'u Universe, variables: Variables, resolve: R) -> Self {
        Self {
            universe,
            variables,
            resolve,
        }
    }

    /// The type of a TypeSpec's blob.
    ///
    /// # Errors
    /// A malformed blob, the resolver's error, or a type that cannot be.
    pub fn ty(&mut self, blob: &[u8]) -> Result<TypeId, E> {
        sig::read_type(blob, self)
    }

    /// The type of a field.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn field(&mut self, blob: &[u8]) -> Result<TypeId, E> {
        sig::read_field(blob, self)
    }

    /// The signature of a method.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn method(&mut self, blob: &[u8]) -> Result<MethodSig<TypeId>, E> {
        sig::read_method(blob, self)
    }

    /// The signature of a MemberRef.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn member(&mut self, blob: &[u8]) -> Result<MemberSig<TypeId>, E> {
        sig::read_member(blob, self)
    }

    /// The signature of a property.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn property(&mut self, blob: &[u8]) -> Result<PropertySig<TypeId>, E> {
        sig::read_property(blob, self)
    }

    /// The local variables of a method.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn locals(&mut self, blob: &[u8]) -> Result<Vec<Local>, E> {
        sig::read_locals(blob, &mut Locals(self))
    }

    /// The arguments of a MethodSpec's blob.
    ///
    /// # Errors
    /// As [`SigReader::ty`].
    pub fn method_args(&mut self, blob: &[u8]) -> Result<InstId, E> {
        let args = sig::read_method_spec(blob, self)?;
        Ok(self.universe.inst_of(&args)?)
    }

    fn variable(&self, kind: VariableKind, number: u32) -> Result<TypeId, Error> {
        let index = u16::try_from(number).map_err(|_| Error::VariableNumber(number))?;
        let u = self.universe;
        match (self.variables, kind) {
            (
                Variables::Of {
                    class: Some(owner), ..
                },
                VariableKind::Class,
            ) => u.try_var(owner, index),
            (
                Variables::Of {
                    method: Some(owner),
                    ..
                },
                VariableKind::Method,
            ) => u.try_mvar(owner, index),
            (
                Variables::Are(Context {
                    class_args: Some(args),
                    ..
                }),
                VariableKind::Class,
            )
            | (
                Variables::Are(Context {
                    method_args: Some(args),
                    ..
                }),
                VariableKind::Method,
            ) => u.argument(args, index, kind),
            _ => Err(Error::NoVariables { kind, index }),
        }
    }
}

impl<R, E> TypeBuilder for SigReader<'_, R>
where
    R: FnMut(Token) -> Result<TypeId, E>,
    E: From<sig::Error> + From<Error>,
{
    type Type = TypeId;
    type Error = E;

    fn primitive(&mut self, element: ElementType) -> Result<TypeId, E> {
        Ok(self.universe.try_primitive(element)?)
    }

    fn class(&mut self, token: Token, _is_value_type: bool) -> Result<TypeId, E> {
        (self.resolve)(token)
    }

    fn sz_array(&mut self, element: TypeId) -> Result<TypeId, E> {
        Ok(self.universe.sz_array(element)?)
    }

    fn array(&mut self, element: TypeId, shape: ArrayShape) -> Result<TypeId, E> {
        let rank = u8::try_from(shape.rank).map_err(|_| sig::Error::BadArrayShape)?;
        Ok(self.universe.array(element, rank)?)
    }

    fn pointer(&mut self, target: TypeId) -> Result<TypeId, E> {
        Ok(self.universe.pointer(target)?)
    }

    fn by_ref(&mut self, target: TypeId) -> Result<TypeId, E> {
        Ok(self.universe.by_ref(target)?)
    }

    fn generic_inst(&mut self, definition: TypeId, args: Vec<TypeId>) -> Result<TypeId, E> {
        match self.universe.try_ty(definition)? {
            Type::Def(def) => Ok(self.universe.inst(def, &args)?),
            _ => Err(Error::NotADefinition(definition).into()),
        }
    }

    fn var(&mut self, number: u32) -> Result<TypeId, E> {
        Ok(self.variable(VariableKind::Class, number)?)
    }

    fn mvar(&mut self, number: u32) -> Result<TypeId, E> {
        Ok(self.variable(VariableKind::Method, number)?)
    }

    fn fn_ptr(&mut self, sig: MethodSig<TypeId>) -> Result<TypeId, E> {
        let sentinel = sig.sentinel.and_then(|at| u32::try_from(at).ok());
        let sig = FnSig {
            convention: sig.flags.0,
            ret: sig.ret,
            params: &sig.params,
            sentinel,
        };
        Ok(self.universe.fn_ptr(&sig)?)
    }

    fn modified(&mut self, _required: bool, _modifier: Token, ty: TypeId) -> Result<TypeId, E> {
        Ok(ty)
    }

    fn pinned(&mut self, ty: TypeId) -> Result<TypeId, E> {
        Ok(ty)
    }
}

/// The same, keeping `pinned`.
struct Locals<'a, 'u, R>(&'a mut SigReader<'u, R>);

fn plain(ty: TypeId) -> Local {
    Local { ty, pinned: false }
}

impl<R, E> TypeBuilder for Locals<'_, '_, R>
where
    R: FnMut(Token) -> Result<TypeId, E>,
    E: From<sig::Error> + From<Error>,
{
    type Type = Local;
    type Error = E;

    fn primitive(&mut self, element: ElementType) -> Result<Local, E> {
        self.0.primitive(element).map(plain)
    }

    fn class(&mut self, token: Token, is_value_type: bool) -> Result<Local, E> {
        self.0.class(token, is_value_type).map(plain)
    }

    fn sz_array(&mut self, element: Local) -> Result<Local, E> {
        self.0.sz_array(element.ty).map(plain)
    }

    fn array(&mut self, element: Local, shape: ArrayShape) -> Result<Local, E> {
        self.0.array(element.ty, shape).map(plain)
    }

    fn pointer(&mut self, target: Local) -> Result<Local, E> {
        self.0.pointer(target.ty).map(plain)
    }

    fn by_ref(&mut self, target: Local) -> Result<Local, E> {
        self.0.by_ref(target.ty).map(plain)
    }

    fn generic_inst(&mut self, definition: Local, args: Vec<Local>) -> Result<Local, E> {
        self.0
            .generic_inst(definition.ty, args.into_iter().map(|arg| arg.ty).collect())
            .map(plain)
    }

    fn var(&mut self, number: u32) -> Result<Local, E> {
        self.0.var(number).map(plain)
    }

    fn mvar(&mut self, number: u32) -> Result<Local, E> {
        self.0.mvar(number).map(plain)
    }

    fn fn_ptr(&mut self, sig: MethodSig<Local>) -> Result<Local, E> {
        let params = sig.params.into_iter().map(|param| param.ty).collect();
        self.0
            .fn_ptr(MethodSig {
                flags: sig.flags,
                generic_param_count: sig.generic_param_count,
                ret: sig.ret.ty,
                params,
                sentinel: sig.sentinel,
            })
            .map(plain)
    }

    fn modified(&mut self, _required: bool, _modifier: Token, ty: Local) -> Result<Local, E> {
        Ok(ty)
    }

    fn pinned(&mut self, ty: Local) -> Result<Local, E> {
        Ok(Local { pinned: true, ..ty })
    }
}
