//! Declarative security.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::Listing;
use super::values::{general, hex};
use crate::text::Error;
use crate::{ElementType, Reader, Rid, Scalar, TableId};

impl Listing<'_, '_, '_> {
    pub(super) fn decl_security(&self, rid: Rid, sink: &mut dyn fmt::Write) -> Result<(), Error> {
        let row = self.context.decl_security(rid)?;
        let parent = match row.parent.table() {
            Some(table @ (TableId::TypeDef | TableId::MethodDef | TableId::Assembly)) => {
                table.name()
            }
            _ => "",
        };
        write!(sink, "{rid}: ")?;
        match action(row.action) {
            Some(action) => write!(sink, "{action}")?,
            None => write!(sink, "0x{:04X}", row.action)?,
        }
        write!(sink, " on {parent} {}", row.parent.rid())?;
        let blob = self.context.blob(row.permission_set)?;
        match blob {
            [] => sink.write_str("\n")?,
            [b'.', ..] => {
                let set = permissions(blob);
                let set = set.unwrap_or_else(|| format!("( {} )", hex(blob)));
                writeln!(sink, ":\n\t{set}")?;
            }
            // The form of .NET 1: XML in UTF-16.
            xml => {
                let units = xml.as_chunks::<2>().0.iter();
                let units = units.map(|unit| u16::from_le_bytes(*unit));
                let text = char::decode_utf16(units).map(|unit| unit.unwrap_or('?'));
                writeln!(sink, ":\n\t{}", text.collect::<String>())?;
            }
        }
        Ok(())
    }
}

const fn action(action: u16) -> Option<&'static str> {
    Some(match action {
        2 => "Demand",
        3 => "Assert",
        4 => "Deny",
        5 => "PermitOnly",
        6 => "LinkDemand",
        7 => "InheritanceDemand",
        8 => "RequestMinimum",
        9 => "RequestOptional",
        10 => "RequestRefuse",
        13 => "NonCasDemand",
        14 => "NonCasLinkDemand",
        15 => "NonCasInheritance",
        16 => "LinkDemandChoice",
        17 => "InheritDemandChoice",
        18 => "DemandChoice",
        _ => return None,
    })
}

/// A set of attributes in braces; `None` when it is malformed or has a type without words.
fn permissions(blob: &[u8]) -> Option<String> {
    let mut reader = Reader::new(blob);
    reader.u8()?;
    let count = reader.compressed_u32()?;
    let mut set = Vec::new();
    for _ in 0..count {
        let class = class_name(reader.ser_string()??);
        let len = reader.compressed_u32()?;
        let mut members = Reader::new(reader.bytes(len as usize)?);
        let count = members.compressed_u32()?;
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(member(&mut members)?);
        }
        set.push(format!("{class} = {{{}}}", texts.join("\n\t")));
    }
    Some(format!("{{{}}}", set.join(",\n\t")))
}

/// `Type, Assembly, …` as `[Assembly]Type`.
fn class_name(name: &str) -> String {
    let mut parts = name.split(',').map(str::trim);
    let class = parts.next().unwrap_or("");
    match parts.next() {
        Some(assembly) => format!("[{assembly}]{class}"),
        None => class.into(),
    }
}

fn member(reader: &mut Reader<'_>) -> Option<String> {
    let kind = match reader.u8()? {
        0x53 => "field",
        0x54 => "property",
        _ => return None,
    };
    let element = ElementType::from_u8(reader.u8()?)?;
    match element {
        ElementType::Enum => {
            let class = class_name(reader.ser_string()??);
            let name = reader.ser_string()??;
            let value = reader.u32()?.cast_signed();
            Some(format!("{kind} enum {class} '{name}' = int32({value})"))
        }
        ElementType::SzArray => {
            let element = ElementType::from_u8(reader.u8()?)?;
            let ty = keyword(element)?;
            let name = reader.ser_string()??;
            let count = reader.u32()?;
            let mut text = format!("{kind} {ty}[] '{name}' = {ty}[{count}](");
            for index in 0..count {
                let space = if index == 0 { "" } else { " " };
                let _ = write!(text, "{space}{}", value(reader, element)?);
            }
            Some(text + ")")
        }
        _ => {
            let ty = keyword(element)?;
            let name = reader.ser_string()??;
            let value = value(reader, element)?;
            Some(format!("{kind} {ty} '{name}' = {ty}({value})"))
        }
    }
}

const fn keyword(element: ElementType) -> Option<&'static str> {
    Some(match element {
        ElementType::Type => "type",
        ElementType::Boolean
        | ElementType::Char
        | ElementType::I1
        | ElementType::U1
        | ElementType::I2
        | ElementType::U2
        | ElementType::I4
        | ElementType::U4
        | ElementType::I8
        | ElementType::U8
        | ElementType::R4
        | ElementType::R8
        | ElementType::String => super::spelling::primitive(element),
        _ => return None,
    })
}

fn value(reader: &mut Reader<'_>, element: ElementType) -> Option<String> {
    Some(match element {
        ElementType::String => match reader.ser_string()? {
            Some(text) => format!("'{text}'"),
            None => "nullref".into(),
        },
        ElementType::Type => class_name(reader.ser_string()??),
        _ => match Scalar::read(reader, element)? {
            Scalar::Boolean(value) => format!("{value}"),
            Scalar::Char(unit) => format!("0x{unit:04X}"),
            Scalar::R4(value) if value.is_finite() => general(f64::from(value), 8),
            Scalar::R4(value) => format!("0x{:08X}", value.to_bits()),
            Scalar::R8(value) if value.is_finite() => general(value, 17),
            Scalar::R8(value) => format!("0x{:016X}", value.to_bits()),
            integer => format!("{}", integer.bits().cast_signed()),
        },
    })
}
