//! Signatures become canonical types.

use ferrocil_generics::{
    Context, Error, FnSig, ImageId, ImageInfo, Local, MethodDef, SigReader, Type, TypeDef, TypeId,
    Universe, VariableKind, Variables,
};
use ferrocil_metadata::sig;
use ferrocil_metadata::{ElementType, Image, TableId, Token};

#[derive(Debug, PartialEq, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Sig(#[from] sig::Error),
    #[error(transparent)]
    Type(#[from] Error),
    #[error("no such type: {0:?}")]
    NoType(Token),
    #[error("metadata: {0}")]
    Metadata(String),
}

fn world() -> (Universe, ImageId) {
    let universe = Universe::new();
    let image = universe
        .add_image(ImageInfo {
            type_defs: 10,
            ..ImageInfo::default()
        })
        .unwrap();
    universe.set_corlib(image).unwrap();
    (universe, image)
}

fn reader(
    universe: &Universe,
    image: ImageId,
    variables: Variables,
) -> SigReader<'_, impl FnMut(Token) -> Result<TypeId, Failure>> {
    SigReader::new(universe, variables, move |token: Token| {
        match token.table() {
            Some(TableId::TypeDef) => Ok(universe.try_def(TypeDef {
                image,
                rid: token.rid(),
            })?),
            _ => Err(Failure::NoType(token)),
        }
    })
}

const METHOD: [u8; 17] = [
    0x30, 1, 2, 0x1D, 0x1E, 0, 0x15, 0x12, 0x08, 1, 0x13, 0, 0x1B, 0x00, 1, 0x08, 0x0E,
];

#[test]
fn a_generic_method() {
    // instance !!0[] M<!!0>(class Def2<!0>, method int32 *(string))
    let (u, image) = world();
    let (list, method) = (TypeDef { image, rid: 2 }, MethodDef { image, rid: 9 });
    let open = Variables::Of {
        class: Some(list),
        method: Some(method),
    };
    let sig = reader(&u, image, open).method(&METHOD).unwrap();
    assert_eq!((sig.generic_param_count, sig.flags.has_this()), (1, true));
    assert_eq!(sig.ret, u.sz_array(u.mvar(method, 0)).unwrap());
    let pointer = u
        .fn_ptr(&FnSig {
            convention: 0,
            ret: TypeId::I4,
            params: &[TypeId::STRING],
            sentinel: None,
        })
        .unwrap();
    assert_eq!(sig.params, [u.own_inst(list, 1).unwrap(), pointer]);

    // The same in a context is what inflation gives.
    let context = Context {
        class_args: Some(u.inst_of(&[TypeId::R8]).unwrap()),
        method_args: Some(u.inst_of(&[TypeId::OBJECT]).unwrap()),
    };
    let closed = reader(&u, image, Variables::Are(context))
        .method(&METHOD)
        .unwrap();
    assert_eq!(closed.ret, u.inflate(sig.ret, context).unwrap());
    assert_eq!(
        closed.params,
        sig.params
            .iter()
            .map(|&ty| u.inflate(ty, context).unwrap())
            .collect::<Vec<_>>()
    );
}

#[test]
fn locals_keep_pinned_and_drop_modifiers() {
    let (u, image) = world();
    let blob = [
        0x07, 3, 0x45, 0x10, 0x05, 0x1F, 0x0C, 0x08, 0x14, 0x0E, 2, 0, 0,
    ];
    let locals = reader(&u, image, Variables::NONE).locals(&blob).unwrap();
    let local = |ty, pinned| Local { ty, pinned };
    let expected = [
        local(u.by_ref(TypeId::U1).unwrap(), true),
        local(TypeId::I4, false),
        local(u.array(TypeId::STRING, 2).unwrap(), false),
    ];
    assert_eq!(locals, expected);
}

