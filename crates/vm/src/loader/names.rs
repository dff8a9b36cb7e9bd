//! Names of types and methods, and facts about type parameters.

use ferrocil_generics::{
    DefName, ImageId, MethodDef, NameSource, NameStyle, Type, TypeDef, TypeId, TypeNamer,
};
use ferrocil_metadata::{GenericParamAttributes, TableId, Token};

use super::LoadedImage;
use crate::error::LoadResult;
use crate::runtime::Runtime;
use crate::types::{MethodPtr, Signature};

/// Name of what stands for reference types in shared code, in dumps (CoreCLR's).
pub(crate) const MARKER_NAME: &str = "__Canon";

impl NameSource for Runtime {
    fn type_def(&self, def: TypeDef) -> DefName<'_> {
        let unknown = DefName {
            namespace: "",
            name: "?",
            enclosing: None,
        };
        if self.markers().position(def).is_some() {
            return DefName {
                namespace: "System",
                name: MARKER_NAME,
                enclosing: None,
            };
        }
        let Some(image) = self.image(def.image) else {
            return unknown;
        };
        let Ok(row) = image.image().type_def(def.rid) else {
            return unknown;
        };
        DefName {
            namespace: image.image().string(row.namespace).unwrap_or(""),
            name: image.image().string(row.name).unwrap_or("?"),
            enclosing: image.image().enclosing_type(def.rid).map(|rid| TypeDef {
                image: def.image,
                rid,
            }),
        }
    }

    fn method_def(&self, def: MethodDef) -> &str {
        let Some(image) = self.image(def.image) else {
            return "?";
        };
        image
            .image()
            .method_def(def.rid)
            .and_then(|row| image.image().string(row.name))
            .unwrap_or("?")
    }

    fn assembly(&self, image: ImageId) -> Option<&str> {
        self.image(image).map(LoadedImage::display_name)
    }

    fn type_parameter(&self, owner: TypeDef, index: u16) -> Option<&str> {
        Some(self.type_param_name(owner, index)).filter(|n| !n.is_empty())
    }

    fn method_parameter(&self, owner: MethodDef, index: u16) -> Option<&str> {
        Some(self.method_param_name(owner, index)).filter(|n| !n.is_empty())
    }
}

impl Runtime {
    /// A type's name as `Type.ToString()` gives it.
    #[must_use]
    pub fn type_name(&self, ty: TypeId) -> String {
        self.type_name_as(ty, NameStyle::Reflection)
    }

    /// A type's name in one of its forms.
    #[must_use]
    pub fn type_name_as(&self, ty: TypeId, style: NameStyle) -> String {
        TypeNamer::new(self.universe(), self)
            .ty(ty, style)
            .to_string()
    }

    /// `Class:Method (params)` as Mono's messages show it.
    #[must_use]
    pub fn method_name(&self, method: MethodPtr) -> String {
        let params = self
            .signature(method)
            .map(|s| s.params.to_vec())
            .unwrap_or_default();
        let list: Vec<String> = params
            .iter()
            .map(|&p| self.type_name_as(p, NameStyle::Message))
            .collect();
        format!(
            "{}:{} ({})",
            self.type_name_as(method.class.ty, NameStyle::Message),
            method.name,
            list.join(",")
        )
    }

    /// `ret Class.Method(params)` as missing-method messages show it.
    pub(crate) fn describe_method(&self, class: &str, name: &str, sig: &Signature) -> String {
        let show = |t| self.type_name_as(t, NameStyle::Message);
        let params: Vec<String> = sig.params.iter().map(|&p| show(p)).collect();
        format!("{} {class}.{name}({})", show(sig.ret), params.join(","))
    }

    fn param_row(&self, image: ImageId, owner: Token, index: u16) -> Option<(&LoadedImage, u32)> {
        let image = self.image(image)?;
        let rid = image
            .image()
            .generic_params(owner)
            .into_iter()
            .find(|&rid| {
                image
                    .image()
                    .generic_param(rid)
                    .is_ok_and(|row| row.number == index)
            })?;
        Some((image, rid))
    }

