//! The universe agrees with a naive model: types as trees, inflation as substitution.

use std::collections::BTreeSet;

use ferrocil_generics::{
    Context, FnSig, ImageId, ImageInfo, MethodDef, Type, TypeDef, TypeId, Universe,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert_eq, prop_oneof, proptest,
};

/// Images by index, 0 is the class library's.
const IMAGES: usize = 4;
/// Every context has this many arguments of each kind, and variables are below it.
const ARITY: usize = 3;

#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Primitive(TypeId),
    Def(usize, u32),
    Inst(usize, u32, Vec<Tree>),
    SzArray(Box<Tree>),
    Array(Box<Tree>, u8),
    Pointer(Box<Tree>),
    FnPtr(u8, Vec<Tree>),
    Var(usize, u32, u16),
    MVar(usize, u32, u16),
}

#[derive(Clone, Debug, Default)]
struct Args {
    class: Option<Vec<Tree>>,
    method: Option<Vec<Tree>>,
}

impl Tree {
    fn children(&self) -> &[Tree] {
        match self {
            Self::Inst(_, _, list) | Self::FnPtr(_, list) => list,
            Self::SzArray(inner) | Self::Array(inner, _) | Self::Pointer(inner) => {
                core::slice::from_ref(inner)
            }
            _ => &[],
        }
    }

    fn substitute(&self, args: &Args) -> Tree {
        let list = |list: &[Tree]| list.iter().map(|tree| tree.substitute(args)).collect();
        let one = |tree: &Tree| Box::new(tree.substitute(args));
        let argument = |of: &Option<Vec<Tree>>, index: u16| {
            of.as_ref()
                .map_or(self.clone(), |of| of[usize::from(index)].clone())
        };
        match self {
            Self::Primitive(_) | Self::Def(..) => self.clone(),
            Self::Inst(image, rid, of) => Self::Inst(*image, *rid, list(of)),
            Self::SzArray(inner) => Self::SzArray(one(inner)),
            Self::Array(inner, rank) => Self::Array(one(inner), *rank),
            Self::Pointer(inner) => Self::Pointer(one(inner)),
            Self::FnPtr(convention, of) => Self::FnPtr(*convention, list(of)),
            Self::Var(_, _, index) => argument(&args.class, *index),
            Self::MVar(_, _, index) => argument(&args.method, *index),
        }
    }

    fn images(&self, into: &mut BTreeSet<usize>) {
        match self {
            Self::Primitive(_) => {
                into.insert(0);
            }
            Self::Def(image, _)
            | Self::Inst(image, ..)
            | Self::Var(image, ..)
            | Self::MVar(image, ..) => {
                into.insert(*image);
            }
            _ => {}
        }
        self.children().iter().for_each(|child| child.images(into));
    }

    fn is_open(&self) -> bool {
        matches!(self, Self::Var(..) | Self::MVar(..)) || self.children().iter().any(Tree::is_open)
    }
}

struct World {
    universe: Universe,
    images: Vec<ImageId>,
}

impl World {
    fn new() -> Self {
        let universe = Universe::new();
        let info = ImageInfo {
            type_defs: 3,
            method_defs: 3,
            pool_size: 0,
        };
        let images: Vec<ImageId> = (0..IMAGES)
            .map(|_| universe.add_image(info).unwrap())
            .collect();
        universe.set_corlib(images[0]).unwrap();
        Self { universe, images }
    }

    fn build(&self, tree: &Tree) -> TypeId {
        let u = &self.universe;
        let def = |image: usize, rid| TypeDef {
            image: self.images[image],
            rid,
        };
        let all: Vec<TypeId> = tree
            .children()
            .iter()
            .map(|child| self.build(child))
            .collect();
        match *tree {
            Tree::Primitive(ty) => ty,
            Tree::Def(image, rid) => u.def(def(image, rid)),
            Tree::Inst(image, rid, _) => u.inst(def(image, rid), &all).unwrap(),
            Tree::SzArray(_) => u.sz_array(all[0]).unwrap(),
            Tree::Array(_, rank) => u.array(all[0], rank).unwrap(),
            Tree::Pointer(_) => u.pointer(all[0]).unwrap(),
            Tree::FnPtr(convention, _) => u
                .fn_ptr(&FnSig {
                    convention,
                    ret: all[0],
                    params: &all[1..],
                    sentinel: None,
                })
                .unwrap(),
            Tree::Var(image, rid, index) => u.var(def(image, rid), index),
            Tree::MVar(image, rid, index) => u.mvar(
                MethodDef {
                    image: self.images[image],
                    rid,
                },
                index,
            ),
        }
    }

    /// The tree that a type's entries spell out.
    fn read(&self, ty: TypeId) -> Tree {
        let u = &self.universe;
        let image = |id: ImageId| self.images.iter().position(|&other| other == id).unwrap();
        let one = |ty| Box::new(self.read(ty));
        match u.ty(ty) {
            Type::Primitive(_) => Tree::Primitive(ty),
            Type::Def(def) => Tree::Def(image(def.image), def.rid),
            Type::Inst { def, args } => Tree::Inst(
                image(def.image),
                def.rid,
                u.args(args).iter().map(|&arg| self.read(arg)).collect(),
            ),
            Type::SzArray(elem) => Tree::SzArray(one(elem)),
            Type::Array { elem, rank } => Tree::Array(one(elem), rank),
            Type::Pointer(target) => Tree::Pointer(one(target)),
            Type::ByRef(_) => panic!("the model has no byrefs"),
            Type::FnPtr(sig) => {
                let all = [sig.ret].into_iter().chain(sig.params.iter().copied());
                Tree::FnPtr(sig.convention, all.map(|ty| self.read(ty)).collect())
            }
            Type::Var { owner, index } => Tree::Var(image(owner.image), owner.rid, index),
            Type::MVar { owner, index } => Tree::MVar(image(owner.image), owner.rid, index),
        }
    }

