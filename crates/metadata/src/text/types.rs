//! Types and signatures.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Error;
use super::context::Context;
use crate::sig::{self, ArrayShape, CallConv, MethodSig, SigFlags, TypeBuilder};
use crate::{ElementType, Rid, TableId, Token};

/// Type specifications name each other at most this deep.
const MAX_SPECS: u32 = 8;

/// Makes text of types.
struct Spelling<'c, 'i, 'a> {
    context: &'c Context<'i, 'a>,
    specs: u32,
    /// Goes before names of this assembly's types; the first class (the base itself) is left as it is.
    prefix: Option<(&'c str, bool)>,
}

impl Context<'_, '_> {
    fn spelling(&self) -> Spelling<'_, '_, '_> {
        Spelling {
            context: self,
            specs: 0,
            prefix: None,
        }
    }

    /// A method signature with types as text.
    pub(super) fn method_sig(&self, blob: &[u8]) -> Result<MethodSig<String>, Error> {
        sig::read_method(blob, &mut self.spelling())
    }

    /// A method signature without a name.
    pub(super) fn method_sig_text(&self, blob: &[u8]) -> Result<String, Error> {
        let sig = self.method_sig(blob)?;
        let generic = match sig.generic_param_count {
            0 => String::new(),
            count => format!("<[{count}]>"),
        };
        Ok(format!(
            "{}{} {generic}({})",
            call_conv(sig.flags),
            sig.ret,
            params(&sig)
        ))
    }

    /// A type by its signature.
    pub(super) fn type_sig(&self, blob: &[u8]) -> Result<String, Error> {
        sig::read_type(blob, &mut self.spelling())
    }

    /// The type of a field.
    pub(super) fn field_sig(&self, blob: &[u8]) -> Result<String, Error> {
        sig::read_field(blob, &mut self.spelling())
    }

    /// A property signature with types as text.
    pub(super) fn property_sig(&self, blob: &[u8]) -> Result<sig::PropertySig<String>, Error> {
        sig::read_property(blob, &mut self.spelling())
    }

    /// The types of locals.
    pub(super) fn locals_sig(&self, blob: &[u8]) -> Result<Vec<String>, Error> {
        sig::read_locals(blob, &mut self.spelling())
    }

    /// The arguments of a generic method instance.
    pub(super) fn method_spec_sig(&self, blob: &[u8]) -> Result<Vec<String>, Error> {
        sig::read_method_spec(blob, &mut self.spelling())
    }

    /// A constructed type.
    pub(super) fn type_spec_text(&self, type_spec: Rid) -> Result<String, Error> {
        self.spelling().type_spec(type_spec)
    }

    /// A constructed base type whose arguments of this assembly are named from outside.
    pub(super) fn outside_type_spec(&self, type_spec: Rid, prefix: &str) -> Result<String, Error> {
        let mut spelling = Spelling {
            context: self,
            specs: 0,
            prefix: Some((prefix, false)),
        };
        spelling.type_spec(type_spec)
    }
}

impl Spelling<'_, '_, '_> {
    fn type_spec(&mut self, type_spec: Rid) -> Result<String, Error> {
        if self.specs >= MAX_SPECS {
            return Err(Error::TooDeep);
        }
        self.specs += 1;
        let blob = self
            .context
            .blob(self.context.type_spec(type_spec)?.signature)?;
        let text = sig::read_type(blob, self);
        self.specs -= 1;
        text
    }
}

impl TypeBuilder for Spelling<'_, '_, '_> {
    type Type = String;
    type Error = Error;

    fn primitive(&mut self, element: ElementType) -> Result<String, Error> {
        Ok(primitive(element).into())
    }

    fn class(&mut self, token: Token, is_value_type: bool) -> Result<String, Error> {
        if token.is(TableId::TypeSpec) {
            return self.type_spec(token.rid());
        }
        let mut name = self.context.type_name(token)?;
        if let Some((prefix, in_args)) = &mut self.prefix {
            if *in_args && token.is(TableId::TypeDef) {
                name.insert_str(0, prefix);
            }
            *in_args = true;
        }
        Ok(match is_value_type {
            false => format!("class {name}"),
            true if name.contains("[.module ") => format!("value class {name}"),
            true => format!("valuetype {name}"),
        })
    }

    fn sz_array(&mut self, element: String) -> Result<String, Error> {
        Ok(element + "[]")
    }

    fn array(&mut self, element: String, shape: ArrayShape) -> Result<String, Error> {
        Ok(format!("{element}[{}]", bounds(&shape)))
    }

    fn pointer(&mut self, target: String) -> Result<String, Error> {
        Ok(target + "*")
    }

    fn by_ref(&mut self, target: String) -> Result<String, Error> {
        Ok(target + "&")
    }

    fn generic_inst(&mut self, definition: String, args: Vec<String>) -> Result<String, Error> {
        Ok(format!("{definition}<{}>", args.join(", ")))
    }

    fn var(&mut self, number: u32) -> Result<String, Error> {
        Ok(format!("!{number}"))
    }

    fn mvar(&mut self, number: u32) -> Result<String, Error> {
        Ok(format!("!!{number}"))
    }

    fn fn_ptr(&mut self, sig: MethodSig<String>) -> Result<String, Error> {
        Ok(format!(
            "method {}{} *({})",
            call_conv(sig.flags),
            sig.ret,
            params(&sig)
        ))
    }

    fn modified(&mut self, required: bool, modifier: Token, ty: String) -> Result<String, Error> {
        let keyword = if required { "modreq" } else { "modopt" };
        let modifier = if modifier.is(TableId::TypeSpec) {
            self.type_spec(modifier.rid())?
        } else {
            self.context.type_name(modifier)?
        };
        Ok(format!("{ty} {keyword}({modifier})"))
    }

    fn pinned(&mut self, ty: String) -> Result<String, Error> {
        Ok(ty + " pinned")
    }
}

