//! Images made in memory: every table, every shape of the table stream, and what must be refused.

use ferrocil_metadata::builder::{BodyWriter, BuildOptions, ImageBuilder, sample, sample_pdb};
use ferrocil_metadata::cattr::{self, LocalResolver, Value};
use ferrocil_metadata::check::{check_image, check_metadata, check_pdb};
use ferrocil_metadata::il::{Decoder, Opcode, Operand};
use ferrocil_metadata::marshal::{MarshalSpec, NativeType};
use ferrocil_metadata::pdb::{CustomDebugInfo, Import, LocalConstantValue, Pdb};
use ferrocil_metadata::{
    ClassLayoutRow, ConstantValue, CustomAttributeRow, EhKind, Error, Image, NestedTypeIndex,
    ResourceData, Scalar, SemanticsIndex, TableId, Token, TypeNameIndex,
};

fn all_options() -> Vec<BuildOptions> {
    (0..16_u8)
        .map(|bits| BuildOptions {
            uncompressed: bits & 1 != 0,
            wide_heaps: bits & 2 != 0,
            pe32_plus: bits & 4 != 0,
            extra_data: bits & 8 != 0,
        })
        .collect()
}

const fn assert_shareable<T: Send + Sync>() {}
const _: () = assert_shareable::<Image<'static>>();
const _: () = assert_shareable::<Pdb<'static>>();

#[test]
fn every_shape_of_the_sample_can_be_read() {
    for options in all_options() {
        let bytes = sample(options).expect("the sample fits");
        let image = Image::parse(&bytes).expect("an image");
        let report = check_image(&image);
        assert_eq!(report.problems, [], "{options:?}");
        // With reversed pointer tables the enumeration has the fields of another type, so its size is not known.
        let attributes = if options.uncompressed { (0, 3) } else { (3, 0) };
        assert_eq!((report.attributes, report.foreign_attributes), attributes);
        assert_eq!((report.clauses, report.bodies), (4, 7));
        assert_eq!(image.is_uncompressed(), options.uncompressed);
        assert_eq!(image.pe_header().is_pe32_plus, options.pe32_plus);
        for table in TableId::ALL
            .iter()
            .filter(|table| **table < TableId::Document)
        {
            let only_uncompressed = matches!(
                table,
                TableId::FieldPtr
                    | TableId::MethodPtr
                    | TableId::ParamPtr
                    | TableId::EventPtr
                    | TableId::PropertyPtr
                    | TableId::EncLog
                    | TableId::EncMap
            );
            let rows = image.row_count(*table);
            assert_eq!(
                rows != 0,
                options.uncompressed || !only_uncompressed,
                "{table:?}: {rows} rows"
            );
        }
    }
}

