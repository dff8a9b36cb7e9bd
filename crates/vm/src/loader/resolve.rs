//! Tokens to types, methods and fields.

use ferrocil_generics::{Context, InstId, MethodDef, Type, TypeDef, TypeId};
use ferrocil_metadata::{ElementType, TableId, Token};

use super::LoadedImage;
use crate::error::{LoadError, LoadErrorKind, LoadResult};
use crate::runtime::Runtime;
use crate::types::{ArrayMethod, ClassPtr, FieldPtr, MethodPtr};

impl Runtime {
    /// The canonical type of a TypeDef row; primitives of corlib have their own ids.
    #[must_use]
    pub fn type_of_def(&self, def: TypeDef) -> TypeId {
        match self.primitive_of_def(def) {
            Some(element) => self.universe().primitive(element),
            None => self.universe().def(def),
        }
    }

    /// Resolves a TypeDef, TypeRef or TypeSpec token.
    ///
    /// # Errors
    /// When the row is bad or the type cannot be found.
    pub fn resolve_type_token(
        &self,
        image: &LoadedImage,
        token: Token,
        context: Context,
    ) -> LoadResult<TypeId> {
        match token.table() {
            Some(TableId::TypeDef) if !token.is_nil() => {
                image.image().type_def(token.rid())?;
                Ok(self.type_of_def(TypeDef {
                    image: image.id,
                    rid: token.rid(),
                }))
            }
            Some(TableId::TypeRef) => self.resolve_type_ref(image, token.rid()),
            Some(TableId::TypeSpec) => {
                let row = image.image().type_spec(token.rid())?;
                let ty = self.read_type_spec(image, image.image().blob(row.signature)?)?;
                Ok(self.universe().inflate(ty, context)?)
            }
            _ => Err(LoadError::bad_image(
                image.path.display().to_string(),
                format!("token {token} does not name a type"),
            )),
        }
    }

    fn resolve_type_ref(&self, image: &LoadedImage, rid: u32) -> LoadResult<TypeId> {
        if let Some(ty) = image.cached_type_ref(rid) {
            return Ok(ty);
        }
        let def = self.find_type_ref(image, rid, 0)?;
        let ty = self.type_of_def(def);
        image.cache_type_ref(rid, ty);
        Ok(ty)
    }

    fn find_type_ref(&self, image: &LoadedImage, rid: u32, depth: u32) -> LoadResult<TypeDef> {
        let row = image.image().type_ref(rid)?;
        let (namespace, name) = (
            image.image().string(row.namespace)?,
            image.image().string(row.name)?,
        );
        let not_found = |place: &str| {
            LoadError::type_load(
                full_name(namespace, name),
                format!(
                    "Could not load type '{}' from assembly '{place}'.",
                    full_name(namespace, name)
                ),
            )
        };
        if depth > 64 {
            return Err(not_found(&image.name.to_string()));
        }
        let scope = row.resolution_scope;
        match scope.table() {
            Some(TableId::TypeRef) => {
                let outer = self.find_type_ref(image, scope.rid(), depth + 1)?;
                let home = self.image_of(outer)?;
                home.find_nested(outer.rid, name)
                    .ok_or_else(|| not_found(&home.name.to_string()))
            }
            Some(TableId::AssemblyRef) => {
                let target = self.resolve_assembly_ref(image, scope.rid())?;
                self.find_type_in(target, namespace, name)
                    .ok_or_else(|| not_found(&target.name.to_string()))
            }
            _ => image
                .find_type(namespace, name)
                .ok_or_else(|| not_found(&image.name.to_string())),
        }
    }

    /// Finds a top-level type in an image, following type forwarders.
    #[must_use]
    pub fn find_type_in(
        &self,
        image: &LoadedImage,
        namespace: &str,
        name: &str,
    ) -> Option<TypeDef> {
        let mut image = self.image(image.id)?;
        for _ in 0..16 {
            if let Some(def) = image.find_type(namespace, name) {
                return Some(def);
            }
            let exported = image.image().find_exported_type(namespace, name)?;
            let row = image.image().exported_type(exported).ok()?;
            if row.implementation.table() != Some(TableId::AssemblyRef) {
                return None;
            }
            image = self
                .resolve_assembly_ref(image, row.implementation.rid())
                .ok()?;
        }
        None
    }

    /// The image that holds a definition.
    ///
    /// # Errors
    /// When the image was unloaded.
    pub fn image_of(&self, def: TypeDef) -> LoadResult<&LoadedImage> {
        self.image(def.image)
            .ok_or_else(|| LoadError::type_load("", "the type's image is not loaded any more"))
    }

    /// Resolves a MethodDef, MemberRef or MethodSpec token.
    ///
    /// # Errors
    /// MissingMethod when the class has no such method.
    pub fn resolve_method_token(
        &self,
        image: &LoadedImage,
        token: Token,
        context: Context,
    ) -> LoadResult<MethodPtr> {
        self.resolve_method_with(image, token, context, None)
    }

