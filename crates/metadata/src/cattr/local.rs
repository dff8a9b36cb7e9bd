//! A resolver that looks no further than one image.

use alloc::collections::BTreeMap;

use super::{ClassKind, TypeResolver};
use crate::sig::{self, TreeBuilder, TypeTree};
use crate::{
    ElementType, FieldAttributes, Metadata, NestedTypeIndex, Rid, TableId, Token, TypeNameIndex,
};

/// Resolves `System.Type` by name and enumerations that the image itself defines; knows no others.
#[derive(Clone, Debug)]
pub struct LocalResolver<'i, 'a> {
    metadata: &'i Metadata<'a>,
    types: TypeNameIndex,
    nested: NestedTypeIndex,
    /// Enumerations that were asked for.
    known: BTreeMap<Rid, Option<ElementType>>,
}

impl<'i, 'a> LocalResolver<'i, 'a> {
    /// Indexes the image's types.
    #[must_use]
    pub fn new(metadata: &'i Metadata<'a>) -> Self {
        let (types, nested) = (TypeNameIndex::new(metadata), NestedTypeIndex::new(metadata));
        Self {
            metadata,
            types,
            nested,
            known: BTreeMap::new(),
        }
    }

    fn by_name(namespace: &str, name: &str) -> Option<ClassKind> {
        match (namespace, name) {
            ("System", "Type") => Some(ClassKind::Type),
            ("System", "Object") => Some(ClassKind::Object),
            ("System", "String") => Some(ClassKind::String),
            _ => None,
        }
    }

    fn underlying(&mut self, type_def: Rid) -> Option<ElementType> {
        if let Some(known) = self.known.get(&type_def) {
            return *known;
        }
        let found = self.find_underlying(type_def);
        self.known.insert(type_def, found);
        found
    }

    /// The type of the one instance field of an enumeration.
    fn find_underlying(&self, type_def: Rid) -> Option<ElementType> {
        let field = self
            .metadata
            .type_fields(type_def)
            .filter_map(|rid| self.metadata.field(rid).ok());
        let field = field
            .into_iter()
            .find(|row| !row.flags.contains(FieldAttributes::STATIC))?;
        match sig::read_field(self.metadata.blob(field.signature).ok()?, &mut TreeBuilder) {
            Ok(TypeTree::Primitive(element)) if element.fixed_size().is_some() => Some(element),
            _ => None,
        }
    }
}

impl TypeResolver for LocalResolver<'_, '_> {
    fn class(&mut self, token: Token, is_value_type: bool) -> Option<ClassKind> {
        let (namespace, name) = match token.table()? {
            TableId::TypeDef if is_value_type => {
                return self.underlying(token.rid()).map(ClassKind::Enum);
            }
            TableId::TypeDef => {
                let row = self.metadata.type_def(token.rid()).ok()?;
                (row.namespace, row.name)
            }
            TableId::TypeRef => {
                let row = self.metadata.type_ref(token.rid()).ok()?;
                (row.namespace, row.name)
            }
            _ => return None,
        };
        Self::by_name(
            self.metadata.string(namespace).ok()?,
            self.metadata.string(name).ok()?,
        )
    }

    fn enum_by_name(&mut self, name: &str) -> Option<ElementType> {
        // Backslashes escape special characters; such names are left to a real resolver.
        let name = name.split(',').next()?.trim();
        let mut parts = name.split('+');
        let outer = parts.next()?;
        let (namespace, outer) = outer.rsplit_once('.').unwrap_or(("", outer));
        let outer = self.types.find(self.metadata, namespace, outer)?;
        let found = parts.try_fold(outer, |outer, inner| {
            self.nested.find(self.metadata, outer, inner)
        })?;
        self.underlying(found)
    }
}
