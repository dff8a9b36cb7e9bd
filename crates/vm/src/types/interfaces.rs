//! The interfaces of a class.

use std::sync::OnceLock;

use ferrocil_generics::{Context, Type};

use super::{Class, ClassKind, ClassPtr};
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;
use crate::wellknown::Wk;

type Cell = OnceLock<LoadResult<Box<[ClassPtr]>>>;

fn show(result: &'static LoadResult<Box<[ClassPtr]>>) -> LoadResult<&'static [ClassPtr]> {
    match result {
        Ok(list) => Ok(list),
        Err(e) => Err(e.clone()),
    }
}

impl Runtime {
    /// All interfaces of a class: inherited ones first, each once.
    ///
    /// # Errors
    /// When an interface cannot be loaded.
    pub fn interfaces(&self, class: ClassPtr) -> LoadResult<&'static [ClassPtr]> {
        let cell: &'static Cell = &class.get().interfaces;
        if let Some(done) = cell.get() {
            return show(done);
        }
        let built = self.build_interfaces(class);
        show(cell.get_or_init(|| built))
    }

    /// The interfaces that a class itself declares, with those that these extend.
    ///
    /// # Errors
    /// When an interface cannot be loaded.
    pub fn own_interfaces(&self, class: ClassPtr) -> LoadResult<&'static [ClassPtr]> {
        let cell: &'static Cell = &class.get().own_interfaces;
        if let Some(done) = cell.get() {
            return show(done);
        }
        let built = self.build_own_interfaces(class, 0);
        show(cell.get_or_init(|| built))
    }

    fn build_interfaces(&self, class: ClassPtr) -> LoadResult<Box<[ClassPtr]>> {
        let mut all: Vec<ClassPtr> = Vec::new();
        if let Some(parent) = class.parent {
            all.extend_from_slice(self.interfaces(parent)?);
        }
        for &i in self.own_interfaces(class)? {
            if !all.contains(&i) {
                all.push(i);
            }
        }
        Ok(all.into_boxed_slice())
    }

    fn build_own_interfaces(&self, class: ClassPtr, depth: u32) -> LoadResult<Box<[ClassPtr]>> {
        if depth > 128 {
            return Err(LoadError::type_load(
                self.type_name(class.ty),
                "interfaces extend each other too deeply",
            ));
        }
        let mut list: Vec<ClassPtr> = Vec::new();
        if class.kind == ClassKind::SzArray {
            let elem = class.element.expect("arrays have elements").ty;
            for wk in [
                Wk::IListT,
                Wk::ICollectionT,
                Wk::IEnumerableT,
                Wk::IReadOnlyListT,
                Wk::IReadOnlyCollectionT,
            ] {
                let def = self
                    .well_known_class(wk)?
                    .def
                    .expect("a generic interface definition");
                list.push(self.class(self.universe().inst(def, &[elem])?)?);
            }
            return Ok(list.into_boxed_slice());
        }
        if class.kind == ClassKind::GenericParam {
            for ty in self.param_constraints(class.ty)? {
                let bound = self.class(ty)?;
                if bound.is_interface() {
                    list.push(bound);
                }
                for &more in self.interfaces(bound)? {
                    if !list.contains(&more) {
                        list.push(more);
                    }
                }
            }
            return Ok(list.into_boxed_slice());
        }
        let Some(def) = class.def else {
            return Ok(Box::default());
        };
        let image = self.image_of(def)?;
        let context = Context {
            class_args: class.args,
            method_args: None,
        };
        for rid in image.image().interface_impls(def.rid) {
            let row = image.image().interface_impl(rid)?;
            let open = self.read_type_in(image, def, row.interface)?;
            let interface = self.class(self.universe().inflate(open, context)?)?;
            if !interface.is_interface() {
                let name = self.type_name(interface.ty);
                return Err(LoadError::type_load(
                    self.type_name(class.ty),
                    format!(
                        "'{}' lists '{name}' as an interface, which it is not",
                        self.type_name(class.ty)
                    ),
                ));
            }
            if interface == class {
                return Err(LoadError::type_load(
                    self.type_name(class.ty),
                    "an interface extends itself",
                ));
            }
            if !list.contains(&interface) {
                list.push(interface);
            }
            for &more in &*self.build_own_interfaces(interface, depth + 1)? {
                if !list.contains(&more) {
                    list.push(more);
                }
            }
        }
        Ok(list.into_boxed_slice())
    }

    /// Definition and arguments of a generic instance.
    #[must_use]
    pub fn generic_parts(
        &self,
        class: ClassPtr,
    ) -> Option<(ferrocil_generics::TypeDef, &[ferrocil_generics::TypeId])> {
        match self.universe().ty(class.ty) {
            Type::Inst { def, args } => Some((def, self.universe().args(args))),
            _ => None,
        }
    }

    /// Whether a class implements an interface exactly (without variance).
    ///
    /// # Errors
    /// When an interface cannot be loaded.
    pub fn implements(&self, class: &Class, interface: ClassPtr) -> LoadResult<bool> {
        let class = self.class(class.ty)?;
        Ok(self.interfaces(class)?.contains(&interface))
    }
}
