//! Tables with what their cells mean.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::context::Context;
use super::{Error, listing, marshal, names};
use crate::{BlobIndex, ColumnKind, GuidIndex, Metadata, Rid, StringIndex, TableId, Token, sig};

/// Reads tables of an image or a Portable PDB as text.
#[derive(Clone, Debug)]
pub struct Tables<'i, 'a> {
    context: Context<'i, 'a>,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A constant.
    Number(u32),
    /// Attribute bits or an address: better read in hexadecimal.
    Bits(u32),
    /// A name.
    Text(String),
    /// A GUID, if there is one.
    Guid(Option<String>),
    /// A blob, and what it says where that is a type, signature or native type.
    Blob {
        /// The bytes.
        bytes: Vec<u8>,
        /// What they mean.
        text: Option<String>,
    },
    /// A row of some table, or nothing.
    Row {
        /// Which.
        token: Token,
        /// Its name, where rows of its table have one.
        name: Option<String>,
    },
    /// The first row of a run.
    List {
        /// Of which table.
        table: TableId,
        /// Its first row.
        first: Rid,
    },
}

/// As monodis writes them: numbers, `0x` bits, `'names'`, `{GUID}`, `Table[row] name`, bytes.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Bits(value) => write!(f, "{value:#x}"),
            Self::Text(text) => f.write_str(&names::string(text)),
            Self::Guid(Some(guid)) => write!(f, "{{{guid}}}"),
            Self::Guid(None) => f.write_str("-"),
            Self::Blob {
                text: Some(text), ..
            } => f.write_str(text),
            Self::Blob { bytes, text: None } if bytes.is_empty() => f.write_str("-"),
            Self::Blob { bytes, text: None } => {
                let separated = bytes.iter().map(|byte| format!("{byte:02x}"));
                f.write_str(&separated.collect::<Vec<_>>().join(" "))
            }
            Self::Row { token, .. } if token.is_nil() => f.write_str("-"),
            Self::Row { token, name } => {
                match token.table() {
                    Some(table) => write!(f, "{}[{}]", table.name(), token.rid())?,
                    None => write!(f, "{:#010x}", token.0)?,
                }
                match name {
                    Some(name) => write!(f, " {name}"),
                    None => Ok(()),
                }
            }
            Self::List { table, first } => write!(f, "{}[{first}]", table.name()),
        }
    }
}

/// Columns whose numbers are bits or addresses.
const BITS: &[&str] = &[
    "attributes",
    "flags",
    "func_code",
    "hash_algorithm",
    "impl_flags",
    "rva",
    "semantics",
    "token",
    "ty",
];

/// Names of monodis' options that are not the tables' own.
const MONODIS_NAMES: &[(&str, TableId)] = &[
    ("customattr", TableId::CustomAttribute),
    ("declsec", TableId::DeclSecurity),
    ("exported", TableId::ExportedType),
    ("fields", TableId::Field),
    ("genericpar", TableId::GenericParam),
    ("interface", TableId::InterfaceImpl),
    ("manifest", TableId::ManifestResource),
    ("marshal", TableId::FieldMarshal),
    ("method", TableId::MethodDef),
    ("methodsem", TableId::MethodSemantics),
    ("mresources", TableId::ManifestResource),
    ("nested", TableId::NestedClass),
    ("parconst", TableId::GenericParamConstraint),
];

impl<'i, 'a> Tables<'i, 'a> {
    /// Prepares to read.
    #[must_use]
    pub fn new(metadata: &'i Metadata<'a>) -> Self {
        Self {
            context: Context::new(metadata, None),
        }
    }

    /// A row: the cells in the order of [`TableId::column_names`].
    ///
    /// # Errors
    /// When there is no such row, or a cell names something that is malformed or does not exist.
    pub fn row(&self, table: TableId, rid: Rid) -> Result<Vec<Cell>, Error> {
        let columns = table.columns().iter().zip(table.column_names());
        columns
            .enumerate()
            .map(|(column, (kind, name))| {
                let Some(raw) = self.context.raw_cell(table, rid, column) else {
                    return Err(Error::Image(crate::Error::NoSuchRow {
                        table,
                        rid,
                        rows: self.context.row_count(table),
                    }));
                };
                self.cell(table, *kind, name, raw)
            })
            .collect::<Result<_, _>>()
            .map_err(|error| error.at(Token::new(table, rid)))
    }

    fn cell(
        &self,
        table: TableId,
        kind: ColumnKind,
        column: &str,
        raw: u32,
    ) -> Result<Cell, Error> {
        let context = &self.context;
        Ok(match kind {
            ColumnKind::U16 | ColumnKind::U32 if BITS.contains(&column) => Cell::Bits(raw),
            ColumnKind::U16 | ColumnKind::U32 => Cell::Number(raw),
            ColumnKind::Str => Cell::Text(context.string(StringIndex(raw))?.into()),
            ColumnKind::Guid => {
                let guid = context.guid(GuidIndex(raw))?;
                Cell::Guid(guid.map(|guid| guid.to_string()))
            }
            ColumnKind::Blob => {
                let bytes = context.blob(BlobIndex(raw))?;
                Cell::Blob {
                    bytes: bytes.into(),
                    text: self.blob_text(table, column, bytes)?,
                }
            }
            ColumnKind::Table(target) => self.row_cell(Token::new(target, raw))?,
            ColumnKind::Coded(kind) => self.row_cell(kind.decode(raw)?)?,
            ColumnKind::List(table) => Cell::List { table, first: raw },
        })
    }

