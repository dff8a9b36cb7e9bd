//! Inflation: putting arguments in the place of variables (ECMA-335 II.9.8).

use smallvec::SmallVec;

use crate::entry::Shape;
use crate::error::{Error, VariableKind};
use crate::ids::{InstId, MethodId, TypeId};
use crate::types::{Context, FnSig, Type};
use crate::universe::Universe;

impl Context {
    /// The kinds of variables that the context replaces.
    fn replaces(self) -> u8 {
        (if self.class_args.is_some() {
            Shape::VAR
        } else {
            0
        }) | (if self.method_args.is_some() {
            Shape::MVAR
        } else {
            0
        })
    }
}

impl Universe {
    /// The type with the context's arguments in the place of its variables. A type without variables of the
    /// context's kinds is returned as it is, in constant time. Variables are replaced by index, whoever owns them.
    ///
    /// # Errors
    /// [`Error::ArgumentOutOfRange`]; a vacant type or list; an argument that cannot stand where the variable
    /// stood; a limit, which ends the work before it can grow.
    pub fn inflate(&self, ty: TypeId, context: Context) -> Result<TypeId, Error> {
        let (entry, _) = self.type_entry(ty)?;
        // Recursion is bounded by `Limits::depth`, the work by `Limits::nodes`.
        if entry.shape.flags & context.replaces() == 0 {
            return Ok(ty);
        }
        match entry.kind {
            Type::Primitive(_) | Type::Def(_) => Ok(ty),
            Type::Var { index, .. } => context.class_args.map_or(Ok(ty), |args| {
                self.argument(args, index, VariableKind::Class)
            }),
            Type::MVar { index, .. } => context.method_args.map_or(Ok(ty), |args| {
                self.argument(args, index, VariableKind::Method)
            }),
            Type::Inst { def, args } => self.inst_with(def, self.inflate_inst(args, context)?),
            Type::SzArray(elem) => self.sz_array(self.inflate(elem, context)?),
            Type::Array { elem, rank } => self.array(self.inflate(elem, context)?, rank),
            Type::Pointer(target) => self.pointer(self.inflate(target, context)?),
            Type::ByRef(target) => self.by_ref(self.inflate(target, context)?),
            Type::FnPtr(sig) => {
                let ret = self.inflate(sig.ret, context)?;
                let params = self.inflate_all(sig.params, context)?;
                self.fn_ptr(&FnSig {
                    ret,
                    params: &params,
                    ..*sig
                })
            }
        }
    }

    /// The argument list with the context's arguments in the place of its variables.
    ///
    /// # Errors
    /// As [`Universe::inflate`].
    pub fn inflate_inst(&self, inst: InstId, context: Context) -> Result<InstId, Error> {
        let (entry, _) = self.inst_entry(inst)?;
        if entry.shape.flags & context.replaces() == 0 {
            return Ok(inst);
        }
        self.inst_of(&self.inflate_all(entry.args, context)?)
    }

    /// The method with the context's arguments in its declaring type and its own arguments.
    ///
    /// # Errors
    /// As [`Universe::inflate`].
    pub fn inflate_method(&self, method: MethodId, context: Context) -> Result<MethodId, Error> {
        let (entry, _) = self.method_entry(method)?;
        if entry.flags & context.replaces() == 0 {
            return Ok(method);
        }
        let declaring = self.inflate(entry.inst.declaring, context)?;
        let args = entry
            .inst
            .args
            .map(|args| self.inflate_inst(args, context))
            .transpose()?;
        self.method_with(declaring, entry.inst.def, args)
    }

    /// The context that does in one step what `first` and then `second` do in two:
    /// `inflate(inflate(t, first), second) == inflate(t, compose(first, second))`.
    ///
    /// # Errors
    /// As [`Universe::inflate`].
    pub fn compose(&self, first: Context, second: Context) -> Result<Context, Error> {
        let one = |args: Option<InstId>, later: Option<InstId>| match args {
            Some(args) => self.inflate_inst(args, second).map(Some),
            None => Ok(later),
        };
        Ok(Context {
            class_args: one(first.class_args, second.class_args)?,
            method_args: one(first.method_args, second.method_args)?,
        })
    }

    fn inflate_all(
        &self,
        types: &[TypeId],
        context: Context,
    ) -> Result<SmallVec<[TypeId; 8]>, Error> {
        types.iter().map(|&ty| self.inflate(ty, context)).collect()
    }

    pub(crate) fn argument(
        &self,
        args: InstId,
        index: u16,
        kind: VariableKind,
    ) -> Result<TypeId, Error> {
        let args = self.try_args(args)?;
        args.get(usize::from(index))
            .copied()
            .ok_or(Error::ArgumentOutOfRange {
                kind,
                index,
                count: args.len(),
            })
    }
}
