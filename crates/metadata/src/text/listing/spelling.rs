//! Names and types in monodis' spelling, which is not the assembler's everywhere.
//!
//! It has two ways to write a type: `plain` at the top of a signature, where the arguments of a generic instance have
//! no space between them, and `nested` inside pointers, vectors and arrays.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Listing;
use crate::sig::{self, CallConv, MethodSig, SigFlags, TreeBuilder, TypeTree};
use crate::text::types::dimensions;
use crate::text::{Error, keywords};
use crate::{ElementType, Rid, TableId, Token};

/// Types enclose or name each other at most this deep.
const MAX_NESTING: u32 = 64;

/// Names of generic parameters, where they are known.
#[derive(Clone, Debug, Default)]
pub(super) struct GenericNames {
    pub(super) of_type: Vec<String>,
    pub(super) of_method: Vec<String>,
}

impl GenericNames {
    fn find(names: &[String], number: u32) -> String {
        match names.get(number as usize) {
            Some(name) => name.clone(),
            None => number.to_string(),
        }
    }
}

/// Numbers only.
pub(super) const NUMBERS: &GenericNames = &GenericNames {
    of_type: Vec::new(),
    of_method: Vec::new(),
};

/// Words that monodis quotes and the assembler does not read as something else.
#[rustfmt::skip]
const ALSO_QUOTED: &[&str] = &[
    "9", "Compilercontrolled", "brinst", "brinst.s", "brnull.s", "brzero.s", "callconv", "const", "endmac", "flags",
    "illegal", "ldc.i4.M1", "notremotable", "prefix1", "prefix2", "prefix3", "prefix4", "prefix5", "prefix6",
    "prefix7", "prefixref", "protected", "special",
];

/// Words that the assembler reads as something else, and monodis does not quote.
#[rustfmt::skip]
const NOT_QUOTED: &[&str] = &[
    "aggressiveinlining", "compilercontrolled", "conf.ovf.u1.un", "constrained.", "disablejitoptimizer",
    "enablejittracking", "forwarder", "fullorigin", "inf", "is", "lateinit", "ldelem.any", "library", "nan", "no.",
    "nooptimization", "ole", "ptr", "publickey", "readonly.", "retargetable", "stelem.any", "stind.ref", "stloc.0",
    "stloc.1", "stloc.2", "stloc.3", "stloc.s", "tail.", "throw", "unaligned.", "unbox.any", "vbbyrefstr", "volatile.",
];

/// Types of `System` with keywords.
const BUILT_IN: &[(&str, ElementType)] = &[
    ("Void", ElementType::Void),
    ("Boolean", ElementType::Boolean),
    ("Char", ElementType::Char),
    ("SByte", ElementType::I1),
    ("Byte", ElementType::U1),
    ("Int16", ElementType::I2),
    ("UInt16", ElementType::U2),
    ("Int32", ElementType::I4),
    ("UInt32", ElementType::U4),
    ("Int64", ElementType::I8),
    ("UInt64", ElementType::U8),
    ("Single", ElementType::R4),
    ("Double", ElementType::R8),
    ("String", ElementType::String),
    ("Object", ElementType::Object),
    ("TypedReference", ElementType::TypedByRef),
    ("IntPtr", ElementType::I),
    ("UIntPtr", ElementType::U),
];

/// A name in quotes unless the assembler would take it for one.
pub(super) fn escaped(name: &str) -> String {
    if let Some((outer, inner)) = name.split_once('/') {
        return format!("{}/{}", escaped(outer), escaped(inner));
    }
    let plain = |(at, part): (usize, char)| {
        part.is_ascii_alphanumeric() || "_$@?!`".contains(part) || (part == '.' && at != 0)
    };
    let reserved = keywords::is_reserved(name) && !NOT_QUOTED.contains(&name);
    if name.char_indices().all(plain) && !reserved && !ALSO_QUOTED.contains(&name) {
        return name.into();
    }
    let mut text = String::from("'");
    for part in name.chars() {
        if matches!(part, '\'' | '\\') {
            text.push('\\');
        }
        text.push(part);
    }
    text + "'"
}

