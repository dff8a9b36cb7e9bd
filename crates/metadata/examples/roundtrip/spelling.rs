//! Types and members as names that mean the same in two images.

use anyhow::{Context as _, Result, bail};
use ferrocil_metadata::sig::{self, MemberSig, MethodSig, TreeBuilder, TypeTree};
use ferrocil_metadata::{ElementType, FieldAttributes, Image, Rid, TableId, Token};

/// Types nest at most this deep.
const MAX_NESTING: u32 = 64;

/// Names of one image.
pub struct Spelling<'i, 'a> {
    image: &'i Image<'a>,
    own: &'a str,
}

impl<'i, 'a> Spelling<'i, 'a> {
    pub fn new(image: &'i Image<'a>) -> Self {
        let own = image.assembly(1).and_then(|row| image.string(row.name));
        Self {
            image,
            own: own.unwrap_or(""),
        }
    }

    /// True for this assembly's name.
    pub fn is_own(&self, assembly: &str) -> bool {
        assembly == self.own
    }

    pub fn type_def(&self, rid: Rid) -> Result<String> {
        self.name(Token::new(TableId::TypeDef, rid), 0)
    }

    fn full_name(&self, namespace: &str, name: &str) -> String {
        if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}.{name}")
        }
    }

    fn name(&self, token: Token, depth: u32) -> Result<String> {
        if depth > MAX_NESTING {
            bail!("types nest too deep");
        }
        let image = self.image;
        match token.table() {
            Some(TableId::TypeDef) => {
                let row = image.type_def(token.rid())?;
                let name = self.full_name(image.string(row.namespace)?, image.string(row.name)?);
                match image.enclosing_type(token.rid()) {
                    None => Ok(name),
                    Some(outer) => {
                        let outer = self.name(Token::new(TableId::TypeDef, outer), depth + 1)?;
                        Ok(format!("{outer}/{name}"))
                    }
                }
            }
            Some(TableId::TypeRef) => {
                let row = image.type_ref(token.rid())?;
                let name = self.full_name(image.string(row.namespace)?, image.string(row.name)?);
                let scope = row.resolution_scope;
                match scope.table() {
                    Some(TableId::TypeRef) => {
                        Ok(format!("{}/{name}", self.name(scope, depth + 1)?))
                    }
                    Some(TableId::AssemblyRef) => {
                        let assembly = image.string(image.assembly_ref(scope.rid())?.name)?;
                        // A reference to the assembly itself is the type itself.
                        if assembly == self.own {
                            Ok(name)
                        } else {
                            Ok(format!("[{assembly}]{name}"))
                        }
                    }
                    Some(TableId::ModuleRef) => {
                        let module = image.string(image.module_ref(scope.rid())?.name)?;
                        Ok(format!("[module {module}]{name}"))
                    }
                    _ => Ok(name),
                }
            }
            _ => bail!("{token:?} is no type"),
        }
    }

    /// A type where a token stands for it: the class `System.Int32` and the primitive type are the same.
    pub fn operand(&self, token: Token) -> Result<String> {
        if token.is(TableId::TypeSpec) {
            let row = self.image.type_spec(token.rid())?;
            let tree = sig::read_type(self.image.blob(row.signature)?, &mut TreeBuilder)?;
            if let TypeTree::Primitive(element) = tree {
                return Ok(self.class_of(element));
            }
            return self.tree(&tree);
        }
        self.name(token, 0)
    }

    fn class_of(&self, element: ElementType) -> String {
        let name = match element {
            ElementType::Void => "Void",
            ElementType::Boolean => "Boolean",
            ElementType::Char => "Char",
            ElementType::I1 => "SByte",
            ElementType::U1 => "Byte",
            ElementType::I2 => "Int16",
            ElementType::U2 => "UInt16",
            ElementType::I4 => "Int32",
            ElementType::U4 => "UInt32",
            ElementType::I8 => "Int64",
            ElementType::U8 => "UInt64",
            ElementType::R4 => "Single",
            ElementType::R8 => "Double",
            ElementType::String => "String",
            ElementType::TypedByRef => "TypedReference",
            ElementType::I => "IntPtr",
            ElementType::U => "UIntPtr",
            _ => "Object",
        };
        if self.own == "mscorlib" {
            format!("System.{name}")
        } else {
            format!("[mscorlib]System.{name}")
        }
    }

    fn tree(&self, tree: &TypeTree) -> Result<String> {
        Ok(match tree {
            TypeTree::Primitive(element) => format!("{element:?}"),
            TypeTree::Class {
                token,
                is_value_type,
            } => {
                if token.is(TableId::TypeSpec) {
                    self.operand(*token)?
                } else {
                    let name = self.name(*token, 0)?;
                    let kind = if *is_value_type { "value" } else { "class" };
                    match name.strip_prefix("[mscorlib]") {
                        Some("System.String") if !is_value_type => "String".to_owned(),
                        Some("System.Object") if !is_value_type => "Object".to_owned(),
                        _ => format!("{kind} {name}"),
                    }
                }
            }
            TypeTree::SzArray(element) => format!("{}[]", self.tree(element)?),
            TypeTree::Array(element, shape) => format!(
                "{}[rank {} sizes {:?} lower {:?}]",
                self.tree(element)?,
                shape.rank,
                shape.sizes,
                shape.lower_bounds
            ),
            TypeTree::Pointer(target) => format!("{}*", self.tree(target)?),
            TypeTree::ByRef(target) => format!("{}&", self.tree(target)?),
            TypeTree::GenericInst(definition, args) => {
                format!("{}<{}>", self.tree(definition)?, self.trees(args)?)
            }
            TypeTree::Var(number) => format!("!{number}"),
            TypeTree::MVar(number) => format!("!!{number}"),
            TypeTree::FnPtr(sig) => format!("function {}", self.sig("*", sig)?),
            TypeTree::Modified {
                required,
                modifier,
                ty,
            } => format!(
                "{} mod({required} {})",
                self.tree(ty)?,
                self.operand(*modifier)?
            ),
            TypeTree::Pinned(ty) => format!("{} pinned", self.tree(ty)?),
        })
    }

    fn trees(&self, trees: &[TypeTree]) -> Result<String> {
        let texts: Result<Vec<String>> = trees.iter().map(|tree| self.tree(tree)).collect();
        Ok(texts?.join(", "))
    }

    fn sig(&self, name: &str, sig: &MethodSig<TypeTree>) -> Result<String> {
        // A sentinel with nothing after it says nothing.
        let sentinel = sig.sentinel.filter(|fixed| *fixed < sig.params.len());
        Ok(format!(
            "{:#x} {} {name}`{}({}) {}",
            sig.flags.0,
            self.tree(&sig.ret)?,
            sig.generic_param_count,
            self.trees(&sig.params)?,
            sentinel.map_or(String::new(), |fixed| format!("sentinel {fixed}"))
        ))
    }

    pub fn field_sig(&self, blob: &[u8]) -> Result<String> {
        self.tree(&sig::read_field(blob, &mut TreeBuilder)?)
    }

    pub fn locals_sig(&self, blob: &[u8]) -> Result<Vec<String>> {
        let locals = sig::read_locals(blob, &mut TreeBuilder)?;
        locals.iter().map(|local| self.tree(local)).collect()
    }

    pub fn property_sig(&self, blob: &[u8]) -> Result<String> {
        let sig = sig::read_property(blob, &mut TreeBuilder)?;
        Ok(format!(
            "{} {} ({})",
            sig.has_this,
            self.tree(&sig.ty)?,
            self.trees(&sig.params)?
        ))
    }

    /// A method token: owner, signature, arguments.
    pub fn method(&self, token: Token) -> Result<String> {
        let image = self.image;
        match token.table() {
            Some(TableId::MethodDef) => {
                let row = image.method_def(token.rid())?;
                let owner = image.owner_of_method(token.rid()).context("no owner")?;
                let name = format!("{}::{}", self.type_def(owner)?, image.string(row.name)?);
                let sig = sig::read_method(image.blob(row.signature)?, &mut TreeBuilder)?;
                self.sig(&name, &sig)
            }
            Some(TableId::MemberRef) => self.member(token),
            Some(TableId::MethodSpec) => {
                let row = image.method_spec(token.rid())?;
                let args = image.blob(row.instantiation)?;
                let args = sig::read_method_spec(args, &mut TreeBuilder)?;
                Ok(format!(
                    "{}<{}>",
                    self.method(row.method)?,
                    self.trees(&args)?
                ))
            }
            _ => bail!("{token:?} is no method"),
        }
    }

    fn member(&self, token: Token) -> Result<String> {
        let image = self.image;
        let row = image.member_ref(token.rid())?;
        let owner = match row.class.table() {
            Some(TableId::MethodDef) => {
                let owner = image.owner_of_method(row.class.rid()).context("no owner")?;
                self.type_def(owner)?
            }
            Some(TableId::ModuleRef) => {
                let module = image.string(image.module_ref(row.class.rid())?.name)?;
                format!("[module {module}]<Module>")
            }
            _ => self.operand(row.class)?,
        };
        let name = format!("{owner}::{}", image.string(row.name)?);
        match sig::read_member(image.blob(row.signature)?, &mut TreeBuilder)? {
            MemberSig::Field(ty) => Ok(format!("field {} {name}", self.tree(&ty)?)),
            MemberSig::Method(sig) => self.sig(&name, &sig),
        }
    }

    /// Any token that an instruction carries.
    pub fn any(&self, token: Token) -> Result<String> {
        let image = self.image;
        match token.table() {
            Some(TableId::Field) => {
                let row = image.field(token.rid())?;
                let owner = image.owner_of_field(token.rid()).context("no owner")?;
                let ty = self.field_sig(image.blob(row.signature)?)?;
                let name = image.string(row.name)?;
                Ok(format!("field {ty} {}::{name}", self.type_def(owner)?))
            }
            Some(TableId::MethodDef | TableId::MemberRef | TableId::MethodSpec) => {
                self.method(token)
            }
            Some(TableId::StandAloneSig) => {
                let row = image.stand_alone_sig(token.rid())?;
                let sig = sig::read_method(image.blob(row.signature)?, &mut TreeBuilder)?;
                self.sig("*", &sig)
            }
            _ => self.operand(token),
        }
    }

    /// Bytes of a field's initial data, when its type says so: a number, or a type with a size.
    pub fn data_len(&self, field: Rid) -> Result<Option<u32>> {
        let image = self.image;
        let blob = image.blob(image.field(field)?.signature)?;
        Ok(match sig::read_field(blob, &mut TreeBuilder)? {
            TypeTree::Primitive(element) => element.fixed_size(),
            TypeTree::Class {
                token,
                is_value_type: true,
            } if token.is(TableId::TypeDef) => match image.class_layout_of(token.rid()) {
                Some(rid) => Some(image.class_layout(rid)?.class_size),
                None => Some(self.least_size(token.rid())?),
            },
            _ => None,
        })
    }

    /// What the numbers among a type's fields need at least.
    fn least_size(&self, ty: Rid) -> Result<u32> {
        let mut size = 0_u32;
        for field in self.image.type_fields(ty) {
            let row = self.image.field(field)?;
            let ty = sig::read_field(self.image.blob(row.signature)?, &mut TreeBuilder)?;
            if let TypeTree::Primitive(element) = ty
                && !row.flags.contains(FieldAttributes::STATIC)
            {
                size = size.saturating_add(element.fixed_size().unwrap_or(0));
            }
        }
        Ok(size)
    }
}
