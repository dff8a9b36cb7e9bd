//! The writer: what is read and written again is the same; sorted tables, wide columns, headers.

mod support;

use std::path::Path;

use ferrocil_metadata::builder::{BodyWriter, BuildOptions, ImageBuilder, sample};
use ferrocil_metadata::check::check_image;
use ferrocil_metadata::il::{Decoder, Instruction, Operand};
use ferrocil_metadata::sig::{self, TreeBuilder, TypeTree};
use ferrocil_metadata::write::{CopyError, ImageWriter, WriteError, WriteOptions};
use ferrocil_metadata::{
    BlobIndex, CodeType, ColumnKind, CorFlags, EhClause, EhKind, Error, FieldRow,
    GenericParamAttributes, GenericParamConstraintRow, GenericParamRow, Guid, GuidIndex, Image,
    InterfaceImplRow, MethodAttributes, NestedClassRow, StringIndex, TableId, Token, TypeDefRow,
};

/// Compares two images row for row, blob for blob, body for body; heap indexes and addresses may differ.
fn assert_same(old: &Image<'_>, new: &Image<'_>, name: &str) {
    assert_eq!(old.version(), new.version(), "{name}");
    assert_eq!(old.entry_point(), new.entry_point(), "{name}");
    assert_eq!(old.is_uncompressed(), new.is_uncompressed(), "{name}");
    assert_eq!(
        old.pe_header().is_pe32_plus,
        new.pe_header().is_pe32_plus,
        "{name}"
    );
    for table in TableId::ALL {
        assert_eq!(
            old.row_count(*table),
            new.row_count(*table),
            "{name} {table:?}"
        );
        for rid in old.rids(*table) {
            for (column, kind) in table.columns().iter().enumerate() {
                let (a, b) = (
                    old.raw_cell(*table, rid, column).expect("a cell"),
                    new.raw_cell(*table, rid, column).expect("a cell"),
                );
                let same = match kind {
                    ColumnKind::Str => {
                        old.string_bytes(StringIndex(a)) == new.string_bytes(StringIndex(b))
                    }
                    ColumnKind::Blob => old.blob(BlobIndex(a)) == new.blob(BlobIndex(b)),
                    ColumnKind::Guid => old.guid(GuidIndex(a)) == new.guid(GuidIndex(b)),
                    // Addresses of bodies and data.
                    _ if column == 0 && matches!(table, TableId::MethodDef | TableId::FieldRva) => {
                        (a == 0) == (b == 0)
                    }
                    _ => a == b,
                };
                assert!(
                    same,
                    "{name}: {table:?} {rid} column {column}: {a:#x} {b:#x}"
                );
            }
        }
    }
    for rid in old.rids(TableId::MethodDef) {
        assert_same_body(old, new, rid, name);
    }
    for rid in old.rids(TableId::FieldRva) {
        let row = |image: &Image<'_>| image.field_rva(rid).expect("a row");
        if row(old).rva != 0 {
            let size = data_size(old, row(old).field);
            let data =
                |image: &Image<'_>| image.rva_bytes(row(image).rva, size).map(<[u8]>::to_vec);
            assert!(size != 0 && data(old).is_ok());
            assert_eq!(data(old), data(new), "{name}: field data {rid}");
        }
    }
    for rid in old.rids(TableId::ManifestResource) {
        let (a, b) = (old.resource_data(rid), new.resource_data(rid));
        assert_eq!(a, b, "{name}: resource {rid}");
    }
}

/// The size that the field's type states, or 1: every type of initial data has that at least.
fn data_size(image: &Image<'_>, field: u32) -> u32 {
    let signature = image.blob(image.field(field).expect("a row").signature);
    match sig::read_field(signature.expect("a blob"), &mut TreeBuilder) {
        Ok(TypeTree::Class { token, .. }) => {
            image.class_layout_of(token.rid()).map_or(1, |layout| {
                image.class_layout(layout).expect("a row").class_size
            })
        }
        _ => 1,
    }
}

fn assert_same_body(old: &Image<'_>, new: &Image<'_>, rid: u32, name: &str) {
    let (a, b) = (
        old.method_def(rid).expect("a row"),
        new.method_def(rid).expect("a row"),
    );
    if a.rva == 0 || a.impl_flags.code_type() != CodeType::Il {
        return;
    }
    let a = old.method_body(a.rva).expect("a body");
    let b = new.method_body(b.rva).expect("a body");
    assert_eq!(
        (a.max_stack, a.init_locals, a.local_sig, a.code.len()),
        (b.max_stack, b.init_locals, b.local_sig, b.code.len()),
        "{name}: method {rid}"
    );
    assert!(a.clauses().eq(b.clauses()), "{name}: method {rid}");
    let same = |(a, b): (Instruction<'_>, Instruction<'_>)| match (a.operand, b.operand) {
        (Operand::Token(a), Operand::Token(b)) if a.is_user_string() => {
            old.user_string(a).expect("a literal").bytes()
                == new.user_string(b).expect("a literal").bytes()
        }
        // Bits, since a NaN is not equal to itself.
        (Operand::F32(a), Operand::F32(b)) => a.to_bits() == b.to_bits(),
        (Operand::F64(a), Operand::F64(b)) => a.to_bits() == b.to_bits(),
        (Operand::Switch(a), Operand::Switch(b)) => a.eq(b),
        _ => a == b,
    };
    assert!(
        Decoder::new(a.code)
            .map(|instruction| instruction.expect("IL"))
            .zip(Decoder::new(b.code).map(|instruction| instruction.expect("IL")))
            .all(same),
        "{name}: method {rid}"
    );
}