    fn resolve_method_with(
        &self,
        image: &LoadedImage,
        token: Token,
        context: Context,
        method_args: Option<InstId>,
    ) -> LoadResult<MethodPtr> {
        match token.table() {
            Some(TableId::MethodDef) if !token.is_nil() => {
                let owner = image.image().owner_of_method(token.rid()).ok_or_else(|| {
                    LoadError::bad_image("", format!("method {token} belongs to no type"))
                })?;
                let class = self.class(self.type_of_def(TypeDef {
                    image: image.id,
                    rid: owner,
                }))?;
                self.method(
                    class,
                    MethodDef {
                        image: image.id,
                        rid: token.rid(),
                    },
                    method_args,
                )
            }
            Some(TableId::MemberRef) => {
                self.resolve_member_ref(image, token.rid(), context, method_args)
            }
            Some(TableId::MethodSpec) if method_args.is_none() => {
                let row = image.image().method_spec(token.rid())?;
                let args = self.read_method_spec(image, image.image().blob(row.instantiation)?)?;
                let args: Vec<TypeId> = args
                    .into_iter()
                    .map(|t| self.universe().inflate(t, context))
                    .collect::<Result<_, _>>()?;
                let inst = self.universe().inst_of(&args)?;
                self.resolve_method_with(image, row.method, context, Some(inst))
            }
            _ => Err(LoadError::bad_image(
                image.path.display().to_string(),
                format!("token {token} does not name a method"),
            )),
        }
    }

    /// The type that a MemberRef's parent names.
    fn member_parent(
        &self,
        image: &LoadedImage,
        parent: Token,
        context: Context,
    ) -> LoadResult<ClassPtr> {
        let ty = match parent.table() {
            Some(TableId::MethodDef) => {
                let owner = image.image().owner_of_method(parent.rid()).ok_or_else(|| {
                    LoadError::bad_image("", "member reference to a method that belongs to no type")
                })?;
                self.type_of_def(TypeDef {
                    image: image.id,
                    rid: owner,
                })
            }
            Some(TableId::ModuleRef) => self.type_of_def(TypeDef {
                image: image.id,
                rid: 1,
            }),
            _ => self.resolve_type_token(image, parent, context)?,
        };
        self.class(ty)
    }

    fn resolve_member_ref(
        &self,
        image: &LoadedImage,
        rid: u32,
        context: Context,
        method_args: Option<InstId>,
    ) -> LoadResult<MethodPtr> {
        let row = image.image().member_ref(rid)?;
        let name = image.image().string(row.name)?;
        let class = self.member_parent(image, row.class, context)?;
        let wanted = self.read_method_sig(image, image.image().blob(row.signature)?)?;
        if class.is_array()
            && class.def.is_none()
            && let Some(kind) = array_method(name, wanted.params.len() as u32, class.rank)
        {
            return self.array_method(class, kind);
        }
        // The signature in the reference is in terms of the class's and method's own
        // parameters: compare after binding the class's arguments, leaving method parameters open.
        let class_context = Context {
            class_args: class.args,
            method_args: None,
        };
        let mut wanted_params = Vec::with_capacity(wanted.params.len());
        for &p in &wanted.params {
            wanted_params.push(self.universe().inflate(p, class_context)?);
        }
        let wanted_ret = self.universe().inflate(wanted.ret, class_context)?;
        let mut search = Some(class);
        while let Some(current) = search {
            for &method in self.methods(current)? {
                if method.name != name {
                    continue;
                }
                let sig = self.signature(method)?;
                if sig.has_this == wanted.has_this
                    && sig.generic_arity == wanted.generic_arity
                    && (sig.params.len() == wanted_params.len()
                        || (sig.vararg && sig.params.len() <= wanted_params.len()))
                    && self.same_type(sig.ret, wanted_ret)
                    && sig
                        .params
                        .iter()
                        .zip(&wanted_params)
                        .all(|(&a, &b)| self.same_type(a, b))
                {
                    return match method_args {
                        Some(_) => self.method(current, method.def, method_args),
                        None => Ok(method),
                    };
                }
            }
            search = current.parent;
        }
        if class.is_interface() {
            for &iface in self.interfaces(class)? {
                for &method in self.methods(iface)? {
                    if method.name == name
                        && self.signature(method)?.params.len() == wanted.params.len()
                    {
                        return Ok(method);
                    }
                }
            }
        }
        let shown = self.type_name(class.ty);
        Err(LoadError::new(
            LoadErrorKind::MissingMethod,
            format!("{shown}.{name}"),
            format!(
                "Method not found: {}",
                self.describe_method(&shown, name, &wanted)
            ),
        ))
    }

