//! References to methods and fields.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::context::Context;
use super::types::{call_conv, params};
use super::{Error, names};
use crate::sig::MethodSig;
use crate::{Rid, TableId, Token};

/// The type that stands for the module itself.
pub(super) const MODULE_TYPE: Rid = 1;

/// A method that is named somewhere, with types as text.
struct MethodName {
    /// With `::`; empty for methods of the module.
    owner: String,
    name: String,
    sig: MethodSig<String>,
}

impl MethodName {
    fn text(&self, args: &str) -> String {
        format!(
            "{}{} {}{}{args}({})",
            call_conv(self.sig.flags),
            self.sig.ret,
            self.owner,
            self.name,
            params(&self.sig)
        )
    }
}

fn bad(token: Token, expected: &'static str) -> Error {
    crate::Error::BadToken {
        token: token.0,
        expected,
    }
    .into()
}

impl Context<'_, '_> {
    /// A method token: signature, owner, name, type arguments.
    pub(super) fn method_operand(&self, token: Token) -> Result<String, Error> {
        if !token.is(TableId::MethodSpec) {
            return Ok(self.method_name(token)?.text(""));
        }
        let spec = self.method_spec(token.rid())?;
        let args = self.method_spec_sig(self.blob(spec.instantiation)?)?;
        Ok(self
            .method_name(spec.method)?
            .text(&format!("<{}>", args.join(", "))))
    }

    /// A method whose generic parameters stay open, as `.override` names it: `Name<[1]>`.
    pub(super) fn open_method(&self, token: Token) -> Result<String, Error> {
        let method = self.method_name(token)?;
        Ok(match method.sig.generic_param_count {
            0 => method.text(""),
            count => method.text(&format!("<[{count}]>")),
        })
    }

    fn method_name(&self, token: Token) -> Result<MethodName, Error> {
        match token.table() {
            Some(TableId::MethodDef) => {
                let row = self.method_def(token.rid())?;
                let owner = match self.owner_of_method(token.rid()) {
                    None | Some(MODULE_TYPE) => String::new(),
                    Some(owner) => self.type_name(Token::new(TableId::TypeDef, owner))? + "::",
                };
                Ok(MethodName {
                    owner,
                    name: names::method(self.string(row.name)?),
                    sig: self.method_sig(self.blob(row.signature)?)?,
                })
            }
            Some(TableId::MemberRef) => {
                let row = self.member_ref(token.rid())?;
                Ok(MethodName {
                    owner: self.member_owner(row.class)?,
                    name: names::method(self.string(row.name)?),
                    sig: self.method_sig(self.blob(row.signature)?)?,
                })
            }
            _ => Err(bad(token, "a method")),
        }
    }

    /// The owner of a referenced member with `::`.
    fn member_owner(&self, class: Token) -> Result<String, Error> {
        match class.table() {
            Some(TableId::TypeDef) if class.rid() == MODULE_TYPE => Ok(String::new()),
            Some(TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec) => {
                Ok(self.type_operand(class)? + "::")
            }
            Some(TableId::ModuleRef) => {
                let module = self.string(self.module_ref(class.rid())?.name)?;
                Ok(format!("[.module {}]::", names::dotted(module)))
            }
            // A call with variable arguments of a method of this module.
            Some(TableId::MethodDef) => match self.owner_of_method(class.rid()) {
                None | Some(MODULE_TYPE) => Ok(String::new()),
                Some(owner) => Ok(self.type_name(Token::new(TableId::TypeDef, owner))? + "::"),
            },
            _ => Err(bad(class, "the owner of a member")),
        }
    }

    /// A field token: type, owner, name.
    pub(super) fn field_operand(&self, token: Token) -> Result<String, Error> {
        let (owner, name, signature) = match token.table() {
            Some(TableId::Field) => {
                let row = self.field(token.rid())?;
                let owner = match self.owner_of_field(token.rid()) {
                    None | Some(MODULE_TYPE) => String::new(),
                    Some(owner) => self.type_name(Token::new(TableId::TypeDef, owner))? + "::",
                };
                (owner, row.name, row.signature)
            }
            Some(TableId::MemberRef) => {
                let row = self.member_ref(token.rid())?;
                (self.member_owner(row.class)?, row.name, row.signature)
            }
            _ => return Err(bad(token, "a field")),
        };
        let ty = self.field_sig(self.blob(signature)?)?;
        let name = names::identifier(self.string(name)?);
        Ok(format!("{ty} {owner}{name}"))
    }

    /// The operand of `ldtoken`.
    pub(super) fn any_operand(&self, token: Token) -> Result<String, Error> {
        match token.table() {
            Some(TableId::MethodDef | TableId::MethodSpec) => {
                Ok(format!("method {}", self.method_operand(token)?))
            }
            Some(TableId::Field) => Ok(format!("field {}", self.field_operand(token)?)),
            Some(TableId::MemberRef) => {
                let signature = self.member_ref(token.rid())?.signature;
                if crate::sig::is_field(self.blob(signature)?) {
                    Ok(format!("field {}", self.field_operand(token)?))
                } else {
                    Ok(format!("method {}", self.method_operand(token)?))
                }
            }
            Some(TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec) => {
                self.type_operand(token)
            }
            _ => Err(bad(token, "a type, field or method")),
        }
    }
}

/// The methods that are called `Type::Method`, or `Method` in the module itself.
pub(super) fn find(context: &Context<'_, '_>, name: &str) -> Result<Vec<Rid>, Error> {
    let (owner, method) = match name.rsplit_once("::") {
        Some((owner, method)) => (Some(owner), method),
        None => (None, name),
    };
    let mut found = Vec::new();
    for rid in context.rids(TableId::TypeDef) {
        let wanted = match owner {
            None => rid == MODULE_TYPE,
            Some(owner) => plain_name(context, rid)? == owner,
        };
        if !wanted {
            continue;
        }
        for candidate in context.type_methods(rid) {
            let row = context.method_def(candidate)?;
            if context.string_bytes(row.name)? == method.as_bytes() {
                found.push(candidate);
            }
        }
    }
    Ok(found)
}

/// A type's name as people write it: without quotes, `/` before nested types.
pub(super) fn plain_name(context: &Context<'_, '_>, type_def: Rid) -> Result<String, Error> {
    let mut parts = Vec::new();
    let mut next = Some(type_def);
    while let Some(rid) = next {
        if parts.len() > 64 {
            return Err(Error::TooDeep);
        }
        let row = context.type_def(rid)?;
        let (namespace, name) = (context.string(row.namespace)?, context.string(row.name)?);
        parts.push(if namespace.is_empty() {
            name.into()
        } else {
            format!("{namespace}.{name}")
        });
        next = context.enclosing_type(rid);
    }
    parts.reverse();
    Ok(parts.join("/"))
}
