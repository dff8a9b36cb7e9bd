//! Shared forms of methods, and the way back to exact types.
//!
//! In a shared form each reference type among the generic arguments is replaced by a marker: a
//! class that derives from `System.Object`, one for each position.

use ferrocil_generics::{ImageId, Markers, SharedForm, TypeDef, TypeId};

use super::{ClassPtr, FieldPtr, MethodKind, MethodPtr};
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;

impl Runtime {
    /// The markers of this runtime's shared forms.
    pub(crate) fn markers(&self) -> Markers {
        // Corlib is the first image; errors about it may need names before it is known.
        Markers::of(
            self.corlib_id()
                .unwrap_or_else(|| ImageId::from_raw(1).expect("not 0")),
        )
    }

    /// The shared form of a method, if it is not its own: see [`SharedForm`].
    ///
    /// # Errors
    /// When ids have run out.
    pub(crate) fn shared_form(&self, method: MethodPtr) -> LoadResult<Option<SharedForm>> {
        if method.class.args.is_none() && method.args.is_none()
            || method.kind != MethodKind::Defined
            || self.is_shared(method)
        {
            return Ok(None);
        }
        let is_reference = |ty| self.class(ty).is_ok_and(|class| class.is_reference());
        Ok(self
            .universe()
            .shared_method(method.id, self.markers(), is_reference)?)
    }

    /// The method of a shared form.
    pub(crate) fn shared_method(&self, form: &SharedForm) -> LoadResult<MethodPtr> {
        let info = self.universe().try_method_info(form.method)?;
        self.method(self.class(info.declaring)?, info.def, info.args)
    }

    /// Whether a marker is inside a method: it stands for many.
    pub(crate) fn is_shared(&self, method: MethodPtr) -> bool {
        let u = self.universe();
        let shared = |&ty: &TypeId| u.is_shared(ty, self.markers()).unwrap_or(false);
        method.class.shared
            || method
                .args
                .is_some_and(|args| u.args(args).iter().any(shared))
    }

    /// The definition of a method of a class with this definition: without arguments of its own, in
    /// the class without arguments.
    ///
    /// # Errors
    /// When the class cannot be loaded.
    pub fn definition_of(&self, method: MethodPtr, def: TypeDef) -> LoadResult<MethodPtr> {
        self.method(self.class(self.type_of_def(def))?, method.def, None)
    }

    /// The class that a class of shared code is in the instance with these replaced types.
    pub(crate) fn exact_class(&self, class: ClassPtr, replaced: &[TypeId]) -> LoadResult<ClassPtr> {
        if !class.shared {
            return Ok(class);
        }
        self.class(
            self.universe()
                .unshare(class.ty, self.markers(), replaced)?,
        )
    }

    /// As [`Runtime::exact_class`], of a method.
    pub(crate) fn exact_method(
        &self,
        method: MethodPtr,
        replaced: &[TypeId],
    ) -> LoadResult<MethodPtr> {
        let class = self.exact_class(method.class, replaced)?;
        let args = method
            .args
            .map(|args| self.universe().unshare_inst(args, self.markers(), replaced))
            .transpose()?;
        match method.kind {
            MethodKind::Array(kind) => self.array_method(class, kind),
            MethodKind::Defined => self.method(class, method.def, args),
            MethodKind::Dynamic => Ok(method),
        }
    }

    /// As [`Runtime::exact_class`], of a field.
    pub(crate) fn exact_field(&self, field: FieldPtr, replaced: &[TypeId]) -> LoadResult<FieldPtr> {
        let class = self.exact_class(field.class, replaced)?;
        self.fields(class)?
            .iter()
            .find(|f| f.rid == field.rid)
            .map(FieldPtr::new)
            .ok_or_else(|| LoadError::type_load("", "a field is missing in an instance"))
    }
}