#[test]
fn look_ups_of_the_sample() {
    let bytes = sample(BuildOptions::default()).expect("the sample fits");
    let image = Image::parse(&bytes).expect("an image");
    let program = image.find_type("Demo", "Program").expect("Demo.Program");
    assert_eq!(
        TypeNameIndex::new(&image).find(&image, "Demo", "Program"),
        Some(program)
    );
    assert_eq!(
        image.find_type("", "Inner"),
        None,
        "a nested type is not top-level"
    );

    let methods: Vec<&str> = image
        .type_methods(program)
        .map(|rid| {
            image
                .string(image.method_def(rid).expect("a row").name)
                .expect("a name")
        })
        .collect();
    assert_eq!(
        methods,
        ["Main", "Demo.IShape.Area", "get_Size", "set_Size", "strlen"]
    );
    let range = image
        .type_methods(program)
        .as_range()
        .expect("no pointer table");
    assert_eq!(range.len(), 5);
    assert_eq!(image.type_methods(program).get(1), Some(range.start + 1));

    let inner = NestedTypeIndex::new(&image)
        .find(&image, program, "Inner")
        .expect("Inner");
    assert_eq!(image.enclosing_type(inner), Some(program));
    assert_eq!(image.nested_types(program).collect::<Vec<_>>(), [inner]);
    let layout = image
        .class_layout(image.class_layout_of(inner).expect("a layout"))
        .expect("a row");
    assert_eq!((layout.packing_size, layout.class_size), (4, 8));
    let offsets: Vec<u32> = image
        .type_fields(inner)
        .map(|field| {
            image
                .field_layout(image.field_layout_of(field).expect("an offset"))
                .expect("a row")
                .offset
        })
        .collect();
    assert_eq!(offsets, [0, 2]);

    let property = image.type_properties(program).next().expect("Size");
    let accessors = image.method_semantics_of(Token::new(TableId::Property, property));
    assert_eq!(accessors.len(), 2);
    let semantics = SemanticsIndex::new(&image);
    for rid in accessors {
        let row = image.method_semantics(rid).expect("a row");
        assert_eq!(semantics.find(&image, row.method), Some(row));
        assert_eq!(image.semantics_of(row.method), Some(rid));
    }
    assert_eq!(image.owner_of_property(property), Some(program));
    assert_eq!(image.type_events(program).len(), 1);
    assert_eq!(image.interface_impls(program).len(), 1);
    assert_eq!(image.method_impls(program).len(), 1);

    let native = range.end - 1;
    let pinvoke = image
        .pinvoke(native)
        .expect("a valid row")
        .expect("a P/Invoke method");
    assert_eq!((pinvoke.library, pinvoke.entry_point), ("libc", "strlen"));
    let param = image.method_params(native).next().expect("text");
    let marshal = image
        .field_marshal_of(Token::new(TableId::Param, param))
        .expect("a descriptor");
    assert_eq!(
        image.marshal_spec(marshal),
        Ok(MarshalSpec::Simple(NativeType::LPSTR))
    );
    let default = image
        .constant_of(Token::new(TableId::Param, param))
        .expect("a constant");
    let Ok(ConstantValue::String(text)) = image.constant_value(default) else {
        panic!("a string")
    };
    assert_eq!(text.to_string(), "hi");
    let data = image.type_fields(program).next().expect("data");
    let rva = image
        .field_rva(image.field_rva_of(data).expect("data"))
        .expect("a row")
        .rva;
    assert_eq!(image.rva_bytes(rva, 8), Ok(&[1, 2, 3, 4, 5, 6, 7, 8][..]));

    let generic = image.find_type("Demo", "Box`1").expect("Box");
    let param = image
        .generic_params(Token::new(TableId::TypeDef, generic))
        .next()
        .expect("T");
    let constraint = image
        .generic_param_constraints(param)
        .next()
        .expect("IShape");
    let shape = image.find_type("Demo", "IShape").expect("IShape");
    let row = image.generic_param_constraint(constraint).expect("a row");
    assert_eq!(row.constraint, Token::new(TableId::TypeDef, shape));

    assert_eq!(image.embedded_resource("greeting.txt"), Some(&b"hello"[..]));
    assert_eq!(image.embedded_resource("empty"), Some(&b""[..]));
    assert_eq!(image.resource_data(1), Ok(ResourceData::Embedded(b"hello")));
    let moved = image
        .find_exported_type("Demo", "Moved")
        .expect("a forwarder");
    assert!(
        image
            .exported_type(moved)
            .expect("a row")
            .implementation
            .is(TableId::AssemblyRef)
    );
    let identity = image
        .assembly_identity()
        .expect("a manifest")
        .expect("an assembly");
    assert_eq!(
        identity.to_string(),
        "sample, Version=1.2.3.4, Culture=neutral, PublicKeyToken=null"
    );
    let corlib = image.assembly_ref_identity(1).expect("a reference");
    assert_eq!(
        corlib.to_string(),
        "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
    );
}

#[test]
fn the_sample_main_decodes() {
    let bytes = sample(BuildOptions::default()).expect("the sample fits");
    let image = Image::parse(&bytes).expect("an image");
    let main = image.entry_point().expect("an entry point");
    let body = image
        .method_body(image.method_def(main.rid()).expect("a row").rva)
        .expect("a body");
    assert!(body.init_locals && body.max_stack == 4 && body.local_sig.is(TableId::StandAloneSig));
    let code: Vec<_> = Decoder::new(body.code)
        .collect::<Result<_, _>>()
        .expect("valid IL");
    let Operand::Token(text) = code[0].operand else {
        panic!("ldstr")
    };
    assert_eq!(
        image.user_string(text).expect("a literal").to_string(),
        "Héllo, wörld"
    );
    let opcodes: Vec<Opcode> = code.iter().map(|instruction| instruction.opcode).collect();
    assert_eq!(opcodes.last(), Some(&Opcode::Ret));
    assert!(opcodes.contains(&Opcode::Volatile) && opcodes.contains(&Opcode::Switch));
    let kinds: Vec<EhKind> = body.clauses().map(|clause| clause.kind).collect();
    let object = Token::new(TableId::TypeRef, 1);
    assert_eq!(
        kinds,
        [
            EhKind::Filter(48),
            EhKind::Catch(object),
            EhKind::Finally,
            EhKind::Fault
        ]
    );
}

