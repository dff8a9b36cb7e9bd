//! Types are canonical, whoever builds them and in whatever order.

use std::sync::Barrier;
use std::thread;

use ferrocil_generics::{
    Context, ElementRole, ElementType, Error, FnSig, ImageInfo, Limits, MethodDef, Type, TypeDef,
    TypeId, Universe, VariableKind,
};

const INFO: ImageInfo = ImageInfo {
    type_defs: 100,
    method_defs: 100,
    pool_size: 0,
};

struct World {
    universe: Universe,
    list: TypeDef,
    map: TypeDef,
    plain: TypeDef,
}

fn world() -> World {
    let universe = Universe::new();
    let corlib = universe.add_image(INFO).unwrap();
    universe.set_corlib(corlib).unwrap();
    let row = |rid| TypeDef { image: corlib, rid };
    World {
        universe,
        list: row(2),
        map: row(3),
        plain: row(4),
    }
}

#[test]
fn the_universe_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Universe>();
}

#[test]
fn primitives_have_fixed_ids() {
    let w = world();
    let u = &w.universe;
    assert_eq!(u.primitive(ElementType::I4), TypeId::I4);
    assert_eq!(u.primitive(ElementType::Object), TypeId::OBJECT);
    assert_eq!(u.ty(TypeId::STRING), Type::Primitive(ElementType::String));
    assert_eq!(
        u.image_set(u.images_of(TypeId::STRING)).images(),
        [w.list.image]
    );
}

#[test]
fn equal_constructions_give_equal_ids() {
    let w = world();
    let u = &w.universe;
    assert_eq!(u.def(w.plain), u.def(w.plain));
    assert_ne!(u.def(w.plain), u.def(w.list));
    // A row that the image did not declare is found by hash.
    let late = TypeDef {
        image: w.plain.image,
        rid: 5000,
    };
    assert_eq!(u.def(late), u.def(late));
    let a = u.inst(w.map, &[TypeId::I4, TypeId::STRING]).unwrap();
    assert_eq!(a, u.inst(w.map, &[TypeId::I4, TypeId::STRING]).unwrap());
    assert_ne!(a, u.inst(w.map, &[TypeId::STRING, TypeId::I4]).unwrap());
    assert_eq!(u.inst(w.list, &[]).unwrap(), u.def(w.list));
    assert_eq!(u.sz_array(a).unwrap(), u.sz_array(a).unwrap());
    assert_ne!(u.sz_array(a).unwrap(), u.array(a, 1).unwrap());
    assert_eq!(u.array(a, 2).unwrap(), u.array(a, 2).unwrap());
    assert_eq!(u.ty(u.pointer(a).unwrap()), Type::Pointer(a));
    assert_eq!(u.ty(u.by_ref(a).unwrap()), Type::ByRef(a));
    assert_eq!(u.var(w.list, 0), u.var(w.list, 0));
    assert_ne!(u.var(w.list, 0), u.var(w.map, 0));
    let params = [a, TypeId::R8];
    let sig = FnSig {
        convention: 0,
        ret: TypeId::VOID,
        params: &params,
        sentinel: None,
    };
    let f = u.fn_ptr(&sig).unwrap();
    assert_eq!(f, u.fn_ptr(&sig).unwrap());
    assert_ne!(
        f,
        u.fn_ptr(&FnSig {
            convention: 5,
            ..sig
        })
        .unwrap()
    );
    assert_ne!(
        f,
        u.fn_ptr(&FnSig {
            sentinel: Some(0),
            ..sig
        })
        .unwrap()
    );
    assert_eq!(u.ty(f), Type::FnPtr(&sig));
}

#[test]
fn many_types_stay_distinct() {
    let w = world();
    let u = &w.universe;
    let mut ids = Vec::new();
    let mut ty = TypeId::I4;
    for rank in 1..=100u8 {
        ty = u.array(ty, rank).unwrap();
        ids.push(ty);
        for rid in 10..40 {
            ids.push(u.inst(TypeDef { rid, ..w.list }, &[ty]).unwrap());
        }
    }
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
}

#[test]
fn openness() {
    let w = world();
    let u = &w.universe;
    let t = u.var(w.list, 0);
    let open = u
        .sz_array(u.inst(w.map, &[TypeId::I4, t]).unwrap())
        .unwrap();
    assert!(u.is_open(open));
    assert!(!u.is_open(u.def(w.list)));
    let own = u.own_inst(w.map, 2).unwrap();
    assert!(u.is_own_inst(own));
    assert!(!u.is_own_inst(u.inst(w.map, &[u.var(w.map, 1), u.var(w.map, 0)]).unwrap()));
}