#[test]
fn other_kinds_of_signatures() {
    let (u, image) = world();
    let mut reader = reader(&u, image, Variables::NONE);
    assert_eq!(reader.field(&[0x06, 0x1F, 0x09, 0x0D]), Ok(TypeId::R8));
    assert_eq!(
        reader.ty(&[0x0F, 0x01]),
        Ok(u.pointer(TypeId::VOID).unwrap())
    );
    let args = reader.method_args(&[0x0A, 2, 0x08, 0x0E]).unwrap();
    assert_eq!(u.args(args), [TypeId::I4, TypeId::STRING]);
    let property = reader.property(&[0x28, 1, 0x1C, 0x08]).unwrap();
    assert_eq!(
        (property.has_this, property.ty, property.params),
        (true, TypeId::OBJECT, vec![TypeId::I4])
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let (u, image) = world();
    let mut reader = reader(&u, image, Variables::NONE);
    let outside = |kind| Err(Failure::Type(Error::NoVariables { kind, index: 0 }));
    assert_eq!(reader.ty(&[0x13, 0]), outside(VariableKind::Class));
    assert_eq!(reader.ty(&[0x1E, 0]), outside(VariableKind::Method));
    assert_eq!(
        reader.ty(&[0x13, 0xC0, 1, 0, 0]),
        Err(Failure::Type(Error::VariableNumber(0x1_0000)))
    );
    assert!(matches!(
        reader.ty(&[0x1D, 0x10, 0x08]),
        Err(Failure::Type(Error::InvalidElement { .. }))
    ));
    assert!(matches!(reader.ty(&[0x12, 0x05]), Err(Failure::NoType(_))));
    assert_eq!(reader.ty(&[0x1D]), Err(Failure::Sig(sig::Error::Truncated)));
    u.bind_primitive(ElementType::I4, TypeDef { image, rid: 3 })
        .unwrap();
    assert_eq!(
        reader.ty(&[0x15, 0x12, 0x0C, 1, 0x08]),
        Err(Failure::Type(Error::NotADefinition(TypeId::I4)))
    );
    let empty = Variables::Are(Context::class(u.inst_of(&[TypeId::I4]).unwrap()));
    let mut reader = self::reader(&u, image, empty);
    assert_eq!(reader.ty(&[0x13, 0]), Ok(TypeId::I4));
    let beyond = Error::ArgumentOutOfRange {
        kind: VariableKind::Class,
        index: 1,
        count: 1,
    };
    assert_eq!(reader.ty(&[0x13, 1]), Err(Failure::Type(beyond)));
    assert_eq!(reader.ty(&[0x1E, 0]), outside(VariableKind::Method));
}

#[test]
fn a_bound_row_and_its_primitive_are_one_type() {
    let (u, image) = world();
    let row = TypeDef { image, rid: 4 };
    u.bind_primitive(ElementType::String, row).unwrap();
    assert_eq!(u.def(row), TypeId::STRING);
    assert_eq!(u.definition(TypeId::STRING), Some(row));
    assert_eq!(
        reader(&u, image, Variables::NONE).ty(&[0x12, 0x10]),
        Ok(TypeId::STRING)
    );
    assert_eq!(
        u.bind_primitive(ElementType::String, row),
        Err(Error::PrimitiveTooLate(row))
    );
    let used = TypeDef { image, rid: 5 };
    u.def(used);
    assert_eq!(
        u.bind_primitive(ElementType::R4, used),
        Err(Error::PrimitiveTooLate(used))
    );
    let undeclared = TypeDef { image, rid: 11 };
    assert_eq!(
        u.bind_primitive(ElementType::R4, undeclared),
        Err(Error::PrimitiveTooLate(undeclared))
    );
    assert_eq!(
        u.bind_primitive(ElementType::Class, row),
        Err(Error::NotPrimitive(0x12))
    );
}

/// Every field, method, local, type and method-instance signature of the class library.
#[test]
fn the_class_library_s_signatures_all_read() {
    let path = "/usr/lib/mono/4.5/mscorlib.dll";
    let Ok(bytes) = std::fs::read(path) else {
        println!("skipped: no {path}");
        return;
    };
    let file = Image::parse(&bytes).unwrap();
    let u = Universe::new();
    let image = u
        .add_image(ImageInfo {
            type_defs: file.row_count(TableId::TypeDef),
            method_defs: file.row_count(TableId::MethodDef),
            pool_size: 8192,
        })
        .unwrap();
    u.set_corlib(image).unwrap();
    let wrong = |error: ferrocil_metadata::Error| Failure::Metadata(error.to_string());
    let row = |rid| TypeDef { image, rid };
    fn resolve(u: &Universe, image: ImageId, token: Token) -> Result<TypeId, Failure> {
        match token.table() {
            Some(TableId::TypeDef) => Ok(u.try_def(TypeDef {
                image,
                rid: token.rid(),
            })?),
            _ => Err(Failure::NoType(token)),
        }
    }
    let read = |variables| SigReader::new(&u, variables, |token| resolve(&u, image, token));
    let mut signatures = 0;
    let mut check = || -> Result<(), Failure> {
        for ty in 1..=file.row_count(TableId::TypeDef) {
            let class = Some(row(ty));
            let mut in_type = read(Variables::Of {
                class,
                method: None,
            });
            for field in file.type_fields(ty) {
                let blob = file
                    .blob(file.field(field).map_err(wrong)?.signature)
                    .map_err(wrong)?;
                in_type.field(blob)?;
                signatures += 1;
            }
            for method in file.type_methods(ty) {
                let mut in_method = read(Variables::Of {
                    class,
                    method: Some(MethodDef { image, rid: method }),
                });
                let method = file.method_def(method).map_err(wrong)?;
                in_method.method(file.blob(method.signature).map_err(wrong)?)?;
                signatures += 1;
                if method.rva != 0 {
                    let body = file.method_body(method.rva).map_err(wrong)?;
                    if !body.local_sig.is_nil() {
                        let locals = file.stand_alone_sig(body.local_sig.rid()).map_err(wrong)?;
                        in_method.locals(file.blob(locals.signature).map_err(wrong)?)?;
                        signatures += 1;
                    }
                }
            }
        }
        Ok(())
    };
    check().unwrap();
    assert!(signatures > 30_000, "{signatures} signatures");
    let stats = u.stats();
    println!("{signatures} signatures: {stats:?}");
    assert_eq!(stats.sets, 2, "the root set and the class library's");
    let open = u
        .image_set(u.corlib_set())
        .types()
        .into_iter()
        .filter(|&ty| u.is_open(ty))
        .count();
    assert!(open > 500, "{open} open types");
    assert!(matches!(u.ty(u.def(row(2))), Type::Def(_)));
}