#[test]
fn custom_attributes_of_the_sample() {
    let bytes = sample(BuildOptions::default()).expect("the sample fits");
    let image = Image::parse(&bytes).expect("an image");
    let program = Token::new(
        TableId::TypeDef,
        image.find_type("Demo", "Program").expect("Program"),
    );
    // The rows of the sample are not in the order of their parents.
    let rid = image
        .custom_attributes(program)
        .next()
        .expect("an attribute");
    let row = image.custom_attribute(rid).expect("a row");
    assert_eq!(row.parent, program);
    let mut resolver = LocalResolver::new(&image);
    let constructor = image
        .method_def(row.constructor.rid())
        .expect("a constructor");
    let params = cattr::param_types(
        image.blob(constructor.signature).expect("a blob"),
        &mut resolver,
    );
    let blob = image.blob(row.value).expect("a blob");
    let parsed = cattr::parse(blob, &params.expect("valid types"), &mut resolver).expect("a value");
    assert_eq!(parsed.fixed.first(), Some(&Value::Scalar(Scalar::I4(42))));
    assert_eq!(parsed.named.first().map(|named| named.name), Some("Name"));
}

#[test]
fn pointer_tables_reverse_what_the_lists_run_over() {
    let options = BuildOptions {
        uncompressed: true,
        ..BuildOptions::default()
    };
    let bytes = sample(options).expect("the sample fits");
    let image = Image::parse(&bytes).expect("an image");
    // Color is the first type with fields, so its run holds the last two rows, in reverse.
    let color = image.find_type("Demo", "Color").expect("Color");
    let last = image.row_count(TableId::Field);
    let fields = image.type_fields(color);
    assert_eq!(fields.as_range(), None);
    assert_eq!(fields.clone().collect::<Vec<_>>(), [last, last - 1]);
    assert_eq!(fields.clone().rev().collect::<Vec<_>>(), [last - 1, last]);
    for field in fields {
        assert_eq!(image.owner_of_field(field), Some(color));
    }
    assert_eq!(image.owner_of_field(last + 1), None);
    assert_eq!(image.owner_of_field(0), None);
}

#[test]
fn unsorted_tables_are_searched_all_the_same() {
    let mut builder = ImageBuilder::new("unsorted");
    let object = builder.type_ref("mscorlib", "System", "Object");
    let types: Vec<Token> = (0..50)
        .map(|number| builder.class("N", &format!("C{number}"), object))
        .collect();
    for index in (0..types.len()).map(|index| index * 37 % types.len()) {
        let size = index as u32;
        builder.add(&ClassLayoutRow {
            packing_size: 1,
            class_size: size,
            parent: types[index].rid(),
        });
        for _ in 0..index % 4 {
            let constructor = Token::new(TableId::MemberRef, 1);
            let value = builder.blob(&[1, 0, 0, 0]);
            builder.add(&CustomAttributeRow {
                parent: types[index],
                constructor,
                value,
            });
        }
    }
    let bytes = builder.build().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    for (index, token) in types.iter().enumerate() {
        let layout = image.class_layout_of(token.rid()).expect("a layout");
        assert_eq!(
            image.class_layout(layout).expect("a row").class_size,
            index as u32
        );
        let rows: Vec<u32> = image.custom_attributes(*token).collect();
        assert_eq!(rows.len(), index % 4);
        assert!(rows.iter().all(|rid| {
            image
                .custom_attribute(*rid)
                .is_ok_and(|row| row.parent == *token)
        }));
    }
    assert_eq!(image.class_layout_of(1), None);
}