fn round_trip(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let image = match Image::parse(bytes) {
        Ok(image) => image,
        Err(Error::NotCli) => return None,
        Err(error) => panic!("{name}: {error}"),
    };
    let written = match ImageWriter::from_image(&image) {
        Ok(writer) => writer.write().expect("it fits"),
        // CoreCLR's assemblies are compiled ahead of time, some methods have native code only.
        Err(CopyError::NativeCode(_)) => return None,
        Err(error) => panic!("{name}: {error}"),
    };
    let again = Image::parse(&written).expect("what was written is an image");
    assert_same(&image, &again, name);
    Some(written)
}

#[test]
fn every_shape_of_the_sample_round_trips() {
    for bits in 0..16_u8 {
        let bytes = sample(BuildOptions {
            uncompressed: bits & 1 != 0,
            wide_heaps: bits & 2 != 0,
            pe32_plus: bits & 4 != 0,
            extra_data: bits & 8 != 0,
        })
        .expect("the sample fits");
        let once = round_trip(&bytes, "sample").expect("IL only");
        let twice = round_trip(&once, "sample again").expect("IL only");
        assert_eq!(once, twice, "the second copy changes nothing");
    }
}

#[test]
fn the_class_libraries_round_trip() {
    for folder in support::libraries() {
        let mut count = 0;
        for (path, bytes) in support::assemblies(&folder) {
            count += usize::from(round_trip(&bytes, &path.display().to_string()).is_some());
        }
        println!("{}: {count} assemblies", folder.display());
        assert!(count > 0);
    }
}

/// A program whose rows are added out of order.
fn disordered() -> ImageWriter {
    let mut builder = ImageBuilder::new("disordered");
    builder.options_mut().keep_order = false;
    let object = builder.type_ref("mscorlib", "System", "Object");
    let interface = builder.type_ref("mscorlib", "System", "IDisposable");
    let first = builder.class("D", "First`2", object);
    let second = builder.class("D", "Second`1", object);
    let name = builder.string("T");
    let param = |builder: &mut ImageBuilder, owner, number| {
        builder.add(&GenericParamRow {
            number,
            flags: GenericParamAttributes::empty(),
            owner,
            name,
        })
    };
    let of_second = param(&mut builder, second, 0);
    let first_1 = param(&mut builder, first, 1);
    param(&mut builder, first, 0);
    for (owner, constraint) in [(first_1, interface), (of_second, object)] {
        builder.add(&GenericParamConstraintRow {
            owner: owner.rid(),
            constraint,
        });
    }
    for class in [second, first] {
        builder.add(&InterfaceImplRow {
            class: class.rid(),
            interface,
        });
    }
    (*builder).clone()
}

#[test]
fn tables_with_a_key_are_sorted_and_references_follow() {
    let bytes = disordered().write().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    assert_eq!(check_image(&image).problems, []);
    let owners: Vec<_> = image
        .rids(TableId::GenericParam)
        .map(|rid| image.generic_param(rid).expect("a row"))
        .map(|row| (row.owner.rid(), row.number))
        .collect();
    assert_eq!(owners, [(2, 0), (2, 1), (3, 0)]);
    let constraints: Vec<_> = image
        .rids(TableId::GenericParamConstraint)
        .map(|rid| image.generic_param_constraint(rid).expect("a row"))
        .map(|row| (row.owner, row.constraint))
        .collect();
    let type_ref = |rid| Token::new(TableId::TypeRef, rid);
    assert_eq!(constraints, [(2, type_ref(2)), (3, type_ref(1))]);
    let classes: Vec<_> = image
        .rids(TableId::InterfaceImpl)
        .map(|rid| image.interface_impl(rid).expect("a row").class)
        .collect();
    assert_eq!(classes, [2, 3]);
}

