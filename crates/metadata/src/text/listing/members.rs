//! Tables with signatures.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::Listing;
use super::spelling::{GenericNames, call_conv, escaped};
use crate::marshal::{MarshalSpec, NativeType};
use crate::sig::{self, MethodSig, TreeBuilder, TypeTree};
use crate::text::Error;
use crate::{
    BlobIndex, CodeType, EventAttributes, FieldAttributes, GenericParamAttributes, MemberAccess,
    MethodImplAttributes, ParamAttributes, PropertyAttributes, Rid, StringIndex, TableId, Token,
};

type Sink<'s> = &'s mut dyn fmt::Write;
type Done = Result<(), Error>;

/// Joins the words whose bits are set, and says which bits have none.
fn words(bits: u16, known: &[(u16, &str)]) -> String {
    let (mut text, mut rest) = (String::new(), bits);
    for (bit, word) in known {
        if rest & bit != 0 {
            rest &= !bit;
            text += word;
        }
    }
    if rest != 0 {
        let _ = write!(text, "unknown-flag-{rest:2x} ");
    }
    text
}

fn field_flags(flags: FieldAttributes) -> String {
    let access = match flags.access() {
        MemberAccess::CompilerControlled => "privatescope ",
        MemberAccess::Private => "private ",
        MemberAccess::FamilyAndAssembly => "famandassem ",
        MemberAccess::Assembly => "assembly ",
        MemberAccess::Family => "family ",
        MemberAccess::FamilyOrAssembly => "famorassem ",
        MemberAccess::Public => "public ",
    };
    let known = [
        (FieldAttributes::STATIC, "static "),
        (FieldAttributes::INIT_ONLY, "initonly "),
        (FieldAttributes::LITERAL, "literal "),
        (FieldAttributes::NOT_SERIALIZED, "notserialized "),
        (FieldAttributes::SPECIAL_NAME, "specialname "),
        // Monodis' own word.
        (FieldAttributes::PINVOKE_IMPL, "FIXME:pinvokeimpl "),
        (FieldAttributes::RT_SPECIAL_NAME, "rtspecialname "),
        // What these say is seen elsewhere.
        (FieldAttributes::HAS_FIELD_MARSHAL, ""),
        (FieldAttributes::HAS_DEFAULT, ""),
        (FieldAttributes::HAS_FIELD_RVA, ""),
    ]
    .map(|(flag, word)| (flag.bits(), word));
    let rest = flags - FieldAttributes::ACCESS_MASK;
    format!("{access}{}", words(rest.bits(), &known))
}

fn impl_flags(flags: MethodImplAttributes) -> String {
    let code = match flags.code_type() {
        CodeType::Il => "cil ",
        CodeType::Native => "native ",
        CodeType::OptIl => "optil ",
        CodeType::Runtime => "runtime ",
    };
    let managed = if flags.contains(MethodImplAttributes::UNMANAGED) {
        "unmanaged "
    } else {
        "managed "
    };
    let known = [
        (MethodImplAttributes::FORWARD_REF, "fwdref "),
        (MethodImplAttributes::PRESERVE_SIG, "preservesig "),
        (MethodImplAttributes::INTERNAL_CALL, "internalcall "),
        (MethodImplAttributes::SYNCHRONIZED, "synchronized "),
        (MethodImplAttributes::NO_INLINING, "noinlining "),
        (MethodImplAttributes::NO_OPTIMIZATION, "nooptimization "),
        // Spelt so, and without a space.
        (
            MethodImplAttributes::AGGRESSIVE_INLINING,
            "agressive-inlining",
        ),
    ]
    .map(|(flag, word)| (flag.bits(), word));
    let rest = flags - MethodImplAttributes::CODE_TYPE_MASK - MethodImplAttributes::UNMANAGED;
    format!("{code}{managed}{}", words(rest.bits(), &known))
}

impl<'a> Listing<'_, '_, 'a> {
    fn method_tree(&self, signature: BlobIndex) -> Result<MethodSig<TypeTree>, Error> {
        Ok(sig::read_method(
            self.context.blob(signature)?,
            &mut TreeBuilder,
        )?)
    }