#[test]
fn large_tables_and_heaps_get_wide_indexes() {
    let mut builder = ImageBuilder::new("wide");
    builder.options(BuildOptions {
        wide_heaps: true,
        ..BuildOptions::default()
    });
    let object = builder.type_ref("mscorlib", "System", "Object");
    let count = 0x1_0010_u32;
    let types: Vec<Token> = (0..count)
        .map(|number| builder.class("N", &format!("C{number}"), object))
        .collect();
    let signature = [0x00, 0, 0x01];
    builder.static_method("Last", &signature, &[0x2A]);
    let bytes = builder.build().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    assert_eq!(image.row_count(TableId::TypeDef), count + 1);
    let last = types.last().expect("types").rid();
    assert_eq!(
        image.string(image.type_def(last).expect("a row").name),
        Ok(format!("C{}", count - 1).as_str())
    );
    assert_eq!(image.owner_of_method(1), Some(last));
    assert_eq!(image.find_type("N", "C65551"), Some(last));
    assert_eq!(
        TypeNameIndex::new(&image).find(&image, "N", "C65551"),
        Some(last)
    );
}

#[test]
fn large_bodies_get_fat_clauses() {
    let mut builder = ImageBuilder::new("fat");
    let code = vec![0x00; 0x2_0000];
    let clause = ferrocil_metadata::EhClause {
        kind: EhKind::Finally,
        try_offset: 5,
        try_len: 0x1_0000,
        handler_offset: 0x1_0005,
        handler_len: 7,
    };
    let clauses = vec![clause; 30];
    let body = BodyWriter {
        clauses: &clauses,
        ..BodyWriter::new(&code)
    };
    let rva = builder.body(&body);
    let bytes = builder.build().expect("it fits");
    let image = Image::parse(&bytes).expect("an image");
    let body = image.method_body(rva).expect("a body");
    assert_eq!(body.code.len(), code.len());
    assert_eq!(body.clauses().collect::<Vec<_>>(), clauses);
}

#[test]
fn what_is_not_an_image_is_refused() {
    assert!(matches!(Image::parse(b""), Err(Error::NotPe(_))));
    assert!(matches!(Image::parse(b"#!/bin/sh\n"), Err(Error::NotPe(_))));
    assert!(matches!(Image::parse(b"MZ"), Err(Error::Truncated(_))));
    let bytes = sample(BuildOptions::default()).expect("the sample fits");
    // The CLI directory of a PE32 header.
    let mut native = bytes.clone();
    native[0x80 + 24 + 96 + 14 * 8..][..8].fill(0);
    assert!(matches!(Image::parse(&native), Err(Error::NotCli)));
    // The padding at the end of the file may be missing, nothing else.
    let content = bytes.iter().rposition(|byte| *byte != 0).expect("content") + 1;
    for len in 0..content - 4 {
        assert!(
            Image::parse(&bytes[..len]).is_err(),
            "{len} of {} bytes",
            bytes.len()
        );
    }
}

