//! Whether type arguments satisfy the constraints of their parameters (ECMA-335 II.10.1.7).

use std::sync::atomic::Ordering;

use ferrocil_generics::{Context, InstId, MethodDef, TypeDef, TypeId};
use ferrocil_metadata::{GenericParamAttributes, MemberAccess};

use super::{ClassKind, ClassPtr, MethodPtr, is_assignable};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::runtime::Runtime;

impl Runtime {
    /// Position of the first argument of a generic type that does not satisfy the constraints of
    /// its parameter. What is not known yet (open types, markers of shared forms) satisfies them.
    ///
    /// # Errors
    /// When a constraint cannot be resolved.
    pub fn misfit_of_type(&self, def: TypeDef, args: InstId) -> LoadResult<Option<usize>> {
        let context = Context {
            class_args: Some(args),
            method_args: None,
        };
        self.misfit(args, context, |index| {
            Ok(self.universe().try_var(def, index)?)
        })
    }

    /// The same for the arguments of a generic method of the class instance `class_args`.
    ///
    /// # Errors
    /// When a constraint cannot be resolved.
    pub fn misfit_of_method(
        &self,
        def: MethodDef,
        class_args: Option<InstId>,
        args: InstId,
    ) -> LoadResult<Option<usize>> {
        let context = Context {
            class_args,
            method_args: Some(args),
        };
        self.misfit(args, context, |index| {
            Ok(self.universe().try_mvar(def, index)?)
        })
    }

    fn misfit(
        &self,
        args: InstId,
        context: Context,
        parameter: impl Fn(u16) -> LoadResult<TypeId>,
    ) -> LoadResult<Option<usize>> {
        for (index, &arg) in self.universe().args(args).iter().enumerate() {
            let class = self.class(arg)?;
            if class.open || class.shared {
                continue;
            }
            let parameter = parameter(index as u16)?;
            if !self.has_properties(class, self.param_flags_of(parameter))? {
                return Ok(Some(index));
            }
            for bound in self.param_constraints(parameter)? {
                let bound = self.class(self.universe().inflate(bound, context)?)?;
                if !bound.open && !bound.shared && !is_assignable(self, class, bound)? {
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// The special constraints: `class`, `struct`, `new()`.
    fn has_properties(&self, class: ClassPtr, flags: GenericParamAttributes) -> LoadResult<bool> {
        if matches!(
            class.kind,
            ClassKind::ByRef | ClassKind::Pointer | ClassKind::FnPtr
        ) {
            return Ok(false);
        }
        if flags.contains(GenericParamAttributes::REFERENCE_TYPE_CONSTRAINT)
            && class.is_value_type()
        {
            return Ok(false);
        }
        if flags.contains(GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT)
            && (!class.is_value_type() || self.nullable_value(class).is_some())
        {
            return Ok(false);
        }
        if flags.contains(GenericParamAttributes::DEFAULT_CONSTRUCTOR_CONSTRAINT)
            && !class.is_value_type()
        {
            if class.is_abstract() || class.is_array() {
                return Ok(false);
            }
            let ctor = self.find_method(class, ".ctor", Some(0))?;
            return Ok(ctor.is_some_and(|m| m.flags.access() == MemberAccess::Public));
        }
        Ok(true)
    }

    /// Fails for an instance whose arguments do not satisfy the constraints.
    pub(crate) fn check_constraints(&self, class: ClassPtr) -> LoadResult<()> {
        let (Some(def), Some(args)) = (class.def, class.args) else {
            return Ok(());
        };
        if class.open || class.constraints_met.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(index) = self.misfit_of_type(def, args)? {
            let parameter = self.universe().try_var(def, index as u16)?;
            let name = self.type_name(class.ty);
            let message = self.violation(&name, args, index, parameter);
            return Err(LoadError::type_load(name, message));
        }
        class.constraints_met.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Fails for a method whose arguments, or whose class's, do not satisfy the constraints.
    pub(crate) fn check_method_constraints(&self, method: MethodPtr) -> LoadResult<()> {
        self.check_constraints(method.class)?;
        let Some(args) = method.args else {
            return Ok(());
        };
        if method.class.open || method.constraints_met.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(index) = self.misfit_of_method(method.def, method.class.args, args)? {
            let parameter = self.universe().try_mvar(method.def, index as u16)?;
            let name = self.method_name(method);
            let message = self.violation(&name, args, index, parameter);
            return Err(LoadError::new(LoadErrorKind::Verification, name, message));
        }
        method.constraints_met.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn violation(&self, name: &str, args: InstId, index: usize, parameter: TypeId) -> String {
        let argument = self.universe().args(args)[index];
        format!(
            "type argument {index} of {name}, '{}', violates the constraints of type parameter '{}'",
            self.type_name(argument),
            self.type_name(parameter)
        )
    }
}
