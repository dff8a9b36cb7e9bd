//! What every part of the text needs to know about the image.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Deref;

use super::classes::ClassTokens;
use super::{Error, cycles, names};
use crate::sig;
use crate::{Image, Metadata, NestedTypeIndex, Rid, TableId, Token};

/// Types nest at most this deep in text.
const MAX_NESTING: u32 = 64;

/// An image with what was found out about it.
#[derive(Clone, Debug)]
pub(super) struct Context<'i, 'a> {
    metadata: &'i Metadata<'a>,
    /// Missing for a Portable PDB, which has tables only.
    image: Option<&'i Image<'a>>,
    pub(super) nested: NestedTypeIndex,
    /// By row of `TypeRef` (from 0): some signature calls it a value type.
    value_types: Box<[bool]>,
    /// By row of `TypeDef` (from 0): its base names types of this assembly from outside (see [`cycles`]).
    outside_bases: Box<[bool]>,
    /// This assembly's name, when some base names it.
    pub(super) own_name: Option<String>,
}

impl<'i, 'a> Deref for Context<'i, 'a> {
    type Target = Metadata<'a>;

    fn deref(&self) -> &Metadata<'a> {
        self.metadata
    }
}

impl<'i, 'a> Context<'i, 'a> {
    pub(super) fn new(metadata: &'i Metadata<'a>, image: Option<&'i Image<'a>>) -> Self {
        let value_types = value_types(metadata);
        let mut outside_bases = cycles::find(metadata);
        let own_name = metadata
            .assembly(1)
            .and_then(|row| metadata.string(row.name))
            .ok()
            .filter(|_| outside_bases.contains(&true))
            // The assembler must know from the start when it assembles mscorlib.
            .filter(|name| *name != "mscorlib")
            .map(names::dotted);
        if own_name.is_none() {
            outside_bases.clear();
        }
        Self {
            metadata,
            image,
            nested: NestedTypeIndex::new(metadata),
            value_types: value_types.into_boxed_slice(),
            outside_bases: outside_bases.into_boxed_slice(),
            own_name,
        }
    }

    /// The prefix of this assembly's types in the base of a type, when they must be named from outside.
    pub(super) fn outside_prefix(&self, type_def: Rid) -> Option<String> {
        let index = type_def.wrapping_sub(1) as usize;
        let name = self.own_name.as_ref()?;
        let outside = self.outside_bases.get(index).copied().unwrap_or(false);
        outside.then(|| format!("[{name}]"))
    }

    /// Tables and heaps.
    pub(super) const fn metadata(&self) -> &'i Metadata<'a> {
        self.metadata
    }

    /// The file around the metadata.
    pub(super) fn image(&self) -> Result<&'i Image<'a>, Error> {
        self.image.ok_or(Error::NoImage)
    }

    /// True for mscorlib itself.
    pub(super) fn is_corlib(&self) -> bool {
        self.is_own_name("mscorlib")
    }

    /// True when this is the assembly's name.
    pub(super) fn is_own_name(&self, name: &str) -> bool {
        self.assembly(1)
            .and_then(|row| self.string(row.name))
            .is_ok_and(|own| own == name)
    }

    /// True when a reference must be written as a value type: the assembler decides at the first mention.
    pub(super) fn is_value_type(&self, type_ref: Rid) -> bool {
        let row = type_ref.wrapping_sub(1) as usize;
        self.value_types.get(row).copied().unwrap_or(false)
    }

    /// A type's name without any keyword: `[mscorlib]System.Environment/SpecialFolder`.
    pub(super) fn type_name(&self, token: Token) -> Result<String, Error> {
        self.type_name_at(token, 0)
    }

