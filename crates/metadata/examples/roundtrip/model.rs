//! Everything that an image says, by names and not by rows, to be compared with another image.
//!
//! Read from rows and blobs directly, with nothing of the disassembler, so that what its text forgets is noticed.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use ferrocil_metadata::body::EhKind;
use ferrocil_metadata::il::{Decoder, Operand};
use ferrocil_metadata::marshal::MarshalSpec;
use ferrocil_metadata::{
    AssemblyRefRow, FileRow, Image, MethodBody, ResourceData, Rid, TableId, Token, TypeAttributes,
};

use super::spelling::Spelling;

/// Entities (`type T`, `method T::M`, …) with their facts, each a line that begins with its kind.
pub type Model = BTreeMap<String, Vec<String>>;

/// The type that stands for the module.
const MODULE_TYPE: Rid = 1;

/// Reads an image.
///
/// # Errors
/// When something in it is malformed.
pub fn read(image: &Image<'_>) -> Result<Model> {
    let mut reader = ModelReader {
        image,
        spelling: Spelling::new(image),
        model: Model::new(),
    };
    reader.manifest()?;
    for ty in image.rids(TableId::TypeDef) {
        reader.type_def(ty).with_context(|| format!("type {ty}"))?;
    }
    for facts in reader.model.values_mut() {
        // Order means nothing but for instructions, which carry their offsets.
        facts.sort_unstable();
    }
    Ok(reader.model)
}

struct ModelReader<'i, 'a> {
    image: &'i Image<'a>,
    spelling: Spelling<'i, 'a>,
    model: Model,
}

impl ModelReader<'_, '_> {
    fn add(&mut self, entity: String, facts: Vec<String>) {
        self.model.entry(entity).or_default().extend(facts);
    }

    fn manifest(&mut self) -> Result<()> {
        let image = self.image;
        let mut facts = vec![
            format!("module {}", image.module_name()?),
            format!("corflags {:#x}", image.flags().bits()),
            format!("subsystem {}", image.pe_header().subsystem),
            format!("is-library {}", image.pe_header().is_dll()),
        ];
        if let Some(entry) = image.entry_point() {
            facts.push(match entry.table() {
                Some(TableId::MethodDef) => format!("entry-point {}", self.spelling.method(entry)?),
                _ => format!("entry-point-file {entry}"),
            });
        }
        self.attributes(Token::new(TableId::Module, 1), "attribute", &mut facts)?;
        if let Ok(row) = image.assembly(1) {
            facts.push(format!(
                "assembly {} {}.{}.{}.{} culture {:?} hash {:#x} key {}",
                image.string(row.name)?,
                row.major,
                row.minor,
                row.build,
                row.revision,
                image.string(row.culture)?,
                row.hash_algorithm,
                hex(image.blob(row.public_key)?)
            ));
            facts.push(format!("assembly-flags {:#x}", row.flags.bits()));
            let token = Token::new(TableId::Assembly, 1);
            self.attributes(token, "attribute", &mut facts)?;
            self.security(token, &mut facts)?;
        }
        for rid in image.rids(TableId::AssemblyRef) {
            let row: AssemblyRefRow = image.row(rid)?;
            if self.spelling.is_own(image.string(row.name)?) {
                continue;
            }
            facts.push(format!(
                "assembly-ref {} {}.{}.{}.{} culture {:?} key {} hash {}",
                image.string(row.name)?,
                row.major,
                row.minor,
                row.build,
                row.revision,
                image.string(row.culture)?,
                hex(image.blob(row.public_key_or_token)?),
                hex(image.blob(row.hash_value)?)
            ));
        }
        for rid in image.rids(TableId::ModuleRef) {
            facts.push(format!(
                "module-ref {}",
                image.string(image.module_ref(rid)?.name)?
            ));
        }
        for rid in image.rids(TableId::File) {
            let row: FileRow = image.row(rid)?;
            facts.push(format!(
                "file {} {:#x} {}",
                image.string(row.name)?,
                row.flags.bits(),
                hex(image.blob(row.hash_value)?)
            ));
        }
        for rid in image.rids(TableId::ManifestResource) {
            let row = image.manifest_resource(rid)?;
            let name = image.string(row.name)?;
            let flags = row.flags.bits();
            facts.push(match image.resource_data(rid)? {
                ResourceData::Embedded(data) => {
                    format!(
                        "resource {name} {flags} {} bytes {:x}",
                        data.len(),
                        sum(data)
                    )
                }
                ResourceData::File(_) | ResourceData::Assembly(_) => {
                    format!("resource-elsewhere {name} {flags}")
                }
            });
            let token = Token::new(TableId::ManifestResource, rid);
            self.attributes(token, "attribute-of-resource", &mut facts)?;
        }
        for rid in image.rids(TableId::ExportedType) {
            let row = image.exported_type(rid)?;
            let name = format!(
                "{}.{}",
                image.string(row.namespace)?,
                image.string(row.name)?
            );
            let flags = row.flags.bits();
            facts.push(if row.implementation.is(TableId::AssemblyRef) {
                let assembly = image.assembly_ref(row.implementation.rid())?;
                let assembly = image.string(assembly.name)?;
                format!("exported-type {name} {flags:#x} {assembly}")
            } else {
                format!("exported-type-nested {name} {flags:#x}")
            });
        }
        self.add("manifest".to_owned(), facts);
        Ok(())
    }

