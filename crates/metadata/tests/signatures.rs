//! Signatures: what is encoded is what is decoded; any bytes are decoded or refused.

use ferrocil_metadata::builder::{
    encode_field, encode_locals, encode_method, encode_method_spec, encode_property, encode_type,
};
use ferrocil_metadata::il::Decoder;
use ferrocil_metadata::marshal::MarshalSpec;
use ferrocil_metadata::sig::{
    self, ArrayShape, MethodSig, PropertySig, SigFlags, TreeBuilder, TypeTree, read_field,
    read_locals, read_member, read_method, read_method_spec, read_property, read_type,
};
use ferrocil_metadata::{ElementType, MethodBody, TableId, Token};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

fn primitive() -> impl Strategy<Value = TypeTree> {
    let all: Vec<ElementType> = (0..0x60)
        .filter_map(ElementType::from_u8)
        .filter(|ty| ty.is_primitive())
        .collect();
    proptest::sample::select(all).prop_map(TypeTree::Primitive)
}

fn token() -> impl Strategy<Value = Token> {
    let table = prop_oneof![
        Just(TableId::TypeDef),
        Just(TableId::TypeRef),
        Just(TableId::TypeSpec)
    ];
    (table, 1..=Token::MAX_RID).prop_map(|(table, rid)| Token::new(table, rid))
}

fn class() -> impl Strategy<Value = TypeTree> {
    (token(), any::<bool>()).prop_map(|(token, is_value_type)| TypeTree::Class {
        token,
        is_value_type,
    })
}

fn shape() -> impl Strategy<Value = ArrayShape> {
    (1..=sig::MAX_RANK).prop_flat_map(|rank| {
        let len = 0..=rank as usize;
        (
            Just(rank),
            vec(0..0x1FFF_FFFF_u32, len.clone()),
            vec(-0x1000_0000..0x0FFF_FFFF_i32, len),
        )
            .prop_map(|(rank, sizes, lower_bounds)| ArrayShape {
                rank,
                sizes,
                lower_bounds,
            })
    })
}

fn method_of(
    ty: impl Strategy<Value = TypeTree> + Clone,
) -> impl Strategy<Value = MethodSig<TypeTree>> {
    let kind = prop_oneof![
        Just(0_u8),
        Just(2),
        Just(5),
        Just(9),
        Just(0x20),
        Just(0x60),
        Just(0x30)
    ];
    (
        kind,
        1..9_u32,
        ty.clone(),
        vec(ty, 0..5),
        option::of(0..4_usize),
    )
        .prop_map(|(kind, generics, ret, params, sentinel)| {
            let flags = SigFlags(kind);
            let vararg = kind & SigFlags::KIND_MASK == 5;
            let sentinel = sentinel.filter(|at| vararg && *at < params.len());
            MethodSig {
                flags,
                generic_param_count: if flags.is_generic() { generics } else { 0 },
                ret,
                params,
                sentinel,
            }
        })
}

fn ty() -> impl Strategy<Value = TypeTree> + Clone {
    let leaf = prop_oneof![
        primitive(),
        class(),
        (0..0x2000_0000_u32).prop_map(TypeTree::Var),
        (0..200_u32).prop_map(TypeTree::MVar)
    ];
    leaf.boxed().prop_recursive(6, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(TypeTree::SzArray),
            boxed.clone().prop_map(TypeTree::Pointer),
            boxed.clone().prop_map(TypeTree::ByRef),
            (boxed.clone(), shape()).prop_map(|(element, shape)| TypeTree::Array(element, shape)),
            (class(), vec(inner.clone(), 1..4)).prop_map(|(definition, args)| {
                TypeTree::GenericInst(Box::new(definition), args)
            }),
            method_of(inner).prop_map(|sig| TypeTree::FnPtr(Box::new(sig))),
            (any::<bool>(), token(), boxed).prop_map(|(required, modifier, ty)| {
                TypeTree::Modified {
                    required,
                    modifier,
                    ty,
                }
            }),
        ]
    })
}

proptest! {
    #[test]
    fn types_round_trip(tree in ty()) {
        prop_assert_eq!(read_type(&encode_type(&tree), &mut TreeBuilder), Ok(tree.clone()));
        let field = encode_field(&tree);
        prop_assert_eq!(read_field(&field, &mut TreeBuilder), Ok(tree));
        for len in 0..field.len() {
            prop_assert!(read_field(&field[..len], &mut TreeBuilder).is_err());
        }
    }

    #[test]
    fn methods_round_trip(method in method_of(ty())) {
        prop_assert_eq!(read_method(&encode_method(&method), &mut TreeBuilder), Ok(method));
    }

    #[test]
    fn lists_round_trip(list in vec(ty(), 1..6), has_this in any::<bool>()) {
        let pinned: Vec<_> = list.iter().cloned().map(|ty| TypeTree::Pinned(Box::new(ty))).collect();
        prop_assert_eq!(read_locals(&encode_locals(&pinned), &mut TreeBuilder), Ok(pinned));
        prop_assert_eq!(read_method_spec(&encode_method_spec(&list), &mut TreeBuilder), Ok(list.clone()));
        let property = PropertySig { has_this, ty: list[0].clone(), params: list };
        prop_assert_eq!(read_property(&encode_property(&property), &mut TreeBuilder), Ok(property));
    }

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        std::hint::black_box((
            read_member(&bytes, &mut TreeBuilder).is_ok(),
            read_property(&bytes, &mut TreeBuilder).is_ok(),
            read_locals(&bytes, &mut TreeBuilder).is_ok(),
            read_type(&bytes, &mut TreeBuilder).is_ok(),
            MarshalSpec::parse(&bytes).is_ok(),
            MethodBody::parse(&bytes).map(|body| body.clauses().count()).is_ok(),
        ));
        let mut end = 0;
        for instruction in Decoder::new(&bytes).map_while(Result::ok) {
            prop_assert_eq!(instruction.offset, end);
            end = instruction.end();
        }
        prop_assert!(end as usize <= bytes.len());
    }
}
