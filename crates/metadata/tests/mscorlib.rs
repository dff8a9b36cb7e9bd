//! Against Mono's class library, when it is installed.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use ferrocil_metadata::check::check_image;
use ferrocil_metadata::il::Decoder;
use ferrocil_metadata::{Error, Image, PublicKeyToken, TableId, Token, TypeNameIndex};

const FOLDER: &str = "/usr/lib/mono/4.5";

/// The class library's folder; a note when it is not there.
fn folder() -> Option<&'static Path> {
    let folder = Path::new(FOLDER);
    if !folder.is_dir() {
        println!("note: {FOLDER} is missing (Debian package mono-runtime); nothing was checked");
        return None;
    }
    Some(folder)
}

#[test]
fn everything_in_mscorlib_can_be_read() {
    let Some(folder) = folder() else { return };
    let bytes = std::fs::read(folder.join("mscorlib.dll")).expect("mscorlib can be read");
    let image = Image::parse(&bytes).expect("mscorlib is an image");
    let report = check_image(&image);
    println!("{report:?}");
    assert_eq!(report.problems, []);
    assert!(report.bodies > 20_000 && report.instructions > 500_000 && report.attributes > 1_000);
}

#[test]
fn every_assembly_of_the_class_libraries_can_be_read() {
    for folder in support::libraries() {
        let mut count = 0;
        for (path, bytes) in support::assemblies(&folder) {
            let image = match Image::parse(&bytes) {
                Ok(image) => image,
                // CoreCLR's folder has libraries without any managed code.
                Err(Error::NotCli) => continue,
                Err(error) => panic!("{}: {error}", path.display()),
            };
            let report = check_image(&image);
            assert_eq!(report.problems, [], "{}", path.display());
            count += 1;
        }
        println!("{}: {count} assemblies", folder.display());
        assert!(count > 0, "no assembly in {}", folder.display());
    }
}

#[test]
fn known_facts_of_mscorlib() {
    let Some(folder) = folder() else { return };
    let bytes = std::fs::read(folder.join("mscorlib.dll")).expect("mscorlib can be read");
    let image = Image::parse(&bytes).expect("mscorlib is an image");
    let identity = image
        .assembly_identity()
        .expect("a manifest")
        .expect("an assembly");
    assert_eq!(
        identity.to_string(),
        "mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
    );
    assert_eq!(
        PublicKeyToken::of_key(identity.public_key)
            .map(|token| token.to_string())
            .as_deref(),
        Some("b77a5c561934e089")
    );
    let index = TypeNameIndex::new(&image);
    for rid in image.rids(TableId::TypeDef) {
        let row = image.type_def(rid).expect("a row");
        if !row.flags.is_nested() {
            let names = (
                image.string(row.namespace).expect("UTF-8"),
                image.string(row.name).expect("UTF-8"),
            );
            assert_eq!(index.find(&image, names.0, names.1), Some(rid), "{names:?}");
        }
    }
    let int32 = index.find(&image, "System", "Int32").expect("System.Int32");
    assert_eq!(image.find_type("System", "Int32"), Some(int32));
    let max = image
        .type_fields(int32)
        .find(|rid| image.field(*rid).and_then(|row| image.string(row.name)) == Ok("MaxValue"));
    let constant = image
        .constant_of(Token::new(TableId::Field, max.expect("MaxValue")))
        .expect("a constant");
    assert_eq!(
        image.constant_value(constant),
        Ok(ferrocil_metadata::ConstantValue::Scalar(
            ferrocil_metadata::Scalar::I4(i32::MAX)
        ))
    );
}

/// Counts as an independent reader sees them.
#[test]
fn row_counts_agree_with_monodis() {
    let Some(folder) = folder() else { return };
    if has_monodis() {
        assert_row_counts(&folder.join("mscorlib.dll"));
    }
}

