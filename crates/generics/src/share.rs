//! Shared forms: which instances can run the same code.

use smallvec::SmallVec;

use crate::error::Error;
use crate::ids::{InstId, MethodId, TypeId};
use crate::types::Type;
use crate::universe::Universe;

impl Universe {
    /// The argument list with every reference type replaced by `canon` (CoreCLR's `System.__Canon`), also inside of
    /// value types: `[string, KeyValuePair<Thing, int>]` gives `[canon, KeyValuePair<canon, int>]`. Two instances whose
    /// lists have the same shared form have the same layouts and can share code that takes exact types from a generic
    /// context.
    ///
    /// `is_reference` answers for definitions ([`Type::Def`]) and generic instances only: arrays, `string` and
    /// `object` are known to be references, the other primitive types and pointers not to be. Variables stay.
    ///
    /// # Errors
    /// A vacant list or type; no ids left.
    pub fn shared_inst(
        &self,
        args: InstId,
        canon: TypeId,
        mut is_reference: impl FnMut(TypeId) -> bool,
    ) -> Result<InstId, Error> {
        self.shared_list(args, canon, &mut is_reference)
    }

    /// The method with the shared forms of its declaring type's arguments and of its own.
    ///
    /// # Errors
    /// As [`Universe::shared_inst`].
    pub fn shared_method(
        &self,
        method: MethodId,
        canon: TypeId,
        mut is_reference: impl FnMut(TypeId) -> bool,
    ) -> Result<MethodId, Error> {
        let info = self.try_method_info(method)?;
        let declaring = match self.try_ty(info.declaring)? {
            Type::Inst { def, args } => {
                self.inst_with(def, self.shared_list(args, canon, &mut is_reference)?)?
            }
            _ => info.declaring,
        };
        let args = info
            .args
            .map(|args| self.shared_list(args, canon, &mut is_reference))
            .transpose()?;
        self.method_with(declaring, info.def, args)
    }

    fn shared_list(
        &self,
        args: InstId,
        canon: TypeId,
        is_reference: &mut dyn FnMut(TypeId) -> bool,
    ) -> Result<InstId, Error> {
        let list = self.try_args(args)?;
        let shared: SmallVec<[TypeId; 8]> = list
            .iter()
            .map(|&arg| self.shared_arg(arg, canon, is_reference))
            .collect::<Result<_, Error>>()?;
        if *shared == *list {
            Ok(args)
        } else {
            self.inst_of(&shared)
        }
    }

    fn shared_arg(
        &self,
        arg: TypeId,
        canon: TypeId,
        is_reference: &mut dyn FnMut(TypeId) -> bool,
    ) -> Result<TypeId, Error> {
        // Nesting is bounded by `Limits::depth`, the work by `Limits::nodes`.
        match self.try_ty(arg)? {
            Type::SzArray(_) | Type::Array { .. } => Ok(canon),
            Type::Primitive(_) if matches!(arg, TypeId::STRING | TypeId::OBJECT) => Ok(canon),
            Type::Def(_) | Type::Inst { .. } if is_reference(arg) => Ok(canon),
            Type::Inst { def, args } => {
                self.inst_with(def, self.shared_list(args, canon, is_reference)?)
            }
            _ => Ok(arg),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ids::{MethodDef, TypeDef, TypeId};
    use crate::set::ImageInfo;
    use crate::universe::Universe;

    #[test]
    fn references_become_one_type_also_inside_of_value_types() {
        let u = Universe::new();
        let image = u.add_image(ImageInfo::default()).unwrap();
        let row = |rid| TypeDef { image, rid };
        let [class, pair, canon, point] = [2, 3, 4, 5].map(row);
        let canon = u.def(canon);
        // Classes have even rows here.
        let is_reference = |ty| {
            u.definition(ty)
                .is_some_and(|def| def.rid.is_multiple_of(2))
        };
        let thing = u.inst(class, &[TypeId::I4]).unwrap();
        let kept = [
            TypeId::I4,
            u.def(point),
            u.pointer(TypeId::I4).unwrap(),
            u.var(class, 0),
        ];
        let replaced = [
            TypeId::STRING,
            TypeId::OBJECT,
            thing,
            u.sz_array(TypeId::I4).unwrap(),
        ];
        for ty in kept {
            let args = u.inst_of(&[ty]).unwrap();
            assert_eq!(u.shared_inst(args, canon, is_reference), Ok(args));
        }
        for ty in replaced {
            let inner = u.inst(pair, &[ty, TypeId::I4]).unwrap();
            let args = u.inst_of(&[ty, inner]).unwrap();
            let expected = u
                .inst_of(&[canon, u.inst(pair, &[canon, TypeId::I4]).unwrap()])
                .unwrap();
            assert_eq!(u.shared_inst(args, canon, is_reference), Ok(expected));
            let run = MethodDef { image, rid: 1 };
            let method = u
                .method(u.inst(class, &[ty]).unwrap(), run, &[inner])
                .unwrap();
            let shared = u.shared_method(method, canon, is_reference).unwrap();
            let of_canon = u.inst(class, &[canon]).unwrap();
            assert_eq!(
                Ok(shared),
                u.method(
                    of_canon,
                    run,
                    &[u.inst(pair, &[canon, TypeId::I4]).unwrap()]
                )
            );
        }
    }
}
