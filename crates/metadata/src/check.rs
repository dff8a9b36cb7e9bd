//! Reads everything in an image that can be read, and reports what cannot.
//!
//! For tools, tests and fuzzing; a runtime reads what it needs when it needs it.

use alloc::vec::Vec;

use crate::cattr::{self, LocalResolver};
use crate::il::{self, Decoder, Operand};
use crate::pdb::Pdb;
use crate::sig::{self, TreeBuilder};
use crate::tables::schema::ColumnKind;
use crate::{
    BlobIndex, CodedKind, Error, GuidIndex, Image, Metadata, NestedTypeIndex, Rid, SemanticsIndex,
    StringIndex, TableId, Token, TypeNameIndex,
};

/// What is wrong with one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Its cells, heap items or body.
    #[error(transparent)]
    Image(#[from] Error),
    /// Its signature.
    #[error(transparent)]
    Signature(#[from] sig::Error),
    /// Its IL.
    #[error(transparent)]
    Il(#[from] il::Error),
    /// Its custom attribute value.
    #[error(transparent)]
    Attribute(#[from] cattr::Error),
    /// A token that names nothing.
    #[error("{0:?} does not exist")]
    Dangling(Token),
}

/// What [`check_image`] saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Rows read.
    pub rows: u64,
    /// Method bodies read.
    pub bodies: u64,
    /// Instructions decoded.
    pub instructions: u64,
    /// Exception clauses read.
    pub clauses: u64,
    /// Signatures decoded.
    pub signatures: u64,
    /// Custom attribute values decoded.
    pub attributes: u64,
    /// Attributes with an enumeration of another image: not decoded, no problem.
    pub foreign_attributes: u64,
    /// The first [`Report::MAX_PROBLEMS`] problems, with the row.
    pub problems: Vec<(Token, Problem)>,
    /// All problems.
    pub problem_count: u64,
}

impl Report {
    /// How many problems are kept.
    pub const MAX_PROBLEMS: usize = 100;

    fn note(&mut self, token: Token, result: Result<(), Problem>) {
        let Err(problem) = result else { return };
        self.problem_count += 1;
        if self.problems.len() < Self::MAX_PROBLEMS {
            self.problems.push((token, problem));
        }
    }
}

/// Reads every row, name, blob, signature, attribute, body, instruction, resource and look-up of an image.
#[must_use]
pub fn check_image(image: &Image<'_>) -> Report {
    let mut report = check_metadata(image);
    for rid in image.rids(TableId::MethodDef) {
        let result = body(image, rid, &mut report);
        report.note(Token::new(TableId::MethodDef, rid), result);
        let result = image.pinvoke(rid).map(drop).map_err(Problem::from);
        report.note(Token::new(TableId::MethodDef, rid), result);
    }
    for rid in image.rids(TableId::FieldRva) {
        let result = image
            .field_rva(rid)
            .and_then(|row| image.rva_bytes(row.rva, 1));
        report.note(
            Token::new(TableId::FieldRva, rid),
            result.map(drop).map_err(Problem::from),
        );
    }
    for fixup in image.vtable_fixups() {
        let result = fixup.map(|fixup| {
            core::hint::black_box(fixup.methods().count());
        });
        report.note(Token::NIL, result.map_err(Problem::from));
    }
    for rid in image.rids(TableId::ManifestResource) {
        let result = image.resource_data(rid).map(drop).map_err(Problem::from);
        report.note(Token::new(TableId::ManifestResource, rid), result);
    }
    report
}

/// Reads every row, name, sequence point, import, constant and custom debug information of a PDB.
#[must_use]
pub fn check_pdb(pdb: &Pdb<'_>) -> Report {
    let mut report = check_metadata(pdb);
    for rid in pdb.rids(TableId::Document) {
        let result = pdb.document_name(rid).map(drop).map_err(Problem::from);
        report.note(Token::new(TableId::Document, rid), result);
    }
    for rid in pdb.rids(TableId::MethodDebugInformation) {
        let all = pdb
            .sequence_points(rid)
            .and_then(|mut points| points.try_for_each(|point| point.map(drop)));
        report.note(
            Token::new(TableId::MethodDebugInformation, rid),
            all.map_err(Problem::from),
        );
    }
    for rid in pdb.rids(TableId::ImportScope) {
        let all = pdb
            .imports(rid)
            .and_then(|mut imports| imports.try_for_each(|import| import.map(drop)));
        report.note(
            Token::new(TableId::ImportScope, rid),
            all.map_err(Problem::from),
        );
    }
    for rid in pdb.rids(TableId::LocalConstant) {
        let result = pdb.local_constant_value(rid).map(drop);
        report.note(
            Token::new(TableId::LocalConstant, rid),
            result.map_err(Problem::from),
        );
    }
    for rid in pdb.rids(TableId::CustomDebugInformation) {
        let result = pdb.custom_debug_info(rid).map(drop);
        report.note(
            Token::new(TableId::CustomDebugInformation, rid),
            result.map_err(Problem::from),
        );
    }
    report
}

/// Reads everything of a metadata root that lies inside it: of an image without its bodies, or of a PDB.
#[must_use]
pub fn check_metadata(metadata: &Metadata<'_>) -> Report {
    let mut report = Report::default();
    for table in TableId::ALL {
        for rid in metadata.rids(*table) {
            report.rows += 1;
            let result = cells(metadata, *table, rid);
            report.note(Token::new(*table, rid), result);
            let result = signature(metadata, *table, rid, &mut report);
            report.note(Token::new(*table, rid), result);
        }
    }
    let mut resolver = LocalResolver::new(metadata);
    for rid in metadata.rids(TableId::CustomAttribute) {
        let result = attribute(metadata, rid, &mut resolver, &mut report);
        report.note(Token::new(TableId::CustomAttribute, rid), result);
    }
    for rid in metadata.rids(TableId::Constant) {
        let result = metadata
            .constant_value(rid)
            .map(drop)
            .map_err(Problem::from);
        report.note(Token::new(TableId::Constant, rid), result);
    }
    for rid in metadata.rids(TableId::FieldMarshal) {
        let result = metadata.marshal_spec(rid).map(drop).map_err(Problem::from);
        report.note(Token::new(TableId::FieldMarshal, rid), result);
    }
    for rid in metadata.rids(TableId::AssemblyRef) {
        let result = metadata
            .assembly_ref_identity(rid)
            .map(drop)
            .map_err(Problem::from);
        report.note(Token::new(TableId::AssemblyRef, rid), result);
    }
    let identity = metadata
        .assembly_identity()
        .map(drop)
        .map_err(Problem::from);
    report.note(Token::new(TableId::Assembly, 1), identity);
    look_ups(metadata, &mut report);
    report
}

/// Every cell by its kind: names, blobs, GUIDs and rows must exist.
fn cells(metadata: &Metadata<'_>, table: TableId, rid: Rid) -> Result<(), Problem> {
    metadata.check_row(table, rid)?;
    let is_pdb = table >= TableId::Document;
    for (column, kind) in table.columns().iter().enumerate() {
        let cell = metadata.raw_cell(table, rid, column).unwrap_or(0);
        let token = match kind {
            ColumnKind::U16 | ColumnKind::U32 => continue,
            ColumnKind::Str => {
                metadata.string(StringIndex(cell))?;
                continue;
            }
            ColumnKind::Blob => {
                metadata.blob(BlobIndex(cell))?;
                continue;
            }
            ColumnKind::Guid => {
                metadata.guid(GuidIndex(cell))?;
                continue;
            }
            // One past the last row is the empty run at the end.
            ColumnKind::List(_) => continue,
            ColumnKind::Table(target) => Token::new(*target, cell),
            ColumnKind::Coded(kind) => kind.decode(cell)?,
        };
        // A PDB's tokens name rows of its module.
        let elsewhere = is_pdb && token.table().is_some_and(|table| table < TableId::Document);
        if !token.is_nil() && !elsewhere && !metadata.contains(token) {
            return Err(Problem::Dangling(token));
        }
    }
    Ok(())
}

fn signature(
    metadata: &Metadata<'_>,
    table: TableId,
    rid: Rid,
    report: &mut Report,
) -> Result<(), Problem> {
    let blob = match table {
        TableId::Field => metadata.field(rid)?.signature,
        TableId::MethodDef => metadata.method_def(rid)?.signature,
        TableId::MemberRef => metadata.member_ref(rid)?.signature,
        TableId::StandAloneSig => metadata.stand_alone_sig(rid)?.signature,
        TableId::Property => metadata.property(rid)?.signature,
        TableId::TypeSpec => metadata.type_spec(rid)?.signature,
        TableId::MethodSpec => metadata.method_spec(rid)?.instantiation,
        _ => return Ok(()),
    };
    let blob = metadata.blob(blob)?;
    report.signatures += 1;
    match table {
        TableId::Field => sig::read_field(blob, &mut TreeBuilder).map(drop)?,
        TableId::MethodDef => sig::read_method(blob, &mut TreeBuilder).map(drop)?,
        TableId::MemberRef => sig::read_member(blob, &mut TreeBuilder).map(drop)?,
        TableId::Property => sig::read_property(blob, &mut TreeBuilder).map(drop)?,
        TableId::TypeSpec => sig::read_type(blob, &mut TreeBuilder).map(drop)?,
        TableId::MethodSpec => sig::read_method_spec(blob, &mut TreeBuilder).map(drop)?,
        _ if sig::is_field(blob) => sig::read_field(blob, &mut TreeBuilder).map(drop)?,
        _ if blob.first() == Some(&sig::SigFlags::LOCALS) => {
            sig::read_locals(blob, &mut TreeBuilder).map(drop)?
        }
        _ => sig::read_method(blob, &mut TreeBuilder).map(drop)?,
    }
    Ok(())
}

fn attribute(
    metadata: &Metadata<'_>,
    rid: Rid,
    resolver: &mut LocalResolver<'_, '_>,
    report: &mut Report,
) -> Result<(), Problem> {
    let row = metadata.custom_attribute(rid)?;
    let constructor = match row.constructor.table() {
        Some(TableId::MethodDef) => metadata.method_def(row.constructor.rid())?.signature,
        _ => metadata.member_ref(row.constructor.rid())?.signature,
    };
    let params = cattr::param_types(metadata.blob(constructor)?, resolver);
    let value = params.and_then(|params| {
        cattr::parse(metadata.blob(row.value).unwrap_or(&[]), &params, resolver)
    });
    match value {
        Ok(_) => report.attributes += 1,
        Err(cattr::Error::UnknownEnum) => report.foreign_attributes += 1,
        Err(problem) => return Err(problem.into()),
    }
    Ok(())
}

fn body(image: &Image<'_>, rid: Rid, report: &mut Report) -> Result<(), Problem> {
    let row = image.method_def(rid)?;
    let is_il = row.impl_flags.code_type() == crate::CodeType::Il;
    if row.rva == 0 || !is_il {
        return Ok(());
    }
    let body = image.method_body(row.rva)?;
    report.bodies += 1;
    report.clauses += body.clauses().count() as u64;
    if !body.local_sig.is_nil() {
        let locals = image.stand_alone_sig(body.local_sig.rid())?;
        sig::read_locals(image.blob(locals.signature)?, &mut TreeBuilder)?;
    }
    for instruction in Decoder::new(body.code) {
        let instruction = instruction?;
        report.instructions += 1;
        match instruction.operand {
            Operand::Token(token) if token.is_user_string() => {
                image.user_string(token)?;
            }
            Operand::Token(token) if !image.contains(token) => {
                return Err(Problem::Dangling(token));
            }
            Operand::Switch(targets) => drop(targets.map(u64::from).sum::<u64>()),
            _ => {}
        }
    }
    Ok(())
}

/// Every look-up for every row that it takes.
fn look_ups(metadata: &Metadata<'_>, report: &mut Report) {
    let mut seen = 0;
    let names = TypeNameIndex::new(metadata);
    let nested = NestedTypeIndex::new(metadata);
    let semantics = SemanticsIndex::new(metadata);
    for rid in metadata.rids(TableId::TypeDef) {
        let token = Token::new(TableId::TypeDef, rid);
        let mut owned =
            |members: crate::Rids<'_>, table, owner: fn(&Metadata<'_>, Rid) -> Option<Rid>| {
                for member in members {
                    seen += 1;
                    if owner(metadata, member) != Some(rid) {
                        report.note(token, Err(Problem::Dangling(Token::new(table, member))));
                    }
                }
            };
        owned(
            metadata.type_fields(rid),
            TableId::Field,
            |metadata, rid| metadata.owner_of_field(rid),
        );
        owned(
            metadata.type_methods(rid),
            TableId::MethodDef,
            |metadata, rid| metadata.owner_of_method(rid),
        );
        owned(
            metadata.type_properties(rid),
            TableId::Property,
            |metadata, rid| metadata.owner_of_property(rid),
        );
        owned(
            metadata.type_events(rid),
            TableId::Event,
            |metadata, rid| metadata.owner_of_event(rid),
        );
        seen += metadata.interface_impls(rid).count() + metadata.method_impls(rid).count();
        seen +=
            nested.nested_types(rid).len() + usize::from(metadata.enclosing_type(rid).is_some());
        seen += usize::from(metadata.class_layout_of(rid).is_some());
        let found = metadata.type_def(rid).ok().and_then(|row| {
            names.find(
                metadata,
                metadata.string(row.namespace).ok()?,
                metadata.string(row.name).ok()?,
            )
        });
        seen += usize::from(found.is_some());
    }
    for rid in metadata.rids(TableId::MethodDef) {
        seen += metadata
            .method_params(rid)
            .filter_map(|param| metadata.owner_of_param(param))
            .count();
        seen += usize::from(metadata.impl_map_of(rid).is_some());
        seen += usize::from(semantics.find(metadata, rid).is_some());
        seen += metadata.local_scopes(rid).count();
    }
    for rid in metadata.rids(TableId::Field) {
        seen += usize::from(metadata.field_layout_of(rid).is_some());
        seen += usize::from(metadata.field_rva_of(rid).is_some());
    }
    for rid in metadata.rids(TableId::GenericParam) {
        seen += metadata.generic_param_constraints(rid).count();
    }
    for table in CodedKind::HasCustomAttribute.tables().iter().flatten() {
        for rid in metadata.rids(*table) {
            let token = Token::new(*table, rid);
            seen +=
                metadata.custom_attributes(token).count() + metadata.decl_securities(token).count();
            seen += metadata.generic_params(token).count()
                + metadata.method_semantics_of(token).count();
            seen += usize::from(metadata.constant_of(token).is_some());
            seen += usize::from(metadata.field_marshal_of(token).is_some());
        }
    }
    for rid in metadata.rids(TableId::LocalScope) {
        seen += metadata.scope_variables(rid).len() + metadata.scope_constants(rid).len();
    }
    core::hint::black_box(seen);
}