    /// Equal types, where method parameters of different owners count as equal when they
    /// have the same position (a reference and its definition).
    pub(crate) fn same_type(&self, a: TypeId, b: TypeId) -> bool {
        if a == b {
            return true;
        }
        let u = self.universe();
        match (u.ty(a), u.ty(b)) {
            (Type::MVar { index: x, .. }, Type::MVar { index: y, .. }) => x == y,
            (Type::SzArray(x), Type::SzArray(y))
            | (Type::Pointer(x), Type::Pointer(y))
            | (Type::ByRef(x), Type::ByRef(y)) => self.same_type(x, y),
            (Type::Array { elem: x, rank: r }, Type::Array { elem: y, rank: s }) => {
                r == s && self.same_type(x, y)
            }
            (Type::Inst { def: d, args: x }, Type::Inst { def: e, args: y }) => {
                d == e && {
                    let (x, y) = (u.args(x), u.args(y));
                    x.len() == y.len() && x.iter().zip(y).all(|(&p, &q)| self.same_type(p, q))
                }
            }
            _ => false,
        }
    }

    /// Resolves a Field or MemberRef token.
    ///
    /// # Errors
    /// MissingField when the class has no such field.
    pub fn resolve_field_token(
        &self,
        image: &LoadedImage,
        token: Token,
        context: Context,
    ) -> LoadResult<FieldPtr> {
        match token.table() {
            Some(TableId::Field) if !token.is_nil() => {
                let owner = image.image().owner_of_field(token.rid()).ok_or_else(|| {
                    LoadError::bad_image("", format!("field {token} belongs to no type"))
                })?;
                let class = self.class(self.type_of_def(TypeDef {
                    image: image.id,
                    rid: owner,
                }))?;
                self.fields(class)?
                    .iter()
                    .find(|f| f.rid == token.rid())
                    .map(FieldPtr::new)
                    .ok_or_else(|| {
                        LoadError::bad_image("", format!("field {token} is not in its type"))
                    })
            }
            Some(TableId::MemberRef) => {
                let row = image.image().member_ref(token.rid())?;
                let name = image.image().string(row.name)?;
                let class = self.member_parent(image, row.class, context)?;
                // The type in the reference is in terms of the class's own parameters.
                let wanted = self.read_type_of_field(image, row.signature, class)?;
                let mut search = Some(class);
                while let Some(current) = search {
                    let fields = self.fields(current)?;
                    let found = fields
                        .iter()
                        .find(|f| f.name == name && self.same_type(f.ty, wanted));
                    if let Some(field) = found {
                        return Ok(FieldPtr::new(field));
                    }
                    search = current.parent;
                }
                let shown = self.type_name(class.ty);
                Err(LoadError::new(
                    LoadErrorKind::MissingField,
                    format!("{shown}.{name}"),
                    format!("Field '{shown}.{name}' not found."),
                ))
            }
            _ => Err(LoadError::bad_image(
                image.path.display().to_string(),
                format!("token {token} does not name a field"),
            )),
        }
    }

    fn read_type_of_field(
        &self,
        image: &LoadedImage,
        signature: ferrocil_metadata::BlobIndex,
        class: ClassPtr,
    ) -> LoadResult<TypeId> {
        let owner = class.def.unwrap_or(TypeDef {
            image: image.id,
            rid: 1,
        });
        let open = self.read_field_sig(image, owner, image.image().blob(signature)?)?;
        let context = Context {
            class_args: class.args,
            method_args: None,
        };
        Ok(self.universe().inflate(open, context)?)
    }

    /// Finds a class of corlib by name.
    ///
    /// # Errors
    /// TypeLoad when corlib has no such class.
    pub fn corlib_class(&self, namespace: &str, name: &str) -> LoadResult<ClassPtr> {
        let corlib = self.corlib();
        let mut parts = name.split('/');
        let outer = parts.next().unwrap_or_default();
        let mut def = corlib.find_type(namespace, outer).ok_or_else(|| {
            LoadError::type_load(
                full_name(namespace, name),
                format!("corlib has no type '{}'", full_name(namespace, name)),
            )
        })?;
        for nested in parts {
            def = corlib.find_nested(def.rid, nested).ok_or_else(|| {
                LoadError::type_load(
                    full_name(namespace, name),
                    format!("corlib has no type '{}'", full_name(namespace, name)),
                )
            })?;
        }
        self.class(self.type_of_def(def))
    }

    /// Element type under which corlib's definition of a primitive is known in signatures.
    #[must_use]
    pub fn primitive_of_def(&self, def: TypeDef) -> Option<ElementType> {
        self.primitives().element_of(def)
    }
}

fn array_method(name: &str, params: u32, rank: u32) -> Option<ArrayMethod> {
    match name {
        "Get" => Some(ArrayMethod::Get),
        "Set" => Some(ArrayMethod::Set),
        "Address" => Some(ArrayMethod::Address),
        ".ctor" if params == rank => Some(ArrayMethod::New),
        ".ctor" if params == 2 * rank => Some(ArrayMethod::NewWithBounds),
        _ => None,
    }
}

/// `Namespace.Name`, or `Name`.
#[must_use]
pub fn full_name(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_string()
    } else {
        format!("{namespace}.{name}")
    }
}