#[test]
fn columns_are_as_wide_as_they_must_be() {
    let mut writer = ImageWriter::new(WriteOptions::default());
    // 65,536 names of their own make the heap and, with nested classes, the row numbers wide.
    for number in 0..0x1_0000_u32 {
        let name = writer.string(&format!("T{number}"));
        writer.add(&TypeDefRow {
            flags: ferrocil_metadata::TypeAttributes::empty(),
            name,
            namespace: StringIndex::NIL,
            extends: Token::NIL,
            field_list: 1,
            method_list: 1,
        });
    }
    let signature = writer.blob(&[6; 70_000]);
    let late = writer.blob(&[6, 8]);
    let name = writer.string("late");
    for signature in [signature, late] {
        writer.add(&FieldRow {
            flags: ferrocil_metadata::FieldAttributes::empty(),
            name,
            signature,
        });
    }
    writer.add(&NestedClassRow {
        nested_class: 0x1_0000,
        enclosing_class: 2,
    });
    let bytes = writer.write().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    let last = image.type_def(0x1_0000).expect("a row");
    assert_eq!(image.string(last.name), Ok("T65535"));
    assert_eq!(image.nested_class(1).expect("a row").nested_class, 0x1_0000);
    let late = image.field(2).expect("a row");
    assert_eq!(image.blob(late.signature), Ok(&[6, 8][..]));
}

#[test]
fn a_deterministic_image_depends_on_its_content_only() {
    let make = |mvid: u8, name: &str| {
        let mut builder = ImageBuilder::new(name);
        let mut module = ferrocil_metadata::ModuleRow {
            generation: 0,
            name: StringIndex::NIL,
            mvid: builder.guid(Guid([mvid; 16])),
            enc_id: GuidIndex::NIL,
            enc_base_id: GuidIndex::NIL,
        };
        module.name = builder.string(name);
        assert!(builder.set(1, &module));
        builder.options_mut().deterministic = true;
        builder.build().expect("it fits")
    };
    let (a, b, c) = (make(1, "a"), make(2, "a"), make(1, "c"));
    assert_eq!(a, b, "the old identity does not count");
    let mvid = |bytes: &[u8]| {
        Image::parse(bytes)
            .expect("an image")
            .mvid()
            .expect("a GUID")
    };
    assert_ne!(mvid(&a), mvid(&c));
    assert_ne!(mvid(&a), Guid::default());
}

#[test]
fn headers_stubs_and_strong_names() {
    let mut builder = ImageBuilder::new("program");
    let object = builder.type_ref("mscorlib", "System", "Object");
    builder.class("", "P", object);
    let main = builder.static_method("Main", &[0, 0, 1], &[0x2A]);
    builder.entry_point(main);
    let options = builder.options_mut();
    options.import_stub = true;
    options.strong_name_size = 128;
    options.cor_flags = CorFlags::IL_ONLY | CorFlags::REQUIRED_32BIT;
    options.version = "v2.0.50727".into();
    let bytes = builder.build().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    assert_eq!(image.strong_name_signature(), Some(&[0; 128][..]));
    assert_eq!(image.flags(), CorFlags::IL_ONLY | CorFlags::REQUIRED_32BIT);
    assert_eq!((image.version(), image.missing_bytes()), ("v2.0.50727", 0));
    assert!(!image.pe_header().is_dll());
    let contains = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(contains(b"_CorExeMain\0mscoree.dll\0") && contains(b".reloc\0\0"));

    builder.options_mut().version = "v".repeat(300);
    assert_eq!(builder.build(), Err(WriteError::BadVersion));
    builder.options_mut().version = String::new();
    builder.options_mut().strong_name_size = u32::MAX;
    assert_eq!(builder.build(), Err(WriteError::TooLarge));
}

#[test]
fn large_bodies_and_many_clauses() {
    let mut builder = ImageBuilder::new("bodies");
    let object = builder.type_ref("mscorlib", "System", "Object");
    builder.class("", "C", object);
    let mut code = vec![0; 70_000];
    code.push(0x2A);
    let clauses: Vec<EhClause> = (0..30)
        .map(|number| EhClause {
            kind: EhKind::Catch(object),
            try_offset: number * 2000,
            try_len: 1000,
            handler_offset: number * 2000 + 1000,
            handler_len: 1000,
        })
        .collect();
    let rva = builder.body(&BodyWriter {
        clauses: &clauses,
        ..BodyWriter::new(&code)
    });
    builder.method("M", MethodAttributes::STATIC, &[0, 0, 1], rva);
    let bytes = builder.build().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    let body = image
        .method_body(image.method_def(1).expect("a row").rva)
        .expect("a body");
    assert_eq!(body.code, code);
    assert!(body.clauses().eq(clauses));
}

/// Writes copies of Mono's class library into a folder, to run programs on them:
/// `WRITE_COPIES=folder cargo test -p ferrocil-metadata --test write -- --ignored`.
#[test]
#[ignore = "writes files where WRITE_COPIES says"]
fn write_copies() {
    let Some(target) = std::env::var_os("WRITE_COPIES") else {
        return;
    };
    for (path, bytes) in support::assemblies(Path::new("/usr/lib/mono/4.5")) {
        let copy = round_trip(&bytes, &path.display().to_string()).expect("IL only");
        let name = path.file_name().expect("a name");
        std::fs::write(Path::new(&target).join(name), copy).expect("the folder can be written");
    }
}
