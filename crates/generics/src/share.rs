//! Shared forms: which instances can run the same code.

use smallvec::SmallVec;

use crate::error::Error;
use crate::ids::{ImageId, InstId, MethodId, TypeDef, TypeId};
use crate::types::Type;
use crate::universe::Universe;

/// First row that stands for a marker: above every row of a real image (rids have 24 bits).
const FIRST_ROW: u32 = 0x0100_0000;
/// Most markers of one shared form.
pub const MAX_MARKERS: usize = 64;

/// The canonical reference types of shared forms (CoreCLR's `System.__Canon`, one per position): closed types
/// without a definition that no image can name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Markers {
    image: ImageId,
}

impl Markers {
    /// Markers that belong to an image; the class library, since everything depends on it.
    #[must_use]
    pub fn of(image: ImageId) -> Markers {
        Markers { image }
    }

    /// The marker of a position below [`MAX_MARKERS`].
    #[must_use]
    pub fn ty(self, universe: &Universe, position: usize) -> TypeId {
        universe.def(self.row(position))
    }

    fn row(self, position: usize) -> TypeDef {
        TypeDef {
            image: self.image,
            rid: FIRST_ROW + position as u32,
        }
    }

    /// The position of a marker; `None` for real definitions.
    #[must_use]
    pub fn position(self, def: TypeDef) -> Option<usize> {
        (def.image == self.image && def.rid >= FIRST_ROW).then(|| (def.rid - FIRST_ROW) as usize)
    }
}

/// A method in its shared form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SharedForm {
    /// The method with markers in the place of reference types.
    pub method: MethodId,
    /// What each marker stands for, by position.
    pub replaced: Vec<TypeId>,
}

impl Universe {
    /// The method with every reference type among the arguments of its declaring type and its own replaced by a
    /// marker of its own, also inside of value types: `Map<string, KeyValuePair<Thing, int>>.Add` gives
    /// `Map<#0, KeyValuePair<#1, int>>.Add` and `[string, Thing]`. Two instances with the same shared form have the
    /// same layouts and can share code that takes exact types from a generic context. `None` when nothing is
    /// replaced, or more than [`MAX_MARKERS`] types would be.
    ///
    /// `is_reference` answers for definitions ([`Type::Def`]) and generic instances only: arrays, `string` and
    /// `object` are known to be references, the other primitive types and pointers not to be. Variables stay.
    ///
    /// # Errors
    /// A vacant list or type; no ids left.
    pub fn shared_method(
        &self,
        method: MethodId,
        markers: Markers,
        mut is_reference: impl FnMut(TypeId) -> bool,
    ) -> Result<Option<SharedForm>, Error> {
        let info = self.try_method_info(method)?;
        let mut sharing = Sharing {
            universe: self,
            markers,
            is_reference: &mut is_reference,
            replaced: Vec::new(),
        };
        let declaring = match self.try_ty(info.declaring)? {
            Type::Inst { def, args } => self.inst_with(def, sharing.list(args)?)?,
            _ => info.declaring,
        };
        let args = info.args.map(|args| sharing.list(args)).transpose()?;
        let replaced = sharing.replaced;
        if replaced.is_empty() || replaced.len() > MAX_MARKERS {
            return Ok(None);
        }
        let method = self.method_with(declaring, info.def, args)?;
        Ok(Some(SharedForm { method, replaced }))
    }