/// The same for all assemblies: 25 processes for each.
#[test]
#[ignore = "takes minutes"]
fn row_counts_of_all_assemblies_agree_with_monodis() {
    let Some(folder) = folder() else { return };
    if has_monodis() {
        for (path, _) in support::assemblies(folder) {
            assert_row_counts(&path);
        }
    }
}

fn has_monodis() -> bool {
    let there = Command::new("monodis").arg("--help").output().is_ok();
    if !there {
        println!("note: monodis is missing (Debian package mono-utils); nothing was checked");
    }
    there
}

fn assert_row_counts(path: &Path) {
    let bytes = std::fs::read(path).expect("the file can be read");
    let image = Image::parse(&bytes).expect("an image");
    for (option, table) in [
        ("--typedef", TableId::TypeDef),
        ("--typeref", TableId::TypeRef),
        ("--method", TableId::MethodDef),
        ("--fields", TableId::Field),
        ("--memberref", TableId::MemberRef),
        ("--interface", TableId::InterfaceImpl),
        ("--implmap", TableId::ImplMap),
        ("--property", TableId::Property),
        ("--event", TableId::Event),
        ("--moduleref", TableId::ModuleRef),
        ("--genericpar", TableId::GenericParam),
        ("--methodspec", TableId::MethodSpec),
        ("--typespec", TableId::TypeSpec),
        ("--customattr", TableId::CustomAttribute),
        ("--constant", TableId::Constant),
        ("--nested", TableId::NestedClass),
        ("--classlayout", TableId::ClassLayout),
        ("--methodimpl", TableId::MethodImpl),
        ("--methodsem", TableId::MethodSemantics),
        ("--param", TableId::Param),
        ("--propertymap", TableId::PropertyMap),
        ("--fieldrva", TableId::FieldRva),
        ("--standalonesig", TableId::StandAloneSig),
        ("--marshal", TableId::FieldMarshal),
        ("--declsec", TableId::DeclSecurity),
    ] {
        let output = Command::new("monodis")
            .arg(option)
            .arg(path)
            .output()
            .expect("monodis runs");
        let text = String::from_utf8_lossy(&output.stdout);
        // Most tables have a headline `(1..COUNT)`; the others number their lines.
        let digits = |text: &str| {
            text.chars()
                .take_while(char::is_ascii_digit)
                .collect::<String>()
        };
        let headline = text
            .lines()
            .find_map(|line| digits(line.split_once("1..")?.1).parse::<u32>().ok());
        let last = || {
            text.lines()
                .rev()
                .find_map(|line| digits(line.split_once(':')?.0).parse::<u32>().ok())
        };
        // An empty table has no headline or no line.
        let said = headline.or_else(last).unwrap_or(0);
        assert_eq!(said, image.row_count(table), "{option} {}", path.display());
    }
}

/// How often each opcode occurs, as an independent disassembler sees it.
#[test]
fn opcodes_agree_with_monodis() {
    let Some(folder) = folder() else { return };
    let path = folder.join("mscorlib.dll");
    let Ok(output) = Command::new("monodis").arg(&path).output() else {
        println!("note: monodis is missing (Debian package mono-utils); nothing was checked");
        return;
    };
    let mut theirs: BTreeMap<String, u32> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((offset, rest)) = line.trim_start().split_once(':') else {
            continue;
        };
        if offset.starts_with("IL_") {
            let name = rest.split_whitespace().next().expect("an opcode");
            *theirs.entry(name.to_owned()).or_default() += 1;
        }
    }
    let bytes = std::fs::read(&path).expect("mscorlib can be read");
    let image = Image::parse(&bytes).expect("mscorlib is an image");
    let mut ours: BTreeMap<String, u32> = BTreeMap::new();
    for rid in image.rids(TableId::MethodDef) {
        let rva = image.method_def(rid).expect("a row").rva;
        if rva != 0 {
            for instruction in Decoder::new(image.method_body(rva).expect("a body").code) {
                let name = instruction.expect("valid IL").opcode.name();
                *ours.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    assert_eq!(ours, theirs);
}
