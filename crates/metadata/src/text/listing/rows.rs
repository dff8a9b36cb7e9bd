//! Tables without signatures.

use core::fmt;

use super::Listing;
use super::values::{hex, hex_lines};
use crate::text::Error;
use crate::{
    FileAttributes, ManifestResourceAttributes, MethodSemanticsAttributes, Rid, TableId, Token,
};

type Sink<'s> = &'s mut dyn fmt::Write;
type Done = Result<(), Error>;

/// One method per pointer table: they differ in the table only.
macro_rules! pointer_tables {
    ($($name:ident $table:ident;)*) => {$(
        pub(super) fn $name(&self, rid: Rid, sink: Sink<'_>) -> Done {
            Ok(writeln!(sink, "{rid}: {}", self.raw(TableId::$table, rid, 0))?)
        }
    )*};
}

impl Listing<'_, '_, '_> {
    pointer_tables! {
        event_ptr EventPtr;
        field_ptr FieldPtr;
        method_ptr MethodPtr;
        param_ptr ParamPtr;
        property_ptr PropertyPtr;
    }

    pub(super) fn assembly(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.assembly(rid)?;
        writeln!(sink, "Name:          {}", self.context.string(row.name)?)?;
        // monodis spells it so.
        writeln!(sink, "Hash Algoritm: {:#010x}", row.hash_algorithm)?;
        let (major, minor, build, revision) = (row.major, row.minor, row.build, row.revision);
        writeln!(sink, "Version:       {major}.{minor}.{build}.{revision}")?;
        writeln!(sink, "Flags:         {:#010x}", row.flags.bits())?;
        writeln!(sink, "PublicKey:     BlobPtr ({:#010x})", row.public_key.0)?;
        match self.context.blob(row.public_key)? {
            [] => writeln!(sink, "\tZero sized public key")?,
            key => writeln!(sink, "\tDump:{}", hex_lines(key))?,
        }
        writeln!(
            sink,
            "Culture:       {}\n",
            self.context.string(row.culture)?
        )?;
        Ok(())
    }

    pub(super) fn assembly_ref(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.assembly_ref(rid)?;
        let (major, minor, build, revision) = (row.major, row.minor, row.build, row.revision);
        writeln!(sink, "{rid}: Version={major}.{minor}.{build}.{revision}")?;
        writeln!(sink, "\tName={}", self.context.string(row.name)?)?;
        writeln!(sink, "\tFlags={:#010x}", row.flags.bits())?;
        match self.context.blob(row.public_key_or_token)? {
            [] => writeln!(sink, "\tZero sized public key")?,
            key => writeln!(sink, "\tPublic Key:{}", hex_lines(key))?,
        }
        match self.context.blob(row.hash_value)? {
            [] => writeln!(sink, "\tZero sized hash value")?,
            hash => writeln!(sink, "\tHash:{}", hex_lines(hash))?,
        }
        Ok(())
    }

    pub(super) fn class_layout(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.class_layout(rid)?;
        let parent = self.type_def_name(row.parent)?;
        let (pack, size) = (row.packing_size, row.class_size);
        Ok(writeln!(
            sink,
            "{rid}: PackingSize={pack}  ClassSize={size}  Parent={parent}"
        )?)
    }

    pub(super) fn exported_type(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.exported_type(rid)?;
        let (namespace, name) = (
            self.context.string(row.namespace)?,
            self.context.string(row.name)?,
        );
        let dot = if namespace.is_empty() { "" } else { "." };
        write!(sink, "{rid}: {namespace}{dot}{name} is in ")?;
        self.implementation(row.implementation, sink)?;
        let (index, flags) = (row.type_def_id, row.flags.bits());
        Ok(writeln!(sink, ", index={index:x}, flags=0x{flags:x}")?)
    }

    pub(super) fn manifest_resource(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.manifest_resource(rid)?;
        let visibility = match row.flags & ManifestResourceAttributes::VISIBILITY_MASK {
            ManifestResourceAttributes::PUBLIC => "public",
            ManifestResourceAttributes::PRIVATE => "private",
            _ => "",
        };
        let name = self.context.string(row.name)?;
        write!(
            sink,
            "{rid}: {visibility} '{name}' at offset {} in ",
            row.offset
        )?;
        self.implementation(row.implementation, sink)?;
        Ok(sink.write_str("\n")?)
    }

    /// Where a resource or exported type is.
    fn implementation(&self, token: Token, sink: Sink<'_>) -> Done {
        let table = match token.table() {
            _ if token.is_nil() => return Ok(sink.write_str("current module")?),
            Some(TableId::File) => "file",
            Some(TableId::AssemblyRef) => "assemblyref",
            _ => "exportedtype",
        };
        Ok(write!(sink, "{table} {}", token.rid())?)
    }

    pub(super) fn field_rva(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.field_rva(rid)?;
        Ok(writeln!(sink, "{rid}: Field {}: {:x}", row.field, row.rva)?)
    }

    pub(super) fn file(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.file(rid)?;
        let content = if row.flags.contains(FileAttributes::CONTAINS_NO_METADATA) {
            "nometadata"
        } else {
            "containsmetadata"
        };
        let hash = hex(self.context.blob(row.hash_value)?);
        let name = self.context.string(row.name)?;
        Ok(writeln!(sink, "{rid}: {name} {content} [{hash}]")?)
    }

    pub(super) fn generic_param(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.generic_param(rid)?;
        let (number, flags) = (row.number, row.flags.bits());
        let owner = self.raw(TableId::GenericParam, rid, 2);
        let name = self.context.string(row.name)?;
        Ok(writeln!(
            sink,
            "{rid}: {number}, flags={flags}, owner={owner:x} {name}"
        )?)
    }

    pub(super) fn generic_param_constraint(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let cell = |column| self.raw(TableId::GenericParamConstraint, rid, column);
        let (owner, constraint) = (cell(0), cell(1));
        Ok(writeln!(
            sink,
            "{rid}: gen-par={owner}, Constraint={constraint:x}"
        )?)
    }

    pub(super) fn method_semantics(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.method_semantics(rid)?;
        let coded = self.raw(TableId::MethodSemantics, rid, 2);
        let kind = match row.semantics {
            MethodSemanticsAttributes::SETTER => "setter",
            MethodSemanticsAttributes::GETTER => "getter",
            MethodSemanticsAttributes::OTHER => "other",
            MethodSemanticsAttributes::ADD_ON => "add-on",
            MethodSemanticsAttributes::REMOVE_ON => "remove-on",
            MethodSemanticsAttributes::FIRE => "fire",
            _ => "unknown",
        };
        let association = if row.association.is(TableId::Property) {
            "property"
        } else {
            "event"
        };
        // monodis counts methods from 0 here.
        let method = i64::from(row.method) - 1;
        let of = row.association.rid();
        Ok(writeln!(
            sink,
            "{rid}: [{coded}] {kind} method: {method} {association} {of}"
        )?)
    }

    pub(super) fn module(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.module(rid)?;
        let name = self.context.string(row.name)?;
        write!(sink, "{rid}: {name} {} ", row.mvid.0)?;
        match self.context.guid(row.mvid)? {
            Some(guid) => writeln!(sink, "{{{}}}", alloc::format!("{guid}").to_uppercase())?,
            None => sink.write_str("\n")?,
        }
        Ok(())
    }

    pub(super) fn module_ref(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let name = self.context.string(self.context.module_ref(rid)?.name)?;
        Ok(writeln!(sink, "{rid}: {name}")?)
    }

    pub(super) fn nested_class(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.nested_class(rid)?;
        let (inner, outer) = (row.nested_class, row.enclosing_class);
        let names = (self.type_def_name(inner)?, self.type_def_name(outer)?);
        Ok(writeln!(
            sink,
            "{rid}: {inner} {outer}: {} in {}",
            names.0, names.1
        )?)
    }

    pub(super) fn param(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.param(rid)?;
        let (flags, sequence) = (row.flags.bits(), row.sequence);
        let name = self.context.string(row.name)?;
        Ok(writeln!(sink, "{rid}: {flags:#06x} {sequence} {name}")?)
    }

    pub(super) fn property_map(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.property_map(rid)?;
        let name = self.type_def_name(row.parent)?;
        let (parent, first) = (row.parent, row.property_list);
        Ok(writeln!(sink, "{rid}: {name} ({parent}) {first}")?)
    }

    pub(super) fn stand_alone_sig(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let index = self.context.stand_alone_sig(rid)?.signature;
        write!(sink, "{rid}: blob[{:#x}] = ", index.0)?;
        for byte in self.context.blob(index)? {
            write!(sink, "{byte:02x} ")?;
        }
        Ok(sink.write_str("\n")?)
    }

    pub(super) fn type_def(&self, rid: Rid, sink: Sink<'_>) -> Done {
        let row = self.context.type_def(rid)?;
        let name = self.type_def_name(rid)?;
        let (fields, methods) = (row.field_list, row.method_list);
        let flags = row.flags.bits();
        let extends = self.raw(TableId::TypeDef, rid, 3);
        Ok(writeln!(
            sink,
            "{rid}: {name} (flist={fields}, mlist={methods}, flags=0x{flags:x}, extends=0x{extends:x})"
        )?)
    }

    pub(super) fn type_ref(&self, rid: Rid, sink: Sink<'_>) -> Done {
        Ok(writeln!(sink, "{rid}: {}", self.type_ref_name(rid)?)?)
    }
}