    fn context(&self, args: &Args) -> Context {
        let inst = |list: &Vec<Tree>| {
            let ids: Vec<TypeId> = list.iter().map(|tree| self.build(tree)).collect();
            self.universe.inst_of(&ids).unwrap()
        };
        Context {
            class_args: args.class.as_ref().map(inst),
            method_args: args.method.as_ref().map(inst),
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    let row = || (0..IMAGES, 1..6u32);
    let index = 0..ARITY as u16;
    let leaf = prop_oneof![
        prop_oneof![Just(TypeId::I4), Just(TypeId::STRING), Just(TypeId::OBJECT)]
            .prop_map(Tree::Primitive),
        row().prop_map(|(image, rid)| Tree::Def(image, rid)),
        (row(), index.clone()).prop_map(|((image, rid), index)| Tree::Var(image, rid, index)),
        (row(), index).prop_map(|((image, rid), index)| Tree::MVar(image, rid, index)),
    ];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let list = vec(inner.clone(), 1..4);
        prop_oneof![
            3 => (row(), list.clone()).prop_map(|((image, rid), list)| Tree::Inst(image, rid, list)),
            1 => inner.clone().prop_map(|tree| Tree::SzArray(Box::new(tree))),
            1 => (inner.clone(), 1..4u8).prop_map(|(tree, rank)| Tree::Array(Box::new(tree), rank)),
            1 => inner.prop_map(|tree| Tree::Pointer(Box::new(tree))),
            1 => (any::<bool>(), list).prop_map(|(this, list)| Tree::FnPtr(if this { 0x20 } else { 0 }, list)),
        ]
    })
}

fn contexts() -> impl Strategy<Value = Args> {
    let list = || option::of(vec(trees(), ARITY));
    (list(), list()).prop_map(|(class, method)| Args { class, method })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn ids_are_equal_exactly_when_types_are(all in vec(trees(), 2..12)) {
        let world = World::new();
        let ids: Vec<TypeId> = all.iter().map(|tree| world.build(tree)).collect();
        for (a, a_id) in all.iter().zip(&ids) {
            prop_assert_eq!(&world.read(*a_id), a);
            prop_assert_eq!(world.build(a), *a_id);
            for (b, b_id) in all.iter().zip(&ids) {
                prop_assert_eq!(a == b, a_id == b_id);
            }
        }
    }

    #[test]
    fn inflation_is_substitution(tree in trees(), args in contexts()) {
        let world = World::new();
        let expected = tree.substitute(&args);
        let inflated = world.universe.inflate(world.build(&tree), world.context(&args)).unwrap();
        prop_assert_eq!(&world.read(inflated), &expected);
        prop_assert_eq!(inflated, world.build(&expected));
        prop_assert_eq!(world.universe.is_open(inflated), expected.is_open());
    }

    #[test]
    fn inflating_twice_is_inflating_by_the_composition(tree in trees(), first in contexts(), second in contexts()) {
        let world = World::new();
        let u = &world.universe;
        let (ty, first, second) = (world.build(&tree), world.context(&first), world.context(&second));
        let composed = u.compose(first, second).unwrap();
        let once = u.inflate(ty, first).unwrap();
        prop_assert_eq!(u.inflate(once, second), u.inflate(ty, composed));
        let row = MethodDef { image: world.images[1], rid: 1 };
        let method = u.method(ty, row, &[ty]).unwrap();
        let once = u.inflate_method(method, first).unwrap();
        prop_assert_eq!(u.inflate_method(once, second), u.inflate_method(method, composed));
    }

    #[test]
    fn a_type_belongs_to_the_images_that_it_mentions(tree in trees()) {
        let world = World::new();
        let mut expected = BTreeSet::new();
        tree.images(&mut expected);
        let expected: Vec<ImageId> = expected.into_iter().map(|image| world.images[image]).collect();
        let set = world.universe.image_set(world.universe.images_of(world.build(&tree)));
        prop_assert_eq!(set.images(), &*expected);
    }

    #[test]
    fn unloading_takes_what_mentions_the_image_and_keeps_the_rest(all in vec(trees(), 1..20), gone in 1..IMAGES) {
        let mut world = World::new();
        let ids: Vec<TypeId> = all.iter().map(|tree| world.build(tree)).collect();
        world.universe.unload_images_exclusive(&[world.images[gone]]).unwrap();
        for (tree, id) in all.iter().zip(ids) {
            let mut images = BTreeSet::new();
            tree.images(&mut images);
            prop_assert_eq!(world.universe.try_ty(id).is_err(), images.contains(&gone));
            if !images.contains(&gone) {
                prop_assert_eq!(&world.read(id), tree);
                prop_assert_eq!(world.build(tree), id);
            }
        }
    }
}

#[test]
fn the_model_itself_substitutes() {
    let var = Tree::Var(0, 1, 1);
    let args = Args {
        class: Some(std::vec![Tree::Def(1, 1), Tree::Primitive(TypeId::I4)]),
        method: None,
    };
    assert_eq!(
        Tree::SzArray(Box::new(var)).substitute(&args),
        Tree::SzArray(Box::new(Tree::Primitive(TypeId::I4)))
    );
}
