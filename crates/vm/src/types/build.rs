//! From a canonical type to a class.

use ferrocil_generics::{Context, ImageId, Type, TypeDef, TypeId};
use ferrocil_metadata::{ElementType, TypeAttributes};

use super::{Class, ClassKind, ClassPtr};
use crate::error::{LoadError, LoadResult};
use crate::runtime::Runtime;

/// Visibility of types that are built from others.
const PUBLIC: TypeAttributes = TypeAttributes::from_bits_retain(1);

/// Deepest base-class chain accepted.
const MAX_DEPTH: usize = 512;

impl Runtime {
    /// The class of a type, made on first use.
    ///
    /// # Errors
    /// When metadata is bad or a base type cannot be loaded.
    pub fn class(&self, ty: TypeId) -> LoadResult<ClassPtr> {
        if let Some(class) = self.class_if_loaded(ty) {
            return Ok(class);
        }
        let _lock = self.loader_lock();
        if let Some(class) = self.class_if_loaded(ty) {
            return Ok(class);
        }
        if self.building().len() > MAX_DEPTH {
            return Err(LoadError::type_load(
                "",
                "types derive from each other too deeply",
            ));
        }
        if self.building().contains(&ty) {
            return Err(LoadError::type_load(
                self.type_name(ty),
                format!("type '{}' is its own base", self.type_name(ty)),
            ));
        }
        self.building().push(ty);
        let built = self.build_class(ty);
        self.building().pop();
        built
    }

    fn build_class(&self, ty: TypeId) -> LoadResult<ClassPtr> {
        let open = self.universe().is_open(ty);
        match self.universe().ty(ty) {
            Type::Primitive(element) => {
                let def = self.primitives().def_of(element).ok_or_else(|| {
                    LoadError::type_load(
                        format!("{element:?}"),
                        format!("corlib does not define {element:?}"),
                    )
                })?;
                self.build_defined(ty, def, None, element, open)
            }
            Type::Def(def) if self.markers().position(def).is_some() => {
                self.build_marker(ty, def.image)
            }
            Type::Def(def) => self.build_defined(ty, def, None, ElementType::Class, open),
            Type::Inst { def, args } => {
                self.build_defined(ty, def, Some(args), ElementType::Class, open)
            }
            Type::SzArray(elem) => self.build_array(ty, elem, 1, true, open),
            Type::Array { elem, rank } => self.build_array(ty, elem, u32::from(rank), false, open),
            Type::Pointer(elem) => {
                self.build_pointer(ty, Some(elem), ClassKind::Pointer, ElementType::Ptr, open)
            }
            Type::ByRef(elem) => {
                self.build_pointer(ty, Some(elem), ClassKind::ByRef, ElementType::ByRef, open)
            }
            Type::FnPtr(_) => {
                self.build_pointer(ty, None, ClassKind::FnPtr, ElementType::FnPtr, open)
            }
            Type::Var { owner, index } => self.build_param(
                ty,
                owner.image,
                ElementType::Var,
                self.type_param_name(owner, index),
            ),
            Type::MVar { owner, index } => self.build_param(
                ty,
                owner.image,
                ElementType::MVar,
                self.method_param_name(owner, index),
            ),
        }
    }