    fn type_name_at(&self, token: Token, depth: u32) -> Result<String, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep);
        }
        if token.is(TableId::TypeDef) {
            let row = self.type_def(token.rid())?;
            let name = self.full_name(row.namespace, row.name)?;
            return match self.enclosing_type(token.rid()) {
                None => Ok(name),
                Some(outer) => {
                    let outer = Token::new(TableId::TypeDef, outer);
                    Ok(format!("{}/{name}", self.type_name_at(outer, depth + 1)?))
                }
            };
        }
        let row = self.type_ref(token.rid())?;
        let name = self.full_name(row.namespace, row.name)?;
        let scope = row.resolution_scope;
        match scope.table() {
            Some(TableId::TypeRef) if !scope.is_nil() => {
                Ok(format!("{}/{name}", self.type_name_at(scope, depth + 1)?))
            }
            Some(TableId::AssemblyRef) if !scope.is_nil() => {
                let assembly = self.string(self.assembly_ref(scope.rid())?.name)?;
                Ok(format!("[{}]{name}", names::dotted(assembly)))
            }
            Some(TableId::ModuleRef) if !scope.is_nil() => {
                let module = self.string(self.module_ref(scope.rid())?.name)?;
                Ok(format!("[.module {}]{name}", names::dotted(module)))
            }
            _ => Ok(name),
        }
    }

    /// Namespace and name as one quoted name.
    pub(super) fn full_name(
        &self,
        namespace: crate::StringIndex,
        name: crate::StringIndex,
    ) -> Result<String, Error> {
        let (namespace, name) = (self.string(namespace)?, self.string(name)?);
        Ok(if namespace.is_empty() {
            names::dotted(name)
        } else {
            names::dotted(&format!("{namespace}.{name}"))
        })
    }

    /// True for the primitive types of mscorlib, which have signatures of their own.
    fn is_primitive_ref(&self, type_ref: Rid) -> bool {
        is_primitive_ref(self.metadata, type_ref)
    }

    /// A type token as an operand: a name, with `valuetype` where the assembler must know; a constructed type in full.
    pub(super) fn type_operand(&self, token: Token) -> Result<String, Error> {
        if token.is(TableId::TypeSpec) {
            return self.type_spec_text(token.rid());
        }
        let name = self.type_name(token)?;
        let is_ref = token.is(TableId::TypeRef);
        if is_ref && (self.is_value_type(token.rid()) || self.is_primitive_ref(token.rid())) {
            Ok(if name.contains("[.module ") {
                format!("value class {name}")
            } else {
                format!("valuetype {name}")
            })
        } else {
            Ok(name)
        }
    }
}

/// Types of `System` in mscorlib that are value types by their names.
fn is_primitive_ref(metadata: &Metadata<'_>, type_ref: Rid) -> bool {
    const NAMES: [&str; 16] = [
        "Void",
        "Boolean",
        "Char",
        "SByte",
        "Byte",
        "Int16",
        "UInt16",
        "Int32",
        "UInt32",
        "Int64",
        "UInt64",
        "Single",
        "Double",
        "IntPtr",
        "UIntPtr",
        "TypedReference",
    ];
    let Ok(row) = metadata.type_ref(type_ref) else {
        return false;
    };
    let corlib = row.resolution_scope.is(TableId::AssemblyRef)
        && metadata
            .assembly_ref(row.resolution_scope.rid())
            .and_then(|assembly| metadata.string(assembly.name))
            .is_ok_and(|name| name == "mscorlib");
    corlib
        && metadata.string(row.namespace) == Ok("System")
        && metadata
            .string(row.name)
            .is_ok_and(|name| NAMES.contains(&name))
}

/// The references that signatures call value types, by row.
///
/// Malformed signatures are met again, with their place, when they are written.
fn value_types(metadata: &Metadata<'_>) -> Vec<bool> {
    let mut found = vec![false; metadata.row_count(TableId::TypeRef) as usize];
    let mut visit = ClassTokens(|token: Token, is_value_type| {
        if is_value_type
            && token.is(TableId::TypeRef)
            && let Some(found) = found.get_mut(token.rid().wrapping_sub(1) as usize)
        {
            *found = true;
        }
    });
    for rid in metadata.rids(TableId::MethodDef) {
        let blob = metadata
            .method_def(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| sig::read_method(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::Field) {
        let blob = metadata
            .field(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| sig::read_field(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::MemberRef) {
        let blob = metadata
            .member_ref(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| sig::read_member(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::Property) {
        let blob = metadata
            .property(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| sig::read_property(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::TypeSpec) {
        let blob = metadata
            .type_spec(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| sig::read_type(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::MethodSpec) {
        let blob = metadata
            .method_spec(rid)
            .and_then(|row| metadata.blob(row.instantiation));
        let _ = blob.map(|blob| sig::read_method_spec(blob, &mut visit));
    }
    for rid in metadata.rids(TableId::StandAloneSig) {
        let blob = metadata
            .stand_alone_sig(rid)
            .and_then(|row| metadata.blob(row.signature));
        let _ = blob.map(|blob| {
            if blob.first() == Some(&sig::SigFlags::LOCALS) {
                sig::read_locals(blob, &mut visit).map(drop)
            } else {
                sig::read_method(blob, &mut visit).map(drop)
            }
        });
    }
    found
}