/// The keyword of a type without anything more.
pub(super) const fn primitive(element: ElementType) -> &'static str {
    match element {
        ElementType::Void => "void",
        ElementType::Boolean => "bool",
        ElementType::Char => "char",
        ElementType::I1 => "int8",
        ElementType::U1 => "uint8",
        ElementType::I2 => "int16",
        ElementType::U2 => "uint16",
        ElementType::I4 => "int32",
        ElementType::U4 => "uint32",
        ElementType::I8 => "int64",
        ElementType::U8 => "uint64",
        ElementType::R4 => "float32",
        ElementType::R8 => "float64",
        ElementType::String => "string",
        ElementType::TypedByRef => "typedref",
        ElementType::I => "native int",
        ElementType::U => "native uint",
        _ => "object",
    }
}

/// Dimensions: `lower...upper`, a size, `lower...`, or nothing.
fn bounds(shape: &ArrayShape) -> String {
    if shape.rank == 1 && shape.sizes.is_empty() && shape.lower_bounds.is_empty() {
        return "...".into();
    }
    dimensions(shape)
}

/// Each dimension, with commas between.
pub(super) fn dimensions(shape: &ArrayShape) -> String {
    let dimensions: Vec<String> = (0..shape.rank as usize)
        .map(|dimension| {
            let lower = shape.lower_bounds.get(dimension).copied();
            match (lower, shape.sizes.get(dimension)) {
                (None, None) => String::new(),
                (None, Some(size)) => size.to_string(),
                (Some(lower), None) => format!("{lower}..."),
                (Some(lower), Some(size)) => {
                    format!("{lower}...{}", i64::from(lower) + i64::from(*size) - 1)
                }
            }
        })
        .collect();
    dimensions.join(",")
}

/// Keywords of a calling convention, each followed by a space.
pub(super) fn call_conv(flags: SigFlags) -> String {
    let mut text = String::new();
    if flags.has_this() {
        text += "instance ";
    }
    if flags.explicit_this() {
        text += "explicit ";
    }
    text += match flags.call_conv() {
        Some(CallConv::VarArg) => "vararg ",
        Some(CallConv::C) => "unmanaged cdecl ",
        Some(CallConv::StdCall) => "unmanaged stdcall ",
        Some(CallConv::ThisCall) => "unmanaged thiscall ",
        Some(CallConv::FastCall) => "unmanaged fastcall ",
        Some(CallConv::Unmanaged) => "unmanaged ",
        Some(CallConv::Default) | None => "",
    };
    text
}

/// Types of parameters with the sentinel.
pub(super) fn params(sig: &MethodSig<String>) -> String {
    let mut text = String::new();
    for (position, param) in sig.params.iter().enumerate() {
        if position != 0 {
            text += ", ";
        }
        if sig.sentinel == Some(position) {
            text += "..., ";
        }
        text += param;
    }
    if sig.sentinel == Some(sig.params.len()) {
        text += if sig.params.is_empty() {
            "..."
        } else {
            ", ..."
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::bounds;
    use crate::sig::ArrayShape;

    #[test]
    fn bounds_of_arrays() {
        let text = |rank, sizes, lower_bounds| {
            bounds(&ArrayShape {
                rank,
                sizes,
                lower_bounds,
            })
        };
        assert_eq!(text(1, vec![], vec![]), "...");
        assert_eq!(text(2, vec![], vec![]), ",");
        assert_eq!(text(2, vec![], vec![0, 0]), "0...,0...");
        assert_eq!(text(2, vec![5], vec![-1, 2]), "-1...3,2...");
        assert_eq!(text(2, vec![5, 6], vec![]), "5,6");
    }
}