    /// The signature of a method's definition or reference.
    pub(super) fn method_signature(&self, method: Token) -> Result<&'a [u8], Error> {
        let signature = if method.is(TableId::MethodDef) {
            self.context.method_def(method.rid())?.signature
        } else {
            self.context.member_ref(method.rid())?.signature
        };
        Ok(self.context.blob(signature)?)
    }

    /// A field's type, its modifiers after it.
    fn field_text(&self, signature: BlobIndex) -> Result<String, Error> {
        let tree = sig::read_field(self.context.blob(signature)?, &mut TreeBuilder)?;
        let (mods, bare) = self.split_modifiers(&tree)?;
        Ok(self.plain(bare, 0)? + &mods)
    }

    /// A signature as references are written, with the method's name if there is one.
    fn reference_text(
        &self,
        sig: &MethodSig<TypeTree>,
        name: Option<&str>,
    ) -> Result<String, Error> {
        let mut text = String::from(this_words(sig));
        let conv = call_conv(sig.flags);
        if conv != "default" {
            text += conv;
            text.push(' ');
        }
        text += &self.return_text(&sig.ret)?;
        if let Some(name) = name {
            text.push(' ');
            text += name;
        }
        text.push('(');
        text += &self.params_text(sig)?;
        text.push(')');
        Ok(text)
    }

    fn params_text(&self, sig: &MethodSig<TypeTree>) -> Result<String, Error> {
        let mut text = String::new();
        for (position, param) in sig.params.iter().enumerate() {
            if position != 0 {
                text += ", ";
            }
            if sig.sentinel == Some(position) {
                text += "..., ";
            }
            text += &self.param_text(param)?;
        }
        Ok(text)
    }

    fn qualified(&self, owner: Token, name: StringIndex) -> Result<String, Error> {
        let name = escaped(self.context.string(name)?);
        let is_module = owner.is(TableId::TypeDef) && owner.rid() == 1;
        if owner.is_nil() || is_module {
            return Ok(name);
        }
        match owner.table() {
            Some(TableId::ModuleRef) => Ok(name),
            // A vararg call names the method's definition.
            Some(TableId::MethodDef) => self.qualified_method(owner),
            _ => Ok(format!("{}::{name}", self.owner(owner)?)),
        }
    }

    /// Owner and name of a method.
    fn qualified_method(&self, method: Token) -> Result<String, Error> {
        if method.is(TableId::MethodDef) {
            let owner = self.context.owner_of_method(method.rid()).unwrap_or(0);
            let name = self.context.method_def(method.rid())?.name;
            return self.qualified(Token::new(TableId::TypeDef, owner), name);
        }
        let row = self.context.member_ref(method.rid())?;
        if row.class == method {
            return Err(Error::TooDeep);
        }
        self.qualified(row.class, row.name)
    }

    /// A method with its owner and signature.
    pub(super) fn method_text(&self, method: Token) -> Result<String, Error> {
        let sig = sig::read_method(self.method_signature(method)?, &mut TreeBuilder)?;
        let mut name = self.qualified_method(method)?;
        if method.is(TableId::MemberRef) && sig.generic_param_count != 0 {
            let _ = write!(name, " <[{}]>", sig.generic_param_count);
        }
        self.reference_text(&sig, Some(&name))
    }

    pub(super) fn event(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.event(rid)?;
        let ty = self.type_row(row.event_type)?;
        let name = self.context.string(row.name)?;
        let special = if row.flags.contains(EventAttributes::SPECIAL_NAME) {
            "specialname "
        } else {
            ""
        };
        Ok(writeln!(sink, "{rid}: {ty} {name} {special}")?)
    }

    pub(super) fn field(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.field(rid)?;
        let ty = self.field_text(row.signature)?;
        let name = self.context.string(row.name)?;
        writeln!(sink, "{rid}: {ty} {name}: {}", field_flags(row.flags))?;
        if let Some(layout) = self.context.field_layout_of(rid) {
            let offset = self.context.field_layout(layout)?.offset;
            writeln!(sink, "\texplicit offset: {offset}")?;
        }
        if let Some(data) = self.context.field_rva_of(rid) {
            writeln!(sink, "\trva: {}", self.context.field_rva(data)?.rva)?;
        }
        Ok(())
    }

    pub(super) fn field_marshal(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.field_marshal(rid)?;
        let coded = self.raw(TableId::FieldMarshal, rid, 0);
        let blob = self.context.blob(row.native_type)?;
        let (table, of) = (
            row.parent.table().map_or("", TableId::name),
            row.parent.rid(),
        );
        let native = native_type(&MarshalSpec::parse(blob)?);
        writeln!(sink, "{rid}: ({coded:#06x}) {table} {of}: {native}")?;
        sink.write_str("\tblob encoding: ")?;
        for byte in blob {
            write!(sink, "{byte:02x} ")?;
        }
        Ok(sink.write_str("\n")?)
    }

    pub(super) fn impl_map(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.impl_map(rid)?;
        let member = if row.member_forwarded.is(TableId::MethodDef) {
            self.method_text(row.member_forwarded)?
        } else {
            self.context
                .string(self.context.field(row.member_forwarded.rid())?.name)?
                .into()
        };
        let name = self.context.string(row.import_name)?;
        let module = self
            .context
            .string(self.context.module_ref(row.import_scope)?.name)?;
        let flags = row.flags.bits();
        Ok(writeln!(sink, "{rid}: {member} {flags} ({name} {module})")?)
    }

    pub(super) fn interface_impl(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.interface_impl(rid)?;
        let class = self.type_def_name(row.class)?;
        let interface = self.type_row(row.interface)?;
        Ok(writeln!(sink, "{rid}: {class} implements {interface}")?)
    }

    pub(super) fn member_ref(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.member_ref(rid)?;
        let name = self.context.string(row.name)?;
        let resolved = match row.class.table() {
            Some(TableId::MethodDef) => self.method_text(row.class)?,
            Some(TableId::ModuleRef) => name.into(),
            _ => format!("{}.{name}", self.type_row(row.class)?),
        };
        let table = row.class.table().map_or("", TableId::name);
        let blob = self.context.blob(row.signature)?;
        let signature = if sig::is_field(blob) {
            self.field_text(row.signature)?
        } else {
            self.reference_text(&self.method_tree(row.signature)?, None)?
        };
        writeln!(sink, "{rid}: {table}[{}] {name}", row.class.rid())?;
        writeln!(sink, "\tResolved: {resolved}")?;
        Ok(writeln!(sink, "\tSignature: {signature}\n\t")?)
    }

    pub(super) fn method_impl(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.method_impl(rid)?;
        writeln!(sink, "{rid}: {}", self.type_def_name(row.class)?)?;
        writeln!(sink, "\tdecl: {}", self.method_text(row.declaration)?)?;
        Ok(writeln!(sink, "\timpl: {}", self.method_text(row.body)?)?)
    }

    pub(super) fn method_spec(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.method_spec(rid)?;
        let sig = sig::read_method(self.method_signature(row.method)?, &mut TreeBuilder)?;
        let args = sig::read_method_spec(self.context.blob(row.instantiation)?, &mut TreeBuilder)?;
        let args: Vec<String> = args
            .iter()
            .map(|arg| self.param_text(arg))
            .collect::<Result<_, _>>()?;
        let args = args.join(", ");
        let (this, ret) = (this_words(&sig), self.return_text(&sig.ret)?);
        let name = self.qualified_method(row.method)?;
        let params = self.params_text(&sig)?;
        Ok(writeln!(
            sink,
            "{rid}: {this}{ret} {name}<{args}> ({params}), <{args}>"
        )?)
    }

    pub(super) fn property(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.property(rid)?;
        let sig = sig::read_property(self.context.blob(row.signature)?, &mut TreeBuilder)?;
        let params: Vec<String> = sig
            .params
            .iter()
            .map(|param| self.param_text(param))
            .collect::<Result<_, _>>()?;
        let known = [
            (PropertyAttributes::SPECIAL_NAME, "special "),
            (PropertyAttributes::RT_SPECIAL_NAME, "runtime "),
            (PropertyAttributes::HAS_DEFAULT, "hasdefault "),
        ];
        let flags: String = known
            .into_iter()
            .filter(|(flag, _)| row.flags.contains(*flag))
            .map(|(_, word)| word)
            .collect();
        let ty = self.plain(&sig.ty, 0)?;
        let name = self.context.string(row.name)?;
        Ok(writeln!(
            sink,
            "{rid}: {ty} {name} ({}) {flags}",
            params.join(", ")
        )?)
    }

    pub(super) fn type_spec(&self, rid: Rid, sink: Sink<'_>) -> Done {
        Ok(writeln!(sink, "{rid}: {}", self.type_spec_text(rid)?)?)
    }

    pub(super) fn method_def(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.method_def(rid)?;
        let sig = self.method_tree(row.signature)?;
        let names = self.generic_names(rid)?;
        let mut rows: Vec<Option<Rid>> = alloc::vec![None; sig.params.len() + 1];
        for param in self.context.method_params(rid) {
            let sequence = usize::from(self.context.param(param)?.sequence);
            if let Some(slot) = rows.get_mut(sequence) {
                *slot = Some(param);
            }
        }
        let row_of = |position: usize| rows.get(position).copied().flatten();
        let mut params = Vec::with_capacity(sig.params.len());
        for (position, param) in sig.params.iter().enumerate() {
            let (kind, marshal, name) = self.param_words(row_of(position + 1))?;
            let number = position + usize::from(sig.flags.has_this());
            let name = name.unwrap_or_else(|| format!("A_{number}"));
            let ty = self.nested(param, &names, 0)?;
            params.push(format!("{kind}{ty}{marshal} {name}"));
        }
        let (kind, marshal, _) = self.param_words(row_of(0))?;
        // The kind of a return value is not written.
        let _ = kind;
        let this = if sig.flags.has_this() {
            "instance "
        } else {
            ""
        };
        let conv = call_conv(sig.flags);
        let ret = self.nested(&sig.ret, &names, 0)?;
        let name = escaped(self.context.string(row.name)?);
        let generic = self.generic_params_text(Token::new(TableId::MethodDef, rid), &names)?;
        writeln!(
            sink,
            "{rid}: {this}{conv} {ret}{marshal} {name}{generic} ({})  (param: {} impl_flags: {})",
            params.join(", "),
            row.param_list,
            impl_flags(row.impl_flags)
        )?;
        Ok(())
    }

    /// What a `Param` row says: direction, marshalling, name.
    fn param_words(&self, param: Option<Rid>) -> Result<(String, String, Option<String>), Error> {
        let Some(param) = param else {
            return Ok((String::new(), String::new(), None));
        };
        let row = self.context.param(param)?;
        let known = [
            (ParamAttributes::IN, "[in]"),
            (ParamAttributes::OUT, "[out]"),
            (ParamAttributes::OPTIONAL, "[opt]"),
        ];
        let mut kind: String = known
            .into_iter()
            .filter(|(flag, _)| row.flags.contains(*flag))
            .map(|(_, word)| word)
            .collect();
        if !kind.is_empty() {
            kind.push(' ');
        }
        let marshal = match self
            .context
            .field_marshal_of(Token::new(TableId::Param, param))
        {
            Some(rid) => {
                let blob = self
                    .context
                    .blob(self.context.field_marshal(rid)?.native_type)?;
                format!(" marshal ({})", marshal_text(&MarshalSpec::parse(blob)?))
            }
            None => String::new(),
        };
        let name = escaped(self.context.string(row.name)?);
        Ok((kind, marshal, Some(name)))
    }

    fn generic_names(&self, method: Rid) -> Result<GenericNames, Error> {
        let names = |owner: Token| -> Result<Vec<String>, Error> {
            let rids = self.context.generic_params(owner);
            rids.map(|rid| {
                Ok(escaped(
                    self.context.string(self.context.generic_param(rid)?.name)?,
                ))
            })
            .collect()
        };
        let owner = self.context.owner_of_method(method).unwrap_or(0);
        Ok(GenericNames {
            of_type: names(Token::new(TableId::TypeDef, owner))?,
            of_method: names(Token::new(TableId::MethodDef, method))?,
        })
    }

    /// Generic parameters in angle brackets, with what is asked of them; nothing when there are none.
    fn generic_params_text(&self, owner: Token, names: &GenericNames) -> Result<String, Error> {
        let mut params = Vec::new();
        for rid in self.context.generic_params(owner) {
            let row = self.context.generic_param(rid)?;
            let known = [
                (GenericParamAttributes::COVARIANT, "+ "),
                (GenericParamAttributes::CONTRAVARIANT, "- "),
                (GenericParamAttributes::REFERENCE_TYPE_CONSTRAINT, "class "),
                (
                    GenericParamAttributes::NOT_NULLABLE_VALUE_TYPE_CONSTRAINT,
                    "valuetype ",
                ),
                (
                    GenericParamAttributes::DEFAULT_CONSTRUCTOR_CONSTRAINT,
                    ".ctor ",
                ),
            ];
            let mut text: String = known
                .into_iter()
                .filter(|(flag, _)| row.flags.contains(*flag))
                .map(|(_, word)| word)
                .collect();
            let mut constraints = Vec::new();
            for constraint in self.context.generic_param_constraints(rid) {
                let token = self
                    .context
                    .generic_param_constraint(constraint)?
                    .constraint;
                constraints.push(if token.is(TableId::TypeSpec) {
                    self.nested(&self.type_spec_tree(token.rid())?, names, 0)?
                } else {
                    self.owner(token)?
                });
            }
            if !constraints.is_empty() {
                let _ = write!(text, "({}) ", constraints.join(", "));
            }
            params.push(text + &escaped(self.context.string(row.name)?));
        }
        Ok(if params.is_empty() {
            String::new()
        } else {
            format!("<{}>", params.join(","))
        })
    }
}