    fn type_def(&mut self, ty: Rid) -> Result<()> {
        let image = self.image;
        let token = Token::new(TableId::TypeDef, ty);
        let row = image.type_def(ty)?;
        let name = self.spelling.type_def(ty)?;
        let security = row.flags & TypeAttributes::HAS_SECURITY;
        let mut facts = vec![format!("flags {:#x}", (row.flags - security).bits())];
        if !security.is_empty() {
            facts.push("has-security".to_owned());
        }
        if !row.extends.is_nil() {
            facts.push(format!("extends {}", self.spelling.operand(row.extends)?));
        }
        for rid in image.interface_impls(ty) {
            let interface = self
                .spelling
                .operand(image.interface_impl(rid)?.interface)?;
            facts.push(format!("implements {interface}"));
            let token = Token::new(TableId::InterfaceImpl, rid);
            self.attributes(token, "attribute-of-interface", &mut facts)?;
        }
        for rid in image.method_impls(ty) {
            let row = image.method_impl(rid)?;
            facts.push(format!(
                "override {} by {}",
                self.spelling.method(row.declaration)?,
                self.spelling.method(row.body)?
            ));
        }
        if let Some(rid) = image.class_layout_of(ty) {
            let row = image.class_layout(rid)?;
            facts.push(format!("layout {} {}", row.packing_size, row.class_size));
        }
        self.generic_params(token, &mut facts)?;
        self.attributes(token, "attribute", &mut facts)?;
        self.security(token, &mut facts)?;
        self.add(format!("type {name}"), facts);
        for field in image.type_fields(ty) {
            self.field(&name, field, ty == MODULE_TYPE)
                .with_context(|| format!("field {field}"))?;
        }
        for method in image.type_methods(ty) {
            self.method(method)
                .with_context(|| format!("method {method}"))?;
        }
        for property in image.type_properties(ty) {
            self.property(&name, property)?;
        }
        for event in image.type_events(ty) {
            self.event(&name, event)?;
        }
        Ok(())
    }

    fn generic_params(&mut self, owner: Token, facts: &mut Vec<String>) -> Result<()> {
        let image = self.image;
        for rid in image.generic_params(owner) {
            let row = image.generic_param(rid)?;
            let number = row.number;
            facts.push(format!(
                "type-parameter {number} {} {:#x}",
                image.string(row.name)?,
                row.flags.bits()
            ));
            for rid in image.generic_param_constraints(rid) {
                let row = image.generic_param_constraint(rid)?;
                let constraint = self.spelling.operand(row.constraint)?;
                facts.push(format!("constraint {number} {constraint}"));
                let token = Token::new(TableId::GenericParamConstraint, rid);
                self.attributes(token, "attribute-of-constraint", facts)?;
            }
            let token = Token::new(TableId::GenericParam, rid);
            let kind = format!("attribute-of-type-parameter {number}");
            self.attributes(token, &kind, facts)?;
        }
        Ok(())
    }

    fn attributes(&self, parent: Token, kind: &str, facts: &mut Vec<String>) -> Result<()> {
        let image = self.image;
        for rid in image.custom_attributes(parent) {
            let row = image.custom_attribute(rid)?;
            facts.push(format!(
                "{kind} {} {}",
                self.spelling.method(row.constructor)?,
                hex(image.blob(row.value)?)
            ));
        }
        Ok(())
    }

