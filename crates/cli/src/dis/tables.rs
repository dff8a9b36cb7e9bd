//! Tables as text and JSON.

use std::fmt;
use std::io::Write;

use anyhow::{Context, Result, bail};
use ferrocil_metadata::text::{Cell, Tables};
use ferrocil_metadata::{Metadata, TableId};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// The tables that are asked for: one by name, or all that have rows.
pub fn wanted(metadata: &Metadata<'_>, name: Option<&str>) -> Result<Vec<TableId>> {
    match name {
        None | Some("all") => Ok(TableId::ALL
            .iter()
            .copied()
            .filter(|table| metadata.row_count(*table) != 0)
            .collect()),
        Some(name) => match Tables::find(name) {
            Some(table) => Ok(vec![table]),
            None => bail!(
                "no table is called {name:?}: --table takes a name of ECMA-335 II.22 such as TypeDef, an option of \
                 monodis such as customattr, strings, userstrings or blob, or all"
            ),
        },
    }
}

/// Writes tables as text.
pub fn text(metadata: &Metadata<'_>, wanted: &[TableId], sink: &mut dyn fmt::Write) -> Result<()> {
    let tables = Tables::new(metadata);
    for (position, table) in wanted.iter().enumerate() {
        if position != 0 {
            sink.write_str("\n")?;
        }
        tables.write(*table, sink)?;
    }
    Ok(())
}

/// Writes an object with an array for each table: one line per row.
pub fn json(metadata: &Metadata<'_>, wanted: &[TableId], to: &mut impl Write) -> Result<()> {
    let tables = Tables::new(metadata);
    write!(to, "{{")?;
    for (position, table) in wanted.iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        write!(to, "{comma}\n{:?}: [", table.name())?;
        for rid in metadata.rids(*table) {
            let row = Row {
                rid,
                names: table.column_names(),
                cells: tables.row(*table, rid)?,
            };
            to.write_all(if rid == 1 { b"\n  " } else { b",\n  " })?;
            serde_json::to_writer(&mut *to, &row).context("cannot write")?;
        }
        write!(to, "]")?;
    }
    writeln!(to, "\n}}")?;
    Ok(())
}

struct Row {
    rid: u32,
    names: &'static [&'static str],
    cells: Vec<Cell>,
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rid", &self.rid)?;
        for (name, cell) in self.names.iter().zip(&self.cells) {
            map.serialize_entry(name, &Value(cell))?;
        }
        map.end()
    }
}

struct Value<'c>(&'c Cell);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Cell::Number(value) | Cell::Bits(value) => serializer.serialize_u32(*value),
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Guid(guid) => guid.serialize(serializer),
            Cell::Blob { bytes, text } => {
                let mut map = serializer.serialize_map(None)?;
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                map.serialize_entry("bytes", &hex)?;
                if let Some(text) = text {
                    map.serialize_entry("text", text)?;
                }
                map.end()
            }
            Cell::Row { token, .. } if token.is_nil() => serializer.serialize_none(),
            Cell::Row { token, name } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("table", &token.table().map(TableId::name))?;
                map.serialize_entry("rid", &token.rid())?;
                if let Some(name) = name {
                    map.serialize_entry("name", name)?;
                }
                map.end()
            }
            Cell::List { table, first } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("first", table.name())?;
                map.serialize_entry("rid", first)?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Row, Value};
    use ferrocil_metadata::text::Cell;
    use ferrocil_metadata::{TableId, Token};

    #[test]
    fn a_row_keeps_the_order_of_its_columns() {
        let row = Row {
            rid: 2,
            names: &["name", "extends", "signature"],
            cells: vec![
                Cell::Text("A\"".into()),
                Cell::Row {
                    token: Token::new(TableId::TypeRef, 7),
                    name: Some("[mscorlib]System.Object".into()),
                },
                Cell::Blob {
                    bytes: vec![6, 8],
                    text: Some("int32".into()),
                },
            ],
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"rid":2,"name":"A\"","extends":{"table":"TypeRef","rid":7,"name":"[mscorlib]System.Object"},"signature":{"bytes":"0608","text":"int32"}}"#
        );
        let nothing = Cell::Row {
            token: Token::NIL,
            name: None,
        };
        assert_eq!(serde_json::to_string(&Value(&nothing)).unwrap(), "null");
    }
}