fn this_words(sig: &MethodSig<TypeTree>) -> &'static str {
    match (sig.flags.has_this(), sig.flags.explicit_this()) {
        (false, _) => "",
        (true, false) => "instance ",
        (true, true) => "explicit-this ",
    }
}

/// As the `FieldMarshal` table says it: an array's details are seen in the blob.
fn native_type(spec: &MarshalSpec<'_>) -> String {
    match spec {
        MarshalSpec::Simple(ty) => simple(*ty).into(),
        MarshalSpec::FixedSysString { len } => format!("fixed sysstring [{len}]"),
        MarshalSpec::FixedArray { len, .. } => format!("fixed array [{len}]"),
        MarshalSpec::Array { .. } => "[]".into(),
        MarshalSpec::SafeArray { .. } => "safearray".into(),
        MarshalSpec::Custom { .. } => "custom".into(),
    }
}

/// As a method's parameters say it.
fn marshal_text(spec: &MarshalSpec<'_>) -> String {
    match spec {
        MarshalSpec::Array {
            element,
            size_param,
            len,
        } => {
            let element = element.map_or("", simple);
            let size = match (len, size_param) {
                (None, None) => String::new(),
                (Some(len), None) => format!("{len}"),
                (None | Some(0), Some(param)) => format!("+ {param}"),
                (Some(len), Some(param)) => format!("{len} + {param}"),
            };
            format!("{element}[{size}]")
        }
        MarshalSpec::SafeArray { element } => {
            let element = element
                .and_then(crate::text::marshal::variant)
                .unwrap_or("");
            format!("safearray {element}")
        }
        MarshalSpec::Custom { class, cookie } => format!("custom (\"{class}\", \"{cookie}\")"),
        _ => native_type(spec),
    }
}

fn simple(ty: NativeType) -> &'static str {
    match ty {
        NativeType::U1 => "unsigned int8",
        NativeType::U2 => "unsigned int16",
        NativeType::U4 => "unsigned int32",
        NativeType::U8 => "unsigned int64",
        NativeType::MAX => "",
        NativeType(0x22) => "vbbyrefstr",
        _ => crate::text::marshal::simple(ty).unwrap_or("unknown"),
    }
}