    fn security(&self, parent: Token, facts: &mut Vec<String>) -> Result<()> {
        let image = self.image;
        for rid in image.decl_securities(parent) {
            let row = image.decl_security(rid)?;
            let blob = image.blob(row.permission_set)?;
            facts.push(format!("security {} {}", row.action, hex(blob)));
        }
        Ok(())
    }

    fn field(&mut self, owner: &str, field: Rid, of_module: bool) -> Result<()> {
        let image = self.image;
        let token = Token::new(TableId::Field, field);
        let row = image.field(field)?;
        let mut facts = vec![format!("flags {:#x}", row.flags.bits())];
        self.constant(token, &mut facts)?;
        self.marshalling(token, "marshalling", &mut facts)?;
        if let Some(rid) = image.field_layout_of(field) {
            facts.push(format!("offset {}", image.field_layout(rid)?.offset));
        }
        if let Some(rid) = image.field_rva_of(field) {
            let rva = image.field_rva(rid)?.rva;
            // The length is the field's; both images must have the same bytes as far as it is known.
            let len = self.spelling.data_len(field)?;
            facts.push(match len {
                Some(len) => format!("data {}", hex(image.rva_bytes(rva, len)?)),
                None => "data-of-unknown-size".to_owned(),
            });
        }
        let kind = if of_module {
            "attribute-of-module-field"
        } else {
            "attribute"
        };
        self.attributes(token, kind, &mut facts)?;
        let name = image.string(row.name)?;
        let ty = self.spelling.field_sig(image.blob(row.signature)?)?;
        self.add(format!("field {ty} {owner}::{name}"), facts);
        Ok(())
    }

    fn constant(&self, parent: Token, facts: &mut Vec<String>) -> Result<()> {
        if let Some(rid) = self.image.constant_of(parent) {
            let row = self.image.constant(rid)?;
            let value = hex(self.image.blob(row.value)?);
            facts.push(format!("constant {:?} {value}", row.ty));
        }
        Ok(())
    }

    fn marshalling(&self, parent: Token, kind: &str, facts: &mut Vec<String>) -> Result<()> {
        let image = self.image;
        if let Some(rid) = image.field_marshal_of(parent) {
            let blob = image.blob(image.field_marshal(rid)?.native_type)?;
            let spec = MarshalSpec::parse(blob)?;
            facts.push(format!("{kind} {spec:?}"));
        }
        Ok(())
    }

    fn method(&mut self, method: Rid) -> Result<()> {
        let image = self.image;
        let token = Token::new(TableId::MethodDef, method);
        let row = image.method_def(method)?;
        let security = ferrocil_metadata::MethodAttributes::HAS_SECURITY;
        let mut facts = vec![
            format!("flags {:#x}", (row.flags - security).bits()),
            format!("implementation {:#x}", row.impl_flags.bits()),
        ];
        if row.flags.contains(security) {
            facts.push("has-security".to_owned());
        }
        for rid in image.method_params(method) {
            self.param(rid, &mut facts)?;
        }
        if let Some(call) = image.pinvoke(method)? {
            facts.push(format!(
                "pinvoke {} {} {:#x}",
                call.library,
                call.entry_point,
                call.flags.bits()
            ));
        }
        self.generic_params(token, &mut facts)?;
        self.attributes(token, "attribute", &mut facts)?;
        self.security(token, &mut facts)?;
        if row.rva != 0 {
            self.body(&image.method_body(row.rva)?, &mut facts)?;
        }
        let name = self.spelling.method(token)?;
        self.add(format!("method {name}"), facts);
        Ok(())
    }

    fn param(&mut self, rid: Rid, facts: &mut Vec<String>) -> Result<()> {
        let token = Token::new(TableId::Param, rid);
        let row = self.image.param(rid)?;
        let number = row.sequence;
        let name = self.image.string(row.name)?;
        let flags = row.flags.bits();
        let mut own = Vec::new();
        self.constant(token, &mut own)?;
        self.marshalling(token, "marshalling", &mut own)?;
        self.attributes(token, "attribute", &mut own)?;
        // A row that says nothing is the same as none.
        let (kind, extras) = if number == 0 {
            ("return-row", "of-return")
        } else {
            ("parameter", "of-parameter")
        };
        if !name.is_empty() || flags != 0 {
            facts.push(format!("{kind} {number} {name} {flags:#x}"));
        }
        for fact in own {
            facts.push(format!("{extras} {number} {fact}"));
        }
        Ok(())
    }