    /// Name of a type's parameter, empty when unknown.
    #[must_use]
    pub fn type_param_name(&self, owner: TypeDef, index: u16) -> &'static str {
        self.param_name(owner.image, Token::new(TableId::TypeDef, owner.rid), index)
    }

    /// Name of a method's parameter, empty when unknown.
    #[must_use]
    pub fn method_param_name(&self, owner: MethodDef, index: u16) -> &'static str {
        self.param_name(
            owner.image,
            Token::new(TableId::MethodDef, owner.rid),
            index,
        )
    }

    fn param_name(&self, image: ImageId, owner: Token, index: u16) -> &'static str {
        self.param_row(image, owner, index)
            .and_then(|(image, rid)| {
                image
                    .image()
                    .string(image.image().generic_param(rid).ok()?.name)
                    .ok()
            })
            .unwrap_or("")
    }

    /// Variance and constraints of a type's parameter.
    #[must_use]
    pub fn param_flags(&self, owner: TypeDef, index: u16) -> GenericParamAttributes {
        self.param_row(owner.image, Token::new(TableId::TypeDef, owner.rid), index)
            .and_then(|(image, rid)| Some(image.image().generic_param(rid).ok()?.flags))
            .unwrap_or_default()
    }

    /// Flags of the parameter that a `Var` or `MVar` type is.
    #[must_use]
    pub fn param_flags_of(&self, ty: TypeId) -> GenericParamAttributes {
        let (image, owner, index) = match self.universe().ty(ty) {
            Type::Var { owner, index } => {
                (owner.image, Token::new(TableId::TypeDef, owner.rid), index)
            }
            Type::MVar { owner, index } => (
                owner.image,
                Token::new(TableId::MethodDef, owner.rid),
                index,
            ),
            _ => return GenericParamAttributes::default(),
        };
        self.param_row(image, owner, index)
            .and_then(|(image, rid)| Some(image.image().generic_param(rid).ok()?.flags))
            .unwrap_or_default()
    }

    /// Constraint types of a type parameter.
    ///
    /// # Errors
    /// When a constraint cannot be resolved.
    pub fn param_constraints(&self, ty: TypeId) -> LoadResult<Vec<TypeId>> {
        let (image, owner, index, class) = match self.universe().ty(ty) {
            Type::Var { owner, index } => (
                owner.image,
                Token::new(TableId::TypeDef, owner.rid),
                index,
                owner,
            ),
            Type::MVar { owner, index } => {
                let image = self.image(owner.image);
                let rid = image
                    .and_then(|i| i.image().owner_of_method(owner.rid))
                    .unwrap_or(1);
                (
                    owner.image,
                    Token::new(TableId::MethodDef, owner.rid),
                    index,
                    TypeDef {
                        image: owner.image,
                        rid,
                    },
                )
            }
            _ => return Ok(Vec::new()),
        };
        let Some((image, rid)) = self.param_row(image, owner, index) else {
            return Ok(Vec::new());
        };
        let mut list = Vec::new();
        for row in image.image().generic_param_constraints(rid) {
            let row = image.image().generic_param_constraint(row)?;
            list.push(match self.universe().ty(ty) {
                Type::MVar { owner, .. } => {
                    self.read_type_for(image, class, owner, row.constraint)?
                }
                _ => self.read_type_in(image, class, row.constraint)?,
            });
        }
        Ok(list)
    }

    /// Whether a custom attribute of this type stands on a row.
    #[must_use]
    pub fn has_attribute(
        &self,
        image: &LoadedImage,
        parent: Token,
        namespace: &str,
        name: &str,
    ) -> bool {
        image
            .image()
            .custom_attributes(parent)
            .into_iter()
            .any(|rid| {
                attribute_type(image, rid).is_some_and(|(ns, n)| ns == namespace && n == name)
            })
    }
}

/// Namespace and name of the type of a custom attribute, by metadata alone.
pub(crate) fn attribute_type(
    image: &LoadedImage,
    rid: u32,
) -> Option<(&'static str, &'static str)> {
    let m = image.image();
    let ctor = m.custom_attribute(rid).ok()?.constructor;
    let parent = match ctor.table()? {
        TableId::MemberRef => m.member_ref(ctor.rid()).ok()?.class,
        TableId::MethodDef => Token::new(TableId::TypeDef, m.owner_of_method(ctor.rid())?),
        _ => return None,
    };
    let (namespace, name) = match parent.table()? {
        TableId::TypeRef => m
            .type_ref(parent.rid())
            .ok()
            .map(|r| (r.namespace, r.name))?,
        TableId::TypeDef => m
            .type_def(parent.rid())
            .ok()
            .map(|r| (r.namespace, r.name))?,
        _ => return None,
    };
    Some((m.string(namespace).ok()?, m.string(name).ok()?))
}