    fn build_defined(
        &self,
        ty: TypeId,
        def: TypeDef,
        args: Option<ferrocil_generics::InstId>,
        element_type: ElementType,
        open: bool,
    ) -> LoadResult<ClassPtr> {
        let image = self.image_of(def)?;
        let row = image.image().type_def(def.rid)?;
        let (namespace, name) = (
            image.image().string(row.namespace)?,
            image.image().string(row.name)?,
        );
        let arity = image
            .image()
            .generic_params(ferrocil_metadata::Token::new(
                ferrocil_metadata::TableId::TypeDef,
                def.rid,
            ))
            .len();
        if let Some(args) = args {
            let given = self.universe().args(args).len();
            if given != arity {
                return Err(LoadError::type_load(
                    name,
                    format!("type '{name}' takes {arity} type arguments, {given} were given"),
                ));
            }
        }
        // A definition's own parameters stand for themselves in its base type.
        let context = Context {
            class_args: args,
            method_args: None,
        };
        let parent = if row.extends.is_nil() {
            None
        } else {
            let base = self.read_type_in(image, def, row.extends)?;
            Some(self.class(self.universe().inflate(base, context)?)?)
        };
        let interface = row.flags.contains(TypeAttributes::INTERFACE);
        let in_corlib = |c: ClassPtr| self.is_corlib(c.image);
        let kind = match parent {
            _ if interface => ClassKind::Interface,
            Some(p) if p.is_named("System", "Enum") && in_corlib(p) => ClassKind::Enum,
            Some(p)
                if p.is_named("System", "ValueType")
                    && in_corlib(p)
                    && !(name == "Enum" && namespace == "System" && self.is_corlib(def.image)) =>
            {
                ClassKind::ValueType
            }
            _ => ClassKind::Class,
        };
        if let Some(p) = parent
            && (p.is_interface() || p.kind == ClassKind::ByRef || p.kind == ClassKind::Pointer)
        {
            return Err(LoadError::type_load(
                name,
                format!(
                    "type '{name}' cannot derive from '{}'",
                    self.type_name(p.ty)
                ),
            ));
        }
        let element_type = match (element_type, kind) {
            (ElementType::Class, ClassKind::ValueType | ClassKind::Enum) => ElementType::ValueType,
            (e, _) => e,
        };
        let element = if kind == ClassKind::Enum {
            Some(self.enum_underlying(image, def)?)
        } else {
            None
        };
        self.publish(ty, parent, |runtime, supers, index| Class {
            ty,
            kind,
            element_type,
            def: Some(def),
            image: def.image,
            args,
            open: open || (arity > 0 && args.is_none()),
            flags: row.flags,
            namespace,
            name,
            parent,
            element,
            rank: 0,
            index,
            supers,
            ..runtime.blank_class(ty, def.image)
        })
    }

    fn enum_underlying(
        &self,
        image: &crate::loader::LoadedImage,
        def: TypeDef,
    ) -> LoadResult<ClassPtr> {
        for rid in image.image().type_fields(def.rid) {
            let row = image.image().field(rid)?;
            if !row
                .flags
                .contains(ferrocil_metadata::FieldAttributes::STATIC)
            {
                let ty = self.read_field_sig(image, def, image.image().blob(row.signature)?)?;
                let class = self.class(ty)?;
                if class.kind == ClassKind::ValueType && is_enum_underlying(class.element_type) {
                    return Ok(class);
                }
                break;
            }
        }
        Err(LoadError::type_load(
            "",
            "an enum needs one instance field of an integral type",
        ))
    }

    fn build_array(
        &self,
        ty: TypeId,
        elem: TypeId,
        rank: u32,
        vector: bool,
        open: bool,
    ) -> LoadResult<ClassPtr> {
        let element = self.class(elem)?;
        if element.kind == ClassKind::ByRef || element.element_type == ElementType::Void {
            return Err(LoadError::type_load(
                "",
                format!(
                    "no array can have elements of type '{}'",
                    self.type_name(elem)
                ),
            ));
        }
        let parent = Some(self.well_known_class(crate::wellknown::Wk::Array)?);
        self.publish(ty, parent, |runtime, supers, index| Class {
            kind: if vector {
                ClassKind::SzArray
            } else {
                ClassKind::Array
            },
            element_type: if vector {
                ElementType::SzArray
            } else {
                ElementType::Array
            },
            open,
            flags: PUBLIC | TypeAttributes::SEALED | TypeAttributes::SERIALIZABLE,
            parent,
            element: Some(element),
            rank,
            index,
            supers,
            namespace: element.namespace,
            name: element.name,
            ..runtime.blank_class(ty, element.image)
        })
    }