    fn body(&mut self, body: &MethodBody<'_>, facts: &mut Vec<String>) -> Result<()> {
        let image = self.image;
        let mut locals = Vec::new();
        if !body.local_sig.is_nil() {
            let row = image.stand_alone_sig(body.local_sig.rid())?;
            locals = self.spelling.locals_sig(image.blob(row.signature)?)?;
        }
        let has_clauses = body.clauses().next().is_some();
        for (slot, local) in locals.iter_mut().enumerate() {
            if local.contains(" pinned") {
                *local = local.replace(" pinned", "");
                facts.push(format!("pinned {slot}"));
            }
        }
        // The small header holds no depth: it means 8.
        let small =
            body.code.len() < 64 && body.max_stack <= 8 && locals.is_empty() && !has_clauses;
        let max_stack = if small { 8 } else { body.max_stack };
        facts.push(format!("max-stack {max_stack}"));
        if !locals.is_empty() {
            facts.push(format!(
                "locals init {} {}",
                body.init_locals,
                locals.join(", ")
            ));
        }
        for instruction in Decoder::new(body.code) {
            let instruction = instruction?;
            let mut line = format!(
                "il {:06x} {}",
                instruction.offset,
                instruction.opcode.name()
            );
            self.operand(&instruction.operand, &mut line)?;
            facts.push(line);
        }
        for (number, clause) in body.clauses().enumerate() {
            let kind = match clause.kind {
                EhKind::Catch(token) => format!("catch {}", self.spelling.operand(token)?),
                other => format!("{other:?}"),
            };
            facts.push(format!(
                "clause {number} {kind} try {} {} handler {} {}",
                clause.try_offset, clause.try_len, clause.handler_offset, clause.handler_len
            ));
        }
        Ok(())
    }

    fn operand(&self, operand: &Operand<'_>, line: &mut String) -> Result<()> {
        let image = self.image;
        match *operand {
            Operand::Token(token) if token.is_user_string() => {
                let text = hex(image.user_string(token)?.bytes());
                write!(line, " {text}")?;
            }
            Operand::Token(token) => write!(line, " {}", self.spelling.any(token)?)?,
            // Bit by bit: NaN is not itself.
            Operand::F32(value) => write!(line, " {:#x}", value.to_bits())?,
            Operand::F64(value) => write!(line, " {:#x}", value.to_bits())?,
            Operand::Switch(targets) => write!(line, " {:?}", targets.collect::<Vec<_>>())?,
            other => write!(line, " {other:?}")?,
        }
        Ok(())
    }

    fn accessors(&self, token: Token, facts: &mut Vec<String>) -> Result<()> {
        for rid in self.image.method_semantics_of(token) {
            let row = self.image.method_semantics(rid)?;
            let method = Token::new(TableId::MethodDef, row.method);
            facts.push(format!(
                "accessor {:#x} {}",
                row.semantics.bits(),
                self.spelling.method(method)?
            ));
        }
        Ok(())
    }

    fn property(&mut self, owner: &str, property: Rid) -> Result<()> {
        let image = self.image;
        let token = Token::new(TableId::Property, property);
        let row = image.property(property)?;
        // The bit that says that it has a constant follows from the constant.
        let flags = row.flags - ferrocil_metadata::PropertyAttributes::HAS_DEFAULT;
        let mut facts = vec![format!("flags {:#x}", flags.bits())];
        self.constant(token, &mut facts)?;
        self.accessors(token, &mut facts)?;
        self.attributes(token, "attribute", &mut facts)?;
        let sig = self.spelling.property_sig(image.blob(row.signature)?)?;
        let name = image.string(row.name)?;
        self.add(format!("property {owner}::{name} {sig}"), facts);
        Ok(())
    }

    fn event(&mut self, owner: &str, event: Rid) -> Result<()> {
        let image = self.image;
        let token = Token::new(TableId::Event, event);
        let row = image.event(event)?;
        let mut facts = vec![format!("type {}", self.spelling.operand(row.event_type)?)];
        if !row.flags.is_empty() {
            facts.push(format!("event-flags {:#x}", row.flags.bits()));
        }
        self.accessors(token, &mut facts)?;
        self.attributes(token, "attribute", &mut facts)?;
        let name = image.string(row.name)?;
        self.add(format!("event {owner}::{name}"), facts);
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// FNV-1a: data of resources is compared by this and its length.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