    fn row_cell(&self, token: Token) -> Result<Cell, Error> {
        let name = if token.is_nil() {
            None
        } else {
            self.row_name(token)?
        };
        Ok(Cell::Row { token, name })
    }

    /// What a row is called.
    fn row_name(&self, token: Token) -> Result<Option<String>, Error> {
        let context = &self.context;
        let Some(table) = token.table() else {
            return Ok(None);
        };
        // A PDB names rows of the image that it belongs to.
        if token.rid() > context.row_count(table) {
            return Ok(None);
        }
        match table {
            TableId::TypeDef | TableId::TypeRef | TableId::TypeSpec => {
                context.type_operand(token).map(Some)
            }
            TableId::MethodDef | TableId::MemberRef | TableId::MethodSpec | TableId::Field => {
                context.any_operand(token).map(Some)
            }
            _ => {
                let column = table.column_names().iter().position(|name| *name == "name");
                let Some(column) = column else {
                    return Ok(None);
                };
                match (
                    table.columns().get(column),
                    context.raw_cell(table, token.rid(), column),
                ) {
                    (Some(ColumnKind::Str), Some(raw)) => {
                        Ok(Some(names::dotted(context.string(StringIndex(raw))?)))
                    }
                    _ => Ok(None),
                }
            }
        }
    }

    fn blob_text(
        &self,
        table: TableId,
        column: &str,
        bytes: &[u8],
    ) -> Result<Option<String>, Error> {
        let context = &self.context;
        Ok(match (table, column) {
            (TableId::Field, "signature") => Some(context.field_sig(bytes)?),
            (TableId::MemberRef, "signature") if sig::is_field(bytes) => {
                Some(context.field_sig(bytes)?)
            }
            (TableId::MethodDef | TableId::MemberRef, "signature") => {
                Some(context.method_sig_text(bytes)?)
            }
            (TableId::StandAloneSig, "signature")
                if bytes.first() == Some(&sig::SigFlags::LOCALS) =>
            {
                Some(format!(
                    "locals ({})",
                    context.locals_sig(bytes)?.join(", ")
                ))
            }
            // Some compilers put the signatures of local constants here.
            (TableId::StandAloneSig, "signature") if sig::is_field(bytes) => {
                Some(context.field_sig(bytes)?)
            }
            (TableId::StandAloneSig, "signature") => Some(context.method_sig_text(bytes)?),
            (TableId::Property, "signature") => {
                let sig = context.property_sig(bytes)?;
                let instance = if sig.has_this { "instance " } else { "" };
                Some(format!("{instance}{} ({})", sig.ty, sig.params.join(", ")))
            }
            (TableId::TypeSpec, "signature") => Some(context.type_sig(bytes)?),
            (TableId::MethodSpec, "instantiation") => {
                Some(format!("<{}>", context.method_spec_sig(bytes)?.join(", ")))
            }
            (TableId::FieldMarshal, "native_type") => marshal::text(bytes)?,
            _ => None,
        })
    }

    /// The table with this name: its own, or the name of monodis' option for it; letters' case means nothing.
    #[must_use]
    pub fn find(name: &str) -> Option<TableId> {
        let own = |table: &&TableId| table.name().eq_ignore_ascii_case(name);
        let table = TableId::ALL.iter().find(own).copied();
        table.or_else(|| {
            let (_, table) = MONODIS_NAMES
                .iter()
                .find(|(option, _)| option.eq_ignore_ascii_case(name))?;
            Some(*table)
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn row_count(&self, table: TableId) -> u32 {
        self.context.row_count(table)
    }

    /// Writes a table: as `monodis` does when it has such a table, otherwise a title with the number of rows and a line
    /// per row, each cell with its column's name.
    ///
    /// # Errors
    /// When a row is malformed, or the sink fails.
    pub fn write(&self, table: TableId, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        if listing::write(&self.context, table, sink)? {
            return Ok(());
        }
        let rows = self.context.row_count(table);
        writeln!(sink, "{} Table (1..{rows})", table.name())?;
        for rid in self.context.rids(table) {
            let row = self.row(table, rid)?;
            let cells = table.column_names().iter().zip(&row);
            let cells: Vec<String> = cells.map(|(name, cell)| format!("{name}={cell}")).collect();
            writeln!(sink, "{rid}: {}", cells.join("  "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::Tables;
    use crate::builder::{BuildOptions, sample};
    use crate::{Image, TableId};

    #[test]
    fn tables_have_names_of_their_own_and_of_monodis() {
        assert_eq!(Tables::find("typedef"), Some(TableId::TypeDef));
        assert_eq!(Tables::find("Fields"), Some(TableId::Field));
        assert_eq!(Tables::find("LocalScope"), Some(TableId::LocalScope));
        assert_eq!(Tables::find("nothing"), None);
    }

    #[test]
    fn every_table_of_the_sample_has_text() {
        let bytes = sample(BuildOptions::default()).unwrap();
        let image = Image::parse(&bytes).unwrap();
        let tables = Tables::new(&image);
        for table in TableId::ALL {
            let mut text = String::new();
            tables.write(*table, &mut text).unwrap();
            // A row has one line or more.
            let lines = text.lines().count();
            assert!(lines > image.row_count(*table) as usize, "{text}");
        }
        let mut text = String::new();
        tables.write(TableId::FieldLayout, &mut text).unwrap();
        assert!(
            text.starts_with("FieldLayout Table (1..2)\n1: offset="),
            "{text}"
        );
        text.clear();
        tables.write(TableId::Module, &mut text).unwrap();
        assert!(text.starts_with("Module Table (1..1)\n1: "), "{text}");
    }
}
