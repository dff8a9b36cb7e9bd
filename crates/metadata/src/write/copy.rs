//! A writer that starts with everything of an image.

use alloc::vec::Vec;

use super::{BodyWriter, DebugData, ImageWriter, WriteOptions};
use crate::il::{self, Decoder, Opcode, Operand};
use crate::sig::{self, TypeTree};
use crate::{
    BlobIndex, CodeType, ColumnKind, CorFlags, ElementType, Error, GuidIndex, Image, Rid,
    StringIndex, TableId, Token,
};

/// Why an image could not be taken over into a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// Its cells, heap items or bodies.
    #[error(transparent)]
    Image(#[from] Error),
    /// Its IL.
    #[error(transparent)]
    Il(#[from] il::Error),
    /// A method with native code, which cannot be moved.
    #[error("method {0} has native code")]
    NativeCode(Rid),
    /// A field whose initial data has no known size.
    #[error("field {0} has initial data of unknown size")]
    FieldData(Rid),
}

impl ImageWriter {
    /// Takes over every row, heap item that a row or body names, body, field datum and resource, and the headers'
    /// facts. Rows keep their numbers and bodies their instructions; heap indexes, addresses and the tokens of string
    /// literals are new. Room for a strong name is kept, the signature is not. Win32 resources, relocations and
    /// vtable fixups are left behind.
    ///
    /// # Errors
    /// When something cannot be read, or is native code.
    pub fn from_image(image: &Image<'_>) -> Result<Self, CopyError> {
        let header = image.cli_header();
        let pe = image.pe_header();
        let mut flags = header.flags;
        // Code compiled ahead of time is left behind.
        flags.remove(CorFlags::STRONG_NAME_SIGNED | CorFlags::IL_LIBRARY);
        flags.insert(CorFlags::IL_ONLY);
        let mut writer = Self::new(WriteOptions {
            version: image.version().into(),
            runtime_version: header.runtime_version,
            cor_flags: flags,
            is_library: pe.is_dll(),
            subsystem: pe.subsystem,
            machine: Some(pe.machine),
            pe32_plus: pe.is_pe32_plus,
            time_stamp: pe.time_stamp,
            strong_name_size: image.strong_name_signature().map_or(0, <[u8]>::len) as u32,
            uncompressed: image.is_uncompressed(),
            // Rows keep their numbers.
            keep_order: true,
            ..WriteOptions::default()
        });
        writer.entry_point = Token(header.entry_point);
        for table in TableId::ALL {
            for rid in image.rids(*table) {
                writer.copy_row(image, *table, rid)?;
            }
        }
        let resources = header.resources;
        writer.resources = image.rva_bytes(resources.rva, resources.size)?.to_vec();
        for entry in image.debug_entries() {
            let entry = entry?;
            writer.debug.push(DebugData {
                kind: entry.kind,
                time_stamp: entry.time_stamp,
                version: entry.version,
                data: entry.data.to_vec(),
            });
        }
        Ok(writer)
    }

    fn copy_row(&mut self, image: &Image<'_>, table: TableId, rid: Rid) -> Result<(), CopyError> {
        let mut cells: Vec<u32> = Vec::with_capacity(table.columns().len());
        for (column, kind) in table.columns().iter().enumerate() {
            let cell = image.raw_cell(table, rid, column).unwrap_or(0);
            cells.push(match kind {
                ColumnKind::Str => self.strings.add(image.string_bytes(StringIndex(cell))?).0,
                ColumnKind::Blob => self.blobs.add(image.blob(BlobIndex(cell))?).0,
                ColumnKind::Guid => image
                    .guid(GuidIndex(cell))?
                    .map_or(0, |guid| self.guids.add(guid).0),
                _ => cell,
            });
        }
        let rva = match table {
            TableId::MethodDef => self.copy_body(image, rid)?,
            TableId::FieldRva => self.copy_field_data(image, rid)?,
            _ => None,
        };
        if let (Some(rva), Some(cell)) = (rva, cells.first_mut()) {
            *cell = rva;
        }
        self.tables.add_raw(table, cells.into_iter());
        Ok(())
    }

    fn copy_body(&mut self, image: &Image<'_>, rid: Rid) -> Result<Option<u32>, CopyError> {
        let row = image.method_def(rid)?;
        if row.rva == 0 {
            return Ok(None);
        }
        if row.impl_flags.code_type() != CodeType::Il {
            return Err(CopyError::NativeCode(rid));
        }
        let body = image.method_body(row.rva)?;
        let mut code = body.code.to_vec();
        for instruction in Decoder::new(body.code) {
            let instruction = instruction?;
            if let (Opcode::Ldstr, Operand::Token(token)) =
                (instruction.opcode, instruction.operand)
            {
                let literal = self.user_strings.add(image.user_string(token)?.bytes());
                let operand = code
                    .get_mut(instruction.offset as usize + 1..)
                    .and_then(<[u8]>::first_chunk_mut);
                if let Some(operand) = operand {
                    *operand = literal.0.to_le_bytes();
                }
            }
        }
        let clauses: Vec<_> = body.clauses().collect();
        Ok(Some(self.body(&BodyWriter {
            max_stack: body.max_stack,
            init_locals: body.init_locals,
            local_sig: body.local_sig,
            code: &code,
            clauses: &clauses,
        })))
    }

    fn copy_field_data(&mut self, image: &Image<'_>, rid: Rid) -> Result<Option<u32>, CopyError> {
        let row = image.field_rva(rid)?;
        if row.rva == 0 {
            return Ok(None);
        }
        let size = field_data_size(image, row.field)?.ok_or(CopyError::FieldData(row.field))?;
        Ok(Some(self.data(image.rva_bytes(row.rva, size)?)))
    }
}

/// Bytes of a field's initial data: of a primitive, or of a value type of this image that says its size, or whose
/// size is its only field's.
fn field_data_size(image: &Image<'_>, field: Rid) -> Result<Option<u32>, Error> {
    let signature = image.blob(image.field(field)?.signature)?;
    let mut ty = sig::read_field(signature, &mut sig::TreeBuilder)
        .map_err(|_| Error::BadBlob("field signature"))?;
    while let TypeTree::Modified { ty: inner, .. } = ty {
        ty = *inner;
    }
    Ok(match ty {
        TypeTree::Primitive(element) => primitive_size(element),
        TypeTree::Pointer(_) | TypeTree::FnPtr(_) => Some(8),
        TypeTree::Class {
            token,
            is_value_type: true,
        } if token.is(TableId::TypeDef) => match image.class_layout_of(token.rid()) {
            Some(layout) => Some(image.class_layout(layout)?.class_size),
            None => {
                let mut fields = image.type_fields(token.rid());
                match (fields.next(), fields.next()) {
                    (Some(only), None) if only != field => primitive_field(image, only)?,
                    _ => None,
                }
            }
        },
        _ => None,
    })
}

fn primitive_field(image: &Image<'_>, field: Rid) -> Result<Option<u32>, Error> {
    let signature = image.blob(image.field(field)?.signature)?;
    Ok(match sig::read_field(signature, &mut sig::TreeBuilder) {
        Ok(TypeTree::Primitive(element)) => primitive_size(element),
        _ => None,
    })
}

const fn primitive_size(element: ElementType) -> Option<u32> {
    match element {
        ElementType::Boolean | ElementType::I1 | ElementType::U1 => Some(1),
        ElementType::Char | ElementType::I2 | ElementType::U2 => Some(2),
        ElementType::I4 | ElementType::U4 | ElementType::R4 => Some(4),
        ElementType::I8 | ElementType::U8 | ElementType::R8 | ElementType::I | ElementType::U => {
            Some(8)
        }
        _ => None,
    }
}