impl Listing<'_, '_, '_> {
    /// `Namespace.Outer/Inner`, nothing quoted.
    pub(super) fn type_def_name(&self, type_def: Rid) -> Result<String, Error> {
        self.type_def_at(type_def, 0, |name| name.into())
    }

    fn type_def_at(
        &self,
        type_def: Rid,
        depth: u32,
        spell: fn(&str) -> String,
    ) -> Result<String, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep);
        }
        let row = self.context.type_def(type_def)?;
        let name = spell(self.context.string(row.name)?);
        if let Some(outer) = self.context.enclosing_type(type_def) {
            return Ok(format!(
                "{}/{name}",
                self.type_def_at(outer, depth + 1, spell)?
            ));
        }
        let namespace = self.context.string(row.namespace)?;
        let dot = if namespace.is_empty() { "" } else { "." };
        Ok(format!("{namespace}{dot}{name}"))
    }

    /// `[assembly]Namespace.Outer/Inner`, nothing of the type quoted.
    pub(super) fn type_ref_name(&self, type_ref: Rid) -> Result<String, Error> {
        self.type_ref_at(type_ref, 0, |name| name.into())
    }

    fn type_ref_at(
        &self,
        type_ref: Rid,
        depth: u32,
        spell: fn(&str) -> String,
    ) -> Result<String, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep);
        }
        let row = self.context.type_ref(type_ref)?;
        let name = spell(self.context.string(row.name)?);
        let scope = row.resolution_scope;
        let prefix = match scope.table() {
            Some(TableId::TypeRef) if !scope.is_nil() => {
                let outer = self.type_ref_at(scope.rid(), depth + 1, spell)?;
                return Ok(format!("{outer}/{name}"));
            }
            Some(TableId::AssemblyRef) if !scope.is_nil() => {
                let assembly = self.context.assembly_ref(scope.rid())?.name;
                format!("[{}]", escaped(self.context.string(assembly)?))
            }
            Some(TableId::ModuleRef) if !scope.is_nil() => {
                let module = self.context.module_ref(scope.rid())?.name;
                format!("[.module {}]", escaped(self.context.string(module)?))
            }
            Some(TableId::Module) if !scope.is_nil() => {
                let module = self.context.module(scope.rid())?.name;
                format!("[{}] ", escaped(self.context.string(module)?))
            }
            _ => String::new(),
        };
        let namespace = self.context.string(row.namespace)?;
        let dot = if namespace.is_empty() { "" } else { "." };
        Ok(format!("{prefix}{namespace}{dot}{name}"))
    }

    /// A type by its row: definitions and references without a keyword.
    pub(super) fn type_row(&self, token: Token) -> Result<String, Error> {
        match token.table() {
            Some(TableId::TypeDef) => self.type_def_name(token.rid()),
            Some(TableId::TypeRef) => self.type_ref_name(token.rid()),
            _ => self.type_spec_text(token.rid()),
        }
    }

    /// A type by its row as the owner of a member: with a keyword.
    pub(super) fn owner(&self, token: Token) -> Result<String, Error> {
        if token.is(TableId::TypeSpec) {
            return self.nested(&self.type_spec_tree(token.rid())?, NUMBERS, 0);
        }
        match self.built_in(token)? {
            Some(keyword) => Ok(keyword.into()),
            None => self.class(token, self.is_value_type(token)?),
        }
    }

    /// The keyword of a type that has one.
    fn built_in(&self, token: Token) -> Result<Option<&'static str>, Error> {
        let (namespace, name, is_library) = if token.is(TableId::TypeRef) {
            let row = self.context.type_ref(token.rid())?;
            let is_outer = row.resolution_scope.is(TableId::AssemblyRef);
            (row.namespace, row.name, is_outer)
        } else {
            let row = self.context.type_def(token.rid())?;
            // The library that defines them refers to no other.
            let is_library = self.context.row_count(TableId::AssemblyRef) == 0;
            (row.namespace, row.name, is_library)
        };
        if !is_library || self.context.string(namespace)? != "System" {
            return Ok(None);
        }
        let name = self.context.string(name)?;
        let found = BUILT_IN.iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, element)| primitive(*element)))
    }

    fn is_value_type(&self, token: Token) -> Result<bool, Error> {
        if token.is(TableId::TypeRef) {
            return Ok(self.context.is_value_type(token.rid()));
        }
        let extends = self.context.type_def(token.rid())?.extends;
        if extends.is_nil() || extends.is(TableId::TypeSpec) {
            return Ok(false);
        }
        let base = self.type_row(extends)?;
        let base = base.rsplit(']').next().unwrap_or("");
        let name = self.type_def_name(token.rid())?;
        Ok(base == "System.ValueType" && name != "System.Enum" || base == "System.Enum")
    }

    fn class(&self, token: Token, is_value_type: bool) -> Result<String, Error> {
        let keyword = if is_value_type { "valuetype" } else { "class" };
        let name = if token.is(TableId::TypeDef) {
            self.type_def_at(token.rid(), 0, escaped)?
        } else {
            self.type_ref_at(token.rid(), 0, escaped)?
        };
        Ok(format!("{keyword} {name}"))
    }

    pub(super) fn type_spec_tree(&self, type_spec: Rid) -> Result<TypeTree, Error> {
        let blob = self
            .context
            .blob(self.context.type_spec(type_spec)?.signature)?;
        Ok(sig::read_type(blob, &mut TreeBuilder)?)
    }

    /// The `TypeSpec` table's own way: an array's dimensions stand apart.
    pub(super) fn type_spec_text(&self, type_spec: Rid) -> Result<String, Error> {
        let tree = self.type_spec_tree(type_spec)?;
        match &tree {
            TypeTree::Pointer(inner) => self.modified_plain(inner, "*"),
            TypeTree::SzArray(inner) => self.modified_plain(inner, "[]"),
            TypeTree::Array(inner, shape) => {
                Ok(format!("{} [{}]", self.plain(inner, 0)?, dimensions(shape)))
            }
            _ => self.plain(&tree, 0),
        }
    }

    /// Modifiers first, as only `TypeSpec` has them.
    fn modified_plain(&self, tree: &TypeTree, after: &str) -> Result<String, Error> {
        let (mods, bare) = self.split_modifiers(tree)?;
        let mods = if mods.is_empty() { mods } else { mods + " " };
        Ok(format!("{mods}{}{after}", self.plain(bare, 0)?))
    }

    /// A type at the top of a signature.
    pub(super) fn plain(&self, tree: &TypeTree, depth: u32) -> Result<String, Error> {
        match tree {
            TypeTree::GenericInst(definition, args) => {
                let args: Vec<String> = args
                    .iter()
                    .map(|arg| self.plain(arg, depth))
                    .collect::<Result<_, _>>()?;
                Ok(format!(
                    "{}<{}>",
                    self.plain(definition, depth)?,
                    args.join(",")
                ))
            }
            _ => self.nested(tree, NUMBERS, depth),
        }
    }

    /// A type inside another, or one of a method's definition.
    pub(super) fn nested(
        &self,
        tree: &TypeTree,
        names: &GenericNames,
        depth: u32,
    ) -> Result<String, Error> {
        if depth > MAX_NESTING {
            return Err(Error::TooDeep);
        }
        let inside = |tree: &TypeTree| self.nested(tree, names, depth);
        Ok(match tree {
            TypeTree::Primitive(element) => primitive(*element).into(),
            TypeTree::Class { token, .. } if token.is(TableId::TypeSpec) => {
                self.nested(&self.type_spec_tree(token.rid())?, names, depth + 1)?
            }
            TypeTree::Class {
                token,
                is_value_type,
            } => self.class(*token, *is_value_type)?,
            TypeTree::SzArray(element) => inside(element)? + "[]",
            TypeTree::Array(element, shape) => {
                format!("{}[{}]", inside(element)?, dimensions(shape))
            }
            TypeTree::Pointer(target) => inside(target)? + "*",
            TypeTree::GenericInst(definition, args) => {
                let args: Vec<String> = args.iter().map(inside).collect::<Result<_, _>>()?;
                format!("{}<{}>", inside(definition)?, args.join(", "))
            }
            TypeTree::Var(number) => format!("!{}", GenericNames::find(&names.of_type, *number)),
            TypeTree::MVar(number) => {
                format!("!!{}", GenericNames::find(&names.of_method, *number))
            }
            TypeTree::FnPtr(sig) => format!("method {}", self.function(sig, names, depth)?),
            TypeTree::ByRef(_) | TypeTree::Modified { .. } | TypeTree::Pinned(_) => {
                self.decorated(tree, names, depth)?
            }
        })
    }

    /// A reference, pinned or modified: the bare type comes first, then what was before it, in a fixed order.
    fn decorated(
        &self,
        tree: &TypeTree,
        names: &GenericNames,
        depth: u32,
    ) -> Result<String, Error> {
        let (mut by_ref, mut pinned, mut mods) = ("", "", Vec::new());
        let mut bare = tree;
        loop {
            bare = match bare {
                TypeTree::ByRef(target) => {
                    by_ref = "&";
                    target
                }
                TypeTree::Pinned(ty) => {
                    pinned = " pinned";
                    ty
                }
                TypeTree::Modified {
                    required,
                    modifier,
                    ty,
                } => {
                    mods.push(self.modifier(*required, *modifier)?);
                    ty
                }
                _ => break,
            };
        }
        let bare = self.nested(bare, names, depth)?;
        let mods = if mods.is_empty() {
            String::new()
        } else {
            format!(" {} ", mods.join("  "))
        };
        Ok(format!("{bare}{by_ref}{pinned}{mods}"))
    }

    fn modifier(&self, required: bool, modifier: Token) -> Result<String, Error> {
        let keyword = if required { "modreq" } else { "modopt" };
        Ok(format!("{keyword} ({})", self.type_row(modifier)?))
    }

    /// The modifiers before a type, last first, and the type; the first of them has a space before it.
    pub(super) fn split_modifiers<'t>(
        &self,
        tree: &'t TypeTree,
    ) -> Result<(String, &'t TypeTree), Error> {
        let (mut text, mut bare) = (String::new(), tree);
        while let TypeTree::Modified {
            required,
            modifier,
            ty,
        } = bare
        {
            let one = self.modifier(*required, *modifier)?;
            text = if text.is_empty() {
                format!(" {one}")
            } else {
                format!("{one} {text}")
            };
            bare = ty;
        }
        Ok((text, bare))
    }

    fn function(
        &self,
        sig: &MethodSig<TypeTree>,
        names: &GenericNames,
        depth: u32,
    ) -> Result<String, Error> {
        let params: Vec<String> = sig
            .params
            .iter()
            .map(|param| self.nested(param, names, depth))
            .collect::<Result<_, _>>()?;
        let ret = self.nested(&sig.ret, names, depth)?;
        Ok(format!(
            "{} {ret}  *({}) ",
            call_conv(sig.flags),
            params.join(", ")
        ))
    }

    /// A parameter of a reference's or instance's signature.
    pub(super) fn param_text(&self, tree: &TypeTree) -> Result<String, Error> {
        let (mods, bare) = self.split_modifiers(tree)?;
        let mods = if mods.is_empty() { mods } else { mods + " " };
        Ok(match bare {
            TypeTree::Primitive(ElementType::TypedByRef) => format!(" typedref {mods}"),
            TypeTree::ByRef(target) => format!("[out] {}&{mods}", self.plain(target, 0)?),
            _ => self.plain(bare, 0)? + &mods,
        })
    }

    /// The return type of a reference's or instance's signature.
    pub(super) fn return_text(&self, tree: &TypeTree) -> Result<String, Error> {
        let (mods, bare) = self.split_modifiers(tree)?;
        let mods = if mods.is_empty() { mods } else { mods + " " };
        Ok(match bare {
            TypeTree::ByRef(target) => format!("{}& {mods}", self.plain(target, 0)?),
            _ => self.plain(bare, 0)? + &mods,
        })
    }
}

