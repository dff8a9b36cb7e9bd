//! Loaded assemblies.

use ferrocil_vm::{LoadError, LoadErrorKind};

use crate::error::Error;
use crate::method::Method;
use crate::runtime::Domain;
use crate::value::{Args, FromManaged};

/// An assembly in a domain.
#[derive(Clone, Debug)]
pub struct Assembly {
    pub(crate) domain: Domain,
    pub(crate) image: ferrocil_generics::ImageId,
}

impl Assembly {
    /// A static method by class (`Namespace.Name`) and name, with its types: `(i32, i32), i32`.
    ///
    /// # Errors
    /// When the class or method is missing, or has other types.
    pub fn method<A: Args, R: FromManaged>(
        &self,
        class: &str,
        name: &str,
    ) -> Result<Method<A, R>, Error> {
        let vm = &self.domain.runtime.inner.vm;
        let image = vm
            .image(self.image)
            .ok_or_else(|| LoadError::type_load(class, "the assembly is not loaded any more"))?;
        let (namespace, simple) = class.rsplit_once('.').unwrap_or(("", class));
        let def = vm.find_type_in(image, namespace, simple).ok_or_else(|| {
            LoadError::type_load(
                class,
                format!("'{}' has no type '{class}'", image.path.display()),
            )
        })?;
        let found = vm.class(vm.type_of_def(def))?;
        let mut seen = Vec::new();
        for &method in vm.methods(found)? {
            if method.name != name || !method.is_static() {
                continue;
            }
            let sig = vm.signature(method)?;
            let types: Vec<String> = sig.params.iter().map(|&t| vm.type_name(t)).collect();
            let ret = vm.type_name(sig.ret);
            if types
                .iter()
                .map(String::as_str)
                .eq(A::TYPES.iter().copied())
                && ret == R::TYPE
            {
                return Ok(Method::new(self.domain.clone(), method));
            }
            seen.push(format!("{} -> {ret}", types.join(", ")));
        }
        if seen.is_empty() {
            return Err(Error::Load(LoadError::new(
                LoadErrorKind::MissingMethod,
                format!("{class}.{name}"),
                format!("type '{class}' has no static method '{name}'"),
            )));
        }
        Err(Error::Signature {
            method: format!("{class}.{name}"),
            expected: seen.join(" or "),
            asked: format!("{} -> {}", A::TYPES.join(", "), R::TYPE),
        })
    }

    /// Display name: `Name, Version=…, Culture=…, PublicKeyToken=…`.
    #[must_use]
    pub fn full_name(&self) -> String {
        let vm = &self.domain.runtime.inner.vm;
        vm.image(self.image)
            .map(|i| i.display_name().to_string())
            .unwrap_or_default()
    }
}