    /// Whether a marker is inside a type.
    ///
    /// # Errors
    /// A vacant type.
    pub fn is_shared(&self, ty: TypeId, markers: Markers) -> Result<bool, Error> {
        let any = |list: &[TypeId]| -> Result<bool, Error> {
            for &ty in list {
                if self.is_shared(ty, markers)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        // Nesting is bounded by `Limits::depth`, the work by `Limits::nodes`.
        match self.try_ty(ty)? {
            Type::Primitive(_) | Type::Var { .. } | Type::MVar { .. } => Ok(false),
            Type::Def(def) => Ok(markers.position(def).is_some()),
            Type::Inst { args, .. } => any(self.try_args(args)?),
            Type::SzArray(inner)
            | Type::Array { elem: inner, .. }
            | Type::Pointer(inner)
            | Type::ByRef(inner) => self.is_shared(inner, markers),
            Type::FnPtr(sig) => Ok(self.is_shared(sig.ret, markers)? || any(sig.params)?),
        }
    }

    /// The type with each marker replaced by what it stands for: the inverse of sharing.
    ///
    /// # Errors
    /// As [`Universe::inflate`]; [`Error::ArgumentOutOfRange`] for a marker beyond `replaced`.
    pub fn unshare(
        &self,
        ty: TypeId,
        markers: Markers,
        replaced: &[TypeId],
    ) -> Result<TypeId, Error> {
        let unshare = |ty| self.unshare(ty, markers, replaced);
        // Nesting is bounded by `Limits::depth`, the work by `Limits::nodes`.
        match self.try_ty(ty)? {
            Type::Primitive(_) | Type::Var { .. } | Type::MVar { .. } => Ok(ty),
            Type::Def(def) => match markers.position(def) {
                None => Ok(ty),
                Some(at) => replaced.get(at).copied().ok_or(Error::ArgumentOutOfRange {
                    kind: crate::error::VariableKind::Class,
                    index: u16::try_from(at).unwrap_or(u16::MAX),
                    count: replaced.len(),
                }),
            },
            Type::Inst { def, args } => {
                self.inst_with(def, self.unshare_inst(args, markers, replaced)?)
            }
            Type::SzArray(elem) => self.sz_array(unshare(elem)?),
            Type::Array { elem, rank } => self.array(unshare(elem)?, rank),
            Type::Pointer(target) => self.pointer(unshare(target)?),
            Type::ByRef(target) => self.by_ref(unshare(target)?),
            Type::FnPtr(sig) => {
                let ret = unshare(sig.ret)?;
                let params: SmallVec<[TypeId; 8]> = sig
                    .params
                    .iter()
                    .map(|&ty| unshare(ty))
                    .collect::<Result<_, _>>()?;
                self.fn_ptr(&crate::types::FnSig {
                    ret,
                    params: &params,
                    ..*sig
                })
            }
        }
    }

    /// An argument list with each marker replaced by what it stands for.
    ///
    /// # Errors
    /// As [`Universe::unshare`].
    pub fn unshare_inst(
        &self,
        args: InstId,
        markers: Markers,
        replaced: &[TypeId],
    ) -> Result<InstId, Error> {
        let list: SmallVec<[TypeId; 8]> = self
            .try_args(args)?
            .iter()
            .map(|&ty| self.unshare(ty, markers, replaced))
            .collect::<Result<_, _>>()?;
        self.inst_of(&list)
    }
}

/// The making of one shared form.
struct Sharing<'u, 'f> {
    universe: &'u Universe,
    markers: Markers,
    is_reference: &'f mut dyn FnMut(TypeId) -> bool,
    replaced: Vec<TypeId>,
}

impl Sharing<'_, '_> {
    fn list(&mut self, args: InstId) -> Result<InstId, Error> {
        let list = self.universe.try_args(args)?;
        let shared: SmallVec<[TypeId; 8]> = list
            .iter()
            .map(|&arg| self.arg(arg))
            .collect::<Result<_, Error>>()?;
        if *shared == *list {
            Ok(args)
        } else {
            self.universe.inst_of(&shared)
        }
    }

    fn arg(&mut self, arg: TypeId) -> Result<TypeId, Error> {
        // Nesting is bounded by `Limits::depth`, the work by `Limits::nodes`.
        match self.universe.try_ty(arg)? {
            Type::SzArray(_) | Type::Array { .. } => Ok(self.replace(arg)),
            Type::Primitive(_) if matches!(arg, TypeId::STRING | TypeId::OBJECT) => {
                Ok(self.replace(arg))
            }
            Type::Def(_) | Type::Inst { .. } if (self.is_reference)(arg) => Ok(self.replace(arg)),
            Type::Inst { def, args } => {
                let args = self.list(args)?;
                self.universe.inst_with(def, args)
            }
            _ => Ok(arg),
        }
    }

    fn replace(&mut self, arg: TypeId) -> TypeId {
        self.replaced.push(arg);
        // Beyond the limit the form is dropped; the last marker keeps the rows bounded.
        let position = (self.replaced.len() - 1).min(MAX_MARKERS);
        self.markers.ty(self.universe, position)
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_MARKERS, Markers};
    use crate::ids::{ImageId, MethodDef, TypeDef, TypeId};
    use crate::set::ImageInfo;
    use crate::types::Type;
    use crate::universe::Universe;

    fn world() -> (Universe, ImageId, Markers) {
        let u = Universe::new();
        let image = u.add_image(ImageInfo::default()).unwrap();
        (u, image, Markers::of(image))
    }

    /// Classes have even rows here; markers are classes.
    fn is_reference(u: &Universe) -> impl Fn(TypeId) -> bool {
        |ty| {
            u.definition(ty)
                .is_some_and(|def| def.rid.is_multiple_of(2) || def.rid >= super::FIRST_ROW)
        }
    }

    #[test]
    fn every_reference_becomes_its_own_marker_also_inside_of_value_types() {
        let (u, image, markers) = world();
        let row = |rid| TypeDef { image, rid };
        let [class, pair, point] = [2, 3, 5].map(row);
        let thing = u.inst(class, &[TypeId::I4]).unwrap();
        let run = MethodDef { image, rid: 1 };
        for kept in [
            TypeId::I4,
            u.def(point),
            u.pointer(TypeId::I4).unwrap(),
            u.var(class, 0),
        ] {
            let of_kept = u.inst(class, &[kept]).unwrap();
            let method = u.method(of_kept, run, &[kept]).unwrap();
            assert_eq!(u.shared_method(method, markers, is_reference(&u)), Ok(None));
        }
        for ty in [
            TypeId::STRING,
            TypeId::OBJECT,
            thing,
            u.sz_array(TypeId::I4).unwrap(),
        ] {
            let inner = u.inst(pair, &[ty, TypeId::I4]).unwrap();
            let method = u
                .method(u.inst(class, &[ty, inner]).unwrap(), run, &[inner])
                .unwrap();
            let shared = u
                .shared_method(method, markers, is_reference(&u))
                .unwrap()
                .unwrap();
            assert_eq!(shared.replaced, [ty, ty, ty]);
            let marked = |at| u.inst(pair, &[markers.ty(&u, at), TypeId::I4]).unwrap();
            let declaring = u.inst(class, &[markers.ty(&u, 0), marked(1)]).unwrap();
            assert_eq!(Ok(shared.method), u.method(declaring, run, &[marked(2)]));
            // And back.
            assert_eq!(u.is_shared(declaring, markers), Ok(true));
            assert_eq!(u.is_shared(inner, markers), Ok(false));
            let back = u.unshare(declaring, markers, &shared.replaced).unwrap();
            assert_eq!(back, u.inst(class, &[ty, inner]).unwrap());
            assert_eq!(u.is_shared(back, markers), Ok(false));
            // A shared form is its own shared form.
            let again = u
                .shared_method(shared.method, markers, is_reference(&u))
                .unwrap()
                .unwrap();
            assert_eq!(again.method, shared.method);
        }
    }

    #[test]
    fn markers_have_limits() {
        let (u, image, markers) = world();
        let class = TypeDef { image, rid: 2 };
        let many = vec![TypeId::STRING; MAX_MARKERS + 3];
        let run = MethodDef { image, rid: 1 };
        let method = u.method(u.inst(class, &many).unwrap(), run, &[]).unwrap();
        assert_eq!(u.shared_method(method, markers, is_reference(&u)), Ok(None));
        assert!(matches!(u.ty(markers.ty(&u, 0)), Type::Def(_)));
        assert!(
            u.unshare(markers.ty(&u, 1), markers, &[TypeId::I4])
                .is_err()
        );
        assert_eq!(markers.position(class), None);
    }
}
