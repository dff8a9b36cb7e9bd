//! Vtable slots and the choice of implementations.
//!
//! Slots: inherited virtual methods, then introduced ones. Non-virtual methods are
//! called through their entry and need no slot.

use std::sync::atomic::Ordering;

use ferrocil_generics::{Context, Type};
use ferrocil_metadata::{MethodAttributes, TableId};

use super::{ClassKind, ClassPtr, MethodKind, MethodPtr};
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::runtime::Runtime;
use crate::wellknown::Wk;

/// The slots of a class.
#[derive(Debug)]
pub struct VTableLayout {
    /// Implementation per slot.
    pub slots: Box<[MethodPtr]>,
}

impl Runtime {
    /// The vtable slots of a class (not of interfaces).
    ///
    /// # Errors
    /// When a base or a method cannot be loaded.
    pub fn vtable_layout(&self, class: ClassPtr) -> LoadResult<&'static VTableLayout> {
        let class_ref = class.get();
        let show = |r: &'static LoadResult<VTableLayout>| r.as_ref().map_err(Clone::clone);
        if let Some(done) = class_ref.vtable.get() {
            return show(done);
        }
        let _lock = self.loader_lock();
        if class_ref.vtable.get().is_none() {
            let built = self.build_slots(class);
            let _ = class_ref.vtable.set(built);
        }
        show(class_ref.vtable.get().expect("set above"))
    }

    fn build_slots(&self, class: ClassPtr) -> LoadResult<VTableLayout> {
        let mut slots: Vec<MethodPtr> = match class.parent {
            Some(parent) => self.vtable_layout(parent)?.slots.to_vec(),
            None => Vec::new(),
        };
        if class.is_interface() {
            return Ok(VTableLayout {
                slots: Box::default(),
            });
        }
        let inherited = slots.len();
        if class.def.is_some() {
            for &method in self.methods(class)? {
                if !method.is_virtual() || method.is_static() {
                    continue;
                }
                let over = if method.flags.contains(MethodAttributes::NEW_SLOT) {
                    None
                } else {
                    self.overridden_slot(method, &slots[..inherited])?
                };
                let slot = match over {
                    Some(slot) => {
                        slots[slot] = method;
                        slot
                    }
                    None => {
                        slots.push(method);
                        slots.len() - 1
                    }
                };
                method.slot.store(slot as i32, Ordering::Release);
            }
            for &(declared, body) in self.overrides(class)? {
                if declared.class.is_interface() {
                    continue;
                }
                let slot = self.slot_of(declared)?;
                if let Some(place) = slot.and_then(|s| slots.get_mut(s)) {
                    *place = body;
                }
            }
        }
        Ok(VTableLayout {
            slots: slots.into_boxed_slice(),
        })
    }

    /// The last inherited slot whose method has the same name and signature and is visible.
    fn overridden_slot(&self, method: MethodPtr, slots: &[MethodPtr]) -> LoadResult<Option<usize>> {
        for (i, &candidate) in slots.iter().enumerate().rev() {
            // A slot's current method may have another name (MethodImpl): match what introduced it too.
            if candidate.name == method.name && self.same_signature(candidate, method)? {
                if candidate.flags.contains(MethodAttributes::FINAL)
                    && !candidate.flags.contains(MethodAttributes::NEW_SLOT)
                {
                    continue;
                }
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    /// The vtable slot of a virtual method of a class.
    ///
    /// # Errors
    /// When its class's slots cannot be built.
    pub fn slot_of(&self, method: MethodPtr) -> LoadResult<Option<usize>> {
        // A bound generic method dispatches by its definition.
        let method = if method.args.is_some() && method.kind == MethodKind::Defined {
            self.method(method.class, method.def, None)?
        } else {
            method
        };
        self.vtable_layout(method.class)?;
        let slot = method.slot.load(Ordering::Acquire);
        Ok(usize::try_from(slot).ok())
    }

    /// Same parameters, return type and generic arity, method parameters by position.
    ///
    /// # Errors
    /// When a signature is bad.
    pub fn same_signature(&self, a: MethodPtr, b: MethodPtr) -> LoadResult<bool> {
        let (x, y) = (self.signature(a)?, self.signature(b)?);
        Ok(x.generic_arity == y.generic_arity
            && x.params.len() == y.params.len()
            && x.has_this == y.has_this
            && self.same_type(x.ret, y.ret)
            && x.params
                .iter()
                .zip(y.params.iter())
                .all(|(&p, &q)| self.same_type(p, q)))
    }

    /// The MethodImpl rows of a class: (declaration, body).
    ///
    /// # Errors
    /// When a row cannot be resolved.
    pub fn overrides(&self, class: ClassPtr) -> LoadResult<&'static [(MethodPtr, MethodPtr)]> {
        let class_ref = class.get();
        if class_ref.overrides.get().is_none() {
            let built = self.build_overrides(class);
            let _ = class_ref.overrides.set(built);
        }
        match class_ref.overrides.get().expect("set above") {
            Ok(list) => Ok(list),
            Err(e) => Err(e.clone()),
        }
    }

    fn build_overrides(&self, class: ClassPtr) -> LoadResult<Box<[(MethodPtr, MethodPtr)]>> {
        let Some(def) = class.def else {
            return Ok(Box::default());
        };
        let image = self.image_of(def)?;
        let context = Context {
            class_args: class.args,
            method_args: None,
        };
        let mut list = Vec::new();
        for rid in image.image().method_impls(def.rid) {
            let row = image.image().method_impl(rid)?;
            let declared = self.resolve_method_token(image, row.declaration, context)?;
            let body = if row.body.table() == Some(TableId::MethodDef) {
                self.method(
                    class,
                    ferrocil_generics::MethodDef {
                        image: image.id,
                        rid: row.body.rid(),
                    },
                    None,
                )?
            } else {
                self.resolve_method_token(image, row.body, context)?
            };
            list.push((declared, body));
        }
        Ok(list.into_boxed_slice())
    }

    /// The method that runs when `method` is called on an object of `class`.
    ///
    /// # Errors
    /// When no implementation exists or something cannot be loaded.
    pub fn find_implementation(&self, class: ClassPtr, method: MethodPtr) -> LoadResult<MethodPtr> {
        if !method.is_virtual() {
            return Ok(method);
        }
        if let Some(&found) = class.dispatch.read().get(&method) {
            return Ok(found);
        }
        let found = if method.class.is_interface() {
            let open = if method.args.is_some() {
                self.method(method.class, method.def, None)?
            } else {
                method
            };
            self.interface_implementation(class, open)?
        } else {
            let layout = self.vtable_layout(class)?;
            self.slot_of(method)?
                .and_then(|s| layout.slots.get(s).copied())
                .ok_or_else(|| self.no_implementation(class, method))?
        };
        let found = match method.args {
            Some(args) if found.args.is_none() => {
                self.method(found.class, found.def, Some(args))?
            }
            _ => found,
        };
        class.dispatch.write().insert(method, found);
        Ok(found)
    }

    fn no_implementation(&self, class: ClassPtr, method: MethodPtr) -> LoadError {
        LoadError::new(
            LoadErrorKind::TypeLoad,
            self.type_name(class.ty),
            format!(
                "type '{}' has no implementation of '{}.{}'",
                self.type_name(class.ty),
                self.type_name(method.class.ty),
                method.name
            ),
        )
    }

    fn interface_implementation(
        &self,
        class: ClassPtr,
        method: MethodPtr,
    ) -> LoadResult<MethodPtr> {
        let wanted = method.class;
        if class.kind == ClassKind::SzArray
            && let Some(found) = self.array_interface_method(class, method)?
        {
            return Ok(found);
        }
        let interfaces = self.interfaces(class)?;
        let (interface, method) = if interfaces.contains(&wanted) {
            (wanted, method)
        } else {
            let i = self
                .fitting_variant(class, wanted)?
                .ok_or_else(|| self.no_implementation(class, method))?;
            (i, self.method(i, method.def, None)?)
        };
        let layout = self.vtable_layout(class)?;
        let mut search = Some(class);
        while let Some(current) = search {
            for &(declared, body) in self.overrides(current)? {
                if declared == method {
                    return self.most_derived(layout, body);
                }
            }
            if self.own_interfaces(current)?.contains(&interface) {
                let mut by_name = Some(current);
                while let Some(c) = by_name {
                    for &m in self.methods(c)? {
                        if m.is_virtual()
                            && m.name == method.name
                            && self.same_signature(m, method)?
                            && public(m)
                        {
                            return self.most_derived(layout, m);
                        }
                    }
                    by_name = c.parent;
                }
            }
            search = current.parent;
        }
        self.default_implementation(class, interfaces, method)
    }

    /// The implemented instance of a variant interface that is used as `wanted`: the most
    /// derived class's first in declaration order.
    fn fitting_variant(&self, class: ClassPtr, wanted: ClassPtr) -> LoadResult<Option<ClassPtr>> {
        let mut search = Some(class);
        while let Some(current) = search {
            for &i in self.own_interfaces(current)? {
                if i.def == wanted.def && super::is_assignable(self, i, wanted)? {
                    return Ok(Some(i));
                }
            }
            search = current.parent;
        }
        Ok(None)
    }

    /// Default interface methods: the override in the most specific interface, or the
    /// method itself.
    fn default_implementation(
        &self,
        class: ClassPtr,
        interfaces: &[ClassPtr],
        method: MethodPtr,
    ) -> LoadResult<MethodPtr> {
        let mut found: Vec<(ClassPtr, MethodPtr)> = Vec::new();
        for &i in interfaces {
            for &(declared, body) in self.overrides(i)? {
                if declared == method {
                    found.push((i, body));
                }
            }
        }
        if found.is_empty() && !method.is_abstract() {
            return Ok(method);
        }
        let mut best = None;
        for &(interface, body) in &found {
            let mut hidden = false;
            for &(other, _) in &found {
                hidden |= other != interface && self.interfaces(other)?.contains(&interface);
            }
            match (hidden, best) {
                (true, _) => {}
                (false, None) => best = Some(body),
                (false, Some(_)) => return Err(self.ambiguous(class, method)),
            }
        }
        best.ok_or_else(|| self.no_implementation(class, method))
    }

    fn ambiguous(&self, class: ClassPtr, method: MethodPtr) -> LoadError {
        LoadError::new(
            LoadErrorKind::AmbiguousImplementation,
            self.type_name(class.ty),
            format!(
                "Could not call method '{}' with type '{}' because there are multiple incompatible interface methods overriding this method.",
                self.method_name(method),
                self.type_name_as(class.ty, ferrocil_generics::NameStyle::Message)
            ),
        )
    }

    /// Fails for an instance whose arguments are not allowed, and for a class that is not abstract and lacks a method that it must have: an
    /// abstract one of its base, or one of its interfaces. Interface methods are looked for
    /// by name only, so that making a class stays cheap; a wrong signature is found by
    /// the first call.
    pub(crate) fn check_complete(&self, class: ClassPtr) -> LoadResult<()> {
        self.check_constraints(class)?;
        if class.is_abstract() || class.is_interface() || class.def.is_none() {
            return Ok(());
        }
        if let Some(&missing) = self
            .vtable_layout(class)?
            .slots
            .iter()
            .find(|m| m.is_abstract())
        {
            return Err(self.no_implementation(class, missing));
        }
        for &interface in self.own_interfaces(class)? {
            // What makes an inherited default method abstract again is no method of its own.
            let again = self.overrides(interface)?;
            for &method in self.methods(interface)? {
                if method.is_abstract()
                    && !method.is_static()
                    && !method.flags.contains(MethodAttributes::FINAL)
                    && !again.iter().any(|&(_, body)| body == method)
                    && !self.has_method_named(class, interface, method)?
                {
                    match self.find_implementation(class, method) {
                        Err(e) if e.kind == LoadErrorKind::TypeLoad => return Err(e),
                        // An ambiguous one fails when it is called.
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether a class or its bases have a method that may implement an interface's.
    fn has_method_named(
        &self,
        class: ClassPtr,
        interface: ClassPtr,
        method: MethodPtr,
    ) -> LoadResult<bool> {
        let mut search = Some(class);
        while let Some(current) = search {
            let explicit = |name: &str| {
                name.strip_suffix(method.name)
                    .is_some_and(|rest| rest.ends_with('.'))
            };
            if self
                .methods(current)?
                .iter()
                .any(|m| m.is_virtual() && (m.name == method.name || explicit(m.name)))
            {
                return Ok(true);
            }
            search = current.parent;
        }
        // Whatever its body is called.
        Ok(self
            .overrides(class)?
            .iter()
            .any(|(declared, _)| declared.class == interface && declared.def == method.def))
    }

    fn most_derived(&self, layout: &VTableLayout, method: MethodPtr) -> LoadResult<MethodPtr> {
        if method.class.is_interface() {
            return Ok(method);
        }
        Ok(self
            .slot_of(method)?
            .and_then(|s| layout.slots.get(s).copied())
            .unwrap_or(method))
    }

    /// `T[]` implements the generic collection interfaces by generic methods of `System.Array`
    /// named `InternalArray__…`, instantiated with the interface's argument.
    fn array_interface_method(
        &self,
        class: ClassPtr,
        method: MethodPtr,
    ) -> LoadResult<Option<MethodPtr>> {
        let Some((def, args)) = self.generic_parts(method.class) else {
            return Ok(None);
        };
        if !self.is_array_interface(def) {
            return Ok(None);
        }
        let prefix = match method.class.name {
            "ICollection`1" => "ICollection_",
            "IEnumerable`1" => "IEnumerable_",
            "IReadOnlyList`1" => "IReadOnlyList_",
            "IReadOnlyCollection`1" => "IReadOnlyCollection_",
            _ => "",
        };
        let name = format!("InternalArray__{prefix}{}", method.name);
        let array = self.well_known_class(Wk::Array)?;
        let found = self
            .find_method(array, &name, None)?
            .ok_or_else(|| self.no_implementation(class, method))?;
        // Methods without type parameters of their own serve all elements.
        if self.signature(found)?.generic_arity == 0 {
            return Ok(Some(found));
        }
        // What the caller sees: `int[]` is an `IList<uint>` too.
        let inst = self.universe().inst_of(&[args[0]])?;
        Ok(Some(self.method(array, found.def, Some(inst))?))
    }

    /// Whether a definition is one of the interfaces that vectors implement.
    #[must_use]
    pub fn is_array_interface(&self, def: ferrocil_generics::TypeDef) -> bool {
        [
            Wk::IListT,
            Wk::ICollectionT,
            Wk::IEnumerableT,
            Wk::IReadOnlyListT,
            Wk::IReadOnlyCollectionT,
        ]
        .iter()
        .any(|&w| self.well_known_class(w).is_ok_and(|c| c.def == Some(def)))
    }

    /// Whether a definition is `System.Nullable<T>`.
    #[must_use]
    pub fn is_nullable_def(&self, def: ferrocil_generics::TypeDef) -> bool {
        self.well_known_class(Wk::Nullable)
            .is_ok_and(|c| c.def == Some(def))
    }

    /// `T` of `Nullable<T>`.
    #[must_use]
    pub fn nullable_value(&self, class: ClassPtr) -> Option<ClassPtr> {
        match self.universe().ty(class.ty) {
            Type::Inst { def, args } if self.is_nullable_def(def) => {
                self.class(*self.universe().args(args).first()?).ok()
            }
            _ => None,
        }
    }
}

fn public(method: MethodPtr) -> bool {
    method.flags.access() == ferrocil_metadata::MemberAccess::Public
}