    fn build_pointer(
        &self,
        ty: TypeId,
        elem: Option<TypeId>,
        kind: ClassKind,
        element_type: ElementType,
        open: bool,
    ) -> LoadResult<ClassPtr> {
        let element = elem.map(|e| self.class(e)).transpose()?;
        let image = element.map_or(self.corlib().id, |e| e.image);
        self.publish(ty, None, |runtime, supers, index| Class {
            kind,
            element_type,
            open,
            flags: PUBLIC,
            element,
            index,
            supers,
            namespace: element.map_or("", |e| e.namespace),
            name: element.map_or("", |e| e.name),
            ..runtime.blank_class(ty, image)
        })
    }

    fn build_param(
        &self,
        ty: TypeId,
        image: ImageId,
        element_type: ElementType,
        name: &'static str,
    ) -> LoadResult<ClassPtr> {
        let parent = Some(self.well_known_class(crate::wellknown::Wk::Object)?);
        self.publish(ty, parent, |runtime, supers, index| Class {
            kind: ClassKind::GenericParam,
            element_type,
            open: true,
            flags: PUBLIC,
            parent,
            index,
            supers,
            name,
            ..runtime.blank_class(ty, image)
        })
    }

    /// What shared code sees in the place of a reference type.
    fn build_marker(&self, ty: TypeId, image: ImageId) -> LoadResult<ClassPtr> {
        let parent = Some(self.well_known_class(crate::wellknown::Wk::Object)?);
        self.publish(ty, parent, |runtime, supers, index| Class {
            flags: PUBLIC,
            parent,
            index,
            supers,
            namespace: "System",
            name: crate::loader::MARKER_NAME,
            ..runtime.blank_class(ty, image)
        })
    }

    /// Puts a class into its image set's pool and makes it visible.
    fn publish(
        &self,
        ty: TypeId,
        parent: Option<ClassPtr>,
        make: impl FnOnce(&Runtime, Box<[ClassPtr]>, u32) -> Class,
    ) -> LoadResult<ClassPtr> {
        // Loading the parts may have loaded this class meanwhile (a base that mentions it).
        if let Some(class) = self.class_if_loaded(ty) {
            return Ok(class);
        }
        let mut supers: Vec<ClassPtr> = parent.map(|p| p.supers.to_vec()).unwrap_or_default();
        if supers.len() > MAX_DEPTH {
            return Err(LoadError::type_load(
                self.type_name(ty),
                "types derive from each other too deeply",
            ));
        }
        let index = self.next_class_index();
        let class = self.allocate_in_set(ty, make(self, Box::default(), index));
        let pointer = ClassPtr::new(class);
        supers.push(pointer);
        // SAFETY: the class was just made and nobody else has its address yet.
        unsafe { (*class.as_ptr()).supers = supers.into_boxed_slice() };
        self.register_class(ty, pointer);
        Ok(pointer)
    }

    fn blank_class(&self, ty: TypeId, image: ImageId) -> Class {
        Class {
            ty,
            kind: ClassKind::Class,
            element_type: ElementType::Class,
            def: None,
            image,
            args: None,
            open: false,
            shared: self
                .universe()
                .is_shared(ty, self.markers())
                .unwrap_or(false),
            flags: TypeAttributes::empty(),
            namespace: "",
            name: "",
            parent: None,
            element: None,
            rank: 0,
            index: 0,
            supers: Box::default(),
            fields: Default::default(),
            methods: Default::default(),
            interfaces: Default::default(),
            own_interfaces: Default::default(),
            layout: Default::default(),
            vtable: Default::default(),
            overrides: Default::default(),
            constraints_met: Default::default(),
            dispatch: Default::default(),
        }
    }
}

/// The types that an enum can be stored as (I.8.5.2; `bool` and `char` too, as in every runtime).
fn is_enum_underlying(element: ElementType) -> bool {
    use ElementType::{Boolean, Char, I, I1, I2, I4, I8, U, U1, U2, U4, U8};
    matches!(
        element,
        Boolean | Char | I1 | U1 | I2 | U2 | I4 | U4 | I8 | U8 | I | U
    )
}