#[test]
fn byrefs_and_void_are_refused_where_the_cli_refuses_them() {
    let w = world();
    let u = &w.universe;
    let byref = u.by_ref(TypeId::I4).unwrap();
    let refused = |ty, role| Err(Error::InvalidElement { ty, role });
    assert_eq!(u.by_ref(byref), refused(byref, ElementRole::ByRefTarget));
    assert_eq!(u.sz_array(byref), refused(byref, ElementRole::ArrayElement));
    assert_eq!(u.pointer(byref), refused(byref, ElementRole::PointerTarget));
    assert_eq!(
        u.inst(w.list, &[byref]),
        refused(byref, ElementRole::TypeArgument)
    );
    assert_eq!(
        u.inst(w.list, &[TypeId::VOID]),
        refused(TypeId::VOID, ElementRole::TypeArgument)
    );
    assert_eq!(
        u.array(TypeId::VOID, 2),
        refused(TypeId::VOID, ElementRole::ArrayElement)
    );
    assert!(u.pointer(TypeId::VOID).is_ok());
    assert_eq!(u.array(TypeId::I4, 0), Err(Error::ZeroRank));
    // Also when inflation would make them.
    let array_of_var = u.sz_array(u.var(w.list, 0)).unwrap();
    assert!(u.inflate(array_of_var, Context::EMPTY).is_ok());
}

#[test]
fn methods_are_canonical() {
    let w = world();
    let u = &w.universe;
    let add = MethodDef {
        image: w.list.image,
        rid: 9,
    };
    let plain = u.def(w.plain);
    let m = u.method(plain, add, &[]).unwrap();
    assert_eq!(m, u.method(plain, add, &[]).unwrap());
    let of_int = u.inst(w.list, &[TypeId::I4]).unwrap();
    let n = u.method(of_int, add, &[]).unwrap();
    assert_ne!(m, n);
    assert_eq!(n, u.method(of_int, add, &[]).unwrap());
    assert_eq!(m, u.method(plain, add, &[]).unwrap());
    let g = u.method(of_int, add, &[TypeId::STRING]).unwrap();
    assert_ne!(g, n);
    let info = u.method_info(g);
    assert_eq!((info.declaring, info.def), (of_int, add));
    assert_eq!(u.args(info.args.unwrap()), [TypeId::STRING]);
    assert_eq!(u.context_of_method(g).class_args, u.type_args(of_int));
}

#[test]
fn inflation_replaces_variables_by_index() {
    let w = world();
    let u = &w.universe;
    let method = MethodDef {
        image: w.list.image,
        rid: 1,
    };
    let (t, m) = (u.var(w.list, 0), u.mvar(method, 1));
    let params = [t, u.by_ref(m).unwrap()];
    let sig = FnSig {
        convention: 0x20,
        ret: u.array(t, 3).unwrap(),
        params: &params,
        sentinel: None,
    };
    let open = u
        .inst(w.map, &[u.fn_ptr(&sig).unwrap(), u.pointer(t).unwrap()])
        .unwrap();
    let class_args = u.inst_of(&[TypeId::R8]).unwrap();
    let method_args = u.inst_of(&[TypeId::VOID.min(TypeId::I1), TypeId::STRING]);
    assert!(method_args.is_err(), "void is no argument");
    let method_args = u.inst_of(&[TypeId::I1, TypeId::STRING]).unwrap();
    let context = Context {
        class_args: Some(class_args),
        method_args: Some(method_args),
    };
    let params = [TypeId::R8, u.by_ref(TypeId::STRING).unwrap()];
    let sig = FnSig {
        ret: u.array(TypeId::R8, 3).unwrap(),
        params: &params,
        ..sig
    };
    let expected = u
        .inst(
            w.map,
            &[u.fn_ptr(&sig).unwrap(), u.pointer(TypeId::R8).unwrap()],
        )
        .unwrap();
    assert_eq!(u.inflate(open, context), Ok(expected));
    assert!(!u.is_open(expected));
    let half = u.inflate(open, Context::class(class_args)).unwrap();
    assert!(u.is_open(half));
    assert_eq!(u.inflate(half, Context::method(method_args)), Ok(expected));
    assert_eq!(
        u.inflate(u.var(w.list, 1), context),
        Err(Error::ArgumentOutOfRange {
            kind: VariableKind::Class,
            index: 1,
            count: 1
        })
    );
    let open_method = u
        .method(u.own_inst(w.list, 1).unwrap(), method, &[m])
        .unwrap();
    let closed = u.inflate_method(open_method, context).unwrap();
    assert_eq!(
        closed,
        u.method(
            u.inst(w.list, &[TypeId::R8]).unwrap(),
            method,
            &[TypeId::STRING]
        )
        .unwrap()
    );
    assert!(u.is_open_method(open_method) && !u.is_open_method(closed));
}