#[test]
fn a_portable_pdb() {
    let bytes = sample_pdb().expect("it fits");
    let pdb = Pdb::parse(&bytes).expect("a PDB");
    assert_eq!(check_metadata(&pdb).problems, []);
    assert_eq!(pdb.id()[19], 19);
    assert_eq!(pdb.entry_point(), Some(Token::new(TableId::MethodDef, 4)));
    assert_eq!(pdb.document_name(1).as_deref(), Ok("/src/main.cs"));
    let lines = |method| -> Vec<_> {
        let points = pdb.sequence_points(method).expect("points");
        points
            .map(|point| point.expect("a point"))
            .map(|point| (point.il_offset, point.document))
            .collect()
    };
    assert_eq!(lines(1), [(0, 1), (2, 1), (5, 1)]);
    assert_eq!(lines(2), [(0, 1), (3, 2)]);
    assert_eq!(lines(3), []);
    assert_eq!(lines(4), [], "a method beyond the table");
    let at = |offset| {
        pdb.source_at(1, offset)
            .expect("points")
            .and_then(|point| point.span)
            .map(|span| span.start_line)
    };
    assert_eq!(
        (at(0), at(2), at(4), at(5), at(900)),
        (Some(10), Some(10), Some(10), Some(12), Some(12))
    );
    let scope = pdb.local_scopes(1).next().expect("a scope");
    let variable = pdb.scope_variables(scope).next().expect("a variable");
    assert_eq!(
        pdb.string(pdb.local_variable(variable).expect("a row").name),
        Ok("count")
    );
    assert_eq!(pdb.scope_constants(scope).len(), 6);
    let type_ref = |rid| Token::new(TableId::TypeRef, rid);
    let constants: Vec<_> = pdb
        .rids(TableId::LocalConstant)
        .map(|rid| pdb.local_constant_value(rid).expect("a constant"))
        .collect();
    assert_eq!(
        constants[0],
        LocalConstantValue::Scalar(Scalar::I4(5), None)
    );
    let LocalConstantValue::String(text) = constants[1] else {
        panic!("a string: {:?}", constants[1])
    };
    assert_eq!(text.to_string(), "hi");
    assert_eq!(
        constants[2..],
        [
            LocalConstantValue::Null,
            LocalConstantValue::Null,
            LocalConstantValue::Scalar(Scalar::U1(7), Some(type_ref(2))),
            LocalConstantValue::Other(type_ref(1), &[2, 1]),
        ]
    );
    let imports: Result<Vec<_>, _> = pdb.imports(1).expect("a scope").collect();
    assert_eq!(
        imports.expect("imports"),
        [
            Import::Namespace("System"),
            Import::AssemblyNamespace(1, "System"),
            Import::Type(type_ref(1)),
            Import::XmlNamespace("A", "System"),
            Import::AssemblyReferenceAlias("A"),
            Import::AssemblyAlias("A", 1),
            Import::NamespaceAlias("A", "System"),
            Import::AssemblyNamespaceAlias("A", 1, "System"),
            Import::TypeAlias("A", type_ref(1)),
        ]
    );
    let infos: Vec<_> = pdb
        .rids(TableId::CustomDebugInformation)
        .map(|rid| pdb.custom_debug_info(rid).expect("a row"))
        .collect();
    assert!(matches!(infos[0], CustomDebugInfo::Other(_, [4, 5])));
    assert!(matches!(infos[1], CustomDebugInfo::HoistedScopes(scopes) if scopes.eq([(1, 9)])));
    assert_eq!(infos[2], CustomDebugInfo::SourceLink("{}"));
    assert_eq!(infos[3], CustomDebugInfo::EmbeddedSource(0, b"x"));
    assert_eq!(check_pdb(&pdb).problems, []);
    assert_eq!(pdb.kickoff_method(2), Some(3));
    let custom = pdb
        .custom_debug_information_of(Token::new(TableId::MethodDef, 1))
        .next();
    assert_eq!(
        custom.map(|rid| pdb
            .custom_debug_information(rid)
            .map(|row| pdb.blob(row.value))),
        Some(Ok(Ok(&[4, 5][..])))
    );
    let image = sample(BuildOptions::default()).expect("the sample fits");
    let image = Image::parse(&image).expect("an image");
    assert!(Pdb::parse(image.file()).is_err());
}

/// The sample has no vtable fixups; its CLI header can point at bytes that are some.
#[test]
fn vtable_fixups_name_methods() {
    let mut builder = ImageBuilder::new("exports");
    let object = builder.type_ref("mscorlib", "System", "Object");
    builder.class("", "C", object);
    let method = builder.static_method("M", &[0, 0, 1], &[0x2A]);
    let slots = builder.data(&[&method.0.to_le_bytes()[..], &[0; 4]].concat());
    let entry = [&slots.to_le_bytes()[..], &[1, 0, 2 | 4, 0]].concat();
    let table = builder.data(&entry);
    let mut bytes = builder.build().expect("it fits");
    // The CLI header starts the first section, at file offset 0x200.
    bytes[0x200 + 48..][..8].copy_from_slice(&[&table.to_le_bytes()[..], &[8, 0, 0, 0]].concat());
    let image = Image::parse(&bytes).expect("an image");
    let fixups: Vec<_> = image
        .vtable_fixups()
        .map(|fixup| fixup.expect("a fixup"))
        .collect();
    assert_eq!((fixups.len(), fixups[0].kind), (1, 6));
    assert_eq!(fixups[0].methods().collect::<Vec<_>>(), [method]);
}
