//! `System.Type` objects, and the table of other reflection objects.

use ferrocil_generics::TypeId;

use crate::error::LoadResult;
use crate::icall::Thrown;
use crate::object::ObjRef;
use crate::runtime::Runtime;
use crate::threads::Thread;
use crate::types::{ClassPtr, MethodKind, MethodPtr};
use crate::wellknown::Wk;

impl Thread {
    /// The `System.RuntimeType` object of a class in the current domain.
    ///
    /// # Errors
    /// OutOfMemory.
    pub fn type_object(&self, class: ClassPtr) -> Result<ObjRef, Thrown> {
        let domain = self.domain();
        if class.open {
            return self
                .reflection_object((class.address(), 0, 0), || self.make_type_object(class));
        }
        let vtable = self.vtable(class)?;
        let found = vtable.type_object();
        if !found.is_null() {
            return Ok(found);
        }
        let made = self.make_type_object(class)?;
        let _ = domain;
        Ok(vtable.publish_type_object(made))
    }

    fn make_type_object(&self, class: ClassPtr) -> Result<ObjRef, Thrown> {
        let runtime = self.runtime();
        let runtime_type = runtime
            .well_known_class(Wk::RuntimeType)
            .map_err(|e| self.throw_load_error(&e))?;
        let object = self.new_object(runtime_type)?;
        let offset = self.field_offset("System.Type", "_impl")?;
        object.write(offset, class.address());
        Ok(object)
    }

    /// The class that a `System.RuntimeType` object stands for.
    ///
    /// # Errors
    /// NullReference for null; NotSupported for other kinds of `System.Type`.
    pub fn class_of_type_object(&self, object: ObjRef) -> Result<ClassPtr, Thrown> {
        if object.is_null() {
            return Err(self.throw_null_reference());
        }
        let offset = self.field_offset("System.Type", "_impl")?;
        // SAFETY: `_impl` of a runtime type holds the address of its class.
        unsafe { ClassPtr::from_address(object.read(offset)) }.ok_or_else(|| {
            self.throw_named(
                "System",
                "NotSupportedException",
                "This kind of System.Type is not supported here.",
            )
        })
    }

    /// A reflection object that is made once per domain and key.
    ///
    /// # Errors
    /// What making it threw.
    pub fn reflection_object(
        &self,
        key: (usize, usize, u32),
        make: impl FnOnce() -> Result<ObjRef, Thrown>,
    ) -> Result<ObjRef, Thrown> {
        let domain = self.domain();
        if let Some(&found) = domain.reflection.lock().get(&key) {
            return Ok(found);
        }
        let made = make()?;
        Ok(*domain.reflection.lock().entry(key).or_insert(made))
    }

    /// Offset of an instance field of a corlib class, by the class's full name
    /// (`Namespace.Outer/Nested`) and the field's.
    ///
    /// # Errors
    /// MissingField when corlib has no such field.
    pub fn field_offset(&self, class: &'static str, field: &'static str) -> Result<u32, Thrown> {
        let cache = self.runtime().ext::<FieldOffsets>();
        if let Some(&found) = cache.0.read().get(&(class, field)) {
            return Ok(found);
        }
        let runtime = self.runtime();
        let (namespace, name) = class.rsplit_once('.').unwrap_or(("", class));
        let found = (|| {
            let owner = runtime.corlib_class(namespace, name)?;
            let f = runtime.find_field(owner, field)?.ok_or_else(|| {
                crate::error::LoadError::new(
                    crate::error::LoadErrorKind::MissingField,
                    format!("{class}.{field}"),
                    format!("corlib's '{class}' has no field '{field}', which the runtime needs"),
                )
            })?;
            runtime.field_offset(f)
        })()
        .map_err(|e| self.throw_load_error(&e))?;
        cache.0.write().insert((class, field), found);
        Ok(found)
    }
}

/// Offsets found so far.
#[derive(Debug, Default)]
struct FieldOffsets(parking_lot::RwLock<rustc_hash::FxHashMap<(&'static str, &'static str), u32>>);

impl Runtime {
    /// Types of a method body's locals, its type parameters bound. None without a body.
    ///
    /// # Errors
    /// When the body or its signature is bad.
    pub fn local_types(&self, method: MethodPtr) -> LoadResult<Vec<TypeId>> {
        let Some(image) = self
            .image(method.def.image)
            .filter(|_| method.kind == MethodKind::Defined)
        else {
            return Ok(Vec::new());
        };
        let row = image.image().method_def(method.def.rid)?;
        if row.rva == 0 {
            return Ok(Vec::new());
        }
        let body = image.image().method_body(row.rva)?;
        if body.local_sig.is_nil() {
            return Ok(Vec::new());
        }
        let signature = image
            .image()
            .stand_alone_sig(body.local_sig.rid())?
            .signature;
        let types = self.read_locals(image, image.image().blob(signature)?)?;
        types
            .into_iter()
            .map(|local| Ok(self.universe().inflate(local.ty, method.context())?))
            .collect()
    }
}
