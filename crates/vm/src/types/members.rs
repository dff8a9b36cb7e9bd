//! Fields and methods of a class, made on first use.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32};

use ferrocil_generics::{Context, InstId, MethodDef, MethodId};
use ferrocil_metadata::{MethodAttributes, MethodImplAttributes, TableId, Token};

use super::method::ArrayMethod;
use super::{ClassPtr, Field, FieldPtr, Method, MethodKind, MethodPtr, Signature};
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;

/// Row numbers that stand for array methods, above any real row.
const ARRAY_METHOD_BASE: u32 = 0x0100_0000;

impl Runtime {
    /// The fields that a class declares itself, static ones too, in order.
    ///
    /// # Errors
    /// When a row or signature is bad.
    pub fn fields(&self, class: ClassPtr) -> LoadResult<&'static [Field]> {
        let cell = &class.get().fields;
        if let Some(done) = cell.get() {
            return fields_of(done);
        }
        let _lock = self.loader_lock();
        if cell.get().is_none() {
            let built = self.build_fields(class);
            // Indexing gives out addresses, so it follows publication.
            let _ = cell.set(built);
            if let Some(Ok(fields)) = cell.get() {
                for field in fields {
                    self.register_field(FieldPtr::new(field));
                }
            }
        }
        fields_of(cell.get().expect("set above"))
    }

    fn build_fields(&self, class: ClassPtr) -> LoadResult<Box<[Field]>> {
        let Some(def) = class.def else {
            return Ok(Box::default());
        };
        let image = self.image_of(def)?;
        let context = Context {
            class_args: class.args,
            method_args: None,
        };
        let mut fields = Vec::new();
        for rid in image.image().type_fields(def.rid) {
            let row = image.image().field(rid)?;
            let ty = self.read_field_sig(image, def, image.image().blob(row.signature)?)?;
            fields.push(Field {
                class,
                rid,
                name: image.image().string(row.name)?,
                flags: row.flags,
                ty: self.universe().inflate(ty, context)?,
                thread_static: row
                    .flags
                    .contains(ferrocil_metadata::FieldAttributes::STATIC)
                    && self.has_attribute(
                        image,
                        Token::new(TableId::Field, rid),
                        "System",
                        "ThreadStaticAttribute",
                    ),
                index: self.next_field_index(),
            });
        }
        Ok(fields.into_boxed_slice())
    }

    /// The methods that a class declares itself, in order.
    ///
    /// # Errors
    /// When a row is bad.
    pub fn methods(&self, class: ClassPtr) -> LoadResult<&'static [MethodPtr]> {
        let show = |r: &'static LoadResult<Box<[MethodPtr]>>| match r {
            Ok(m) => Ok(&**m),
            Err(e) => Err(e.clone()),
        };
        let cell = &class.get().methods;
        if let Some(done) = cell.get() {
            return show(done);
        }
        let _lock = self.loader_lock();
        if cell.get().is_none() {
            let built = self.build_methods(class);
            let _ = cell.set(built);
        }
        show(cell.get().expect("set above"))
    }

    fn build_methods(&self, class: ClassPtr) -> LoadResult<Box<[MethodPtr]>> {
        let Some(def) = class.def else {
            if !class.is_array() {
                return Ok(Box::default());
            }
            let mut kinds = vec![ArrayMethod::New];
            if class.kind == super::ClassKind::Array {
                kinds.push(ArrayMethod::NewWithBounds);
            }
            kinds.extend([ArrayMethod::Set, ArrayMethod::Address, ArrayMethod::Get]);
            return kinds
                .into_iter()
                .map(|k| self.array_method(class, k))
                .collect();
        };
        let image = self.image_of(def)?;
        image
            .image()
            .type_methods(def.rid)
            .map(|rid| {
                self.method(
                    class,
                    MethodDef {
                        image: image.id,
                        rid,
                    },
                    None,
                )
            })
            .collect()
    }

    /// The method object of a definition in a class, with its own arguments bound if given.
    ///
    /// # Errors
    /// When the row is bad.
    pub fn method(
        &self,
        class: ClassPtr,
        def: MethodDef,
        args: Option<InstId>,
    ) -> LoadResult<MethodPtr> {
        let arg_list = args.map(|a| self.universe().args(a)).unwrap_or_default();
        let id = self.universe().method(class.ty, def, arg_list)?;
        if let Some(method) = self.method_if_loaded(id) {
            return Ok(method);
        }
        let image = self
            .image(def.image)
            .ok_or_else(|| LoadError::type_load("", "the method's image is not loaded"))?;
        let row = image.image().method_def(def.rid)?;
        // The signature's GENERIC flag (ECMA-335 II.23.2.1) spares most methods the search.
        let generic = image.image().blob(row.signature)?.first();
        let arity = if generic.is_some_and(|flags| flags & 0x10 != 0) {
            let owner = Token::new(TableId::MethodDef, def.rid);
            image.image().generic_params(owner).len()
        } else {
            0
        };
        let name = image.image().string(row.name)?;
        if class.is_value_type()
            && row.impl_flags.contains(MethodImplAttributes::SYNCHRONIZED)
            && !row.flags.contains(MethodAttributes::STATIC)
        {
            // A value has no lock of its own.
            let shown = self.type_name(class.ty);
            return Err(LoadError::type_load(
                shown.clone(),
                format!("'{shown}' is a value type: its method '{name}' cannot be synchronized"),
            ));
        }
        if let Some(args) = args {
            let given = self.universe().args(args).len();
            if given != arity {
                return Err(LoadError::bad_image(
                    "",
                    format!("method '{name}' takes {arity} type arguments, {given} were given"),
                ));
            }
        }
        let method = Method {
            id,
            class,
            def,
            kind: MethodKind::Defined,
            name,
            flags: row.flags,
            impl_flags: row.impl_flags,
            args,
            generic_definition: arity > 0 && args.is_none(),
            slot: AtomicI32::new(-1),
            constraints_met: AtomicBool::new(false),
            signature: OnceLock::new(),
        };
        Ok(self.publish_method(id, method))
    }

    /// One of the methods that array classes have without metadata.
    ///
    /// # Errors
    /// When the universe is full.
    pub fn array_method(&self, class: ClassPtr, kind: ArrayMethod) -> LoadResult<MethodPtr> {
        let def = MethodDef {
            image: class.image,
            rid: ARRAY_METHOD_BASE + kind as u32,
        };
        let id = self.universe().method(class.ty, def, &[])?;
        if let Some(method) = self.method_if_loaded(id) {
            return Ok(method);
        }
        let (name, flags) = match kind {
            ArrayMethod::New | ArrayMethod::NewWithBounds => (
                ".ctor",
                MethodAttributes::SPECIAL_NAME | MethodAttributes::RT_SPECIAL_NAME,
            ),
            ArrayMethod::Get => ("Get", MethodAttributes::empty()),
            ArrayMethod::Set => ("Set", MethodAttributes::empty()),
            ArrayMethod::Address => ("Address", MethodAttributes::empty()),
        };
        let method = Method {
            id,
            class,
            def,
            kind: MethodKind::Array(kind),
            name,
            flags: flags | MethodAttributes::from_bits_retain(6),
            impl_flags: MethodImplAttributes::empty(),
            args: None,
            generic_definition: false,
            slot: AtomicI32::new(-1),
            constraints_met: AtomicBool::new(false),
            signature: OnceLock::new(),
        };
        Ok(self.publish_method(id, method))
    }

    /// A static method made at run time (see `dynamic`).
    pub(crate) fn dynamic_method(
        &self,
        id: MethodId,
        def: MethodDef,
        class: ClassPtr,
        name: &'static str,
        signature: Signature,
    ) -> MethodPtr {
        let method = Method {
            id,
            class,
            def,
            kind: MethodKind::Dynamic,
            name,
            // Public: access 6 (ECMA-335 II.23.1.10).
            flags: MethodAttributes::from_bits_retain(6) | MethodAttributes::STATIC,
            impl_flags: MethodImplAttributes::empty(),
            args: None,
            generic_definition: false,
            slot: AtomicI32::new(-1),
            constraints_met: AtomicBool::new(false),
            signature: OnceLock::from(Ok(signature)),
        };
        self.publish_method(id, method)
    }

    fn publish_method(&self, id: MethodId, method: Method) -> MethodPtr {
        let _lock = self.loader_lock();
        if let Some(found) = self.method_if_loaded(id) {
            return found;
        }
        let pointer = MethodPtr::new(self.allocate_in_set(method.class.ty, method));
        self.register_method(id, pointer);
        pointer
    }

    /// The same method definition in another instance of its class, or with other arguments.
    ///
    /// # Errors
    /// As [`Runtime::method`].
    pub fn inflate_method(&self, method: MethodPtr, context: Context) -> LoadResult<MethodPtr> {
        let class = self.class(self.universe().inflate(method.class.ty, context)?)?;
        let args = match method.args {
            Some(args) => {
                let list: Vec<_> = self
                    .universe()
                    .args(args)
                    .iter()
                    .map(|&t| self.universe().inflate(t, context))
                    .collect::<Result<_, _>>()?;
                Some(self.universe().inst_of(&list)?)
            }
            None => None,
        };
        match method.kind {
            MethodKind::Array(kind) => self.array_method(class, kind),
            MethodKind::Defined => self.method(class, method.def, args),
            MethodKind::Dynamic => Ok(method),
        }
    }

    /// A method's signature, its class's and its own arguments bound.
    ///
    /// # Errors
    /// When the signature is bad.
    pub fn signature(&self, method: MethodPtr) -> LoadResult<&'static Signature> {
        let cell = &method.get().signature;
        match cell.get_or_init(|| self.build_signature(method)) {
            Ok(sig) => Ok(sig),
            Err(e) => Err(e.clone()),
        }
    }

    fn build_signature(&self, method: MethodPtr) -> LoadResult<Signature> {
        if let MethodKind::Array(kind) = method.kind {
            return self.array_signature(method.class, kind);
        }
        let image = self
            .image(method.def.image)
            .ok_or_else(|| LoadError::type_load("", "image not loaded"))?;
        let row = image.image().method_def(method.def.rid)?;
        let open = self.read_method_def_sig(
            image,
            method.class.def,
            method.def,
            image.image().blob(row.signature)?,
        )?;
        let context = method.context();
        let u = self.universe();
        Ok(Signature {
            ret: u.inflate(open.ret, context)?,
            params: open
                .params
                .iter()
                .map(|&p| u.inflate(p, context))
                .collect::<Result<_, _>>()?,
            has_this: !method.is_static(),
            ..open
        })
    }

    fn array_signature(&self, class: ClassPtr, kind: ArrayMethod) -> LoadResult<Signature> {
        let u = self.universe();
        let int = u.primitive(ferrocil_metadata::ElementType::I4);
        let void = u.primitive(ferrocil_metadata::ElementType::Void);
        let elem = class.element.expect("arrays have elements").ty;
        let rank = class.rank as usize;
        let mut params = vec![int; rank];
        let ret = match kind {
            ArrayMethod::New => void,
            ArrayMethod::NewWithBounds => {
                params = vec![int; 2 * rank];
                void
            }
            ArrayMethod::Get => elem,
            ArrayMethod::Set => {
                params.push(elem);
                void
            }
            ArrayMethod::Address => u.by_ref(elem)?,
        };
        Ok(Signature {
            has_this: true,
            vararg: false,
            generic_arity: 0,
            ret,
            params: params.into(),
        })
    }

    /// Finds a declared method by name and number of parameters (any when `None`).
    ///
    /// # Errors
    /// When the class's methods cannot be loaded.
    pub fn find_method(
        &self,
        class: ClassPtr,
        name: &str,
        params: Option<usize>,
    ) -> LoadResult<Option<MethodPtr>> {
        for &m in self.methods(class)? {
            if m.name == name
                && (params.is_none() || params == Some(self.signature(m)?.params.len()))
            {
                return Ok(Some(m));
            }
        }
        Ok(None)
    }

    /// Finds a field by name in a class or its bases.
    ///
    /// # Errors
    /// When a class's fields cannot be loaded.
    pub fn find_field(&self, class: ClassPtr, name: &str) -> LoadResult<Option<FieldPtr>> {
        let mut search = Some(class);
        while let Some(c) = search {
            if let Some(f) = self.fields(c)?.iter().find(|f| f.name == name) {
                return Ok(Some(FieldPtr::new(f)));
            }
            search = c.parent;
        }
        Ok(None)
    }
}

fn fields_of(fields: &'static LoadResult<Box<[Field]>>) -> LoadResult<&'static [Field]> {
    match fields {
        Ok(f) => Ok(f),
        Err(e) => Err(e.clone()),
    }
}