/// The words for a calling convention.
pub(super) const fn call_conv(flags: SigFlags) -> &'static str {
    match flags.call_conv() {
        Some(CallConv::Default) => "default",
        Some(CallConv::C) => "unmanaged cdecl",
        Some(CallConv::StdCall) => "unmanaged stdcall",
        Some(CallConv::ThisCall) => "unmanaged thiscall",
        Some(CallConv::FastCall) => "unmanaged fastcall",
        Some(CallConv::VarArg) => "vararg",
        Some(CallConv::Unmanaged) => "unmanaged",
        None => "invalid-flags",
    }
}

/// The keyword of a type without anything more.
pub(super) const fn primitive(element: ElementType) -> &'static str {
    match element {
        ElementType::U1 => "unsigned int8",
        ElementType::U2 => "unsigned int16",
        ElementType::U4 => "unsigned int32",
        ElementType::U8 => "unsigned int64",
        ElementType::U => "native unsigned int",
        _ => crate::text::types::primitive(element),
    }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn names_are_quoted_as_monodis_does() {
        assert_eq!(escaped("List`1"), "List`1");
        assert_eq!(escaped(".ctor"), "'.ctor'");
        assert_eq!(escaped("<>c/a b"), "'<>c'/'a b'");
        assert_eq!(escaped("value"), "'value'");
        assert_eq!(escaped("it's"), "'it\\'s'");
        assert_eq!(escaped("$ArrayType=120"), "'$ArrayType=120'");
    }
}