#[test]
fn endless_recursion_meets_the_depth_limit() {
    let w = world();
    let u = &w.universe;
    let mut ty = TypeId::I4;
    let error = loop {
        match u.inst(w.list, &[ty]) {
            Ok(deeper) => ty = deeper,
            Err(error) => break error,
        }
    };
    assert_eq!(
        error,
        Error::TooDeep {
            limit: Limits::default().depth
        }
    );
    // class C<T> { C<C<T>> next; }, followed by inflation.
    let next = u.inst(w.list, &[u.own_inst(w.list, 1).unwrap()]).unwrap();
    let mut at = u.inst(w.list, &[TypeId::I4]).unwrap();
    let error = loop {
        match u.inflate(next, u.context_of_type(at)) {
            Ok(deeper) => at = deeper,
            Err(error) => break error,
        }
    };
    assert_eq!(
        error,
        Error::TooDeep {
            limit: Limits::default().depth
        }
    );
}

#[test]
fn exponential_growth_meets_the_size_limit() {
    let w = world();
    let u = &w.universe;
    // Each step writes the type before it twice: 2^n parts out of n entries.
    let (mut open, mut steps) = (u.var(w.map, 0), 0);
    let error = loop {
        match u.inst(w.map, &[open, open]) {
            Ok(larger) => (open, steps) = (larger, steps + 1),
            Err(error) => break error,
        }
    };
    assert_eq!((error, steps), (Error::TooLarge { limit: 65_536 }, 15));
    let args = u
        .inst_of(&[u.inst(w.map, &[TypeId::I4, TypeId::I4]).unwrap()])
        .unwrap();
    assert_eq!(
        u.inflate(open, Context::class(args)),
        Err(Error::TooLarge { limit: 65_536 })
    );
    let many = vec![TypeId::I4; 70_000];
    assert_eq!(
        u.inst_of(&many),
        Err(Error::TooManyArguments {
            count: 70_000,
            limit: 65_535
        })
    );
}

#[test]
fn the_deepest_type_allowed_can_be_inflated_on_a_small_stack() {
    let limits = Limits {
        depth: u16::MAX,
        ..Limits::default()
    };
    let universe = Universe::with_limits(limits);
    let image = universe.add_image(INFO).unwrap();
    let list = TypeDef { image, rid: 1 };
    let mut ty = universe.var(list, 0);
    while let Ok(deeper) = universe.inst(list, &[ty]) {
        ty = deeper;
    }
    let args = universe.inst_of(&[TypeId::I4]).unwrap();
    thread::scope(|scope| {
        let walk = || universe.inflate(ty, Context::class(args)).unwrap();
        let small = thread::Builder::new()
            .stack_size(1 << 20)
            .spawn_scoped(scope, walk)
            .unwrap();
        assert!(!universe.is_open(small.join().unwrap()));
    });
}

#[test]
fn threads_that_build_the_same_types_agree() {
    let w = world();
    let u = &w.universe;
    const THREADS: usize = 4;
    let barrier = Barrier::new(THREADS);
    let build = |seed: u32| {
        barrier.wait();
        let mut built = Vec::new();
        for round in 0..400u32 {
            // Threads walk the same work from different ends.
            let n = if seed.is_multiple_of(2) {
                round
            } else {
                399 - round
            };
            let t = u.def(TypeDef {
                image: w.list.image,
                rid: n % 150 + 10,
            });
            let a = u
                .inst(w.map, &[t, u.sz_array(TypeId::STRING).unwrap()])
                .unwrap();
            let b = u.sz_array(u.array(a, (n % 5 + 1) as u8).unwrap()).unwrap();
            let m = u
                .method(
                    a,
                    MethodDef {
                        image: w.list.image,
                        rid: n,
                    },
                    &[b, t],
                )
                .unwrap();
            let p = u
                .method(
                    t,
                    MethodDef {
                        image: w.list.image,
                        rid: n % 90 + 1,
                    },
                    &[],
                )
                .unwrap();
            let sig = FnSig {
                convention: 0,
                ret: b,
                params: &[a, t],
                sentinel: None,
            };
            built.push((n, t, a, b, m, p, u.fn_ptr(&sig).unwrap()));
        }
        built.sort_unstable();
        built
    };
    let all: Vec<_> = thread::scope(|scope| {
        let build = &build;
        let handles: Vec<_> = (0..THREADS as u32)
            .map(|seed| scope.spawn(move || build(seed)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap())
            .collect()
    });
    for other in &all[1..] {
        assert_eq!(*other, all[0]);
    }
}
